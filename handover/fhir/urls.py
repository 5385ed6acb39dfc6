"""The names of the systems, events and profiles that our FHIR messages use, spelt in one place."""

from typing import Final

BASE: Final = "https://overgang.example/fhir"
"""Canonical base of our own profiles and code systems (a reserved name: nothing is ever fetched from it)."""

EVENTS: Final = f"{BASE}/CodeSystem/message-event"
BUSINESS_STATUS: Final = f"{BASE}/CodeSystem/referral-status"
ACTS: Final = f"{BASE}/CodeSystem/referral-act"
PROBLEMS: Final = f"{BASE}/CodeSystem/message-problem"

FNR: Final = "urn:oid:2.16.578.1.12.4.1.4.1"
DNR: Final = "urn:oid:2.16.578.1.12.4.1.4.2"
FHN: Final = "urn:oid:2.16.578.1.12.4.1.4.3"
HPR: Final = "urn:oid:2.16.578.1.12.4.1.4.4"
DUF: Final = "urn:oid:2.16.578.1.12.4.1.4.5"
ORG: Final = "urn:oid:2.16.578.1.12.4.1.4.101"
RESH: Final = "urn:oid:2.16.578.1.12.4.1.4.102"
HER: Final = "urn:oid:2.16.578.1.12.4.1.2"
URI: Final = "urn:ietf:rfc:3986"
VOLVEN: Final = "urn:oid:2.16.578.1.12.4.1.1"
"""Root of the Norwegian code tables; `table("9148")` names one of them."""


def table(number: str) -> str:
    """Return the system of one Norwegian code table (Volven)."""
    return f"{VOLVEN}.{number}"


def profile(name: str) -> str:
    """Return the canonical address of one of our profiles."""
    return f"{BASE}/StructureDefinition/{name}"


def extension(name: str) -> str:
    """Return the address of one of our extensions."""
    return f"{BASE}/StructureDefinition/{name}"


def agency_endpoint(agency: str) -> str:
    """Return an agency's address in a MessageHeader: its organisation number as an OID that nothing resolves."""
    return f"{ORG}.{agency}"
