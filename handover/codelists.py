"""Lists of codes that people choose from, out of `data/code_lists.json`: versioned, each with its source.

What a rule branches on is an enumeration beside the rule; a list here may gain a code without a change of the
program.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, kw_only=True)
class Code:
    """One code of a list."""

    code: str
    label: Mapping[str, str]
    """What the pages call it, by language: nb, nn, en."""
    display: str = ""
    """The source's own text."""
    needs_text: bool = False
    """Whether who chooses it must say more in words."""


@dataclass(frozen=True, kw_only=True)
class CodeList:
    """One list in its order."""

    name: str
    about: str
    source: str
    system: str
    valid_from: date
    codes: tuple[Code, ...]

    def code(self, wanted: str) -> Code:
        """Return one code. Raises KeyError for what is not on the list."""
        found = self.get(wanted)
        if found is None:
            raise KeyError(wanted)
        return found

    def get(self, wanted: str) -> Code | None:
        """Return one code, None for what is not on the list."""
        return next((each for each in self.codes if each.code == wanted), None)


def of(name: str, on: date | None = None) -> CodeList:
    """Return a list as it is, or was on a day; the first version applies to everything before it too."""
    versions = _versions()[name]
    if on is None:
        return versions[-1]
    return next((each for each in reversed(versions) if each.valid_from <= on), versions[0])


@cache
def _versions() -> Mapping[str, tuple[CodeList, ...]]:
    raw = json.loads(files("handover").joinpath("data", "code_lists.json").read_text("utf-8"))
    found: dict[str, list[CodeList]] = {}
    for version in sorted(raw["versions"], key=lambda each: each["valid_from"]):
        for each in version["lists"]:
            codes = tuple(Code(**code) for code in each["codes"])
            made = CodeList(**{**each, "codes": codes, "valid_from": date.fromisoformat(version["valid_from"])})
            found.setdefault(each["name"], []).append(made)
    return {name: tuple(versions) for name, versions in found.items()}
