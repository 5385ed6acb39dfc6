"""The product itself: node A (posts, sends, settles) in this process, node B under granian in another.

Everything is on: the signed directory, strict validation, audit, sealing at rest, delivery history, group commit,
the worker with its leases. Only the product behind the exchange is empty: the message stays where it was stored.
"""

import http.client
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from flask import Flask
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from bench.load import Template
from bench.measure import Send
from handover import clock, migrations, worker
from handover.access import machines
from handover.app import Node, assemble, collect_seldom, create_app
from handover.audit import service as audit
from handover.bundle import fhir as handover
from handover.config import Settings
from handover.db import Database, after_commit
from handover.directory import documents
from handover.directory import service as directory
from handover.directory.model import LIFETIME, Agency, Anchors, Directory, ListedKey, PublishedKey, Statement
from handover.exchange import blobs, service
from handover.exchange.lifecycle import State
from handover.exchange.model import DeliveryFact, Event, Outgoing, Received
from handover.ids import AgencyId, MessageId
from handover.keys.keyring import AgencyKeys, Keyring
from handover.keys.material import ClientKey, EncryptionKey, SigningKey, StorageKey

COMMUNITY: Final = "bench"
PATIENCE: Final = 30.0
"""Seconds until a message that is not acknowledged ends the run."""


class Commits:
    """Counts durable commits of one process."""

    def __init__(self, db: Database) -> None:
        self.count = 0
        event.listen(db.engine, "commit", self._committed)

    def _committed(self, connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("handover_writing", True) and options.get("handover_durable", True):
            self.count += 1


def _material(whose: str) -> bytes:
    return b"\x01" + sha256(f"bench|{whose}".encode()).digest()[1:]


def keys_of(agency: AgencyId, now: datetime) -> AgencyKeys:
    """Return an agency's keys, the same in both processes."""
    return AgencyKeys(
        sig=SigningKey.from_material(_material(f"{agency}|sig")),
        enc=(EncryptionKey.from_material(_material(f"{agency}|enc"), created_at=now),),
        audit=SigningKey.from_material(_material(f"{agency}|audit")),
        client=ClientKey.from_material(_material(f"{agency}|client")),
        storage=(StorageKey.from_material(_material(f"{agency}|storage")),),
    )


def open_node(agency: AgencyId, url: str) -> Node:
    """Put one node together over its database."""
    db = Database(url)
    anchor = SigningKey.from_material(_material("anchor"))
    directory.open_book(db, Anchors(community=COMMUNITY, keys={anchor.kid: anchor.public}))
    settings = Settings(
        mode="test",
        node_url="http://127.0.0.1",
        agencies=(agency,),
        database_url=url,
        keys_dir=Path(),
        passphrase_file=Path(),
        anchors_file=Path(),
        directory_source="",
    )
    node = assemble(settings, db, Keyring({agency: keys_of(agency, clock.now())}))
    for left in (Event.REFERRAL_REQUEST, Event.CARE_MESSAGE):
        node.products.register(left, receive=_leave_it)
    node.products.register(Event.HANDOVER_BUNDLE, receive=_open_it)
    return node


def prepare(urls: dict[AgencyId, str], endpoints: dict[AgencyId, str]) -> None:
    """Make both databases, with the signed directory and statements in them."""
    now = clock.now()
    anchor = SigningKey.from_material(_material("anchor"))
    held = {agency: keys_of(agency, now) for agency in urls}
    agencies = {
        agency: Agency(
            id=agency,
            name=agency,
            endpoint=endpoints[agency],
            keys=(ListedKey(key=keys.sig.public, not_before=now - timedelta(days=1)),),
        )
        for agency, keys in held.items()
    }
    listed = Directory(community=COMMUNITY, version=1, iat=now, exp=now + LIFETIME, agencies=agencies)
    signed = documents.sign_directory(listed, anchor=anchor)
    for agency, url in urls.items():
        db = Database(url)
        migrations.all_tables().create_all(db.engine)
        db.engine.dispose()
        node = open_node(agency, url)
        with node.db.transaction() as session:
            directory.accept_directory(session, signed, now=now)
            for other, keys in held.items():
                published = tuple(PublishedKey(key=key.public, published_at=key.created_at) for key in keys.enc)
                statement = Statement(agency=other, iat=now, exp=now + LIFETIME, keys=published, services=())
                jws = documents.sign_statement(statement, signer=keys.sig)
                directory.accept_statement(session, jws, agency=other, now=now)
        node.db.engine.dispose()


def application() -> Flask:
    """Return node B's application, as granian serves it, with a count of its commits beside it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    collect_seldom()
    node = open_node(AgencyId(os.environ["BENCH_AGENCY"]), os.environ["BENCH_DATABASE"])
    app = create_app(node)
    commits = Commits(node.db)

    @app.get("/bench/commits")
    @machines("a number")
    def count() -> str:
        return str(commits.count)

    @app.get("/bench/order")
    @machines("nothing but work")
    def order() -> str:
        for agency in node.keyring.agencies:
            audit.sequence(node.db, agency)
        return ""

    return app


def _open_it(session: Session, received: Received) -> None:
    """Read the document and decrypt its files, as a product does; keep nothing."""
    _, named = handover.read_handed(received.resource)
    blobs.take_all(session, received, named)


def _leave_it(_session: Session, _received: Received) -> None:
    return None


class Sending:
    """Node A: posts and waits until the acknowledgement is stored."""

    def __init__(self, node: Node, template: Template, receiver_at: str, receiver_pid: int) -> None:
        self.node = node
        self.receiver_pid = receiver_pid
        self._template = template
        self._receiver_at = receiver_at
        self._waiting: dict[MessageId, threading.Semaphore] = {}
        self._commits = Commits(node.db)
        node.products.register(template.event, receive=_leave_it, on_delivery=self._followed)
        node.products.register(Event.HANDOVER_BUNDLE, receive=_open_it, on_delivery=self._followed)

    def make_sender(self) -> Send:
        """Return one closed loop's step."""

        def send(count: int) -> None:
            messages = [self._outgoing() for _ in range(count)]
            self.deliver(lambda _: messages)

        return send

    def deliver(self, make: Callable[[Session], Sequence[Outgoing]]) -> None:
        """Post what is made, in the transaction it is made in, and wait until every acknowledgement is stored."""
        arrived = threading.Semaphore(0)
        with self.node.db.transaction() as session:
            messages = make(session)
            for message in messages:
                self._waiting[message.message] = arrived
            service.post_all(session, messages, now=clock.now())
        for _ in messages:
            if not arrived.acquire(timeout=PATIENCE):
                raise TimeoutError("no acknowledgement")

    def commits(self) -> int:
        """Return the durable commits of both nodes so far."""
        return self._commits.count + int(self._asked("/bench/commits"))

    def order_logs(self) -> None:
        """Give both nodes' log rows their places, which the workers else do every few seconds."""
        for agency in self.node.keyring.agencies:
            audit.sequence(self.node.db, agency)
        self._asked("/bench/order")

    def _asked(self, path: str) -> bytes:
        connection = http.client.HTTPConnection(urlsplit(self._receiver_at).netloc, timeout=PATIENCE)
        connection.request("GET", path)
        answer = connection.getresponse().read()
        connection.close()
        return answer

    def _outgoing(self) -> Outgoing:
        message, payload = self._template.message(uuid4())
        return Outgoing(
            message=message,
            sender=self._template.sender,
            receiver=self._template.receiver,
            event=self._template.event,
            payload=payload,
            subject=f"{self._template.event}/{message}",
        )

    def _followed(self, session: Session, fact: DeliveryFact) -> None:
        if fact.state is not State.ACKNOWLEDGED:
            raise RuntimeError(f"{fact.state}: {fact.fault} {fact.problems}")
        after_commit(session, self._waiting.pop(fact.message).release)


@contextmanager
def running(urls: tuple[str, str], template: Template) -> Iterator[Sending]:
    """Run both nodes on these databases, each in a process as it is served; gives the sending one."""
    collect_seldom()
    port = _free_port()
    at = f"http://127.0.0.1:{port}"
    by_agency = dict(zip((template.sender, template.receiver), urls, strict=True))
    prepare(by_agency, {template.sender: "http://127.0.0.1:9", template.receiver: at})
    process = _granian(template.receiver, urls[1], port)
    stop = threading.Event()
    sending = Sending(open_node(template.sender, urls[0]), template, at, process.pid)
    working = threading.Thread(target=worker.work, args=(sending.node, stop))
    try:
        _wait_until_up(sending)
        working.start()
        yield sending
    finally:
        stop.set()
        sending.node.products.wake.set()
        if working.ident is not None:
            working.join()
        process.terminate()
        process.wait()
        sending.node.db.engine.dispose()


def _granian(agency: AgencyId, url: str, port: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--log-level", "warning"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--runtime-mode", "st", "--blocking-threads", "4"]
    environment = {**os.environ, "BENCH_AGENCY": agency, "BENCH_DATABASE": url, "HANDOVER_MODE": "test"}
    return subprocess.Popen([*command, "--factory", "bench.product:application"], env=environment)


def _wait_until_up(sending: Sending) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(OSError):
            sending.commits()
            return
        time.sleep(0.05)
    raise TimeoutError("node B does not come up")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
