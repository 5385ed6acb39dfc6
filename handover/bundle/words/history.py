"""What happened with a handover, line by line: what, who, when, and what was said."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from handover.bundle.lifecycle import Act, Side
from handover.bundle.model import Decline, Entry, Meeting, TakeOver, TrustedTold, WithdrawalAnswer
from handover.bundle.standing import Standing
from handover.bundle.words.states import DONE
from handover.ids import AgencyId
from handover.web import dates
from handover.web.i18n import Sentence, gettext
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l
from handover.web.parts import Happened, Pairs

ACTS: Final[Mapping[Act, Sentence]] = {
    Act.WRITE: _l("Overføringen ble skrevet"),
    Act.INVITE: _l("Pasienten ble invitert til å velge hva som blir med"),
    Act.SEND: _l("Overføringen ble sendt"),
    Act.UNDO_SEND: _l("Sendingen ble angret"),
    Act.SEND_AGAIN: _l("Overføringen ble sendt på nytt"),
    Act.GIVE_UP: _l("Sendingen ble avsluttet uten å ha kommet fram"),
    Act.NOTE_TO_RECEIVER: _l("Avsenderen skrev en beskjed til mottakeren"),
    Act.TELL_TRUSTED: _l("En som pasienten stoler på, skulle få beskjed"),
    Act.CLOSE: _l("Overføringen ble avsluttet"),
    Act.MARK: _l("Et punkt ble merket"),
    Act.WRITE_OWN_WORDS: _l("Pasienten skrev med egne ord"),
    Act.PAUSE: _l("Overføringen ble satt på vent"),
    Act.RESUME: _l("Overføringen ble tatt opp etter en pause"),
    Act.APPROVE: _l("Pasienten sa ja"),
    Act.TAKE_BACK_YES: _l("Pasienten tok tilbake sitt ja"),
    Act.RELEASE_MORE: _l("Pasienten lot mer bli med"),
    Act.WITHDRAW: _l("Pasienten trakk overføringen tilbake"),
    Act.REOPEN: _l("Overføringen ble tatt opp igjen"),
    Act.OPEN: _l("Overføringen ble åpnet"),
    Act.TAKE: _l("Overføringen fikk en ansvarlig hos mottakeren"),
    Act.ASK: _l("Mottakeren spurte om noe"),
    Act.PLAN_MEETING: _l("Overføringsmøte ble avtalt"),
    Act.CANCEL_MEETING: _l("Overføringsmøtet ble avlyst"),
    Act.HOLD_MEETING: _l("Overføringsmøtet ble holdt"),
    Act.TAKE_OVER: _l("Ansvaret ble tatt over"),
    Act.DECLINE: _l("Mottakeren svarte at de ikke tar over"),
    Act.ANSWER_WITHDRAWAL: _l("Mottakeren svarte på hva de har gjort med overføringen"),
    Act.NOTE_TO_SENDER: _l("Mottakeren skrev en beskjed til avsenderen"),
    Act.INTERNAL_NOTE: _l("Gul lapp"),
    Act.ARRIVE: _l("Overføringen kom fram"),
    Act.YES_LAPSED: _l("Noe som blir med ble endret, og pasientens ja gjelder ikke lenger"),
}
_TERMS: Final[Mapping[Act, Sentence]] = {
    Act.ASK: _l("Spørsmål"),
    Act.NOTE_TO_RECEIVER: _l("Beskjed"),
    Act.NOTE_TO_SENDER: _l("Beskjed"),
    Act.INTERNAL_NOTE: _l("Gul lapp"),
    Act.CLOSE: _l("Hva som skjer videre"),
}
_WHY: Final = _l("Hvorfor")


def happened(entry: Entry, places: Mapping[AgencyId, str]) -> Happened[Entry]:
    """Return a line of history in words. `places`: agency id -> its name, for who is named with an agency."""
    return Happened(
        what=_what(entry), at=entry.at, who=_who(entry, places), texts=tuple(_texts(entry)), entry=entry
    )


def _what(entry: Entry) -> str:
    what = gettext(ACTS[entry.act].bokmaal)
    if not entry.took_effect:
        return _("Kom for sent til å gjelde: %(what)s", what=what)
    return (
        _("%(what)s, skrevet inn av klinikeren på pasientens ord", what=what) if entry.on_patients_word else what
    )


def _who(entry: Entry, places: Mapping[AgencyId, str]) -> str:
    if entry.author is None:
        return _("Pasienten") if entry.side is Side.PATIENT else _("Systemet")
    return entry.author.at(places.get(entry.author.agency, ""))


def _texts(entry: Entry) -> list[tuple[str, str]]:
    found = [
        (str(_TERMS.get(entry.act, _WHY)), entry.text),
        *meeting_texts(entry.meeting),
        *take_over_texts(entry.take_over),
        *decline_texts(entry.decline),
        *withdrawal_texts(entry.withdrawal),
        *trusted_texts(entry.trusted),
    ]
    return [(term, text) for term, text in found if text]


def meeting_texts(meeting: Meeting | None) -> Pairs:
    """Return when and where a meeting is, and who comes; nothing where there is none."""
    if meeting is None:
        return ()
    return (
        (
            _("Når"),
            _(
                "%(moment)s (%(count)s minutter)",
                moment=dates.upfirst(dates.moment(meeting.start)),
                count=meeting.minutes,
            ),
        ),
        (_("Hvor"), meeting.place),
        (_("Lenke til videomøte"), meeting.video),
        (_("Hvem som kommer"), meeting.who_comes),
        (_("Holdt"), "" if meeting.held_on is None else dates.upfirst(dates.day(meeting.held_on))),
        (_("Avlyst fordi"), meeting.cancelled_because),
    )


def take_over_texts(taken: TakeOver | None) -> Pairs:
    """Return who takes over from when, and the first appointment; nothing where nobody has."""
    if taken is None:
        return ()
    first = taken.first_appointment
    return (
        (_("Har ansvaret"), ", ".join(filter(None, (taken.person, taken.title)))),
        (_("Telefon"), taken.phone),
        (_("Fra"), dates.upfirst(dates.day(taken.from_date))),
        (_("Første time"), dates.upfirst(dates.moment(first.start))),
        (_("Hvor"), first.place),
        (_("Med hvem"), first.with_whom),
        (_("Hvem som blir med"), first.who_comes_along),
    )


def decline_texts(decline: Decline | None, at: datetime | None = None) -> Pairs:
    """Return why a receiver does not take over, and when it said so; nothing where it has not."""
    if decline is None:
        return ()
    return (
        (_("Hvorfor"), decline.reason),
        (_("Hva de råder til"), decline.advice),
        (_("Hvem som svarte"), f"{decline.person}, {decline.phone}"),
        (_("Når"), "" if at is None else dates.upfirst(dates.moment(at))),
    )


def withdrawal_texts(answer: WithdrawalAnswer | None) -> Pairs:
    """Return what the receiver did with what was taken back; nothing where it has not answered."""
    if answer is None:
        return ()
    return (
        (_("Hva som ble gjort"), str(DONE[answer.done])),
        (_("Hvorfor"), answer.why),
        (_("Hvem som svarte"), answer.person),
    )


@dataclass(frozen=True, kw_only=True)
class TrustedShown:
    """One whom the patient wants told, and whether that has been done."""

    name: str = field(repr=False)
    said: str = field(repr=False)
    why_not: str = field(default="", repr=False)


def trusted_of(standing: Standing) -> tuple[TrustedShown, ...]:
    """Return everybody the patient wants told, each with what was done about it."""
    done = {each.name: each for each in standing.trusted}
    return tuple(_trusted(standing, name, done.get(name)) for name in dict.fromkeys(standing.wishes.told))


def _trusted(standing: Standing, name: str, told: TrustedTold | None) -> TrustedShown:
    if told is None and standing.received_at is not None:
        return TrustedShown(name=name, said=_("Har ikke fått beskjed ennå."))
    if told is None:
        return TrustedShown(name=name, said=_("%(name)s sier fra når den er sendt.", name=standing.clinician.name))
    if told.on is None:
        return TrustedShown(name=name, said=_("%(name)s har ikke sagt fra.", name=told.by), why_not=told.why_not)
    return TrustedShown(name=name, said=_("%(name)s sa fra %(day)s.", name=told.by, day=dates.day(told.on)))


def trusted_texts(told: TrustedTold | None) -> Pairs:
    """Return who was told on which day, or why not; nothing where the line is about something else."""
    if told is None:
        return ()
    return (
        (_("Hvem"), told.name),
        (_("Fikk beskjed"), "" if told.on is None else dates.upfirst(dates.day(told.on))),
        (_("Fikk ikke beskjed fordi"), told.why_not),
    )
