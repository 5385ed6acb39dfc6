"""What each test's own application and database would compile anew is compiled once for each test process.

Templates, addresses and statements: half of the time of a test that opens a page went into them.
"""

from collections.abc import Callable, Hashable
from types import CodeType
from typing import Any, Final

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

MANY: Final = 20_000
"""More statements than the product has."""
Builder = Callable[..., tuple[str, str]]


class _Templates(BytecodeCache):
    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what was compiled from the same source."""
        checksum, code = self._kept.get(bucket.key, ("", None))
        bucket.code = code if checksum == bucket.checksum else None

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        if bucket.code is not None:
            self._kept[bucket.key] = (bucket.checksum, bucket.code)


class _Address(Rule):
    """An address whose builder, which follows from its parts alone, is compiled once."""

    _kept: Final[dict[Hashable, Builder]] = {}

    def _compile_builder(self, append_unknown: bool = True) -> Builder:
        if self.defaults:
            return super()._compile_builder(append_unknown)
        key = (self.rule, tuple(self._trace), append_unknown)
        if key not in self._kept:
            self._kept[key] = super()._compile_builder(append_unknown)
        return self._kept[key]


class _Spoken:
    """A dialect that is equal to every other of its kind: all databases of one kind are spoken to alike."""

    _statements: Final[dict[type, LRUCache[Any, Any]]] = {}

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        """Let the engine know every statement that another of its kind has compiled."""
        engine._compiled_cache = cls._statements.setdefault(cls, LRUCache(MANY))


class SQLite(_Spoken, SQLiteDialect_pysqlite):
    """SQLite as every test speaks it."""

    supports_statement_cache = True


class PostgreSQL(_Spoken, PGDialect_psycopg):
    """PostgreSQL as every test speaks it."""

    supports_statement_cache = True


def compile_once() -> None:
    """Let everything made from here on share what it compiles."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _Templates()}
    Flask.url_rule_class = _Address
    registry.register("sqlite", __name__, "SQLite")
    registry.register("postgresql.psycopg", __name__, "PostgreSQL")
