"""Working days in Norway: which days count, and the arithmetic of deadlines. Dates are Norwegian wall-clock dates.

Whether Saturday is a working day is unsettled in law, so a week is always named. Day counts and references live
in `data/deadlines.json`, by the date they apply from.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from math import ceil
from statistics import median
from typing import Final

import holidays

from handover.clock import from_local, local

_SATURDAY: Final = 5
_SUNDAY: Final = 6


class Week(StrEnum):
    """Which weekdays count."""

    MON_FRI = "mon-fri"
    MON_SAT = "mon-sat"


@dataclass(frozen=True, kw_only=True)
class DeadlineRules:
    """One version of `data/deadlines.json`. Counts are days or working days as their names say."""

    valid_from: date
    assessment_working_days: int
    breach_week: Week
    warn_week: Week
    days_off: frozenset[str]
    """Further days that do not count, as MM-DD (such as 12-24)."""
    refusal_shown_working_days: int
    refusal_shown_hour: int
    refusal_shown_hour_on_deadline: int
    answer_working_days: int
    refusal_read_working_days: int
    outcome_read_working_days: int
    draft_working_days: int
    arrival_working_days: int
    paper_arrival_working_days: int
    question_working_days: int
    """Until a patient who asked about their case or its log is answered."""
    patient_unopened_days: int
    """Days in which a patient opens something new, before the service is asked to write or call."""
    review_days: int
    young_until_age: int
    young_start_working_days: int
    adult_age: int
    handover_marked_working_days: int
    handover_paused_working_days: int
    handover_sent_working_days: int
    handover_opened_working_days: int
    handover_meeting_working_days: int
    handover_taken_over_working_days: int
    handover_taken_over_without_meeting_working_days: int
    handover_declined_working_days: int
    handover_closed_working_days: int
    handover_trusted_told_working_days: int
    handover_withdrawal_answered_working_days: int
    message_opened_working_days: int
    """Until the sender's worklist says that nobody has opened it."""
    message_leader_working_days: int
    """Until the leader of the service that has it is told so."""
    message_answered_working_days: int
    """From opened to answered or done, where the sender wished no date."""
    message_retraction_working_days: int
    """Until what was taken back is confirmed by the leader who is asked."""
    law: Mapping[str, str]


def rules_on(day: date) -> DeadlineRules:
    """Return the rules that apply on that day; the first version applies to everything before it too."""
    versions = _versions()
    return next((rules for rules in reversed(versions) if rules.valid_from <= day), versions[0])


def is_working_day(day: date, week: Week = Week.MON_FRI, days_off: frozenset[str] = frozenset()) -> bool:
    """Whether the day counts: not Sunday, not a public holiday, not Saturday in a five-day week, not a day off."""
    if day.weekday() == _SUNDAY or (day.weekday() == _SATURDAY and week is Week.MON_FRI):
        return False
    return day not in _public_holidays(day.year) and day.strftime("%m-%d") not in days_off


def working_days_after(
    day: date, count: int, week: Week = Week.MON_FRI, days_off: frozenset[str] = frozenset()
) -> date:
    """Return the day that is `count` working days after `day`; `day` itself is never counted."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day, week, days_off)
    return day


def working_days_between(
    start: date, end: date, week: Week = Week.MON_FRI, days_off: frozenset[str] = frozenset()
) -> int:
    """Return how many working days lie after `start` up to and including `end`; negative when `end` is earlier."""
    if end < start:
        return -working_days_between(end, start, week, days_off)
    days = (start + timedelta(days=n) for n in range(1, (end - start).days + 1))
    return sum(is_working_day(day, week, days_off) for day in days)


def usual_days(spans: Iterable[tuple[datetime, datetime]], *, fewest: int) -> int | None:
    """Return the median of working days (Monday to Friday) that spans took, at least one; None for fewer spans."""
    days = [working_days_between(local_date(start), local_date(end)) for start, end in spans]
    return max(1, ceil(median(days))) if len(days) >= fewest else None


def local_date(instant: datetime) -> date:
    """Return the Norwegian calendar day of an instant."""
    return local(instant).date()


def at_hour(day: date, hour: int) -> datetime:
    """Return that hour on the Norwegian wall clock of that day in UTC, also when the clock moves."""
    return from_local(day, time(hour))


def end_of(day: date) -> datetime:
    """Return the instant at which that Norwegian day is over: midnight, in UTC."""
    return at_hour(day + timedelta(days=1), 0)


def age_on(birth_date: date, day: date) -> int:
    """Return the age in whole years; born on 29 February, a year older on 1 March in common years."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


@cache
def _public_holidays(year: int) -> holidays.HolidayBase:
    return holidays.country_holidays("NO", years=year, language="no")


@cache
def _versions() -> tuple[DeadlineRules, ...]:
    raw = json.loads(files("handover").joinpath("data", "deadlines.json").read_text("utf-8"))
    read = (
        DeadlineRules(
            **{
                **entry,
                "valid_from": date.fromisoformat(entry["valid_from"]),
                "breach_week": Week(entry["breach_week"]),
                "warn_week": Week(entry["warn_week"]),
                "days_off": frozenset(entry["days_off"]),
            }
        )
        for entry in raw["versions"]
    )
    return tuple(sorted(read, key=lambda rules: rules.valid_from))
