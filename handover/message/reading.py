"""What people see of threads: one thread, lists and search (a patient: `patients`).

Every reading is logged; a list is one row that names all persons shown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from handover.actors import Party, Staff
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.consent import service as consent
from handover.directory import service as directory
from handover.errors import NotFound
from handover.exchange import service as exchange
from handover.exchange.model import Delivery
from handover.ids import AgencyId, MessageId, PersonId, ServiceId, ThreadId
from handover.message import bonds, cases, guarding, linking, scope, store
from handover.message.cases import Turn
from handover.message.lifecycle import Act, Guard, Side, Status, acts_open_to
from handover.message.model import Entry, File, Message, Subject
from handover.message.promptness import answer_spans
from handover.message.standing import Copy, Standing, brought_along, is_new, shown
from handover.message.steps import Glance, NextStep, Shelf, answers, awaited, next_step
from handover.message.store import READERS, Stored, ThreadNotFound
from handover.person import service as person
from handover.person.model import Identity
from handover.team import answering
from handover.team import service as team
from handover.team.answering import Answering
from handover.team.model import InternalNote, Task
from handover.workdays import usual_days

PAGE = 50
LATELY = 30
"""So many threads are looked at for whom a service writes to."""
_MOST_NAMED = 10
"""So many services of one name are looked for in a search."""
_SHORTEST_NAME = 3
"""Letters."""
ANSWERS_OF = timedelta(days=90)
"""How far back answers are measured."""
FEWEST = 5
"""So many answers say something about a service."""
_MOST_MEASURED = 300
"""So many threads are looked at for it."""
OPEN = (Shelf.DRAFT, Shelf.TO_DO, Shelf.WAITING)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One message as a page shows it."""

    message: Message
    is_ours: bool
    """Written at this service."""
    is_new: bool
    """Came since this reader looked last, wherever it is placed."""
    answers: Message | None
    """What it replies to, if that is here."""
    answers_unknown: bool
    """It replies to something that never came here."""
    along: tuple[Message, ...] = ()
    """What it brings from other threads."""
    acts: tuple[Act, ...] = ()
    """What this reader may do with it now."""
    deliveries: Mapping[Party, Delivery] = field(default_factory=dict)
    """How far it came with each receiver: the first of the three receipts; see also `message.receipts`."""
    answered: Mapping[Party, datetime] = field(default_factory=dict)
    """Of one written here: which of its receivers have written since, and when first."""
    awaited: tuple[Party, ...] = ()
    """Of one written here: whose answer is still waited for."""
    infected: tuple[str, ...] = field(default=(), repr=False)
    """Titles of the documents with a virus for which it did not leave, or was refused whole."""


@dataclass(frozen=True, kw_only=True)
class Thread:
    """Everything one page shows of a thread, to one reader."""

    standing: Standing
    patient: Identity | None = field(repr=False)
    messages: tuple[Seen, ...]
    """By written time."""
    hidden: tuple[Message, ...]
    """Opened here and taken back since: that, why and by whom, never the words; a leader confirms."""
    next: NextStep | None
    may_write: bool
    obstacles: Mapping[Party, consent.MayNotTravel] = field(default_factory=dict)
    """Members to whom nothing may go now, and why."""
    history: tuple[Entry, ...] = ()
    notes: tuple[InternalNote, ...] = ()
    tasks: tuple[Task, ...] = ()
    answering: Answering | None = None
    """Who writes an answer just now, the reader perhaps."""
    read_at: datetime | None = None
    """When the reader looked last; None: never before."""
    put_away_until: datetime | None = None
    """Until when the team has put it away; None where it has not."""
    may_be_put_away: bool = False
    """Whether a day is left to put it away until."""
    updated_at: datetime
    """Hand it back as `Turn.seen`."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One line of a list."""

    standing: Standing
    patient: Identity | None = field(repr=False)
    glance: Glance
    updated_at: datetime


def thread_of(session: Session, turn: Turn) -> Thread:
    """Return a thread as this reader sees it, and log that it was read. It opens nothing: `open_` does."""
    stored = cases.fetch(session, turn, roles=READERS, lock=False)
    cases.log(session, stored.standing, Logged.MESSAGE_READ, by=turn.by, now=turn.now)
    return show(session, stored, turn)


def take_out(session: Session, turn: Turn, how: str) -> Thread:
    """Return a thread as this reader sees it, to be printed or copied elsewhere; that is logged."""
    stored = cases.fetch(session, turn, roles=READERS, lock=False)
    cases.log(session, stored.standing, Logged.EXPORT, by=turn.by, now=turn.now, detail={"how": how})
    return show(session, stored, turn)


def show(session: Session, stored: Stored, turn: Turn) -> Thread:
    """Return what a page shows of a copy that was fetched already."""
    copy, standing = stored.copy, stored.standing
    read_at = team.read_at(session, turn.by, cases.WORK, [turn.thread]).get(turn.thread)
    item = team.item_at(session, cases.place_of(standing))
    obstacles = {to: scope.obstacle(session, standing, to, now=turn.now) for to in standing.others}
    return Thread(
        standing=standing,
        patient=cases.patient_of(session, standing),
        messages=tuple(_seen(session, copy, each, turn, read_at) for each in shown(copy)),
        hidden=tuple(
            each
            for each in copy.messages
            if each.sender != standing.home and each.via is None and each.taken_back and each.opened
        ),
        next=next_step(copy),
        may_write=store.works_there(turn.by, standing.home.service),
        obstacles={to: why for to, why in obstacles.items() if why is not None},
        history=store.history(session, standing),
        notes=_notes(session, standing),
        tasks=team.tasks_about(session, standing.home.agency, standing.thread),
        answering=answering.answering(session, cases.place_of(standing), now=turn.now),
        read_at=read_at,
        put_away_until=item.snoozed_until if item is not None and item.is_hidden(turn.now) else None,
        may_be_put_away=item is not None and item.may_be_put_away(turn.now),
        updated_at=stored.updated_at,
    )


def _notes(session: Session, standing: Standing) -> tuple[InternalNote, ...]:
    """Return the team's notes; of an anonymous case not those from when it knew more than it may now."""
    notes = team.notes(session, cases.place_of(standing))
    if not guarding.is_anonymous(standing):
        return notes
    said = bonds.of_thread(session, standing.home, standing.thread)
    return tuple(each for each in notes if not linking.is_hidden(said, each.at))


def file_of(session: Session, turn: Turn, sha256: bytes) -> tuple[File, bytes]:
    """Return a document of a message that may be read here, with its bytes. Raises ThreadNotFound."""
    stored = cases.fetch(session, turn, roles=READERS, lock=False)
    seen = shown(stored.copy)
    held = (*seen, *(other for each in seen for other in brought_along(stored.copy, each)))
    file = next((file for each in held for file in each.content.files if file.sha256 == sha256), None)
    if file is None:
        raise ThreadNotFound
    cases.log(session, stored.standing, Logged.ATTACHMENT_READ, by=turn.by, now=turn.now)
    return file, store.file_data(session, stored.standing, file)


@dataclass(frozen=True, kw_only=True)
class Arranged:
    """One page of a list: what is late before all else, the others by their latest change."""

    late: tuple[Listed, ...]
    others: tuple[Listed, ...]
    after: store.Cursor | None
    """Where the next page goes on; None on the last."""


def arranged(
    session: Session,
    by: Staff,
    *,
    now: datetime,
    shelves: Sequence[Shelf] = OPEN,
    after: store.Cursor | None = None,
) -> Arranged:
    """Return the threads of the reader's services, late ones on the first page; one row in the log."""
    found = store.page(session, by=by, shelves=shelves, after=after, limit=PAGE)
    late = () if after is not None else _late(session, by, shelves, now)
    first = {(each.standing.home, each.standing.thread) for each in late}
    others = tuple(each for each in found if (each.standing.home, each.standing.thread) not in first)
    lines = _logged(session, (*late, *others), Logged.MESSAGE_LIST, by=by, service=None, now=now)
    return Arranged(late=lines[: len(late)], others=lines[len(late) :], after=_after(found))


def drafts(session: Session, by: Staff, *, now: datetime, after: store.Cursor | None = None) -> Arranged:
    """Return the threads in which something is written and not sent, the latest first; one row in the log."""
    found = store.with_drafts(session, by=by, after=after, limit=PAGE)
    lines = _logged(session, found, Logged.MESSAGE_LIST, by=by, service=None, now=now)
    return Arranged(late=(), others=lines, after=_after(found))


def _after(found: Sequence[store.Listed]) -> store.Cursor | None:
    return (found[-1].updated_at, found[-1].standing.thread) if len(found) == PAGE else None


def _late(session: Session, by: Staff, shelves: Sequence[Shelf], now: datetime) -> tuple[store.Listed, ...]:
    """Return what is late on some shelves, the longest late first."""
    if not {Shelf.TO_DO, Shelf.WAITING} & set(shelves):
        return ()
    services = store.read_by(session, by)
    items = team.overdue_at(session, by.agency, services, kind=cases.WORK, now=now, limit=PAGE)
    keys = [(each.place.service, ThreadId(each.place.subject)) for each in items]
    held = {(each.standing.home.service, each.standing.thread): each for each in store.at(session, by, keys)}
    found = (held[key] for key in keys if key in held)
    return tuple(each for each in found if _shelf(each.glance) in shelves)


def _shelf(glance: Glance) -> Shelf:
    if glance.latest is None:
        return Shelf.DRAFT
    return Shelf.TO_DO if glance.step is not None and glance.step.is_ours else Shelf.WAITING


def count_drafts(session: Session, by: Staff) -> int:
    """Return in how many threads something is written and not sent; a number alone, so nothing is logged."""
    return store.count_drafts(session, by)


def written_to(session: Session, by: Staff) -> tuple[tuple[ServiceId, datetime], ...]:
    """Return the others in the latest threads of the reader's services and when each changed, never about whom."""
    shelves = (Shelf.TO_DO, Shelf.WAITING, Shelf.CLOSED)
    found = store.page(session, by=by, shelves=shelves, limit=LATELY)
    return tuple((other.service, each.updated_at) for each in found for other in each.standing.others)


def search(
    session: Session, by: Staff, text: str, *, now: datetime, subjects: Sequence[Subject] = ()
) -> tuple[Listed, ...]:
    """Return threads by reference, patient, sender, subject, other service, or words of their texts; one log row.

    `subjects`: those the text may mean, in the language of who typed it.
    """
    typed = text.strip()
    if not typed:
        return ()
    persons = person.matching(session, by.agency, typed, limit=PAGE)
    reference = typed.upper() if len(typed) == 9 and typed[4] == "-" else None
    facets = [*map(store.facet_of, subjects), *map(store.facet_of, _services_named(session, typed))]
    found = store.search(
        session, by=by, reference=reference, persons=persons, words=typed, facets=facets, limit=PAGE
    )
    return _logged(session, found, Logged.MESSAGE_SEARCH, by=by, service=None, now=now)


def _services_named(session: Session, typed: str) -> list[ServiceId]:
    if len(typed) < _SHORTEST_NAME:
        return []
    return [each.id for each in directory.find_services(session, typed)[:_MOST_NAMED]]


def read_marks(session: Session, by: Staff, found: Sequence[Listed]) -> dict[UUID, datetime]:
    """Return when the reader last looked at each thread of a list; those never looked at are left out."""
    return team.read_at(session, by, cases.WORK, [each.standing.thread for each in found])


def work(session: Session, by: Staff, service: ServiceId, threads: Sequence[UUID]) -> dict[UUID, Listed]:
    """Return the threads that a page of a service's work is about; the page logs whom it shows."""
    found = store.of_work(session, by, service, threads)
    return {each.standing.thread: each for each in listed(session, by.agency, found)}


def counts(session: Session, by: Staff, service: ServiceId | None = None) -> dict[Shelf, int]:
    """Return how many threads stand on each shelf; numbers alone, so nothing is logged."""
    return store.counts(session, by=by, service=service)


def usual_answer_days(session: Session, home: Party, *, now: datetime) -> int | None:
    """Return the median of working days from a message to its answer, of what came to a service in 90 days.

    Of the latest threads alone, so that it costs no more where more is stored. None where fewer than FEWEST were
    answered: so few say more about each of them than about the service.
    """
    since = now - ANSWERS_OF
    copies = store.lately(session, home, since=since, limit=_MOST_MEASURED)
    spans = [span for each in copies for span in answer_spans(each.copy) if span[0] > since]
    return usual_days(spans, fewest=FEWEST)


def _seen(session: Session, copy: Copy, message: Message, turn: Turn, read_at: datetime | None) -> Seen:
    replied, found = _answered(copy, message), deliveries(session, message, turn.now)
    is_ours = message.sender == copy.standing.home
    return Seen(
        message=message,
        is_ours=is_ours,
        is_new=is_new(copy, message, read_at),
        answers=replied,
        answers_unknown=message.replies_to is not None and replied is None,
        along=brought_along(copy, message),
        acts=_acts(copy, message, turn, found),
        deliveries=found,
        answered=answers(copy, message) if is_ours else {},
        awaited=awaited(copy, message),
        infected=_infected(session, found.values()),
    )


def _infected(session: Session, found: Iterable[Delivery]) -> tuple[str, ...]:
    files = (
        file for each in found for file in exchange.infected_in(session, each.sender, each.message, each.problems)
    )
    return tuple(dict.fromkeys(file.title for file in files))


def _answered(copy: Copy, message: Message) -> Message | None:
    return next((each for each in shown(copy) if each.id == message.replies_to), None)


def _acts(copy: Copy, message: Message, turn: Turn, found: Mapping[Party, Delivery]) -> tuple[Act, ...]:
    """Return what may be done with one message of ours; what came is opened with its thread."""
    home = copy.standing.home
    is_ours = message.sender == home and message.via is None
    if not is_ours or not store.works_there(turn.by, home.service):
        return ()
    facts = set()
    if any(each.undelivered for each in message.receipts):
        facts.add(Guard.UNDELIVERED)
    if can_be_undone(message, found, turn.now):
        facts.add(Guard.NOT_LEFT)
    return acts_open_to(message.status, Side.AUTHOR, frozenset(facts))


def can_be_undone(message: Message, found: Mapping[Party, Delivery], now: datetime) -> bool:
    """Whether a message was sent and waits here for its writer to change their mind. `found`: its deliveries."""
    waits = all(each.attempts == 0 and now < each.not_before for each in found.values())
    return message.status is Status.SENT and bool(found) and waits


def deliveries(session: Session, message: Message, now: datetime) -> dict[Party, Delivery]:
    """Return how far a message came with each receiver that it was promised to."""
    found: dict[Party, Delivery] = {}
    for receipt in message.receipts:
        if receipt.envelope is None:
            continue
        delivery = _delivery(session, message.sender.agency, receipt.envelope, now)
        if delivery is not None:
            found[receipt.to] = delivery
    return found


def _delivery(session: Session, agency: AgencyId, envelope: MessageId, now: datetime) -> Delivery | None:
    try:
        return exchange.delivery(session, agency, envelope, now=now)
    except NotFound:
        return None


def _logged(
    session: Session,
    found: Sequence[store.Listed],
    event: Logged,
    *,
    by: Staff,
    service: ServiceId | None,
    now: datetime,
) -> tuple[Listed, ...]:
    persons = tuple(each.standing.person for each in found if each.standing.person is not None)
    audit.record(session, event=event, actor=by, agency=by.agency, persons=persons, service=service, now=now)
    return listed(session, by.agency, found)


def listed(session: Session, agency: AgencyId, found: Sequence[store.Listed]) -> tuple[Listed, ...]:
    """Return lines of a list with the patients they are about, all looked up at once; logs nothing."""
    wanted = {each.standing.person for each in found if each.standing.person is not None}
    known: dict[PersonId, Identity] = person.identities(session, agency, wanted)
    return tuple(
        Listed(
            standing=each.standing,
            patient=None if each.standing.person is None else known.get(each.standing.person),
            glance=each.glance,
            updated_at=each.updated_at,
        )
        for each in found
    )
