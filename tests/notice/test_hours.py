"""When a notice may leave: found again minute by minute on the wall clock, also in the nights when it moves."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handover.clock import local
from handover.notice.model import BACKOFF, BadWishes, Channel, Wishes, checked, may_leave, retry_at, send_at

QUARTER: Final = timedelta(minutes=15)
SPRING: Final = datetime(2027, 3, 28, 0, 0, tzinfo=UTC)
"""The night in which 02.00-03.00 is left out: one in Norway."""
AUTUMN: Final = datetime(2026, 10, 24, 23, 0, tzinfo=UTC)
"""The night in which 02.00-03.00 comes twice: one in Norway."""
ANY: Final = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
hours = st.integers(0, 23)
instants = st.builds(
    lambda start, quarters: start + QUARTER * quarters,
    st.sampled_from([SPRING, AUTUMN, ANY])
    | st.sampled_from([SPRING - timedelta(days=1), AUTUMN - timedelta(days=1)]),
    st.integers(-48, 96),
)


def is_open(first: int, last: int, at: datetime) -> bool:
    """Whether the wall clock is within the hours, told another way: by counting from the first."""
    return (local(at).hour - first) % 24 < ((last - first) % 24 or 24)


@given(hours, hours, instants)
@example(2, 3, SPRING + QUARTER)
@example(2, 5, SPRING + QUARTER)
@example(2, 3, AUTUMN + timedelta(hours=2))
@example(22, 6, AUTUMN)
def test_a_notice_leaves_at_the_first_quarter_within_the_hours(first: int, last: int, now: datetime) -> None:
    at = send_at(Wishes(first_hour=first, last_hour=last), now)
    expected = now
    while not is_open(first, last, expected):
        expected += QUARTER
    assert at == expected


@given(hours, instants)
@example(2, SPRING + QUARTER)
@example(2, AUTUMN + timedelta(minutes=90))
def test_a_collected_notice_leaves_once_in_every_day(hour: int, now: datetime) -> None:
    wishes, days, at = Wishes(daily_at=hour), list[date](), now
    for _ in range(4):
        at = send_at(wishes, at)
        days.append(local(at).date())
        assert local(at).hour == hour or (hour == 2 and local(at).hour == 3)
        assert may_leave(wishes, at)
        at += QUARTER
    assert days == [days[0] + timedelta(days=n) for n in range(4)]
    assert days[0] - local(now).date() <= timedelta(days=1)


@given(hours, hours, st.none() | hours, instants)
def test_what_is_due_may_leave(first: int, last: int, daily_at: int | None, now: datetime) -> None:
    wishes = Wishes(first_hour=first, last_hour=last, daily_at=daily_at)
    at = send_at(wishes, now)
    assert at >= now
    assert may_leave(wishes, at)
    assert send_at(wishes, at) == at


def test_a_collected_notice_that_failed_may_leave_later_that_day_but_not_in_the_night() -> None:
    wishes = Wishes(daily_at=9)
    noon = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)
    assert may_leave(wishes, noon)
    assert not may_leave(wishes, noon + timedelta(hours=14))
    assert may_leave(replace(wishes, daily_at=None), noon)


def test_an_attempt_is_made_again_later_and_later_and_given_up_after_a_day() -> None:
    now = ANY
    waits = [retry_at(attempts, now) for attempts in range(1, len(BACKOFF) + 1)]
    assert waits == sorted(now + wait for wait in BACKOFF)
    assert sum(BACKOFF, timedelta()) < timedelta(hours=24)
    assert retry_at(len(BACKOFF) + 1, now) is None


@pytest.mark.parametrize("typed", ["91234567", "+47 912 34 567", "0047 41234567", "+46701234567", " 412 34 567 "])
def test_a_mobile_number_is_kept_with_its_country(typed: str) -> None:
    assert checked(Channel.SMS, typed).startswith(("+479", "+474", "+46"))


@pytest.mark.parametrize("typed", ["", "22334455", "+4722334455", "912345", "+", "9123456789012345", "ola"])
def test_what_is_no_mobile_number_is_refused(typed: str) -> None:
    with pytest.raises(BadWishes):
        checked(Channel.SMS, typed)


@pytest.mark.parametrize(
    "typed", ["", "ola", "ola@", "@x.no", "ola@x", "a b@x.no", "ola@x.no\nBcc: p@x.no", "å@x.no", "o@x.no,p@x.no"]
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(BadWishes):
        checked(Channel.EMAIL, typed)
