"""Trouble between and at the nodes: delivery waits and is visible, nothing is lost, nothing happens twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from threading import Thread
from time import sleep
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from werkzeug.serving import generate_adhoc_ssl_context, make_server

from handover import migrations
from handover.db import Database
from handover.exchange.client import Client, NotReached
from handover.exchange.lifecycle import State
from handover.exchange.model import Pace, Side
from handover.exchange.tables import IncomingRow
from handover.ids import ReferralId
from handover.referral import service
from handover.referral.lifecycle import Status
from handover.referral.steps import Step
from handover.team import service as team
from handover.team.model import TaskKind
from tests.builders import INTAKE
from tests.journeys.region import Region
from tests.referral.nodes import INGRID, OLA, PER, acceptance


def send(town: Region) -> ReferralId:
    """Send a referral and let half a minute pass, without anybody at the other end."""
    referral = town.draft()
    town.do(PER, service.send, referral)
    town.settle()
    return referral


def hours(town: Region, count: int) -> None:
    """Let hours pass, an hour at a time."""
    for _ in range(count):
        town.pass_time(hours=1)
        town.work()


def worklist(town: Region) -> list[ReferralId]:
    return [row.referral for row in town.ask(INGRID, service.worklist, INTAKE).rows]


def test_a_receiver_that_is_down_for_hours_gets_it_once_and_the_sender_sees_that_it_is_late(town: Region) -> None:
    town.sites["dps"].close()
    referral = send(town)
    case = town.see(PER, referral)
    assert case.standing.status is Status.SENT
    assert case.delivery is not None
    assert not case.delivery.late
    hours(town, 5)
    case = town.see(PER, referral)
    assert case.delivery is not None
    assert (case.delivery.state, case.delivery.late) == (State.QUEUED, True)
    assert case.delivery.last_error is not None
    assert case.delivery.last_error.code == "connection-refused"
    assert case.standing.responsible == case.standing.home, "the referrer holds the patient until it has arrived"
    town.sites["dps"].open()
    hours(town, 1)
    assert town.see(PER, referral).standing.status is Status.RECEIVED
    assert worklist(town) == [referral]
    town.prove()


def test_a_receiver_that_never_answers_ends_in_a_task_and_it_can_be_sent_again(town: Region) -> None:
    town.sites["dps"].close()
    referral = send(town)
    for _ in range(9):
        town.pass_time(hours=12)
        town.work()
    case = town.see(PER, referral)
    assert case.delivery is not None
    assert case.delivery.state is State.EXPIRED
    assert case.next is not None
    assert case.next.step is Step.MEND_DELIVERY
    with town.node_of(PER.agency).db.reading() as session:
        assert [task.kind for task in team.tasks(session, PER) if task.subject == referral] == [
            TaskKind.NOT_DELIVERED
        ]
    town.sites["dps"].open()
    town.do(PER, service.send_again, referral)
    town.settle()
    assert town.see(PER, referral).standing.status is Status.RECEIVED
    assert worklist(town) == [referral]
    town.prove(agreed=True)


def test_an_answer_lost_on_its_way_is_given_again_and_the_clock_starts_when_it_was_received(town: Region) -> None:
    """The DPS has it on Monday; the referrer learns so on Wednesday: both must name the same last day (rule 9)."""
    town.sites["dps"].lose_answers = 99
    referral = send(town)
    assert worklist(town) == [referral]
    assert town.see(PER, referral).standing.status is Status.SENT
    town.sites["dps"].close()
    town.pass_time(hours=48)
    town.work()
    town.sites["dps"].lose_answers = 0
    town.sites["dps"].open()
    hours(town, 1)
    ours, theirs = town.see(PER, referral), town.see(INGRID, referral)
    assert ours.standing.status is Status.RECEIVED
    assert ours.deadline == theirs.deadline
    assert worklist(town) == [referral]
    town.prove()


@pytest.mark.parametrize("wrong", [timedelta(hours=5), timedelta(hours=-5)], ids=["ahead", "behind"])
def test_a_receiver_whose_clock_is_wrong_by_hours_gets_it_when_the_clock_is_right(
    town: Region, wrong: timedelta
) -> None:
    town.sites["dps"].skew = wrong
    referral = send(town)
    hours(town, 2)
    case = town.see(PER, referral)
    if case.standing.status is Status.SENT:
        assert case.delivery is not None
        assert case.delivery.late
        assert case.delivery.last_error is not None
        assert case.delivery.last_error.code
        town.sites["dps"].skew = timedelta()
        hours(town, 5)  # an answer that was signed in the future counts from then on
    assert town.see(PER, referral).standing.status is Status.RECEIVED
    assert worklist(town) == [referral]
    town.sites["dps"].skew = timedelta()
    town.do(OLA, service.take, referral)
    town.do(OLA, service.accept, referral, acceptance())
    hours(town, 1)
    assert town.see(PER, referral).standing.status is Status.ACCEPTED
    town.prove()


def test_a_receiver_whose_disk_is_full_takes_nothing_half_and_gets_it_later(town: Region) -> None:
    dps = town.sites["dps"]
    with full_disk(dps.db):
        referral = send(town)
        case = town.see(PER, referral)
        assert case.standing.status is Status.SENT
        assert case.delivery is not None
        assert case.delivery.last_error is not None
        with dps.db.reading() as session:
            assert session.execute(select(func.count()).select_from(IncomingRow)).scalar_one() == 0
    hours(town, 1)
    assert town.see(PER, referral).standing.status is Status.RECEIVED
    assert worklist(town) == [referral]
    town.prove()


@contextmanager
def full_disk(db: Database) -> Iterator[None]:
    """Nothing more can be written: SQLite's own limit, or the error PostgreSQL gives (53100, disk_full)."""
    full = _full_sqlite if db.engine.dialect.name == "sqlite" else _full_postgres
    with full(db):
        yield


@contextmanager
def _full_sqlite(db: Database) -> Iterator[None]:
    def fill(raw: Any, _record: object) -> None:
        raw.execute("PRAGMA max_page_count=1")

    event.listen(db.engine, "connect", fill)
    db.engine.dispose()
    yield
    event.remove(db.engine, "connect", fill)
    db.engine.dispose()


@contextmanager
def _full_postgres(db: Database) -> Iterator[None]:
    full = "begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end"
    in_place = {"heartbeat", "notice_passed"}  # one row each, written over: no new place
    tables = {table.name for table in migrations.all_tables().sorted_tables} - in_place
    with db.engine.begin() as connection:
        connection.execute(text(f"create function full_disk() returns trigger language plpgsql as $${full}$$"))
        for table in tables:
            when = f'before insert or update on "{table}" for each row execute function full_disk()'
            connection.execute(text(f'create trigger "full_{table}" {when}'))
    yield
    with db.engine.begin() as connection:
        connection.execute(text("drop function full_disk() cascade"))


def _sleepy(_environ: object, _start: object) -> list[bytes]:
    sleep(1)
    return []


def test_a_receiver_that_is_slow_or_shows_a_wrong_certificate_is_named(town: Region) -> None:
    slow = Client(Pace(answer_timeout=0.2))
    door = make_server("127.0.0.1", 0, _sleepy, threaded=True)
    Thread(target=door.serve_forever, daemon=True).start()
    with pytest.raises(NotReached) as late:
        slow.request("POST", f"http://127.0.0.1:{door.server_port}/", b"")
    assert (late.value.fault.side, late.value.fault.code, late.value.left) == (Side.REC, "no-answer", True)
    door.shutdown()
    context = generate_adhoc_ssl_context()
    assert isinstance(context, SSLContext)
    assert context.protocol is PROTOCOL_TLS_SERVER
    wrong = make_server("127.0.0.1", 0, lambda _environ, _start: [], threaded=True, ssl_context=context)
    Thread(target=wrong.serve_forever, daemon=True).start()
    with pytest.raises(NotReached) as refused:
        slow.request("POST", f"https://127.0.0.1:{wrong.server_port}/", b"")
    assert (refused.value.fault.code, refused.value.left) == ("certificate-refused", False)
    wrong.shutdown()
