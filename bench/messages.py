"""The case of PERF.md: messages acknowledged end to end, one at a time, from 8 senders, in batches of 32.

Floor and product take turns in short rounds, and each round of the product is compared with the floor's just
before it: what else the machine does hits both. The medians of these ratios count. Processor time per message
is printed beside them (both nodes, without PostgreSQL's server); it hardly depends on the load.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from bench import cpu, floor, product
from bench.databases import places
from bench.load import Template
from bench.measure import Measured, run
from handover.exchange.model import Event

ROUNDS: Final = {Event.REFERRAL_REQUEST: 9, Event.CARE_MESSAGE: 5}
NAMES: Final = {Event.REFERRAL_REQUEST: "message", Event.CARE_MESSAGE: "care-message"}
"""As what they stand in build/bench.json."""
SECONDS: Final = 0.7
"""Of one round."""
WARM_UP: Final = 0.1
"""Seconds of each round before anything counts; the first round of each is thrown away whole."""
CASES: Final = ((1, 1), (8, 1), (1, 32))
"""(senders, batch)."""
TARGETS: Final = {(1, 1): (0.30, 0.50), (8, 1): (0.30, 0.40), (1, 32): (0.40, 0.50)}
"""The share of the floor to reach first, and next."""
COMMITS: Final = {(1, 1): 3.0, (8, 1): 1.6, (1, 32): 0.1}
HONEST: Final = 1.2
"""The floor counts only if it takes at most this many times the sum of its parts (PERF.md)."""

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Round:
    """One turn of each."""

    floor: Measured
    ours: Measured
    parts: dict[str, float]
    """Seconds a message, each part of the floor measured alone just before."""
    floor_cpu: float
    our_cpu: float
    """Processor seconds in all."""
    commits: int
    """Of both nodes."""


class Case:
    """One kind of database, with both nodes and the floor running on it."""

    def __init__(self, stack: ExitStack, urls: Sequence[str], template: Template) -> None:
        self._template = template
        self._store = floor.open_store(urls[0])
        self._receiver = stack.enter_context(floor.receiving(urls[1]))
        self._sending = stack.enter_context(product.running((urls[2], urls[3]), template))

    def rounds(self, senders: int, batch: int) -> list[_Round]:
        """Let them take turns."""
        parts = floor.Parts(self._store, self._receiver.address, self._template, batch=batch)
        return [self._round(parts, senders, batch) for _ in range(ROUNDS[self._template.event] + 1)][1:]

    def _round(self, parts: floor.Parts, senders: int, batch: int) -> _Round:
        alone = parts.measured()
        start = cpu.used(self._receiver.pid)
        theirs = self._floor(senders, batch)
        floor_cpu = cpu.used(self._receiver.pid) - start
        commits, start = self._sending.commits(), cpu.used(self._sending.receiver_pid)
        ours = self._ours(senders, batch)
        our_cpu = cpu.used(self._sending.receiver_pid) - start
        commits = self._sending.commits() - commits
        return _Round(floor=theirs, ours=ours, parts=alone, floor_cpu=floor_cpu, our_cpu=our_cpu, commits=commits)

    def _floor(self, senders: int, batch: int) -> Measured:
        made = [floor.make_sender(self._store, self._receiver.address, self._template) for _ in range(senders)]
        return run(made, batch=batch, seconds=SECONDS, warm_up=WARM_UP)

    def _ours(self, senders: int, batch: int) -> Measured:
        made = [self._sending.make_sender() for _ in range(senders)]
        return run(made, batch=batch, seconds=SECONDS, warm_up=WARM_UP, finish=self._sending.order_logs)


def measured(kinds: Sequence[str], out: Console, event: Event = Event.REFERRAL_REQUEST) -> list[Row]:
    """Measure every case on these kinds of database; prints the table and returns its rows."""
    template = Template(event)
    rounds = f"{ROUNDS[event]} x {SECONDS} s"
    out.print(f"One {event} is {template.size} bytes. Floor and product take turns, {rounds} each.")
    rows = [row for kind in kinds for row in _measured(kind, template, out)]
    out.print(_table(rows, event))
    out.print("A ratio below its first target, a dishonest floor or too many commits are marked with !")
    return rows


def _measured(kind: str, template: Template, out: Console) -> Iterator[Row]:
    with places(kind, 4) as urls, ExitStack() as stack:
        case = Case(stack, urls, template)
        for senders, batch in CASES:
            row = {"case": NAMES[template.event], **_row(kind, senders, batch, case.rounds(senders, batch))}
            out.print(f"{kind}, {senders} x {batch}: floor's parts in ms: {_written(row['floor_parts_ms'])}")
            yield row


def _row(kind: str, senders: int, batch: int, rounds: Sequence[_Round]) -> Row:
    latencies = sorted(each for one in rounds for each in one.ours.latencies)
    floors = sorted(each for one in rounds for each in one.floor.latencies)
    sent, sent_raw = sum(one.ours.messages for one in rounds), sum(one.floor.messages for one in rounds)
    cpu_ms = sum(one.our_cpu for one in rounds) * 1000 / sent
    floor_cpu_ms = sum(one.floor_cpu for one in rounds) * 1000 / sent_raw
    parts = {name: round(median(one.parts[name] for one in rounds) * 1000, 3) for name in rounds[0].parts}
    return {
        "db": kind,
        "senders": senders,
        "batch": batch,
        "ours_per_s": round(median(one.ours.per_s for one in rounds), 1),
        "floor_per_s": round(median(one.floor.per_s for one in rounds), 1),
        "ratio": round(median(one.ours.per_s / one.floor.per_s for one in rounds), 3),
        "p50_ms": round(latencies[len(latencies) // 2] * 1000, 2),
        "p99_ms": round(latencies[len(latencies) * 99 // 100] * 1000, 2),
        "floor_p50_ms": round(floors[len(floors) // 2] * 1000, 2),
        "floor_parts_ms": parts,
        "floor_over_parts": round(median(1 / one.floor.per_s / sum(one.parts.values()) for one in rounds), 2),
        "cpu_ms": round(cpu_ms, 2),
        "floor_cpu_ms": round(floor_cpu_ms, 2),
        "cpu_ratio": round(floor_cpu_ms / cpu_ms, 3),
        "commits_per_message": round(sum(one.commits for one in rounds) / sent, 3),
    }


def _table(rows: Sequence[Row], event: Event) -> Table:
    found = Table(title=f"Messages ({event}) acknowledged end to end, and what one costs in processor time")
    names = ("db", "senders", "batch", "ours/s", "floor/s", "ratio", "target", "p50 ms", "p99 ms", "commits")
    for name in (*names, "cpu ms", "floor's", "cpu ratio"):
        found.add_column(name, justify="right")
    for row in rows:
        case = (row["senders"], row["batch"])
        first, following = TARGETS[case]
        found.add_row(
            row["db"],
            str(row["senders"]),
            str(row["batch"]),
            f"{row['ours_per_s']:.0f}",
            f"{row['floor_per_s']:.0f}{_mark(row['floor_over_parts'] <= HONEST)}",
            f"{row['ratio']:.2f}{_mark(row['ratio'] >= first)}",
            f"{first:.2f} {following:.2f}",
            f"{row['p50_ms']:.1f}",
            f"{row['p99_ms']:.1f}",
            f"{row['commits_per_message']:.3f}{_mark(row['commits_per_message'] <= COMMITS[case])}",
            f"{row['cpu_ms']:.2f}",
            f"{row['floor_cpu_ms']:.2f}",
            f"{row['cpu_ratio']:.2f}",
        )
    return found


def _mark(is_good: bool) -> str:
    return "" if is_good else " !"


def _written(parts: dict[str, float]) -> str:
    listed = ", ".join(f"{name} {value:.2f}" for name, value in parts.items())
    return f"{listed}; sum {sum(parts.values()):.2f}"
