"""Threads in a service's worklist: by date (rule 8), what is finished, search, whether the list has changed.

Open work is one range of the team's index, what is finished one of the threads': the cost follows what is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from handover.access import service as access
from handover.actors import Staff
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.errors import NotFound
from handover.ids import ServiceId, StaffId
from handover.message import reading, store
from handover.message.cases import WORK
from handover.message.model import Subject
from handover.message.reading import Listed
from handover.message.standing import Standing
from handover.message.steps import IS_OURS, Glance, NextStep, Shelf, Step, is_since
from handover.message.store import ThreadNotFound
from handover.person.model import Identity
from handover.team import service as team
from handover.team.model import Counted, Part, Wanted, WorkItem

PAGE: Final = 50
COUNT_CAP: Final = store.COUNT_CAP
"""Counts stop here, so that they cost no more where more is stored."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_VERSION: Final = 18
"""Digits: what is longer is no version of ours."""


@dataclass(frozen=True, kw_only=True)
class ThreadRow:
    """One thread in a worklist."""

    standing: Standing
    patient: Identity | None = field(repr=False)
    glance: Glance
    due_at: datetime
    """When the next step is due; for what is finished, when it last changed."""
    is_overdue: bool
    is_unread: bool
    """Whether something has come since this reader looked last."""
    owner: StaffId | None
    owner_name: str
    """Empty: nobody has taken it."""
    is_answer: bool = False
    """Whether what this reader has not seen answers a message of this service."""

    @property
    def step(self) -> NextStep | None:
        """What must happen next; None when nothing is left to do."""
        return self.glance.step

    @property
    def is_ours(self) -> bool:
        """Whether the next move is that of the service that keeps this copy."""
        return self.step is not None and self.step.is_ours

    @property
    def cursor(self) -> tuple[datetime, UUID]:
        """Where the next page goes on."""
        return self.due_at, self.standing.thread


def open_work(
    session: Session,
    service: ServiceId,
    *,
    by: Staff,
    now: datetime,
    after: tuple[datetime, UUID] | None = None,
    due_before: datetime | None = None,
    wanted: Wanted | None = None,
) -> tuple[ThreadRow, ...]:
    """Return a service's open threads by date, at most one more than a page: then there is more.

    Those that a filter asks for, and those that are due. What is put away is left out until it is due. One row in
    the log names everybody shown.
    """
    if not store.works_there(by, service):
        return ()
    parts = [Part(due_before=due_before)] if wanted is None else _parts(wanted, by.id, now)
    items = team.open_parts(session, by.agency, service, parts, kind=WORK, now=now, after=after, limit=PAGE + 1)
    found = reading.work(session, by, service, [item.place.subject for item in items])
    held = {item.place.subject: item for item in items}
    rows = _rows(session, [found[each] for each in held if each in found], held, by=by, now=now)
    _log(session, rows, Logged.MESSAGE_LIST, service=service, by=by, now=now)
    return tuple(sorted(rows, key=lambda row: row.cursor))


def _parts(wanted: Wanted, reader: StaffId, now: datetime) -> list[Part]:
    overdue = Part(due_before=now + timedelta(microseconds=1))
    if wanted in {Wanted.MINE, Wanted.UNOWNED}:
        return [overdue, Part(is_of_owner=True, owner=reader if wanted is Wanted.MINE else None)]
    is_ours = wanted is Wanted.TO_DO
    return [overdue, *(Part(step=step.value) for step in Step if IS_OURS[step] is is_ours)]


def counted(session: Session, service: ServiceId, *, by: Staff, now: datetime) -> tuple[Counted, ...]:
    """Return a service's open threads without what they are about, at most COUNT_CAP."""
    if not store.works_there(by, service):
        return ()
    items = team.open_items(session, by.agency, service, kind=WORK, now=now, limit=COUNT_CAP)
    return tuple(Counted(IS_OURS[Step(item.next_step)], item.is_overdue(now), item.owner) for item in items)


@dataclass(frozen=True, kw_only=True)
class ThreadNews:
    """Whether the threads of a service have changed: a version that grows, and in how many something came."""

    version: str
    new: int


def work_news(session: Session, service: ServiceId, *, by: Staff, version: str = "") -> ThreadNews:
    """Return the version of a service's threads now, and in how many something came after `version`; names nobody.

    Raises ThreadNotFound for who does not work there.
    """
    if not store.works_there(by, service):
        raise ThreadNotFound
    latest = store.latest_change(session, by, service)
    is_one = version.isascii() and version.isdecimal() and len(version) < _LONGEST_VERSION
    since = _EPOCH + timedelta(microseconds=int(version)) if is_one else None
    return ThreadNews(
        version="0" if latest is None else str((latest - _EPOCH) // timedelta(microseconds=1)),
        new=0 if since is None else store.count_arrived_after(session, by, service, since),
    )


def list_closed(
    session: Session,
    service: ServiceId,
    *,
    by: Staff,
    now: datetime,
    after: tuple[datetime, UUID] | None = None,
    limit: int = PAGE,
) -> tuple[ThreadRow, ...]:
    """Return the threads with nothing left to do at a service, the latest first; one row in the log names all."""
    if not store.works_there(by, service):
        return ()
    shelves = (Shelf.CLOSED,)
    found = store.page(session, by=by, service=service, shelves=shelves, after=after, limit=limit)
    rows = _rows(session, reading.listed(session, by.agency, found), {}, by=by, now=now)
    _log(session, rows, Logged.MESSAGE_LIST, service=service, by=by, now=now)
    return tuple(rows)


def search_work(
    session: Session, text: str, *, by: Staff, now: datetime, subjects: Sequence[Subject] = ()
) -> tuple[ThreadRow, ...]:
    """Return the threads that a name, number, reference, subject or word points to, finished ones too."""
    found = reading.search(session, by, text, now=now, subjects=subjects)
    return tuple(_rows(session, found, {}, by=by, now=now))


def _log(
    session: Session, rows: Sequence[ThreadRow], event: Logged, *, service: ServiceId, by: Staff, now: datetime
) -> None:
    if not rows:
        return
    persons = dict.fromkeys(row.standing.person for row in rows)
    named = tuple(each for each in persons if each is not None)
    audit.record(session, event=event, actor=by, agency=by.agency, persons=named, service=service, now=now)


def _rows(
    session: Session, found: Sequence[Listed], items: dict[UUID, WorkItem], *, by: Staff, now: datetime
) -> list[ThreadRow]:
    read = team.read_at(session, by, WORK, [each.standing.thread for each in found])
    names: dict[StaffId, str] = {}
    rows = []
    for each in found:
        thread, step, item = each.standing.thread, each.glance.step, items.get(each.standing.thread)
        owner = each.standing.owner if item is None else item.owner
        due_at = each.updated_at if step is None else step.due_at if item is None else item.due_at
        came_at, read_at = each.glance.arrived_at, read.get(thread)
        rows.append(
            ThreadRow(
                standing=each.standing,
                patient=each.patient,
                glance=each.glance,
                due_at=due_at,
                is_overdue=step is not None and due_at <= now,
                is_unread=step is not None and is_since(came_at, read_at),
                owner=owner,
                owner_name="" if owner is None else _name_of(session, by, owner, names),
                is_answer=is_since(each.glance.answered_at, read_at),
            )
        )
    return rows


def _name_of(session: Session, by: Staff, owner: StaffId, names: dict[StaffId, str]) -> str:
    if owner not in names:
        try:
            names[owner] = access.staff_of(session, by.agency, owner).name
        except NotFound:
            names[owner] = ""
    return names[owner]
