"""Checks of lists: how many, and which slice each item belongs to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from handover.fhir.problem import ProblemCode
from handover.fhir.run import Path, Run
from handover.fhir.values import Check, holds


def listed(one: Check, least: int, most: int | None) -> Check:
    """Return the check of a list of like items."""

    def check(value: Any, path: Path, run: Run) -> None:
        if (type(value) is not list or not value) and not is_list(value, path, run):
            return
        for index, item in enumerate(value):
            if item is None:
                run.nulls.append((path, index))
            else:
                one(item, (path, index), run)
        if len(value) < least or (most is not None and len(value) > most):
            run.add(path, ProblemCode.MISSING if len(value) < least else ProblemCode.TOO_MANY)

    return check


def is_list(value: Any, path: Path, run: Run) -> bool:
    """Report what is no list, or an empty one; tell whether there is anything to check."""
    if type(value) is not list:
        run.add(path, ProblemCode.NULL if value is None else ProblemCode.WRONG_TYPE)
        return False
    if not value:
        run.add(path, ProblemCode.EMPTY)
    return bool(value)


class Slice:
    """One slice: how often it may occur and what its items look like."""

    __slots__ = ("check", "least", "match", "most", "name")

    def __init__(self, name: str, match: list[Any], least: int, most: int | None, check: Check) -> None:
        self.name, self.match, self.least, self.most, self.check = name, match, least, most, check


Chooser = Callable[[Any], Slice | None]


def chooser(by: Sequence[str], slices: Sequence[Slice]) -> Chooser:
    """Return a function that finds an item's slice: a look-up where one plain value tells, else one by one."""
    if len(by) == 1 and all(isinstance(s.match[0], str) for s in slices) and "." not in by[0] and by[0] != "$this":
        return _by_name(by[0], {s.match[0]: s for s in slices})
    paths = [[] if path == "$this" else path.split(".") for path in by]

    def choose(item: Any) -> Slice | None:
        for one in slices:
            if all(
                any(holds(v, m) for v in _values(item, path)) for path, m in zip(paths, one.match, strict=True)
            ):
                return one
        return None

    return choose


def _by_name(name: str, slices: Mapping[str, Slice]) -> Chooser:
    inside = "resourceType" if name == "resource" else None

    def choose(item: Any) -> Slice | None:
        told = item.get(name) if type(item) is dict else None
        if inside is not None:
            told = told.get(inside) if type(told) is dict else None
        return slices.get(told) if type(told) is str else None

    return choose


def _values(item: Any, path: Sequence[str]) -> Iterator[Any]:
    if isinstance(item, list):
        for one in item:
            yield from _values(one, path)
    elif not path:
        yield item
    elif isinstance(item, dict) and path[0] in item:
        yield from _values(item[path[0]], path[1:])


def sliced(parts: tuple[Check, Chooser, Sequence[Slice]], closed: bool, least: int, most: int | None) -> Check:
    base, choose, slices = parts
    bounded = [s for s in slices if s.least or s.most is not None]

    def check(value: Any, path: Path, run: Run) -> None:
        if (type(value) is not list or not value) and not is_list(value, path, run):
            return
        counts: dict[str, int] = {}
        for index, item in enumerate(value):
            one = choose(item)
            if one is not None:
                counts[one.name] = counts.get(one.name, 0) + 1
                one.check(item, (path, index), run)
            else:
                base(item, (path, index), run)
                if closed:
                    run.add((path, index), ProblemCode.NO_SLICE)
        short = _count(bounded, counts, path, run)
        if most is not None and len(value) > most:
            run.add(path, ProblemCode.TOO_MANY)
        elif len(value) < least and not short:
            run.add(path, ProblemCode.MISSING)

    return check


def _count(bounded: Sequence[Slice], counts: Mapping[str, int], path: Path, run: Run) -> bool:
    """Report slices that occur too seldom or too often; tell whether one occurs too seldom."""
    short = False
    for one in bounded:
        count = counts.get(one.name, 0)
        if count < one.least:
            short = True
            run.add(path, ProblemCode.SLICE_MISSING, one.name)
        elif one.most is not None and count > one.most:
            run.add(path, ProblemCode.SLICE_TOO_MANY, one.name)
    return short
