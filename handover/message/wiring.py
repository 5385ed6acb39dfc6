"""Everything that the exchange hands to threads and to the cases among them."""

from handover.exchange.wiring import Products
from handover.message import joined, receiving


def register(products: Products) -> None:
    """Tell the exchange which events belong to a thread, and which link a case to a person."""
    receiving.register(products)
    joined.register(products)
