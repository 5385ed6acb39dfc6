"""A handover begins from what the person's referrals here say, as far as the clinician works with them."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from handover.actors import Staff
from handover.bundle import service
from handover.bundle.model import Content, Diagnosis, Medicine, PersonAround, Relation
from handover.demo.people import synthetic_number
from handover.errors import NotFound
from handover.ids import ReferralId, ServiceId
from handover.person.model import Identity
from handover.referral import service as referral
from handover.referral.model import CodeSystem
from handover.referral.model import Diagnosis as Coded
from tests.builders import FACT, INTAKE, PSYCHOLOGIST
from tests.bundle.meeting import PDF, Meeting, begin
from tests.referral.nodes import FATIMA, PER, Town, content


def test_a_handover_brings_in_texts_people_codes_and_files_of_the_referral(any_nodes: Town) -> None:
    coded = Coded(system=CodeSystem.ICD_10, code="F33.1", text="Tilbakevendende depresjon")
    draft = any_nodes.draft(diagnoses=(coded,), medications=("Sertralin 50 mg",))
    any_nodes.do(PER, referral.add_attachment, draft, "epikrise.pdf", PDF)
    any_nodes.do(PER, referral.send, draft)
    met = begin(any_nodes)
    offered = met.do(service.importable)
    assert {each.topic for each in offered} >= {"need-help-with", "treatment", "diagnoses", "medicines", "people"}
    made = met.do(service.bring_in, frozenset(each.key for each in offered))
    assert len(made) == len(offered)
    said = [item.content for item in met.see().items]
    assert Content(topic=offered[0].topic, text="Depresjon og angst over to år") in said
    kinds = [each.details for each in said if each.details is not None]
    assert Diagnosis(system=CodeSystem.ICD_10.value, code="F33.1", text="Tilbakevendende depresjon") in kinds
    assert Medicine(name="Sertralin 50 mg") in kinds
    trusted = [each for each in kinds if isinstance(each, PersonAround) and each.relation is Relation.TRUSTED]
    assert [each.name for each in trusted] == ["Berit Nes"]
    (file,) = [each.file for each in said if each.file is not None]
    assert met.do(service.file_of, met.see().file_id(file)) == (file, PDF)


def test_a_clinician_of_another_service_is_lent_nothing(two_nodes: Town) -> None:
    two_nodes.draft(to=INTAKE)
    met = begin(two_nodes, by=FATIMA, at=FACT)
    assert met.do(service.importable) == ()
    assert met.do(service.bring_in, frozenset({"referrer/8000011/x/problem/0"})) == ()


def test_a_file_that_is_not_theirs_is_not_there(two_nodes: Town) -> None:
    draft = two_nodes.draft()
    key = f"referrer/8000011/{draft}/attachments/{draft}"
    with pytest.raises(NotFound), two_nodes.kommune.db.transaction() as session:
        referral.lend_file(session, FATIMA, key)
    with pytest.raises(NotFound), two_nodes.kommune.db.transaction() as session:
        referral.lend_file(session, FATIMA, "odd")


def begun_from(
    town: Town, referral_: Any, *, by: Staff = PER, at: ServiceId = PSYCHOLOGIST, **who: Any
) -> Meeting:
    """Begin a handover that is said to come from a referral."""
    patient = replace(known(), **who)
    with town.node_of(by.agency).db.transaction() as session:
        made = service.start(
            session, by=by, service=at, patient=patient, from_referral=ReferralId(referral_), now=town.now
        )
    return Meeting(town, made, by)


def known() -> Identity:
    """Return the patient as the referral names them."""
    patient = content().patient
    assert patient is not None
    return patient


def test_a_handover_comes_from_a_referral_of_the_patient_that_the_clinician_works_with(two_nodes: Town) -> None:
    draft = two_nodes.sent()
    assert begun_from(two_nodes, draft).see().standing.from_referral == draft
    nameless = two_nodes.sent(patient=replace(known(), number=None, given="Kari"))
    met = begun_from(two_nodes, nameless, number=None, given="Kari")
    assert met.see().patient.given == "Kari"


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": synthetic_number(date(1982, 6, 15), 3)},
        {"number": None, "given": "Ola"},
        {"by": FATIMA, "at": FACT},
    ],
)
def test_a_referral_of_another_patient_or_clinician_is_not_there(two_nodes: Town, wrong: dict[str, Any]) -> None:
    draft = two_nodes.sent()
    with pytest.raises(service.OtherReferral):
        begun_from(two_nodes, draft, **wrong)
    with pytest.raises(service.OtherReferral):
        begun_from(two_nodes, uuid4(), **{name: wrong[name] for name in wrong if name in {"by", "at"}})


def test_what_a_referrer_wrote_of_the_name_is_not_ours_because_a_handover_begins_from_it(two_nodes: Town) -> None:
    draft = two_nodes.sent()
    met = begun_from(two_nodes, draft, family="Nes Dahl")
    assert met.see().patient.family == "Nes"
