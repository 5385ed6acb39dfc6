"""Processor time: what a message costs whatever else the machine does, which no stop-watch tells here."""

import os
import time
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")


def used(*others: int) -> float:
    """Return the processor seconds of this process, of those others, and of all their living children so far."""
    return time.process_time() + sum(_of(pid) for pid in _with_children(others))


def _of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS  # utime, stime: proc(5)


def _with_children(pids: tuple[int, ...]) -> set[int]:
    found = set(pids)
    for pid in pids:
        listed = Path(f"/proc/{pid}/task/{pid}/children")
        found |= _with_children(tuple(map(int, listed.read_text("utf-8").split())))
    return found
