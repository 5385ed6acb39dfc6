"""What every use case of a thread does: fetch what the actor may see, write, log, plan, post.

Nothing here decides anything: that is `lifecycle`, `speaking` and `hearing`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from handover.actors import Actor, Author, Machine, Party, Patient, Role, Staff
from handover.audit import service as audit
from handover.audit.model import Detail
from handover.audit.model import Event as Logged
from handover.db import provided
from handover.errors import Conflict
from handover.exchange import blobs
from handover.exchange import service as exchange
from handover.exchange.model import Event, Outgoing, SealedBlob
from handover.fhir.problem import FhirInvalid
from handover.ids import AgencyId, CommunicationId, MessageId, PersonId, ServiceId, ThreadId, new_uuid
from handover.keys.keyring import Keyring
from handover.message import fhir, store
from handover.message.linking import Link, Unlink
from handover.message.model import Doing, Entry, File, Letter, Reason, Word
from handover.message.standing import Copy, Leaves, Standing
from handover.message.steps import Step, next_step
from handover.message.store import WRITERS, Stored
from handover.person import service as person
from handover.person.model import Identity
from handover.team import noticing
from handover.team import service as team
from handover.team.model import Place, TaskKind

WORK: Final = "message"
"""The kind of work item a thread is."""
MACHINE: Final = "message"
_NEWS: Final = "news"


class Unwritable(Conflict):
    """We could not write a valid message: a fault of ours, never the other side's (paths are in `details`)."""

    code = "message.unwritable"


class Stale(Conflict):
    """The thread has changed since the page was shown; nothing was changed."""

    code = "message.stale"


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Who acts in which thread, when, and what they had in front of them."""

    thread: ThreadId
    by: Staff
    now: datetime
    at: ServiceId | None = None
    """At which of the agency's services, where several take part; None: the one that changed last."""
    seen: datetime | None = None
    """When the copy on the page had changed last; None: do not compare."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What belongs to a line of history beside what was done."""

    message: CommunicationId | None = None
    party: Party | None = None
    reason: Reason | None = None
    text: str = field(default="", repr=False)
    document: bytes | None = None
    """By its SHA-256."""
    detail: Detail = field(default_factory=dict)
    author: Author | None = None
    """Of another service, where a machine writes down what they did."""
    about: PersonId | None = None
    """Whom the log says it was about, where the thread says so no more."""


NOTHING: Final = Said()


def fetch(session: Session, turn: Turn, *, roles: Sequence[Role] = WRITERS, lock: bool = True) -> Stored:
    """Return the copy the actor works with, locked. Raises ThreadNotFound, Stale."""
    stored = store.find(session, turn.thread, by=turn.by, at=turn.at, roles=roles, lock=lock)
    if turn.seen is not None and turn.seen != stored.updated_at:
        raise Stale
    return stored


def known_as(
    session: Session, patient: Patient, agencies: Sequence[AgencyId] | None = None
) -> list[tuple[AgencyId, PersonId]]:
    """Return as whom the agencies of this node know a patient, by the national number of the login."""
    asked = provided(session, Keyring).agencies if agencies is None else agencies
    return list(person.known_as(session, asked, patient.number).items())


def patient_of(session: Session, standing: Standing) -> Identity | None:
    """Return who a thread is about; None for nobody."""
    if standing.person is None:
        return None
    return person.identity_of(session, standing.home.agency, standing.person)


def record(
    session: Session,
    stored: Stored,
    after: Copy,
    doing: Doing,
    *,
    by: Actor,
    now: datetime,
    said: Said = NOTHING,
) -> Stored:
    """Write the copy after something was done, a line of its history, the audit row and the work that follows."""
    home = after.standing.home
    line = Entry(
        at=now,
        doing=doing,
        message=said.message,
        by=Author.of(by, home.service) if isinstance(by, Staff) else said.author,
        party=said.party,
        reason=said.reason,
        text=said.text,
        document=said.document,
    )
    saved = store.save(session, stored, after, now=now, entries=[line])
    log(
        session,
        after.standing,
        Logged(f"message.{doing.value}"),
        by=by,
        now=now,
        detail=said.detail,
        about=said.about,
    )
    plan(session, after, by=by, now=now)
    if doing is Doing.RECEIVE:
        noticing.tell_observers(session, place_of(after.standing), after.standing.observers, now=now)
    return saved


def log(
    session: Session,
    standing: Standing,
    event: Logged,
    *,
    by: Actor,
    now: datetime,
    detail: Detail | None = None,
    about: PersonId | None = None,
) -> None:
    """Log one event about one thread, and about whom it is, or was."""
    who = about or standing.person
    audit.record(
        session,
        event=event,
        actor=by,
        agency=standing.home.agency,
        persons=() if who is None else (who,),
        subject=standing.thread,
        service=standing.home.service,
        detail=detail,
        now=now,
    )


def plan(session: Session, copy: Copy, *, by: Actor, now: datetime) -> None:
    """Give the service its next step in a thread, owner and date, or close its work."""
    step, place = next_step(copy), place_of(copy.standing)
    todo = None if step is None else (step.step.value, step.due_at)
    team.plan(session, place, todo, owner=copy.standing.owner, by=by, now=now)
    if step is not None and step.is_ours and step.step is not Step.FINISH_DRAFT:
        noticing.tell(session, place, owner=copy.standing.owner, by=by, now=now)


def place_of(standing: Standing) -> Place:
    """Return where the thread's work item lies."""
    return Place(standing.home.agency, standing.home.service, WORK, standing.thread)


def raise_task(session: Session, standing: Standing, kind: TaskKind, text: str, *, now: datetime) -> None:
    """Leave a task for the thread's owner, else for its service. `text`: codes, or documents' titles."""
    team.raise_task_at(session, place_of(standing), kind, text, for_staff=standing.owner, now=now)


def machine(agency: AgencyId) -> Machine:
    """Return the actor for what nobody did."""
    return Machine(agency=agency, name=MACHINE)


# --- what leaves -------------------------------------------------------------------------------------------------


def post_all(
    session: Session, copy: Copy, leaves: Iterable[Leaves], *, now: datetime, not_before: datetime | None = None
) -> tuple[dict[Party, MessageId], tuple[MessageId, ...]]:
    """Promise what leaves a copy; return the envelopes of its letters by receiver, and of everything else."""
    letters: dict[Party, MessageId] = {}
    others = []
    for each in leaves:
        envelope = post(session, copy.standing, each, now=now, not_before=not_before)
        if isinstance(each, Letter):
            letters[each.receiver] = envelope
        else:
            others.append(envelope)
    return letters, tuple(others)


def post(
    session: Session, standing: Standing, leaving: Leaves, *, now: datetime, not_before: datetime | None = None
) -> MessageId:
    """Promise one thing to another member. Raises Unwritable; files are encrypted here."""
    if isinstance(leaving, Letter):
        sealed = tuple(_sealed(session, standing, file, now) for file in files_of(leaving))
        return promise(session, leaving, sealed, Event.CARE_MESSAGE, now=now, not_before=not_before)
    event = Event.CARE_MESSAGE_STATUS if isinstance(leaving, Word) else Event.CARE_MESSAGE_RETRACT
    return promise(session, leaving, (), event, now=now, not_before=not_before)


def answer_without_thread(session: Session, word: Word, *, now: datetime) -> None:
    """Promise a word from a service that keeps no copy of the thread (yet)."""
    promise(session, word, (), Event.CARE_MESSAGE_STATUS, now=now)


def files_of(letter: Letter) -> tuple[File, ...]:
    """Return every file of a letter in the order in which it names them: its own, then of what it forwards."""
    return (*letter.content.files, *(file for each in letter.forwards for file in each.files))


def _sealed(session: Session, standing: Standing, file: File, now: datetime) -> SealedBlob:
    data = store.file_data(session, standing, file)
    return blobs.seal(session, standing.home.agency, data, content_type=file.content_type, now=now)


def promise(
    session: Session,
    leaving: Leaves | Link | Unlink,
    sealed: tuple[SealedBlob, ...],
    event: Event,
    *,
    now: datetime,
    not_before: datetime | None = None,
) -> MessageId:
    """Promise what is written to its receiver. Raises Unwritable."""
    envelope = MessageId(new_uuid())
    outgoing = Outgoing(
        message=envelope,
        sender=leaving.sender.agency,
        receiver=leaving.receiver.agency,
        event=event,
        payload=fhir.written(leaving, sealed, message=envelope),
        subject=subject_of(leaving),
        not_before=not_before,
        attachments=sealed,
    )
    try:
        exchange.post(session, outgoing, now=now)
    except FhirInvalid as invalid:
        raise Unwritable(problems=[f"{each.path}: {each.code.value}" for each in invalid.problems]) from invalid
    return envelope


# --- the handle that the exchange hands back ---------------------------------------------------------------------


@dataclass(frozen=True)
class Handle:
    """What an envelope was about at its sender: ids only."""

    home: Party
    thread: ThreadId
    message: CommunicationId | None
    to: Party
    is_news: bool = False
    """`Word.is_news`."""


def subject_of(leaving: Leaves | Link | Unlink) -> str:
    """Return the handle that the exchange hands back in facts and alarms."""
    thread = leaving.heading.thread if isinstance(leaving, Letter) else leaving.thread
    about = leaving.id if isinstance(leaving, Letter) else getattr(leaving, "message", "")
    if isinstance(leaving, Word) and leaving.is_news:
        about = _NEWS
    to = leaving.receiver
    return f"message/{leaving.sender.service}/{thread}/{about}/{to.agency}/{to.service}"


def handle_of(agency: AgencyId, subject: str | None) -> Handle | None:
    """Return what a handle names; None when it is none of ours."""
    parts = (subject or "").split("/")
    if len(parts) != 6 or parts[0] != "message":
        return None
    try:
        thread = ThreadId(UUID(parts[2]))
        message = CommunicationId(UUID(parts[3])) if parts[3] not in {"", _NEWS} else None
    except ValueError:
        return None
    to = Party(AgencyId(parts[4]), ServiceId(parts[5]))
    return Handle(Party(agency, ServiceId(parts[1])), thread, message, to, is_news=parts[3] == _NEWS)


def of_handle(session: Session, agency: AgencyId, subject: str | None, *, lock: bool = True) -> Stored | None:
    """Return the copy a handle names; None when it names none of ours."""
    handle = handle_of(agency, subject)
    return None if handle is None else store.at_home(session, handle.home, handle.thread, lock=lock)
