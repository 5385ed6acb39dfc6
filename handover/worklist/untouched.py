"""What lay untouched goes back to the team, and those who are away get no work: what the worker does of it."""

from collections.abc import Sequence
from datetime import datetime

from handover.db import Database
from handover.directory import service as directory
from handover.ids import AgencyId
from handover.team import standing_in
from handover.worklist.asked import ASKS


def remind(db: Database, agencies: Sequence[AgencyId], *, now: datetime) -> int:
    """Give work to who does it today, and to the team what nobody has touched for days; return how much moved."""
    moved = 0
    asks = {kind: steps for kind, (_roles, steps) in ASKS.items()}
    for agency in agencies:
        with db.transaction() as session:
            moved += standing_in.settle(session, agency, now=now)
        with db.reading() as session:
            services = [each.id for each in directory.services_of(session, agency)]
        for service in services:
            with db.transaction() as session:
                moved += standing_in.give_back_untouched(session, agency, service, asks, now=now)
    return moved
