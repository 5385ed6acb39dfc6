"""A patient's pages of a handover that was sent: what, to whom, who is responsible, what can still be done."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from handover.bundle import service
from handover.bundle.lifecycle import Side, Status
from handover.bundle.model import Done, Mark, NextAppointment
from handover.bundle.service import Turn
from handover.db import Database
from handover.workdays import local_date
from tests.builders import INTAKE
from tests.bundle.meeting import EVENTS, Meeting, together
from tests.referral import conftest as town_fixtures
from tests.referral.nodes import INGRID, PATIENT, Town, town
from tests.referral.visiting import Reader, hidden, links_of, reader, register_everybody, words_of

open_sqlite = town_fixtures.open_sqlite
TRAVELS = "Jeg vil bli møtt med ro."
STAYS = "Det som hendte i 2019."


@pytest.fixture
def nodes(open_sqlite: Callable[[], Database]) -> Iterator[Town]:
    """Two nodes whose people can sign in."""
    made = town(open_sqlite)
    register_everybody(made)
    yield made
    made.close()


@pytest.fixture
def sent(nodes: Town) -> Meeting:
    """A handover that was sent with one item, and one that stayed."""
    made = together(nodes)
    made.add(TRAVELS, marked=Mark.TRAVELS)
    made.add(STAYS, topic=EVENTS, marked=Mark.STAYS)
    made.say_yes(by=PATIENT)
    made.do(service.send)
    return made


def solveig(meeting: Meeting) -> Reader:
    """Return the patient, signed in at the sender's node."""
    return reader(meeting.town, PATIENT, node=meeting.town.kommune)


def at(meeting: Meeting, page: str) -> str:
    """Return the address of one of the handover's pages."""
    return f"/mine-overforinger/{meeting.handover}/{page}"


def test_a_patient_reads_what_was_sent_to_whom_and_who_is_responsible(sent: Meeting) -> None:
    patient = solveig(sent)
    page = patient.open(at(sent, "sendt"))
    said = words_of(page)
    assert "Overføring til Inntak voksne, Fjordheim DPS" in said
    assert "Kommunepsykolog, Fjordheim kommune har ansvaret" in said
    assert "Solveig" not in page.text.split("</title>")[0]

    paper = words_of(patient.open(at(sent, f"dokument/{sent.document_at()}")))
    assert TRAVELS in paper and STAYS not in paper
    assert "Pasienten har valgt hva som er med." in paper


def test_a_document_that_is_not_of_this_handover_is_not_there(sent: Meeting) -> None:
    for name in ("0" * 32, "0", sent.see().standing.documents[0]):
        assert solveig(sent).open(at(sent, f"dokument/{name}")).status_code == 404


def test_a_patient_takes_it_back_before_it_has_left_and_opens_it_again(sent: Meeting) -> None:
    patient = solveig(sent)
    assert "Vil du trekke overføringen tilbake?" in words_of(patient.open(at(sent, "trekk")))
    assert "Du har trukket overføringen tilbake." in words_of(patient.send(at(sent, "trekk")))
    assert sent.see().standing.status is Status.WITHDRAWN

    page = patient.open(at(sent, "sendt"))
    assert "Ta opp overføringen igjen" in words_of(page)
    patient.send(at(sent, "apne-igjen"))
    assert sent.see().standing.status is Status.WITH_PATIENT


def test_nothing_can_be_taken_back_twice_and_the_page_says_how_it_stands(sent: Meeting) -> None:
    patient = solveig(sent)
    patient.send(at(sent, "trekk"))
    again = patient.send(at(sent, "trekk"))
    assert again.status_code == 409


def test_a_handover_that_is_not_sent_leads_to_its_cards(nodes: Town) -> None:
    made = together(nodes)
    answer = solveig(made).http.get(at(made, "sendt"))
    assert (answer.status_code, answer.headers["Location"]) == (302, at(made, "merk"))


@pytest.mark.parametrize("page", ["sendt", "hvem-har-lest", "mer", "trekk"])
def test_another_patients_handover_is_not_there(sent: Meeting, page: str) -> None:
    stranger = reader(sent.town, type(PATIENT)(number="02859098799", name="En Annen"), node=sent.town.kommune)
    assert stranger.open(at(sent, page)).status_code == 404


# --- when it has arrived ---------------------------------------------------------------------------------------


def there(meeting: Meeting, what: Callable[..., object], *args: object) -> None:
    """Let the receiver do something, and both sides hear of it."""
    town = meeting.town
    with town.dps.db.transaction() as session:
        turn = Turn(handover=meeting.handover, by=INGRID, now=town.now, side=Side.RECEIVER, at=INTAKE)
        what(session, turn, *args)
    town.settle()


@pytest.fixture
def opened(sent: Meeting) -> Meeting:
    """A handover that has arrived and was opened."""
    sent.town.settle()
    there(sent, service.open_)
    return sent


def test_a_patient_sees_who_opened_it_when_the_meeting_is_and_who_takes_over_from_when(opened: Meeting) -> None:
    town, patient = opened.town, solveig(opened)
    start = town.now + timedelta(days=3)
    plan = service.Plan(start=start, place="Fjordgata 2", who_comes="Per, Ingrid og Solveig")
    there(opened, service.plan_meeting, plan)

    said = words_of(patient.open(at(opened, "sendt")))
    assert "Ingrid Inntak" in said and "Fjordgata 2" in said
    file = patient.open(at(opened, "mote"))
    assert file.mimetype == "text/calendar"
    assert "Fjordgata" not in file.text and "Solveig" not in file.text
    assert "Last ned til kalenderen" in said

    town.pass_time(days=3, hours=1)
    there(opened, service.hold_meeting, local_date(town.now))
    held = words_of(solveig(opened).open(at(opened, "sendt")))
    assert "Holdt" in held and "Last ned til kalenderen" not in held
    first = NextAppointment(start=town.now + timedelta(days=7), place="Fjordgata 2", with_whom="Ingrid Inntak")
    today = local_date(town.now)
    taking = service.Taking(person="Ingrid Inntak", phone="55 00 00 03", from_date=today, first_appointment=first)
    there(opened, service.take_over, taking)
    assert "Inntak voksne, Fjordheim DPS har ansvaret, siden" in words_of(
        solveig(opened).open(at(opened, "sendt"))
    )


def test_a_patient_downloads_what_was_sent_as_pdf_from_the_same_bytes(opened: Meeting) -> None:
    answer = solveig(opened).open(at(opened, f"dokument/{opened.document_at()}/pdf"))
    assert answer.mimetype == "application/pdf"
    assert answer.data.startswith(b"%PDF-")
    assert "attachment" in answer.headers["Content-Disposition"]


def test_a_patient_lets_one_more_thing_go_along_after_seeing_just_that(opened: Meeting) -> None:
    patient = solveig(opened)
    page = patient.open(at(opened, "mer"))
    assert STAYS in words_of(page) and TRAVELS not in words_of(page)
    address = next(link for link in links_of(page) if "/mer/" in link)
    page = patient.open(address)
    assert STAYS in words_of(page) and TRAVELS not in words_of(page)

    said = words_of(patient.send(at(opened, "mer"), sha256=hidden(page, "sha256")))
    assert "Du har sagt ja, og det er på vei til Inntak voksne, Fjordheim DPS." in said
    opened.town.settle()
    assert len(opened.see().standing.documents) == 2
    assert patient.send(at(opened, "mer"), sha256="0" * 64).status_code == 409


def test_a_block_stops_one_more_thing_and_the_page_says_so(opened: Meeting) -> None:
    patient = solveig(opened)
    address = next(link for link in links_of(patient.open(at(opened, "mer"))) if "/mer/" in link)
    shown = hidden(patient.open(address), "sha256")
    patient.send("/mine-valg/nei", target="alle")
    refused = patient.send(at(opened, "mer"), sha256=shown)
    assert refused.status_code == 409
    assert "Valgene dine om deling sier nei til å sende mer dit." in words_of(refused)
    assert len(opened.see().standing.documents) == 1


def test_a_patient_takes_it_back_reads_what_was_done_and_opens_it_again(opened: Meeting) -> None:
    patient = solveig(opened)
    patient.send(at(opened, "trekk"))
    opened.town.settle()
    there(opened, service.answer_withdrawal, Done.USED, "Vi ringte etter kriseplanen.", "Ingrid Inntak")

    said = words_of(solveig(opened).open(at(opened, "sendt")))
    assert "Vi ringte etter kriseplanen." in said and "Ingrid Inntak" in said
    solveig(opened).send(at(opened, "apne-igjen"))
    assert opened.see().standing.status is Status.WITH_PATIENT


def test_a_patient_reads_who_has_read_at_each_node(opened: Meeting) -> None:
    there_too = reader(opened.town, PATIENT, node=opened.town.dps)
    said = words_of(there_too.open(at(opened, "hvem-har-lest")))
    assert "Ingrid Inntak ved Fjordheim DPS åpnet overføringen for første gang." in said
    assert "har ansvaret" in words_of(there_too.open(at(opened, "sendt")))
