"""The committed table is what the committed profiles compile to."""

from handover.fhir import compile as compiler
from handover.fhir.messages import EVENTS
from handover.fhir.validator import TABLE, validate


def test_the_committed_table_is_what_the_committed_profiles_compile_to() -> None:
    assert compiler.build() == TABLE.read_bytes(), "run `python -m handover.fhir.compile`"


def test_every_event_has_a_profile_in_the_table() -> None:
    for event in EVENTS:
        assert validate({"resourceType": "Bundle", "type": "message"}, f"overgang-{event}")
