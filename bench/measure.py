"""Closed loops: every sender sends the next message (or batch) when the one before is acknowledged and stored."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

WARM_UP: Final = 0.7
"""Seconds before anything counts."""

Send = Callable[[int], None]
"""Sends that many messages and returns when all of them are acknowledged and stored at the sender."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one case gave."""

    per_s: float
    p50_ms: float
    p99_ms: float
    commits_per_message: float | None = None


def run(senders: list[Send], *, batch: int, seconds: float) -> Measured:
    """Let every sender loop for `seconds` after the warm-up; latency is that of a message in its batch."""
    start = time.perf_counter() + WARM_UP
    end = start + seconds
    taken: list[list[tuple[float, float]]] = [[] for _ in senders]
    errors: list[BaseException] = []

    def loop(send: Send, spans: list[tuple[float, float]]) -> None:
        try:
            while (began := time.perf_counter()) < end or not spans:
                send(batch)
                if began >= start:
                    spans.append((began, time.perf_counter()))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=loop, args=pair) for pair in zip(senders, taken, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    every = [span for spans in taken for span in spans]
    latencies = sorted(done - began for began, done in every)
    whole = max(done for _, done in every) - min(began for began, _ in every)
    return Measured(
        per_s=len(every) * batch / whole,
        p50_ms=latencies[len(every) // 2] * 1000,
        p99_ms=latencies[min(len(every) - 1, len(every) * 99 // 100)] * 1000,
    )


def rate(work: Callable[[], object], *, seconds: float = 0.4) -> float:
    """Return how many milliseconds one piece of work takes, measured alone."""
    work()
    count, start = 0, time.perf_counter()
    while (passed := time.perf_counter() - start) < seconds:
        work()
        count += 1
    return passed * 1000 / count
