"""Who wants to be told how, and the notices that are to leave. Addresses and codes are sealed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from handover.db import Base, UtcDateTime


class WishesRow(Base):
    """What one person at an agency has chosen."""

    __tablename__ = "notice_wishes"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    channel: Mapped[str] = mapped_column(String(10))
    address: Mapped[bytes | None] = mapped_column(LargeBinary)
    first_hour: Mapped[int]
    last_hour: Mapped[int]
    daily_at: Mapped[int | None]
    language: Mapped[str] = mapped_column(String(2))
    wants_team: Mapped[bool]
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ConfirmationRow(Base):
    """An address that waits for its code."""

    __tablename__ = "notice_confirmation"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    channel: Mapped[str] = mapped_column(String(10))
    address: Mapped[bytes] = mapped_column(LargeBinary)
    code: Mapped[bytes] = mapped_column(LargeBinary(16))
    """Keyed hash of the code."""
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int]
    codes: Mapped[int]
    """How many were asked for since `first_at`."""
    first_at: Mapped[datetime] = mapped_column(UtcDateTime)
    is_open: Mapped[bool]


class OutgoingNoticeRow(Base):
    """One notice to leave. Several causes share one as long as it has not left."""

    __tablename__ = "notice_outgoing"
    __table_args__ = (
        Index("ix_notice_outgoing_due", "agency", "state", "due_at"),
        Index("ix_notice_outgoing_recipient", "agency", "kind", "recipient", "state"),
    )

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    recipient: Mapped[UUID] = mapped_column(Uuid)
    purpose: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When the next attempt is due; while one is under way, when its lease ends."""
    attempts: Mapped[int]
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    channel: Mapped[str] = mapped_column(String(10))
    """By which it was tried last; empty before."""
    error: Mapped[str] = mapped_column(String(60))
    """Why the last attempt failed: a code."""
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Of a code: sealed, what is sent where; gone when it has left."""


class NoticeCauseRow(Base):
    """That somebody was told, or is to be told, for one cause: a keyed hash, so that it never happens twice.

    Kept under the node's first agency: who is known to two agencies of a node is told once.
    """

    __tablename__ = "notice_cause"
    __table_args__ = (Index("ix_notice_cause_told_at", "agency", "told_at"),)

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    cause: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    notice: Mapped[UUID] = mapped_column(Uuid)
    notice_agency: Mapped[str] = mapped_column(String(9))
    told_at: Mapped[datetime] = mapped_column(UtcDateTime)


class UnopenedRow(Base):
    """That a patient has not opened something new in a case; gone when they have."""

    __tablename__ = "notice_unopened"
    __table_args__ = (
        Index("ix_notice_unopened_since", "agency", "asked_at", "since"),
        Index("ix_notice_unopened_subject", "subject"),
    )

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    person: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    subject: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    subject_kind: Mapped[str] = mapped_column(String(30))
    service: Mapped[str] = mapped_column(String(20))
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the service was asked to write or call."""


class PassedRow(Base):
    """Until when an agency's staff were told of dates that passed."""

    __tablename__ = "notice_passed"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    until: Mapped[datetime] = mapped_column(UtcDateTime)
