"""Post, work, lose, repeat, restart and wait in any order: each message has one effect and one end."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from shutil import copyfile, rmtree
from tempfile import mkdtemp
from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from handover import clock, migrations
from handover.app import Node
from handover.db import Database, provided
from handover.exchange import service
from handover.exchange.lifecycle import OPEN, State
from handover.exchange.model import Pace, Received
from handover.exchange.scanning import Scanner
from handover.exchange.service import AlreadyLeft
from handover.exchange.tables import IncomingRow, OutgoingRow
from handover.exchange.wiring import Peers, Products
from handover.ids import AgencyId, MessageId
from handover.keys.keyring import Keyring
from handover.keys.vault import Vault
from handover.notice.senders import Ways
from tests.exchange.network import DPS, KOMMUNE, START, Book, Site, Wire, app, referral, site

ENDPOINTS: Final = {KOMMUNE: "https://kommune.example", DPS: "https://dps.example"}
MOST: Final = 8
"""Messages in one run."""


@cache
def _empty() -> Path:
    path = Path(mkdtemp()) / "empty.db"
    db = Database(f"sqlite:///{path}")
    migrations.all_tables().create_all(db.engine)
    db.engine.dispose()
    return path


@dataclass
class Flaky:
    """A receiving product that fails when told to."""

    failing: bool = False
    refusing: set[MessageId] = field(default_factory=set)

    def __call__(self, _received: Received) -> None:
        if self.failing:
            raise RuntimeError("the product is not well")


class Post(RuleBasedStateMachine):
    """Two nodes, both sending, one of them answering later; the machine may do anything to them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        self.now = START
        self.book, self.wire, self.flaky = Book(), Wire(), Flaky()
        self.posted: dict[MessageId, AgencyId] = {}
        self.cancelled: set[MessageId] = set()
        self.ended: dict[MessageId, State] = {}
        self.sites: dict[AgencyId, Site] = {}

    @initialize()
    def open_nodes(self) -> None:
        for agency, inline in ((KOMMUNE, False), (DPS, True)):
            path = self.folder / f"{agency}.db"
            copyfile(_empty(), path)
            db = Database(f"sqlite:///{path}")
            self.sites[agency] = site(db, self.book, self.wire, [agency], ENDPOINTS[agency], inline=inline)
            self.sites[agency].ledger.fail = self.flaky

    @precondition(lambda self: len(self.posted) < MOST)
    @rule(sender=st.sampled_from([KOMMUNE, DPS]), count=st.integers(1, 3), undo=st.booleans())
    def post(self, sender: AgencyId, count: int, undo: bool) -> None:
        receiver = DPS if sender == KOMMUNE else KOMMUNE
        not_before = self.now + timedelta(seconds=30) if undo else None
        messages = [referral(sender=sender, receiver=receiver, not_before=not_before) for _ in range(count)]
        self.sites[sender].post(*messages, now=self.now)
        self.posted |= dict.fromkeys((one.message for one in messages), sender)

    @precondition(lambda self: self.posted)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        message = data.draw(st.sampled_from(sorted(self.posted)))
        sender = self.posted[message]
        try:
            with self.sites[sender].db.transaction() as session:
                service.cancel(session, sender, message, now=self.now)
        except AlreadyLeft:
            return
        self.cancelled.add(message)

    @rule(agency=st.sampled_from([KOMMUNE, DPS]))
    def work(self, agency: AgencyId) -> None:
        self.sites[agency].work(self.now)

    @rule(passed=st.sampled_from([1, 10, 31, 700]))
    def wait(self, passed: int) -> None:
        self.now += timedelta(seconds=passed)
        clock.set_offset(self.now - datetime.now(UTC))

    @rule(agency=st.sampled_from([KOMMUNE, DPS]))
    def lose_next_answer(self, agency: AgencyId) -> None:
        self.wire.lose_answer.add(ENDPOINTS[agency])

    @rule(agency=st.sampled_from([KOMMUNE, DPS]), down=st.booleans())
    def cut_or_mend(self, agency: AgencyId, down: bool) -> None:
        (self.wire.down.add if down else self.wire.down.discard)(ENDPOINTS[agency])

    @rule(failing=st.booleans())
    def product_fails_or_recovers(self, failing: bool) -> None:
        self.flaky.failing = failing

    @precondition(lambda self: self.wire.seen)
    @rule(data=st.data())
    def repeat_something_old(self, data: st.DataObject) -> None:
        url, body = data.draw(st.sampled_from(self.wire.seen))
        media_type = "application/json" if body.startswith(b"[") else "application/jose"
        endpoint = next(one for one in ENDPOINTS.values() if url.startswith(one))
        got = self.wire.apps[endpoint].test_client().post(url, data=body, content_type=media_type)
        assert got.status_code < 500

    @rule(agency=st.sampled_from([KOMMUNE, DPS]))
    def restart(self, agency: AgencyId) -> None:
        """Forget everything that was only in memory."""
        old = self.sites[agency]
        url = old.db.engine.url.render_as_string(hide_password=False)
        db = Database(url)
        products = old.ledger.products(inline=agency == DPS)
        with old.db.reading() as session:
            db.provide(Keyring, provided(session, Keyring))
            db.provide(Vault, provided(session, Vault))
            db.provide(Peers, provided(session, Peers))
        db.provide(Products, products)
        db.provide(Pace, Pace())
        db.provide(Scanner, Scanner())
        db.provide(Ways, Ways())
        old.db.engine.dispose()
        node = Node(settings=old.node.settings, db=db, keyring=old.node.keyring, products=products)
        self.wire.apps[ENDPOINTS[agency]] = app(db)
        self.sites[agency] = Site(node, old.ledger, self.wire)

    @invariant()
    def nothing_happened_twice(self) -> None:
        for agency, found in self.sites.items():
            ids = found.ledger.ids()
            assert len(ids) == len(set(ids)), agency

    @invariant()
    def what_has_ended_stays_ended(self) -> None:
        for message, sender in self.posted.items():
            state = self._state(sender, message)
            assert self.ended.get(message, state) is state
            if state not in OPEN:
                self.ended[message] = state

    def teardown(self) -> None:
        if self.sites:
            self._mend_and_finish()
        for found in self.sites.values():
            found.db.engine.dispose()
        rmtree(self.folder)
        clock.reset()

    def _mend_and_finish(self) -> None:
        """With everything mended, every message that was not cancelled ends acknowledged, once, and both agree."""
        self.wire.down.clear()
        self.wire.lose_answer.clear()
        self.flaky.failing = False
        for _ in range(4):
            self.wait(700)
            for agency in self.sites:
                self.work(agency)
        for message, sender in self.posted.items():
            receiver = self.sites[DPS if sender == KOMMUNE else KOMMUNE]
            expected = State.CANCELLED if message in self.cancelled else State.ACKNOWLEDGED
            assert self._state(sender, message) is expected
            assert receiver.ledger.ids().count(message) == (message not in self.cancelled)
            if message not in self.cancelled:
                assert self._answer_at_sender(sender, message) == _answer_at_receiver(receiver, message)

    def _state(self, sender: AgencyId, message: MessageId) -> State:
        return self.sites[sender].delivery(message, agency=sender, now=self.now).state

    def _answer_at_sender(self, sender: AgencyId, message: MessageId) -> bytes | None:
        with self.sites[sender].db.reading() as session:
            return session.scalar(select(OutgoingRow.acknowledgement).where(OutgoingRow.message == message))


def _answer_at_receiver(receiver: Site, message: MessageId) -> bytes | None:
    with receiver.db.reading() as session:
        return session.scalar(select(IncomingRow.acknowledgement).where(IncomingRow.message == message))


TestPost = Post.TestCase
TestPost.settings = settings(
    max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
