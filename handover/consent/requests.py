"""Queries about questions to patients whether something may be sent; each names the agency that asks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.orm import Session

from handover.consent.model import Reply, Request, RequestId, Wanted
from handover.consent.tables import RequestRow
from handover.db import provided
from handover.ids import AgencyId, PersonId, StaffId
from handover.keys.vault import Vault
from handover.values import dump, load

TABLE: Final = "consent_request"
COLUMN: Final = "asked"


@dataclass(frozen=True, kw_only=True)
class _Asked:
    wanted: Wanted
    asker: StaffId
    asked_by: str = field(repr=False)


def add(session: Session, agency: AgencyId, request: Request) -> None:
    """Store a new question."""
    asked = dump(_Asked(wanted=request.wanted, asker=request.asker, asked_by=request.asked_by))
    session.execute(
        insert(RequestRow).values(
            agency=agency,
            id=request.id,
            person=request.person,
            case=request.wanted.case,
            asked=provided(session, Vault).seal(agency, TABLE, COLUMN, request.id, asked),
            asked_at=request.asked_at,
        )
    )


def of_person(session: Session, agency: AgencyId, person: PersonId) -> tuple[Request, ...]:
    """Return every question to a patient at the agency, the latest first."""
    return _found(session, agency, RequestRow.person == person)


def about(session: Session, agency: AgencyId, case: UUID) -> tuple[Request, ...]:
    """Return every question that was asked for a case, the latest first."""
    return _found(session, agency, RequestRow.case == case)


def waiting(session: Session, agency: AgencyId, person: PersonId) -> tuple[Request, ...]:
    """Return the questions that a patient has not answered, the latest first."""
    return _found(session, agency, RequestRow.person == person, RequestRow.reply.is_(None))


def close(session: Session, agency: AgencyId, request: RequestId, reply: Reply, *, now: datetime) -> bool:
    """Write down what became of a question; False when that was known already."""
    statement = (
        update(RequestRow)
        .where(RequestRow.agency == agency, RequestRow.id == request, RequestRow.reply.is_(None))
        .values(reply=reply.value, replied_at=now)
        .returning(RequestRow.id)
    )
    return session.execute(statement).first() is not None


def _found(session: Session, agency: AgencyId, *where: ColumnElement[bool]) -> tuple[Request, ...]:
    latest = (RequestRow.asked_at.desc(), RequestRow.id)
    rows: Sequence[Any] = session.execute(
        select(RequestRow.__table__).where(RequestRow.agency == agency, *where).order_by(*latest)
    ).all()
    vault = provided(session, Vault)
    return tuple(_request(vault, row) for row in rows)


def _request(vault: Vault, row: Any) -> Request:
    asked = load(_Asked, vault.open(row.agency, TABLE, COLUMN, row.id, row.asked))
    return Request(
        id=RequestId(row.id),
        person=PersonId(row.person),
        wanted=asked.wanted,
        asker=asked.asker,
        asked_by=asked.asked_by,
        asked_at=row.asked_at,
        reply=None if row.reply is None else Reply(row.reply),
        replied_at=row.replied_at,
    )
