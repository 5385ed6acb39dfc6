"""Statements of the hot path: compiled once, run by the driver itself (docs/decisions/hot-path.md)."""

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, Final, cast

from sqlalchemy import Dialect, Insert, Select, bindparam
from sqlalchemy.engine import Connection
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

Convert = Callable[[Any], Any]
_LINE: Final = "handover.line"
_POSTGRESQL: Final = "postgresql"
_AT_ONCE: Final = 8
"""How many rows PostgreSQL gets in one insert: each statement costs both ends more than its row."""


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
            for text, sets in spelling.statements(bound):
                line.execute(text, sets).close()
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
    if line.connection.dialect.name != _POSTGRESQL:
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
    make_cursor: Callable[[], Any]
    error: type[Exception]
    told: Sequence[Callable[..., object]]

    @classmethod
    def of(cls, connection: Connection) -> "_Line":
        api, driver = connection.dialect.loaded_dbapi, cast(Any, connection.connection.driver_connection)
        make_cursor = partial(api.RawCursor, driver) if connection.dialect.name == _POSTGRESQL else driver.cursor
        return cls(connection, driver, make_cursor, api.Error, tuple(connection.dispatch.before_cursor_execute))

    def execute(self, text: str, bound: Sequence[Any]) -> Any:
        """Execute once for each set of values and return the cursor."""
        cursor = self.make_cursor()
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
    text_at_once: str
    """The same for `_AT_ONCE` rows; empty where the driver takes them one by one."""
    given: Mapping[str, object]
    """Values that stand in the statement itself."""
    writers: Sequence[tuple[str, Convert | None]]
    make_row: Callable[[Iterable[object]], Any]
    readers: Sequence[tuple[int, Convert]]

    @classmethod
    def of(cls, statement: ClauseElement, dialect: Dialect) -> "_Spelling":
        if dialect.name == _POSTGRESQL:
            dialect = cast(type[DefaultDialect], type(dialect))(paramstyle="numeric_dollar")
        compiled = cast(SQLCompiler, statement.compile(dialect=dialect))
        names = list(compiled.positiontup or ())
        kinds = [compiled.binds[name].type for name in names]
        columns = list(statement.selected_columns) if isinstance(statement, Select) else []
        read = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        is_at_once = isinstance(statement, Insert) and dialect.name == _POSTGRESQL
        return cls(
            text=compiled.string,
            text_at_once=_at_once(cast(Insert, statement), names, kinds, dialect) if is_at_once else "",
            given={name: compiled.params[name] for name in names if not compiled.binds[name].required},
            writers=[
                (name, kind.dialect_impl(dialect).bind_processor(dialect))
                for name, kind in zip(names, kinds, strict=True)
            ],
            make_row=cast(Any, namedtuple("Found", [str(column.key) for column in columns]))._make,
            readers=[(index, convert) for index, convert in enumerate(read) if convert is not None],
        )

    def bound(self, values: Mapping[str, object]) -> list[object]:
        """Return the parameters as the driver takes them, in order. Raises KeyError where one is missing."""
        whole = {**self.given, **values} if self.given else values
        return [whole[name] if convert is None else convert(whole[name]) for name, convert in self.writers]

    def statements(self, bound: Sequence[Any]) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield what to execute for these rows' parameters: a text, with the sets it is executed for."""
        whole = len(bound) - len(bound) % _AT_ONCE if self.text_at_once else 0
        for start in range(0, whole, _AT_ONCE):
            yield self.text_at_once, [list(chain.from_iterable(bound[start : start + _AT_ONCE]))]
        if whole < len(bound):
            yield self.text, bound[whole:]

    def row(self, found: Sequence[object]) -> Any:
        """Return a row of the driver's with the values of its columns' types."""
        cells = list(found)
        for index, convert in self.readers:
            cells[index] = convert(cells[index])
        return self.make_row(cells)


def _at_once(statement: Insert, names: Sequence[str], kinds: Sequence[Any], dialect: Dialect) -> str:
    """Return an insert of `_AT_ONCE` rows, whose parameters are those of the rows one after the other."""
    columns = list(zip(names, kinds, strict=True))
    rows = [{name: bindparam(f"{name}_{row}", type_=kind) for name, kind in columns} for row in range(_AT_ONCE)]
    return str(statement.values(rows).compile(dialect=dialect))
