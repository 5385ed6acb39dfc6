"""The receiver's pages: two different acts, nothing typed is lost, and nobody acts on an old page."""

from datetime import timedelta
from hashlib import sha256

import pytest

from handover.bundle import service
from handover.bundle.lifecycle import Status
from handover.bundle.model import Mark
from handover.bundle.pages.receiving_acts import BY_SLUG
from handover.bundle.standing import responsible
from handover.workdays import local_date
from tests.builders import INTAKE
from tests.bundle.meeting import DOCUMENTS, EVENTS, PDF, Meeting, sent, together
from tests.referral.nodes import INGRID, OLA, SARA, SENIOR, Town
from tests.referral.visiting import Reader, hidden, links_of, reader, register_everybody, words_of


@pytest.fixture
def met(two_nodes: Town) -> Meeting:
    """A handover that has arrived, at two nodes whose people can sign in."""
    register_everybody(two_nodes)
    return sent(two_nodes)


def at(met: Meeting, slug: str = "") -> str:
    """Return the address of the handover at the intake, or of one act's form."""
    return f"/mottatte-overforinger/{INTAKE}/{met.handover}" + (f"/{slug}" if slug else "")


def day(met: Meeting, days: int) -> str:
    """Return a day from now as people type it."""
    return f"{local_date(met.town.now) + timedelta(days=days):%d.%m.%Y}"


def fill_in(who: Reader, met: Meeting, slug: str, **fields: str) -> str:
    """Open an act's form, fill it in, send it; returns the words of the page that comes after."""
    seen = hidden(who.open(at(met, slug)), "seen")
    answer = who.send(at(met, slug), seen=seen, **fields)
    assert answer.status_code == 200, words_of(answer)
    met.town.settle()
    return words_of(answer)


def meeting(met: Meeting, **changes: str) -> dict[str, str]:
    """Return a meeting as it is typed."""
    return {
        "day": day(met, 7),
        "clock": "09.30",
        "minutes": "60",
        "place": "Rom 2",
        "who_comes": "Per og Ingrid",
        **changes,
    }


def taking(met: Meeting, **changes: str) -> dict[str, str]:
    """Return a take-over as it is typed."""
    return {
        "person": "Ola Overlege",
        "phone": "55 00 00 04",
        "from_date": day(met, 0),
        "first_day": day(met, 10),
        "first_clock": "10.15",
        "first_place": "Storgata 1",
        "first_with": "Ola Overlege",
        **changes,
    }


def status(met: Meeting) -> Status:
    """Return the status at the receiver."""
    found: Status = met.there(OLA, service.case_of).standing.status
    return found


def test_who_opens_it_first_is_told_to_the_sender_and_is_not_responsible_for_it(met: Meeting) -> None:
    page = reader(met.town, INGRID).open(at(met))
    met.town.settle()

    said = words_of(page)
    assert "Åpnet av Ingrid Inntak" in said
    assert "Fjordheim kommune har ansvaret" in said
    assert "Solveig" not in page.text.split("</title>")[0], "a page's title names nobody"
    ours = met.see().standing
    assert ours.opened is not None and ours.opened.by == "Ingrid Inntak"
    assert responsible(ours, met.town.now) == ours.sender


def test_having_read_is_one_act_and_taking_over_another(met: Meeting) -> None:
    who = reader(met.town, INGRID)
    said = words_of(who.open(at(met)))
    assert "Jeg har lest" in said
    after = words_of(who.send(at(met, "lest")))

    assert "Du har lest den" in after
    assert "Fjordheim kommune har ansvaret" in after
    assert status(met) is Status.OPENED


def test_a_receiver_goes_from_the_meeting_to_the_take_over(met: Meeting) -> None:
    who = reader(met.town, INGRID)
    who.open(at(met))
    assert "Møtet er avtalt" in fill_in(who, met, "avtal-mote", **meeting(met))
    assert "Last ned til kalenderen" in words_of(who.open(at(met)))
    assert "Det er skrevet inn at møtet er holdt" in fill_in(who, met, "mote-holdt", held_on=day(met, 0))
    assert "Last ned til kalenderen" not in words_of(who.open(at(met))), "what has been is nobody's plan"
    said = fill_in(who, met, "ta-over", **taking(met))

    assert "Dere har ansvaret, siden" in said
    assert "Første time" in said
    assert met.see().standing.take_over is not None


def test_a_take_over_without_a_person_and_a_date_says_so_on_the_fields_and_keeps_what_was_typed(
    met: Meeting,
) -> None:
    who = reader(met.town, INGRID)
    who.open(at(met))
    fill_in(who, met, "avtal-mote", **meeting(met))
    fill_in(who, met, "mote-holdt", held_on=day(met, 0))
    seen = hidden(who.open(at(met, "ta-over")), "seen")
    answer = who.send(at(met, "ta-over"), seen=seen, **taking(met, person="", from_date="", first_place="Rom 9"))

    said = words_of(answer)
    assert answer.status_code == 422
    assert "Skriv navnet på en person." in said
    assert "Skriv hvilken dag dere tar over ansvaret." in said
    assert 'value="Rom 9"' in answer.text
    assert met.there(OLA, service.case_of).standing.take_over is None


WRONG = (
    ("avtal-mote", {"place": ""}, "Skriv hvor møtet er"),
    ("avtal-mote", {"who_comes": ""}, "Skriv hvem som kommer"),
    ("avtal-mote", {"clock": "25.00"}, "Skriv klokkeslettet som timer og minutter"),
    ("avtal-mote", {"day": "01.01.2020"}, "Møtet må være fram i tid."),
    ("avtal-mote", {"video": "javascript:x"}, "Skriv hele lenken, med https først."),
    ("avtal-mote", {"minutes": "3"}, "Skriv hvor mange minutter"),
    ("tar-ikke-over", {"reason": ""}, "Skriv hvorfor."),
    ("spor", {"question": " "}, "Skriv hva du vil vite."),
)


def test_a_form_that_lacks_something_says_what_in_a_sentence(met: Meeting) -> None:
    who = reader(met.town, INGRID)
    seen = str(hidden(who.open(at(met)), "seen"))
    for slug, fields, sentence in WRONG:
        known = meeting(met) if slug == "avtal-mote" else {"person": "Ola", "phone": "1"}
        answer = who.send(at(met, slug), seen=seen, **{**known, **fields})
        assert answer.status_code == 422
        assert sentence in words_of(answer)


def test_a_double_click_gets_one_plain_sentence_and_keeps_the_text(met: Meeting) -> None:
    who = reader(met.town, INGRID)
    who.open(at(met))
    seen = hidden(who.open(at(met, "avtal-mote")), "seen")
    assert who.send(at(met, "avtal-mote"), seen=seen, **meeting(met)).status_code == 200
    again = who.send(at(met, "avtal-mote"), seen=seen, **meeting(met, place="Rom 77"))

    assert again.status_code == 409
    assert "Overføringen har endret seg siden du åpnet siden." in words_of(again)
    assert "Rom 77" in again.text
    made = met.there(OLA, service.case_of).standing.meeting
    assert made is not None and (made.place, made.sequence) == ("Rom 2", 0)


def test_an_act_that_is_not_open_shows_the_present_state(met: Meeting) -> None:
    who = reader(met.town, INGRID)
    who.open(at(met))
    answer = who.open(at(met, "ta-over"))

    assert answer.status_code == 409
    assert "«Ta over ansvaret» går ikke an nå." in words_of(answer)


def test_what_the_patient_took_back_is_deleted_from_the_page_too(met: Meeting) -> None:
    who = reader(met.town, INGRID)
    who.open(at(met))
    met.at_home(service.withdraw)
    met.town.settle()
    said = fill_in(who, met, "svar-om-tilbaketrekking", done="deleted", person="Ingrid Inntak")

    assert "Det som sto i overføringen, er slettet her." in said
    assert "Må få sove" not in said
    kept = met.see(by=met.patient).standing.withdrawal
    assert kept is not None and kept.person == "Ingrid Inntak"


def test_keeping_what_was_taken_back_takes_a_reason(met: Meeting) -> None:
    who = reader(met.town, INGRID)
    met.at_home(service.withdraw)
    met.town.settle()
    seen = hidden(who.open(at(met, "svar-om-tilbaketrekking")), "seen")
    answer = who.send(at(met, "svar-om-tilbaketrekking"), seen=seen, done="kept", person="Ingrid")

    assert answer.status_code == 422
    assert "Skriv hvorfor dere beholder det" in words_of(answer)


def test_a_document_that_travelled_is_opened_as_it_was_and_one_that_stayed_is_not_there(two_nodes: Town) -> None:
    register_everybody(two_nodes)
    met = together(two_nodes)
    goes = met.do(service.attach, DOCUMENTS, "Blir med.pdf", PDF)
    stays = met.do(service.attach, DOCUMENTS, "Blir her.pdf", PDF + b"y")
    met.do(service.mark, goes, Mark.TRAVELS)
    met.do(service.mark, stays, Mark.STAYS)
    met.add("Hemmelig", topic=EVENTS, marked=Mark.STAYS)
    met.say_yes(by=met.patient)
    met.do(service.send)
    met.town.settle()
    who = reader(two_nodes, INGRID)
    page = who.open(at(met))

    assert "Blir med.pdf" in page.text
    assert "Blir her.pdf" not in page.text
    assert "Hemmelig" not in page.text
    (there,) = [link for link in links_of(page) if "/dokument/" in link]
    assert who.open(there).data == PDF
    for name in (sha256(PDF).hexdigest(), sha256(PDF + b"y").hexdigest(), "0" * 32):
        assert who.open(f"{at(met)}/dokument/{name}").status_code == 404


def test_a_colleague_of_another_service_finds_nothing(met: Meeting) -> None:
    other = reader(met.town, SARA)
    assert other.open(at(met)).status_code == 404
    assert other.open(f"/mottatte-overforinger/{SENIOR}/{met.handover}").status_code == 404


def test_a_receiver_downloads_the_handover_and_puts_the_meeting_in_a_calendar(met: Meeting) -> None:
    who = reader(met.town, INGRID)
    who.open(at(met))
    assert "text/calendar" not in who.open(f"{at(met)}/mote.ics").content_type, (
        "no meeting yet: the handover itself"
    )
    fill_in(who, met, "avtal-mote", **meeting(met))

    assert who.open(f"{at(met)}/overforing.pdf").data.startswith(b"%PDF-")
    made = who.open(f"{at(met)}/mote.ics")
    assert made.content_type.startswith("text/calendar")
    assert b"Solveig" not in made.data
    assert b"Rom 2" not in made.data


def test_every_act_has_its_page() -> None:
    assert len(BY_SLUG) == len({page.act for page in BY_SLUG.values()})


def test_no_address_on_any_page_holds_the_hash_of_what_a_document_says(two_nodes: Town) -> None:
    register_everybody(two_nodes)
    met = together(two_nodes)
    file = met.do(service.attach, DOCUMENTS, "Plan.pdf", PDF)
    met.do(service.mark, file, Mark.TRAVELS)
    desk, home, there = (reader(two_nodes, who) for who in (met.by, met.patient, INGRID))
    mine, ours = f"/mine-overforinger/{met.handover}", f"/overforinger/{met.handover}"
    pages = [desk.open(f"{ours}/skriv"), desk.open(f"{ours}/se-over"), home.open(f"{mine}/merk")]
    frozen = met.say_yes(by=met.patient)
    met.do(service.send)
    two_nodes.settle()
    pages += [
        desk.open(f"{ours}/sendt"),
        home.open(f"{mine}/sendt"),
        home.open(f"{mine}/dokument/{met.document_at()}"),
    ]
    pages += [there.open(at(met))]

    for page in pages:
        assert page.status_code == 200
        for secret in (sha256(PDF).hexdigest(), frozen.sha256):
            assert not [link for link in links_of(page) if secret in link]
    links = {link for page in pages for link in links_of(page) if "?lang" not in link}
    named = {link for link in links if "/fil/" in link or "/dokument/" in link}
    assert len(named) == 5, "the file of three readers; what the patient reads, and its PDF"
