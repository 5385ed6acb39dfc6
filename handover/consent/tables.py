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
