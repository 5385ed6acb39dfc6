"""How far a message came with each receiver, in three words that are never mixed: Sendt, Kommet fram, Åpnet."""

from collections.abc import Mapping

from handover.actors import Party
from handover.message.model import Message, Receipt
from handover.web import dates
from handover.web.i18n import gettext as _
from handover.web.parts import Pairs


def receipts_of(message: Message, places: Mapping[Party, str]) -> Pairs:
    """Return one line for each receiver of a message written here (`parts.facts`)."""
    return tuple((places[each.to], _said(message, each)) for each in message.receipts)


def _said(message: Message, receipt: Receipt) -> str:
    said = [_("Sendt %(moment)s", moment=dates.moment(message.written_at))]
    if receipt.arrived_at is not None:
        said.append(_("Kommet fram %(moment)s", moment=dates.moment(receipt.arrived_at)))
    elif receipt.undelivered:
        said.append(_("Kom ikke fram"))
    if receipt.opened is not None:
        who = ", ".join(part for part in (receipt.opened.by, receipt.opened.title) if part)
        said.append(_("Åpnet av %(who)s %(moment)s", who=who, moment=dates.moment(receipt.opened.at)))
    return " · ".join(said)
