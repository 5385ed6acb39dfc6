"""Writes what our three messages share beyond the letter's frame: attachments, provenance, dates and parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from handover.exchange.fhir import sealed
from handover.exchange.model import SealedBlob
from handover.fhir import urls
from handover.fhir.entries import Json, coding, concept, uri, when, written
from handover.fhir.letters import FOCUS, Letter
from handover.referral.fhir.codes import DATES, PARTS
from handover.referral.lifecycle import Version
from handover.referral.model import Attachment, AttachmentId

Blobs = Mapping[AttachmentId, SealedBlob]

NO_BLOBS: Final[Blobs] = {}


@dataclass
class Bundle(Letter):
    """A message about a referral in the making, with the blobs of its attachments."""

    blobs: Blobs = field(default_factory=dict, kw_only=True)

    def attachment(self, attachment: Attachment, subject: Json | None = None) -> Json:
        """Return a reference to an attachment, added with its blob. Raises KeyError where it has none."""
        blob = self.blobs[attachment.id]
        content = {
            "extension": [sealed(blob)],
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
            target=[self.reference(FOCUS)],
            recorded=when(at),
            activity=concept((urls.ACTS, act)),
            agent=[{"who": who}],
        )


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
