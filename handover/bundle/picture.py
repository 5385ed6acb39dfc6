"""The lifecycle as a page of documentation, printed from the table: `python -m handover.bundle.picture`."""

import sys
from collections.abc import Iterator

from handover.bundle.lifecycle import AT_SENDER, MOVES, Act, Move, Side, Status
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
    return "\n".join([HEADER, *_diagram(), "", *_statuses(), "", *_acts(), "", *_steps(), ""])


def _diagram() -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield "    [*] --> draft"
    for status in Status:
        for to in Status:
            labels = [_label(act, move) for act, move in _leading(status, to)]
            if labels:
                yield f"    {_node(status)} --> {_node(to)}: {', '.join(labels)}"
    yield "```"


def _leading(status: Status, to: Status) -> Iterator[tuple[Act, Move]]:
    for act in Act:
        move = MOVES.get((status, act))
        if move is not None and move.to is to and to is not status:
            yield act, move


def _label(act: Act, move: Move) -> str:
    guards = "".join(f" [{guard.value}]" for guard in move.guards)
    return f"{act.value}{guards}"


def _node(status: Status) -> str:
    return status.value.replace("-", "_")


def _statuses() -> Iterator[str]:
    yield "| status | decided by the node of | may be withdrawn |"
    yield "|---|---|---|"
    for status in Status:
        decides = _DECIDED_BY.get(status, Side.RECEIVER)
        ends = MOVES.get((status, Act.WITHDRAW))
        yield f"| {status.value} | {decides.value} | {'-' if ends is None else ends.to.value} |"


def _acts() -> Iterator[str]:
    yield "| act | side | from | to | requires | only if |"
    yield "|---|---|---|---|---|---|"
    for act in Act:
        for (to, sides, requires, guards), statuses in _grouped(act).items():
            yield f"| {act.value} | {sides} | {', '.join(statuses)} | {to} | {requires or '-'} | {guards or '-'} |"


def _grouped(act: Act) -> dict[tuple[str, str, str, str], list[str]]:
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for status in Status:
        move = MOVES.get((status, act))
        if move is not None:
            to = "the same" if move.to is status else move.to.value
            sides = " or ".join(side.value for side in Side if side in move.by)
            guards = ", ".join(guard.value for guard in move.guards)
            found.setdefault((to, sides, ", ".join(move.requires), guards), []).append(status.value)
    return found


def _steps() -> Iterator[str]:
    yield "| next step | whose move |"
    yield "|---|---|"
    for step in Step:
        yield f"| {step.value} | {OWNERS[step].value} |"


if __name__ == "__main__":
    sys.stdout.write(page())
