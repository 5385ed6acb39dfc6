"""The FHIR message that answers a message: MessageHeader.response and, where it is not ok, an OperationOutcome.

`build` gives the exact bytes that the receiving agency signs (`sign_ack`); `read` takes verified ones apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

import orjson

from handover.fhir import urls
from handover.fhir.outcome import operation_outcome, read_problems
from handover.fhir.problem import Problem
from handover.ids import AgencyId, MessageId

EVENT = "acknowledgement"


class AckCode(StrEnum):
    """FHIR's response-type: what the receiver's machines made of the message."""

    OK = "ok"
    TRANSIENT = "transient-error"
    FATAL = "fatal-error"


@dataclass(frozen=True, kw_only=True)
class Acknowledgement:
    """One final answer to one message. `message` is its own id, `answers` the id of the message it answers."""

    message: MessageId
    answers: MessageId
    code: AckCode
    sender: AgencyId
    receiver: AgencyId
    at: datetime
    problems: Sequence[Problem] = ()


def build(ack: Acknowledgement) -> bytes:
    """Return the message Bundle as the bytes to sign; equal values give equal bytes."""
    header, outcome = f"urn:uuid:{ack.message}", uuid5(ack.message, "OperationOutcome")
    response: dict[str, Any] = {"identifier": str(ack.answers), "code": str(ack.code)}
    entries: list[dict[str, Any]] = [{"fullUrl": header, "resource": _header(ack, response)}]
    if ack.code is not AckCode.OK:
        response["details"] = {"reference": f"urn:uuid:{outcome}"}
        resource = {**operation_outcome(ack.problems), "id": str(outcome)}
        entries.append({"fullUrl": f"urn:uuid:{outcome}", "resource": resource})
    return orjson.dumps(
        {
            "resourceType": "Bundle",
            "id": str(uuid5(ack.message, "Bundle")),
            "meta": {"profile": [urls.profile("overgang-acknowledgement")]},
            "identifier": {"system": urls.URI, "value": header},
            "type": "message",
            "timestamp": instant(ack.at),
            "entry": entries,
        }
    )


def read(bundle: dict[str, Any]) -> Acknowledgement:
    """Return what a checked acknowledgement says (`messages.check(raw, "acknowledgement")` comes first)."""
    header = bundle["entry"][0]["resource"]
    outcome = bundle["entry"][1]["resource"] if len(bundle["entry"]) > 1 else {}
    return Acknowledgement(
        message=MessageId(UUID(header["id"])),
        answers=MessageId(UUID(header["response"]["identifier"])),
        code=AckCode(header["response"]["code"]),
        sender=AgencyId(header["sender"]["identifier"]["value"]),
        receiver=AgencyId(header["destination"][0]["receiver"]["identifier"]["value"]),
        at=datetime.fromisoformat(bundle["timestamp"]),
        problems=read_problems(outcome),
    )


def read_as_written(raw: bytes) -> Acknowledgement | None:
    """Return an `ok` that is, byte for byte, what `build` writes: valid without a walk through its profile.

    None for every other one (a refusal, another software's): `messages.check`, then `read`. Whoever asks compares
    the agencies with the signed ones: here any text counts as one.
    """
    try:
        said = read(orjson.loads(raw))
    except (LookupError, TypeError, ValueError, AttributeError):
        return None
    return said if said.code is AckCode.OK and build(said) == raw else None


def instant(at: datetime) -> str:
    """Return an aware datetime as a FHIR instant in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _header(ack: Acknowledgement, response: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "MessageHeader",
        "id": str(ack.message),
        "eventCoding": {"system": urls.EVENTS, "code": EVENT},
        "destination": [{"endpoint": urls.agency_endpoint(ack.receiver), "receiver": _agency(ack.receiver)}],
        "sender": _agency(ack.sender),
        "source": {"endpoint": urls.agency_endpoint(ack.sender)},
        "response": response,
    }


def _agency(agency: AgencyId) -> dict[str, Any]:
    return {"type": "Organization", "identifier": {"system": urls.ORG, "value": agency}}
