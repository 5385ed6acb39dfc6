"""What a handover says comes out of its messages as it went in, and what does not belong together is refused."""

from base64 import b64encode
from dataclasses import replace
from typing import Any

import orjson
import pytest

from handover.bundle import document, fhir
from handover.fhir import messages
from handover.fhir.problem import FhirInvalid, ProblemCode
from handover.ids import HandoverId
from tests.fhir import handovers
from tests.fhir.handovers import BLOBS, DOCUMENTS, HANDED, STATUSES, SUPPLEMENT, WITHDRAWAL
from tests.fhir.people import CLINIC, INTAKE, message, named

Json = dict[str, Any]


def _opened(raw: bytes, event: str = "handover-bundle") -> Json:
    return messages.check(raw, event)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_reader_of_the_document_sees_just_what_was_released(name: str) -> None:
    released = DOCUMENTS[name]
    seen = document.read(handovers.document(name, released))
    assert seen.items == released.items
    assert (seen.patient, seen.author) == (released.patient, released.author)
    assert (seen.sender, seen.receiver, seen.handover) == (released.sender, released.receiver, released.handover)
    assert (seen.sender_name, seen.receiver_name) == (released.sender_name, released.receiver_name)
    assert (seen.wants_meeting, seen.meeting_note) == (released.wants_meeting, released.meeting_note)
    assert (seen.take_over_by, seen.supplements) == (released.take_over_by, released.supplements)


def test_a_receiver_reads_the_patients_own_words_first_and_each_item_once_more_under_its_part() -> None:
    seen = document.read(handovers.DOCUMENT)
    assert [entry.title for entry in seen.own_words] == ["Viktig for meg nå", "Kriseplan", "Lørdager"]
    assert [part.part for part in seen.parts] == ["need-now", "crisis", "people", "plans", "history"]
    assert [topic.heading.name for part in seen.parts for topic in part.topics][:3] == [
        "Viktig for meg nå",
        "Medisiner",
        "Kriseplan",
    ]
    assert seen.files == (handovers.REPORT, handovers.SCAN)


@pytest.mark.parametrize(("sent", "blobs"), [(HANDED, BLOBS), (SUPPLEMENT, ())], ids=["first", "supplement"])
def test_a_receiver_reads_the_very_bytes_that_were_approved(sent: Any, blobs: Any) -> None:
    raw = fhir.handed(sent, blobs, message=message("any"))
    assert fhir.handed(sent, blobs, message=message("any")) == raw
    assert fhir.read_handed(_opened(raw)) == (sent, blobs)


@pytest.mark.parametrize("name", STATUSES)
def test_a_sender_reads_the_status_as_it_was_written(name: str) -> None:
    raw = fhir.status(STATUSES[name], message=message("any"))
    assert fhir.read_status(_opened(raw, "handover-status")) == STATUSES[name]


def test_a_receiver_reads_the_withdrawal_as_it_was_written() -> None:
    raw = fhir.withdrawal(WITHDRAWAL, message=message("any"))
    assert fhir.read_withdrawal(_opened(raw, "handover-withdraw")) == WITHDRAWAL


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        (replace(HANDED, approval=replace(HANDED.approval, sha256="0" * 64)), ".entity"),
        (replace(HANDED, handover=HandoverId(named("another"))), ".focus"),
        (replace(HANDED, sender=CLINIC), ".requester"),
        (replace(HANDED, receiver=CLINIC), ".owner"),
        (replace(HANDED, supplements="0" * 64), ".input"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_receiver_refuses_a_message_that_does_not_belong_to_its_document(sent: Any, path: str) -> None:
    with pytest.raises(FhirInvalid) as refused:
        fhir.read_handed(_opened(fhir.handed(sent, BLOBS, message=message("any"))))
    assert [problem.path.endswith(path) for problem in refused.value.problems] == [True]


@pytest.mark.parametrize("blobs", [(), BLOBS[:1], BLOBS[::-1], (*BLOBS, BLOBS[0])], ids=len)
def test_a_receiver_refuses_other_files_than_the_document_names(blobs: Any) -> None:
    with pytest.raises(FhirInvalid) as refused:
        fhir.read_handed(_opened(fhir.handed(HANDED, blobs, message=message("any"))))
    assert [problem.path for problem in refused.value.problems] == ["Bundle.entry"]


def test_a_broken_document_inside_a_message_is_refused_with_its_path_also_by_the_sender() -> None:
    inner = orjson.loads(handovers.DOCUMENT)
    inner["entry"][0]["resource"]["section"][0]["text"]["div"] = (
        '<div xmlns="http://www.w3.org/1999/xhtml"><p>Alt er med.</p></div>'
    )
    raw = orjson.loads(fhir.handed(HANDED, BLOBS, message=message("any")))
    binary = next(i for i, e in enumerate(raw["entry"]) if e["resource"]["resourceType"] == "Binary")
    raw["entry"][binary]["resource"]["data"] = b64encode(orjson.dumps(inner)).decode()
    with pytest.raises(FhirInvalid) as refused:
        messages.check(orjson.dumps(raw), "handover-bundle")
    assert [(problem.path, problem.code) for problem in refused.value.problems] == [
        (f"Bundle.entry[{binary}].resource.data.Bundle.entry[0].resource", ProblemCode.RULE)
    ]


@pytest.mark.parametrize("data", ["%%%%", b64encode(b"{").decode(), b64encode(b"[]").decode()])
def test_a_receiver_refuses_a_binary_that_holds_no_document(data: str) -> None:
    raw = orjson.loads(fhir.handed(HANDED, BLOBS, message=message("any")))
    next(e["resource"] for e in raw["entry"] if e["resource"]["resourceType"] == "Binary")["data"] = data
    with pytest.raises(FhirInvalid):
        messages.check(orjson.dumps(raw), "handover-bundle")


def test_the_sender_cannot_speak_for_the_receiver() -> None:
    raw = orjson.loads(fhir.status(STATUSES["handover-status-taken-over"], message=message("any")))
    header = raw["entry"][0]["resource"]
    header["source"], header["destination"][0] = (
        {key: header["destination"][0][key] for key in ("extension", "endpoint")},
        {**header["source"], "receiver": header["sender"]},
    )
    header["sender"] = {
        **header["sender"],
        "identifier": {**header["sender"]["identifier"], "value": INTAKE.agency},
    }
    with pytest.raises(FhirInvalid) as refused:
        fhir.read_status(_opened(orjson.dumps(raw), "handover-status"))
    assert [problem.path.rpartition(".")[2] for problem in refused.value.problems] == ["owner"]
