"""Delivery of one outgoing message: what the machines did (DESIGN §4, rule 5), as a table of facts."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from handover.errors import Conflict


class State(StrEnum):
    """How far a message has come. Says nothing of what people decided (rule 5)."""

    QUEUED = "queued"
    """Durably stored here, promised to go; nothing is known to have left."""
    SENT = "sent"
    """The bytes have left; whether they arrived is not known."""
    DELIVERED = "delivered"
    """The receiver signed that it holds the message and will answer."""
    ACKNOWLEDGED = "acknowledged"
    """The receiver signed `ok`: it has taken the message in."""
    REFUSED = "refused"
    """The receiver signed `fatal-error`: a person here must act."""
    EXPIRED = "expired"
    """No acknowledgement in time, or given up by an operator: a person here must act."""
    CANCELLED = "cancelled"
    """Undone before it could leave."""
    STOPPED = "stopped"
    """It may no longer go (consent withdrawn, rule 15): not sent again."""


class Fact(StrEnum):
    """What happened to a message on its way."""

    LEFT = "left"
    RECEIPT = "receipt"
    OK = "ok"
    FATAL = "fatal"
    TIME_OUT = "time-out"
    GIVEN_UP = "given-up"
    UNDONE = "undone"
    NOT_ALLOWED = "not-allowed"
    RETRIED = "retried"


OPEN: Final = frozenset({State.QUEUED, State.SENT, State.DELIVERED})
"""States in which the machines still try."""
NEEDS_PERSON: Final = frozenset({State.REFUSED, State.EXPIRED})
"""States that give a person a task (rule 3)."""

MOVES: Final[Mapping[tuple[State, Fact], State]] = {
    (State.QUEUED, Fact.UNDONE): State.CANCELLED,
    (State.QUEUED, Fact.LEFT): State.SENT,
    (State.QUEUED, Fact.RECEIPT): State.DELIVERED,
    (State.QUEUED, Fact.OK): State.ACKNOWLEDGED,
    (State.QUEUED, Fact.FATAL): State.REFUSED,
    (State.QUEUED, Fact.TIME_OUT): State.EXPIRED,
    (State.QUEUED, Fact.GIVEN_UP): State.EXPIRED,
    (State.QUEUED, Fact.NOT_ALLOWED): State.STOPPED,
    (State.SENT, Fact.LEFT): State.SENT,
    (State.SENT, Fact.RECEIPT): State.DELIVERED,
    (State.SENT, Fact.OK): State.ACKNOWLEDGED,
    (State.SENT, Fact.FATAL): State.REFUSED,
    (State.SENT, Fact.TIME_OUT): State.EXPIRED,
    (State.SENT, Fact.GIVEN_UP): State.EXPIRED,
    (State.SENT, Fact.NOT_ALLOWED): State.STOPPED,
    (State.DELIVERED, Fact.LEFT): State.DELIVERED,
    (State.DELIVERED, Fact.RECEIPT): State.DELIVERED,
    (State.DELIVERED, Fact.OK): State.ACKNOWLEDGED,
    (State.DELIVERED, Fact.FATAL): State.REFUSED,
    (State.DELIVERED, Fact.TIME_OUT): State.EXPIRED,
    (State.DELIVERED, Fact.GIVEN_UP): State.EXPIRED,
    (State.DELIVERED, Fact.NOT_ALLOWED): State.STOPPED,
    # a late acknowledgement still counts (rule 3), and an answer that was given twice changes nothing
    (State.EXPIRED, Fact.LEFT): State.EXPIRED,
    (State.EXPIRED, Fact.RECEIPT): State.EXPIRED,
    (State.EXPIRED, Fact.OK): State.ACKNOWLEDGED,
    (State.EXPIRED, Fact.FATAL): State.REFUSED,
    (State.EXPIRED, Fact.RETRIED): State.QUEUED,
    (State.STOPPED, Fact.LEFT): State.STOPPED,
    (State.STOPPED, Fact.RECEIPT): State.STOPPED,
    (State.STOPPED, Fact.OK): State.ACKNOWLEDGED,
    (State.STOPPED, Fact.FATAL): State.REFUSED,
    (State.ACKNOWLEDGED, Fact.LEFT): State.ACKNOWLEDGED,
    (State.ACKNOWLEDGED, Fact.RECEIPT): State.ACKNOWLEDGED,
    (State.ACKNOWLEDGED, Fact.OK): State.ACKNOWLEDGED,
    (State.REFUSED, Fact.LEFT): State.REFUSED,
    (State.REFUSED, Fact.RECEIPT): State.REFUSED,
    (State.REFUSED, Fact.FATAL): State.REFUSED,
}


class MoveNotAllowed(Conflict):
    """The delivery is in a state in which this cannot happen (an acknowledgement never flips)."""

    code = "exchange.move-not-allowed"


def next_state(current: State, fact: Fact) -> State:
    """Return the state after `fact`, or raise MoveNotAllowed."""
    after = MOVES.get((current, fact))
    if after is None:
        raise MoveNotAllowed(state=current.value, fact=fact.value)
    return after


def path_to(current: State, fact: Fact) -> tuple[State, ...]:
    """Return every state the history shows on the way: an inline `ok` also proves that it left and arrived."""
    after = next_state(current, fact)
    if after is current:
        return ()
    passed: tuple[State, ...] = ()
    if fact in {Fact.RECEIPT, Fact.OK, Fact.FATAL} and current is State.QUEUED:
        passed = (State.SENT,)
    if fact in {Fact.OK, Fact.FATAL} and current in {State.QUEUED, State.SENT}:
        passed = (*passed, State.DELIVERED)
    return (*passed, after)
