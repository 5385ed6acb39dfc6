"""Asynchronous processing: takes pending messages in, and sends their acknowledgements from rows of their own.

An acknowledgement is never acknowledged: any 2xx ends its row (DESIGN §5).
"""

import random
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Final

import structlog
from sqlalchemy.orm import Session

from handover.actors import Machine
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.db import Database, provided
from handover.errors import HandoverError
from handover.exchange import answers, crash, fhir, receiving, scanning, settling, store, wire
from handover.exchange.blobs import BlobMissing
from handover.exchange.client import Client, NotReached
from handover.exchange.model import Event, Pace
from handover.exchange.scanning import Looks
from handover.exchange.wiring import Evidence, Peers, Products
from handover.fhir.acknowledgement import AckCode
from handover.fhir.parse import parse
from handover.fhir.problem import FhirInvalid
from handover.ids import AgencyId, MessageId
from handover.keys import hm1
from handover.keys.errors import EnvelopeRefused, Reason
from handover.keys.hm1 import SignedMessage
from handover.keys.keyring import Keyring
from handover.keys.vault import Vault

MOST: Final = 32

log = structlog.get_logger(__name__)


def process_pending(db: Database, agency: AgencyId, *, now: datetime) -> int:
    """Give an agency's pending messages to their products, each in a transaction of its own; returns how many."""
    with db.reading() as session:
        if not store.is_any_pending(session, agency, now=now):
            return 0
    with db.transaction(durable=False) as session:
        rows = store.pending(session, agency, now=now, most=MOST)
        for row in rows:
            _put_off(session, row, now + provided(session, Pace).lease, attempts=row.attempts + 1)
    for row in rows:
        looked, is_incomplete = _looked_through(db, row)
        with db.transaction() as session:
            _process(session, row, now, looked, is_incomplete=is_incomplete)
            crash.around_commit(session, "process")
    return len(rows)


def send_replies(db: Database, client: Client, agency: AgencyId, clock: Callable[[], datetime]) -> int:
    """Send an agency's due acknowledgements to their peers; returns how many were tried."""
    now = clock()
    with db.reading() as session:
        if not store.is_any_reply_due(session, agency, now=now):
            return 0
    with db.transaction(durable=False) as session:
        rows = store.due_replies(session, agency, now=now, most=MOST)
        lease = now + provided(session, Pace).lease
        for row in rows:
            store.change_reply(
                session, agency, AgencyId(row.peer), row.message, due_at=lease, attempts=row.attempts + 1
            )
        endpoints = {AgencyId(row.peer): _endpoint(session, AgencyId(row.peer)) for row in rows}
    for row in rows:
        _reply(db, client, row, endpoints[AgencyId(row.peer)], clock)
    return len(rows)


def take_acknowledgements(db: Database, tokens: list[bytes], *, now: datetime) -> list[wire.Answer]:
    """Settle acknowledgements that came by themselves; the answer to each is 204, or 4xx with a code."""
    with db.transaction() as session:
        taken = [_take_acknowledgement(session, token, now) for token in tokens]
        crash.around_commit(session, "acknowledged")
    return taken


def _looked_through(db: Database, row: store.AnyRow) -> tuple[Looks, bool]:
    """Return what the virus scanner makes of a pending message, and whether a document has not wholly come."""
    with db.reading() as session:
        signed = _opened(session, row)
    try:
        return scanning.look_coming(db, signed.aud, signed.iss, parse(signed.payload)), False
    except BlobMissing:
        return None, True


def _process(session: Session, row: store.AnyRow, now: datetime, looked: Looks, *, is_incomplete: bool) -> None:
    agency, sender = AgencyId(row.agency), AgencyId(row.sender)
    current = store.incoming(session, agency, sender, MessageId(row.message))
    if current is None or not current.is_pending:
        return
    signed = _opened(session, row)
    given = (
        receiving.Given(AckCode.TRANSIENT)
        if is_incomplete
        else _given(session, signed, Event(row.event), row.received_at, looked)
    )
    if given.code is AckCode.TRANSIENT:
        wait = provided(session, Pace).wait(row.attempts + 1, random.random())  # noqa: S311 - jitter
        _put_off(session, row, now + wait, attempts=row.attempts + 1)
        return
    token = receiving.sign_ack(provided(session, Keyring), signed, given.code, given.problems, now)
    left = {} if given.evidence is Evidence.SIGNED else {"jws": None}
    store.change_incoming(
        session,
        agency,
        sender,
        row.message,
        outcome=given.code.value,
        is_pending=False,
        acknowledgement=token,
        **left,
    )
    store.add_reply(
        session,
        {
            "agency": agency,
            "peer": sender,
            "message": row.message,
            "acknowledgement": token,
            "is_open": True,
            "due_at": now,
            "attempts": 0,
            "expires_at": now + provided(session, Pace).expire_after,
        },
    )


def _opened(session: Session, row: store.AnyRow) -> SignedMessage:
    """Return a stored message as it was when it was verified; its signature counted then, whatever came since."""
    agency, sender, message = AgencyId(row.agency), AgencyId(row.sender), MessageId(row.message)
    key = receiving.row_key(sender, message)
    jws = provided(session, Vault).open(agency, receiving.TABLE, "jws", key, row.jws)
    return hm1.reread_message(jws, aud=agency)


def _given(
    session: Session, signed: SignedMessage, event: Event, received_at: datetime, looked: Looks
) -> receiving.Given:
    addresses = fhir.Addresses(message=signed.jti, sender=signed.iss, receiver=signed.aud)
    try:
        resource = fhir.read_as(signed.payload, event, addresses)
    except FhirInvalid as invalid:
        return receiving.Given(AckCode.FATAL, tuple(invalid.problems))
    received = receiving.to_received(signed, event, resource, received_at, looked)
    product = provided(session, Products).product(event)
    if refused := receiving.refused_whole(session, product, received, looked):
        return refused
    if receiving.waits_whole(product, looked):
        return receiving.Given(AckCode.TRANSIENT)
    return receiving.give(session, product, received)


def _put_off(session: Session, row: store.AnyRow, until: datetime, *, attempts: int) -> None:
    store.change_incoming(
        session, AgencyId(row.agency), AgencyId(row.sender), row.message, due_at=until, attempts=attempts
    )


def _endpoint(session: Session, peer: AgencyId) -> str | None:
    """Return where the peer's node is; empty when it is this one, None when nobody knows."""
    if peer in provided(session, Keyring).agencies:
        return ""
    try:
        return provided(session, Peers).endpoint(session, peer)
    except HandoverError:
        return None


def _reply(
    db: Database, client: Client, row: store.AnyRow, endpoint: str | None, clock: Callable[[], datetime]
) -> None:
    crash.at("acknowledge.before")
    arrived = _handed_over(db, client, endpoint, bytes(row.acknowledgement), clock)
    crash.at("acknowledge.after")
    now = clock()
    with db.transaction() as session:
        wait = provided(session, Pace).wait(row.attempts + 1, random.random())  # noqa: S311 - jitter
        ended = arrived or now >= row.expires_at
        values = {"is_open": False, "ended_at": now} if ended else {"due_at": now + wait}
        store.change_reply(session, AgencyId(row.agency), AgencyId(row.peer), row.message, **values)
        crash.around_commit(session, "answered")


def _handed_over(
    db: Database, client: Client, endpoint: str | None, token: bytes, clock: Callable[[], datetime]
) -> bool:
    if endpoint is None:
        return False
    if not endpoint:
        return take_acknowledgements(db, [token], now=clock())[0].status < HTTPStatus.MULTIPLE_CHOICES
    try:
        got = client.request("POST", endpoint + wire.ACKNOWLEDGEMENTS, token, {"Content-Type": wire.JOSE})
    except NotReached as lost:
        log.info("exchange.acknowledgement-not-delivered", code=lost.fault.code, side=lost.fault.side.value)
        return False
    return HTTPStatus.OK <= got.status < HTTPStatus.MULTIPLE_CHOICES


def _take_acknowledgement(session: Session, token: bytes, now: datetime) -> wire.Answer:
    try:
        agency = hm1.ack_audience(token)
        if agency not in provided(session, Keyring).agencies:
            raise EnvelopeRefused(Reason.WRONG_AUDIENCE)
        signed, said = answers.read_ack(session, token, aud=agency, now=now)
        row = store.outgoing(session, agency, signed.message)
        if row is None or (signed.iss, signed.message_sha256) != (row.receiver, bytes(row.sha256)):
            raise EnvelopeRefused(Reason.IDS_DIFFER)
    except (EnvelopeRefused, FhirInvalid) as refused:
        reason = refused.reason.value if isinstance(refused, EnvelopeRefused) else "invalid"
        _refused(session, token, reason, now)
        return wire.Answer(HTTPStatus.BAD_REQUEST, code=reason)
    settling.settle(session, agency, [answers.of_ack(said, token)], now=now)
    return wire.Answer(HTTPStatus.NO_CONTENT)


def _refused(session: Session, token: bytes, reason: str, now: datetime) -> None:

    agency = provided(session, Keyring).agencies[0]
    audit.record(
        session,
        event=Logged.ACKNOWLEDGEMENT_REFUSED,
        actor=Machine(agency=agency, name=receiving.ACTOR),
        agency=agency,
        detail={"code": reason, "digest": sha256(token).hexdigest()},
        now=now,
    )
