"""The node's last good copies of the directory and of each agency's statement, as they were signed."""

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from handover.db import Base, UtcDateTime


class DirectoryRow(Base):
    """The node's one directory (id 1). `revision` is new whenever this row or a statement changes."""

    __tablename__ = "directory_copy"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[str] = mapped_column(String(32))
    version: Mapped[int | None]
    jws: Mapped[bytes | None] = mapped_column(LargeBinary)
    pulled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    problem: Mapped[str | None] = mapped_column(String(200))
    """Why the latest pull was not believed; empty after one that was."""


class StatementRow(Base):
    """One agency's statement: fetched from its node, or made here for an agency of this node."""

    __tablename__ = "directory_statement"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    jws: Mapped[bytes | None] = mapped_column(LargeBinary)
    pulled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    problem: Mapped[str | None] = mapped_column(String(200))
