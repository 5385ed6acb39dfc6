"""Working days: the worked examples of the law, Easter, Christmas, and the nights the clock moves."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.workdays import (
    Week,
    age_on,
    at_hour,
    end_of,
    is_working_day,
    local_date,
    rules_on,
    working_days_after,
    working_days_between,
)

DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))
WEEKS = st.sampled_from(Week)


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2026, 4, 2), "Maundy Thursday"),
        (date(2026, 4, 3), "Good Friday"),
        (date(2026, 4, 5), "Easter Sunday"),
        (date(2026, 4, 6), "Easter Monday"),
        (date(2026, 5, 1), "Labour Day"),
        (date(2027, 5, 17), "Constitution Day"),
        (date(2026, 5, 14), "Ascension Day"),
        (date(2026, 5, 25), "Whit Monday"),
        (date(2026, 12, 25), "Christmas Day"),
        (date(2026, 12, 26), "second Christmas Day"),
        (date(2027, 1, 1), "New Year's Day"),
    ],
)
def test_a_public_holiday_never_counts(day: date, why: str) -> None:
    assert not is_working_day(day, Week.MON_SAT), why


def test_easter_saturday_counts_only_in_a_six_day_week() -> None:
    assert is_working_day(date(2026, 4, 4), Week.MON_SAT)
    assert not is_working_day(date(2026, 4, 4), Week.MON_FRI)


def test_christmas_eve_counts_unless_the_data_says_otherwise() -> None:
    eve = date(2026, 12, 24)
    assert is_working_day(eve)
    assert not is_working_day(eve, days_off=frozenset({"12-24", "12-31"}))
    assert working_days_after(date(2026, 12, 23), 1, days_off=frozenset({"12-24"})) == date(2026, 12, 28)


def test_the_rules_shipped_count_both_eves() -> None:
    assert rules_on(date(2026, 12, 24)).days_off == frozenset()
    assert rules_on(date(1990, 1, 1)) == rules_on(date(2026, 1, 1))


@given(day=DAYS, count=st.integers(1, 40), week=WEEKS)
def test_counting_forward_and_counting_between_agree(day: date, count: int, week: Week) -> None:
    end = working_days_after(day, count, week)
    assert is_working_day(end, week)
    assert working_days_between(day, end, week) == count
    assert working_days_between(end, day, week) == -count


@given(day=DAYS, count=st.integers(1, 40))
def test_the_six_day_week_is_never_later_than_the_five_day_week(day: date, count: int) -> None:
    assert working_days_after(day, count, Week.MON_SAT) <= working_days_after(day, count, Week.MON_FRI)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 3, 28, 22, 59, tzinfo=UTC), date(2026, 3, 28)),
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), date(2026, 3, 29)),
        (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), date(2026, 3, 29)),
        (datetime(2026, 3, 29, 22, 0, tzinfo=UTC), date(2026, 3, 30)),
        (datetime(2026, 10, 24, 22, 0, tzinfo=UTC), date(2026, 10, 25)),
        (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), date(2026, 10, 25)),
        (datetime(2026, 10, 25, 23, 0, tzinfo=UTC), date(2026, 10, 26)),
    ],
)
def test_the_day_of_an_instant_is_the_norwegian_one_on_nights_the_clock_moves(
    instant: datetime, day: date
) -> None:
    assert local_date(instant) == day


def test_the_days_the_clock_moves_are_23_and_25_hours_long() -> None:
    assert (end_of(date(2026, 3, 29)) - at_hour(date(2026, 3, 29), 0)).total_seconds() == 23 * 3600
    assert (end_of(date(2026, 10, 25)) - at_hour(date(2026, 10, 25), 0)).total_seconds() == 25 * 3600
    assert at_hour(date(2026, 3, 29), 12) == datetime(2026, 3, 29, 10, tzinfo=UTC)
    assert at_hour(date(2026, 10, 25), 12) == datetime(2026, 10, 25, 11, tzinfo=UTC)


def test_a_person_turns_eighteen_on_the_birthday_and_not_the_day_before() -> None:
    assert age_on(date(2008, 6, 15), date(2026, 6, 14)) == 17
    assert age_on(date(2008, 6, 15), date(2026, 6, 15)) == 18
    assert age_on(date(2008, 2, 29), date(2026, 2, 28)) == 17
    assert age_on(date(2008, 2, 29), date(2026, 3, 1)) == 18
