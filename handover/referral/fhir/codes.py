"""The codes that both directions of the mapping share: parts, dates and outcomes of a referral."""

from collections.abc import Mapping
from typing import Final

from handover.fhir import urls
from handover.fhir.entries import Code
from handover.referral.lifecycle import Act, Status
from handover.referral.model import (
    Acceptance,
    Completion,
    Outcome,
    Redirection,
    Refusal,
    UpdateKind,
    Urgency,
    Withdrawal,
)

PARTS: Final = f"{urls.BASE}/CodeSystem/referral-part"
UPDATE_KINDS: Final = f"{urls.BASE}/CodeSystem/referral-update-kind"
OUTCOMES: Final = f"{urls.BASE}/CodeSystem/referral-outcome"
REFERENCE: Final = f"{urls.BASE}/sid/referral-reference"
NEXT_OF_KIN: Final = ("http://terminology.hl7.org/CodeSystem/v2-0131", "N")
TRUSTED_PERSON: Final = (PARTS, "trusted-person")
OTHER_HELPER: Final = (PARTS, "other-helper")


TEXTS: Final[Mapping[str, Code]] = {
    "history": (urls.table("8233"), "ANAM"),
    "functioning": (urls.table("8231"), "HJ"),
    "network": (urls.table("8231"), "FA"),
    "risk": (PARTS, "risk"),
    "wished_contact": (urls.table("9034"), "23"),
}
"""Free texts of a referral's content: field -> code, national where a table has one."""

_DATES: Final = f"{urls.BASE}/CodeSystem/referral-date"
DATES: Final[Mapping[str, Code]] = {
    "seniority_on": (urls.table("9147"), "1"),
    "assessed_at": (urls.table("9147"), "2"),
    "latest_start": (urls.table("9147"), "3"),
    "received_at": (_DATES, "received"),
    "warn_on": (_DATES, "warn-on"),
    "decided_at": (_DATES, "decided"),
    "started_on": (_DATES, "started"),
}

OUTCOME_CODES: Final[Mapping[type[Outcome], str]] = {
    Acceptance: "acceptance",
    Refusal: "refusal",
    Redirection: "redirection",
    Completion: "completion",
    Withdrawal: "withdrawal",
}
NATIONAL_OUTCOMES: Final[Mapping[str, str]] = {"acceptance": "2", "redirection": "3", "refusal": "4"}
"""Table 9148."""
NATIONAL_STATUS: Final[Mapping[Status, str]] = {
    Status.SCHEDULED: "1",
    Status.ACCEPTED: "2",
    Status.REDIRECTING: "3",
    Status.REDIRECTED: "3",
    Status.REJECTED: "4",
}
"""Table 9148 (DESIGN section 4)."""
TASK_STATUS: Final[Mapping[Status, str]] = {
    Status.RECEIVED: "received",
    Status.ACCEPTED: "accepted",
    Status.COMPLETED: "completed",
    Status.REJECTED: "rejected",
    Status.ENTERED_IN_ERROR: "entered-in-error",
    Status.REDIRECTED: "completed",
    Status.WITHDRAWN: "cancelled",
}
"""FHIR's Task.status for our status; what is not listed is `in-progress` (DESIGN section 4)."""
PRIORITY: Final[Mapping[Urgency, str]] = {
    Urgency.IMMEDIATE: "stat",
    Urgency.URGENT: "urgent",
    Urgency.ORDINARY: "routine",
}
UPDATE_ACTS: Final[Mapping[UpdateKind, str]] = {
    UpdateKind.ANSWER: Act.ANSWER,
    UpdateKind.SUPPLEMENT: Act.SUPPLEMENT,
    UpdateKind.WITHDRAWAL: Act.REQUEST_WITHDRAWAL,
    UpdateKind.RETRACTION: Act.RETRACT,
    UpdateKind.NOTE: Act.NOTE_TO_RECEIVER,
    UpdateKind.OUTCOME_OPENED: "outcome-opened",
}
