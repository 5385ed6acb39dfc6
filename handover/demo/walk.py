"""Walks the demo's nodes, workers, keys and directory through time, from long ago to now, over real HTTP.

The clock of this process is moved (`clock.set_offset`); everything that happens at an instant is done with the
service's own functions, and then the workers run until nothing is due.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from threading import Thread
from typing import Final, TypeVar
from urllib.parse import urlsplit

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from handover import clock, worker
from handover.access import service as access
from handover.actors import Machine, Staff
from handover.app import Node, create_app
from handover.db import provided
from handover.demo.community import HOSTED, STAFF, DemoStaff
from handover.demo.ground import Ground
from handover.demo.offers import entries
from handover.directory import service as directory
from handover.exchange.client import Client
from handover.exchange.model import Pace
from handover.ids import AgencyId, StaffId
from handover.keys.keyring import Keyring
from handover.workdays import is_working_day

Result = TypeVar("Result")
ROUNDS: Final = 12
"""Answers cause answers; more rounds than this would be two nodes that never come to rest."""
RENEW_EVERY: Final = timedelta(days=4)
NEW_KEYS_EVERY: Final = timedelta(days=7)
LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
APART: Final = timedelta(minutes=7)
"""Two acts on one case are at least so far apart."""
LOOK_AGAIN: Final = 15
"""Seconds after which a page that says that the demo is being filled looks again."""


@dataclass
class Walk:
    """The nodes under way."""

    ground: Ground
    nodes: dict[str, Node] = field(default_factory=dict)
    apps: dict[str, Flask] = field(default_factory=dict)
    _servers: dict[str, BaseWSGIServer] = field(default_factory=dict)
    _clients: dict[str, Client] = field(default_factory=dict)
    _ids: dict[str, StaffId] = field(default_factory=dict)
    _renewed: datetime = LONG_AGO
    _keys_made: datetime = LONG_AGO

    def begin(self, at: datetime) -> None:
        """Lay the ground, open the nodes and their doors, and register everybody who works there."""
        move_clock(at)
        self.ground.lay(at)
        for name in HOSTED:
            self.nodes[name] = self.ground.open(name)
            self.apps[name] = create_app(self.nodes[name])
            self.apps[name].before_request(say_that_it_is_being_filled)
            self._open_door(name)
            with self.nodes[name].db.reading() as session:
                self._clients[name] = Client(provided(session, Pace))
        self._keys_made = self._renewed = at
        self._pull(at, publish=True)
        for person in STAFF:
            self._ids[person.key] = self._register(person, at)

    def to(self, at: datetime) -> None:
        """Move the clock there; renew keys, directory and statements when it is time for it."""
        move_clock(at)
        if at - self._renewed >= RENEW_EVERY:
            if at - self._keys_made >= NEW_KEYS_EVERY:
                self._new_keys(at)
            self.ground.sign_directory(at)
            self._renewed = at
            self._pull(at, publish=True)

    def do(self, agency: AgencyId, act: Callable[[Session], Result]) -> Result:
        """Do something at the agency's node in one transaction."""
        with self.node_of(agency).db.transaction() as session:
            return act(session)

    def settle(self) -> None:
        """Run every worker until nothing is due anywhere."""
        for _ in range(ROUNDS):
            if not sum([self._work(name, worker.deliver_once) for name in self.nodes]):
                break
        for name in self.nodes:
            self._work(name, worker.run_once)

    def _work(self, name: str, what: Callable[..., int]) -> int:
        return what(self.nodes[name], clock.now(), client=self._clients[name])

    def staff(self, session: Session, key: str) -> Staff:
        """Return somebody who works there, as their agency knows them."""
        person = next(each for each in STAFF if each.key == key)
        return access.staff_of(session, person.agency, self._ids[key])

    def node_of(self, agency: AgencyId) -> Node:
        """Return the node that hosts the agency."""
        return self.nodes[next(name for name, hosted in HOSTED.items() if agency in hosted)]

    def close(self, name: str) -> None:
        """Close a node: from now on nobody answers at its address."""
        server = self._servers.pop(name, None)
        if server is not None:
            server.shutdown()
            server.server_close()
            self.nodes.pop(name).db.engine.dispose()

    def end(self) -> None:
        """Close everything and give the clock back."""
        for name in tuple(self._servers):
            self.close(name)
        for client in self._clients.values():
            client.close()
        clock.reset()

    def _open_door(self, name: str) -> None:
        port = urlsplit(self.ground.urls[name]).port or 0
        server = make_server("127.0.0.1", port, self.apps[name], threaded=True, request_handler=Quiet)
        Thread(target=server.serve_forever, daemon=True, name=f"door-{name}").start()
        self._servers[name] = server

    def _register(self, person: DemoStaff, at: datetime) -> StaffId:
        by = Machine(agency=person.agency, name="demo")
        new = access.NewStaff(
            login=person.number, name=person.name, title=person.title, phone=person.phone, hpr=person.hpr
        )

        def register(session: Session) -> StaffId:
            made = access.register(session, new, agency=person.agency, by=by, now=at)
            for service, role in sorted(person.roles, key=str):
                access.grant(session, made, role, service, agency=person.agency, by=by, now=at)
            return made

        return self.do(person.agency, register)

    def _new_keys(self, at: datetime) -> None:
        for name, node in self.nodes.items():
            node.db.provide(Keyring, self.ground.renew_encryption_keys(name, at))
        self._keys_made = at

    def _pull(self, at: datetime, *, publish: bool) -> None:
        source = str(self.ground.directory_file)
        for node in self.nodes.values():
            directory.pull(node.db, source, now=at)
        for name, node in self.nodes.items():
            if publish:
                with node.db.transaction() as session:
                    for agency in HOSTED[name]:
                        mine = [each for each in entries(clock.local(at).date()) if each.agency == agency]
                        directory.publish_statement(session, agency, mine, now=at)
        for node in self.nodes.values():
            directory.pull(node.db, source, now=at)


def workday(at: datetime, *, hour: int) -> datetime:
    """Return the instant on the nearest day before that is not in a weekend, within office hours."""
    day = clock.local(at)
    while day.weekday() >= 5:
        day -= timedelta(days=1)
    return clock.from_local(day.date(), time(hour, (day.minute * 7) % 60))


def workdays_ago(at: datetime, days: int, *, hour: int) -> datetime:
    """Return the instant in office hours so many working days before; 0 is the latest working day there was."""
    day = clock.local(at).date()
    while days or not is_working_day(day):
        days -= is_working_day(day)
        day -= timedelta(days=1)
    return clock.from_local(day, time(hour, (day.day * 7) % 60))


def move_clock(at: datetime) -> None:
    """Let this process believe that it is `at`."""
    clock.set_offset(at - datetime.now(UTC))


@contextmanager
def walking(ground: Ground, start: datetime) -> Iterator[Walk]:
    """Begin a walk, and close every door at the end of the block."""
    walk = Walk(ground)
    try:
        walk.begin(start)
        yield walk
    finally:
        walk.end()


def say_that_it_is_being_filled() -> ResponseReturnValue | None:
    """Answer whoever opens a page before the demo is ready, that it is not; machines are let through."""
    if "text/html" not in request.headers.get("Accept", "") or request.endpoint == "static":
        return None
    headers = {"Refresh": str(LOOK_AGAIN), "Retry-After": str(LOOK_AGAIN)}
    return render_template("demo/filling.html", seconds=LOOK_AGAIN), 503, headers


class Quiet(WSGIRequestHandler):
    """Answers without an access log."""

    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing: the walk is watched by its progress bar."""
