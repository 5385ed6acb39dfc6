"""The history of our own entries, and reports that an entry is wrong, on both sides; all of it sealed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from handover.db import Base, UtcDateTime


class EntryChangeRow(Base):
    """One line of the history of an entry of ours."""

    __tablename__ = "directory_change"
    __table_args__ = (Index("ix_directory_change_service", "agency", "service", "at"),)

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    change: Mapped[bytes] = mapped_column(LargeBinary)


class ReportRow(Base):
    """One report, as the agency of the reporter or of the owner keeps it (`side`)."""

    __tablename__ = "directory_report"
    __table_args__ = (
        Index("ix_directory_report_service", "agency", "side", "service", "is_open", "at"),
        Index("ix_directory_report_staff", "agency", "side", "by", "at"),
    )

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    side: Mapped[str] = mapped_column(String(10), primary_key=True)
    peer: Mapped[str] = mapped_column(String(9))
    service: Mapped[str] = mapped_column(String(20))
    by: Mapped[UUID | None] = mapped_column(Uuid)
    """Who reported, at the reporter's agency."""
    message: Mapped[UUID] = mapped_column(Uuid)
    """The message that brought the report."""
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    is_open: Mapped[bool]
    is_lost: Mapped[bool]
    arrived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    report: Mapped[bytes] = mapped_column(LargeBinary)
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
