"""Two nodes whose people can sign in."""

from collections.abc import Iterator

import pytest

from tests.conftest import OpenDatabase
from tests.referral.conftest import open_postgres, open_sqlite
from tests.referral.nodes import Town, town
from tests.referral.visiting import register_everybody

__all__ = ["open_postgres", "open_sqlite"]


@pytest.fixture
def nodes(open_sqlite: OpenDatabase) -> Iterator[Town]:
    """A municipality and a DPS with their staff."""
    made = town(open_sqlite)
    register_everybody(made)
    yield made
    made.close()


@pytest.fixture
def any_nodes(open_any: OpenDatabase) -> Iterator[Town]:
    """The same two nodes with their staff, on each kind of database."""
    made = town(open_any)
    register_everybody(made)
    yield made
    made.close()


@pytest.fixture
def any_town(open_any: OpenDatabase) -> Iterator[Town]:
    """The same two nodes on each kind of database, nobody signed in."""
    made = town(open_any)
    yield made
    made.close()
