"""The handovers of the demo: in every status, between both nodes and within an agency, with a permit and a block.

Written, marked, approved, sent, received and taken over with the service's own functions, in the walk.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from handover import clock
from handover.bundle import service as handovers
from handover.bundle.deciding import Plan, Taking
from handover.bundle.lifecycle import Side
from handover.bundle.model import (
    Content,
    CrisisStep,
    Decline,
    Done,
    Level,
    Mark,
    Medicine,
    NextAppointment,
    PersonAround,
    Relation,
    TopicCode,
    Wishes,
)
from handover.bundle.service import Turn
from handover.consent import service as consent
from handover.consent.model import HANDOVER, Target, Terms
from handover.demo.community import (
    DPS,
    FACT,
    MUNICIPALITY,
    NAV,
    NAV_OFFICE,
    NEIGHBOUR,
    NEIGHBOUR_INTAKE,
    OUTPATIENT,
    PSYCHOLOGIST,
)
from handover.demo.people import DemoPatient, patients
from handover.demo.walk import APART, Walk, workday
from handover.ids import AgencyId, HandoverId, ServiceId
from handover.person import service as person


@dataclass
class Case:
    """One handover under way in the story."""

    patient: DemoPatient
    way: "Way"
    number: int
    id: HandoverId | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Way:
    """Who hands over from where, and who takes over where."""

    by: str
    home: ServiceId
    agency: AgencyId
    taker: str
    to: ServiceId
    to_agency: AgencyId


Act = Callable[[Walk, Case, datetime], object]
Steps = tuple[tuple[float, Act], ...]

TO_CLINIC: Final = Way("tone", PSYCHOLOGIST, MUNICIPALITY, "leila", OUTPATIENT, DPS)
TO_PSYCHOLOGIST: Final = Way("leila", OUTPATIENT, DPS, "tone", PSYCHOLOGIST, MUNICIPALITY)
TO_FACT: Final = Way("jon", OUTPATIENT, DPS, "rune", FACT, MUNICIPALITY)
BETWEEN_UNITS: Final = Way("tone", PSYCHOLOGIST, MUNICIPALITY, "rune", FACT, MUNICIPALITY)
TO_NAV: Final = Way("rune", FACT, MUNICIPALITY, "aksel", NAV_OFFICE, NAV)
TO_NEIGHBOUR: Final = Way("jon", OUTPATIENT, DPS, "", NEIGHBOUR_INTAKE, NEIGHBOUR)

FOR_NAV: Final = ("needs", "practical", "plans", "helps")
"""What the patient lets NAV have."""
_NAV_MAY_HAVE: Final = frozenset({"need-help-with", "practical", "plans", "helps-me"})


def schedule(now: datetime, *, every: int = 1) -> list[tuple[datetime, Callable[[Walk], object]]]:
    """Return the steps of every n-th handover of the story, each at its instant; none after `now`."""
    found: list[tuple[datetime, Callable[[Walk], object]]] = []
    for number, (who, ago, way, steps) in enumerate(told()):
        if number % every:
            continue
        case = Case(patients()[who], way, number)
        latest, before = now - len(steps) * APART, now - timedelta(days=ago + 7)
        for days, act in steps:
            planned = workday(now - timedelta(days=ago - days), hour=8 + (number * 3 + int(days * 5)) % 7)
            before = max(before + APART, min(planned, latest))
            latest += APART
            found.append((before, _bound(act, case)))
    return found


def _bound(act: Act, case: Case) -> Callable[[Walk], object]:
    return lambda walk: act(walk, case, clock.now())


# --- who does what ---------------------------------------------------------------------------------------------


def write(walk: Walk, case: Case, now: datetime) -> None:
    """Begin a handover and write what the next one should know."""

    def act(session: Session) -> HandoverId:
        by = walk.staff(session, case.way.by)
        made = handovers.start(
            session, by=by, service=case.way.home, patient=case.patient.identity, receiver=case.way.to, now=now
        )
        turn = Turn(handover=made, by=by, now=now, side=Side.SENDER)
        for each in items(now):
            handovers.add_item(session, turn, each)
        return made

    case.id = walk.do(case.way.agency, act)


def permit(walk: Walk, case: Case, now: datetime) -> None:
    """The patient lets the sender send some things to the receiver, for half a year."""
    terms = Terms(purpose=HANDOVER, topics=FOR_NAV, until=_day(now, 180))

    def act(session: Session) -> None:
        known = person.find_or_create(session, case.way.agency, case.patient.identity, now=now)
        target = Target(agency=case.way.to_agency)
        consent.permit(session, case.way.agency, known, target, terms, by=case.patient.me, now=now)

    walk.do(case.way.agency, act)


def block(target: Target) -> Act:
    """The patient says no to anything being sent to somebody."""

    def act(walk: Walk, case: Case, now: datetime) -> None:
        def do(session: Session) -> None:
            known = person.find_or_create(session, case.way.agency, case.patient.identity, now=now)
            consent.block(session, case.way.agency, known, target, by=case.patient.me, now=now)

        walk.do(case.way.agency, do)

    return act


def mark(walk: Walk, case: Case, now: datetime) -> None:
    """The patient chooses item by item: most go along, what happened stays, one is not decided."""

    def act(session: Session) -> None:
        turn = _mine(case, now)
        for item in handovers.case_of(session, turn).items:
            wanted = _wanted(case, item.content.topic)
            if wanted is not Mark.UNDECIDED:
                handovers.mark(session, turn, item.id, wanted)
        handovers.set_wishes(
            session, turn, Wishes(meeting=case.number not in NO_MEETING, note="Gjerne på dagtid.")
        )

    walk.do(case.way.agency, act)


def approve(walk: Walk, case: Case, now: datetime) -> None:
    """The patient looks at what the receiver will see, and says yes."""

    def act(session: Session) -> None:
        turn = _mine(case, now)
        handovers.approve(session, turn, handovers.preview(session, turn).sha256)

    walk.do(case.way.agency, act)


def send(walk: Walk, case: Case, now: datetime) -> None:
    """Send, and let the time to undo pass."""
    _sender(handovers.send)(walk, case, now)
    walk.to(now + timedelta(minutes=1))


def _patient(act: Callable[..., object]) -> Act:
    return lambda walk, case, now: walk.do(case.way.agency, lambda session: act(session, _mine(case, now)))


def _sender(act: Callable[..., object], *what: object) -> Act:
    def step(walk: Walk, case: Case, now: datetime) -> None:
        def do(session: Session) -> object:
            by = walk.staff(session, case.way.by)
            return act(session, Turn(handover=_id(case), by=by, now=now, side=Side.SENDER), *what)

        walk.do(case.way.agency, do)

    return step


def _receiver(act: Callable[..., object], *what: object) -> Act:
    def step(walk: Walk, case: Case, now: datetime) -> None:
        given = [each(walk, case, now) if callable(each) else each for each in what]

        def do(session: Session) -> object:
            by = walk.staff(session, case.way.taker)
            turn = Turn(handover=_id(case), by=by, now=now, side=Side.RECEIVER, at=case.way.to)
            return act(session, turn, *given)

        walk.do(case.way.to_agency, do)

    return step


def _mine(case: Case, now: datetime) -> Turn:
    return Turn(handover=_id(case), by=case.patient.me, now=now, side=Side.PATIENT)


def _id(case: Case) -> HandoverId:
    if case.id is None:
        raise LookupError("the story acts on a handover before it is written")
    return case.id


# --- what is written -------------------------------------------------------------------------------------------


def items(now: datetime) -> Iterator[Content]:
    """Yield what stands in the handover, topic by topic."""

    def said(topic: str, text: str = "", own_words: str = "") -> Content:
        return Content(topic=TopicCode(topic), text=text, own_words=own_words)

    yield said(
        "important-now", own_words="At jeg slipper å fortelle alt på nytt. Og at noen ringer hvis jeg ikke kommer."
    )
    yield said("how-to-meet-me", "Trenger litt tid før samtalen begynner.", "Spør meg først hvordan dagen er.")
    yield said("need-help-with", "Å holde på dagsrytmen og komme seg ut.", "Å komme i gang om morgenen.")
    yield said("helps-me", "Pusteøvelser og korte, faste avtaler.", "Turer med hunden til naboen.")
    yield said("does-not-help", "Lange venterom.", "Når noen sier at jeg bare må ta meg sammen.")
    yield Content(
        topic=TopicCode("medicines"),
        details=Medicine(name="Sertralin", dose="50 mg, 1 tablett om morgenen", why="Mot depresjon"),
    )
    yield from (_crisis(*level) for level in _LEVELS)
    yield Content(
        topic=TopicCode("people"),
        details=PersonAround(
            relation=Relation.TRUSTED,
            name="Vigdis Vik",
            role="miljøterapeut",
            phone="+47 400 02 000",
            may_know="Alt om avtaler og kriseplan",
            comes_along=True,
        ),
    )
    yield Content(
        topic=TopicCode("appointments"),
        details=NextAppointment(
            start=workday(now + timedelta(days=20), hour=10),
            place="Fjordheim legesenter",
            with_whom="Fastlegen",
            phone="55 00 09 00",
            who_comes_along="Vigdis Vik",
        ),
    )
    yield said("plans", "Halv stilling fra nyttår, i samarbeid med arbeidsgiver.")
    yield said(
        "practical", "Har fast bolig. Trenger hjelp med regninger.", "Brev fra det offentlige hoper seg opp."
    )
    yield said("treatment", "Tolv samtaler siden i vår. Sover bedre, går ut hver dag.")
    yield said("events", "Innleggelse for åtte år siden.", "Det vil jeg ikke at skal følge meg mer.")


_LEVELS: Final = (
    (Level.GREEN, "Sover og går tur.", "Holder på rutinene.", "", ""),
    (
        Level.YELLOW,
        "Snur døgnet, svarer ikke på telefon.",
        "Ringer Vigdis.",
        "Spør rett ut.",
        "Vigdis, +47 400 02 000",
    ),
    (Level.RED, "Tenker at det er best å forsvinne.", "Ringer legevakten.", "Blir hos meg.", "Legevakt 116 117"),
)


def _crisis(level: Level, signs: str, i_do: str, others_do: str, who: str) -> Content:
    step = CrisisStep(level=level, signs=signs, i_do=i_do, others_do=others_do, who=who)
    return Content(topic=TopicCode("crisis-plan"), details=step)


def _wanted(case: Case, topic: TopicCode) -> Mark:
    if topic == "events":
        return Mark.STAYS
    if case.way.to_agency == NAV and topic not in _NAV_MAY_HAVE:
        return Mark.STAYS
    return Mark.UNDECIDED if topic == "treatment" else Mark.TRAVELS


def _plan(_walk: Walk, case: Case, now: datetime) -> Plan:
    who = "Den som slutter, den som tar over, og Vigdis Vik"
    return Plan(start=workday(now + timedelta(days=9), hour=13), place=_PLACES[case.way.to], who_comes=who)


def _taking(_walk: Walk, case: Case, now: datetime) -> Taking:
    name, title, phone = _TAKERS[case.way.taker]
    first = NextAppointment(
        start=workday(now + timedelta(days=12), hour=10),
        place=_PLACES[case.way.to],
        with_whom=name,
        phone=phone,
        who_comes_along="Vigdis Vik",
    )
    return Taking(person=name, title=title, phone=phone, from_date=_day(now), first_appointment=first)


def _today(_walk: Walk, _case: Case, now: datetime) -> date:
    return _day(now)


def _no(_walk: Walk, case: Case, _now: datetime) -> Decline:
    name, _title, phone = _TAKERS[case.way.taker]
    return Decline(
        reason="Vi har ikke plass i gruppen før til våren, og det er lenge å vente.",
        advice="FACT-teamet i kommunen kan følge opp fra nå.",
        person=name,
        phone=phone,
    )


def _day(now: datetime, days: int = 0) -> date:
    return (clock.local(now) + timedelta(days=days)).date()


_PLACES: Final = {
    OUTPATIENT: "Fjordheim DPS, Strandgata 4, 2. etasje",
    PSYCHOLOGIST: "Fjordheim rådhus, 1. etasje",
    FACT: "Hjemme hos deg, eller i Torggata 2",
    NAV_OFFICE: "NAV Fjordheim, Torget 1",
}
_TAKERS: Final = {
    "leila": ("Leila Haug", "overlege", "55 00 02 20"),
    "tone": ("Tone Berg", "kommunepsykolog", "55 00 01 10"),
    "rune": ("Rune Dahl", "psykiatrisk sykepleier", "55 00 01 20"),
    "aksel": ("Aksel Lie", "veileder", "55 55 33 33"),
}


# --- the story -------------------------------------------------------------------------------------------------

INVITE: Final = _sender(handovers.invite)
PAUSE: Final = _patient(handovers.pause)
WITHDRAW: Final = _patient(handovers.withdraw)
REOPEN: Final = _patient(handovers.reopen)
OPEN: Final = _receiver(handovers.open_)
ASK: Final = _receiver(handovers.ask, "Hvilken dag passer best for møtet?")
REPLY: Final = _sender(handovers.note_to_receiver, "Tirsdager passer best, etter klokka tolv.")
PLAN: Final = _receiver(handovers.plan_meeting, _plan)
HOLD: Final = _receiver(handovers.hold_meeting, _today)
TAKE_OVER: Final = _receiver(handovers.take_over, _taking)
DECLINE: Final = _receiver(handovers.decline, _no)
DELETED: Final = _receiver(handovers.answer_withdrawal, Done.DELETED, "", "Leila Haug")
USED: Final = _receiver(
    handovers.answer_withdrawal, Done.USED, "Vi ringte etter kriseplanen før dette kom.", "Rune Dahl"
)
CLOSE: Final = _sender(handovers.close)

WRITTEN: Final[Steps] = ((0, write), (0.1, INVITE))
SENT: Final[Steps] = (*WRITTEN, (2, mark), (3, approve), (4, send))
MET: Final[Steps] = (*SENT, (5, OPEN), (6, PLAN), (15.5, HOLD))
NO_MEETING: Final = frozenset({7, 12})
"""Handovers of the story whose patient wants no meeting."""
_Told = tuple[int, float, Way, Steps]


def told() -> Iterator[_Told]:
    """Yield (patient, begun days ago, way, steps). The first two are those that tests tell too."""
    yield 1, 1, TO_CLINIC, WRITTEN
    yield 3, 12, TO_NAV, ((0, permit), *SENT, (5, OPEN))
    yield 2, 2, TO_PSYCHOLOGIST, WRITTEN
    yield 20, 1, TO_FACT, ((0, write),)
    yield 21, 3, BETWEEN_UNITS, (*WRITTEN, (1, mark), (1.5, PAUSE))
    yield 22, 4, TO_PSYCHOLOGIST, (*WRITTEN, (2, mark), (3, approve))
    yield 23, 5, TO_CLINIC, SENT
    yield 24, 8, TO_FACT, (*SENT, (5, OPEN), (6, ASK), (7, REPLY))
    yield 25, 9, BETWEEN_UNITS, (*SENT, (5, OPEN), (6, PLAN))
    yield 26, 17, TO_CLINIC, MET
    yield 27, 30, TO_PSYCHOLOGIST, (*MET, (17, TAKE_OVER))
    yield 28, 45, TO_FACT, (*MET, (17, TAKE_OVER), (25, CLOSE))
    yield 29, 40, BETWEEN_UNITS, (*SENT, (5, OPEN), (9, TAKE_OVER))
    yield 15, 11, TO_CLINIC, (*SENT, (6, OPEN), (8, DECLINE))
    yield 16, 7, TO_CLINIC, (*SENT, (5, OPEN), (6, WITHDRAW))
    yield 17, 14, TO_CLINIC, (*SENT, (5, OPEN), (7, WITHDRAW), (9, DELETED))
    yield 18, 20, TO_FACT, (*SENT, (5, OPEN), (7, WITHDRAW), (9, USED), (15, REOPEN))
    yield 19, 6, TO_PSYCHOLOGIST, (*WRITTEN, (2, mark), (3, WITHDRAW))
    yield 14, 4.5, TO_NEIGHBOUR, SENT
    yield 5, 10, TO_PSYCHOLOGIST, ((0, block(Target(agency=NEIGHBOUR))), *WRITTEN)
