"""The log's tables. Rows are only ever added; the sequencer fills in a row's place once and never again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from handover.db import Base, UtcDateTime


class AuditEntry(Base):
    """One logged event. Plain are only ids, times, event and outcome; who, why and all texts are sealed."""

    __tablename__ = "audit_entry"
    # NULL sorts together in the first index on both databases: the rows that wait for a place are one range of it.
    __table_args__ = (
        Index("ix_audit_entry_agency_place", "agency", "place", unique=True),
        Index("ix_audit_entry_event", "agency", "event", "id"),
        Index(
            "ix_audit_entry_staff",
            "agency",
            "staff",
            "id",
            sqlite_where=text("staff is not null"),
            postgresql_where=text("staff is not null"),
        ),
    )

    agency: Mapped[str] = mapped_column(String(20), primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    event: Mapped[str] = mapped_column(String(40))
    outcome: Mapped[str] = mapped_column(String(10))
    staff: Mapped[UUID | None] = mapped_column(Uuid)
    """Which staff member did it, by the agency's own id of them."""
    persons: Mapped[bytes] = mapped_column(LargeBinary)
    """Sixteen bytes for each person named."""
    subject: Mapped[str | None] = mapped_column(String(80))
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    leaf: Mapped[bytes] = mapped_column(LargeBinary)
    place: Mapped[int | None] = mapped_column(BigInteger)
    chain: Mapped[bytes | None] = mapped_column(LargeBinary)


class AuditPerson(Base):
    """One entry in one patient's own log: its number there, and the patient's own chain."""

    __tablename__ = "audit_person"
    __table_args__ = ({"sqlite_with_rowid": False},)

    agency: Mapped[str] = mapped_column(String(20), primary_key=True)
    person: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    patient_seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    entry: Mapped[UUID] = mapped_column(Uuid)
    chain: Mapped[bytes] = mapped_column(LargeBinary)


class AuditHead(Base):
    """How far an agency's log has come: the last place, its chain hash, and a keyed seal over both."""

    __tablename__ = "audit_head"

    agency: Mapped[str] = mapped_column(String(20), primary_key=True)
    place: Mapped[int] = mapped_column(BigInteger)
    chain: Mapped[bytes] = mapped_column(LargeBinary)
    seal: Mapped[bytes] = mapped_column(LargeBinary)
