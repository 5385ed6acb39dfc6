"""Handovers: one row per agency, side and service, so that both sides may live in one database.

Plain are ids, status, times and version; everything else is sealed, also what the patient marked. Each item is a
row of its own: saving one never writes another. History and frozen documents are only ever
added to, until a receiver deletes what a patient took back: then the words go, and the lines stay.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Integer, LargeBinary, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from handover.db import Base, UtcDateTime


class HandoverRow(Base):
    """One service's copy of a handover."""

    __tablename__ = "handover"
    __table_args__ = (
        Index("ix_handover_list", "agency", "side", "service", "shelf", "updated_at", "handover"),
        Index("ix_handover_handover", "agency", "handover", "side"),
        Index("ix_handover_person", "agency", "person", "side"),
        Index("ix_handover_reference", "agency", "reference", "side", "service"),
    )

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    side: Mapped[str] = mapped_column(String(10), primary_key=True)
    service: Mapped[str] = mapped_column(String(20), primary_key=True)
    handover: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    reference: Mapped[str] = mapped_column(String(9))
    person: Mapped[UUID] = mapped_column(Uuid)
    status: Mapped[str] = mapped_column(String(24))
    round: Mapped[int] = mapped_column(Integer)
    number: Mapped[int] = mapped_column(Integer)
    is_open: Mapped[bool]
    shelf: Mapped[str] = mapped_column(String(10))
    """`steps.Shelf`."""
    is_undelivered: Mapped[bool]
    owner: Mapped[UUID | None] = mapped_column(Uuid)
    entries: Mapped[int] = mapped_column(Integer)
    """How many lines the history has."""
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Of the copy itself: what a patient writes alone does not move it."""
    received_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    standing: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed `standing.Standing`."""


class ArrivalRow(Base):
    """Where a document and its withdrawal meet, whichever comes first: what is taken back is kept by nobody.

    One row for each handover that came, or was taken back before it came; who it is about stands nowhere in it.
    """

    __tablename__ = "handover_arrival"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    service: Mapped[str] = mapped_column(String(20), primary_key=True)
    handover: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    sender: Mapped[str] = mapped_column(String(9), primary_key=True)
    """The sending agency: nobody takes back what another has sent."""
    taken_back: Mapped[int] = mapped_column(Integer)
    """Up to and with this round; 0: nothing."""


class HistoryRow(Base):
    """One line of what happened, at one copy."""

    __tablename__ = "handover_history"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    side: Mapped[str] = mapped_column(String(10), primary_key=True)
    service: Mapped[str] = mapped_column(String(20), primary_key=True)
    handover: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    line: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    act: Mapped[str] = mapped_column(String(24))
    status: Mapped[str] = mapped_column(String(24))
    entry: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed `model.Entry`."""


class ItemRow(Base):
    """One item, with its mark, at the origin only."""

    __tablename__ = "handover_item"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    handover: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    item: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed `model.Item`."""


class FileRow(Base):
    """The bytes of a document, at one copy."""

    __tablename__ = "handover_file"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    side: Mapped[str] = mapped_column(String(10), primary_key=True)
    service: Mapped[str] = mapped_column(String(20), primary_key=True)
    handover: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    """Hex of the keyed hash of its SHA-256: what the file is cannot be guessed from it."""
    data: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed content."""


class DocumentRow(Base):
    """A document as it was previewed, or as it arrived: never changed."""

    __tablename__ = "handover_document"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    side: Mapped[str] = mapped_column(String(10), primary_key=True)
    service: Mapped[str] = mapped_column(String(20), primary_key=True)
    handover: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    frozen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    document: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed bytes."""
    about: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed `model.Origin`: its files, and what it was made from."""


class ChoicesRow(Base):
    """Every choice as it stood when the patient said yes to a document; kept at the origin, never sent."""

    __tablename__ = "handover_choices"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    handover: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    consent: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed FHIR Consent with deny provisions, UTF-8 JSON."""
