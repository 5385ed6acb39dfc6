"""A referral that went by post: registered by either side, followed with the same clock, sent to nobody."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from handover.actors import Staff
from handover.errors import Invalid, NotPermitted
from handover.ids import ReferralId
from handover.moves import MoveNotAllowed
from handover.person.age import TooYoung
from handover.referral import service
from handover.referral.lifecycle import Act, Side, Status
from handover.referral.service import PaperReferral
from handover.referral.steps import Step
from tests.builders import INTAKE, PSYCHOLOGIST
from tests.referral.nodes import INGRID, OLA, PER, SENIOR, START, Town, acceptance, content, refusal

SENT = START - timedelta(days=3)


def paper(**other: Any) -> PaperReferral:
    whole = PaperReferral(
        side=Side.REFERRER,
        content=content(),
        counterpart="Haukedalen sykehus",
        counterpart_phone="55 11 22 33",
        sent_at=SENT,
    )
    return replace(whole, **other)


def register(town: Town, made: PaperReferral, by: Staff = PER) -> ReferralId:
    at = PSYCHOLOGIST if by is PER else INTAKE
    with town.node_of(by.agency).db.transaction() as session:
        stored = service.register_paper(session, made, by=by, service=at, now=town.now)
    found: ReferralId = stored.standing.referral
    return found


def test_a_referrer_follows_a_paper_referral_with_the_same_clock(any_nodes: Town) -> None:
    town = any_nodes
    referral = register(town, paper())
    case = town.see(PER, referral)
    assert case.standing.status is Status.SENT
    assert case.next is not None
    assert case.next.step is Step.CALL_ABOUT_PAPER
    assert Act.RECORD_ARRIVAL in case.acts
    town.do(PER, service.record_arrival, referral, datetime(2026, 11, 6, 9, tzinfo=UTC))
    case = town.see(PER, referral)
    assert case.standing.status is Status.RECEIVED
    assert case.deadline is not None
    assert case.deadline.last_day == date(2026, 11, 20)
    assert case.delivery is None
    town.do(PER, service.take, referral)
    assert town.see(PER, referral).standing.assessor == "Haukedalen sykehus"
    town.do(PER, service.accept, referral, acceptance())
    case = town.see(PER, referral)
    assert case.standing.status is Status.ACCEPTED
    assert case.standing.owner == PER.id
    town.settle()
    assert town.wire.seen == [], "nothing leaves the node"


def test_a_refusal_on_paper_is_followed_up_like_any_other(two_nodes: Town) -> None:
    town = two_nodes
    referral = register(town, paper(received_at=SENT))
    town.do(PER, service.take, referral)
    town.do(PER, service.reject, referral, refusal())
    assert town.see(PER, referral).next is not None
    town.do(PER, service.follow_up, referral)
    assert town.see(PER, referral).next is None


def test_a_receiver_registers_what_came_by_post_into_its_worklist(two_nodes: Town) -> None:
    town = two_nodes
    received = START - timedelta(days=1)
    made = paper(side=Side.RECEIVER, sent_at=None, received_at=received, counterpart="Dr. Berg")
    referral = register(town, made, INGRID)
    (row,) = town.ask(INGRID, service.worklist, INTAKE).rows
    assert (row.referral, row.counterpart, row.status) == (referral, "Dr. Berg", Status.RECEIVED)
    town.do(OLA, service.take, referral)
    town.do(OLA, service.ask, referral, "Hvilke medisiner?")
    assert Act.ANSWER in town.see(OLA, referral).acts
    town.do(OLA, service.answer, referral, "Dr. Berg ringte: sertralin")
    assert town.see(OLA, referral).standing.status is Status.ASSESSING
    town.do(OLA, service.accept, referral, acceptance())
    assert town.see(OLA, referral).standing.status is Status.ACCEPTED
    town.settle()
    assert town.wire.seen == []


def test_a_refusal_of_what_no_professional_sent_is_shown_to_the_patient_at_once(two_nodes: Town) -> None:
    town = two_nodes
    made = paper(
        side=Side.RECEIVER, sent_at=None, received_at=SENT, counterpart="Solveig Nes", by_professional=False
    )
    referral = register(town, made, INGRID)
    town.do(OLA, service.take, referral)
    town.do(OLA, service.reject, referral, refusal())
    assert town.seen_by_patient(town.dps, referral).standing.status is Status.REJECTED


def test_a_referrer_asks_and_answers_on_paper_without_anything_pending(two_nodes: Town) -> None:
    town = two_nodes
    referral = register(town, paper(received_at=SENT))
    town.do(PER, service.take, referral)
    town.do(PER, service.ask, referral, "De ringte og spurte om medisiner")
    assert town.see(PER, referral).standing.status is Status.INFO_REQUESTED
    town.do(PER, service.answer, referral, "Sendt i brev")
    assert town.see(PER, referral).standing.status is Status.ASSESSING
    town.do(PER, service.request_withdrawal, referral, "Flyttet")
    town.do(PER, service.confirm_withdrawal, referral)
    assert town.see(PER, referral).standing.status is Status.WITHDRAWN


def test_what_came_by_post_is_not_sent_on_over_the_wire(two_nodes: Town) -> None:
    town = two_nodes
    made = paper(side=Side.RECEIVER, sent_at=None, received_at=SENT)
    referral = register(town, made, INGRID)
    town.do(OLA, service.take, referral)
    assert Act.REDIRECT not in town.see(OLA, referral).acts
    with pytest.raises(MoveNotAllowed):
        town.do(OLA, service.redirect, referral, SENIOR, "Alder")


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"counterpart": " "}, {"counterpart"}),
        ({"sent_at": None}, {"sent_at"}),
        ({"sent_at": START + timedelta(days=1)}, {"sent_at"}),
        ({"received_at": START + timedelta(days=1)}, {"received_at"}),
        ({"content": content(patient=None)}, {"patient"}),
        ({"side": Side.RECEIVER}, {"received_at"}),
    ],
)
def test_what_is_missing_on_paper_is_named(two_nodes: Town, changed: dict[str, Any], fields: set[str]) -> None:
    made = paper(**changed)
    with pytest.raises(Invalid) as refused:
        register(two_nodes, made, PER if made.side is Side.REFERRER else INGRID)
    assert set(refused.value.fields) == fields


def test_paper_is_for_adults_and_for_who_works_there(two_nodes: Town) -> None:
    patient = content().patient
    assert patient is not None
    young = content(patient=replace(patient, birth_date=date(2015, 1, 1)))
    with pytest.raises(TooYoung):
        register(two_nodes, paper(content=young))
    with pytest.raises(NotPermitted):
        register(two_nodes, paper(side=Side.RECEIVER, received_at=SENT), PER)


def test_an_arrival_in_the_future_is_refused(two_nodes: Town) -> None:
    town = two_nodes
    referral = register(town, paper())
    with pytest.raises(Invalid):
        town.do(PER, service.record_arrival, referral, town.now + timedelta(hours=1))
