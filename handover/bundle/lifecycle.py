"""The lifecycle of a handover: one table of (status, act), read by `moves` (DESIGN section 4).

Until it has arrived the sender's node decides the status; from then on the receiving service's node decides and
numbers it, and what the sender or the patient does is a request until a status with a later number comes back.
Who is responsible is another question with its own answer (`standing.responsible`): the sender, until a signed
take-over with a person and a date. Guards are facts the caller states: this module asks no clock and no store.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from handover import moves
from handover.errors import Invalid
from handover.moves import Lifecycle


class Status(StrEnum):
    """How far a handover has come."""

    DRAFT = "draft"
    WITH_PATIENT = "with-patient"
    PAUSED = "paused"
    APPROVED = "approved"
    SENT = "sent"
    RECEIVED = "received"
    OPENED = "opened"
    MEETING_PLANNED = "meeting-planned"
    MEETING_HELD = "meeting-held"
    TAKEN_OVER = "taken-over"
    CLOSED = "closed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    WITHDRAWAL_NOTIFIED = "withdrawal-notified"
    WITHDRAWAL_ANSWERED = "withdrawal-answered"


class Side(StrEnum):
    """Who acts on a handover."""

    SENDER = "sender"
    RECEIVER = "receiver"
    PATIENT = "patient"
    MACHINE = "machine"


class Act(StrEnum):
    """Everything that can be done with a handover."""

    # the sender's clinician
    WRITE = "write"
    INVITE = "invite"
    SEND = "send"
    UNDO_SEND = "undo-send"
    SEND_AGAIN = "send-again"
    GIVE_UP = "give-up"
    NOTE_TO_RECEIVER = "note-to-receiver"
    TELL_TRUSTED = "tell-trusted"
    CLOSE = "close"
    # the patient, or the clinician on the patient's word (the log says so)
    MARK = "mark"
    WRITE_OWN_WORDS = "write-own-words"
    PAUSE = "pause"
    RESUME = "resume"
    APPROVE = "approve"
    TAKE_BACK_YES = "take-back-yes"
    RELEASE_MORE = "release-more"
    WITHDRAW = "withdraw"
    REOPEN = "reopen"
    # the receiver
    OPEN = "open"
    TAKE = "take"
    ASK = "ask"
    PLAN_MEETING = "plan-meeting"
    CANCEL_MEETING = "cancel-meeting"
    HOLD_MEETING = "hold-meeting"
    TAKE_OVER = "take-over"
    DECLINE = "decline"
    ANSWER_WITHDRAWAL = "answer-withdrawal"
    NOTE_TO_SENDER = "note-to-sender"
    INTERNAL_NOTE = "internal-note"
    # machine
    ARRIVE = "arrive"
    YES_LAPSED = "yes-lapsed"


class Guard(StrEnum):
    """A fact that must hold for a move; the caller states which facts hold."""

    NOT_LEFT = "not-left"
    """The message still waits at the sender and was cancelled."""
    UNDELIVERED = "undelivered"
    """Delivery ended as refused, expired or stopped."""
    NOTICE_LOST = "notice-lost"
    """The receiver was to be told that it is taken back, and that was refused, expired or stopped."""
    MEETING_DECLINED = "meeting-declined"
    """The patient wants no meeting."""
    VALID_YES = "valid-yes"
    """The patient said yes to just these bytes, and nothing that travels has changed since (rule 12)."""
    NEW_ROUND = "new-round"
    """It is sent anew by a new yes: after a withdrawal or a decline ("open return"), or after it was given up."""


Move = moves.Move[Status, Side, Guard]


class Version(NamedTuple):
    """The number a status carries: (round, number), compared as a pair.

    `round` counts the sendings of the same case (1 for the first; a new one after an "open return"), so that a
    status of an earlier round never wins. `str()` and `parse` are the wire form.
    """

    round: int
    number: int

    def __str__(self) -> str:
        return f"{self.round}.{self.number}"

    @classmethod
    def parse(cls, text: str) -> "Version":
        """Read the wire form. Raises Invalid('bundle.bad-version')."""
        round_, dot, number = text.partition(".")
        if not (dot and all(part.isascii() and part.isdecimal() and len(part) < 10 for part in (round_, number))):
            raise Invalid("bundle.bad-version")
        return cls(int(round_), int(number))

    def next(self) -> "Version":
        """Return the number after this one in the same round."""
        return Version(self.round, self.number + 1)


UNSENT: Final = Version(1, 0)
"""The version before any receiver has decided anything."""


TAKE_OVER: Final = ("person", "phone", "from_date", "first_appointment")
MEETING: Final = ("start", "place", "who_comes")
AT_SENDER: Final = (Status.DRAFT, Status.WITH_PATIENT, Status.PAUSED, Status.APPROVED)
"""Nothing has left: the sender's node decides."""
AT_RECEIVER: Final = (Status.RECEIVED, Status.OPENED, Status.MEETING_PLANNED, Status.MEETING_HELD)
"""It has arrived and nobody there has taken over: the sender is responsible still."""
ENDED: Final = (Status.CLOSED, Status.WITHDRAWN, Status.WITHDRAWAL_ANSWERED)
"""No next step of anybody's; `REOPEN` leads back where it is in the table."""

_S, _A, _G = Status, Act, Guard
_SENDER, _RECEIVER, _MACHINE = (frozenset({side}) for side in (Side.SENDER, Side.RECEIVER, Side.MACHINE))
_PATIENT = frozenset({Side.PATIENT, Side.SENDER})
"""The patient, alone or through the clinician on the patient's word."""
_OUT: Final = (_S.SENT, *AT_RECEIVER, _S.TAKEN_OVER)
_THERE: Final = (*AT_RECEIVER, _S.TAKEN_OVER, _S.DECLINED, _S.WITHDRAWAL_NOTIFIED)
_SEEN: Final = (_S.OPENED, _S.MEETING_PLANNED, _S.MEETING_HELD)

_Table = dict[tuple[Status, Act], Move]


def _same(statuses: Iterable[Status], act: Act, by: frozenset[Side], requires: tuple[str, ...] = ()) -> _Table:
    return {(status, act): Move(status, by, requires) for status in statuses}


def _to(status: Status, sources: Iterable[Status], act: Act, by: frozenset[Side], *requires: str) -> _Table:
    return {(source, act): Move(status, by, requires) for source in sources}


MOVES: Final[Mapping[tuple[Status, Act], Move]] = {
    # written together, marked by the patient
    **_same((_S.DRAFT, _S.WITH_PATIENT, _S.APPROVED), _A.WRITE, _SENDER),
    (_S.DRAFT, _A.INVITE): Move(_S.WITH_PATIENT, _SENDER),
    **_same((_S.WITH_PATIENT, _S.APPROVED), _A.MARK, _PATIENT),
    **_same((_S.WITH_PATIENT, _S.APPROVED), _A.WRITE_OWN_WORDS, _PATIENT),
    **_to(_S.PAUSED, (_S.WITH_PATIENT, _S.APPROVED), _A.PAUSE, _PATIENT),
    (_S.PAUSED, _A.RESUME): Move(_S.WITH_PATIENT, _PATIENT),
    (_S.WITH_PATIENT, _A.APPROVE): Move(_S.APPROVED, _PATIENT, ("sha256",)),
    (_S.APPROVED, _A.TAKE_BACK_YES): Move(_S.WITH_PATIENT, _PATIENT),
    (_S.APPROVED, _A.YES_LAPSED): Move(_S.WITH_PATIENT, _MACHINE),
    # on its way
    (_S.APPROVED, _A.SEND): Move(_S.SENT, _SENDER, (), (_G.VALID_YES,)),
    (_S.SENT, _A.UNDO_SEND): Move(_S.APPROVED, _SENDER, (), (_G.NOT_LEFT,)),
    (_S.SENT, _A.SEND_AGAIN): Move(_S.SENT, _SENDER, (), (_G.UNDELIVERED, _G.VALID_YES)),
    (_S.SENT, _A.GIVE_UP): Move(_S.WITH_PATIENT, _SENDER, ("reason",), (_G.UNDELIVERED,)),
    (_S.SENT, _A.ARRIVE): Move(_S.RECEIVED, _MACHINE),
    # given up, and there after all
    **{
        (status, _A.ARRIVE): Move(_S.RECEIVED, _MACHINE, (), (_G.UNDELIVERED,))
        for status in (_S.WITH_PATIENT, _S.PAUSED, _S.APPROVED, _S.WITHDRAWN)
    },
    # a new round, in the receiver's copy: after its end, or after a sending that the sender had given up
    **{
        (status, _A.ARRIVE): Move(_S.RECEIVED, _MACHINE, (), (_G.NEW_ROUND,))
        for status in (*_THERE, _S.WITHDRAWAL_ANSWERED)
    },
    # at the receiver
    (_S.RECEIVED, _A.OPEN): Move(_S.OPENED, _RECEIVER),
    **_same((*_SEEN, _S.TAKEN_OVER, _S.WITHDRAWAL_NOTIFIED, _S.CLOSED), _A.OPEN, _RECEIVER),
    **_same(_THERE, _A.TAKE, _RECEIVER, ("person",)),
    **_same(_SEEN, _A.ASK, _RECEIVER, ("question",)),
    **_to(_S.MEETING_PLANNED, (_S.OPENED, _S.MEETING_PLANNED), _A.PLAN_MEETING, _RECEIVER, *MEETING),
    (_S.MEETING_PLANNED, _A.CANCEL_MEETING): Move(_S.OPENED, _RECEIVER, ("reason",)),
    (_S.MEETING_PLANNED, _A.HOLD_MEETING): Move(_S.MEETING_HELD, _RECEIVER, ("held_on",)),
    (_S.OPENED, _A.TAKE_OVER): Move(_S.TAKEN_OVER, _RECEIVER, TAKE_OVER, (_G.MEETING_DECLINED,)),
    (_S.MEETING_HELD, _A.TAKE_OVER): Move(_S.TAKEN_OVER, _RECEIVER, TAKE_OVER),
    **_to(_S.DECLINED, (_S.RECEIVED, *_SEEN), _A.DECLINE, _RECEIVER, "reason", "person", "phone"),
    # afterwards
    **_to(_S.CLOSED, (_S.TAKEN_OVER,), _A.CLOSE, _SENDER),
    **_to(_S.CLOSED, (_S.DECLINED,), _A.CLOSE, _SENDER, "follow_up"),
    **_same((*AT_RECEIVER, _S.TAKEN_OVER), _A.RELEASE_MORE, _PATIENT, ("sha256",)),
    # withdrawal: before sending nothing leaves (but a notice to who may have an earlier sending); after, the
    # receiver says what was done with it
    **_to(_S.WITHDRAWN, AT_SENDER, _A.WITHDRAW, _PATIENT),
    **_to(_S.WITHDRAWAL_NOTIFIED, (*_OUT, _S.CLOSED, _S.DECLINED), _A.WITHDRAW, _PATIENT),
    (_S.WITHDRAWN, _A.WITHDRAW): Move(_S.WITHDRAWN, _PATIENT, (), (_G.NOTICE_LOST,)),
    (_S.WITHDRAWAL_NOTIFIED, _A.ANSWER_WITHDRAWAL): Move(_S.WITHDRAWAL_ANSWERED, _RECEIVER, ("done", "person")),
    **_to(_S.WITH_PATIENT, (_S.WITHDRAWN, _S.WITHDRAWAL_ANSWERED, _S.DECLINED), _A.REOPEN, _PATIENT),
    # words that change no status
    **_same((*AT_RECEIVER, _S.TAKEN_OVER), _A.TELL_TRUSTED, _SENDER, ("name",)),
    **_same(_THERE, _A.NOTE_TO_RECEIVER, _SENDER, ("text",)),
    **_same(_THERE, _A.NOTE_TO_SENDER, _RECEIVER, ("text",)),
    **_same((*_THERE, _S.WITHDRAWAL_ANSWERED, _S.CLOSED), _A.INTERNAL_NOTE, _RECEIVER, ("text",)),
}


LIFECYCLE: Final = Lifecycle("bundle", Act, MOVES)
next_status = LIFECYCLE.next_status
acts_open_to = LIFECYCLE.acts_open_to
require = LIFECYCLE.require
