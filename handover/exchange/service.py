"""What products ask of the post office: post, cancel, and how far a message has come.

`post` only promises: it validates, signs, seals and stores in the caller's transaction; workers send later.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any, Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from handover.actors import Machine
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.audit.model import Record
from handover.db import after_commit, provided
from handover.errors import Conflict, Invalid, NotFound
from handover.exchange import blob_store, crash, fhir, held, settling, store
from handover.exchange.fhir import NamedFile
from handover.exchange.lifecycle import OPEN, Fact, State
from handover.exchange.model import (
    MAX_MESSAGE_BYTES,
    Change,
    Delivery,
    Event,
    Fault,
    Outgoing,
    Pace,
    Side,
    is_late,
)
from handover.exchange.wiring import Peers, Products
from handover.fhir.parse import parse
from handover.fhir.problem import Problem, ProblemCode
from handover.ids import AgencyId, MessageId
from handover.keys import hm1
from handover.keys.errors import SealBroken
from handover.keys.keyring import Keyring
from handover.keys.vault import Vault
from handover.prepared import in_one_go

ACTOR: Final = "exchange"
CONTENT_TABLE: Final = "exchange_outgoing_content"


class AlreadyPosted(Conflict):
    """A message with this id was posted before; ids are never used twice."""

    code = "exchange.already-posted"


class AlreadyLeft(Conflict):
    """Too late to undo: the message may be on its way."""

    code = "exchange.already-left"


class UnknownReceiver(Invalid):
    """The receiving agency is not in the directory."""

    code = "exchange.unknown-receiver"


class Altered(Conflict):
    """What lies ready to leave is not what was posted."""

    code = "exchange.altered"


class TooLarge(Invalid):
    """The message is over 1 MiB; what is large belongs in attachments."""

    code = "exchange.too-large"


def post(session: Session, outgoing: Outgoing, *, now: datetime) -> None:
    """Promise one message (DESIGN rule 1). Raises FhirInvalid, TooLarge, UnknownReceiver or AlreadyPosted."""
    post_all(session, [outgoing], now=now)


def post_all(session: Session, messages: Sequence[Outgoing], *, now: datetime) -> None:
    """Promise several messages at once, with a few statements for all of them."""
    pace = provided(session, Pace)
    contents = _signed_all(session, messages, now)
    ways = [(each.sender, each.receiver) for each in messages]
    after_commit(session, partial(provided(session, Products).posted.extend, ways))
    try:
        with in_one_go(session):
            store.add_outgoing(
                session,
                [_first_values(each, pace, now) for each in messages],
                contents,
                [_first_change(each, now) for each in messages],
            )
            audit.record_many(session, [_queued(each, now) for each in messages])
            wake(session)
    except IntegrityError as twice:
        raise AlreadyPosted from twice
    for each in messages:
        if each.attachments:
            names = [blob.sha256 for blob in each.attachments]
            blob_store.add_uses(session, each.sender, each.message, names)
    _open_ways(session, ways)
    crash.around_commit(session, "post")


def cancel(session: Session, agency: AgencyId, message: MessageId, *, now: datetime) -> None:
    """Undo a message before it left. Raises NotFound, or AlreadyLeft once `not_before` has come."""
    row = store.locked(session, agency, [message]).get(message)
    if row is None:
        raise NotFound
    if row.state != State.QUEUED or row.attempts or now >= row.not_before:
        raise AlreadyLeft
    settling.settle(session, agency, [settling.Settlement(message=message, fact=Fact.UNDONE, why="undo")], now=now)


def forget(session: Session, agency: AgencyId, sender: AgencyId, messages: Iterable[MessageId]) -> None:
    """Destroy the content of messages an agency received; that they came, their hashes and the answers stay."""
    for message in messages:
        store.change_incoming(session, agency, sender, message, jws=None)
        held.forget(session, agency, sender, message)


def forget_sent(session: Session, agency: AgencyId, messages: Iterable[MessageId]) -> tuple[MessageId, ...]:
    """Destroy the content of messages an agency sent, where they have ended; return those still on their way.

    That they were sent, their hashes and the receiver's answers stay. What is forgotten can't be sent again.
    """
    wanted = tuple(messages)
    rows = store.locked(session, agency, wanted) if wanted else {}
    for message, row in rows.items():
        if State(row.state) not in OPEN:
            store.drop_content(session, agency, message)
    return tuple(each for each in wanted if each in rows and State(rows[each].state) in OPEN)


def delivery(session: Session, agency: AgencyId, message: MessageId, *, now: datetime) -> Delivery:
    """Return how far a message that the agency posted has come. Raises NotFound."""
    row = store.outgoing(session, agency, message)
    if row is None:
        raise NotFound
    changes = tuple(
        Change(change.at, State(change.state), change.why, change.by)
        for change in store.history(session, agency, message)
    )
    return to_delivery(row, changes, pace=provided(session, Pace), now=now)


def posted(session: Session, agency: AgencyId, message: MessageId) -> dict[str, Any]:
    """Return the Bundle of a message of ours as it lies ready to leave, checked again.

    Raises NotFound, FhirInvalid, or Altered when it is not what was posted.
    """
    row, content = store.outgoing(session, agency, message), store.content(session, agency, message)
    if row is None or content is None:
        raise NotFound
    try:
        jws = provided(session, Vault).open(agency, CONTENT_TABLE, "jws", message, content.jws)
    except SealBroken as broken:
        raise Altered from broken
    payload = hm1.reread_message(jws, aud=AgencyId(row.receiver)).payload
    if sha256(payload).digest() != bytes(row.sha256):
        raise Altered
    signed = fhir.Addresses(message=message, sender=agency, receiver=AgencyId(row.receiver))
    return fhir.read_as(payload, Event(row.event), signed)


def infected_in(
    session: Session, agency: AgencyId, message: MessageId, problems: Iterable[Problem]
) -> tuple[NamedFile, ...]:
    """Return which documents of a message of ours ended it, as its problems say; nothing when it is forgotten."""
    paths = {each.path for each in problems if each.code is ProblemCode.INFECTED}
    try:
        bundle = posted(session, agency, message) if paths else {"entry": ()}
    except NotFound:
        return ()
    return tuple(each for each in fhir.files_in(bundle) if each.path in paths)


def to_delivery(row: store.AnyRow, history: tuple[Change, ...], *, pace: Pace, now: datetime) -> Delivery:
    """Return a stored row as a value."""
    state = State(row.state)
    return Delivery(
        message=MessageId(row.message),
        sender=AgencyId(row.agency),
        receiver=AgencyId(row.receiver),
        event=Event(row.event),
        subject=row.subject,
        state=state,
        queued_at=row.queued_at,
        not_before=row.not_before,
        expires_at=row.expires_at,
        sent_at=row.sent_at,
        delivered_at=row.delivered_at,
        acknowledged_at=row.ended_at if state is State.ACKNOWLEDGED else None,
        next_attempt_at=row.due_at if row.is_open else None,
        attempts=row.attempts,
        late=is_late(state=state, not_before=row.not_before, now=now, pace=pace),
        held=row.held,
        last_error=Fault(Side(row.fault_side), row.fault_code) if row.fault_code else None,
        problems=read_problems(row.problems),
        history=history,
    )


def read_problems(stored: str | None) -> tuple[Problem, ...]:
    """Return problems as they were stored beside a refused message."""
    return tuple(Problem(path, ProblemCode(code), text) for path, code, text in json.loads(stored or "[]"))


def wake(session: Session) -> None:
    """Wake this process's worker and, on PostgreSQL, everybody's, once this transaction has committed."""
    products = provided(session, Products)
    store.notify(session, products.process)
    after_commit(session, products.wake.set)


def _signed_all(session: Session, messages: Sequence[Outgoing], now: datetime) -> list[store.Values]:
    """Check, sign and seal: each step for all before the next, which takes a third less time for 32."""
    for each in messages:
        _refuse_what_cannot_go(session, each)
    bundles = [parse(each.payload) for each in messages]
    for each, bundle in zip(messages, bundles, strict=True):
        fhir.check(bundle, each.event, _addresses(each))
    signed_at = now.replace(microsecond=0)
    signed = [_signed(session, each, signed_at) for each in messages]
    return [_kept(session, each, jws, signed_at) for each, jws in zip(messages, signed, strict=True)]


def _refuse_what_cannot_go(session: Session, outgoing: Outgoing) -> None:
    if len(outgoing.payload) > MAX_MESSAGE_BYTES:
        raise TooLarge
    try:
        provided(session, Peers).endpoint(session, outgoing.receiver)
    except NotFound as unknown:
        raise UnknownReceiver(agency=outgoing.receiver) from unknown


def _signed(session: Session, outgoing: Outgoing, at: datetime) -> bytes:
    return hm1.sign_message(
        outgoing.payload,
        signer=provided(session, Keyring).signer(outgoing.sender),
        iss=outgoing.sender,
        aud=outgoing.receiver,
        jti=outgoing.message,
        iat=at,
        exp=at + hm1.MAX_LIFETIME,
    )


def _kept(session: Session, outgoing: Outgoing, jws: bytes, at: datetime) -> store.Values:
    sealed = provided(session, Vault).seal(outgoing.sender, CONTENT_TABLE, "jws", outgoing.message, jws)
    return {**_key(outgoing), "jws": sealed, "valid_until": at + hm1.MAX_LIFETIME}


def _key(outgoing: Outgoing) -> store.Values:
    return {"agency": outgoing.sender, "message": outgoing.message}


def _addresses(outgoing: Outgoing) -> fhir.Addresses:
    return fhir.Addresses(message=outgoing.message, sender=outgoing.sender, receiver=outgoing.receiver)


def _first_values(outgoing: Outgoing, pace: Pace, now: datetime) -> dict[str, Any]:
    start = max(now, outgoing.not_before or now)
    return {
        **_key(outgoing),
        "receiver": outgoing.receiver,
        "event": outgoing.event.value,
        "subject": outgoing.subject,
        "state": State.QUEUED.value,
        "is_open": True,
        "held": False,
        "queued_at": now,
        "not_before": start,
        "due_at": start,
        "late_at": start + pace.late_after,
        "expires_at": start + min(pace.expire_after, hm1.MAX_LIFETIME - timedelta(days=1)),
        "attempts": 0,
        "blobs": len(outgoing.attachments),
        "changes": 1,
        "sha256": sha256(outgoing.payload).digest(),
        **dict.fromkeys(_NOT_YET),
    }


_NOT_YET: Final = (
    "sent_at",
    "delivered_at",
    "ended_at",
    "fault_side",
    "fault_code",
    "problems",
    "acknowledgement",
)


def _first_change(outgoing: Outgoing, now: datetime) -> store.Values:
    return {**_key(outgoing), "number": 0, "at": now, "state": State.QUEUED.value, "why": "posted", "by": ACTOR}


def _queued(outgoing: Outgoing, now: datetime) -> Record:
    return Record(
        event=Logged.DELIVERY_QUEUED,
        agency=outgoing.sender,
        at=now,
        actor=Machine(agency=outgoing.sender, name=ACTOR),
        subject=str(outgoing.message),
        detail={"event": outgoing.event.value, "receiver": outgoing.receiver},
    )


def _open_ways(session: Session, ways: Iterable[tuple[AgencyId, AgencyId]]) -> None:
    known = provided(session, Products).known_ways
    for way in sorted(set(ways) - known):
        store.ensure_destination(session, *way)
        after_commit(session, partial(known.add, way))
