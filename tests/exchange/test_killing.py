"""Kill nodes and workers 50 times while 200 messages flow: each arrives once, and both sides agree (rule 4)."""

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from sqlalchemy import create_engine, select, text

from handover import migrations
from handover.audit import service as audit
from handover.db import Database
from handover.exchange.lifecycle import State
from handover.exchange.tables import IncomingRow, OutgoingRow, ReplyRow
from handover.ids import AgencyId, new_uuid
from tests.exchange import killable
from tests.exchange.network import DPS, KOMMUNE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

MESSAGES = 200
KILLS = 50
PATIENCE = 2.5
"""Seconds a process lives before it is killed at random, when it does not come by its named point."""
AT_WEB = (
    "post.before-commit",
    "post.after-commit",
    "receive.before",
    "receive.before-commit",
    "receive.after-commit",
    "answer.before",
)
AT_SENDING_WORKER = (
    "take.before-commit",
    "take.after-commit",
    "send.before",
    "send.after",
    "settle.before-commit",
    "settle.after-commit",
)
AT_SYNCHRONOUS_SENDER = ("acknowledged.before-commit", "acknowledged.after-commit")
AT_ASYNCHRONOUS_WORKER = (
    "process.before-commit",
    "process.after-commit",
    "acknowledge.before",
    "acknowledge.after",
    "answered.before-commit",
    "answered.after-commit",
)
EVERYWHERE = (*AT_WEB, *AT_SENDING_WORKER, *AT_SYNCHRONOUS_SENDER, *AT_ASYNCHRONOUS_WORKER)
RANDOM = ""


class Nursery:
    """Starts processes that are forked from one that has imported everything."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.exchange.nursery"]
        self._forker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def fork(self, **wanted: object) -> int:
        """Return the id of a new process, which leads a group of its own."""
        assert self._forker.stdin is not None
        assert self._forker.stdout is not None
        self._forker.stdin.write(json.dumps(wanted) + "\n")
        self._forker.stdin.flush()
        return int(self._forker.stdout.readline())

    def close(self) -> None:
        """End the process that forks."""
        self._forker.kill()
        self._forker.wait()


@dataclass
class Process:
    """One of the four processes: starts, dies, starts again; `plan` says where it dies next."""

    nursery: Nursery
    role: str
    environment: dict[str, str]
    folder: Path
    plan: deque[str]
    kills: list[str] = field(default_factory=list)
    running: int | None = None
    dies_at: float = 0.0

    def start(self) -> None:
        """Start, armed with the next point of the plan."""
        point = self.plan[0] if self.plan else RANDOM
        armed = {"HANDOVER_CRASH_AT": f"{point}:{random.choice((1, 1, 1, 2))}"} if point else {}
        environment = {**self.environment, **armed}
        log = str(self.folder / f"{self.environment['KILL_AGENCY']}-{self.role}.log")
        self.running = self.nursery.fork(role=self.role, environment=environment, log=log, mark=str(self._mark))
        patience = PATIENCE if point else random.uniform(0.3, 1.5)
        self.dies_at = time.monotonic() + patience

    def look(self) -> bool:
        """Start again what has died; kill at random what has lived long. Returns whether a kill was counted."""
        died_at_point, lived_long = self._mark.exists(), time.monotonic() > self.dies_at
        if not self.plan or not (died_at_point or lived_long):
            return False
        self.kill()
        point = self.plan.popleft()
        self.kills.append(point if died_at_point else "at random")
        if point and not died_at_point:
            self.plan.append(point)
        self.start()
        return True

    def kill(self) -> None:
        """Kill the process and its children without a word."""
        with suppress(ProcessLookupError):
            if self.running is not None:
                os.killpg(self.running, signal.SIGKILL)
            while self.running is not None:  # the leader is reaped by the nursery; its children die with it
                os.kill(self.running, 0)
                time.sleep(0.002)
        time.sleep(0.02)
        self._mark.unlink(missing_ok=True)

    @property
    def _mark(self) -> Path:
        return self.folder / f"{self.environment['KILL_AGENCY']}-{self.role}.died"


@dataclass
class Side:
    """One node: its database, its web process, its worker."""

    agency: AgencyId
    db: Database
    endpoint: str
    web: Process
    worker: Process


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    """The process that forks the others."""
    found = Nursery()
    yield found
    found.close()


@pytest.fixture
def sides(any_urls: list[str], tmp_path: Path, nursery: Nursery) -> Iterator[list[Side]]:
    """Two nodes with databases of their own and free ports; every process is gone at the end."""
    ports = [_free_port(), _free_port()]
    endpoints = {KOMMUNE: f"http://127.0.0.1:{ports[0]}", DPS: f"http://127.0.0.1:{ports[1]}"}
    found = []
    for agency, url, port in zip((KOMMUNE, DPS), any_urls, ports, strict=True):
        db = Database(url)
        migrations.all_tables().create_all(db.engine)
        killable.Ledger.metadata.create_all(db.engine)
        killable.open_node(agency, url, endpoints, inline=True)
        found.append(_side(agency, db, url, port, endpoints, tmp_path, nursery))
    yield found
    for side in found:
        side.web.kill()
        side.worker.kill()
        side.db.engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[str]]:
    """URLs of two empty databases, on each kind of server."""
    if request.param == "sqlite":
        yield [f"sqlite:///{tmp_path / name}.db" for name in ("kommune", "dps")]
        return
    first = str(request.getfixturevalue("postgres_url"))
    admin = create_engine(first, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("create database second"))
    yield [first, admin.url.set(database="second").render_as_string(hide_password=False)]
    with admin.connect() as connection:
        connection.execute(text("drop database second with (force)"))
    admin.dispose()


def test_nothing_is_lost_and_nothing_happens_twice_however_often_processes_are_killed(sides: list[Side]) -> None:
    random.seed(2026)
    processes = [process for side in sides for process in (side.web, side.worker)]
    for process in processes:
        process.start()
    messages: dict[AgencyId, list[UUID]] = {side.agency: [] for side in sides}
    with ThreadPoolExecutor(len(sides)) as posters:
        kills = _Kills(processes)
        posting = [posters.submit(_post_all, side, messages[side.agency], kills) for side in sides]
        try:
            kills.until_all_done(posting)
        finally:
            kills.over.set()
    _disarm(processes)
    _wait(lambda: all(_is_settled(side.db) for side in sides), seconds=45)
    kills_made = [point for process in processes for point in process.kills]
    assert len(kills_made) >= KILLS
    assert set(EVERYWHERE) <= set(kills_made)
    assert sum(map(len, messages.values())) >= MESSAGES
    _assert_agreement(sides[0], sides[1], messages[KOMMUNE])
    _assert_agreement(sides[1], sides[0], messages[DPS])
    for process in processes:
        process.kill()
    for side in sides:
        _assert_log_is_whole(side)


class _Kills:
    """Keeps the processes dying and rising until every plan is carried out."""

    def __init__(self, processes: list[Process]) -> None:
        self._processes = processes
        self.count = 0
        self.over = threading.Event()
        self.deadline = time.monotonic() + 90

    def until_all_done(self, posting: list[Future[None]]) -> None:
        """Go on until every point of every plan was died at; then let the posting end."""
        while any(process.plan for process in self._processes):
            left = [point for process in self._processes for point in process.plan]
            assert time.monotonic() < self.deadline, f"{self.count} kills, not reached: {left}"
            self.count += sum(process.look() for process in self._processes)
            time.sleep(0.01)
        self.over.set()
        for future in posting:
            future.result()


def _post_all(side: Side, messages: list[UUID], kills: _Kills) -> None:
    """Post at the pace of the kills, so that messages flow until the last one; ask again after every failure."""
    while not kills.over.is_set() or len(messages) < MESSAGES // 2:
        message = new_uuid()
        messages.append(message)
        while _post(side, message) >= 300:
            assert time.monotonic() < kills.deadline + 30, "the node does not come back"
            time.sleep(0.05)
        while not kills.over.wait(0.02) and len(messages) > (kills.count + 4) * MESSAGES // 2 // KILLS:
            pass


def _post(side: Side, message: UUID) -> int:
    connection = http.client.HTTPConnection(urlsplit(side.endpoint).netloc, timeout=5)
    try:
        connection.request("POST", f"/test/post/{message}")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 599
    finally:
        connection.close()


def _disarm(processes: list[Process]) -> None:
    for process in processes:
        process.kill()
        process.plan.clear()
        process.start()


def _is_settled(db: Database) -> bool:
    with db.reading() as session:
        still_out = session.scalars(select(OutgoingRow.message).where(OutgoingRow.is_open)).first()
        pending = session.scalars(select(IncomingRow.message).where(IncomingRow.is_pending)).first()
        replies = session.scalars(select(ReplyRow.message).where(ReplyRow.is_open)).first()
    return still_out is None and pending is None and replies is None


def _assert_agreement(sender: Side, receiver: Side, messages: list[UUID]) -> None:
    with sender.db.reading() as session:
        sent = {row.message: row for row in session.scalars(select(OutgoingRow))}
    with receiver.db.reading() as session:
        taken = {row.message: row for row in session.scalars(select(IncomingRow))}
    assert sorted(sent) == sorted(taken) == sorted(messages)
    assert sorted(killable.given(receiver.db)) == sorted(messages)
    for message in messages:
        assert sent[message].state == State.ACKNOWLEDGED
        assert sent[message].acknowledgement == taken[message].acknowledgement
        assert sent[message].sha256 == taken[message].sha256


def _assert_log_is_whole(side: Side) -> None:
    node = killable.open_node(
        side.agency, side.db.engine.url.render_as_string(False), {side.agency: ""}, inline=True
    )
    audit.sequence(node.db, side.agency)
    with node.db.reading() as session:
        assert audit.verify(session, side.agency).findings == ()
    node.db.engine.dispose()


def _wait(until: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "the messages did not settle"
        time.sleep(0.1)


def _side(
    agency: AgencyId,
    db: Database,
    url: str,
    port: int,
    endpoints: dict[AgencyId, str],
    folder: Path,
    nursery: Nursery,
) -> Side:
    environment = {
        "HANDOVER_MODE": "test",
        "KILL_PORT": str(port),
        "KILL_AGENCY": agency,
        "KILL_DATABASE": url,
        "KILL_KOMMUNE": endpoints[KOMMUNE],
        "KILL_DPS": endpoints[DPS],
    }
    at_web = [*AT_WEB, *(AT_SYNCHRONOUS_SENDER if agency == DPS else ())]
    at_worker = [*AT_SENDING_WORKER, *(AT_ASYNCHRONOUS_WORKER if agency == KOMMUNE else ())]
    return Side(
        agency,
        db,
        endpoints[agency],
        Process(nursery, "web", environment, folder, _plan(at_web, 12)),
        Process(nursery, "worker", environment, folder, _plan(at_worker, 14)),
    )


def _plan(points: list[str], count: int) -> deque[str]:
    """Every named point of this process, then random instants, in an order that mixes them."""
    plan = [*points, *([RANDOM] * count)][:count] if len(points) < count else points
    random.shuffle(plan)
    return deque(plan)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
