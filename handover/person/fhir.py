"""Maps who the patient is to FHIR's Patient and back (no-basis-Patient, R4)."""

from datetime import date
from typing import Any, Final

from handover.fhir import urls
from handover.fhir.entries import phone, present, written
from handover.fhir.resources import phone_of
from handover.person.model import Address, Identity
from handover.person.numbers import series_of

Json = dict[str, Any]

ODD_NUMBER: Final = f"{urls.BASE}/sid/person-number"
"""A person's number that has the form of no national series; kept as written."""


def patient_members(identity: Identity) -> Json:
    """Return the members of a Patient that say who it is."""
    return {
        "identifier": [_number(identity.number)] if identity.number else None,
        "name": [{"family": written(identity.family), "given": [written(identity.given)]}],
        "telecom": [phone(identity.phone)] if identity.phone else None,
        "birthDate": identity.birth_date.isoformat(),
        "address": _address(identity.address),
    }


def identity_of(patient: Json) -> Identity:
    """Return who a checked Patient is."""
    name, numbers = patient["name"][0], patient.get("identifier", ())
    return Identity(
        given=" ".join(name["given"]),
        family=name["family"],
        birth_date=date.fromisoformat(patient["birthDate"]),
        number=numbers[0]["value"] if numbers else None,
        address=_address_of(patient["address"][0]) if "address" in patient else None,
        phone=phone_of(patient) or None,
    )


def _number(number: str) -> Json:
    return {"system": series_of(number) or ODD_NUMBER, "value": number}


def _address(address: Address | None) -> list[Json] | None:
    if address is None:
        return None
    lines = [written(line) for line in address.lines if written(line)]
    found = present(line=lines, postalCode=address.postal_code, city=written(address.city))
    return [found] if found else None


def _address_of(address: Json) -> Address:
    return Address(
        lines=tuple(address.get("line", ())),
        postal_code=address.get("postalCode", ""),
        city=address.get("city", ""),
    )
