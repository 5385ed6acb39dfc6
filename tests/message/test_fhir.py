"""What travels of a thread reads back as it was meant, and what is odd is refused without its values."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest

from handover.errors import Invalid
from handover.fhir.entries import concept
from handover.fhir.messages import check_parsed
from handover.fhir.problem import FhirInvalid
from handover.message import fhir
from handover.message.fhir.parts import SUBJECTS
from handover.message.fhir.words import REASONS
from tests.fhir import people, threads

WRITTEN = threads.written()


@pytest.mark.parametrize("name", threads.LETTERS)
def test_a_receiver_reads_the_letter_that_was_written_and_how_to_open_its_documents(name: str) -> None:
    sent = threads.LETTERS[name]
    assert fhir.read_letter(orjson.loads(WRITTEN[name])) == (sent, threads.blobs(sent))


@pytest.mark.parametrize("name", threads.WORDS)
def test_a_member_reads_the_word_that_was_written(name: str) -> None:
    assert fhir.read_word(orjson.loads(WRITTEN[name])) == threads.WORDS[name]


@pytest.mark.parametrize("name", threads.RETRACTIONS)
def test_a_receiver_reads_the_retraction_that_was_written(name: str) -> None:
    assert fhir.read_retraction(orjson.loads(WRITTEN[name])) == threads.RETRACTIONS[name]


def test_a_member_reads_whom_a_case_is_about_and_that_it_is_about_nobody_any_more() -> None:
    assert fhir.read_link(orjson.loads(WRITTEN["case-link"])) == threads.LINKS["case-link"]
    for name, said in threads.UNLINKS.items():
        assert fhir.read_unlink(orjson.loads(WRITTEN[name])) == said


@pytest.mark.parametrize("wrong", [4, 5])
def test_an_unlink_that_calls_what_was_said_later_a_mistake_is_refused(wrong: int) -> None:
    message = fhir.unlink(replace(threads.UNLINKS["case-unlink"], wrong=wrong), message=people.message("unlink"))
    with pytest.raises(Invalid) as refused:
        fhir.read_unlink(orjson.loads(message))
    assert refused.value.stable_code == "message.unreadable"


def test_the_same_letter_gives_the_same_bytes() -> None:
    assert threads.written() == WRITTEN


@pytest.mark.parametrize("member", ["extension", "identifier", "category", "sender", "sent", "recipient"])
def test_a_letter_that_lacks_what_it_needs_is_refused_by_a_code(member: str) -> None:
    message = orjson.loads(WRITTEN["care-message"])
    main = next(each["resource"] for each in message["entry"] if each["resource"].get("topic"))
    del main[member]
    with pytest.raises(Invalid) as refused:
        fhir.read_letter(message)
    assert refused.value.stable_code == "message.unreadable"
    assert not refused.value.details


def _hops(message: dict[str, Any]) -> list[dict[str, Any]]:
    found = (each["resource"] for each in message["entry"])
    return [each for each in found if each["resourceType"] == "Provenance"]


def test_a_forwarded_message_has_a_hop_for_every_time_that_it_was_sent() -> None:
    sent = threads.LETTERS["care-message"]
    far = sent.forwards[1]
    main, _, far_url = (each["fullUrl"] for each in _messages(WRITTEN["care-message"]))
    hops = [each for each in _hops(orjson.loads(WRITTEN["care-message"])) if _target(each) == far_url]
    assert [each["activity"]["coding"][0]["code"] for each in hops] == ["new-message", *["forward-message"] * 3]
    came_in = [far.id, *(hop.message for hop in far.hops)]
    assert [each["entity"][0]["what"]["identifier"]["value"] for each in hops[1:]] == [one.urn for one in came_in]
    (own,) = (each for each in _hops(orjson.loads(WRITTEN["care-message"])) if _target(each) == main)
    assert own["activity"]["coding"][0]["code"] == "reply-message"


def _messages(raw: bytes) -> list[dict[str, Any]]:
    return [each for each in orjson.loads(raw)["entry"] if each["resource"]["resourceType"] == "Communication"]


def _target(hop: dict[str, Any]) -> str:
    return str(hop["target"][0]["reference"])


def _of_another(hop: dict[str, Any]) -> None:
    hop["entity"][0]["what"]["identifier"]["value"] = "urn:uuid:00000000-0000-4000-8000-000000000000"


def _at_another_time(hop: dict[str, Any]) -> None:
    hop["recorded"] = "2020-01-01T00:00:00Z"


@pytest.mark.parametrize("change", [_of_another, _at_another_time])
@pytest.mark.parametrize("code", ["reply-message", "forward-message"])
def test_a_letter_whose_hops_say_other_than_its_messages_is_refused(
    change: Callable[[dict[str, Any]], None], code: str
) -> None:
    message = orjson.loads(WRITTEN["care-message"])
    change(next(each for each in _hops(message) if each["activity"]["coding"][0]["code"] == code))
    check_parsed(message, "care-message")
    with pytest.raises(Invalid) as refused:
        fhir.read_letter(message)
    assert refused.value.stable_code == "message.unreadable"


@pytest.mark.parametrize(
    ("name", "subjects"),
    [
        ("care-message", ()),
        ("care-message", ("plan", "plan")),
        ("care-message", ("plan", "question")),
        ("care-message", ("plan", "anonymous-case")),
        ("care-message-question", ("question", "plan")),
        ("care-message-anonymous", ("anonymous-case", "plan")),
    ],
)
def test_a_message_names_what_it_is_about_and_each_other_subject_of_its_patient_once(
    name: str, subjects: tuple[str, ...]
) -> None:
    message = orjson.loads(WRITTEN[name])
    sent = next(each["resource"] for each in message["entry"] if "recipient" in each["resource"])
    sent["category"] = [concept((SUBJECTS, each)) for each in subjects]
    if not subjects:
        del sent["category"]
    with pytest.raises(FhirInvalid):
        check_parsed(message, "care-message")


def test_what_is_sent_on_without_its_subjects_is_read_as_of_unknown_ones() -> None:
    message = orjson.loads(WRITTEN["care-message"])
    for each in message["entry"]:
        if "partOf" in each["resource"]:
            del each["resource"]["category"]
    check_parsed(message, "care-message")
    letter, _ = fhir.read_letter(message)
    assert [each.stood_under for each in letter.forwards] == [(), ()]


@pytest.mark.parametrize(
    "reason",
    [
        {"text": "Hun er innlagt"},
        {**concept((REASONS, "wrong-receiver")), "text": "Hun er innlagt"},
        {"coding": [{"system": REASONS, "code": "wrong-receiver", "display": "Hun er innlagt"}]},
        concept((REASONS, "innlagt")),
    ],
    ids=["text", "text-too", "display", "unknown"],
)
def test_a_retraction_that_says_more_than_a_reason_from_the_list_is_refused(reason: dict[str, Any]) -> None:
    message = orjson.loads(WRITTEN["care-message-retract"])
    taken = next(each["resource"] for each in message["entry"] if "statusReason" in each["resource"])
    taken["statusReason"] = reason
    with pytest.raises(FhirInvalid):
        check_parsed(message, "care-message-retract")
