"""What people see of a handover: one case, the sender's list, the patient's own, a document, a file.

Every function logs what it shows, in the same transaction (rule 18): one row for a case, one for a list. Nothing
that is private to the patient is in what a clinician is given: no item, no number, no order.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from handover.actors import Party, Patient, Staff
from handover.audit import service as audit
from handover.audit.model import Entry as LogEntry
from handover.audit.model import Event as Logged
from handover.bundle import cases, following, freezing, noticing, scope, store, writing
from handover.bundle.cases import Turn
from handover.bundle.lifecycle import AT_SENDER, Act, Side, Status
from handover.bundle.model import Entry, File, Frozen, Item, Mark, Topic, TopicCode
from handover.bundle.standing import Standing, for_patient, offered, responsible
from handover.bundle.steps import NextStep, Shelf, next_step
from handover.bundle.store import HandoverNotFound, Stored
from handover.bundle.topics import of_agency
from handover.errors import NotFound
from handover.exchange import service as exchange
from handover.exchange.model import Delivery
from handover.ids import AgencyId, PersonId, ServiceId
from handover.person import service as person
from handover.person.model import Identity
from handover.team import noticing as team_noticing
from handover.team import service as team
from handover.team.model import InternalNote, Task

PAGE: Final = 50
LATELY: Final = 30
"""So many handovers are looked at for whom a service writes to."""
_TRAVELLED: Final = frozenset({Act.SEND, Act.SEND_AGAIN, Act.RELEASE_MORE, Act.ARRIVE})
_OPENINGS: Final = frozenset(
    {Logged.HANDOVER_READ, Logged.HANDOVER_OPEN, Logged.HANDOVER_DOCUMENT_READ, Logged.ATTACHMENT_READ}
)
OPEN: Final = (Shelf.DRAFT, Shelf.TO_DO, Shelf.WAITING)


@dataclass(frozen=True, kw_only=True)
class Case:
    """Everything one page shows of a handover, to one reader."""

    standing: Standing
    patient: Identity = field(repr=False)
    responsible: Party
    history: tuple[Entry, ...]
    acts: tuple[Act, ...]
    """What this reader may do now; to a patient who is not shown a decline yet nothing that it would refuse."""
    items: tuple[Item, ...] = ()
    """At the origin: what this reader is shown, numbered from 1."""
    topics: Mapping[TopicCode, Topic] = field(default_factory=dict)
    """At the origin: the agency's ready topics, in the order they are shown."""
    permitted: frozenset[str] | None = None
    """Topics of a permit that may be marked to go along to this receiver; None: everything."""
    file_id: Callable[[File], str] = field(repr=False)
    """What a file of this case is called in an address (`file_of`)."""
    document_id: Callable[[str], str] = field(repr=False)
    """What a document of this case is called in an address, by its hash."""
    is_yes_valid: bool = False
    next: NextStep | None = None
    delivery: Delivery | None = None
    """How far the latest sending came: the three receipts."""
    infected: tuple[str, ...] = field(default=(), repr=False)
    """Titles of the files with a virus for which it was refused; to staff."""
    notes: tuple[InternalNote, ...] = ()
    """Yellow notes; only at the service where they were written."""
    tasks: tuple[Task, ...] = ()

    @property
    def undecided(self) -> tuple[Item, ...]:
        """What nothing was chosen for yet: it stays, and is named once before the yes."""
        return tuple(item for item in self.items if item.marked.mark is Mark.UNDECIDED)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One line of a list."""

    standing: Standing
    patient: Identity = field(repr=False)
    responsible: Party
    next: NextStep | None
    updated_at: datetime


def case_of(session: Session, turn: Turn) -> Case:
    """Return a case as this reader sees it, and log that it was read; who reads a decline has opened it.

    A yes to something else than what would travel now lapses here at the latest, and the page says so.
    """
    stored = freezing.lapse_if_changed(session, fetch_to_read(session, turn), now=turn.now)
    if turn.side is Side.SENDER:
        stored = _decline_read(session, stored, turn)
    cases.log(session, stored, Logged.HANDOVER_READ, by=turn.by, now=turn.now)
    if isinstance(turn.by, Patient):
        known = dict(cases.known_as(session, turn.by))
        team_noticing.patient_opened(session, [turn.handover], known, now=turn.now)
    return show(session, stored, turn)


def patient_of(session: Session, turn: Turn) -> PersonId:
    """Return whom a handover is about, and log that it was read."""
    stored = cases.fetch(session, turn, lock=False)
    cases.log(session, stored, Logged.HANDOVER_READ, by=turn.by, now=turn.now)
    return stored.standing.person


def written_to(session: Session, by: Staff) -> tuple[tuple[ServiceId, datetime], ...]:
    """Return who gets the latest handovers of the reader's services, and when each changed; never about whom."""
    shelves = (Shelf.TO_DO, Shelf.WAITING, Shelf.CLOSED)
    found = store.page(session, by=by, side=Side.SENDER, shelves=shelves, limit=LATELY)
    gets = ((each.standing.receiver, each.updated_at) for each in found)
    return tuple((receiver.service, at) for receiver, at in gets if receiver is not None)


def fetch_to_read(session: Session, turn: Turn) -> Stored:
    """Return the copy somebody reads: a patient reads the receiver's where the sender's is at another node."""
    if not isinstance(turn.by, Patient):
        return cases.fetch(session, turn)
    try:
        return cases.fetch(session, turn)
    except HandoverNotFound:
        found = store.copies_about(session, cases.known_as(session, turn.by))
        here = [each for each in found if each.standing.handover == turn.handover]
        if turn.side is not Side.PATIENT or not here:
            raise
        return here[0]


def show(session: Session, stored: Stored, turn: Turn) -> Case:
    """Return what a page shows of a copy that was fetched already."""
    standing, history = stored.standing, store.history(session, stored.standing)
    at_origin = standing.side is Side.SENDER
    is_staff = isinstance(turn.by, Staff)
    delivery = _delivery(session, standing, turn.now)
    acts = offered(standing, turn.side)
    if not is_staff:
        standing, history = _for_patient(standing, history, turn.now)
        acts = tuple(act for act in offered(standing, turn.side) if act in acts)
    return Case(
        standing=standing,
        patient=person.identity_of(session, stored.agency, standing.person),
        responsible=responsible(standing, turn.now),
        history=history,
        acts=acts if is_staff or at_origin else (),
        items=writing.shown_items(session, stored, turn) if at_origin else (),
        topics=of_agency(session, stored.agency) if at_origin else {},
        permitted=scope.permitted(session, stored.standing, turn.now) if at_origin else None,
        file_id=store.file_ids(session, standing),
        document_id=store.document_ids(session, standing),
        is_yes_valid=at_origin and freezing.is_still_approved(session, standing),
        next=next_step(standing),
        delivery=delivery,
        infected=_infected(session, stored, delivery) if is_staff else (),
        notes=team.notes(session, cases.place_of(standing)) if is_staff else (),
        tasks=team.tasks_about(session, stored.agency, standing.handover) if is_staff else (),
    )


def who_opened(session: Session, turn: Turn) -> tuple[LogEntry, ...]:
    """Return who at this node has opened or read the patient's own handover, newest first."""
    stored = fetch_to_read(session, turn)
    if not isinstance(turn.by, Patient):
        raise HandoverNotFound
    cases.log(session, stored, Logged.LOG_READ, by=turn.by, now=turn.now)
    entries = [
        entry
        for agency, owner in cases.known_as(session, turn.by)
        for entry in audit.entries_of_case(session, agency, owner, turn.handover, _OPENINGS)
    ]
    return tuple(sorted(entries, key=lambda entry: entry.at, reverse=True))


def mine(
    session: Session,
    by: Staff,
    *,
    now: datetime,
    side: Side = Side.SENDER,
    service: ServiceId | None = None,
    shelves: Sequence[Shelf] = OPEN,
    after: store.Cursor | None = None,
) -> tuple[Listed, ...]:
    """Return the handovers of the services where the reader works, the latest change first; one row in the log."""
    found = store.page(session, by=by, side=side, service=service, shelves=shelves, after=after, limit=PAGE)
    lines = _listed(session, found, now, is_staff=True)
    audit.record(
        session,
        event=Logged.HANDOVER_LIST,
        actor=by,
        agency=by.agency,
        persons=tuple(each.standing.person for each in lines),
        service=service,
        now=now,
    )
    return lines


def counts(session: Session, by: Staff, *, side: Side = Side.SENDER) -> dict[Shelf, int]:
    """Return how many handovers stand on each shelf of those services, at most COUNT_CAP; nothing to log."""
    return store.counts(session, by=by, side=side)


def my_handovers(
    session: Session, agencies: Sequence[AgencyId], by: Patient, *, now: datetime
) -> tuple[Listed, ...]:
    """Return the patient's own handovers at these agencies, once each, from the sender's copy if it is here."""
    found = store.copies_about(session, cases.known_as(session, by, agencies))
    best: dict[object, Stored] = {}
    for each in found:
        held = best.get(each.standing.handover)
        if held is None or each.standing.side is Side.SENDER:
            best[each.standing.handover] = each
    lines = _listed(session, tuple(best.values()), now, is_staff=False)
    for agency in sorted({each.standing.home.agency for each in lines}):
        persons = tuple(each.standing.person for each in lines if each.standing.home.agency == agency)
        audit.record(session, event=Logged.HANDOVER_LIST, actor=by, agency=agency, persons=persons, now=now)
    return lines


def document_of(session: Session, turn: Turn, sha256: str | None = None) -> Frozen:
    """Return a frozen document of this copy, byte for byte: the one of this round, or the one with that hash.

    Raises HandoverNotFound.
    """
    stored = fetch_to_read(session, turn)
    frozen = _document(session, stored.standing, sha256)
    cases.log(session, stored, Logged.HANDOVER_DOCUMENT_READ, by=turn.by, now=turn.now)
    return frozen


def file_of(session: Session, turn: Turn, file_id: str) -> tuple[File, bytes]:
    """Return a document of an item, or one that travelled, with its bytes; `file_id` as `Case` names it.

    Raises HandoverNotFound.
    """
    stored = fetch_to_read(session, turn)
    standing = stored.standing
    at_origin = (
        standing.side is Side.SENDER
    )  # another service of the agency has no item: what stays has no name there
    held = [item.content.file for item in writing.shown_items(session, stored, turn)] if at_origin else []
    for each in _readable(session, standing):
        kept = store.document(session, standing, each)
        held += kept.frozen.files if kept is not None else ()
    id_of = store.file_ids(session, standing)
    file = next((each for each in held if each is not None and id_of(each) == file_id), None)
    if file is None:
        raise HandoverNotFound
    cases.log(session, stored, Logged.ATTACHMENT_READ, by=turn.by, now=turn.now)
    return file, store.file_data(session, standing, file)


def _for_patient(
    standing: Standing, history: tuple[Entry, ...], now: datetime
) -> tuple[Standing, tuple[Entry, ...]]:
    """Return what the patient is shown: yellow notes never, a decline when rule 14 says so."""
    shown = for_patient(standing, now)
    hidden = {Act.INTERNAL_NOTE} | ({Act.DECLINE} if shown != standing else set())
    return shown, tuple(entry for entry in history if entry.act not in hidden)


def _decline_read(session: Session, stored: Stored, turn: Turn) -> Stored:
    standing = stored.standing
    if standing.status is not Status.DECLINED or standing.decline_read_at is not None:
        return stored
    after = replace(standing, decline_read_at=turn.now)
    noticing.tell_patient(session, after, cases.place_of(after), Act.DECLINE, by=turn.by, now=turn.now)
    return store.save(session, stored, after, now=stored.updated_at)


def _document(session: Session, standing: Standing, sha256: str | None) -> Frozen:
    readable = _readable(session, standing)
    latest = standing.documents[:1] or readable[-1:]
    wanted = sha256 or next(iter(latest), None)
    kept = store.document(session, standing, wanted) if wanted in readable and wanted is not None else None
    if kept is None:
        raise HandoverNotFound
    return kept.frozen


def _readable(session: Session, standing: Standing) -> tuple[str, ...]:
    """Return the documents that may be read again: what travelled in any round, and a preview that holds.

    An earlier preview may show what the patient has taken back since.
    """
    lines = store.history(session, standing)
    arrived = {line.version.round for line in lines if line.version.number > 0}
    travelled = [
        line.sha256 for line in lines if line.sha256 and line.act in _TRAVELLED and line.version.round in arrived
    ]
    found = dict.fromkeys((*travelled, *standing.documents))
    if standing.status in AT_SENDER and freezing.is_latest(session, standing) and standing.frozen is not None:
        found[standing.frozen] = None
    return tuple(found)


def _delivery(session: Session, standing: Standing, now: datetime) -> Delivery | None:
    if standing.side is not Side.SENDER or standing.message is None or standing.status in AT_SENDER:
        return None
    try:
        return exchange.delivery(session, standing.home.agency, standing.message, now=now)
    except NotFound:
        return None


def _infected(session: Session, stored: Stored, delivery: Delivery | None) -> tuple[str, ...]:
    if delivery is None:
        return ()
    return following.infected_titles(session, stored, delivery.message, delivery.problems)


def _listed(session: Session, found: Sequence[Stored], now: datetime, *, is_staff: bool) -> tuple[Listed, ...]:
    lines = []
    for each in found:
        standing = each.standing if is_staff else for_patient(each.standing, now)
        who = person.identity_of(session, each.agency, standing.person)
        lines.append(
            Listed(
                standing=standing,
                patient=who,
                responsible=responsible(standing, now),
                next=next_step(standing),
                updated_at=each.updated_at,
            )
        )
    return tuple(lines)
