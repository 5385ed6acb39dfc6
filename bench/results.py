"""Keeps what was measured in build/bench.json: each bench replaces its own entries and leaves the others'."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

PATH: Final = Path("build/bench.json")


def write(entries: Sequence[dict[str, Any]]) -> None:
    """Write these entries in place of the older ones of the same case and database."""
    older = json.loads(PATH.read_text("utf-8")) if PATH.exists() else []
    done = {(each["case"], each.get("db")) for each in entries}
    kept = [each for each in older if (each["case"], each.get("db")) not in done]
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(json.dumps([*kept, *entries], indent=1, ensure_ascii=False) + "\n", "utf-8")
