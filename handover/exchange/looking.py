"""Looks again at documents that the virus scanner had not looked at when their message was taken in.

What it then says and what the product makes of it are one commit: who dies in between only looks once more. What
nobody can look at for as long as a message is tried is given up, so that both ends know.
"""

import random
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.orm import Session

from handover.db import Database, provided
from handover.exchange import blob_store, crash, held
from handover.exchange.blobs import BlobDiffers, BlobMissing, opened
from handover.exchange.model import Event, LateDocument, Look, Pace, SealedBlob
from handover.exchange.scanning import Looker
from handover.exchange.wiring import Products
from handover.ids import AgencyId, MessageId

MOST: Final = 8
"""Documents taken at once: each may be 25 MB."""

Found = tuple[Look, bytes | None]

log = structlog.get_logger(__name__)


def look_again(db: Database, agency: AgencyId, *, now: datetime) -> int:
    """Give an agency's products the documents that the scanner has looked at by now; returns how many."""
    with db.reading() as session:
        if not held.is_due(session, agency, now=now):
            return 0
    with db.transaction(durable=False) as session:
        lease = now + provided(session, Pace).lease * MOST
        rows = held.take_due(session, agency, now=now, until=lease, most=MOST)
    looker = Looker(db)
    return sum(_looked_at(db, looker, row, now) for row in rows)


def _looked_at(db: Database, looker: Looker, row: held.AnyRow, now: datetime) -> bool:
    """Whether a document waits no more; what goes wrong with it puts off no other."""
    try:
        if _is_settled(db, looker, row, now):
            return True
    except Exception as error:  # nothing is lost: it is looked at, and given, once more
        log.error("exchange.document-failed", message=str(row.message), error=type(error).__name__)
    _put_off(db, row, now)
    return False


def _is_settled(db: Database, looker: Looker, row: held.AnyRow, now: datetime) -> bool:
    """Whether the product knows what a document is, or that nobody could tell in time."""
    with db.reading() as session:
        if not held.still_waits(session, row):
            return True
        blob = held.opened(session, row)
        ciphertext = blob_store.parts(session, AgencyId(row.agency), AgencyId(row.sender), row.sha256)
        is_over = now >= row.held_at + provided(session, Pace).expire_after
    look, content = _found(looker, row, blob, ciphertext)
    if look is Look.UNSCANNED and not is_over:
        return False
    with db.transaction() as session:
        if held.still_waits(session, row, lock=True):
            _give(session, row, blob, (look, content), now)
        crash.around_commit(session, "look")
    return True


def _found(looker: Looker, row: held.AnyRow, blob: SealedBlob, ciphertext: bytes) -> Found:
    """Return what a document is, and its content where it is clean; what can't be opened can't be looked at."""
    try:
        content = opened(blob, ciphertext)
    except (BlobMissing, BlobDiffers) as odd:
        log.error("exchange.document-failed", message=str(row.message), error=type(odd).__name__)
        return Look.UNSCANNED, None
    look = looker.look(content)
    return look, content if look is Look.CLEAN else None


def _give(session: Session, row: held.AnyRow, blob: SealedBlob, found: Found, now: datetime) -> None:
    look, content = found
    product = provided(session, Products).product(Event(row.event))
    document = LateDocument(
        message=MessageId(row.message),
        sender=AgencyId(row.sender),
        receiver=AgencyId(row.agency),
        subject=row.subject,
        sha256=bytes.fromhex(blob.plain_sha256),
        look=look,
        content=content,
        at=now,
    )
    if product.on_document is not None:
        product.on_document(session, document)
    held.let_go(session, row)


def _put_off(db: Database, row: held.AnyRow, now: datetime) -> None:
    with db.transaction(durable=False) as session:
        wait = provided(session, Pace).wait(row.attempts + 1, random.random())  # noqa: S311 - jitter
        held.put_off(session, row, now + wait, attempts=row.attempts + 1)
