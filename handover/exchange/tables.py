"""The post office's tables. Each leads with the agency whose row it is; content columns are sealed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from handover.db import Base, UtcDateTime


class OutgoingRow(Base):
    """A message promised to another agency, and how far it has come. Its content lies beside it, written once."""

    __tablename__ = "exchange_outgoing"
    __table_args__ = (
        Index("ix_exchange_outgoing_due", "agency", "receiver", "is_open", "due_at"),
        Index("ix_exchange_outgoing_expiry", "agency", "expires_at"),
        Index("ix_exchange_outgoing_late", "agency", "late_at"),
        Index("ix_exchange_outgoing_state", "agency", "state", "queued_at"),
    )
    agency: Mapped[str] = mapped_column(String(20), primary_key=True)
    message: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    receiver: Mapped[str] = mapped_column(String(20))
    event: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str | None] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(20))
    is_open: Mapped[bool]
    """The machines still try: state is queued, sent or delivered, and no operator holds it."""
    held: Mapped[bool]
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    not_before: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Next attempt. Whoever takes the row moves it past the lease: a dead worker's rows come back."""
    late_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the sender is told that it is late; None once told or ended."""
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """None once ended; held messages expire too."""
    attempts: Mapped[int] = mapped_column(Integer)
    blobs: Mapped[int] = mapped_column(Integer)
    """How many attachments must be at the receiver before the envelope goes."""
    changes: Mapped[int] = mapped_column(Integer)
    """Rows in the history; the next one's number."""
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fault_side: Mapped[str | None] = mapped_column(String(8))
    fault_code: Mapped[str | None] = mapped_column(String(80))
    problems: Mapped[str | None] = mapped_column(Text)
    """JSON list of [path, code, text] from the receiver's OperationOutcome: never values."""
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    """Of the FHIR bytes."""
    acknowledgement: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The receiver's signed answer, kept as evidence."""


class OutgoingContent(Base):
    """The signed message (inner JWS), sealed: every resend carries these bytes, only the encryption is fresh.

    Gone where what was sent was deleted here (`service.forget_sent`).
    """

    __tablename__ = "exchange_outgoing_content"
    agency: Mapped[str] = mapped_column(String(20), primary_key=True)
    message: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    jws: Mapped[bytes] = mapped_column(LargeBinary)
    valid_until: Mapped[datetime] = mapped_column(UtcDateTime)
    """The signature's `exp`: no attempt after it."""


class DeliveryChange(Base):
    """One change of a delivery: append-only (rule 6)."""

    __tablename__ = "exchange_history"
    agency: Mapped[str] = mapped_column(String(20), primary_key=True)
    message: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(20))
    why: Mapped[str] = mapped_column(String(80))
    by: Mapped[str] = mapped_column(String(80))


class Destination(Base):
    """One receiving agency as one sending agency sees it: paused, resting after failures, or fine."""

    __tablename__ = "exchange_destination"
    agency: Mapped[str] = mapped_column(String(20), primary_key=True)
    receiver: Mapped[str] = mapped_column(String(20), primary_key=True)
    paused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paused_by: Mapped[str | None] = mapped_column(String(80))
    failures: Mapped[int] = mapped_column(Integer)
    """Attempts in a row that did not reach it."""
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rest_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fault_side: Mapped[str | None] = mapped_column(String(8))
    fault_code: Mapped[str | None] = mapped_column(String(80))
    told: Mapped[bool]
    """Whether the present trouble has been told to an operator."""


class IncomingRow(Base):
    """A message taken in or refused, keyed on (sending agency, message id): the effect happens once (rule 2)."""

    __tablename__ = "exchange_incoming"
    __table_args__ = (
        Index("ix_exchange_incoming_received", "agency", "received_at"),
        Index("ix_exchange_incoming_pending", "agency", "is_pending", "due_at"),
    )
    agency: Mapped[str] = mapped_column(String(20), primary_key=True)
    sender: Mapped[str] = mapped_column(String(20), primary_key=True)
    message: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    event: Mapped[str] = mapped_column(String(40))
    outcome: Mapped[str] = mapped_column(String(20))
    """pending, unscanned (pending until the virus scanner answers), ok or fatal-error."""
    is_pending: Mapped[bool]
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    acknowledgement: Mapped[bytes] = mapped_column(LargeBinary)
    """The signed answer every repeat gets again; a receipt while pending."""
    jws: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The signed message, sealed, as evidence; None for what nobody here may keep (refused, taken back)."""


class ReplyRow(Base):
    """An acknowledgement that goes by itself, after asynchronous processing; ends with any 2xx."""

    __tablename__ = "exchange_reply"
    __table_args__ = (Index("ix_exchange_reply_due", "agency", "peer", "is_open", "due_at"),)
    agency: Mapped[str] = mapped_column(String(20), primary_key=True)
    peer: Mapped[str] = mapped_column(String(20), primary_key=True)
    message: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    acknowledgement: Mapped[bytes] = mapped_column(LargeBinary)
    is_open: Mapped[bool]
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OutgoingBlob(Base):
    """An encrypted attachment waiting to be uploaded. The key is only in the Bundle."""

    __tablename__ = "exchange_outgoing_blob"
    agency: Mapped[str] = mapped_column(String(20), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    length: Mapped[int] = mapped_column(BigInteger)
    stored_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)


class OutgoingBlobUse(Base):
    """Which message needs which blob, and whether the receiver has it."""

    __tablename__ = "exchange_outgoing_blob_use"
    agency: Mapped[str] = mapped_column(String(20), primary_key=True)
    message: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    uploaded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class IncomingBlob(Base):
    """An upload in progress or complete; gone when a message takes it, or when none does in 24 hours."""

    __tablename__ = "exchange_incoming_blob"
    __table_args__ = (Index("ix_exchange_incoming_blob_unclaimed", "agency", "started_at"),)
    agency: Mapped[str] = mapped_column(String(20), primary_key=True)
    sender: Mapped[str] = mapped_column(String(20), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    length: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Set with the last piece, when the digest was right."""


class IncomingBlobPart(Base):
    """One piece of ciphertext, in the order of its offset."""

    __tablename__ = "exchange_incoming_blob_part"
    agency: Mapped[str] = mapped_column(String(20), primary_key=True)
    sender: Mapped[str] = mapped_column(String(20), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)


class HeldDocument(Base):
    """A document of a message that was taken in without it, and waits until the virus scanner has looked at it.

    Its ciphertext stays uploaded (`IncomingBlob`) as long as this row stands.
    """

    __tablename__ = "exchange_held_document"
    __table_args__ = (Index("ix_exchange_held_document_due", "agency", "due_at"),)
    agency: Mapped[str] = mapped_column(String(20), primary_key=True)
    sender: Mapped[str] = mapped_column(String(20), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Of the ciphertext: the blob's name."""
    message: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    """A sender may name one blob in several messages; each waits for it on its own."""
    event: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(160))
    """What the product calls where it belongs; ids only."""
    blob: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed `model.SealedBlob`: how to open it."""
    held_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Next look. Whoever takes the row moves it past the lease: a dead worker's rows come back."""
    attempts: Mapped[int] = mapped_column(Integer)
