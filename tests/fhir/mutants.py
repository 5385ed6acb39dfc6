"""Breaks every constraint of the compiled profiles on the committed examples, one at a time.

Reads the StructureDefinitions themselves, not the table made of them: what the compiler forgot would show here.
"""

import copy
import json
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

from handover.fhir.parse import safe_name

Json = dict[str, Any]
Constraint = tuple[str, str, str]
"""Structure, element id, kind of constraint or key of invariant."""
Steps = tuple[str | int, ...]

ROOT: Final = Path(__file__).parents[2] / "fhir_profiles"
R4: Final = "http://hl7.org/fhir/StructureDefinition/"


@dataclass(frozen=True)
class Structure:
    """A StructureDefinition, its elements by id, and which of them its own differential speaks of."""

    url: str
    id: str
    type: str
    kind: str
    abstract: bool
    elements: dict[str, Json]
    children: dict[str, list[str]]
    slices: dict[str, list[str]]
    own: frozenset[str]


@dataclass(frozen=True)
class Place:
    """Where in an example an element of a structure stands; `slice_of` is the sliced element of a slice."""

    structure: Structure
    element: Json
    example: str
    steps: Steps
    slice_of: Json | None = None

    @property
    def tells(self) -> Json | None:
        """Return the sliced element whose slices this element tells apart: a change here is a change of slice."""
        slice_id, _, rest = self.element["id"].rpartition(":")
        slice_name, _, path = rest.partition(".")
        sliced = self.structure.elements.get(slice_id, {})
        if not path or slice_id.endswith("[x]") or f"{slice_id}:{slice_name}" not in self.structure.elements:
            return None
        paths = [by["path"] for by in sliced.get("slicing", {}).get("discriminator", ())]
        return (
            sliced
            if any(path == one or path.startswith(f"{one}.") or one.startswith(f"{path}.") for one in paths)
            else None
        )

    @property
    def slice_may_lack(self) -> bool:
        """Tell whether an item may leave this element's slice: the list is open, the slice optional."""
        if self.element["id"] == "Extension.url":
            return True  # an address we do not know is another extension, which may always be there
        tells = self.tells
        if tells is None:
            return False
        slice_id, _, rest = self.element["id"].rpartition(":")
        one = self.structure.elements[f"{slice_id}:{rest.partition('.')[0]}"]
        return bool(tells["slicing"]["rules"] == "open" and len(_items(self, one)) > one["min"])


@dataclass(frozen=True)
class Mutant:
    """One broken message: what was broken, and the paths of which one must be named."""

    constraint: Constraint
    example: str
    message: Json
    paths: frozenset[str]


@cache
def structures() -> dict[str, Structure]:
    """Return every structure by address: ours, the base profiles, R4's types."""
    found: list[Json] = json.loads((ROOT / "r4" / "definitions.json").read_text())["structures"]
    for folder in ("vendor/no-basis", "fsh-generated/resources"):
        found += [
            json.loads(path.read_text()) for path in sorted((ROOT / folder).glob("StructureDefinition-*.json"))
        ]
    return {one["url"]: _structure(one) for one in found}


def _structure(definition: Json) -> Structure:
    elements = {element["id"]: element for element in definition["snapshot"]["element"]}
    children: dict[str, list[str]] = {}
    slices: dict[str, list[str]] = {}
    for name in elements:
        parent, _, last = name.rpartition(".")
        if ":" in last:
            slices.setdefault(name.rpartition(":")[0], []).append(name)
        elif parent:
            children.setdefault(parent, []).append(name)
    own = frozenset(e["id"] for e in definition.get("differential", {}).get("element", ()))
    head = (definition["url"], definition["id"], definition["type"], definition["kind"])
    return Structure(*head, definition.get("abstract", False), elements, children, slices, own)


@cache
def examples() -> dict[str, Json]:
    """Return the committed examples by name."""
    return {path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "examples").glob("*.json"))}


def places() -> Iterator[Place]:
    """Return every element of every example, with the structure that speaks of it."""
    for name, message in examples().items():
        profile = structures()[message["meta"]["profile"][0]]
        yield from _inside(profile, profile.type, message, (name, ()))


def _inside(structure: Structure, element: str, node: Any, at: tuple[str, Steps]) -> Iterator[Place]:
    """Return the places below one object."""
    example, steps = at
    if not steps:
        yield Place(structure, structure.elements[element], example, steps)
    for child in structure.children.get(element, ()):
        name = child.rpartition(".")[2]
        for member in [name] if not name.endswith("[x]") else [m for m in node if m.startswith(name[:-3])]:
            if member in node:
                yield from _member(structure, child, node[member], (example, (*steps, member)))


def _member(structure: Structure, child: str, value: Any, at: tuple[str, Steps]) -> Iterator[Place]:
    example, steps = at
    base = structure.elements[child]
    for index, item in enumerate(value) if isinstance(value, list) else [(None, value)]:
        here = steps if index is None else (*steps, index)
        chosen = _slice_of(structure, child, item, str(steps[-1]))
        yield Place(structure, structure.elements[chosen], example, here, base if chosen != child else None)
        if chosen != child and index is not None:  # what the sliced element says holds for every slice
            yield Place(structure, base, example, here)
            if isinstance(item, dict):
                yield from _inside(structure, child, item, (example, here))
        if isinstance(item, dict):
            yield from _descend(structure, chosen, item, (example, here))


def _descend(structure: Structure, chosen: str, item: Json, at: tuple[str, Steps]) -> Iterator[Place]:
    if structure.children.get(chosen):
        yield from _inside(structure, chosen, item, at)
        return
    if repeated := structure.elements[chosen].get("contentReference"):
        yield Place(structure, structure.elements[repeated.lstrip("#")], *at)
        yield from _inside(structure, repeated.lstrip("#"), item, at)
        return
    for inner in _types(
        structure.elements[chosen], item, str(at[1][-1] if isinstance(at[1][-1], str) else at[1][-2])
    ):
        yield Place(inner, inner.elements[inner.type], *at)
        yield from _inside(inner, inner.type, item, at)


def _types(element: Json, item: Json, member: str) -> Iterator[Structure]:
    """Return the structure an object follows: its element's profile, its own type, or its resource type's base."""
    kinds = element.get("type", ())
    kind = next((k for k in kinds if len(kinds) == 1 or member.lower().endswith(k["code"].lower())), None)
    if kind is None:
        return
    for url in kind.get("profile") or [
        R4 + (item.get("resourceType", "") if kind["code"] == "Resource" else kind["code"])
    ]:
        if url in structures():
            yield structures()[url]
            return


def _slice_of(structure: Structure, child: str, item: Any, member: str) -> str:
    """Return the id of the slice an item belongs to, or of the element where it belongs to none."""
    for one in structure.slices.get(child, ()):
        if child.endswith("[x]"):
            if member.lower().endswith(structure.elements[one]["type"][0]["code"].lower()):
                return one
        elif all(
            _matches(structure, one, by["path"], item)
            for by in structure.elements[child]["slicing"]["discriminator"]
        ):
            return one
    return child


def _matches(structure: Structure, one: str, path: str, item: Any) -> bool:
    if path == "resource":
        wanted = structure.elements[f"{one}.resource"]["type"][0]["code"]
        return bool(item.get("resource", {}).get("resourceType") == wanted)
    if path == "url" and f"{one}.url" not in structure.elements:
        return bool(item["url"] == structure.elements[one]["type"][0]["profile"][0])
    element = structure.elements.get(f"{one}.{path}" if path != "$this" else one)
    expected = _expected(element) if element else None
    if expected is None:
        return False
    return any(_holds(value, expected) for value in _values(item, path.split(".")))


def _expected(element: Json) -> Any:
    return next((v for k, v in element.items() if k.startswith(("fixed", "pattern"))), None)


def _values(node: Any, path: Sequence[str]) -> Iterator[Any]:
    if isinstance(node, list):
        for one in node:
            yield from _values(one, path)
    elif not path or path == ["$this"]:
        yield node
    elif isinstance(node, dict) and path[0] in node:
        yield from _values(node[path[0]], path[1:])


def _holds(value: Any, expected: Any) -> bool:
    if isinstance(expected, dict):
        return isinstance(value, dict) and all(_holds(value.get(name), part) for name, part in expected.items())
    if isinstance(expected, list):
        return isinstance(value, list) and all(any(_holds(v, part) for v in value) for part in expected)
    return bool(value == expected)


def path_of(steps: Steps) -> str:
    """Return steps as the validator writes them."""
    return "Bundle" + "".join(f"[{step}]" if isinstance(step, int) else f".{safe_name(step)}" for step in steps)


def at(message: Any, steps: Steps) -> Any:
    """Return what stands at the steps."""
    for step in steps:
        message = message[step]
    return message


def mutants(place: Place, seen: Container[Constraint]) -> Iterator[Mutant]:
    """Return every way to break what the element says of this place, except its invariants and what was seen."""
    for kind, breaking in _BREAKERS.items():
        if (place.structure.id, place.element["id"], kind) in seen:
            continue
        if kind in {"min", "value"} and place.slice_may_lack:
            continue
        broken = breaking(place)
        if broken is not None:
            message, paths = broken
            if place.tells:
                paths = paths | _ancestors(place.steps)
            yield Mutant((place.structure.id, place.element["id"], kind), place.example, message, frozenset(paths))


Broken = tuple[Json, set[str]] | None


@cache
def _raw(example: str) -> bytes:
    return orjson.dumps(examples()[example])


def message_of(place: Place) -> Json:
    """Return the example of a place, to be broken."""
    message: Json = orjson.loads(_raw(place.example))
    return message


def _list(place: Place) -> Steps | None:
    """Return the steps of the list the place stands in."""
    return place.steps[:-1] if place.steps and isinstance(place.steps[-1], int) else None


def _without(place: Place) -> Broken:
    """Leave out a required element: every one of the list's, or every one of the slice's."""
    if not place.element["min"] or not place.steps:
        return None
    message = message_of(place)
    steps = _list(place) or place.steps
    parent, name = at(message, steps[:-1]), steps[-1]
    if place.slice_of is None or not isinstance(parent[name], list):
        del parent[name]
    else:
        siblings = {p.steps[-1] for p in _siblings(place)}
        parent[name] = [item for index, item in enumerate(parent[name]) if index not in siblings]
        if not parent[name]:
            del parent[name]
    named = str(name).removesuffix(_type_of(place).capitalize())
    return message, {path_of(steps), path_of((*steps[:-1], _stem(place, str(name), named))), path_of(steps[:-1])}


def _type_of(place: Place) -> str:
    """Return the type of an element; one that repeats another element of its structure has none of its own."""
    return str(place.element["type"][0]["code"]) if "type" in place.element else "BackboneElement"


def _stem(place: Place, name: str, fallback: str) -> str:
    last = place.element["id"].rpartition(".")[2].partition(":")[0]
    return last[:-3] if last.endswith("[x]") else fallback or name


def _siblings(place: Place) -> list[Place]:
    """Return the places of the same slice in the same list."""
    steps = _list(place)
    return [
        p for p in _all_places() if p.example == place.example and p.element is place.element and _list(p) == steps
    ]


def _items(place: Place, one: Json) -> list[Place]:
    """Return the items of a slice in the list in which the place's own item stands."""
    mine = [
        p
        for p in _all_places()
        if p.example == place.example and p.element is one and p.steps == place.steps[: len(p.steps)]
    ]
    return _siblings(mine[0]) if mine else []


@cache
def _all_places() -> tuple[Place, ...]:
    return tuple(places())


def _too_many(place: Place) -> Broken:
    """Repeat an element until there is one too many, or write a single one as a list."""
    if not place.steps or place.element["max"] == "*":
        return None
    message = message_of(place)
    steps = _list(place)
    if steps is None:
        parent = at(message, place.steps[:-1])
        parent[place.steps[-1]] = [parent[place.steps[-1]]]
        return message, {path_of(place.steps)}
    items = at(message, steps)
    items.extend(copy.deepcopy(at(message, place.steps)) for _ in range(int(place.element["max"])))
    return message, {path_of(steps)}


def _other_value(place: Place) -> Broken:
    """Write something else where a value is fixed."""
    expected = _expected(place.element)
    if expected is None or not place.steps:
        return None
    message = message_of(place)
    parent, name = at(message, place.steps[:-1]), place.steps[-1]
    if isinstance(expected, str | bool):
        parent[name] = "other" if isinstance(expected, str) else not expected
    else:
        parent[name] = _otherwise(expected)
    return message, _ancestors(place.steps)


def _otherwise(expected: Any) -> Any:
    """Return a copy of a pattern in which every text is another one."""
    if isinstance(expected, dict):
        return {name: _otherwise(value) for name, value in expected.items()}
    if isinstance(expected, list):
        return [_otherwise(value) for value in expected]
    return f"other-{expected}" if isinstance(expected, str) else expected


def _ancestors(steps: Steps) -> set[str]:
    """Return the paths of the place and of the object and lists it is in: a changed discriminator shows there."""
    return {path_of(steps[: len(steps) - up]) for up in range(min(len(steps), 5))}


def _unknown_code(place: Place) -> Broken:
    """Write a code that no value set has."""
    binding = place.element.get("binding", {})
    if binding.get("strength") != "required" or not place.steps or not _listed(binding["valueSet"]):
        return None
    message = message_of(place)
    parent, name = at(message, place.steps[:-1]), place.steps[-1]
    value = parent[name]
    if isinstance(value, str):
        parent[name] = "no/such" if "/" in value else "bogus"
        return message, {path_of(place.steps)}
    for coding in value.get("coding", [value]) if isinstance(value, dict) else ():
        coding["code"] = "bogus"
    return message, {path_of((*place.steps, "coding")), path_of((*place.steps, "code")), path_of(place.steps)}


@cache
def _value_sets() -> Json:
    found: Json = json.loads((ROOT / "r4" / "definitions.json").read_text())["valueSets"]
    return found


def _listed(value_set: str) -> bool:
    return bool(_value_sets().get(value_set.split("|")[0]))


def _wrong_type(place: Place) -> Broken:
    """Write a text for an object, an object for a text, a number as text, a boolean as text."""
    if not place.steps or place.element["max"] == "0":
        return None
    message = message_of(place)
    parent, name = at(message, place.steps[:-1]), place.steps[-1]
    value = parent[name]
    if isinstance(value, dict | list):
        parent[name] = "text"
    elif isinstance(value, str):
        parent[name] = {"text": "x"}
    else:
        parent[name] = str(value).lower()
    return message, _ancestors(place.steps) if place.slice_of else {
        path_of(place.steps),
        path_of((*place.steps, "resourceType")),
    }


def _wrong_target(place: Place) -> Broken:
    """Point a reference to the message's header, which nothing may refer to."""
    if not place.steps or not any(kind.get("targetProfile") for kind in place.element.get("type", ())):
        return None
    message = message_of(place)
    value = at(message, place.steps)
    if not isinstance(value, dict) or "reference" not in value or _targets(place) & {"Resource", "Composition"}:
        return None
    value["reference"] = message["entry"][0]["fullUrl"]
    return message, {path_of((*place.steps, "reference"))}


def _targets(place: Place) -> set[str]:
    urls = [url for kind in place.element["type"] for url in kind.get("targetProfile") or ()]
    return {url.rpartition("/")[2] for url in urls}


def _forbidden(place: Place) -> Broken:
    """Add an element that the profile forbids (max 0) to this object."""
    for child in place.structure.children.get(place.element["id"], ()):
        element, name = place.structure.elements[child], child.rpartition(".")[2]
        if element["max"] != "0" or name.endswith("[x]"):
            continue
        message = message_of(place)
        node = at(message, place.steps)
        node[name] = "x"
        return message, {path_of((*place.steps, name))}
    return None


_BREAKERS: Final[dict[str, Callable[[Place], Broken]]] = {
    "min": _without,
    "max": _too_many,
    "value": _other_value,
    "binding": _unknown_code,
    "type": _wrong_type,
    "target": _wrong_target,
    "forbidden": _forbidden,
}
