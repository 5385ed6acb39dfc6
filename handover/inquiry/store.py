"""Queries about patients' questions; each names the agency, and the services or the patient that ask."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, Select, func, insert, select, update
from sqlalchemy.orm import Session

from handover.ids import AgencyId, PersonId, ServiceId
from handover.inquiry.tables import InquiryRow

TABLE: Final = InquiryRow.__table__
Services = Collection[ServiceId | None]
"""At which services; None among them stands for the whole agency."""


def add(session: Session, row: Mapping[str, Any]) -> None:
    """Write one question."""
    session.execute(insert(InquiryRow).values(**row))


def waiting(session: Session, agency: AgencyId, services: Services, *, limit: int) -> Sequence[RowMapping]:
    """Return the services' questions without an answer, the most urgent first."""
    query = _listed(agency, services, is_open=True).order_by(InquiryRow.due_at, InquiryRow.id)
    return session.execute(query.limit(limit)).mappings().all()


def answered(session: Session, agency: AgencyId, services: Services, *, limit: int) -> Sequence[RowMapping]:
    """Return the services' answered questions, those due last first."""
    query = _listed(agency, services, is_open=False).order_by(InquiryRow.due_at.desc(), InquiryRow.id)
    return session.execute(query.limit(limit)).mappings().all()


def one(session: Session, agency: AgencyId, inquiry: UUID, *, lock: bool = False) -> RowMapping | None:
    """Return one question's row."""
    query: Select[Any] = select(TABLE).where(InquiryRow.agency == agency, InquiryRow.id == inquiry)
    return session.execute(query.with_for_update() if lock else query).mappings().first()


def of_person(session: Session, agency: AgencyId, person: PersonId) -> Sequence[RowMapping]:
    """Return what one patient has asked at an agency, the latest first."""
    query = select(TABLE).where(InquiryRow.agency == agency, InquiryRow.person == person)
    return session.execute(query.order_by(InquiryRow.asked_at.desc(), InquiryRow.id)).mappings().all()


def answer(session: Session, agency: AgencyId, inquiry: UUID, *, sealed: bytes, by: UUID) -> None:
    """Write the answer."""
    session.execute(
        update(InquiryRow)
        .where(InquiryRow.agency == agency, InquiryRow.id == inquiry)
        .values(answer=sealed, answered_by=by, is_open=False)
    )


def count_overdue(session: Session, agency: AgencyId, *, now: datetime) -> int:
    """Return how many questions should have been answered."""
    query = select(func.count()).where(
        InquiryRow.agency == agency, InquiryRow.is_open.is_(True), InquiryRow.due_at <= now
    )
    return session.execute(query).scalar_one()


def _listed(agency: AgencyId, services: Services, *, is_open: bool) -> Select[Any]:
    query = select(TABLE).where(InquiryRow.agency == agency, InquiryRow.is_open.is_(is_open))
    return query if None in services else query.where(InquiryRow.service.in_(services))
