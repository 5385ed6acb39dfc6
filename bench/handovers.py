"""A handover of 40 items with three attachments of 1 MB: assembled, sealed and delivered, beside a raw floor.

Both nodes are the product's own (`bench.product`): the document is assembled, its files are encrypted, everything
is uploaded, opened, checked and stored over loopback, and the signed acknowledgement is stored at the sender. The
floor does only what no program can leave out: encrypt, hash, store durably, send, hash, decrypt, store, answer.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from hashlib import sha256
from statistics import median
from typing import Any, Final
from uuid import uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

from bench import floor, product
from bench.databases import places
from bench.load import Template
from handover import clock
from handover.bundle import assembly, fhir
from handover.bundle.model import (
    Approval,
    Author,
    Content,
    CrisisStep,
    File,
    Handed,
    Identity,
    Kind,
    Level,
    Medicine,
    Part,
    Party,
    Released,
    RequestId,
    Topic,
    TopicCode,
)
from handover.exchange import blobs
from handover.exchange.model import Event, Outgoing
from handover.ids import HandoverId, MessageId, ServiceId

ROUNDS: Final = 9
ITEMS: Final = 40
FILES: Final = 3
FILE_BYTES: Final = 1024 * 1024
TARGET: Final = 0.2
"""The share of the floor that is enough: a patient presses «send» once, and it is gone in half a second."""

Row = dict[str, Any]

_WORDS: Final = "Det hjelper når noen ringer først, og at planen er skrevet ned. " * 6
_TOPICS: Final = tuple(
    Topic(code=TopicCode(code), kind=kind, part=part, name={"nb": code}, help={}, section=code, permit=code)
    for code, kind, part in (
        ("important-now", Kind.TEXT, Part.NEED_NOW),
        ("medicines", Kind.MEDICINE, Part.NEED_NOW),
        ("crisis-plan", Kind.CRISIS, Part.CRISIS),
        ("plans", Kind.TEXT, Part.PLANS),
        ("documents", Kind.DOCUMENT, Part.HISTORY),
    )
)


def measured(kinds: Sequence[str], out: Console) -> list[Row]:
    """Measure on these kinds of database; prints the table and returns its rows."""
    rows = [_measured(kind) for kind in kinds]
    out.print(_table(rows))
    return rows


def _measured(kind: str) -> Row:
    template = Template()
    plain = [os.urandom(FILE_BYTES) for _ in range(FILES)]
    released = _released(template, plain)
    with places(kind, 4) as urls, ExitStack() as stack:
        wire = stack.enter_context(_wire(urls[0], urls[1]))
        sending = stack.enter_context(product.running((urls[2], urls[3]), template))
        pairs = [
            (_timed(lambda: wire.deliver(plain)), _handed(sending, released, plain)) for _ in range(ROUNDS + 1)
        ]
    theirs, ours, assembled, size = zip(*((raw, *mine) for raw, mine in pairs[1:]), strict=True)
    return {
        "case": "handover",
        "db": kind,
        "senders": 1,
        "batch": 1,
        "ours_per_s": round(1 / median(ours), 2),
        "floor_per_s": round(1 / median(theirs), 2),
        "ratio": round(median(raw / mine for raw, mine in zip(theirs, ours, strict=True)), 3),
        "p50_ms": round(median(ours) * 1000, 1),
        "p99_ms": round(max(ours) * 1000, 1),
        "assemble_ms": round(median(assembled) * 1000, 2),
        "document_bytes": size[0],
    }


def _released(template: Template, plain: Sequence[bytes]) -> Released:
    sender = Party(template.sender, ServiceId("91001"))
    author = Author(name="Siri Psykolog", title="psykolog", phone="+47 55 50 10 01", agency=sender.agency)
    files = [
        File(name=f"{number}.pdf", content_type="application/pdf", length=len(each), sha256=sha256(each).digest())
        for number, each in enumerate(plain)
    ]
    texts = [_content(number) for number in range(ITEMS - FILES)]
    order = [topic.code for topic in _TOPICS]
    return Released(
        handover=HandoverId(uuid4()),
        patient=Identity(given="Kari Anne", family="Fjord", birth_date=date(1990, 5, 3), number="03859012345"),
        sender=sender,
        receiver=Party(template.receiver, ServiceId("92001")),
        author=author,
        items=(
            *sorted(texts, key=lambda content: order.index(content.topic)),
            *(Content(topic=TopicCode("documents"), file=file) for file in files),
        ),
        topics=_TOPICS,
        wants_meeting=True,
    )


def _content(number: int) -> Content:
    match number % 4:
        case 0:
            return Content(topic=TopicCode("medicines"), details=Medicine(name=f"Medisin {number}", dose="50 mg"))
        case 1:
            step = CrisisStep(level=Level.YELLOW, signs=_WORDS, i_do=_WORDS, who="Legevakt 116 117")
            return Content(topic=TopicCode("crisis-plan"), details=step)
        case 2:
            return Content(topic=TopicCode("plans"), text=_WORDS)
    return Content(topic=TopicCode("important-now"), text=_WORDS, own_words=_WORDS)


def _handed(sending: product.Sending, released: Released, plain: Sequence[bytes]) -> tuple[float, float, int]:
    """Assemble, seal and deliver once; return seconds in all, seconds of assembling, and bytes of the document."""
    released = replace(released, handover=HandoverId(uuid4()))
    began = time.perf_counter()
    made = assembly.assemble(released, new_id=uuid4, now=clock.now())
    assembled = time.perf_counter() - began
    sending.deliver(lambda session: [_outgoing(session, released, made, plain)])
    return time.perf_counter() - began, assembled, len(made)


def _outgoing(session: Session, released: Released, made: bytes, plain: Sequence[bytes]) -> Outgoing:
    now, message = clock.now(), MessageId(uuid4())
    sealed = [
        blobs.seal(session, released.sender.agency, each, content_type="application/pdf", now=now)
        for each in plain
    ]
    sent = Handed(
        request=RequestId(uuid4()),
        handover=released.handover,
        reference="4KQ7-M2XB",
        round=1,
        sender=released.sender,
        receiver=released.receiver,
        document=made,
        approval=Approval(sha256=sha256(made).hexdigest(), at=now, by_patient=True),
        sent_at=now,
    )
    return Outgoing(
        message=message,
        sender=released.sender.agency,
        receiver=released.receiver.agency,
        event=Event.HANDOVER_BUNDLE,
        payload=fhir.handed(sent, sealed, message=message),
        subject=f"handover/{message}",
        attachments=tuple(sealed),
    )


def _timed(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


class _Wire:
    """The floor: two raw stores with a socket between them, the receiving end in a thread of its own."""

    def __init__(self, ours: floor.Store, theirs: floor.Store) -> None:
        self._ours, self._theirs = ours, theirs
        self._near, self._far = socket.socketpair()
        self._key = AESGCM(os.urandom(32))
        threading.Thread(target=self._receive, daemon=True).start()

    def deliver(self, plain: Sequence[bytes]) -> None:
        """Encrypt, hash, store, send; wait for the answer and store it."""
        sealed = [(os.urandom(12), each) for each in plain]
        ciphers = [nonce + self._key.encrypt(nonce, each, None) for nonce, each in sealed]
        names = [
            sha256(each).digest() + sha256(clear).digest() for each, clear in zip(ciphers, plain, strict=True)
        ]
        own = os.urandom(16)
        self._ours.insert([(own + name, cipher, b"") for name, cipher in zip(names, ciphers, strict=True)])
        for cipher in ciphers:
            self._near.sendall(len(cipher).to_bytes(4, "big") + cipher)
        answer = self._near.recv(1)
        self._ours.acknowledge([(answer, own + name) for name in names])

    def close(self) -> None:
        """End the receiving thread."""
        self._near.close()

    def _receive(self) -> None:
        stream = self._far.makefile("rb")
        while head := stream.read(4):
            ciphers = [stream.read(int.from_bytes(head, "big"))]
            ciphers += [stream.read(int.from_bytes(stream.read(4), "big")) for _ in range(FILES - 1)]
            own = os.urandom(16)
            self._theirs.insert([(own + sha256(each).digest(), each, b"") for each in ciphers])
            for each in ciphers:
                sha256(self._key.decrypt(each[:12], each[12:], None)).digest()
            self._far.sendall(b"\x01")


@contextmanager
def _wire(ours: str, theirs: str) -> Iterator[_Wire]:
    wire = _Wire(floor.open_store(ours), floor.open_store(theirs))
    try:
        yield wire
    finally:
        wire.close()


def _table(rows: Sequence[Row]) -> Table:
    title = f"Handovers of {ITEMS} items with {FILES} files of 1 MB: assembled, sealed, delivered and acknowledged"
    found = Table(title=title)
    for name in (
        "db",
        "ours/s",
        "floor/s",
        "ratio",
        "target",
        "p50 ms",
        "max ms",
        "assemble ms",
        "document bytes",
    ):
        found.add_column(name, justify="right")
    for row in rows:
        found.add_row(
            row["db"],
            f"{row['ours_per_s']:.1f}",
            f"{row['floor_per_s']:.1f}",
            f"{row['ratio']:.2f}{'' if row['ratio'] >= TARGET else ' !'}",
            f"{TARGET:.2f}",
            f"{row['p50_ms']:.0f}",
            f"{row['p99_ms']:.0f}",
            f"{row['assemble_ms']:.1f}",
            str(row["document_bytes"]),
        )
    return found
