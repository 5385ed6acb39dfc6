"""The codes that both directions of the mapping of a handover share."""

from collections.abc import Mapping
from typing import Final

from handover.bundle.lifecycle import Status
from handover.bundle.model import Relation
from handover.fhir import urls
from handover.fhir.entries import Code

SECTIONS: Final = f"{urls.BASE}/CodeSystem/handover-section"
"""What a section of a document is: a ready topic, or one of its pieces."""
PARTS: Final = f"{urls.BASE}/CodeSystem/handover-part"
"""In which part of the receiver's reading a section stands (`model.Part`)."""
TOPICS: Final = f"{urls.BASE}/sid/handover-topic"
"""The agency's own topic code, which may be one that nobody else has."""
LEVELS: Final = f"{urls.BASE}/CodeSystem/crisis-level"
AROUND: Final = f"{urls.BASE}/CodeSystem/handover-person"
STATUS: Final = f"{urls.BASE}/CodeSystem/handover-status"
ACTS: Final = f"{urls.BASE}/CodeSystem/handover-act"
DONE: Final = f"{urls.BASE}/CodeSystem/handover-withdrawal-done"
DOCUMENT_HASH: Final = f"{urls.BASE}/sid/handover-document-sha256"
REFERENCE: Final = f"{urls.BASE}/sid/handover-reference"

ABOUT: Final = "about"
OWN_WORDS: Final = "own-words"
MEETING: Final = "meeting"
ITEM: Final = "item"
CLINICIAN_TEXT: Final = "clinician-text"
DETAILS: Final = "details"
ATTACHMENT: Final = "attachment"

MARKS: Final = f"{urls.BASE}/CodeSystem/handover-mark"
RULES: Final = f"{urls.BASE}/CodeSystem/consent-rule"
VALUES: Final = f"{urls.BASE}/CodeSystem/handover-value"
"""Names of the inputs and outputs of a handover's tasks."""

TASK_STATUS: Final[Mapping[Status, str]] = {
    Status.SENT: "requested",
    Status.RECEIVED: "received",
    Status.TAKEN_OVER: "completed",
    Status.CLOSED: "completed",
    Status.DECLINED: "rejected",
    Status.WITHDRAWN: "cancelled",
    Status.WITHDRAWAL_NOTIFIED: "cancelled",
    Status.WITHDRAWAL_ANSWERED: "cancelled",
}
"""FHIR's Task.status for our status; what is not listed is `in-progress` (DESIGN section 4)."""

RELATIONS: Final[Mapping[Relation, Code]] = {
    Relation.TRUSTED: (AROUND, "trusted-person"),
    Relation.NEXT_OF_KIN: ("http://terminology.hl7.org/CodeSystem/v2-0131", "N"),
    Relation.HELPER: (AROUND, "helper"),
}
