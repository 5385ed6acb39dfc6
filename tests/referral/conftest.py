"""Two nodes, on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest

from tests.conftest import OpenDatabase, open_postgres, open_sqlite
from tests.referral.nodes import Town, town

__all__ = ["any_nodes", "one_node", "open_postgres", "open_sqlite", "two_nodes"]


@pytest.fixture
def two_nodes(open_sqlite: OpenDatabase) -> Iterator[Town]:
    """Two nodes on SQLite."""
    made = town(open_sqlite)
    yield made
    made.close()


@pytest.fixture
def any_nodes(open_any: OpenDatabase) -> Iterator[Town]:
    """Two nodes, on each kind of database."""
    made = town(open_any)
    yield made
    made.close()


@pytest.fixture
def one_node(open_sqlite: OpenDatabase) -> Iterator[Town]:
    """One node that hosts every agency."""
    made = town(open_sqlite, is_one_node=True)
    yield made
    made.close()
