"""Checks one message: strict JSON, then its event's profile. The one door for what is sent and received.

A message that carries a document is checked with it: the document's own profile, paths continued from the Binary.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterable, Iterator
from typing import Any, Final
from uuid import UUID

from handover.fhir.parse import parse
from handover.fhir.problem import FhirInvalid, Problem, ProblemCode
from handover.fhir.validator import validate

EVENTS: Final = (
    "referral-request",
    "referral-update",
    "referral-status",
    "acknowledgement",
    "handover-bundle",
    "handover-status",
    "handover-withdraw",
    "directory-correction",
    "care-message",
    "care-message-status",
    "care-message-retract",
    "case-link",
    "case-unlink",
)
"""The events that have a profile so far (DESIGN section 5 lists them all)."""
DOCUMENT_TYPE: Final = "application/fhir+json"
"""Content type of a Binary that holds a document."""
DOCUMENT: Final = "overgang-handover-document"
"""The profile of every document that a message carries."""


def check(raw: bytes, event: str) -> dict[str, Any]:
    """Return the message in `raw`, checked against the profile of `event`; raises FhirInvalid."""
    return check_parsed(parse(raw), event)


def check_parsed(message: dict[str, Any], event: str) -> dict[str, Any]:
    """Return what `parse` gave, checked against the profile of `event`; raises FhirInvalid."""
    if event not in EVENTS:
        raise FhirInvalid([Problem("Bundle.entry[0].resource.event", ProblemCode.UNKNOWN_EVENT)])
    problems = _frame(message, event) or validate(message, f"overgang-{event}") or list(_documents(message))
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


def _documents(message: dict[str, Any]) -> Iterator[Problem]:
    """Return what is wrong with the documents inside a message whose frame is sound."""
    for index, entry in enumerate(message["entry"]):
        resource = entry["resource"]
        if resource["resourceType"] == "Binary" and resource["contentType"] == DOCUMENT_TYPE:
            for problem in _inner(resource["data"]):
                path = f"Bundle.entry[{index}].resource.data"
                yield Problem(f"{path}.{problem.path}" if problem.path else path, problem.code, problem.text)


def _inner(data: str) -> Iterable[Problem]:
    try:
        return validate(parse(b64decode(data, validate=True)), DOCUMENT)
    except FhirInvalid as refused:
        return refused.problems
    except binascii.Error:
        return [Problem("", ProblemCode.BAD_FORMAT)]


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False
