"""How far a message came with each receiver, in three words that are never mixed: Sendt, Kommet fram, Åpnet.

Then what became of one that was taken back.
"""

from collections.abc import Mapping, Sequence

from handover.actors import Party
from handover.exchange.files import File
from handover.exchange.words import WAITS_FOR_SCANNER, is_infected, stopped_as_infected, waits_for_scanner
from handover.message.model import Fate, Message, Receipt
from handover.message.reading import Seen
from handover.message.words.names import REASONS
from handover.web import dates
from handover.web.i18n import gettext as _
from handover.web.parts import Pairs


def receipts_of(seen: Seen, places: Mapping[Party, str]) -> Pairs:
    """Return one line for each receiver of a message written here (`parts.facts`)."""
    return tuple((places[each.to], _said(seen, each)) for each in seen.message.receipts)


def _said(seen: Seen, receipt: Receipt) -> str:
    message, delivery = seen.message, seen.deliveries.get(receipt.to)
    said = [_("Sendt %(moment)s", moment=dates.moment(message.written_at))]
    if receipt.arrived_at is None and delivery is not None and waits_for_scanner(delivery):
        said = [str(WAITS_FOR_SCANNER)]
    if receipt.arrived_at is None and delivery is not None and is_infected(delivery):
        said.append(stopped_as_infected(seen.infected))
    elif receipt.arrived_at is not None:
        said.append(_("Kommet fram %(moment)s", moment=dates.moment(receipt.arrived_at)))
    elif receipt.undelivered and message.taken_back is None:
        said.append(_("Kom ikke fram"))
    if receipt.opened is not None:
        who = ", ".join(part for part in (receipt.opened.by, receipt.opened.title) if part)
        said.append(_("Åpnet av %(who)s %(moment)s", who=who, moment=dates.moment(receipt.opened.at)))
    if message.taken_back is not None:
        said.append(_fate(receipt))
    elif receipt.to in seen.answered:
        said.append(_("Svarte %(moment)s", moment=dates.moment(seen.answered[receipt.to])))
    elif receipt.to in seen.awaited:
        said.append(_("Har ikke svart"))
    return " · ".join(said)


def state_of(message: Message, file: File, receipts: Sequence[Receipt], places: Mapping[Party, str]) -> str:
    """Return why a document of a message is not here, or where it was not taken in; empty where all is well."""
    if file.sha256 in message.unscanned:
        return _("Venter på viruskontroll. Det kommer hit av seg selv.")
    if file.sha256 in message.infected:
        return _("Ikke tatt imot: det er virus i dokumentet.")
    if file.sha256 in message.unchecked:
        return _("Ikke tatt imot: dokumentet kunne ikke sjekkes for virus.")
    return not_taken_in(
        "; ".join(places[each.to] for each in receipts if file.sha256 in each.infected),
        "; ".join(places[each.to] for each in receipts if file.sha256 in each.unchecked),
    )


def not_taken_in(infected: str, unchecked: str) -> str:
    """Return where a document was not taken in, each place named: for a virus, or because nobody could look."""
    said = []
    if infected:
        said.append(_("Ikke tatt imot hos %(place)s: det er virus i dokumentet.", place=infected))
    if unchecked:
        said.append(_("Ikke tatt imot hos %(place)s: det kunne ikke sjekkes for virus der.", place=unchecked))
    return " ".join(said)


def taken_back(message: Message) -> str:
    """Return that a message was taken back, by whom, when and why; empty where it stands."""
    taken = message.taken_back
    if taken is None:
        return ""
    named = {"name": taken.by.name, "moment": dates.moment(taken.at), "reason": str(REASONS[taken.reason])}
    if not taken.note:
        return _("%(name)s trakk meldingen tilbake %(moment)s: %(reason)s", **named)
    return _("%(name)s trakk meldingen tilbake %(moment)s: %(reason)s. «%(note)s»", **named, note=taken.note)


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
