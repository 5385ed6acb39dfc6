"""The lifecycle of one message of a thread: one table of (status, act), read by `moves` (DESIGN section 4).

Author and receivers each have a copy with a status of its own: a message that waits at the receiver is *sent* at
the author. What machines did (arrived, expired) is delivery, never a status (rule 5). A message that was sent by
mistake vanishes where nobody has opened it; where somebody has, it is hidden at once and a leader there confirms.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from handover import moves
from handover.moves import Lifecycle


class Status(StrEnum):
    """How far a message has come, as one copy knows it."""

    DRAFT = "draft"
    DISCARDED = "discarded"
    SENT = "sent"
    RECEIVED = "received"
    OPENED = "opened"
    RETRACT_ASKED = "retract-asked"
    RETRACTED = "retracted"


class Side(StrEnum):
    """Who acts on a message."""

    AUTHOR = "author"
    """Whoever works at the service that wrote it."""
    RECEIVER = "receiver"
    """Whoever works at a service it was sent to."""
    LEADER = "leader"
    """The leader of a service it was sent to."""
    MACHINE = "machine"


class Act(StrEnum):
    """Everything that can be done with a message."""

    WRITE = "write"
    DISCARD = "discard"
    SEND = "send"
    UNDO_SEND = "undo-send"
    SEND_AGAIN = "send-again"
    RETRACT = "retract"
    OPEN = "open"
    CONFIRM_RETRACTION = "confirm-retraction"
    ARRIVE = "arrive"
    """It comes (once more): nothing changes, not even for one that was taken back before it came."""
    RETRACTION_ANSWERED = "retraction-answered"


class Guard(StrEnum):
    """A fact that must hold for a move; the caller states which facts hold."""

    NOT_LEFT = "not-left"
    """The message still waits here: 30 seconds have not passed."""
    UNDELIVERED = "undelivered"
    """Delivery to a receiver was refused, expired or stopped."""
    ALL_ANSWERED = "all-answered"
    """Every receiver that it reached has said what became of it."""


Move = moves.Move[Status, Side, Guard]

_S, _A = Status, Act
_AUTHOR, _RECEIVER, _LEADER, _MACHINE = (
    frozenset({side}) for side in (Side.AUTHOR, Side.RECEIVER, Side.LEADER, Side.MACHINE)
)
AT_RECEIVER: Final = (Status.RECEIVED, Status.OPENED)
"""A receiver's copy of a message that stands."""
TAKEN_BACK: Final = (Status.RETRACT_ASKED, Status.RETRACTED)
"""Nobody at a receiver reads it any more; the author still sees what was taken back."""

MOVES: Final[Mapping[tuple[Status, Act], Move]] = {
    # the author's copy
    (_S.DRAFT, _A.WRITE): Move(_S.DRAFT, _AUTHOR),
    (_S.DRAFT, _A.DISCARD): Move(_S.DISCARDED, _AUTHOR),
    (_S.DRAFT, _A.SEND): Move(_S.SENT, _AUTHOR),
    (_S.SENT, _A.UNDO_SEND): Move(_S.DRAFT, _AUTHOR, (), (Guard.NOT_LEFT,)),
    (_S.SENT, _A.SEND_AGAIN): Move(_S.SENT, _AUTHOR, (), (Guard.UNDELIVERED,)),
    (_S.SENT, _A.RETRACT): Move(_S.RETRACT_ASKED, _AUTHOR, ("reason",)),
    (_S.RETRACT_ASKED, _A.RETRACTION_ANSWERED): Move(_S.RETRACTED, _MACHINE, (), (Guard.ALL_ANSWERED,)),
    # a receiver's copy; RETRACT is the author's word that has come
    (_S.RECEIVED, _A.OPEN): Move(_S.OPENED, _RECEIVER),
    (_S.OPENED, _A.OPEN): Move(_S.OPENED, _RECEIVER),
    (_S.RECEIVED, _A.RETRACT): Move(_S.RETRACTED, _AUTHOR, ("reason",)),
    (_S.OPENED, _A.RETRACT): Move(_S.RETRACT_ASKED, _AUTHOR, ("reason",)),
    (_S.RETRACT_ASKED, _A.CONFIRM_RETRACTION): Move(_S.RETRACTED, _LEADER),
    **{
        (status, _A.ARRIVE): Move(status, _MACHINE)
        for status in (_S.SENT, _S.RECEIVED, _S.OPENED, _S.RETRACT_ASKED, _S.RETRACTED)
    },
}


LIFECYCLE: Final = Lifecycle("message", Act, MOVES)
next_status = LIFECYCLE.next_status
acts_open_to = LIFECYCLE.acts_open_to
require = LIFECYCLE.require
