"""Patients' questions; what is asked and answered is sealed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from handover.db import Base, UtcDateTime


class InquiryRow(Base):
    """One question. What waits is one range of an index, by date."""

    __tablename__ = "inquiry"
    __table_args__ = (
        Index("ix_inquiry_due", "agency", "is_open", "due_at", "id"),
        Index("ix_inquiry_person", "agency", "person", "asked_at"),
    )

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(30))
    subject: Mapped[UUID] = mapped_column(Uuid)
    entry: Mapped[UUID | None] = mapped_column(Uuid)
    person: Mapped[UUID] = mapped_column(Uuid)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    is_open: Mapped[bool]
    question: Mapped[bytes] = mapped_column(LargeBinary)
    answered_by: Mapped[UUID | None] = mapped_column(Uuid)
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
