"""Statements of the hot path: compiled once, run by the driver itself (docs/decisions/hot-path.md)."""

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Dialect, Select
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

Convert = Callable[[Any], Any]


class Prepared:
    """A Core statement compiled once for each kind of database, and from then on run by the driver itself.

    Only for what runs for every message: SQLAlchemy's own execution takes ten times as long as SQLite's
    (docs/decisions/hot-path.md). Values and rows pass through their columns' types, as ever.
    """

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._spelt: dict[str, _Spelling] = {}

    def run(self, session: Session, rows: Sequence[Mapping[str, object]]) -> None:
        """Execute once for each row of values. Raises SQLAlchemy's errors, like any other statement."""
        with self._cursor(session) as (cursor, spelling):
            bound = [spelling.bound(row) for row in rows]
            if len(bound) == 1:
                cursor.execute(spelling.text, bound[0])
            else:
                cursor.executemany(spelling.text, bound)

    def all(self, session: Session, values: Mapping[str, object]) -> list[Any]:
        """Execute a select and return its rows; columns are attributes."""
        with self._cursor(session) as (cursor, spelling):
            cursor.execute(spelling.text, spelling.bound(values))
            return [spelling.row(found) for found in cursor.fetchall()]

    @contextmanager
    def _cursor(self, session: Session) -> "Iterator[tuple[DBAPICursor, _Spelling]]":
        connection = session.connection()
        dialect = connection.dialect
        spelling = self._spelt.get(dialect.name)
        if spelling is None:
            spelling = self._spelt[dialect.name] = _Spelling.of(self._statement, dialect)
        with _errors(connection, spelling.text), closing(connection.connection.cursor()) as cursor:
            for tell in connection.dispatch.before_cursor_execute:  # whoever counts or times statements
                tell(connection, cursor, spelling.text, (), None, False)
            yield cursor, spelling


@contextmanager
def in_one_go(session: Session) -> Iterator[None]:
    """Let PostgreSQL have the statements within all at once, not one after each answer; errors come at the end.

    Only for Prepared ones that write. SQLite runs in this process: there is no answer to wait for.
    """
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        yield
        return
    with _errors(connection, ""), _driver(connection).pipeline():
        yield


@contextmanager
def _errors(connection: Connection, statement: str) -> Iterator[None]:
    """Raise the driver's errors as SQLAlchemy's, without values; as it does, let go of what a lost server held."""
    dialect, base = connection.dialect, connection.dialect.loaded_dbapi.Error
    try:
        yield
    except base as failed:
        if not connection.invalidated and dialect.is_disconnect(failed, _driver(connection), None):
            connection.engine.dispose(close=False)
            connection.invalidate(failed)
        raise DBAPIError.instance(statement, None, failed, base, hide_parameters=True, dialect=dialect) from failed


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


@dataclass(frozen=True)
class _Spelling:
    """A statement as one kind of database spells it, with what turns values into the driver's and back."""

    text: str
    is_positional: bool
    given: Mapping[str, object]
    """Values that stand in the statement itself."""
    writers: Sequence[tuple[str, Convert | None]]
    make_row: Callable[[Iterable[object]], Any]
    readers: Sequence[tuple[int, Convert]]

    @classmethod
    def of(cls, statement: ClauseElement, dialect: Dialect) -> "_Spelling":
        compiled = cast(SQLCompiler, statement.compile(dialect=dialect))
        names = list((compiled.positiontup or ()) if compiled.positional else compiled.params)
        types = [compiled.binds[name].type.dialect_impl(dialect) for name in names]
        columns = list(statement.selected_columns) if isinstance(statement, Select) else []
        read = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        return cls(
            text=compiled.string,
            is_positional=compiled.positional,
            given={name: compiled.params[name] for name in names if not compiled.binds[name].required},
            writers=[(name, kind.bind_processor(dialect)) for name, kind in zip(names, types, strict=True)],
            make_row=cast(Any, namedtuple("Found", [str(column.key) for column in columns]))._make,
            readers=[(index, convert) for index, convert in enumerate(read) if convert is not None],
        )

    def bound(self, values: Mapping[str, object]) -> Any:
        """Return the parameters as the driver takes them. Raises KeyError for a value that is missing."""
        whole = {**self.given, **values} if self.given else values
        cells = [whole[name] if convert is None else convert(whole[name]) for name, convert in self.writers]
        if self.is_positional:
            return cells
        return {name: cell for (name, _), cell in zip(self.writers, cells, strict=True)}

    def row(self, found: Sequence[object]) -> Any:
        """Return a row of the driver's with the values of its columns' types."""
        cells = list(found)
        for index, convert in self.readers:
            cells[index] = convert(cells[index])
        return self.make_row(cells)
