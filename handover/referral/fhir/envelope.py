"""Builds the frame that our three messages share: header, agencies, services, people, attachments, provenance."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import uuid5

import orjson

from handover.exchange.model import SealedBlob
from handover.fhir import urls
from handover.fhir.acknowledgement import instant
from handover.ids import AgencyId, MessageId, ServiceId
from handover.referral.fhir.codes import DATES, PARTS, coding, concept
from handover.referral.lifecycle import Version
from handover.referral.model import Attachment, AttachmentId, Author, Party

Json = dict[str, Any]
Blobs = Mapping[AttachmentId, SealedBlob]

NO_BLOBS: Final[Blobs] = {}

_UNWRITABLE: Final = {code: None for code in (*range(32), 127) if chr(code) not in "\t\n\r"}
"""Control characters that FHIR text cannot hold; what people paste may."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Who sends what to whom, and when."""

    message: MessageId
    event: str
    sender: Party
    receiver: Party
    at: datetime


@dataclass
class Bundle:
    """A message in the making. Entries are named after what they hold: equal input, equal bytes."""

    frame: Frame
    blobs: Blobs = field(default_factory=dict)
    entries: dict[str, Json] = field(default_factory=dict)

    def reference(self, name: str) -> Json:
        """Return a reference to the entry of that name."""
        return {"reference": uuid5(self.frame.message, name).urn}

    def add(self, entry: str, resource_type: str, /, **members: Any) -> Json:
        """Add an entry (once) without its empty members, and return a reference to it."""
        if entry not in self.entries:
            present = {key: value for key, value in members.items() if value not in (None, "", [], {})}
            self.entries[entry] = {"resourceType": resource_type, **present}
        return self.reference(entry)

    def agency(self, agency: AgencyId) -> Json:
        """Return a reference to an agency, added by its organisation number."""
        return self.add(f"agency {agency}", "Organization", identifier=[{"system": urls.ORG, "value": agency}])

    def service(self, party: Party, name: str = "") -> Json:
        """Return a reference to a service, added by its HER-id."""
        return self.add(
            f"service {party.agency} {party.service}",
            "HealthcareService",
            identifier=[{"system": urls.HER, "value": party.service}],
            providedBy=self.agency(party.agency),
            name=name,
        )

    def party(self, party: Party) -> Json:
        """Return a reference to a service where FHIR wants a person: a role that nobody in particular has."""
        return self.add(
            f"role {party.agency} {party.service}",
            "PractitionerRole",
            organization=self.agency(party.agency),
            healthcareService=[self.service(party)],
        )

    def author(self, author: Author) -> Json:
        """Return a reference to a person at their agency."""
        key = f"{author.agency} {author.service} {author.hpr} {author.name} {author.title} {author.phone}"
        person = self.add(
            f"person {key}",
            "Practitioner",
            identifier=[{"system": urls.HPR, "value": author.hpr}] if author.hpr else None,
            name=[{"text": written(author.name)}],
        )
        at = Party(author.agency, ServiceId(author.service)) if author.service else None
        return self.add(
            f"author {key}",
            "PractitionerRole",
            practitioner=person,
            organization=self.agency(author.agency),
            code=[{"text": written(author.title)}] if written(author.title) else None,
            healthcareService=[self.service(at)] if at else None,
            telecom=[phone(author.phone)] if written(author.phone) else None,
        )

    def written_by(self, author: Author) -> Json:
        """Return the extension that says who wrote a note."""
        return {"url": urls.extension("written-by"), "valueReference": self.author(author)}

    def attachment(self, attachment: Attachment, subject: Json | None = None) -> Json:
        """Return a reference to an attachment, added with its blob. Raises KeyError where it has none."""
        blob = self.blobs[attachment.id]
        sealed = [
            {"url": "key", "valueBase64Binary": b64encode(blob.key).decode()},
            {"url": "length", "valueUnsignedInt": blob.length},
            {"url": "sha256", "valueString": blob.sha256},
            {"url": "plainSha256", "valueString": blob.plain_sha256},
        ]
        content = {
            "extension": [{"url": urls.extension("sealed-blob"), "extension": sealed}],
            "contentType": attachment.content_type,
            "size": attachment.length,
            "title": written(attachment.title),
        }
        return self.add(
            f"attachment {attachment.id}",
            "DocumentReference",
            masterIdentifier=uri(attachment.id.urn),
            status="current",
            subject=subject,
            content=[{"attachment": content}],
        )

    def provenance(self, name: str, act: str, who: Json, at: datetime) -> Json:
        """Return a reference to who did what, when, to the task of this message."""
        return self.add(
            name,
            "Provenance",
            target=[self.reference("task")],
            recorded=when(at),
            activity=concept((urls.ACTS, act)),
            agent=[{"who": who}],
        )

    def written(self, *, author: Json | None, caused_by: MessageId | None = None) -> bytes:
        """Return the finished message as the bytes to sign, its header first."""
        frame = self.frame
        header = self._header(author, caused_by)
        entries = [{"fullUrl": frame.message.urn, "resource": header}]
        entries += [{"fullUrl": self.reference(n)["reference"], "resource": r} for n, r in self.entries.items()]
        return orjson.dumps(
            {
                "resourceType": "Bundle",
                "id": str(uuid5(frame.message, "Bundle")),
                "meta": {"profile": [urls.profile(f"overgang-{frame.event}")]},
                "identifier": uri(frame.message.urn),
                "type": "message",
                "timestamp": instant(frame.at),
                "entry": entries,
            }
        )

    def _header(self, author: Json | None, caused_by: MessageId | None) -> Json:
        frame = self.frame
        header: Json = {
            "resourceType": "MessageHeader",
            "id": str(frame.message),
            "eventCoding": {"system": urls.EVENTS, "code": frame.event},
            "destination": [{**self._address(frame.receiver), "receiver": self._agency_reference(frame.receiver)}],
            "sender": self._agency_reference(frame.sender),
            "author": author,
            "source": self._address(frame.sender),
            "response": {"identifier": str(caused_by), "code": "ok"} if caused_by else None,
            "focus": [self.reference("task")],
        }
        return {key: value for key, value in header.items() if value is not None}

    def _address(self, party: Party) -> Json:
        service = {"url": urls.extension("addressed-service"), "valueReference": self.service(party)}
        return {"extension": [service], "endpoint": urls.agency_endpoint(party.agency)}

    def _agency_reference(self, party: Party) -> Json:
        identifier = {"system": urls.ORG, "value": party.agency}
        return {**self.agency(party.agency), "type": "Organization", "identifier": identifier}


def written(text: str) -> str:
    """Return a text as FHIR can hold it: without control characters; nothing where only white space is left."""
    clean = text.translate(_UNWRITABLE)
    return "" if clean.isspace() else clean


def uri(value: str) -> Json:
    """Return an Identifier that is a URI."""
    return {"system": urls.URI, "value": value}


def phone(number: str) -> Json:
    """Return a ContactPoint."""
    return {"system": "phone", "value": written(number)}


def when(at: datetime) -> str:
    """Return an aware datetime as FHIR dateTime in UTC, as exact as it is."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def version(value: Version) -> Json:
    """Return the extension that numbers a status."""
    parts = [{"url": "leg", "valuePositiveInt": value.leg}, {"url": "number", "valueUnsignedInt": value.number}]
    return {"url": urls.extension("status-version"), "extension": parts}


def dated(values: Mapping[str, date | datetime | None]) -> Sequence[Json]:
    """Return one extension for each of the named dates that is there."""
    return [_date(name, value) for name, value in values.items() if value is not None]


def _date(name: str, value: date | datetime) -> Json:
    kind = {"url": "kind", "valueCoding": coding(DATES[name])}
    if isinstance(value, datetime):
        return _dated(kind, {"url": "date", "valueDateTime": when(value)})
    return _dated(kind, {"url": "date", "valueDate": value.isoformat()})


def _dated(kind: Json, value: Json) -> Json:
    return {"url": urls.extension("referral-date"), "extension": [kind, value]}


def referral_of(urn: str) -> Json:
    """Return a reference to the referral, which the message does not hold."""
    return {"type": "ServiceRequest", "identifier": uri(urn)}


def part(name: str, kind: str, value: Any) -> Json:
    """Return one input or output of a task."""
    return {"type": concept((PARTS, name)), f"value{kind}": value}
