"""Two real nodes exchange threads: written, sent, received, opened, answered, forwarded, taken back."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import uuid4

import orjson
import pytest

from handover.access import service as access
from handover.actors import Machine
from handover.consent import service as consent
from handover.errors import HandoverError, NotFound
from handover.exchange.model import Event, Received
from handover.exchange.service import AlreadyLeft
from handover.ids import CommunicationId, MessageId, ServiceId, StaffId, ThreadId
from handover.message import fhir, receiving, service, store
from handover.message.anonymity import NamesAPatient, NotInACase
from handover.message.lifecycle import Act, Status
from handover.message.model import Content, Fate, Forwarded, Letter, Reason, Subject
from handover.message.service import About
from handover.message.steps import Shelf, Step
from handover.person.age import TooYoung
from handover.team import service as team
from handover.team import store as team_store
from handover.team.model import Place, TaskKind
from handover.workdays import local_date
from handover.worker import Worker
from tests.builders import FACT, INTAKE, NAV_OFFICE, PSYCHOLOGIST
from tests.message.nodes import PATIENT, PDF, PLAN, QUESTION, Post
from tests.referral.nodes import FATIMA, INGRID, LEADER, NAVN, OLA, PER


def test_a_message_goes_between_two_nodes_and_its_answer_comes_back(any_post: Post) -> None:
    begun = any_post.send(PER, [INTAKE], "Kan dere ta en samtale?")
    assert any_post.message(PER, begun).message.receipts[0].arrived_at is not None
    assert any_post.step(PER, begun) is Step.AWAIT_OPENING
    assert any_post.message(INGRID, begun).is_new
    assert any_post.step(INGRID, begun) is Step.READ
    any_post.answer(INGRID, begun, "Ja, ring meg")
    assert any_post.opened_by(PER, begun) == ["Ingrid Inntak"]
    assert (
        any_post.texts(PER, begun) == any_post.texts(INGRID, begun) == ["Kan dere ta en samtale?", "Ja, ring meg"]
    )
    assert any_post.see(PER, begun).patient == any_post.see(INGRID, begun).patient == PATIENT


def test_a_thread_with_a_service_that_is_listed_no_more_is_read_as_before(post: Post) -> None:
    begun = post.send(PER, [INTAKE], "Kan dere ta en samtale?")
    post.town.services[INTAKE] = {"id": ServiceId("8009999")}
    post.town.pass_time(seconds=1)
    assert post.texts(PER, begun) == ["Kan dere ta en samtale?"]
    reply = post.do(PER, begun, service.reply, content=Content(text="Hallo?"))
    with pytest.raises(service.BadReceiver):
        post.do(PER, begun, service.send, reply)


def test_a_thread_without_a_patient_needs_no_permit_to_nav(post: Post) -> None:
    begun = post.send(PER, [NAV_OFFICE], "Hvem svarer på spørsmål om AAP?", about=QUESTION)
    assert post.texts(NAVN, begun) == ["Hvem svarer på spørsmål om AAP?"]
    assert post.see(NAVN, begun).patient is None


def test_a_writer_to_nav_without_a_permit_is_told_why_and_keeps_the_text(post: Post) -> None:
    begun = post.begin(INGRID, [NAV_OFFICE], "Hun trenger en plan")
    with pytest.raises(consent.NoPermit) as refused:
        post.do(INGRID, begun, service.send, begun.message)
    assert refused.value.details == {"purpose": "coordination", "service": NAV_OFFICE}
    assert post.texts(INGRID, begun) == ["Hun trenger en plan"]
    assert post.message(INGRID, begun).message.status is Status.DRAFT
    assert list(post.see(INGRID, begun).obstacles.values()) == []
    post.permit(INGRID)
    post.do(INGRID, begun, service.send, begun.message)
    post.town.settle()
    assert post.texts(NAVN, begun) == ["Hun trenger en plan"]


def test_nav_is_told_which_permit_a_message_rests_on(post: Post) -> None:
    post.permit(INGRID)
    begun = post.send(INGRID, [NAV_OFFICE], "Kan vi snakkes?")
    (basis,) = post.message(NAVN, begun).message.rests_on
    today = local_date(post.town.now)
    assert (basis.topics, basis.given) == (("plans",), today)
    assert basis.until == today + timedelta(days=30)
    assert post.message(PER, post.send(INGRID, [PSYCHOLOGIST])).message.rests_on == (), "it needs none"


def test_a_permit_that_ends_before_a_message_leaves_stops_it_and_says_whom_to_call(post: Post) -> None:
    begun = post.begin(INGRID, [NAV_OFFICE])
    choice = post.permit(INGRID)
    post.do(INGRID, begun, service.send, begun.message)
    who = post.person(INGRID)
    with post.db(INGRID).transaction() as session:
        consent.withdraw_permit(session, INGRID.agency, who, choice, by=INGRID, now=post.town.now)
    post.town.settle()
    with pytest.raises(NotFound):
        post.see(NAVN, begun)
    assert post.step(INGRID, begun) is Step.MEND_DELIVERY
    assert [task.kind for task in post.see(INGRID, begun).tasks] == [TaskKind.HELD_BACK]


def test_a_document_is_covered_by_the_permit_or_does_not_go(post: Post) -> None:
    begun = post.begin(INGRID, [NAV_OFFICE])
    post.permit(INGRID)
    post.do(INGRID, begun, service.attach, begun.message, "plan.pdf", PDF)
    with pytest.raises(consent.OutsideScope) as refused:
        post.do(INGRID, begun, service.send, begun.message)
    assert refused.value.details["topics"] == ["documents"]


def test_a_patients_block_is_obeyed_between_health_services(post: Post) -> None:
    begun = post.begin(PER, [INTAKE])
    who, target = post.person(PER), consent.Target(agency=INGRID.agency)
    with post.db(PER).transaction() as session:
        consent.block(session, PER.agency, who, target, by=PER, now=post.town.now)
    with pytest.raises(consent.Blocked):
        post.do(PER, begun, service.send, begun.message)


def test_a_document_travels_with_its_message_and_follows_it_when_it_is_forwarded(any_post: Post) -> None:
    begun = any_post.begin(PER, [INTAKE], "Se planen")
    file = any_post.do(PER, begun, service.attach, begun.message, "plan.pdf", PDF)
    any_post.do(PER, begun, service.send, begun.message)
    any_post.town.settle()
    assert any_post.do(INGRID, begun, service.file_of, file.sha256) == (file, PDF)
    any_post.do(INGRID, begun, service.open_)
    on = any_post.do(INGRID, begun, service.forward, to=[FACT], messages=[begun.message])
    any_post.do(INGRID, on, service.send, on.message)
    any_post.town.settle()
    (seen,) = any_post.see(FATIMA, on).messages
    assert [each.content.text for each in seen.along] == ["Se planen"]
    assert seen.along[0].author.name == "Per Psykolog"
    assert any_post.do(FATIMA, on, service.file_of, file.sha256) == (file, PDF)
    with pytest.raises(NotFound):
        any_post.see(FATIMA, begun)


def test_a_third_agency_sees_only_from_then_on_unless_history_is_handed_to_it(any_post: Post) -> None:
    begun = any_post.send(PER, [INTAKE], "Første")
    second = any_post.answer(INGRID, begun, "Andre")
    any_post.permit(INGRID)
    message = any_post.do(
        INGRID, begun, service.add_member, NAV_OFFICE, history=[second], content=Content(text="Ny her")
    )
    any_post.do(INGRID, begun, service.send, message)
    any_post.town.settle()
    assert any_post.texts(NAVN, begun) == ["Andre", "Ny her"]
    assert any_post.texts(PER, begun) == ["Første", "Andre", "Ny her"]
    members = [each.party.service for each in any_post.see(PER, begun).standing.members]
    assert members == [each.party.service for each in any_post.see(NAVN, begun).standing.members]
    assert set(members) == {*members, NAV_OFFICE}
    with pytest.raises(consent.NoPermit):  # the municipality has no permit of its own
        any_post.answer(PER, begun, "Hei NAV")
    any_post.permit(PER)
    any_post.answer(PER, begun, "Hei NAV")
    assert any_post.texts(NAVN, begun)[-1] == "Hei NAV"


def test_a_reply_to_a_thread_the_receiver_never_saw_opens_one_there(post: Post) -> None:
    begun = post.send(PER, [INTAKE], "Bare til DPS")
    post.do(INGRID, begun, service.open_)
    message = post.do(INGRID, begun, service.reply, to=[FACT], content=Content(text="Hva mener FACT?"))
    post.do(INGRID, begun, service.send, message)
    post.town.settle()
    (seen,) = post.see(FATIMA, begun).messages
    assert seen.answers_unknown
    assert seen.answers is None


# --- undone and taken back ---------------------------------------------------------------------------------------


def test_a_writer_undoes_within_thirty_seconds_and_nothing_has_left(post: Post) -> None:
    begun = post.begin(PER, [INTAKE])
    post.do(PER, begun, service.send, begun.message)
    assert Act.UNDO_SEND in post.message(PER, begun).acts
    post.do(PER, begun, service.undo_send, begun.message)
    post.town.settle()
    with pytest.raises(NotFound):
        post.see(INGRID, begun)
    assert post.message(PER, begun).message.status is Status.DRAFT
    assert len(post.see(PER, begun).standing.members) == 1
    post.do(PER, begun, service.send, begun.message)
    post.town.settle()
    assert post.texts(INGRID, begun) == ["Hei"]
    with pytest.raises(AlreadyLeft):
        post.do(PER, begun, service.undo_send, begun.message)


def test_undoing_one_answer_leaves_whoever_answered_more_or_took_the_thread_responsible(post: Post) -> None:
    begun = post.send(PER, [INTAKE], about=QUESTION)

    def owner() -> StaffId | None:
        return post.see(INGRID, begun).standing.owner

    def answers(text: str) -> CommunicationId:
        made: CommunicationId = post.do(INGRID, begun, service.reply, content=Content(text=text))
        post.do(INGRID, begun, service.send, made)
        return made

    one, two = answers("en"), answers("to")
    post.do(INGRID, begun, service.undo_send, one)
    assert owner() == INGRID.id, "the other leaves"
    post.do(INGRID, begun, service.undo_send, two)
    assert owner() is None
    post.do(INGRID, begun, service.send, one)
    post.do(INGRID, begun, service.take)
    post.do(INGRID, begun, service.undo_send, one)
    assert owner() == INGRID.id, "she took it"


@pytest.mark.parametrize("is_closed", [False, True], ids=["untouched", "closed"])
def test_whoever_answers_what_lies_is_responsible_and_undoing_gives_it_back(
    post: Post, *, is_closed: bool
) -> None:
    begun = post.send(PER, [INTAKE], about=QUESTION)
    post.do(INGRID, begun, service.take, OLA.id)
    with post.db(INGRID).transaction() as session:
        if is_closed:
            by = Machine(agency=OLA.agency, name="register")
            access.close(session, OLA.id, agency=OLA.agency, by=by, now=post.town.now)
        else:
            place = Place(INGRID.agency, INTAKE, "message", begun.thread)
            team_store.change_item(session, place, owner=None, passed_from=OLA.id, is_given_back=True)
    answer = post.do(INGRID, begun, service.reply, content=Content(text="Svar"))
    post.do(INGRID, begun, service.send, answer)
    assert post.see(INGRID, begun).standing.owner == INGRID.id
    post.do(INGRID, begun, service.undo_send, answer)
    assert post.see(INGRID, begun).standing.owner == OLA.id


def test_an_unopened_message_that_is_taken_back_vanishes_and_both_logs_tell_it(any_post: Post) -> None:
    begun = any_post.send(PER, [INTAKE], "Til feil mottaker")
    any_post.do(PER, begun, service.retract, begun.message, Reason.RECEIVER)
    any_post.town.settle()
    with pytest.raises(NotFound):
        any_post.see(INGRID, begun)
    sent = any_post.message(PER, begun).message
    assert sent.status is Status.RETRACTED
    assert [each.answer and each.answer.fate for each in sent.receipts] == [Fate.VANISHED]
    assert "message.retract" in any_post.logged(PER)
    assert any_post.evidence(INGRID) == []
    assert "message.receive-retraction" in any_post.logged(INGRID)
    with any_post.db(INGRID).transaction() as session:
        assert service.search(session, INGRID, "mottaker", now=any_post.town.now) == ()
        found = service.arranged(session, INGRID, now=any_post.town.now, shelves=tuple(Shelf)[:4])
    assert (found.late, found.others) == ((), ())


def test_an_opened_message_that_is_taken_back_is_hidden_and_the_leader_confirms(any_post: Post) -> None:
    begun = any_post.send(PER, [INTAKE], "Om en annen pasient")
    any_post.do(INGRID, begun, service.open_)
    any_post.do(PER, begun, service.retract, begun.message, Reason.PATIENT)
    any_post.town.settle()
    seen = any_post.see(INGRID, begun)
    assert seen.messages == ()
    assert [each.taken_back and each.taken_back.reason for each in seen.hidden] == [Reason.PATIENT]
    assert any_post.step(INGRID, begun) is Step.CONFIRM_RETRACTION
    assert any_post.message(PER, begun).message.status is Status.RETRACT_ASKED
    assert len(any_post.evidence(INGRID)) == 1
    with pytest.raises(HandoverError):
        any_post.do(INGRID, begun, service.confirm_retraction, begun.message)
    any_post.do(LEADER, begun, service.confirm_retraction, begun.message)
    any_post.town.settle()
    assert any_post.message(PER, begun).message.status is Status.RETRACTED
    assert "message.confirm-retraction" in any_post.logged(LEADER)


def test_what_was_forwarded_is_taken_back_wherever_it_went(post: Post) -> None:
    begun = post.send(PER, [INTAKE], "Til feil mottaker")
    post.do(INGRID, begun, service.open_)
    on = post.do(INGRID, begun, service.forward, to=[FACT])
    post.do(INGRID, on, service.send, on.message)
    post.town.settle()
    post.do(FATIMA, on, service.open_)
    post.do(PER, begun, service.retract, begun.message, Reason.RECEIVER)
    post.town.settle()
    post.town.settle()
    (seen,) = post.see(FATIMA, on).messages
    assert seen.along == ()
    (forwarding,) = post.see(INGRID, on).messages
    assert forwarding.along == ()


def test_a_retraction_that_comes_first_keeps_the_message_away(any_post: Post) -> None:
    begun = any_post.begin(PER, [INTAKE], "Feil")
    any_post.do(PER, begun, service.send, begun.message)
    any_post.do(PER, begun, service.retract, begun.message, Reason.EARLY)
    any_post.town.settle()
    with pytest.raises(NotFound):
        any_post.see(INGRID, begun)
    assert any_post.message(PER, begun).message.status is Status.RETRACTED


def test_a_wrong_receiver_is_put_right_in_one_step(any_post: Post) -> None:
    begun = any_post.begin(PER, [INTAKE], "Skulle til FACT")
    file = any_post.do(PER, begun, service.attach, begun.message, "plan.pdf", PDF)
    any_post.do(PER, begun, service.send, begun.message)
    any_post.town.settle()
    again = any_post.do(
        PER, begun, service.send_anew, begun.message, reason=Reason.RECEIVER, about=PLAN, to=[FACT]
    )
    any_post.do(PER, again, service.send, again.message)
    any_post.town.settle()
    assert any_post.texts(FATIMA, again) == ["Skulle til FACT"]
    assert any_post.do(FATIMA, again, service.file_of, file.sha256)[1] == PDF
    with pytest.raises(NotFound):
        any_post.see(INGRID, begun)


# --- deadlines, work, search -------------------------------------------------------------------------------------


def test_a_message_nobody_opens_stands_in_both_worklists_and_then_reaches_the_leader(any_post: Post) -> None:
    begun = any_post.send(PER, [INTAKE])
    with any_post.db(INGRID).transaction() as session:
        (item,) = team.open_items(session, INGRID.agency, INTAKE, kind=service.WORK, now=any_post.town.now)
        assert (item.next_step, item.place.subject) == ("read", begun.thread)
        assert item.due_at - any_post.town.now > timedelta(days=2)
    any_post.town.pass_time(days=3)
    with any_post.db(PER).transaction() as session:
        (item,) = team.overdue(session, PER.agency, now=any_post.town.now)
        assert item.next_step == "await-opening"
    here = Worker(any_post.town.dps, client=any_post.town.wire, clock=lambda: any_post.town.now)
    assert here.remind() == 0
    any_post.town.pass_time(days=5)
    assert here.remind() == 1
    assert here.remind() == 0
    with any_post.db(INGRID).transaction() as session:
        assert [task.kind for task in team.tasks(session, LEADER)] == [TaskKind.UNOPENED]


@pytest.mark.parametrize("common", [1, 1000], ids=["words-of-many", "words-of-few"])
def test_a_thread_is_found_by_reference_patient_sender_and_words(
    any_post: Post, common: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "COMMON", common)
    begun = any_post.send(PER, [INTAKE], "Medisinlisten ligger ved")
    reference = any_post.see(INGRID, begun).standing.heading.reference
    with any_post.db(INGRID).transaction() as session:
        for text in (reference, reference.lower(), "Nes", "Psykolog", "medisinlisten", "ligger VED", "høsten"):
            (found,) = service.search(session, INGRID, text, now=any_post.town.now)
            assert found.standing.thread == begun.thread
        assert service.search(session, INGRID, "medisinlisten fotball", now=any_post.town.now) == ()
        assert service.search(session, LEADER, "medisinlisten", now=any_post.town.now) != ()
    with any_post.db(NAVN).transaction() as session:
        assert service.search(session, NAVN, "medisinlisten", now=any_post.town.now) == ()


def test_a_thread_in_which_a_word_stands_twice_is_found_once(post: Post) -> None:
    begun = post.send(PER, [INTAKE], "Medisinlisten ligger ved")
    post.answer(INGRID, begun, "Medisinlisten er lest")
    with post.db(INGRID).transaction() as session:
        assert len(service.search(session, INGRID, "medisinlisten", now=post.town.now)) == 1


def test_somebody_of_another_service_or_agency_finds_no_thread(post: Post) -> None:
    begun = post.send(PER, [INTAKE])
    for stranger in (FATIMA, NAVN):
        with pytest.raises(NotFound):
            post.see(stranger, begun)
        with pytest.raises(NotFound):
            post.do(stranger, begun, service.open_)
    with pytest.raises(NotFound):
        post.do(LEADER, begun, service.reply)  # a leader reads, and writes in none


def test_a_service_that_is_done_is_done_until_something_new_comes(any_post: Post) -> None:
    begun = any_post.send(PER, [INTAKE])
    with pytest.raises(service.StillUnopened):
        any_post.do(INGRID, begun, service.done)
    any_post.do(INGRID, begun, service.open_)
    assert any_post.step(INGRID, begun) is Step.ANSWER
    any_post.do(INGRID, begun, service.done)
    assert any_post.step(INGRID, begun) is None
    any_post.town.settle()
    message = any_post.do(PER, begun, service.reply, content=Content(text="En ting til"))
    any_post.do(PER, begun, service.send, message)
    any_post.town.settle()
    assert any_post.step(INGRID, begun) is Step.READ


def test_a_thread_of_another_subject_may_be_forwarded_only_as_far_as_the_permit_goes(post: Post) -> None:
    about = About(subject=Subject.MEDICINES, patient=PATIENT)
    begun = post.send(PER, [INTAKE], "Ny medisin", about=about)
    post.do(INGRID, begun, service.open_)
    post.permit(INGRID)
    on = post.do(INGRID, begun, service.forward, to=[NAV_OFFICE], subject=Subject.PLAN)
    with pytest.raises(consent.OutsideScope) as refused:
        post.do(INGRID, on, service.send, on.message)
    assert refused.value.details["topics"] == ["medicines"]


def test_a_draft_that_is_thrown_away_is_gone_with_its_thread(post: Post) -> None:
    begun = post.begin(PER, [INTAKE])
    post.do(PER, begun, service.discard, begun.message)
    with pytest.raises(NotFound):
        post.see(PER, begun)


def test_a_draft_may_change_its_subject_and_patient_until_something_is_sent(post: Post) -> None:
    nameless = replace(PATIENT, number=None)
    begun = post.begin(PER, [INTAKE], about=replace(PLAN, patient=nameless))
    who = post.see(PER, begun).standing.person
    post.do(PER, begun, service.change_about, About(subject=Subject.HOUSING, patient=nameless))
    changed = post.see(PER, begun).standing
    assert (changed.person, changed.heading.subject, changed.purpose) == (who, Subject.HOUSING, "housing")
    post.do(PER, begun, service.change_about, QUESTION)
    assert post.see(PER, begun).standing.person is None
    post.do(PER, begun, service.send, begun.message)
    with pytest.raises(service.AlreadySent):
        post.do(PER, begun, service.change_about, PLAN)


def _come(letter: Letter, at: datetime) -> Received:
    """Return a letter as the exchange hands it in, however odd."""
    message = MessageId(uuid4())
    payload = fhir.letter(letter, (), message=message)
    return Received(
        message=message,
        sender=letter.sender.agency,
        receiver=letter.receiver.agency,
        event=Event.CARE_MESSAGE,
        resource=orjson.loads(payload),
        payload=payload,
        received_at=at,
    )


def test_what_was_said_in_a_case_without_a_name_is_not_taken_in_about_a_patient(post: Post) -> None:
    begun = post.begin(PER, [INTAKE])
    letter = post.do(PER, begun, service.preview, begun.message)
    said = Forwarded(
        id=CommunicationId(uuid4()),
        thread=ThreadId(uuid4()),
        sender=letter.sender,
        author=letter.author,
        text="En voksen person har trukket seg unna.",
        written_at=letter.written_at,
        stood_under=(Subject.ANONYMOUS,),
    )
    received = _come(replace(letter, forwards=(said,)), post.town.now)
    with post.db(INGRID).transaction() as session, pytest.raises(NotInACase):
        receiving.receive_letter(session, received)


def test_a_national_number_that_came_in_the_line_of_a_question_goes_on_to_no_service_that_is_let_in(
    post: Post,
) -> None:
    begun = post.begin(PER, [INTAKE], about=QUESTION)
    letter = post.do(PER, begun, service.preview, begun.message)
    received = _come(replace(letter, heading=replace(letter.heading, line="Om 158682 12346")), post.town.now)
    with post.db(INGRID).transaction() as session:
        receiving.receive_letter(session, received)
    draft = post.do(INGRID, begun, service.add_member, NAV_OFFICE, content=Content(text="Se emnet"))
    with pytest.raises(NamesAPatient):
        post.do(INGRID, begun, service.send, draft)


def test_nobody_under_age_is_written_about_and_nothing_about_them_is_taken_in(post: Post) -> None:
    child = replace(PATIENT, number=None, birth_date=date(post.town.now.year - 10, 1, 1))
    with pytest.raises(TooYoung):
        post.begin(PER, [INTAKE], about=replace(PLAN, patient=child))
    begun = post.begin(PER, [INTAKE])
    letter = post.do(PER, begun, service.preview, begun.message)
    received = _come(replace(letter, patient=child), post.town.now)
    with post.db(INGRID).transaction() as session, pytest.raises(TooYoung):
        receiving.receive_letter(session, received)
    with pytest.raises(NotFound):
        post.see(INGRID, begun)
