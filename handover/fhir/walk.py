"""Turns the compiled table into checks: one closure for each member of each shape, built when first needed.

A check takes a value, its path and the run; it returns nothing and reports everything it finds."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from handover.fhir.lists import Slice, chooser, listed, sliced
from handover.fhir.primitives import MIME, PRIMITIVES
from handover.fhir.problem import ProblemCode
from handover.fhir.rules import RULES, Rule
from handover.fhir.run import Path, Pointer, Run
from handover.fhir.values import (
    Check,
    also,
    code,
    coded,
    fixed,
    narrative,
    not_allowed,
    pattern,
    plain,
    unknown_modifier,
)

Json = dict[str, Any]

_BROKEN: Final = (AttributeError, IndexError, KeyError, StopIteration, TypeError, ValueError)
"""What a rule may raise where the structure is unsound, which is reported on its own."""
_MODIFIER: Final = "modifierExtension"


class Checks:
    """All checks of one table."""

    def __init__(self, table: Json) -> None:
        self._table = table
        self._objects: dict[str, Check] = {}
        self._building: set[str] = set()
        self._resources = frozenset(table["resources"])

    def profile(self, name: str) -> Check:
        """Return the check of a profile or base resource. Raises KeyError for one the table does not know."""
        return self.shape(self._table["profiles"][name.rsplit("/", 1)[-1]])

    def shape(self, name: str) -> Check:
        """Return the check of an object of this shape."""
        if name in self._objects:
            return self._objects[name]
        if name in self._building:  # a type that holds itself, such as Extension
            return lambda value, path, run: self._objects[name](value, path, run)
        self._building.add(name)
        self._objects[name] = self._object(self._table["shapes"][name])
        self._building.discard(name)
        return self._objects[name]

    def _object(self, shape: Json) -> Check:
        members = {name: self._member(member, name) for name, member in shape["members"].items()}
        needed = [name for name, member in shape["members"].items() if member.get("min")]
        choices = [(c["min"], frozenset(c["of"])) for c in shape.get("choices", ())]
        rules = self._rules(shape)
        check = _object_check(members, needed, choices, rules)
        kind = shape.get("type", "")
        if kind in self._table["profiles"]:
            members["resourceType"] = fixed(kind)
            return self._resource(check)
        return check

    def _rules(self, of: Json) -> list[tuple[str, Rule]]:
        sentences = self._table["rules"]
        return [(f"{key}: {sentences[key]}", RULES[key]) for key in of.get("rules", ())]

    def _member(self, member: Json, name: str) -> Check:
        if member.get("max") == 0:
            return not_allowed
        one = self._one(member, name)
        if "list" not in member:
            return one
        least, most = member.get("min", 0), member.get("max")
        if "slicing" in member:
            return self._sliced(member, one, least, most)
        return listed(one, least, most)

    def _one(self, member: Json, name: str) -> Check:
        """Return the check of one value: its type, then what the profile adds."""
        kind = member["t"]
        if kind == "Resource":
            base: Check = self._any_resource
        elif kind == "xhtml":
            base = narrative
        elif kind in PRIMITIVES:
            return self._primitive(member, kind)
        else:
            base = self.shape(kind)
            if self._table["shapes"][kind].get("type") == "Reference":
                base = _reference(base, tuple(member.get("refs", ())))
        if name == _MODIFIER:
            base = unknown_modifier
        return also(base, [*self._extras(member), *_rule_checks(self._rules(member))])

    def _primitive(self, member: Json, kind: str) -> Check:
        if "fixed" in member:
            return fixed(member["fixed"])
        if member.get("vs") == "mime":
            return plain(MIME)
        if "vs" in member:
            codes = self._table["valuesets"][member["vs"]].values()
            return code(frozenset(code for listed in codes for code in listed))
        return plain(PRIMITIVES[kind])

    def _extras(self, member: Json) -> Iterator[Check]:
        if "pattern" in member or "fixed" in member:
            yield pattern(member.get("pattern", member.get("fixed")))
        if "vs" in member:
            valueset = self._table["valuesets"][member["vs"]]
            yield coded(frozenset((system, code) for system, codes in valueset.items() for code in codes))

    def _sliced(self, member: Json, base: Check, least: int, most: int | None) -> Check:
        slicing = member["slicing"]
        slices = [
            Slice(name, s["match"], s.get("min", 0), s.get("max"), self._one(s, ""))
            for name, s in slicing["slices"].items()
        ]
        choose = chooser(slicing["by"], slices)
        return sliced((base, choose, slices), slicing["rules"] == "closed", least, most)

    def _resource(self, check: Check) -> Check:
        def resource(value: Any, path: Path, run: Run) -> None:
            if type(value) is not dict:
                run.add(path, ProblemCode.WRONG_TYPE)
                return
            if "resourceType" not in value:
                run.add((path, "resourceType"), ProblemCode.MISSING)
            outer, run.owner = run.owner, value
            check(value, path, run)
            if "contained" in value:
                run.owners.append((path, value))
            run.owner = outer

        return resource

    def _any_resource(self, value: Any, path: Path, run: Run) -> None:
        """Check a resource no profile speaks of: by its base type where the table has it, else its form only."""
        kind = value.get("resourceType") if type(value) is dict else None
        if type(value) is not dict:
            run.add(path, ProblemCode.NULL if value is None else ProblemCode.WRONG_TYPE)
        elif type(kind) is not str or kind not in self._resources:
            run.add((path, "resourceType"), ProblemCode.UNKNOWN_RESOURCE)
        elif kind in self._table["profiles"]:
            inside = run.owner
            self.profile(kind)(value, path, run)
            if inside.get("contained") and any(value is one for one in inside["contained"]):
                _contained(value, path, run)
        else:
            well_formed(value, path, run)


def well_formed(value: Any, path: Path, run: Run) -> None:
    """Check only the form of something we do not know: nothing empty, null or blank."""
    if value is None:
        run.add(path, ProblemCode.NULL)
    elif isinstance(value, dict | list):
        if not value:
            run.add(path, ProblemCode.EMPTY)
        for step, item in value.items() if isinstance(value, dict) else enumerate(value):
            well_formed(item, (path, step), run)
    elif isinstance(value, str) and (not value or value.isspace()):
        run.add(path, ProblemCode.BLANK)


def _object_check(
    members: Mapping[str, Check],
    needed: Sequence[str],
    choices: Sequence[tuple[int, frozenset[str]]],
    rules: Sequence[tuple[str, Rule]],
) -> Check:
    member_of = members.get

    def check(value: Any, path: Path, run: Run) -> None:
        if type(value) is not dict or not value:
            run.add(path, ProblemCode.WRONG_TYPE if type(value) is not dict else ProblemCode.EMPTY)
            return
        for name, item in value.items():
            member = member_of(name)
            if member is not None:
                member(item, (path, name), run)
            else:
                _stray(name, item, members, (path, run))
        for name in needed:
            if name not in value and f"_{name}" not in value:
                run.add((path, name), ProblemCode.MISSING)
        for least, names in choices:
            _choice([name for name in value if name in names], least, names, (path, run))
        if run.nulls:
            _nulls(value, path, run)
        for key, rule in rules:
            _hold(key, rule, value, (path, run))

    return check


def _hold(key: str, rule: Rule, value: Any, at: tuple[Path, Run]) -> None:
    path, run = at
    try:
        if rule(value):
            return
    except _BROKEN:
        if run.problems:
            return
    run.add(path, ProblemCode.RULE, key)


def _choice(found: Sequence[str], least: int, names: frozenset[str], at: tuple[Path, Run]) -> None:
    path, run = at
    if len(found) > 1:
        run.add((path, sorted(found)[1]), ProblemCode.TOO_MANY)
    elif least and not found:
        run.add((path, _stem(names)), ProblemCode.MISSING)


def _stem(names: frozenset[str]) -> str:
    """Return what the names of a choice have in common: `value` of valueString and valueCoding."""
    first, last = min(names), max(names)
    common = next((first[:i] for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), first)
    return re.sub("[A-Z].*$", "", common)


def _stray(name: str, item: Any, members: Mapping[str, Check], at: tuple[Path, Run]) -> None:
    """Check a member that no shape names: the extensions of a primitive, or something unknown."""
    path, run = at
    if not name.startswith("_") or name[1:] not in members:
        run.add((path, name), ProblemCode.UNKNOWN_ELEMENT)
        return
    for index, one in enumerate(item) if isinstance(item, list) else [(None, item)]:
        at_one: Path = (path, name) if index is None else ((path, name), index)
        if one is None and index is not None:
            continue
        if type(one) is not dict or not one or not one.keys() <= {"id", "extension"}:
            run.add(at_one, ProblemCode.WRONG_TYPE)
        else:
            well_formed(one, at_one, run)


def _nulls(value: Json, path: Path, run: Run) -> None:
    """Settle the nulls found in lists of primitives: allowed only where `_name` has something in their place."""
    kept = []
    for where, index in run.nulls:
        if not isinstance(where, tuple) or where[0] is not path:
            kept.append((where, index))
            continue
        beside = value.get(f"_{where[1]}")
        if not isinstance(beside, list) or index >= len(beside) or not beside[index]:
            run.add((where, index), ProblemCode.NULL)
    run.nulls = kept


def _rule_checks(rules: Sequence[tuple[str, Rule]]) -> Iterator[Check]:
    for key, rule in rules:
        yield partial(_hold_at, key, rule)


def _hold_at(key: str, rule: Rule, value: Any, path: Path, run: Run) -> None:
    _hold(key, rule, value, (path, run))


def _reference(base: Check, allowed: tuple[str, ...]) -> Check:
    def check(value: Any, path: Path, run: Run) -> None:
        base(value, path, run)
        if type(value) is dict:
            target, kind = value.get("reference"), value.get("type")
            if type(target) is str:
                run.pointers.append(Pointer(path, target, kind, allowed, run.owner))
            elif kind is not None and allowed and kind not in allowed:
                run.add((path, "type"), ProblemCode.WRONG_TARGET)
            elif target is None and value.keys().isdisjoint(("identifier", "display", "extension")):
                run.add(path, ProblemCode.EMPTY)

    return check


def _contained(value: Json, path: Path, run: Run) -> None:
    """Check what a resource inside another may not have (dom-2, dom-4, dom-5) and needs (an id)."""
    meta = value.get("meta") if type(value.get("meta")) is dict else {}
    for name in ("versionId", "lastUpdated", "security"):
        if meta and name in meta:
            run.add(((path, "meta"), name), ProblemCode.NOT_ALLOWED)
    if "contained" in value:
        run.add((path, "contained"), ProblemCode.NOT_ALLOWED)
    if "id" not in value:
        run.add((path, "id"), ProblemCode.MISSING)
