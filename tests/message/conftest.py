"""Two whole nodes that exchange threads."""

from collections.abc import Iterator

import pytest

from tests.conftest import OpenDatabase, open_postgres, open_sqlite
from tests.message.nodes import Post
from tests.referral.nodes import town

__all__ = ["open_postgres", "open_sqlite", "post"]


@pytest.fixture
def post(open_sqlite: OpenDatabase) -> Iterator[Post]:
    """Two nodes on SQLite."""
    made = town(open_sqlite)
    yield Post(made)
    made.close()


@pytest.fixture
def any_post(open_any: OpenDatabase) -> Iterator[Post]:
    """Two nodes, on each kind of database."""
    made = town(open_any)
    yield Post(made)
    made.close()
