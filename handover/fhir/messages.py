"""Checks one message: strict JSON, then its event's profile. The one door for what is sent and received."""

from typing import Any, Final
from uuid import UUID

from handover.fhir.parse import parse
from handover.fhir.problem import FhirInvalid, Problem, ProblemCode
from handover.fhir.validator import validate

EVENTS: Final = ("referral-request", "referral-update", "referral-status", "acknowledgement")
"""The events that have a profile so far (DESIGN section 5 lists them all)."""


def check(raw: bytes, event: str) -> dict[str, Any]:
    """Return the message in `raw`, checked against the profile of `event`; raises FhirInvalid."""
    return check_parsed(parse(raw), event)


def check_parsed(message: dict[str, Any], event: str) -> dict[str, Any]:
    """Return what `parse` gave, checked against the profile of `event`; raises FhirInvalid."""
    if event not in EVENTS:
        raise FhirInvalid([Problem("Bundle.entry[0].resource.event", ProblemCode.UNKNOWN_EVENT)])
    problems = _frame(message, event) or validate(message, f"overgang-{event}")
    if problems:
        raise FhirInvalid(problems)
    return message


def _frame(message: dict[str, Any], event: str) -> list[Problem]:
    """Return what is wrong with the frame of a message: Bundle, header first, the event it is said to be."""
    if message.get("resourceType") != "Bundle":
        return [Problem("", ProblemCode.WRONG_RESOURCE)]
    entries = message.get("entry")
    first = entries[0] if isinstance(entries, list) and entries else None
    header = first.get("resource") if isinstance(first, dict) else None
    if not isinstance(header, dict) or header.get("resourceType") != "MessageHeader":
        return [Problem("Bundle.entry[0].resource", ProblemCode.HEADER_NOT_FIRST)]
    coding = header.get("eventCoding")
    found = coding.get("code") if isinstance(coding, dict) else None
    problems = []
    if found != event:
        problems.append(Problem("Bundle.entry[0].resource.eventCoding.code", ProblemCode.FIXED_VALUE))
    if not _is_uuid(header.get("id")):
        problems.append(Problem("Bundle.entry[0].resource.id", ProblemCode.BAD_FORMAT))
    return problems


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False
