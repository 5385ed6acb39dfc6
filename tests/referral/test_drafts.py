"""Drafts: saved as they are, never overwritten by a stale page, refused with every problem at once."""

import base64
from dataclasses import replace
from datetime import date, timedelta

import pytest

from handover.errors import Invalid, NotFound, NotPermitted
from handover.exchange.files import MAX_FILES_BYTES, BadFile
from handover.ids import ReferralId, ServiceId, new_reference
from handover.moves import MoveNotAllowed
from handover.person.age import TooYoung
from handover.referral import service
from handover.referral.lifecycle import Status
from handover.referral.model import Attachment, ReferralContent
from handover.referral.service import ReferralNotFound, StaleDraft, TakesNoReferrals
from tests.builders import INTAKE, OUTPATIENT, PSYCHOLOGIST
from tests.referral.nodes import INGRID, PER, Town, content

PDF = b"%PDF-1.7\n" + b"x" * 200
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + b"\x00" * 50


def save(town: Town, referral: ReferralId, written: ReferralContent, revision: int) -> int:
    saved = town.do(PER, lambda s, t: service.save_draft(s, t, written, to=INTAKE, revision=revision), referral)
    return int(saved.revision)


def test_a_draft_is_saved_however_unfinished_and_read_back(any_nodes: Town) -> None:
    town = any_nodes
    referral = town.draft(to=None)
    unfinished = ReferralContent(problem="Depr")
    assert save(town, referral, unfinished, 0) == 1
    case = town.see(PER, referral)
    assert case.content == unfinished
    assert case.revision == 1
    assert case.standing.holder is not None
    assert case.standing.holder.service == INTAKE


def test_a_stale_page_never_overwrites_a_newer_draft(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.draft()
    save(town, referral, content(problem="Fra kontoret"), 0)
    with pytest.raises(StaleDraft) as refused:
        save(town, referral, content(problem="Fra en gammel fane"), 0)
    assert refused.value.details == {"revision": 1}
    assert town.see(PER, referral).content.problem == "Fra kontoret"


def test_everything_that_is_missing_is_said_at_once(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.draft(to=None, patient=None, problem=" ", consent=None)
    with pytest.raises(Invalid) as refused:
        town.do(PER, service.send, referral)
    assert set(refused.value.fields) == {"patient", "problem", "consent", "to"}
    assert town.see(PER, referral).standing.status is Status.DRAFT


def test_a_referral_for_somebody_under_eighteen_is_refused_clearly(two_nodes: Town) -> None:
    town = two_nodes
    patient = content().patient
    assert patient is not None
    young = replace(patient, birth_date=town.now.date() - timedelta(days=17 * 365))
    referral = town.draft(patient=young)
    with pytest.raises(TooYoung):
        town.do(PER, service.send, referral)


def test_a_failed_check_digit_warns_and_sends(two_nodes: Town) -> None:
    town = two_nodes
    patient = content().patient
    assert patient is not None
    odd = content(patient=replace(patient, number="15868212345"))
    assert service.warnings_before_sending(odd) == ("number.check-digits",)
    referral = town.sent(patient=odd.patient)
    assert town.see(PER, referral).standing.status is Status.RECEIVED


def test_a_referrer_without_a_phone_cannot_send(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.draft()
    with pytest.raises(Invalid) as refused:
        town.do(replace(PER, phone=""), service.send, referral)
    assert set(refused.value.fields) == {"referrer_phone"}


def test_a_referral_goes_only_to_a_service_that_is_there_and_takes_referrals(two_nodes: Town) -> None:
    town = two_nodes
    with pytest.raises(TakesNoReferrals):
        town.do(PER, service.send, town.draft(to=OUTPATIENT))
    with pytest.raises(NotFound):
        town.draft(to=ServiceId("8999999"))


def test_only_who_refers_from_a_service_begins_a_referral_there(two_nodes: Town) -> None:
    town = two_nodes
    with pytest.raises(NotPermitted):
        town.ask(INGRID, service.create_draft, service=PSYCHOLOGIST)


def test_a_discarded_draft_is_gone_and_a_sent_one_cannot_be_discarded(two_nodes: Town) -> None:
    town = two_nodes
    draft, sent = town.draft(), town.sent()
    town.do(PER, service.discard_draft, draft)
    with pytest.raises(ReferralNotFound):
        town.see(PER, draft)
    with pytest.raises(MoveNotAllowed):
        town.do(PER, service.discard_draft, sent)
    with pytest.raises(MoveNotAllowed):
        save(town, sent, content(), 0)


@pytest.mark.parametrize(("data", "kind"), [(PDF, "application/pdf"), (PNG, "image/png"), (JPEG, "image/jpeg")])
def test_an_attachment_is_what_its_content_says(two_nodes: Town, data: bytes, kind: str) -> None:
    town = two_nodes
    referral = town.draft()
    added: Attachment = town.do(PER, service.add_attachment, referral, "  prøvesvar.exe ", data)
    assert (added.title, added.content_type, added.length) == ("prøvesvar.exe", kind, len(data))
    assert town.see(PER, referral).content.attachments == (added,)
    about, read = town.do(PER, service.attachment, referral, added.id)
    assert (about, read) == (added, data)
    town.do(PER, service.remove_attachment, referral, added.id)
    assert town.see(PER, referral).content.attachments == ()
    with pytest.raises(ReferralNotFound):
        town.do(PER, service.attachment, referral, added.id)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file.empty"),
        (b"MZ\x90\x00" + b"\x00" * 200, "file.type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "file.type"),
        (b"just text", "file.type"),
        (PDF + b"x" * MAX_FILES_BYTES, "file.too-large"),
    ],
)
def test_other_files_and_too_large_ones_are_refused(two_nodes: Town, data: bytes, code: str) -> None:
    town = two_nodes
    with pytest.raises(BadFile) as refused:
        town.do(PER, service.add_attachment, town.draft(), "fil.pdf", data)
    assert refused.value.stable_code == code


def test_attachments_are_limited_together_and_kept_when_the_text_is_saved(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.draft()
    large = PDF + b"x" * (MAX_FILES_BYTES - 1000)
    town.do(PER, service.add_attachment, referral, "stor.pdf", large)
    with pytest.raises(BadFile):
        town.do(PER, service.add_attachment, referral, "liten.pdf", PDF + b"x" * 1000)
    save(town, referral, content(problem="Ny tekst"), 0)
    assert len(town.see(PER, referral).content.attachments) == 1


def test_a_draft_has_a_next_step_and_a_date_like_everything_else(two_nodes: Town) -> None:
    town = two_nodes
    case = town.see(PER, town.draft())
    assert case.work is not None
    assert case.work.is_open
    assert case.work.owner == PER.id
    assert not case.is_overdue
    assert case.work.due_at.date() == date(2026, 11, 16)


def test_references_are_short_and_have_no_letters_that_are_mistaken_for_others() -> None:
    made = {new_reference() for _ in range(500)}
    assert len(made) == 500
    for reference in made:
        assert len(reference) == 9
        assert reference[4] == "-"
        assert not set(reference) & set("01ILOU")
