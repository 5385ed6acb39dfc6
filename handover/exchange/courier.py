"""Brings one agency's due messages to one receiver: take, seal, send, settle; never sends in a transaction.

Taking is committed without waiting for the disk: losing it in a power cut only means one more attempt, which the
receiver answers with the same stored acknowledgement (docs/decisions/group-commit.md).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final

from sqlalchemy.orm import Session

from handover.db import Database, provided
from handover.errors import HandoverError
from handover.exchange import answers, crash, receiving, scanning, settling, store, uploads, wire
from handover.exchange.answers import Sent
from handover.exchange.clamd import ScannerSilent
from handover.exchange.client import Client, NotReached
from handover.exchange.lifecycle import Fact
from handover.exchange.model import (
    MAX_BATCH_BYTES,
    Alarm,
    AlarmKind,
    Event,
    Fault,
    OutgoingRef,
    Pace,
    Side,
)
from handover.exchange.scanning import Infected, Scanner
from handover.exchange.service import CONTENT_TABLE
from handover.exchange.settling import Settlement
from handover.exchange.wire import Answer
from handover.exchange.wiring import Peers, Products, UnknownEvent
from handover.fhir.parse import parse
from handover.ids import AgencyId, MessageId
from handover.keys import hm1
from handover.keys.keyring import Keyring
from handover.keys.material import PublicEncryptionKey
from handover.keys.vault import Vault

MOST: Final = 32
"""Messages taken at once: the batch that PERF.md measures."""
UPLOAD_LEASES: Final = 10
"""How many leases' time a message with attachments has: 25 MB over a slow line."""
TELL_AFTER: Final = 3
"""Failures in a row before an operator hears of a destination."""

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Way:
    """From one agency of this node to one receiving agency."""

    agency: AgencyId
    receiver: AgencyId


@dataclass(frozen=True)
class Round:
    """What one round did."""

    tried: int
    reached: bool = True
    """Whether the receiver's node answered at all."""
    more: bool = False
    """Whether more may be due at once."""


@dataclass(frozen=True)
class _Letter:
    """One message taken for sending."""

    sent: Sent
    sealed: bytes = field(repr=False)
    has_blobs: bool


@dataclass(frozen=True)
class _Load:
    """What was taken in one transaction, and where it goes."""

    letters: list[_Letter]
    stopped: list[MessageId]
    outdated: list[MessageId]
    key: PublicEncryptionKey | None
    endpoint: str | None
    """None: the receiver is on this node."""
    fault: Fault | None
    """Why there is nowhere to send it."""
    was_failing: bool
    more: bool
    """Whether there was more than may share a request."""


class Courier:
    """Delivers for one node; any number of threads and processes may do so at once."""

    def __init__(self, db: Database, client: Client, clock: Clock) -> None:
        self._db = db
        self._client = client
        self._clock = clock
        with db.reading() as session:
            self._vault = provided(session, Vault)
            self._refresh = provided(session, Peers).refresh
            self._scans = provided(session, Scanner).clamd is not None

    def deliver(self, way: Way, *, most: int = MOST) -> Round:
        """Take what is due on one way, send it, settle what came back. Returns what was tried."""
        load = self._take(way, most)
        if load is None:
            return Round(0)
        self._stop(way, load)
        if not load.letters:
            return Round(len(load.stopped) + len(load.outdated), more=True)
        outcomes = [self._send(way, load, parcel) for parcel in self._parcels(way, load)]
        return Round(len(load.letters), None not in outcomes, load.more or True in outcomes)

    def _take(self, way: Way, most: int) -> _Load | None:
        now = self._clock()
        with self._db.transaction(durable=False) as session:
            destination = store.destination(session, way.agency, way.receiver)
            if destination is None or destination.paused_at or (destination.rest_until or now) > now:
                return None
            found = store.due(session, way.agency, way.receiver, now=now, most=most)
            rows = _together(found)
            if not rows:
                return None
            more = len(found) == most or len(rows) < len(found)
            load = _weigh(session, way, rows, now, was_failing=destination.failures > 0, more=more)
            leased = [letter.sent.message for letter in load.letters]
            if leased:
                lease = provided(session, Pace).lease * (UPLOAD_LEASES if load.letters[0].has_blobs else 1)
                store.lease(session, way.agency, leased, until=now + lease)
            crash.around_commit(session, "take")
        return load

    def _stop(self, way: Way, load: _Load) -> None:
        """End, durably, what may no longer go and what no longer can; nothing of it was taken for sending."""
        if not load.stopped and not load.outdated:
            return
        now = self._clock()
        with self._db.transaction() as session:
            rows = store.locked(session, way.agency, load.stopped)
            facts = [
                Settlement(message=message, fact=Fact.NOT_ALLOWED, why="no-longer-allowed")
                for message, row in rows.items()
                if not _may_go(session, row, now)
            ]
            facts += [Settlement(message=one, fact=Fact.TIME_OUT, why="too-old") for one in load.outdated]
            settling.settle(session, way.agency, facts, now=now)

    def _parcels(self, way: Way, load: _Load) -> Iterator[tuple[list[_Letter], list[bytes]]]:
        """Open, seal anew and group the letters so that each request stays within the limits."""
        if load.key is None:
            yield load.letters, []
            return
        letters: list[_Letter] = []
        envelopes: list[bytes] = []
        size = 2
        for letter, jws in zip(load.letters, [self._opened(way, one) for one in load.letters], strict=True):
            envelope = hm1.seal(jws, to=load.key, aud=way.receiver)
            if envelopes and size + len(envelope) + 3 > MAX_BATCH_BYTES:
                yield letters, envelopes
                letters, envelopes, size = [], [], 2
            letters.append(letter)
            envelopes.append(envelope)
            size += len(envelope) + 3
        yield letters, envelopes

    def _opened(self, way: Way, letter: _Letter) -> bytes:
        return self._vault.open(way.agency, CONTENT_TABLE, "jws", letter.sent.message, letter.sealed)

    def _send(self, way: Way, load: _Load, parcel: tuple[list[_Letter], list[bytes]]) -> bool | None:
        """Send one request and settle it. Returns whether some of it is due again at once; None: not reached."""
        letters, envelopes = parcel
        sent = [letter.sent for letter in letters]
        try:
            self._look_through(way, letters)
            self._bring_blobs(way, load, letters)
            got = self._ask(load, envelopes)
        except (Infected, ScannerSilent) as held:
            self._settle_held(way, sent, held)
            return False
        except NotReached as lost:
            self._settle_lost(way, sent, lost)
            return None
        if any(answer.code == answers.UNKNOWN_KID for answer in got):
            self._refresh(way.receiver)
        now = self._clock()
        with self._db.reading() as session:
            facts = [answers.meaning(session, one, answer, now=now) for one, answer in zip(sent, got, strict=True)]
        facts = [_seal_anew(fact, one, now) for fact, one in zip(facts, sent, strict=True)]
        with self._db.transaction() as session:
            self._settle(session, way, facts, load.was_failing, now)
        return any(fact.due_at == now for fact in facts)

    def _look_through(self, way: Way, letters: Sequence[_Letter]) -> None:
        """Raise Infected or ScannerSilent, unless every document that is to leave is known to be clean."""
        for letter in letters:
            if letter.has_blobs and self._scans:
                signed = hm1.reread_message(self._opened(way, letter), aud=way.receiver)
                scanning.check_leaving(self._db, way.agency, parse(signed.payload))

    def _settle_held(self, way: Way, sent: Sequence[Sent], held: Infected | ScannerSilent) -> None:
        """Let a message wait for the scanner without holding up its destination, or end it for a person to see."""
        now = self._clock()
        with self._db.transaction() as session:
            if isinstance(held, Infected):
                facts = [_infected(one, held) for one in sent]
            else:
                facts = [answers.failed(session, one, scanning.SILENT_FAULT, left=False, now=now) for one in sent]
            settling.settle(session, way.agency, facts, now=now)
            crash.around_commit(session, "settle")

    def _bring_blobs(self, way: Way, load: _Load, letters: Sequence[_Letter]) -> None:
        if load.fault is not None:
            return
        for letter in letters:
            if letter.has_blobs:
                parties, again = (way.agency, way.receiver), letter.sent.attempts > 1
                message, at = letter.sent.message, load.endpoint
                uploads.bring(self._db, self._client, message, parties, at, again=again, clock=self._clock)

    def _ask(self, load: _Load, envelopes: Sequence[bytes]) -> list[Answer]:
        if load.fault is not None:
            raise NotReached(load.fault, left=False)
        crash.at("send.before")
        if load.endpoint is None:
            got = receiving.accept(self._db, envelopes, now=self._clock())
        else:
            got = _post(self._client, load.endpoint, envelopes)
        crash.at("send.after")
        return got

    def _settle(
        self, session: Session, way: Way, facts: Sequence[Settlement], was_failing: bool, now: datetime
    ) -> None:
        settling.settle(session, way.agency, facts, now=now)
        if was_failing:
            _works_again(session, way, now)
        crash.around_commit(session, "settle")

    def _settle_lost(self, way: Way, sent: Sequence[Sent], lost: NotReached) -> None:
        now = self._clock()
        with self._db.transaction() as session:
            facts = [answers.failed(session, one, lost.fault, left=lost.left, now=now) for one in sent]
            settling.settle(session, way.agency, facts, now=now)
            if len(sent) == 1 or not lost.left:
                _fails(session, way, lost.fault, now)
            crash.around_commit(session, "settle")


def _infected(sent: Sent, found: Infected) -> Settlement:
    fault = scanning.INFECTED_FAULT
    return Settlement(message=sent.message, fact=Fact.FATAL, why=fault.code, fault=fault, problems=found.problems)


def _post(client: Client, endpoint: str, envelopes: Sequence[bytes]) -> list[Answer]:
    single = len(envelopes) == 1
    body = envelopes[0] if single else wire.write_batch(envelopes)
    headers = {"Content-Type": wire.JOSE if single else wire.JSON}
    response = client.request("POST", endpoint + wire.ENVELOPES, body, headers)
    if single:
        if response.status in {HTTPStatus.OK, HTTPStatus.ACCEPTED}:
            return [Answer(response.status, response.body)]
        return [_single_refusal(response.status, response.body)]
    if response.status != HTTPStatus.OK:
        code, side = wire.read_refusal(response.body)
        known = Side(side) if side in set(Side) else Side.PROXY
        raise NotReached(Fault(known, code or f"http-{response.status}"), left=True)
    try:
        return wire.read_answers(response.body, count=len(envelopes))
    except wire.WireInvalid as odd:
        raise NotReached(Fault(Side.REC, odd.stable_code), left=True) from odd


def _single_refusal(status: int, body: bytes) -> Answer:
    code, side = wire.read_refusal(body)
    if status in {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}:
        raise NotReached(Fault(Side.PROXY, code or f"http-{status}"), left=True)
    return Answer(status, code=code, side=side)


def _together(rows: Sequence[store.AnyRow]) -> Sequence[store.AnyRow]:
    """Return what may share a request: what failed before, or has attachments, goes alone."""
    for index, row in enumerate(rows):
        if row.attempts or row.blobs:
            return rows[: max(index, 1)]
    return rows


def _weigh(
    session: Session, way: Way, rows: Sequence[store.AnyRow], now: datetime, *, was_failing: bool, more: bool
) -> _Load:
    outdated = [row for row in rows if row.valid_until <= now]
    stopped = [row for row in rows if row.valid_until > now and not _may_go(session, row, now)]
    left_out = {row.message for row in (*outdated, *stopped)}
    key, endpoint, fault = _whereto(session, way, now)
    return _Load(
        letters=[_letter(row, now) for row in rows if row.message not in left_out],
        stopped=[MessageId(row.message) for row in stopped],
        outdated=[MessageId(row.message) for row in outdated],
        key=key,
        endpoint=endpoint,
        fault=fault,
        was_failing=was_failing,
        more=more,
    )


def _whereto(
    session: Session, way: Way, now: datetime
) -> tuple[PublicEncryptionKey | None, str | None, Fault | None]:
    peers = provided(session, Peers)
    ring = provided(session, Keyring)
    if way.receiver in ring.agencies:
        return ring.of(way.receiver).enc[0].public, None, None
    try:
        return peers.encryption_key(session, way.receiver, now), peers.endpoint(session, way.receiver), None
    except HandoverError as unknown:
        return None, None, Fault(Side.SEND, unknown.stable_code)


def _letter(row: store.AnyRow, now: datetime) -> _Letter:
    sent = Sent(
        message=MessageId(row.message),
        sender=AgencyId(row.agency),
        receiver=AgencyId(row.receiver),
        sha256=bytes(row.sha256),
        attempts=row.attempts + 1,
        at=now,
    )
    return _Letter(sent, bytes(row.jws), row.blobs > 0)


def _may_go(session: Session, row: store.AnyRow, now: datetime) -> bool:
    ref = OutgoingRef(
        message=MessageId(row.message),
        sender=AgencyId(row.agency),
        receiver=AgencyId(row.receiver),
        event=Event(row.event),
        subject=row.subject,
        queued_at=row.queued_at,
        at=now,
    )
    try:
        product = provided(session, Products).product(ref.event)
    except UnknownEvent:
        return True
    return product.may_still_go(session, ref)


def _seal_anew(fact: Settlement, sent: Sent, now: datetime) -> Settlement:
    """Let what was sealed to a key that is gone go again at once, the first time (CRYPTO.md, Keys)."""
    if fact.fault is None or fact.fault.code != answers.UNKNOWN_KID or sent.attempts > 1:
        return fact
    return Settlement(message=fact.message, why=fact.why, at=fact.at, due_at=now, fault=fact.fault)


def _fails(session: Session, way: Way, fault: Fault, now: datetime) -> None:
    row = store.destination(session, way.agency, way.receiver)
    if row is None:
        return
    failures = row.failures + 1
    tell = failures >= TELL_AFTER and not row.told
    store.change_destination(
        session,
        way.agency,
        way.receiver,
        failures=failures,
        failing_since=row.failing_since or now,
        rest_until=now + provided(session, Pace).wait(failures, 0.5),
        fault_side=fault.side.value,
        fault_code=fault.code,
        told=row.told or tell,
    )
    if tell:
        _alarm(session, AlarmKind.DESTINATION_FAILING, way, now, fault)


def _works_again(session: Session, way: Way, now: datetime) -> None:
    row = store.destination(session, way.agency, way.receiver)
    store.change_destination(
        session,
        way.agency,
        way.receiver,
        failures=0,
        failing_since=None,
        rest_until=None,
        fault_side=None,
        fault_code=None,
        told=False,
    )
    if row is not None and row.told:
        _alarm(session, AlarmKind.DESTINATION_WORKS, way, now, None)


def _alarm(session: Session, kind: AlarmKind, way: Way, now: datetime, fault: Fault | None) -> None:
    alarm = Alarm(kind=kind, agency=way.agency, peer=way.receiver, at=now, fault=fault)
    provided(session, Products).raise_task(session, alarm)
