"""The counts beside the filters of the handovers cost what they show, and stop where every list's counts stop."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from handover.actors import Role, Staff
from handover.bundle import service, store
from handover.bundle.lifecycle import Side
from handover.bundle.steps import Shelf
from handover.db import Base, Database
from handover.ids import ServiceId, StaffId, new_uuid
from tests.builders import MUNICIPALITY
from tests.scale.costs import cost, new_url, without_an_index

NOW: Final = datetime(2026, 11, 9, 9, tzinfo=UTC)
SMALL, LARGE = 40, 600
"""Handovers on each shelf of each service."""
CAP: Final = 10
HERE: Final = tuple(ServiceId(f"80000{number}") for number in range(60, 63))


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def stocks(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Database, ...]]:
    """The same agency with few and with many handovers."""
    folder: Path = tmp_path_factory.mktemp("handovers")
    made = tuple(filled(new_url(request, folder, str(size)), size) for size in (SMALL, LARGE))
    yield made
    for db in made:
        db.engine.dispose()


@pytest.fixture(autouse=True)
def _low_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "COUNT_CAP", CAP)


def filled(url: str, size: int) -> Database:
    """Return a database with so many handovers on each shelf of each service."""
    db = Database(url)
    Base.metadata.create_all(db.engine)
    rows = [
        {
            "agency": MUNICIPALITY,
            "side": Side.SENDER.value,
            "service": here,
            "handover": new_uuid(),
            "reference": "8H3K-PQ2M",
            "person": new_uuid(),
            "status": "draft",
            "round": 1,
            "number": 0,
            "is_open": shelf is not Shelf.CLOSED,
            "shelf": shelf.value,
            "is_undelivered": False,
            "entries": 0,
            "updated_at": NOW + timedelta(seconds=number),
            "standing": b"",
        }
        for here, shelf, number in product(HERE, Shelf, range(size))
    ]
    with db.transaction() as session:
        session.execute(insert(store.HANDOVER), rows)
        if db.engine.dialect.name == "postgresql":
            session.connection().exec_driver_sql("analyze handover")
    return db


def works(*at: ServiceId | None) -> Staff:
    """Return a clinician of those services."""
    roles = frozenset((each, Role.CLINICIAN) for each in at)
    return Staff(
        agency=MUNICIPALITY,
        id=StaffId(new_uuid()),
        name="Per Psykolog",
        title="psykolog",
        phone="55 00 00 01",
        roles=roles,
    )


def counting(by: Staff) -> Callable[[Session], dict[Shelf, int]]:
    """Return the reading that the list's filters need."""
    return lambda session: service.counts(session, by)


@pytest.mark.parametrize("at", [HERE[:1], HERE, (None,)], ids=["one-service", "three", "whole-agency"])
def test_counts_cost_no_more_where_more_is_stored_and_go_through_an_index(
    stocks: tuple[Database, ...], at: tuple[ServiceId | None, ...]
) -> None:
    read = counting(works(*at))
    few, many = (cost(db, read) for db in stocks)
    assert many <= 1.2 * few + 20, f"{few} steps with few handovers stored, {many} with many"
    assert without_an_index(stocks[-1], read) == []


def test_counts_stop_at_the_cap_and_are_exact_below_it(
    stocks: tuple[Database, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = stocks[0]
    with few.reading() as session:
        assert set(counting(works(*HERE))(session).values()) == {CAP}
        monkeypatch.setattr(store, "COUNT_CAP", 1000)
        assert counting(works(*HERE))(session) == dict.fromkeys(Shelf, 3 * SMALL)
        assert counting(works(HERE[0]))(session) == dict.fromkeys(Shelf, SMALL)
        assert counting(works())(session) == dict.fromkeys(Shelf, 0)


def test_counts_of_very_many_services_are_asked_in_parts(
    stocks: tuple[Database, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "COUNT_CAP", 1000)
    monkeypatch.setattr(store, "_MOST_SERVICES", 2)
    with stocks[0].reading() as session:
        assert counting(works(*HERE))(session) == dict.fromkeys(Shelf, 3 * SMALL)
