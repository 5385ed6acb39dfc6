"""A receiver reads bytes one way only, and says where they could be read in two."""

import json

import orjson
import pytest

from handover.fhir.parse import MAX_BYTES, MAX_DEPTH, parse
from handover.fhir.problem import FhirInvalid, Problem, ProblemCode


def _refusal(raw: bytes) -> list[Problem]:
    with pytest.raises(FhirInvalid) as refused:
        parse(raw)
    return list(refused.value.problems)


@pytest.mark.parametrize(
    ("raw", "path", "code"),
    [
        (b'{"a":1,"a":2}', "a", ProblemCode.DUPLICATE_KEY),
        (
            b'{"resourceType":"Task","for":{"display":"x","display":"x"}}',
            "Task.for.display",
            ProblemCode.DUPLICATE_KEY,
        ),
        (b'{"a":[{"b":1},{"b":1,"\\u0062":2}]}', "a[1].b", ProblemCode.DUPLICATE_KEY),
        (b'{"a":"x\\u0000y"}', "a", ProblemCode.CONTROL_CHARACTER),
        (b'{"a":["\\b"]}', "a", ProblemCode.CONTROL_CHARACTER),
        (b'{"a":NaN}', "", ProblemCode.NOT_JSON),
        (b'{"a":"\xff"}', "", ProblemCode.NOT_UTF8),
        (b'{"a":"\\ud800"}', "", ProblemCode.NOT_JSON),
        (b"\xef\xbb\xbf{}", "", ProblemCode.NOT_JSON),
        (b'{"a":1}x', "", ProblemCode.NOT_JSON),
        (b"[]", "", ProblemCode.NOT_AN_OBJECT),
        (b"null", "", ProblemCode.NOT_AN_OBJECT),
        (b'{"a":"' + b"x" * MAX_BYTES + b'"}', "", ProblemCode.TOO_LARGE),
        (b'{"a":' * 300 + b"1" + b"}" * 300, "", ProblemCode.TOO_DEEP),
        (b"[" * 100_000 + b"]" * 100_000, "", ProblemCode.TOO_DEEP),
    ],
)
def test_a_receiver_refuses_bytes_that_can_be_read_in_two_ways(raw: bytes, path: str, code: ProblemCode) -> None:
    assert [(p.path, p.code) for p in _refusal(raw)] == [(path, code)]


def test_a_receiver_names_every_repeated_member() -> None:
    assert [p.path for p in _refusal(b'{"a":1,"a":2,"c":{"d":1,"d":1,"e":2,"e":3}}')] == ["a", "c.d", "c.e"]


def test_a_receiver_never_repeats_a_strangers_odd_member_name() -> None:
    assert [p.path for p in _refusal(b'{"Kari Nordmann 1":1,"Kari Nordmann 1":2}')] == ["?"]


def test_a_receiver_reads_other_writers_json_alike() -> None:
    document = {"a": [1, 2.5, True, None], "b": {"c": "æøå \n }{][", "d": "]]]]"}}
    for raw in (orjson.dumps(document), json.dumps(document, indent=3).encode(), json.dumps(document).encode()):
        assert parse(raw) == document


def test_a_receiver_counts_depth_outside_of_texts_only() -> None:
    document = {"a": "[" * 500}
    assert parse(orjson.dumps(document)) == document
    at_the_limit = b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH
    assert parse(at_the_limit)
    assert _refusal(b'{"a":' + at_the_limit + b"}")[0].code is ProblemCode.TOO_DEEP
