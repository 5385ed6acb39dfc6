"""Handovers in a service's worklist: what has come and what was sent, by date (rule 8); news, closed ones, search.

Each side is one range of the team's index of open work: the cost follows what is shown, never what is stored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
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
from handover.bundle.steps import OWNERS, NextStep, Shelf, Step, next_step
from handover.bundle.store import HandoverNotFound, Stored
from handover.errors import NotFound
from handover.ids import ServiceId, StaffId
from handover.person import service as person
from handover.team import service as team
from handover.team.model import Counted

PAGE: Final = 50
COUNT_CAP: Final = store.COUNT_CAP
"""Counts stop here, so that they cost no more where more is stored."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_VERSION: Final = 18
"""Digits: what is longer is no version of ours."""
_MOST_PERSONS: Final = 200
"""So many patients of one name are looked at in a search."""
_REFERENCE_LETTERS: Final = 8


@dataclass(frozen=True, kw_only=True)
class WorkRow:
    """One handover in a worklist."""

    standing: Standing
    name: str = field(repr=False)
    birth_year: int
    step: NextStep | None
    """None: nothing is left to do here."""
    due_at: datetime
    """When the next step is due; for what is closed, when it last changed."""
    is_overdue: bool
    is_unread: bool
    owner: StaffId | None
    owner_name: str
    """Empty: nobody has taken it."""

    @property
    def is_ours(self) -> bool:
        """Whether the next move is that of the side that keeps this copy."""
        return self.step is not None and self.step.side is self.standing.side

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
    due_before: datetime | None = None,
) -> tuple[WorkRow, ...]:
    """Return a service's open handovers by date, of the sides the actor works on there.

    At most one more than a page of each: then there is more.
    What is put away is left out until it is due. One row in the log names everybody shown.
    """
    rows = [
        row
        for side in (Side.RECEIVER, Side.SENDER)
        if store.works_there(by, side, service)
        for row in _rows(session, service, side, by=by, now=now, after=after, due_before=due_before)
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


def counted(session: Session, service: ServiceId, *, by: Staff, now: datetime) -> tuple[Counted, ...]:
    """Return a service's open handovers without what they are about, at most COUNT_CAP of each side."""
    return tuple(
        Counted(OWNERS[Step(item.next_step)] is side, item.is_overdue(now), item.owner)
        for side in (Side.RECEIVER, Side.SENDER)
        if store.works_there(by, side, service)
        for item in team.open_items(session, by.agency, service, kind=cases.WORK[side], now=now, limit=COUNT_CAP)
    )


@dataclass(frozen=True, kw_only=True)
class News:
    """Whether a worklist has changed: a version that grows, and how many handovers came after an older one."""

    version: str
    new: int


def works_at(by: Staff, service: ServiceId) -> bool:
    """Whether somebody works with handovers of either side at a service."""
    return any(store.works_there(by, side, service) for side in (Side.RECEIVER, Side.SENDER))


def work_news(session: Session, service: ServiceId, *, by: Staff, version: str = "") -> News:
    """Return the version of a service's handovers now, and how many came after `version`; names nobody.

    Raises HandoverNotFound for who works on neither side there.
    """
    sides = _sides(by, service)
    latest = max(filter(None, (store.latest_change(session, by, side, service) for side in sides)), default=None)
    is_one = version.isascii() and version.isdecimal() and len(version) < _LONGEST_VERSION
    since = _EPOCH + timedelta(microseconds=int(version)) if is_one else None
    new = store.count_received_after(session, by, service, since) if since and Side.RECEIVER in sides else 0
    return News(version="0" if latest is None else str((latest - _EPOCH) // timedelta(microseconds=1)), new=new)


def list_closed(
    session: Session,
    service: ServiceId,
    *,
    by: Staff,
    now: datetime,
    after: tuple[datetime, UUID] | None = None,
    limit: int = PAGE,
) -> tuple[WorkRow, ...]:
    """Return the handovers with nothing left to do at a service, the latest first; at most `limit` of each side.

    One row in the log names everybody shown. Raises HandoverNotFound for who works on neither side there.
    """
    found = [
        each
        for side in _sides(by, service)
        for each in store.page(
            session, by=by, side=side, service=service, shelves=(Shelf.CLOSED,), after=after, limit=limit
        )
    ]
    return _told(session, found, service=service, by=by, now=now)


def search(session: Session, text: str, *, by: Staff, now: datetime, limit: int = PAGE) -> tuple[WorkRow, ...]:
    """Return the handovers of the actor's services that a name, number or reference points to, closed ones too.

    The latest change first, at most `limit` of each side. One row in the log names everybody shown.
    """
    if not text.strip():
        return ()
    persons = person.matching(session, by.agency, text, limit=_MOST_PERSONS)
    found = [
        each
        for side in (Side.RECEIVER, Side.SENDER)
        for each in store.search(
            session, by=by, side=side, reference=_as_reference(text), persons=persons, limit=limit
        )
    ]
    return _told(session, found, service=None, by=by, now=now)


def _sides(by: Staff, service: ServiceId) -> tuple[Side, ...]:
    sides = tuple(side for side in (Side.RECEIVER, Side.SENDER) if store.works_there(by, side, service))
    if not sides:
        raise HandoverNotFound
    return sides


def _told(
    session: Session, found: Sequence[Stored], *, service: ServiceId | None, by: Staff, now: datetime
) -> tuple[WorkRow, ...]:
    """Return copies as rows, the latest change first, and log who was named."""
    latest = sorted(found, key=lambda each: (each.updated_at, each.standing.handover), reverse=True)
    if latest:
        audit.record(
            session,
            event=Logged.HANDOVER_LIST,
            actor=by,
            agency=by.agency,
            persons=tuple(dict.fromkeys(each.standing.person for each in latest)),
            service=service,
            now=now,
        )
    read = {
        side: team.read_at(session, by, cases.WORK[side], [each.standing.handover for each in latest])
        for side in (Side.RECEIVER, Side.SENDER)
    }
    return tuple(_stored_row(session, each, read[each.standing.side], now=now) for each in latest)


def _stored_row(session: Session, stored: Stored, read: Mapping[UUID, datetime], *, now: datetime) -> WorkRow:
    standing = stored.standing
    step = next_step(standing)
    due_at = stored.updated_at if step is None else step.due_at
    return _row(
        session,
        standing,
        step,
        due_at=due_at,
        is_overdue=step is not None and due_at <= now,
        is_read=step is None or standing.handover in read,
    )


def _as_reference(text: str) -> str | None:
    """Return a text as a reference, however it was typed; None when it cannot be one."""
    letters = "".join(letter for letter in text.upper() if letter not in " -")
    is_one = len(letters) == _REFERENCE_LETTERS and letters.isascii() and letters.isalnum()
    return f"{letters[:4]}-{letters[4:]}" if is_one else None


def _rows(
    session: Session,
    service: ServiceId,
    side: Side,
    *,
    by: Staff,
    now: datetime,
    after: tuple[datetime, UUID] | None,
    due_before: datetime | None,
) -> list[WorkRow]:
    kind = cases.WORK[side]
    items = team.open_items(
        session, by.agency, service, kind=kind, now=now, after=after, limit=PAGE + 1, due_before=due_before
    )
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
            is_read, is_overdue = standing.handover in read, item.is_overdue(now)
            row = _row(session, standing, step, due_at=item.due_at, is_overdue=is_overdue, is_read=is_read)
            rows.append(replace(row, owner=item.owner))
    return rows


def _row(
    session: Session,
    standing: Standing,
    step: NextStep | None,
    *,
    due_at: datetime,
    is_overdue: bool,
    is_read: bool,
) -> WorkRow:
    who = person.identity_of(session, standing.home.agency, standing.person)
    return WorkRow(
        standing=standing,
        name=who.name,
        birth_year=who.birth_date.year,
        step=step,
        due_at=due_at,
        is_overdue=is_overdue,
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
