"""A town whose DPS has a full worklist, and its people in front of their pages."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from handover.db import Database
from tests.referral import conftest as town_fixtures
from tests.referral.nodes import Town, town
from tests.referral.visiting import register_everybody
from tests.worklist.ward import Ward, open_ward

open_sqlite = town_fixtures.open_sqlite
any_nodes = town_fixtures.any_nodes


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
    with open_ward(tmp_path_factory.mktemp("ward"), empty_sqlite) as made:
        yield made


@pytest.fixture
def ward(shared_ward: Ward) -> Ward:
    """The shared ward. Tests that use it only look."""
    return shared_ward.at_its_time()
