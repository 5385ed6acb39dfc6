"""`python -m bench [CASE] [sqlite|postgres]`: what things cost, beside a floor measured in the same run.

One module for each case; `CASES` names those that `make bench` runs. Results are kept in build/bench.json.
"""

import logging
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

os.environ["HANDOVER_MODE"] = "test"

import structlog
from rich.console import Console

from bench import databases, handovers, messages, pages, results, validator
from bench.load import Template
from handover.exchange.model import Event

Row = dict[str, Any]


def _validator(_kinds: Sequence[str], out: Console) -> list[Row]:
    row = validator.measured(Template())
    out.print(validator.sentence(row))
    return [row]


CASES: Final[dict[str, Callable[[Sequence[str], Console], list[Row]]]] = {
    "messages": messages.measured,
    "care-messages": partial(messages.measured, event=Event.CARE_MESSAGE),
    "handovers": handovers.measured,
    "validator": _validator,
}


def main(wanted: Sequence[str]) -> None:
    """Measure the cases named (by default all) on the databases named (by default both)."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    out = Console(width=140)
    kinds = [kind for kind in databases.KINDS if kind in wanted] or list(databases.KINDS)
    for name in [name for name in CASES if name in wanted] or CASES:
        results.write(CASES[name](kinds, out))
    out.print(f"Written to {results.PATH}.")


if __name__ == "__main__":
    if sys.argv[1:2] == ["pages"]:
        sys.exit(1 if pages.main(sys.argv[2:]) else 0)
    main(sys.argv[1:])
