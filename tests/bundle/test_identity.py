"""Who the patient is, where two agencies say otherwise: nothing changes silently, and no yes outlives a change."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from handover.actors import Party
from handover.bundle import service, store
from handover.bundle.lifecycle import Act, Side, Status
from handover.bundle.model import Identity, Mark
from handover.bundle.reading import OPEN
from handover.bundle.service import NoYes, OddBirthDate
from handover.demo.people import synthetic_number
from handover.ids import PersonId
from handover.person import service as person
from handover.person import store as persons
from handover.person.age import TooYoung
from handover.team.model import TaskKind
from tests.builders import DPS, INTAKE, MUNICIPALITY, PSYCHOLOGIST
from tests.bundle.meeting import Meeting, approved, sent
from tests.referral.nodes import INGRID, NUMBER, PER, Town, content
from tests.referral.visiting import reader, register_everybody, words_of

THERE = f"/mottatte-overforinger/{INTAKE}"


def known_as(**changes: Any) -> Identity:
    """Return the patient as somebody writes them."""
    patient = content().patient
    assert patient is not None
    return replace(patient, **changes)


def write(town: Town, agency: Any, identity: Identity) -> PersonId:
    """Somebody on the agency's own staff writes who the patient is."""
    with town.node_of(agency).db.transaction() as session:
        return person.find_or_create(session, agency, identity, now=town.now)


def at_dps(town: Town) -> Identity:
    """Return who the patient is at the DPS."""

    def look(session: Session) -> Identity:
        who = person.of_number(session, DPS, NUMBER)
        assert who is not None
        return person.identity_of(session, DPS, who)

    with town.dps.db.transaction() as session:
        return look(session)


def kinds(met: Meeting) -> list[TaskKind]:
    """Return the tasks about the handover at the receiver."""
    return [task.kind for task in met.there(INGRID, service.case_of).tasks]


def test_a_received_handover_leaves_the_name_and_birth_date_we_know_and_asks_a_person(
    two_nodes: Town,
) -> None:
    write(two_nodes, DPS, known_as(family="Nes Dahl", birth_date=date(1982, 6, 16)))
    met = sent(two_nodes)

    assert at_dps(two_nodes).family == "Nes Dahl"
    assert at_dps(two_nodes).birth_date == date(1982, 6, 16)
    (task,) = met.there(INGRID, service.case_of).tasks
    assert task.kind is TaskKind.IDENTITY_DIFFERS
    assert task.text == "Solveig Nes Dahl, 16.06.1982\nSolveig Nes, 15.06.1982"


def test_nobody_is_asked_about_a_patient_who_is_named_alike(two_nodes: Town) -> None:
    write(two_nodes, DPS, known_as(phone=None, given="SOLVEIG"))
    met = sent(two_nodes)
    assert kinds(met) == []
    assert at_dps(two_nodes).phone == "99 00 00 01", "what was lacking is filled in"


def test_a_person_at_the_receiver_decides_on_the_page_and_the_task_is_done(two_nodes: Town) -> None:
    register_everybody(two_nodes)
    write(two_nodes, DPS, known_as(family="Nes Dahl"))
    met = sent(two_nodes)
    who = reader(two_nodes, INGRID)
    tasks = words_of(who.open("/oppgaver"))
    assert "Avsenderen skriver navn eller fødselsdato annerledes enn dere" in tasks
    assert "Hos dere Solveig Nes Dahl, 15.06.1982 Fra avsenderen Solveig Nes, 15.06.1982" in tasks

    shown = words_of(who.open(f"{THERE}/{met.handover}"))
    assert "Ingenting er endret hos dere." in shown and "Solveig Nes Dahl, 15.06.1982" in shown
    after = words_of(who.send(f"{THERE}/{met.handover}/pasienten"))

    assert "annerledes enn dere" not in after
    assert at_dps(two_nodes).family == "Nes"
    assert "Du har ingen oppgaver." in words_of(who.open("/oppgaver"))


def test_a_yes_to_a_document_with_the_old_name_lapses_at_once_and_says_so_everywhere(any_nodes: Town) -> None:
    met = approved(any_nodes)
    other = approved(any_nodes)
    write(any_nodes, MUNICIPALITY, known_as(family="Nes Dahl"))

    for each in (met, other):
        with any_nodes.kommune.db.transaction() as session:
            stored = store.at_home(session, Party(MUNICIPALITY, PSYCHOLOGIST), Side.SENDER, each.handover)
        assert stored is not None and stored.standing.status is Status.WITH_PATIENT
        assert each.see().history[-1].act is Act.YES_LAPSED
    with pytest.raises(NoYes):
        met.do(service.send)
    met.say_yes(by=met.patient)
    met.do(service.send)
    any_nodes.settle()
    assert at_dps(any_nodes).family == "Nes Dahl"


def test_clinician_and_patient_see_on_their_pages_that_the_yes_lapsed(two_nodes: Town) -> None:
    register_everybody(two_nodes)
    met = approved(two_nodes)
    write(two_nodes, MUNICIPALITY, known_as(given="Sol"))
    ours = words_of(reader(two_nodes, PER).open(f"/overforinger/{met.handover}"))
    mine = words_of(reader(two_nodes, met.patient).open(f"/mine-overforinger/{met.handover}"))
    for page in (ours, mine):
        assert "Noe som blir med videre, er endret." in page and "ikke lenger" in page


def test_what_the_other_agency_writes_does_not_move_a_yes_here(one_node: Town) -> None:
    """A handover at the municipality waits with a yes while a document about the same patient comes in there."""
    met = approved(one_node)
    with one_node.kommune.db.transaction() as session:
        person.recognise(session, MUNICIPALITY, known_as(family="Nes Dahl"), now=one_node.now)
    assert met.see().standing.status is Status.APPROVED
    assert met.see().is_yes_valid


def test_a_birth_date_that_does_not_fit_the_number_is_asked_about_before_a_case_is_begun(
    two_nodes: Town,
) -> None:
    child = known_as(number=synthetic_number(date(2012, 6, 15), 0))
    about: dict[str, Any] = {"by": PER, "service": PSYCHOLOGIST, "patient": child, "now": two_nodes.now}
    with pytest.raises(OddBirthDate), two_nodes.kommune.db.transaction() as session:
        service.start(session, **about)
    with two_nodes.kommune.db.transaction() as session:
        assert store.page(session, by=PER, side=Side.SENDER, shelves=OPEN) == ()
        service.start(session, **about, is_checked=True)


def test_a_clinician_is_asked_on_the_form_and_goes_on_once_both_are_checked(two_nodes: Town) -> None:
    register_everybody(two_nodes)
    who = reader(two_nodes, PER)
    form = {"given": "Kari", "family": "Prøve", "birth_date": "15.06.1982"}
    form["number"] = synthetic_number(date(2012, 6, 15), 0)
    assert "Jeg har sjekket" not in words_of(who.open("/overforinger/ny"))

    answer = who.send("/overforinger/ny", **form)
    assert answer.status_code == 422
    assert "Fødselsdatoen passer ikke til fødselsnummeret." in words_of(answer)
    assert "Jeg har sjekket at fødselsdatoen og fødselsnummeret er riktige" in words_of(answer)
    assert who.send("/overforinger/ny", **form, is_checked="yes").status_code == 200


def test_a_receiver_is_told_of_a_birth_date_that_does_not_fit_the_number(two_nodes: Town) -> None:
    register_everybody(two_nodes)
    child = known_as(number=synthetic_number(date(2012, 6, 15), 0))
    with two_nodes.kommune.db.transaction() as session:
        handover = service.start(
            session,
            by=PER,
            service=PSYCHOLOGIST,
            patient=child,
            receiver=INTAKE,
            now=two_nodes.now,
            is_checked=True,
        )
    met = Meeting(two_nodes, handover)
    met.do(service.invite)
    met.add("Må få sove")
    (item,) = met.see().items
    met.do(service.mark, item.id, Mark.TRAVELS)
    met.say_yes()
    met.do(service.send)
    two_nodes.settle()

    assert kinds(met) == [TaskKind.ODD_BIRTH_DATE]
    page = words_of(reader(two_nodes, INGRID).open(f"{THERE}/{met.handover}"))
    assert "Fødselsdatoen passer ikke til fødselsnummeret." in page


def change_behind_the_back(met: Meeting, **changes: Any) -> None:
    """Change what is known of the patient by a way that tells nobody."""
    with met.town.kommune.db.transaction() as session:
        who = person.of_number(session, MUNICIPALITY, NUMBER)
        assert who is not None
        persons.change(session, MUNICIPALITY, who, known_as(**changes), now=met.town.now)


def test_a_yes_that_is_stale_unseen_lapses_for_whoever_reads_the_case_next(two_nodes: Town) -> None:
    met = approved(two_nodes)
    change_behind_the_back(met, given="Sol")
    assert met.see().history[-1].act is Act.YES_LAPSED
    assert met.see().standing.status is Status.WITH_PATIENT


def test_a_yes_that_lapses_as_a_preview_fails_stays_lapsed_and_says_so(two_nodes: Town) -> None:
    register_everybody(two_nodes)
    met = approved(two_nodes)
    with two_nodes.kommune.db.transaction() as session:
        standing = met.see_standing(session)
        for item in store.items(session, standing):
            store.put_item(session, standing, replace(item, removed=True))
    page = reader(two_nodes, PER).open(f"/overforinger/{met.handover}/se-over")
    assert page.status_code == 409

    with two_nodes.kommune.db.reading() as session:
        standing = met.see_standing(session)
        lines = [entry.act for entry in store.history(session, standing)]
    assert (standing.status, lines[-1]) == (Status.WITH_PATIENT, Act.YES_LAPSED)


def test_nothing_is_sent_of_somebody_whose_birth_date_turns_out_to_be_a_childs(two_nodes: Town) -> None:
    met = approved(two_nodes)
    write(two_nodes, MUNICIPALITY, known_as(birth_date=date(2012, 6, 15)))
    met.say_yes(by=met.patient)
    with pytest.raises(TooYoung) as refused:
        met.do(service.send)
    assert refused.value.stable_code == "person.under-age.now"
    two_nodes.settle()
    assert met.see().standing.status is Status.APPROVED
