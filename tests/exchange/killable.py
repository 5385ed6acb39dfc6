"""One node of the kill test as real processes: `application` under granian, and a worker beside it.

Keys are derived from the agency's number, so that a process that starts again has the same ones. The product is a
ledger with one row for each time it was given a message: a second row would be a second effect.
"""

import os
import signal
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from flask import Flask
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server as Granian
from sqlalchemy import Integer, Uuid, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from handover import clock, web, worker
from handover.app import Node
from handover.config import Settings
from handover.db import Database
from handover.exchange import crash, routes, service, store
from handover.exchange.model import Event, Pace, Received
from handover.exchange.wiring import Peers, Products
from handover.ids import AgencyId, MessageId
from handover.keys.keyring import AgencyKeys, Keyring
from handover.keys.material import ClientKey, EncryptionKey, SigningKey, StorageKey
from handover.keys.vault import Vault, open_vault
from tests.exchange.network import DPS, KOMMUNE, Book, referral

PACE = Pace(
    first=timedelta(milliseconds=100),
    cap=timedelta(seconds=1),
    lease=timedelta(seconds=2),
    connect_timeout=1.0,
    answer_timeout=3.0,
)


class Ledger(DeclarativeBase):
    """The tables of the test's own product, beside those of the program."""


class Given(Ledger):
    """One time that the product was given a message."""

    __tablename__ = "test_given"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    message: Mapped[UUID] = mapped_column(Uuid)


def keys_of(agency: AgencyId) -> AgencyKeys:
    """Return an agency's keys, the same in every process."""

    def material(use: str) -> bytes:
        return b"\x01" + sha256(f"{agency}|{use}".encode()).digest()[1:]

    return AgencyKeys(
        sig=SigningKey.from_material(material("sig")),
        enc=(EncryptionKey.from_material(material("enc")),),
        audit=SigningKey.from_material(material("audit")),
        client=ClientKey.from_material(material("client")),
        storage=(StorageKey.from_material(material("storage")),),
    )


def open_node(agency: AgencyId, url: str, endpoints: dict[AgencyId, str], *, inline: bool) -> Node:
    """Put one node together over its database."""
    db = Database(url)
    ring = Keyring({agency: keys_of(agency)})
    book = Book(
        keyrings={each: Keyring({each: keys_of(each)}) for each in (KOMMUNE, DPS)}, endpoints=dict(endpoints)
    )
    products = Products()
    for event in Event:
        products.register(event, receive=_receive, inline=inline)
    db.provide(Keyring, ring)
    db.provide(Products, products)
    db.provide(Peers, book.peers())
    db.provide(Pace, PACE)
    db.provide(Vault, open_vault(db, ring, now=clock.now()))
    settings = Settings(
        mode="test",
        node_url=endpoints[agency],
        agencies=(agency,),
        database_url=url,
        keys_dir=Path(),
        passphrase_file=Path(),
        anchors_file=Path(),
        directory_source="",
    )
    return Node(settings=settings, db=db, keyring=ring, products=products)


def node_of_environment() -> Node:
    """Return the node that this process is told to be."""
    agency = AgencyId(os.environ["KILL_AGENCY"])
    endpoints = {KOMMUNE: os.environ["KILL_KOMMUNE"], DPS: os.environ["KILL_DPS"]}
    return open_node(agency, os.environ["KILL_DATABASE"], endpoints, inline=agency == DPS)


def make_app(node: Node) -> Flask:
    """Return the node's web application: the post office's counter, and a way for the test to post."""
    app = Flask("handover.web")
    app.extensions["handover.db"] = node.db
    app.register_blueprint(routes.blueprint)
    sender = node.settings.agencies[0]
    receiver = DPS if sender == KOMMUNE else KOMMUNE

    @app.post("/test/post/<uuid:message>")
    def post(message: UUID) -> tuple[str, int]:
        with web.transaction() as session:
            if store.outgoing(session, sender, MessageId(message)) is not None:
                return "accepted before", 200
            outgoing = referral(sender=sender, receiver=receiver, message=MessageId(message))
            service.post(session, outgoing, now=clock.now())
        return "accepted", 201

    return app


def given(db: Database) -> list[UUID]:
    """Return every message the product was given, once for each time."""
    with db.reading() as session:
        return list(session.scalars(select(Given.message)))


def _receive(session: Session, received: Received) -> None:
    session.add(Given(message=received.message))


def application() -> Flask:
    """Return the application that granian serves."""
    return make_app(node_of_environment())


def run(role: str, environment: dict[str, str], log: str, mark: str) -> None:
    """Be one process until killed: `web` (granian and its worker process) or `worker`, in a session of its own."""
    os.setsid()
    os.environ.update(environment)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    crash.arm(os.environ, kill=partial(_die, mark))
    if role == "worker":
        worker.run(node_of_environment())
        return
    Granian(
        "tests.exchange.killable:application",
        factory=True,
        address="127.0.0.1",
        port=int(os.environ["KILL_PORT"]),
        interface=Interfaces.WSGI,
        websockets=False,
        blocking_threads=4,
        log_level=LogLevels.error,
    ).serve()


def _die(mark: str) -> None:
    Path(mark).touch()
    os.kill(os.getpid(), signal.SIGKILL)
