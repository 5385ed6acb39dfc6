"""One transaction per request or job: all of it or none of it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, cast
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, event, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from handover import clock
from handover.db import Database, after_commit, provided
from handover.exchange.tables import DeliveryChange
from handover.prepared import Prepared, in_one_go

_CHANGES: Final = cast(Table, DeliveryChange.__table__)
_INSERT: Final = Prepared(_CHANGES.insert())


def test_a_failed_transaction_leaves_nothing_and_wakes_nobody(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'node.db'}")
    woken: list[str] = []
    with db.transaction() as session:
        session.execute(text("create table t (a integer)"))
        after_commit(session, lambda: woken.append("first"))
    with pytest.raises(ZeroDivisionError), db.transaction() as session:
        session.execute(text("insert into t values (1)"))
        after_commit(session, lambda: woken.append("second"))
        _ = 1 // 0
    with db.reading() as session:
        assert session.execute(text("select count(*) from t")).scalar_one() == 0
    assert woken == ["first"]


def test_a_session_finds_what_the_node_provides(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'node.db'}")
    db.provide(str, "vault")
    with db.reading() as session:
        assert provided(session, str) == "vault"


def test_only_a_lease_is_committed_without_waiting_for_the_disk(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'node.db'}")
    level = text("pragma synchronous")
    full, normal = 2, 1
    with db.transaction(durable=False) as session:
        assert session.execute(level).scalar_one() == normal
    with db.transaction() as session:
        assert session.execute(level).scalar_one() == full


def test_threads_that_write_take_turns(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'node.db'}")
    with db.transaction() as session:
        session.execute(text("create table t (a integer)"))
        session.execute(text("insert into t values (0)"))

    def add(_number: int) -> None:
        with db.transaction() as session:
            before = session.execute(text("select a from t")).scalar_one()
            session.execute(text("update t set a = :a"), {"a": before + 1})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(200)))
    with db.reading() as session:
        assert session.execute(text("select a from t")).scalar_one() == 200


def test_a_database_error_never_repeats_the_values(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'node.db'}")
    with pytest.raises(DBAPIError) as failed, db.transaction() as session:
        session.execute(text("insert into nowhere values (:number)"), {"number": "01810012345"})
    assert "01810012345" not in str(failed.value)


class Disk:
    """Counts how often SQLite was asked to make something durable."""

    def __init__(self, db: Database) -> None:
        self.commits = 0
        event.listen(db.engine, "commit", self._count)

    def _count(self, connection: Connection) -> None:
        self.commits += connection.get_execution_options().get("handover_writing", True)


def _written(db: Database) -> list[int]:
    with db.reading() as session:
        return sorted(session.execute(text("select a from t")).scalars())


def test_writers_who_wait_for_each_other_share_a_commit_and_each_finds_its_own_durable(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'node.db'}")
    with db.transaction() as session:
        session.execute(text("create table t (a integer)"))
    disk, together = Disk(db), threading.Barrier(8)
    seen: list[bool] = []

    def add(number: int) -> None:
        together.wait()
        with db.transaction() as session:
            session.execute(text("insert into t values (:a)"), {"a": number})
            after_commit(session, lambda: seen.append(number in _written(db)))
            time.sleep(0.002)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(8)))
    assert _written(db) == list(range(8))
    assert seen == [True] * 8
    assert disk.commits < 8


def test_a_writer_who_fails_among_others_undoes_only_its_own(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'node.db'}")
    with db.transaction() as session:
        session.execute(text("create table t (a integer primary key)"))
    together = threading.Barrier(8)

    def add(number: int) -> str:
        together.wait()
        try:
            with db.transaction(durable=number != 5) as session:
                session.execute(text("insert into t values (:a)"), {"a": number})
                time.sleep(0.002)
                if number % 3 == 0:
                    raise ZeroDivisionError
                if number == 4:
                    session.execute(text("insert into t values (4)"))
        except (ZeroDivisionError, IntegrityError) as failed:
            return type(failed).__name__
        return "kept"

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(add, range(8)))
    assert [n for n, word in enumerate(told) if word == "kept"] == [1, 2, 5, 7] == _written(db)
    assert told[4] == "IntegrityError"


def test_nobody_is_told_that_something_is_durable_when_the_common_commit_fails(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'node.db'}")
    with db.transaction() as session:
        session.execute(text("create table t (a integer)"))
    together, told = threading.Barrier(4), []

    def add(number: int) -> str:
        together.wait()
        try:
            with db.transaction() as session:
                session.execute(text("insert into t values (:a)"), {"a": number})
                after_commit(session, lambda: told.append(number))
                time.sleep(0.002)
                if number == 3:  # as SQLite itself does when the disk is full
                    session.connection().connection.driver_connection.execute("rollback")  # type: ignore[union-attr]
        except OperationalError:
            return "failed"
        return "kept"

    with ThreadPoolExecutor(4) as pool:
        words = list(pool.map(add, range(4)))
    assert words[3] == "failed"
    assert sorted(told) == [n for n, word in enumerate(words) if word == "kept"] == _written(db)
    with db.transaction() as session:
        session.execute(text("insert into t values (9)"))
    assert 9 in _written(db)


@given(
    st.lists(
        st.text(st.characters(blacklist_characters="\x00", blacklist_categories=["Cs"]), max_size=3), max_size=20
    )
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_that_are_written_together_are_all_there_as_they_were_given(
    any_db: Database, given_rows: list[str]
) -> None:
    message = uuid4()
    rows = [
        {"agency": "1", "message": message, "number": at, "at": clock.now(), "state": "sent", "why": why, "by": ""}
        for at, why in enumerate(given_rows)
    ]
    with any_db.transaction() as session, in_one_go(session):
        _INSERT.run(session, rows)
    query = select(_CHANGES.c.why).where(_CHANGES.c.message == message).order_by(_CHANGES.c.number)
    with any_db.reading() as session:
        assert list(session.scalars(query)) == given_rows
