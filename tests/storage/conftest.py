"""The nodes that hold a whole referral."""

from tests.referral.conftest import any_nodes, open_postgres, open_sqlite, two_nodes

__all__ = ["any_nodes", "open_postgres", "open_sqlite", "two_nodes"]
