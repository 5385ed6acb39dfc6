"""What happened to a referral, line by line: what, who, when, and what was said."""

from collections.abc import Mapping
from typing import Final

from handover.ids import AgencyId
from handover.referral.lifecycle import Act
from handover.referral.model import Acceptance, Completion, Entry, Outcome, Redirection, Refusal, Withdrawal
from handover.web import dates
from handover.web.i18n import Sentence, gettext
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l
from handover.web.parts import Happened, Pairs

ACTS: Final[Mapping[Act, Sentence]] = {
    Act.SEND: _l("Henvisningen ble sendt"),
    Act.UNDO_SEND: _l("Sendingen ble angret"),
    Act.SEND_AGAIN: _l("Henvisningen ble sendt på nytt"),
    Act.GIVE_UP: _l("Henvisningen ble avsluttet uten å ha kommet fram"),
    Act.RETRACT: _l("Henvisningen ble trukket fordi den ble sendt ved en feil"),
    Act.ANSWER: _l("Henviseren svarte på spørsmål"),
    Act.ANSWER_PART: _l("Henviseren svarte på noe av det som ble spurt om"),
    Act.SUPPLEMENT: _l("Henviseren la til opplysninger"),
    Act.REQUEST_WITHDRAWAL: _l("Henviseren ba om å trekke henvisningen"),
    Act.NOTE_TO_RECEIVER: _l("Henviseren skrev en beskjed til mottakeren"),
    Act.RECORD_ARRIVAL: _l("Dagen henvisningen kom fram, ble skrevet inn"),
    Act.OPEN: _l("Henvisningen ble åpnet"),
    Act.TAKE: _l("Vurderingen fikk en ansvarlig"),
    Act.ASSIGN: _l("Vurderingen fikk en ny ansvarlig"),
    Act.ASK: _l("Mottakeren spurte om mer"),
    Act.ACCEPT: _l("Pasienten fikk rett til behandling"),
    Act.SCHEDULE: _l("Første time ble satt"),
    Act.RESCHEDULE: _l("Timen ble flyttet"),
    Act.CANCEL_APPOINTMENT: _l("Timen ble avlyst"),
    Act.NO_SHOW: _l("Pasienten kom ikke til timen"),
    Act.START: _l("Behandlingen startet"),
    Act.COMPLETE: _l("Behandlingen ble avsluttet"),
    Act.REJECT: _l("Svaret ble: ikke rett til behandling her"),
    Act.REDIRECT: _l("Mottakeren begynte å sende henvisningen videre"),
    Act.CONFIRM_WITHDRAWAL: _l("Henvisningen ble trukket tilbake"),
    Act.NOTE_TO_REFERRER: _l("Mottakeren skrev en beskjed til henviseren"),
    Act.INTERNAL_NOTE: _l("Gul lapp"),
    Act.ARRIVE: _l("Henvisningen kom fram"),
    Act.REDIRECT_ARRIVED: _l("Henvisningen kom fram til den nye tjenesten"),
    Act.REDIRECT_FAILED: _l("Den nye tjenesten fikk ikke henvisningen, og ansvaret er tilbake"),
}
_TEXT_TERMS: Final[Mapping[Act, Sentence]] = {
    Act.ASK: _l("Spørsmål"),
    Act.ANSWER: _l("Svar"),
    Act.ANSWER_PART: _l("Svar"),
    Act.SUPPLEMENT: _l("Opplysninger"),
    Act.NOTE_TO_RECEIVER: _l("Beskjed"),
    Act.NOTE_TO_REFERRER: _l("Beskjed"),
    Act.INTERNAL_NOTE: _l("Gul lapp"),
}
_WHY: Final = _l("Hvorfor")


_ASKED: Final = frozenset(
    {
        Act.ANSWER,
        Act.ANSWER_PART,
        Act.SUPPLEMENT,
        Act.REQUEST_WITHDRAWAL,
        Act.RETRACT,
        Act.NOTE_TO_RECEIVER,
    }
)
"""What the referrer asks for or tells: it counts when the receiver's system has taken it in."""


def happened(entry: Entry, places: Mapping[AgencyId, str], *, is_paper: bool = False) -> Happened[Entry]:
    """Return a line of history in words. `places`: agency id -> its name, for who is named with an agency."""
    what = _("Henvisningen på papir ble skrevet inn") if is_paper and entry.act is Act.SEND else _what(entry)
    return Happened(what=what, at=entry.at, who=_who(entry, places), texts=tuple(_texts(entry)), entry=entry)


def _what(entry: Entry) -> str:
    what = gettext(ACTS[entry.act].bokmaal)
    if entry.act not in _ASKED:
        return what
    if not entry.took_effect:
        return _("Kom for sent til å gjelde: %(what)s", what=what)
    return what if entry.author is not None else _("Mottakeren har fått dette: %(what)s", what=what)


def _who(entry: Entry, places: Mapping[AgencyId, str]) -> str:
    if entry.author is None:
        return _("Systemet")
    return entry.author.at(places.get(entry.author.agency, ""))


def _texts(entry: Entry) -> list[tuple[str, str]]:
    term = str(_TEXT_TERMS.get(entry.act, _WHY))
    asked = [(_("Spørsmål"), entry.question)] if entry.question and entry.act is not Act.ASK else []
    written = [(term, entry.text or entry.question if entry.act is Act.ASK else entry.text)]
    files = [(_("Vedlegg"), ", ".join(file.title for file in entry.attachments))]
    when = [] if entry.appointment is None else [(_("Time"), appointment_line(entry))]
    links = [(_("Erstatter") if entry.act is Act.SEND else _("Erstattet av"), entry.other)]
    found = [*asked, *links, *written, *files, *when, *outcome_texts(entry.outcome)]
    return [(name, text) for name, text in found if text]


def appointment_line(entry: Entry) -> str:
    """Return when, where and with whom the appointment of a line is."""
    made = entry.appointment
    if made is None:
        return ""
    return dates.upfirst(f"{dates.moment(made.start)}, {made.place}, {made.with_whom}")


def outcome_texts(outcome: Outcome | None) -> Pairs:
    """Return what an outcome says, term by term; nothing where there is none."""
    if isinstance(outcome, Acceptance):
        return (
            (_("Behandlingen starter senest"), dates.day(outcome.latest_start)),
            (_("Hva som skjer nå"), outcome.next_step),
            (_("Begrunnelse"), outcome.reason),
            (_("Vurdert av"), _assessor(outcome.assessor, outcome.assessor_phone)),
            (_("Hvordan klage"), outcome.complaint),
        )
    if isinstance(outcome, Refusal):
        return (
            (_("Hvorfor"), outcome.reason),
            (_("Hva vi råder til nå"), outcome.advice),
            (_("Hvordan klage"), outcome.complaint),
            (_("Vurdert av"), _assessor(outcome.assessor, outcome.assessor_phone)),
        )
    return _closing_texts(outcome)


def _closing_texts(outcome: Redirection | Completion | Withdrawal | None) -> Pairs:
    if isinstance(outcome, Redirection):
        return ((_("Sendes til"), outcome.where_name), (_("Hvorfor"), outcome.reason))
    if isinstance(outcome, Completion):
        return ((_("Hva behandlingen førte til"), outcome.outcome), (_("Følger opp videre"), outcome.follow_up))
    return () if outcome is None else ((_("Hvorfor"), outcome.reason),)


def _assessor(name: str, phone: str) -> str:
    return _("%(name)s, telefon %(phone)s", name=name, phone=phone) if phone else name
