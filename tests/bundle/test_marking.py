"""What the patient decides, and how long a yes holds."""

import pytest

from handover.bundle import service
from handover.bundle.lifecycle import Act, Status
from handover.bundle.model import Content, ItemChanged, Mark, Wishes
from handover.bundle.service import ItemNotFound, NothingTravels, StalePreview
from tests.bundle.meeting import EVENTS, HELPS, begin, together
from tests.referral.nodes import Town


def test_a_patient_says_yes_to_just_what_was_previewed(any_nodes: Town) -> None:
    met = together(any_nodes)
    met.add("Må få sove", marked=Mark.TRAVELS)
    met.add("Innleggelsen i 2019", topic=EVENTS, marked=Mark.STAYS)
    frozen = met.say_yes(by=met.patient)
    case = met.see()
    assert case.standing.status is Status.APPROVED
    assert case.standing.approval is not None and case.standing.approval.by_patient
    assert case.is_yes_valid
    assert "Må få sove".encode() in frozen.document
    assert b"2019" not in frozen.document


def test_a_yes_lapses_when_an_item_that_travels_is_changed_and_says_so(any_nodes: Town) -> None:
    met = together(any_nodes)
    item = met.add("Må få sove", marked=Mark.TRAVELS)
    met.say_yes()
    met.do(service.save_item, item, Content(topic=HELPS, text="Må få sove lenge"), seen=0)
    case = met.see()
    assert case.standing.status is Status.WITH_PATIENT
    assert case.standing.approval is None
    assert [entry.act for entry in case.history][-2:] == [Act.APPROVE, Act.YES_LAPSED]


def test_a_yes_holds_when_what_stays_is_changed(two_nodes: Town) -> None:
    met = together(two_nodes)
    met.add("Må få sove", marked=Mark.TRAVELS)
    other = met.add("Noe annet", marked=Mark.STAYS)
    frozen = met.say_yes()
    met.do(service.save_item, other, Content(topic=HELPS, text="Noe helt annet"), seen=0)
    met.do(service.mark, other, Mark.UNDECIDED)
    assert met.see().standing.status is Status.APPROVED
    assert met.preview().document == frozen.document


def test_two_who_edit_one_item_are_both_given_back(two_nodes: Town) -> None:
    met = together(two_nodes)
    item = met.add("Første")
    met.do(service.save_item, item, Content(topic=HELPS, text="Pers"), seen=0)
    with pytest.raises(ItemChanged) as changed:
        met.do(service.save_item, item, Content(topic=HELPS, text="Fatimas"), seen=0)
    assert (changed.value.theirs.content.text, changed.value.yours.text) == ("Pers", "Fatimas")


def test_the_patients_own_words_and_the_clinicians_text_never_meet_in_conflict(two_nodes: Town) -> None:
    met = together(two_nodes)
    item = met.add("Pers tekst")
    met.at_home(service.write_own_words, item, "Mine ord", seen=0)
    saved = met.do(service.save_item, item, Content(topic=HELPS, text="Pers nye", own_words="Mine ord"), seen=0)
    assert (saved.content.text, saved.content.own_words) == ("Pers nye", "Mine ord")


def test_a_private_item_leaves_no_trace_at_the_clinician(any_nodes: Town) -> None:
    met = together(any_nodes)
    met.add("Åpent")
    before = met.see()
    any_nodes.pass_time(minutes=1)
    mine = met.at_home(service.add_own_item, Content(topic=EVENTS, own_words="Hemmelig"), clinician_may_see=False)
    met.at_home(service.mark, mine, Mark.STAYS)
    met.add("Etterpå")
    seen = met.see()
    assert [item.position for item in seen.items] == [1, 2]
    assert seen.history == before.history
    with pytest.raises(ItemNotFound):
        met.do(service.mark, mine, Mark.TRAVELS)
    assert len(met.see(by=met.patient).items) == 3


def test_what_nothing_travels_of_is_no_handover(two_nodes: Town) -> None:
    met = together(two_nodes)
    met.add("Ikke bestemt")
    with pytest.raises(NothingTravels):
        met.preview()


def test_a_yes_to_an_older_preview_is_refused(two_nodes: Town) -> None:
    met = together(two_nodes)
    item = met.add("Først", marked=Mark.TRAVELS)
    frozen = met.preview()
    met.at_home(service.write_own_words, item, "og så dette", seen=0)
    with pytest.raises(StalePreview):
        met.at_home(service.approve, frozen.sha256)


def test_a_wish_that_travels_lets_the_yes_lapse(two_nodes: Town) -> None:
    met = together(two_nodes)
    met.add("Først", marked=Mark.TRAVELS)
    met.say_yes()
    met.at_home(service.set_wishes, Wishes(meeting=True, told=("Berit",)))
    assert met.see().standing.status is Status.APPROVED
    met.at_home(service.set_wishes, Wishes(meeting=False))
    assert met.see().standing.status is Status.WITH_PATIENT


def test_a_draft_is_not_the_patients_yet(two_nodes: Town) -> None:
    met = begin(two_nodes)
    with pytest.raises(service.HandoverNotFound):
        met.see(by=met.patient)
