"""The committed examples are what the product writes, are valid, and read back as what was meant."""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import orjson
import pytest

from handover.exchange.model import SealedBlob
from handover.fhir.messages import check
from handover.fhir.parse import parse
from handover.fhir.problem import Problem
from handover.fhir.run import Run
from handover.fhir.validator import TABLE, validate
from handover.fhir.walk import Checks
from handover.referral import fhir
from tests.fhir import cases

WRITTEN = cases.written()


@pytest.mark.parametrize("name", WRITTEN)
def test_what_the_product_writes_is_valid(name: str) -> None:
    resource = parse(WRITTEN[name])
    assert validate(resource, resource["meta"]["profile"][0]) == []


@pytest.mark.parametrize("name", cases.MESSAGES)
def test_what_the_product_sends_passes_the_one_door(name: str) -> None:
    check(WRITTEN[name], cases.event_of(name))


@pytest.mark.parametrize("name", WRITTEN)
def test_a_committed_example_is_what_the_product_writes(name: str) -> None:
    assert (cases.EXAMPLES / f"{name}.json").read_bytes() == cases.printed(WRITTEN[name])


def test_no_example_is_left_over() -> None:
    assert {path.stem for path in cases.EXAMPLES.glob("*.json")} == set(WRITTEN)


@pytest.mark.parametrize("name", cases.REQUESTS)
def test_a_receiver_reads_the_request_that_was_written(name: str) -> None:
    assert fhir.read_request(orjson.loads(WRITTEN[name])) == cases.REQUESTS[name]


@pytest.mark.parametrize("name", cases.UPDATES)
def test_a_receiver_reads_the_update_that_was_written(name: str) -> None:
    assert fhir.read_update(orjson.loads(WRITTEN[name])) == cases.UPDATES[name]


@pytest.mark.parametrize("name", cases.STATUSES)
def test_a_referrer_reads_the_status_that_was_written(name: str) -> None:
    assert fhir.read_status(orjson.loads(WRITTEN[name])) == cases.STATUSES[name]


def test_a_receiver_learns_how_to_open_every_attachment() -> None:
    assert fhir.read_blobs(orjson.loads(WRITTEN["request-sent-on"])) == cases.blobs(cases.REPORT, cases.SCAN)
    assert all(isinstance(blob, SealedBlob) for blob in fhir.read_blobs(orjson.loads(WRITTEN["request"])).values())


@pytest.fixture
def impatient_threads() -> Iterator[None]:
    """Let threads change places at every chance."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("impatient_threads")
def test_threads_that_begin_at_the_same_moment_find_nothing_wrong_either() -> None:
    table = orjson.loads(TABLE.read_bytes())
    messages = [orjson.loads(WRITTEN[name]) for name in cases.MESSAGES]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            checks, together = Checks(table), Barrier(8)
            found = list(pool.map(partial(_problems, checks, messages, together), range(8)))
            assert found == [[]] * 8


def _problems(checks: Checks, messages: Sequence[dict[str, Any]], together: Barrier, _: int) -> list[Problem]:
    together.wait()
    run = Run()
    for message in messages:
        checks.profile(message["meta"]["profile"][0])(message, "Bundle", run)
    return run.problems
