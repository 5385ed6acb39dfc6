"""The lifecycle as a page of documentation, printed from the table: `python -m handover.bundle.picture`."""

import sys
from collections.abc import Iterator

from handover.bundle.lifecycle import AT_SENDER, LIFECYCLE, MOVES, Act, Side, Status
from handover.bundle.steps import OWNERS, Step

HEADER = """# Lifecycle of a handover

Printed from `handover/bundle/lifecycle.py` by `python -m handover.bundle.picture`; a test fails when it is not
current. Acts that change no status stand in the table of acts only.

Who is *responsible* does not follow from the status: it is the sender until the first day of a signed take-over,
then the receiver, whatever comes after (`handover/bundle/standing.py`, `docs/decisions/handover-deadlines.md`).
"""
_DECIDED_BY = dict.fromkeys((*AT_SENDER, Status.SENT, Status.WITHDRAWN, Status.CLOSED), Side.SENDER)


def page() -> str:
    """Return the whole page as Markdown with a Mermaid diagram."""
    return "\n".join(
        [HEADER, *LIFECYCLE.diagram(), "", *_statuses(), "", *LIFECYCLE.table_of_acts(), "", *_steps(), ""]
    )


def _statuses() -> Iterator[str]:
    yield "| status | decided by the node of | may be withdrawn |"
    yield "|---|---|---|"
    for status in Status:
        decides = _DECIDED_BY.get(status, Side.RECEIVER)
        ends = MOVES.get((status, Act.WITHDRAW))
        yield f"| {status.value} | {decides.value} | {'-' if ends is None else ends.to.value} |"


def _steps() -> Iterator[str]:
    yield "| next step | whose move |"
    yield "|---|---|"
    for step in Step:
        yield f"| {step.value} | {OWNERS[step].value} |"


if __name__ == "__main__":
    sys.stdout.write(page())
