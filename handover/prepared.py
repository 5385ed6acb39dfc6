"""Statements of the hot path: compiled once, run by the driver itself (docs/decisions/hot-path.md)."""

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

from sqlalchemy import Dialect, Select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

Convert = Callable[[Any], Any]
_LINE: Final = "handover.line"


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
        line = _line(session)
        spelling = self._spelling(line)
        bound = [spelling.bound(row) for row in rows]
        try:
            line.execute(spelling.text, bound).close()
        except line.error as failed:
            raise line.translated(failed, spelling.text) from failed

    def all(self, session: Session, values: Mapping[str, object]) -> list[Any]:
        """Execute a select and return its rows; columns are attributes."""
        line = _line(session)
        spelling = self._spelling(line)
        bound = spelling.bound(values)
        try:
            cursor = line.execute(spelling.text, [bound])
            rows = cursor.fetchall()
            cursor.close()
        except line.error as failed:
            raise line.translated(failed, spelling.text) from failed
        return [spelling.row(found) for found in rows]

    def _spelling(self, line: "_Line") -> "_Spelling":
        dialect = line.connection.dialect
        found = self._spelt.get(dialect.name)
        if found is None:
            found = self._spelt[dialect.name] = _Spelling.of(self._statement, dialect)
        return found


def lay_line(session: Session, connection: Connection) -> None:
    """Let the Prepared statements of a session that lasts one transaction find their way to the driver at once."""
    session.info[_LINE] = _Line.of(connection)


@contextmanager
def in_one_go(session: Session) -> Iterator[None]:
    """Let PostgreSQL have the statements within all at once, not one after each answer; errors come at the end.

    Only for Prepared ones that write. SQLite runs in this process: there is no answer to wait for.
    """
    line = _line(session)
    if line.connection.dialect.name != "postgresql":
        yield
        return
    try:
        with line.driver.pipeline():
            yield
    except line.error as failed:
        raise line.translated(failed, "") from failed


@dataclass(frozen=True, slots=True)
class _Line:
    """A connection, its driver's own, and who is told of statements (whoever counts or times them)."""

    connection: Connection
    driver: Any
    error: type[Exception]
    told: Sequence[Callable[..., object]]

    @classmethod
    def of(cls, connection: Connection) -> "_Line":
        error, told = connection.dialect.loaded_dbapi.Error, tuple(connection.dispatch.before_cursor_execute)
        return cls(connection, connection.connection.driver_connection, error, told)

    def execute(self, text: str, bound: Sequence[Any]) -> Any:
        """Execute once for each set of values and return the cursor."""
        cursor = self.driver.cursor()
        for tell in self.told:
            tell(self.connection, cursor, text, (), None, False)
        if len(bound) == 1:
            cursor.execute(text, bound[0])
        else:
            cursor.executemany(text, bound)
        return cursor

    def translated(self, failed: Exception, text: str) -> Exception:
        """Return a driver's error as SQLAlchemy's, without values; as it does, let go of a lost server."""
        connection, dialect, found = self.connection, self.connection.dialect, cast(Any, failed)
        if not connection.invalidated and dialect.is_disconnect(found, self.driver, None):
            connection.engine.dispose(close=False)
            connection.invalidate(found)
        told = DBAPIError.instance(text, None, found, self.error, hide_parameters=True, dialect=dialect)
        return cast(Exception, told)


def _line(session: Session) -> _Line:
    """Return the way to the driver; within a savepoint ask the session, which makes it only when it is asked."""
    line: _Line | None = session.info.get(_LINE)
    if line is not None and not session.in_nested_transaction():
        return line
    connection = session.connection()
    return line or _Line.of(connection)


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
