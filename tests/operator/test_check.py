"""`handover check` says in plain sentences what is wrong with a node."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import text

from handover import clock
from handover.actors import Machine
from handover.audit import service as audit
from handover.audit.model import Event
from handover.config import Mail, Sms
from handover.db import Database
from handover.exchange.clamd import Clamd
from handover.exchange.scanning import Scanner
from handover.operator import check, service
from handover.operator.model import Verdict, spoken
from tests.builders import DPS, MUNICIPALITY
from tests.exchange.clamav import clamav
from tests.notice.post import sms_gateway, smtp_server
from tests.operator.conftest import Watched

BAD, WARNING, FINE = Verdict.BAD, Verdict.WARNING, Verdict.FINE
WAITING = f"""
    insert into exchange_incoming
        (agency, sender, message, event, outcome, is_pending, due_at, attempts, received_at,
         sha256, acknowledgement)
    values ('{MUNICIPALITY}', '{DPS}', '00000000000040008000000000000001', 'care-message', 'unscanned', true,
        '2026-11-22 12:00:00', 1, '2026-11-22 12:00:00', 'a', 'a')
"""
"""A message that came and could not be looked through yet."""


def found(watched: Watched, about: str, **changes: object) -> list[tuple[Verdict, str]]:
    settings = replace(watched.settings, **changes)  # type: ignore[arg-type]
    findings = check.examine(watched.db, settings, now=clock.now())
    return [(each.verdict, each.sentence) for each in findings if each.check == about]


def run(watched: Watched, statement: str) -> None:
    with watched.db.transaction() as session:
        session.execute(text(statement))


def test_a_healthy_node_has_nothing_bad(watched: Watched) -> None:
    service.beat(watched.db, service.WORKER, now=clock.now())
    findings = list(check.examine(watched.db, watched.settings, now=clock.now(), thorough=True))
    assert {each.verdict for each in findings if each.check != "disk"} == {FINE}
    assert {each.check for each in findings} == {
        "database",
        "disk",
        "directory",
        "clock",
        "worker",
        "deliveries",
        "log",
        "notices",
    }


def test_an_outdated_schema_is_bad_and_says_what_to_run(watched: Watched) -> None:
    run(watched, "update alembic_version set version_num = '0000'")
    ((verdict, sentence),) = found(watched, "database")
    assert verdict is BAD
    assert "handover db upgrade" in sentence


def test_a_database_that_is_gone_is_bad_and_does_not_stop_the_rest(watched: Watched, tmp_path: Path) -> None:
    gone = Database(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}")
    findings = list(check.examine(gone, watched.settings, now=clock.now()))
    assert (findings[0].check, findings[0].verdict) == ("database", BAD)
    assert "disk" in {each.check for each in findings}


def test_no_worker_is_bad(watched: Watched) -> None:
    assert found(watched, "worker")[0][0] is BAD
    service.beat(watched.db, service.WORKER, now=clock.now() - timedelta(minutes=30))
    assert found(watched, "worker") == [(BAD, "The last worker fell silent 30 minutes ago: nothing is sent.")]
    service.beat(watched.db, service.WORKER, now=clock.now())
    assert found(watched, "worker") == [(FINE, "A worker is running.")]


def test_a_late_delivery_is_told_with_its_age(watched: Watched) -> None:
    watched.send(minutes_ago=180)
    (first, _) = found(watched, "deliveries")
    assert first == (WARNING, f"{MUNICIPALITY}: 1 deliveries are late; the oldest has waited 3 hours.")


def test_a_changed_log_is_bad(watched: Watched) -> None:
    with watched.db.transaction() as session:
        for _ in range(3):
            audit.record(
                session,
                event=Event.LOGIN,
                actor=Machine(agency=MUNICIPALITY, name="x"),
                agency=MUNICIPALITY,
                now=clock.now(),
            )
    audit.sequence(watched.db, MUNICIPALITY)
    assert found(watched, "log")[0] == (FINE, f"{MUNICIPALITY}: the log is whole, 3 rows.")
    run(watched, "delete from audit_entry where place = 2")
    assert found(watched, "log")[0][0] is BAD


def test_a_directory_that_runs_out_is_warned_of_and_an_expired_one_is_bad(watched: Watched) -> None:
    assert found(watched, "directory")[0][0] is FINE
    clock.set_offset(timedelta(days=5, hours=1))
    assert found(watched, "directory")[0][0] is WARNING
    clock.set_offset(timedelta(days=8))
    assert found(watched, "directory")[0][0] is BAD


@pytest.mark.parametrize(
    ("off", "verdict"),
    [(timedelta(), FINE), (timedelta(minutes=1), WARNING), (timedelta(hours=2), BAD), (timedelta(hours=-2), BAD)],
)
def test_a_clock_that_is_off_is_found(watched: Watched, off: timedelta, verdict: Verdict) -> None:
    class Elsewhere(BaseHTTPRequestHandler):
        """A server whose clock is off from ours."""

        def do_HEAD(self) -> None:
            self.send_response(200)
            self.end_headers()

        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(datetime.now(UTC) + off, usegmt=True)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        seen = found(watched, "clock", directory_source=f"http://127.0.0.1:{server.server_port}/directory.jws")
        server.shutdown()
    assert seen[-1][0] is verdict


def test_a_full_disk_is_bad(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(watched, "disk")
    monkeypatch.setattr(check, "DISK_BAD_MB", 10**9)
    assert found(watched, "disk")[0][0] is BAD


def test_spans_are_said_in_the_largest_unit_that_fits() -> None:
    spans = [
        timedelta(seconds=1),
        timedelta(seconds=59),
        timedelta(minutes=1),
        timedelta(hours=5),
        timedelta(days=2),
    ]
    assert [spoken(span) for span in spans] == ["1 second", "59 seconds", "1 minute", "5 hours", "2 days"]


def test_an_agency_whose_clock_is_hours_off_is_named_with_what_it_means(watched: Watched) -> None:
    watched.send(minutes_ago=5, fault="from-the-future")
    watched.send(minutes_ago=4, fault="from-the-future")
    watched.send(minutes_ago=3, fault="answer.from-the-future")
    watched.send(minutes_ago=2, fault="no-answer")
    told = [(verdict, sentence) for verdict, sentence in found(watched, "clock") if DPS in sentence]
    assert [verdict for verdict, _ in told] == [WARNING, WARNING]
    assert "its clock is ahead" in told[0][1]
    assert "its clock is behind" in told[1][1]


def test_a_virus_scanner_that_is_configured_is_asked_whether_it_runs(watched: Watched, tmp_path: Path) -> None:
    assert found(watched, "scanner") == []
    with clamav(f"unix:{tmp_path}/clamd") as running:
        ((verdict, sentence),) = found(watched, "scanner", clamd=running.address)
        assert (verdict, sentence) == (FINE, "The virus scanner answers, and nothing waits for it.")
        watched.db.provide(Scanner, Scanner(Clamd(running.address)))
        run(watched, WAITING)
        ((verdict, sentence),) = found(watched, "scanner", clamd=running.address)
        assert (verdict, "1 messages" in sentence) == (WARNING, True)
    ((verdict, sentence),) = found(watched, "scanner", clamd=f"unix:{tmp_path}/clamd")
    assert verdict is BAD
    assert sentence.startswith("The virus scanner does not answer (")
    assert sentence.endswith("1 messages with documents wait.")


def test_a_way_to_tell_people_that_is_not_configured_is_named_with_what_is_missing(watched: Watched) -> None:
    email, sms = found(watched, "notices")
    assert email == (FINE, "Nobody is told by e-mail: HANDOVER_SMTP_HOST is not set.")
    assert sms == (FINE, "Nobody is told by SMS: HANDOVER_SMS_URL is not set.")


def test_the_ways_to_tell_people_are_asked_whether_they_can_be_used(watched: Watched, tmp_path: Path) -> None:
    with sms_gateway() as gateway:
        sms = Sms(url=gateway.url, sender="Overgang", token="secret")
        assert found(watched, "notices", sms=sms)[1] == (FINE, "Notices by SMS can be sent.")
        assert gateway.taken == []
    verdict, sentence = found(watched, "notices", sms=sms)[1]
    assert (verdict, sentence.startswith("Notices by SMS can't be sent now (sms.connectionerror)")) == (BAD, True)
    with smtp_server(tmp_path) as box:
        mail = Mail(host="127.0.0.1", port=box.port, security="starttls", sender="varsel@example.org")
    verdict, sentence = found(watched, "notices", mail=mail)[0]
    assert (verdict, "(smtp.connectionrefusederror)" in sentence) == (BAD, True)
    assert found(watched, "notices", notices_dir=tmp_path / "notices")[0] == (
        FINE,
        "Notices by e-mail can be sent.",
    )
