"""The table of a referral's lifecycle: every cell, every guard, and the international table beside it."""

from itertools import product

import pytest

from handover.errors import HandoverError
from handover.moves import GuardFailed, Incomplete, MoveNotAllowed, WrongSide
from handover.referral.lifecycle import (
    CODINGS,
    MOVES,
    Act,
    Guard,
    Side,
    Status,
    Version,
    acts_open_to,
    holder,
    next_mover,
    next_status,
    require,
)

ALL_FACTS = frozenset(Guard) - {Guard.PAPER}
WORDS_OF_BOTH = "supplement note-to-receiver note-to-referrer internal-note answer"

EXPECTED: dict[str, str] = {
    # status: act>status for each arrow; an act alone stays where it is
    "draft": "send>sent",
    "sent": "undo-send>draft send-again give-up>entered-in-error retract>entered-in-error"
    " record-arrival>received arrive>received",
    "received": f"open take>assessing assign>assessing retract>entered-in-error {WORDS_OF_BOTH}"
    " request-withdrawal>withdrawal-requested",
    "assessing": f"open take assign ask>info-requested accept>accepted reject>rejected redirect>redirecting"
    f" {WORDS_OF_BOTH} request-withdrawal>withdrawal-requested redirect-arrived>redirected",
    "info-requested": "open take assign ask accept>accepted reject>rejected redirect>redirecting answer>assessing"
    " answer-part supplement note-to-receiver note-to-referrer internal-note"
    " request-withdrawal>withdrawal-requested redirect-arrived>redirected",
    "accepted": f"open take assign reject>rejected schedule>scheduled start>started complete>completed"
    f" {WORDS_OF_BOTH} request-withdrawal>withdrawal-requested redirect-arrived>redirected",
    "scheduled": f"open take assign reject>rejected reschedule cancel-appointment>accepted no-show>accepted"
    f" start>started complete>completed {WORDS_OF_BOTH} request-withdrawal>withdrawal-requested"
    " redirect-arrived>redirected",
    "started": f"open take assign complete>completed {WORDS_OF_BOTH}",
    "completed": "open note-to-receiver note-to-referrer internal-note",
    "rejected": "open note-to-receiver note-to-referrer internal-note",
    "redirecting": f"open take assign redirect-arrived>redirected redirect-failed>assessing {WORDS_OF_BOTH}",
    "redirected": "open internal-note arrive>received",
    "withdrawal-requested": f"open take assign accept>accepted reject>rejected complete>completed"
    f" confirm-withdrawal>withdrawn {WORDS_OF_BOTH} redirect-arrived>redirected",
    "withdrawn": "open note-to-receiver note-to-referrer internal-note",
    "entered-in-error": "arrive>received",
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
    if expected is None:
        for side in Side:
            with pytest.raises(MoveNotAllowed):
                next_status(status, act, side, ALL_FACTS)
        return
    allowed = MOVES[status, act].by
    facts = ALL_FACTS | frozenset(MOVES[status, act].guards)
    for side in allowed:
        assert next_status(status, act, side, facts) is expected
    for side in set(Side) - allowed:
        with pytest.raises(WrongSide):
            next_status(status, act, side, ALL_FACTS)


@pytest.mark.parametrize("cell", [cell for cell, move in MOVES.items() if move.guards])
def test_a_guarded_move_is_refused_when_its_fact_does_not_hold(cell: tuple[Status, Act]) -> None:
    status, act = cell
    for guard in MOVES[cell].guards:
        with pytest.raises(GuardFailed) as refused:
            next_status(status, act, next(iter(MOVES[cell].by)), frozenset(Guard) - {guard})
        assert refused.value.stable_code == f"referral.guard.{guard.value}"


@pytest.mark.parametrize(("status", "side"), list(product(Status, Side)))
def test_the_acts_offered_are_exactly_those_the_table_lets_through(status: Status, side: Side) -> None:
    offered = acts_open_to(status, side)
    for act in Act:
        try:
            next_status(status, act, side)
        except HandoverError:
            assert act not in offered
        else:
            assert act in offered


def test_an_act_without_its_required_fields_names_all_that_are_missing() -> None:
    with pytest.raises(Incomplete) as refused:
        require(Status.ASSESSING, Act.REJECT, {"reason"})
    assert sorted(refused.value.fields) == ["advice", "assessor", "assessor_phone", "complaint"]


def test_every_outcome_requires_the_assessor_and_a_phone() -> None:
    for (_, act), move in MOVES.items():
        if act in {Act.ACCEPT, Act.REJECT, Act.REDIRECT}:
            assert {"assessor", "assessor_phone"} <= set(move.requires)
        if act in {Act.ACCEPT, Act.REJECT}:
            assert "complaint" in move.requires


def test_a_late_decline_asks_for_as_much_as_an_early_one() -> None:
    assert MOVES[Status.ACCEPTED, Act.REJECT] == MOVES[Status.ASSESSING, Act.REJECT]
    assert MOVES[Status.SCHEDULED, Act.REJECT] == MOVES[Status.ASSESSING, Act.REJECT]


def test_who_keeps_the_record_of_a_paper_referral_writes_down_both_sides_but_no_machine() -> None:
    facts = frozenset({Guard.PAPER})
    assert next_status(Status.SENT, Act.RECORD_ARRIVAL, Side.REFERRER, facts) is Status.RECEIVED
    assert next_status(Status.ASSESSING, Act.ACCEPT, Side.REFERRER, facts) is Status.ACCEPTED
    assert (
        next_status(Status.ACCEPTED, Act.REQUEST_WITHDRAWAL, Side.RECEIVER, facts) is Status.WITHDRAWAL_REQUESTED
    )
    for side in Side:
        if side is not Side.MACHINE:
            with pytest.raises(WrongSide):
                next_status(Status.SENT, Act.ARRIVE, side, facts)
    with pytest.raises(WrongSide):
        next_status(Status.ASSESSING, Act.ACCEPT, Side.PATIENT, facts)


def test_every_status_has_a_holder_a_next_mover_and_codes() -> None:
    for status in Status:
        assert holder(status) in {Side.REFERRER, Side.RECEIVER}
        next_mover(status)
        assert CODINGS[status].task


def test_every_status_can_be_reached_from_a_draft() -> None:
    reached = {Status.DRAFT}
    while more := {move.to for (status, _), move in MOVES.items() if status in reached} - reached:
        reached |= more
    assert reached == set(Status)


def test_a_later_service_always_outnumbers_the_one_before() -> None:
    assert Version(2, 1) > Version(1, 999) > Version(1, 2) > Version(1, 0)
    assert Version.parse(str(Version(2, 17))) == Version(2, 17)
    for odd in ("", "1", "1.", ".1", "1.2.3", "-1.2", "1.٣", "1.99999999999"):
        with pytest.raises(HandoverError):
            Version.parse(odd)
