"""Maps what a handover says to FHIR and back: its three messages, the resources of its document, the choices.

Writing gives the exact bytes that are signed. Reading takes a checked Bundle (`fhir.messages.check`) and raises
FhirInvalid with every path where the parts of a valid message do not belong together, Invalid(`bundle.unreadable`)
for one that is valid FHIR and yet not a message of this kind.
"""

from handover.bundle.fhir.choices import choices
from handover.bundle.fhir.handed import handed, read_handed
from handover.bundle.fhir.status import read_status, status
from handover.bundle.fhir.withdrawal import read_withdrawal, withdrawal

__all__ = [
    "choices",
    "handed",
    "read_handed",
    "read_status",
    "read_withdrawal",
    "status",
    "withdrawal",
]
