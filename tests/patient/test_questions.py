"""From a draft to NAV that may not be sent to the patient's yes: on their own page, or given in the meeting."""

from collections.abc import Iterator
from dataclasses import replace
from re import search

import pytest
from werkzeug.test import TestResponse

from handover.message import service
from handover.team import noticing
from tests.builders import INTAKE, MUNICIPALITY, NAV, NAV_OFFICE
from tests.conftest import OpenDatabase
from tests.message.desks import at_desk, begun, first_thread, here, sent, written
from tests.message.nodes import PATIENT as PATIENT_OF_DRAFT
from tests.message.nodes import PDF, PLAN, Post
from tests.referral.nodes import FATIMA, NAVN, PATIENT, PER, town
from tests.referral.visiting import Reader, reader, register_everybody, words_of

MINE = "/mine-valg"


@pytest.fixture
def post(open_sqlite: OpenDatabase) -> Iterator[Post]:
    """Two nodes whose staff can sign in."""
    made = town(open_sqlite)
    register_everybody(made)
    yield Post(made)
    made.close()


def solveig(post: Post) -> Reader:
    """Return the patient, signed in at the municipality's node."""
    return reader(post.town, PATIENT, node=post.town.kommune)


def refused(desk: Reader, text: str = "Kan vi avtale et møte?") -> tuple[TestResponse, str]:
    """Write to NAV without a permit; returns the page that says no, and where it leads."""
    page = sent(desk, written(desk, begun(desk, NAV_OFFICE), text))
    led = search(r'href="(/deling/melding/[^"]+)"', page.text)
    assert led
    return page, led[1]


def put(desk: Reader, led: str, **changes: str) -> TestResponse:
    """Ask the patient for what the message needs."""
    form = {
        "target": f"{NAV}/{NAV_OFFICE}",
        "topics": "plans",
        "until": "01.12.2026",
        "why": "Vi vil avtale et møte.",
    }
    return desk.send(f"{led}/spor", **{**form, **changes})


def question(patient: Reader) -> str:
    """Return where the question to the patient is read."""
    found = search(r'href="(/mine-valg/sporsmal/[^"]+)"', patient.open(MINE).text)
    assert found
    return found[1]


def test_a_writer_without_a_permit_asks_the_patient_who_says_yes_and_the_message_goes(post: Post) -> None:
    per, patient = at_desk(post, PER), solveig(post)
    page, led = refused(per)
    assert page.status_code == 409
    assert "Pasienten må si ja før dere kan sende" in words_of(page) and "Kan vi avtale et møte?" in page.text
    assert "Slik får du sendt det" in words_of(per.open(led))
    form = per.open(f"{led}/spor")
    assert 'value="plans" checked' in form.text, "what the message needs is filled in"
    assert "Pasienten er spurt." in words_of(put(per, led))
    assert "har ikke svart ennå" in words_of(per.open(f"{here(page)}/skriv"))

    assert "spør deg om noe" in words_of(patient.open("/mine-henvisninger"))
    asked = patient.open(question(patient))
    words = words_of(asked)
    assert "Vi vil avtale et møte." in words and "Per Psykolog" in words
    assert "kan leses av dem som arbeider på kontoret" in words
    said = patient.send(asked.request.path, answer="yes", topics="plans", until="01.12.2026")
    assert "Du har sagt ja." in words_of(said) and "Les og svar" not in words_of(said)

    assert "Pasienten har sagt ja til at noe kan sendes" in words_of(per.open("/oppgaver"))
    assert "Pasienten sa ja" in words_of(per.open(led))
    assert sent(per, per.open(f"{here(page)}/se")).status_code == 200
    post.town.settle()
    read = words_of(first_thread(at_desk(post, NAVN)))
    assert "Kan vi avtale et møte?" in read
    assert "gjelder til og med tirsdag 1. desember" in read and "Planer og avtaler" in read


def test_a_patient_says_no_and_the_writer_keeps_the_text(post: Post) -> None:
    per, patient = at_desk(post, PER), solveig(post)
    page, led = refused(per)
    put(per, led)
    url = question(patient)
    assert "Du har sagt nei." in words_of(patient.send(url, answer="no"))
    late = patient.send(url, answer="yes", topics="plans", until="01.12.2026")
    assert late.status_code == 409
    assert "venter ikke på svar lenger" in words_of(late)
    assert "Pasienten har sagt nei" in words_of(per.open("/oppgaver"))
    again = sent(per, per.open(f"{here(page)}/se"))
    assert again.status_code == 409 and "Kan vi avtale et møte?" in again.text


def test_a_patient_cannot_say_yes_to_more_than_was_asked_or_to_nothing(post: Post) -> None:
    per, patient = at_desk(post, PER), solveig(post)
    _page, led = refused(per)
    put(per, led)
    url = question(patient)
    empty = patient.send(url, answer="yes", topics="diagnoses", until="01.12.2026")
    assert empty.status_code == 422 and "Velg minst ett tema." in words_of(empty)


def test_a_yes_given_in_the_meeting_is_written_down_from_the_draft_and_logged(post: Post) -> None:
    per = at_desk(post, PER)
    page, led = refused(per)
    put(per, led)
    form = {"target": NAV, "purpose": "coordination", "topics": "plans", "until": "01.12.2026"}
    assert per.send(led, **form).status_code == 422, "not without saying that the patient said it"
    kept = per.send(led, **form, said="yes")
    assert "Pasientens ja er lagret." in words_of(kept)
    assert "Pasienten sa ja" in words_of(kept), "the question on the own page is answered with it"
    assert "Les og svar" not in words_of(solveig(post).open(MINE))
    assert "consent.give" in post.logged(PER)
    assert "Per Psykolog ved Fjordheim kommune skrev ned at du sa ja" in words_of(
        solveig(post).open(f"{MINE}/hvem-har-lest")
    )
    assert sent(per, per.open(f"{here(page)}/se")).status_code == 200


def test_the_question_must_cover_what_is_written_documents_too(post: Post) -> None:
    per = at_desk(post, PER)
    draft = post.begin(PER, [NAV_OFFICE])
    post.do(PER, draft, service.attach, draft.message, "plan.pdf", PDF)
    home = post.see(PER, draft).standing.home.service
    led = f"/deling/melding/{home}/{draft.thread}/{NAV_OFFICE}"
    assert 'value="documents" checked' in per.open(f"{led}/spor").text
    lacking = put(per, led)
    assert lacking.status_code == 422
    assert "Kryss av for alle temaene det du har skrevet, trenger." in words_of(lacking)
    assert "Vi vil avtale et møte." in lacking.text


def test_what_one_patient_said_is_never_written_down_for_another(post: Post) -> None:
    per = at_desk(post, PER)
    draft = post.begin(PER, [NAV_OFFICE])
    home = post.see(PER, draft).standing.home.service
    led = f"/deling/melding/{home}/{draft.thread}/{NAV_OFFICE}"
    about = search(r'name="about" value="([^"]+)"', per.open(led).text)
    assert about and search(r'name="about" value="([^"]+)"', per.open(f"{led}/spor").text)
    other = replace(PATIENT_OF_DRAFT, given="Kari", number=None)
    post.do(PER, draft, service.change_about, replace(PLAN, patient=other))
    for path in ("", "/nei", "/tilbake", "/spor"):
        late = per.send(f"{led}{path}", about=about[1], target=f"{NAV}/{NAV_OFFICE}", said="yes", topics="plans")
        assert late.status_code in {404, 409}, "somebody without a number cannot be asked on a page of their own"
    assert "Saken gjelder en annen" in words_of(per.send(led, about=about[1]))
    assert "consent.give" not in post.logged(PER)


def test_a_question_is_taken_back(post: Post) -> None:
    per, patient = at_desk(post, PER), solveig(post)
    _page, led = refused(per)
    asked = put(per, led)
    request = search(r'name="request" value="([^"]+)"', asked.text)
    assert request
    back = per.send(f"{led}/ikke-spor", request=request[1])
    assert "Spørsmålet er trukket tilbake." in words_of(back)
    assert "Les og svar" not in words_of(patient.open(MINE))
    assert "Pasienten har alt svart." in words_of(per.send(f"{led}/ikke-spor", request=request[1]))


def test_a_blocked_receiver_is_not_asked_for(post: Post) -> None:
    per, patient = at_desk(post, PER), solveig(post)
    _page, led = refused(per)
    patient.send(f"{MINE}/nei", target=NAV, agency=MUNICIPALITY)
    shown = words_of(per.open(led))
    assert "Ingenting kan sendes dit nå." in shown and "Slik får du sendt det" not in shown
    again = sent(per, written(per, begun(per, NAV_OFFICE), "En gang til"))
    assert "Pasienten har sagt nei til at dere sender noe dit" in words_of(again)
    assert put(per, led).status_code == 404


def test_a_service_that_takes_no_part_and_a_colleague_elsewhere_find_nothing(post: Post) -> None:
    per, fatima = at_desk(post, PER), at_desk(post, FATIMA)
    _page, led = refused(per)
    assert per.open(led.replace(NAV_OFFICE, INTAKE)).status_code == 404
    for path in ("", "/nei", "/tilbake?valg=x", "/spor"):
        assert fatima.open(f"{led}{path}").status_code == 404
    assert put(fatima, led).status_code == 404


def test_a_patient_who_does_not_look_is_written_to_or_called_until_they_have_read_it(post: Post) -> None:
    per = at_desk(post, PER)
    _page, led = refused(per)
    put(per, led)
    post.town.pass_time(days=5)
    noticing.pass_on(post.db(PER), MUNICIPALITY, now=post.town.now)
    later = at_desk(post, PER)
    assert "Pasienten har ikke sett det som er nytt" in words_of(later.open("/oppgaver"))
    patient = solveig(post)
    patient.open(question(patient))
    assert "Pasienten har ikke sett det som er nytt" not in words_of(later.open("/oppgaver"))
