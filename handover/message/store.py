"""Queries about threads. Each names the asking actor: what they may not see is not there (rule 16)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256 as hash_of
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    Table,
    and_,
    delete,
    false,
    func,
    insert,
    or_,
    select,
    tuple_,
)
from sqlalchemy import update as change
from sqlalchemy.orm import Session

from handover.actors import Actor, Machine, Party, Patient, Role, Staff
from handover.db import provided
from handover.errors import NotFound
from handover.ids import AgencyId, CommunicationId, PersonId, ServiceId, ThreadId
from handover.keys.vault import TOKEN_BYTES, Vault
from handover.message.model import Entry, File, Message, Subject
from handover.message.standing import Copy, Standing, placed
from handover.message.steps import Glance, Shelf, drafted_at, glance, shelf_of, tell_leader_at
from handover.message.tables import (
    EarlyRetractionRow,
    ThreadFileRow,
    ThreadHistoryRow,
    ThreadMessageRow,
    ThreadRow,
    ThreadTokenRow,
)
from handover.ranges import each_value, union_of
from handover.values import dump, load

THREAD: Final = cast(Table, ThreadRow.__table__)
MESSAGE: Final = cast(Table, ThreadMessageRow.__table__)
FILE: Final = cast(Table, ThreadFileRow.__table__)
TOKEN: Final = cast(Table, ThreadTokenRow.__table__)
HISTORY: Final = cast(Table, ThreadHistoryRow.__table__)
EARLY: Final = cast(Table, EarlyRetractionRow.__table__)
AnyRow = Row[Any]
Cursor = tuple[datetime, UUID]
WORDS: Final = "message"
"""The purpose under which words are hashed."""

FACETS: Final = "message-facet"
"""The purpose under which subjects and services are hashed."""
LOOKED_AT: Final = 2000
"""So many of the latest threads of a shelf are looked through for a facet that as many or more have."""
COUNT_CAP: Final = 200
"""Counts stop here, so that they cost no more where more is stored."""
COMMON: Final = 10_000
"""A word that stands in so many messages is common: looking through the latest finds enough of them sooner."""
_MOST_SERVICES: Final = 50
"""So many services are counted with one statement."""
WRITERS: Final = (Role.REFERRER, Role.INTAKE, Role.CLINICIAN, Role.CASEWORKER)
"""Who reads and writes threads, at the services for which they hold the role."""
READERS: Final = (*WRITERS, Role.LEADER)
"""Who reads them: a leader follows the threads of the own service, and writes in none."""


class ThreadNotFound(NotFound):
    """Not there, or not yours."""

    code = "message.not-found"


@dataclass(frozen=True)
class Stored:
    """A copy as it lies in the database."""

    copy: Copy
    entries: int
    updated_at: datetime

    @property
    def standing(self) -> Standing:
        """What the service knows of the thread."""
        return self.copy.standing


@dataclass(frozen=True)
class Kept:
    """What is sealed of a thread: its standing, and what a list shows of it."""

    standing: Standing
    glance: Glance


@dataclass(frozen=True)
class Listed:
    """A line of a list, without the messages."""

    standing: Standing
    glance: Glance
    updated_at: datetime


# --- copies ----------------------------------------------------------------------------------------------------


def reach(by: Actor, roles: Sequence[Role] = READERS) -> ColumnElement[bool]:
    """Return the condition for the copies the actor works with; nothing for who has no such role."""
    if isinstance(by, Patient):
        raise ThreadNotFound
    mine = THREAD.c.agency == by.agency
    if isinstance(by, Machine):
        return mine
    mine &= THREAD.c.shelf != Shelf.VANISHED.value
    services = by.services(*roles)
    return mine if None in services else mine & THREAD.c.service.in_(sorted(filter(None, services)))


def find(
    session: Session,
    thread: ThreadId,
    *,
    by: Staff,
    at: ServiceId | None = None,
    roles: Sequence[Role] = READERS,
    lock: bool = False,
) -> Stored:
    """Return a copy: at the service named, else the one that changed last. Raises ThreadNotFound."""
    statement = (
        select(THREAD)
        .where(reach(by, roles), THREAD.c.thread == thread)
        .order_by(THREAD.c.updated_at.desc(), THREAD.c.service)
        .limit(1)
    )
    if at is not None:
        statement = statement.where(THREAD.c.service == at)
    elif None in by.services(*roles):  # the index leads with the service
        statement = statement.where(THREAD.c.service.in_(each_value(session, THREAD.c.service, reach(by, roles))))
    row = session.execute(statement.with_for_update() if lock else statement).first()
    if row is None:
        raise ThreadNotFound
    return _whole(session, row)


def at_home(session: Session, home: Party, thread: ThreadId, *, lock: bool = True) -> Stored | None:
    """Return, for the machine, the copy one service keeps; None when it keeps none."""
    statement = select(THREAD).where(*_key(home, thread, THREAD))
    row = session.execute(statement.with_for_update() if lock else statement).first()
    return None if row is None else _whole(session, row)


def holding(
    session: Session, home: Party, messages: Iterable[CommunicationId], *, lock: bool = True
) -> tuple[Stored, ...]:
    """Return, for the machine, the copies of a service in which one of those messages lies."""
    found = (
        select(MESSAGE.c.thread)
        .where(
            MESSAGE.c.agency == home.agency,
            MESSAGE.c.service == home.service,
            MESSAGE.c.message.in_(list(messages)),
        )
        .distinct()
    )
    threads = sorted(session.scalars(found))
    held = (at_home(session, home, ThreadId(thread), lock=lock) for thread in threads)
    return tuple(each for each in held if each is not None)


def begun_since(session: Session, home: Party, by: Staff, since: datetime) -> tuple[Stored, ...]:
    """Return the threads of somebody's at a service in which nothing was sent, that changed since then."""
    where = (*_on_shelf(home.agency, home.service, Shelf.DRAFT), THREAD.c.updated_at >= since)
    statement = select(THREAD).where(*where, THREAD.c.owner == by.id).order_by(THREAD.c.updated_at.desc())
    return tuple(_whole(session, row) for row in session.execute(statement))


def about(session: Session, persons: Iterable[tuple[AgencyId, PersonId]]) -> tuple[Stored, ...]:
    """Return, for the patient, every copy about them, the latest change first."""
    wanted = [and_(THREAD.c.agency == agency, THREAD.c.person == person) for agency, person in persons]
    statement = (
        select(THREAD)
        .where(or_(false(), *wanted), THREAD.c.shelf.not_in([Shelf.DRAFT.value, Shelf.VANISHED.value]))
        .order_by(THREAD.c.updated_at.desc(), THREAD.c.thread)
    )
    return tuple(_whole(session, row) for row in session.execute(statement))


def known_to(session: Session, by: Staff, persons: Iterable[PersonId]) -> set[PersonId]:
    """Return those of them about whom the actor may open a thread."""
    statement = select(THREAD.c.person).where(reach(by), THREAD.c.person.in_(list(persons))).distinct()
    return {PersonId(found) for found in session.scalars(statement) if found is not None}


def page(
    session: Session,
    *,
    by: Staff,
    shelves: Sequence[Shelf],
    service: ServiceId | None = None,
    after: Cursor | None = None,
    limit: int = 50,
) -> tuple[Listed, ...]:
    """Return threads by their latest change, newest first; go on with `after=(updated_at, thread)`.

    Each service and shelf is one range of an index: only as many of each are looked at as may be shown.
    """
    services = _services(session, by, service)
    within = [_on_shelf(by.agency, at, shelf) for at in services for shelf in shelves]
    return _latest(session, within, by=by, after=after, limit=limit)


def with_drafts(
    session: Session, *, by: Staff, after: Cursor | None = None, limit: int = 50
) -> tuple[Listed, ...]:
    """Return threads in which something is written and not sent, as `page` does; also where much was sent."""
    within = [_with_draft(by.agency, at) for at in _services(session, by, None)]
    return _latest(session, within, by=by, after=after, limit=limit)


def _latest(
    session: Session,
    within: Sequence[tuple[ColumnElement[bool], ...]],
    *,
    by: Staff,
    after: Cursor | None,
    limit: int,
) -> tuple[Listed, ...]:
    table = THREAD.c
    later = () if after is None else (tuple_(table.updated_at, table.thread) < after,)
    latest = (table.updated_at.desc(), table.thread.desc())
    ranges = [
        select(table.service, table.thread).where(*each, *later).order_by(*latest).limit(limit) for each in within
    ]
    if not ranges:
        return ()
    keys = union_of(ranges)
    same = and_(table.agency == by.agency, table.service == keys.c.service, table.thread == keys.c.thread)
    statement = select(THREAD).join_from(keys, THREAD, same).order_by(*latest).limit(limit)
    return tuple(_listed(session, row) for row in session.execute(statement))


def search(
    session: Session,
    *,
    by: Staff,
    reference: str | None,
    persons: Sequence[PersonId],
    words: str,
    facets: Sequence[str] = (),
    limit: int = 50,
) -> tuple[Listed, ...]:
    """Return the threads with that reference, about one of those persons, of one of those facets (`facet_of`), or
    in which all those words stand.

    Each way to them is a query of its own: joined by "or", neither kind of database would use the indexes.
    """
    table = THREAD.c
    keys = select(table.service, table.thread).where(table.agency == by.agency)
    parts = [keys.where(table.person.in_(persons))] if persons else []
    if reference is not None:
        parts.append(keys.where(table.reference == reference))
    tokens = provided(session, Vault).search_tokens(by.agency, WORDS, words)
    if tokens:
        parts += _with_all(session, by, tokens, limit)
    for each in facets:
        parts += _with_facet(session, by, facet_token(provided(session, Vault), by.agency, each), limit)
    if not parts:
        return ()
    found = union_of(parts)
    same = and_(table.agency == by.agency, table.service == found.c.service, table.thread == found.c.thread)
    statement = (
        select(THREAD)
        .join_from(found, THREAD, same)
        .where(reach(by))
        .order_by(table.updated_at.desc(), table.thread.desc())
        .limit(limit)
    )
    return tuple(_listed(session, row) for row in session.execute(statement))


def read_by(session: Session, by: Staff) -> tuple[ServiceId, ...]:
    """Return the services whose threads somebody reads."""
    return _services(session, by, None)


def at(session: Session, by: Staff, wanted: Iterable[tuple[ServiceId, ThreadId]]) -> tuple[Listed, ...]:
    """Return the threads that a list names by service and thread, of those that the reader may see.

    One look for each service: asked for pairs, SQLite would go through all threads of them.
    """
    threads: dict[ServiceId, list[UUID]] = {}
    for service, thread in wanted:
        threads.setdefault(service, []).append(thread)
    return tuple(each for service, those in threads.items() for each in of_work(session, by, service, those))


def of_work(session: Session, by: Staff, service: ServiceId, threads: Sequence[UUID]) -> tuple[Listed, ...]:
    """Return the threads that a page of a service's work is about."""
    statement = select(THREAD).where(reach(by), THREAD.c.service == service, THREAD.c.thread.in_(threads))
    return tuple(_listed(session, row) for row in session.execute(statement)) if threads else ()


def counts(session: Session, *, by: Staff, service: ServiceId | None = None) -> dict[Shelf, int]:
    """Return how many threads stand on each shelf of the services where the reader works, at most COUNT_CAP.

    Each service and shelf is one range of an index, of which no more is looked at than is counted.
    """
    found = dict.fromkeys(Shelf, 0)
    services = _services(session, by, service)
    for start in range(0, len(services), _MOST_SERVICES):
        some = services[start : start + _MOST_SERVICES]
        ranges = [(shelf, _some_on_shelf(by.agency, at, shelf)) for shelf in Shelf for at in some]
        numbers = session.execute(select(*(each for _shelf, each in ranges))).one()
        for (shelf, _each), number in zip(ranges, numbers, strict=True):
            found[shelf] = min(COUNT_CAP, found[shelf] + number)
    return found


def count_drafts(session: Session, by: Staff) -> int:
    """Return in how many threads something is written and not sent where the reader works, at most COUNT_CAP."""
    services = _services(session, by, None)
    if not services:
        return 0
    ranges = [select(THREAD.c.thread).where(*_with_draft(by.agency, at)).limit(COUNT_CAP) for at in services]
    some = union_of(ranges)
    return min(COUNT_CAP, session.scalar(select(func.count()).select_from(some)) or 0)


def latest_change(session: Session, by: Staff, service: ServiceId) -> datetime | None:
    """Return when a thread of a service last changed: one step in an index for each shelf."""
    found = [
        session.scalar(select(func.max(THREAD.c.updated_at)).where(*_on_shelf(by.agency, service, shelf)))
        for shelf in Shelf
    ]
    return max(filter(None, found), default=None)


def count_arrived_after(session: Session, by: Staff, service: ServiceId, at: datetime) -> int:
    """Return in how many threads of a service something came after an instant, at most COUNT_CAP.

    What came after it has changed after it, too: only that end of the index is read.
    """
    table = THREAD.c
    some = union_of(
        [
            select(table.thread)
            .where(*_on_shelf(by.agency, service, shelf), table.updated_at > at, table.arrived_at > at)
            .limit(COUNT_CAP)
            for shelf in (Shelf.TO_DO, Shelf.WAITING, Shelf.CLOSED)
        ]
    )
    return min(COUNT_CAP, session.scalar(select(func.count()).select_from(some)) or 0)


def lately(session: Session, home: Party, *, since: datetime, limit: int) -> tuple[Stored, ...]:
    """Return, for the machine, the copies of a service that changed last, none before an instant."""
    table = THREAD.c
    ranges = [
        select(table.thread, table.updated_at)
        .where(*_on_shelf(home.agency, home.service, shelf), table.updated_at > since)
        .order_by(table.updated_at.desc(), table.thread.desc())
        .limit(limit)
        for shelf in (Shelf.TO_DO, Shelf.WAITING, Shelf.CLOSED)
    ]
    found = union_of(ranges)
    keys = session.scalars(select(found.c.thread).order_by(found.c.updated_at.desc()).limit(limit)).all()
    held = (at_home(session, home, ThreadId(each), lock=False) for each in keys)
    return tuple(each for each in held if each is not None)


def unopened_since(session: Session, agency: AgencyId, *, now: datetime, limit: int) -> tuple[Stored, ...]:
    """Return, for the machine, copies whose leader is to be told by now, the longest wait first, locked."""
    statement = (
        select(THREAD)
        .where(THREAD.c.agency == agency, THREAD.c.tell_leader_at <= now)
        .order_by(THREAD.c.tell_leader_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return tuple(_whole(session, row) for row in session.execute(statement))


# --- written ---------------------------------------------------------------------------------------------------


def add(session: Session, copy: Copy, *, now: datetime, entries: Sequence[Entry] = ()) -> Stored:
    """Store a new copy with its messages and the first lines of its history."""
    standing = copy.standing
    stored = Stored(copy, entries=len(entries), updated_at=now)
    key = {**_whose(standing), "reference": standing.heading.reference}
    session.execute(insert(THREAD).values(**key, **_values(session, stored)))
    _put_messages(session, standing, (), copy.messages)
    _put_facets(session, standing)
    _add_history(session, standing, entries, first=1)
    return stored


def save(session: Session, stored: Stored, copy: Copy, *, now: datetime, entries: Sequence[Entry] = ()) -> Stored:
    """Write what has changed in a copy, and add lines to its history."""
    after = Stored(copy, stored.entries + len(entries), now)
    where = _of(copy.standing, THREAD)
    session.execute(change(THREAD).where(*where).values(**_values(session, after)))
    _put_messages(session, copy.standing, stored.copy.messages, copy.messages)
    if _facets_of(copy.standing) != _facets_of(stored.standing):
        _put_facets(session, copy.standing)
    _add_history(session, copy.standing, entries, first=stored.entries + 1)
    return after


def drop(session: Session, standing: Standing) -> None:
    """Remove a copy of a thread in which nothing was ever sent or received."""
    for table in (MESSAGE, FILE, TOKEN, HISTORY, THREAD):
        session.execute(delete(table).where(*_of(standing, table)))


def history(session: Session, standing: Standing) -> tuple[Entry, ...]:
    """Return everything that happened at this copy, in the order it was written there."""
    statement = select(HISTORY.c.line, HISTORY.c.entry).where(*_of(standing, HISTORY)).order_by(HISTORY.c.line)
    return tuple(
        load(Entry, _open(session, standing, "thread_history", "entry", row.entry, row.line))
        for row in session.execute(statement)
    )


def works_there(by: Actor, service: ServiceId, roles: Sequence[Role] = WRITERS) -> bool:
    """Whether a staff member holds one of the roles at that service."""
    return isinstance(by, Staff) and any(by.has(role, service) for role in roles)


# --- files -----------------------------------------------------------------------------------------------------


def add_file(session: Session, standing: Standing, data: bytes) -> None:
    """Keep a document's bytes with this copy, sealed; nothing changes when it is there already."""
    name = _name_of(session, standing, hash_of(data).digest())
    where = (*_of(standing, FILE), FILE.c.name == name)
    if session.execute(select(FILE.c.name).where(*where)).first() is not None:
        return
    sealed = _seal(session, standing, "thread_file", "data", data, name)
    session.execute(insert(FILE).values(**_whose(standing), name=name, data=sealed))


def has_file(session: Session, standing: Standing, sha256: bytes) -> bool:
    """Whether a document's bytes are with this copy."""
    name = _name_of(session, standing, sha256)
    where = (*_of(standing, FILE), FILE.c.name == name)
    return session.execute(select(FILE.c.name).where(*where)).first() is not None


def file_data(session: Session, standing: Standing, file: File) -> bytes:
    """Return a file's bytes. Raises ThreadNotFound."""
    name = _name_of(session, standing, file.sha256)
    sealed = session.scalar(select(FILE.c.data).where(*_of(standing, FILE), FILE.c.name == name))
    if sealed is None:
        raise ThreadNotFound
    return _open(session, standing, "thread_file", "data", sealed, name)


def drop_unused_files(session: Session, copy: Copy) -> None:
    """Remove the bytes of documents that no message of the copy names any more."""
    standing = copy.standing
    used = {_name_of(session, standing, file.sha256) for each in copy.messages for file in each.content.files}
    session.execute(delete(FILE).where(*_of(standing, FILE), FILE.c.name.not_in(used)))


# --- what was taken back before it came --------------------------------------------------------------------------


def add_early(session: Session, home: Party, message: CommunicationId, by: Party, *, now: datetime) -> None:
    """Remember that a message which has not come was taken back by who sends it."""
    if message in early(session, home, by, [message]):
        return
    row = {"agency": home.agency, "service": home.service, "message": message, "at": now}
    session.execute(insert(EARLY).values(**row, from_agency=by.agency, from_service=by.service))


def early(
    session: Session, home: Party, by: Party, messages: Iterable[CommunicationId]
) -> frozenset[CommunicationId]:
    """Return which of those messages their sender took back before they came."""
    statement = select(EARLY.c.message).where(
        EARLY.c.agency == home.agency,
        EARLY.c.service == home.service,
        EARLY.c.message.in_(list(messages)),
        EARLY.c.from_agency == by.agency,
        EARLY.c.from_service == by.service,
    )
    return frozenset(CommunicationId(each) for each in session.scalars(statement))


# --- rows and seals --------------------------------------------------------------------------------------------


def _whole(session: Session, row: AnyRow) -> Stored:
    listed = _listed(session, row)
    return Stored(Copy(listed.standing, _messages(session, listed.standing)), row.entries, row.updated_at)


def _listed(session: Session, row: AnyRow) -> Listed:
    row_id = f"{row.service}|{row.thread}"
    plain = provided(session, Vault).open(AgencyId(row.agency), "thread", "standing", row_id, row.standing)
    kept = load(Kept, plain)
    return Listed(kept.standing, kept.glance, row.updated_at)


def _messages(session: Session, standing: Standing) -> tuple[Message, ...]:
    statement = select(MESSAGE.c.message, MESSAGE.c.via, MESSAGE.c.content).where(*_of(standing, MESSAGE))
    return placed(
        load(Message, _open(session, standing, "thread_message", "content", row.content, row.message, row.via))
        for row in session.execute(statement)
    )


def _put_messages(
    session: Session, standing: Standing, before: Sequence[Message], after: Sequence[Message]
) -> None:
    held = {(each.id, each.via): each for each in before}
    wanted = {(each.id, each.via): each for each in after}
    changed = [key for key in held.keys() | wanted.keys() if held.get(key) != wanted.get(key)]
    for key in changed:
        if key in wanted:
            _put_message(session, standing, wanted[key], is_new=key not in held)
        else:
            session.execute(delete(MESSAGE).where(*_of_message(standing, held[key])))
    for message in {message for message, _ in changed}:
        was = _words_of(standing, message, held.values())
        words = _words_of(standing, message, wanted.values())
        if was != words:
            _put_tokens(session, standing, message, words)


def _put_message(session: Session, standing: Standing, message: Message, *, is_new: bool) -> None:
    way = message.via or message.id
    values = {
        "status": message.status.value,
        "written_at": message.written_at,
        "placed_at": message.placed_at,
        "content": _seal(session, standing, "thread_message", "content", dump(message), message.id, way),
    }
    if is_new:
        session.execute(insert(MESSAGE).values(**_whose(standing), message=message.id, via=way, **values))
        return
    session.execute(change(MESSAGE).where(*_of_message(standing, message)).values(**values))


def _of_message(standing: Standing, message: Message) -> tuple[ColumnElement[bool], ...]:
    way = message.via or message.id
    return (*_of(standing, MESSAGE), MESSAGE.c.message == message.id, MESSAGE.c.via == way)


def _words_of(standing: Standing, wanted: CommunicationId, messages: Iterable[Message]) -> str:
    """Return what a message is found by: its text, its author and its thread's line; nothing once it is hidden."""
    seen = [each for each in messages if each.id == wanted and each.is_shown_at(standing.home)]
    if not seen:
        return ""
    files = " ".join(file.name for file in seen[0].content.files)
    return " ".join((standing.heading.line, seen[0].author.name, seen[0].content.text, files))


def _put_tokens(session: Session, standing: Standing, message: CommunicationId, words: str) -> None:
    session.execute(delete(TOKEN).where(*_of(standing, TOKEN), TOKEN.c.message == message))
    tokens = provided(session, Vault).word_tokens(standing.home.agency, WORDS, words)
    rows = [{**_whose(standing), "message": message, "token": token} for token in tokens]
    if rows:
        session.execute(insert(TOKEN), rows)


def _with_all(session: Session, by: Staff, tokens: Sequence[bytes], limit: int) -> list[Select[Any]]:
    """Return queries for threads that have every token: those of the rarest, looked up first.

    Where even that stands in very many, the latest threads are looked through instead, until there are enough.
    """
    number, rarest = min((_frequency(session, by.agency, token, COMMON), token) for token in tokens)
    if number < COMMON:
        first = TOKEN.alias()
        others = [_has(by.agency, first.c, token) for token in tokens if token != rarest]
        where = (first.c.agency == by.agency, first.c.token == rarest, *others)
        return [select(first.c.service, first.c.thread).where(*where)]
    table = THREAD.c
    every = [_has(by.agency, table, token) for token in tokens]
    return [
        select(table.service, table.thread)
        .where(*_on_shelf(by.agency, at, shelf), *every)
        .order_by(table.updated_at.desc(), table.thread.desc())
        .limit(limit)
        for at in _services(session, by, None)
        for shelf in Shelf
        if shelf is not Shelf.VANISHED
    ]


def _with_facet(session: Session, by: Staff, token: bytes, limit: int) -> list[Select[Any]]:
    """Return queries for threads of a facet; where it has very many, for the latest LOOKED_AT of each shelf."""
    if _frequency(session, by.agency, token, LOOKED_AT) < LOOKED_AT:
        return [select(TOKEN.c.service, TOKEN.c.thread).where(TOKEN.c.agency == by.agency, TOKEN.c.token == token)]
    return [
        _latest_with(by.agency, at, shelf, token, limit)
        for at in _services(session, by, None)
        for shelf in Shelf
        if shelf is not Shelf.VANISHED
    ]


def _latest_with(agency: AgencyId, at: ServiceId, shelf: Shelf, token: bytes, limit: int) -> Select[Any]:
    table = THREAD.c
    latest = (
        select(table.service, table.thread, table.updated_at)
        .where(*_on_shelf(agency, at, shelf))
        .order_by(table.updated_at.desc(), table.thread.desc())
        .limit(LOOKED_AT)
        .subquery()
    )
    found = select(latest.c.service, latest.c.thread).where(_has(agency, latest.c, token))
    return found.order_by(latest.c.updated_at.desc(), latest.c.thread.desc()).limit(limit)


def facet_of(what: Subject | ServiceId) -> str:
    """Return what a thread is found by beside its words: its subject, or a service that takes part."""
    return f"subject|{what.value}" if isinstance(what, Subject) else f"with|{what}"


def _facets_of(standing: Standing) -> frozenset[str]:
    with_whom = (facet_of(each.service) for each in standing.others)
    return frozenset((facet_of(standing.heading.subject), *with_whom))


def facet_token(vault: Vault, agency: AgencyId, facet: str) -> bytes:
    """Return what `facet_of` gave as it stands in the index."""
    return vault.blind(agency, FACETS, facet)[:TOKEN_BYTES]


def _put_facets(session: Session, standing: Standing) -> None:
    """Store a thread's facets beside its words: the thread itself stands where a message would."""
    session.execute(delete(TOKEN).where(*_of(standing, TOKEN), TOKEN.c.message == standing.thread))
    agency, place = standing.home.agency, {**_whose(standing), "message": standing.thread}
    vault = provided(session, Vault)
    rows = [{**place, "token": facet_token(vault, agency, each)} for each in sorted(_facets_of(standing))]
    session.execute(insert(TOKEN), rows)


def _has(agency: AgencyId, of: Any, token: bytes) -> ColumnElement[bool]:
    """Return the condition that the token stands in the thread of a row: one look in an index for each row.

    With "exists" PostgreSQL would gather every thread that has the token first.
    """
    other = TOKEN.alias()
    where = (other.c.agency == agency, other.c.token == token, other.c.service == of.service)
    one = select(other.c.token).where(*where, other.c.thread == of.thread).limit(1)
    return one.scalar_subquery().is_not(None)


def _frequency(session: Session, agency: AgencyId, token: bytes, most: int) -> int:
    """Return in how many messages a token stands, counted as far as `most`."""
    some = select(TOKEN.c.thread).where(TOKEN.c.agency == agency, TOKEN.c.token == token).limit(most)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def _values(session: Session, stored: Stored) -> dict[str, Any]:
    standing, copy = stored.standing, stored.copy
    kept = Kept(standing, glance(copy))
    return {
        "person": standing.person,
        "shelf": shelf_of(copy).value,
        "owner": standing.owner,
        "entries": stored.entries,
        "updated_at": stored.updated_at,
        "arrived_at": kept.glance.arrived_at,
        "draft_at": drafted_at(copy),
        "tell_leader_at": tell_leader_at(copy),
        "standing": _seal(session, standing, "thread", "standing", dump(kept)),
    }


def _add_history(session: Session, standing: Standing, entries: Sequence[Entry], *, first: int) -> None:
    rows = [
        {
            **_whose(standing),
            "line": line,
            "at": entry.at,
            "act": entry.doing.value,
            "entry": _seal(session, standing, "thread_history", "entry", dump(entry), line),
        }
        for line, entry in enumerate(entries, first)
    ]
    if rows:
        session.execute(insert(HISTORY), rows)


def _services(session: Session, by: Staff, only: ServiceId | None) -> tuple[ServiceId, ...]:
    """Return the services where somebody reads threads; for the whole agency those that keep a copy."""
    held = by.services(*READERS)
    if only is not None:
        return (only,) if held & {None, only} else ()
    if None in held:
        return tuple(each_value(session, THREAD.c.service, THREAD.c.agency == by.agency))
    return tuple(sorted(each for each in held if each is not None))


def _on_shelf(agency: AgencyId, service: ServiceId, shelf: Shelf) -> tuple[ColumnElement[bool], ...]:
    return THREAD.c.agency == agency, THREAD.c.service == service, THREAD.c.shelf == shelf.value


def _with_draft(agency: AgencyId, service: ServiceId) -> tuple[ColumnElement[bool], ...]:
    return THREAD.c.agency == agency, THREAD.c.service == service, THREAD.c.draft_at.is_not(None)


def _some_on_shelf(agency: AgencyId, service: ServiceId, shelf: Shelf) -> ScalarSelect[int]:
    by_index = (THREAD.c.updated_at, THREAD.c.thread)  # else PostgreSQL may look for the first ones in the table
    some = select(THREAD.c.thread).where(*_on_shelf(agency, service, shelf)).order_by(*by_index).limit(COUNT_CAP)
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


def _key(home: Party, thread: ThreadId, table: Table) -> tuple[ColumnElement[bool], ...]:
    return table.c.agency == home.agency, table.c.service == home.service, table.c.thread == thread


def _of(standing: Standing, table: Table) -> tuple[ColumnElement[bool], ...]:
    return _key(standing.home, standing.thread, table)


def _whose(standing: Standing) -> dict[str, Any]:
    return {"agency": standing.home.agency, "service": standing.home.service, "thread": standing.thread}


def _row_id(standing: Standing, *more: object) -> str:
    return "|".join(map(str, (standing.home.service, standing.thread, *more)))


def _seal(session: Session, standing: Standing, table: str, column: str, plain: bytes, *more: object) -> bytes:
    vault = provided(session, Vault)
    return vault.seal(standing.home.agency, table, column, _row_id(standing, *more), plain)


def _open(session: Session, standing: Standing, table: str, column: str, sealed: bytes, *more: object) -> bytes:
    vault = provided(session, Vault)
    return vault.open(standing.home.agency, table, column, _row_id(standing, *more), sealed)


def _name_of(session: Session, standing: Standing, sha256: bytes) -> str:
    return provided(session, Vault).blind(standing.home.agency, "thread-file", sha256.hex()).hex()
