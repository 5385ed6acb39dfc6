"""What a reading costs the database, on SQLite and on PostgreSQL: steps, rows looked at, and ways to the rows."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import Session

from handover.db import Database

FOLLOWS_WHAT_IS_STORED: Final = re.compile(
    r"SCAN (referral|referral_history|handover|thread|thread_message|thread_token|work_item|person|person_token)\b"
    r"|AUTOMATIC"
)
Read = Callable[[Session], object]


@dataclass
class Seen:
    """The queries of one page, with what they were given."""

    queries: list[tuple[str, Any]] = field(default_factory=list)


def cost(db: Database, read: Read) -> int:
    """Return how much the database does for a reading: SQLite's own steps, or the rows PostgreSQL looks at."""
    with db.transaction() as session:
        if db.engine.dialect.name == "sqlite":
            return _steps(session, read)
        plans = [_postgres_plan(session, *query) for query in _queries(db, session, read)]
        return sum(_visited(node) for plan in plans for node in plan)


def without_an_index(db: Database, read: Read) -> list[str]:
    """Return the ways to rows that follow what is stored: scans of whole tables."""
    with db.transaction() as session:
        if db.engine.dialect.name == "sqlite":
            plans = [_sqlite_plan(session, *query) for query in _queries(db, session, read)]
            return [line for plan in plans for line in plan if FOLLOWS_WHAT_IS_STORED.search(line)]
        nodes = [node for query in _queries(db, session, read) for node in _postgres_plan(session, *query)]
        return [
            node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan" and _visited(node) > 1000
        ]


def new_url(request: pytest.FixtureRequest, folder: Path, name: str) -> str:
    """Return the address of a new database of the kind that `request.param` names."""
    if request.param == "sqlite":
        return f"sqlite:///{folder / f'{name}.db'}"
    admin = create_engine(request.getfixturevalue("postgres_server"), isolation_level="AUTOCOMMIT")
    made = f"s{uuid4().hex}"
    with admin.connect() as connection:
        connection.execute(text(f"create database {made}"))
    admin.dispose()
    return admin.url.set(database=made).render_as_string(hide_password=False)


def _steps(session: Session, read: Read) -> int:
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    connection: Any = session.connection().connection.dbapi_connection
    read(session)
    connection.set_progress_handler(step, 10)
    read(session)
    connection.set_progress_handler(None, 0)
    return steps


def _queries(db: Database, session: Session, read: Read) -> list[tuple[str, Any]]:
    seen = Seen()

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            seen.queries.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        read(session)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert seen.queries, "the page asks nothing"
    return seen.queries


def _sqlite_plan(session: Session, statement: str, parameters: Any) -> list[str]:
    rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    return [str(row[3]) for row in rows]


def _postgres_plan(session: Session, statement: str, parameters: Any) -> list[dict[str, Any]]:
    explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
    found = session.connection().exec_driver_sql(explain, parameters).scalar_one()
    plan = json.loads(found) if isinstance(found, str) else found
    return list(_nodes(plan[0]["Plan"]))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


def _visited(node: dict[str, Any]) -> int:
    if "Scan" not in node["Node Type"]:
        return 0
    kept = node["Actual Rows"]
    dropped = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return int((kept + dropped) * node["Actual Loops"])
