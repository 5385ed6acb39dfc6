"""Writes the entries that our Bundles share: agencies, services and people, once each, named by what they are."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from handover.actors import Author, Party
from handover.fhir import urls
from handover.ids import AgencyId, ServiceId

Json = dict[str, Any]
Code = tuple[str, str]
"""System and code."""

_UNWRITABLE: Final = {
    **{code: None for code in (*range(32), 127) if chr(code) not in "\t\n\r"},
    **dict.fromkeys((0xFFFE, 0xFFFF, *range(0xD800, 0xE000))),
}
"""Characters that FHIR text or the XML of a narrative cannot hold; what people paste may."""
_EMPTY: Final[tuple[object, ...]] = (None, "", [], {})


@dataclass
class Entries:
    """The resources of a Bundle in the making: each is added once, under a name that only this object knows."""

    address: Callable[[str], str]
    """Gives the fullUrl of the entry of that name, for equal names the same."""
    resources: dict[str, Json] = field(default_factory=dict)

    def reference(self, name: str) -> Json:
        """Return a reference to the entry of that name."""
        return {"reference": self.address(name)}

    def add(self, entry: str, resource_type: str, /, **members: Any) -> Json:
        """Add an entry (once) without its empty members, and return a reference to it."""
        if entry not in self.resources:
            self.resources[entry] = {"resourceType": resource_type, **present(**members)}
        return self.reference(entry)

    def agency(self, agency: AgencyId, name: str = "") -> Json:
        """Return a reference to an agency, added by its organisation number."""
        identifier = [{"system": urls.ORG, "value": agency}]
        return self.add(f"agency {agency}", "Organization", identifier=identifier, name=written(name))

    def service(self, party: Party, name: str = "") -> Json:
        """Return a reference to a service, added by its HER-id."""
        return self.add(
            f"service {party.agency} {party.service}",
            "HealthcareService",
            identifier=[{"system": urls.HER, "value": party.service}],
            providedBy=self.agency(party.agency),
            name=written(name),
        )

    def party(self, party: Party) -> Json:
        """Return a reference to a service where FHIR wants a person: a role that nobody in particular has."""
        return self.add(
            f"role {party.agency} {party.service}",
            "PractitionerRole",
            organization=self.agency(party.agency),
            healthcareService=[self.service(party)],
        )

    def author(self, author: Author) -> Json:
        """Return a reference to a person at their agency."""
        key = f"{author.agency} {author.service} {author.hpr} {author.name} {author.title} {author.phone}"
        person = self.add(
            f"person {key}",
            "Practitioner",
            identifier=[{"system": urls.HPR, "value": author.hpr}] if author.hpr else None,
            name=[{"text": written(author.name)}],
        )
        at = Party(author.agency, ServiceId(author.service)) if author.service else None
        return self.add(
            f"author {key}",
            "PractitionerRole",
            practitioner=person,
            organization=self.agency(author.agency),
            code=[{"text": written(author.title)}] if written(author.title) else None,
            healthcareService=[self.service(at)] if at else None,
            telecom=[phone(author.phone)] if written(author.phone) else None,
        )

    def listed(self) -> list[Json]:
        """Return Bundle.entry, in the order in which the entries were added."""
        return [{"fullUrl": self.address(name), "resource": each} for name, each in self.resources.items()]


def present(**members: Any) -> Json:
    """Return the members that say something: FHIR has neither nulls nor empty arrays, objects or texts."""
    return {name: value for name, value in members.items() if value not in _EMPTY}


def written(text: str) -> str:
    """Return a text as FHIR can hold it: without control characters; nothing where only white space is left."""
    clean = text.translate(_UNWRITABLE)
    return "" if clean.isspace() else clean


def uri(value: str) -> Json:
    """Return an Identifier that is a URI."""
    return {"system": urls.URI, "value": value}


def phone(number: str) -> Json:
    """Return a ContactPoint."""
    return {"system": "phone", "value": written(number)}


def when(at: datetime) -> str:
    """Return an aware datetime as FHIR dateTime in UTC, as exact as it is."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def coding(code: Code) -> Json:
    """Return a Coding."""
    return {"system": code[0], "code": code[1]}


def concept(code: Code, text: str = "") -> Json:
    """Return a CodeableConcept, with the writer's text where there is one."""
    found: Json = {"coding": [coding(code)]}
    return {**found, "text": text} if text else found


def extension(name: str, kind: str, value: Any) -> Json:
    """Return one of our extensions with a value, such as `extension("may-know", "String", text)`."""
    return {"url": urls.extension(name), f"value{kind}": value}


def absent(reason: str) -> Json:
    """Return what stands in place of a value that FHIR wants and nobody has written (data-absent-reason)."""
    url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
    return {"extension": [{"url": url, "valueCode": reason}]}
