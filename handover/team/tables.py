"""A team's work, sealed where it could be about a person. Work lists are ranges of one index, by date."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, Index, Integer, LargeBinary, String, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from handover.db import Base, UtcDateTime


def _owned(name: str, *columns: str) -> Index:
    """Return an index of what somebody has: what nobody has taken, as most that arrives, costs it nothing."""
    where = text("owner IS NOT NULL")
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


class WorkItemRow(Base):
    """The next step of one case at one service."""

    __tablename__ = "work_item"
    __table_args__ = (
        Index("ix_work_item_due", "agency", "service", "kind", "is_open", "due_at", "subject", "snoozed_until"),
        Index(
            "ix_work_item_owner",
            "agency",
            "service",
            "kind",
            "is_open",
            "owner",
            "due_at",
            "subject",
            "snoozed_until",
        ),
        Index(
            "ix_work_item_step",
            "agency",
            "service",
            "kind",
            "is_open",
            "next_step",
            "due_at",
            "subject",
            "snoozed_until",
        ),
        Index("ix_work_item_overdue", "agency", "is_open", "due_at"),
        _owned("ix_work_item_touched", "agency", "service", "is_open", "touched_at"),
        _owned("ix_work_item_holder", "agency", "owner", "is_open"),
        Index(
            "ix_work_item_passed",
            "agency",
            "is_open",
            "subject",
            sqlite_where=text("passed_from IS NOT NULL"),
            postgresql_where=text("passed_from IS NOT NULL"),
        ),
    )

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    service: Mapped[str] = mapped_column(String(20), primary_key=True)
    kind: Mapped[str] = mapped_column(String(30), primary_key=True)
    subject: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    next_step: Mapped[str] = mapped_column(String(40))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    owner: Mapped[UUID | None] = mapped_column(Uuid)
    """Who does it now; None: the team."""
    passed_from: Mapped[UUID | None] = mapped_column(Uuid)
    """Whose it is, where a stand-in or the team has it in their place."""
    is_given_back: Mapped[bool] = mapped_column(default=False)
    """Whether the team has it because it lay untouched; else because `passed_from` is away."""
    touched_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When a person last did something with it."""
    is_open: Mapped[bool]
    snoozed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_by: Mapped[UUID | None] = mapped_column(Uuid)


class ReadMarkRow(Base):
    """That one person has read one case, and when last."""

    __tablename__ = "read_mark"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    staff: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str] = mapped_column(String(30), primary_key=True)
    subject: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)


class InternalNoteRow(Base):
    """A yellow note; the text and the writer's name are sealed."""

    __tablename__ = "internal_note"
    __table_args__ = (Index("ix_internal_note_subject", "agency", "service", "kind", "subject", "at"),)

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(30))
    subject: Mapped[UUID] = mapped_column(Uuid)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    note: Mapped[bytes] = mapped_column(LargeBinary)


class ReadyTextRow(Base):
    """A ready text of one service; not about anybody, so in plain."""

    __tablename__ = "ready_text"
    __table_args__ = (Index("ix_ready_text_service", "agency", "service", "kind"),)

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(30))
    title: Mapped[str] = mapped_column(String(200))
    nb: Mapped[str] = mapped_column(Text)
    """Its words in bokmål; empty where it is not written in that. So are `nn` and `en`."""
    nn: Mapped[str] = mapped_column(Text)
    en: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_by: Mapped[UUID] = mapped_column(Uuid)


class TaskRow(Base):
    """Something a machine could not finish; the words are sealed."""

    __tablename__ = "task"
    __table_args__ = (
        Index("ix_task_staff", "agency", "for_staff", "is_open", "raised_at"),
        Index("ix_task_service", "agency", "service", "is_open", "raised_at"),
        Index("ix_task_subject", "agency", "subject", "is_open"),
    )

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service: Mapped[str | None] = mapped_column(String(20))
    for_staff: Mapped[UUID | None] = mapped_column(Uuid)
    kind: Mapped[str] = mapped_column(String(30))
    subject: Mapped[UUID | None] = mapped_column(Uuid)
    subject_kind: Mapped[str] = mapped_column(String(30))
    text: Mapped[bytes] = mapped_column(LargeBinary)
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    is_open: Mapped[bool]
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_by: Mapped[UUID | None] = mapped_column(Uuid)


class AbsenceRow(Base):
    """That somebody is away, from one day until another, and who stands in for them."""

    __tablename__ = "absence"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    staff: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    first_day: Mapped[date] = mapped_column(Date)
    back_on: Mapped[date] = mapped_column(Date)
    stand_in: Mapped[UUID | None] = mapped_column(Uuid)
    has_begun: Mapped[bool]
    """Whether the work has been given on."""
    set_by: Mapped[UUID] = mapped_column(Uuid)
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AnsweringRow(Base):
    """Who writes an answer in a case just now."""

    __tablename__ = "answering"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    service: Mapped[str] = mapped_column(String(20), primary_key=True)
    kind: Mapped[str] = mapped_column(String(30), primary_key=True)
    subject: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    staff: Mapped[UUID] = mapped_column(Uuid)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime] = mapped_column(UtcDateTime)


class TeamSettingRow(Base):
    """What a service has chosen about its own work."""

    __tablename__ = "team_setting"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    service: Mapped[str] = mapped_column(String(20), primary_key=True)
    untouched_days: Mapped[int] = mapped_column(Integer)
    """Working days after which owned work that nobody touched goes back to the team."""
