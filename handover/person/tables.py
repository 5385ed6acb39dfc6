"""Patients as one agency knows them: sealed, and found by keyed hashes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from handover.db import Base, UtcDateTime


class PersonRow(Base):
    """One patient at one agency."""

    __tablename__ = "person"
    __table_args__ = (Index("uq_person_number", "agency", "number_hash", unique=True),)

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    number_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    """Keyed hash of the national number; NULL where the patient has none."""
    identity: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed `person.model.Identity`."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PersonTokenRow(Base):
    """A keyed hash of one word of a patient's name, or of its beginning."""

    __tablename__ = "person_token"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    token: Mapped[bytes] = mapped_column(LargeBinary(8), primary_key=True)
    person: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
