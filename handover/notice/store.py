"""Queries about wishes and notices; each names the agency, and those about one person whom."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from handover.db import insert_into, put
from handover.ids import AgencyId, StaffId
from handover.notice.model import Kind, NoticeId, Purpose, Recipient, State
from handover.notice.tables import (
    ConfirmationRow,
    NoticeCauseRow,
    OutgoingNoticeRow,
    PassedRow,
    UnopenedRow,
    WishesRow,
)
from handover.prepared import Prepared

_WISHES: Final = WishesRow.__table__
_OUT: Final = OutgoingNoticeRow.__table__
_WISHES_OF: Final = Prepared(
    select(_WISHES).where(
        WishesRow.agency == bindparam("of_agency"),
        WishesRow.kind == bindparam("of_kind"),
        WishesRow.id == bindparam("of_id"),
    )
)
_TEAM: Final = Prepared(
    select(WishesRow.id).where(
        WishesRow.agency == bindparam("of_agency"),
        WishesRow.kind == Kind.STAFF.value,
        WishesRow.channel != "none",
        or_(WishesRow.wants_team.is_(True), WishesRow.id == bindparam("of_owner", type_=WishesRow.id.type)),
    )
)


# --- wishes ----------------------------------------------------------------------------------------------------


def wishes_row(session: Session, to: Recipient) -> Any | None:
    """Return what somebody has chosen."""
    found = _WISHES_OF.all(session, {"of_agency": to.agency, "of_kind": to.kind.value, "of_id": to.id})
    return found[0] if found else None


def put_wishes(session: Session, to: Recipient, values: Mapping[str, Any]) -> None:
    """Write what somebody has chosen in the place of what they chose before."""
    put(session, WishesRow, {**_named(to), **values}, replacing=values)


def staff_to_tell(session: Session, agency: AgencyId, owner: StaffId | None) -> list[StaffId]:
    """Return the staff who want to be told of what a service gets: its owner, and those who want the team's."""
    nobody = UUID(int=0)
    found = _TEAM.all(session, {"of_agency": agency, "of_owner": owner or nobody})
    return [StaffId(row.id) for row in found]


# --- addresses that wait for their code -------------------------------------------------------------------------


def confirmation(session: Session, to: Recipient) -> RowMapping | None:
    """Return the address that waits for its code, or waited last."""
    query = select(ConfirmationRow.__table__).where(*_of(ConfirmationRow, to))
    return session.execute(query.with_for_update()).mappings().first()


def put_confirmation(session: Session, to: Recipient, values: Mapping[str, Any]) -> None:
    """Write an address that waits for its code."""
    put(session, ConfirmationRow, {**_named(to), **values}, replacing=values)


def change_confirmation(session: Session, to: Recipient, **values: Any) -> None:
    """Change what is known of the code."""
    session.execute(update(ConfirmationRow).where(*_of(ConfirmationRow, to)).values(**values))


# --- notices that are to leave ----------------------------------------------------------------------------------


def notice_of_cause(session: Session, home: AgencyId, cause: bytes) -> tuple[AgencyId, NoticeId] | None:
    """Return the notice that tells, or told, of a cause."""
    table = NoticeCauseRow
    query = select(table.notice_agency, table.notice).where(table.agency == home, table.cause == cause)
    found = session.execute(query).first()
    return None if found is None else (AgencyId(found.notice_agency), NoticeId(found.notice))


def add_cause(
    session: Session, home: AgencyId, cause: bytes, *, agency: AgencyId, notice: NoticeId, now: datetime
) -> bool:
    """Note which notice tells of a cause; False when one did before."""
    row = {"agency": home, "cause": cause, "notice": notice, "notice_agency": agency, "told_at": now}
    statement = insert_into(session, NoticeCauseRow).values(row).on_conflict_do_nothing()
    return session.execute(statement.returning(NoticeCauseRow.cause)).first() is not None


def forget_causes(session: Session, agency: AgencyId, *, before: datetime) -> None:
    """Forget causes of long ago."""
    session.execute(delete(NoticeCauseRow).where(NoticeCauseRow.agency == agency, NoticeCauseRow.told_at < before))


def forget_ended(session: Session, agency: AgencyId, *, before: datetime) -> None:
    """Remove notices that were due long ago and have left, or were dropped."""
    table, ended = OutgoingNoticeRow, [State.SENT.value, State.DROPPED.value]
    session.execute(delete(table).where(table.agency == agency, table.state.in_(ended), table.due_at < before))


def waiting_news(session: Session, to: Recipient, *, since: datetime | None, by: datetime) -> NoticeId | None:
    """Return, locked, a notice of news to somebody that leaves by then, not before `since`, and was not tried."""
    table = OutgoingNoticeRow
    query = (
        select(table.id)
        .where(
            table.agency == to.agency,
            table.kind == to.kind.value,
            table.recipient == to.id,
            table.state == State.QUEUED.value,
            table.purpose == Purpose.NEWS.value,
            table.attempts == 0,
            table.due_at <= by,
        )
        .limit(1)
        .with_for_update()
    )
    found = session.scalar(query if since is None else query.where(table.due_at >= since))
    return None if found is None else NoticeId(found)


def bring_forward(session: Session, agency: AgencyId, notice: NoticeId, *, due_at: datetime) -> None:
    """Let a notice that was not tried leave sooner."""
    table = OutgoingNoticeRow
    _changed(session, agency, notice, and_(table.attempts == 0, table.due_at > due_at), {"due_at": due_at})


def add_notice(session: Session, row: Mapping[str, Any]) -> None:
    """Queue a notice."""
    session.execute(insert(OutgoingNoticeRow).values(**row))


def drop_codes(session: Session, to: Recipient, *, now: datetime) -> None:
    """Drop codes that have not left: a newer one counts."""
    table = OutgoingNoticeRow
    session.execute(
        update(table)
        .where(
            table.agency == to.agency,
            table.kind == to.kind.value,
            table.recipient == to.id,
            table.state == State.QUEUED.value,
            table.purpose == Purpose.CODE.value,
        )
        .values(state=State.DROPPED.value, ended_at=now, secret=None)
    )


def is_due(session: Session, agency: AgencyId, *, now: datetime) -> bool:
    """Whether any notice is due."""
    oldest = oldest_due(session, agency)
    return oldest is not None and oldest <= now


def next_due(session: Session, agency: AgencyId, *, now: datetime) -> RowMapping | None:
    """Return, locked, the notice that has been due longest; one that another worker has in hand is passed over."""
    table = OutgoingNoticeRow
    query = (
        select(_OUT)
        .where(table.agency == agency, table.state == State.QUEUED.value, table.due_at <= now)
        .order_by(table.due_at, table.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return session.execute(query).mappings().first()


def change_notice(session: Session, agency: AgencyId, notice: UUID, **values: Any) -> bool:
    """Change a notice that is queued; False when it is not queued any more."""
    table = OutgoingNoticeRow
    return _changed(session, agency, notice, table.state == State.QUEUED.value, values)


def requeue(session: Session, agency: AgencyId, notice: UUID, *, now: datetime) -> bool:
    """Queue again a notice that was given up; False when it was not."""
    values = {"state": State.QUEUED.value, "due_at": now, "attempts": 0, "ended_at": None, "error": ""}
    table = OutgoingNoticeRow
    is_given_up = and_(table.state == State.GIVEN_UP.value, table.purpose == Purpose.NEWS.value)
    return _changed(session, agency, notice, is_given_up, values)


def listed(session: Session, agency: AgencyId, state: State, *, limit: int) -> Sequence[RowMapping]:
    """Return an agency's notices of one state, those due last first."""
    table = OutgoingNoticeRow
    query = select(_OUT).where(table.agency == agency, table.state == state.value)
    return session.execute(query.order_by(table.due_at.desc(), table.id).limit(limit)).mappings().all()


def last_ended(session: Session, to: Recipient) -> RowMapping | None:
    """Return the last notice to somebody that left or was given up."""
    table = OutgoingNoticeRow
    query = select(_OUT).where(
        table.agency == to.agency,
        table.kind == to.kind.value,
        table.recipient == to.id,
        table.state.in_([State.SENT.value, State.GIVEN_UP.value]),
    )
    return session.execute(query.order_by(table.ended_at.desc()).limit(1)).mappings().first()


def oldest_due(session: Session, agency: AgencyId) -> datetime | None:
    """Return since when the oldest notice has been due that has not left."""
    table = OutgoingNoticeRow
    query = select(func.min(table.due_at)).where(table.agency == agency, table.state == State.QUEUED.value)
    return session.scalar(query)


def count(session: Session, agency: AgencyId, state: State) -> int:
    """Return how many notices of an agency are in that state."""
    table = OutgoingNoticeRow
    query = select(func.count()).where(table.agency == agency, table.state == state.value)
    return session.execute(query).scalar_one()


# --- what patients have not opened ------------------------------------------------------------------------------


def unopened(session: Session, agency: AgencyId, person: UUID, subject: UUID) -> RowMapping | None:
    """Return what a patient has not opened of one case, locked."""
    table = UnopenedRow
    query = select(table.__table__).where(table.agency == agency, table.person == person, table.subject == subject)
    return session.execute(query.with_for_update()).mappings().first()


def put_unopened(session: Session, row: Mapping[str, Any]) -> None:
    """Note that a patient has not opened something."""
    put(session, UnopenedRow, row, replacing=("subject_kind", "service", "since", "asked_at"))


def opened(session: Session, subjects: Collection[UUID], persons: Collection[UUID], *, now: datetime) -> None:
    """Forget what somebody has now opened, whichever agency of this node told them; not what shows later."""
    table = UnopenedRow
    session.execute(
        delete(table).where(table.subject.in_(subjects), table.person.in_(persons), table.since <= now)
    )


def long_unopened(session: Session, agency: AgencyId, *, before: datetime, limit: int) -> Sequence[RowMapping]:
    """Return, locked, what was not opened since before then and nobody was asked about."""
    table = UnopenedRow
    query = (
        select(table.__table__)
        .where(table.agency == agency, table.asked_at.is_(None), table.since <= before)
        .order_by(table.since)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return session.execute(query).mappings().all()


# --- dates that passed ------------------------------------------------------------------------------------------


def passed_until(session: Session, agency: AgencyId) -> datetime | None:
    """Return until when the agency's staff were told of dates that passed."""
    return session.scalar(select(PassedRow.until).where(PassedRow.agency == agency))


def put_passed(session: Session, agency: AgencyId, until: datetime) -> None:
    """Note until when the staff were told."""
    put(session, PassedRow, {"agency": agency, "until": until}, replacing=("until",))


def _changed(session: Session, agency: AgencyId, notice: UUID, still: Any, values: Mapping[str, Any]) -> bool:
    table = OutgoingNoticeRow
    statement = update(table).where(table.agency == agency, table.id == notice, still).values(**values)
    return session.execute(statement.returning(table.id)).first() is not None


def _named(to: Recipient) -> dict[str, Any]:
    return {"agency": to.agency, "kind": to.kind.value, "id": to.id}


def _of(table: type[WishesRow] | type[ConfirmationRow], to: Recipient) -> tuple[Any, ...]:
    return table.agency == to.agency, table.kind == to.kind.value, table.id == to.id
