"""Whatever a compiled profile says: a message that breaks it is refused, and the refusal names the path."""

from functools import cache

import pytest

from handover.fhir.rules import ELSEWHERE, RULES
from handover.fhir.validator import validate
from tests.fhir.invariants import INVARIANTS, NARRATIVES, WITHOUT_EFFECT, broken_invariants
from tests.fhir.mutants import Constraint, Mutant, examples, mutants, places, structures

KINDS = ("min", "max", "value", "binding", "type", "target", "forbidden")

NOT_IN_EXAMPLES = {
    "overgang-patient": {"Patient.identifier:DNR", "Patient.identifier:FHN", "Patient.identifier:HNR"},
    "overgang-practitioner-role": {"PractitionerRole.code:functions", "PractitionerRole.code:functions.text"},
    "overgang-medication-statement": {"MedicationStatement.medication[x]"},
    "overgang-next-appointment": {"Appointment.end"},
    "overgang-person-around": {
        f"RelatedPerson.relationship:{name}{below}"
        for name in ("familyRelation", "maritalStatus", "parental")
        for below in ("", ".coding", ".coding.code")
    },
}
"""Slices of the base profiles that no message of ours uses (the other series of numbers; coded functions;
relations in the national register), a choice of type that stands in the examples under its slice, and an
end that nobody has said (`_end`; app-2 breaks it)."""


@cache
def _mutants() -> dict[Constraint, Mutant]:
    """Return one mutant for each constraint that an example lets us break."""
    found: dict[Constraint, Mutant] = {}
    for place in places():
        for mutant in (*mutants(place, found), *broken_invariants(place, found)):
            found.setdefault(mutant.constraint, mutant)
    return found


def _in_bundle(path: str, kind: str) -> str:
    """Return a path as the mutants write it, who call every root a Bundle."""
    return f"Bundle{path.removeprefix(kind)}"


def _survivors(*kinds: str) -> list[str]:
    found = []
    for constraint, mutant in _mutants().items():
        if constraint[2] in kinds:
            example = examples()[mutant.example]
            problems = validate(mutant.message, example["meta"]["profile"][0])
            if not {_in_bundle(p.path, example["resourceType"]) for p in problems} & mutant.paths:
                found.append(
                    f"{constraint} in {mutant.example}: wanted {sorted(mutant.paths)}, got {problems[:3]}"
                )
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_receiver_refuses_every_broken_constraint_and_names_its_path(kind: str) -> None:
    assert _survivors(kind) == []


@pytest.mark.parametrize("key", sorted(INVARIANTS))
def test_a_receiver_refuses_every_broken_invariant_and_names_its_path(key: str) -> None:
    assert any(constraint[2] == key for constraint in _mutants()), "no example has this invariant"
    assert _survivors(key) == []


def test_every_invariant_of_an_element_in_an_example_is_broken_by_a_test() -> None:
    constraints = (c for place in places() for c in place.element.get("constraint", ()))
    assert {
        c["key"] for c in constraints if c["severity"] == "error"
    } <= INVARIANTS.keys() | NARRATIVES.keys() | WITHOUT_EFFECT


def test_every_invariant_of_ours_stands_in_an_example() -> None:
    assert {key for key in RULES if key.startswith("hm-")} <= INVARIANTS.keys()
    assert not RULES.keys() & ELSEWHERE


def test_everything_our_profiles_say_stands_in_an_example() -> None:
    reached = {(place.structure.id, place.element["id"]) for place in places()}
    missing = {
        (structure.id, element)
        for structure in structures().values()
        if "overgang.example" in structure.url and not structure.abstract
        for element in structure.own - NOT_IN_EXAMPLES.get(structure.id, set())
        if structure.elements[element]["max"] != "0" and (structure.id, element) not in reached
    }
    assert missing == set()
