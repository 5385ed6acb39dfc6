"""A handover begins from what the person's referrals here say, as far as the clinician works with them."""

import pytest

from handover.bundle import service
from handover.bundle.model import Content, Diagnosis, Medicine, PersonAround, Relation
from handover.errors import NotFound
from handover.referral import service as referral
from handover.referral.model import CodeSystem
from handover.referral.model import Diagnosis as Coded
from tests.builders import FACT, INTAKE
from tests.bundle.meeting import PDF, begin
from tests.referral.nodes import FATIMA, PER, Town


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
    assert met.do(service.file_of, file.sha256) == (file, PDF)


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
