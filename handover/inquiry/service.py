"""Ask, see what waits, answer. Every product's pages may let a patient ask; the list and the answers are here.

The page that lets a patient ask has found out that what it is about is theirs; here every act is logged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from handover.actors import Actor, Patient, Staff
from handover.audit import service as audit
from handover.audit.model import EntryId, Event
from handover.db import provided
from handover.errors import NotFound
from handover.ids import AgencyId, PersonId, ServiceId, new_uuid
from handover.inquiry import store
from handover.inquiry.model import (
    ANSWERS,
    MAX_OPEN,
    About,
    AlreadyAnswered,
    Answer,
    Inquiry,
    InquiryId,
    TooMany,
    checked,
    due_after,
)
from handover.keys.vault import Vault
from handover.notice import service as notice
from handover.notice.model import Watch, patient
from handover.values import dump, load

PAGE: Final = 200
KIND: Final = "inquiry"
"""What the answer is called, for whoever is asked to reach a patient who has not read it."""
_TABLE: Final = "inquiry"


class InquiryNotFound(NotFound):
    """No such question, or not at one of the reader's services."""

    code = "inquiry.not-found"


@dataclass(frozen=True)
class _Question:
    text: str = field(repr=False)
    reference: str = field(repr=False)


def ask(session: Session, about: About, text: str, *, by: Patient, person: PersonId, now: datetime) -> InquiryId:
    """Put a question on the list of those who answer for the service. The same one twice is one.

    Raises Invalid where nothing is said and no entry pointed at, and TooMany.
    """
    said = checked(text, is_required=about.entry is None)
    waiting = [each for each in asked(session, {about.agency: person}) if each.answer is None]
    same = next((each for each in waiting if (each.about, each.text) == (about, said)), None)
    if same is not None:
        return same.id
    if len(waiting) >= MAX_OPEN:
        raise TooMany
    id_ = InquiryId(new_uuid())
    plain: dict[str, Any] = {name: value for name, value in vars(about).items() if name != "reference"}
    sealed = _seal(session, about.agency, "question", id_, dump(_Question(said, about.reference)))
    row = {"id": id_, "person": person, "asked_at": now, "due_at": due_after(now), "is_open": True}
    store.add(session, {**plain, **row, "question": sealed})
    _log(session, Event.INQUIRY_ASK, about.agency, [person], by=by, now=now, subject=id_, service=about.service)
    return id_


def asked(session: Session, owners: Mapping[AgencyId, PersonId]) -> tuple[Inquiry, ...]:
    """Return what a patient, as each agency knows them, has asked; the latest first. The page logs that."""
    rows = [row for agency, person in owners.items() for row in store.of_person(session, agency, person)]
    return tuple(_opened(session, row) for row in sorted(rows, key=lambda row: row["asked_at"], reverse=True))


def waiting(session: Session, *, by: Staff, now: datetime) -> tuple[Inquiry, ...]:
    """Return what waits for an answer at the reader's services, the most urgent first; logged."""
    rows = store.waiting(session, by.agency, by.services(*ANSWERS), limit=PAGE)
    return _listed(session, rows, by=by, now=now)


def answered(session: Session, *, by: Staff, now: datetime) -> tuple[Inquiry, ...]:
    """Return what was answered lately at the reader's services; logged."""
    rows = store.answered(session, by.agency, by.services(*ANSWERS), limit=PAGE)
    return _listed(session, rows, by=by, now=now)


def show(session: Session, inquiry: InquiryId, *, by: Staff, now: datetime) -> Inquiry:
    """Return one question. Raises InquiryNotFound."""
    found = _opened(session, _at_hand(session, inquiry, by))
    _log_about(session, Event.INQUIRY_READ, found, by=by, now=now)
    return found


def answer(session: Session, inquiry: InquiryId, text: str, *, by: Staff, now: datetime) -> None:
    """Answer the patient. Raises InquiryNotFound, Invalid where nothing is said, AlreadyAnswered."""
    found = _opened(session, _at_hand(session, inquiry, by, lock=True))
    said = checked(text, is_required=True)
    if found.answer is not None:
        raise AlreadyAnswered
    made = Answer(text=said, name=by.name, title=by.title, at=now)
    sealed = _seal(session, by.agency, "answer", inquiry, dump(made))
    store.answer(session, by.agency, inquiry, sealed=sealed, by=by.id)
    where = found.about
    notice.tell(
        session,
        patient(where.agency, found.person),
        f"inquiry/{inquiry}",
        now=now,
        watch=Watch(service=where.service, subject=inquiry, subject_kind=KIND),
    )
    _log_about(session, Event.INQUIRY_ANSWER, found, by=by, now=now)


def count_overdue(session: Session, agency: AgencyId, *, now: datetime) -> int:
    """Return how many patients should have been answered by now, for whoever watches the node."""
    return store.count_overdue(session, agency, now=now)


def _at_hand(session: Session, inquiry: InquiryId, by: Staff, *, lock: bool = False) -> RowMapping:
    row = store.one(session, by.agency, inquiry, lock=lock)
    if row is None or not any(by.has(role, row["service"]) for role in ANSWERS):
        raise InquiryNotFound
    return row


def _listed(session: Session, rows: Sequence[RowMapping], *, by: Staff, now: datetime) -> tuple[Inquiry, ...]:
    found = tuple(_opened(session, row) for row in rows)
    persons = [each.person for each in found]
    _log(session, Event.INQUIRY_LIST, by.agency, persons, by=by, now=now)
    return found


def _opened(session: Session, row: RowMapping) -> Inquiry:
    vault, agency = provided(session, Vault), AgencyId(row["agency"])
    question = load(_Question, vault.open(agency, _TABLE, "question", row["id"], row["question"]))
    sealed = row["answer"]
    return Inquiry(
        id=InquiryId(row["id"]),
        about=About(
            agency=agency,
            service=ServiceId(row["service"]),
            kind=row["kind"],
            subject=row["subject"],
            reference=question.reference,
            entry=None if row["entry"] is None else EntryId(row["entry"]),
        ),
        person=PersonId(row["person"]),
        text=question.text,
        asked_at=row["asked_at"],
        due_at=row["due_at"],
        answer=None if sealed is None else load(Answer, vault.open(agency, _TABLE, "answer", row["id"], sealed)),
    )


def _seal(session: Session, agency: AgencyId, column: str, row: UUID, plain: bytes) -> bytes:
    return provided(session, Vault).seal(agency, _TABLE, column, row, plain)


def _log_about(session: Session, event: Event, about: Inquiry, *, by: Actor, now: datetime) -> None:
    where = about.about
    _log(session, event, where.agency, [about.person], by=by, now=now, subject=about.id, service=where.service)


def _log(
    session: Session,
    event: Event,
    agency: AgencyId,
    persons: list[PersonId],
    *,
    by: Actor,
    now: datetime,
    subject: UUID | None = None,
    service: ServiceId | None = None,
) -> None:
    audit.record(
        session, event=event, actor=by, agency=agency, persons=persons, subject=subject, service=service, now=now
    )
