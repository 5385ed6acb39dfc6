"""Kill nodes and workers 50 times while 200 referrals flow: each arrives once, and both sides agree."""

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
from sqlalchemy import select
from sqlalchemy.orm import Session

from handover.app import Node
from handover.db import Database
from handover.exchange.lifecycle import State
from handover.exchange.tables import IncomingRow, OutgoingRow, ReplyRow
from handover.ids import AgencyId, ReferralId
from handover.referral import store
from handover.referral.lifecycle import Act, Status, Version
from handover.referral.lifecycle import Side as CopySide
from handover.referral.standing import Standing
from tests.builders import DPS, MUNICIPALITY
from tests.conftest import OpenDatabase
from tests.exchange import killable
from tests.journeys import rules

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

REFERRALS = 200
KILLS = 50
TAKEN = 4
"""Of so many referrals one is taken by a clinician, which the referrer is told."""
PATIENCE = 2.5
"""Seconds a process lives before it is killed at random, when it does not come by its named point."""
MORE_PATIENCE = 1.5
"""A machine that was too slow for a point gets so many times as long for the next try."""
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
    patience: float = PATIENCE

    def start(self) -> None:
        """Start, armed with the next point of the plan."""
        point = self.plan[0] if self.plan else RANDOM
        armed = {"HANDOVER_CRASH_AT": f"{point}:{random.choice((1, 1, 1, 2))}"} if point else {}
        environment = {**self.environment, **armed}
        log = str(self.folder / f"{self.environment['KILL_AGENCY']}-{self.role}.log")
        self.running = self.nursery.fork(role=self.role, environment=environment, log=log, mark=str(self._mark))
        self.dies_at = time.monotonic() + (self.patience if point else random.uniform(0.3, 1.5))

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
            self.patience *= MORE_PATIENCE
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
def sides(open_any: OpenDatabase, tmp_path: Path, nursery: Nursery) -> Iterator[list[Side]]:
    """Two nodes with databases of their own and free ports; every process is gone at the end."""
    ports = [_free_port(), _free_port()]
    agencies = (MUNICIPALITY, DPS)
    endpoints = {agency: f"http://127.0.0.1:{port}" for agency, port in zip(agencies, ports, strict=True)}
    urls = [open_any().engine.url.render_as_string(hide_password=False) for _ in agencies]
    nodes = [killable.open_node(agency, url) for agency, url in zip(agencies, urls, strict=True)]
    killable.introduce(nodes, endpoints)
    found = [_side(node, url, endpoints, tmp_path, nursery) for node, url in zip(nodes, urls, strict=True)]
    yield found
    for side in found:
        side.web.kill()
        side.worker.kill()
        side.db.engine.dispose()


def test_nothing_is_lost_and_nothing_happens_twice_however_often_processes_are_killed(sides: list[Side]) -> None:
    random.seed(2026)
    processes = [process for side in sides for process in (side.web, side.worker)]
    for process in processes:
        process.start()
    kills = _Kills(processes)
    flows = [Flow(sides[0], sides[1], kills), Flow(sides[1], sides[0], kills)]
    with ThreadPoolExecutor(len(flows)) as people:
        try:
            kills.until_all_done([people.submit(flow.refer_all) for flow in flows])
        finally:
            kills.over.set()
    _disarm(processes)
    _wait(lambda: all(_is_settled(side.db) for side in sides), seconds=240)
    kills_made = [point for process in processes for point in process.kills]
    assert len(kills_made) >= KILLS
    assert set(EVERYWHERE) <= set(kills_made)
    assert sum(len(flow.sent) for flow in flows) >= REFERRALS
    for process in processes:
        process.kill()
    for flow in flows:
        _every_referral_is_there_once(flow)
        _every_message_was_acknowledged(flow)
    rules.prove_agreement([side.db for side in sides])
    for side in sides:
        rules.look_at(side.db)
        rules.prove_log(side.db, [side.agency])


class _Kills:
    """Keeps the processes dying and rising until every plan is carried out."""

    def __init__(self, processes: list[Process]) -> None:
        self._processes = processes
        self.count = 0
        self.over = threading.Event()
        self.deadline = time.monotonic() + 400

    def refuse_to_wait_for_ever(self) -> None:
        """Fail when the nodes do not come back."""
        assert time.monotonic() < self.deadline + 30, "the nodes do not come back"

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


@dataclass
class Flow:
    """One agency's people refer patients to the other, whose clinician takes some; all ask until it is done."""

    here: Side
    there: Side
    kills: _Kills
    sent: list[ReferralId] = field(default_factory=list)
    taken: set[ReferralId] = field(default_factory=set)
    _to_take: deque[ReferralId] = field(default_factory=deque)

    def refer_all(self) -> None:
        """Refer at the pace of the kills, so that referrals flow until the last one."""
        while not self.kills.over.is_set() or len(self.sent) < REFERRALS // 2:
            self._refer()
            while not self.kills.over.wait(0.02) and len(self.sent) > self._pace:
                self._take_one()
        while self._to_take:
            self._take_one()
            time.sleep(0.02)

    @property
    def _pace(self) -> int:
        return (self.kills.count + 4) * REFERRALS // 2 // KILLS

    def _refer(self) -> None:
        draft = self._until_done(self.here, f"/test/write/{len(self.sent)}")
        self._until_done(self.here, f"/test/send/{draft}")
        self.sent.append(ReferralId(UUID(draft)))
        if len(self.sent) % TAKEN == 0:
            self._to_take.append(self.sent[-1])

    def _take_one(self) -> None:
        self.kills.refuse_to_wait_for_ever()
        if self._to_take and _ask(self.there, f"/test/take/{self._to_take[0]}")[0] < 300:
            self.taken.add(self._to_take.popleft())

    def _until_done(self, side: Side, path: str) -> str:
        while True:
            status, said = _ask(side, path)
            if status < 300:
                return said
            self.kills.refuse_to_wait_for_ever()
            time.sleep(0.05)


def _ask(side: Side, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(urlsplit(side.endpoint).netloc, timeout=5)
    try:
        connection.request("POST", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except (OSError, http.client.HTTPException):
        return 599, ""
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


def _every_referral_is_there_once(flow: Flow) -> None:
    """Each copy stands where people left it, with each act once in its history."""
    with flow.here.db.reading() as session:
        kept = {each.referral: each for each in rules.copies(session) if _is_sent(each)}
        acts = {each.referral: _acts(session, each) for each in kept.values()}
    with flow.there.db.reading() as session:
        arrived = [each for each in rules.copies(session) if each.side is CopySide.RECEIVER]
        their_acts = {each.referral: _acts(session, each) for each in arrived}
    assert sorted(kept) == sorted(flow.sent)
    assert sorted(each.referral for each in arrived) == sorted(flow.sent)
    for theirs in arrived:
        ours = kept[theirs.referral]
        status = Status.ASSESSING if ours.referral in flow.taken else Status.RECEIVED
        assert (ours.status, theirs.status) == (status, status)
        assert ours.version == theirs.version == Version(1, 1 + (ours.referral in flow.taken))
        taken = [Act.TAKE] if ours.referral in flow.taken else []
        assert their_acts[ours.referral] == [Act.ARRIVE, *taken]
        told = [[Act.SEND, Act.ARRIVE, *taken], [Act.SEND, *taken]]  # the taking may be told before the arrival
        assert acts[ours.referral] in told[: 1 + len(taken)]


def _is_sent(standing: Standing) -> bool:
    return standing.side is CopySide.REFERRER and standing.status is not Status.DRAFT


def _acts(session: Session, standing: Standing) -> list[Act]:
    return [entry.act for entry in store.history(session, standing)]


def _every_message_was_acknowledged(flow: Flow) -> None:
    """What one side keeps as evidence is what the other signed."""
    with flow.here.db.reading() as session:
        sent = {row.message: row for row in session.scalars(select(OutgoingRow))}
    with flow.there.db.reading() as session:
        taken = {row.message: row for row in session.scalars(select(IncomingRow))}
    assert sorted(sent) == sorted(taken)
    for message, row in sent.items():
        assert row.state == State.ACKNOWLEDGED
        assert row.acknowledgement == taken[message].acknowledgement
        assert row.sha256 == taken[message].sha256


def _wait(until: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "the messages did not settle"
        time.sleep(0.1)


def _side(node: Node, url: str, endpoints: dict[AgencyId, str], folder: Path, nursery: Nursery) -> Side:
    agency = node.settings.agencies[0]
    environment = {
        "HANDOVER_MODE": "test",
        "KILL_PORT": str(urlsplit(endpoints[agency]).port),
        "KILL_AGENCY": agency,
        "KILL_DATABASE": url,
    }
    at_web = [*AT_WEB, *(AT_SYNCHRONOUS_SENDER if agency == DPS else ())]
    at_worker = [*AT_SENDING_WORKER, *(AT_ASYNCHRONOUS_WORKER if agency == MUNICIPALITY else ())]
    return Side(
        agency,
        node.db,
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
