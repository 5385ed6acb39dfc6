"""A referral that is sent on: somebody always holds it, and its clock runs from the first receipt (rules 7, 9)."""

from datetime import timedelta

from handover.referral import service
from handover.referral.lifecycle import Status
from handover.team.model import TaskKind
from handover.workdays import local_date
from tests.builders import DPS, INTAKE, MUNICIPALITY
from tests.journeys.region import HANNE, HAVNES, HAVNES_INTAKE, SAMIR, Region
from tests.referral.nodes import INGRID, OLA, PER, SENIOR, acceptance

WHY = "Kanari hører hjemme hos dere"


def test_a_referral_is_sent_on_to_another_node_with_its_first_date_and_what_was_added(town: Region) -> None:
    referral = town.taken()
    town.do(PER, service.supplement, referral, "Kanari har fått ny bolig")
    town.settle()
    first = town.see(PER, referral).deadline
    town.pass_time(days=3)
    town.do(OLA, service.redirect, referral, HAVNES_INTAKE, WHY)
    assert town.see(OLA, referral).standing.status is Status.REDIRECTING
    assert town.see(OLA, referral).standing.responsible.service == INTAKE, "ours until their receipt"
    town.settle()
    assert town.see(OLA, referral, at=INTAKE).standing.status is Status.REDIRECTED
    ours, theirs = town.see(PER, referral), town.see(HANNE, referral)
    assert ours.standing.status is theirs.standing.status is Status.RECEIVED
    assert ours.standing.responsible == theirs.standing.home
    assert ours.deadline == theirs.deadline == first, "nothing stops or restarts the clock"
    assert "Kanari har fått ny bolig" in {entry.text for entry in theirs.history}
    town.do(HANNE, service.open_, referral)
    town.do(HANNE, service.take, referral)
    town.do(HANNE, service.ask, referral, "Kanari?")
    town.settle()
    town.do(PER, service.answer, referral, "Kanari svarer")
    town.settle()
    town.do(HANNE, service.accept, referral, acceptance())
    town.settle()
    assert town.see(PER, referral).standing.status is Status.ACCEPTED
    for agency in (MUNICIPALITY, DPS, HAVNES):
        seen = town.seen_by_patient(town.node_of(agency), referral)
        assert seen.deadline == first
    town.prove()


def test_a_referral_is_sent_on_inside_one_agency(town: Region) -> None:
    referral = town.taken()
    first = town.see(PER, referral).deadline
    town.do(OLA, service.redirect, referral, SENIOR, WHY)
    town.settle()
    ours = town.see(PER, referral)
    assert ours.standing.status is Status.RECEIVED
    assert ours.standing.responsible.service == SENIOR
    assert ours.deadline == first
    assert town.see(OLA, referral, at=INTAKE).standing.status is Status.REDIRECTED
    assert [row.referral for row in town.ask(SAMIR, service.worklist, SENIOR).rows] == [referral]
    assert town.ask(INGRID, service.worklist, INTAKE).rows == ()
    town.do(SAMIR, service.take, referral, at=SENIOR)
    town.settle()
    assert town.see(PER, referral).standing.assessor == "Samir Selje"
    town.prove()


def test_a_redirect_that_nobody_confirms_is_ours_again_with_a_task(town: Region) -> None:
    referral = town.taken()
    town.sites["havnes"].close()
    town.do(OLA, service.redirect, referral, HAVNES_INTAKE, WHY)
    town.settle()
    town.do(PER, service.supplement, referral, "Kanari har fått ny bolig")
    town.settle()
    assert town.see(OLA, referral).standing.status is Status.REDIRECTING
    for _ in range(9):
        town.pass_time(hours=12)
        town.work()
    case = town.see(OLA, referral)
    assert case.standing.status is Status.ASSESSING
    assert TaskKind.REDIRECT_FAILED in {task.kind for task in case.tasks}
    assert "Kanari har fått ny bolig" in {entry.text for entry in case.history}
    assert town.see(PER, referral).standing.status is Status.ASSESSING
    assert [row.referral for row in town.ask(INGRID, service.worklist, INTAKE).rows] == [referral]
    town.do(OLA, service.accept, referral, acceptance(latest_start=local_date(town.now) + timedelta(days=60)))
    town.settle()
    assert town.see(PER, referral).standing.status is Status.ACCEPTED
    town.prove()
