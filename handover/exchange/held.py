"""Documents of messages that were taken in without them, and wait for the virus scanner: kept, found, let go.

How to open one is sealed here; its ciphertext stays where it was uploaded.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.orm import Session

from handover.db import insert_into, provided
from handover.exchange.blob_store import HELD, drop_upload
from handover.exchange.model import Received, SealedBlob
from handover.ids import AgencyId, MessageId
from handover.keys.vault import Vault
from handover.values import dump, load

TABLE: Final = "exchange_held_document"
AnyRow = Row[*tuple[Any, ...]]


def hold(session: Session, received: Received, blob: SealedBlob, *, subject: str) -> None:
    """Keep a document of a message that is being taken in until the scanner has looked at it."""
    agency, sender = received.receiver, received.sender
    sealed = provided(session, Vault).seal(
        agency, TABLE, "blob", _row_id(sender, received.message, blob.sha256), dump(blob)
    )
    values = {
        "agency": agency,
        "sender": sender,
        "sha256": blob.sha256,
        "message": received.message,
        "event": received.event.value,
        "subject": subject,
        "blob": sealed,
        "held_at": received.received_at,
        "due_at": received.received_at,
        "attempts": 0,
    }
    session.connection().execute(insert_into(session, HELD).values(values).on_conflict_do_nothing())


def is_due(session: Session, agency: AgencyId, *, now: datetime) -> bool:
    """Whether a document is to be looked at again by now."""
    query = select(HELD.c.sha256).where(HELD.c.agency == agency, HELD.c.due_at <= now).limit(1)
    return session.connection().execute(query).first() is not None


def take_due(session: Session, agency: AgencyId, *, now: datetime, until: datetime, most: int) -> Sequence[AnyRow]:
    """Return documents to look at again, the longest wait first; nobody else takes them until then."""
    query = (
        select(HELD)
        .where(HELD.c.agency == agency, HELD.c.due_at <= now)
        .order_by(HELD.c.due_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    rows = session.connection().execute(query).all()
    for row in rows:
        put_off(session, row, until, attempts=row.attempts + 1)
    return rows


def put_off(session: Session, row: AnyRow, until: datetime, *, attempts: int) -> None:
    """Look at a document again then."""
    statement = update(HELD).where(*_is(row)).values(due_at=until, attempts=attempts)
    session.connection().execute(statement)


def still_waits(session: Session, row: AnyRow, *, lock: bool = False) -> bool:
    """Whether a document waits still: its message may have been taken back meanwhile."""
    query = select(HELD.c.sha256).where(*_is(row))
    return session.connection().execute(query.with_for_update() if lock else query).first() is not None


def opened(session: Session, row: AnyRow) -> SealedBlob:
    """Return how to open a document that waits."""
    sealed = bytes(row.blob)
    raw = provided(session, Vault).open(
        row.agency, TABLE, "blob", _row_id(row.sender, row.message, row.sha256), sealed
    )
    return load(SealedBlob, raw)


def let_go(session: Session, row: AnyRow) -> None:
    """Forget a document that waits no more, and its ciphertext unless another message waits for it."""
    session.connection().execute(delete(HELD).where(*_is(row)))
    drop_upload(session, AgencyId(row.agency), AgencyId(row.sender), row.sha256)


def forget(session: Session, agency: AgencyId, sender: AgencyId, message: MessageId) -> None:
    """Forget the documents of a message that is gone."""
    query = select(HELD).where(HELD.c.agency == agency, HELD.c.sender == sender, HELD.c.message == message)
    for row in session.connection().execute(query).all():
        let_go(session, row)


def count(session: Session, agency: AgencyId) -> int:
    """Return how many of an agency's documents wait."""
    query = select(func.count()).where(HELD.c.agency == agency)
    return session.connection().execute(query).scalar_one()


def _is(row: AnyRow) -> tuple[Any, ...]:
    whose = (HELD.c.agency == row.agency, HELD.c.sender == row.sender)
    return *whose, HELD.c.message == row.message, HELD.c.sha256 == row.sha256


def _row_id(sender: str, message: MessageId, name: str) -> str:
    return f"{sender}|{message}|{name}"
