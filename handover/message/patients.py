"""What a patient sees of threads about them: between whom, about what, when, on what basis, who opened what.

The words are shown where the author's agency lets the patient read them. Several copies at one node are shown as
one thread. What is somebody else's is not there; a draft is nobody's but its writers', and so is a message that
its writer can still undo: neither it nor whom it lets in is shown before it leaves.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from handover.actors import Party, Patient
from handover.audit import service as audit
from handover.audit.model import Entry as LogEntry
from handover.audit.model import Event as Logged
from handover.exchange import service as exchange
from handover.exchange.files import File
from handover.exchange.words import waits_for_scanner
from handover.ids import AgencyId, CommunicationId, PersonId, ServiceId, ThreadId
from handover.message import cases, scope, speaking, store
from handover.message.lifecycle import TAKEN_BACK, Status
from handover.message.model import Basis, Heading, Member, Message, Opened
from handover.message.reading import can_be_undone, deliveries
from handover.message.standing import Copy, shown, written_here
from handover.message.steps import Shelf, shelf_of
from handover.message.store import Stored, ThreadNotFound

OPENINGS: Final = frozenset(
    {
        Logged.MESSAGE_READ,
        Logged.MESSAGE_OPEN,
        Logged.MESSAGE_SEND,
        Logged.MESSAGE_RETRACT,
        Logged.ATTACHMENT_READ,
        Logged.EXPORT,
    }
)
"""What of the log says that somebody saw a thread."""


@dataclass(frozen=True, kw_only=True)
class PatientFile:
    """A document of a message, and at which services it is not, because of viruses."""

    sha256: bytes
    name: str = field(repr=False)
    waits_at: frozenset[Party] = frozenset()
    """Where the virus scanner has not looked at it yet."""
    infected_at: frozenset[Party] = frozenset()
    """Where it was not taken in: it holds a virus."""
    unchecked_at: frozenset[Party] = frozenset()
    """Where it was not taken in: the virus scanner could not look at it."""


@dataclass(frozen=True, kw_only=True)
class PatientMessage:
    """One message as its patient sees it."""

    id: CommunicationId
    written_at: datetime
    sender: Party
    to: tuple[Party, ...]
    opened: tuple[tuple[Party, Opened], ...]
    is_taken_back: bool
    text: str | None = field(repr=False)
    """None where the author's agency does not let patients read it, or it was taken back."""
    files: tuple[PatientFile, ...]
    """Its documents, where the words may be read: never their bytes."""


@dataclass(frozen=True, kw_only=True)
class PatientBasis:
    """A yes of the patient's on which something was or may be sent."""

    sender: Party
    receiver: Party
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class PatientThread:
    """A thread as its patient sees it."""

    heading: Heading
    """Without its line."""
    homes: tuple[Party, ...]
    """The services here that keep a copy, the one that changed last first."""
    persons: tuple[tuple[AgencyId, PersonId], ...]
    """As whom their agencies know the patient."""
    members: tuple[Member, ...]
    purpose: str
    rests_on: tuple[PatientBasis, ...]
    messages: tuple[PatientMessage, ...]
    """By written time."""
    updated_at: datetime


def my_threads(
    session: Session, agencies: Sequence[AgencyId], by: Patient, *, now: datetime
) -> tuple[PatientThread, ...]:
    """Return the threads about a patient at these agencies, latest first; one row in the log of each agency."""
    known = cases.known_as(session, by, agencies)
    found = _left(session, store.about(session, known), now)
    for agency, who in known:
        if any(each.standing.home.agency == agency for each in found):
            audit.record(session, event=Logged.MESSAGE_LIST, actor=by, agency=agency, persons=(who,), now=now)
    together = _together(session, found, now)
    return tuple(sorted(together, key=lambda each: each.updated_at, reverse=True))


def my_thread(session: Session, by: Patient, thread: ThreadId, *, now: datetime) -> PatientThread:
    """Return one thread, and log that the patient read it. Raises ThreadNotFound."""
    copies = _mine(session, by, thread, now)
    for each in copies:
        cases.log(session, each.standing, Logged.MESSAGE_READ, by=by, now=now)
    return next(_together(session, copies, now))


def who_opened(session: Session, by: Patient, thread: ThreadId, *, now: datetime) -> tuple[LogEntry, ...]:
    """Return who at this node has opened, sent or taken back something in the thread, newest first.

    Nothing of what is only promised to be sent, nor of what was undone.
    """
    copies = _mine(session, by, thread, now)
    for each in copies:
        cases.log(session, each.standing, Logged.LOG_READ, by=by, now=now)
    return openings(session, cases.known_as(session, by), thread, now=now)


def openings(
    session: Session, known: Iterable[tuple[AgencyId, PersonId]], thread: ThreadId, *, now: datetime
) -> tuple[LogEntry, ...]:
    """Return what the log says of who saw a person's thread, newest first; no sending of what has not left."""
    entries = [
        entry
        for agency, owner in known
        for entry in audit.entries_of_case(session, agency, owner, thread, OPENINGS)
    ]
    copies: dict[tuple[AgencyId, ServiceId | None], Stored | None] = {
        (agency, service): store.at_home(session, Party(agency, service), thread, lock=False)
        for agency, service in {(each.agency, each.service) for each in entries}
        if service is not None
    }
    found = (
        each for each in entries if not _still_waits(session, copies.get((each.agency, each.service)), each, now)
    )
    return tuple(sorted(found, key=lambda entry: entry.at, reverse=True))


def _still_waits(session: Session, stored: Stored | None, entry: LogEntry, now: datetime) -> bool:
    """Whether a line of the log says that something was sent which can be undone, or was."""
    if stored is None or entry.event is not Logged.MESSAGE_SEND:
        return False
    message = written_here(stored.copy, CommunicationId(UUID(str(entry.detail["message"]))))
    is_draft = message.status in {Status.DRAFT, Status.DISCARDED}
    return is_draft or entry.at < message.written_at or _is_undoable(session, message, now)


def _mine(session: Session, by: Patient, thread: ThreadId, now: datetime) -> tuple[Stored, ...]:
    found = store.about(session, cases.known_as(session, by))
    copies = _left(session, (each for each in found if each.standing.thread == thread), now)
    if not copies:
        raise ThreadNotFound
    return copies


def _left(session: Session, found: Iterable[Stored], now: datetime) -> tuple[Stored, ...]:
    """Return copies without what can still be undone; not those in which nothing else has happened yet."""
    copies = (replace(each, copy=_without_what_waits(session, each.copy, now)) for each in found)
    return tuple(each for each in copies if shelf_of(each.copy) is not Shelf.DRAFT)


def _without_what_waits(session: Session, copy: Copy, now: datetime) -> Copy:
    for message in copy.messages:
        if _is_undoable(session, message, now):
            copy = speaking.undo_send(copy, message.id, now=message.written_at)
    return copy


def _is_undoable(session: Session, message: Message, now: datetime) -> bool:
    is_on_its_way = message.status is Status.SENT and all(each.arrived_at is None for each in message.receipts)
    return is_on_its_way and can_be_undone(message, deliveries(session, message, now), now)


def _together(session: Session, found: Iterable[Stored], now: datetime) -> Iterator[PatientThread]:
    """Yield the copies of each thread as one."""
    by_thread = sorted(found, key=lambda each: each.standing.thread)
    for _thread, copies in groupby(by_thread, key=lambda each: each.standing.thread):
        latest_first = sorted(copies, key=lambda each: each.updated_at, reverse=True)
        yield _as_one(session, latest_first, now)


def _as_one(session: Session, copies: Sequence[Stored], now: datetime) -> PatientThread:
    standing = copies[0].standing
    members = {member.party: member for each in copies for member in each.standing.members}
    return PatientThread(
        heading=replace(standing.heading, line=""),
        homes=tuple(each.standing.home for each in copies),
        persons=tuple(
            (each.standing.home.agency, each.standing.person)
            for each in copies
            if each.standing.person is not None
        ),
        members=tuple(sorted(members.values(), key=lambda each: each.since)),
        purpose=standing.purpose,
        rests_on=tuple(dict.fromkeys(basis for each in copies for basis in _bases(session, each, now))),
        messages=_messages(session, copies, now),
        updated_at=max(each.updated_at for each in copies),
    )


def _bases(session: Session, stored: Stored, now: datetime) -> Iterator[PatientBasis]:
    home = stored.standing.home
    for to in stored.standing.others:
        for basis in scope.basis_of(session, stored.standing, to, now=now):
            yield PatientBasis(sender=home, receiver=to, basis=basis)
    for message in stored.copy.messages:
        for basis in message.rests_on:
            yield PatientBasis(sender=message.sender, receiver=home, basis=basis)


def _messages(session: Session, copies: Sequence[Stored], now: datetime) -> tuple[PatientMessage, ...]:
    found: dict[CommunicationId, PatientMessage] = {}
    for stored in copies:
        for message in shown(stored.copy):
            if message.status is not Status.DRAFT:
                seen = _message(session, stored.standing.home, message, now)
                held = found.get(message.id)
                found[message.id] = seen if held is None else _both(held, seen)
    return tuple(sorted(found.values(), key=lambda each: (each.written_at, each.id)))


def _message(session: Session, home: Party, message: Message, now: datetime) -> PatientMessage:
    told = [(each.to, each.opened) for each in message.receipts if each.opened is not None]
    if message.opened is not None:
        told.append((home, message.opened))
    is_taken_back = message.status in TAKEN_BACK
    may_read = message.patient_reads and not is_taken_back
    return PatientMessage(
        id=message.id,
        written_at=message.written_at,
        sender=message.sender,
        to=message.to,
        opened=tuple(told),
        is_taken_back=is_taken_back,
        text=message.content.text if may_read else None,
        files=_files(session, home, message, now) if may_read else (),
    )


def _files(session: Session, home: Party, message: Message, now: datetime) -> tuple[PatientFile, ...]:
    """Return a message's documents, and where this copy knows that one is not, here or at a receiver."""
    if not message.content.files:
        return ()
    not_there = {each.to for each in message.receipts if each.arrived_at is None}
    late = {to: each for to, each in deliveries(session, message, now).items() if to in not_there}
    is_held_back = any(waits_for_scanner(each) for each in late.values())
    stopped = {
        to: {file.sha256 for file in exchange.infected_in(session, each.sender, each.message, each.problems)}
        for to, each in late.items()
    }

    def of(file: File) -> PatientFile:
        waits = is_held_back or file.sha256 in message.unscanned
        infected = {home} if file.sha256 in message.infected else set()
        unchecked = {home} if file.sha256 in message.unchecked else set()
        infected |= {to for to, found in stopped.items() if file.sha256 in found}
        infected |= {each.to for each in message.receipts if file.sha256 in each.infected}
        unchecked |= {each.to for each in message.receipts if file.sha256 in each.unchecked}
        return PatientFile(
            sha256=file.sha256,
            name=file.name,
            waits_at=frozenset({home} if waits else ()),
            infected_at=frozenset(infected),
            unchecked_at=frozenset(unchecked),
        )

    return tuple(of(each) for each in message.content.files)


def _both(one: PatientMessage, other: PatientMessage) -> PatientMessage:
    """Return what two copies know of a message."""
    is_taken_back = one.is_taken_back or other.is_taken_back
    return replace(
        one,
        opened=tuple(dict((*one.opened, *other.opened)).items()),
        is_taken_back=is_taken_back,
        text=None if is_taken_back else (one.text if one.text is not None else other.text),
        files=() if is_taken_back else _together_known(one.files, other.files),
    )


def _together_known(some: Sequence[PatientFile], others: Sequence[PatientFile]) -> tuple[PatientFile, ...]:
    """Return documents with what two copies know of them."""
    known = {(each.sha256, each.name): each for each in some}
    for each in others:
        held = known.get((each.sha256, each.name), each)
        known[each.sha256, each.name] = replace(
            held,
            waits_at=held.waits_at | each.waits_at,
            infected_at=held.infected_at | each.infected_at,
            unchecked_at=held.unchecked_at | each.unchecked_at,
        )
    return tuple(known.values())
