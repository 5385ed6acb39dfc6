"""What those who run a node ask and do."""

import os
import socket
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from handover.audit import service as audit
from handover.db import Database
from handover.ids import AgencyId
from handover.operator import store
from handover.operator.model import Vitals

WORKER: Final = "worker"
BEAT_EVERY: Final = timedelta(seconds=15)
"""How often a worker says that it runs."""
SILENT_AFTER: Final = timedelta(minutes=2)
"""A worker that has said nothing for this long is taken for dead."""


def beat(db: Database, kind: str, *, now: datetime) -> None:
    """Say that this process runs. Losing it in a power cut does no harm."""
    with db.transaction(durable=False) as session:
        store.beat(session, kind, f"{socket.gethostname()}/{os.getpid()}", now=now)


def last_beat(session: Session, kind: str) -> datetime | None:
    """Return when any process of this kind last said that it runs; None where none has for a day."""
    return store.last_beat(session, kind)


def vitals(
    session: Session, agencies: Iterable[AgencyId], *, late_after: timedelta, now: datetime
) -> list[Vitals]:
    """Return the numbers of each agency."""
    return [
        Vitals(
            agency=agency,
            oldest_unsent=store.oldest_unsent(session, agency, now=now),
            oldest_unacknowledged=store.oldest_unacknowledged(session, agency),
            late=store.count_late(session, agency, before=now - late_after),
            unlogged=audit.count_waiting(session, agency),
        )
        for agency in agencies
    ]
