"""After the yes: one more item, one more receiver, between two units, words and the end."""

from collections.abc import Callable

import pytest

from handover.bundle import document, service
from handover.bundle.lifecycle import Act, Side, Status
from handover.bundle.model import Content, Decline, Done, Mark
from handover.bundle.service import AlreadyThere, HandoverNotFound, ItemNotFound, StalePreview, Turn
from handover.bundle.steps import Step
from handover.consent import service as consent
from handover.consent.model import Target
from handover.errors import HandoverError
from handover.ids import HandoverId, ItemId
from handover.moves import Incomplete, MoveNotAllowed
from handover.team.model import TaskKind
from tests.builders import DPS, FACT, MUNICIPALITY, NAV_OFFICE
from tests.bundle.meeting import EVENTS, PDF, Meeting, approved, sent, together
from tests.referral.nodes import DPS_NODE, FATIMA, INGRID, OLA, SARA, SENIOR, Town


def stays_of(met: Meeting) -> ItemId:
    """Return the item that stayed."""
    return next(item.id for item in met.see().items if item.marked.mark is Mark.STAYS)


def step_of(met: Meeting) -> Step | None:
    """Return what must happen next, as the sender sees it."""
    found = met.see().next
    return None if found is None else found.step


def test_a_patient_releases_one_more_item_later_with_only_a_yes(any_nodes: Town) -> None:
    met = sent(any_nodes)
    item = stays_of(met)
    first = met.do(service.document_of)
    frozen = met.at_home(service.preview_supplement, item)
    assert met.at_home(service.preview_supplement, item) == frozen
    shown = document.read(frozen.document)
    assert shown.supplements == first.sha256
    assert "Det som skal bli her" in frozen.document.decode()
    assert "Må få sove" not in frozen.document.decode()
    met.at_home(service.release_more, frozen.sha256)
    any_nodes.settle()
    assert met.see().standing.documents == (first.sha256, frozen.sha256)
    assert met.there(INGRID, service.document_of, frozen.sha256).document == frozen.document
    with pytest.raises(AlreadyThere):
        met.at_home(service.preview_supplement, item)
    assert met.do(service.document_of) == first


def test_a_supplement_that_was_lost_is_released_again(two_nodes: Town) -> None:
    met = sent(two_nodes)
    frozen = met.at_home(service.preview_supplement, stays_of(met))
    two_nodes.wire.down.add(DPS_NODE)
    met.at_home(service.release_more, frozen.sha256)
    two_nodes.pass_time(hours=97)
    two_nodes.work()
    two_nodes.wire.down.discard(DPS_NODE)
    assert [each.lost for each in met.see().standing.pending] == [True]
    met.do(service.release_more, frozen.sha256)
    two_nodes.settle()
    standing = met.see().standing
    assert (standing.pending, standing.documents[1:]) == ((), (frozen.sha256,))


def test_nothing_more_is_released_of_what_was_taken_back(two_nodes: Town) -> None:
    met = sent(two_nodes)
    frozen = met.at_home(service.preview_supplement, stays_of(met))
    met.at_home(service.withdraw)
    with pytest.raises(MoveNotAllowed):
        met.at_home(service.release_more, frozen.sha256)


def test_nothing_is_released_that_was_not_previewed(two_nodes: Town) -> None:
    met = sent(two_nodes)
    with pytest.raises(StalePreview):
        met.at_home(service.release_more, met.do(service.document_of).sha256)


def test_a_second_receiver_is_a_case_of_its_own_that_starts_from_the_first_marks(any_nodes: Town) -> None:
    met = together(any_nodes)
    met.add("Må få sove", marked=Mark.TRAVELS)
    file = met.do(service.attach, "documents", "plan.pdf", PDF)
    met.do(service.mark, file, Mark.STAYS)
    private = met.at_home(service.add_own_item, Content(topic=EVENTS, own_words="Mitt"), clinician_may_see=False)
    met.say_yes()
    second = Meeting(any_nodes, met.do(service.copy_to, SENIOR), met.by)
    case = second.see(by=met.patient)
    assert [item.marked.mark for item in case.items] == [Mark.TRAVELS, Mark.STAYS, Mark.UNDECIDED]
    assert {item.id for item in case.items}.isdisjoint({file, private})
    assert len(second.see().items) == 2
    assert (case.standing.status, case.standing.approval) == (Status.WITH_PATIENT, None)
    assert met.see().standing.status is Status.APPROVED
    copied = case.items[1].content.file
    assert copied is not None
    assert case.file_id(copied) != met.see().file_id(copied), "the same content has another name in another case"
    found = second.do(service.file_of, case.file_id(copied))
    assert found[1] == PDF
    second.say_yes()
    second.do(service.send)
    any_nodes.settle()
    assert second.there(SARA, service.document_of).sha256 == second.see().standing.frozen


def test_what_a_permit_does_not_cover_starts_undecided_for_a_second_receiver(two_nodes: Town) -> None:
    met = approved(two_nodes)
    second = Meeting(two_nodes, met.do(service.copy_to, NAV_OFFICE), met.by)
    assert [item.marked.mark for item in second.see().items] == [Mark.UNDECIDED, Mark.STAYS]
    with pytest.raises(consent.OutsideScope):
        second.do(service.mark, second.see().items[0].id, Mark.TRAVELS)


def test_two_units_of_one_agency_hand_over_in_the_same_way(any_nodes: Town) -> None:
    met = sent(any_nodes, to=FACT)
    assert met.see().standing.status is Status.RECEIVED
    there = met.there(FATIMA, service.case_of)
    assert there.standing.status is Status.RECEIVED
    assert there.items == ()
    assert met.there(FATIMA, service.document_of).document == met.do(service.document_of).document
    met.there(FATIMA, service.open_)
    any_nodes.settle()
    assert met.see().standing.status is Status.OPENED


def test_a_note_of_the_sender_reaches_the_receiver(two_nodes: Town) -> None:
    met = sent(two_nodes)
    met.do(service.note_to_receiver, "Ring meg når dere har lest den")
    with pytest.raises(Incomplete):
        met.do(service.note_to_receiver, "  ")
    two_nodes.settle()
    history = met.there(INGRID, service.case_of).history
    assert [entry.text for entry in history if entry.act is Act.NOTE_TO_RECEIVER] == [
        "Ring meg når dere har lest den"
    ]


def test_a_decline_is_closed_with_a_word_on_who_follows_up(two_nodes: Town) -> None:
    met = sent(two_nodes)
    declined = Decline(reason="Vi har ikke plass", advice="Spør FACT", person="Ola Overlege", phone="55 00 00 04")
    met.there(OLA, service.decline, declined)
    two_nodes.settle()
    assert met.see(by=met.patient).standing.status is Status.RECEIVED, "the patient is not told before the sender"
    assert met.see().standing.status is Status.DECLINED
    assert met.see(by=met.patient).standing.status is Status.DECLINED
    with pytest.raises(Incomplete):
        met.do(service.close)
    met.do(service.close, "Per følger opp videre")
    assert met.see().standing.status is Status.CLOSED


def test_a_patient_who_is_not_shown_a_decline_yet_is_offered_nothing_that_would_be_refused(
    two_nodes: Town,
) -> None:
    met = sent(two_nodes)
    assert Act.RELEASE_MORE in met.see(by=met.patient).acts
    met.there(OLA, service.decline, Decline(reason="Fullt", person="Ola Overlege", phone="55 00 00 04"))
    two_nodes.settle()
    shown = met.see(by=met.patient)
    assert shown.standing.status is Status.RECEIVED
    assert set(shown.acts) == {Act.WITHDRAW}
    met.at_home(service.withdraw)
    two_nodes.settle()
    assert met.see().standing.status is Status.WITHDRAWAL_NOTIFIED


def test_a_patient_reads_their_handover_at_the_receivers_node_and_acts_only_where_it_was_written(
    two_nodes: Town,
) -> None:
    met = sent(two_nodes)
    with two_nodes.dps.db.transaction() as session:
        (line,) = service.my_handovers(session, two_nodes.dps.settings.agencies, met.patient, now=two_nodes.now)
        turn = Turn(
            handover=HandoverId(line.standing.handover), by=met.patient, now=two_nodes.now, side=Side.PATIENT
        )
        case = service.case_of(session, turn)
        assert (case.acts, case.items) == ((), ())
        assert service.document_of(session, turn).sha256 == met.see().standing.frozen
        with pytest.raises(HandoverNotFound):
            service.withdraw(session, turn)


def test_an_item_that_is_not_shown_cannot_be_supplemented(two_nodes: Town) -> None:
    met = together(two_nodes)
    met.add("Må få sove", marked=Mark.TRAVELS)
    mine = met.at_home(service.add_own_item, Content(topic=EVENTS, own_words="Mitt"), clinician_may_see=False)
    met.say_yes()
    met.do(service.send)
    two_nodes.settle()
    with pytest.raises(ItemNotFound):
        met.do(service.preview_supplement, mine)
    assert met.at_home(service.preview_supplement, mine).document


def test_what_stays_gives_no_other_service_of_the_agency_a_name_for_its_file(one_node: Town) -> None:
    met = together(one_node, to=FACT)
    hidden = met.do(service.attach, "documents", "Innleggelsen i 2019.pdf", PDF)
    shown = met.do(service.attach, "documents", "Plan.pdf", PDF)
    met.do(service.mark, hidden, Mark.STAYS)
    met.do(service.mark, shown, Mark.TRAVELS)
    met.say_yes()
    met.do(service.send)
    one_node.settle()
    held = next(item.content.file for item in met.see().items if item.id == shown)
    assert held is not None
    there = met.there(FATIMA, service.case_of).file_id(held)
    assert there != met.see().file_id(held)
    assert met.there(FATIMA, service.file_of, there)[0].name == "Plan.pdf"


def test_a_supplement_that_was_lost_is_nobodys_work_once_it_was_taken_back(two_nodes: Town) -> None:
    met = sent(two_nodes)
    two_nodes.wire.down.add(DPS_NODE)
    met.at_home(service.release_more, met.at_home(service.preview_supplement, stays_of(met)).sha256)
    two_nodes.pass_time(hours=97)
    two_nodes.work()
    assert step_of(met) is Step.MEND_DELIVERY
    two_nodes.wire.down.discard(DPS_NODE)
    met.at_home(service.withdraw)
    two_nodes.settle()
    assert step_of(met) is Step.ANSWER_WITHDRAWAL
    met.there(INGRID, service.answer_withdrawal, Done.DELETED, "", "Kari")
    two_nodes.settle()
    assert step_of(met) is None


def test_nobody_writes_past_a_block_and_what_waits_is_stopped(two_nodes: Town) -> None:
    met = sent(two_nodes)
    met.do(service.note_to_receiver, "Ring meg")
    with two_nodes.kommune.db.transaction() as session:
        who = met.see_standing(session).person
        consent.block(session, MUNICIPALITY, who, Target(agency=DPS), by=met.patient, now=two_nodes.now)
    two_nodes.settle()
    assert all(entry.act is not Act.NOTE_TO_RECEIVER for entry in met.there(INGRID, service.case_of).history)
    assert [task.kind for task in met.see().tasks] == [TaskKind.HELD_BACK]
    with pytest.raises(consent.Blocked):
        met.do(service.note_to_receiver, "Ring meg nå")


def stopped(met: Meeting, how: str) -> None:
    """Let the patient stop the first handover in one of the ways there are."""
    if how == "pause":
        met.at_home(service.pause)
        return
    met.at_home(service.withdraw)
    if how == "answered":
        met.town.settle()
        met.there(INGRID, service.answer_withdrawal, Done.DELETED, "", "Kari")
        met.town.settle()


@pytest.mark.parametrize(
    ("make", "how", "refused"),
    [
        (approved, "pause", service.OnHold),
        (approved, "withdraw", MoveNotAllowed),
        (sent, "withdraw", MoveNotAllowed),
        (sent, "answered", MoveNotAllowed),
    ],
)
def test_a_case_that_the_patient_has_stopped_begins_no_other_until_they_go_on(
    two_nodes: Town, make: Callable[[Town], Meeting], how: str, refused: type[HandoverError]
) -> None:
    met = make(two_nodes)
    stopped(met, how)
    with pytest.raises(refused):
        met.do(service.copy_to, SENIOR)

    two_nodes.settle()
    if how == "pause":
        met.at_home(service.resume)
    elif make is approved or how == "answered":
        met.at_home(service.reopen)
    else:
        return
    assert met.do(service.copy_to, SENIOR) != met.handover
