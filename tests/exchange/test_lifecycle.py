"""Every cell of the delivery table, and what its rules of time promise."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.exchange.lifecycle import MOVES, OPEN, Fact, MoveNotAllowed, State, next_state, path_to
from handover.exchange.model import Pace, is_late

NOW = datetime(2026, 11, 24, 9, 12, tzinfo=UTC)


@pytest.mark.parametrize(("state", "fact"), list(product(State, Fact)))
def test_every_cell_either_moves_or_is_refused_by_name(state: State, fact: Fact) -> None:
    if (state, fact) in MOVES:
        assert next_state(state, fact) is MOVES[state, fact]
    else:
        with pytest.raises(MoveNotAllowed) as refused:
            next_state(state, fact)
        assert refused.value.details == {"state": state.value, "fact": fact.value}


def test_an_acknowledgement_never_flips() -> None:
    for state, fact in ((State.ACKNOWLEDGED, Fact.FATAL), (State.REFUSED, Fact.OK)):
        with pytest.raises(MoveNotAllowed):
            next_state(state, fact)


@pytest.mark.parametrize("state", [state for state in State if state not in {State.CANCELLED}])
def test_a_late_acknowledgement_still_counts_unless_it_was_refused(state: State) -> None:
    if state is State.REFUSED:
        return
    assert next_state(state, Fact.OK) is State.ACKNOWLEDGED


@pytest.mark.parametrize("state", sorted(OPEN))
def test_every_open_state_can_end_in_each_of_the_three_ends(state: State) -> None:
    ends = {next_state(state, fact) for fact in (Fact.OK, Fact.FATAL, Fact.TIME_OUT)}
    assert ends == {State.ACKNOWLEDGED, State.REFUSED, State.EXPIRED}


def test_only_what_has_not_left_can_be_undone() -> None:
    assert {state for state, fact in MOVES if fact is Fact.UNDONE} == {State.QUEUED}


def test_an_inline_ok_shows_that_it_left_and_arrived() -> None:
    assert path_to(State.QUEUED, Fact.OK) == (State.SENT, State.DELIVERED, State.ACKNOWLEDGED)
    assert path_to(State.DELIVERED, Fact.OK) == (State.ACKNOWLEDGED,)
    assert path_to(State.ACKNOWLEDGED, Fact.OK) == ()


@given(st.integers(1, 500), st.floats(0, 1, exclude_max=True))
def test_the_wait_grows_to_the_cap_and_never_beyond(attempts: int, chance: float) -> None:
    pace = Pace()
    wait = pace.wait(attempts, chance)
    assert pace.first / 2 <= wait <= pace.cap
    assert pace.wait(attempts + 1, chance) >= wait


def test_a_message_is_late_half_an_hour_after_it_could_go_and_not_before() -> None:
    pace = Pace()
    start = NOW + timedelta(seconds=30)
    just_before = start + timedelta(minutes=30) - timedelta(microseconds=1)
    assert not is_late(state=State.SENT, not_before=start, now=just_before, pace=pace)
    assert is_late(state=State.SENT, not_before=start, now=start + timedelta(minutes=30), pace=pace)
    assert not is_late(state=State.ACKNOWLEDGED, not_before=start, now=NOW + timedelta(days=1), pace=pace)
