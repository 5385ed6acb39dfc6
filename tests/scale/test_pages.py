"""What a page costs follows what it shows, never what is stored: each query goes to its rows through an index."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy import ColumnElement, select

from bench import pages
from bench.stock import DPS, NOW, Stock, fill
from handover.bundle import reading, worklists
from handover.bundle.lifecycle import Side
from handover.bundle.tables import HandoverRow
from handover.ids import ServiceId
from handover.message import reading as threads_read
from handover.message import store as messages
from handover.message import worklists as threads
from handover.referral import service as referrals
from handover.referral import store
from handover.referral.tables import ReferralRow
from handover.worklist import model as merging
from handover.worklist.model import Split
from tests.scale.costs import Read, cost, new_url, without_an_index

SMALL, LARGE = 2_000, 8_000
"""Referrals; half as many handovers and threads."""
SHOWN: Final = 10
COMMON: Final = 100
"""Words in so many messages are common."""
CASES: Final = [case for case in pages.CASES if case.target is not None]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def stocks(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Stock, ...]]:
    """The same node with few and with many referrals."""
    folder = tmp_path_factory.mktemp("stock")
    made = tuple(
        fill(new_url(request, folder, str(size)), size, handed=size // 2, threads=size // 2)
        for size in (SMALL, LARGE)
    )
    yield made
    for stock in made:
        stock.db.engine.dispose()


@pytest.fixture(autouse=True)
def _short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE", SHOWN)
    for counting in (store, worklists, threads, messages):
        monkeypatch.setattr(counting, "COUNT_CAP", SHOWN)
    for paging in (worklists, reading, threads, threads_read):
        monkeypatch.setattr(paging, "PAGE", SHOWN)
    monkeypatch.setattr(messages, "COMMON", COMMON)
    monkeypatch.setattr(messages, "LOOKED_AT", SHOWN)


@pytest.mark.parametrize("case", CASES, ids=[case.name.replace(" ", "-") for case in CASES])
def test_a_page_looks_at_no_more_rows_where_more_are_stored(case: pages.Case, stocks: tuple[Stock, ...]) -> None:
    few, many = (cost(stock.db, _reads(case, stock)) for stock in stocks)
    assert many <= 1.5 * few + 100, f"{case.name}: {few} steps with few referrals stored, {many} with many"


@pytest.mark.parametrize("case", pages.CASES, ids=[case.name.replace(" ", "-") for case in pages.CASES])
def test_every_query_of_a_page_searches_an_index(case: pages.Case, stocks: tuple[Stock, ...]) -> None:
    assert without_an_index(stocks[-1].db, _reads(case, stocks[-1])) == []


def test_a_long_list_of_what_is_finished_shows_every_case_once(
    stocks: tuple[Stock, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "PAGE", SHOWN)
    stock, shown, after = stocks[0], list[UUID](), None
    by, here = stock.intake, next(at for at, _role in stock.intake.roles if at)
    with stock.db.transaction() as session:
        for _page in count():
            closed = referrals.list_closed(session, here, by=by, now=NOW, after=after, limit=SHOWN)
            handed = worklists.list_closed(session, here, by=by, now=NOW, after=after, limit=SHOWN + 1)
            both = merging.merge_closed(Split(overdue=(), asked_for=closed.rows), closed.next, (), _sides(handed))
            assert both.asked_for, "no page is empty"
            shown += [row.cursor[1] for row in both.asked_for]
            after = both.next
            if after is None:
                break
        stored = [
            *session.scalars(select(ReferralRow.referral).where(*_closed(ReferralRow, here))),
            *session.scalars(select(HandoverRow.handover).where(*_closed(HandoverRow, here))),
        ]
    assert sorted(shown) == sorted(stored)
    assert len(shown) > 20 * SHOWN


def _sides(handed: Sequence[worklists.WorkRow]) -> list[list[worklists.WorkRow]]:
    return [[row for row in handed if row.standing.side is side] for side in Side]


def _closed(kind: type[ReferralRow] | type[HandoverRow], here: ServiceId) -> tuple[ColumnElement[bool], ...]:
    return (kind.agency == DPS, kind.service == here, kind.side == Side.RECEIVER.value, kind.shelf == "closed")


def _reads(case: pages.Case, stock: Stock) -> Read:
    return lambda session: case.read(session, stock, 0)
