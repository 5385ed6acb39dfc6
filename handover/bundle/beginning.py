"""The first day of a take-over that was signed ahead of time: nobody acts, and both lists go on from there."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from handover.actors import Party
from handover.bundle import cases, store
from handover.bundle.standing import responsible, waits_for_first_day
from handover.bundle.steps import Step
from handover.ids import AgencyId, HandoverId
from handover.team import service as team


def begin_first_days(session: Session, agency: AgencyId, *, now: datetime) -> int:
    """Give every copy at an agency whose first day has come its next step, or none; return how many.

    Responsibility needs no help: it follows from the date that was signed (`standing.baton`). The lists do.
    """
    begun = 0
    for side, kind in cases.WORK.items():
        for service in store.services_with_copies(session, agency, side):
            home = Party(agency, service)
            due = team.due_in_step(session, agency, service, kind=kind, step=Step.FIRST_DAY.value, now=now)
            for subject in due:
                stored = store.at_home(session, home, side, HandoverId(subject))
                begun += stored is not None and _begin(session, stored, now)
    return begun


def _begin(session: Session, stored: store.Stored, now: datetime) -> bool:
    standing = stored.standing
    if not waits_for_first_day(standing) or responsible(standing, now) != standing.receiver:
        return False
    after = replace(standing, begun=True)
    store.save(session, stored, after, now=now)
    cases.plan(session, after, by=cases.machine(stored.agency), now=now)
    return True
