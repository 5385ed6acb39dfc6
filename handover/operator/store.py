"""Queries for those who run a node. Each reads a short range of an index, however much is stored."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from handover.exchange.lifecycle import State
from handover.exchange.tables import OutgoingRow
from handover.ids import AgencyId, ServiceId
from handover.operator.tables import HeartbeatRow, LogCheckRow, TakenActRow
from handover.referral.lifecycle import Side
from handover.referral.tables import ReferralRow

LEFT: Final = (State.SENT, State.DELIVERED)


def oldest_unsent(session: Session, agency: AgencyId, *, now: datetime) -> datetime | None:
    """Return when the oldest message that has not left, though it may, was posted."""
    query = (
        select(OutgoingRow.queued_at)
        .where(OutgoingRow.agency == agency, OutgoingRow.state == State.QUEUED, OutgoingRow.not_before <= now)
        .order_by(OutgoingRow.queued_at)
        .limit(1)
    )
    return session.execute(query).scalar()


def oldest_unacknowledged(session: Session, agency: AgencyId) -> datetime | None:
    """Return when the oldest message that has left and has no signed answer was posted."""
    oldest = [
        session.execute(
            select(func.min(OutgoingRow.queued_at)).where(OutgoingRow.agency == agency, OutgoingRow.state == state)
        ).scalar()
        for state in LEFT
    ]
    return min((each for each in oldest if each is not None), default=None)


def sent_times(
    session: Session, agency: AgencyId, service: ServiceId, *, since: datetime, until: datetime
) -> Sequence[tuple[datetime, datetime | None, datetime | None]]:
    """Return when each referral a service sent arrived, was opened and was assessed; arrived in the period."""
    query = select(ReferralRow.received_at, ReferralRow.opened_at, ReferralRow.assessed_at).where(
        ReferralRow.agency == agency,
        ReferralRow.side == Side.REFERRER.value,
        ReferralRow.service == service,
        ReferralRow.received_at >= since,
        ReferralRow.received_at < until,
    )
    return [(row[0], row[1], row[2]) for row in session.execute(query) if row[0] is not None]


def count_late(session: Session, agency: AgencyId, *, before: datetime) -> int:
    """Return how many open deliveries were posted before an instant."""
    query = select(func.count()).where(
        OutgoingRow.agency == agency,
        OutgoingRow.state.in_((State.QUEUED, *LEFT)),
        OutgoingRow.queued_at < before,
    )
    return session.execute(query).scalar_one()


def beat(session: Session, kind: str, process: str, *, now: datetime) -> None:
    """Note that a process runs, and forget those that have been silent for a day."""
    session.merge(HeartbeatRow(kind=kind, process=process, beat_at=now))
    session.execute(delete(HeartbeatRow).where(HeartbeatRow.beat_at < now - timedelta(days=1)))


def last_beat(session: Session, kind: str) -> datetime | None:
    """Return when any process of this kind last said that it runs."""
    return session.execute(select(func.max(HeartbeatRow.beat_at)).where(HeartbeatRow.kind == kind)).scalar()


def journal_taken(session: Session, acts: Collection[UUID]) -> set[UUID]:
    """Return which of these acts the log has taken in."""
    return (
        set(session.execute(select(TakenActRow.id).where(TakenActRow.id.in_(acts))).scalars()) if acts else set()
    )


def take_acts(session: Session, acts: Collection[UUID], *, now: datetime) -> None:
    """Note that the log has taken these acts in; one that another process took meanwhile ends the transaction."""
    if acts:
        session.execute(insert(TakenActRow), [{"id": act, "taken_at": now} for act in acts])


def keep_check(session: Session, agency: AgencyId, *, rows: int, findings: str, now: datetime) -> None:
    """Keep how the log was found."""
    session.merge(LogCheckRow(agency=agency, checked_at=now, rows=rows, findings=findings))


def last_check(session: Session, agency: AgencyId) -> LogCheckRow | None:
    """Return how the log was found when it was last looked through."""
    return session.get(LogCheckRow, agency)
