"""What one validation collects on its way: problems with their paths, references to follow afterwards."""

from typing import Any, Final

from handover.fhir.parse import safe_name
from handover.fhir.problem import TEXTS, Problem, ProblemCode

Path = tuple[Any, str | int] | str
"""A link to the parent and the last step; only a problem pays for writing it out."""

MAX_PROBLEMS: Final = 2000
"""Where a message is that wrong, the rest is not listed."""


Pointer = tuple[Path, str, object, tuple[str, ...], dict[str, Any]]
"""One reference found: where, what it says, its own `type`, the types allowed, and the resource it stands in."""


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
