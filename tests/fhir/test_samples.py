"""The messages that other tests send are valid."""

from uuid import uuid4

from handover.fhir.validator import validate
from handover.ids import AgencyId, MessageId
from tests.fhir.samples import status_message


def test_a_small_status_is_valid() -> None:
    message = status_message(MessageId(uuid4()), AgencyId("210000018"), AgencyId("310000012"), "Hei")
    assert validate(message, "overgang-referral-status") == []
