"""Opens what our three messages share beyond the letter's frame: the act, attachments, dates and parts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from handover.exchange.fhir import blob_of
from handover.exchange.model import SealedBlob
from handover.fhir import urls
from handover.fhir.entries import Json
from handover.fhir.letters import OpenedLetter, unreadable_as
from handover.fhir.resources import code_of, extensions_of, instant_of
from handover.fhir.resources import parts_of as parts_in
from handover.referral.fhir import codes
from handover.referral.lifecycle import Act, Version
from handover.referral.model import Attachment, AttachmentId, Opened

_T = TypeVar("_T")

or_unreadable = unreadable_as("referral.unreadable")


@dataclass(frozen=True)
class Message(OpenedLetter):
    """A checked message about a referral, and what its references lead to."""

    def act(self) -> Act:
        """Return the act behind the message: of the provenance that is not part of the task's history."""
        history = {each["reference"] for each in self.only("Task").get("relevantHistory", ())}
        for entry in self.bundle["entry"]:
            if entry["resource"]["resourceType"] == "Provenance" and entry["fullUrl"] not in history:
                return Act(code_of(entry["resource"]["activity"], urls.ACTS))
        raise ValueError("no provenance of the act")

    def opened(self, task: Json) -> Opened | None:
        """Return who opened the referral first, where the task tells it."""
        history = task.get("relevantHistory")
        if not history:
            return None
        provenance = self.at(history[0])
        return Opened(by=provenance["agent"][0]["who"]["display"], at=instant_of(provenance["recorded"]))


@or_unreadable
def read_blobs(bundle: Json) -> dict[AttachmentId, SealedBlob]:
    """Return how to fetch, open and check each attachment that a checked message names."""
    return {
        attachment_of(each).id: blob_of(each["content"][0]["attachment"])
        for each in Message(bundle).all("DocumentReference")
    }


def attachment_of(document: Json) -> Attachment:
    """Return the attachment that a DocumentReference names."""
    content = document["content"][0]["attachment"]
    return Attachment(
        id=AttachmentId(UUID(document["masterIdentifier"]["value"])),
        title=content["title"],
        content_type=content["contentType"],
        length=content["size"],
        sha256=bytes.fromhex(blob_of(content).plain_sha256),
    )


def version_of(node: Json) -> Version:
    """Return the version that a status or question carries."""
    parts = parts_in(next(extensions_of(node, "status-version")))
    return Version(parts["leg"]["valuePositiveInt"], parts["number"]["valueUnsignedInt"])


def _dated(node: Json, name: str) -> str | None:
    for each in extensions_of(node, "referral-date"):
        parts = parts_in(each)
        kind = parts["kind"]["valueCoding"]
        if (kind["system"], kind["code"]) == codes.DATES[name]:
            return str(parts["date"].get("valueDateTime") or parts["date"]["valueDate"])
    return None


def moment_of(node: Json, name: str) -> datetime | None:
    """Return the instant of that name in `codes.DATES`."""
    text = _dated(node, name)
    return instant_of(text) if text else None


def day_of(node: Json, name: str) -> date | None:
    """Return the day of that name in `codes.DATES`."""
    text = _dated(node, name)
    return date.fromisoformat(text[:10]) if text else None


def needed(value: _T | None) -> _T:
    """Return a value that the profile promises. Raises ValueError where it is not there."""
    if value is None:
        raise ValueError("a date is missing")
    return value


def parts_of(task: Json, where: str, name: str) -> Iterator[Json]:
    """Return the inputs or outputs of that name."""
    return (each for each in task.get(where, ()) if code_of(each["type"], codes.PARTS) == name)


def text_of(task: Json, name: str) -> str:
    """Return the text output of that name, empty where there is none."""
    return next((str(each["valueString"]) for each in parts_of(task, "output", name)), "")
