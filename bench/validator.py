"""What checking one message from its bytes costs, beside fhir.resources reading it, in one run.

`measured()` gives the row for build/bench.json; `python -m bench.validator` prints it."""

import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any, Final
from uuid import uuid4

from bench.load import Template
from handover.fhir import messages

ROUNDS: Final = 15
PIECES: Final = 40
TARGET: Final = 6.0
"""Times faster than fhir.resources (PERF.md)."""


def measured(template: Template) -> dict[str, Any]:
    """Return messages checked per second of processor time, ours and theirs; the two take turns, medians count."""
    from fhir.resources.R4B.bundle import Bundle

    raw = template.message(uuid4())[1]
    messages.check(raw, "referral-request")  # builds the checks
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(_cost(lambda: messages.check(raw, "referral-request")))
        theirs.append(_cost(lambda: Bundle.model_validate_json(raw)))
    one, other = median(ours), median(theirs)
    return {
        "case": "validator",
        "bytes": len(raw),
        "ours_per_s": 1 / one,
        "fhir_resources_per_s": 1 / other,
        "ratio": other / one,
        "target": TARGET,
        "p50_ms": one * 1000,
    }


def _cost(work: Callable[[], object]) -> float:
    """Return the processor seconds of one piece of work."""
    began = time.process_time()
    for _ in range(PIECES):
        work()
    return (time.process_time() - began) / PIECES


def sentence(row: dict[str, Any]) -> str:
    """Return the row as people read it."""
    mark = "" if row["ratio"] >= TARGET else " !"
    return (
        f"Checking {row['bytes']} bytes takes {row['p50_ms']:.2f} ms: "
        f"{row['ratio']:.1f} x as fast as fhir.resources reads them (target {TARGET:.0f}){mark}"
    )


if __name__ == "__main__":
    sys.stdout.write(sentence(measured(Template())) + "\n")
