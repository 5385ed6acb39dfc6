"""Undo, withdrawal, retraction and what crosses on the way, over real HTTP."""

import pytest

from handover.errors import Conflict, HandoverError
from handover.referral import service
from handover.referral.lifecycle import Act, Status
from handover.team.model import TaskKind
from tests.builders import INTAKE
from tests.journeys.region import Region
from tests.referral.nodes import INGRID, OLA, PER, acceptance


def test_a_referral_that_is_undone_never_leaves(town: Region) -> None:
    referral = town.draft()
    town.do(PER, service.send, referral)
    town.work()
    town.do(PER, service.undo_send, referral)
    town.settle()
    assert town.see(PER, referral).standing.status is Status.DRAFT
    assert town.ask(INGRID, service.worklist, INTAKE).rows == ()
    assert [address for address in town.sites["dps"].asked if "envelopes" in address] == []
    town.do(PER, service.send, referral)
    town.settle()
    assert town.see(PER, referral).standing.status is Status.RECEIVED
    town.prove()


def test_a_withdrawal_stands_when_the_receiver_confirms_it(town: Region) -> None:
    referral = town.taken()
    town.do(PER, service.request_withdrawal, referral, "Kanari har flyttet")
    assert len(town.see(PER, referral).standing.pending) == 1
    assert town.see(PER, referral).standing.status is Status.ASSESSING, "asked for is not done"
    town.settle()
    assert town.see(PER, referral).standing.status is Status.WITHDRAWAL_REQUESTED
    town.do(INGRID, service.confirm_withdrawal, referral)
    town.settle()
    assert town.see(PER, referral).standing.status is Status.WITHDRAWN
    town.prove()


def test_a_withdrawal_that_crosses_an_outcome_is_answered_and_the_outcome_stands(town: Region) -> None:
    referral = town.taken()
    town.do(PER, service.request_withdrawal, referral, "Kanari har flyttet")
    town.do(OLA, service.accept, referral, acceptance())
    town.settle()
    ours, theirs = town.see(PER, referral), town.see(OLA, referral)
    assert ours.standing.status is theirs.standing.status
    assert ours.standing.pending == ()
    town.prove()


def test_a_referral_sent_in_error_is_taken_back_before_anybody_opened_it(town: Region) -> None:
    referral = town.sent()
    town.do(PER, service.retract, referral, "Kanari: feil pasient")
    town.settle()
    assert town.see(PER, referral).standing.status is Status.ENTERED_IN_ERROR
    assert town.ask(INGRID, service.worklist, INTAKE).rows == ()
    town.prove()


def test_a_referral_that_was_opened_can_no_longer_be_taken_back_but_withdrawn(town: Region) -> None:
    referral = town.sent()
    town.do(INGRID, service.open_, referral)
    town.do(PER, service.retract, referral, "Kanari: feil pasient")  # their opening is not known here yet
    town.settle()
    ours = town.see(PER, referral)
    assert ours.standing.status is Status.RECEIVED
    assert [(answer.applied, answer.code) for answer in ours.standing.answered] == [
        (False, "referral.guard.unopened")
    ]
    assert Act.RETRACT not in ours.acts
    assert Act.REQUEST_WITHDRAWAL in ours.acts
    assert TaskKind.LATE_INFORMATION in {task.kind for task in town.see(INGRID, referral).tasks}
    town.prove()


def test_a_stale_page_changes_nothing(town: Region) -> None:
    referral = town.taken()
    seen = town.see(OLA, referral).standing.version
    town.do(OLA, service.accept, referral, acceptance(), seen=seen)
    with pytest.raises(Conflict) as stale:
        town.do(INGRID, service.ask, referral, "Kanari?", seen=seen)
    assert stale.value.stable_code == "referral.stale"
    with pytest.raises(HandoverError):
        town.do(OLA, service.accept, referral, acceptance(), seen=seen)
    assert town.see(OLA, referral).standing.status is Status.ACCEPTED
    town.settle()
    town.prove()
