"""Two real nodes discuss an anonymous case, link it when the patient consents, and forget it when they do not."""

from datetime import timedelta

import pytest

from handover.actors import Author, Party, Patient, Staff
from handover.consent import service as consent
from handover.demo.people import synthetic_number
from handover.message import service
from handover.message.anonymity import Kind
from handover.message.linking import Link, NotWhoBegan, Unlink, Why
from handover.message.model import By, Content, Member, Offer, Point, Reason, Slot, SlotId, Subject, Weighs, Word
from handover.message.service import Begun, Identifying, NotInACase, PatientCase
from handover.person.model import Identity
from handover.team import service as team
from handover.team.model import TaskKind
from tests.builders import DPS, FACT, INTAKE, NAV, NAV_OFFICE
from tests.message.cases import CASE, WORDS, discuss, heard, known, link, patient_at, sent_from, withdraw
from tests.message.nodes import PATIENT, PDF, PLAN, Post
from tests.referral.nodes import FATIMA, INGRID, KOMMUNE_NODE, NAVN, NUMBER, PER

HERSELF = Patient(number=NUMBER, name=PATIENT.name)


def test_several_agencies_discuss_a_case_that_names_nobody_and_weigh_it(any_post: Post) -> None:
    points = (Point(weighs=Weighs.FOR, text="Svarer ikke på brev"),)
    case = discuss(any_post, INGRID, [NAV_OFFICE, FACT], weighing=points)
    for by in (NAVN, FATIMA):
        seen = any_post.see(by, case)
        assert seen.patient is None
        assert seen.standing.heading.subject is Subject.ANONYMOUS
        assert seen.messages[0].message.content.weighing == points
    any_post.answer(NAVN, case, "Har dere prøvd å ringe?")
    assert any_post.texts(FATIMA, case) == any_post.texts(INGRID, case) == [WORDS, "Har dere prøvd å ringe?"]


@pytest.mark.parametrize(
    ("words", "kind", "shown"),
    [
        ("Gjelder 15068212345, haster", Kind.NUMBER, "15068212345"),
        ("Ring ham på 912 34 567", Kind.PHONE, "912 34 567"),
        ("Skriv til ola@eksempel.no", Kind.EMAIL, "ola@eksempel.no"),
        ("Bor i Storgata 12", Kind.ADDRESS, "Storgata 12"),
        ("Født 15.06.1982", Kind.DATE, "Født 15.06"),
        ("Vi har sett SOLVEIG ofte", Kind.NAME, "SOLVEIG"),
        ("Det er Nes' sak", Kind.NAME, "Nes"),
        ("Alle kjenner solveig nes godt", Kind.NAME, "solveig nes"),
    ],
)
def test_what_looks_like_an_identity_stops_a_case_until_it_is_removed(
    post: Post, words: str, kind: Kind, shown: str
) -> None:
    known(post, INGRID, PATIENT)
    case = post.begin(INGRID, [NAV_OFFICE], words, about=CASE)
    found = post.do(INGRID, case, service.findings, case.message)
    assert [(each.kind, each.where) for each in found] == [(kind, "text")]
    assert found[0].text.startswith(shown)
    with pytest.raises(Identifying) as refused:
        post.do(INGRID, case, service.send, case.message)
    assert refused.value.fields == {"text": ["identifying"]}
    assert shown not in repr(refused.value)
    post.do(INGRID, case, service.save_draft, case.message, Content(text=WORDS))
    post.do(INGRID, case, service.send, case.message)
    post.town.settle()
    assert post.texts(NAVN, case) == [WORDS]


def test_each_wording_is_justified_one_by_one_and_the_reasons_stay_in_history_and_log(post: Post) -> None:
    known(post, INGRID, PATIENT)
    case = post.begin(INGRID, [NAV_OFFICE], "Familien Nes og Storgata 12", about=CASE)
    post.do(INGRID, case, service.justify, case.message, "nes", "Navnet på et helt annet hus")
    with pytest.raises(Identifying):
        post.do(INGRID, case, service.send, case.message)
    with pytest.raises(service.NothingThere):
        post.do(INGRID, case, service.justify, case.message, "nes", "Én gang til")
    post.do(INGRID, case, service.justify, case.message, "Storgata 12", "Kontoret vårt")
    assert post.do(INGRID, case, service.findings, case.message) == ()
    post.do(INGRID, case, service.send, case.message)
    post.town.settle()
    assert post.texts(NAVN, case) == ["Familien Nes og Storgata 12"]
    said = [each.text for each in post.see(INGRID, case).history if each.doing.value == "justify"]
    assert said == ["«Nes»: Navnet på et helt annet hus", "«Storgata 12»: Kontoret vårt"]
    assert not any(each.doing.value == "justify" for each in post.see(NAVN, case).history)
    assert b"Kontoret" not in sent_from(post, INGRID)


def test_what_was_justified_is_justified_anew_after_it_was_written_anew(post: Post) -> None:
    case = post.begin(INGRID, [NAV_OFFICE], "Storgata 12", about=CASE)
    post.do(INGRID, case, service.justify, case.message, "Storgata 12", "Kontoret vårt")
    for words in (WORDS, "Storgata 12"):
        post.do(INGRID, case, service.save_draft, case.message, Content(text=words))
    assert len(post.do(INGRID, case, service.findings, case.message)) == 1


def test_colleagues_services_and_their_phones_may_be_named(post: Post) -> None:
    service_phone = "+47 55 50 20 01"
    case = post.begin(INGRID, [NAV_OFFICE], f"Hilsen {INGRID.name}, NAV Fjordheim, {INGRID.phone}", about=CASE)
    assert post.do(INGRID, case, service.findings, case.message) == ()
    assert service_phone


def test_an_anonymous_case_has_no_documents_and_nothing_is_forwarded_into_it_or_out_of_it(post: Post) -> None:
    case = discuss(post, INGRID, [NAV_OFFICE])
    draft = post.do(INGRID, case, service.reply)
    with pytest.raises(NotInACase):
        post.do(INGRID, case, service.attach, draft, "Solveig Nes.pdf", PDF)
    with pytest.raises(NotInACase):
        post.do(INGRID, case, service.forward, to=[FACT])
    other = post.send(PER, [INTAKE], about=PLAN)
    with pytest.raises(NotInACase):
        post.do(INGRID, other, service.forward, to=[NAV_OFFICE], subject=Subject.ANONYMOUS)


def test_a_reason_a_place_and_a_callback_number_name_nobody_either(post: Post) -> None:
    known(post, INGRID, PATIENT)
    known(post, NAVN, PATIENT)
    slot = Slot(id=SlotId(PER.id), start=post.town.now + timedelta(days=1), minutes=30)
    offer = Offer(by=By.PHONE, where="Solveig, 912 34 567", slots=(slot,))
    case = post.begin(INGRID, [NAV_OFFICE], WORDS, about=CASE, offer=offer)
    assert [each.where for each in post.do(INGRID, case, service.findings, case.message)] == ["where", "where"]
    own = Offer(by=By.PHONE, where=INGRID.phone, slots=(slot,))
    post.do(INGRID, case, service.save_draft, case.message, Content(text=WORDS, offer=own))
    post.do(INGRID, case, service.send, case.message)
    post.town.settle()
    post.do(NAVN, case, service.open_)
    with pytest.raises(Identifying):
        post.do(NAVN, case, service.choose_slot, case.message, slot.id, phone="912 34 567")
    with pytest.raises(Identifying):
        post.do(INGRID, case, service.retract, case.message, Reason.OTHER, "Handlet om Solveig")
    post.do(NAVN, case, service.choose_slot, case.message, slot.id, phone=NAVN.phone)


# --- the patient says yes ---------------------------------------------------------------------------------------


def test_a_case_is_linked_only_where_the_patient_has_said_yes_and_messages_still_name_nobody(post: Post) -> None:
    case = discuss(post, INGRID, [NAV_OFFICE, FACT])
    with pytest.raises(consent.NoPermit) as refused:
        link(post, INGRID, case, NAV_OFFICE, said_yes=False)
    assert refused.value.details["service"] == NAV_OFFICE
    assert patient_at(post, INGRID, case) is None
    link(post, INGRID, case, NAV_OFFICE)
    assert patient_at(post, INGRID, case) == PATIENT
    assert patient_at(post, NAVN, case) == PATIENT
    assert patient_at(post, FATIMA, case) is None
    before = sent_from(post, INGRID).count(NUMBER.encode())
    post.answer(INGRID, case, "Hun vil gjerne ha hjelp")
    post.answer(NAVN, case, "Fint")
    assert post.texts(FATIMA, case)[-1] == "Fint"
    assert before == sent_from(post, INGRID).count(NUMBER.encode()) == 1
    assert NUMBER.encode() not in sent_from(post, NAVN)
    assert "message.receive-link" in post.logged(NAVN)


def test_a_health_service_too_hears_who_it_is_only_on_the_patients_own_yes(post: Post) -> None:
    case = discuss(post, PER, [INTAKE])
    with pytest.raises(consent.NoPermit):
        link(post, PER, case, INTAKE, said_yes=False)
    link(post, PER, case, INTAKE)
    assert patient_at(post, INGRID, case) == PATIENT


def test_a_block_beats_a_yes_that_somebody_writes_down(post: Post) -> None:
    case = discuss(post, INGRID, [NAV_OFFICE])
    who, target = post.person(INGRID), consent.Target(agency=NAV)
    with post.db(INGRID).transaction() as session:
        consent.block(session, INGRID.agency, who, target, by=INGRID, now=post.town.now)
    with pytest.raises(consent.Blocked):
        link(post, INGRID, case, NAV_OFFICE)
    assert patient_at(post, NAVN, case) is None


def test_only_who_began_a_case_links_it_and_only_to_one_person(post: Post) -> None:
    case = discuss(post, INGRID, [NAV_OFFICE])
    post.town.settle()
    with pytest.raises(service.NotTheirs):
        link(post, NAVN, case, INTAKE)
    with pytest.raises(service.NoOneToTell):
        link(post, INGRID, case, FACT)
    link(post, INGRID, case, NAV_OFFICE)
    other = type(PATIENT)(given="Odd", family="Vik", birth_date=PATIENT.birth_date)
    with pytest.raises(service.AlreadyLinked):
        link(post, INGRID, case, NAV_OFFICE, who=other)


# --- and takes it back ------------------------------------------------------------------------------------------


def test_a_withdrawn_yes_makes_a_case_anonymous_again_for_all_but_the_home_agency(any_post: Post) -> None:
    case = discuss(any_post, INGRID, [NAV_OFFICE, FACT])
    link(any_post, INGRID, case, NAV_OFFICE, FACT)
    any_post.do(NAVN, case, service.open_)
    any_post.town.settle()
    withdraw(any_post, INGRID, agency=NAV)
    assert patient_at(any_post, NAVN, case) is None
    assert patient_at(any_post, FATIMA, case) == patient_at(any_post, INGRID, case) == PATIENT
    with any_post.db(NAVN).transaction() as session:
        assert service.search(session, NAVN, NUMBER, now=any_post.town.now) == ()
    with any_post.db(INGRID).transaction() as session:
        (seen,) = service.my_cases(session, [INGRID.agency], HERSELF, now=any_post.town.now)
    told = {each.party.agency: each for each in seen.told}
    assert [each.by for _, each in told[NAV].read] == [NAVN.name]
    assert told[NAV].ended_at is not None
    assert told[NAV].is_confirmed
    assert told[FATIMA.agency].ended_at is None
    assert "message.receive-unlink" in any_post.logged(NAVN)


def test_a_case_opens_again_by_a_new_yes(post: Post) -> None:
    case = discuss(post, INGRID, [NAV_OFFICE])
    link(post, INGRID, case, NAV_OFFICE)
    withdraw(post, INGRID)
    with pytest.raises(consent.NoPermit):
        link(post, INGRID, case, NAV_OFFICE, who=None, said_yes=False)
    link(post, INGRID, case, NAV_OFFICE, who=None)
    assert patient_at(post, NAVN, case) == PATIENT


def test_a_yes_that_runs_out_takes_the_link_with_it(post: Post) -> None:
    case = discuss(post, INGRID, [NAV_OFFICE])
    link(post, INGRID, case, NAV_OFFICE)
    for days in (20, 20):
        post.town.pass_time(days=days)
        with post.db(INGRID).transaction() as session:
            service.end_expired(session, INGRID.agency, now=post.town.now)
        post.town.settle()
        expected = PATIENT if days == 20 and patient_at(post, NAVN, case) else None
    assert patient_at(post, NAVN, case) is None
    assert expected is None


def test_a_yes_that_is_made_longer_leaves_the_link_as_it_is(post: Post) -> None:
    case = discuss(post, INGRID, [NAV_OFFICE])
    link(post, INGRID, case, NAV_OFFICE)
    who = post.person(INGRID)
    with post.db(INGRID).transaction() as session:
        (held,) = consent.choices_of(session, INGRID.agency, who)
        terms = consent.Terms(
            purpose="coordination", topics=("plans",), until=(post.town.now + timedelta(days=80)).date()
        )
        consent.permit(
            session, INGRID.agency, who, held.target, terms, by=INGRID, now=post.town.now, instead_of=held.id
        )
    post.town.settle()
    assert patient_at(post, NAVN, case) == PATIENT
    assert "message.unlink" not in post.logged(INGRID)


def test_a_link_made_by_mistake_is_taken_away_here_too(post: Post) -> None:
    case = discuss(post, INGRID, [NAV_OFFICE])
    link(post, INGRID, case, NAV_OFFICE)
    post.do(INGRID, case, service.unlink)
    post.town.settle()
    assert patient_at(post, INGRID, case) is patient_at(post, NAVN, case) is None
    with pytest.raises(service.NotLinked):
        post.do(INGRID, case, service.unlink)


# --- what else is kept, and who may say so ----------------------------------------------------------------------

ODDS_NUMBER = synthetic_number(PATIENT.birth_date, 3)
OTHER = Identity(given="Odd", family="Vik", birth_date=PATIENT.birth_date, number=ODDS_NUMBER)
HIMSELF = Patient(number=ODDS_NUMBER, name=OTHER.name)


def _cases_of(post: Post, by: Staff, patient: Patient) -> tuple[PatientCase, ...]:
    with post.db(by).transaction() as session:
        return service.my_cases(session, [by.agency], patient, now=post.town.now)


def test_who_a_case_was_linked_to_by_mistake_reads_that_and_nothing_of_whose_it_is(any_post: Post) -> None:
    post = any_post
    case = discuss(post, INGRID, [NAV_OFFICE, FACT])
    link(post, INGRID, case, NAV_OFFICE, who=OTHER)
    post.do(NAVN, case, service.open_)
    post.town.settle()
    post.town.pass_time(minutes=5)
    post.do(INGRID, case, service.unlink)
    post.town.settle()
    post.town.pass_time(minutes=5)
    link(post, INGRID, case, NAV_OFFICE, FACT)
    post.do(FATIMA, case, service.open_)
    post.answer(NAVN, case, "Nå vet vi hvem det er")
    for by in (INGRID, NAVN):
        (seen,) = _cases_of(post, by, HIMSELF)
        assert seen.is_mistake
        assert seen.reference == ""
        (told,) = seen.told
        assert (told.party.service, told.why, told.is_confirmed) == (NAV_OFFICE, Why.MISTAKE, True)
        assert [each.by for _, each in told.read] == [NAVN.name]
        assert all(each.at <= told.ended_at for each in seen.log if told.ended_at is not None)
    (hers,) = _cases_of(post, INGRID, HERSELF)
    assert not hers.is_mistake
    assert {each.party.service: each.ended_at for each in hers.told} == {NAV_OFFICE: None, FACT: None}
    assert patient_at(post, NAVN, case) == PATIENT


@pytest.mark.parametrize("is_withdrawn", [False, True], ids=["nothing-more", "then-withdrawn"])
def test_who_a_case_was_linked_to_by_mistake_reads_that_where_the_word_of_it_and_the_next_link_expire(
    post: Post, is_withdrawn: bool
) -> None:
    case = discuss(post, INGRID, [NAV_OFFICE])
    link(post, INGRID, case, NAV_OFFICE, who=OTHER)
    post.town.wire.down.add(KOMMUNE_NODE)
    post.do(INGRID, case, service.unlink)
    link(post, INGRID, case, NAV_OFFICE)
    post.town.pass_time(hours=97)
    post.town.settle()
    if is_withdrawn:
        withdraw(post, INGRID)
    post.town.wire.down.clear()
    post.town.pass_time(minutes=30)
    post.town.settle()
    for by in (INGRID, NAVN):
        (seen,) = _cases_of(post, by, HIMSELF)
        assert [(each.why, each.is_confirmed) for each in seen.told] == [(Why.MISTAKE, True)]
    assert patient_at(post, NAVN, case) is None
    assert _cases_of(post, NAVN, HERSELF) == ()


def test_the_service_is_asked_to_tell_who_a_case_was_linked_to_by_mistake(post: Post) -> None:
    case = discuss(post, INGRID, [NAV_OFFICE])
    link(post, INGRID, case, NAV_OFFICE, who=OTHER)
    post.do(INGRID, case, service.unlink)
    with post.db(INGRID).transaction() as session:
        (task,) = [each for each in team.tasks(session, INGRID) if each.kind is TaskKind.LINKED_BY_MISTAKE]
    assert OTHER.name in task.text
    assert OTHER.name not in repr(task)


def test_a_patient_reads_each_time_that_a_service_was_told_and_what_was_read_until_it_forgot(post: Post) -> None:
    case = discuss(post, INGRID, [NAV_OFFICE])
    link(post, INGRID, case, NAV_OFFICE)
    post.do(NAVN, case, service.open_)
    post.town.settle()
    post.town.pass_time(minutes=5)
    withdraw(post, INGRID)
    post.town.pass_time(minutes=5)
    post.answer(INGRID, case, "Uten navn igjen")
    post.do(NAVN, case, service.open_)
    post.town.settle()
    (seen,) = _cases_of(post, INGRID, HERSELF)
    assert [(each.why, len(each.read)) for each in seen.told] == [(Why.WITHDRAWN, 1)]
    post.town.pass_time(minutes=5)
    link(post, INGRID, case, NAV_OFFICE, who=None)
    (seen,) = _cases_of(post, INGRID, HERSELF)
    assert [(each.why, len(each.read)) for each in seen.told] == [(Why.WITHDRAWN, 1), (None, 1)]
    (there,) = _cases_of(post, NAVN, HERSELF)
    assert [each.why for each in there.told] == [Why.WITHDRAWN, None]
    assert {each.who.name for each in there.log} == {NAVN.name}


def test_a_link_that_is_asked_for_twice_is_said_logged_and_told_once(post: Post) -> None:
    case = discuss(post, INGRID, [NAV_OFFICE])
    for _ in range(2):
        link(post, INGRID, case, NAV_OFFICE)
    assert post.logged(INGRID).count("message.link") == 1
    assert post.logged(NAVN).count("message.receive-link") == 1
    assert sent_from(post, INGRID).count(NUMBER.encode()) == 1
    assert len([each for each in post.see(INGRID, case).history if each.doing.value == "link"]) == 1


def _link_by(post: Post, sender: Party, receiver: Party, case: Begun) -> Link:
    author = Author(name="Ond", title="Lege", phone="55500000", agency=sender.agency, service=sender.service)
    return Link(
        thread=case.thread,
        number=99,
        patient=OTHER,
        sender=sender,
        receiver=receiver,
        author=author,
        at=post.town.now,
    )


def test_a_hostile_member_neither_takes_a_case_over_nor_says_whom_it_is_about(post: Post) -> None:
    case = discuss(post, INGRID, [NAV_OFFICE, FACT])
    dps, nav, fact = Party(DPS, INTAKE), Party(NAV, NAV_OFFICE), Party(FATIMA.agency, FACT)
    early = post.town.now - timedelta(days=400)
    for to, by in ((dps, INGRID), (fact, FATIMA)):
        for lie in (Member(party=nav, since=early, added_by=nav), Member(party=dps, since=early, added_by=nav)):
            with pytest.raises(NotWhoBegan):
                heard(
                    post, by, Word(thread=case.thread, sender=nav, receiver=to, at=post.town.now, members=(lie,))
                )
        with pytest.raises(NotWhoBegan):
            heard(post, by, _link_by(post, nav, to, case))
    link(post, INGRID, case, FACT)
    assert patient_at(post, FATIMA, case) == PATIENT
    unlink = Unlink(thread=case.thread, number=100, why=Why.WITHDRAWN, sender=nav, receiver=fact, at=post.town.now)
    with pytest.raises(NotWhoBegan):
        heard(post, FATIMA, unlink)
    assert patient_at(post, FATIMA, case) == PATIENT
    assert _cases_of(post, FATIMA, HIMSELF) == ()


def test_what_a_stranger_said_before_a_case_came_is_forgotten_when_it_comes(post: Post) -> None:
    case = post.begin(INGRID, [FACT], WORDS, about=CASE)
    heard(post, FATIMA, _link_by(post, Party(NAV, NAV_OFFICE), Party(FATIMA.agency, FACT), case))
    assert len(_cases_of(post, FATIMA, HIMSELF)) == 1
    post.do(INGRID, case, service.send, case.message)
    post.town.settle()
    assert patient_at(post, FATIMA, case) is None
    assert _cases_of(post, FATIMA, HIMSELF) == ()
