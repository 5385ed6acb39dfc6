"""Named places where a test may kill this process, to show that rules 1-4 hold. Does nothing outside tests.

`HANDOVER_CRASH_AT=point:n` kills at the n-th passing of `point`, and only when `HANDOVER_MODE=test`.
"""

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import event
from sqlalchemy.orm import Session

from handover.db import after_commit

COMMITS: Final = ("post", "take", "settle", "receive", "process", "answered", "acknowledged", "sweep", "look")
POINTS: Final = (
    *(f"{name}.{when}-commit" for name in COMMITS for when in ("before", "after")),
    "send.before",
    "send.after",
    "receive.before",
    "answer.before",
    "acknowledge.before",
    "acknowledge.after",
)
"""Every place: before and after each commit, send, receive and acknowledge."""

Kill = Callable[[], None]


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class _Armed:
    point: str = ""
    left: int = 0
    kill: Kill = _kill


_armed = _Armed()


def arm(environment: Mapping[str, str], kill: Kill = _kill) -> None:
    """Read where this process shall die; outside tests, nowhere."""
    point, _, count = environment.get("HANDOVER_CRASH_AT", "").partition(":")
    if environment.get("HANDOVER_MODE") == "test" and point in POINTS:
        _armed.point, _armed.left, _armed.kill = point, int(count or 1), kill


def at(point: str) -> None:
    """Die here without a word (SIGKILL) when a test asked for it."""
    if point != _armed.point:
        return
    _armed.left -= 1
    if _armed.left <= 0:
        _armed.kill()


def around_commit(session: Session, name: str) -> None:
    """Put the points `name.before-commit` and `name.after-commit` around this session's commit."""
    if not _armed.point.startswith(f"{name}."):
        return
    if not session.in_transaction():
        session.begin()  # what only Prepared statements used would not commit by itself
    event.listen(session, "before_commit", lambda _session: at(f"{name}.before-commit"))
    after_commit(session, lambda: at(f"{name}.after-commit"))


arm(os.environ)
