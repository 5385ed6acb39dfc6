"""Compiles StructureDefinition snapshots to the table that the validator walks: `python -m handover.fhir.compile`.

Reads `fhir_profiles/` (our compiled profiles, the base profiles they stand on, the part of R4 they lead to) and
writes `handover/fhir/table.json`. Whatever no profile of ours leads to is left out.

The table: `shapes` (an object's allowed members), `profiles` (name of a profile or base resource -> shape),
`valuesets` (address -> {system: codes}), `rules` (key -> sentence), `resources` (all R4 resource types).
A member is `{t: primitive or shape, min, max, list, fixed, pattern, vs, refs, rules, slicing}`.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from handover.fhir.primitives import PRIMITIVES
from handover.fhir.rules import ELSEWHERE, RULES

ROOT: Final = Path(__file__).parents[2] / "fhir_profiles"
TARGET: Final = Path(__file__).with_name("table.json")
_BASE: Final = "http://hl7.org/fhir/StructureDefinition/"
_PRIMITIVES: Final = frozenset(PRIMITIVES) | {"xhtml"}
_SYNTAX_ONLY: Final = {"http://hl7.org/fhir/ValueSet/mimetypes": "mime"}

_VALUES: Final = ("fixed", "pattern")

Json = dict[str, Any]


@dataclass
class _Node:
    """One element of a snapshot with its children and slices."""

    element: Json
    children: dict[str, "_Node"] = field(default_factory=dict)
    slices: dict[str, "_Node"] = field(default_factory=dict)


class UnknownRule(Exception):
    """A profile has an invariant that rules.py neither implements nor names as covered elsewhere."""


class _Compiler:
    def __init__(self, structures: Mapping[str, Json], valuesets: Mapping[str, Json | None]) -> None:
        self.structures = structures
        self.expansions = valuesets
        self.shapes: dict[str, Json] = {}
        self.names: dict[str, str] = {}
        self.valuesets: dict[str, Json] = {}
        self.rules: dict[str, str] = {}

    def structure(self, url: str) -> str:
        """Compile one StructureDefinition and return the name of its shape."""
        definition = self.structures[url]
        name: str = definition["id"]
        if name not in self.shapes:
            self.shapes[name] = {}
            root = _tree(definition)
            self.shapes[name] = self._shape(root, name, root)
            self.names.setdefault(_key(self.shapes[name]), name)
        return name

    def _inline(self, node: _Node, name: str, root: _Node) -> str:
        shape = self._shape(node, name, root)
        known = self.names.setdefault(_key(shape), name)
        if known == name:
            self.shapes[name] = shape
        return known

    def _shape(self, node: _Node, name: str, root: _Node) -> Json:
        members: Json = {}
        choices: list[Json] = []
        for child_name, child in node.children.items():
            if child_name.endswith("[x]"):
                names = self._choice(child_name[:-3], child, members, (name, root))
                choices.append({"min": child.element["min"], "of": names})
            else:
                members[child_name] = self._member(child, f"{name}/{child_name}", root)
        shape: Json = {"members": members}
        if types := [t["code"] for t in node.element.get("type", ()) if not _is_primitive(t["code"])]:
            shape["type"] = types[0]
        elif "." not in node.element["id"]:
            shape["type"] = node.element["path"]
        if choices:
            shape["choices"] = choices
        if rules := self._rules(node.element):
            shape["rules"] = rules
        return shape

    def _choice(self, stem: str, node: _Node, members: Json, where: tuple[str, _Node]) -> list[str]:
        """Add one member for each type a choice allows and return their names."""
        name, root = where
        sliced = {s.element["type"][0]["code"]: s for s in node.slices.values()}
        names = []
        for kind in node.element.get("type", ()):
            member = stem + kind["code"][0].upper() + kind["code"][1:]
            source = sliced.get(kind["code"], node)
            own = next(k for k in source.element["type"] if k["code"] == kind["code"])
            narrowed = _Node({**source.element, "type": [own], "min": 0}, source.children)
            if node.element["max"] == "0":
                narrowed.element["max"] = "0"
            members[member] = self._member(narrowed, f"{name}/{member}", root)
            names.append(member)
        return names

    def _member(self, node: _Node, name: str, root: _Node) -> Json:
        element = node.element
        if element["max"] == "0":
            return {"max": 0}
        member: Json = {"t": self._type(node, name, root)}
        if element["min"]:
            member["min"] = element["min"]
        if element.get("base", element)["max"] != "1":
            member["list"] = 1
            if element["max"] != "*":
                member["max"] = int(element["max"])
        self._constrain(member, element)
        if node.slices and (slicing := self._slicing(node, name, root)):
            member["slicing"] = slicing
        return member

    def _constrain(self, member: Json, element: Json) -> None:
        for key, value in element.items():
            if key.startswith("fixed"):
                member["fixed"] = value
            elif key.startswith("pattern"):
                member["fixed" if not isinstance(value, dict) else "pattern"] = value
        if binding := self._binding(element):
            member["vs"] = binding
        targets = {
            self.structures[url]["type"] if url in self.structures else url.rsplit("/", 1)[1]
            for kind in element.get("type", ())
            for url in kind.get("targetProfile") or ()
        } - {"Resource"}
        if targets:
            member["refs"] = sorted(targets)
        shape = self.shapes.get(member["t"], {})
        if rules := [key for key in self._rules(element) if key not in shape.get("rules", ())]:
            member["rules"] = rules

    def _binding(self, element: Json) -> str | None:
        binding = element.get("binding", {})
        if binding.get("strength") != "required":
            return None
        url = binding["valueSet"].split("|")[0]
        if url in _SYNTAX_ONLY:
            return _SYNTAX_ONLY[url]
        expansion = self.expansions.get(url)
        if not expansion:
            return None
        self.valuesets[url] = expansion
        return str(url)

    def _type(self, node: _Node, name: str, root: _Node) -> str:
        element = node.element
        if reference := element.get("contentReference"):
            return self._referred(reference.lstrip("#"), re.split("[/#]", name)[0], root)
        kind = element["type"][0]
        code = _fhir_type(kind)
        if code in _PRIMITIVES:
            return "id" if element["path"] == f"{root.element['path']}.id" and _is_resource(root) else code
        profiles = [url for url in kind.get("profile") or () if url in self.structures]
        if node.children:
            return self._inline(self._with_type(node, profiles or [_BASE + code]), name, root)
        if profiles:
            return self.structure(profiles[0])
        return "Resource" if code == "Resource" else self.structure(_BASE + code)

    def _referred(self, path: str, structure: str, root: _Node) -> str:
        """Return the shape of another element of the structure, which may hold itself (sections in sections)."""
        name = f"{structure}#{path}"
        if name not in self.shapes:
            self.shapes[name] = {}
            self.shapes[name] = self._shape(_find(root, path), name, root)
        return name

    def _with_type(self, node: _Node, types: list[str]) -> _Node:
        """Return an element spelt out in a snapshot with the rules of its type, which snapshots leave out."""
        definition = self.structures.get(types[0])
        if definition is None:
            return node
        return _with_base(_Node(definition["snapshot"]["element"][0]), node)

    def _slicing(self, node: _Node, name: str, root: _Node) -> Json | None:
        """Return how items are told apart; slices that no value tells apart (unknown value sets) are left out."""
        by = [d["path"] for d in node.element["slicing"]["discriminator"]]
        slices: Json = {}
        for slice_name, one in node.slices.items():
            source = _with_base(node, one)
            match = [_discriminating(source, path, self.structures) for path in by]
            if None not in match:
                member = self._member(source, f"{name}:{slice_name}", root)
                member.pop("list", None)
                member.pop("max", None)
                if one.element["max"] != "*":
                    member["max"] = int(one.element["max"])
                slices[slice_name] = {"match": match, **member}
        if not slices:
            return None
        return {"by": by, "rules": node.element["slicing"]["rules"], "slices": slices}

    def _rules(self, element: Json) -> list[str]:
        keys = []
        for constraint in element.get("constraint", ()):
            key = constraint["key"]
            if constraint["severity"] != "error" or key in ELSEWHERE:
                continue
            if key not in RULES:
                raise UnknownRule(f"{element['id']}: {key} {constraint.get('expression')}")
            self.rules[key] = constraint["human"]
            keys.append(key)
        return keys


def build(root: Path = ROOT) -> bytes:
    """Return the table compiled from what is committed under `root`; equal input gives equal bytes."""
    core = json.loads((root / "r4" / "definitions.json").read_text())
    own = [json.loads(path.read_text()) for path in sorted((root / "fsh-generated" / "resources").glob("*.json"))]
    vendored = [json.loads(path.read_text()) for path in sorted((root / "vendor" / "no-basis").glob("*.json"))]
    structures = {
        s["url"]: s for s in [*core["structures"], *vendored, *own] if s["resourceType"] == "StructureDefinition"
    }
    compiler = _Compiler(structures, core["valueSets"])
    profiles = {s["id"]: compiler.structure(s["url"]) for s in own if _is_profile(s)}
    bases = {s["type"]: compiler.structure(s["url"]) for s in core["structures"] if _is_base_resource(s)}
    table = {
        "profiles": {**profiles, **bases},
        "shapes": compiler.shapes,
        "valuesets": compiler.valuesets,
        "rules": compiler.rules,
        "resources": core["resourceTypes"],
    }
    reached = set(_reached(compiler.shapes, [*profiles.values(), *bases.values(), "Extension"]))
    table["shapes"] = {name: shape for name, shape in compiler.shapes.items() if name in reached}
    return orjson.dumps(table, option=orjson.OPT_SORT_KEYS) + b"\n"


def _is_profile(structure: Json) -> bool:
    return (
        structure["resourceType"] == "StructureDefinition"
        and structure["kind"] == "resource"
        and not structure["abstract"]
    )


def _is_base_resource(structure: Json) -> bool:
    return structure["kind"] == "resource" and structure["id"] not in {"Resource", "DomainResource"}


def _reached(shapes: Json, start: list[str]) -> Iterator[str]:
    seen: set[str] = set()
    todo = list(start)
    while todo:
        name = todo.pop()
        if name in seen or name not in shapes:
            continue
        seen.add(name)
        yield name
        for member in shapes[name]["members"].values():
            todo.append(member.get("t", ""))
            todo += [one.get("t", "") for one in member.get("slicing", {}).get("slices", {}).values()]


def _with_base(base: _Node, one: _Node) -> _Node:
    """Return a slice with what its sliced element demands of every item: rules, and demands on its members."""
    keys = {c["key"] for c in one.element.get("constraint", ())}
    inherited = [c for c in base.element.get("constraint", ()) if c["key"] not in keys]
    element = {**one.element, "constraint": [*one.element.get("constraint", ()), *inherited]}
    if not one.children:
        return _Node(element, base.children)
    children = dict(one.children)
    for name, demanded in base.children.items():
        children[name] = _narrowed(demanded, children[name]) if name in children else demanded
    return _Node(element, children)


def _narrowed(demanded: _Node, own: _Node) -> _Node:
    """Return a slice's member that also has to be what the sliced element's member has to be."""
    merged = _with_base(demanded, own)
    tighter = {"min": max(demanded.element["min"], own.element["min"])}
    wider = {key: value for key, value in demanded.element.items() if key == "binding" or key.startswith(_VALUES)}
    return _Node({**wider, **merged.element, **tighter}, merged.children, own.slices or demanded.slices)


def _tree(definition: Json) -> _Node:
    """Return the snapshot as a tree of elements, children and slices."""
    elements = definition["snapshot"]["element"]
    root = _Node(elements[0])
    for element in elements[1:]:
        node = root
        *parents, last = element["id"].split(".")[1:]
        for segment in parents:
            node = _descend(node, segment)
        name, _, slice_name = last.partition(":")
        if slice_name:
            node.children[name].slices[slice_name] = _Node(element)
        else:
            node.children[name] = _Node(element)
    return root


def _descend(node: _Node, segment: str) -> _Node:
    name, _, slice_name = segment.partition(":")
    child = node.children[name]
    return child.slices[slice_name] if slice_name else child


def _find(root: _Node, path: str) -> _Node:
    node = root
    for segment in path.split(".")[1:]:
        node = _descend(node, segment)
    return node


def _discriminating(node: _Node, path: str, structures: Mapping[str, Json]) -> Any:
    """Return the value an item of this slice has at the discriminator's path, or None where nothing fixes one."""
    for name in [] if path == "$this" else path.split("."):
        if name not in node.children:
            profiles = [url for kind in node.element.get("type", ()) for url in kind.get("profile") or ()]
            if name == "url" and profiles:
                return profiles[0]
            if not profiles or profiles[0] not in structures:
                return None
            node = _tree(structures[profiles[0]])
        node = node.children[name]
    element = node.element
    if path == "resource":
        return element["type"][0]["code"]
    for key, value in element.items():
        if key.startswith(_VALUES):
            return value
    return None


def _fhir_type(kind: Json) -> str:
    """Return the FHIR type of an element's type, also where R4 names a FHIRPath type instead."""
    if not kind["code"].startswith("http://hl7.org/fhirpath/"):
        return str(kind["code"])
    for extension in kind.get("extension") or ():
        if extension["url"].endswith("structuredefinition-fhir-type"):
            return str(extension["valueUrl"])
    return "string"


def _is_resource(root: _Node) -> bool:
    """Tell whether a snapshot is a resource's, whose id R4 types as a mere string."""
    return "meta" in root.children


def _is_primitive(code: str) -> bool:
    return code in _PRIMITIVES or code.startswith("http://hl7.org/fhirpath/")


def _key(shape: Json) -> str:
    return orjson.dumps(shape, option=orjson.OPT_SORT_KEYS).decode()


if __name__ == "__main__":
    TARGET.write_bytes(build())
    sys.stdout.write(f"{TARGET.name}: {TARGET.stat().st_size} bytes\n")
