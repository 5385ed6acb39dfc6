"""What those who run a node look at: how old the oldest waiting things are, and what a check found."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from handover.ids import AgencyId, ServiceId


@dataclass(frozen=True, kw_only=True)
class Vitals:
    """One agency's numbers, read from the ends of indexes. Times are None where nothing waits."""

    agency: AgencyId
    oldest_unsent: datetime | None
    """Posted, allowed to go, and not known to have left."""
    oldest_unacknowledged: datetime | None
    """Has left, and no signed answer has come."""
    oldest_unopened: datetime | None
    """Received here, and nobody has opened it."""
    late: int
    """Open deliveries that are past the time in which an answer should have come."""
    unlogged: int
    """Rows of the log that wait for their place."""
    unscanned: int = 0
    """Messages that wait until the virus scanner answers, leaving and come."""


@dataclass(frozen=True, kw_only=True)
class Notices:
    """How one agency's notices by e-mail and SMS are doing."""

    agency: AgencyId
    oldest_due: datetime | None
    """When the oldest that has not left is, or was, due."""
    given_up: int


@dataclass(frozen=True, kw_only=True)
class Assessing:
    """How one service keeps the legal deadline: the share in time of what is assessed or overdue."""

    agency: AgencyId
    service: ServiceId
    share_in_time: float


@dataclass(frozen=True, kw_only=True)
class SentTimes:
    """How long others took with what one of our services sent, from arrival. None: nothing has happened yet."""

    arrived: int
    days_to_opened: float | None
    """Median, calendar days."""
    days_to_answer: float | None
    """Median, calendar days until the assessment's outcome."""


class Verdict(StrEnum):
    """How bad a finding is: `bad` makes `handover check` fail, `warning` does not."""

    FINE = "fine"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """What one check found, as one plain sentence without personal data."""

    check: str
    verdict: Verdict
    sentence: str


def age(since: datetime | None, now: datetime) -> float:
    """Return how long something has waited, in seconds; 0 where nothing waits."""
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())


def spoken(span: timedelta) -> str:
    """Say a span of time in the largest unit that fits, for an operator."""
    seconds = int(abs(span).total_seconds())
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            count = seconds // length
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
