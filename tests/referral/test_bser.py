"""Each of the 34 transitions of the international table (HL7 BSeR x IHE 360X): ours, or why it differs."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from handover.referral.lifecycle import MOVES, Act, Side, Status

ROWS = json.loads((Path(__file__).parents[1] / "data" / "bser_360x_transitions.json").read_text("utf-8"))[
    "transitions"
]
S, A = Status, Act

OURS: dict[str, tuple[tuple[Status, Act, Status], ...]] = {
    "01": ((S.DRAFT, A.SEND, S.SENT), (S.SENT, A.ARRIVE, S.RECEIVED)),
    "02": ((S.RECEIVED, A.TAKE, S.ASSESSING), (S.ASSESSING, A.ACCEPT, S.ACCEPTED)),
    "03": ((S.RECEIVED, A.TAKE, S.ASSESSING), (S.ASSESSING, A.REJECT, S.REJECTED)),
    "04": ((S.RECEIVED, A.REQUEST_WITHDRAWAL, S.WITHDRAWAL_REQUESTED),),
    "05": ((S.ACCEPTED, A.REJECT, S.REJECTED),),
    "06": ((S.ACCEPTED, A.SCHEDULE, S.SCHEDULED),),
    "07": ((S.ACCEPTED, A.REQUEST_WITHDRAWAL, S.WITHDRAWAL_REQUESTED),),
    "08": ((S.ACCEPTED, A.START, S.STARTED),),
    "09": ((S.ACCEPTED, A.COMPLETE, S.COMPLETED),),
    "10": ((S.SCHEDULED, A.REJECT, S.REJECTED),),
    "11": ((S.SCHEDULED, A.RESCHEDULE, S.SCHEDULED),),
    "12": ((S.SCHEDULED, A.NO_SHOW, S.ACCEPTED),),
    "13": ((S.SCHEDULED, A.CANCEL_APPOINTMENT, S.ACCEPTED),),
    "14": ((S.SCHEDULED, A.REQUEST_WITHDRAWAL, S.WITHDRAWAL_REQUESTED),),
    "15": ((S.SCHEDULED, A.START, S.STARTED),),
    "16": ((S.SCHEDULED, A.COMPLETE, S.COMPLETED),),
    "17": ((S.SCHEDULED, A.NO_SHOW, S.ACCEPTED), (S.ACCEPTED, A.REJECT, S.REJECTED)),
    "18": ((S.SCHEDULED, A.NO_SHOW, S.ACCEPTED), (S.ACCEPTED, A.SCHEDULE, S.SCHEDULED)),
    "20": ((S.SCHEDULED, A.NO_SHOW, S.ACCEPTED), (S.ACCEPTED, A.REQUEST_WITHDRAWAL, S.WITHDRAWAL_REQUESTED)),
    "21": ((S.SCHEDULED, A.CANCEL_APPOINTMENT, S.ACCEPTED), (S.ACCEPTED, A.SCHEDULE, S.SCHEDULED)),
    "22": (
        (S.SCHEDULED, A.CANCEL_APPOINTMENT, S.ACCEPTED),
        (S.ACCEPTED, A.REQUEST_WITHDRAWAL, S.WITHDRAWAL_REQUESTED),
    ),
    "23": ((S.WITHDRAWAL_REQUESTED, A.CONFIRM_WITHDRAWAL, S.WITHDRAWN),),
    "24": ((S.WITHDRAWAL_REQUESTED, A.COMPLETE, S.COMPLETED),),
    "29": ((S.STARTED, A.NOTE_TO_REFERRER, S.STARTED),),
    "30": ((S.STARTED, A.COMPLETE, S.COMPLETED),),
    "31": ((S.ACCEPTED, A.SCHEDULE, S.SCHEDULED),),
    "32": ((S.ACCEPTED, A.START, S.STARTED),),
    "33": ((S.SCHEDULED, A.REJECT, S.REJECTED),),
    "34": ((S.SCHEDULED, A.REQUEST_WITHDRAWAL, S.WITHDRAWAL_REQUESTED),),
}
"""By transition id, the path through our table."""

DIFFERS: dict[str, tuple[Status, Act, str]] = {
    "19": (S.ACCEPTED, A.CANCEL_APPOINTMENT, "after a no-show there is no appointment left to cancel"),
    "25": (S.STARTED, A.REJECT, "who has begun treatment ends it with an outcome and says who follows up"),
    "26": (
        S.STARTED,
        A.SCHEDULE,
        "later appointments belong to the record system; the referral follows the first",
    ),
    "27": (S.STARTED, A.CANCEL_APPOINTMENT, "as 26: the first appointment was held"),
    "28": (
        S.STARTED,
        A.REQUEST_WITHDRAWAL,
        "the patient's treatment is not the referrer's to withdraw: a note is",
    ),
}
"""What we leave out, where it would stand, and why."""

SIDES = {"initiator": Side.REFERRER, "recipient": Side.RECEIVER}


def test_all_34_transitions_are_mapped_once() -> None:
    assert len(ROWS) == 34
    assert sorted([*OURS, *DIFFERS]) == [row[0] for row in ROWS]


@pytest.mark.parametrize("row", [row for row in ROWS if row[0] in OURS], ids=lambda row: f"{row[0]}-{row[2]}")
def test_a_transition_is_a_path_through_our_table_by_the_same_side(row: list[str]) -> None:
    path = OURS[row[0]]
    for status, act, to in path:
        assert MOVES[status, act].to is to
    for (_, _, to), (onward, _, _) in pairwise(path):
        assert to is onward
    last = next(act for _, act, _ in reversed(path) if is_by_people(act))
    assert {MOVES[status, act].by for status, act, _ in path if act is last} == {frozenset({SIDES[row[1]]})}


def is_by_people(act: Act) -> bool:
    return act is not Act.ARRIVE


@pytest.mark.parametrize("transition", sorted(DIFFERS))
def test_a_transition_we_leave_out_is_really_left_out(transition: str) -> None:
    status, act, why = DIFFERS[transition]
    assert (status, act) not in MOVES
    assert why
