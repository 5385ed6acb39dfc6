"""The table of a handover's lifecycle: every status, act and side, and every guard."""

from itertools import combinations, product

import pytest

from handover.bundle.lifecycle import (
    AT_RECEIVER,
    AT_SENDER,
    ENDED,
    MOVES,
    Act,
    Guard,
    Side,
    Status,
    Version,
    acts_open_to,
    next_status,
    require,
)
from handover.errors import HandoverError, Invalid
from handover.moves import GuardFailed, Incomplete, MoveNotAllowed, WrongSide

EVERY_FACT = frozenset(Guard)
NOTES = "note-to-receiver note-to-sender internal-note"
HERE = f"{NOTES} tell-trusted release-more"
AT_HAND = f"take open ask {HERE} decline>declined withdraw>withdrawal-notified arrive>received"

EXPECTED: dict[str, str] = {
    # status: act>status for each arrow; an act alone stays where it is
    "draft": "write invite>with-patient withdraw>withdrawn",
    "with-patient": "write mark write-own-words pause>paused approve>approved withdraw>withdrawn arrive>received",
    "paused": "resume>with-patient withdraw>withdrawn arrive>received",
    "approved": "write mark write-own-words pause>paused take-back-yes>with-patient yes-lapsed>with-patient"
    " send>sent withdraw>withdrawn arrive>received",
    "sent": "undo-send>approved send-again give-up>with-patient arrive>received withdraw>withdrawal-notified",
    "received": f"open>opened take {HERE} decline>declined withdraw>withdrawal-notified arrive",
    "opened": f"{AT_HAND} plan-meeting>meeting-planned take-over>taken-over",
    "meeting-planned": f"{AT_HAND} plan-meeting cancel-meeting>opened hold-meeting>meeting-held",
    "meeting-held": f"{AT_HAND} take-over>taken-over",
    "taken-over": f"open take {HERE} close>closed withdraw>withdrawal-notified arrive>received",
    "closed": "open internal-note withdraw>withdrawal-notified",
    "declined": f"take {NOTES} close>closed withdraw>withdrawal-notified reopen>with-patient arrive>received",
    "withdrawn": "reopen>with-patient arrive>received withdraw",
    "withdrawal-notified": f"open take {NOTES} answer-withdrawal>withdrawal-answered arrive>received",
    "withdrawal-answered": "internal-note reopen>with-patient arrive>received",
}

BY: dict[Act, frozenset[Side]] = {
    **dict.fromkeys(
        (
            Act.WRITE,
            Act.INVITE,
            Act.SEND,
            Act.UNDO_SEND,
            Act.SEND_AGAIN,
            Act.GIVE_UP,
            Act.NOTE_TO_RECEIVER,
            Act.TELL_TRUSTED,
            Act.CLOSE,
        ),
        frozenset({Side.SENDER}),
    ),
    **dict.fromkeys(
        (
            Act.MARK,
            Act.WRITE_OWN_WORDS,
            Act.PAUSE,
            Act.RESUME,
            Act.APPROVE,
            Act.TAKE_BACK_YES,
            Act.RELEASE_MORE,
            Act.WITHDRAW,
            Act.REOPEN,
        ),
        frozenset({Side.PATIENT, Side.SENDER}),
    ),
    **dict.fromkeys((Act.ARRIVE, Act.YES_LAPSED), frozenset({Side.MACHINE})),
}


def _expected() -> dict[tuple[Status, Act], Status]:
    cells = {}
    for status, arrows in EXPECTED.items():
        for arrow in arrows.split():
            act, _, to = arrow.partition(">")
            cells[Status(status), Act(act)] = Status(to or status)
    return cells


@pytest.mark.parametrize(("status", "act"), list(product(Status, Act)))
def test_every_cell_leads_where_the_design_says_or_refuses(status: Status, act: Act) -> None:
    expected = _expected().get((status, act))
    for side in Side:
        if expected is None:
            with pytest.raises(MoveNotAllowed):
                next_status(status, act, side, EVERY_FACT)
        elif side in BY.get(act, {Side.RECEIVER}):
            assert next_status(status, act, side, EVERY_FACT) is expected
        else:
            with pytest.raises(WrongSide):
                next_status(status, act, side, EVERY_FACT)


@pytest.mark.parametrize("cell", list(MOVES))
def test_a_move_needs_all_its_facts_and_no_others(cell: tuple[Status, Act]) -> None:
    move = MOVES[cell]
    side = min(move.by)
    for facts in (frozenset(some) for n in range(len(Guard) + 1) for some in combinations(Guard, n)):
        if facts >= set(move.guards):
            assert next_status(*cell, side, facts) is move.to
        else:
            with pytest.raises(GuardFailed) as refused:
                next_status(*cell, side, facts)
            assert refused.value.stable_code in {f"bundle.guard.{guard.value}" for guard in move.guards}


@pytest.mark.parametrize(("status", "side"), list(product(Status, Side)))
def test_the_acts_offered_are_exactly_those_the_table_lets_through(status: Status, side: Side) -> None:
    for facts in (frozenset[Guard](), EVERY_FACT):
        offered = acts_open_to(status, side, facts)
        for act in Act:
            try:
                next_status(status, act, side, facts)
            except HandoverError:
                assert act not in offered
            else:
                assert act in offered


def test_nobody_takes_over_without_a_person_a_phone_a_date_and_a_first_appointment() -> None:
    for (status, act), move in MOVES.items():
        if act is Act.TAKE_OVER:
            assert set(move.requires) == {"person", "phone", "from_date", "first_appointment"}
            with pytest.raises(Incomplete) as refused:
                require(status, act, ())
            assert set(refused.value.fields) == set(move.requires)


def test_nobody_declines_without_a_reason_and_a_name_to_call() -> None:
    assert all(
        {"reason", "person", "phone"} <= set(move.requires)
        for (_, act), move in MOVES.items()
        if act is Act.DECLINE
    )


def test_a_meeting_is_skipped_only_when_the_patient_wants_none() -> None:
    with pytest.raises(GuardFailed):
        next_status(Status.OPENED, Act.TAKE_OVER, Side.RECEIVER)
    assert MOVES[Status.OPENED, Act.TAKE_OVER].guards == (Guard.MEETING_DECLINED,)


def test_nothing_is_sent_without_a_valid_yes() -> None:
    for (_, act), move in MOVES.items():
        if act in {Act.SEND, Act.SEND_AGAIN}:
            assert Guard.VALID_YES in move.guards


def test_reading_is_not_taking_over() -> None:
    assert {
        move.to for (_, act), move in MOVES.items() if move.to is Status.TAKEN_OVER and act is not Act.TAKE_OVER
    } == {Status.TAKEN_OVER}
    for (status, act), move in MOVES.items():
        if move.to is Status.TAKEN_OVER and status is not Status.TAKEN_OVER:
            assert act is Act.TAKE_OVER


def test_every_status_can_be_reached_from_a_draft_and_every_set_names_real_ones() -> None:
    reached = {Status.DRAFT}
    while more := {move.to for (status, _), move in MOVES.items() if status in reached} - reached:
        reached |= more
    assert reached == set(Status)
    assert not set(AT_SENDER) & set(AT_RECEIVER)
    assert not set(ENDED) & {*AT_SENDER, *AT_RECEIVER}


def test_a_later_round_wins_over_every_number_of_an_earlier_one() -> None:
    assert Version(2, 0) > Version(1, 99)
    assert Version.parse("2.13") == Version(2, 13) == Version(2, 12).next()
    assert str(Version(2, 13)) == "2.13"


@pytest.mark.parametrize("text", ["", "1", "1.", ".1", "1.1.1", "-1.2", "1,2", "\u0661.1", "1.1234567890"])
def test_a_version_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        Version.parse(text)
