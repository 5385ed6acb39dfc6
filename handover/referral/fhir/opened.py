"""Opens the frame that our three messages share: who sends to whom, what references lead to, dates and parts."""

from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from typing import Any, TypeVar
from uuid import UUID

from handover.errors import Invalid
from handover.exchange.model import SealedBlob
from handover.fhir import urls
from handover.ids import AgencyId, ServiceId
from handover.referral.fhir import codes
from handover.referral.lifecycle import Act, Version
from handover.referral.model import Attachment, AttachmentId, Author, Opened, Party

Json = dict[str, Any]
_T = TypeVar("_T")


def or_unreadable(read: Callable[[Json], _T]) -> Callable[[Json], _T]:
    """Turn what is missing or odd in a stranger's valid message into one refusal, without its values."""

    @wraps(read)
    def reader(bundle: Json) -> _T:
        try:
            return read(bundle)
        except (LookupError, TypeError, ValueError, StopIteration, AttributeError):
            raise Invalid("referral.unreadable") from None

    return reader


@dataclass(frozen=True)
class Message:
    """A checked message Bundle, and what its references lead to."""

    bundle: Json

    def all(self, kind: str) -> list[Json]:
        found = (entry["resource"] for entry in self.bundle["entry"])
        return [resource for resource in found if resource["resourceType"] == kind]

    def only(self, kind: str) -> Json:
        (resource,) = self.all(kind)
        return resource

    def at(self, reference: Json) -> Json:
        url = reference["reference"]
        return next(entry["resource"] for entry in self.bundle["entry"] if entry["fullUrl"] == url)

    @property
    def header(self) -> Json:
        return self.only("MessageHeader")

    @property
    def sender(self) -> Party:
        return self._addressed(self.header["source"])

    @property
    def receiver(self) -> Party:
        return self._addressed(self.header["destination"][0])

    def _addressed(self, address: Json) -> Party:
        (extension,) = extensions_of(address, "addressed-service")
        return self.service(extension["valueReference"])

    def service(self, reference: Json) -> Party:
        service = self.at(reference)
        return Party(self.agency(service["providedBy"]), ServiceId(identifier_of(service["identifier"], urls.HER)))

    def agency(self, reference: Json) -> AgencyId:
        return AgencyId(identifier_of(self.at(reference)["identifier"], urls.ORG))

    def party(self, reference: Json) -> Party:
        return self.service(self.at(reference)["healthcareService"][0])

    def author(self, reference: Json) -> Author:
        role = self.at(reference)
        person = self.at(role["practitioner"])
        services = [self.service(each) for each in role.get("healthcareService", ())]
        return Author(
            name=person["name"][0]["text"],
            title=role["code"][0]["text"] if "code" in role else "",
            phone=phone_of(role),
            agency=self.agency(role["organization"]),
            service=services[0].service if services else None,
            hpr=next((i["value"] for i in person.get("identifier", ()) if i["system"] == urls.HPR), None),
        )

    def written_by(self, note: Json) -> Author:
        return self.author(next(extensions_of(note, "written-by"))["valueReference"])

    def act(self) -> Act:
        """Return the act behind the message: of the provenance that is not part of the task's history."""
        history = {each["reference"] for each in self.only("Task").get("relevantHistory", ())}
        for entry in self.bundle["entry"]:
            if entry["resource"]["resourceType"] == "Provenance" and entry["fullUrl"] not in history:
                return Act(code_of(entry["resource"]["activity"], urls.ACTS))
        raise ValueError("no provenance of the act")

    def opened(self, task: Json) -> Opened | None:
        history = task.get("relevantHistory")
        if not history:
            return None
        provenance = self.at(history[0])
        return Opened(by=provenance["agent"][0]["who"]["display"], at=instant_of(provenance["recorded"]))


@or_unreadable
def read_blobs(bundle: Json) -> dict[AttachmentId, SealedBlob]:
    """Return how to fetch, open and check each attachment that a checked message names."""
    return {attachment_of(each).id: blob_of(each) for each in Message(bundle).all("DocumentReference")}


def attachment_of(document: Json) -> Attachment:
    """Return the attachment that a DocumentReference names."""
    content = document["content"][0]["attachment"]
    return Attachment(
        id=AttachmentId(UUID(document["masterIdentifier"]["value"])),
        title=content["title"],
        content_type=content["contentType"],
        length=content["size"],
        sha256=bytes.fromhex(blob_of(document).plain_sha256),
    )


def blob_of(document: Json) -> SealedBlob:
    """Return how to fetch, open and check it."""
    content = document["content"][0]["attachment"]
    parts = {part["url"]: part for part in next(extensions_of(content, "sealed-blob"))["extension"]}
    return SealedBlob(
        sha256=parts["sha256"]["valueString"],
        length=parts["length"]["valueUnsignedInt"],
        key=b64decode(parts["key"]["valueBase64Binary"]),
        content_type=content["contentType"],
        plain_sha256=parts["plainSha256"]["valueString"],
        plain_length=content["size"],
    )


def instant_of(text: str) -> datetime:
    """Return an aware datetime. Raises ValueError for one without a zone."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("a time without a zone")
    return instant


def identifier_of(identifiers: list[Json], system: str) -> str:
    """Return the value in that system."""
    return str(next(each["value"] for each in identifiers if each.get("system") == system))


def code_of(concept: Json, system: str) -> str:
    """Return the code in that system."""
    return str(next(each["code"] for each in concept["coding"] if each.get("system") == system))


def phone_of(node: Json) -> str:
    """Return the first phone, empty where there is none."""
    return next((str(each["value"]) for each in node.get("telecom", ()) if each.get("system") == "phone"), "")


def extensions_of(node: Json, name: str) -> Iterator[Json]:
    """Return the extensions of that name."""
    return (each for each in node.get("extension", ()) if each["url"] == urls.extension(name))


def version_of(node: Json) -> Version:
    """Return the version that a status or question carries."""
    parts = {part["url"]: part for part in next(extensions_of(node, "status-version"))["extension"]}
    return Version(parts["leg"]["valuePositiveInt"], parts["number"]["valueUnsignedInt"])


def _dated(node: Json, name: str) -> str | None:
    for each in extensions_of(node, "referral-date"):
        parts = {part["url"]: part for part in each["extension"]}
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
