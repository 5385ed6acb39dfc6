"""Queries about a team's work; each names the agency and the service that ask."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    and_,
    bindparam,
    delete,
    false,
    func,
    insert,
    or_,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.orm import Session

from handover.db import Base
from handover.ids import AgencyId, ServiceId, StaffId
from handover.ranges import union_of
from handover.team.model import Part, Place
from handover.team.tables import (
    AbsenceRow,
    AnsweringRow,
    InternalNoteRow,
    ReadMarkRow,
    ReadyTextRow,
    TaskRow,
    TeamSettingRow,
    WorkItemRow,
)

LOOKED_AT: Final = 300
"""So many open items of a kind are looked at to count what is asked of somebody."""
SHAPES: Final = 512
"""So many combinations of roles and services are kept as statements; beyond them the least used is built again."""
_Asked = tuple[str, tuple[str, ...], tuple[str, ...]]
"""A kind of work, the services and the steps."""


def at(place: Place) -> Any:
    """Return the condition that names one work item."""
    return and_(
        WorkItemRow.agency == place.agency,
        WorkItemRow.service == place.service,
        WorkItemRow.kind == place.kind,
        WorkItemRow.subject == place.subject,
    )


def item(session: Session, place: Place) -> RowMapping | None:
    """Return one work item's row."""
    return session.execute(select(WorkItemRow.__table__).where(at(place))).mappings().first()


def due_in_step(
    session: Session, agency: AgencyId, service: ServiceId, *, kind: str, step: str, now: datetime, limit: int
) -> Sequence[UUID]:
    """Return what the open work of a service is about whose step is that one, and due; the longest due first."""
    table = WorkItemRow
    statement = (
        select(table.subject)
        .where(
            table.agency == agency,
            table.service == service,
            table.kind == kind,
            table.is_open,
            table.next_step == step,
            table.due_at <= now,
        )
        .order_by(table.due_at)
        .limit(limit)
    )
    return session.scalars(statement).all()


def change_item(session: Session, place: Place, **values: Any) -> bool:
    """Change one work item; False when there is none."""
    result = session.execute(update(WorkItemRow).where(at(place)).values(**values).returning(WorkItemRow.subject))
    return result.first() is not None


def open_items(
    session: Session,
    agency: AgencyId,
    service: ServiceId,
    parts: Sequence[Part],
    *,
    kind: str,
    now: datetime,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[RowMapping]:
    """Return open items by date after `after`, without those put away (never without those that are due).

    Each part is one range of an index, of which no more is looked at than may be shown.
    """
    table = WorkItemRow
    visible = or_(table.snoozed_until.is_(None), table.snoozed_until <= now, table.due_at <= now)
    where = [table.agency == agency, table.service == service, table.is_open.is_(True), table.kind == kind]
    if after is not None:
        where.append(tuple_(table.due_at, table.subject) > after)
    ranges = [
        select(table.__table__)
        .where(*where, *_within(part), visible)
        .order_by(*((table.owner,) if part.is_of_owner else ()), table.due_at, table.subject)
        .limit(limit)
        for part in parts
    ]
    if len(ranges) == 1:
        return session.execute(ranges[0]).mappings().all()
    found = union_of(ranges)
    return session.execute(select(found).order_by(found.c.due_at, found.c.subject).limit(limit)).mappings().all()


def _within(part: Part) -> list[ColumnElement[bool]]:
    table = WorkItemRow
    where: list[ColumnElement[bool]] = [] if part.step is None else [table.next_step == part.step]
    if part.is_of_owner:
        where.append(table.owner.is_(None) if part.owner is None else table.owner == part.owner)
    if part.due_before is not None:
        where.append(table.due_at < part.due_before)
    return where


def overdue(session: Session, agency: AgencyId, *, now: datetime, limit: int) -> Sequence[RowMapping]:
    """Return what is overdue at the agency, the oldest first."""
    statement = (
        select(WorkItemRow.__table__)
        .where(WorkItemRow.agency == agency, WorkItemRow.is_open.is_(True), WorkItemRow.due_at <= now)
        .order_by(WorkItemRow.due_at)
        .limit(limit)
    )
    return session.execute(statement).mappings().all()


def overdue_at(
    session: Session, agency: AgencyId, services: Sequence[ServiceId], *, kind: str, now: datetime, limit: int
) -> Sequence[RowMapping]:
    """Return what is overdue of one kind at some services, the longest overdue first: a range of an index each."""
    table = WorkItemRow
    ranges = [
        select(table.__table__)
        .where(
            table.agency == agency,
            table.service == each,
            table.kind == kind,
            table.is_open.is_(True),
            table.due_at <= now,
        )
        .order_by(table.due_at, table.subject)
        .limit(limit)
        for each in services
    ]
    if not ranges:
        return []
    found = union_of(ranges)
    return session.execute(select(found).order_by(found.c.due_at, found.c.subject).limit(limit)).mappings().all()


def read_marks(
    session: Session, agency: AgencyId, staff: StaffId, kind: str, subjects: Iterable[UUID]
) -> dict[UUID, datetime]:
    """Return when one person last read each of the cases."""
    rows = session.execute(
        select(ReadMarkRow.subject, ReadMarkRow.read_at).where(
            ReadMarkRow.agency == agency,
            ReadMarkRow.staff == staff,
            ReadMarkRow.kind == kind,
            ReadMarkRow.subject.in_(list(subjects)),
        )
    )
    return {row.subject: row.read_at for row in rows}


def add(session: Session, table: type[Base], row: dict[str, Any]) -> None:
    """Insert one row."""
    session.execute(insert(table).values(row))


def notes(session: Session, place: Place) -> Sequence[RowMapping]:
    """Return a case's yellow notes at one service, the oldest first."""
    table = InternalNoteRow
    statement = (
        select(table.__table__)
        .where(
            table.agency == place.agency,
            table.service == place.service,
            table.kind == place.kind,
            table.subject == place.subject,
        )
        .order_by(table.at, table.id)
    )
    return session.execute(statement).mappings().all()


def drop_notes(session: Session, place: Place) -> None:
    """Remove a case's yellow notes at one service."""
    table = InternalNoteRow
    session.execute(
        delete(table).where(
            table.agency == place.agency,
            table.service == place.service,
            table.kind == place.kind,
            table.subject == place.subject,
        )
    )


def texts(session: Session, agency: AgencyId, service: ServiceId) -> Sequence[RowMapping]:
    """Return a service's own ready texts."""
    statement = (
        select(ReadyTextRow.__table__)
        .where(ReadyTextRow.agency == agency, ReadyTextRow.service == service)
        .order_by(ReadyTextRow.kind, ReadyTextRow.title)
    )
    return session.execute(statement).mappings().all()


def change_text(
    session: Session, agency: AgencyId, service: ServiceId, text: UUID, values: dict[str, Any]
) -> bool:
    """Change one ready text of a service; False when it is not there."""
    result = session.execute(
        update(ReadyTextRow)
        .where(ReadyTextRow.agency == agency, ReadyTextRow.service == service, ReadyTextRow.id == text)
        .values(**values)
        .returning(ReadyTextRow.id)
    )
    return result.first() is not None


@dataclass(frozen=True, kw_only=True)
class TasksFor:
    """Whose tasks are asked for."""

    agency: AgencyId
    staff: StaffId
    services: frozenset[ServiceId | None]
    """Where the person works with patients; None stands for the whole agency."""
    is_agency_wide: bool
    """Whether the person has any duty for the whole agency: what belongs to no service is theirs too."""
    away: frozenset[StaffId] = frozenset()
    """Who is away: what is for them at a service is for its people now."""
    stands_in_for: frozenset[StaffId] = frozenset()
    """Of those, whose stand-in the person is: what is for them and belongs to no service is theirs."""


def open_tasks(session: Session, wanted: TasksFor) -> Sequence[RowMapping]:
    """Return the open tasks of one person, and those of their services that name nobody; the oldest first."""
    statement = _open_tasks(wanted).order_by(TaskRow.raised_at, TaskRow.id)
    return session.execute(statement).mappings().all()


def _open_tasks(wanted: TasksFor) -> Select[Any]:
    own: ColumnElement[bool] = TaskRow.for_staff == wanted.staff
    unnamed: ColumnElement[bool] = TaskRow.for_staff.is_(None)
    if wanted.away:
        unnamed = or_(unnamed, and_(TaskRow.for_staff.in_(wanted.away), TaskRow.service.is_not(None)))
        own = or_(own, and_(TaskRow.for_staff.in_(wanted.stands_in_for), TaskRow.service.is_(None)))
    if None not in wanted.services:
        here = TaskRow.service.in_([each for each in wanted.services if each is not None])
        nowhere = TaskRow.service.is_(None) if wanted.is_agency_wide else false()
        unnamed = and_(unnamed, or_(here, nowhere))
    return select(TaskRow.__table__).where(
        TaskRow.agency == wanted.agency, TaskRow.is_open.is_(True), or_(own, unnamed)
    )


def count_tasks(session: Session, wanted: TasksFor, *, limit: int) -> int:
    """Return how many tasks `open_tasks` would give, counted no further than `limit`."""
    some = _open_tasks(wanted).with_only_columns(TaskRow.id).limit(limit).subquery()
    return session.execute(select(func.count()).select_from(some)).scalar_one()


def count_asked(
    session: Session, agency: AgencyId, staff: StaffId, asks: Iterable[Mapping[str, Any]], *, limit: int
) -> int:
    """Return how much open work of those kinds, services and steps is somebody's or nobody's; at most `limit`.

    Of each kind only so many are looked at, so that it costs no more where more is stored.
    """
    wanted = tuple((each["kind"], tuple(each["services"]), tuple(each["steps"])) for each in asks)
    if not wanted:
        return 0
    return session.execute(_counting(wanted, limit), {"agency": agency, "staff": staff}).scalar_one()


@lru_cache(maxsize=SHAPES)
def _counting(asks: tuple[_Asked, ...], limit: int) -> Select[int]:
    """Return the count for people who do that kind of work at those services: every page asks it of them again."""
    staff = bindparam("staff", type_=WorkItemRow.owner.type)
    owners = (WorkItemRow.owner == staff, WorkItemRow.owner.is_(None))
    arms = [_asked(each, owned, limit) for each in asks for owned in owners]
    return select(func.count()).select_from(union_all(*arms).subquery())


def _asked(asks: _Asked, owned: ColumnElement[bool], limit: int) -> Select[Any]:
    table, (kind, services, steps) = WorkItemRow, asks
    first = (
        select(table.next_step)
        .where(
            table.agency == bindparam("agency", type_=table.agency.type),
            table.service.in_(services),
            table.kind == kind,
            table.is_open.is_(True),
            owned,
        )
        .limit(LOOKED_AT)
        .subquery()
    )
    some = select(first.c.next_step).where(first.c.next_step.in_(steps)).limit(limit).subquery()
    return select(some.c.next_step)


def tasks_about(session: Session, agency: AgencyId, subject: UUID) -> Sequence[RowMapping]:
    """Return the open tasks about one case."""
    statement = select(TaskRow.__table__).where(
        TaskRow.agency == agency, TaskRow.subject == subject, TaskRow.is_open.is_(True)
    )
    return session.execute(statement).mappings().all()


def last_raised(session: Session, agency: AgencyId, subject: UUID) -> datetime | None:
    """Return when the latest task about one case was left."""
    statement = select(func.max(TaskRow.raised_at)).where(TaskRow.agency == agency, TaskRow.subject == subject)
    found: datetime | None = session.execute(statement).scalar()
    return found


def finish_task(session: Session, agency: AgencyId, task: UUID, *, by: StaffId, now: datetime) -> bool:
    """Close a task; False when it is not there or was closed before."""
    result = session.execute(
        update(TaskRow)
        .where(TaskRow.agency == agency, TaskRow.id == task, TaskRow.is_open.is_(True))
        .values(is_open=False, done_at=now, done_by=by)
        .returning(TaskRow.id)
    )
    return result.first() is not None


def reword_task(
    session: Session, agency: AgencyId, task: UUID, *, text: bytes, is_open: bool, now: datetime
) -> None:
    """Put other sealed words in an open task, and close it where they leave nothing to do."""
    session.execute(
        update(TaskRow)
        .where(TaskRow.agency == agency, TaskRow.id == task, TaskRow.is_open.is_(True))
        .values(text=text, is_open=is_open, done_at=None if is_open else now)
    )


def finish_tasks_about(
    session: Session, agency: AgencyId, subjects: Iterable[UUID], kind: str, *, now: datetime
) -> None:
    """Close the open tasks of a kind about some cases: what they asked for has come about by itself."""
    session.execute(
        update(TaskRow)
        .where(
            TaskRow.agency == agency,
            TaskRow.subject.in_(list(subjects)),
            TaskRow.is_open.is_(True),
            TaskRow.kind == kind,
        )
        .values(is_open=False, done_at=now)
    )


def passed(session: Session, agency: AgencyId, *, since: datetime, until: datetime) -> Sequence[RowMapping]:
    """Return the open items of an agency whose date passed after `since`, up to `until`."""
    table = WorkItemRow
    statement = select(table.__table__).where(
        table.agency == agency, table.is_open.is_(True), table.due_at > since, table.due_at <= until
    )
    return session.execute(statement.order_by(table.due_at)).mappings().all()


def counts(session: Session, agency: AgencyId, service: ServiceId, *, kind: str, now: datetime) -> RowMapping:
    """Return how many open items a service has: all, overdue, without an owner."""
    table = WorkItemRow
    statement = select(
        func.count().label("open"),
        func.count().filter(table.due_at <= now).label("overdue"),
        func.count().filter(table.owner.is_(None)).label("unowned"),
    ).where(table.agency == agency, table.service == service, table.is_open.is_(True), table.kind == kind)
    return session.execute(statement).mappings().one()


# --- absence, and work that passes from one to another ----------------------------------------------------------


def absences(session: Session, agency: AgencyId) -> Sequence[RowMapping]:
    """Return every absence of an agency that is not over."""
    return session.execute(select(AbsenceRow.__table__).where(AbsenceRow.agency == agency)).mappings().all()


def drop_absence(session: Session, agency: AgencyId, staff: StaffId) -> bool:
    """Forget that somebody is away; False when nothing was noted."""
    statement = delete(AbsenceRow).where(AbsenceRow.agency == agency, AbsenceRow.staff == staff)
    return session.execute(statement.returning(AbsenceRow.staff)).first() is not None


def begin_absences(session: Session, agency: AgencyId, away: Sequence[StaffId]) -> None:
    """Note whose absence has begun."""
    statement = update(AbsenceRow).where(AbsenceRow.agency == agency, AbsenceRow.has_begun.is_(False))
    session.execute(statement.where(AbsenceRow.staff.in_(away)).values(has_begun=True))


def give_tasks_back(session: Session, agency: AgencyId, staff: Iterable[StaffId]) -> None:
    """Let the open tasks of some people be their services', or the operators' where they belong to none."""
    mine = (TaskRow.agency == agency, TaskRow.for_staff.in_(list(staff)), TaskRow.is_open.is_(True))
    session.execute(update(TaskRow).where(*mine).values(for_staff=None))


def kept_for_others(session: Session, agency: AgencyId, away: Sequence[StaffId]) -> Sequence[RowMapping]:
    """Return the open work of those who are away, and what others have in somebody's place."""
    table = WorkItemRow
    theirs = select(table.__table__).where(
        table.agency == agency, table.is_open.is_(True), table.owner.is_not(None), table.owner.in_(away)
    )
    passed = select(table.__table__).where(
        table.agency == agency,
        table.is_open.is_(True),
        table.passed_from.is_not(None),
        table.is_given_back.is_(False),
        table.subject >= UUID(int=0),  # all of them: else SQLite reads all open work rather than the small index
    )
    return session.execute(select(union_of([theirs, passed]))).mappings().all()


def passed_on(session: Session, agency: AgencyId, subjects: Iterable[UUID]) -> Sequence[RowMapping]:
    """Return the open work about some cases that somebody has in an owner's place."""
    table = WorkItemRow
    statement = select(table.__table__).where(
        table.agency == agency,
        table.passed_from.is_not(None),
        table.is_open.is_(True),
        table.subject.in_(list(subjects)),
    )
    return session.execute(statement).mappings().all()


def setting(session: Session, agency: AgencyId, service: ServiceId) -> int | None:
    """Return how many working days a service lets work lie; None where it has not said."""
    table = TeamSettingRow
    return session.scalar(select(table.untouched_days).where(table.agency == agency, table.service == service))


def untouched(
    session: Session,
    agency: AgencyId,
    service: ServiceId,
    asks: Mapping[str, Sequence[str]],
    *,
    before: datetime,
    limit: int = 50,
) -> Sequence[RowMapping]:
    """Return owned open work at those steps that nobody has touched since, the longest untouched first."""
    table = WorkItemRow
    asked = [and_(table.kind == kind, table.next_step.in_(steps)) for kind, steps in asks.items()]
    statement = (
        select(table.__table__)
        .where(
            table.agency == agency,
            table.service == service,
            table.is_open.is_(True),
            table.owner.is_not(None),
            table.touched_at <= before,
            or_(false(), *asked),
        )
        .order_by(table.touched_at)
        .limit(limit)
    )
    return session.execute(statement).mappings().all()


# --- who writes an answer just now ------------------------------------------------------------------------------


def answering(session: Session, place: Place) -> RowMapping | None:
    """Return who writes an answer in a case, as far as anybody has said."""
    return session.execute(select(AnsweringRow.__table__).where(_answered(place))).mappings().first()


def drop_answering(session: Session, place: Place, staff: StaffId) -> None:
    """Forget that somebody writes an answer."""
    session.execute(delete(AnsweringRow).where(_answered(place), AnsweringRow.staff == staff))


def _answered(place: Place) -> ColumnElement[bool]:
    table = AnsweringRow
    return and_(
        table.agency == place.agency,
        table.service == place.service,
        table.kind == place.kind,
        table.subject == place.subject,
    )
