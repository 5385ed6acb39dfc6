"""Numbers about the node for a monitoring system: how old the oldest waiting things are. Nothing about anybody.

Every number is read from the database when asked for, from the ends of indexes, so that it is the same whichever
process answers and costs the same however much is stored.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from handover.operator.model import Assessing, Notices, Vitals, age

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What there is to tell. Spans are seconds."""

    vitals: Sequence[Vitals]
    assessing: Sequence[Assessing]
    directory_left: float | None
    worker_silent: float
    notices: Sequence[Notices] = ()


def render(seen: Seen, *, now: datetime) -> bytes:
    """Return the numbers in Prometheus' text format; 0 where nothing waits."""
    registry = CollectorRegistry()
    registry.register(_Numbers([*_waiting(seen.vitals, now), *_notices(seen.notices, now), *_others(seen)]))
    return generate_latest(registry)


class _Numbers(Collector):
    def __init__(self, families: Iterable[GaugeMetricFamily]) -> None:
        self._families = list(families)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from self._families


def _waiting(vitals: Sequence[Vitals], now: datetime) -> Iterator[GaugeMetricFamily]:
    yield _gauge(
        "handover_oldest_unsent_seconds",
        "Age of the oldest message that has not left",
        {each.agency: age(each.oldest_unsent, now) for each in vitals},
    )
    yield _gauge(
        "handover_oldest_unacknowledged_seconds",
        "Age of the oldest message that has left and has no signed answer",
        {each.agency: age(each.oldest_unacknowledged, now) for each in vitals},
    )
    yield _gauge(
        "handover_oldest_unopened_seconds",
        "Age of the oldest referral received here that nobody has opened",
        {each.agency: age(each.oldest_unopened, now) for each in vitals},
    )
    yield _gauge(
        "handover_late_deliveries",
        "Open deliveries past the time in which an answer should have come",
        {each.agency: each.late for each in vitals},
    )
    yield _gauge(
        "handover_messages_unscanned",
        "Messages with documents that wait until the virus scanner answers",
        {each.agency: each.unscanned for each in vitals},
    )
    yield _gauge(
        "handover_log_rows_waiting",
        "Rows of the log that wait for their place in the chain",
        {each.agency: each.unlogged for each in vitals},
    )


def _notices(seen: Sequence[Notices], now: datetime) -> Iterator[GaugeMetricFamily]:
    yield _gauge(
        "handover_oldest_unsent_notice_seconds",
        "Since the oldest notice by e-mail or SMS that has not left was due",
        {each.agency: age(each.oldest_due, now) for each in seen},
    )
    yield _gauge(
        "handover_notices_given_up",
        "Notices by e-mail or SMS that could not be sent",
        {each.agency: each.given_up for each in seen},
    )


def _others(seen: Seen) -> Iterator[GaugeMetricFamily]:
    shares = GaugeMetricFamily(
        "handover_assessed_in_time_ratio",
        "Share assessed within 10 working days, of what was received in the last 90 days and is done or overdue",
        labels=["agency", "service"],
    )
    for each in seen.assessing:
        shares.add_metric([each.agency, each.service], each.share_in_time)
    yield shares
    if seen.directory_left is not None:
        yield _plain(
            "handover_directory_left_seconds", "How long the held directory is still valid", seen.directory_left
        )
    yield _plain("handover_worker_silent_seconds", "Since a worker last said that it runs", seen.worker_silent)


def _gauge(name: str, means: str, by_agency: dict[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, means, labels=["agency"])
    for agency, value in by_agency.items():
        family.add_metric([agency], value)
    return family


def _plain(name: str, means: str, value: float) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, means)
    family.add_metric([], value)
    return family
