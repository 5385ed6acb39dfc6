"""Numbers about the node for a monitoring system: how old the oldest waiting things are. Nothing about anybody.

Every number is read from the database when asked for, from the ends of indexes, so that it is the same whichever
process answers and costs the same however much is stored.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from handover.operator.model import Vitals, age

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def render(
    vitals: Sequence[Vitals], *, directory_left: float | None, worker_silent: float, now: datetime
) -> bytes:
    """Return the numbers in Prometheus' text format. Spans are seconds; 0 where nothing waits."""
    registry = CollectorRegistry()
    registry.register(_Numbers(_families(vitals, directory_left, worker_silent, now)))
    return generate_latest(registry)


class _Numbers(Collector):
    def __init__(self, families: Iterable[GaugeMetricFamily]) -> None:
        self._families = list(families)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from self._families


def _families(
    vitals: Sequence[Vitals], directory_left: float | None, worker_silent: float, now: datetime
) -> Iterator[GaugeMetricFamily]:
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
        "handover_late_deliveries",
        "Open deliveries past the time in which an answer should have come",
        {each.agency: each.late for each in vitals},
    )
    yield _gauge(
        "handover_log_rows_waiting",
        "Rows of the log that wait for their place in the chain",
        {each.agency: each.unlogged for each in vitals},
    )
    if directory_left is not None:
        yield _plain(
            "handover_directory_left_seconds", "How long the held directory is still valid", directory_left
        )
    yield _plain("handover_worker_silent_seconds", "Since a worker last said that it runs", worker_silent)


def _gauge(name: str, means: str, by_agency: dict[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, means, labels=["agency"])
    for agency, value in by_agency.items():
        family.add_metric([agency], value)
    return family


def _plain(name: str, means: str, value: float) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, means)
    family.add_metric([], value)
    return family
