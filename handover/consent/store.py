"""Queries about a patient's choices; each names the agency that asks."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from handover.consent.model import Choice, ChoiceId, Kind, Target, Terms
from handover.consent.tables import ChoiceRow
from handover.db import provided
from handover.ids import AgencyId, PersonId
from handover.keys.vault import Vault
from handover.values import dump, load

TABLE, COLUMN = "consent_choice", "said"


@dataclass(frozen=True, kw_only=True)
class _Said:
    kind: Kind
    target: Target
    terms: Terms | None = None
    witness: str = field(default="", repr=False)


def add(session: Session, agency: AgencyId, choice: Choice) -> None:
    """Store a new choice."""
    said = _Said(kind=choice.kind, target=choice.target, terms=choice.terms, witness=choice.witness)
    session.execute(
        insert(ChoiceRow).values(
            agency=agency,
            id=choice.id,
            person=choice.person,
            said=provided(session, Vault).seal(agency, TABLE, COLUMN, choice.id, dump(said)),
            given_at=choice.given_at,
            withdrawn_at=choice.withdrawn_at,
        )
    )


def choices(session: Session, agency: AgencyId, person: PersonId) -> tuple[Choice, ...]:
    """Return every choice of a patient at the agency, also those that are over, the oldest first."""
    rows = session.execute(
        select(ChoiceRow.__table__)
        .where(ChoiceRow.agency == agency, ChoiceRow.person == person)
        .order_by(ChoiceRow.given_at, ChoiceRow.id)
    )
    vault = provided(session, Vault)
    return tuple(_choice(vault, row) for row in rows)


def has_standing(session: Session, agency: AgencyId, person: PersonId) -> bool:
    """Whether any choice of the patient was not withdrawn."""
    standing = select(ChoiceRow.id).where(
        ChoiceRow.agency == agency, ChoiceRow.person == person, ChoiceRow.withdrawn_at.is_(None)
    )
    return session.execute(standing.limit(1)).first() is not None


def withdraw(session: Session, agency: AgencyId, person: PersonId, choice: ChoiceId, *, now: datetime) -> bool:
    """Mark a choice as withdrawn; False when there is none that stands."""
    changed = session.execute(
        update(ChoiceRow)
        .where(
            ChoiceRow.agency == agency,
            ChoiceRow.id == choice,
            ChoiceRow.person == person,
            ChoiceRow.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=now)
        .returning(ChoiceRow.id)
    )
    return changed.first() is not None


def _choice(vault: Vault, row: Any) -> Choice:
    said = load(_Said, vault.open(row.agency, TABLE, COLUMN, row.id, row.said))
    return Choice(
        id=ChoiceId(row.id),
        person=PersonId(row.person),
        kind=said.kind,
        target=said.target,
        terms=said.terms,
        given_at=row.given_at,
        witness=said.witness,
        withdrawn_at=row.withdrawn_at,
    )
