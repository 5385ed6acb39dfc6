"""Facts of delivery: arrived, refused, expired. A failure is a task for a named person; none is silent."""

from datetime import timedelta

import pytest

from handover.actors import Staff
from handover.exchange.lifecycle import State
from handover.ids import ReferralId
from handover.referral import service
from handover.referral.lifecycle import Act, Status
from handover.referral.standing import Standing
from handover.referral.steps import Step
from handover.team import service as team
from handover.team.model import Task, TaskKind
from tests.builders import INTAKE
from tests.referral.nodes import INGRID, OLA, PER, START, Town, content

DPS_URL = "http://dps.example"


def tasks(town: Town, by: Staff) -> tuple[Task, ...]:
    with town.node_of(by.agency).db.transaction() as session:
        return team.tasks(session, by)


def expired(town: Town) -> ReferralId:
    referral = town.draft()
    town.do(PER, service.send, referral)
    town.wire.down.add(DPS_URL)
    town.pass_time(hours=97)
    town.work()
    return referral


def test_a_referral_that_never_arrives_is_a_task_for_its_writer(two_nodes: Town) -> None:
    town = two_nodes
    referral = expired(town)
    case = town.see(PER, referral)
    assert case.standing.status is Status.SENT, "what people decided and what machines did are never mixed"
    assert case.delivery is not None
    assert case.delivery.state is State.EXPIRED
    assert case.next is not None
    assert case.next.step is Step.MEND_DELIVERY
    assert [(task.kind, task.subject, task.for_staff) for task in tasks(town, PER)] == [
        (TaskKind.NOT_DELIVERED, referral, PER.id)
    ]
    assert {Act.SEND_AGAIN, Act.GIVE_UP} <= set(case.acts)
    page = town.ask(PER, service.list_sent, wanted=service.SentFilter.TO_DO)
    assert [row.is_undelivered for row in page.rows] == [True]


def test_a_referral_is_mended_and_sent_again(two_nodes: Town) -> None:
    town = two_nodes
    referral = expired(town)
    town.wire.down.clear()
    town.do(PER, service.send_again, referral, content(problem="Depresjon, verre siste uke"))
    town.settle()
    assert town.see(PER, referral).standing.status is Status.RECEIVED
    assert town.see(INGRID, referral).content.problem == "Depresjon, verre siste uke"


def test_a_referral_that_arrives_twice_under_two_messages_is_one_case(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.draft()
    town.do(PER, service.send, referral)
    town.wire.lose_answer.add(DPS_URL)
    town.pass_time(minutes=1)
    town.work_at(town.kommune)
    town.wire.down.add(DPS_URL)
    town.pass_time(hours=97)
    town.work_at(town.kommune)
    town.wire.down.clear()
    town.do(PER, service.send_again, referral, content(problem="Mer å fortelle"))
    town.settle()
    page = town.ask(INGRID, service.worklist, INTAKE)
    assert [row.referral for row in page.rows] == [referral]
    assert town.see(INGRID, referral).content.problem == "Mer å fortelle"
    assert town.see(PER, referral).standing.status is Status.RECEIVED


def test_a_referral_given_up_closes_and_comes_back_if_it_arrived_after_all(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.draft()
    town.do(PER, service.send, referral)
    town.wire.lose_answer.add(DPS_URL)
    town.pass_time(minutes=1)
    town.work_at(town.kommune)
    town.wire.down.add(DPS_URL)
    town.pass_time(hours=97)
    town.work_at(town.kommune)
    town.do(PER, service.give_up, referral, "Ringte i stedet")
    case = town.see(PER, referral)
    assert case.standing.status is Status.ENTERED_IN_ERROR
    assert case.next is None
    town.wire.down.clear()
    town.do(INGRID, service.open_, referral)
    town.settle()
    assert town.see(PER, referral).standing.status is Status.RECEIVED, "the receiver holds it: that counts"


def test_a_message_that_was_refused_names_the_problems_in_words(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.draft()
    town.do(PER, service.send, referral)
    town.services = {INTAKE: {"takes_referrals": False}}  # closed between writing and arriving
    town.settle()
    case = town.see(PER, referral)
    assert case.standing.undelivered
    assert case.delivery is not None
    assert case.delivery.state is State.REFUSED
    (task,) = tasks(town, PER)
    assert task.kind is TaskKind.NOT_DELIVERED
    assert "referral-request refused" in task.text
    assert "unknown-addressee" in task.text
    assert "Solveig" not in task.text


def test_a_request_that_never_arrived_can_be_made_again(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    town.wire.down.add(DPS_URL)
    town.do(PER, service.request_withdrawal, referral, "Pasienten ønsker det")
    town.pass_time(hours=97)
    town.work()
    standing: Standing = town.see(PER, referral).standing
    assert standing.pending == ()
    assert standing.answered[-1].code == "delivery.expired"
    assert [task.kind for task in tasks(town, PER)] == [TaskKind.NOT_DELIVERED]
    town.wire.down.clear()
    town.do(PER, service.request_withdrawal, referral, "Pasienten ønsker det")
    town.settle()
    assert town.see(PER, referral).standing.status is Status.WITHDRAWAL_REQUESTED


def test_a_word_that_never_reached_the_referrer_is_a_task_at_the_receiver(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    town.wire.down.add("http://kommune.example")
    town.do(OLA, service.ask, referral, "Hvilke medisiner?")
    town.pass_time(hours=97)
    town.work()
    assert [task.kind for task in tasks(town, OLA)] == [TaskKind.NOT_DELIVERED]


def test_a_referral_that_is_only_late_is_shown_as_late_and_is_nobodys_task(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.draft()
    town.do(PER, service.send, referral)
    town.wire.down.add(DPS_URL)
    town.pass_time(hours=1)
    town.work()
    assert tasks(town, PER) == (), "late is shown, and no task: the machines still try"
    delivery = town.see(PER, referral).delivery
    assert delivery is not None
    assert delivery.late


@pytest.mark.parametrize("rounds", [1, 3])
def test_a_node_that_is_down_for_a_while_changes_nothing_but_the_time(two_nodes: Town, rounds: int) -> None:
    town = two_nodes
    town.wire.down.add(DPS_URL)
    referral = town.draft()
    town.do(PER, service.send, referral)
    for _ in range(rounds):
        town.pass_time(hours=5)
        town.work()
    case = town.see(PER, referral)
    assert case.standing.status is Status.SENT
    assert case.delivery is not None
    assert case.delivery.late
    town.wire.down.clear()
    town.pass_time(hours=1)
    town.work()
    case = town.see(PER, referral)
    assert case.standing.status is Status.RECEIVED
    assert case.standing.received_at is not None
    assert case.standing.received_at - START > timedelta(hours=5 * rounds), "the clock starts when it arrived"
