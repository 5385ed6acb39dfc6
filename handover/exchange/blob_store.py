"""Queries of the blobs: what waits to be uploaded, and what others have uploaded here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import Row, Table, delete, exists, func, select, update
from sqlalchemy.orm import Session

from handover.db import insert_into
from handover.exchange import tables as t
from handover.ids import AgencyId, MessageId

BLOB: Final = cast(Table, t.OutgoingBlob.__table__)
USE: Final = cast(Table, t.OutgoingBlobUse.__table__)
INCOMING: Final = cast(Table, t.IncomingRow.__table__)
UPLOAD: Final = cast(Table, t.IncomingBlob.__table__)
PART: Final = cast(Table, t.IncomingBlobPart.__table__)
HELD: Final = cast(Table, t.HeldDocument.__table__)


@dataclass(frozen=True)
class Waiting:
    """A blob that a message needs at its receiver."""

    sha256: str
    length: int
    uploaded: bool


def add_outgoing(session: Session, agency: AgencyId, name: str, ciphertext: bytes, *, now: datetime) -> None:
    """Keep a blob until it is uploaded."""
    values = {"agency": agency, "sha256": name, "length": len(ciphertext), "stored_at": now}
    session.connection().execute(BLOB.insert(), {**values, "ciphertext": ciphertext})


def add_uses(session: Session, agency: AgencyId, message: MessageId, names: Sequence[str]) -> None:
    """Note which blobs a message needs."""
    rows = [{"agency": agency, "message": message, "sha256": name, "uploaded_at": None} for name in names]
    session.connection().execute(USE.insert(), rows)


def waiting(session: Session, agency: AgencyId, message: MessageId) -> list[Waiting]:
    """Return what a message needs, and whether the receiver said that it has it."""
    query = (
        select(BLOB.c.sha256, BLOB.c.length, USE.c.uploaded_at)
        .join_from(USE, BLOB, (USE.c.agency == BLOB.c.agency) & (USE.c.sha256 == BLOB.c.sha256))
        .where(USE.c.agency == agency, USE.c.message == message)
    )
    rows = session.connection().execute(query)
    return [Waiting(row.sha256, row.length, row.uploaded_at is not None) for row in rows]


def ciphertext(session: Session, agency: AgencyId, name: str) -> bytes:
    """Return a blob of ours, encrypted as it travels."""
    query = select(BLOB.c.ciphertext).where(BLOB.c.agency == agency, BLOB.c.sha256 == name)
    return bytes(session.connection().execute(query).scalar_one())


def note_uploaded(session: Session, agency: AgencyId, message: MessageId, name: str, *, now: datetime) -> None:
    """Note that the receiver has a blob."""
    statement = update(USE).where(USE.c.agency == agency, USE.c.message == message, USE.c.sha256 == name)
    session.connection().execute(statement.values(uploaded_at=now))


def drop_outgoing(session: Session, agency: AgencyId, message: MessageId) -> None:
    """Let go of the blobs of a message that has ended, unless another message needs them."""
    uses = (USE.c.agency == agency) & (USE.c.message == message)
    names = session.connection().execute(select(USE.c.sha256).where(uses)).scalars().all()
    session.connection().execute(delete(USE).where(uses))
    needed = exists().where(USE.c.agency == BLOB.c.agency, USE.c.sha256 == BLOB.c.sha256)
    session.connection().execute(delete(BLOB).where(BLOB.c.agency == agency, BLOB.c.sha256.in_(names), ~needed))


def has_outgoing(session: Session, agency: AgencyId, *, before: datetime) -> bool:
    """Whether a blob of ours was stored before then."""
    query = select(BLOB.c.sha256).where(BLOB.c.agency == agency, BLOB.c.stored_at < before).limit(1)
    return session.connection().execute(query).first() is not None


def drop_stale_outgoing(session: Session, agency: AgencyId, *, before: datetime) -> None:
    """Let go of blobs stored before then: no signature that names them counts any more."""
    old = select(BLOB.c.sha256).where(BLOB.c.agency == agency, BLOB.c.stored_at < before)
    session.connection().execute(delete(USE).where(USE.c.agency == agency, USE.c.sha256.in_(old)))
    session.connection().execute(delete(BLOB).where(BLOB.c.agency == agency, BLOB.c.stored_at < before))


def upload(session: Session, agency: AgencyId, sender: AgencyId, name: str) -> Row[*tuple[Any, ...]] | None:
    """Return how far an upload has come (locked), or None."""
    query = select(UPLOAD).where(*_is(UPLOAD, agency, sender, name)).with_for_update()
    return session.connection().execute(query).first()


def lying(session: Session, agency: AgencyId, sender: AgencyId) -> int:
    """Return the bytes that one sender has announced here and no message has taken."""
    total = func.coalesce(func.sum(UPLOAD.c.length), 0)
    query = select(total).where(UPLOAD.c.agency == agency, UPLOAD.c.sender == sender)
    return int(session.connection().execute(query).scalar_one())


def begin_upload(
    session: Session, agency: AgencyId, sender: AgencyId, name: str, *, length: int, now: datetime
) -> None:
    """Begin an upload; one that was begun at the same moment stays."""
    values = {"agency": agency, "sender": sender, "sha256": name, "length": length, "received": 0}
    session.connection().execute(
        insert_into(session, UPLOAD).values(**values, started_at=now).on_conflict_do_nothing()
    )


def add_part(session: Session, row: Row[*tuple[Any, ...]], piece: bytes, *, complete: datetime | None) -> None:
    """Append a piece at the end of what has come."""
    key = {"agency": row.agency, "sender": row.sender, "sha256": row.sha256}
    session.connection().execute(PART.insert(), {**key, "start": row.received, "ciphertext": piece})
    statement = update(UPLOAD).where(*_is(UPLOAD, row.agency, row.sender, row.sha256))
    received = row.received + len(piece)
    session.connection().execute(statement.values(received=received, completed_at=complete))


def parts(session: Session, agency: AgencyId, sender: AgencyId, name: str) -> bytes:
    """Return everything that has come of an upload."""
    query = select(PART.c.ciphertext).where(*_is(PART, agency, sender, name)).order_by(PART.c.start)
    return b"".join(bytes(piece) for piece in session.connection().execute(query).scalars())


def whole_upload(session: Session, agency: AgencyId, sender: AgencyId, name: str) -> bytes | None:
    """Return a complete upload, its digest checked when the last piece came; None while it is not complete."""
    row = upload(session, agency, sender, name)
    if row is None or row.completed_at is None:
        return None
    return parts(session, agency, sender, name)


def drop_upload(session: Session, agency: AgencyId, sender: AgencyId, name: str) -> None:
    """Let go of an upload, unless a document that waits for the virus scanner needs it."""
    if session.connection().execute(select(HELD.c.sha256).where(*_is(HELD, agency, sender, name))).first():
        return
    session.connection().execute(delete(PART).where(*_is(PART, agency, sender, name)))
    session.connection().execute(delete(UPLOAD).where(*_is(UPLOAD, agency, sender, name)))


def unclaimed(session: Session, agency: AgencyId, *, before: datetime) -> list[tuple[AgencyId, str]]:
    """Return uploads begun before then that no message has taken: sender and name.

    Those of a sender of whom a message waits to be taken in stay: they may be its documents. So do those that wait
    for the virus scanner alone.
    """
    pending = (INCOMING.c.agency == agency, INCOMING.c.sender == UPLOAD.c.sender, INCOMING.c.is_pending)
    waits = exists().where(*pending)
    held = exists().where(*_is(HELD, agency, UPLOAD.c.sender, UPLOAD.c.sha256))
    old = (UPLOAD.c.agency == agency, UPLOAD.c.started_at < before)
    query = select(UPLOAD.c.sender, UPLOAD.c.sha256).where(*old, ~waits, ~held)
    return [(AgencyId(row.sender), row.sha256) for row in session.connection().execute(query)]


def _is(table: Table, agency: str, sender: Any, name: Any) -> tuple[Any, ...]:
    return table.c.agency == agency, table.c.sender == sender, table.c.sha256 == name
