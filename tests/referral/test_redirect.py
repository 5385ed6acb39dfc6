"""Sent on to another service: ours until the new one's signed receipt; the first date is everybody's date."""

from datetime import timedelta

import pytest

from handover.referral import service
from handover.referral.lifecycle import Act, Side, Status, Version
from handover.referral.model import Party
from handover.referral.service import ReferralNotFound, TakesNoReferrals
from handover.team import service as team
from handover.team.model import TaskKind
from tests.builders import DPS, FACT, INTAKE, MUNICIPALITY, OUTPATIENT
from tests.referral.nodes import FATIMA, INGRID, OLA, PER, SARA, SENIOR, Town, acceptance


def test_a_referral_sent_on_inside_the_agency_moves_to_the_new_service(any_nodes: Town) -> None:
    town = any_nodes
    referral = town.taken()
    first_received = town.see(OLA, referral).standing.received_at
    town.pass_time(days=3)
    town.do(PER, service.supplement, referral, "Hun har begynt på ny medisin")
    town.settle()
    town.do(OLA, service.redirect, referral, SENIOR, "Hun er over 65 år i alle henseender")
    mine = town.see(OLA, referral, at=INTAKE).standing
    assert mine.status is Status.REDIRECTING
    assert mine.responsible == Party(DPS, INTAKE), "ours until the new one has it"
    town.settle()
    mine, theirs, ours = (
        town.see(OLA, referral, at=INTAKE).standing,
        town.see(SARA, referral),
        town.see(PER, referral),
    )
    assert mine.status is Status.REDIRECTED
    assert theirs.standing.status is ours.standing.status is Status.RECEIVED
    assert theirs.standing.version == ours.standing.version == Version(2, 1)
    assert mine.responsible == theirs.standing.responsible == ours.standing.responsible == Party(DPS, SENIOR)
    assert theirs.standing.seniority_on == ours.standing.seniority_on == first_received
    assert theirs.deadline == ours.deadline == mine.deadline
    assert "Hun har begynt på ny medisin" in [entry.text for entry in theirs.history]
    assert [entry.text for entry in theirs.history if entry.act is Act.ARRIVE] == [
        "Hun er over 65 år i alle henseender"
    ]

    town.do(SARA, service.open_, referral)
    town.do(SARA, service.take, referral)
    town.do(SARA, service.accept, referral, acceptance(assessor="Sara Senior"))
    town.settle()
    assert town.see(PER, referral).standing.status is Status.ACCEPTED
    onward = town.see(OLA, referral, at=INTAKE).standing.onward
    assert onward is not None
    assert onward.status is Status.ACCEPTED, "who sent it on hears how it went"


def test_a_request_that_crosses_a_redirect_reaches_the_new_service(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    town.do(OLA, service.redirect, referral, SENIOR, "Alder")
    town.do(PER, service.supplement, referral, "Ny adresse")
    town.do(PER, service.request_withdrawal, referral, "Pasienten ønsker det")
    for _ in range(3):
        town.settle()
    theirs = town.see(SARA, referral)
    assert "Ny adresse" in [entry.text for entry in theirs.history]
    assert theirs.standing.status is Status.WITHDRAWAL_REQUESTED
    ours = town.see(PER, referral).standing
    assert ours.status is Status.WITHDRAWAL_REQUESTED
    assert ours.pending == ()


def test_a_redirect_that_is_never_confirmed_comes_back_with_a_task(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    town.do(OLA, service.redirect, referral, FACT, "Hører til i kommunen")
    town.wire.down.add("http://kommune.example")
    town.do(INGRID, service.internal_note, referral, "Venter på kommunen")
    town.pass_time(hours=50)
    town.work()
    assert town.see(OLA, referral).standing.status is Status.REDIRECTING
    town.pass_time(hours=50)
    town.work()
    mine = town.see(OLA, referral).standing
    assert mine.status is Status.ASSESSING
    assert mine.responsible == Party(DPS, INTAKE)
    with town.dps.db.transaction() as session:
        assert TaskKind.REDIRECT_FAILED in [task.kind for task in team.tasks(session, OLA)]


def test_a_referral_may_be_sent_on_to_the_agency_it_came_from(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    town.do(OLA, service.redirect, referral, FACT, "Hører til i kommunen")
    town.settle()
    town.settle()
    assert town.see(FATIMA, referral, side=Side.RECEIVER).standing.status is Status.RECEIVED
    assert town.see(PER, referral).standing.responsible == Party(MUNICIPALITY, FACT)
    with pytest.raises(ReferralNotFound):
        town.see(FATIMA, referral, side=Side.REFERRER)


def test_a_referral_sent_on_and_back_again_is_taken_up_where_it_was(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    first_received = town.see(OLA, referral).standing.received_at
    town.do(OLA, service.redirect, referral, SENIOR, "Alder")
    town.settle()
    town.do(SARA, service.take, referral)
    town.do(SARA, service.redirect, referral, INTAKE, "Nei, hun er 44")
    for _ in range(3):
        town.settle()
    mine, ours = town.see(OLA, referral, at=INTAKE), town.see(PER, referral)
    assert mine.standing.status is ours.standing.status is Status.RECEIVED
    assert mine.standing.version == ours.standing.version == Version(3, 1)
    assert mine.standing.seniority_on == first_received
    assert Act.REDIRECT in [entry.act for entry in mine.history], "the history of the first time is kept"
    assert town.see(SARA, referral, at=SENIOR).standing.status is Status.REDIRECTED


def test_a_service_that_takes_no_referrals_is_not_offered_one(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    for where in (OUTPATIENT, INTAKE):
        with pytest.raises(TakesNoReferrals):
            town.do(OLA, service.redirect, referral, where, "x")


def test_a_late_sign_of_the_new_service_still_counts(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    sent_on_at = town.now
    town.do(OLA, service.redirect, referral, FACT, "Hører til i kommunen")
    town.wire.lose_answer.add("http://kommune.example")
    town.work_at(town.dps)
    assert town.see(FATIMA, referral, side=Side.RECEIVER).standing.status is Status.RECEIVED
    town.wire.down.add("http://kommune.example")
    town.move_to(sent_on_at + timedelta(hours=96))
    town.work_at(town.dps)
    mine = town.see(OLA, referral).standing
    assert mine.status is Status.ASSESSING, "no receipt in time: ours again"
    assert mine.responsible == Party(DPS, INTAKE)
    town.wire.down.clear()
    town.work_at(town.kommune)
    mine = town.see(OLA, referral).standing
    assert mine.status is Status.REDIRECTED
    assert mine.responsible == Party(MUNICIPALITY, FACT)
    with town.dps.db.transaction() as session:
        assert TaskKind.HELD_TWICE in [task.kind for task in team.tasks(session, OLA)]
    town.settle()
    assert town.see(PER, referral).standing.responsible == Party(MUNICIPALITY, FACT)
