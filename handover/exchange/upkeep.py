"""What time alone brings about: messages that are late, messages that expire, blobs that nobody claimed."""

from datetime import datetime
from typing import Final

from handover.db import Database
from handover.exchange import crash, settling, store
from handover.exchange.lifecycle import Fact
from handover.exchange.settling import Settlement
from handover.ids import AgencyId

MOST: Final = 200


def sweep(db: Database, agency: AgencyId, *, now: datetime) -> int:
    """End an agency's messages that waited too long, and tell once of those that are late; returns how many."""
    with db.reading() as session:
        ended = store.expired(session, agency, now=now, most=MOST)
        late = store.late(session, agency, now=now, most=MOST)
    if not ended and not late:
        return 0
    with db.transaction() as session:
        facts = [Settlement(message=one, fact=Fact.TIME_OUT, why="no-acknowledgement-in-time") for one in ended]
        settling.settle(session, agency, facts, now=now)
        settling.tell_late(session, agency, late, now=now)
        crash.around_commit(session, "sweep")
    return len(ended) + len(late)
