"""A region of three nodes, on each kind of database."""

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copyfile
from uuid import uuid4

import pytest
import structlog
from sqlalchemy import create_engine, text

from handover import migrations
from handover.db import Database
from tests.journeys.region import Region, region


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a database with every table, to make others from."""
    admin = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("create database journeys_template"))
    url = admin.url.set(database="journeys_template").render_as_string(hide_password=False)
    db = Database(url)
    migrations.all_tables().create_all(db.engine)
    migrations.stamp(db)
    db.engine.dispose()
    admin.dispose()
    return postgres_server


@pytest.fixture
def open_postgres(request: pytest.FixtureRequest) -> Iterator[Callable[[], Database]]:
    """Opens fresh PostgreSQL databases with every table."""
    admin = create_engine(request.getfixturevalue("postgres_template"), isolation_level="AUTOCOMMIT")
    made: list[str] = []

    def make() -> Database:
        made.append(f"j{uuid4().hex}")
        with admin.connect() as connection:
            connection.execute(text(f"create database {made[-1]} template journeys_template"))
        return Database(admin.url.set(database=made[-1]).render_as_string(hide_password=False))

    yield make
    with admin.connect() as connection:
        for name in made:
            connection.execute(text(f"drop database {name} with (force)"))
    admin.dispose()


@pytest.fixture
def open_sqlite(tmp_path: Path, empty_sqlite: Path) -> Callable[[], Database]:
    """Opens fresh SQLite databases with every table."""

    def make() -> Database:
        path = tmp_path / f"{len(list(tmp_path.glob('*.db')))}.db"
        copyfile(empty_sqlite, path)
        return Database(f"sqlite:///{path}")

    return make


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Region]:
    """Three nodes, on each kind of database."""
    handlers, level, hook = logging.getLogger().handlers, logging.getLogger().level, sys.excepthook
    made = region(request.getfixturevalue(f"open_{request.param}"), tmp_path)
    yield made
    made.close()
    logging.getLogger().handlers, sys.excepthook = handlers, hook
    logging.getLogger().setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()
