"""Ways around a permit, a retraction or a preview that lead nowhere."""

from datetime import date, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from sqlalchemy import select

from handover.actors import Author, Party, Staff
from handover.consent import service as consent
from handover.exchange.model import Event
from handover.exchange.tables import IncomingRow
from handover.ids import AgencyId, ServiceId
from handover.message import anonymity, service
from handover.message.lifecycle import Status
from handover.message.model import By, Choice, Content, Fate, Offer, Reason, Slot, SlotId, Subject, Told, Word
from handover.message.receiving import NotFromSender
from handover.message.service import About, Begun
from handover.message.steps import Step
from handover.person.model import Identity
from handover.team.model import TaskKind
from tests.builders import FACT, INTAKE, NAV, NAV_OFFICE, PSYCHOLOGIST
from tests.message.cases import WORDS, discuss, heard, known, link, patient_at, sent_from, withdraw
from tests.message.desks import QUESTION, at_desk, begun, first_thread, here, sent, written
from tests.message.nodes import PATIENT, PDF, PLAN, Post
from tests.referral.nodes import FATIMA, INGRID, KOMMUNE_NODE, NAVN, PER
from tests.referral.visiting import hidden, words_of

MEDICINES = About(subject=Subject.MEDICINES, line="Medisiner", patient=PATIENT)


def test_a_message_that_was_taken_back_goes_on_to_nobody(post: Post) -> None:
    wrong = post.send(PER, [FACT], "Feil tekst")
    post.do(PER, wrong, service.retract, wrong.message, Reason.PATIENT)
    post.town.settle()
    draft = post.do(PER, wrong, service.add_member, INTAKE, history=None, content=Content(text="Se her"))
    post.do(PER, wrong, service.send, draft)
    post.town.settle()
    assert post.texts(INGRID, wrong) == ["Se her"]
    with pytest.raises(service.NoSuchMessage):
        post.do(PER, wrong, service.forward, to=[INTAKE], messages=[wrong.message])


def test_who_is_let_in_needs_a_permit_for_everything_that_was_brought_into_the_thread(post: Post) -> None:
    source = post.send(INGRID, [FACT], "Litium 300 mg", about=MEDICINES)
    brought = post.do(INGRID, source, service.forward, to=[FACT], subject=Subject.PLAN)
    post.do(INGRID, brought, service.send, brought.message)
    post.town.settle()
    post.permit(INGRID)
    draft = post.do(INGRID, brought, service.add_member, NAV_OFFICE, history=None)
    with pytest.raises(consent.OutsideScope):
        post.do(INGRID, brought, service.send, draft)
    again = post.do(INGRID, brought, service.forward, to=[NAV_OFFICE])
    with pytest.raises(consent.OutsideScope):
        post.do(INGRID, again, service.send, again.message)


def test_who_changes_the_patient_of_a_draft_makes_an_open_preview_of_it_stale(post: Post) -> None:
    per = at_desk(post, PER)
    shown = written(per, begun(per), "Hun klarer seg bra.")
    per.send(
        f"{here(shown)}/gjelder", subject="plan", line="", given="Kari", family="Annen", birth_date="01.02.1980"
    )
    assert "endret siden du åpnet siden" in words_of(sent(per, shown))
    post.town.settle()
    assert "Ingen meldinger her." in words_of(at_desk(post, INGRID).open("/meldinger/"))


def test_a_word_to_one_of_several_leaves_the_question_of_another_open(post: Post) -> None:
    thread = post.send(INGRID, [FACT, PSYCHOLOGIST], "Kommer dere?")
    post.answer(FATIMA, thread, "Når?")
    post.do(INGRID, thread, service.open_)
    post.town.pass_time(minutes=5)
    aside = post.do(INGRID, thread, service.reply, to=[PSYCHOLOGIST], content=Content(text="Bare til deg"))
    post.do(INGRID, thread, service.send, aside)
    assert post.step(INGRID, thread) is Step.ANSWER


def test_a_draft_that_names_the_patient_goes_when_its_service_may_not_know_any_more(post: Post) -> None:
    case = discuss(post, INGRID, [NAV_OFFICE])
    link(post, INGRID, case, NAV_OFFICE)
    for text in ("Solveig Nes trenger bolig", "Har dere prøvd å ringe?"):
        post.do(NAVN, case, service.reply, content=Content(text=text))
    withdraw(post, INGRID)
    assert sorted(post.texts(NAVN, case)) == sorted([WORDS, "Har dere prøvd å ringe?"])
    with post.db(NAVN).transaction() as session:
        assert service.search(session, NAVN, "bolig", now=post.town.now) == ()


def test_a_question_without_a_patient_that_holds_a_national_number_is_not_sent(post: Post) -> None:
    ingrid = at_desk(post, INGRID)
    shown = written(ingrid, begun(ingrid, NAV_OFFICE, **QUESTION), "Gjelder 158682 12346")
    refused = sent(ingrid, shown)
    assert "kan ikke ha et fødselsnummer" in words_of(refused)
    assert "158682 12346" in refused.text, "the text is kept"
    fine = written(ingrid, refused, "Kontonummer 12345678903, saksnummer 20261109123?")
    assert "Angre sendingen" in words_of(sent(ingrid, fine))


def test_a_question_without_a_patient_names_none_of_the_services_own(post: Post) -> None:
    known(post, INGRID, PATIENT)
    ingrid = at_desk(post, INGRID)
    page = begun(ingrid, NAV_OFFICE, **QUESTION)
    shown = written(ingrid, page, "Kan Solveig Nes få bostøtte? Spør gjerne Solveig selv.")
    words = words_of(shown)
    assert words.count("Ligner et navn") == 1
    assert "velg et emne med pasient" in words
    assert "Send meldingen" not in words
    stopped = ingrid.send(f"{here(shown)}/send", saved=hidden(ingrid.open(f"{here(shown)}/skriv"), "saved"))
    assert "Ligner et navn" in words_of(stopped)
    allowed = ingrid.send(f"{here(shown)}/begrunn", wording="Solveig Nes", why="En kollega med samme navn")
    assert "Angre sendingen" in words_of(sent(ingrid, allowed))


def test_the_reason_why_a_question_is_taken_back_names_no_patient_either(post: Post) -> None:
    known(post, INGRID, PATIENT)
    asked = post.send(
        INGRID, [NAV_OFFICE], "Har dere plass?", about=About(subject=Subject.QUESTION, line="Plass?")
    )
    for note, refused in (("Om Solveig Nes", service.Identifying), ("Om 158682 12346", anonymity.NamesAPatient)):
        with pytest.raises(refused):
            post.do(INGRID, asked, service.retract, asked.message, Reason.OTHER, note)


def test_a_document_or_what_is_sent_on_names_no_patient_in_a_question_either(post: Post) -> None:
    asked = post.send(
        PER, [INTAKE], "Tar dere imot Solveig Nes?", about=About(subject=Subject.QUESTION, line="Plass?")
    )
    known(post, INGRID, PATIENT)
    on = post.do(INGRID, asked, service.forward, to=[NAV_OFFICE])
    assert [each.where for each in post.do(INGRID, on, service.findings, on.message)] == ["forwards-0"]
    with pytest.raises(service.Identifying):
        post.do(INGRID, on, service.send, on.message)
    draft = post.do(INGRID, asked, service.reply, content=Content(text="Se her"))
    post.do(INGRID, asked, service.attach, draft, "solveig_nes.pdf", PDF)
    with pytest.raises(service.Identifying):
        post.do(INGRID, asked, service.send, draft)


def test_a_case_that_a_colleague_has_linked_to_somebody_else_is_not_linked_from_an_old_page(post: Post) -> None:
    case = discuss(post, INGRID, [NAV_OFFICE, FACT])
    link(post, INGRID, case, NAV_OFFICE)
    ingrid, path = at_desk(post, INGRID), f"/meldinger/{INTAKE}/{case.thread}/koble"
    who = {"given": "Kari", "family": "Annen", "birth_date": "01.02.1980"}
    old = ingrid.send(path, to=FACT, until="20.11.2026", said_yes="yes", **who)
    assert "koblet til en annen pasient" in words_of(old)
    post.town.settle()
    assert patient_at(post, FATIMA, case) is None
    shown = ingrid.send(path, to=FACT, until="20.11.2026", said_yes="yes", linked="")
    assert "Tråden har endret seg" in words_of(shown)
    fresh = ingrid.open(path)
    ingrid.send(path, to=FACT, until="20.11.2026", said_yes="yes", linked=hidden(fresh, "linked"))
    post.town.settle()
    assert patient_at(post, FATIMA, case) == PATIENT


def test_medicines_that_were_sent_on_under_plans_take_a_permit_for_medicines_at_whoever_sends_them_to_nav(
    post: Post,
) -> None:
    source = post.send(INGRID, [FACT], "Litium 300 mg", about=MEDICINES)
    brought = post.do(FATIMA, source, service.forward, to=[PSYCHOLOGIST], subject=Subject.PLAN)
    post.do(FATIMA, brought, service.send, brought.message)
    post.town.settle()
    post.permit(PER)
    let_in = post.do(PER, brought, service.add_member, NAV_OFFICE, history=None)
    with pytest.raises(consent.OutsideScope):
        post.do(PER, brought, service.send, let_in)
    on = post.do(PER, brought, service.forward, to=[NAV_OFFICE], subject=Subject.PLAN)
    with pytest.raises(consent.OutsideScope):
        post.do(PER, on, service.send, on.message)
    shown = words_of(at_desk(post, PER).open(f"/meldinger/{PSYCHOLOGIST}/{on.thread}/{on.message}/skriv"))
    assert "Sto under: Medisiner, Plan." in shown
    assert "Ja-et gjelder ikke: Medisiner" in shown, "the page says what the patient must be asked for, and why"
    post.permit(PER, topics=("plans", "medicines"))
    post.do(PER, on, service.send, on.message)
    post.town.settle()
    assert "Litium 300 mg" in [each.content.text for each in post.message(NAVN, on).along]


def test_the_line_of_a_question_that_came_here_names_no_patient_to_a_service_that_is_let_in(post: Post) -> None:
    known(post, PER, PATIENT)
    about = About(subject=Subject.QUESTION, line="Solveig Nes innlagt")
    asked = post.send(INGRID, [PSYCHOLOGIST], "Hva gjør vi?", about=about)
    post.do(PER, asked, service.open_)
    draft = post.do(PER, asked, service.add_member, NAV_OFFICE, content=Content(text="Se emnet"))
    assert [each.where for each in post.do(PER, asked, service.findings, draft)] == ["line"]
    with pytest.raises(service.Identifying):
        post.do(PER, asked, service.send, draft)
    on = post.do(PER, asked, service.forward, to=[NAV_OFFICE])
    with pytest.raises(service.Identifying):
        post.do(PER, on, service.send, on.message)
    post.answer(PER, asked, "Vi ringer")
    assert post.texts(INGRID, asked)[-1] == "Vi ringer", "who has had the line already is answered"


def test_the_name_of_a_patient_is_found_in_a_question_however_many_other_names_stand_there(post: Post) -> None:
    words = [f"{one}{other}rud" for one in "abcd" for other in "aeio"]
    others = [
        Identity(given=one, family=other, birth_date=date(1970, 1, number))
        for number, (one, other) in enumerate(pairwise(words), 1)
    ]
    known(post, PER, PATIENT, *others)
    text = " ".join(f"{one} {other}" for one in words for other in words if one != other)
    assert len(anonymity.neighbours([text], frozenset(words))) > 200
    asked = post.begin(
        PER,
        [NAV_OFFICE],
        f"{text}. solveig nes har depresjon",
        about=About(subject=Subject.QUESTION, line="Plass?"),
    )
    assert "solveig nes" in [each.text for each in post.do(PER, asked, service.findings, asked.message)]


@pytest.mark.parametrize("tried_after", [False, True], ids=["waiting", "tried-after-it-was-taken-back"])
def test_what_is_taken_back_goes_no_further_once_the_patient_has_withdrawn_their_yes(
    post: Post, tried_after: bool
) -> None:
    choice = post.permit(INGRID)
    begun = post.begin(INGRID, [NAV_OFFICE], "Litium 300 mg")
    post.do(INGRID, begun, service.send, begun.message)
    post.town.wire.down.add(KOMMUNE_NODE)
    post.town.settle()
    who = post.person(INGRID)
    with post.db(INGRID).transaction() as session:
        consent.withdraw_permit(session, INGRID.agency, who, choice, by=INGRID, now=post.town.now)
    post.do(INGRID, begun, service.retract, begun.message, Reason.EARLY)
    if tried_after:
        post.town.settle()
    post.town.wire.down.clear()
    for _ in range(3):
        post.town.pass_time(hours=1)
        post.town.settle()
    with post.db(NAVN).reading() as session:
        came = session.scalars(select(IncomingRow.event).where(IncomingRow.agency == NAVN.agency)).all()
    assert came == [Event.CARE_MESSAGE_RETRACT.value]
    sent = post.message(INGRID, begun).message
    assert sent.status is Status.RETRACTED
    assert [each.answer.fate for each in sent.receipts if each.answer is not None] == [Fate.VANISHED]


def test_medicines_that_are_written_anew_to_nav_under_plans_take_a_permit_for_medicines(post: Post) -> None:
    post.permit(INGRID)
    sent_wrong = post.send(INGRID, [PSYCHOLOGIST], "Litium 300 mg", about=MEDICINES)
    anew = post.do(
        INGRID,
        sent_wrong,
        service.send_anew,
        sent_wrong.message,
        reason=Reason.RECEIVER,
        to=[NAV_OFFICE],
        about=PLAN,
    )
    with pytest.raises(consent.OutsideScope):
        post.do(INGRID, anew, service.send, anew.message)
    post.permit(INGRID, topics=("plans", "medicines"))
    post.do(INGRID, anew, service.send, anew.message)
    post.town.settle()
    assert post.texts(NAVN, anew) == ["Litium 300 mg"]
    on = post.do(INGRID, anew, service.forward, to=[FACT])
    assert post.message(INGRID, on).along[0].stood_under == (Subject.MEDICINES, Subject.PLAN)


def _talk(post: Post, where: str = "55 00 00 01") -> Offer:
    slot = Slot(id=SlotId(uuid4()), start=post.town.now + timedelta(days=1), minutes=30)
    return Offer(by=By.PHONE, slots=(slot,), where=where)


def _offered(post: Post, by: Staff, thread: Begun) -> Slot:
    offer = post.message(by, thread).message.content.offer
    assert offer is not None
    return offer.slots[0]


def _says_no(post: Post, by: Staff, agency: AgencyId) -> None:
    who = post.person(by)
    with post.db(by).transaction() as session:
        consent.block(session, by.agency, who, consent.Target(agency=agency), by=by, now=post.town.now)


def _members(post: Post, by: Staff, thread: Begun) -> list[ServiceId]:
    return [each.party.service for each in post.see(by, thread).standing.members]


@pytest.mark.parametrize("says_no_late", [False, True], ids=["before", "while-it-waits"])
def test_who_may_know_nothing_more_is_not_told_which_service_came_into_the_thread(
    post: Post, says_no_late: bool
) -> None:
    post.permit(INGRID)
    thread = post.send(INGRID, [NAV_OFFICE], "Plan?")
    post.do(NAVN, thread, service.open_)
    draft = post.do(INGRID, thread, service.add_member, FACT)
    post.do(INGRID, thread, service.save_draft, draft, Content(text="Kan dere hjelpe?"), to=[FACT])
    if not says_no_late:
        _says_no(post, INGRID, NAV)
    post.do(INGRID, thread, service.send, draft)
    if says_no_late:
        _says_no(post, INGRID, NAV)
    post.town.settle()
    assert post.texts(FATIMA, thread) == ["Kan dere hjelpe?"]
    assert _members(post, NAVN, thread) == [NAV_OFFICE, INTAKE]
    kinds = [task.kind for task in post.see(INGRID, thread).tasks]
    assert kinds == ([TaskKind.HELD_BACK] if says_no_late else []), "what was promised ends with whom to call"
    assert post.opened_by(INGRID, thread) == ["Nils Nav"], "a receipt tells nothing but of what had come"


def test_a_time_is_not_picked_where_the_patient_has_said_no_to_whoever_offered_it(post: Post) -> None:
    thread = post.send(PER, [INTAKE, FACT], "Kan vi snakkes?", offer=_talk(post))
    slot = _offered(post, INGRID, thread)
    post.do(INGRID, thread, service.open_)
    _says_no(post, INGRID, PER.agency)
    with pytest.raises(consent.Blocked):
        post.do(INGRID, thread, service.choose_slot, thread.message, slot.id, phone="Hun er innlagt: 55 00 00 02")
    page = at_desk(post, INGRID).send(
        f"/meldinger/{INTAKE}/{thread.thread}/{thread.message}/velg", slot=str(slot.id)
    )
    assert page.status_code == 409 and "Pasienten har sagt nei" in words_of(page)
    post.town.settle()
    assert post.message(PER, thread).message.agreed is None
    post.do(FATIMA, thread, service.open_)
    post.do(FATIMA, thread, service.choose_slot, thread.message, slot.id)
    post.town.settle()
    assert post.message(PER, thread).message.agreed == slot


def test_nobody_picks_a_time_in_the_name_of_another_service(post: Post) -> None:
    thread = post.send(PER, [INTAKE, FACT], "Kan vi snakkes?", offer=_talk(post))
    message, slot = post.message(PER, thread).message, _offered(post, PER, thread)
    picked = Choice(slot=slot.id, by=Author.of(FATIMA, FACT), at=post.town.now)
    word = Word(
        thread=thread.thread,
        sender=Party(INGRID.agency, INTAKE),
        receiver=message.sender,
        at=post.town.now,
        told=(Told(message=message.id, choice=picked),),
    )
    with pytest.raises(NotFromSender):
        heard(post, PER, word)


def test_medicines_that_were_written_anew_under_plans_take_a_permit_for_medicines_at_whoever_sends_them_to_nav(
    post: Post,
) -> None:
    wrong = post.send(INGRID, [FACT], "Litium 300 mg", about=MEDICINES)
    anew = post.do(
        INGRID, wrong, service.send_anew, wrong.message, reason=Reason.RECEIVER, to=[PSYCHOLOGIST], about=PLAN
    )
    post.do(INGRID, anew, service.send, anew.message)
    post.town.settle()
    post.permit(PER)
    let_in = post.do(PER, anew, service.add_member, NAV_OFFICE, history=None)
    with pytest.raises(consent.OutsideScope):
        post.do(PER, anew, service.send, let_in)
    on = post.do(PER, anew, service.forward, to=[NAV_OFFICE])
    with pytest.raises(consent.OutsideScope):
        post.do(PER, on, service.send, on.message)
    shown = words_of(at_desk(post, PER).open(f"/meldinger/{PSYCHOLOGIST}/{on.thread}/{on.message}/skriv"))
    assert "Sto under: Medisiner, Plan." in shown
    post.permit(PER, topics=("plans", "medicines"))
    post.do(PER, on, service.send, on.message)
    post.town.settle()
    assert "Litium 300 mg" in [each.content.text for each in post.message(NAVN, on).along]


def test_words_written_anew_without_a_patient_do_not_say_under_what_they_stood(post: Post) -> None:
    wrong = post.send(INGRID, [PSYCHOLOGIST], "Er det plass?", about=MEDICINES)
    question = About(subject=Subject.QUESTION, line="Plass")
    anew = post.do(
        INGRID, wrong, service.send_anew, wrong.message, reason=Reason.RECEIVER, to=[FACT], about=question
    )
    post.do(INGRID, anew, service.send, anew.message)
    post.town.settle()
    assert post.message(FATIMA, anew).message.stood_under == ()


@pytest.mark.parametrize("is_opened", [False, True], ids=["vanished", "hidden"])
def test_what_is_written_of_a_retraction_stays_where_it_was_written(post: Post, is_opened: bool) -> None:
    post.permit(INGRID)
    wrong = post.send(INGRID, [NAV_OFFICE, FACT], "Møte på torsdag")
    on = post.do(FATIMA, wrong, service.forward, to=[PSYCHOLOGIST])
    post.do(FATIMA, on, service.send, on.message)
    post.town.settle()
    if is_opened:
        for who in (NAVN, FATIMA, PER):
            post.do(who, on if who is PER else wrong, service.open_)
    post.do(INGRID, wrong, service.retract, wrong.message, Reason.CONTENT, "Hun er innlagt med psykose")
    post.town.settle()
    for who in (INGRID, FATIMA):
        assert "psykose" not in sent_from(post, who).decode()
    here_it_stands = at_desk(post, INGRID).open(f"/meldinger/{INTAKE}/{wrong.thread}")
    assert "Forklaring Hun er innlagt med psykose" in words_of(here_it_stands)
    for who in (NAVN, FATIMA, PER) if is_opened else ():
        shown = words_of(first_thread(at_desk(post, who)))
        assert "Feil i teksten eller et dokument" in shown
        assert "psykose" not in shown
