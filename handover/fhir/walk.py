"""Turns the compiled table into checks: one closure for each member of each shape, built when first needed.

A check takes a value, its path and the run; it returns nothing and reports everything it finds."""

import re
import threading
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import partial
from operator import call
from typing import Any, Final

from handover.fhir.lists import Slice, chooser, listed, sliced
from handover.fhir.primitives import MIME, PRIMITIVES, WRITTEN
from handover.fhir.problem import ProblemCode
from handover.fhir.rules import RULES, Rule
from handover.fhir.run import Path, Run
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
Quick = Callable[[str], object]

_BROKEN: Final = (AttributeError, IndexError, KeyError, StopIteration, TypeError, ValueError)
"""What a rule may raise where the structure is unsound, which is reported on its own."""
_MODIFIER: Final = "modifierExtension"

MAX_PLANS: Final = 256
"""Sets of names remembered for each shape: those of real messages are few, and a stranger may send any."""
_Steps = list[tuple[str, "Check"]]
_Plan = tuple[list[Quick], _Steps, _Steps, bool]
"""For all objects with the same names: what tells at once that their texts are right, one for each name; the
checks of what it cannot tell, and those of everything; whether no name is missing."""


class Checks:
    """All checks of one table."""

    def __init__(self, table: Json) -> None:
        self._table = table
        self._objects: dict[str, Check] = {}
        self._building: set[str] = set()
        self._lock = threading.RLock()
        self._resources = frozenset(table["resources"])

    def profile(self, name: str) -> Check:
        """Return the check of a profile or base resource. Raises KeyError for one the table does not know."""
        return self.shape(self._table["profiles"][name.rsplit("/", 1)[-1]])

    def shape(self, name: str) -> Check:
        """Return the check of an object of this shape."""
        found = self._objects.get(name)
        return found if found is not None else self._built(name)

    def _built(self, name: str) -> Check:
        """Build what is not there yet; whoever needs it meanwhile waits."""
        with self._lock:
            if name in self._objects:
                return self._objects[name]
            if name in self._building:  # a type that holds itself, such as Extension
                return lambda value, path, run: self.shape(name)(value, path, run)
            self._building.add(name)
            self._objects[name] = self._object(self._table["shapes"][name])
            self._building.discard(name)
            return self._objects[name]

    def _object(self, shape: Json) -> Check:
        members = {
            name: (_quick(self._table, m, name), self._member(m, name)) for name, m in shape["members"].items()
        }
        needed = {name for name, member in shape["members"].items() if member.get("min")}
        choices = []
        for choice in shape.get("choices", ()):
            allowed = [name for name in choice["of"] if shape["members"][name].get("max") != 0]
            if len(allowed) > 1:
                choices.append((choice["min"], frozenset(allowed)))
            elif choice["min"]:
                needed.update(allowed)
        rules = [rule for rule in self._rules(shape) if not _implied(rule[0], shape)]
        check = _object_check(members, frozenset(needed), choices, rules)
        kind = shape.get("type", "")
        if kind in self._table["profiles"]:
            members["resourceType"] = (_one_of(kind), fixed(kind))
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
                base = _reference(base, tuple(member.get("refs", ())), spelt_out=kind != "Reference")
        if name == _MODIFIER:
            base = unknown_modifier
        return also(base, [*self._extras(member)])

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
        if "rules" in member:
            yield partial(hold, self._rules(member))

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


def _implied(rule: str, shape: Json) -> bool:
    """Tell whether the shape itself sees to ext-1: it forbids either value or extensions and demands the other."""
    if not rule.startswith("ext-1:"):
        return False
    members, choice = shape["members"], shape["choices"][0]
    valueless = all(members[name].get("max") == 0 for name in choice["of"])
    bare = members.get("extension", {}).get("max") == 0
    return bool((valueless and members["extension"].get("min")) or (bare and choice["min"]))


def _quick(table: Json, member: Json, name: str) -> Quick | None:
    """Return what tells at once that a text is right, for a single primitive: most members need no more."""
    kind = member.get("t", "")
    if member.get("max") == 0 or "list" in member or "rules" in member or kind not in PRIMITIVES:
        return None
    if "fixed" in member:
        return _one_of(member["fixed"]) if type(member["fixed"]) is str else None
    if "vs" in member:
        listed_codes = table["valuesets"].get(member["vs"], {}).values()
        return _one_of(*(one for codes in listed_codes for one in codes))
    if kind == "uri" and name in ("system", "url"):
        return _known_addresses(table)
    return WRITTEN.get(kind)


def _known_addresses(table: Json) -> Quick:
    """Return what tells an address that the table itself uses: of systems and extensions, nearly all are."""
    fixed_ones = (m.get("fixed") for shape in table["shapes"].values() for m in shape["members"].values())
    systems = (system for valueset in table["valuesets"].values() for system in valueset)
    return _one_of(*(one for one in (*fixed_ones, *systems) if type(one) is str))


def _one_of(*texts: str) -> Quick:
    """Return what tells one of these texts; whatever can be no member of a set raises TypeError."""
    return frozenset(texts).__contains__


def _object_check(
    members: Mapping[str, tuple[Quick | None, Check]],
    needed: frozenset[str],
    choices: Sequence[tuple[int, frozenset[str]]],
    rules: Sequence[tuple[str, Rule]],
) -> Check:
    """Return the check of an object: the hot loop. What its names alone decide is decided once for all like it."""
    plans: dict[tuple[str, ...], _Plan] = {}

    def plan_for(names: tuple[str, ...]) -> _Plan:
        known = [(name, *(members.get(name) or (None, partial(_stray, name, members)))) for name in names]
        slow = [(name, member) for name, quick, member in known if quick is None]
        complete = needed.issubset(names) and _well_chosen(choices, names)
        plan = [quick or type for _, quick, _ in known], slow, [(name, one) for name, _, one in known], complete
        if len(plans) < MAX_PLANS:
            plans[names] = plan
        return plan

    def check(value: Any, path: Path, run: Run) -> None:
        if type(value) is not dict or not value:
            run.add(path, ProblemCode.WRONG_TYPE if type(value) is not dict else ProblemCode.EMPTY)
            return
        names = tuple(value)
        quick, slow, every, is_complete = plans.get(names) or plan_for(names)
        try:
            steps = slow if all(map(call, quick, value.values())) else every
        except TypeError:  # no text where one belongs
            steps = every
        for name, member in steps:
            member(value[name], (path, name), run)
        if run.nulls or not is_complete:
            _missing(needed, value, path, run)
            _choices(choices, value, path, run)
        if rules:
            hold(rules, value, path, run)

    return check


def _well_chosen(choices: Sequence[tuple[int, frozenset[str]]], names: Sequence[str]) -> bool:
    return all(bool(least) <= len(of.intersection(names)) <= 1 for least, of in choices)


def _missing(needed: frozenset[str], value: Json, path: Path, run: Run) -> None:
    for name in sorted(needed):
        if name not in value and f"_{name}" not in value:
            run.add((path, name), ProblemCode.MISSING)
    _nulls(value, path, run)


def hold(rules: Sequence[tuple[str, Rule]], value: Any, path: Path, run: Run) -> None:
    """Report rules that do not hold; one that stumbles over a structure already reported is left aside."""
    for key, rule in rules:
        try:
            if rule(value):
                continue
        except _BROKEN:
            if run.problems:
                continue
        run.add(path, ProblemCode.RULE, key)


def _choices(choices: Sequence[tuple[int, frozenset[str]]], value: Json, path: Path, run: Run) -> None:
    for least, names in choices:
        found = [name for name in value if name in names]
        if len(found) > 1:
            run.add((path, sorted(found)[1]), ProblemCode.TOO_MANY)
        elif least and not found:
            run.add((path, _stem(names)), ProblemCode.MISSING)


def _stem(names: frozenset[str]) -> str:
    """Return what the names of a choice have in common: `value` of valueString and valueCoding."""
    first, last = min(names), max(names)
    common = next((first[:i] for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), first)
    return re.sub("[A-Z].*$", "", common)


def _stray(name: str, members: Container[str], item: Any, at: Path, run: Run) -> None:
    """Check a member that no shape names: the extensions of a primitive, or something unknown."""
    if not name.startswith("_") or name[1:] not in members:
        run.add(at, ProblemCode.UNKNOWN_ELEMENT)
        return
    for index, one in enumerate(item) if isinstance(item, list) else [(None, item)]:
        at_one: Path = at if index is None else (at, index)
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


def _reference(base: Check, allowed: tuple[str, ...], *, spelt_out: bool) -> Check:
    """Return the check of a Reference, which remembers where it points; most say nothing else."""

    def check(value: Any, path: Path, run: Run) -> None:
        target = value.get("reference") if type(value) is dict else None
        if type(target) is not str or len(value) != 1 or spelt_out or not target.strip():
            base(value, path, run)
        if type(target) is str:
            run.pointers.append((path, target, value.get("type"), allowed, run.owner))
        elif type(value) is dict and value:
            _unpointed(value, allowed, path, run)

    return check


def _unpointed(value: Json, allowed: tuple[str, ...], path: Path, run: Run) -> None:
    """Check a reference by identifier or display only: its type, and that it says anything at all."""
    kind = value.get("type")
    if kind is not None and allowed and kind not in allowed:
        run.add((path, "type"), ProblemCode.WRONG_TARGET)
    elif value.keys().isdisjoint(("identifier", "display", "extension", "reference")):
        run.add(path, ProblemCode.EMPTY)


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
