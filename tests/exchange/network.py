"""Nodes in one process for tests: real databases, keys and messages; address book and wire are plain."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from flask import Flask
from sqlalchemy.orm import Session

from handover import clock, worker
from handover.app import Node
from handover.audit.tables import AuditEntry
from handover.config import Settings
from handover.db import Database, after_commit
from handover.errors import NotFound
from handover.exchange import blob_routes, routes, service
from handover.exchange.client import Client, NotReached, Response
from handover.exchange.model import (
    Alarm,
    Delivery,
    DeliveryFact,
    Event,
    Fault,
    Outgoing,
    OutgoingRef,
    Pace,
    Received,
    Side,
)
from handover.exchange.scanning import Scanner
from handover.exchange.wire import ENVELOPES
from handover.exchange.wiring import Evidence, Peers, Products
from handover.ids import AgencyId, KeyId, MessageId, new_uuid
from handover.keys import keyring, vault
from handover.keys.errors import EnvelopeRefused, Reason
from handover.keys.keyring import Keyring
from handover.keys.material import PublicEncryptionKey, PublicSigningKey
from handover.keys.vault import Vault
from handover.notice.senders import Ways
from tests.fhir.samples import status_message

KOMMUNE: Final = AgencyId("310000012")
NAV: Final = AgencyId("310000020")
DPS: Final = AgencyId("210000018")
START: Final = datetime(2026, 11, 24, 8, 12, tzinfo=UTC)


@dataclass
class Book:
    """Who is where, in plain: what the signed directory tells real nodes."""

    keyrings: dict[AgencyId, Keyring] = field(default_factory=dict)
    endpoints: dict[AgencyId, str] = field(default_factory=dict)
    stale: dict[AgencyId, PublicEncryptionKey] = field(default_factory=dict)
    """Retired keys that senders still have, until they refresh."""
    refreshed: list[AgencyId] = field(default_factory=list)

    def peers(self) -> Peers:
        """Return what one node asks about the others."""
        return Peers(
            endpoint=self._endpoint,
            encryption_key=self._encryption_key,
            signing_key=self._signing_key,
            refresh=self._refresh,
        )

    def _endpoint(self, _session: Session, agency: AgencyId) -> str:
        if agency not in self.endpoints:
            raise NotFound("directory.no-agency")
        return self.endpoints[agency]

    def _encryption_key(self, _session: Session, agency: AgencyId, _at: datetime) -> PublicEncryptionKey:
        return self.stale.get(agency) or self.keyrings[agency].of(agency).enc[0].public

    def _signing_key(self, _session: Session, agency: AgencyId, kid: KeyId, _at: datetime) -> PublicSigningKey:
        known = self.keyrings.get(agency)
        if known is None or known.signer(agency).kid != kid:
            raise EnvelopeRefused(Reason.UNKNOWN_SIGNER)
        return known.signer(agency).public

    def _refresh(self, agency: AgencyId) -> None:
        self.refreshed.append(agency)
        self.stale.pop(agency, None)


@dataclass
class Wire(Client):
    """The network between nodes of one process: real requests to real routes, and every way of losing one."""

    apps: dict[str, Flask] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    lose_answer: set[str] = field(default_factory=set)
    """Endpoints whose next answer is lost after the request arrived."""
    catch: set[str] = field(default_factory=set)
    """Endpoints to which the next envelopes are held up on the way (`bring_caught`)."""
    caught: list[tuple[str, str, bytes, dict[str, str]]] = field(default_factory=list)
    seen: list[tuple[str, bytes]] = field(default_factory=list)
    change: Callable[[bytes], bytes] = lambda body: body

    def __post_init__(self) -> None:
        super().__init__(Pace())

    def request(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str] | None = None
    ) -> Response:
        endpoint = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"
        if endpoint in self.down:
            raise NotReached(Fault(Side.REC, "connection-refused"), left=False)
        if endpoint in self.catch and url.endswith(ENVELOPES):
            self.catch.discard(endpoint)
            self.caught.append((method, url, body or b"", dict(headers or {})))
            raise NotReached(Fault(Side.PROXY, "connection-lost"), left=True)
        self.seen.append((url, body or b""))
        got = (
            self.apps[endpoint]
            .test_client()
            .open(url, method=method, data=self.change(body or b""), headers=dict(headers or {}))
        )
        if endpoint in self.lose_answer:
            self.lose_answer.discard(endpoint)
            raise NotReached(Fault(Side.PROXY, "connection-lost"), left=True)
        return Response(got.status_code, got.data, {k.lower(): v for k, v in got.headers})

    def bring_caught(self) -> list[Response]:
        """Let everything that was held up arrive at last; nobody waits for the answers any more."""
        caught, self.caught = self.caught, []
        return [self.request(*each) for each in caught]


@dataclass
class Ledger:
    """A product that counts what it is given."""

    received: list[Received] = field(default_factory=list)
    facts: list[DeliveryFact] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    fail: Callable[[Received], None] = lambda _received: None
    also: Callable[[Session, Received], None] = lambda _session, _received: None
    evidence: Evidence | None = None
    """What the product says may stay of what it took in."""
    may_go: Callable[[OutgoingRef], bool] = lambda _ref: True

    def products(self, *, inline: bool = True) -> Products:
        """Return the wiring of a node whose only product this is."""
        products = Products(raise_task=self._alarm)
        for event in Event:
            products.register(
                event,
                receive=self._receive,
                may_still_go=lambda _session, ref: self.may_go(ref),
                on_delivery=self._followed,
                inline=inline,
            )
        return products

    def ids(self) -> list[MessageId]:
        """Return the ids of what was taken in, in order."""
        return [received.message for received in self.received]

    def _alarm(self, session: Session, alarm: Alarm) -> None:
        after_commit(session, lambda: self.alarms.append(alarm))

    def _followed(self, session: Session, fact: DeliveryFact) -> None:
        after_commit(session, lambda: self.facts.append(fact))

    def _receive(self, session: Session, received: Received) -> Evidence | None:
        self.fail(received)
        self.also(session, received)
        after_commit(session, lambda: self.received.append(received))
        return self.evidence


@dataclass
class Site:
    """One node with its ledger."""

    node: Node
    ledger: Ledger
    wire: Wire

    @property
    def db(self) -> Database:
        """The node's database."""
        return self.node.db

    def post(self, *messages: Outgoing, now: datetime = START) -> None:
        """Post in one transaction."""
        with self.db.transaction() as session:
            service.post_all(session, messages, now=now)

    def work(self, now: datetime = START) -> int:
        """Let the node's worker do all that is due, at that time for every node."""
        clock.set_offset(now - datetime.now(UTC))
        return worker.run_once(self.node, now, client=self.wire)

    def delivery(self, message: MessageId, *, agency: AgencyId = KOMMUNE, now: datetime = START) -> Delivery:
        """Return how far a message has come."""
        with self.db.reading() as session:
            return service.delivery(session, agency, message, now=now)


def site(
    db: Database, book: Book, wire: Wire, agencies: Sequence[AgencyId], endpoint: str, *, inline: bool = True
) -> Site:
    """Put a whole node together on an empty database and connect it to the wire."""
    ledger = Ledger()
    products = ledger.products(inline=inline)
    ring = provide(db, book, products, agencies, endpoint=endpoint)
    settings = Settings(
        mode="test",
        node_url=endpoint,
        agencies=tuple(agencies),
        database_url="",
        keys_dir=Path(),
        passphrase_file=Path(),
        anchors_file=Path(),
        directory_source="",
    )
    node = Node(settings=settings, db=db, keyring=ring, products=products)
    wire.apps[endpoint] = app(db)
    return Site(node, ledger, wire)


def app(db: Database) -> Flask:
    """Return an application with nothing but the post office's counter."""
    found = Flask("handover.web")
    found.extensions["handover.db"] = db
    found.register_blueprint(routes.blueprint)
    found.register_blueprint(blob_routes.blueprint)
    return found


def provide(
    db: Database,
    book: Book,
    products: Products,
    agencies: Iterable[AgencyId],
    *,
    endpoint: str,
    pace: Pace | None = None,
    scanner: Scanner | None = None,
) -> Keyring:
    """Make a database a node's: keys, vault, address book, products."""
    ring = keyring.generate(agencies)
    book.keyrings |= dict.fromkeys(ring.agencies, ring)
    book.endpoints |= dict.fromkeys(ring.agencies, endpoint)
    db.provide(Keyring, ring)
    db.provide(Vault, vault.generate(ring.agencies))
    db.provide(Products, products)
    db.provide(Peers, book.peers())
    db.provide(Pace, pace or Pace())
    db.provide(Scanner, scanner or Scanner())
    db.provide(Ways, Ways())
    return ring


def referral(
    *,
    sender: AgencyId = KOMMUNE,
    receiver: AgencyId = DPS,
    message: MessageId | None = None,
    not_before: datetime | None = None,
    text: str = "",
) -> Outgoing:
    """Return a message to post, valid against its profile."""
    message = message or MessageId(new_uuid())
    return Outgoing(
        message=message,
        sender=sender,
        receiver=receiver,
        event=Event.REFERRAL_STATUS,
        payload=orjson.dumps(bundle(message, sender, receiver, text)),
        subject=f"referral/{message}",
        not_before=not_before,
    )


def bundle(message: MessageId, sender: AgencyId, receiver: AgencyId, text: str) -> dict[str, Any]:
    """Return a message Bundle with the given addresses."""
    return status_message(message, sender, receiver, text)


def audited(db: Database) -> list[str]:
    """Return the events in a node's log, in the order they were written."""
    with db.reading() as session:
        return [row.event for row in session.query(AuditEntry).order_by(AuditEntry.at, AuditEntry.id)]


def later(**passed: float) -> datetime:
    """Return the test's start plus what has passed."""
    return START + timedelta(**passed)
