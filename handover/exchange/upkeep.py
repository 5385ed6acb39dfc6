"""What time alone brings about: messages that are late, messages that expire, blobs that nobody claimed."""

from datetime import datetime, timedelta
from typing import Final

from handover.db import Database
from handover.exchange import blob_store, crash, settling, store
from handover.exchange.lifecycle import Fact
from handover.exchange.model import UNCLAIMED_AFTER
from handover.exchange.settling import Settlement
from handover.ids import AgencyId

MOST: Final = 200
OUTDATED_AFTER: Final = timedelta(days=14)
"""Twice the life of a signature: no message can go any more whose blobs are older."""


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


def clear_blobs(db: Database, agency: AgencyId, *, now: datetime) -> int:
    """Delete uploads that no message took in 24 hours, and our own blobs that no message can need any more."""
    with db.reading() as session:
        lying = blob_store.unclaimed(session, agency, before=now - UNCLAIMED_AFTER)
        outdated = blob_store.has_outgoing(session, agency, before=now - OUTDATED_AFTER)
    if not lying and not outdated:
        return 0
    with db.transaction() as session:
        for sender, name in lying:
            blob_store.drop_upload(session, agency, sender, name)
        blob_store.drop_stale_outgoing(session, agency, before=now - OUTDATED_AFTER)
    return len(lying)
