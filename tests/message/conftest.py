"""Two whole nodes that exchange threads."""

from collections.abc import Iterator

import pytest

from tests.conftest import OpenDatabase, open_postgres, open_sqlite
from tests.message.nodes import Post
from tests.referral.nodes import town
from tests.referral.visiting import register_everybody

__all__ = ["open_postgres", "open_sqlite", "post"]


@pytest.fixture
def post(open_sqlite: OpenDatabase) -> Iterator[Post]:
    """Two nodes on SQLite whose staff can sign in."""
    made = town(open_sqlite)
    register_everybody(made)
    yield Post(made)
    made.close()


@pytest.fixture
def any_post(open_any: OpenDatabase) -> Iterator[Post]:
    """Two nodes whose staff can sign in, on each kind of database."""
    made = town(open_any)
    register_everybody(made)
    yield Post(made)
    made.close()
