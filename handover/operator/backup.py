"""A backup is one SQLite file with a manifest beside it, whichever database the node runs on.

It is made while the node runs, from one consistent snapshot, and holds only what the database holds: content stays
sealed, so it is of no use without the key files, which are kept in another place (docs/operations.md).
"""

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import Table, func, insert, inspect, select, text
from sqlalchemy.engine import Connection

from handover import migrations
from handover.audit.tables import AuditHead
from handover.db import Database
from handover.errors import Conflict, Invalid

FORMAT: Final = 1
_PART: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a backup holds: enough to tell whether a restored node is the node that was backed up."""

    format: int
    made_at: str
    revision: str | None
    sha256: str
    rows: dict[str, int]
    heads: dict[str, tuple[int, str]]
    """The end of each agency's log: place and chain hash."""


def make(db: Database, target: Path, *, now: datetime) -> Manifest:
    """Write a backup to `target` and `target`.json, readable by the owner only. Raises Conflict where one is."""
    migrations.require_current(db)
    if target.exists() or manifest_path(target).exists():
        raise Conflict("backup.exists", path=str(target))
    with TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
        part = Path(folder) / "part"
        part.touch(mode=0o600)
        if db.engine.dialect.name == "sqlite":
            _copy_file(Path(str(db.engine.url.database)), part)
        else:
            _copy_snapshot(db, part)
        manifest = _describe(part, now)
        _write_private(manifest_path(target), json.dumps(asdict(manifest), indent=1).encode())
        _sync(part)
        part.rename(target)
    return manifest


def restore(source: Path, into: Database) -> Manifest:
    """Fill an empty database from a backup, all of it or nothing; an older one is brought up to date on the way.

    Raises Invalid('backup.damaged') where the file is not the one that was made, Conflict('database.not-empty').
    """
    manifest = read_manifest(source)
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.db"
        shutil.copyfile(source, copy)
        if _digest(copy) != manifest.sha256:
            raise Invalid("backup.damaged", path=str(source))
        _require_empty(into)
        with _opened(copy) as old:
            migrations.upgrade(old)
            migrations.upgrade(into)
            with old.engine.connect() as reading, into.engine.begin() as writing:
                _copy_rows(reading, writing)
    return manifest


def read_manifest(source: Path) -> Manifest:
    """Return what a backup says it holds. Raises Invalid('backup.no-manifest')."""
    try:
        said = json.loads(manifest_path(source).read_bytes())
        heads = {agency: (int(place), str(chain)) for agency, (place, chain) in said.pop("heads").items()}
        manifest = Manifest(heads=heads, **said)
    except (OSError, ValueError, KeyError, TypeError) as unreadable:
        raise Invalid("backup.no-manifest", path=str(manifest_path(source))) from unreadable
    if manifest.format != FORMAT:
        raise Invalid("backup.unknown-format", format=manifest.format)
    return manifest


def manifest_path(target: Path) -> Path:
    """Return where the manifest of a backup lies."""
    return target.with_name(target.name + ".json")


def count_rows(connection: Connection) -> dict[str, int]:
    """Return the number of rows of every table."""
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in _tables()
    }


def log_heads(connection: Connection) -> dict[str, tuple[int, str]]:
    """Return the end of each agency's log."""
    rows = connection.execute(select(AuditHead.agency, AuditHead.place, AuditHead.chain))
    return {row.agency: (row.place, row.chain.hex()) for row in rows}


def _copy_file(source: Path, part: Path) -> None:
    """SQLite's own online copy: one snapshot, writers go on."""
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(part)) as writing:
        reading.backup(writing)


def _copy_snapshot(db: Database, part: Path) -> None:
    with _opened(part) as copy:
        migrations.upgrade(copy)
        with db.engine.connect().execution_options(isolation_level="REPEATABLE READ") as reading:
            with copy.engine.begin() as writing:
                _copy_rows(reading, writing)
            with copy.engine.connect() as connection:
                if count_rows(reading) != count_rows(connection):
                    raise Invalid("backup.incomplete")


def _copy_rows(reading: Connection, writing: Connection) -> None:
    for table in _tables():
        rows = reading.execution_options(yield_per=_PART).execute(select(table))
        for some in rows.mappings().partitions(_PART):
            writing.execute(insert(table), [dict(row) for row in some])
        _continue_numbering(writing, table)


def _continue_numbering(writing: Connection, table: Table) -> None:
    """PostgreSQL counts on from what was put in by hand only when told to."""
    column = table.autoincrement_column
    if writing.dialect.name != "postgresql" or column is None:
        return
    writing.execute(
        text(
            f"select setval(pg_get_serial_sequence('{table.name}', '{column.name}'),"  # noqa: S608 - our own names
            f" coalesce(max({column.name}), 1), max({column.name}) is not null) from {table.name}"
        )
    )


def _require_empty(db: Database) -> None:
    present = set(inspect(db.engine).get_table_names()) & {table.name for table in _tables()}
    with db.engine.connect() as connection:
        for table in _tables():
            if table.name in present and connection.execute(select(table).limit(1)).first() is not None:
                raise Conflict("database.not-empty", table=table.name)


def _describe(part: Path, now: datetime) -> Manifest:
    with _opened(part) as copy:
        with copy.engine.connect() as connection:
            rows, heads = count_rows(connection), log_heads(connection)
        revision = migrations.found(copy)
    _make_one_file(part)
    return Manifest(
        format=FORMAT, made_at=now.isoformat(), revision=revision, sha256=_digest(part), rows=rows, heads=heads
    )


def _make_one_file(part: Path) -> None:
    with closing(sqlite3.connect(part, isolation_level=None)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
        connection.execute("pragma journal_mode=delete")


def _tables() -> Sequence[Table]:
    return migrations.all_tables().sorted_tables


@contextmanager
def _opened(path: Path) -> Iterator[Database]:
    db = Database(f"sqlite:///{path}")
    try:
        yield db
    finally:
        db.engine.dispose()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_private(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
