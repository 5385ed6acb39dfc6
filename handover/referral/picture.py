"""The lifecycle as a page of documentation, printed from the table: `python -m handover.referral.picture`."""

import sys
from collections.abc import Iterator

from handover.referral.lifecycle import CODINGS, MOVES, Act, Move, Status, holder, next_mover

HEADER = """# Lifecycle of a referral

Printed from `handover/referral/lifecycle.py` by `python -m handover.referral.picture`; a test fails when it is not
current. Acts that change no status stand in the second table only.
"""


def page() -> str:
    """Return the whole page as Markdown with a Mermaid diagram."""
    return "\n".join([HEADER, *_diagram(), "", *_statuses(), "", *_acts(), ""])


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
    yield "| status | FHIR Task.status / businessStatus | ServiceRequest | KITH 9148 | holds it | next move |"
    yield "|---|---|---|---|---|---|"
    for status in Status:
        coding = CODINGS[status]
        mover = next_mover(status)
        yield (
            f"| {status.value} | {coding.task} / {coding.business} | {coding.request} | {coding.kith or '-'}"
            f" | {_holds(status)} | {'nobody' if mover is None else mover.value} |"
        )


def _holds(status: Status) -> str:
    return "the new receiver" if status is Status.REDIRECTED else holder(status).value


def _acts() -> Iterator[str]:
    yield "| act | side | from | to | requires | only if |"
    yield "|---|---|---|---|---|---|"
    for act in Act:
        for (to, side, requires, guards), statuses in _grouped(act).items():
            yield f"| {act.value} | {side} | {', '.join(statuses)} | {to} | {requires or '-'} | {guards or '-'} |"


def _grouped(act: Act) -> dict[tuple[str, str, str, str], list[str]]:
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for status in Status:
        move = MOVES.get((status, act))
        if move is not None:
            to = "the same" if move.to is status else move.to.value
            guards = ", ".join(guard.value for guard in move.guards)
            key = (to, move.by.value, ", ".join(move.requires), guards)
            found.setdefault(key, []).append(status.value)
    return found


if __name__ == "__main__":
    sys.stdout.write(page())
