"""Handovers in a service's worklist: what has come and what was sent, by the date of the next step (rule 8).

Each side is one range of the team's index of open work: the cost follows what is shown, never what is stored.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from handover.access import service as access
from handover.actors import Staff
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.bundle import cases, store
from handover.bundle.lifecycle import Side
from handover.bundle.standing import Standing
from handover.bundle.steps import OWNERS, NextStep, Step, next_step
from handover.errors import NotFound
from handover.ids import ServiceId, StaffId
from handover.person import service as person
from handover.team import service as team
from handover.team.model import WorkItem

PAGE: Final = 50
COUNT_CAP: Final = 200
"""Counts stop here, so that they cost no more where more is stored."""


@dataclass(frozen=True, kw_only=True)
class WorkRow:
    """One handover in a worklist."""

    standing: Standing
    name: str = field(repr=False)
    birth_year: int
    step: NextStep
    due_at: datetime
    is_overdue: bool
    is_unread: bool
    owner: StaffId | None
    owner_name: str
    """Empty: nobody has taken it."""

    @property
    def is_ours(self) -> bool:
        """Whether the next move is that of the side that keeps this copy."""
        return self.step.side is self.standing.side

    @property
    def cursor(self) -> tuple[datetime, UUID]:
        """Where the next page goes on."""
        return self.due_at, self.standing.handover


def open_work(
    session: Session,
    service: ServiceId,
    *,
    by: Staff,
    now: datetime,
    after: tuple[datetime, UUID] | None = None,
    limit: int = PAGE,
) -> tuple[WorkRow, ...]:
    """Return a service's open handovers by date, of the sides the actor works on there; at most `limit` of each.

    What is put away is left out until it is due. One row in the log names everybody shown.
    """
    rows = [
        row
        for side in (Side.RECEIVER, Side.SENDER)
        if store.works_there(by, side, service)
        for row in _rows(session, service, side, by=by, now=now, after=after, limit=limit)
    ]
    if rows:
        audit.record(
            session,
            event=Logged.HANDOVER_LIST,
            actor=by,
            agency=by.agency,
            persons=tuple(dict.fromkeys(row.standing.person for row in rows)),
            service=service,
            now=now,
        )
    return tuple(sorted(rows, key=lambda row: row.cursor))


@dataclass(frozen=True)
class Counted:
    """One piece of open work, for the numbers beside the filters: it names nobody."""

    is_ours: bool
    is_overdue: bool
    owner: StaffId | None


def counted(session: Session, service: ServiceId, *, by: Staff, now: datetime) -> tuple[Counted, ...]:
    """Return a service's open handovers without what they are about, at most COUNT_CAP of each side."""
    return tuple(
        Counted(OWNERS[Step(item.next_step)] is side, item.is_overdue(now), item.owner)
        for side in (Side.RECEIVER, Side.SENDER)
        if store.works_there(by, side, service)
        for item in team.open_items(session, by.agency, service, kind=cases.WORK[side], now=now, limit=COUNT_CAP)
    )


def _rows(
    session: Session,
    service: ServiceId,
    side: Side,
    *,
    by: Staff,
    now: datetime,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[WorkRow]:
    kind = cases.WORK[side]
    items = team.open_items(session, by.agency, service, kind=kind, now=now, after=after, limit=limit)
    found = {
        each.standing.handover: each.standing
        for each in store.of_work(session, by, side, service, [item.place.subject for item in items])
    }
    read = team.read_at(session, by, kind, list(found))
    rows = []
    for item in items:
        standing = found.get(item.place.subject)  # type: ignore[call-overload]
        step = None if standing is None else next_step(standing)
        if standing is not None and step is not None:
            rows.append(_row(session, standing, step, item, is_read=standing.handover in read, now=now))
    return rows


def _row(
    session: Session, standing: Standing, step: NextStep, item: WorkItem, *, is_read: bool, now: datetime
) -> WorkRow:
    who = person.identity_of(session, standing.home.agency, standing.person)
    return WorkRow(
        standing=standing,
        name=who.name,
        birth_year=who.birth_date.year,
        step=step,
        due_at=item.due_at,
        is_overdue=item.is_overdue(now),
        is_unread=standing.side is Side.RECEIVER and not is_read,
        owner=standing.owner,
        owner_name=_name_of(session, standing),
    )


def _name_of(session: Session, standing: Standing) -> str:
    if standing.owner is None:
        return ""
    try:
        return access.staff_of(session, standing.home.agency, standing.owner).name
    except NotFound:
        return standing.clinician.name if standing.side is Side.SENDER else ""
