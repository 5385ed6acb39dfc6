"""The database is locked, full or gone in mid-request: a page that says so, nothing half done, send it again."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from html import unescape
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, select, text

from handover import migrations
from handover.db import Database
from handover.referral.lifecycle import Status
from tests.referral.nodes import PER, Town, town
from tests.referral.test_sending_pages import id_in, written
from tests.referral.visiting import Reader, hidden, reader, register_everybody, words_of

Trouble = Callable[[Database], AbstractContextManager[None]]
ADVICE = "Ingenting av det du sendte er lagret. Vent litt og prøv igjen."


@contextmanager
def locked(db: Database) -> Iterator[None]:
    """Another program writes to the SQLite file for longer than a request waits."""
    with _every_connection(db, "PRAGMA busy_timeout=100"), closing(_raw(db)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def full(db: Database) -> Iterator[None]:
    """There is no room for another page in the SQLite file."""
    with _every_connection(db, "PRAGMA max_page_count=1"):
        yield


def _raw(db: Database) -> sqlite3.Connection:
    return sqlite3.connect(str(db.engine.url.database), isolation_level=None)


@contextmanager
def _every_connection(db: Database, pragma: str) -> Iterator[None]:
    def prepare(raw: Any, _record: object) -> None:
        raw.execute(pragma)

    event.listen(db.engine, "connect", prepare)
    db.engine.dispose()
    yield
    event.remove(db.engine, "connect", prepare)
    db.engine.dispose()


@contextmanager
def _cut_off(db: Database, when: str, is_now: Callable[..., bool]) -> Iterator[None]:
    """PostgreSQL ends the connection of whoever is about to do something."""
    admin = create_engine(db.engine.url, isolation_level="AUTOCOMMIT")

    def cut(*about: Any) -> None:
        if is_now(*about):
            _end_everybody(admin)

    event.listen(db.engine, when, cut)
    yield
    event.remove(db.engine, when, cut)
    admin.dispose()


def _end_everybody(admin: Engine) -> None:
    with admin.connect() as connection:
        others = "datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"
        connection.execute(text(f"select pg_terminate_backend(pid, 5000) from pg_stat_activity where {others}"))


def cut_off_at(words: str) -> Trouble:
    """The connection ends before the first statement with these words."""
    return lambda db: _cut_off(db, "before_cursor_execute", lambda _at, _cursor, said, *_rest: words in said)


def cut_off_at_the_commit(db: Database) -> AbstractContextManager[None]:
    """The connection ends when everything is written, and before it is committed."""
    return _cut_off(db, "commit", lambda at: at.get_execution_options().get("handover_writing", True))


@contextmanager
def closed(db: Database) -> Iterator[None]:
    """PostgreSQL lets nobody in."""
    admin = create_engine(db.engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    name = db.engine.url.database
    for statement in (
        f"alter database {name} allow_connections false",
        f"select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '{name}'",
    ):
        with admin.connect() as connection:
            connection.execute(text(statement))
    yield
    with admin.connect() as connection:
        connection.execute(text(f"alter database {name} allow_connections true"))
    admin.dispose()


@pytest.fixture
def postgres_nodes(request: pytest.FixtureRequest) -> Iterator[Town]:
    """Two nodes on PostgreSQL."""
    made = town(request.getfixturevalue("open_postgres"))
    yield made
    made.close()


@pytest.mark.parametrize("trouble", [locked, full])
def test_a_referrer_sends_again_what_sqlite_could_not_take(two_nodes: Town, trouble: Trouble) -> None:
    _sends_again(two_nodes, trouble, is_handed_back=True)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("trouble", "is_handed_back"),
    [
        pytest.param(cut_off_at("INSERT INTO exchange_outgoing"), True, id="at-the-promise"),
        pytest.param(cut_off_at("INSERT INTO audit_entry"), True, id="at-the-log"),
        pytest.param(cut_off_at_the_commit, True, id="at-the-commit"),
        pytest.param(closed, False, id="closed"),
    ],
)
def test_a_referrer_sends_again_what_postgresql_could_not_take(
    postgres_nodes: Town, trouble: Trouble, is_handed_back: bool
) -> None:
    _sends_again(postgres_nodes, trouble, is_handed_back=is_handed_back)


def _sends_again(nodes: Town, trouble: Trouble, *, is_handed_back: bool) -> None:
    db = nodes.kommune.db
    register_everybody(nodes)
    per = reader(nodes, PER)
    draft = written(per)
    form = {"revision": hidden(per.open(f"{draft}/se-over"), "revision")}
    before = _everything(db)
    with trouble(db):
        answer = per.send(f"{draft}/send", **form)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert ADVICE in words_of(answer)
    assert answer.headers["X-Request-Id"] in words_of(answer)
    assert _everything(db) == before
    again = _press_send_again(per, answer.text) if is_handed_back else per.send(f"{draft}/send", **form)
    assert again.status_code == 200
    assert nodes.see(PER, id_in(draft)).standing.status is Status.SENT


def _press_send_again(per: Reader, page: str) -> Any:
    """Send the form of the error page as a browser does."""
    address = re.search(r'<form method="post" action="(/henvisninger/[^"]+)"', page)
    assert address
    fields = re.findall(r'<textarea name="([^"]+)" hidden>\n([^<]*)</textarea>', page)
    return per.http.post(
        unescape(address[1]), data={name: unescape(value) for name, value in fields}, follow_redirects=True
    )


def _everything(db: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table but the sessions, which note when they were last used."""
    with db.reading() as session:
        return {
            table.name: sorted((tuple(row) for row in session.execute(select(table))), key=repr)
            for table in migrations.all_tables().sorted_tables
            if table.name != "web_session"
        }
