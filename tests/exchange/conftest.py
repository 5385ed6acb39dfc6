"""Two nodes side by side: the municipality with NAV, and the DPS."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile

import pytest

from handover.db import Database
from tests.exchange.network import DPS, KOMMUNE, NAV, Book, Site, Wire, site


@dataclass
class Community:
    """Two nodes, their address book and the wire between them."""

    book: Book
    wire: Wire
    kommune: Site
    dps: Site


@pytest.fixture
def make_community(tmp_path: Path, empty_sqlite: Path) -> Iterator["MakeCommunity"]:
    """Return a maker of communities on SQLite, closed at the end."""
    maker = MakeCommunity(tmp_path, empty_sqlite)
    yield maker
    maker.close()


@pytest.fixture
def community(make_community: "MakeCommunity") -> Community:
    """Two nodes that answer inline."""
    return make_community()


class MakeCommunity:
    """Makes communities on fresh SQLite files."""

    def __init__(self, folder: Path, empty: Path) -> None:
        self._folder = folder
        self._empty = empty
        self._opened: list[Database] = []

    def __call__(self, *, inline: bool = True) -> Community:
        book, wire = Book(), Wire()
        kommune = site(self._database(), book, wire, [KOMMUNE, NAV], "https://kommune.example", inline=inline)
        dps = site(self._database(), book, wire, [DPS], "https://dps.example", inline=inline)
        return Community(book, wire, kommune, dps)

    def close(self) -> None:
        for db in self._opened:
            db.engine.dispose()

    def _database(self) -> Database:
        path = self._folder / f"{len(self._opened)}.db"
        copyfile(self._empty, path)
        db = Database(f"sqlite:///{path}")
        self._opened.append(db)
        return db
