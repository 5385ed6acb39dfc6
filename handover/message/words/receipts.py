"""How far a message came with each receiver, in three words that are never mixed: Sendt, Kommet fram, Åpnet.

Then what became of one that was taken back.
"""

from collections.abc import Mapping

from handover.actors import Party
from handover.exchange.model import Delivery
from handover.exchange.words import STOPPED_AS_INFECTED, WAITS_FOR_SCANNER, is_infected, waits_for_scanner
from handover.message.model import Fate, Message, Receipt
from handover.web import dates
from handover.web.i18n import gettext as _
from handover.web.parts import Pairs


def receipts_of(message: Message, places: Mapping[Party, str], deliveries: Mapping[Party, Delivery]) -> Pairs:
    """Return one line for each receiver of a message written here (`parts.facts`)."""
    return tuple((places[each.to], _said(message, each, deliveries.get(each.to))) for each in message.receipts)


def _said(message: Message, receipt: Receipt, delivery: Delivery | None) -> str:
    said = [_("Sendt %(moment)s", moment=dates.moment(message.written_at))]
    if receipt.arrived_at is None and delivery is not None and waits_for_scanner(delivery):
        said = [str(WAITS_FOR_SCANNER)]
    if receipt.arrived_at is None and delivery is not None and is_infected(delivery):
        said.append(str(STOPPED_AS_INFECTED))
    elif receipt.arrived_at is not None:
        said.append(_("Kommet fram %(moment)s", moment=dates.moment(receipt.arrived_at)))
    elif receipt.undelivered and message.taken_back is None:
        said.append(_("Kom ikke fram"))
    if receipt.opened is not None:
        who = ", ".join(part for part in (receipt.opened.by, receipt.opened.title) if part)
        said.append(_("Åpnet av %(who)s %(moment)s", who=who, moment=dates.moment(receipt.opened.at)))
    if message.taken_back is not None:
        said.append(_fate(receipt))
    return " · ".join(said)


def taken_back(message: Message) -> str:
    """Return that a message was taken back, by whom, when and why; empty where it stands."""
    taken = message.taken_back
    if taken is None:
        return ""
    return _(
        "%(name)s trakk meldingen tilbake %(moment)s: %(reason)s",
        name=taken.by.name,
        moment=dates.moment(taken.at),
        reason=taken.reason,
    )


def _fate(receipt: Receipt) -> str:
    """Return what became of a message that was taken back, at one receiver."""
    answer = receipt.answer
    if answer is None:
        return _("Stoppet") if receipt.undelivered else _("Mottakeren har ikke svart på det ennå")
    if answer.fate is Fate.VANISHED:
        return _("Borte. Ingen der har åpnet den")
    if answer.fate is Fate.HIDDEN:
        return _("Skjult. Lederen der har ikke bekreftet det ennå")
    return _("Skjult. %(name)s har bekreftet det", name=answer.by) if answer.by else _("Skjult og bekreftet")
