"""The schema's versions, for SQLite and PostgreSQL alike: bring a database up to date, or refuse an old one."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, text
from sqlalchemy.engine import Connection

import handover
from handover.db import Base, Database
from handover.errors import Conflict

HERE: Final = Path(__file__).parent
_LOCK: Final = 4_815_162_342  # one upgrade at a time, whichever process host runs it


class SchemaOutdated(Conflict):
    """The database's tables are not the ones this version of the program was written for."""

    code = "database.outdated"

    def __str__(self) -> str:
        return (
            f"The database is at version {self.details['found'] or 'none'}, this program needs"
            f" {self.details['needed']}. Make a backup, then run: handover db upgrade"
        )


def upgrade(db: Database) -> None:
    """Bring the database to the schema of this program, all of it or nothing. Safe to run again."""
    with db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        command.upgrade(config(connection), "head")


def stamp(db: Database) -> None:
    """Say that the tables, made in another way, are those of this program (tests)."""
    with db.engine.begin() as connection:
        command.stamp(config(connection), "head")


def found(db: Database) -> str | None:
    """Return the version the database is at; None for an empty one."""
    with db.reading() as session:
        return MigrationContext.configure(session.connection()).get_current_revision()


def needed() -> str | None:
    """Return the version this program needs; None while there is no migration at all."""
    return ScriptDirectory(str(HERE)).get_current_head()


def require_current(db: Database) -> None:
    """Raise SchemaOutdated unless the database is at the version this program needs."""
    at, wanted = found(db), needed()
    if at != wanted:
        raise SchemaOutdated(found=at, needed=wanted)


def all_tables() -> MetaData:
    """Return the tables of every slice."""
    for module in iter_modules(handover.__path__):
        if module.ispkg and (Path(handover.__file__).parent / module.name / "tables.py").exists():
            import_module(f"handover.{module.name}.tables")
    return Base.metadata


def config(connection: Connection) -> Config:
    """Return Alembic's configuration for one connection; there is no ini file."""
    configured = Config()
    configured.set_main_option("script_location", str(HERE))
    configured.attributes["connection"] = connection
    return configured
