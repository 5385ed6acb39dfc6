"""What an operator may do: see what waits and why, stop, retry or give up one message, pause a destination."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from handover.actors import Actor
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.db import provided
from handover.errors import Conflict, NotFound
from handover.exchange import service, settling, store
from handover.exchange.lifecycle import OPEN, Fact, State
from handover.exchange.model import Delivery, Fault, Pace, Side
from handover.exchange.settling import Settlement
from handover.ids import AgencyId, MessageId

MOST: Final = 200


class CannotRetry(Conflict):
    """The message is closed for good, or its signature is too old: a new one must be written."""

    code = "exchange.cannot-retry"


@dataclass(frozen=True, kw_only=True)
class DestinationState:
    """One way out as an operator sees it."""

    agency: AgencyId
    receiver: AgencyId
    paused_at: datetime | None
    paused_by: str | None
    failures: int
    failing_since: datetime | None
    next_attempt_at: datetime | None
    last_error: Fault | None


def destinations(session: Session, agency: AgencyId) -> tuple[DestinationState, ...]:
    """Return every agency this one ever sent to, and how that goes."""
    return tuple(
        DestinationState(
            agency=agency,
            receiver=AgencyId(row.receiver),
            paused_at=row.paused_at,
            paused_by=row.paused_by,
            failures=row.failures,
            failing_since=row.failing_since,
            next_attempt_at=row.rest_until,
            last_error=Fault(Side(row.fault_side), row.fault_code) if row.fault_code else None,
        )
        for row in store.destinations(session, [agency])
    )


def waiting(session: Session, agency: AgencyId, *, now: datetime, most: int = MOST) -> tuple[Delivery, ...]:
    """Return what has not ended, oldest first, with why it waits."""
    pace = provided(session, Pace)
    rows = store.open_outgoing(session, agency, most=most)
    return tuple(service.to_delivery(row, (), pace=pace, now=now) for row in rows)


def ended(
    session: Session, agency: AgencyId, state: State, *, now: datetime, most: int = MOST
) -> tuple[Delivery, ...]:
    """Return messages in one closed state, newest first (the dead letters: refused and expired)."""
    pace = provided(session, Pace)
    rows = store.in_state(session, agency, state.value, most=most)
    return tuple(service.to_delivery(row, (), pace=pace, now=now) for row in rows)


def stop(session: Session, agency: AgencyId, message: MessageId, *, by: Actor, now: datetime) -> None:
    """Hold one message: it is not tried until somebody retries it, and expires all the same."""
    row = _row(session, agency, message)
    if State(row.state) not in OPEN:
        raise Conflict("exchange.already-ended")
    store.change_outgoing(session, agency, message, held=True, is_open=False)
    _log(session, Logged.OPERATOR_STOP, agency, str(message), by, now)


def retry(session: Session, agency: AgencyId, message: MessageId, *, by: Actor, now: datetime) -> None:
    """Try one message now. A refused one is never sent again; an expired one may, while its signature counts."""
    row = _row(session, agency, message)
    content = store.content(session, agency, message)
    if content is None or content.valid_until <= now or State(row.state) not in {*OPEN, State.EXPIRED}:
        raise CannotRetry
    if State(row.state) is State.EXPIRED:
        settling.settle(session, agency, [Settlement(message=message, fact=Fact.RETRIED, by=_name(by))], now=now)
        store.change_outgoing(session, agency, message, ended_at=None, expires_at=content.valid_until)
    store.change_outgoing(session, agency, message, held=False, is_open=True, due_at=now)
    store.change_destination(session, agency, AgencyId(row.receiver), rest_until=None)
    service.wake(session)
    _log(session, Logged.OPERATOR_RETRY, agency, str(message), by, now)


def give_up(session: Session, agency: AgencyId, message: MessageId, *, by: Actor, now: datetime) -> None:
    """End one message now: its sender gets the same task as when it had expired."""
    _row(session, agency, message)
    fact = Settlement(message=message, fact=Fact.GIVEN_UP, why="given-up", by=_name(by))
    settling.settle(session, agency, [fact], now=now)
    _log(session, Logged.OPERATOR_GIVE_UP, agency, str(message), by, now)


def pause(session: Session, agency: AgencyId, receiver: AgencyId, *, by: Actor, now: datetime) -> None:
    """Send nothing more to one agency until somebody resumes; what waits becomes late and expires as ever."""
    store.ensure_destination(session, agency, receiver)
    store.change_destination(session, agency, receiver, paused_at=now, paused_by=_name(by))
    _log(session, Logged.OPERATOR_PAUSE, agency, receiver, by, now)


def resume(session: Session, agency: AgencyId, receiver: AgencyId, *, by: Actor, now: datetime) -> None:
    """Send to the agency again, at once."""
    values = {"paused_at": None, "paused_by": None, "rest_until": None}
    store.change_destination(session, agency, receiver, **values)
    service.wake(session)
    _log(session, Logged.OPERATOR_RESUME, agency, receiver, by, now)


def _row(session: Session, agency: AgencyId, message: MessageId) -> store.AnyRow:
    row = store.locked(session, agency, [message]).get(message)
    if row is None:
        raise NotFound
    return row


def _name(actor: Actor) -> str:
    return str(actor.name)[:80]


def _log(session: Session, event: Logged, agency: AgencyId, subject: str, by: Actor, now: datetime) -> None:
    audit.record(session, event=event, actor=by, agency=agency, subject=subject, now=now)
