"""Checks of one value: what is fixed, coded, forbidden, or written in a certain way."""

from collections.abc import Callable, Sequence
from typing import Any

from handover.fhir.narrative import is_safe
from handover.fhir.problem import ProblemCode
from handover.fhir.run import Path, Run

Check = Callable[[Any, Path, Run], None]
"""Takes a value, its path and the run; returns nothing and reports everything it finds."""


def not_allowed(_: Any, path: Path, run: Run) -> None:
    run.add(path, ProblemCode.NOT_ALLOWED)


def unknown_modifier(_: Any, path: Path, run: Run) -> None:
    run.add(path, ProblemCode.UNKNOWN_MODIFIER)


def narrative(value: Any, path: Path, run: Run) -> None:
    if not is_safe(value):
        run.add(path, ProblemCode.UNSAFE_NARRATIVE)


def plain(wrong_with: Callable[[Any], ProblemCode | None]) -> Check:
    """Return the check of a primitive."""

    def check(value: Any, path: Path, run: Run) -> None:
        wrong = wrong_with(value)
        if wrong is not None:
            run.add(path, ProblemCode.NULL if value is None else wrong)

    return check


def fixed(expected: Any) -> Check:
    def check(value: Any, path: Path, run: Run) -> None:
        if value != expected or type(value) is not type(expected):
            run.add(path, ProblemCode.NULL if value is None else ProblemCode.FIXED_VALUE)

    return check


def code(codes: frozenset[str]) -> Check:
    def check(value: Any, path: Path, run: Run) -> None:
        if type(value) is not str:
            run.add(path, ProblemCode.NULL if value is None else ProblemCode.WRONG_TYPE)
        elif value not in codes:
            run.add(path, ProblemCode.UNKNOWN_CODE)

    return check


def coded(allowed: frozenset[tuple[str, str]]) -> Check:
    """Return the check of a binding: a Coding is in the value set, of a CodeableConcept at least one coding is."""

    def is_in(coding: Any) -> bool:
        if type(coding) is not dict:
            return False
        system, told = coding.get("system"), coding.get("code")
        return type(system) is str and type(told) is str and (system, told) in allowed

    def check(value: Any, path: Path, run: Run) -> None:
        codings = value.get("coding") if type(value) is dict else ()
        if type(codings) is list:
            for coding in codings:
                if is_in(coding):
                    return
        if codings is None and ("code" in value or "system" in value):
            if not is_in(value):
                run.add((path, "code"), ProblemCode.UNKNOWN_CODE)
        elif codings or (codings is None and "text" in value):
            run.add((path, "coding"), ProblemCode.UNKNOWN_CODE)

    return check


def pattern(expected: Any) -> Check:
    def check(value: Any, path: Path, run: Run) -> None:
        if not holds(value, expected):
            run.add(path, ProblemCode.FIXED_VALUE)

    return check


def holds(value: Any, pattern: Any) -> bool:
    """Tell whether `value` has everything that `pattern` says (R4 ElementDefinition.pattern)."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            name in value and holds(value[name], p) for name, p in pattern.items()
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(holds(item, p) for item in value) for p in pattern)
    return type(value) is type(pattern) and bool(value == pattern)


def also(base: Check, extras: Sequence[Check]) -> Check:
    """Return a check that makes all of these."""
    if not extras:
        return base

    def check(value: Any, path: Path, run: Run) -> None:
        base(value, path, run)
        for extra in extras:
            extra(value, path, run)

    return check
