"""A patient asks about a line of the log or about the case; a leader answers; the patient reads it."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from handover.actors import Role
from handover.audit.tables import AuditEntry
from handover.bundle import service as handovers
from handover.bundle.model import Mark
from handover.db import Database
from handover.ids import ReferralId
from handover.inquiry.model import MAX_OPEN, MAX_TEXT, due_after
from handover.operator import check
from tests.builders import DPS, INTAKE, MUNICIPALITY, PSYCHOLOGIST
from tests.bundle.meeting import begin, together
from tests.referral import conftest as town_fixtures
from tests.referral.nodes import INGRID, LEADER, PATIENT, PER, SENIOR, Town, staff, town
from tests.referral.visiting import Reader, links_of, reader, register, register_everybody, words_of

open_sqlite = town_fixtures.open_sqlite
MINE, ASKED = "/mine-henvisninger", "/sporsmal"
PRESSED = "Dette vil jeg spørre om"


@pytest.fixture
def nodes(open_sqlite: Callable[[], Database]) -> Iterator[Town]:
    """Two nodes whose people can sign in."""
    made = town(open_sqlite)
    register_everybody(made)
    yield made
    made.close()


@pytest.fixture
def case(nodes: Town) -> ReferralId:
    """A referral that Ingrid has opened at the DPS."""
    found = nodes.taken()
    reader(nodes, INGRID).open(f"/mottatt/{INTAKE}/{found}")
    return found


def solveig(nodes: Town) -> Reader:
    return reader(nodes, PATIENT, node=nodes.dps)


def lines_to_ask_about(page: str) -> list[str]:
    return re.findall(r'name="om" value="([0-9a-f-]+)"', page)


def point_at_a_line(nodes: Town, case: ReferralId, text: str = "") -> str:
    """Press the button by the newest line that staff wrote, and send; returns the page that comes after."""
    patient = solveig(nodes)
    line = lines_to_ask_about(patient.open(f"{MINE}/{case}/hvem-har-lest").text)[0]
    form = patient.open(f"{MINE}/{case}/spor?om={line}")
    assert form.status_code == 200
    return words_of(patient.send(f"{MINE}/{case}/spor", om=line, text=text))


def first_question(of: Reader) -> str:
    """Return the address of the first question on the list."""
    return next(link for link in links_of(of.open(ASKED)) if re.fullmatch(rf"{ASKED}/[0-9a-f-]{{36}}", link))


def test_a_patient_asks_about_a_line_of_the_log_and_reads_the_answer_there(nodes: Town, case: ReferralId) -> None:
    log = solveig(nodes).open(f"{MINE}/{case}/hvem-har-lest")
    assert PRESSED in words_of(log)
    after = point_at_a_line(nodes, case, "Hvorfor leste hun?")
    assert "Spørsmålet er sendt." in after
    assert "Inntak voksne, Fjordheim DPS svarer senest mandag 16. november." in after
    leader = reader(nodes, LEADER)
    assert "Solveig Nes, født 1982" in words_of(leader.open(ASKED))
    page = words_of(leader.open(first_question(leader)))
    assert "Hvorfor leste hun?" in page
    assert "Ingrid Inntak, psykolog" in page
    leader.send(first_question(leader), text="Hun deler ut sakene hver morgen.")
    read = words_of(solveig(nodes).open(f"{MINE}/{case}/hvem-har-lest"))
    assert "Svar fra Lise Leder, Inntak voksne, Fjordheim DPS Hun deler ut sakene hver morgen." in read
    assert "Ingen spørsmål venter." in words_of(leader.open(ASKED))


def test_a_patient_asks_about_a_line_of_the_handovers_log_and_about_the_handover_itself(nodes: Town) -> None:
    made = together(nodes)
    reader(nodes, PER).open(f"/overforinger/{made.handover}")
    mine, patient = f"/mine-overforinger/{made.handover}", reader(nodes, PATIENT, node=nodes.kommune)
    log = patient.open(f"{mine}/hvem-har-lest")
    line = lines_to_ask_about(log.text)[0]
    assert "Per Psykolog" in words_of(patient.open(f"{mine}/spor?om={line}"))
    assert "Spørsmålet er sendt." in words_of(patient.send(f"{mine}/spor", om=line, text=""))
    assert "Du spør om overføring" in words_of(patient.open(f"{mine}/spor"))
    assert patient.send(f"{mine}/spor", text=" ").status_code == 422
    said = words_of(patient.send(f"{mine}/spor", text="Når blir det møte?"))
    assert "Kommunepsykolog, Fjordheim kommune svarer senest mandag 16. november." in said

    leader = staff(61, "Eva Ekstra", MUNICIPALITY, PSYCHOLOGIST, Role.LEADER)
    register(nodes, leader)
    eva = reader(nodes, leader)
    assert "Overføring " in words_of(eva.open(ASKED)) and "Om noe i loggen" in words_of(eva.open(ASKED))
    for _each in range(2):
        eva.send(first_question(eva), text="Vi ringer deg i morgen.")
    read = words_of(patient.open(f"{mine}/hvem-har-lest"))
    assert read.count("Svar fra Eva Ekstra, Kommunepsykolog, Fjordheim kommune Vi ringer deg i morgen.") == 2


def test_the_service_that_is_responsible_answers_about_a_handover_where_it_is_here(nodes: Town) -> None:
    made = together(nodes)
    made.add("Jeg vil bli møtt med ro.", marked=Mark.TRAVELS)
    made.say_yes(by=PATIENT)
    made.do(handovers.send)
    nodes.settle()
    mine, at_dps = f"/mine-overforinger/{made.handover}", solveig(nodes)
    said = words_of(at_dps.open(f"{mine}/spor"))
    assert "Spørsmålet går til lederen for Inntak voksne, Fjordheim DPS" in said, "the sender is at another node"
    assert "Spørsmålet er sendt." in words_of(at_dps.send(f"{mine}/spor", text="Har dere lest den?"))
    assert "Solveig Nes" in words_of(reader(nodes, LEADER).open(ASKED))


def test_a_patient_asks_why_somebody_saw_the_choices_and_the_leader_of_that_service_answers(nodes: Town) -> None:
    made = begin(nodes)
    reader(nodes, PER).open(f"/deling/overforing/{made.handover}")
    patient = reader(nodes, PATIENT, node=nodes.kommune)
    patient.send("/mine-valg/nei", target="alle")
    page = patient.open("/mine-valg/hvem-har-lest")
    (line,) = lines_to_ask_about(page.text)  # one's own choice is nothing to ask about
    said = words_of(patient.send("/mine-valg/spor", om=line, text=""))
    assert "Kommunepsykolog, Fjordheim kommune svarer senest mandag 16. november." in said
    with nodes.kommune.db.reading() as session:
        own = select(AuditEntry.id).where(AuditEntry.event == "consent.give").limit(1)
        my_own_choice = session.execute(own).scalar_one()
    for nothing in (str(my_own_choice), "", "x", "00000000-0000-4000-8000-000000000001"):
        assert patient.open(f"/mine-valg/spor?om={nothing}").status_code == 404
    stranger = reader(nodes, type(PATIENT)(number="02859098799", name="En Annen"), node=nodes.kommune)
    assert stranger.open(f"/mine-valg/spor?om={line}").status_code == 404

    leader = staff(62, "Eva Ekstra", MUNICIPALITY, PSYCHOLOGIST, Role.LEADER)
    register(nodes, leader)
    eva = reader(nodes, leader)
    assert "Valgene om deling" in words_of(eva.open(ASKED))
    eva.send(first_question(eva), text="Per skulle sende en overføring.")
    read = words_of(patient.open("/mine-valg/hvem-har-lest"))
    assert "Svar fra Eva Ekstra, Kommunepsykolog, Fjordheim kommune Per skulle sende en overføring." in read


def test_a_patient_may_only_point_at_a_line_but_must_say_what_of_a_case(nodes: Town, case: ReferralId) -> None:
    assert "Spørsmålet er sendt." in point_at_a_line(nodes, case)
    patient = solveig(nodes)
    assert PRESSED in words_of(patient.open(f"{MINE}/{case}"))
    refused = patient.send(f"{MINE}/{case}/spor", text="  ")
    assert (refused.status_code, "Skriv hva du vil spørre om." in words_of(refused)) == (422, True)
    long = patient.send(f"{MINE}/{case}/spor", text="x" * (MAX_TEXT + 1))
    assert (long.status_code, "xxx" in long.text) == (422, True)
    asked = words_of(patient.send(f"{MINE}/{case}/spor", text="Når får jeg svar?"))
    assert "Når får jeg svar?" in asked


def test_the_same_question_twice_is_one_and_there_is_a_limit(nodes: Town, case: ReferralId) -> None:
    patient = solveig(nodes)
    for number in (0, 0, *range(1, MAX_OPEN)):
        assert patient.send(f"{MINE}/{case}/spor", text=f"Spørsmål {number}").status_code == 200
    too_many = patient.send(f"{MINE}/{case}/spor", text="Ett til")
    assert too_many.status_code == 409
    assert "Vent til du har fått svar" in words_of(too_many)
    assert "Ett til" in too_many.text


def test_a_patient_asks_about_nothing_that_is_not_theirs(nodes: Town, case: ReferralId) -> None:
    patient = solveig(nodes)
    other = "00000000-0000-4000-8000-000000000001"
    for address in (f"{MINE}/{other}/spor", f"{MINE}/{case}/spor?om={other}", f"{MINE}/{case}/spor?om=x"):
        assert patient.open(address).status_code == 404
    with nodes.dps.db.reading() as session:
        login = select(AuditEntry.id).where(AuditEntry.event == "staff.register").limit(1)
        not_about_me = session.execute(login).scalar_one()
    assert patient.send(f"{MINE}/{case}/spor", om=str(not_about_me)).status_code == 404


def test_nobody_but_leaders_and_security_officers_of_the_service_sees_it(nodes: Town, case: ReferralId) -> None:
    point_at_a_line(nodes, case)
    question = first_question(reader(nodes, LEADER))
    assert reader(nodes, INGRID).open(question).status_code == 403
    for number, (at, role, sees) in enumerate(
        ((SENIOR, Role.LEADER, False), (INTAKE, Role.LEADER, True), (None, Role.SECURITY_OFFICER, True)), start=60
    ):
        who = staff(number, "Eva Ekstra", DPS, at, role)
        register(nodes, who)
        page = reader(nodes, who).open(question)
        assert page.status_code == (200 if sees else 404)
        assert ("Solveig" in reader(nodes, who).open(ASKED).text) is sees


def test_a_second_answer_is_not_sent_and_its_text_is_kept(nodes: Town, case: ReferralId) -> None:
    point_at_a_line(nodes, case)
    leader = reader(nodes, LEADER)
    question = first_question(leader)
    assert leader.send(question, text=" ").status_code == 422
    leader.send(question, text="Det første svaret")
    late = leader.send(question, text="Det andre svaret")
    assert late.status_code == 409
    for text in ("Noen andre har svart pasienten.", "Det første svaret", "Det andre svaret"):
        assert text in words_of(late)


def test_an_answer_that_is_late_is_seen_by_patient_leader_and_operator(nodes: Town, case: ReferralId) -> None:
    point_at_a_line(nodes, case)
    nodes.pass_time(days=8)
    assert "skulle ha svart senest mandag 16. november" in words_of(
        solveig(nodes).open(f"{MINE}/{case}/hvem-har-lest")
    )
    assert "Over fristen" in words_of(reader(nodes, LEADER).open(ASKED))
    with nodes.dps.db.reading() as session:
        found = list(check.inquiries(session, DPS, nodes.now))
    assert [each.sentence for each in found] == [f"{DPS}: 1 question from patients should have been answered."]


def test_asking_reading_and_answering_are_in_the_log(nodes: Town, case: ReferralId) -> None:
    point_at_a_line(nodes, case)
    leader = reader(nodes, LEADER)
    leader.send(first_question(leader), text="Svar")
    with nodes.dps.db.reading() as session:
        wanted = select(AuditEntry.event, AuditEntry.persons).where(AuditEntry.event.like("inquiry.%"))
        logged = [(row.event, len(row.persons) // 16) for row in session.execute(wanted)]
    for row in (("inquiry.ask", 1), ("inquiry.list", 1), ("inquiry.answer", 1)):
        assert row in logged


def test_an_answer_is_due_in_five_working_days() -> None:
    asked = datetime(2026, 3, 30, 12, tzinfo=UTC)  # Monday before Easter
    assert due_after(asked) == datetime(2026, 4, 9, 22, tzinfo=UTC)  # Thursday 9 April is over
