"""Referrals: one row per agency, side and service, so that both sides, and a redirect, may live in one database.

Plain are ids, status, times and version; everything else is sealed. History is only ever added to. Each index
answers one page: none of them looks at more rows than it shows, however many are stored (tests/scale).
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Integer, LargeBinary, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from handover.db import Base, UtcDateTime


class ReferralRow(Base):
    """One service's copy of a referral."""

    __tablename__ = "referral"
    __table_args__ = (
        Index("ix_referral_shelf", "agency", "side", "service", "shelf", "updated_at", "referral"),
        Index("ix_referral_referral", "agency", "referral", "side"),
        Index("ix_referral_person", "agency", "person", "side", "service"),
        Index("ix_referral_reference", "agency", "reference", "side", "service"),
        Index("ix_referral_message", "agency", "message"),
        Index(
            "ix_referral_received",
            "agency",
            "side",
            "service",
            "received_at",
            "assess_by",
            "assessed_at",
            "is_open",
        ),
        Index("ix_referral_unopened", "agency", "side", "is_open", "opened_at", "received_at"),
    )

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    side: Mapped[str] = mapped_column(String(10), primary_key=True)
    service: Mapped[str] = mapped_column(String(20), primary_key=True)
    referral: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    reference: Mapped[str] = mapped_column(String(9))
    person: Mapped[UUID | None] = mapped_column(Uuid)
    status: Mapped[str] = mapped_column(String(24))
    leg: Mapped[int] = mapped_column(Integer)
    number: Mapped[int] = mapped_column(Integer)
    is_open: Mapped[bool]
    shelf: Mapped[str] = mapped_column(String(10))
    """`steps.Shelf`: every filter of a list is one range, or a few, of an index."""
    is_undelivered: Mapped[bool]
    owner: Mapped[UUID | None] = mapped_column(Uuid)
    message: Mapped[UUID | None] = mapped_column(Uuid)
    """The latest request that left this copy."""
    entries: Mapped[int] = mapped_column(Integer)
    """How many lines the history has."""
    revision: Mapped[int] = mapped_column(Integer)
    """Counts the saves of a draft."""
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    assess_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The instant the assessment deadline passes."""
    assessed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    standing: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed `standing.Standing`."""
    content: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed `model.ReferralContent`."""


class HistoryRow(Base):
    """One line of what happened, at one copy."""

    __tablename__ = "referral_history"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    side: Mapped[str] = mapped_column(String(10), primary_key=True)
    service: Mapped[str] = mapped_column(String(20), primary_key=True)
    referral: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    line: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    act: Mapped[str] = mapped_column(String(24))
    status: Mapped[str] = mapped_column(String(24))
    leg: Mapped[int] = mapped_column(Integer)
    number: Mapped[int] = mapped_column(Integer)
    entry: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed `model.Entry`."""


class AttachmentRow(Base):
    """A file of a referral, sealed."""

    __tablename__ = "referral_attachment"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    side: Mapped[str] = mapped_column(String(10), primary_key=True)
    service: Mapped[str] = mapped_column(String(20), primary_key=True)
    referral: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    about: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed `model.Attachment`."""
    data: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed content."""
