"""What the post office passes across its borders, and its rules of time: pure values, no framework, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from handover.exchange.lifecycle import OPEN, State
from handover.fhir.problem import Problem
from handover.ids import AgencyId, MessageId

MAX_MESSAGE_BYTES: Final = 1024 * 1024
"""One FHIR message Bundle (CRYPTO.md); attachments travel as blobs."""
MAX_BATCH: Final = 64
MAX_BATCH_BYTES: Final = 4 * 1024 * 1024
"""One request to /exchange/v1/envelopes (DESIGN §5)."""
MAX_BLOB_BYTES: Final = 26 * 1024 * 1024
"""One attachment's ciphertext; people may attach 25 MB."""
BLOB_QUOTA_BYTES: Final = 512 * 1024 * 1024
"""What one sending agency may have lying unclaimed at one receiver."""
UNCLAIMED_AFTER: Final = timedelta(hours=24)


INFECTED: Final = "infected"
"""Code of the fault of a message that ended because a document holds a virus."""
SCANNER_SILENT: Final = "scanner-silent"
"""Code of the fault of a message that waits until its documents can be looked through."""


UNSCANNED: Final = "unscanned"
"""Outcome of a message that came and waits until its documents can be looked through."""


class Look(StrEnum):
    """What the virus scanner makes of a document."""

    CLEAN = "clean"
    INFECTED = "infected"
    UNSCANNED = "unscanned"
    """Nobody knows yet: the scanner is silent."""


class Event(StrEnum):
    """What a message is about (`MessageHeader.eventCoding`, DESIGN §5): a closed list."""

    REFERRAL_REQUEST = "referral-request"
    REFERRAL_UPDATE = "referral-update"
    REFERRAL_STATUS = "referral-status"
    CARE_MESSAGE = "care-message"
    CARE_MESSAGE_STATUS = "care-message-status"
    CARE_MESSAGE_RETRACT = "care-message-retract"
    HANDOVER_BUNDLE = "handover-bundle"
    HANDOVER_STATUS = "handover-status"
    HANDOVER_WITHDRAW = "handover-withdraw"
    CASE_LINK = "case-link"
    CASE_UNLINK = "case-unlink"
    DIRECTORY_CORRECTION = "directory-correction"
    ACKNOWLEDGEMENT = "acknowledgement"


class Side(StrEnum):
    """Whose fault an error is (DESIGN §5): the sender, something between, the receiver."""

    SEND = "SEND"
    PROXY = "PROXY"
    REC = "REC"


@dataclass(frozen=True)
class Fault:
    """Why an attempt did not end in an acknowledgement: a side, a stable code, no personal data."""

    side: Side
    code: str


@dataclass(frozen=True, kw_only=True)
class SealedBlob:
    """An attachment encrypted at the sender: what the DocumentReference in the Bundle must carry."""

    sha256: str
    """Of the ciphertext, lower-case hex: the blob's name on the wire."""
    length: int
    """Of the ciphertext, bytes."""
    key: bytes = field(repr=False)
    """AES-256-GCM key, fresh for each blob; stands only inside the signed and encrypted Bundle."""
    content_type: str
    plain_sha256: str
    plain_length: int


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A message to post: exact FHIR bytes, to one receiving agency."""

    message: MessageId
    sender: AgencyId
    receiver: AgencyId
    event: Event
    payload: bytes = field(repr=False)
    subject: str | None = None
    """What it is about at the sender (`referral/<uuid>`), handed back in facts and alarms; ids only."""
    not_before: datetime | None = None
    """Until then it can be cancelled without a trace at the receiver (undo)."""
    attachments: tuple[SealedBlob, ...] = ()
    """Blobs the Bundle names; uploaded before the envelope."""


@dataclass(frozen=True, kw_only=True)
class OutgoingRef:
    """Which outgoing message, without its content."""

    message: MessageId
    sender: AgencyId
    receiver: AgencyId
    event: Event
    subject: str | None
    queued_at: datetime
    at: datetime
    """When it is taken for sending."""


@dataclass(frozen=True, kw_only=True)
class Received:
    """A message that was verified, opened and found valid, on its way to the product."""

    message: MessageId
    sender: AgencyId
    receiver: AgencyId
    event: Event
    resource: dict[str, Any] = field(repr=False)
    payload: bytes = field(repr=False)
    received_at: datetime
    looks: Mapping[str, Look] | None = None
    """What the virus scanner makes of each blob that came with it, by the blob's name; None without a scanner."""

    def look(self, blob: SealedBlob) -> Look:
        """Return what the scanner makes of a blob; one that it was not asked about is not looked at."""
        return Look.CLEAN if self.looks is None else self.looks.get(blob.sha256, Look.UNSCANNED)


@dataclass(frozen=True, kw_only=True)
class LateDocument:
    """A document that was held back when its message was taken in, and waits no more for the virus scanner."""

    message: MessageId
    sender: AgencyId
    receiver: AgencyId
    subject: str
    """Where it belongs, as its product named it to `blobs.take_looked_at`; ids only."""
    sha256: bytes = field(repr=False)
    """Of the plaintext."""
    look: Look
    """UNSCANNED: nobody could look at it in time (`Pace.expire_after`)."""
    content: bytes | None = field(repr=False)
    """None: it is not clean, and gone."""
    at: datetime


@dataclass(frozen=True, kw_only=True)
class DeliveryFact:
    """A change in the delivery of one message, told to the product that posted it, in the same transaction."""

    message: MessageId
    sender: AgencyId
    receiver: AgencyId
    event: Event
    subject: str | None
    state: State
    late: bool
    at: datetime
    answered_at: datetime | None = None
    """When the receiver signed its acknowledgement: what it says it received then, however late we learn it."""
    fault: Fault | None = None
    problems: tuple[Problem, ...] = ()

    def summary(self) -> str:
        """Return what became of the message as a task quotes it: codes and paths, a line each, never content."""
        fault = "" if self.fault is None else f"{self.fault.side.value} {self.fault.code}"
        lines = [f"{self.event.value} {self.state.value} {fault}".strip()]
        lines += [f"{problem.path}: {problem.code} {problem.text}".strip() for problem in self.problems]
        return "\n".join(lines)


@dataclass(frozen=True)
class Change:
    """One row of the history of a delivery (rule 6)."""

    at: datetime
    state: State
    why: str
    by: str


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Where a message is now. Times are None until it happened."""

    message: MessageId
    sender: AgencyId
    receiver: AgencyId
    event: Event
    subject: str | None
    state: State
    queued_at: datetime
    not_before: datetime
    expires_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    acknowledged_at: datetime | None
    next_attempt_at: datetime | None
    attempts: int
    late: bool
    held: bool
    last_error: Fault | None
    problems: tuple[Problem, ...] = ()
    history: tuple[Change, ...] = ()

    def undo_seconds(self, at: datetime) -> int:
        """Return for how many seconds it can still be undone; 0 when it has left."""
        if self.state is not State.QUEUED:
            return 0
        return max(0, int((self.not_before - at) / timedelta(seconds=1)))


class AlarmKind(StrEnum):
    """What the post office must tell a person or an operator, once per change of state."""

    REFUSED = "message-refused"
    EXPIRED = "message-expired"
    LATE = "message-late"
    STOPPED = "message-stopped"
    DIFFERENT_CONTENT = "same-id-other-content"
    ANSWER_FLIPPED = "acknowledgement-flipped"
    DESTINATION_FAILING = "destination-failing"
    DESTINATION_WORKS = "destination-works-again"


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Something a machine could not finish: a task for the person behind `subject`, else for the operator."""

    kind: AlarmKind
    agency: AgencyId
    peer: AgencyId
    at: datetime
    message: MessageId | None = None
    event: Event | None = None
    subject: str | None = None
    fault: Fault | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Pace:
    """When the machines try again and when they tell a person. All configurable."""

    first: timedelta = timedelta(seconds=2)
    cap: timedelta = timedelta(minutes=10)
    lease: timedelta = timedelta(seconds=60)
    """How long one worker keeps a message it has taken: longer than every network timeout together."""
    late_after: timedelta = timedelta(minutes=30)
    expire_after: timedelta = timedelta(hours=96)
    connect_timeout: float = 5.0
    """Seconds."""
    answer_timeout: float = 30.0
    """Seconds."""

    def wait(self, attempts: int, chance: float) -> timedelta:
        """Return the wait after the given number of failed attempts: doubling, capped, with jitter.

        `chance` is uniform in [0, 1); the wait lies between half and the whole of the doubled one, so that nodes
        that failed together do not come back together.
        """
        doubled = self.cap if attempts > 30 else min(self.cap, self.first * 2 ** max(0, attempts - 1))
        return doubled * (0.5 + chance / 2)


def is_late(*, state: State, not_before: datetime, now: datetime, pace: Pace) -> bool:
    """Whether the sender must be shown that no acknowledgement has come in time (DESIGN §4)."""
    return state in OPEN and now >= not_before + pace.late_after
