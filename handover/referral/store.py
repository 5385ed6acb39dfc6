"""Queries about referrals. Each names the asking actor: what they may not see is not there (rule 16)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Table,
    and_,
    delete,
    extract,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from handover.actors import Actor, Machine, Patient, Role, Staff
from handover.db import provided
from handover.errors import NotFound
from handover.ids import AgencyId, MessageId, PersonId, ReferralId, ServiceId
from handover.keys.vault import Vault
from handover.ranges import MOST_PARTS, each_value, union_of
from handover.referral.lifecycle import Side, Status
from handover.referral.model import Attachment, AttachmentId, Entry, Party, ReferralContent
from handover.referral.standing import Standing
from handover.referral.steps import Shelf, next_step, shelf_of
from handover.referral.tables import AttachmentRow, HistoryRow, ReferralRow
from handover.team.tables import WorkItemRow
from handover.values import dump, load

REFERRAL: Final = cast(Table, ReferralRow.__table__)
HISTORY: Final = cast(Table, HistoryRow.__table__)
ATTACHMENT: Final = cast(Table, AttachmentRow.__table__)
AnyRow = Row[Any]
WORK: Final = cast(Table, WorkItemRow.__table__)
Cursor = tuple[datetime, UUID]
COUNT_CAP: Final = 200
"""Counts beside filters stop here ("200+"), so that a page's cost follows what is shown: nobody acts on 1 000."""

ROLES: Final = {
    Side.REFERRER: (Role.REFERRER,),
    Side.RECEIVER: (Role.INTAKE, Role.CLINICIAN),
}
"""Who works with referrals at each side, at the services for which they hold the role."""


class ReferralNotFound(NotFound):
    """Not there, or not yours."""

    code = "referral.not-found"


@dataclass(frozen=True)
class Stored:
    """One copy as it lies in the database."""

    standing: Standing
    content: ReferralContent = field(repr=False)
    entries: int
    revision: int
    updated_at: datetime

    @property
    def agency(self) -> AgencyId:
        """Whose copy it is."""
        return self.standing.home.agency


@dataclass(frozen=True)
class Range:
    """Work of one service that lies together in an index."""

    where: tuple[ColumnElement[bool], ...]
    of_owner: bool = False
    """The index goes by owner, and the conditions name one, or nobody."""


def reach(by: Actor, side: Side, roles: Iterable[Role] | None = None) -> ColumnElement[bool]:
    """Return the condition for the copies the actor works with on that side; nothing for who has no such role."""
    if isinstance(by, Patient):
        raise ReferralNotFound
    own = REFERRAL.c.agency == by.agency
    if isinstance(by, Machine):
        return own & (REFERRAL.c.side == side.value)
    services = by.services(*(roles or ROLES.get(side, ())))
    mine = own & (REFERRAL.c.side == side.value)
    return mine if None in services else mine & REFERRAL.c.service.in_(sorted(filter(None, services)))


def find(
    session: Session,
    referral: ReferralId,
    *,
    side: Side,
    by: Actor,
    at: ServiceId | None = None,
    lock: bool = False,
) -> Stored:
    """Return one copy: at the service named, else the one furthest on. Raises ReferralNotFound."""
    statement = (
        select(REFERRAL)
        .where(reach(by, side), REFERRAL.c.referral == referral)
        .order_by(REFERRAL.c.leg.desc(), REFERRAL.c.number.desc())
        .limit(1)
    )
    if at is not None:
        statement = statement.where(REFERRAL.c.service == at)
    row = session.execute(statement.with_for_update() if lock else statement).first()
    if row is None:
        raise ReferralNotFound
    return opened(session, row)


def at_home(session: Session, home: Party, side: Side, referral: ReferralId) -> Stored | None:
    """Return, for the machine, the copy one service keeps, locked; None when it keeps none."""
    statement = select(REFERRAL).where(*_key(home, side, referral)).with_for_update()
    row = session.execute(statement).first()
    return None if row is None else opened(session, row)


def person_of(session: Session, home: Party, side: Side, referral: ReferralId) -> PersonId | None:
    """Return, for the machine, whom one service's copy is about, without opening anything."""
    found = session.scalar(select(REFERRAL.c.person).where(*_key(home, side, referral)))
    return None if found is None else PersonId(found)


def persons_of(
    session: Session, by: Staff, referrals: Iterable[ReferralId]
) -> dict[tuple[Side, ReferralId, ServiceId | None], PersonId]:
    """Return whom those copies that the actor may open are about; without a service, the copy furthest on."""
    table = REFERRAL.c
    mine = or_(*(reach(by, side) for side in ROLES))
    statement = (
        select(table.side, table.referral, table.service, table.person)
        .where(table.agency == by.agency, table.referral.in_(list(referrals)), mine)
        .order_by(table.leg, table.number)
    )
    return {
        (Side(row.side), ReferralId(row.referral), at): PersonId(row.person)
        for row in session.execute(statement)
        if row.person is not None
        for at in (ServiceId(row.service), None)
    }


def known_to(session: Session, by: Staff, persons: Iterable[PersonId]) -> set[PersonId]:
    """Return those of them about whom the actor may open a referral, on either side."""
    mine = or_(*(reach(by, side) for side in ROLES))
    statement = select(REFERRAL.c.person).where(mine, REFERRAL.c.person.in_(list(persons))).distinct()
    return {PersonId(found) for found in session.scalars(statement) if found is not None}


def copies_about(
    session: Session, agencies: Iterable[AgencyId], persons: Iterable[PersonId]
) -> tuple[Stored, ...]:
    """Return, for the patient, every copy about them that has left its draft, the latest first."""
    statement = (
        select(REFERRAL)
        .where(
            REFERRAL.c.agency.in_(sorted(agencies)),
            REFERRAL.c.person.in_(set(persons)),
            REFERRAL.c.status != Status.DRAFT.value,
        )
        .order_by(REFERRAL.c.updated_at.desc())
    )
    return tuple(opened(session, row) for row in session.execute(statement))


def add(
    session: Session,
    standing: Standing,
    content: ReferralContent,
    *,
    now: datetime,
    entries: Sequence[Entry] = (),
) -> Stored:
    """Store a new copy with the first lines of its history."""
    stored = Stored(standing, content, entries=len(entries), revision=0, updated_at=now)
    session.execute(
        insert(REFERRAL).values(
            agency=standing.home.agency,
            side=standing.side.value,
            service=standing.home.service,
            referral=standing.referral,
            reference=standing.reference,
            content=_seal(session, standing, "referral", "content", dump(content)),
            **_values(session, stored, now),
        )
    )
    _add_history(session, standing, entries, first=1)
    return stored


def save(
    session: Session,
    stored: Stored,
    standing: Standing,
    *,
    now: datetime,
    entries: Sequence[Entry] = (),
    content: ReferralContent | None = None,
    new_revision: bool = False,
) -> Stored:
    """Write the copy's new standing (and content), and add lines to its history."""
    after = Stored(
        standing,
        stored.content if content is None else content,
        stored.entries + len(entries),
        stored.revision + new_revision,
        now,
    )
    values = _values(session, after, now)
    if content is not None:
        values["content"] = _seal(session, standing, "referral", "content", dump(content))
    session.execute(
        update(REFERRAL).where(*_key(standing.home, standing.side, standing.referral)).values(**values)
    )
    _add_history(session, standing, entries, first=stored.entries + 1)
    return after


def remove_draft(session: Session, stored: Stored) -> None:
    """Remove a draft that was never sent, with its attachments and history."""
    standing = stored.standing
    for table in (HISTORY, ATTACHMENT, REFERRAL):
        session.execute(delete(table).where(*_key(standing.home, standing.side, standing.referral, table)))


def history(session: Session, standing: Standing) -> tuple[Entry, ...]:
    """Return everything that happened at this copy, in the order it was written there."""
    statement = (
        select(HISTORY.c.line, HISTORY.c.entry)
        .where(*_key(standing.home, standing.side, standing.referral, HISTORY))
        .order_by(HISTORY.c.line)
    )
    vault, row_id = provided(session, Vault), _row_id(standing)
    return tuple(
        load(
            Entry,
            vault.open(standing.home.agency, "referral_history", "entry", f"{row_id}|{row.line}", row.entry),
        )
        for row in session.execute(statement)
    )


def page(
    session: Session,
    *,
    by: Staff,
    side: Side,
    shelves: Sequence[Shelf],
    service: ServiceId | None = None,
    after: Cursor | None = None,
    limit: int = 50,
) -> tuple[Stored, ...]:
    """Return copies by their latest change, newest first; go on with `after=(updated_at, referral)`.

    Each service and shelf is one range of an index: only as many of each are looked at as may be shown.
    """
    table = REFERRAL.c
    ranges = [
        select(table.service, table.referral, table.updated_at)
        .where(shelf, *(() if after is None else (tuple_(table.updated_at, table.referral) < after,)))
        .order_by(table.updated_at.desc(), table.referral.desc())
        .limit(limit)
        for at in _services(session, by, side, service)
        for shelf in (_on_shelf(by.agency, side, at, shelf) for shelf in shelves)
    ]
    return _latest(session, by.agency, side, ranges, limit=limit)


def search(
    session: Session,
    *,
    by: Staff,
    side: Side,
    reference: str | None,
    persons: Sequence[PersonId],
    after: Cursor | None = None,
    limit: int = 50,
) -> tuple[Stored, ...]:
    """Return the copies with that reference or about one of those persons, the latest change first."""
    table = REFERRAL.c
    mine = (reach(by, side), *(() if after is None else (tuple_(table.updated_at, table.referral) < after,)))
    found: list[ColumnElement[bool]] = [table.person.in_(persons)] if persons else []
    if reference is not None:
        found.append(table.reference == reference)
    keys = [select(table.service, table.referral, table.updated_at).where(*mine, each) for each in found]
    return _latest(session, by.agency, side, keys, limit=limit)


def count_shelves(session: Session, *, by: Staff, side: Side) -> dict[Shelf, int]:
    """Return how many copies stand on each shelf, at most COUNT_CAP."""
    services = _services(session, by, side)
    ranges = {
        shelf.value: [
            select(REFERRAL.c.referral).where(_on_shelf(by.agency, side, at, shelf)).limit(COUNT_CAP)
            for at in services
        ]
        for shelf in Shelf
    }
    counted = _count(session, ranges)
    return {shelf: counted[shelf.value] for shelf in Shelf}


def due(
    session: Session,
    agency: AgencyId,
    side: Side,
    *,
    kind: str,
    now: datetime,
    ranges: Sequence[Range],
    after: Cursor | None = None,
    limit: int = 50,
) -> tuple[tuple[Stored, datetime], ...]:
    """Return open copies by the date of their next step, with that date; each range is one of an index.

    What is put away is left out until it is due; go on with `after=(due_at, referral)`.
    """
    if not ranges:
        return ()
    keys = union_of([_first_due(agency, kind, now, each, after, limit) for each in ranges])
    same = _same(agency, side, keys.c.service, keys.c.subject)
    statement = (
        select(REFERRAL, keys.c.due_at.label("work_due_at"))
        .join_from(keys, REFERRAL, same)
        .order_by(keys.c.due_at, keys.c.subject)
        .limit(limit)
    )
    return tuple((opened(session, row), row.work_due_at) for row in session.execute(statement))


def count_due(
    session: Session, agency: AgencyId, *, kind: str, now: datetime, ranges: Mapping[str, Sequence[Range]]
) -> dict[str, int]:
    """Return for each name how many `due` would go through in its ranges, at most COUNT_CAP."""
    return _count(
        session,
        {
            name: [_open_work(agency, kind, now).where(*each.where).limit(COUNT_CAP) for each in some]
            for name, some in ranges.items()
        },
    )


def at_services(session: Session, by: Staff, side: Side) -> tuple[ColumnElement[bool], ...]:
    """Return for each service where the actor works on that side the condition that work lies there."""
    return tuple(WORK.c.service == each for each in _services(session, by, side))


@dataclass(frozen=True)
class Period:
    """What was received from `start` until before `end`, at one service or all of an agency's."""

    agency: AgencyId
    service: ServiceId | None
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Assessed:
    """How many of them were assessed by when."""

    received: int
    assessed: int
    in_time: int
    overdue: int
    oldest_waiting: datetime | None


def assessed(session: Session, period: Period, *, now: datetime) -> Assessed:
    """Return the counts of a period; they are read from an index alone."""
    table = REFERRAL.c
    waits = and_(table.assessed_at.is_(None), table.is_open.is_(True))
    statement = select(
        func.count(),
        func.count().filter(table.assessed_at.is_not(None)),
        func.count().filter(table.assessed_at < table.assess_by),
        func.count().filter(waits, table.assess_by <= now),
        func.min(table.received_at).filter(waits),
    )
    return Assessed(*session.execute(statement.where(*_received(session, period))).one())


def spans_to_assessed(session: Session, period: Period, *, limit: int) -> Sequence[tuple[datetime, datetime]]:
    """Return when the latest referrals of a period that are assessed were received and assessed."""
    table = REFERRAL.c
    statement = (
        select(table.received_at, table.assessed_at)
        .where(*_received(session, period), table.assessed_at.is_not(None))
        .order_by(table.received_at.desc())
        .limit(limit)
    )
    return [(row.received_at, row.assessed_at) for row in session.execute(statement)]


def median_days_to_assessed(session: Session, period: Period, *, of: int) -> float | None:
    """Return the median of the `of` spans from receipt to assessment, in calendar days; None without any."""
    start, end = REFERRAL.c.received_at, REFERRAL.c.assessed_at
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    took = extract("epoch", end - start) / 86400 if is_postgresql else func.julianday(end) - func.julianday(start)
    middle = select(took).where(*_received(session, period), end.is_not(None)).order_by(took)
    found = session.scalars(middle.offset((of - 1) // 2).limit(2 - of % 2)).all() if of else ()
    return float(sum(found)) / len(found) if found else None


def _received(session: Session, period: Period) -> tuple[ColumnElement[bool], ...]:
    table = REFERRAL.c
    one = (period.service,)
    services = one if period.service is not None else _kept_at(session, period.agency, Side.RECEIVER)
    return (
        table.agency == period.agency,
        table.side == Side.RECEIVER.value,
        table.service.in_(services),
        table.received_at >= period.start,
        table.received_at < period.end,
    )


def oldest_unopened(session: Session, agency: AgencyId) -> datetime | None:
    """Return when the oldest open referral that nobody has opened was received."""
    table = REFERRAL.c
    statement = (
        select(table.received_at)
        .where(
            table.agency == agency,
            table.side == Side.RECEIVER.value,
            table.is_open.is_(True),
            table.opened_at.is_(None),
        )
        .order_by(table.opened_at, table.received_at)  # as the index goes, so that PostgreSQL need not sort
        .limit(1)
    )
    found: datetime | None = session.scalar(statement)
    return found


def latest_change(session: Session, home: Party, side: Side) -> datetime | None:
    """Return when anything last changed at a service: one step in an index for each shelf."""
    found = [
        session.scalar(
            select(func.max(REFERRAL.c.updated_at)).where(_on_shelf(home.agency, side, home.service, shelf))
        )
        for shelf in Shelf
    ]
    return max(filter(None, found), default=None)


def count_received_after(session: Session, home: Party, at: datetime) -> int:
    """Return how many referrals a service has received after an instant, at most COUNT_CAP."""
    some = (
        select(REFERRAL.c.referral)
        .where(
            REFERRAL.c.agency == home.agency,
            REFERRAL.c.side == Side.RECEIVER.value,
            REFERRAL.c.service == home.service,
            REFERRAL.c.received_at > at,
        )
        .limit(COUNT_CAP)
        .subquery()
    )
    return session.scalar(select(func.count()).select_from(some)) or 0


def add_attachment(session: Session, standing: Standing, about: Attachment, data: bytes, *, now: datetime) -> None:
    """Keep a file with a copy, sealed; nothing changes when it is there already."""
    if any(each.id == about.id for each in attachments(session, standing)):
        return
    row_id = f"{_row_id(standing)}|{about.id}"
    vault = provided(session, Vault)
    agency = standing.home.agency
    session.execute(
        insert(ATTACHMENT).values(
            agency=agency,
            side=standing.side.value,
            service=standing.home.service,
            referral=standing.referral,
            id=about.id,
            added_at=now,
            about=vault.seal(agency, "referral_attachment", "about", row_id, dump(about)),
            data=vault.seal(agency, "referral_attachment", "data", row_id, data),
        )
    )


def attachments(session: Session, standing: Standing) -> tuple[Attachment, ...]:
    """Return what files a copy has, in the order they were added."""
    table = ATTACHMENT.c
    statement = (
        select(table.id, table.about)
        .where(*_key(standing.home, standing.side, standing.referral, ATTACHMENT))
        .order_by(table.added_at, table.id)
    )
    vault, row_id = provided(session, Vault), _row_id(standing)
    return tuple(
        load(
            Attachment,
            vault.open(standing.home.agency, "referral_attachment", "about", f"{row_id}|{row.id}", row.about),
        )
        for row in session.execute(statement)
    )


def attachment_data(session: Session, standing: Standing, attachment: AttachmentId) -> bytes:
    """Return a file's bytes. Raises ReferralNotFound."""
    sealed = session.scalar(
        select(ATTACHMENT.c.data).where(
            *_key(standing.home, standing.side, standing.referral, ATTACHMENT), ATTACHMENT.c.id == attachment
        )
    )
    if sealed is None:
        raise ReferralNotFound
    row_id = f"{_row_id(standing)}|{attachment}"
    return provided(session, Vault).open(standing.home.agency, "referral_attachment", "data", row_id, sealed)


def remove_attachment(session: Session, standing: Standing, attachment: AttachmentId) -> None:
    """Remove a file from a draft."""
    session.execute(
        delete(ATTACHMENT).where(
            *_key(standing.home, standing.side, standing.referral, ATTACHMENT), ATTACHMENT.c.id == attachment
        )
    )


def opened(session: Session, row: AnyRow) -> Stored:
    """Return a row with its seals opened."""
    vault = provided(session, Vault)
    agency = AgencyId(row.agency)
    row_id = f"{row.side}|{row.service}|{row.referral}"
    return Stored(
        standing=load(Standing, vault.open(agency, "referral", "standing", row_id, row.standing)),
        content=load(ReferralContent, vault.open(agency, "referral", "content", row_id, row.content)),
        entries=row.entries,
        revision=row.revision,
        updated_at=row.updated_at,
    )


def works_there(by: Actor, side: Side, service: ServiceId) -> bool:
    """Whether a staff member holds a role on that side at that service."""
    return isinstance(by, Staff) and any(by.has(role, service) for role in ROLES[side])


def of_message(session: Session, agency: AgencyId, message: MessageId) -> Stored | None:
    """Return, for the machine, the copy from which a request left in that message, locked."""
    statement = (
        select(REFERRAL).where(REFERRAL.c.agency == agency, REFERRAL.c.message == message).with_for_update()
    )
    row = session.execute(statement).first()
    return None if row is None else opened(session, row)


def _services(session: Session, by: Staff, side: Side, only: ServiceId | None = None) -> tuple[ServiceId, ...]:
    """Return the services where somebody works on that side; for the whole agency those that keep a copy."""
    if only is not None:
        return (only,)
    held = by.services(*ROLES[side])
    if None in held:
        return _kept_at(session, by.agency, side)
    return tuple(sorted(each for each in held if each is not None))


def _kept_at(session: Session, agency: AgencyId, side: Side) -> tuple[ServiceId, ...]:
    table = REFERRAL.c
    return tuple(each_value(session, table.service, table.agency == agency, table.side == side.value))


def _on_shelf(agency: AgencyId, side: Side, service: ServiceId, shelf: Shelf) -> ColumnElement[bool]:
    table = REFERRAL.c
    return and_(
        table.agency == agency,
        table.side == side.value,
        table.service == service,
        table.shelf == shelf.value,
    )


def _latest(
    session: Session, agency: AgencyId, side: Side, keys: Sequence[Select[Any]], *, limit: int
) -> tuple[Stored, ...]:
    if not keys:
        return ()
    found = union_of(keys)
    statement = (
        select(REFERRAL)
        .join_from(found, REFERRAL, _same(agency, side, found.c.service, found.c.referral))
        .order_by(found.c.updated_at.desc(), found.c.referral.desc())
        .limit(limit)
    )
    return tuple(opened(session, row) for row in session.execute(statement))


def _count(session: Session, ranges: Mapping[str, Sequence[Select[Any]]]) -> dict[str, int]:
    counted = [
        select(func.count()).select_from(part.subquery()).scalar_subquery()
        for parts in ranges.values()
        for part in parts
    ]
    some = (counted[start : start + MOST_PARTS] for start in range(0, len(counted), MOST_PARTS))
    found = (number for each in some for number in session.execute(select(*each)).one())
    return {name: min(COUNT_CAP, sum(next(found) for _ in parts)) for name, parts in ranges.items()}


def _same(
    agency: AgencyId, side: Side, service: ColumnElement[Any], referral: ColumnElement[Any]
) -> ColumnElement[bool]:
    return and_(
        REFERRAL.c.agency == agency,
        REFERRAL.c.side == side.value,
        REFERRAL.c.service == service,
        REFERRAL.c.referral == referral,
    )


def _first_due(
    agency: AgencyId, kind: str, now: datetime, wanted: Range, after: Cursor | None, limit: int
) -> Select[Any]:
    by_date = (WORK.c.due_at, WORK.c.subject)
    order = (WORK.c.owner, *by_date) if wanted.of_owner else by_date  # so PostgreSQL sees that nothing is to sort
    later = () if after is None else (tuple_(*by_date) > after,)
    return _open_work(agency, kind, now).where(*wanted.where, *later).order_by(*order).limit(limit)


def _open_work(agency: AgencyId, kind: str, now: datetime) -> Select[Any]:
    visible = or_(WORK.c.snoozed_until.is_(None), WORK.c.snoozed_until <= now, WORK.c.due_at <= now)
    return select(WORK.c.service, WORK.c.subject, WORK.c.due_at).where(
        WORK.c.agency == agency, WORK.c.kind == kind, WORK.c.is_open.is_(True), visible
    )


def _values(session: Session, stored: Stored, now: datetime) -> dict[str, Any]:
    standing = stored.standing
    deadline = standing.deadline
    return {
        "person": standing.person,
        "status": standing.status.value,
        "leg": standing.version.leg,
        "number": standing.version.number,
        "is_open": next_step(standing) is not None,
        "shelf": shelf_of(standing).value,
        "is_undelivered": standing.undelivered,
        "owner": standing.owner,
        "message": standing.message,
        "entries": stored.entries,
        "revision": stored.revision,
        "updated_at": now,
        "received_at": standing.received_at,
        "opened_at": None if standing.opened is None else standing.opened.at,
        "assess_by": None if deadline is None else deadline.passes_at,
        "assessed_at": standing.assessed_at,
        "standing": _seal(session, standing, "referral", "standing", dump(standing)),
    }


def _add_history(session: Session, standing: Standing, entries: Sequence[Entry], *, first: int) -> None:
    if entries:
        rows = [_history(session, standing, line, each) for line, each in enumerate(entries, first)]
        session.execute(insert(HISTORY), rows)


def _history(session: Session, standing: Standing, line: int, entry: Entry) -> dict[str, Any]:
    sealed = provided(session, Vault).seal(
        standing.home.agency, "referral_history", "entry", f"{_row_id(standing)}|{line}", dump(entry)
    )
    return {
        "agency": standing.home.agency,
        "side": standing.side.value,
        "service": standing.home.service,
        "referral": standing.referral,
        "line": line,
        "at": entry.at,
        "act": entry.act.value,
        "status": entry.status.value,
        "leg": entry.version.leg,
        "number": entry.version.number,
        "entry": sealed,
    }


def _key(
    home: Party, side: Side, referral: ReferralId, table: Table = REFERRAL
) -> tuple[ColumnElement[bool], ...]:
    return (
        table.c.agency == home.agency,
        table.c.side == side.value,
        table.c.service == home.service,
        table.c.referral == referral,
    )


def _row_id(standing: Standing) -> str:
    return f"{standing.side.value}|{standing.home.service}|{standing.referral}"


def _seal(session: Session, standing: Standing, table: str, column: str, plain: bytes) -> bytes:
    return provided(session, Vault).seal(standing.home.agency, table, column, _row_id(standing), plain)
