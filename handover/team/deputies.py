"""Who does an absent colleague's work at a service now."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from handover.access import service as access
from handover.ids import AgencyId, ServiceId, StaffId
from handover.team import absence as rules
from handover.team import store
from handover.team.absence import Absence
from handover.workdays import local_date

Away = Mapping[StaffId, StaffId | None]
"""Everybody who is away, and who stands in for them."""


def absences(session: Session, agency: AgencyId) -> dict[StaffId, Absence]:
    """Return everybody's absence that is not over, by whom it is about."""
    return {each.staff: each for each in (_absence(row) for row in store.absences(session, agency))}


def away_on(session: Session, agency: AgencyId, *, now: datetime) -> dict[StaffId, StaffId | None]:
    """Return everybody of an agency who is away now, and who stands in for them."""
    today = local_date(now)
    return {each.staff: each.stand_in for each in absences(session, agency).values() if each.covers(today)}


def keeper_of(
    session: Session, agency: AgencyId, service: ServiceId, owner: StaffId, away: Away
) -> StaffId | None:
    """Return who does the work of an owner at a service; None: the team. Whose access is closed is away, too."""
    if owner not in away and access.closed(session, agency, [owner]):
        away = {**away, owner: stand_in_of(session, agency, owner)}

    def works_there(who: StaffId) -> bool:
        return who in access.at_work(session, agency, [who], service)

    return rules.keeper(owner, away, works_there)


def stand_in_of(session: Session, agency: AgencyId, staff: StaffId) -> StaffId | None:
    """Return who was to stand in for somebody, whenever that was; None: nobody."""
    found = absences(session, agency).get(staff)
    return None if found is None else found.stand_in


def known_away(session: Session, agency: AgencyId) -> tuple[frozenset[StaffId], dict[StaffId, StaffId | None]]:
    """Return who is away as the machine has noted it, and who does what of theirs belongs to no service."""
    away = {row["staff"]: row["stand_in"] for row in store.absences(session, agency) if row["has_begun"]}
    return frozenset(away), {each: rules.keeper(each, away, lambda _who: True) for each in away}


def _absence(row: RowMapping) -> Absence:
    return Absence(**{name: row[name] for name in ("staff", "first_day", "back_on", "stand_in")})
