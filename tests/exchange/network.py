"""Nodes in one process for tests: real databases, keys and messages; address book and wire are plain."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy.orm import Session

from handover.audit.tables import AuditEntry
from handover.db import Database
from handover.errors import NotFound
from handover.exchange.model import Alarm, DeliveryFact, Event, Outgoing, OutgoingRef, Pace, Received
from handover.exchange.wiring import Peers, Products
from handover.ids import AgencyId, KeyId, MessageId, new_uuid
from handover.keys import keyring, vault
from handover.keys.errors import EnvelopeRefused, Reason
from handover.keys.keyring import Keyring
from handover.keys.material import PublicEncryptionKey, PublicSigningKey
from handover.keys.vault import Vault
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
class Ledger:
    """A product that counts what it is given."""

    received: list[Received] = field(default_factory=list)
    facts: list[DeliveryFact] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    fail: Callable[[Received], None] = lambda _received: None
    may_go: Callable[[OutgoingRef], bool] = lambda _ref: True

    def products(self, *, inline: bool = True) -> Products:
        """Return the wiring of a node whose only product this is."""
        products = Products(raise_task=lambda _session, alarm: self.alarms.append(alarm))
        for event in Event:
            products.register(
                event,
                receive=self._receive,
                may_still_go=lambda _session, ref: self.may_go(ref),
                on_delivery=lambda _session, fact: self.facts.append(fact),
                inline=inline,
            )
        return products

    def _receive(self, _session: Session, received: Received) -> None:
        self.fail(received)
        self.received.append(received)


def provide(
    db: Database,
    book: Book,
    products: Products,
    agencies: Iterable[AgencyId],
    *,
    endpoint: str,
    pace: Pace | None = None,
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
