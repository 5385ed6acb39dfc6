"""What happened in Fjordheim in the last ninety days: about sixty referrals, and what `handed` and `threads` tell.

Every step is an act of a person, done with the referral slice's own functions; the machines do the rest.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final

from sqlalchemy.orm import Session

from handover import clock
from handover.demo import handed, threads
from handover.demo.community import (
    DPS,
    FACT,
    INTAKE,
    MUNICIPALITY,
    NEIGHBOUR_INTAKE,
    OUTPATIENT,
    PSYCHOLOGIST,
)
from handover.demo.people import DemoPatient, patients
from handover.demo.walk import APART, Walk, workday
from handover.ids import AgencyId, ReferralId, ServiceId, new_uuid
from handover.referral import service as referral
from handover.referral.lifecycle import Side
from handover.referral.model import (
    CONSENT_GIVEN,
    Acceptance,
    Appointment,
    AppointmentId,
    CodeSystem,
    Completion,
    Contact,
    Diagnosis,
    ReferralContent,
    Refusal,
    Urgency,
)

COMPLAINT: Final = (
    "Du kan klage til Statsforvalteren innen fire uker. Klagen sender du til Fjordheim DPS, som ser på saken på "
    "nytt først. Pasient- og brukerombudet kan hjelpe deg å skrive den."
)
PROBLEMS: Final = (
    (
        "Nedstemt i et halvt år, sover dårlig, er ikke på jobb. Samtaler i kommunen har ikke hjulpet nok.",
        "F32.1",
    ),
    ("Panikkanfall flere ganger i uken. Går ikke lenger ut alene.", "F41.0"),
    ("Har opplevd vold i et tidligere forhold. Mareritt, skvetten, unngår alt som minner om det.", "F43.1"),
    ("Tvangstanker og ritualer som tar fire timer hver dag.", "F42.2"),
    ("Svingninger mellom lite søvn med mange planer og uker i sengen. Familien er bekymret.", "F31.9"),
    ("Hører stemmer når hun er alene. Trygg når noen er hos henne. Ønsker hjelp.", "F29"),
    ("Langvarig angst og rusmiddelbruk. Motivert for behandling nå, har fått bolig.", "F10.2"),
    ("Strever med konsentrasjon og impulser fra barneårene. Ønsker utredning.", "F90.0"),
)
HISTORIES: Final = (
    "Gikk i gruppe i kommunen i fjor. Lærte pusteøvelser som hjelper litt.",
    "Innlagt en gang for åtte år siden. Ønsker ikke at det skal prege samtalen nå.",
    "Ingen tidligere kontakt med spesialisthelsetjenesten.",
)


@dataclass
class Case:
    """One referral under way in the story."""

    patient: DemoPatient
    referrer: str
    to: ServiceId
    urgency: Urgency = Urgency.ORDINARY
    number: int = 0
    id: ReferralId | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Step:
    """Something a person does, so many days after the referral was sent, at a time of the day."""

    days: float
    act: "Act"


Act = Callable[[Walk, Case, datetime], object]
HOME: Final = {"tone": PSYCHOLOGIST, "rune": FACT, "maja": PSYCHOLOGIST}


def schedule(now: datetime, *, every: int = 1) -> list[tuple[datetime, Callable[[Walk], object]]]:
    """Return the steps of every n-th case of the story, each at its instant, in order; none after `now`."""
    found: list[tuple[datetime, Callable[[Walk], object]]] = []
    for number, (ago, referrer, to, steps) in enumerate(_cases()):
        if number % every:
            continue
        patient = patients()[number % len(patients())]
        case = Case(patient, referrer, to, Urgency.URGENT if number % 9 == 4 else Urgency.ORDINARY, number)
        latest, before = now - len(steps) * APART, now - timedelta(days=ago + 7)
        for step in steps:
            planned = workday(
                now - timedelta(days=ago - step.days), hour=8 + (number * 5 + int(step.days * 7)) % 7
            )
            before = max(before + APART, min(planned, latest))
            latest += APART
            found.append((before, _bound(step.act, case)))
    more = (*handed.schedule(now, every=every), *threads.schedule(now, every=every))
    return sorted([*found, *more], key=lambda each: each[0])


def _bound(act: Act, case: Case) -> Callable[[Walk], object]:
    return lambda walk: act(walk, case, clock.now())


# --- who does what ---------------------------------------------------------------------------------------------


def write(walk: Walk, case: Case, now: datetime) -> None:
    """Begin a draft at the referrer's service."""

    def act(session: Session) -> ReferralId:
        by = walk.staff(session, case.referrer)
        stored = referral.create_draft(
            session, by=by, service=HOME[case.referrer], now=now, content=content(case), to=case.to
        )
        return stored.standing.referral

    case.id = walk.do(MUNICIPALITY, act)


def send(walk: Walk, case: Case, now: datetime) -> None:
    """Write and send, and let the time to undo pass."""
    write(walk, case, now)
    _referrer(referral.send)(walk, case, now)
    walk.to(now + timedelta(minutes=1))


def _turn(
    walk: Walk, session: Session, case: Case, now: datetime, by: str, side: Side, at: ServiceId
) -> referral.Turn:
    if case.id is None:
        raise LookupError("the story acts on a referral before it is written")
    return referral.Turn(referral=case.id, by=walk.staff(session, by), now=now, side=side, at=at)


def _act(side: Side, by: str, at: ServiceId, agency: AgencyId, act: Callable[..., object], *what: object) -> Act:
    def step(walk: Walk, case: Case, now: datetime) -> None:
        given = [each(case, now) if callable(each) else each for each in what]
        walk.do(agency, lambda session: act(session, _turn(walk, session, case, now, by, side, at), *given))

    return step


def _intake(act: Callable[..., object], *what: object, by: str = "ida") -> Act:
    return _act(Side.RECEIVER, by, INTAKE, DPS, act, *what)


def _clinic(act: Callable[..., object], *what: object) -> Act:
    return _act(Side.RECEIVER, "leila", OUTPATIENT, DPS, act, *what)


def _referrer(act: Callable[..., object], *what: object) -> Act:
    def step(walk: Walk, case: Case, now: datetime) -> None:
        _act(Side.REFERRER, case.referrer, HOME[case.referrer], MUNICIPALITY, act, *what)(walk, case, now)

    return step


# --- what is written -------------------------------------------------------------------------------------------


def content(case: Case) -> ReferralContent:
    """Return what the referrer writes."""
    problem, code = PROBLEMS[case.number % len(PROBLEMS)]
    person = case.patient
    return ReferralContent(
        patient=person.identity,
        urgency=case.urgency,
        problem=problem,
        history=HISTORIES[case.number % len(HISTORIES)],
        functioning="Klarer seg hjemme, men orker lite utenfor. Får hjelp til handling.",
        medications=("Sertralin 50 mg, 1 tablett om morgenen",) if case.number % 3 == 0 else (),
        diagnoses=(Diagnosis(system=CodeSystem.ICD_10, code=code, text="Tentativ"),),
        risk="Ingen selvmordsplaner nå. Har hatt tanker om at det er best å forsvinne. Kriseplan er laget.",
        network="God kontakt med en søster. Treffer venner sjelden.",
        next_of_kin=(Contact(name=f"Prøve {person.family}", relation="søsken", phone="+47 400 01 000"),),
        trusted_person=Contact(name="Vigdis Vik", relation="miljøterapeut", phone="+47 400 02 000"),
        helpers=(Contact(name="Bergtun legesenter", relation="fastlege", phone="55 00 09 00"),),
        consent=CONSENT_GIVEN,
        wished_contact="Gjerne en kvinnelig behandler" if case.number % 4 == 1 else "",
        can_join_first_appointment=case.number % 2 == 0,
    )


def _acceptance(_case: Case, now: datetime) -> Acceptance:
    return Acceptance(
        latest_start=(clock.local(now) + timedelta(days=70)).date(),
        next_step="Du får dag og klokkeslett for første time fra poliklinikken innen to uker.",
        assessor="Jon Vik",
        assessor_phone="55 00 02 38",
        complaint=COMPLAINT,
        reason="Du har nytte av behandling her, og vi venter at den gir bedring.",
    )


def _refusal(_case: Case, _now: datetime) -> Refusal:
    return Refusal(
        reason="Ut fra det som står i henvisningen, kan hjelpen gis i kommunen nå. Vi finner ikke tegn til at "
        "tilstanden krever spesialisthelsetjenesten.",
        advice="Vi råder til åtte til tolv samtaler hos kommunepsykologen. Ring oss gjerne for å drøfte det, og "
        "send en ny henvisning hvis det blir verre.",
        complaint=COMPLAINT,
        assessor="Jon Vik",
        assessor_phone="55 00 02 38",
    )


def _appointment(days: int) -> Callable[[Case, datetime], Appointment]:
    def make(case: Case, now: datetime) -> Appointment:
        day = clock.local(now) + timedelta(days=days)
        while day.weekday() >= 5:
            day += timedelta(days=1)
        return Appointment(
            id=AppointmentId(new_uuid()),
            start=clock.from_local(day.date(), time(9 + case.number % 6, 30)),
            minutes=60,
            place="Fjordheim DPS, Strandgata 4, 2. etasje",
            with_whom="Leila Haug, overlege",
            phone="55 00 02 20",
            companions="Tone Berg blir med" if case.number % 2 == 0 else "",
            practical="Meld deg i resepsjonen. Ta med medisinlisten din.",
        )

    return make


def _today(_case: Case, now: datetime) -> object:
    return clock.local(now).date()


DONE: Final = Completion(
    outcome="Tolv timer samtalebehandling. Sover bedre, er tilbake i halv stilling, vet hva som hjelper.",
    follow_up="Kommunepsykologen følger opp med samtale om en måned.",
)
QUESTION: Final = "Vi trenger en oversikt over medisinene nå, og om noe er endret det siste året."
REPLY: Final = "Sertralin 50 mg siden mars, ingen endring. Fastlegen følger opp. Ingen andre medisiner."


def _read(session: Session, turn: referral.Turn) -> None:
    referral.open_(session, turn)
    referral.show(session, turn)


OPEN = Step(1, _intake(_read))
TAKE = Step(1.2, _intake(referral.take))
JON = Step(1.2, _intake(referral.take, by="jon"))
ASK = Step(2, _intake(referral.ask, QUESTION))
ANSWER = Step(3, _referrer(referral.answer, REPLY))
ACCEPT = Step(5, _intake(referral.accept, _acceptance))
REJECT = Step(5, _intake(referral.reject, _refusal))
BOOK = Step(8, _intake(referral.schedule, _appointment(21)))
START = Step(31, _intake(referral.start, _today))
COMPLETE = Step(60, _intake(referral.complete, DONE))
SEEN = Step(6, _referrer(referral.show))
ASSESS: Final = (OPEN, TAKE)

_Told = tuple[float, str, ServiceId, tuple[Step, ...]]


def _cases() -> Iterator[_Told]:
    """Yield (sent days ago, who refers, where to, steps): every status is there, most of them old and done."""
    sent = Step(0, send)
    turns = ("tone", "rune", "tone")

    def told(days: Iterable[float], *steps: Step, to: ServiceId = INTAKE) -> Iterator[_Told]:
        return ((ago, turns[int(ago) % 3], to, (sent, *steps)) for ago in days)

    yield from ((ago, "tone", INTAKE, (Step(0, write),)) for ago in (1, 3))
    yield from told((0.5, 1.2), to=NEIGHBOUR_INTAKE)
    yield from told((0.2, 1, 2, 4))
    yield from told((2, 3), OPEN)
    yield from told((4, 5, 6, 8, 10), *ASSESS)
    yield from told(
        (22,), OPEN, JON, Step(4, _intake(referral.internal_note, "Drøftes i inntaksmøtet på tirsdag."))
    )
    yield from told((6, 9), *ASSESS, ASK)
    yield from told((8, 11), *ASSESS, ASK, ANSWER)
    yield from told((9, 12, 14, 16), OPEN, JON, ACCEPT)
    yield from told((14, 17, 20, 22, 24, 26), *ASSESS, ACCEPT, BOOK)
    yield from told(
        (33,), *ASSESS, ACCEPT, BOOK, Step(30, _intake(referral.no_show, "Vi ringer deg og avtaler ny time."))
    )
    yield from told((40, 45, 50, 55, 60), *ASSESS, ASK, ANSWER, ACCEPT, BOOK, START)
    yield from told((66, 70, 74, 78, 82, 86, 88), *ASSESS, ACCEPT, BOOK, START, COMPLETE)
    yield from told((15, 25, 35, 48, 62, 80), *ASSESS, REJECT, SEEN)
    yield from told((6,), OPEN, JON, REJECT)
    yield from told((7,), *ASSESS, Step(6.2, _intake(referral.redirect, NEIGHBOUR_INTAKE, _WHY_THERE)))
    yield from told((13, 27), *ASSESS, Step(3, _intake(referral.redirect, OUTPATIENT, _WHY_CLINIC)))
    yield from told(
        (52,),
        *ASSESS,
        Step(3, _intake(referral.redirect, OUTPATIENT, _WHY_CLINIC)),
        Step(4, _clinic(referral.open_)),
        Step(4.5, _clinic(referral.take)),
        Step(7, _clinic(referral.accept, _acceptance)),
        Step(9, _clinic(referral.schedule, _appointment(18))),
        Step(31, _clinic(referral.start, _today)),
    )
    yield from told((5,), *ASSESS, Step(4, _referrer(referral.request_withdrawal, "Pasienten har flyttet.")))
    yield from told(
        (28, 44),
        *ASSESS,
        Step(4, _referrer(referral.request_withdrawal, "Pasienten ønsker å vente.")),
        Step(5, _intake(referral.confirm_withdrawal)),
    )
    yield from told((19,), Step(0.2, _referrer(referral.retract, "Sendt på feil pasient.")))


_WHY_THERE: Final = "Havnes DPS har det regionale tilbudet for spiseforstyrrelser."
_WHY_CLINIC: Final = "Poliklinikken har plass i traumegruppen som starter snart."
