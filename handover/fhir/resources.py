"""Reads the entries that our Bundles share: what references lead to, agencies, services, people, codes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handover.actors import Author, Party
from handover.fhir import urls
from handover.ids import AgencyId, ServiceId

Json = dict[str, Any]


@dataclass(frozen=True)
class Resources:
    """A checked Bundle, and what its references lead to. Raises LookupError or ValueError."""

    bundle: Json

    def all(self, kind: str) -> list[Json]:
        """Return all resources of a type."""
        found = (entry["resource"] for entry in self.bundle["entry"])
        return [resource for resource in found if resource["resourceType"] == kind]

    def named(self, kind: str) -> list[tuple[str, Json]]:
        """Return all resources of a type, each with the address that references to it have."""
        found = ((entry["fullUrl"], entry["resource"]) for entry in self.bundle["entry"])
        return [(url, resource) for url, resource in found if resource["resourceType"] == kind]

    def only(self, kind: str) -> Json:
        """Return the one resource of a type."""
        (resource,) = self.all(kind)
        return resource

    def at(self, reference: Json) -> Json:
        """Return the resource that a reference leads to."""
        url = reference["reference"]
        return next(entry["resource"] for entry in self.bundle["entry"] if entry["fullUrl"] == url)

    def service(self, reference: Json) -> Party:
        """Return a service and its agency."""
        service = self.at(reference)
        return Party(self.agency(service["providedBy"]), ServiceId(identifier_of(service["identifier"], urls.HER)))

    def agency(self, reference: Json) -> AgencyId:
        """Return an agency by its organisation number."""
        return AgencyId(identifier_of(self.at(reference)["identifier"], urls.ORG))

    def party(self, reference: Json) -> Party:
        """Return the service of a role that nobody in particular has."""
        return self.service(self.at(reference)["healthcareService"][0])

    def author(self, reference: Json) -> Author:
        """Return a person at their agency."""
        role = self.at(reference)
        person = self.at(role["practitioner"])
        services = [self.service(each) for each in role.get("healthcareService", ())]
        return Author(
            name=person["name"][0]["text"],
            title=role["code"][0]["text"] if "code" in role else "",
            phone=phone_of(role),
            agency=self.agency(role["organization"]),
            service=services[0].service if services else None,
            hpr=next((i["value"] for i in person.get("identifier", ()) if i["system"] == urls.HPR), None),
        )


def instant_of(text: str) -> datetime:
    """Return an aware datetime. Raises ValueError for one without a zone."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("a time without a zone")
    return instant


def identifier_of(identifiers: list[Json], system: str) -> str:
    """Return the value in that system."""
    return str(next(each["value"] for each in identifiers if each.get("system") == system))


def code_of(concept: Json, system: str) -> str:
    """Return the code in that system."""
    return str(next(each["code"] for each in concept["coding"] if each.get("system") == system))


def phone_of(node: Json) -> str:
    """Return the first phone, empty where there is none."""
    return next((str(each["value"]) for each in node.get("telecom", ()) if each.get("system") == "phone"), "")


def extensions_of(node: Json, name: str) -> Iterator[Json]:
    """Return the extensions of that name."""
    return (each for each in node.get("extension", ()) if each["url"] == urls.extension(name))


def parts_of(extension: Json) -> dict[str, Json]:
    """Return the parts of a complex extension by their names."""
    return {part["url"]: part for part in extension["extension"]}
