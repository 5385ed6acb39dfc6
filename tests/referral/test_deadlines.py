"""Rule 9, the clock that nothing stops, and rule 14, bad news first to the one who can help."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.referral.deadlines import (
    Deadline,
    assessment_deadline,
    latest_start_for_young,
    refusal_shown_at,
    working_days_left,
)
from handover.workdays import at_hour, end_of, local_date

EARLIEST, LATEST = datetime(2024, 1, 1), datetime(2035, 1, 1)  # noqa: DTZ001 - hypothesis adds the zone
INSTANTS = st.datetimes(EARLIEST, LATEST, timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("received", "warn_on", "last_day"),
    [
        (datetime(2026, 3, 27, 9, tzinfo=UTC), date(2026, 4, 11), date(2026, 4, 15)),
        (datetime(2026, 12, 18, 9, tzinfo=UTC), date(2027, 1, 2), date(2027, 1, 5)),
        (datetime(2026, 11, 9, 9, tzinfo=UTC), date(2026, 11, 20), date(2026, 11, 23)),
        # a Saturday evening in Norway: the day of receipt is not counted
        (datetime(2026, 11, 7, 20, tzinfo=UTC), date(2026, 11, 19), date(2026, 11, 20)),
        # half past midnight on the night the clock goes forward is Sunday, not Saturday
        (datetime(2026, 3, 28, 23, 30, tzinfo=UTC), date(2026, 4, 13), date(2026, 4, 15)),
        # half past midnight after the night it goes back is Monday
        (datetime(2026, 10, 25, 23, 30, tzinfo=UTC), date(2026, 11, 6), date(2026, 11, 9)),
    ],
)
def test_the_assessment_is_due_ten_working_days_after_receipt(
    received: datetime, warn_on: date, last_day: date
) -> None:
    assert assessment_deadline(received) == Deadline(warn_on=warn_on, last_day=last_day)


@given(INSTANTS)
def test_the_warning_never_comes_after_the_breach(received: datetime) -> None:
    deadline = assessment_deadline(received)
    assert local_date(received) < deadline.warn_on <= deadline.last_day
    assert working_days_left(deadline.last_day, received) == 10


def test_working_days_left_go_negative_when_the_deadline_has_passed() -> None:
    assert working_days_left(date(2026, 11, 23), datetime(2026, 11, 23, 9, tzinfo=UTC)) == 0
    assert working_days_left(date(2026, 11, 23), datetime(2026, 11, 25, 9, tzinfo=UTC)) == -2


FRIDAY = datetime(2026, 11, 13, 13, tzinfo=UTC)
DEADLINE = Deadline(date(2026, 11, 24), date(2026, 11, 27))


def shown(
    decided: datetime = FRIDAY,
    deadline: Deadline = DEADLINE,
    opened: datetime | None = None,
    professional: bool = True,
) -> datetime:
    return refusal_shown_at(
        decided_at=decided,
        deadline=deadline,
        opened_by_referrer_at=opened,
        referred_by_professional=professional,
    )


def test_the_patient_sees_a_refusal_when_the_referrer_has_opened_it() -> None:
    assert shown(opened=FRIDAY + timedelta(minutes=20)) == FRIDAY + timedelta(minutes=20)


def test_an_unopened_refusal_is_shown_at_noon_on_the_next_working_day() -> None:
    assert shown() == at_hour(date(2026, 11, 16), 12)
    before_easter = datetime(2026, 4, 1, 11, tzinfo=UTC)
    late = Deadline(date(2026, 5, 1), date(2026, 5, 1))
    assert shown(before_easter, late) == datetime(2026, 4, 7, 10, tzinfo=UTC)


def test_opening_after_noon_the_next_day_delays_nothing() -> None:
    assert shown(opened=FRIDAY + timedelta(days=6)) == at_hour(date(2026, 11, 16), 12)


def test_a_refusal_on_the_last_day_is_shown_before_the_deadline_has_passed() -> None:
    last = Deadline(date(2026, 11, 13), date(2026, 11, 13))
    assert shown(FRIDAY, last) == at_hour(date(2026, 11, 13), 16)
    evening = datetime(2026, 11, 13, 19, tzinfo=UTC)
    assert shown(evening, last) == evening


def test_an_overdue_refusal_is_shown_at_once() -> None:
    assert shown(deadline=Deadline(date(2026, 11, 2), date(2026, 11, 4))) == FRIDAY


def test_a_refusal_is_shown_at_once_where_no_professional_referred() -> None:
    assert shown(professional=False) == FRIDAY


@given(received=INSTANTS, wait=st.integers(0, 40 * 24 * 60), opened=st.none() | st.integers(0, 20 * 24 * 60))
def test_a_refusal_is_never_hidden_past_the_deadline(received: datetime, wait: int, opened: int | None) -> None:
    decided = received + timedelta(minutes=wait)
    deadline = assessment_deadline(received)
    opened_at = None if opened is None else decided + timedelta(minutes=opened)
    at = shown(decided, deadline, opened_at)
    assert at >= decided
    assert at < deadline.passes_at or at == decided
    if opened_at is not None:
        assert at <= opened_at
    assert at <= end_of(local_date(decided) + timedelta(days=12)), "no run of days off in Norway is that long"


def test_the_young_have_a_latest_start_of_their_own() -> None:
    received = datetime(2026, 1, 5, 9, tzinfo=UTC)
    assert latest_start_for_young(date(2004, 1, 1), received) == date(
        2026, 4, 9
    )  # 13 weeks and three days of Easter
    assert latest_start_for_young(date(2000, 1, 1), received) is None
