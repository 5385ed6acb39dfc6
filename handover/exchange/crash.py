"""Named places where a test may kill this process, to show that rules 1-4 hold. Does nothing outside tests.

`HANDOVER_CRASH_AT=point:n` kills at the n-th passing of `point`, and only when `HANDOVER_MODE=test`.
"""

import os
import signal
from typing import Final

from sqlalchemy import event
from sqlalchemy.orm import Session

from handover.db import after_commit

COMMITS: Final = ("post", "take", "settle", "receive", "process", "answered", "acknowledged", "sweep")
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

_point, _, _count = os.environ.get("HANDOVER_CRASH_AT", "").partition(":")
_active: Final = os.environ.get("HANDOVER_MODE") == "test" and _point in POINTS
_left = int(_count or 1)


def at(point: str) -> None:
    """Die here without a word (SIGKILL) when a test asked for it."""
    global _left
    if not _active or point != _point:
        return
    _left -= 1
    if _left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)


def around_commit(session: Session, name: str) -> None:
    """Put the points `name.before-commit` and `name.after-commit` around this session's commit."""
    if not _active or not _point.startswith(f"{name}."):
        return
    event.listen(session, "before_commit", lambda _session: at(f"{name}.before-commit"))
    after_commit(session, lambda: at(f"{name}.after-commit"))
