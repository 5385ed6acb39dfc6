"""Two nodes, on SQLite and on PostgreSQL."""

from tests.referral.conftest import any_nodes, one_node, open_postgres, open_sqlite, two_nodes

__all__ = ["any_nodes", "one_node", "open_postgres", "open_sqlite", "two_nodes"]
