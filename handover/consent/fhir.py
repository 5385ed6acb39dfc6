"""A patient's blocks and permits as FHIR Consents (R4): what the patient takes along from where they were made.

They are never sent: a block would tell what it hides. The patient downloads them, and gives them to anybody.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import orjson

from handover.consent.model import Choice, Kind, Target
from handover.fhir import urls
from handover.fhir.entries import Json, coding, concept, present, uri, when

_SCOPE: Final = ("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy")
_CATEGORY: Final = ("http://loinc.org", "59284-0")
_RECEIVER: Final = ("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP")
_RULES: Final = f"{urls.BASE}/CodeSystem/consent-rule"
_PURPOSES: Final = f"{urls.BASE}/CodeSystem/sharing-purpose"
_TOPICS: Final = f"{urls.BASE}/sid/sharing-topic"


def taken_along(choices: Iterable[Choice], *, now: datetime) -> bytes:
    """Return the choices as one file: a Bundle (collection) of Consents, in the order they were made."""
    entries = [{"fullUrl": choice.id.urn, "resource": consent_of(choice)} for choice in choices]
    bundle = present(resourceType="Bundle", type="collection", timestamp=when(now), entry=entries)
    return orjson.dumps(bundle, option=orjson.OPT_INDENT_2)


def consent_of(choice: Choice) -> Json:
    """Return the choice as a Consent: inactive once it is withdrawn, no actor where it is about everyone."""
    permits = choice.kind is Kind.PERMIT
    return {
        "resourceType": "Consent",
        "meta": {"profile": [urls.profile("overgang-permit" if permits else "overgang-block")]},
        "identifier": [uri(choice.id.urn)],
        "status": "inactive" if choice.withdrawn_at else "active",
        "scope": concept(_SCOPE),
        "category": [concept(_CATEGORY)],
        "patient": {"type": "Patient", "identifier": uri(choice.person.urn)},
        "dateTime": when(choice.given_at),
        "policyRule": concept((_RULES, "patient-permits" if permits else "patient-blocks")),
        "provision": _provision(choice),
    }


def _provision(choice: Choice) -> Json:
    terms = choice.terms
    return present(
        type=choice.kind,
        period={"end": terms.until.isoformat()} if terms else None,
        actor=_actors(choice.target),
        purpose=[coding((_PURPOSES, terms.purpose))] if terms else None,
        code=[concept((_TOPICS, topic)) for topic in terms.topics] if terms else None,
    )


def _actors(target: Target) -> list[Json]:
    if target.is_everyone:
        return []
    system, value = (urls.HER, target.service) if target.service is not None else (urls.ORG, target.agency)
    named = {"type": "Organization", "identifier": {"system": system, "value": value}}
    return [{"role": concept(_RECEIVER), "reference": named}]
