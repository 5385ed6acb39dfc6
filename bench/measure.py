"""Closed loops: every sender sends the next message (or batch) when the one before is acknowledged and stored."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

Send = Callable[[int], None]
"""Sends that many messages and returns when all of them are acknowledged and stored at the sender."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one round gave."""

    messages: int
    """All that were sent, those of the warm-up too: what the processor time and the commits were for."""
    per_s: float
    latencies: tuple[float, ...]
    """Seconds, of messages sent after the warm-up."""


def run(
    senders: list[Send], *, batch: int, seconds: float, warm_up: float, finish: Callable[[], None] = lambda: None
) -> Measured:
    """Let every sender loop for `seconds` after the warm-up; a message takes as long as its batch.

    `finish` is work that messages leave behind: its time counts, but is no message's latency.
    """
    start = time.perf_counter() + warm_up
    end = start + seconds
    taken: list[list[tuple[float, float]]] = [[] for _ in senders]
    errors: list[BaseException] = []

    def loop(send: Send, spans: list[tuple[float, float]]) -> None:
        try:
            while time.perf_counter() < end or not _counted(spans, start):
                began = time.perf_counter()
                send(batch)
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
    counted = [span for spans in taken for span in _counted(spans, start)]
    left = rate_once(finish)
    whole = max(done for _, done in counted) - min(began for began, _ in counted) + left
    return Measured(
        messages=batch * sum(map(len, taken)),
        per_s=len(counted) * batch / whole,
        latencies=tuple(done - began for began, done in counted),
    )


def rate(work: Callable[[], object], *, seconds: float) -> float:
    """Return how many seconds one piece of work takes, done over and over for that long."""
    count, start = 0, time.perf_counter()
    while True:
        work()
        count += 1
        if (passed := time.perf_counter() - start) >= seconds:
            return passed / count


def rate_once(work: Callable[[], object]) -> float:
    """Return how many seconds it takes to do this once."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _counted(spans: list[tuple[float, float]], start: float) -> list[tuple[float, float]]:
    return [span for span in spans if span[0] >= start]
