"""Small messages that are valid against their profiles, for tests that need any message at all."""

from typing import Any
from uuid import uuid5

from handover.fhir import urls
from handover.ids import AgencyId, MessageId

Json = dict[str, Any]


def status_message(message: MessageId, sender: AgencyId, receiver: AgencyId, text: str = "") -> Json:
    """Return a `referral-status` saying that a referral was received; `text` stands as a note."""
    task: Json = {
        "resourceType": "Task",
        "extension": [
            _version(1, 1),
            _date(urls.table("9147"), "1", "2026-11-24T08:12:00.000Z"),
            _date(f"{urls.BASE}/CodeSystem/referral-date", "received", "2026-11-24T08:12:00.000Z"),
            _date(f"{urls.BASE}/CodeSystem/referral-date", "warn-on", "2026-12-05"),
        ],
        "status": "received",
        "intent": "order",
        "businessStatus": {"coding": [{"system": urls.BUSINESS_STATUS, "code": "received"}]},
        "focus": {
            "type": "ServiceRequest",
            "identifier": {"system": urls.URI, "value": uuid5(message, "ServiceRequest").urn},
        },
        "authoredOn": "2026-11-24T08:12:00.000Z",
        "lastModified": "2026-11-24T08:12:00.000Z",
        "requester": {"reference": _at(message, "role")},
        "owner": {"reference": _at(message, "service")},
        "restriction": {"period": {"end": "2026-12-08"}},
    }
    if text:
        task["note"] = [{"text": text}]
    entries = [_entry(message.urn, _header(message, sender, receiver)), _entry(_at(message, "task"), task)]
    return {
        "resourceType": "Bundle",
        "id": str(uuid5(message, "Bundle")),
        "meta": {"profile": [urls.profile("overgang-referral-status")]},
        "identifier": {"system": urls.URI, "value": message.urn},
        "type": "message",
        "timestamp": "2026-11-24T08:12:00.000Z",
        "entry": [*entries, *_parties(message, sender, receiver), _provenance(message)],
    }


def _header(message: MessageId, sender: AgencyId, receiver: AgencyId) -> Json:
    return {
        "resourceType": "MessageHeader",
        "id": str(message),
        "eventCoding": {"system": urls.EVENTS, "code": "referral-status"},
        "destination": [
            {
                "extension": [_service(message, "other")],
                "endpoint": urls.agency_endpoint(receiver),
                "receiver": _agency(receiver, _at(message, "referrer")),
            }
        ],
        "sender": _agency(sender, _at(message, "organization")),
        "source": {"extension": [_service(message, "service")], "endpoint": urls.agency_endpoint(sender)},
        "focus": [{"reference": _at(message, "task")}],
    }


def _parties(message: MessageId, sender: AgencyId, receiver: AgencyId) -> list[Json]:
    role = {
        "resourceType": "PractitionerRole",
        "organization": {"reference": _at(message, "referrer")},
        "healthcareService": [{"reference": _at(message, "other")}],
    }
    parties = [_entry(_at(message, "role"), role)]
    for name, organization, agency, her in (
        ("service", "organization", sender, "91002"),
        ("other", "referrer", receiver, "91001"),
    ):
        identifier = {"system": urls.ORG, "value": agency}
        parties.append(
            _entry(_at(message, organization), {"resourceType": "Organization", "identifier": [identifier]})
        )
        service = {
            "resourceType": "HealthcareService",
            "identifier": [{"system": urls.HER, "value": her}],
            "providedBy": {"reference": _at(message, organization)},
        }
        parties.append(_entry(_at(message, name), service))
    return parties


def _provenance(message: MessageId) -> Json:
    provenance = {
        "resourceType": "Provenance",
        "target": [{"reference": _at(message, "task")}],
        "recorded": "2026-11-24T08:12:00.000Z",
        "activity": {"coding": [{"system": urls.ACTS, "code": "arrive"}]},
        "agent": [{"who": {"reference": _at(message, "organization")}}],
    }
    return _entry(_at(message, "provenance"), provenance)


def _at(message: MessageId, name: str) -> str:
    return uuid5(message, name).urn


def _entry(full_url: str, resource: Json) -> Json:
    return {"fullUrl": full_url, "resource": resource}


def _agency(agency: AgencyId, full_url: str) -> Json:
    return {"reference": full_url, "type": "Organization", "identifier": {"system": urls.ORG, "value": agency}}


def _service(message: MessageId, name: str) -> Json:
    return {"url": urls.extension("addressed-service"), "valueReference": {"reference": _at(message, name)}}


def _version(leg: int, number: int) -> Json:
    return {
        "url": urls.extension("status-version"),
        "extension": [{"url": "leg", "valuePositiveInt": leg}, {"url": "number", "valueUnsignedInt": number}],
    }


def _date(system: str, code: str, value: str) -> Json:
    name = "valueDateTime" if "T" in value else "valueDate"
    return {
        "url": urls.extension("referral-date"),
        "extension": [
            {"url": "kind", "valueCoding": {"system": system, "code": code}},
            {"url": "date", name: value},
        ],
    }
