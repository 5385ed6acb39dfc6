"""A whole region for journeys: three nodes over real HTTP, each with its own database, keys and worker.

Node `kommune` hosts the municipality and NAV, `dps` the DPS, `havnes` a neighbouring DPS. What the network and the
clocks do is set on each `Site`. After every act the rules are looked at (`rules.py`); `prove` does so at the end.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from threading import Thread
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

from handover import clock, logs, worker
from handover.actors import Role, Staff
from handover.app import Node, assemble, create_app
from handover.config import Settings
from handover.db import Database, provided
from handover.directory import documents
from handover.directory import service as directory
from handover.directory.model import LIFETIME, Agency, Anchors, Directory, ListedKey, PublishedKey, Statement
from handover.exchange.client import Client
from handover.exchange.model import Pace
from handover.ids import AgencyId, ReferralId, ServiceId
from handover.keys import vault
from handover.keys.keyring import AgencyKeys, Keyring
from handover.keys.material import SigningKey, new_material
from handover.keys.vault import Vault
from handover.referral.lifecycle import Side
from handover.referral.service import Turn
from tests import builders
from tests.builders import DPS, MUNICIPALITY, NAV
from tests.exchange.network import Wire
from tests.journeys import rules
from tests.referral.nodes import SENIOR, START, Town, staff

HAVNES: Final = AgencyId("310000280")
HAVNES_INTAKE: Final = ServiceId("8000041")
HOSTED: Final = {"kommune": (MUNICIPALITY, NAV), "dps": (DPS,), "havnes": (HAVNES,)}
NAMES: Final = {**builders.NAMES, HAVNES: "Havnes DPS"}
SERVICES: Final = {
    **builders.SERVICES,
    DPS: (*builders.SERVICES[DPS], builders.make_service(SENIOR, DPS, "Alderspsykiatri", "8668:PV04")),
    HAVNES: (builders.make_service(HAVNES_INTAKE, HAVNES, "Inntak Havnes", "8668:PV"),),
}
HANNE: Final = staff(20, "Hanne Havn", HAVNES, HAVNES_INTAKE, Role.INTAKE)
SAMIR: Final = staff(21, "Samir Selje", DPS, SENIOR, Role.INTAKE, Role.CLINICIAN)


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing."""


@dataclass
class Site:
    """One node, its door to the network, and what is wrong there."""

    name: str
    node: Node
    app: Flask
    client: Client
    port: int
    skew: timedelta = timedelta()
    """How wrong this node's clock is."""
    lose_answers: int = 0
    """So many answers that are on their way are lost by a proxy."""
    asked: list[str] = field(default_factory=list)
    """Every address that was asked for."""
    _server: BaseWSGIServer | None = None

    @property
    def db(self) -> Database:
        """The node's database."""
        return self.node.db

    def open(self) -> None:
        """Let others reach the node."""
        server = make_server("127.0.0.1", self.port, self, threaded=True, request_handler=_Quiet)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self._server = server

    def close(self) -> None:
        """Let nobody reach the node."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @contextmanager
    def own_clock(self) -> Iterator[datetime]:
        """What happens here happens by this node's clock."""
        before = clock.now() - datetime.now(UTC)
        clock.set_offset(before + self.skew)
        try:
            yield clock.now()
        finally:
            clock.set_offset(before)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        """Answer one request, by this node's clock."""
        self.asked.append(f"{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}")
        with self.own_clock():
            answer = Response.from_app(self.app, environ, buffered=True)
        if self.lose_answers:
            self.lose_answers -= 1
            answer = Response(status=502)
        return answer(environ, start_response)


@dataclass
class Region(Town):
    """The nodes, what time it is, and everything that can be done (see `Town`)."""

    sites: dict[str, Site] = field(default_factory=dict)
    said: StringIO = field(default_factory=StringIO)
    """Every log line of every node."""
    _signed_at: datetime = START

    def node_of(self, agency: AgencyId) -> Node:
        """Return the node that hosts the agency."""
        return self.site_of(agency).node

    def site_of(self, agency: AgencyId) -> Site:
        """Return the site that hosts the agency."""
        return next(site for site in self.sites.values() if agency in HOSTED[site.name])

    def do(self, by: Staff, what: Callable[..., Any], referral: ReferralId, *args: Any, **turn: Any) -> Any:
        """Do one use case at the node of the one who does it, by that node's clock; then look at the rules."""
        site = self.site_of(by.agency)
        side = turn.pop("side", Side.REFERRER if by.has(Role.REFERRER) else Side.RECEIVER)
        logged = rules.rows_about(site.db, by, referral)
        with site.own_clock(), site.db.transaction() as session:
            done = what(
                session, Turn(referral=referral, by=by, now=self.now + site.skew, side=side, **turn), *args
            )
        assert rules.rows_about(site.db, by, referral) > logged, f"{what.__name__} left no row in the log"
        self.look()
        return done

    def work(self, rounds: int = 4) -> None:
        """Let every worker do what is due, a few times, so that answers to answers arrive too."""
        for _ in range(rounds):
            self.now += timedelta(seconds=5)
            clock.set_offset(self.now - datetime.now(UTC))
            tried = 0
            for site in self.sites.values():
                with site.own_clock():
                    tried += worker.run_once(site.node, self.now + site.skew, client=site.client)
            if not tried:
                break
        self.look()

    def look(self) -> None:
        """Look at the rules that hold at every instant."""
        for site in self.sites.values():
            rules.look_at(site.db)

    def prove(self, *, agreed: bool = True) -> None:
        """At the end of a journey: all copies agree, the logs are whole, and nothing about anybody is in plain."""
        self.work()
        for site in self.sites.values():
            rules.prove_log(site.db, HOSTED[site.name])
            rules.prove_nothing_in_plain(site.db, site.app, site.asked, self.said.getvalue())
        if agreed:
            rules.prove_agreement([site.db for site in self.sites.values()])

    def close(self) -> None:
        """Close every door and database."""
        for site in self.sites.values():
            site.close()
            site.client.close()
            site.db.engine.dispose()

    def _sign_again(self) -> None:
        if self.now - self._signed_at < LIFETIME / 2:
            return
        self._signed_at = self.now
        self._signed += 1
        documents_of_all = _signed(self.community, self._signed, self.now)
        for site in self.sites.values():
            _believe(site.db, documents_of_all, self.now)


def region(open_database: Callable[[], Database], folder: Path) -> Region:
    """Put the three nodes together on empty databases and open their doors."""
    clock.set_offset(START - datetime.now(UTC))
    said = StringIO()
    logs.configure(said)
    servers = {name: make_server("127.0.0.1", 0, Flask("not yet")) for name in HOSTED}
    ports = {name: server.server_port for name, server in servers.items()}
    made = _community(ports)
    sites = {name: _site(name, open_database(), made, ports[name], folder) for name in HOSTED}
    for name, server in servers.items():
        server.server_close()
        sites[name].open()
    found = Region(
        kommune=sites["kommune"].node,
        dps=sites["dps"].node,
        wire=Wire(),
        community=made,
        sites=sites,
        said=said,
    )
    found.pass_time(seconds=1)
    return found


def _community(ports: dict[str, int]) -> builders.Community:
    anchor = SigningKey.from_material(new_material())
    keys = {agency: builders.make_keys(START) for hosted in HOSTED.values() for agency in hosted}
    listed = Directory(
        community="helsefellesskap-fjordheim",
        version=1,
        iat=START,
        exp=START + LIFETIME,
        agencies={
            agency: Agency(
                id=agency,
                name=NAMES[agency],
                endpoint=f"http://127.0.0.1:{ports[name]}",
                keys=(ListedKey(key=keys[agency].sig.public, not_before=START - timedelta(days=1)),),
            )
            for name, hosted in HOSTED.items()
            for agency in hosted
        },
    )
    return builders.Community(
        made_at=START,
        anchor=anchor,
        anchors=Anchors(community=listed.community, keys={anchor.kid: anchor.public}),
        keys=keys,
        listed=listed,
        directory=documents.sign_directory(listed, anchor=anchor),
        statements={agency: _statement(agency, held, START) for agency, held in keys.items()},
    )


def _site(name: str, db: Database, made: builders.Community, port: int, folder: Path) -> Site:
    hosted = HOSTED[name]
    settings = Settings(
        mode="test",
        node_url=f"http://127.0.0.1:{port}",
        agencies=hosted,
        database_url="",
        keys_dir=folder,
        passphrase_file=folder / "passphrase",
        anchors_file=folder / "anchors.json",
        directory_source=str(folder / "directory.jws"),
    )
    directory.open_book(db, made.anchors)
    db.provide(Vault, vault.generate(hosted))
    node = assemble(settings, db, Keyring({agency: made.keys[agency] for agency in hosted}))
    db.provide(Vault, vault.generate(hosted))
    _believe(db, (made.directory, made.statements), START)
    with db.reading() as session:
        client = Client(provided(session, Pace))
    return Site(name=name, node=node, app=create_app(node), client=client, port=port)


def _signed(made: builders.Community, version: int, at: datetime) -> tuple[bytes, dict[AgencyId, bytes]]:
    listed = Directory(
        community=made.listed.community,
        version=version,
        iat=at,
        exp=at + LIFETIME,
        agencies=made.listed.agencies,
    )
    return documents.sign_directory(listed, anchor=made.anchor), {
        agency: _statement(agency, held, at) for agency, held in made.keys.items()
    }


def _believe(db: Database, documents_of_all: tuple[bytes, dict[AgencyId, bytes]], now: datetime) -> None:
    with db.transaction() as session:
        directory.accept_directory(session, documents_of_all[0], now=now)
        for agency, jws in documents_of_all[1].items():
            directory.accept_statement(session, jws, agency=agency, now=now)


def _statement(agency: AgencyId, held: AgencyKeys, at: datetime) -> bytes:
    keys = tuple(PublishedKey(key=key.public, published_at=key.created_at) for key in held.enc)
    statement = Statement(agency=agency, iat=at, exp=at + LIFETIME, keys=keys, services=SERVICES[agency])
    return documents.sign_statement(statement, signer=held.sig)
