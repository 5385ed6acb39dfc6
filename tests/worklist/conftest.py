"""A town whose DPS has a full worklist, and its people in front of their pages."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile

import pytest

from handover import clock
from handover.db import Database
from tests.referral import conftest as town_fixtures
from tests.referral.nodes import Town, town
from tests.referral.visiting import register_everybody
from tests.worklist.ward import Ward, fill

open_sqlite = town_fixtures.open_sqlite


@pytest.fixture
def staffed(open_sqlite: Callable[[], Database]) -> Iterator[Town]:
    """Two nodes whose people can sign in."""
    made = town(open_sqlite)
    register_everybody(made)
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared_ward(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[Ward]:
    """A DPS with one case in every state, made once for the tests of a module."""
    folder = tmp_path_factory.mktemp("ward")

    def make() -> Database:
        path = folder / f"{len(list(folder.glob('*.db')))}.db"
        copyfile(empty_sqlite, path)
        return Database(f"sqlite:///{path}")

    made = town(make)
    register_everybody(made)
    yield fill(made)
    made.close()


@pytest.fixture
def ward(shared_ward: Ward) -> Ward:
    """The shared ward, at its own time. Tests that use it only look."""
    clock.set_offset(shared_ward.town.now - datetime.now(UTC))
    return shared_ward
