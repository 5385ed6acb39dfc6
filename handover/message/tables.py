"""Threads: one row per agency and service, so that every member may live in one database.

Plain are ids, status and times; everything else is sealed. Each message is a row of its own. History is only ever
added to. Words are found by keyed hashes of them, which go when a message vanishes.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, Index, Integer, LargeBinary, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from handover.db import Base, UtcDateTime


class ThreadRow(Base):
    """One service's copy of a thread."""

    __tablename__ = "thread"
    __table_args__ = (
        Index("ix_thread_list", "agency", "service", "shelf", "updated_at", "thread"),
        Index("ix_thread_person", "agency", "person"),
        Index("ix_thread_reference", "agency", "reference", "service"),
        Index("ix_thread_leader", "agency", "tell_leader_at"),
        Index(
            "ix_thread_draft",
            "agency",
            "service",
            "updated_at",
            "thread",
            sqlite_where=text("draft_at IS NOT NULL"),
            postgresql_where=text("draft_at IS NOT NULL"),
        ),
    )

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    service: Mapped[str] = mapped_column(String(20), primary_key=True)
    thread: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    reference: Mapped[str] = mapped_column(String(9))
    person: Mapped[UUID | None] = mapped_column(Uuid)
    shelf: Mapped[str] = mapped_column(String(10))
    """`steps.Shelf`."""
    owner: Mapped[UUID | None] = mapped_column(Uuid)
    entries: Mapped[int] = mapped_column(Integer)
    """How many lines the history has."""
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    arrived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the latest message of the others came here."""
    draft_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When a draft in it was last saved; None while it has none."""
    tell_leader_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the leader is told that a message lies unopened; None while none does that they have not heard of."""
    standing: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed `store.Kept`."""


class ThreadMessageRow(Base):
    """One message at one copy, in one of the ways it came there."""

    __tablename__ = "thread_message"
    __table_args__ = (Index("ix_thread_message_message", "agency", "service", "message"),)

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    service: Mapped[str] = mapped_column(String(20), primary_key=True)
    thread: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    message: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    via: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    """The message that forwarded it here; its own id where its author sent it."""
    status: Mapped[str] = mapped_column(String(16))
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    placed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed `model.Message`."""


class ThreadFileRow(Base):
    """The bytes of a document, at one copy."""

    __tablename__ = "thread_file"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    service: Mapped[str] = mapped_column(String(20), primary_key=True)
    thread: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    """Hex of the keyed hash of its SHA-256: what the file is cannot be guessed from it."""
    data: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed content."""


class ThreadTokenRow(Base):
    """A word of a message, or of its thread's line and its author's name, as a keyed hash.

    So are a thread's subject and the services that take part in it: there the thread stands for the message.
    """

    __tablename__ = "thread_token"
    __table_args__ = (Index("ix_thread_token_message", "agency", "service", "thread", "message"),)

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    token: Mapped[bytes] = mapped_column(LargeBinary(8), primary_key=True)
    service: Mapped[str] = mapped_column(String(20), primary_key=True)
    thread: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    message: Mapped[UUID] = mapped_column(Uuid, primary_key=True)


class ThreadHistoryRow(Base):
    """One line of what happened, at one copy."""

    __tablename__ = "thread_history"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    service: Mapped[str] = mapped_column(String(20), primary_key=True)
    thread: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    line: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    act: Mapped[str] = mapped_column(String(24))
    entry: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed `model.Entry`."""


class EarlyRetractionRow(Base):
    """That a message was taken back before it came: it stays away when it does."""

    __tablename__ = "thread_early_retraction"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    service: Mapped[str] = mapped_column(String(20), primary_key=True)
    message: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    from_agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    from_service: Mapped[str] = mapped_column(String(20), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class OpennessRow(Base):
    """Whether patients read the words of an agency's messages under one subject; without a row: the default."""

    __tablename__ = "thread_openness"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    subject: Mapped[str] = mapped_column(String(24), primary_key=True)
    """`model.Subject`."""
    is_open: Mapped[bool]
    set_by: Mapped[UUID] = mapped_column(Uuid)
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CaseBondRow(Base):
    """What passed between the service that began an anonymous case and one other about whom it is about."""

    __tablename__ = "case_bond"
    __table_args__ = (
        Index("ix_case_bond_person", "agency", "person"),
        Index("ix_case_bond_check", "agency", "check_at"),
    )

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    service: Mapped[str] = mapped_column(String(20), primary_key=True)
    thread: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    other_agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    other_service: Mapped[str] = mapped_column(String(20), primary_key=True)
    person: Mapped[UUID | None] = mapped_column(Uuid)
    """Whom it is or was about last; no query of staff's leads here once the bond is closed."""
    is_open: Mapped[bool] = mapped_column(Boolean)
    check_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When to look whether the yes that it rests on still holds."""
    bond: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed `linking.Bond`."""


class CaseBondPersonRow(Base):
    """Everybody whom a bond ever said a case is about, so that each can read it on the own page."""

    __tablename__ = "case_bond_person"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    person: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service: Mapped[str] = mapped_column(String(20), primary_key=True)
    thread: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    other_agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    other_service: Mapped[str] = mapped_column(String(20), primary_key=True)
