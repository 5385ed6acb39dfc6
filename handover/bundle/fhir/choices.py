"""The patient's choices about the items of one handover as a Consent: kept at the origin, never sent (rule 11)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from handover.bundle.fhir import codes
from handover.bundle.model import Item, Mark, Party
from handover.fhir import urls
from handover.fhir.entries import Json, concept, uri, when
from handover.ids import HandoverId, PersonId

_SCOPE: Final = ("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy")
_CATEGORY: Final = ("http://loinc.org", "59284-0")
_RECEIVER: Final = ("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP")
_CUSTODIAN: Final = ("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "CST")


def choices(
    items: Iterable[Item],
    *,
    handover: HandoverId,
    patient: PersonId,
    sender: Party,
    receiver: Party,
    now: datetime,
) -> Json:
    """Return a Consent: the handover may travel, except for each item that stays or is undecided (rule 10).

    It names items by their ids at the origin, so that it must never leave it.
    """
    kept = [item for item in items if not item.removed and item.marked.mark is not Mark.TRAVELS]
    return {
        "resourceType": "Consent",
        "meta": {"profile": [urls.profile("overgang-handover-choices")]},
        "identifier": [uri(handover.urn)],
        "status": "active",
        "scope": concept(_SCOPE),
        "category": [concept(_CATEGORY)],
        "patient": {"type": "Patient", "identifier": uri(patient.urn)},
        "dateTime": when(now),
        "organization": [{"type": "Organization", "identifier": {"system": urls.ORG, "value": sender.agency}}],
        "policyRule": concept((codes.RULES, "patient-chooses")),
        "provision": {
            "type": "permit",
            "actor": [_actor(_CUSTODIAN, sender), _actor(_RECEIVER, receiver)],
            "data": [{"meaning": "instance", "reference": _named("Composition", handover.urn)}],
            **({"provision": [_stays(item) for item in kept]} if kept else {}),
        },
    }


def _stays(item: Item) -> Json:
    return {
        "type": "deny",
        "code": [concept((codes.MARKS, item.marked.mark))],
        "data": [{"meaning": "instance", "reference": _named("Basic", item.id.urn)}],
    }


def _named(kind: str, urn: str) -> Json:
    return {"type": kind, "identifier": uri(urn)}


def _actor(role: tuple[str, str], party: Party) -> Json:
    service = {"type": "Organization", "identifier": {"system": urls.HER, "value": party.service}}
    return {"role": concept(role), "reference": service}
