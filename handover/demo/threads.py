"""The threads of the demo: what people in Fjordheim have written to each other in the last weeks.

Written, sent, opened, forwarded and taken back with the service's own functions, in the walk. Days are working
days before now: what has lain unopened for three or six of them has, whatever day the demo is started.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any, Final

from sqlalchemy.orm import Session

from handover import clock
from handover.actors import Staff
from handover.consent import asking
from handover.consent import service as consent
from handover.consent.model import Target, Terms, Wanted
from handover.demo.community import (
    DPS,
    FACT,
    HOSTED,
    INTAKE,
    NAV,
    NAV_OFFICE,
    OUTPATIENT,
    PSYCHOLOGIST,
    SOCIAL,
    STAFF,
)
from handover.demo.people import DemoPatient, patients
from handover.demo.walk import APART, Walk, workdays_ago
from handover.ids import AgencyId, CommunicationId, ServiceId, new_uuid
from handover.message import service as messages
from handover.message.model import By, Content, Offer, Point, Priority, Reason, Slot, SlotId, Subject, Weighs
from handover.message.service import About, Begun, Turn, Yes
from handover.notice import pdf
from handover.notice.pdf import Block, Paper
from handover.person import service as person
from handover.workdays import at_hour, local_date, working_days_after

UNDO: Final = timedelta(minutes=1)
"""The time to undo has passed by then."""
HOME: Final = {
    "tone": PSYCHOLOGIST,
    "rune": FACT,
    "aksel": NAV_OFFICE,
    "ida": INTAKE,
    "jon": OUTPATIENT,
    "leila": OUTPATIENT,
}
"""Where each of those who write works."""


@dataclass
class Talk:
    """One thread under way in the story."""

    patient: DemoPatient | None
    subject: Subject
    line: str
    begun: Begun | None = field(default=None, repr=False)
    latest: CommunicationId | None = field(default=None, repr=False)

    @property
    def about(self) -> About:
        """What it is about, as its writer says."""
        who = None if self.patient is None else self.patient.identity
        return About(subject=self.subject, line=self.line, patient=who)

    def turn(self, by: Staff, at: ServiceId, now: datetime) -> Turn:
        """Return somebody's turn in it."""
        if self.begun is None:
            raise LookupError("the story acts on a thread before it is begun")
        return Turn(thread=self.begun.thread, by=by, now=now, at=at)


Act = Callable[[Walk, Talk, datetime], object]
Steps = tuple[tuple[int, Act], ...]


def schedule(now: datetime, *, every: int = 1) -> list[tuple[datetime, Callable[[Walk], object]]]:
    """Return the steps of every n-th thread of the story, each at its instant; none after `now`."""
    found: list[tuple[datetime, Callable[[Walk], object]]] = []
    for number, (who, subject, line, steps) in enumerate(told()):
        if number % every:
            continue
        talk = Talk(None if who is None else patients()[who], subject, line)
        latest, before = now - len(steps) * APART, now - timedelta(days=80)
        for index, (days, act) in enumerate(steps):
            planned = workdays_ago(now, days, hour=8 + (number * 3 + index) % 6)
            before = max(before + APART, min(planned, latest))
            latest += APART
            found.append((before, _bound(act, talk)))
    return found


def tell_leaders(walk: Walk) -> None:
    """Tell leaders of what has lain unopened for days, as every worker does within minutes."""
    for agency in (*HOSTED["a"], DPS):
        walk.do(agency, partial(messages.tell_leaders, agency=agency, now=clock.now()))


def _bound(act: Act, talk: Talk) -> Callable[[Walk], object]:
    return lambda walk: act(walk, talk, clock.now())


# --- who does what ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Say:
    """Somebody writes: the first message `to` some services, or a reply to everyone in the thread."""

    by: str
    text: str
    to: tuple[ServiceId, ...] = ()
    answer_in: int | None = None
    """By which working day from now an answer is wished."""
    offer: By | None = None
    """They offer times for a talk."""
    attach: str = ""
    """The name of a paper that goes along."""
    weighing: tuple[Point, ...] = ()
    """What they say for and against, in a case without a name."""
    is_sent: bool = True
    """Else it stays a draft."""

    def __call__(self, walk: Walk, talk: Talk, now: datetime) -> None:
        """Read what has come, write, send, and let the time to undo pass."""
        walk.do(_agency(self.by), lambda session: self._write(session, walk.staff(session, self.by), talk, now))
        walk.to(now + UNDO)

    def _write(self, session: Session, by: Staff, talk: Talk, now: datetime) -> None:
        at, content = HOME[self.by], self._content(now)
        if talk.begun is None:
            about, to = talk.about, self.to
            talk.begun = messages.start_draft(
                session, by=by, service=at, about=about, to=to, content=content, now=now
            )
            message = talk.begun.message
        else:
            messages.open_(session, talk.turn(by, at, now))
            message = messages.reply(session, talk.turn(by, at, now), content=content)
        turn = talk.turn(by, at, now)
        if self.attach:
            messages.attach(session, turn, message, f"{self.attach}.pdf", paper(self.attach))
        if self.is_sent:
            messages.send(session, turn, message)
        talk.latest = message

    def _content(self, now: datetime) -> Content:
        today = local_date(now)
        return Content(
            text=self.text,
            priority=Priority.ORDINARY if self.answer_in is None else Priority.SOON,
            answer_by=None if self.answer_in is None else working_days_after(today, self.answer_in),
            offer=None if self.offer is None else _times(self.offer, now),
            weighing=self.weighing,
        )


def _act(by: str, act: Callable[..., object], *what: object) -> Act:
    """Somebody does something with the thread as it lies at their service."""

    def step(walk: Walk, talk: Talk, now: datetime) -> None:
        walk.do(
            _agency(by), lambda session: act(session, talk.turn(walk.staff(session, by), HOME[by], now), *what)
        )

    return step


def opens(by: str) -> Act:
    """Somebody opens what has come."""
    return _act(by, messages.open_)


def puts_away(by: str) -> Act:
    """Somebody reads what has come, and is done with it."""

    def act(session: Session, turn: Turn) -> None:
        messages.open_(session, turn)
        messages.done(session, turn)

    return _act(by, act)


def allows(by: str, purpose: str, *topics: str, days: int = 180) -> Act:
    """The patient says in a meeting that NAV may be told of some things, and somebody writes it down."""

    def step(walk: Walk, talk: Talk, now: datetime) -> None:
        agency, until = _agency(by), local_date(now) + timedelta(days=days)

        def act(session: Session) -> None:
            terms = Terms(purpose=purpose, topics=topics, until=until)
            who = _known(session, agency, talk, now)
            consent.permit(
                session,
                agency,
                who,
                Target(agency=NAV),
                terms,
                by=walk.staff(session, by),
                now=now,
                at=HOME[by],
            )

        walk.do(agency, act)

    return step


def asks(by: str, why: str, *topics: str) -> Act:
    """Somebody who may not send to NAV yet asks the patient, on the patient's own page."""

    def act(session: Session, turn: Turn) -> None:
        needed = messages.permit_needed(session, turn, NAV_OFFICE)
        standing, until = needed.standing, local_date(turn.now) + timedelta(days=180)
        if standing.person is None:
            raise LookupError("nobody can be asked in a thread about nobody")
        wanted = Wanted(
            service=standing.home.service,
            case=standing.thread,
            case_kind=messages.WORK,
            target=Target(agency=NAV, service=NAV_OFFICE),
            terms=Terms(purpose=standing.purpose, topics=(*sorted(needed.topics), *topics), until=until),
            why=why,
        )
        asking.ask(session, standing.home.agency, standing.person, wanted, by=turn.by, now=turn.now)

    return _act(by, act)


def takes_back(by: str, reason: Reason) -> Act:
    """Somebody takes the latest message back that was sent by mistake."""

    def act(walk: Walk, talk: Talk, now: datetime) -> None:
        _act(by, messages.retract, talk.latest, reason)(walk, talk, now)

    return act


def sends_anew(by: str, reason: Reason, *to: ServiceId) -> Act:
    """Somebody takes the latest message back and sends it to whom it was meant for."""

    def act(walk: Walk, talk: Talk, now: datetime) -> None:
        def do(session: Session, turn: Turn) -> None:
            wrong: Any = talk.latest
            talk.begun = messages.send_anew(session, turn, wrong, reason=reason, about=talk.about, to=to)
            messages.send(session, talk.turn(turn.by, HOME[by], now), talk.begun.message)

        _act(by, do)(walk, talk, now)
        walk.to(now + UNDO)

    return act


def forwards(by: str, text: str, *to: ServiceId) -> Act:
    """Somebody reads the thread and sends all of it on to others, with a few words."""

    def act(walk: Walk, talk: Talk, now: datetime) -> None:
        def do(session: Session, turn: Turn) -> None:
            messages.open_(session, turn)
            talk.begun = messages.forward(session, turn, to=to)
            mine = talk.turn(turn.by, HOME[by], now)
            messages.save_draft(session, mine, talk.begun.message, Content(text=text))
            messages.send(session, mine, talk.begun.message)

        _act(by, do)(walk, talk, now)
        walk.to(now + UNDO)

    return act


def links(by: str, who: int, *to: ServiceId) -> Act:
    """The patient of a case without a name says yes in a meeting: some services are told whom it is about."""

    def act(session: Session, turn: Turn) -> None:
        until = local_date(turn.now) + timedelta(days=90)
        messages.link(session, turn, patients()[who].identity, to, yes=Yes(to=to, until=until))

    return _act(by, act)


def asks_of_case(by: str, who: int, why: str, *to: ServiceId) -> Act:
    """Somebody asks a patient, on the patient's own page, whether a case without a name may be linked to them."""

    def act(session: Session, turn: Turn) -> None:
        until = local_date(turn.now) + timedelta(days=90)
        messages.ask_patient(session, turn, patients()[who].identity, to, until=until, why=why)

    return _act(by, act)


def _agency(by: str) -> AgencyId:
    return next(each.agency for each in STAFF if each.key == by)


def _known(session: Session, agency: AgencyId, talk: Talk, now: datetime) -> Any:
    if talk.patient is None:
        raise LookupError("nobody can be asked in a thread about nobody")
    return person.find_or_create(session, agency, talk.patient.identity, now=now)


def _times(by: By, now: datetime) -> Offer:
    days = ((2, 9), (3, 13), (4, 10))
    slots = tuple(
        Slot(id=SlotId(new_uuid()), start=at_hour(working_days_after(local_date(now), after), hour), minutes=30)
        for after, hour in days
    )
    return Offer(by=by, slots=slots, where="https://video.example.org/rom-4" if by is By.VIDEO else "55 00 02 20")


@cache
def paper(name: str) -> bytes:
    """Return a paper of the story as PDF."""
    blocks = [Block(kind="heading", text=name), *(Block(kind="text", text=each) for each in _PAPERS[name])]
    return pdf.printed(Paper(title=name, lang="nb", page_of="Side {page} av {pages}", blocks=blocks))


_PAPERS: Final = {
    "Kriseplan": (
        "Tegn på at det blir verre: Sover lite, svarer ikke på meldinger, slutter å gå tur.",
        "Dette gjør jeg selv: Ringer Vigdis. Går ut, også når jeg ikke vil.",
        "Dette gjør andre: Spør meg rett ut hvordan det går. Blir med meg ut.",
        "Når det ikke er nok: Legevakt 116 117. Ved fare for liv: 113.",
    ),
}


# --- the story -------------------------------------------------------------------------------------------------

_Told = tuple[int | None, Subject, str, Steps]


def told() -> Iterator[_Told]:
    """Yield (patient, subject, line, steps with the working days ago)."""
    yield from _with_nav()
    yield from _between_health_services()
    yield from _mistakes()
    yield from _without_a_name()


def _with_nav() -> Iterator[_Told]:
    yield (
        6,
        Subject.WORK,
        "Gradert jobb fra neste måned",
        (
            (12, allows("leila", "work-and-benefits", "practical", "plans")),
            (
                12,
                Say(
                    by="leila",
                    to=(NAV_OFFICE,),
                    text="Hei! Berit har det bedre, og vil prøve seg i 40 prosent jobb fra neste måned.\n\n"
                    "Kan dere svare på to ting?\n\n- Hva må hun gjøre hos dere før hun begynner?\n"
                    "- Blir du med når vi møter arbeidsgiveren?\n\nHun har det best på møter etter klokka ti.",
                ),
            ),
            (
                11,
                Say(
                    by="aksel",
                    text="Hei, og takk for at du spør tidlig.\n\n- Hun skriver jobbtimene på meldekortet. Jeg "
                    "ringer henne i morgen og viser hvordan.\n- Jeg blir gjerne med. Etter klokka ti passer "
                    "fint.",
                ),
            ),
            (
                9,
                Say(
                    by="leila",
                    text="Så bra. Møtet er på arbeidsplassen hennes, tirsdag om to uker, klokka halv elleve.",
                ),
            ),
            (8, puts_away("aksel")),
            (8, puts_away("leila")),
        ),
    )
    yield (
        10,
        Subject.WORK,
        "To dager på jobb i uken",
        (
            (5, allows("rune", "work-and-benefits", "practical")),
            (
                0,
                Say(
                    by="rune",
                    to=(NAV_OFFICE,),
                    answer_in=1,
                    text="Hei! Frida har fått tilbud om to dager i uken på verkstedet, og må svare dem på "
                    "fredag.\n\n**Beholder hun arbeidsavklaringspengene hvis hun sier ja?** Vi treffer henne "
                    "etter at fristen under er ute, og hun er redd for å miste dem.",
                ),
            ),
        ),
    )
    yield (
        9,
        Subject.HOUSING,
        "Depositum til leilighet",
        (
            (
                1,
                Say(
                    by="jon",
                    to=(NAV_OFFICE,),
                    is_sent=False,
                    text="Hei! Einar har fått tilbud om en leilighet, men har ikke penger til depositum. Hva "
                    "trenger dere fra ham for å vurdere en garanti, og hvor lang tid tar det?",
                ),
            ),
        ),
    )
    yield (
        2,
        Subject.WORK,
        "Penger mens han går på skole",
        (
            (
                2,
                Say(
                    by="leila",
                    to=(NAV_OFFICE,),
                    is_sent=False,
                    text="Hei! Ola har fått plass på skolen fra nyttår. Hva kan han få å leve av mens han går "
                    "der, og når må han søke?",
                ),
            ),
            (2, asks("leila", "Jeg vil spørre NAV hva du kan få å leve av mens du går på skole.")),
        ),
    )
    yield (
        11,
        Subject.WORK,
        "Plassen på verkstedet",
        (
            (30, allows("leila", "work-and-benefits", "practical", days=20)),
            (
                29,
                Say(
                    by="leila",
                    to=(NAV_OFFICE,),
                    text="Hei! Gaute ønsker seg et sted å være om dagen. Har dere plass på verkstedet i høst?",
                ),
            ),
            (27, Say(by="aksel", text="Ja. Han kan begynne på mandag, og være der så mange timer han vil.")),
            (26, puts_away("leila")),
            (
                1,
                Say(
                    by="aksel",
                    text="Hei igjen! Gaute har ikke vært på verkstedet den siste uken. Er det noe vi bør gjøre "
                    "annerledes, så det blir lettere å komme?",
                ),
            ),
            (
                0,
                Say(
                    by="leila",
                    is_sent=False,
                    text="Takk for at du sier fra. Han sover dårlig om dagen. Det hjelper å få begynne klokka "
                    "elleve.",
                ),
            ),
        ),
    )
    yield (
        24,
        Subject.HOUSING,
        "Regning som ikke er betalt",
        (
            (7, allows("rune", "housing", "practical")),
            (
                6,
                Say(
                    by="rune",
                    to=(SOCIAL,),
                    text="Hei! Unni har fått varsel om at strømmen blir stengt. Hun har med seg regningen, og "
                    "tør ikke gå til skranken alene. Kan vi få en time der jeg blir med?",
                ),
            ),
        ),
    )


def _between_health_services() -> Iterator[_Told]:
    yield (
        12,
        Subject.APPOINTMENT,
        "Kommer seg ikke til timen alene",
        (
            (
                3,
                Say(
                    by="tone",
                    to=(OUTPATIENT,),
                    text="Hei! Hanna vil gjerne møte, men tør ikke å ta bussen. Kan den første timen være hos "
                    "oss på rådhuset, eller på video?",
                ),
            ),
            (2, Say(by="leila", text="Det får vi til. Jeg kommer til dere, samme dag og klokkeslett.")),
        ),
    )
    yield (
        None,
        Subject.QUESTION,
        "Utredning av ADHD hos voksne",
        (
            (
                1,
                Say(
                    by="rune",
                    to=(INTAKE,),
                    text="Hei! Tar dere imot voksne til utredning av ADHD nå, og hva bør stå i henvisningen for "
                    "at dere skal slippe å spørre om mer?",
                ),
            ),
        ),
    )
    yield (
        None,
        Subject.QUESTION,
        "Hvem svarer på spørsmål om legeerklæring",
        (
            (6, Say(by="aksel", to=(OUTPATIENT,), text="Hei! Hvem hos dere ringer vi om en legeerklæring?")),
            (5, Say(by="leila", text="Ring 55 00 02 20 før klokka tolv, eller skriv hit, så svarer en av oss.")),
            (5, puts_away("aksel")),
        ),
    )
    yield (
        8,
        Subject.PLAN,
        "Ny kriseplan",
        (
            (
                7,
                Say(
                    by="tone",
                    to=(OUTPATIENT,),
                    attach="Kriseplan",
                    text="Hei! Dagny og jeg har skrevet ny kriseplan sammen. Den ligger ved, og hun vil at dere "
                    "har den.",
                ),
            ),
            (
                1,
                forwards(
                    "leila",
                    "Hei! Dere treffer Dagny hjemme fra neste uke. Her er kriseplanen. Hun vet at dere får den.",
                    FACT,
                ),
            ),
        ),
    )
    yield (
        13,
        Subject.COORDINATION,
        "Hvem gjør hva når Ivar er tilbake i jobb",
        (
            (8, allows("jon", "coordination", "plans")),
            (8, allows("rune", "coordination", "plans")),
            (
                8,
                Say(
                    by="jon",
                    to=(FACT, NAV_OFFICE),
                    text="Hei, alle! Ivar begynner i jobb om fire uker. Vi avslutter behandlingen da. Hvem gjør "
                    "hva?\n\n- Hvem ringer ham den første uken?\n- Hvem tar det opp med sjefen hvis det blir "
                    "for mye?",
                ),
            ),
            (7, Say(by="rune", text="Vi ringer ham hver mandag den første måneden.")),
            (6, Say(by="aksel", text="Jeg snakker med sjefen, og møter begge etter to uker.")),
            (5, Say(by="jon", text="Takk! Da er det slik, og jeg har sagt det til Ivar.")),
            (4, puts_away("rune")),
            (4, puts_away("aksel")),
        ),
    )
    yield (
        0,
        Subject.CASE,
        "Før første time",
        (
            (
                5,
                Say(
                    by="ida",
                    to=(PSYCHOLOGIST,),
                    text="Hei! Har Kari noen hun vil ha med til den første timen? Vi setter av plass til to.",
                ),
            ),
            (4, Say(by="tone", text="Ja, Vigdis Vik blir med. De kommer sammen.")),
            (4, puts_away("ida")),
        ),
    )
    yield (
        2,
        Subject.COORDINATION,
        "Ny kontaktperson hos oss",
        (
            (
                3,
                Say(
                    by="leila",
                    to=(FACT,),
                    text="Hei! Fra neste uke er det Jon Vik som følger opp Ola hos oss. Kan dere si det til ham "
                    "når dere treffer ham, og ta med Jon på neste møte?",
                ),
            ),
        ),
    )
    yield (
        18,
        Subject.PLAN,
        "Kan vi snakkes om planen?",
        (
            (
                0,
                Say(
                    by="jon",
                    to=(PSYCHOLOGIST,),
                    offer=By.VIDEO,
                    text="Hei! Nora ønsker færre timer hos oss og flere hos deg. Det er lettere å snakke om enn å "
                    "skrive. Passer en av disse tidene?",
                ),
            ),
        ),
    )


def _mistakes() -> Iterator[_Told]:
    yield (
        7,
        Subject.MEDICINES,
        "Endret dose",
        (
            (
                4,
                Say(
                    by="tone",
                    to=(INTAKE,),
                    text="Hei! Fastlegen har satt opp dosen til Carl fra 50 til 75 mg. Han begynte i går.",
                ),
            ),
            (4, sends_anew("tone", Reason.RECEIVER, OUTPATIENT)),
            (3, puts_away("leila")),
        ),
    )
    yield (
        4,
        Subject.DISCHARGE,
        "Utskriving i morgen",
        (
            (
                3,
                Say(
                    by="leila",
                    to=(FACT,),
                    text="Hei! Mina blir skrevet ut i morgen. Kan dere ringe henne på kvelden?",
                ),
            ),
            (2, opens("rune")),
            (1, takes_back("leila", Reason.PATIENT)),
        ),
    )


def _without_a_name() -> Iterator[_Told]:
    yield (
        None,
        Subject.ANONYMOUS,
        "Bør noen ta kontakt?",
        (
            (
                3,
                Say(
                    by="rune",
                    to=(OUTPATIENT, NAV_OFFICE),
                    text="Hei! En voksen person svarer ikke på brev, og har mistet boligen. Vi kommer ikke inn. "
                    "Bør vi dra hjem til vedkommende, eller vente?",
                    weighing=(
                        Point(weighs=Weighs.FOR, text="Har bedt om hjelp før, og tok imot den"),
                        Point(weighs=Weighs.AGAINST, text="Har sagt at ingen skal komme hjem"),
                    ),
                ),
            ),
            (
                2,
                Say(
                    by="jon",
                    text="Vi ville dratt, to sammen, og ringt først.",
                    weighing=(Point(weighs=Weighs.FOR, text="Fem uker uten livstegn er lenge"),),
                ),
            ),
            (
                1,
                asks_of_case(
                    "rune", 25, "Poliklinikken kan bli med hjem til deg når de vet hvem du er.", OUTPATIENT
                ),
            ),
        ),
    )
    yield (
        None,
        Subject.ANONYMOUS,
        "Hvem kan hjelpe med arbeid og søvn?",
        (
            (
                8,
                Say(
                    by="tone",
                    to=(OUTPATIENT,),
                    text="Hei! En ung voksen vil tilbake i arbeid, og sover lite. Er det dere eller kommunen som "
                    "bør begynne?",
                    weighing=(Point(weighs=Weighs.FOR, text="Ønsker det selv"),),
                ),
            ),
            (7, Say(by="leila", text="Begynn gjerne hos dere. Vi kan ta søvnen hvis det ikke er nok.")),
            (6, links("tone", 0, OUTPATIENT)),
            (5, opens("leila")),
        ),
    )
