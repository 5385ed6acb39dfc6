"""The first day of a take-over that was signed ahead of time: nobody acts, and both lists go on from there."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from handover.actors import Party
from handover.bundle import cases, store
from handover.bundle.lifecycle import Side
from handover.bundle.standing import responsible, waits_for_first_day
from handover.bundle.steps import Step
from handover.bundle.store import Stored
from handover.db import Database
from handover.ids import AgencyId, HandoverId
from handover.team import service as team


def begin_first_days(db: Database, agency: AgencyId, *, now: datetime) -> int:
    """Give every copy at an agency whose first day has come its next step, or none; return how many.

    Responsibility needs no help: it follows from the date that was signed (`standing.baton`). The lists do.
    """
    with db.reading() as session:
        due = _due(session, agency, now)
    if not due:
        return 0
    with db.transaction() as session:
        return sum(_begin(session, *each, now) for each in due)


def _due(session: Session, agency: AgencyId, now: datetime) -> list[tuple[Party, Side, HandoverId]]:
    found = (
        (Party(agency, service), side, HandoverId(subject))
        for side, kind in cases.WORK.items()
        for service in store.services_with_copies(session, agency, side)
        for subject in team.due_in_step(session, agency, service, kind=kind, step=Step.FIRST_DAY.value, now=now)
    )
    return [each for each in found if _begins(store.at_home(session, *each, lock=False), now)]


def _begins(stored: Stored | None, now: datetime) -> bool:
    if stored is None:
        return False
    standing = stored.standing
    return waits_for_first_day(standing) and responsible(standing, now) == standing.receiver


def _begin(session: Session, home: Party, side: Side, handover: HandoverId, now: datetime) -> bool:
    stored = store.at_home(session, home, side, handover)
    if stored is None or not _begins(stored, now):
        return False
    standing = stored.standing
    after = replace(standing, begun=True)
    store.save(session, stored, after, now=now)
    cases.plan(session, after, by=cases.machine(stored.agency), now=now)
    return True
