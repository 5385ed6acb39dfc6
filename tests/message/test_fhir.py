"""What travels of a thread reads back as it was meant, and what is odd is refused without its values."""

import orjson
import pytest

from handover.errors import Invalid
from handover.message import fhir
from tests.fhir import threads

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
