"""A log line holds codes, ids and numbers. Whatever else it is handed, it does not pass on."""

import ast
import io
import json
import logging
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import handover
from handover import logs
from handover.actors import Role
from handover.errors import Conflict

NUMBER = "01810012345"
CANARIES = (NUMBER, "010 100 12345", "Kari Synt", "Karí", "hører stemmer", "kari@example.no")


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


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_operator_reads_what_happened_to_which_message(spoken: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(request_id="a1b2c3d4"):
        structlog.get_logger().info("delivery.sent", message=UUID(int=5), attempts=2, act=Role.INTAKE)
    (line,) = lines(spoken)
    assert (line["event"], line["request_id"], line["message"]) == ("delivery.sent", "a1b2c3d4", str(UUID(int=5)))
    assert (line["level"], line["attempts"], line["act"]) == ("info", 2, "intake")
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("canary", CANARIES)
def test_no_field_carries_a_persons_data(spoken: io.StringIO, canary: str) -> None:
    log = structlog.get_logger()
    log.info("delivery.sent", name=canary, code=canary, where=[canary, "a"], subject={"n": canary}, kind=canary)
    log.info(canary, code="x")
    log.info(f"referral {canary}")
    log.info("delivery.sent", size=int(NUMBER), person=object())
    assert canary not in json.dumps(lines(spoken), ensure_ascii=False)
    assert NUMBER not in spoken.getvalue()


def test_an_exceptions_words_are_not_repeated(spoken: io.StringIO) -> None:
    try:
        raise Conflict("referral.stale", name="Kari Synt") from ValueError(f"no such patient {NUMBER}")
    except Conflict:
        structlog.get_logger().exception("request.failed")
    (line,) = lines(spoken)
    assert (line["kind"], line["code"]) == ("handover.errors.Conflict", "referral.stale")
    assert line["where"][-1].startswith("test_logs.py:")
    assert NUMBER not in spoken.getvalue()
    assert "Kari" not in spoken.getvalue()


def test_what_ends_a_process_is_told_without_its_words(spoken: io.StringIO) -> None:
    sys.excepthook(ValueError, ValueError(NUMBER), None)
    (line,) = lines(spoken)
    assert (line["event"], line["kind"]) == ("process.failed", "builtins.ValueError")


def test_a_librarys_words_are_not_repeated(spoken: io.StringIO) -> None:
    logging.getLogger("sqlalchemy.engine").warning("insert %s", NUMBER)
    logging.getLogger("other").error(f"patient {NUMBER}", exc_info=ValueError(NUMBER))
    warnings.warn(f"patient {NUMBER}", stacklevel=1)
    assert [line["event"] for line in lines(spoken)] == ["library.spoke"] * 3
    assert lines(spoken)[0]["logger"] == "sqlalchemy.engine"
    assert NUMBER not in spoken.getvalue()


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=st.sampled_from(sorted(logs.FIELDS)), before=st.text(max_size=9), after=st.text(max_size=9))
def test_no_text_around_a_national_number_gets_it_through(field: str, before: str, after: str) -> None:
    said = logs.redact(None, "info", {field: f"{before}{NUMBER}{after}"})
    assert NUMBER not in json.dumps(said)


def test_whatever_the_program_logs_is_a_code_with_fields_from_the_list() -> None:
    odd = []
    for path in sorted(Path(handover.__file__).parent.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and _is_log(call.func):
                fields = {word.arg for word in call.keywords if word.arg} - {"exc_info"}
                code = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
                if fields - logs.FIELDS or not re.fullmatch(r"[a-z-]+(\.[a-z-]+)+", str(code)):
                    odd.append(f"{path.name}:{call.lineno}")
    assert odd == []


def _is_log(called: ast.expr) -> bool:
    if not isinstance(called, ast.Attribute) or called.attr not in {
        "debug",
        "info",
        "warning",
        "error",
        "critical",
        "exception",
    }:
        return False
    return ast.unparse(called.value) in {"log", "logger"} or "get_logger" in ast.unparse(called.value)


def test_ids_and_hashes_get_through() -> None:
    for value in ("310000012", "4f2a9c0d11223344", "dQw4w9WgXcQ-_kid", "exchange/send.py:12", "2026-03-27"):
        assert logs.redact(None, "info", {"event": "a.b", "key": value})["key"] == value
