"""What a page costs follows what it shows, never what is stored: each query goes to its rows through an index."""

from collections.abc import Iterator
from typing import Final

import pytest

from bench import pages
from bench.stock import Stock, fill
from handover.referral import store
from tests.scale.costs import Read, cost, new_url, without_an_index

SMALL, LARGE = 3_000, 12_000
SHOWN: Final = 10
CASES: Final = [case for case in pages.CASES if case.target is not None]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def stocks(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Stock, ...]]:
    """The same node with few and with many referrals."""
    folder = tmp_path_factory.mktemp("stock")
    made = tuple(fill(new_url(request, folder, str(size)), size) for size in (SMALL, LARGE))
    yield made
    for stock in made:
        stock.db.engine.dispose()


@pytest.fixture(autouse=True)
def _short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE", SHOWN)
    monkeypatch.setattr(store, "COUNT_CAP", SHOWN)


@pytest.mark.parametrize("case", CASES, ids=[case.name.replace(" ", "-") for case in CASES])
def test_a_page_looks_at_no_more_rows_where_more_are_stored(case: pages.Case, stocks: tuple[Stock, ...]) -> None:
    few, many = (cost(stock.db, _reads(case, stock)) for stock in stocks)
    assert many <= 1.5 * few + 100, f"{case.name}: {few} steps with few referrals stored, {many} with many"


@pytest.mark.parametrize("case", pages.CASES, ids=[case.name.replace(" ", "-") for case in pages.CASES])
def test_every_query_of_a_page_searches_an_index(case: pages.Case, stocks: tuple[Stock, ...]) -> None:
    assert without_an_index(stocks[-1].db, _reads(case, stocks[-1])) == []


def _reads(case: pages.Case, stock: Stock) -> Read:
    return lambda session: case.read(session, stock, 0)
