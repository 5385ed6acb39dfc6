"""Who does an absent colleague's work: chains end with somebody who is there, or the team; nothing is hidden."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.ids import AgencyId, ServiceId, StaffId
from handover.team.absence import (
    Absence,
    BadAbsence,
    BadSetting,
    check,
    check_untouched_days,
    keeper,
    untouched_until,
)
from handover.team.model import Place, SnoozePastDeadline, WorkItem, snooze_end

TODAY = date(2026, 11, 9)
NOW = datetime(2026, 11, 9, 9, tzinfo=UTC)
STAFF = [StaffId(UUID(int=number)) for number in range(6)]
people = st.sampled_from(STAFF)
away_lists = st.dictionaries(people, st.none() | people)


@given(owner=people, away=away_lists, working=st.frozensets(people))
def test_work_is_with_somebody_who_is_there_or_with_the_team(
    owner: StaffId, away: dict[StaffId, StaffId | None], working: frozenset[StaffId]
) -> None:
    found = keeper(owner, away, working.__contains__)
    if owner not in away:
        assert found == owner
    elif found is not None:
        assert found not in away and found in working


@given(owner=people, away=away_lists)
def test_a_chain_is_followed_to_its_end_and_a_loop_ends_with_the_team(
    owner: StaffId, away: dict[StaffId, StaffId | None]
) -> None:
    steps, at = [owner], away.get(owner)
    while at is not None and at not in steps:
        steps.append(at)
        at = away.get(at)
    last = steps[-1]
    expected = None if last in away else last
    assert keeper(owner, away, lambda _who: True) == expected


@given(chain=st.lists(people, min_size=2, unique=True), back=st.integers(0, 5))
def test_who_comes_back_has_the_work_of_those_before_them_in_the_chain(chain: list[StaffId], back: int) -> None:
    away: dict[StaffId, StaffId | None] = dict(pairwise(chain))
    there = chain[back % len(chain)]
    away.pop(there, None)
    before = chain[: chain.index(there) + 1]
    assert {keeper(each, away, lambda _who: True) for each in before} == {there}


@pytest.mark.parametrize(
    ("first", "back", "stand_in", "wrong"),
    [
        (0, 0, 1, {"back_on"}),
        (-5, 0, 1, {"back_on"}),
        (3, 2, 1, {"back_on"}),
        (0, 800, 1, {"back_on"}),
        (0, 7, 0, {"stand_in"}),
        (2, 1, 0, {"back_on", "stand_in"}),
    ],
)
def test_an_absence_that_cannot_be_is_refused_with_all_that_is_wrong(
    first: int, back: int, stand_in: int, wrong: set[str]
) -> None:
    absence = Absence(
        staff=STAFF[0],
        first_day=TODAY + timedelta(days=first),
        back_on=TODAY + timedelta(days=back),
        stand_in=STAFF[stand_in],
    )
    with pytest.raises(BadAbsence) as refused:
        check(absence, TODAY)
    assert set(refused.value.fields) == wrong


def test_an_absence_lasts_until_the_day_of_return() -> None:
    absence = Absence(staff=STAFF[0], first_day=TODAY, back_on=TODAY + timedelta(days=2))
    check(absence, TODAY)
    assert [absence.covers(TODAY + timedelta(days=each)) for each in (-1, 0, 1, 2)] == [False, True, True, False]


def test_untouched_days_are_working_days() -> None:
    friday = datetime(2026, 11, 6, 12, tzinfo=UTC)
    assert untouched_until(friday, 1) == untouched_until(friday + timedelta(days=1), 1), "a weekend counts no day"
    assert untouched_until(friday, 5).date() in {date(2026, 11, 13), date(2026, 11, 14)}


@pytest.mark.parametrize("days", [0, -1, 21])
def test_a_setting_out_of_range_is_refused(days: int) -> None:
    with pytest.raises(BadSetting):
        check_untouched_days(days)


@given(
    due=st.integers(-10, 200),
    until=st.integers(-10, 200),
    looked=st.integers(0, 300),
    snoozed_at=st.integers(0, 100),
)
def test_nothing_put_away_is_hidden_when_it_is_due(due: int, until: int, looked: int, snoozed_at: int) -> None:
    def hour(number: int) -> datetime:
        return NOW + timedelta(hours=number)

    try:
        end = snooze_end(hour(due), hour(until), hour(snoozed_at))
    except SnoozePastDeadline:
        assert not snoozed_at < until < due
        return
    assert snoozed_at < until < due
    item = WorkItem(
        place=Place(AgencyId("310000023"), ServiceId("8100001"), "message", UUID(int=1)),
        next_step="answer",
        due_at=hour(due),
        owner=None,
        is_open=True,
        snoozed_until=end,
        created_at=NOW,
    )
    assert item.is_hidden(hour(looked)) == (looked < until)
    assert not (item.is_hidden(hour(looked)) and item.is_overdue(hour(looked)))
