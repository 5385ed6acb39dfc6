"""The lifecycle of a referral: one table of (status, act), read by `moves` (DESIGN section 4).

The receiving service's node decides the status and numbers it (`Version`); what the other side does is a
request until a status with a later version comes back. Guards are facts the caller states: this module
asks no clock and no store.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from handover import moves
from handover.errors import Invalid
from handover.moves import Lifecycle


class Status(StrEnum):
    """What people decided (never what machines did: that is delivery)."""

    DRAFT = "draft"
    SENT = "sent"
    RECEIVED = "received"
    ASSESSING = "assessing"
    INFO_REQUESTED = "info-requested"
    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    STARTED = "started"
    COMPLETED = "completed"
    REJECTED = "rejected"
    REDIRECTING = "redirecting"
    REDIRECTED = "redirected"
    WITHDRAWAL_REQUESTED = "withdrawal-requested"
    WITHDRAWN = "withdrawn"
    ENTERED_IN_ERROR = "entered-in-error"


class Side(StrEnum):
    """Who acts on a referral."""

    REFERRER = "referrer"
    RECEIVER = "receiver"
    PATIENT = "patient"
    MACHINE = "machine"


class Act(StrEnum):
    """Everything that can be done with a referral."""

    # referrer
    SEND = "send"
    UNDO_SEND = "undo-send"
    SEND_AGAIN = "send-again"
    GIVE_UP = "give-up"
    RETRACT = "retract"
    ANSWER = "answer"
    ANSWER_PART = "answer-part"
    SUPPLEMENT = "supplement"
    REQUEST_WITHDRAWAL = "request-withdrawal"
    NOTE_TO_RECEIVER = "note-to-receiver"
    RECORD_ARRIVAL = "record-arrival"
    # receiver
    OPEN = "open"
    TAKE = "take"
    ASSIGN = "assign"
    ASK = "ask"
    ACCEPT = "accept"
    SCHEDULE = "schedule"
    RESCHEDULE = "reschedule"
    CANCEL_APPOINTMENT = "cancel-appointment"
    NO_SHOW = "no-show"
    START = "start"
    COMPLETE = "complete"
    REJECT = "reject"
    REDIRECT = "redirect"
    CONFIRM_WITHDRAWAL = "confirm-withdrawal"
    NOTE_TO_REFERRER = "note-to-referrer"
    INTERNAL_NOTE = "internal-note"
    # machine
    ARRIVE = "arrive"
    REDIRECT_ARRIVED = "redirect-arrived"
    REDIRECT_FAILED = "redirect-failed"


class Guard(StrEnum):
    """A fact that must hold for a move; the caller states which facts hold."""

    UNOPENED = "unopened"
    """Nobody at the receiver has opened the referral."""
    NOT_LEFT = "not-left"
    """The message still waits at the sender and was cancelled."""
    UNDELIVERED = "undelivered"
    """Delivery ended as refused or expired."""
    ALL_ANSWERED = "all-answered"
    """No question is without an answer."""
    PAPER = "paper"
    """The referral travels on paper: one side alone keeps the record of it."""
    NEW_LEG = "new-leg"
    """The referral came back to a service that once sent it on."""


Move = moves.Move[Status, Side, Guard]


class Version(NamedTuple):
    """The number a status carries, decided by the node that holds the referral; compared as a pair.

    `leg` counts the services the referral has passed (1 for the first), so that a new service's numbers
    are higher than anything the service before it may still write. `str()` and `parse` are the wire form.
    """

    leg: int
    number: int

    def __str__(self) -> str:
        return f"{self.leg}.{self.number}"

    @classmethod
    def parse(cls, text: str) -> "Version":
        """Read the wire form. Raises Invalid('referral.bad-version')."""
        leg, dot, number = text.partition(".")
        if not (dot and all(part.isascii() and part.isdecimal() and len(part) < 10 for part in (leg, number))):
            raise Invalid("referral.bad-version")
        return cls(int(leg), int(number))

    def next(self) -> "Version":
        """Return the number after this one at the same service."""
        return Version(self.leg, self.number + 1)


UNSENT: Final = Version(1, 0)
"""The version before any receiver has decided anything."""


_ASSESSOR: Final = ("assessor", "assessor_phone")
_OUTCOME: Final = (*_ASSESSOR, "complaint")
ACCEPTANCE: Final = ("latest_start", "next_step", *_OUTCOME)
REFUSAL: Final = ("reason", "advice", *_OUTCOME)
COMPLETION: Final = ("outcome", "follow_up")

HELD_BY_RECEIVER: Final = (
    Status.RECEIVED,
    Status.ASSESSING,
    Status.INFO_REQUESTED,
    Status.ACCEPTED,
    Status.SCHEDULED,
    Status.STARTED,
    Status.REDIRECTING,
    Status.WITHDRAWAL_REQUESTED,
)
"""The statuses in which the receiving service is responsible."""
ENDED: Final = (
    Status.COMPLETED,
    Status.REJECTED,
    Status.REDIRECTED,
    Status.WITHDRAWN,
    Status.ENTERED_IN_ERROR,
)
UNASSESSED: Final = (
    Status.RECEIVED,
    Status.ASSESSING,
    Status.INFO_REQUESTED,
    Status.REDIRECTING,
)
"""The statuses in which the clock of the assessment runs whatever happens (rule 9)."""

_S, _A = Status, Act
_REF, _REC, _MAC = (frozenset({side}) for side in (Side.REFERRER, Side.RECEIVER, Side.MACHINE))


def _same(statuses: Iterable[Status], act: Act, by: frozenset[Side], requires: tuple[str, ...] = ()) -> "_Table":
    return {(status, act): Move(status, by, requires) for status in statuses}


_Table = dict[tuple[Status, Act], Move]
_WITHDRAWABLE: Final = (_S.RECEIVED, _S.ASSESSING, _S.INFO_REQUESTED, _S.ACCEPTED, _S.SCHEDULED)
_ANSWERABLE_LATE: Final = tuple(status for status in HELD_BY_RECEIVER if status is not _S.INFO_REQUESTED)
_DECIDABLE: Final = (_S.ASSESSING, _S.INFO_REQUESTED, _S.WITHDRAWAL_REQUESTED)
_LATE_RECEIPT: Final = (_S.ASSESSING, _S.INFO_REQUESTED, _S.ACCEPTED, _S.SCHEDULED, _S.WITHDRAWAL_REQUESTED)
_RETRACTED: Final = Move(_S.ENTERED_IN_ERROR, _REF, ("reason",), (Guard.UNOPENED,))
_OPENABLE: Final = (*HELD_BY_RECEIVER, _S.COMPLETED, _S.REJECTED, _S.REDIRECTED, _S.WITHDRAWN)
_NOTABLE: Final = (*HELD_BY_RECEIVER, _S.COMPLETED, _S.REJECTED, _S.WITHDRAWN)

MOVES: Final[Mapping[tuple[Status, Act], Move]] = {
    # before it has arrived: the referrer's own, and the machines'
    (_S.DRAFT, _A.SEND): Move(_S.SENT, _REF),
    (_S.SENT, _A.UNDO_SEND): Move(_S.DRAFT, _REF, (), (Guard.NOT_LEFT,)),
    (_S.SENT, _A.SEND_AGAIN): Move(_S.SENT, _REF, (), (Guard.UNDELIVERED,)),
    (_S.SENT, _A.GIVE_UP): Move(_S.ENTERED_IN_ERROR, _REF, ("reason",), (Guard.UNDELIVERED,)),
    (_S.SENT, _A.RETRACT): _RETRACTED,
    (_S.SENT, _A.RECORD_ARRIVAL): Move(_S.RECEIVED, _REF, ("received_at",), (Guard.PAPER,)),
    (_S.SENT, _A.ARRIVE): Move(_S.RECEIVED, _MAC),
    (_S.ENTERED_IN_ERROR, _A.ARRIVE): Move(_S.RECEIVED, _MAC, (), (Guard.UNDELIVERED,)),
    (_S.REDIRECTED, _A.ARRIVE): Move(_S.RECEIVED, _MAC, (), (Guard.NEW_LEG,)),
    # assessment
    (_S.RECEIVED, _A.RETRACT): _RETRACTED,
    (_S.RECEIVED, _A.TAKE): Move(_S.ASSESSING, _REC, ("assessor",)),
    (_S.RECEIVED, _A.ASSIGN): Move(_S.ASSESSING, _REC, ("assessor",)),
    **_same(HELD_BY_RECEIVER[1:], _A.TAKE, _REC, ("assessor",)),
    **_same(HELD_BY_RECEIVER[1:], _A.ASSIGN, _REC, ("assessor",)),
    **_same(_OPENABLE, _A.OPEN, _REC),
    (_S.ASSESSING, _A.ASK): Move(_S.INFO_REQUESTED, _REC, ("question",)),
    (_S.INFO_REQUESTED, _A.ASK): Move(_S.INFO_REQUESTED, _REC, ("question",)),
    **_same(_ANSWERABLE_LATE, _A.ANSWER, _REF, ("answer",)),
    (_S.INFO_REQUESTED, _A.ANSWER): Move(_S.ASSESSING, _REF, ("answer",), (Guard.ALL_ANSWERED,)),
    (_S.INFO_REQUESTED, _A.ANSWER_PART): Move(_S.INFO_REQUESTED, _REF, ("answer",)),
    **{(status, _A.ACCEPT): Move(_S.ACCEPTED, _REC, ACCEPTANCE) for status in _DECIDABLE},
    **{(status, _A.REJECT): Move(_S.REJECTED, _REC, REFUSAL) for status in _DECIDABLE},
    # a late decline: the right was granted and is taken back
    (_S.ACCEPTED, _A.REJECT): Move(_S.REJECTED, _REC, REFUSAL),
    (_S.SCHEDULED, _A.REJECT): Move(_S.REJECTED, _REC, REFUSAL),
    # sent on: ours until the new service's signed receipt
    (_S.ASSESSING, _A.REDIRECT): Move(_S.REDIRECTING, _REC, ("where", "reason", *_ASSESSOR)),
    (_S.INFO_REQUESTED, _A.REDIRECT): Move(_S.REDIRECTING, _REC, ("where", "reason", *_ASSESSOR)),
    (_S.REDIRECTING, _A.REDIRECT_ARRIVED): Move(_S.REDIRECTED, _MAC),
    (_S.REDIRECTING, _A.REDIRECT_FAILED): Move(_S.ASSESSING, _MAC),
    **{(status, _A.REDIRECT_ARRIVED): Move(_S.REDIRECTED, _MAC) for status in _LATE_RECEIPT},
    # treatment
    (_S.ACCEPTED, _A.SCHEDULE): Move(_S.SCHEDULED, _REC, ("appointment",)),
    (_S.SCHEDULED, _A.RESCHEDULE): Move(_S.SCHEDULED, _REC, ("appointment",)),
    (_S.SCHEDULED, _A.CANCEL_APPOINTMENT): Move(_S.ACCEPTED, _REC, ("reason",)),
    (_S.SCHEDULED, _A.NO_SHOW): Move(_S.ACCEPTED, _REC, ("next_step",)),
    (_S.ACCEPTED, _A.START): Move(_S.STARTED, _REC, ("started_on",)),
    (_S.SCHEDULED, _A.START): Move(_S.STARTED, _REC, ("started_on",)),
    (_S.ACCEPTED, _A.COMPLETE): Move(_S.COMPLETED, _REC, COMPLETION),
    (_S.SCHEDULED, _A.COMPLETE): Move(_S.COMPLETED, _REC, COMPLETION),
    (_S.STARTED, _A.COMPLETE): Move(_S.COMPLETED, _REC, COMPLETION),
    # withdrawal: asked for by the referrer, confirmed by the receiver or answered with an outcome
    **{
        (status, _A.REQUEST_WITHDRAWAL): Move(_S.WITHDRAWAL_REQUESTED, _REF, ("reason",))
        for status in _WITHDRAWABLE
    },
    (_S.WITHDRAWAL_REQUESTED, _A.CONFIRM_WITHDRAWAL): Move(_S.WITHDRAWN, _REC),
    (_S.WITHDRAWAL_REQUESTED, _A.COMPLETE): Move(_S.COMPLETED, _REC, COMPLETION),
    # words that change no status
    **_same(HELD_BY_RECEIVER, _A.SUPPLEMENT, _REF, ("text",)),
    **_same(_NOTABLE, _A.NOTE_TO_RECEIVER, _REF, ("text",)),
    **_same(_NOTABLE, _A.NOTE_TO_REFERRER, _REC, ("text",)),
    **_same((*_NOTABLE, _S.REDIRECTED), _A.INTERNAL_NOTE, _REC, ("text",)),
}


def _records_on_paper(move: Move, side: Side, facts: frozenset[Guard]) -> bool:
    """Whether the side keeps the only record of a paper referral, and so writes down what the other side did."""
    people = {Side.REFERRER, Side.RECEIVER}
    return Guard.PAPER in facts and side in people and move.by <= people


LIFECYCLE: Final = Lifecycle("referral", Act, MOVES, stands_in=_records_on_paper)
next_status = LIFECYCLE.next_status
acts_open_to = LIFECYCLE.acts_open_to
require = LIFECYCLE.require


def holder(status: Status) -> Side:
    """Return the side whose service is responsible in this status (rule 7); total over all statuses.

    `REDIRECTED` answers receiver: the *new* receiving service, named in the status.
    """
    return Side.RECEIVER if status in HELD_BY_RECEIVER or status is _S.REDIRECTED else Side.REFERRER


def next_mover(status: Status) -> Side | None:
    """Return who is expected to act next; None when nobody is (DESIGN section 4, last column)."""
    return _NEXT_MOVER[status]


_NEXT_MOVER: Final[Mapping[Status, Side | None]] = {
    _S.DRAFT: Side.REFERRER,
    _S.SENT: Side.MACHINE,
    _S.RECEIVED: Side.RECEIVER,
    _S.ASSESSING: Side.RECEIVER,
    _S.INFO_REQUESTED: Side.REFERRER,
    _S.ACCEPTED: Side.RECEIVER,
    _S.SCHEDULED: Side.PATIENT,
    _S.STARTED: Side.RECEIVER,
    _S.COMPLETED: Side.REFERRER,
    _S.REJECTED: Side.REFERRER,
    _S.REDIRECTING: Side.RECEIVER,
    _S.REDIRECTED: Side.RECEIVER,
    _S.WITHDRAWAL_REQUESTED: Side.RECEIVER,
    _S.WITHDRAWN: None,
    _S.ENTERED_IN_ERROR: None,
}


@dataclass(frozen=True)
class Coding:
    """How a status is written in FHIR R4 (Task.status, businessStatus, ServiceRequest) and in KITH table 9148."""

    task: str
    business: str
    request: str
    kith: str | None = None


CODINGS: Final[Mapping[Status, Coding]] = {
    _S.DRAFT: Coding("draft", "draft", "draft"),
    _S.SENT: Coding("requested", "sent", "active"),
    _S.RECEIVED: Coding("received", "received", "active"),
    _S.ASSESSING: Coding("in-progress", "assessing", "active"),
    _S.INFO_REQUESTED: Coding("in-progress", "info-requested", "active"),
    _S.ACCEPTED: Coding("accepted", "right-granted", "active", "2"),
    _S.SCHEDULED: Coding("in-progress", "scheduled", "active", "1"),
    _S.STARTED: Coding("in-progress", "started", "active"),
    _S.COMPLETED: Coding("completed", "completed", "completed"),
    _S.REJECTED: Coding("rejected", "rejected", "active", "4"),
    _S.REDIRECTING: Coding("in-progress", "redirecting", "active"),
    _S.REDIRECTED: Coding("completed", "redirected", "completed", "3"),
    _S.WITHDRAWAL_REQUESTED: Coding("in-progress", "withdrawal-requested", "active"),
    _S.WITHDRAWN: Coding("cancelled", "withdrawn", "revoked"),
    _S.ENTERED_IN_ERROR: Coding("entered-in-error", "entered-in-error", "entered-in-error"),
}
