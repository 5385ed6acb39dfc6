"""What a page costs follows what it shows, never what is stored: each query goes to its rows through an index."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import Session

from bench import pages
from bench.stock import Stock, fill
from handover.referral import store

SMALL, LARGE = 3_000, 12_000
SHOWN: Final = 10
FOLLOWS_WHAT_IS_STORED: Final = re.compile(
    r"SCAN (referral|referral_history|work_item|person|person_token)\b|AUTOMATIC"
)
CASES: Final = [case for case in pages.CASES if case.target is not None]


@dataclass
class Seen:
    """The queries of one page, with what they were given."""

    queries: list[tuple[str, Any]] = field(default_factory=list)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def stocks(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Stock, ...]]:
    """The same node with few and with many referrals."""
    folder = tmp_path_factory.mktemp("stock")
    made = tuple(fill(_url(request, folder, size), size) for size in (SMALL, LARGE))
    yield made
    for stock in made:
        stock.db.engine.dispose()


@pytest.fixture(autouse=True)
def _short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE", SHOWN)
    monkeypatch.setattr(store, "COUNT_CAP", SHOWN)


@pytest.mark.parametrize("case", CASES, ids=[case.name.replace(" ", "-") for case in CASES])
def test_a_page_looks_at_no_more_rows_where_more_are_stored(case: pages.Case, stocks: tuple[Stock, ...]) -> None:
    few, many = (_cost(stock, case) for stock in stocks)
    assert many <= 1.5 * few + 100, f"{case.name}: {few} steps with few referrals stored, {many} with many"


@pytest.mark.parametrize("case", pages.CASES, ids=[case.name.replace(" ", "-") for case in pages.CASES])
def test_every_query_of_a_page_searches_an_index(case: pages.Case, stocks: tuple[Stock, ...]) -> None:
    stock = stocks[-1]
    if stock.db.engine.dialect.name == "sqlite":
        with stock.db.transaction() as session:
            plans = [_sqlite_plan(session, *query) for query in _queries(session, stock, case)]
        bad = [line for plan in plans for line in plan if FOLLOWS_WHAT_IS_STORED.search(line)]
    else:
        with stock.db.transaction() as session:
            nodes = [node for query in _queries(session, stock, case) for node in _postgres_plan(session, *query)]
        bad = [
            node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan" and _visited(node) > 1000
        ]
    assert bad == []


def _cost(stock: Stock, case: pages.Case) -> int:
    """Return how much the database does for a page: SQLite's own steps, or the rows PostgreSQL looks at."""
    with stock.db.transaction() as session:
        if stock.db.engine.dialect.name == "sqlite":
            return _steps(session, stock, case)
        plans = [_postgres_plan(session, *query) for query in _queries(session, stock, case)]
        return sum(_visited(node) for plan in plans for node in plan)


def _steps(session: Session, stock: Stock, case: pages.Case) -> int:
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    connection: Any = session.connection().connection.dbapi_connection
    case.read(session, stock, 0)
    connection.set_progress_handler(step, 10)
    case.read(session, stock, 0)
    connection.set_progress_handler(None, 0)
    return steps


def _queries(session: Session, stock: Stock, case: pages.Case) -> list[tuple[str, Any]]:
    seen = Seen()

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            seen.queries.append((statement, parameters))

    event.listen(stock.db.engine, "before_cursor_execute", note)
    try:
        case.read(session, stock, 0)
    finally:
        event.remove(stock.db.engine, "before_cursor_execute", note)
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


def _url(request: pytest.FixtureRequest, folder: Path, size: int) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{folder / f'{size}.db'}"
    admin = create_engine(request.getfixturevalue("postgres_server"), isolation_level="AUTOCOMMIT")
    name = f"s{uuid4().hex}"
    with admin.connect() as connection:
        connection.execute(text(f"create database {name}"))
    admin.dispose()
    return admin.url.set(database=name).render_as_string(hide_password=False)
