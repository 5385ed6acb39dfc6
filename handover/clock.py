"""The time now, in UTC. Rules never call this: they take `now`. The offset exists for the demo and for tests."""

import os
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

OSLO = ZoneInfo("Europe/Oslo")

_offset = timedelta()


def now() -> datetime:
    """Return the present instant as an aware UTC datetime, plus the offset where one was accepted."""
    return datetime.now(UTC) + _offset


def set_offset(offset: timedelta) -> None:
    """Move this process's clock. Raises RuntimeError outside the demo and tests (`HANDOVER_MODE`)."""
    if os.environ.get("HANDOVER_MODE") not in {"demo", "test"}:
        raise RuntimeError("the clock takes an offset only in the demo and in tests")
    global _offset
    _offset = offset


def reset() -> None:
    """Take the offset away again."""
    global _offset
    _offset = timedelta()


def local(instant: datetime) -> datetime:
    """Return the instant on a Norwegian wall clock (Europe/Oslo)."""
    return instant.astimezone(OSLO)


def from_local(day: date, at: time) -> datetime:
    """Return the instant, in UTC, at which a Norwegian wall clock shows that day and time."""
    return datetime.combine(day, at, tzinfo=OSLO).astimezone(UTC)
