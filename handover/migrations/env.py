"""Alembic's entry: runs the versions on the connection it was given, inside that connection's transaction."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.runtime.migration import MigrationContext

from handover.db import UtcDateTime
from handover.migrations import all_tables


def _spell(kind: str, thing: Any, _autogen: AutogenContext) -> str | Literal[False]:
    """Write our own types as the plain ones they store, so that an old migration never needs new code."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(thing, UtcDateTime) else False


_connection = context.config.attributes["connection"]
_is_first = MigrationContext.configure(_connection).get_current_revision() is None

context.configure(
    connection=_connection,
    target_metadata=all_tables(),
    render_item=_spell,
    render_as_batch=not _is_first,
    compare_type=True,
)
context.run_migrations()
