"""`python docs/print.py`: print the pictures of docs/architecture.md from the code's own tables.

A picture stands between `<!-- printed: name -->` and `<!-- end -->`; tests/docs fails when one is not current.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

from handover.exchange import lifecycle as delivery
from handover.keys import lifecycle as keys

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = ROOT / "docs" / "architecture.md"
_PICTURE: Final = re.compile(r"(<!-- printed: ([a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def layers() -> str:
    """Return the layers of the import contract, each with what its slices promise (their docstrings)."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    rows = [name.strip("() ") for layer in contracts[0]["layers"] for name in re.split(r"[:|]", layer)]
    lines = [f"| `{name}` | {_promise(name)} |" for name in rows if _source(name) is not None]
    return "\n".join(["| room | what it promises |", "|---|---|", *lines])


def diagram(moves: Mapping[tuple[StrEnum, StrEnum], StrEnum]) -> str:
    """Return a table of moves as a Mermaid state diagram; what changes nothing is left out."""
    acts: dict[tuple[str, str], list[str]] = {}
    for (before, act), after in moves.items():
        if before is not after:
            acts.setdefault((before.value, after.value), []).append(act.value)
    lines = [f"    {before} --> {after}: {', '.join(names)}" for (before, after), names in acts.items()]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


PICTURES: Final[Mapping[str, Callable[[], str]]] = {
    "layers": layers,
    "delivery": lambda: diagram(delivery.MOVES),
    "keys": lambda: diagram(keys.KEY_MOVES),
}


def printed(page: str) -> str:
    """Return the page with every picture printed anew."""
    return _PICTURE.sub(lambda found: f"{found[1]}{PICTURES[found[2]]()}\n{found[3]}", page)


def _promise(name: str) -> str:
    source = _source(name)
    text = source.read_text() if source else ""
    found = re.match(r'"""(.+?)(?:"""|\n)', text)
    return found[1] if found else ""


def _source(name: str) -> Path | None:
    for path in (ROOT / "handover" / name / "__init__.py", ROOT / "handover" / f"{name}.py"):
        if path.exists():
            return path
    return None


if __name__ == "__main__":
    PAGE.write_text(printed(PAGE.read_text()))
