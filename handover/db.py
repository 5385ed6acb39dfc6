"""The database: one transaction per request or job, on SQLite or PostgreSQL, and what travels with a session.

Nobody below the edge commits. What must happen after the commit (waking a worker) is registered with
`after_commit`; what a store needs beside rows (the vault, the directory) is looked up with `provided`.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from time import monotonic
from typing import Any, TypeVar, cast

from sqlalchemy import DateTime, Dialect, Engine, MetaData, create_engine, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection
from sqlalchemy.types import TypeDecorator

from handover.prepared import lay_line
from handover.writing import Writers

Thing = TypeVar("Thing")
_PROVIDED = "handover.provided"
_AFTER_COMMIT = "handover.after_commit"
BUSY_TIMEOUT_MS = 10_000
PING_AFTER = 1.0
"""Seconds unused after which a connection to PostgreSQL is tried before it is used."""


class Base(DeclarativeBase):
    """Every table of the node."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant: `timestamptz` on PostgreSQL, naive UTC text on SQLite. Refuses naive values."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant must name its time zone")
        instant = value.astimezone(UTC)
        return instant.replace(tzinfo=None) if dialect.name == "sqlite" else instant

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """One node's database. `provide` makes a thing available to every session by its type."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self._hastily = self.engine.execution_options(handover_durable=False)
        self._reading = sessionmaker(self.engine.execution_options(handover_writing=False), expire_on_commit=False)
        self._joining = sessionmaker(expire_on_commit=False, join_transaction_mode="rollback_only")
        self._provided: dict[type[Any], object] = {}
        self._writers = Writers(self.engine) if self.engine.dialect.name == "sqlite" else None

    def provide(self, kind: type[Thing], thing: Thing) -> None:
        """Make `thing` what `provided(session, kind)` returns from now on."""
        self._provided[kind] = thing

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[Session]:
        """Open one writing transaction; commits at the end, rolls back on any exception.

        Only where losing the commit in a power cut does no harm (a lease) may it be told not to wait for the disk.
        """
        callbacks: list[Callable[[], None]] = []
        with (
            self._beginning(durable=durable) as connection,
            self._session(self._joining, callbacks, bind=connection) as session,
        ):
            lay_line(session, connection)
            yield session
            if session.in_transaction():
                session.commit()
        for callback in callbacks:
            callback()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open one transaction that only reads (no audit row can be written in it); begins at the first query."""
        callbacks: list[Callable[[], None]] = []
        with self._session(self._reading, callbacks) as session:
            yield session
            if session.in_transaction():
                session.commit()
        for callback in callbacks:
            callback()

    def others_wrote(self) -> bool:
        """Tell whether another process has written since it was last asked, or may have."""
        return self._writers is None or self._writers.others_wrote()

    def _beginning(self, *, durable: bool) -> AbstractContextManager[Connection]:
        """Return a connection within a transaction that commits at the end, or undoes all of it."""
        if self._writers is not None:
            return self._writers.transaction(durable=durable)
        return (self.engine if durable else self._hastily).begin()

    def _session(
        self, sessions: sessionmaker[Session], callbacks: list[Callable[[], None]], **more: Connection
    ) -> Session:
        return sessions(info={_PROVIDED: self._provided, _AFTER_COMMIT: callbacks}, **more)


def provided(session: Session, kind: type[Thing]) -> Thing:
    """Return what the node provides of that type. Raises KeyError when the node was put together wrong."""
    return cast(Thing, session.info[_PROVIDED][kind])


def insert_into(session: Session, table: Any) -> Any:
    """Return an INSERT as this session's kind of database spells it: one that knows ON CONFLICT."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def put(session: Session, table: type[Base], row: Mapping[str, Any], *, replacing: Iterable[str]) -> None:
    """Insert a row, or replace the named columns of the one with the same primary key."""
    statement = insert_into(session, table).values(dict(row))
    keys = [column.name for column in table.__table__.primary_key]
    changed = {name: statement.excluded[name] for name in replacing}
    session.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed))


def one_at_a_time(session: Session, *what: str) -> None:
    """Wait until no other transaction that named the same is open: what looks before it adds sees what they added.

    SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        key = int.from_bytes(sha256("|".join(what).encode()).digest()[:8], signed=True)
        session.execute(select(func.pg_advisory_xact_lock(key)))


def after_commit(session: Session, callback: Callable[[], None]) -> None:
    """Call back once the transaction has committed; never when it rolled back."""
    session.info[_AFTER_COMMIT].append(callback)


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        engine = create_engine(url, pool_size=10, max_overflow=10, hide_parameters=True)
        event.listen(engine, "begin", _begin_postgresql)
        event.listen(engine, "checkin", _note_use)
        event.listen(engine, "checkout", partial(_ping_if_idle, engine))
        return engine
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cast(Any, connection).isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    level = "FULL" if options.get("handover_durable", True) else "NORMAL"
    begin = "BEGIN IMMEDIATE" if options.get("handover_writing", True) else "BEGIN"
    driver = cast(sqlite3.Connection, connection.connection.driver_connection)
    try:
        if connection.info.get("synchronous", "FULL") != level:
            driver.execute(f"PRAGMA synchronous={level}")
            connection.info["synchronous"] = level
        driver.execute(begin)
    except sqlite3.Error as busy:
        raise OperationalError(begin, None, busy) from busy


def _note_use(_connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    entry.info["used"] = monotonic()


def _ping_if_idle(
    engine: Engine, connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection
) -> None:
    """See that a connection still lives, as `pool_pre_ping` does, but not in the middle of a busy stretch."""
    if monotonic() - entry.info.get("used", float("-inf")) < PING_AFTER:
        return
    try:
        engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as gone:
        raise DisconnectionError from gone


def _begin_postgresql(connection: Connection) -> None:
    if not connection.get_execution_options().get("handover_durable", True):
        connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
