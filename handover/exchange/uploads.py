"""Blobs on their way: taking pieces in from other nodes, and bringing our own to theirs before the envelope goes.

An upload stands still where the connection broke and goes on from there: `HEAD` tells the offset, `PATCH` goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import Final

from sqlalchemy.orm import Session

from handover.actors import Machine
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.db import Database, provided
from handover.errors import Conflict, Invalid, NotFound
from handover.exchange import blob_store, wire
from handover.exchange.blob_store import Waiting
from handover.exchange.client import Client, NotReached
from handover.exchange.model import BLOB_QUOTA_BYTES, MAX_BLOB_BYTES, Fault, Side
from handover.exchange.wiring import Peers
from handover.ids import AgencyId, KeyId, MessageId
from handover.keys import slips
from handover.keys.errors import EnvelopeRefused, Reason
from handover.keys.keyring import Keyring
from handover.keys.material import PublicSigningKey
from handover.keys.slips import Ticket

PIECE: Final = 1024 * 1024
"""Bytes that are stored at a time: what a broken connection loses at most."""
TICKET_LIFE: Final = timedelta(hours=1)
OFFSET: Final = "Upload-Offset"
SCHEME: Final = "HM1-Ticket "

Clock = Callable[[], datetime]


class TooMuch(Invalid):
    """The blob is too large, or the sender has too much lying here that no message has taken."""

    code = "blob.quota"


class WrongOffset(Conflict):
    """The piece does not begin where the upload stands."""

    code = "blob.wrong-offset"


class WrongDigest(Invalid):
    """What came is not what the ticket names; all of it was thrown away."""

    code = "blob.wrong-digest"


@dataclass(frozen=True)
class Progress:
    """How far an upload has come, in bytes."""

    received: int
    length: int


def admit(session: Session, authorization: str, name: str, *, now: datetime) -> Ticket:
    """Return the verified ticket for one blob. Raises EnvelopeRefused."""
    slip = authorization.removeprefix(SCHEME).encode()
    if not authorization.startswith(SCHEME):
        raise EnvelopeRefused(Reason.MALFORMED)
    agency = slips.ticket_audience(slip)
    if agency not in provided(session, Keyring).agencies:
        raise EnvelopeRefused(Reason.WRONG_AUDIENCE)
    peers = provided(session, Peers)

    def find_key(signer: AgencyId, kid: KeyId) -> PublicSigningKey:
        return peers.signing_key(session, signer, kid, now)

    ticket = slips.verify_ticket(slip, aud=agency, find_key=find_key, now=now)
    if ticket.sha256.hex() != name:
        raise EnvelopeRefused(Reason.IDS_DIFFER)
    return ticket


def progress(session: Session, ticket: Ticket) -> Progress:
    """Return how far an upload has come. Raises NotFound before it began."""
    row = blob_store.upload(session, ticket.aud, ticket.iss, ticket.sha256.hex())
    if row is None:
        raise NotFound("blob.not-begun")
    return Progress(row.received, row.length)


def begin(session: Session, ticket: Ticket, *, now: datetime) -> Progress:
    """Begin an upload or find it as it stands. Raises TooMuch."""
    name = ticket.sha256.hex()
    row = blob_store.upload(session, ticket.aud, ticket.iss, name)
    if row is None:
        lying = blob_store.lying(session, ticket.aud, ticket.iss)
        if ticket.length > MAX_BLOB_BYTES or lying + ticket.length > BLOB_QUOTA_BYTES:
            raise TooMuch
        blob_store.begin_upload(session, ticket.aud, ticket.iss, name, length=ticket.length, now=now)
        return Progress(0, ticket.length)
    return Progress(row.received, row.length)


def append(session: Session, ticket: Ticket, offset: int, piece: bytes, *, now: datetime) -> Progress:
    """Append one piece; with the last one the digest is checked. Raises NotFound, WrongOffset or TooMuch.

    Where the digest is wrong, the answer is a length of 0 and everything is gone.
    """
    name = ticket.sha256.hex()
    row = blob_store.upload(session, ticket.aud, ticket.iss, name)
    if row is None:
        raise NotFound("blob.not-begun")
    if row.received != offset:
        raise WrongOffset(offset=row.received)
    if not piece:
        return Progress(row.received, row.length)
    received = row.received + len(piece)
    if received > row.length:
        raise TooMuch
    complete = received == row.length
    blob_store.add_part(session, row, piece, complete=now if complete else None)
    if not complete:
        return Progress(received, row.length)
    if sha256(blob_store.parts(session, ticket.aud, ticket.iss, name)).hexdigest() != name:
        blob_store.drop_upload(session, ticket.aud, ticket.iss, name)
        _record(session, Logged.BLOB_REFUSED, ticket, now)
        return Progress(0, 0)
    _record(session, Logged.BLOB_RECEIVED, ticket, now)
    return Progress(received, row.length)


def bring(
    db: Database,
    client: Client,
    message: MessageId,
    parties: tuple[AgencyId, AgencyId],
    endpoint: str | None,
    *,
    again: bool,
    clock: Clock,
) -> None:
    """Bring every blob of a message from its sender to its receiver (`parties`); raises NotReached.

    `again`: also ask for those that were there before, since the receiver throws away what nobody claims.
    """
    sender, receiver = parties
    with db.reading() as session:
        needed = blob_store.waiting(session, sender, message)
    for blob in needed:
        if blob.uploaded and not again:
            continue
        with db.reading() as session:
            ticket = Ticket(
                iss=sender,
                aud=receiver,
                sha256=bytes.fromhex(blob.sha256),
                length=blob.length,
                exp=clock() + TICKET_LIFE,
            )
            slip = slips.sign_ticket(ticket, signer=provided(session, Keyring).signer(sender), iat=clock())
            content = blob_store.ciphertext(session, sender, blob.sha256)
        if endpoint is None:
            _hand_over(db, ticket, content, clock())
        else:
            _upload(client, f"{endpoint}{wire.BLOBS}/{blob.sha256}", slip, content, blob)
        with db.transaction() as session:
            blob_store.note_uploaded(session, sender, message, blob.sha256, now=clock())


def _hand_over(db: Database, ticket: Ticket, content: bytes, now: datetime) -> None:
    """Keep a blob for an agency of this node."""
    with db.transaction() as session:
        standing = begin(session, ticket, now=now)
        if standing.received < standing.length:
            append(session, ticket, standing.received, content[standing.received :], now=now)


def _upload(client: Client, url: str, slip: bytes, content: bytes, blob: Waiting) -> None:
    headers = {"Authorization": SCHEME + slip.decode(), "Content-Type": "application/octet-stream"}
    standing = client.request("HEAD", url, None, headers)
    if standing.status == HTTPStatus.NOT_FOUND:
        answer = client.request("PUT", url, content, headers)
    else:
        offset = _offset(standing.headers.get(OFFSET.lower(), ""), standing.status, blob)
        if offset == blob.length:
            return
        answer = client.request("PATCH", url, content[offset:], {**headers, OFFSET: str(offset)})
    if answer.status not in {HTTPStatus.CREATED, HTTPStatus.NO_CONTENT}:
        code, side = wire.read_refusal(answer.body)
        known = Side(side) if side in set(Side) else Side.PROXY
        raise NotReached(Fault(known, code or f"http-{answer.status}"), left=True)


def _offset(said: str, status: int, blob: Waiting) -> int:
    if status != HTTPStatus.OK or not said.isdecimal() or int(said) > blob.length:
        raise NotReached(Fault(Side.REC, f"blob-http-{status}"), left=True)
    return int(said)


def _record(session: Session, event: Logged, ticket: Ticket, now: datetime) -> None:
    audit.record(
        session,
        event=event,
        actor=Machine(agency=ticket.aud, name="exchange"),
        agency=ticket.aud,
        subject=ticket.sha256.hex(),
        detail={"sender": ticket.iss, "length": ticket.length},
        now=now,
    )
