"""What the post office reads of a FHIR message: the header's ids and addresses, and nothing of its content."""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from handover.exchange.model import Event, SealedBlob
from handover.fhir import urls
from handover.fhir.messages import check_parsed
from handover.fhir.parse import parse
from handover.fhir.problem import FhirInvalid, Problem, ProblemCode
from handover.fhir.resources import extensions_of, parts_of
from handover.ids import AgencyId, MessageId

_HEADER: Final = "Bundle.entry[0].resource"


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """What was signed, and what the message must therefore say of itself."""

    message: MessageId
    sender: AgencyId
    receiver: AgencyId


@dataclass(frozen=True)
class NamedFile:
    """An attachment of a message: where it stands, what it is called, and which it is."""

    path: str
    title: str = field(repr=False)
    """For who may read the message, and for nobody else; empty where the message calls it nothing."""
    sha256: bytes = field(repr=False)
    """Of the plaintext."""


def read(payload: bytes) -> tuple[Event, dict[str, Any]]:
    """Return a message's event and its Bundle, which `check` has yet to look at. Raises FhirInvalid."""
    bundle = parse(payload)
    return event_of(bundle), bundle


def check(bundle: dict[str, Any], event: Event, signed: Addresses) -> None:
    """Demand that a Bundle is valid against the profile of `event`, its ids equal to the signed ones (CRYPTO.md).

    Raises FhirInvalid with every problem."""
    check_parsed(bundle, event.value)
    problems = _differences(bundle, signed)
    if problems:
        raise FhirInvalid(problems)


def read_as(payload: bytes, event: Event, signed: Addresses) -> dict[str, Any]:
    """Return the Bundle, checked. Raises FhirInvalid with every problem."""
    bundle = parse(payload)
    check(bundle, event, signed)
    return bundle


def event_of(bundle: dict[str, Any]) -> Event:
    """Return what the message says it is; raises FhirInvalid(unknown-event)."""
    try:
        return Event(bundle["entry"][0]["resource"]["eventCoding"]["code"])
    except (LookupError, TypeError, ValueError) as odd:
        raise FhirInvalid([Problem(f"{_HEADER}.eventCoding.code", ProblemCode.UNKNOWN_EVENT)]) from odd


def sealed(blob: SealedBlob) -> dict[str, Any]:
    """Return the extension of an Attachment that says how to fetch, open and check its blob."""
    parts = [
        {"url": "key", "valueBase64Binary": b64encode(blob.key).decode()},
        {"url": "length", "valueUnsignedInt": blob.length},
        {"url": "sha256", "valueString": blob.sha256},
        {"url": "plainSha256", "valueString": blob.plain_sha256},
    ]
    return {"url": urls.extension("sealed-blob"), "extension": parts}


def blob_of(attachment: dict[str, Any]) -> SealedBlob:
    """Return how to fetch, open and check the blob of a checked Attachment."""
    parts = parts_of(next(extensions_of(attachment, "sealed-blob")))
    return SealedBlob(
        sha256=parts["sha256"]["valueString"],
        length=parts["length"]["valueUnsignedInt"],
        key=b64decode(parts["key"]["valueBase64Binary"]),
        content_type=attachment["contentType"],
        plain_sha256=parts["plainSha256"]["valueString"],
        plain_length=attachment["size"],
    )


def blobs_in(bundle: dict[str, Any]) -> list[tuple[str, SealedBlob]]:
    """Return the attachments of a checked Bundle that travel beside it, each with its path."""
    return [(path, blob_of(attachment)) for path, attachment in _attached(bundle)]


def files_in(bundle: dict[str, Any]) -> list[NamedFile]:
    """Return what the attachments of a checked Bundle are called, in the same order."""
    return [
        NamedFile(path, attachment.get("title", ""), bytes.fromhex(blob_of(attachment).plain_sha256))
        for path, attachment in _attached(bundle)
    ]


def _attached(bundle: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for index, entry in enumerate(bundle["entry"]):
        resource = entry["resource"]
        if resource["resourceType"] == "DocumentReference":
            attachment = resource["content"][0]["attachment"]
            if any(extensions_of(attachment, "sealed-blob")):
                yield f"Bundle.entry[{index}].resource.content[0].attachment", attachment


def _differences(bundle: dict[str, Any], signed: Addresses) -> list[Problem]:
    header = bundle["entry"][0]["resource"]
    destination = _first(header.get("destination"))
    wanted = {
        f"{_HEADER}.id": (header.get("id"), str(signed.message)),
        "Bundle.identifier.value": (_dig(bundle, "identifier", "value"), UUID(str(signed.message)).urn),
        f"{_HEADER}.source.endpoint": (_dig(header, "source", "endpoint"), urls.agency_endpoint(signed.sender)),
        f"{_HEADER}.destination[0].endpoint": (
            _dig(destination, "endpoint"),
            urls.agency_endpoint(signed.receiver),
        ),
    }
    return [Problem(path, ProblemCode.ID_MISMATCH) for path, (said, meant) in wanted.items() if said != meant]


def _first(several: Any) -> Any:
    return several[0] if isinstance(several, list) and several else None


def _dig(node: Any, *names: str) -> Any:
    for name in names:
        node = node.get(name) if isinstance(node, dict) else None
    return node
