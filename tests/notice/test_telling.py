"""Who is told of what: a patient never before it is shown, staff of what is theirs, nobody of their own acts."""

from datetime import timedelta

import pytest

from handover.access import service as access
from handover.actors import Machine, Staff
from handover.bundle import service as handovers
from handover.bundle.lifecycle import Side
from handover.ids import ReferralId
from handover.inquiry import service as inquiry
from handover.inquiry.model import About
from handover.message import service as messages
from handover.message.model import Content
from handover.person import service as person
from handover.referral import service
from handover.team import service as team
from handover.team.model import Task, TaskKind
from tests.builders import DPS, INTAKE, MUNICIPALITY, PSYCHOLOGIST
from tests.message.nodes import QUESTION, Post
from tests.notice.people import Pigeonhole, give_pigeonhole, wish_patient, wish_staff
from tests.referral.conftest import one_node, open_sqlite, two_nodes
from tests.referral.nodes import (
    INGRID,
    LEADER,
    OLA,
    PATIENT,
    PER,
    Town,
    acceptance,
    content,
    refusal,
)
from tests.referral.visiting import register_everybody

__all__ = ["one_node", "open_sqlite", "two_nodes"]
SOLVEIGS, PERS, OLAS, INGRIDS = "solveig@example.org", "per@example.org", "ola@example.org", "+4791234567"
LISES = "lise@example.org"


@pytest.fixture
def holes(two_nodes: Town) -> dict[str, Pigeonhole]:
    """Where notices of each node end; the staff can be told."""
    register_everybody(two_nodes)
    return {"kommune": give_pigeonhole(two_nodes.kommune), "dps": give_pigeonhole(two_nodes.dps)}


def letters_or_calls(town: Town, by: Staff) -> list[Task]:
    with town.node_of(by.agency).db.reading() as session:
        return [each for each in team.tasks(session, by) if each.kind is TaskKind.LETTER_OR_CALL]


def opens(town: Town, referral: ReferralId) -> None:
    with town.dps.db.transaction() as session:
        service.my_referral(session, town.dps.settings.agencies, referral, by=PATIENT, now=town.now)


# --- the patient -----------------------------------------------------------------------------------------------


def test_a_patient_is_told_that_a_referral_has_moved(two_nodes: Town, holes: dict[str, Pigeonhole]) -> None:
    case = two_nodes.taken()
    wish_patient(two_nodes, two_nodes.kommune, MUNICIPALITY, SOLVEIGS)
    two_nodes.do(OLA, service.accept, case, acceptance())
    two_nodes.settle()
    assert holes["kommune"].news(SOLVEIGS) == 1
    two_nodes.do(OLA, service.note_to_referrer, case, "Ring meg.")
    two_nodes.settle()
    assert holes["kommune"].news(SOLVEIGS) == 1


def test_a_patient_is_told_of_a_refusal_when_it_is_shown_and_not_before(
    two_nodes: Town, holes: dict[str, Pigeonhole]
) -> None:
    case = two_nodes.taken()
    for node, agency in ((two_nodes.kommune, MUNICIPALITY), (two_nodes.dps, DPS)):
        wish_patient(two_nodes, node, agency, SOLVEIGS)
    two_nodes.do(OLA, service.reject, case, refusal())
    two_nodes.settle()
    assert [hole.news(SOLVEIGS) for hole in holes.values()] == [0, 0]
    two_nodes.see(PER, case)
    two_nodes.settle()
    assert [hole.news(SOLVEIGS) for hole in holes.values()] == [1, 1]
    two_nodes.pass_time(days=2)
    two_nodes.work()
    assert [hole.news(SOLVEIGS) for hole in holes.values()] == [1, 1]


def test_a_patient_is_told_of_a_refusal_at_the_latest_when_rule_14_shows_it(
    two_nodes: Town, holes: dict[str, Pigeonhole]
) -> None:
    case = two_nodes.taken()
    wish_patient(two_nodes, two_nodes.kommune, MUNICIPALITY, SOLVEIGS)
    two_nodes.do(OLA, service.reject, case, refusal())
    two_nodes.settle()
    noon = two_nodes.now.replace(hour=11, minute=0, second=0, microsecond=0) + timedelta(days=1)
    two_nodes.move_to(noon - timedelta(minutes=1))
    two_nodes.work()
    assert holes["kommune"].news(SOLVEIGS) == 0
    two_nodes.move_to(noon)
    two_nodes.work()
    assert holes["kommune"].news(SOLVEIGS) == 1


def test_a_patient_whom_two_agencies_of_a_node_know_is_told_once(one_node: Town) -> None:
    register_everybody(one_node)
    hole = give_pigeonhole(one_node.kommune)
    case = one_node.taken()
    for agency in (MUNICIPALITY, DPS):
        wish_patient(one_node, one_node.kommune, agency, SOLVEIGS)
    one_node.do(OLA, service.accept, case, acceptance())
    one_node.settle()
    assert hole.news(SOLVEIGS) == 1


def test_a_patient_is_told_of_a_handover_to_mark(two_nodes: Town, holes: dict[str, Pigeonhole]) -> None:
    who = content().patient
    assert who is not None
    with two_nodes.kommune.db.transaction() as session:
        at = two_nodes.now
        made = handovers.start(session, by=PER, service=PSYCHOLOGIST, patient=who, receiver=INTAKE, now=at)
    wish_patient(two_nodes, two_nodes.kommune, MUNICIPALITY, SOLVEIGS)
    turn = handovers.Turn(handover=made, by=PER, now=two_nodes.now, side=Side.SENDER)
    with two_nodes.kommune.db.transaction() as session:
        handovers.invite(session, turn)
    two_nodes.settle()
    assert holes["kommune"].news(SOLVEIGS) == 1
    two_nodes.pass_time(days=4)
    two_nodes.work()
    (task,) = letters_or_calls(two_nodes, PER)
    assert (task.service, task.subject) == (PSYCHOLOGIST, made)
    mine = handovers.Turn(handover=made, by=PATIENT, now=two_nodes.now, side=Side.PATIENT)
    with two_nodes.kommune.db.transaction() as session:
        handovers.case_of(session, mine)
    assert letters_or_calls(two_nodes, PER) == []


def test_a_patient_is_told_that_a_question_is_answered(two_nodes: Town, holes: dict[str, Pigeonhole]) -> None:
    case = two_nodes.taken()
    wish_patient(two_nodes, two_nodes.dps, DPS, SOLVEIGS)
    with two_nodes.dps.db.transaction() as session:
        owner = person.of_number(session, DPS, PATIENT.number)
        assert owner is not None
        about = About(agency=DPS, service=INTAKE, kind="referral", subject=case, reference="AAAA-2222")
        asked = inquiry.ask(session, about, "Hvorfor?", by=PATIENT, person=owner, now=two_nodes.now)
    two_nodes.settle()
    assert holes["dps"].news(SOLVEIGS) == 0
    with two_nodes.dps.db.transaction() as session:
        inquiry.answer(session, asked, "Derfor.", by=LEADER, now=two_nodes.now)
    two_nodes.settle()
    assert holes["dps"].news(SOLVEIGS) == 1


# --- letter or call ---------------------------------------------------------------------------------------------


def test_what_a_patient_does_not_open_in_four_days_becomes_one_task_at_the_service_that_decided(
    two_nodes: Town, holes: dict[str, Pigeonhole]
) -> None:
    case = two_nodes.taken()
    two_nodes.do(OLA, service.accept, case, acceptance())
    two_nodes.settle()
    two_nodes.pass_time(days=4, minutes=-5)
    two_nodes.work()
    assert letters_or_calls(two_nodes, OLA) == []
    two_nodes.pass_time(minutes=5)
    two_nodes.work()
    two_nodes.pass_time(days=4)
    two_nodes.work()
    (task,) = letters_or_calls(two_nodes, OLA)
    assert (task.service, task.subject) == (INTAKE, case)
    assert letters_or_calls(two_nodes, PER) == []
    opens(two_nodes, case)
    assert letters_or_calls(two_nodes, OLA) == []


def test_who_has_opened_it_needs_no_letter(two_nodes: Town, holes: dict[str, Pigeonhole]) -> None:
    case = two_nodes.taken()
    two_nodes.do(OLA, service.accept, case, acceptance())
    two_nodes.settle()
    opens(two_nodes, case)
    two_nodes.pass_time(days=8)
    two_nodes.work()
    assert letters_or_calls(two_nodes, OLA) == []


def test_who_looked_while_the_refusal_was_hidden_still_has_not_opened_it(
    two_nodes: Town, holes: dict[str, Pigeonhole]
) -> None:
    case = two_nodes.taken()
    two_nodes.do(OLA, service.reject, case, refusal())
    two_nodes.settle()
    opens(two_nodes, case)
    two_nodes.pass_time(days=6)
    two_nodes.work()
    assert len(letters_or_calls(two_nodes, OLA)) == 1


def test_something_new_after_the_task_is_waited_for_anew(two_nodes: Town, holes: dict[str, Pigeonhole]) -> None:
    case = two_nodes.taken()
    two_nodes.do(OLA, service.accept, case, acceptance())
    two_nodes.settle()
    two_nodes.pass_time(days=5)
    two_nodes.work()
    (task,) = letters_or_calls(two_nodes, OLA)
    with two_nodes.dps.db.transaction() as session:
        team.finish_task(session, task.id, by=OLA, now=two_nodes.now)
    two_nodes.do(OLA, service.reject, case, refusal())
    two_nodes.settle()
    two_nodes.pass_time(days=8)
    two_nodes.work()
    assert len(letters_or_calls(two_nodes, OLA)) == 1


# --- staff -----------------------------------------------------------------------------------------------------


def test_the_team_is_told_of_what_comes_and_the_owner_of_what_is_theirs(
    two_nodes: Town, holes: dict[str, Pigeonhole]
) -> None:
    wish_staff(two_nodes, INGRID, INGRIDS, wants_team=True)
    wish_staff(two_nodes, OLA, OLAS)
    case = two_nodes.sent()
    hole = holes["dps"]
    assert (hole.news(INGRIDS), hole.news(OLAS)) == (1, 0)
    two_nodes.do(INGRID, service.assign, case, OLA)
    two_nodes.settle()
    assert (hole.news(INGRIDS), hole.news(OLAS)) == (1, 1)
    two_nodes.do(PER, service.supplement, case, "Nytt nummer.")
    two_nodes.settle()
    assert (hole.news(INGRIDS), hole.news(OLAS)) == (1, 2)


def test_a_leader_who_follows_a_thread_is_told_of_what_comes_in_it_and_of_nothing_else(
    two_nodes: Town, holes: dict[str, Pigeonhole]
) -> None:
    wish_staff(two_nodes, LEADER, LISES)
    post, hole = Post(two_nodes), holes["dps"]
    followed, other = (post.send(PER, [INTAKE], about=QUESTION) for _ in range(2))
    post.do(LEADER, followed, messages.observe)
    two_nodes.settle()
    assert hole.news(LISES) == 0
    post.do(PER, other, messages.send, post.do(PER, other, messages.reply, content=Content(text="Mer")))
    post.do(INGRID, followed, messages.open_)
    two_nodes.settle()
    assert hole.news(LISES) == 0
    post.do(PER, followed, messages.send, post.do(PER, followed, messages.reply, content=Content(text="Mer")))
    two_nodes.settle()
    assert hole.news(LISES) == 1
    post.do(LEADER, followed, messages.observe, stop=True)
    post.do(PER, followed, messages.send, post.do(PER, followed, messages.reply, content=Content(text="Enda mer")))
    two_nodes.settle()
    assert hole.news(LISES) == 1


def test_nobody_is_told_of_what_they_did_themselves(two_nodes: Town, holes: dict[str, Pigeonhole]) -> None:
    wish_staff(two_nodes, OLA, OLAS, wants_team=True)
    case = two_nodes.sent()
    told = holes["dps"].news(OLAS)
    two_nodes.do(OLA, service.open_, case)
    two_nodes.do(OLA, service.take, case)
    two_nodes.settle()
    assert holes["dps"].news(OLAS) == told == 1


def test_a_referrer_is_told_of_the_outcome(two_nodes: Town, holes: dict[str, Pigeonhole]) -> None:
    wish_staff(two_nodes, PER, PERS)
    case = two_nodes.taken()
    assert holes["kommune"].news(PERS) == 0
    two_nodes.do(OLA, service.reject, case, refusal())
    two_nodes.settle()
    assert holes["kommune"].news(PERS) == 1


def test_whoever_has_the_work_is_told_once_that_its_date_has_passed(
    two_nodes: Town, holes: dict[str, Pigeonhole]
) -> None:
    wish_staff(two_nodes, OLA, OLAS)
    case = two_nodes.taken()
    assert holes["dps"].news(OLAS) == 0
    due = two_nodes.see(OLA, case).work
    assert due is not None
    two_nodes.move_to(due.due_at - timedelta(minutes=10))
    two_nodes.work()
    assert holes["dps"].news(OLAS) == 0
    two_nodes.move_to(due.due_at + timedelta(minutes=2))
    two_nodes.work()
    two_nodes.pass_time(days=1)
    two_nodes.work()
    assert holes["dps"].news(OLAS) == 1


def test_who_left_the_service_is_not_told_of_it(two_nodes: Town, holes: dict[str, Pigeonhole]) -> None:
    wish_staff(two_nodes, INGRID, INGRIDS, wants_team=True)
    with two_nodes.dps.db.transaction() as session:
        by = Machine(agency=DPS, name="seed")
        access.close(session, INGRID.id, agency=DPS, by=by, now=two_nodes.now)
    two_nodes.sent()
    assert holes["dps"].news(INGRIDS) == 0
