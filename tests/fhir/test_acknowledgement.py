"""An acknowledgement says what became of a message, in the same bytes every time."""

from datetime import UTC, datetime
from uuid import UUID

import orjson
import pytest

from handover.fhir import acknowledgement, messages
from handover.fhir.acknowledgement import AckCode, Acknowledgement
from handover.fhir.problem import FhirInvalid, Problem, ProblemCode
from handover.ids import AgencyId, MessageId

PROBLEMS = (
    Problem(
        "Bundle.entry[1].resource.status", ProblemCode.UNKNOWN_CODE, "the code is not in the required value set"
    ),
    Problem("", ProblemCode.TOO_DEEP, "the message is nested too deep"),
)


def _ack(code: AckCode, *problems: Problem) -> Acknowledgement:
    return Acknowledgement(
        message=MessageId(UUID("3f8c1f6e-6d3a-4b0e-9a53-0a6c2b9a7c11")),
        answers=MessageId(UUID("9a0e6f0a-2f6f-4d5a-8a57-5b1f0e4f7f22")),
        code=code,
        sender=AgencyId("310000020"),
        receiver=AgencyId("310000012"),
        at=datetime(2026, 11, 24, 8, 12, 30, 250_000, tzinfo=UTC),
        problems=problems,
    )


@pytest.mark.parametrize(
    "ack", [_ack(AckCode.OK), _ack(AckCode.TRANSIENT), _ack(AckCode.FATAL, *PROBLEMS)], ids=lambda a: str(a.code)
)
def test_a_sender_reads_what_the_receiver_wrote(ack: Acknowledgement) -> None:
    raw = acknowledgement.build(ack)
    assert acknowledgement.build(ack) == raw
    assert acknowledgement.read(messages.check(raw, "acknowledgement")) == ack


def test_a_sender_refuses_an_acknowledgement_under_another_name() -> None:
    with pytest.raises(FhirInvalid):
        messages.check(acknowledgement.build(_ack(AckCode.OK)), "referral-request")


def test_a_sender_refuses_an_acknowledgement_that_does_not_start_with_its_header() -> None:
    bundle = orjson.loads(acknowledgement.build(_ack(AckCode.FATAL, *PROBLEMS)))
    bundle["entry"].reverse()
    with pytest.raises(FhirInvalid) as refused:
        messages.check(orjson.dumps(bundle), "acknowledgement")
    assert [p.code for p in refused.value.problems] == [ProblemCode.HEADER_NOT_FIRST]


def test_a_sender_reads_at_once_only_an_ok_in_the_very_bytes_that_are_written_here() -> None:
    raw = acknowledgement.build(_ack(AckCode.OK))
    assert acknowledgement.read_as_written(raw) == _ack(AckCode.OK)
    another = orjson.loads(raw)
    for odd in (
        raw + b" ",
        raw.replace(b'"message"', b'"document"'),
        raw.replace(b'"type":', b'"type":"message","type":'),
        orjson.dumps({**another, "language": "no"}),
        orjson.dumps({**another, "entry": another["entry"] * 2}),
        acknowledgement.build(_ack(AckCode.FATAL, *PROBLEMS)),
        b"[]",
        b"{}",
        b'{"entry":[1],"timestamp":2}',
    ):
        assert acknowledgement.read_as_written(odd) is None
