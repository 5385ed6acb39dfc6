"""Every cell of the table of key states."""

import itertools

import pytest

from handover.errors import Conflict
from handover.keys.lifecycle import KEY_MOVES, KeyAct, KeyState, next_state

EXPECTED = {
    ("pending", "activate"): "active",
    ("pending", "destroy"): "destroyed",
    ("pending", "compromise"): "compromised",
    ("active", "retire"): "retiring",
    ("active", "compromise"): "compromised",
    ("retiring", "retire"): "retired",
    ("retiring", "compromise"): "compromised",
    ("retired", "destroy"): "destroyed",
    ("retired", "compromise"): "compromised",
    ("compromised", "destroy"): "destroyed",
}


@pytest.mark.parametrize(("state", "act"), list(itertools.product(KeyState, KeyAct)))
def test_a_key_moves_only_as_the_table_says(state: KeyState, act: KeyAct) -> None:
    expected = EXPECTED.get((state.value, act.value))
    if expected is None:
        with pytest.raises(Conflict, match="move-not-allowed"):
            next_state(state, act)
    else:
        assert next_state(state, act) == expected


def test_nothing_comes_back_from_destroyed_and_every_state_can_be_reached() -> None:
    reached = set(KEY_MOVES.values()) | {KeyState.PENDING, KeyState.ACTIVE}

    assert not [cell for cell in KEY_MOVES if cell[0] is KeyState.DESTROYED]
    assert reached == set(KeyState)
