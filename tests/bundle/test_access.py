"""Whose handover it is: what is not yours is not there."""

from collections.abc import Callable
from typing import Any

import pytest

from handover.actors import Patient, Staff
from handover.bundle import service
from handover.bundle.lifecycle import Side
from handover.bundle.model import Content, Mark
from handover.bundle.service import HandoverNotFound
from handover.errors import NotPermitted
from handover.moves import MoveNotAllowed, WrongSide
from tests.builders import FACT, INTAKE, PSYCHOLOGIST
from tests.bundle.meeting import EVENTS, PDF, Meeting, approved, begin, together
from tests.referral.nodes import FATIMA, NAVN, PATIENT, PER, Town, content

STRANGER = Patient(number="15868212116", name="Noen Andre")


def everything(met: Meeting) -> list[tuple[Callable[..., Any], tuple[Any, ...]]]:
    """Return every use case with arguments that the one whose it is could give."""
    item = met.see().items[0].id
    frozen = met.see().standing.frozen
    content_ = Content(topic=EVENTS, text="Noe")
    return [
        (service.case_of, ()),
        (service.document_of, ()),
        (service.file_of, ("",)),
        (service.preview, ()),
        (service.choose_receiver, (INTAKE,)),
        (service.add_item, (content_,)),
        (service.remove_item, (item,)),
        (service.attach, ("documents", "plan.pdf", PDF)),
        (service.importable, ()),
        (service.mark, (item, Mark.STAYS)),
        (service.pause, ()),
        (service.approve, (frozen,)),
        (service.take_back_yes, ()),
        (service.send, ()),
        (service.withdraw, ()),
        (service.copy_to, (INTAKE,)),
        (service.invite, ()),
    ]


@pytest.mark.parametrize("who", [FATIMA, STRANGER], ids=["another service", "another patient"])
def test_what_is_not_yours_is_not_there(two_nodes: Town, who: Staff | Patient) -> None:
    met = approved(two_nodes)
    for act, arguments in everything(met):
        with pytest.raises(HandoverNotFound):
            met.do(act, *arguments, by=who)


def test_nobody_plays_another_side_than_their_own(two_nodes: Town) -> None:
    met = approved(two_nodes)
    with pytest.raises(HandoverNotFound):
        met.do(service.mark, met.see().items[0].id, Mark.STAYS, by=PER, side=Side.PATIENT)
    with pytest.raises(HandoverNotFound):
        met.do(service.send, by=PATIENT, side=Side.SENDER)
    with pytest.raises(HandoverNotFound):
        met.do(service.case_of, by=PER, side=Side.RECEIVER)


@pytest.mark.parametrize("act", [service.send, service.invite, service.importable])
def test_a_patient_does_not_do_what_is_the_clinicians(two_nodes: Town, act: Callable[..., Any]) -> None:
    met = together(two_nodes) if act is service.invite else approved(two_nodes)
    with pytest.raises((WrongSide, MoveNotAllowed)):
        met.at_home(act)


def test_a_handover_is_begun_only_from_a_service_where_one_works(two_nodes: Town) -> None:
    patient = content().patient
    assert patient is not None
    with pytest.raises(NotPermitted), two_nodes.kommune.db.transaction() as session:
        service.start(session, by=PER, service=FACT, patient=patient, now=two_nodes.now)


def test_a_list_shows_the_readers_own_service_alone(two_nodes: Town) -> None:
    met = begin(two_nodes)
    begin(two_nodes, by=FATIMA, at=FACT)
    with two_nodes.kommune.db.transaction() as session:
        assert [each.standing.handover for each in service.mine(session, PER, now=two_nodes.now)] == [met.handover]
        assert service.mine(session, PER, now=two_nodes.now, service=PSYCHOLOGIST)
        assert service.mine(session, NAVN, now=two_nodes.now) == ()


def test_a_patient_is_shown_their_own_from_when_they_were_invited(two_nodes: Town) -> None:
    met = begin(two_nodes)
    agencies = two_nodes.kommune.settings.agencies
    with two_nodes.kommune.db.transaction() as session:
        assert service.my_handovers(session, agencies, PATIENT, now=two_nodes.now) == ()
    met.do(service.invite)
    with two_nodes.kommune.db.transaction() as session:
        (line,) = service.my_handovers(session, agencies, PATIENT, now=two_nodes.now)
        assert line.standing.handover == met.handover
        assert service.my_handovers(session, agencies, STRANGER, now=two_nodes.now) == ()


def test_a_clinician_reads_neither_a_private_file_nor_a_preview_the_patient_has_gone_back_on(
    two_nodes: Town,
) -> None:
    met = together(two_nodes)
    met.add("Må få sove", marked=Mark.TRAVELS)
    mine = met.at_home(service.attach, "documents", "mitt.pdf", PDF, clinician_may_see=False)
    file = next(item.content.file for item in met.see(by=PATIENT).items if item.id == mine)
    assert file is not None
    name = met.see(by=PATIENT).file_id(file)
    met.at_home(service.mark, mine, Mark.TRAVELS)
    frozen = met.preview(by=PATIENT)
    assert met.do(service.document_of, frozen.sha256) == frozen
    met.at_home(service.mark, mine, Mark.STAYS)
    with pytest.raises(HandoverNotFound):
        met.do(service.document_of, frozen.sha256)
    with pytest.raises(HandoverNotFound):
        met.do(service.file_of, name)
    assert met.at_home(service.file_of, name) == (file, PDF)


def test_a_clinician_neither_changes_nor_removes_what_is_the_patients(two_nodes: Town) -> None:
    met = together(two_nodes)
    mine = met.at_home(service.add_own_item, Content(topic=EVENTS, own_words="Mitt"), clinician_may_see=True)
    ours = met.add("Vårt")
    with pytest.raises(NotPermitted):
        met.do(service.remove_item, mine)
    with pytest.raises(NotPermitted):
        met.do(service.save_item, mine, Content(topic=EVENTS, own_words="Ikke mitt"), seen=0)
    with pytest.raises(NotPermitted):
        met.at_home(service.remove_item, ours)
    with pytest.raises(NotPermitted):
        met.do(service.allow_clinician, mine, allowed=False)
    met.at_home(service.allow_clinician, mine, allowed=False)
    assert [item.id for item in met.see().items] == [ours]
