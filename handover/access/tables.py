"""The staff register, who has which role where, sessions, and logins that are under way."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from handover.db import Base, UtcDateTime


class StaffRow(Base):
    """A staff member as one agency knows them. Who they are is sealed; the login is found by a keyed hash."""

    __tablename__ = "staff"
    __table_args__ = (Index("ix_staff_agency_login", "agency", "login", unique=True),)

    agency: Mapped[str] = mapped_column(String(20), primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    login: Mapped[bytes] = mapped_column(LargeBinary(16))
    about: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed: name, title, phone, HPR number."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class StaffRoleRow(Base):
    """One role at one service; an empty service stands for the whole agency."""

    __tablename__ = "staff_role"
    __table_args__ = (
        ForeignKeyConstraint(["agency", "staff"], ["staff.agency", "staff.id"]),
        Index("ix_staff_role_agency_service_role", "agency", "service", "role"),
    )

    agency: Mapped[str] = mapped_column(String(20), primary_key=True)
    staff: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service: Mapped[str] = mapped_column(String(20), primary_key=True)
    role: Mapped[str] = mapped_column(String(20), primary_key=True)


class SessionRow(Base):
    """One signed-in browser. The token is only in the cookie; here is its SHA-256."""

    __tablename__ = "web_session"
    __table_args__ = (Index("ix_web_session_begun_at", "begun_at"),)

    token: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    """`staff` or `citizen`: which provider, and so which kind of actor."""
    agency: Mapped[str | None] = mapped_column(String(20))
    """Staff: the agency they act for; empty until chosen."""
    staff: Mapped[UUID | None] = mapped_column(Uuid)
    identity: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed under the node's first agency: subject, name, id_token."""
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    active_at: Mapped[datetime] = mapped_column(UtcDateTime)
    authenticated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    locked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The screen was left: nothing more is shown until the same person has logged in again."""


class LoginAttemptRow(Base):
    """One login under way; taken (and gone) when the browser comes back, so that it cannot be replayed."""

    __tablename__ = "login_attempt"
    __table_args__ = (Index("ix_login_attempt_begun_at", "begun_at"),)

    state: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    browser: Mapped[bytes] = mapped_column(LargeBinary(32))
    kind: Mapped[str] = mapped_column(String(10))
    return_to: Mapped[str] = mapped_column(String(500))
    is_step_up: Mapped[bool]
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
