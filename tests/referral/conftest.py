"""Two nodes, on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copyfile

import pytest

from handover import migrations
from handover.db import Database
from tests.referral.nodes import Town, town

OpenDatabase = Callable[[], Database]


@pytest.fixture
def open_sqlite(tmp_path: Path, empty_sqlite: Path) -> OpenDatabase:
    """Opens fresh SQLite databases with every table."""

    def make() -> Database:
        path = tmp_path / f"{len(list(tmp_path.glob('*.db')))}.db"
        copyfile(empty_sqlite, path)
        return Database(f"sqlite:///{path}")

    return make


@pytest.fixture
def open_postgres(request: pytest.FixtureRequest) -> OpenDatabase:
    """Opens fresh PostgreSQL databases with every table."""
    new_postgres = request.getfixturevalue("new_postgres")

    def make() -> Database:
        db = Database(new_postgres())
        migrations.all_tables().create_all(db.engine)
        migrations.stamp(db)
        return db

    return make


@pytest.fixture
def two_nodes(open_sqlite: OpenDatabase) -> Iterator[Town]:
    """Two nodes on SQLite."""
    made = town(open_sqlite)
    yield made
    made.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_nodes(request: pytest.FixtureRequest) -> Iterator[Town]:
    """Two nodes, on each kind of database."""
    made = town(request.getfixturevalue(f"open_{request.param}"))
    yield made
    made.close()


@pytest.fixture
def one_node(open_sqlite: OpenDatabase) -> Iterator[Town]:
    """One node that hosts every agency."""
    made = town(open_sqlite, is_one_node=True)
    yield made
    made.close()
