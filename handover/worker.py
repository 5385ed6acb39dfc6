"""The process that sends: `handover worker`. It delivers, processes, acknowledges, expires, and orders the log.

Any number may run on PostgreSQL; on SQLite one beside the web process is enough. Every piece of work is taken
with a lease, so that a worker that dies only delays it.
"""

import select
import signal
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from types import FrameType
from typing import Any, Final, cast

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from handover import clock
from handover.addressbook import service as addressbook
from handover.app import Node
from handover.audit import service as audit
from handover.audit.service import LogBroken
from handover.bundle import service as bundle
from handover.db import provided
from handover.directory import service as directory
from handover.exchange import looking, processing, store, upkeep
from handover.exchange.client import Client
from handover.exchange.courier import Courier, Round, Way
from handover.exchange.model import Pace
from handover.message import service as message
from handover.notice import courier as notices
from handover.notice.senders import Ways
from handover.operator import auditing, journal
from handover.operator import service as operator
from handover.team import noticing
from handover.worklist import untouched

THREADS: Final = 8
"""Requests in flight at once."""
LANES: Final = 2
"""Requests in flight to one destination: while it works on one, the next is sealed here."""
ENOUGH: Final = 4
"""Messages worth a request of their own while another is under way to the same destination; fewer wait for it."""
SLOW_LANE: Final = 2
"""Of these, how many destinations that failed last time may use: stuck ones never take the others' threads."""
POLL: Final = 1.0
"""Seconds between looks when nothing wakes the worker."""
HEARKEN: Final = 0.5
"""Seconds the listener hears before it looks whether it shall stop (PostgreSQL)."""
GLANCE: Final = 0.05
"""Seconds between looks at SQLite's change counter, which other processes move."""
FRESHEN_EVERY: Final = 60.0
"""Seconds between looks at whether directory and statements are due."""
CHECK_EVERY: Final = 600.0
"""Seconds between looks at how long our answers take, and whether a log is due to be looked through."""
SWEEP_EVERY: Final = 5.0
"""Seconds between looks for what time has ended."""

log = structlog.get_logger(__name__)


def run_once(node: Node, now: datetime, *, client: Client | None = None) -> int:
    """Do everything that is due now, one thing at a time, until nothing is; returns how many messages it tried."""
    worker = Worker(node, client=client, clock=lambda: now)
    tried = worker.step_until_done()
    worker.tidy()
    worker.tell()
    return tried


def deliver_once(node: Node, now: datetime, *, client: Client | None = None) -> int:
    """Do what of `run_once` belongs to messages alone, and leave what time brings about to it."""
    return Worker(node, client=client, clock=lambda: now).step_until_done()


def run(node: Node) -> None:
    """Work until SIGTERM or SIGINT; what is in flight is finished first."""
    stop = threading.Event()

    def _stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        node.products.wake.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    work(node, stop)


def work(node: Node, stop: threading.Event) -> None:
    """Work until `stop` is set (a thread of the demo or of a test)."""
    Worker(node).loop(stop)


@dataclass
class Lanes:
    """How many requests are under way on each way, which ways were asked for meanwhile, which failed last time."""

    busy: Counter[Way] = field(default_factory=Counter)
    waiting: Counter[Way] = field(default_factory=Counter)
    """About how many messages no request has taken yet."""
    again: set[Way] = field(default_factory=set)
    failed: set[Way] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, way: Way, more: int) -> bool:
        """Whether a request for these goes now, beside those under way; else one of those goes round once more."""
        with self.lock:
            self.waiting[way] += more
            if self.busy[way] >= (1 if way in self.failed else LANES) or self._waits(
                way, under_way=self.busy[way]
            ):
                self.again.add(way)
                return False
            if way in self.failed and sum(map(self.busy.__getitem__, self.failed)) >= SLOW_LANE:
                return False
            self.busy[way] += 1
            self.waiting[way] = 0
            return True

    def ends(self, way: Way, result: Round) -> bool:
        """Note how a round went; whether this one is done for now."""
        with self.lock:
            (self.failed.discard if result.reached else self.failed.add)(way)
            is_asked = result.reached and (result.more or way in self.again)
            is_left = is_asked and not result.more and self._waits(way, under_way=self.busy[way] - 1)
            if not is_left:
                self.again.discard(way)
            if is_asked and not is_left:
                self.waiting[way] = 0
                return False
            self.busy[way] -= 1
            return True

    def _waits(self, way: Way, *, under_way: int) -> bool:
        """Whether what waits had better go together with what comes until the requests under way are back."""
        return under_way > 0 and self.waiting[way] < ENOUGH


class Worker:
    """One process's worker."""

    def __init__(
        self, node: Node, *, client: Client | None = None, clock: Callable[[], datetime] = clock.now
    ) -> None:
        self._node = node
        self._clock = clock
        with node.db.reading() as session:
            pace = provided(session, Pace)
            self._ways_out = provided(session, Ways)
        self._client = client or Client(pace)
        self._courier = Courier(node.db, self._client, clock)
        self._lanes = Lanes()
        self._foreign = threading.Event()
        self._looked = float("-inf")
        self._products = node.products
        self._wake = node.products.wake
        self._agencies = node.keyring.agencies

    def step(self) -> int:
        """Deliver, process and acknowledge what is due, once round; returns how many messages were tried."""
        done = sum(self._courier.deliver(way).tried for way in self._due_ways())
        return done + self._answer()

    def step_until_done(self) -> int:
        """Go round until nothing is due; returns how many messages were tried."""
        tried = 0
        while done := self.step():
            tried += done
        return tried

    def tidy(self) -> None:
        """End what time has ended and give the log its order."""
        operator.beat(self._node.db, operator.WORKER, now=self._clock())
        for agency in self._agencies:
            upkeep.sweep(self._node.db, agency, now=self._clock())
            upkeep.clear_blobs(self._node.db, agency, now=self._clock())
            bundle.begin_first_days(self._node.db, agency, now=self._clock())
            try:
                audit.sequence(self._node.db, agency)
            except LogBroken as broken:  # this agency's log stands still, and `handover check` says so
                log.critical("worker.log-broken", agency=agency, code=broken.stable_code)
        journal.take_in(self._node.db, self._node.settings.keys_dir, self._agencies, now=self._clock())

    def loop(self, stop: threading.Event) -> None:
        """Work until told to stop, with at most THREADS requests in flight."""
        listener = self._listen(stop)
        with ThreadPoolExecutor(THREADS + 4, thread_name_prefix="courier") as pool:
            pool.submit(self._keep_up, stop)
            pool.submit(self._look_through, stop)
            pool.submit(self._keep_telling, stop)
            if self._node.settings.directory_source:
                pool.submit(self._keep_fresh, stop)
            while not stop.is_set():
                self._wake.clear()
                try:
                    for way, count in self._wanted_ways().items():
                        if self._lanes.start(way, count):
                            pool.submit(self._deliver_all, way)
                except SQLAlchemyError as gone:
                    log.error("worker.database", error=type(gone).__name__)
                    stop.wait(POLL)
                self._wake.wait(POLL)
        listener.join()
        self._client.close()

    def _wanted_ways(self) -> Counter[Way]:
        """Return what this process has just posted on each way, and at least every POLL what is due on any."""
        posted = self._products.posted
        wanted = Counter(Way(*posted.popleft()) for _ in range(len(posted)))
        if wanted and not self._foreign.is_set() and monotonic() - self._looked < POLL:
            return wanted
        self._foreign.clear()
        self._looked = monotonic()
        return wanted + Counter(dict.fromkeys(self._due_ways(), ENOUGH))

    def _deliver_all(self, way: Way) -> None:
        """Deliver on one way until nothing is due there."""
        while True:
            try:
                result = self._courier.deliver(way)
            except Exception as error:
                log.error("worker.delivery", receiver=way.receiver, error=type(error).__name__)
                result = Round(0, reached=False)
            if self._lanes.ends(way, result):
                return

    def _due_ways(self) -> list[Way]:
        now = self._clock()
        with self._node.db.reading() as session:
            return [
                Way(agency, receiver)
                for agency in self._agencies
                for receiver in store.due_ways(session, agency, now=now)
            ]

    def _answer(self) -> int:
        done = 0
        for agency in self._agencies:
            done += processing.process_pending(self._node.db, agency, now=self._clock())
            done += looking.look_again(self._node.db, agency, now=self._clock())
            done += processing.send_replies(self._node.db, self._client, agency, self._clock)
        return done

    def _keep_up(self, stop: threading.Event) -> None:
        swept = monotonic()
        while not stop.is_set():
            try:
                self._answer()
                if monotonic() - swept >= SWEEP_EVERY:
                    swept = monotonic()
                    self.tidy()
            except Exception as error:
                log.error("worker.upkeep", error=type(error).__name__)
            stop.wait(POLL)

    def _keep_fresh(self, stop: threading.Event) -> None:
        """Hold the address book and our own statements fresh, beside what is sent: other nodes may be slow."""
        while not stop.is_set():
            try:
                directory.keep_fresh(self._node.db, self._node.settings.directory_source, now=self._clock())
            except Exception as error:
                log.error("worker.directory", error=type(error).__name__)
            stop.wait(FRESHEN_EVERY)

    def _keep_telling(self, stop: threading.Event) -> None:
        """Send notices, beside what goes to other nodes: a mail server may be slow."""
        while not stop.is_set():
            try:
                self.tell()
            except Exception as error:
                log.error("worker.notices", error=type(error).__name__)
            stop.wait(POLL)

    def tell(self) -> int:
        """Send the notices that are due; returns how many attempts were made."""
        done = 0
        for agency in self._agencies:
            noticing.pass_on(self._node.db, agency, now=self._clock())
            done += notices.send_due(self._node.db, self._ways_out, agency, self._clock)
        return done

    def remind(self) -> int:
        """Tell leaders what has lain for days, and give work to who is there; returns how much that was."""
        told = untouched.remind(self._node.db, self._agencies, now=self._clock())
        for agency in self._agencies:
            with self._node.db.transaction() as session:
                told += message.tell_leaders(session, agency, now=self._clock())
                message.end_expired(session, agency, now=self._clock())
        return told

    def _look_through(self, stop: threading.Event) -> None:
        """Measure answer times, remind of what lies, see daily that no log was changed: takes minutes."""
        while not stop.wait(CHECK_EVERY):
            try:
                operator.publish_answer_times(self._node.db, self._agencies, now=self._clock())
                self.remind()
                addressbook.remind(self._node.db, self._agencies, now=self._clock())
                auditing.check_when_due(self._node.db, self._agencies, now=self._clock())
            except Exception as error:
                log.error("worker.log-check", error=type(error).__name__)

    def _listen(self, stop: threading.Event) -> threading.Thread:
        hears = _hear_notify if self._node.db.engine.dialect.name == "postgresql" else _glance
        thread = threading.Thread(target=hears, args=(self._node, self._woken, stop), name="listener", daemon=True)
        thread.start()
        return thread

    def _woken(self) -> None:
        self._foreign.set()
        self._wake.set()


def _hear_notify(node: Node, woken: Callable[[], None], stop: threading.Event) -> None:
    """Wake on another process's NOTIFY (PostgreSQL); after a lost connection, listen again."""
    while not stop.is_set():
        try:
            with node.db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text(f"listen {store.CHANNEL}"))
                raw = cast(Any, connection.connection.driver_connection)
                woken()
                while not stop.is_set():
                    if not select.select([raw.fileno()], [], [], HEARKEN)[0]:
                        continue
                    if {note.payload for note in raw.notifies(timeout=0)} - {node.products.process}:
                        woken()
        except (SQLAlchemyError, OSError) as lost:
            log.warning("worker.listen", error=type(lost).__name__)
            stop.wait(POLL)


def _glance(node: Node, woken: Callable[[], None], stop: threading.Event) -> None:
    """Wake when another process has committed (SQLite): its change counter is a read of shared memory."""
    with node.db.engine.connect() as connection:
        cursor = cast(Any, connection.connection.driver_connection).cursor()
        last = None
        while not stop.wait(GLANCE):
            version = cursor.execute("pragma data_version").fetchone()[0]
            if version != last:
                last = version
                if node.db.others_wrote():
                    woken()
