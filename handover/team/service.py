"""A team's work: open, own, put away, finish; tasks for a person; yellow notes; ready texts.

The products above decide who may do it and log it; here every act names the agency and the service.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from handover.actors import Actor, Role, Staff
from handover.db import provided, put
from handover.errors import NotFound
from handover.ids import AgencyId, ServiceId, StaffId, TaskId, new_uuid
from handover.keys.vault import Vault
from handover.team import store
from handover.team.deputies import away_on, keeper_of, known_away
from handover.team.model import (
    NEAREST,
    InternalNote,
    NoteId,
    Part,
    Place,
    ReadyText,
    ReadyTextId,
    Task,
    TaskKind,
    WorkItem,
    snooze_end,
)
from handover.team.tables import InternalNoteRow, ReadMarkRow, ReadyTextRow, TaskRow, WorkItemRow
from handover.values import dump, load


class WorkNotFound(NotFound):
    """No such work, task or text here."""

    code = "team.not-found"


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How much open work a service has."""

    open: int
    overdue: int
    unowned: int


_AT_A_SERVICE: Final = (Role.REFERRER, Role.INTAKE, Role.CLINICIAN, Role.CASEWORKER, Role.LEADER)
MOST_ASKED: Final = 99
"""A title counts no further."""


@dataclass(frozen=True)
class Asks:
    """A kind of work, the services at which somebody does it, and the steps that ask something of them."""

    kind: str
    services: tuple[ServiceId, ...]
    steps: tuple[str, ...]


@dataclass(frozen=True)
class _Note:
    by: StaffId
    by_name: str
    text: str = field(repr=False)


def plan(
    session: Session,
    place: Place,
    step: tuple[str, datetime] | None,
    *,
    owner: StaffId | None,
    by: Actor,
    now: datetime,
) -> None:
    """Give a service a case's next step with its date, or close its work there when nothing is left to do."""
    if step is None:
        close_item(session, place, by=by.id if isinstance(by, Staff) else None, now=now)
        return
    next_step, due_at = step
    open_item(session, place, next_step=next_step, due_at=due_at, owner=owner, now=now, by=by)


def open_item(
    session: Session,
    place: Place,
    *,
    next_step: str,
    due_at: datetime,
    owner: StaffId | None,
    now: datetime,
    by: Actor | None = None,
) -> None:
    """Set a case's next step, owner and date at a service; opens again what was done, wakes what sleeps.

    Where the owner is away their stand-in has it, else the team; what came back to the team because it lay
    untouched stays there until somebody takes it.
    """
    row = {
        **vars(place),
        "next_step": next_step,
        "due_at": due_at,
        "owner": owner,
        "passed_from": None,
        "is_given_back": False,
        "touched_at": now,
        "is_open": True,
        "snoozed_until": None,
        "created_at": now,
        "done_at": None,
        "done_by": None,
        **({} if owner is None else _kept(session, place, owner, by=by, now=now)),
    }
    touched = ("touched_at",) if by is None or isinstance(by, Staff) else ()
    put(session, WorkItemRow, row, replacing=(*_REPLACED, *touched))


_REPLACED: Final = (
    "next_step",
    "due_at",
    "owner",
    "passed_from",
    "is_given_back",
    "is_open",
    "snoozed_until",
    "done_at",
    "done_by",
)


def _kept(session: Session, place: Place, owner: StaffId, *, by: Actor | None, now: datetime) -> dict[str, Any]:
    """Return who has an owner's work now: they, their stand-in, or the team."""
    held = store.item(session, place)
    is_back = isinstance(by, Staff) and by.id == owner
    if held is not None and held["is_given_back"] and held["passed_from"] == owner and not is_back:
        return {"owner": None, "passed_from": owner, "is_given_back": True}
    keeper = keeper_of(session, place.agency, place.service, owner, away_on(session, place.agency, now=now))
    return {"owner": keeper, "passed_from": None if keeper == owner else owner}


def due_in_step(
    session: Session,
    agency: AgencyId,
    service: ServiceId,
    *,
    kind: str,
    step: str,
    now: datetime,
    limit: int = 200,
) -> tuple[UUID, ...]:
    """Return, for the machine, what a service's open work is about whose step is that one, and due."""
    return tuple(store.due_in_step(session, agency, service, kind=kind, step=step, now=now, limit=limit))


def close_item(session: Session, place: Place, *, by: StaffId | None, now: datetime) -> None:
    """Close a case's work at a service, for the whole team; nothing happens when there is none."""
    store.change_item(session, place, is_open=False, done_at=now, done_by=by)


def snooze(session: Session, place: Place, *, until: datetime, now: datetime) -> None:
    """Put a piece of work away for a while, never past its date. Raises WorkNotFound, SnoozePastDeadline."""
    found = item(session, place)
    store.change_item(session, place, snoozed_until=snooze_end(found.due_at, until, now))


def item(session: Session, place: Place) -> WorkItem:
    """Return one piece of work. Raises WorkNotFound."""
    found = item_at(session, place)
    if found is None:
        raise WorkNotFound
    return found


def item_at(session: Session, place: Place) -> WorkItem | None:
    """Return one piece of work, None when there is none."""
    row = store.item(session, place)
    return None if row is None else _item(row)


def open_items(
    session: Session,
    agency: AgencyId,
    service: ServiceId,
    *,
    kind: str,
    now: datetime,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
    due_before: datetime | None = None,
) -> tuple[WorkItem, ...]:
    """Return a service's open work by date; go on with `after=(due_at, subject)` of the last one."""
    parts = (Part(due_before=due_before),)
    return open_parts(session, agency, service, parts, kind=kind, now=now, after=after, limit=limit)


def open_parts(
    session: Session,
    agency: AgencyId,
    service: ServiceId,
    parts: Sequence[Part],
    *,
    kind: str,
    now: datetime,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> tuple[WorkItem, ...]:
    """Return what is in any part of a service's open work, by date; nothing put away that is not due."""
    rows = store.open_items(session, agency, service, parts, kind=kind, now=now, after=after, limit=limit)
    return tuple(_item(row) for row in rows)


def overdue(session: Session, agency: AgencyId, *, now: datetime, limit: int = 200) -> tuple[WorkItem, ...]:
    """Return everything at the agency whose date has passed, the oldest first."""
    return tuple(_item(row) for row in store.overdue(session, agency, now=now, limit=limit))


def overdue_at(
    session: Session,
    agency: AgencyId,
    services: Sequence[ServiceId],
    *,
    kind: str,
    now: datetime,
    limit: int = 50,
) -> tuple[WorkItem, ...]:
    """Return what is overdue of one kind at some services, the longest overdue first."""
    rows = store.overdue_at(session, agency, services, kind=kind, now=now, limit=limit)
    return tuple(_item(row) for row in rows)


def counts(session: Session, agency: AgencyId, service: ServiceId, *, kind: str, now: datetime) -> Counts:
    """Return how much open work a service has."""
    return Counts(**store.counts(session, agency, service, kind=kind, now=now))


def count_asked(session: Session, by: Staff, asks: Sequence[Asks]) -> int:
    """Return how much is asked of somebody: their own work, what nobody has taken, tasks; at most MOST_ASKED."""
    work = count_work(session, by, asks)
    tasks = store.count_tasks(session, _tasks_for(session, by), limit=MOST_ASKED)
    return min(work + tasks, MOST_ASKED)


def count_work(session: Session, by: Staff, asks: Sequence[Asks]) -> int:
    """Return how much work is somebody's own, or nobody's, without their tasks; at most MOST_ASKED."""
    found = store.count_asked(session, by.agency, by.id, [vars(each) for each in asks], limit=MOST_ASKED)
    return min(found, MOST_ASKED)


def mark_read(session: Session, by: Staff, kind: str, subject: UUID, *, now: datetime) -> None:
    """Note that this person has read the case (read is per person, done is per team)."""
    row = {"agency": by.agency, "staff": by.id, "kind": kind, "subject": subject, "read_at": now}
    put(session, ReadMarkRow, row, replacing=("read_at",))


def read_at(session: Session, by: Staff, kind: str, subjects: Iterable[UUID]) -> dict[UUID, datetime]:
    """Return when this person last read each case; those never read are left out."""
    return store.read_marks(session, by.agency, by.id, kind, subjects)


def note(session: Session, place: Place, text: str, *, by: Staff, now: datetime) -> NoteId:
    """Stick a yellow note on a case; it never leaves the service."""
    id_ = NoteId(new_uuid())
    sealed = _seal(session, place.agency, "internal_note", "note", id_, dump(_Note(by.id, by.name, text)))
    store.add(session, InternalNoteRow, {**vars(place), "id": id_, "at": now, "note": sealed})
    return id_


def notes(session: Session, place: Place) -> tuple[InternalNote, ...]:
    """Return the yellow notes on a case at one service, the oldest first."""
    return tuple(_note(session, row) for row in store.notes(session, place))


def drop_notes(session: Session, place: Place) -> None:
    """Remove the yellow notes on a case at one service, where what they are about is deleted; the log keeps that
    they were written, and by whom."""
    store.drop_notes(session, place)


def ready_texts(
    session: Session, agency: AgencyId, service: ServiceId, kind: str | None = None
) -> tuple[ReadyText, ...]:
    """Return a service's ready texts, and those of the product it has not replaced (same kind and title)."""
    own = [
        ReadyText(
            id=ReadyTextId(row["id"]),
            kind=row["kind"],
            title=row["title"],
            texts={tag: row[tag] for tag in NEAREST if row[tag]},
        )
        for row in store.texts(session, agency, service)
    ]
    replaced = {(text.kind, text.title) for text in own}
    shipped = [text for text in _shipped_texts() if (text.kind, text.title) not in replaced]
    found = sorted((*own, *shipped), key=lambda text: (text.kind, text.title))
    return tuple(text for text in found if text.texts and kind in {None, text.kind})


def save_text(session: Session, service: ServiceId, text: ReadyText, *, by: Staff, now: datetime) -> ReadyTextId:
    """Save a ready text of a service; an empty one hides the product's of the same title. Raises WorkNotFound."""
    values = {
        "kind": text.kind,
        "title": text.title,
        **{tag: text.texts.get(tag, "") for tag in NEAREST},
        "changed_at": now,
        "changed_by": by.id,
    }
    if text.id is None:
        made = ReadyTextId(new_uuid())
        store.add(session, ReadyTextRow, {"agency": by.agency, "service": service, "id": made, **values})
        return made
    if not store.change_text(session, by.agency, service, text.id, values):
        raise WorkNotFound
    return text.id


def raise_task(  # noqa: PLR0913 - one keyword for each thing a task says
    session: Session,
    agency: AgencyId,
    *,
    kind: TaskKind,
    text: str,
    now: datetime,
    service: ServiceId | None = None,
    for_staff: StaffId | None = None,
    subject: UUID | None = None,
    subject_kind: str = "",
) -> TaskId:
    """Leave a task for a named person, else for whoever works at the service, else for the operators."""
    id_ = TaskId(new_uuid())
    row = {
        "agency": agency,
        "id": id_,
        "service": service,
        "for_staff": for_staff,
        "kind": kind.value,
        "subject": subject,
        "subject_kind": subject_kind,
        "text": _seal(session, agency, "task", "text", id_, text.encode()),
        "raised_at": now,
        "is_open": True,
    }
    store.add(session, TaskRow, row)
    return id_


def raise_task_at(
    session: Session, place: Place, kind: TaskKind, text: str, *, for_staff: StaffId | None, now: datetime
) -> TaskId:
    """Leave a task about a case: for the one who has it, else for the service. `text`: codes, or files' titles."""
    return raise_task(
        session,
        place.agency,
        kind=kind,
        text=text,
        now=now,
        service=place.service,
        for_staff=for_staff,
        subject=place.subject,
        subject_kind=place.kind,
    )


def tasks(session: Session, by: Staff) -> tuple[Task, ...]:
    """Return a person's open tasks, and the unnamed ones of the services they work for; the oldest first.

    Who runs the systems or guards the log works for no service: what is about a patient is not for them (rule 16).
    """
    return _tasks(session, store.open_tasks(session, _tasks_for(session, by)))


def tasks_about(session: Session, agency: AgencyId, subject: UUID) -> tuple[Task, ...]:
    """Return the open tasks about one case."""
    return _tasks(session, store.tasks_about(session, agency, subject))


def finish_task(session: Session, task: TaskId, *, by: Staff, now: datetime) -> None:
    """Close one of the tasks `tasks` shows this person. Raises WorkNotFound."""
    if task not in {each.id for each in tasks(session, by)}:
        raise WorkNotFound
    store.finish_task(session, by.agency, task, by=by.id, now=now)


def end_task(session: Session, task: Task, *, by: Staff, now: datetime) -> None:
    """Close a task because what it asked for is done, whoever it was for."""
    store.finish_task(session, task.agency, task.id, by=by.id, now=now)


def reword_task(session: Session, task: Task, text: str, *, now: datetime) -> None:
    """Put other words in an open task; without any nothing is left to do, and it is closed."""
    sealed = _seal(session, task.agency, "task", "text", task.id, text.encode())
    store.reword_task(session, task.agency, task.id, text=sealed, is_open=bool(text), now=now)


def last_raised(session: Session, agency: AgencyId, subject: UUID) -> datetime | None:
    """Return when the latest task about this was left, done or not."""
    return store.last_raised(session, agency, subject)


def _tasks_for(session: Session, by: Staff) -> store.TasksFor:
    away, keepers = known_away(session, by.agency)
    return store.TasksFor(
        agency=by.agency,
        staff=by.id,
        services=by.services(*_AT_A_SERVICE),
        is_agency_wide=any(at is None for at, _role in by.roles),
        away=away,
        stands_in_for=frozenset(each for each, keeper in keepers.items() if keeper == by.id),
    )


def _tasks(session: Session, rows: Sequence[RowMapping]) -> tuple[Task, ...]:
    vault = provided(session, Vault)
    return tuple(_task(vault, row) for row in rows)


def _task(vault: Vault, row: RowMapping) -> Task:
    plain: dict[str, Any] = {name: value for name, value in row.items() if name not in {"is_open", "text"}}
    text = vault.open(row["agency"], "task", "text", row["id"], row["text"]).decode()
    return Task(**{**plain, "kind": TaskKind(row["kind"]), "text": text})


def _note(session: Session, row: RowMapping) -> InternalNote:
    raw = provided(session, Vault).open(row["agency"], "internal_note", "note", row["id"], row["note"])
    read = load(_Note, raw)
    return InternalNote(id=NoteId(row["id"]), at=row["at"], by=read.by, by_name=read.by_name, text=read.text)


def _item(row: RowMapping) -> WorkItem:
    return WorkItem(
        place=Place(row["agency"], row["service"], row["kind"], row["subject"]),
        next_step=row["next_step"],
        due_at=row["due_at"],
        owner=row["owner"],
        is_open=row["is_open"],
        snoozed_until=row["snoozed_until"],
        created_at=row["created_at"],
        passed_from=row["passed_from"],
    )


def _seal(session: Session, agency: AgencyId, table: str, column: str, row: UUID, plain: bytes) -> bytes:
    return provided(session, Vault).seal(agency, table, column, row, plain)


@cache
def _shipped_texts() -> tuple[ReadyText, ...]:
    raw = json.loads(files("handover").joinpath("data", "ready_texts.json").read_text("utf-8"))
    return tuple(ReadyText(id=None, **text) for text in raw["texts"])
