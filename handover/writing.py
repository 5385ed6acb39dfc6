"""Group commit on SQLite: writers of one process follow each other in one transaction; the disk is asked once.

SQLite has one writer at a time and waits for the disk at each commit. So whoever has written and sees others
waiting leaves the transaction open for the next; who sees nobody commits for all. Each goes on only when the
common commit is durable. What one of them spoils is undone to where it began (docs/decisions/group-commit.md).
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final, cast

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, NestedTransaction, Transaction
from sqlalchemy.exc import OperationalError

TURN_TIMEOUT: Final = 10.0
"""Seconds until a writer gives up waiting for the others of its process."""
MOST: Final = 64
"""Writers that share one commit."""
LONGEST: Final = 0.05
"""Seconds after which a transaction takes in nobody more: other processes wait for it as well."""
RESCUE: Final = 0.5
"""Seconds until one who waits for the common commit looks whether everybody it was left open for has given up."""


class _Shared:
    """One transaction and those who have written in it."""

    def __init__(self, connection: Connection, *, durable: bool) -> None:
        self.connection = connection
        self.members = 0
        self.durable = durable
        self.began = monotonic()
        self._done = threading.Event()
        self._failed: BaseException | None = None

    def begin(self) -> Transaction | NestedTransaction:
        """Begin one writer's part: for the first the transaction itself, for the others a savepoint in it."""
        return self.connection.begin_nested() if self.members else self.connection.begin()

    def takes_more(self) -> bool:
        return self.durable and self.members < MOST and monotonic() - self.began < LONGEST

    def is_alive(self) -> bool:
        """Whether SQLite has not rolled everything back by itself, as it does when the disk is full."""
        return cast(sqlite3.Connection, self.connection.connection.driver_connection).in_transaction

    def end(self) -> bool:
        """Commit for all, or let all of them fail; tell which."""
        try:
            if not self.is_alive():
                raise OperationalError("COMMIT", None, sqlite3.OperationalError("all was rolled back"))
            self.connection.commit()
        except BaseException as failed:
            self._failed = failed
            self.connection.invalidate()
        finally:
            self._done.set()
        return self._failed is None

    def has_ended(self, timeout: float) -> bool:
        """Wait for the common commit. Raises what made it fail."""
        if not self._done.wait(timeout):
            return False
        if self._failed is not None:
            raise self._failed
        return True


class Writers:
    """The writers of one process on one SQLite database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held: Connection | None = None
        """Kept open, and only one, so that SQLite keeps its pages: only who has the turn uses it."""
        self._version: int | None = None
        """SQLite's mark of what others had written when we last asked."""
        self._turn = threading.Lock()
        self._counting = threading.Lock()
        self._waiting = 0
        self._open: _Shared | None = None
        """Held by whoever has the turn, or left for who comes next."""
        event.listen(engine, "engine_disposed", self._close_all)

    @contextmanager
    def transaction(self, *, durable: bool) -> Iterator[Connection]:
        """Give a connection to write on; what was written is durable when this returns, or it raises.

        Not durable: it does not wait for the disk, unless it was let into the transaction of others who do.
        """
        self._wait_for_turn()
        try:
            with self._part(durable=durable) as shared:
                yield shared.connection
        finally:
            self._pass_on()
        while not shared.has_ended(RESCUE):
            self._end_if_forgotten(shared)

    @contextmanager
    def _part(self, *, durable: bool) -> Iterator[_Shared]:
        """Keep what is written within, or undo it and nothing else."""
        shared = self._open or _Shared(self._connection(durable=durable), durable=durable)
        self._open = shared
        part: Transaction | None = None
        try:
            part = shared.begin()
            yield shared
            if part.is_active and shared.members:
                part.commit()
            shared.members += 1
        except BaseException:
            if not shared.members:
                self._open = None
                self._let_go(shared.connection)
            elif part is not None and part.is_active and shared.is_alive():
                part.rollback()
            raise

    def others_wrote(self) -> bool:
        """Tell whether anybody but this process's writers has written since it was last asked, or may have."""
        with self._turn:
            before, self._version = self._version, None
            if self._held is not None:
                driver = cast(sqlite3.Connection, self._held.connection.driver_connection)
                self._version = driver.execute("pragma data_version").fetchone()[0]
            return self._version is None or self._version != before

    def _close_all(self, _engine: Engine) -> None:
        """Keep nothing open of an engine that lets go of its connections."""
        with self._turn:
            if self._held is not None:
                self._held.invalidate()
                self._let_go(self._held)

    def _let_go(self, connection: Connection) -> None:
        """Begin anew with a fresh connection after anything that went wrong; closing undoes what is open."""
        self._held = self._version = None
        connection.close()

    def _end(self, shared: _Shared) -> None:
        self._open = None
        if not shared.end():
            self._let_go(shared.connection)

    def _connection(self, *, durable: bool) -> Connection:
        held = self._held
        if held is None:
            held = self._held = self._engine.connect()
        if held.get_execution_options().get("handover_durable", True) is not durable:
            held.execution_options(handover_durable=durable)
        return held

    def _wait_for_turn(self) -> None:
        with self._counting:
            self._waiting += 1
        has_turn = self._turn.acquire(timeout=TURN_TIMEOUT)
        with self._counting:
            self._waiting -= 1
        if not has_turn:
            waited = TimeoutError("another transaction of this process has been writing for too long")
            raise OperationalError("BEGIN IMMEDIATE", None, waited)

    def _pass_on(self) -> None:
        """Leave the transaction open for somebody who waits, or commit it for all."""
        shared = self._open
        if shared is not None and not (self._waiting and shared.takes_more() and shared.is_alive()):
            self._end(shared)
        self._turn.release()

    def _end_if_forgotten(self, shared: _Shared) -> None:
        if not self._turn.acquire(blocking=False):
            return
        try:
            if self._open is shared:
                self._end(shared)
        finally:
            self._turn.release()
