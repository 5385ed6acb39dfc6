"""Adults only, by the Norwegian day (NORWAY.md, "Sharing")."""

from datetime import UTC, date, datetime, timedelta

import pytest

from handover.person.age import TooYoung, refuse_under_age

BORN = date(2008, 6, 15)


def test_a_case_for_a_person_under_eighteen_is_refused() -> None:
    now = datetime(2026, 6, 14, 9, tzinfo=UTC)
    with pytest.raises(TooYoung) as refused:
        refuse_under_age(BORN, now)
    assert refused.value.fields == {"birth_date": ["under-age"]}
    refuse_under_age(BORN, datetime(2026, 6, 14, 22, 30, tzinfo=UTC))  # past midnight in Norway


def test_a_birth_date_that_has_not_been_is_said_to_be_wrong() -> None:
    now = datetime(2026, 6, 14, 9, tzinfo=UTC)
    with pytest.raises(TooYoung) as refused:
        refuse_under_age(now.date() + timedelta(days=1), now)
    assert refused.value.fields == {"birth_date": ["in-future"]}
