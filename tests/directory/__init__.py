"""The address book: what is believed, what is refused, and how services are found."""
