"""The table of a message's lifecycle: every status, act and side, and every guard."""

from itertools import combinations, product

import pytest

from handover.errors import HandoverError
from handover.message.lifecycle import MOVES, Act, Guard, Side, Status, acts_open_to, next_status, require
from handover.moves import GuardFailed, Incomplete, MoveNotAllowed, WrongSide

EVERY_FACT = frozenset(Guard)

EXPECTED: dict[str, str] = {
    # status: act>status for each arrow; an act alone stays where it is
    "draft": "write discard>discarded send>sent",
    "discarded": "",
    "sent": "undo-send>draft send-again retract>retract-asked arrive",
    "received": "open>opened retract>retracted arrive",
    "opened": "open retract>retract-asked arrive",
    "retract-asked": "retraction-answered>retracted confirm-retraction>retracted arrive",
    "retracted": "arrive",
}
BY: dict[Act, Side] = {
    **dict.fromkeys(
        (Act.WRITE, Act.DISCARD, Act.SEND, Act.UNDO_SEND, Act.SEND_AGAIN, Act.RETRACT),
        Side.AUTHOR,
    ),
    Act.OPEN: Side.RECEIVER,
    Act.CONFIRM_RETRACTION: Side.LEADER,
    Act.ARRIVE: Side.MACHINE,
    Act.RETRACTION_ANSWERED: Side.MACHINE,
}
GUARDED = {
    (Status.SENT, Act.UNDO_SEND): Guard.NOT_LEFT,
    (Status.SENT, Act.SEND_AGAIN): Guard.UNDELIVERED,
    (Status.RETRACT_ASKED, Act.RETRACTION_ANSWERED): Guard.ALL_ANSWERED,
}


def _expected() -> dict[tuple[Status, Act], Status]:
    found = {}
    for status, arrows in EXPECTED.items():
        for arrow in arrows.split():
            act, _, to = arrow.partition(">")
            found[Status(status), Act(act)] = Status(to or status)
    return found


@pytest.mark.parametrize(("status", "act"), list(product(Status, Act)))
def test_whoever_acts_in_any_status_comes_where_the_table_says_or_nowhere(status: Status, act: Act) -> None:
    expected = _expected().get((status, act))
    for side in Side:
        if expected is None:
            with pytest.raises(MoveNotAllowed):
                next_status(status, act, side, EVERY_FACT)
        elif side is BY[act]:
            assert next_status(status, act, side, EVERY_FACT) is expected
        else:
            with pytest.raises(WrongSide):
                next_status(status, act, side, EVERY_FACT)


def test_the_table_has_every_expected_cell_and_no_other() -> None:
    assert set(MOVES) == set(_expected())


@pytest.mark.parametrize(("cell", "guard"), GUARDED.items())
def test_who_acts_without_the_fact_that_must_hold_is_told_which(cell: tuple[Status, Act], guard: Guard) -> None:
    status, act = cell
    others = EVERY_FACT - {guard}
    for size in range(len(others) + 1):
        for facts in combinations(sorted(others), size):
            with pytest.raises(GuardFailed) as refused:
                next_status(status, act, BY[act], frozenset(facts))
            assert refused.value.stable_code == f"message.guard.{guard.value}"


def test_nothing_else_depends_on_a_fact() -> None:
    free = set(MOVES) - set(GUARDED)
    for status, act in free:
        assert next_status(status, act, BY[act]) is _expected()[status, act]


def test_who_takes_a_message_back_says_why() -> None:
    for status in (Status.SENT, Status.RECEIVED, Status.OPENED):
        with pytest.raises(Incomplete) as refused:
            require(status, Act.RETRACT, [])
        assert refused.value.fields == {"reason": ["required"]}
        require(status, Act.RETRACT, ["reason"])


def test_a_reader_is_never_offered_what_only_the_author_or_the_leader_may_do() -> None:
    for status in Status:
        assert set(acts_open_to(status, Side.RECEIVER, EVERY_FACT)) <= {Act.OPEN}
        assert set(acts_open_to(status, Side.LEADER, EVERY_FACT)) <= {Act.CONFIRM_RETRACTION}


def test_nothing_is_done_with_what_has_vanished_or_was_thrown_away() -> None:
    for status in (Status.RETRACTED, Status.DISCARDED):
        for side in (Side.AUTHOR, Side.RECEIVER, Side.LEADER):
            assert acts_open_to(status, side, EVERY_FACT) == ()


def test_every_refusal_has_a_stable_code() -> None:
    for status, act, side in product(Status, Act, Side):
        try:
            next_status(status, act, side)
        except HandoverError as refused:
            assert refused.stable_code.startswith("message.")
