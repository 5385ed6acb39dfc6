"""Takes envelopes in: open, verify, check, give to the product, answer; the effect and the answer are one commit.

`accept` is what both the HTTP route and a sender on the same node call. What cannot be authenticated is answered
with a code and leaves nothing but an audit row with a digest (DESIGN §5); everything else gets a signed answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from handover.actors import Machine
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.audit.model import Outcome, Record
from handover.db import Database, provided
from handover.errors import Invalid, NotFound
from handover.exchange import crash, fhir, scanning, store
from handover.exchange.blobs import BlobMissing
from handover.exchange.model import UNSCANNED, Alarm, AlarmKind, Event, Received
from handover.exchange.scanning import Looks
from handover.exchange.wire import Answer
from handover.exchange.wiring import Evidence, Peers, Product, Products, UnknownEvent
from handover.fhir import acknowledgement
from handover.fhir.acknowledgement import AckCode, Acknowledgement
from handover.fhir.problem import FhirInvalid, Problem, ProblemCode
from handover.ids import AgencyId, KeyId, MessageId, new_uuid
from handover.keys import hm1, slips
from handover.keys.errors import EnvelopeRefused
from handover.keys.hm1 import SignedMessage
from handover.keys.keyring import Keyring
from handover.keys.material import PublicSigningKey
from handover.keys.vault import Vault
from handover.prepared import in_one_go

ACTOR: Final = "exchange"
TABLE: Final = "exchange_incoming"
PENDING: Final = "pending"
RACES: Final = 3
"""How often a race with another request for the same ids is run again; the second time the ids are known."""

log = structlog.get_logger(__name__)


class Unsaved(Exception):
    """The careless way failed for one of several messages: go again, each within a savepoint."""


@dataclass(frozen=True)
class _Refused:
    """What could not be authenticated: a reason and the digest of what came."""

    reason: str
    agency: AgencyId
    digest: str


@dataclass(frozen=True)
class _Verified:
    """What an agency of the community signed; valid FHIR, or the list of its problems."""

    signed: SignedMessage
    jws: bytes = field(repr=False)
    event: Event | None = None
    resource: dict[str, Any] = field(default_factory=dict, repr=False)
    problems: tuple[Problem, ...] = ()
    looked: Looks = None
    is_incomplete: bool = False
    """A document that must be looked through has not wholly come."""


_Item = _Refused | _Verified


@dataclass(frozen=True)
class Given:
    """What became of a message that was given to its product: what to answer, and what to keep."""

    code: AckCode
    problems: tuple[Problem, ...] = ()
    evidence: Evidence = Evidence.DIGEST


def accept(db: Database, envelopes: Sequence[bytes], *, now: datetime) -> list[Answer]:
    """Take in envelopes and return one answer for each, in order, once all of it is durable."""
    with db.reading() as session:
        items = _open_all(session, envelopes, now)
    items = [_looked_through(db, item) for item in items]
    for attempt in range(RACES):
        try:
            return _commit(db, items, now)
        except IntegrityError:
            if attempt == RACES - 1:
                raise
    raise AssertionError("not reached")


def _commit(db: Database, items: Sequence[_Item], now: datetime) -> list[Answer]:
    try:
        with db.transaction() as session:
            return _Intake(session, now, careful=False).take(items)
    except Unsaved:
        with db.transaction() as session:
            return _Intake(session, now, careful=True).take(items)


def _open_all(session: Session, envelopes: Sequence[bytes], now: datetime) -> list[_Item]:
    """Open, verify, read and check: each step for all before the next, which takes a third less time for 32."""
    items: list[_Item] = []
    opened = [_opened(session, envelope) for envelope in envelopes]
    for envelope, one in zip(envelopes, opened, strict=True):
        items.append(one if isinstance(one, _Refused) else _verified(session, envelope, *one, now))
    items = [_read(item) if isinstance(item, _Verified) else item for item in items]
    return [_checked(item) if isinstance(item, _Verified) else item for item in items]


def _opened(session: Session, envelope: bytes) -> _Refused | tuple[AgencyId, bytes]:
    """Return for which agency it is, and what was sealed."""
    ring = provided(session, Keyring)
    try:
        return hm1.open_envelope(envelope, ring)
    except EnvelopeRefused as refused:
        return _refused(refused, ring.agencies[0], envelope)


def _verified(session: Session, envelope: bytes, agency: AgencyId, jws: bytes, now: datetime) -> _Item:
    peers = provided(session, Peers)

    def find_key(signer: AgencyId, kid: KeyId) -> PublicSigningKey:
        return peers.signing_key(session, signer, kid, now)

    try:
        return _Verified(hm1.verify_message(jws, aud=agency, find_key=find_key, now=now), jws)
    except EnvelopeRefused as refused:
        return _refused(refused, agency, envelope)


def _refused(refused: EnvelopeRefused, agency: AgencyId, envelope: bytes) -> _Refused:
    return _Refused(refused.reason.value, agency, sha256(envelope).hexdigest())


def _read(item: _Verified) -> _Verified:
    try:
        event, resource = fhir.read(item.signed.payload)
    except FhirInvalid as invalid:
        return replace(item, problems=tuple(invalid.problems))
    return replace(item, event=event, resource=resource)


def _checked(item: _Verified) -> _Verified:
    """Return what was read, or without it the list of its problems."""
    if item.event is None:
        return item
    signed = item.signed
    addresses = fhir.Addresses(message=signed.jti, sender=signed.iss, receiver=signed.aud)
    try:
        fhir.check(item.resource, item.event, addresses)
    except FhirInvalid as invalid:
        return replace(item, event=None, resource={}, problems=tuple(invalid.problems))
    return item


def _looked_through(db: Database, item: _Item) -> _Item:
    """Return what came, with what the virus scanner says of its documents."""
    if not isinstance(item, _Verified) or item.event is None:
        return item
    try:
        looked = scanning.look_coming(db, item.signed.aud, item.signed.iss, item.resource)
    except BlobMissing:
        return replace(item, is_incomplete=True)
    return replace(item, looked=looked)


class _Intake:
    """One transaction of envelopes. Careful: each in a savepoint of its own, so that none hurts its neighbours."""

    def __init__(self, session: Session, now: datetime, *, careful: bool) -> None:
        self._session = session
        self._now = now
        self._careful = careful
        self._ring = provided(session, Keyring)
        self._products = provided(session, Products)
        self._known: dict[tuple[AgencyId, AgencyId, MessageId], tuple[bytes, str, bytes]] = {}
        self._rows: list[store.Values] = []
        self._log: list[Record] = []

    def take(self, items: Sequence[_Item]) -> list[Answer]:
        """Answer every item; rows and log are written with one statement each."""
        self._look_up(items)
        answers = [self._one(item) for item in items]
        self._flush()
        with in_one_go(self._session):
            if self._rows:
                store.add_incoming(self._session, self._rows)
            audit.record_many(self._session, self._log)
        crash.around_commit(self._session, "receive")
        return answers

    def _look_up(self, items: Sequence[_Item]) -> None:
        by_pair: dict[tuple[AgencyId, AgencyId], list[MessageId]] = {}
        for item in items:
            if isinstance(item, _Verified):
                by_pair.setdefault((item.signed.aud, item.signed.iss), []).append(item.signed.jti)
        for (agency, sender), those in by_pair.items():
            for message, row in store.known(self._session, agency, sender, those).items():
                self._known[agency, sender, message] = (row.sha256, row.outcome, row.acknowledgement)

    def _one(self, item: _Item) -> Answer:
        if isinstance(item, _Refused):
            self._record(Logged.ENVELOPE_REFUSED, item.agency, None, {"code": item.reason, "digest": item.digest})
            return Answer(HTTPStatus.BAD_REQUEST, code=item.reason)
        signed = item.signed
        before = self._known.get((signed.aud, signed.iss, signed.jti))
        if before is not None:
            return self._again(signed, *before)
        return self._first_time(item)

    def _again(self, signed: SignedMessage, digest: bytes, outcome: str, answer: bytes) -> Answer:
        if bytes(digest) != signed.sha256:
            return self._other_content(signed)
        self._record(Logged.ENVELOPE_REPEATED, signed.aud, signed.jti, {"sender": signed.iss})
        return _answer(outcome, bytes(answer))

    def _other_content(self, signed: SignedMessage) -> Answer:
        """Refuse an id that was used for something else; the stored answer of the first stays (rule 2)."""
        self._record(Logged.ENVELOPE_CONFLICT, signed.aud, signed.jti, {"sender": signed.iss})
        alarm = Alarm(
            kind=AlarmKind.DIFFERENT_CONTENT,
            agency=signed.aud,
            peer=signed.iss,
            at=self._now,
            message=signed.jti,
        )
        self._products.raise_task(self._session, alarm)
        problem = Problem("Bundle.entry[0].resource.id", ProblemCode.SAME_ID_OTHER_CONTENT)
        return _answer(AckCode.FATAL, sign_ack(self._ring, signed, AckCode.FATAL, (problem,), self._now))

    def _first_time(self, item: _Verified) -> Answer:
        if item.event is None:
            return self._store(item, Given(AckCode.FATAL, item.problems))
        try:
            product = self._products.product(item.event)
        except UnknownEvent:
            path = "Bundle.entry[0].resource.eventCoding.code"
            return self._store(item, Given(AckCode.FATAL, (Problem(path, ProblemCode.UNKNOWN_EVENT),)))
        received = to_received(item.signed, item.event, item.resource, self._now, item.looked)
        if refused := refused_whole(self._session, product, received, item.looked):
            return self._store(item, refused)
        if not product.inline or waits_whole(product, item.looked):
            return self._store(item, None)
        given = Given(AckCode.TRANSIENT) if item.is_incomplete else self._given(product, received)
        if given.code is AckCode.TRANSIENT:
            self._record(Logged.ENVELOPE_REFUSED, item.signed.aud, item.signed.jti, {"code": given.code.value})
            return _answer(given.code, sign_ack(self._ring, item.signed, given.code, given.problems, self._now))
        return self._store(item, given)

    def _given(self, product: Product, received: Received) -> Given:
        if not self._careful:
            try:
                evidence = product.receive(self._session, received)
            except Exception as spoilt:
                raise Unsaved from spoilt
            return Given(AckCode.OK, evidence=evidence or Evidence.SIGNED)
        return give(self._session, product, received)

    def _flush(self) -> None:
        if self._careful:
            return
        try:
            self._session.flush()
        except Exception as spoilt:
            raise Unsaved from spoilt

    def _store(self, item: _Verified, given: Given | None) -> Answer:
        """Store what came with its answer; without one it waits for its product, whole."""
        signed, ring = item.signed, self._ring
        waits = UNSCANNED if scanning.is_unscanned(item.looked) else PENDING
        outcome = waits if given is None else given.code.value
        token = (
            sign_receipt(ring, signed, self._now)
            if given is None
            else sign_ack(ring, signed, given.code, given.problems, self._now)
        )
        is_kept = given is None or given.evidence is Evidence.SIGNED
        self._rows.append(
            {
                "agency": signed.aud,
                "sender": signed.iss,
                "message": signed.jti,
                "event": item.event.value if item.event else "",
                "outcome": outcome,
                "is_pending": given is None,
                "due_at": self._now,
                "attempts": 0,
                "received_at": self._now,
                "sha256": signed.sha256,
                "acknowledgement": token,
                "jws": self._sealed(signed, item.jws) if is_kept else None,
            }
        )
        self._known[signed.aud, signed.iss, signed.jti] = (signed.sha256, outcome, token)
        detail = {"sender": signed.iss, "event": item.event.value if item.event else "", "outcome": outcome}
        self._record(Logged.ENVELOPE_RECEIVED, signed.aud, signed.jti, detail)
        return _answer(outcome, token)

    def _sealed(self, signed: SignedMessage, jws: bytes) -> bytes:
        return provided(self._session, Vault).seal(signed.aud, TABLE, "jws", row_key(signed.iss, signed.jti), jws)

    def _record(self, event: Logged, agency: AgencyId, message: MessageId | None, detail: dict[str, str]) -> None:
        refused = event in {Logged.ENVELOPE_REFUSED, Logged.ENVELOPE_CONFLICT}
        self._log.append(
            Record(
                event=event,
                agency=agency,
                at=self._now,
                actor=Machine(agency=agency, name=ACTOR),
                subject=str(message) if message else None,
                detail=detail,
                outcome=Outcome.REFUSED if refused else Outcome.DONE,
            )
        )


def refused_whole(session: Session, product: Product, received: Received, looked: Looks) -> Given | None:
    """Return the refusal of a message that is taken in whole, where a document of it holds a virus; else None.

    Whoever it was for is told.
    """
    if product.on_document is not None or not (problems := scanning.problems_of(looked)):
        return None
    try:
        with session.begin_nested():
            product.on_infected(session, received)
    except Exception as error:
        log.error("exchange.receive-failed", message=str(received.message), error=type(error).__name__)
    return Given(AckCode.FATAL, problems)


def waits_whole(product: Product, looked: Looks) -> bool:
    """Whether a message waits until all of its documents have been looked at."""
    return product.on_document is None and scanning.is_unscanned(looked)


def give(session: Session, product: Product, received: Received) -> Given:
    """Let the product take a message in within a savepoint; return what to answer, and what to keep."""
    try:
        with session.begin_nested():
            evidence = product.receive(session, received)
    except FhirInvalid as invalid:
        return Given(AckCode.FATAL, tuple(invalid.problems))
    except NotFound as unknown:
        return Given(AckCode.FATAL, (Problem("Bundle", ProblemCode.UNKNOWN_ADDRESSEE, _which(unknown)),))
    except Invalid as invalid:
        paths = invalid.fields or {"Bundle": []}
        return Given(AckCode.FATAL, tuple(Problem(path, ProblemCode.BROKEN_REQUEST) for path in paths))
    except Exception as error:
        log.error("exchange.receive-failed", message=str(received.message), error=type(error).__name__)
        return Given(AckCode.TRANSIENT)
    return Given(AckCode.OK, evidence=evidence or Evidence.SIGNED)


def _which(unknown: NotFound) -> str:
    """Return which service or agency is not here, where known; an id of nine digits is never a person's."""
    for kind in ("service", "agency"):
        value = str(unknown.details.get(kind, ""))
        if value.isdecimal() and len(value) <= 9:
            return f"no {kind} {value} here"
    return ""


def to_received(
    signed: SignedMessage, event: Event, resource: dict[str, Any], now: datetime, looked: Looks
) -> Received:
    """Return a verified message as its product gets it."""
    return Received(
        message=signed.jti,
        sender=signed.iss,
        receiver=signed.aud,
        event=event,
        resource=resource,
        payload=signed.payload,
        received_at=now,
        looks=scanning.by_name(looked),
    )


def row_key(sender: AgencyId, message: MessageId) -> str:
    """Return what a sealed incoming message is bound to."""
    return f"{sender}|{message}"


def sign_ack(
    ring: Keyring, signed: SignedMessage, code: AckCode, problems: tuple[Problem, ...], now: datetime
) -> bytes:
    """Return the signed acknowledgement of one message."""
    own_id = MessageId(new_uuid())
    body = Acknowledgement(
        message=own_id,
        answers=signed.jti,
        code=code,
        sender=signed.aud,
        receiver=signed.iss,
        at=now,
        problems=problems,
    )
    return hm1.sign_ack(
        acknowledgement.build(body),
        signer=ring.signer(signed.aud),
        iss=signed.aud,
        aud=signed.iss,
        jti=own_id,
        iat=now,
        message=signed.jti,
        message_sha256=signed.sha256,
    )


def sign_receipt(ring: Keyring, signed: SignedMessage, now: datetime) -> bytes:
    """Return the signed receipt of one message that will be acknowledged later."""
    receipt = slips.Receipt(iss=signed.aud, aud=signed.iss, message=signed.jti, message_sha256=signed.sha256)
    return slips.sign_receipt(receipt, signer=ring.signer(signed.aud), iat=now)


def _answer(outcome: str, token: bytes) -> Answer:
    return Answer(HTTPStatus.ACCEPTED if outcome in {PENDING, UNSCANNED} else HTTPStatus.OK, token)
