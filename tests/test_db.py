"""One transaction per request or job: all of it or none of it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from handover.db import Database, after_commit, provided


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
