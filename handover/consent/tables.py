"""A patient's choices about sharing, as one agency knows them: the words sealed, ids and times in plain."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from handover.db import Base, UtcDateTime


class ChoiceRow(Base):
    """One block or permit. Rows are added and marked as withdrawn, never changed or removed."""

    __tablename__ = "consent_choice"
    __table_args__ = (Index("ix_consent_choice_person", "agency", "person", "given_at"),)

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    person: Mapped[UUID] = mapped_column(Uuid)
    said: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed: whom it is about, what it says, who wrote it down."""
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RequestRow(Base):
    """A question to a patient whether something may be sent. Answered once, never changed."""

    __tablename__ = "consent_request"
    __table_args__ = (
        Index("ix_consent_request_person", "agency", "person", "asked_at"),
        Index("ix_consent_request_case", "agency", "case", "asked_at"),
    )

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    person: Mapped[UUID] = mapped_column(Uuid)
    case: Mapped[UUID] = mapped_column(Uuid)
    asked: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed: who asks, what for, to whom, why."""
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reply: Mapped[str | None] = mapped_column(String(10))
    """`model.Reply`; None while it waits."""
    replied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
