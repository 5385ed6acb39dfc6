"""One node of the kill test as real processes: the whole application under granian, and a worker beside it.

Each node refers patients to the other: its referrer writes and sends, the other's clinician takes. Keys are
derived from the agency's number, so that a process that starts again has the same ones. The DPS answers in the
request; the municipality gives a receipt and lets its worker acknowledge, so that both ways are killed.
"""

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final
from uuid import UUID

from flask import Flask
from flask.typing import ResponseReturnValue
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server as Granian

from handover import clock, web, worker
from handover.access import machines
from handover.actors import Role, Staff
from handover.app import Node, assemble, create_app
from handover.config import Settings
from handover.db import Database
from handover.demo.people import patients
from handover.directory import documents
from handover.directory import service as directory
from handover.directory.model import LIFETIME, Agency, Anchors, Directory, ListedKey
from handover.exchange import crash
from handover.exchange.model import Event, Pace
from handover.exchange.scanning import Scanner
from handover.ids import AgencyId, ReferralId, ServiceId
from handover.keys.keyring import AgencyKeys, Keyring
from handover.keys.material import ClientKey, EncryptionKey, SigningKey, StorageKey
from handover.person.model import Identity
from handover.referral import service
from handover.referral.lifecycle import Side, Status
from handover.referral.service import Turn
from tests import builders
from tests.builders import DPS, FACT, INTAKE, MUNICIPALITY, OUTPATIENT, PSYCHOLOGIST
from tests.referral.nodes import content, staff

PACE: Final = Pace(
    first=timedelta(milliseconds=100),
    cap=timedelta(seconds=1),
    lease=timedelta(seconds=2),
    connect_timeout=1.0,
    answer_timeout=3.0,
)
PATIENTS: Final = patients()
COMMUNITY: Final = "helsefellesskap-fjordheim"


@dataclass(frozen=True)
class Desk:
    """Who refers from an agency and from where, and where and by whom what it gets is taken."""

    referrer: Staff
    home: ServiceId
    receives_at: ServiceId
    taker: Staff


DESKS: Final[Mapping[AgencyId, Desk]] = {
    MUNICIPALITY: Desk(
        staff(1, "Per Psykolog", MUNICIPALITY, PSYCHOLOGIST, Role.REFERRER),
        PSYCHOLOGIST,
        FACT,
        staff(2, "Fatima Fact", MUNICIPALITY, FACT, Role.CLINICIAN),
    ),
    DPS: Desk(
        staff(3, "Petra Poliklinikk", DPS, OUTPATIENT, Role.REFERRER),
        OUTPATIENT,
        INTAKE,
        staff(4, "Ola Overlege", DPS, INTAKE, Role.CLINICIAN),
    ),
}


def other(agency: AgencyId) -> AgencyId:
    """Return the agency at the other node."""
    return DPS if agency == MUNICIPALITY else MUNICIPALITY


def keys_of(agency: AgencyId, made_at: datetime | None = None) -> AgencyKeys:
    """Return an agency's keys, the same in every process."""
    return AgencyKeys(
        sig=SigningKey.from_material(_material(agency, "sig")),
        enc=(EncryptionKey.from_material(_material(agency, "enc"), created_at=made_at),),
        audit=SigningKey.from_material(_material(agency, "audit")),
        client=ClientKey.from_material(_material(agency, "client")),
        storage=(StorageKey.from_material(_material(agency, "storage")),),
    )


def _material(whose: str, use: str) -> bytes:
    return b"\x01" + sha256(f"{whose}|{use}".encode()).digest()[1:]


def _anchor() -> SigningKey:
    return SigningKey.from_material(_material("community", "anchor"))


def open_node(agency: AgencyId, url: str) -> Node:
    """Put one node together over its database."""
    db = Database(url)
    anchor = _anchor().public
    directory.open_book(db, Anchors(community=COMMUNITY, keys={anchor.kid: anchor}))
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
    node = assemble(settings, db, Keyring({agency: keys_of(agency)}))
    db.provide(Pace, PACE)
    db.provide(Scanner, Scanner())
    inline = agency == DPS
    for event, receive in (
        (Event.REFERRAL_REQUEST, service.receive_request),
        (Event.REFERRAL_UPDATE, service.receive_update),
        (Event.REFERRAL_STATUS, service.receive_status),
    ):
        node.products.register(event, receive=receive, on_delivery=service.on_delivery, inline=inline)
    return node


def introduce(nodes: list[Node], endpoints: Mapping[AgencyId, str]) -> None:
    """Sign a directory and everybody's statement, and let each node have them."""
    now = clock.now()
    keys = {agency: keys_of(agency, now) for agency in endpoints}
    listed = Directory(
        community=COMMUNITY,
        version=1,
        iat=now,
        exp=now + LIFETIME,
        agencies={
            agency: Agency(
                id=agency,
                name=builders.NAMES[agency],
                endpoint=endpoint,
                keys=(ListedKey(key=keys[agency].sig.public, not_before=now - timedelta(days=1)),),
            )
            for agency, endpoint in endpoints.items()
        },
    )
    signed = documents.sign_directory(listed, anchor=_anchor())
    for node in nodes:
        with node.db.transaction() as session:
            directory.accept_directory(session, signed, now=now)
            for agency, held in keys.items():
                statement = builders.make_statement(agency, held, now)
                directory.accept_statement(session, statement, agency=agency, now=now)


def make_app(node: Node) -> Flask:
    """Return the node's web application, and ways for the test to let its people write, send and take."""
    app = create_app(node)
    agency = node.settings.agencies[0]
    desk = DESKS[agency]

    @app.post("/test/write/<int:number>")
    @machines("the kill test")
    def write(number: int) -> ResponseReturnValue:
        written = content(patient=_patient(number))
        to = DESKS[other(agency)].receives_at
        with web.transaction() as session:
            draft = service.create_draft(
                session, by=desk.referrer, service=desk.home, now=clock.now(), content=written, to=to
            )
        return str(draft.standing.referral), 201

    @app.post("/test/send/<uuid:referral>")
    @machines("the kill test")
    def send(referral: UUID) -> ResponseReturnValue:
        turn = Turn(referral=ReferralId(referral), by=desk.referrer, now=clock.now(), side=Side.REFERRER)
        with web.transaction() as session:
            if service.show(session, turn).standing.status is not Status.DRAFT:
                return "sent before", 200
            service.send(session, turn, undo=timedelta())
        return "sent", 201

    @app.post("/test/take/<uuid:referral>")
    @machines("the kill test")
    def take(referral: UUID) -> ResponseReturnValue:
        turn = Turn(referral=ReferralId(referral), by=desk.taker, now=clock.now(), side=Side.RECEIVER)
        with web.transaction() as session:
            if service.show(session, turn).standing.status is not Status.RECEIVED:
                return "taken before", 200
            service.take(session, turn)
        return "taken", 201

    return app


def _patient(number: int) -> Identity:
    one = PATIENTS[number % len(PATIENTS)]
    return Identity(given=one.given, family=one.family, birth_date=one.born, number=one.number)


def node_of_environment() -> Node:
    """Return the node that this process is told to be."""
    return open_node(AgencyId(os.environ["KILL_AGENCY"]), os.environ["KILL_DATABASE"])


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
