"""The database: one transaction per request or job, on SQLite or PostgreSQL, and what travels with a session.

Nobody below the edge commits. What must happen after the commit (waking a worker) is registered with
`after_commit`; what a store needs beside rows (the vault, the directory) is looked up with `provided`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from sqlalchemy import DateTime, Dialect, Engine, MetaData, create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

Thing = TypeVar("Thing")
_PROVIDED = "handover.provided"
_AFTER_COMMIT = "handover.after_commit"
BUSY_TIMEOUT_MS = 10_000


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
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._provided: dict[type[Any], object] = {}

    def provide(self, kind: type[Thing], thing: Thing) -> None:
        """Make `thing` what `provided(session, kind)` returns from now on."""
        self._provided[kind] = thing

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open one writing transaction; commits at the end, rolls back on any exception."""
        with self._session(writing=True) as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open one transaction that only reads (no audit row can be written in it)."""
        with self._session(writing=False) as session:
            yield session

    @contextmanager
    def _session(self, *, writing: bool) -> Iterator[Session]:
        with self._sessions(info={_PROVIDED: self._provided, _AFTER_COMMIT: []}) as session, session.begin():
            session.connection(execution_options={"handover_writing": writing})
            yield session
        for callback in session.info[_AFTER_COMMIT]:
            callback()


def provided(session: Session, kind: type[Thing]) -> Thing:
    """Return what the node provides of that type. Raises KeyError when the node was put together wrong."""
    return cast(Thing, session.info[_PROVIDED][kind])


def after_commit(session: Session, callback: Callable[[], None]) -> None:
    """Call back once the transaction has committed; never when it rolled back."""
    session.info[_AFTER_COMMIT].append(callback)


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=10, max_overflow=10, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
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
    writing = connection.get_execution_options().get("handover_writing", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
