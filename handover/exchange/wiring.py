"""What the post office learns from above: who receives an event, what may still go, whom to alarm.

`app.py` registers every product here at start; the exchange itself imports none of them.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from secrets import token_hex

from sqlalchemy.orm import Session

from handover.errors import NotFound
from handover.exchange.model import Alarm, DeliveryFact, Event, LateDocument, OutgoingRef, Received
from handover.ids import AgencyId, KeyId
from handover.keys.material import PublicEncryptionKey, PublicSigningKey


class Evidence(StrEnum):
    """What stays of a message that was taken in, beside its id, its digest and our acknowledgement."""

    SIGNED = "signed"
    """The signed bytes, sealed (DESIGN section 5): what a product says that says nothing."""
    DIGEST = "digest"
    """Nothing more: its content may not be kept here."""


Receive = Callable[[Session, Received], Evidence | None]
MayStillGo = Callable[[Session, OutgoingRef], bool]
OnDelivery = Callable[[Session, DeliveryFact], None]
OnDocument = Callable[[Session, LateDocument], None]
OnInfected = Callable[[Session, Received], None]
RaiseTask = Callable[[Session, Alarm], None]


class UnknownEvent(NotFound):
    """No product here takes messages of that kind."""

    code = "exchange.unknown-event"


def _always(_session: Session, _ref: OutgoingRef) -> bool:
    return True


def _ignore(_session: Session, _fact: object) -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class Product:
    """How one event is received, checked before sending, and followed."""

    receive: Receive
    """Takes the message in, in the transaction that stores it. Invalid or NotFound become a signed `fatal-error`;
    any other exception a `transient-error`, and the sender tries again. What it returns is what stays of it."""
    may_still_go: MayStillGo = _always
    """Asked in the transaction that takes a message for sending; False stops it (rule 15)."""
    on_delivery: OnDelivery = _ignore
    """Told every change of a message's delivery, in the same transaction."""
    inline: bool = True
    """Whether the answer is given in the same request; else a receipt, and the worker acknowledges later."""
    on_document: OnDocument | None = None
    """Given the documents that the virus scanner had not looked at when their message was taken in (with
    `blobs.take_looked_at`). None: the message waits whole, and is refused whole."""
    on_infected: OnInfected = _ignore
    """Told that a message was refused whole because a document of it holds a virus: nothing of it is here."""


@dataclass
class Products:
    """The node's products by event. Reached by `provided(session, Products)`."""

    raise_task: RaiseTask = _ignore
    """Called in the transaction that found the reason; set by `app.py`."""
    wake: threading.Event = field(default_factory=threading.Event)
    """Set after every commit that gave this process's worker something to do."""
    process: str = field(default_factory=partial(token_hex, 8))
    """Signs this process's NOTIFYs: what its own threads posted, its worker has heard already."""
    posted: deque[tuple[AgencyId, AgencyId]] = field(default_factory=lambda: deque(maxlen=1000))
    """(sender, receiver) of each message this process has just posted: a hint for its worker, which also looks."""
    known_ways: set[tuple[AgencyId, AgencyId]] = field(default_factory=set)
    """(sender, receiver) pairs of which this process knows that they are stored."""
    _by_event: dict[Event, Product] = field(default_factory=dict)

    def register(
        self,
        event: Event,
        *,
        receive: Receive,
        may_still_go: MayStillGo = _always,
        on_delivery: OnDelivery = _ignore,
        inline: bool = True,
        on_document: OnDocument | None = None,
        on_infected: OnInfected = _ignore,
    ) -> None:
        """Say what belongs to `event`; the last one registered counts."""
        self._by_event[event] = Product(
            receive=receive,
            may_still_go=may_still_go,
            on_delivery=on_delivery,
            inline=inline,
            on_document=on_document,
            on_infected=on_infected,
        )

    def product(self, event: Event) -> Product:
        """Return what was registered. Raises UnknownEvent."""
        found = self._by_event.get(event)
        if found is None:
            raise UnknownEvent(event=event.value)
        return found


@dataclass(frozen=True, kw_only=True)
class Peers:
    """What the exchange asks about other agencies. Reached by `provided(session, Peers)`; `app.py` fills it in."""

    endpoint: Callable[[Session, AgencyId], str]
    """The node's base address; raises NotFound for an agency that is not in the directory."""
    encryption_key: Callable[[Session, AgencyId, datetime], PublicEncryptionKey]
    """What to seal to now; raises NotFound when the agency's statement is missing or too old."""
    signing_key: Callable[[Session, AgencyId, KeyId, datetime], PublicSigningKey]
    """A key valid for what is received at that instant; raises EnvelopeRefused."""
    refresh: Callable[[AgencyId], None]
    """Pulls directory and that agency's statement anew (after `unknown-kid`); outside every transaction."""
