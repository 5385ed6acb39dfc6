"""What the three messages about a handover share: numbered tasks, their values, and how they are refused."""

from collections.abc import Iterator
from typing import Any

from handover.bundle.fhir import codes
from handover.bundle.lifecycle import Version
from handover.fhir import urls
from handover.fhir.entries import Json, concept, uri, written
from handover.fhir.letters import unreadable_as
from handover.fhir.problem import FhirInvalid, Problem, ProblemCode
from handover.fhir.resources import code_of, extensions_of, parts_of
from handover.ids import HandoverId

or_unreadable = unreadable_as("bundle.unreadable")


def refuse(problems: list[tuple[str, str]]) -> None:
    """Raise FhirInvalid where there are problems: paths, and what is wrong there."""
    if problems:
        raise FhirInvalid(Problem(path, ProblemCode.RULE, text) for path, text in problems)


def path_of(bundle: Json, resource: Json) -> str:
    """Return the path of an entry's resource."""
    index = next(i for i, entry in enumerate(bundle["entry"]) if entry["resource"] is resource)
    return f"Bundle.entry[{index}].resource"


def numbered(version: Version) -> Json:
    """Return the extension that numbers a task: the round of sending, and the receiver's number in it."""
    parts = [
        {"url": "round", "valuePositiveInt": version.round},
        {"url": "number", "valueUnsignedInt": version.number},
    ]
    return {"url": urls.extension("handover-version"), "extension": parts}


def version_of(task: Json) -> Version:
    """Return the number that a task carries."""
    parts = parts_of(next(extensions_of(task, "handover-version")))
    return Version(parts["round"]["valuePositiveInt"], parts["number"]["valueUnsignedInt"])


def about(handover: HandoverId) -> Json:
    """Return a reference to the handover, by the identifier that its document carries too."""
    return {"type": "Composition", "identifier": uri(handover.urn)}


def value(name: str, kind: str, value: Any) -> Json:
    """Return one input or output of a task."""
    return {"type": concept((codes.VALUES, name)), f"value{kind}": value}


def texts(**values: str) -> list[Json]:
    """Return an output for each text that is not blank; `take_over_title` is named `take-over-title`."""
    return [
        value(name.replace("_", "-"), "String", written(text)) for name, text in values.items() if written(text)
    ]


def values_of(task: Json, where: str, name: str) -> Iterator[Json]:
    """Return the inputs or outputs of that name."""
    return (each for each in task.get(where, ()) if code_of(each["type"], codes.VALUES) == name)


def text_of(task: Json, name: str) -> str:
    """Return the text output of that name, empty where there is none."""
    return next((str(each["valueString"]) for each in values_of(task, "output", name)), "")
