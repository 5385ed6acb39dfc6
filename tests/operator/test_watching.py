"""Machines that watch the node see whether it lives, is ready, and how old its oldest waiting things are."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from flask.testing import FlaskClient
from sqlalchemy import text

from handover import clock, logs
from handover.actors import Machine
from handover.audit import service as audit
from handover.audit.model import Event
from handover.exchange.lifecycle import State
from handover.operator import service
from handover.operator.routes import TOKEN_FILE
from tests.builders import MUNICIPALITY
from tests.operator.conftest import Watched

NUMBER, NAME, TEXT = "01810012345", "Kari Synt", "hører stemmer"


@pytest.fixture
def client(watched: Watched) -> FlaskClient:
    return watched.app.test_client()


@pytest.fixture
def spoken() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handlers, level, hook = logging.getLogger().handlers, logging.getLogger().level, sys.excepthook
    logs.configure(stream)
    yield stream
    logging.getLogger().handlers, sys.excepthook = handlers, hook
    logging.getLogger().setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def numbers(client: FlaskClient) -> dict[str, float]:
    lines = client.get("/metrics").get_data(as_text=True).splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines) if name[:1] != "#"}


def test_a_load_balancer_sees_that_the_node_lives_and_is_ready(client: FlaskClient) -> None:
    assert client.get("/health/live").json == {"live": True}
    assert client.get("/health/ready").json == {"ready": True}


def test_a_node_with_another_schema_lives_but_is_not_ready(client: FlaskClient, watched: Watched) -> None:
    with watched.db.transaction() as session:
        session.execute(text("update alembic_version set version_num = '0000'"))
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json) == (503, {"ready": False, "code": "database.outdated"})
    assert client.get("/health/live").status_code == 200


def test_a_node_without_its_database_lives_but_is_not_ready(client: FlaskClient, watched: Watched) -> None:
    with watched.db.transaction() as session:
        session.execute(text("drop table alembic_version"))
    assert client.get("/health/ready").status_code == 503


def test_a_monitor_sees_how_long_the_oldest_message_has_waited(client: FlaskClient, watched: Watched) -> None:
    label = f'{{agency="{MUNICIPALITY}"}}'
    assert numbers(client)[f"handover_oldest_unsent_seconds{label}"] == 0
    watched.send(minutes_ago=5)
    watched.send(minutes_ago=45, state=State.SENT)
    seen = numbers(client)
    assert seen[f"handover_oldest_unsent_seconds{label}"] == pytest.approx(300, abs=20)
    assert seen[f"handover_oldest_unacknowledged_seconds{label}"] == pytest.approx(2700, abs=20)
    assert seen[f"handover_late_deliveries{label}"] == 1
    assert seen[f"handover_log_rows_waiting{label}"] == 0


def test_a_monitor_sees_that_the_directory_runs_out(client: FlaskClient) -> None:
    left = timedelta(seconds=numbers(client)["handover_directory_left_seconds"])
    assert timedelta(days=6, hours=22) < left < timedelta(days=7)


def test_a_monitor_sees_that_the_worker_fell_silent(client: FlaskClient, watched: Watched) -> None:
    service.beat(watched.db, service.WORKER, now=clock.now() - timedelta(minutes=10))
    assert numbers(client)["handover_worker_silent_seconds"] == pytest.approx(600, abs=20)


def test_numbers_are_shown_here_or_to_the_monitor_only(
    client: FlaskClient, watched: Watched, tmp_path: Path
) -> None:
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 404
    assert client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 404
    token = tmp_path / "token"
    token.write_text("long-enough-to-be-a-secret\n")
    assert isinstance(watched.settings.environment, dict)
    watched.settings.environment[TOKEN_FILE] = str(token)
    assert client.get("/metrics").status_code == 404
    answer = client.get("/metrics", headers={"Authorization": "Bearer long-enough-to-be-a-secret"})
    assert answer.status_code == 200


def test_nothing_about_a_person_reaches_logs_or_numbers(
    client: FlaskClient, watched: Watched, spoken: io.StringIO
) -> None:
    watched.send(minutes_ago=50)
    with watched.db.transaction() as session:
        audit.record(
            session,
            event=Event.EXPORT,
            actor=Machine(agency=MUNICIPALITY, name=NAME),
            agency=MUNICIPALITY,
            detail={"text": f"{NAME} {NUMBER} {TEXT}"},
            now=clock.now(),
        )
    asked: dict[str, Any] = {"query_string": {"q": NAME, "number": NUMBER}, "headers": {"Referer": f"/?{NUMBER}"}}
    answers = [client.get(path, **asked) for path in ("/health/live", "/health/ready", "/metrics")]
    for path in ("/finnes-ikke", f"/finnes-ikke/{NUMBER}", f"/finnes-ikke/{NAME}"):
        assert client.get(path, **asked).status_code == 404
    told = spoken.getvalue() + "".join(answer.get_data(as_text=True) for answer in answers)
    assert told.count("request.answered") == 3
    for canary in (NAME, "Kari", NUMBER, TEXT, "stemmer"):
        assert canary not in told


def test_every_log_line_of_a_request_carries_the_id_that_the_error_page_shows(
    client: FlaskClient, spoken: io.StringIO
) -> None:
    answer = client.get("/finnes-ikke", headers={"X-Request-Id": "abcdef0123456789"})
    lines = [json.loads(line) for line in spoken.getvalue().splitlines()]
    (line,) = [line for line in lines if line["event"] == "request.answered"]
    assert (line["request_id"], line["status"], line["method"]) == ("abcdef0123456789", 404, "GET")
    assert "abcdef0123456789" in answer.get_data(as_text=True)
