"""A patient's pages of a handover that was sent: what, to whom, who is responsible, what can still be done."""

from collections.abc import Callable, Iterator

import pytest

from handover.bundle import service
from handover.bundle.lifecycle import Status
from handover.bundle.model import Mark
from handover.db import Database
from tests.bundle.meeting import EVENTS, Meeting, together
from tests.referral import conftest as town_fixtures
from tests.referral.nodes import PATIENT, Town, town
from tests.referral.visiting import Reader, reader, register_everybody, words_of

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

    sha256 = sent.see().standing.documents[0]
    paper = words_of(patient.open(at(sent, f"dokument/{sha256}")))
    assert TRAVELS in paper and STAYS not in paper
    assert "Pasienten har valgt hva som er med." in paper


def test_a_document_that_is_not_of_this_handover_is_not_there(sent: Meeting) -> None:
    assert solveig(sent).open(at(sent, f"dokument/{'0' * 64}")).status_code == 404


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
