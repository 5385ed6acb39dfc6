"""Who finds a mistake says so; it reaches the owner, and what was done comes back."""

import pytest
from sqlalchemy import select

from handover.addressbook import reporting
from handover.addressbook.model import (
    MAX_OPEN,
    AlreadyAnswered,
    Kept,
    Outcome,
    Part,
    ReportId,
    ReportNotFound,
    TooManyReports,
)
from handover.addressbook.tables import ReportRow
from handover.directory import service as directory
from handover.exchange.tables import OutgoingRow
from handover.ids import new_uuid
from handover.team import service as team
from handover.team.model import TaskKind
from tests.builders import INTAKE
from tests.referral.nodes import DPS_NODE, INGRID, LEADER, PER, SENIOR, Town
from tests.referral.visiting import reader, words_of

FORM = f"/adressebok/tjeneste/{INTAKE}/feil"
SAID = "Nummeret går til sentralbordet."


def report(nodes: Town, text: str = SAID) -> ReportId:
    with nodes.kommune.db.transaction() as session:
        entry = directory.service_of(session, INTAKE)
        return reporting.report(session, entry, Part.PHONE, text, by=PER, now=nodes.now)


def mine(nodes: Town) -> Kept:
    with nodes.kommune.db.reading() as session:
        (kept,) = reporting.reported(session, by=PER)
    return kept


def test_a_report_reaches_the_owner_and_the_answer_comes_back(any_nodes: Town) -> None:
    per, leader = reader(any_nodes, PER), reader(any_nodes, LEADER)
    page = words_of(per.send(FORM, part="phone", text=SAID))
    assert "På vei" in page
    any_nodes.settle()
    assert "Kommet fram" in words_of(per.open("/adressebok/meldt"))
    assert "Noen melder at opplysningene i adresseboken er feil" in words_of(leader.open("/oppgaver"))
    shown = words_of(leader.open("/adressebok/feil"))
    assert SAID in shown
    assert "Per Psykolog" in shown
    wanted = mine(any_nodes).report.id
    leader.send(f"/adressebok/feil/{wanted}", outcome="mended", text="Takk, vi har rettet det.")
    assert "Noen melder" not in words_of(leader.open("/oppgaver"))
    any_nodes.settle()
    page = words_of(per.open("/adressebok/meldt"))
    assert "Rettet · Lise Leder" in page
    assert "Takk, vi har rettet det." in page
    assert "Feilen du meldte i adresseboken, er besvart" in words_of(per.open("/oppgaver"))


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"part": "phone", "text": "Gjelder 158682 12388"}, "ser ut som et fødselsnummer"),
        ({"part": "phone", "text": " "}, "Fyll ut dette feltet"),
        ({"part": "noe", "text": SAID}, "Velg hva som er feil"),
        ({"part": "phone", "text": "x" * 2001}, "for lang"),
    ],
)
def test_a_report_with_a_patients_number_or_without_words_is_not_sent(
    nodes: Town, sent: dict[str, str], sentence: str
) -> None:
    page = reader(nodes, PER).send(FORM, **sent)
    assert page.status_code == 422
    assert sentence in words_of(page)
    with nodes.kommune.db.reading() as session:
        assert session.execute(select(OutgoingRow.message)).first() is None


def test_who_says_that_an_entry_is_right_must_say_why(nodes: Town) -> None:
    wanted = report(nodes)
    nodes.settle()
    leader = reader(nodes, LEADER)
    assert leader.send(f"/adressebok/feil/{wanted}", outcome="stands", text="").status_code == 422
    assert leader.send(f"/adressebok/feil/{wanted}", text="Ja").status_code == 422
    leader.send(f"/adressebok/feil/{wanted}", outcome="stands", text="Det er rett nummer.")
    assert leader.send(f"/adressebok/feil/{wanted}", outcome="mended", text="").status_code == 409
    nodes.settle()
    answer = mine(nodes).answer
    assert answer is not None
    assert (answer.outcome, answer.text) == (Outcome.STANDS, "Det er rett nummer.")


def test_only_a_leader_of_the_service_answers_and_only_once(nodes: Town) -> None:
    wanted = report(nodes)
    nodes.settle()
    with nodes.dps.db.transaction() as session:
        with pytest.raises(ReportNotFound):
            reporting.answer(session, wanted, Outcome.MENDED, "", by=INGRID, now=nodes.now)
        with pytest.raises(ReportNotFound):
            reporting.answer(session, ReportId(new_uuid()), Outcome.MENDED, "", by=LEADER, now=nodes.now)
        reporting.answer(session, wanted, Outcome.MENDED, "", by=LEADER, now=nodes.now)
        with pytest.raises(AlreadyAnswered):
            reporting.answer(session, wanted, Outcome.MENDED, "", by=LEADER, now=nodes.now)


def test_a_report_that_never_arrives_is_told_to_who_sent_it_and_to_no_operator(nodes: Town) -> None:
    nodes.wire.down.add(DPS_NODE)
    report(nodes)
    nodes.settle()
    nodes.pass_time(hours=97)
    nodes.work()
    assert mine(nodes).is_lost
    assert "Kom ikke fram" in words_of(reader(nodes, PER).open("/adressebok/meldt"))
    with nodes.kommune.db.reading() as session:
        kinds = [task.kind for task in team.tasks(session, PER)]
    assert kinds == [TaskKind.NOT_DELIVERED]


def test_a_report_about_a_colleagues_service_goes_the_same_way(nodes: Town) -> None:
    ingrid, leader = reader(nodes, INGRID), reader(nodes, LEADER)
    ingrid.send(f"/adressebok/tjeneste/{SENIOR}/feil", part="opening-hours", text="Stenger 15")
    nodes.settle()
    assert "Stenger 15" in words_of(leader.open("/adressebok/feil"))
    assert "Kommet fram" in words_of(ingrid.open("/adressebok/meldt"))


def test_so_many_reports_may_wait_and_no_more(any_nodes: Town) -> None:
    for _ in range(MAX_OPEN):
        report(any_nodes)
    with pytest.raises(TooManyReports):
        report(any_nodes)
    assert reader(any_nodes, PER).send(FORM, part="phone", text=SAID).status_code == 409


def test_nothing_that_people_wrote_in_a_report_stands_in_plain_in_the_database(nodes: Town) -> None:
    wanted = report(nodes)
    nodes.settle()
    with nodes.dps.db.transaction() as session:
        reporting.answer(session, wanted, Outcome.STANDS, "Sentralbordet vet", by=LEADER, now=nodes.now)
        for row in session.execute(select(ReportRow.report, ReportRow.answer)):
            assert SAID.encode() not in row.report
            assert b"Sentralbordet" not in row.answer
