"""A referral from draft to completed over three nodes and real HTTP; the rules are looked at after every act."""

from datetime import timedelta

from handover.exchange.lifecycle import State
from handover.referral import service
from handover.referral.lifecycle import Act, Status
from handover.referral.model import Completion
from handover.referral.steps import Step
from handover.workdays import local_date
from tests.journeys.region import Region
from tests.referral.nodes import INGRID, OLA, PER, START, acceptance, appointment


def test_a_referral_goes_from_draft_to_completed_with_everything_on_the_way(town: Region) -> None:
    referral = town.draft()
    town.look()
    town.do(PER, service.send, referral)
    assert town.see(PER, referral).standing.status is Status.SENT
    town.settle()
    ours = town.see(PER, referral)
    assert (ours.standing.status, ours.standing.opened) == (Status.RECEIVED, None)
    assert ours.delivery is not None
    assert ours.delivery.state is State.ACKNOWLEDGED

    town.do(INGRID, service.open_, referral)
    town.do(OLA, service.take, referral)
    town.do(INGRID, service.internal_note, referral, "Kanari gul lapp")
    town.do(OLA, service.ask, referral, "Kanari spør: hvilke medisiner?")
    town.settle()
    ours = town.see(PER, referral)
    assert ours.standing.opened is not None
    assert ours.next is not None
    assert ours.next.step is Step.ANSWER

    town.do(PER, service.supplement, referral, "Kanari har fått ny bolig")
    town.do(PER, service.answer, referral, "Kanari bruker Sertralin 50 mg")
    assert len(town.see(PER, referral).standing.pending) == 2
    town.settle()
    town.do(PER, service.note_to_other_side, referral, "Kanari: jeg er borte i uke 50")
    town.settle()
    town.do(INGRID, service.note_to_other_side, referral, "Kanari: takk, notert")
    town.do(OLA, service.accept, referral, acceptance(reason="Kanari har rett til hjelp"))
    town.do(INGRID, service.schedule, referral, appointment(START + timedelta(days=20)))
    town.settle()
    town.do(INGRID, service.reschedule, referral, appointment(START + timedelta(days=22)), "Kanari ba om det")
    town.settle()
    town.move_to(START + timedelta(days=22, hours=3))
    town.do(OLA, service.no_show, referral, "Kanari: vi ringer deg")
    town.do(INGRID, service.schedule, referral, appointment(START + timedelta(days=30)))
    town.settle()
    town.move_to(START + timedelta(days=30, hours=3))
    town.do(OLA, service.start, referral, local_date(town.now))
    town.settle()
    town.do(OLA, service.complete, referral, Completion(outcome="Kanari er bedre", follow_up="Kanari hos oss"))
    town.settle()

    ours, theirs = town.see(PER, referral), town.see(OLA, referral)
    assert ours.standing.status is theirs.standing.status is Status.COMPLETED
    texts = {entry.text for entry in theirs.history}
    assert {"Kanari har fått ny bolig", "Kanari bruker Sertralin 50 mg", "Kanari: takk, notert"} <= texts
    assert all("gul lapp" not in entry.text for entry in ours.history)
    assert [note.text for note in theirs.notes] == ["Kanari gul lapp"]
    assert Act.NO_SHOW in [entry.act for entry in ours.history]
    from_both = [town.seen_by_patient(town.node_of(by.agency), referral) for by in (PER, OLA)]
    assert from_both[0].standing.status is from_both[1].standing.status is Status.COMPLETED
    assert from_both[0].deadline == from_both[1].deadline
    town.prove()
