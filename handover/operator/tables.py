"""What running processes say of themselves, how the log was found, and which acts on keys it has taken in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from handover.db import Base, UtcDateTime


class HeartbeatRow(Base):
    """One running process and when it last said that it runs."""

    __tablename__ = "heartbeat"

    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    process: Mapped[str] = mapped_column(String(120), primary_key=True)
    """Host and process number."""
    beat_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LogCheckRow(Base):
    """How an agency's log was found when it was last looked through."""

    __tablename__ = "log_check"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    rows: Mapped[int] = mapped_column(BigInteger)
    findings: Mapped[str] = mapped_column(Text)
    """`code` or `code:place`, one a line; empty where the log is whole."""


class TakenActRow(Base):
    """One act on keys or directory, done from the command line, that the log has taken in from the journal."""

    __tablename__ = "journal_taken"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime)
