"""What the referrer asks for after sending: pending until answered, in effect or too late, and never lost."""

import pytest

from handover.exchange.service import AlreadyLeft
from handover.moves import GuardFailed, Incomplete, MoveNotAllowed
from handover.referral import service
from handover.referral.lifecycle import Act, Side, Status
from handover.referral.model import UpdateKind, Withdrawal
from handover.referral.service import NothingAsked, Stale
from handover.referral.standing import AlreadyAsked
from handover.team import service as team
from handover.team.model import TaskKind
from tests.referral.nodes import INGRID, OLA, PER, Town, acceptance, refusal


def test_a_referrer_undoes_within_the_time_and_not_after(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.draft()
    town.do(PER, service.send, referral)
    assert Act.UNDO_SEND in town.see(PER, referral).acts
    town.do(PER, service.undo_send, referral)
    case = town.see(PER, referral)
    assert case.standing.status is Status.DRAFT
    assert case.content.problem, "the text is kept"
    town.settle()
    assert town.wire.seen == [], "nothing left"
    town.do(PER, service.send, referral)
    town.settle()
    with pytest.raises(MoveNotAllowed):
        town.do(PER, service.undo_send, referral)


def test_what_has_left_cannot_be_undone(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.draft()
    town.do(PER, service.send, referral)
    town.wire.down.add("http://dps.example")
    town.settle()
    assert Act.UNDO_SEND not in town.see(PER, referral).acts
    with pytest.raises(AlreadyLeft):
        town.do(PER, service.undo_send, referral)
    assert town.see(PER, referral).standing.status is Status.SENT


def test_an_unopened_referral_is_retracted_and_an_opened_one_is_not(two_nodes: Town) -> None:
    town = two_nodes
    unopened, opened = town.sent(), town.sent()
    town.do(PER, service.retract, unopened, "Feil pasient")
    town.do(INGRID, service.open_, opened)
    town.do(PER, service.retract, opened, "Feil pasient")
    assert town.see(PER, unopened).standing.pending[0].kind is UpdateKind.RETRACTION
    town.settle()
    first, second = town.see(PER, unopened).standing, town.see(PER, opened).standing
    assert first.status is Status.ENTERED_IN_ERROR
    assert first.outcome == Withdrawal(by="Per Psykolog", reason="Feil pasient")
    assert second.status is Status.RECEIVED
    assert second.pending == ()
    assert [(answer.applied, answer.code) for answer in second.answered] == [(False, "referral.guard.unopened")]
    with pytest.raises(GuardFailed):
        town.do(PER, service.retract, opened, "Feil pasient")


def test_a_withdrawal_is_confirmed_by_the_receiver(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    town.do(PER, service.request_withdrawal, referral, "Pasienten ønsker det")
    with pytest.raises(AlreadyAsked):
        town.do(PER, service.request_withdrawal, referral, "Igjen")
    assert town.see(PER, referral).standing.status is Status.ASSESSING
    town.settle()
    assert town.see(PER, referral).standing.status is Status.WITHDRAWAL_REQUESTED
    town.do(OLA, service.confirm_withdrawal, referral)
    town.settle()
    ours = town.see(PER, referral)
    assert ours.standing.status is Status.WITHDRAWN
    assert ours.standing.outcome == Withdrawal(by="Per Psykolog", reason="Pasienten ønsker det")
    assert ours.next is None
    assert ours.work is not None
    assert not ours.work.is_open


def test_a_withdrawal_may_be_answered_with_an_outcome(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    town.do(PER, service.request_withdrawal, referral, "Pasienten ønsker det")
    town.settle()
    town.do(OLA, service.accept, referral, acceptance())
    town.settle()
    assert town.see(PER, referral).standing.status is Status.ACCEPTED


def test_a_withdrawal_that_crosses_a_refusal_comes_too_late_and_says_so(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    town.do(PER, service.request_withdrawal, referral, "Pasienten ønsker det")
    town.do(OLA, service.reject, referral, refusal())
    town.settle()
    ours, theirs = town.see(PER, referral).standing, town.see(OLA, referral).standing
    assert ours.status is theirs.status is Status.REJECTED
    assert ours.version == theirs.version
    assert ours.pending == ()
    assert ours.answered[-1].code == "referral.move-not-allowed"


def test_information_that_comes_after_the_outcome_is_kept_and_somebody_gets_a_task(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    town.do(PER, service.supplement, referral, "Forsøkte å ta sitt liv i går")
    town.do(OLA, service.reject, referral, refusal())
    town.settle()
    theirs = town.see(OLA, referral)
    late = [entry for entry in theirs.history if entry.act is Act.SUPPLEMENT]
    assert [(entry.text, entry.took_effect) for entry in late] == [("Forsøkte å ta sitt liv i går", False)]
    with town.dps.db.transaction() as session:
        assert [task.kind for task in team.tasks(session, OLA)] == [TaskKind.LATE_INFORMATION]


def test_an_answer_to_the_first_of_two_questions_leaves_the_second_open(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    town.do(OLA, service.ask, referral, "Hvilke medisiner?")
    town.settle()
    town.do(PER, service.answer, referral, "Sertralin")
    town.do(OLA, service.ask, referral, "Hvem er fastlege?")
    town.settle()
    ours, theirs = town.see(PER, referral).standing, town.see(OLA, referral).standing
    assert ours.status is theirs.status is Status.INFO_REQUESTED
    assert [question.text for question in ours.questions] == ["Hvem er fastlege?"]
    town.do(PER, service.answer, referral, "Dr. Berg")
    town.settle()
    assert town.see(PER, referral).standing.status is Status.ASSESSING


def test_a_receiver_decides_without_waiting_for_the_answer(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    deadline = town.see(OLA, referral).deadline
    town.do(OLA, service.ask, referral, "Hvilke medisiner?")
    assert town.see(OLA, referral).deadline == deadline, "the clock keeps running"
    town.do(OLA, service.accept, referral, acceptance())
    town.settle()
    assert town.see(PER, referral).standing.questions == ()


def test_answering_nothing_and_answering_with_nothing_are_refused(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    with pytest.raises(NothingAsked):
        town.do(PER, service.answer, referral, "Svar")
    town.do(OLA, service.ask, referral, "Hvilke medisiner?")
    town.settle()
    with pytest.raises(Incomplete):
        town.do(PER, service.answer, referral, "  ")
    with pytest.raises(Incomplete) as refused:
        town.do(OLA, service.ask, referral, " ")
    assert refused.value.fields == {"question": ["required"]}


def test_a_stale_page_and_a_double_click_change_nothing(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    seen = town.see(OLA, referral).standing.version
    town.do(OLA, service.accept, referral, acceptance(), seen=seen)
    with pytest.raises(Stale):
        town.do(OLA, service.accept, referral, acceptance(), seen=seen)
    with pytest.raises(MoveNotAllowed):
        town.do(OLA, service.accept, referral, acceptance())
    history = town.see(OLA, referral).history
    assert [entry.act for entry in history].count(Act.ACCEPT) == 1


def test_both_sides_write_notes_in_the_referrals_thread(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    town.do(PER, service.note_to_other_side, referral, "Hun er bortreist i uke 48")
    town.do(OLA, service.note_to_other_side, referral, "Takk, det er notert")
    town.settle()
    for who in (PER, OLA):
        texts = [entry.text for entry in town.see(who, referral).history]
        assert "Hun er bortreist i uke 48" in texts
        assert "Takk, det er notert" in texts
        assert town.see(who, referral).standing.status is Status.ASSESSING


def test_a_yellow_note_never_leaves_the_service(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    town.do(INGRID, service.internal_note, referral, "Ringte fastlegen, ikke svar")
    town.settle()
    assert [note.text for note in town.see(OLA, referral).notes] == ["Ringte fastlegen, ikke svar"]
    assert town.see(PER, referral).notes == ()
    assert "Ringte fastlegen" not in repr(town.see(PER, referral).history)
    assert Act.INTERNAL_NOTE not in town.see(PER, referral).acts
    with pytest.raises(Incomplete):
        town.do(INGRID, service.internal_note, referral, " ")


def test_the_acts_a_page_offers_are_those_that_work(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    assert set(town.see(PER, referral).acts) == {
        Act.SUPPLEMENT,
        Act.REQUEST_WITHDRAWAL,
        Act.NOTE_TO_RECEIVER,
    }
    assert {Act.ACCEPT, Act.REJECT, Act.REDIRECT, Act.ASK} < set(town.see(OLA, referral).acts)
    assert Act.SCHEDULE not in town.see(OLA, referral).acts
    assert town.see(OLA, referral, side=Side.RECEIVER).standing.side is Side.RECEIVER
