"""Maps what a referral says to FHIR messages and back: `referral-request`, `referral-update`, `referral-status`.

Writing gives the exact bytes that are signed; what is written is valid against our profiles where the rules of the
lifecycle held. Reading takes a checked Bundle (`fhir.messages.check`) and raises Invalid(`referral.unreadable`)
for one that is valid FHIR and yet not a message of this kind. Blobs come from `exchange` before writing and go
back to it after reading: `blobs` has one for each attachment of the message.
"""

from handover.referral.fhir.opened import read_blobs
from handover.referral.fhir.request import read_request, request_message
from handover.referral.fhir.status import read_status, status_message
from handover.referral.fhir.update import read_update, update_message

__all__ = [
    "read_blobs",
    "read_request",
    "read_status",
    "read_update",
    "request_message",
    "status_message",
    "update_message",
]
