"""What one validation collects on its way: problems with their paths, references to follow afterwards."""

from typing import Any, Final, NamedTuple

from handover.fhir.parse import safe_name
from handover.fhir.problem import TEXTS, Problem, ProblemCode

Path = tuple[Any, str | int] | str
"""A link to the parent and the last step; only a problem pays for writing it out."""

MAX_PROBLEMS: Final = 2000
"""Where a message is that wrong, the rest is not listed."""


class Pointer(NamedTuple):
    """One reference found: where, what it says, the types allowed, and the resource it stands in."""

    path: Path
    reference: str
    type: object
    allowed: tuple[str, ...]
    owner: dict[str, Any]


class Run:
    """One validation of one resource."""

    __slots__ = ("nulls", "owner", "owners", "pointers", "problems")

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.pointers: list[Pointer] = []
        self.nulls: list[tuple[Path, int]] = []
        self.owner: dict[str, Any] = {}
        self.owners: list[tuple[Path, dict[str, Any]]] = []

    def add(self, path: Path, code: ProblemCode, detail: str = "") -> None:
        """Report one problem; `detail` names rules, slices and types, never a value."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(
                Problem(written(path), code, f"{TEXTS[code]}: {detail}" if detail else TEXTS[code])
            )


def written(path: Path) -> str:
    """Return the path as FHIRPath."""
    steps: list[str] = []
    while isinstance(path, tuple):
        path, step = path
        steps.append(f"[{step}]" if isinstance(step, int) else f".{safe_name(step)}")
    return path + "".join(reversed(steps))
