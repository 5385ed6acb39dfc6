"""What every use case of a handover does: fetch what the actor may see, write, log, plan, tell.

Nothing here decides anything: that is `lifecycle` and `standing`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from handover.actors import Actor, Author, Machine, Party, Patient, Staff
from handover.audit import service as audit
from handover.audit.model import Detail
from handover.audit.model import Event as Logged
from handover.bundle import noticing, store
from handover.bundle.lifecycle import Act, Side, Version
from handover.bundle.model import Entry, RequestId
from handover.bundle.standing import Standing
from handover.bundle.steps import next_step
from handover.bundle.store import HandoverNotFound, Stored
from handover.db import provided
from handover.errors import Conflict
from handover.exchange import service as exchange
from handover.exchange.model import Event, Outgoing, SealedBlob
from handover.fhir.problem import FhirInvalid
from handover.ids import AgencyId, HandoverId, MessageId, PersonId, ServiceId
from handover.keys.keyring import Keyring
from handover.person import service as person
from handover.team import service as team
from handover.team.model import Place, TaskKind

WORK: Final = {Side.SENDER: "handover-sent", Side.RECEIVER: "handover-received"}
"""The kind of work item each side has."""
MACHINE: Final = "handover"
BY_PATIENT: Final = frozenset(
    {
        Act.MARK,
        Act.WRITE_OWN_WORDS,
        Act.PAUSE,
        Act.RESUME,
        Act.APPROVE,
        Act.TAKE_BACK_YES,
        Act.RELEASE_MORE,
        Act.WITHDRAW,
        Act.REOPEN,
    }
)
"""Acts of the patient: a clinician who does one does it on the patient's word, and the log says so."""


class Unwritable(Conflict):
    """We could not write a valid message: a fault of ours, never the other side's (paths are in `details`)."""

    code = "bundle.unwritable"


class Stale(Conflict):
    """The page shows an older version of the handover; nothing was changed."""

    code = "bundle.stale"


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Who acts on which handover, when, and what they had in front of them."""

    handover: HandoverId
    by: Staff | Patient
    now: datetime
    side: Side
    """Whose part is played; a staff member at the sender also does what the patient says (`BY_PATIENT`)."""
    seen: Version | None = None
    """The version the page showed; None: do not compare."""
    at: ServiceId | None = None
    """At which of the agency's services, where several keep a copy; None: the one furthest on."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What belongs to a line of history beside the act."""

    text: str = field(default="", repr=False)
    request: RequestId | None = None
    sha256: str | None = None
    detail: Detail = field(default_factory=dict)


NOTHING: Final = Said()


def fetch(session: Session, turn: Turn, *, lock: bool = True) -> Stored:
    """Return the copy the actor works with, locked. Raises HandoverNotFound, Stale."""
    if isinstance(turn.by, Patient):
        if turn.side is not Side.PATIENT:
            raise HandoverNotFound
        persons = known_as(session, turn.by)
        stored = store.find_own(session, turn.handover, persons=persons, lock=lock)
    else:
        if turn.side not in WORK:
            raise HandoverNotFound
        stored = store.find(session, turn.handover, side=turn.side, by=turn.by, at=turn.at, lock=lock)
    if turn.seen is not None and turn.seen != stored.standing.version:
        raise Stale(status=stored.standing.status.value)
    return stored


def known_as(
    session: Session, patient: Patient, agencies: Sequence[AgencyId] | None = None
) -> list[tuple[AgencyId, PersonId]]:
    """Return as whom the agencies of this node know a patient, by the national number of the login."""
    asked = provided(session, Keyring).agencies if agencies is None else agencies
    return list(person.known_as(session, asked, patient.number).items())


def is_on_patients_word(by: Actor, act: Act) -> bool:
    """Whether a staff member does what is the patient's to do."""
    return isinstance(by, Staff) and act in BY_PATIENT


def record(
    session: Session,
    stored: Stored,
    after: Standing,
    act: Act,
    *,
    by: Actor,
    now: datetime,
    said: Said = NOTHING,
    entry: Entry | None = None,
) -> Stored:
    """Write the copy after an act, a line of its history, the audit row and the work that follows.

    `entry` replaces the line that would be written, for acts that say more.
    """
    line = entry or line_of(after, act, by=by, now=now, said=said)
    saved = store.save(session, stored, after, now=now, entries=[line])
    log_act(session, saved, act, by=by, now=now, detail=said.detail)
    plan(session, after, by=by, now=now)
    noticing.tell_patient(session, after, place_of(after), act, by=by, now=now)
    return saved


def line_of(standing: Standing, act: Act, *, by: Actor, now: datetime, said: Said = NOTHING) -> Entry:
    """Return a line of history."""
    return Entry(
        at=now,
        act=act,
        status=standing.status,
        version=standing.version,
        side=_side_of(standing, by),
        author=Author.of(by, standing.home.service) if isinstance(by, Staff) else None,
        on_patients_word=is_on_patients_word(by, act),
        text=said.text,
        request=said.request,
        sha256=said.sha256,
    )


def log_act(
    session: Session, stored: Stored, act: Act, *, by: Actor, now: datetime, detail: Detail | None = None
) -> None:
    """Log one act about one copy; what was done on the patient's word says so."""
    more: Detail = {"on_patients_word": True} if is_on_patients_word(by, act) else {}
    log(session, stored, Logged(f"handover.{act.value}"), by=by, now=now, detail={**(detail or {}), **more})


def log(
    session: Session, stored: Stored, event: Logged, *, by: Actor, now: datetime, detail: Detail | None = None
) -> None:
    """Log one event about one copy."""
    standing = stored.standing
    audit.record(
        session,
        event=event,
        actor=by,
        agency=standing.home.agency,
        persons=(standing.person,),
        subject=standing.handover,
        service=standing.home.service,
        detail=detail,
        now=now,
    )


def plan(session: Session, standing: Standing, *, by: Actor, now: datetime) -> None:
    """Give the copy's service its next step, owner and date, or close its work."""
    step, place = next_step(standing), place_of(standing)
    todo = None if step is None else (step.step.value, step.due_at)
    team.plan(session, place, todo, owner=standing.owner, by=by, now=now)
    if step is not None:
        noticing.tell_staff(session, standing, place, by=by, now=now)


def place_of(standing: Standing) -> Place:
    """Return where the copy's work item lies."""
    return Place(standing.home.agency, standing.home.service, WORK[standing.side], standing.handover)


def raise_task(session: Session, standing: Standing, kind: TaskKind, text: str, *, now: datetime) -> None:
    """Leave a task for the copy's owner, else for its service. `text`: codes and paths, never content."""
    team.raise_task_at(session, place_of(standing), kind, text, for_staff=standing.owner, now=now)


def machine(agency: AgencyId) -> Machine:
    """Return the actor for what nobody did."""
    return Machine(agency=agency, name=MACHINE)


def post(  # noqa: PLR0913 - one keyword for each thing a message has
    session: Session,
    standing: Standing,
    event: Event,
    payload: bytes,
    *,
    message: MessageId,
    now: datetime,
    about: str = "",
    not_before: datetime | None = None,
    blobs: Sequence[SealedBlob] = (),
) -> None:
    """Promise one message from this copy's service to the other side. Raises Unwritable, HandoverNotFound.

    `about` is an id or code that comes back with the facts of its delivery.
    """
    to = standing.counterpart
    if to is None:
        raise HandoverNotFound
    outgoing = Outgoing(
        message=message,
        sender=standing.home.agency,
        receiver=to.agency,
        event=event,
        payload=payload,
        subject=subject_of(standing, about),
        not_before=not_before,
        attachments=tuple(blobs),
    )
    promise(session, outgoing, now=now)


def promise(session: Session, outgoing: Outgoing, *, now: datetime) -> None:
    """Promise one message to the exchange. Raises Unwritable."""
    try:
        exchange.post(session, outgoing, now=now)
    except FhirInvalid as invalid:
        raise Unwritable(problems=[f"{each.path}: {each.code.value}" for each in invalid.problems]) from invalid


def subject_of(standing: Standing, about: str = "") -> str:
    """Return the handle that the exchange hands back in facts and alarms: ids only."""
    return f"handover/{standing.side.value}/{standing.home.service}/{standing.handover}/{about}"


def about_of(subject: str | None) -> str:
    """Return what a message was about, from its handle."""
    parts = (subject or "").split("/")
    return parts[4] if len(parts) == 5 else ""


def of_subject(session: Session, agency: AgencyId, subject: str | None, *, lock: bool = True) -> Stored | None:
    """Return the copy a handle names; None when it names none of ours."""
    parts = (subject or "").split("/")
    if len(parts) != 5 or parts[0] != "handover":
        return None
    try:
        side, handover = Side(parts[1]), HandoverId(UUID(parts[3]))
    except ValueError:
        return None
    return store.at_home(session, Party(agency, ServiceId(parts[2])), side, handover, lock=lock)


def changed(standing: Standing, now: datetime, **changes: object) -> Standing:
    """Return the standing with changes that are no act of the lifecycle."""
    return replace(standing, changed_at=now, **changes)  # type: ignore[arg-type]


def _side_of(standing: Standing, by: Actor) -> Side:
    if isinstance(by, Patient):
        return Side.PATIENT
    return standing.side if isinstance(by, Staff) else Side.MACHINE
