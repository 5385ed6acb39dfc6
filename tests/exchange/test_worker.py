"""The worker as it runs: woken at once, several beside each other, one stuck destination apart, stopped gently."""

import gc
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

import pytest
from sqlalchemy import QueuePool, select

from handover import clock, worker
from handover.actors import Machine
from handover.db import Database, provided
from handover.exchange import operations
from handover.exchange.client import Response
from handover.exchange.courier import Round, Way
from handover.exchange.lifecycle import State
from handover.exchange.model import AlarmKind, Fault, Outgoing, Side
from handover.exchange.tables import OutgoingRow
from handover.ids import AgencyId
from handover.keys import keyring
from handover.keys.keyring import Keyring
from handover.keys.vault import Vault
from handover.worker import Lanes, Worker
from tests.exchange.conftest import Community
from tests.exchange.network import DPS, KOMMUNE, START, Book, Site, Wire, later, referral, site

OPERATOR = Machine(agency=KOMMUNE, name="operator")
PATIENCE = 20.0


@dataclass
class StuckWire(Wire):
    """A wire on which some endpoints take requests and never answer, until they are let go."""

    book: Book = field(default_factory=Book)
    stuck: set[str] = field(default_factory=set)
    let_go: threading.Event = field(default_factory=threading.Event)
    fail_if: Callable[[bytes], bool] = lambda _body: False

    def request(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str] | None = None
    ) -> Response:
        if any(url.startswith(endpoint) for endpoint in self.stuck):
            self.let_go.wait(PATIENCE)
        if self.fail_if(body or b""):
            return Response(500, b"", {})
        return super().request(method, url, body, headers)


@contextmanager
def working(*sites: Site) -> Iterator[None]:
    """Let workers run beside the test, one for each site."""
    stop = threading.Event()
    threads = [threading.Thread(target=Worker(each.node, client=each.wire).loop, args=(stop,)) for each in sites]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for each in sites:
            each.node.products.wake.set()
        for thread in threads:
            thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)


def until(found: Callable[[], bool]) -> None:
    """Wait for something that must come."""
    deadline = time.monotonic() + PATIENCE
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _is(site: Site, message: Outgoing, state: State) -> bool:
    return site.delivery(message.message, now=clock.now()).state is state


@pytest.fixture
def pair(any_db: Database, node_db: Database) -> tuple[Site, Site]:
    """A sending node on either database, and a receiving one."""
    book = Book()
    wire = StuckWire(book=book)
    return (
        site(any_db, book, wire, [KOMMUNE], "https://kommune.example"),
        site(node_db, book, wire, [DPS], "https://dps.example"),
    )


def _posted_by_another_process(sender: Site, messages: list[Outgoing]) -> None:
    """Post through a database object of its own, as a web process does."""
    db = Database(sender.db.engine.url.render_as_string(hide_password=False))
    book = Book(endpoints={DPS: "https://dps.example"})
    other = site(db, book, Wire(), [KOMMUNE], "https://kommune.example")
    with sender.db.reading() as session:
        db.provide(Keyring, provided(session, Keyring))
        db.provide(Vault, provided(session, Vault))
    other.post(*messages, now=clock.now())
    db.engine.dispose()


def test_a_post_by_another_process_wakes_the_worker_long_before_it_would_look(
    pair: tuple[Site, Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "POLL", 60.0)
    sender, _ = pair
    with working(sender):
        time.sleep(0.3)
        message = referral()
        _posted_by_another_process(sender, [message])
        until(lambda: _is(sender, message, State.ACKNOWLEDGED))


def test_several_workers_share_the_messages_and_none_is_sent_twice(pair: tuple[Site, Site]) -> None:
    sender, receiver = pair
    messages = [referral() for _ in range(120)]
    sender.post(*messages, now=clock.now())
    second = Site(sender.node, sender.ledger, sender.wire)
    with working(sender, second):
        until(lambda: len(receiver.ledger.received) == len(messages))
        until(lambda: all(_is(sender, message, State.ACKNOWLEDGED) for message in messages))
    with sender.db.reading() as session:
        assert set(session.scalars(select(OutgoingRow.attempts))) == {1}
    assert sorted(receiver.ledger.ids()) == sorted(message.message for message in messages)


def test_a_stuck_destination_does_not_slow_the_others(pair: tuple[Site, Site]) -> None:
    sender, _ = pair
    wire = sender.wire
    assert isinstance(wire, StuckWire)
    stuck = {AgencyId(f"3100010{number:02}"): f"https://stuck{number}.example" for number in range(6)}
    for agency, endpoint in stuck.items():
        ring = keyring.generate([agency])
        wire.book.keyrings[agency], wire.book.endpoints[agency] = ring, endpoint
        wire.stuck.add(endpoint)
        wire.apps[endpoint] = wire.apps["https://dps.example"]
    sender.post(*(referral(receiver=agency) for agency in stuck), now=clock.now())
    with working(sender):
        messages = [referral() for _ in range(20)]
        for message in messages:
            sender.post(message, now=clock.now())
        until(lambda: all(_is(sender, message, State.ACKNOWLEDGED) for message in messages))
        assert not wire.let_go.is_set()
        wire.let_go.set()


def test_few_messages_wait_for_the_request_under_way_and_enough_of_them_go_beside_it() -> None:
    lanes, way = Lanes(), Way(KOMMUNE, DPS)
    assert lanes.start(way, 1)
    assert not lanes.start(way, worker.ENOUGH - 1)
    assert lanes.start(way, 1)


def test_who_waited_goes_with_the_request_that_comes_back_first() -> None:
    lanes, way = Lanes(), Way(KOMMUNE, DPS)
    lanes.start(way, 1)
    lanes.start(way, 1)
    is_done = lanes.ends(way, Round(1))
    assert not is_done
    assert lanes.ends(way, Round(1))


def test_what_falls_due_goes_though_others_are_posted_all_the_time(
    pair: tuple[Site, Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "POLL", 0.3)
    sender, _ = pair
    wire, busy = sender.wire, AgencyId("310001099")
    assert isinstance(wire, StuckWire)
    wire.book.keyrings[busy], wire.book.endpoints[busy] = keyring.generate([busy]), "https://busy.example"
    wire.stuck.add("https://busy.example")
    later_on = referral(not_before=clock.now() + timedelta(seconds=0.5))
    sender.post(later_on, now=clock.now())

    def has_arrived_beside_another_post() -> bool:
        sender.post(referral(receiver=busy), now=clock.now())
        return _is(sender, later_on, State.ACKNOWLEDGED)

    with working(sender):
        until(has_arrived_beside_another_post)
        wire.let_go.set()


def test_a_message_that_breaks_the_receiver_goes_alone_and_blocks_nobody(pair: tuple[Site, Site]) -> None:
    sender, receiver = pair
    assert isinstance(sender.wire, StuckWire)
    poison = referral(text="x" * 100_000)
    others = [referral() for _ in range(5)]
    sender.wire.fail_if = lambda body: len(body) > 150_000
    sender.post(*others[:2], poison, *others[2:])
    for seconds in (0, 5, 10):
        sender.work(later(seconds=seconds))
    assert sorted(receiver.ledger.ids()) == sorted(one.message for one in others)
    found = sender.delivery(poison.message)
    assert (found.state, found.last_error) == (State.SENT, Fault(Side.PROXY, "http-500"))
    assert found.attempts >= 2


def test_a_worker_that_is_told_to_stop_settles_what_is_in_flight(pair: tuple[Site, Site]) -> None:
    sender, _ = pair
    wire = sender.wire
    assert isinstance(wire, StuckWire)
    wire.stuck.add("https://dps.example")
    message = referral()
    sender.post(message, now=clock.now())
    threading.Timer(0.5, wire.let_go.set).start()
    with working(sender):
        until(lambda: sender.delivery(message.message, now=clock.now()).attempts == 1)
    assert _is(sender, message, State.ACKNOWLEDGED)


def test_an_operator_holds_retries_and_gives_up_single_messages(community: Community) -> None:
    kommune = community.kommune
    held, given_up = referral(), referral()
    kommune.post(held, given_up)
    with kommune.db.transaction() as session:
        operations.stop(session, KOMMUNE, held.message, by=OPERATOR, now=START)
        operations.give_up(session, KOMMUNE, given_up.message, by=OPERATOR, now=START)
    kommune.work(later(hours=1))
    assert community.dps.ledger.received == []
    assert [alarm.kind for alarm in kommune.ledger.alarms if alarm.message == given_up.message] == [
        AlarmKind.EXPIRED
    ]
    with kommune.db.transaction() as session:
        operations.retry(session, KOMMUNE, held.message, by=OPERATOR, now=later(hours=1))
        operations.retry(session, KOMMUNE, given_up.message, by=OPERATOR, now=later(hours=1))
    kommune.work(later(hours=1))
    assert _is(kommune, held, State.ACKNOWLEDGED)
    assert _is(kommune, given_up, State.ACKNOWLEDGED)
    with pytest.raises(operations.CannotRetry), kommune.db.transaction() as session:
        operations.retry(session, KOMMUNE, held.message, by=OPERATOR, now=later(hours=2))


def test_a_held_message_expires_with_a_task_all_the_same(community: Community) -> None:
    kommune = community.kommune
    held = referral()
    kommune.post(held)
    with kommune.db.transaction() as session:
        operations.stop(session, KOMMUNE, held.message, by=OPERATOR, now=START)
    kommune.work(later(hours=97))
    assert _is(kommune, held, State.EXPIRED)


def test_an_operator_sees_what_waits_and_why(community: Community) -> None:
    kommune = community.kommune
    community.wire.down.add("https://dps.example")
    message = referral()
    kommune.post(message)
    kommune.work()
    with kommune.db.reading() as session:
        (waiting,) = operations.waiting(session, KOMMUNE, now=later(minutes=40))
        (way,) = operations.destinations(session, KOMMUNE)
    assert (waiting.message, waiting.late) == (message.message, True)
    assert waiting.last_error == way.last_error == Fault(Side.REC, "connection-refused")
    assert way.next_attempt_at is not None


def test_a_worker_that_looked_for_work_holds_no_connection(pair: tuple[Site, Site]) -> None:
    sender, _ = pair
    worker_of = Worker(sender.node, client=sender.wire)
    before = cast(QueuePool, sender.db.engine.pool).checkedout()
    gc.collect()
    gc.disable()  # which would give back what was only forgotten
    try:
        sender.post(referral(), now=clock.now())
        assert worker_of.step()
        assert cast(QueuePool, sender.db.engine.pool).checkedout() <= before + 2  # SQLite's two writers stay
    finally:
        gc.enable()
