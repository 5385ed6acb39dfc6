"""The patient's pages: the steps and dates that staff see, a refusal by rule 14, and who has read what."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest

from handover.actors import Patient
from handover.clock import local
from handover.db import Database
from handover.referral import service
from tests.builders import INTAKE
from tests.referral import conftest as town_fixtures
from tests.referral.nodes import INGRID, OLA, PATIENT, PER, Town, acceptance, appointment, refusal, town
from tests.referral.visiting import Reader, reader, register_everybody, words_of

open_sqlite = town_fixtures.open_sqlite
MINE = "/mine-henvisninger"


@pytest.fixture
def nodes(open_sqlite: Callable[[], Database]) -> Iterator[Town]:
    """Two nodes whose people can sign in."""
    made = town(open_sqlite)
    register_everybody(made)
    yield made
    made.close()


def solveig(nodes: Town, *, at_dps: bool = True) -> Reader:
    """Return the patient, signed in at one of the nodes."""
    return reader(nodes, PATIENT, node=nodes.dps if at_dps else nodes.kommune)


def steps_on(page: str) -> list[str]:
    """Return the titles and details of a page's timeline, without what is said to each reader alone."""
    timeline = page.split('<ol class="timeline">')[1].split("</ol>")[0]
    return [words_of(step) for step in timeline.split("<li")[1:]]


def test_a_patient_sees_the_same_steps_and_dates_as_staff_at_both_nodes(nodes: Town) -> None:
    case = nodes.taken()
    nodes.do(OLA, service.accept, case, acceptance())
    nodes.do(OLA, service.schedule, case, appointment(nodes.now + timedelta(days=9)))
    nodes.settle()
    staff = steps_on(reader(nodes, INGRID).open(f"/mottatt/{INTAKE}/{case}").text)
    here = steps_on(solveig(nodes).open(f"{MINE}/{case}").text)
    there = steps_on(solveig(nodes, at_dps=False).open(f"{MINE}/{case}").text)
    assert staff == here == there
    assert "Onsdag 18. november" in " ".join(here)


def test_a_patient_reads_who_has_the_case_what_to_do_and_whom_to_call(nodes: Town) -> None:
    case = nodes.taken()
    patient = solveig(nodes)
    assert "Henvisning til Fjordheim DPS" in words_of(patient.open(MINE))
    words = words_of(patient.open(f"{MINE}/{case}"))
    assert "Fjordheim DPS vurderer henvisningen" in words
    assert "mandag 23. november (10 virkedager igjen)" in words
    assert "Du trenger ikke å gjøre noe" in words
    assert "Ola Overlege, Fjordheim DPS Telefon 55 00 00 04" in words
    assert "Per Psykolog, Fjordheim kommune Telefon 55 00 00 01" in words
    assert "Hvordan du kan klage" in words


def test_a_patient_with_an_appointment_reads_who_where_and_exactly_when(nodes: Town) -> None:
    case = nodes.taken()
    nodes.do(OLA, service.accept, case, acceptance())
    nodes.do(OLA, service.schedule, case, appointment(nodes.now + timedelta(days=9)))
    words = words_of(solveig(nodes).open(f"{MINE}/{case}"))
    when = local(nodes.now + timedelta(days=9))
    assert f"Onsdag 18. november kl. {when:%H.%M} (60 minutter)" in words
    assert "Fjordgata 2, 2. etasje" in words
    assert "Hvem som blir med deg Per Psykolog" in words
    assert "Passer ikke timen? Ring 55 00 00 04" in words


def test_a_refusal_is_hidden_until_the_referrer_has_opened_it(nodes: Town) -> None:
    case = nodes.taken()
    nodes.do(OLA, service.reject, case, refusal())
    nodes.settle()
    before = solveig(nodes).open(f"{MINE}/{case}").text
    assert "Kommunens tilbud" not in before
    assert "Ikke rett" not in before
    assert "Blir vurdert" in before
    assert "Ikke rett" not in solveig(nodes).open(MINE).text
    nodes.pass_time(minutes=5)
    nodes.see(PER, case)
    nodes.settle()
    for at_dps in (True, False):
        words = words_of(solveig(nodes, at_dps=at_dps).open(f"{MINE}/{case}"))
        assert "Ikke rett til behandling her" in words
        assert "Kommunens tilbud passer bedre" in words
        assert "Samtaler hos psykolog i kommunen" in words
        assert "Du kan klage til Statsforvalteren innen fire uker." in words


def test_a_refusal_nobody_opened_is_shown_at_noon_on_the_next_working_day(nodes: Town) -> None:
    case = nodes.taken()
    nodes.do(OLA, service.reject, case, refusal())
    nodes.settle()
    nodes.pass_time(hours=25)
    assert "Ikke rett" not in solveig(nodes).open(f"{MINE}/{case}").text
    nodes.pass_time(hours=2)
    assert "Ikke rett" in solveig(nodes).open(f"{MINE}/{case}").text


def test_a_patient_whose_answer_is_late_is_told_what_can_be_done(nodes: Town) -> None:
    case = nodes.taken()
    nodes.pass_time(days=15)
    words = words_of(solveig(nodes).open(f"{MINE}/{case}"))
    assert "Fjordheim DPS har ikke svart i tide" in words
    assert "Helfo kan hjelpe deg" in words


def test_a_patient_reads_who_has_opened_the_case_newest_first_and_one_line_a_day(nodes: Town) -> None:
    case = nodes.sent()
    ingrid = reader(nodes, INGRID)
    ingrid.open(f"/mottatt/{INTAKE}/{case}")
    nodes.pass_time(minutes=10)
    ingrid.open(f"/mottatt/{INTAKE}/{case}")
    nodes.pass_time(days=1)
    reader(nodes, OLA).open(f"/mottatt/{INTAKE}/{case}")
    page = solveig(nodes).open(f"{MINE}/{case}/hvem-har-lest")
    words = words_of(page)
    ola, twice = "Ola Overlege, psykolog ved Fjordheim DPS leste", "2 ganger den dagen"
    first = "Ingrid Inntak, psykolog ved Fjordheim DPS åpnet henvisningen for første gang."
    assert words.index(ola) < words.index(twice) < words.index(first)
    assert page.text.count('<p class="what">Ingrid Inntak') == 2


def test_a_yellow_note_is_never_shown_to_the_patient(nodes: Town) -> None:
    case = nodes.taken()
    nodes.do(OLA, service.internal_note, case, "Ringte søsteren.")
    assert "søsteren" not in solveig(nodes).open(f"{MINE}/{case}").text


def test_another_patient_sees_nothing_of_it(nodes: Town) -> None:
    case = nodes.taken()
    other = reader(nodes, Patient(number="01898012388", name="Nils Nabo"), node=nodes.dps)
    assert "Du har ingen henvisninger her." in words_of(other.open(MINE))
    never = "00000000-0000-4000-8000-000000000000"
    for more in ("", "/hvem-har-lest"):
        theirs, nothing = other.open(f"{MINE}/{case}{more}"), other.open(f"{MINE}/{never}{more}")
        assert theirs.status_code == nothing.status_code == 404
        assert "Fjordheim DPS" not in words_of(theirs)


def test_staff_have_no_way_in_to_the_patients_pages(nodes: Town) -> None:
    case = nodes.taken()
    for path in (MINE, f"{MINE}/{case}", f"{MINE}/{case}/hvem-har-lest"):
        assert reader(nodes, OLA).open(path).status_code == 403


def test_a_person_known_as_a_minor_is_told_that_the_pages_are_for_adults(nodes: Town) -> None:
    from handover.person import service as person
    from handover.person.model import Identity

    number = "15860912345"
    with nodes.dps.db.transaction() as session:
        young = Identity(given="Ung", family="Test", birth_date=date(2010, 6, 15), number=number)
        person.find_or_create(session, nodes.dps.settings.agencies[0], young, now=nodes.now)
    page = reader(nodes, Patient(number=number, name="Ung Test"), node=nodes.dps).open(MINE)
    assert "bare for dem som har fylt 18 år" in words_of(page)
