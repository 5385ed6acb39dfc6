"""A receiver refuses every kind of bad message, says where it is wrong, and refuses no good one."""

import json
import random
from typing import Any

import orjson
import pytest

from handover.fhir import messages
from handover.fhir.outcome import operation_outcome, read_problems
from handover.fhir.problem import FhirInvalid
from handover.fhir.validator import validate
from tests.fhir import cases
from tests.fhir.bad_messages import BAD_MESSAGES, Bad


def test_the_corpus_has_at_least_42_kinds() -> None:
    assert len({bad.kind for bad in BAD_MESSAGES}) == len(BAD_MESSAGES) >= 42


@pytest.mark.parametrize("bad", BAD_MESSAGES, ids=lambda bad: bad.kind)
def test_a_receiver_refuses_and_names_the_path(bad: Bad) -> None:
    with pytest.raises(FhirInvalid) as refused:
        messages.check(bad.raw(), cases.event_of(bad.example))
    assert (bad.path, bad.code) in {(p.path, p.code) for p in refused.value.problems}


@pytest.mark.parametrize("name", cases.MESSAGES)
def test_a_receiver_refuses_no_good_message_however_it_is_written(name: str) -> None:
    document = json.loads(cases.written()[name])
    for raw in (json.dumps(document), json.dumps(document, indent=2), json.dumps(document, ensure_ascii=False)):
        assert messages.check(raw.encode(), cases.event_of(name)) == document


def test_a_receiver_keeps_what_a_stranger_adds_and_the_standard_allows() -> None:
    message = orjson.loads(cases.written()["request"])
    patient = next(e["resource"] for e in message["entry"] if e["resource"]["resourceType"] == "Patient")
    patient.update(
        id="kari",
        meta={
            "lastUpdated": "2026-11-24T08:12:30+01:00",
            "tag": [{"system": "https://example.org/t", "code": "x"}],
        },
        text={
            "status": "generated",
            "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p style="color: red">Kari <b>Fjord</b></p></div>',
        },
        extension=[*patient["extension"], {"url": "https://example.org/any", "valueQuantity": {"value": 1.5}}],
        gender="female",
        _birthDate={"extension": [{"url": "https://example.org/time", "valueDateTime": "1990-05-03T04:00:00Z"}]},
        maritalStatus={"text": "gift"},
        contained=[{"resourceType": "Organization", "id": "gp", "name": "Legesenter"}],
        generalPractitioner=[{"reference": "#gp"}],
    )
    patient["name"][0].update(
        given=["Kari", "Anne"], _given=[None, {"extension": [{"url": "https://example.org/n", "valueCode": "x"}]}]
    )
    observation = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    message["entry"].append({"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000009", "resource": observation})
    assert messages.check(orjson.dumps(message), "referral-request") == message


def test_a_sender_is_told_of_every_problem_at_once() -> None:
    message = orjson.loads(cases.written()["request"])
    for entry in message["entry"]:
        entry["resource"]["unknown"] = entry["resource"]["alsoUnknown"] = 1
    problems = validate(message, "overgang-referral-request")
    assert len(problems) == 2 * len(message["entry"])
    assert list(read_problems(operation_outcome(problems))) == problems


def test_a_refusal_never_repeats_a_value_of_the_message() -> None:
    for bad in BAD_MESSAGES:
        with pytest.raises(FhirInvalid) as refused:
            messages.check(bad.raw(), cases.event_of(bad.example))
        told = orjson.dumps(operation_outcome(refused.value.problems)).decode() + str(refused.value)
        assert not any(secret in told for secret in ("Fjord", "03859012345", "nedstemthet", "Mann", "bogus"))


_ODD: list[Any] = [None, True, 0, -1, 1.5, "", " ", "x", [], {}, [None], [[]], {"": None}, {"a": {}}, ["x"], [{}]]


@pytest.mark.parametrize(
    "name", ["request-sent-on", "status-scheduled", "acknowledgement-refused", "update-answer"]
)
def test_a_receiver_never_stumbles_over_anything(name: str) -> None:
    """Every node in turn is replaced by something odd: the answer is a list of problems, never an exception."""
    chance = random.Random(20261124)
    raw, event = cases.written()[name], cases.event_of(name)
    for steps in _all_steps(orjson.loads(raw)):
        message = orjson.loads(raw)
        node = message
        for step in steps[:-1]:
            node = node[step]
        node[steps[-1]] = chance.choice(_ODD)
        validate(message, f"overgang-{event}")


def _all_steps(node: Any, steps: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    below = [found for step, child in inside for found in _all_steps(child, (*steps, step))]
    return [*([steps] if steps else []), *below]
