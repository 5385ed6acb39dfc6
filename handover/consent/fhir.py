"""A patient's block or permit as a FHIR Consent (R4), as it is kept where it was given; never sent."""

from typing import Final

from handover.consent.model import Choice, Kind, Target
from handover.fhir import urls
from handover.fhir.entries import Json, coding, concept, present, uri, when

_SCOPE: Final = ("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy")
_CATEGORY: Final = ("http://loinc.org", "59284-0")
_RECEIVER: Final = ("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP")
_RULES: Final = f"{urls.BASE}/CodeSystem/consent-rule"
_PURPOSES: Final = f"{urls.BASE}/CodeSystem/sharing-purpose"
_TOPICS: Final = f"{urls.BASE}/sid/sharing-topic"


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
