"""A referral from draft to completed, over two nodes with real messages, seen from both sides."""

from datetime import date, timedelta

from handover.exchange.lifecycle import State
from handover.referral import service
from handover.referral.lifecycle import Act, Status, Version
from handover.referral.model import Completion
from handover.referral.steps import Step
from tests.builders import INTAKE
from tests.referral.nodes import INGRID, OLA, PER, START, Town, acceptance, appointment


def test_a_referral_goes_all_the_way_and_both_sides_see_the_same(any_nodes: Town) -> None:
    town = any_nodes
    referral = town.draft()
    town.do(PER, service.send, referral)
    assert town.see(PER, referral).standing.status is Status.SENT
    town.settle()

    ours = town.see(PER, referral)
    assert (ours.standing.status, ours.standing.version) == (Status.RECEIVED, Version(1, 1))
    assert ours.delivery is not None
    assert ours.delivery.state is State.ACKNOWLEDGED
    assert ours.deadline is not None
    assert ours.deadline.last_day == date(2026, 11, 23)
    assert ours.next is not None
    assert ours.next.step is Step.AWAIT_ASSESSMENT

    page = town.ask(INGRID, service.worklist, INTAKE)
    assert [(row.name, row.birth_year, row.status, row.days_left) for row in page.rows] == [
        ("Solveig Nes", 1982, Status.RECEIVED, 10)
    ]
    town.do(INGRID, service.open_, referral)
    town.do(OLA, service.take, referral)
    town.do(OLA, service.ask, referral, "Hvilke medisiner bruker hun?")
    town.settle()
    ours = town.see(PER, referral)
    assert ours.standing.status is Status.INFO_REQUESTED
    assert ours.standing.opened is not None
    assert ours.standing.opened.by == "Ingrid Inntak"
    assert ours.standing.assessor == "Ola Overlege"
    assert [question.text for question in ours.standing.questions] == ["Hvilke medisiner bruker hun?"]
    assert Act.ANSWER in ours.acts

    town.do(PER, service.answer, referral, "Sertralin 50 mg")
    assert len(town.see(PER, referral).standing.pending) == 1
    town.settle()
    ours, theirs = town.see(PER, referral), town.see(OLA, referral)
    assert ours.standing.pending == ()
    assert ours.standing.status is theirs.standing.status is Status.ASSESSING
    assert [entry.text for entry in theirs.history if entry.act is Act.ANSWER] == ["Sertralin 50 mg"]

    town.do(OLA, service.accept, referral, acceptance())
    town.do(INGRID, service.schedule, referral, appointment(START + timedelta(days=20)))
    town.settle()
    ours = town.see(PER, referral)
    assert ours.standing.status is Status.SCHEDULED
    assert ours.standing.appointment == appointment(START + timedelta(days=20))
    assert ours.standing.outcome == acceptance()
    assert ours.days_left is None

    town.move_to(START + timedelta(days=20, hours=2))
    town.do(OLA, service.start, referral, date(2026, 11, 29))
    town.do(OLA, service.complete, referral, Completion(outcome="Bedre", follow_up="Kommunepsykolog"))
    town.settle()
    ours, theirs = town.see(PER, referral), town.see(OLA, referral)
    assert ours.standing.status is theirs.standing.status is Status.COMPLETED
    assert ours.standing.version == theirs.standing.version
    acts = [entry.act for entry in ours.history]
    assert acts == [
        Act.SEND,
        Act.ARRIVE,
        Act.OPEN,
        Act.TAKE,
        Act.ASK,
        Act.ANSWER,
        Act.ANSWER,
        Act.ACCEPT,
        Act.SCHEDULE,
        Act.START,
        Act.COMPLETE,
    ]
