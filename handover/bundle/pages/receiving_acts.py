"""What a receiver may do with a handover, one form for each act: its fields, how they are read, what it calls.

Every reader raises `Invalid` with all its problems at once; which acts are offered is for the lifecycle to say.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.orm import Session

from handover.bundle import service
from handover.bundle.lifecycle import Act
from handover.bundle.model import Decline, Done, NextAppointment
from handover.bundle.service import Case, Plan, Taking, Turn
from handover.errors import Invalid
from handover.web.forms import Fields, Sent, reads_one_text
from handover.web.i18n import Sentence, Text
from handover.web.i18n import lazy_gettext as _l

_LONGEST: Final = 480
"""Minutes of a meeting."""

Do = Callable[[Session, Turn], object]
"""The act with everything it needs, ready to be done in a transaction."""

SENTENCES: Final[Mapping[str, Text]] = {
    "question.required": _l("Skriv hva du vil vite."),
    "text.required": _l("Skriv noe før du lagrer."),
    "reason.required": _l("Skriv hvorfor."),
    "day.required": _l("Skriv hvilken dag møtet er."),
    "day.past": _l("Møtet må være fram i tid."),
    "day.too-far": _l("Møtet er mer enn et år fram i tid. Se på årstallet."),
    "clock.required": _l("Skriv klokkeslettet for møtet."),
    "minutes.number": _l("Skriv hvor mange minutter møtet varer, mellom 15 og 480."),
    "place.required": _l("Skriv hvor møtet er, eller en lenke til et videomøte."),
    "video.link": _l("Skriv hele lenken, med https først."),
    "who_comes.required": _l("Skriv hvem som kommer, så pasienten vet det."),
    "held_on.required": _l("Skriv hvilken dag møtet ble holdt."),
    "held_on.future": _l("Dagen møtet ble holdt, kan ikke være fram i tid."),
    "held_on.past": _l("Møtet kan ikke ha vært før overføringen kom."),
    "person.required": _l("Skriv navnet på en person."),
    "phone.required": _l("Skriv et telefonnummer pasienten og avsenderen kan ringe."),
    "from_date.required": _l("Skriv hvilken dag dere tar over ansvaret."),
    "from_date.past": _l("Dagen har vært. Dere kan ta over fra i dag eller senere."),
    "from_date.too-far": _l("Dagen er mer enn et år fram i tid. Se på årstallet."),
    "first_day.required": _l("Skriv dagen for den første timen."),
    "first_day.past": _l("Den første timen må være fram i tid."),
    "first_day.too-far": _l("Timen er mer enn et år fram i tid. Se på årstallet."),
    "first_clock.required": _l("Skriv klokkeslettet for den første timen."),
    "first_place.required": _l("Skriv hvor pasienten skal møte opp."),
    "first_with.required": _l("Skriv hvem pasienten skal møte."),
    "done.required": _l("Velg hva dere har gjort."),
    "why.required": _l("Skriv hvorfor dere beholder det, eller hva det er brukt til."),
}
"""What is wrong with a field, beside the codes any slice may use."""
_FIELDS: Final = {"start": "day", "first_appointment": "first_day"}
"""What a rule calls a value -> the field of the form it was read from."""


@dataclass(frozen=True, kw_only=True)
class ActPage:
    """One act as people meet it. `slug` is its place in the address."""

    act: Act
    slug: str
    title: Sentence
    hint: Sentence
    done: Sentence
    read: Callable[[Sent], Do] = field(repr=False)
    template: str = ""
    """Its fields; empty for an act that is one button."""
    button: Sentence = _l("Lagre")  # noqa: RUF009 - a frozen value
    is_numbered: bool = True
    """Whether an act on an older page must be refused."""


def done(do: Do, session: Session, turn: Turn) -> None:
    """Do an act; what a rule refuses is said on the field it was typed in."""
    try:
        do(session, turn)
    except Invalid as refused:
        if not refused.fields:
            raise
        named = {_FIELDS.get(name, name): codes for name, codes in refused.fields.items()}
        raise Invalid(refused.stable_code, fields=named) from refused


def _take(_sent: Sent) -> Do:
    return service.take


def _plan(sent: Sent) -> Do:
    fields = Fields(sent)
    video = fields.line("video", is_optional=True)
    if video and not video.startswith("https://"):
        fields.refuse("video", "link")
    plan = Plan(
        start=fields.moment("day", "clock"),
        minutes=fields.minutes("minutes", at_most=_LONGEST),
        place=fields.line("place", is_optional=bool(video)),
        video=video,
        who_comes=fields.text("who_comes"),
    )
    fields.check()
    return lambda session, turn: service.plan_meeting(session, turn, plan)


def _hold(sent: Sent) -> Do:
    fields = Fields(sent)
    held_on = fields.day("held_on")
    fields.check()
    return lambda session, turn: service.hold_meeting(session, turn, held_on)


def _take_over(sent: Sent) -> Do:
    fields = Fields(sent)
    person, title, phone = fields.line("person"), fields.line("title", is_optional=True), fields.line("phone")
    from_date, start = fields.day("from_date"), fields.moment("first_day", "first_clock")
    place, with_whom = fields.line("first_place"), fields.line("first_with")
    companion = fields.line("first_companion", is_optional=True)
    fields.check()
    first = NextAppointment(start=start, place=place, with_whom=with_whom, phone=phone, who_comes_along=companion)
    taking = Taking(person=person, title=title, phone=phone, from_date=from_date, first_appointment=first)
    return lambda session, turn: service.take_over(session, turn, taking)


def _decline(sent: Sent) -> Do:
    fields = Fields(sent)
    declined = Decline(
        reason=fields.text("reason"),
        advice=fields.text("advice", is_optional=True),
        person=fields.line("person"),
        phone=fields.line("phone"),
    )
    fields.check()
    return lambda session, turn: service.decline(session, turn, declined)


def _answer(sent: Sent) -> Do:
    fields = Fields(sent)
    chosen = sent.get("done", "")
    what = Done(chosen) if chosen in set(Done) else None
    if what is None:
        fields.refuse("done", "required")
    why = fields.text("why", is_optional=what in {None, Done.DELETED})
    person = fields.line("person")
    fields.check()
    return lambda session, turn: service.answer_withdrawal(session, turn, what, why, person)


PAGES: Final = (
    ActPage(
        act=Act.TAKE_OVER,
        slug="ta-over",
        title=_l("Ta over ansvaret"),
        hint=_l("Med en navngitt person, en dato og en første time. Til da har avsenderen ansvaret."),
        done=_l("Det er skrevet inn at dere tar over. Avsenderen og pasienten får beskjed."),
        button=_l("Vi tar over ansvaret"),
        template="take_over",
        read=_take_over,
    ),
    ActPage(
        act=Act.ANSWER_WITHDRAWAL,
        slug="svar-om-tilbaketrekking",
        title=_l("Svar på hva dere har gjort"),
        hint=_l("Pasienten har trukket overføringen tilbake, og leser svaret."),
        done=_l("Svaret er sendt. Pasienten kan lese det."),
        button=_l("Send svaret"),
        template="answer_withdrawal",
        read=_answer,
    ),
    ActPage(
        act=Act.PLAN_MEETING,
        slug="avtal-mote",
        title=_l("Avtal overføringsmøtet"),
        hint=_l("Pasienten og avsenderen ser dag, klokkeslett, sted og hvem som kommer."),
        done=_l("Møtet er avtalt. Pasienten og avsenderen ser det nå."),
        button=_l("Lagre møtet"),
        template="plan_meeting",
        read=_plan,
    ),
    ActPage(
        act=Act.HOLD_MEETING,
        slug="mote-holdt",
        title=_l("Møtet er holdt"),
        hint=_l("Skriv inn når det var. Dere har ikke tatt over ansvaret med det."),
        done=_l("Det er skrevet inn at møtet er holdt."),
        template="hold_meeting",
        read=_hold,
    ),
    ActPage(
        act=Act.CANCEL_MEETING,
        slug="avlys-mote",
        title=_l("Avlys møtet"),
        hint=_l("Pasienten og avsenderen leser hvorfor. Dere må avtale et nytt."),
        done=_l("Møtet er avlyst. Avtal et nytt."),
        button=_l("Avlys møtet"),
        template="reason",
        read=reads_one_text("reason", service.cancel_meeting),
    ),
    ActPage(
        act=Act.ASK,
        slug="spor",
        title=_l("Spør avsenderen"),
        hint=_l("Pasienten kan også lese spørsmålet. Fristene står som de var."),
        done=_l("Spørsmålet er sendt."),
        button=_l("Send spørsmålet"),
        template="ask",
        read=reads_one_text("question", service.ask),
        is_numbered=False,
    ),
    ActPage(
        act=Act.TAKE,
        slug="ta",
        title=_l("Jeg følger den opp"),
        hint=_l("Da vet de andre ved tjenesten at du har den. Det er ikke å ta over ansvaret."),
        done=_l("Du følger den opp."),
        read=_take,
        is_numbered=False,
    ),
    ActPage(
        act=Act.DECLINE,
        slug="tar-ikke-over",
        title=_l("Svar at dere ikke tar over"),
        hint=_l("Avsenderen har fortsatt ansvaret. Avsenderen og pasienten leser hvorfor."),
        done=_l("Svaret er sendt. Avsenderen har fortsatt ansvaret."),
        button=_l("Send svaret"),
        template="decline",
        read=_decline,
    ),
    ActPage(
        act=Act.NOTE_TO_SENDER,
        slug="beskjed",
        title=_l("Skriv en beskjed til avsenderen"),
        hint=_l("Pasienten kan også lese beskjeden."),
        done=_l("Beskjeden er sendt."),
        button=_l("Send beskjeden"),
        template="note",
        read=reads_one_text("text", service.note_to_sender),
        is_numbered=False,
    ),
    ActPage(
        act=Act.INTERNAL_NOTE,
        slug="gul-lapp",
        title=_l("Skriv en gul lapp"),
        hint=_l("Bare dere i tjenesten ser den. Den sendes aldri."),
        done=_l("Lappen er lagret."),
        template="note",
        read=reads_one_text("text", service.internal_note),
        is_numbered=False,
    ),
)
BY_SLUG: Final[Mapping[str, ActPage]] = {page.slug: page for page in PAGES}


def is_open(page: ActPage, case: Case) -> bool:
    """Whether the lifecycle allows the act of that page now."""
    return page.act in case.acts
