"""The patient's own choices about sharing: seen, made, changed and taken back on the patient's pages."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import orjson
import pytest

from handover.audit import service as audit
from handover.audit.model import Event
from handover.clock import local
from handover.consent import service as consent
from handover.consent.model import Choice, Target, Terms
from handover.db import Database
from handover.fhir.validator import validate
from handover.person import service as person
from tests.builders import DPS, INTAKE, MUNICIPALITY, NAV, NAV_OFFICE
from tests.referral import conftest as town_fixtures
from tests.referral.nodes import PATIENT, PER, Town, town
from tests.referral.visiting import Reader, hidden, reader, register_everybody, words_of

open_sqlite = town_fixtures.open_sqlite
MINE = "/mine-valg"


@pytest.fixture
def nodes(open_sqlite: Callable[[], Database]) -> Iterator[Town]:
    """Two nodes that know the patient: the municipality (whose node hosts NAV too) and the DPS."""
    made = town(open_sqlite)
    register_everybody(made)
    made.sent()
    yield made
    made.close()


def solveig(nodes: Town, *, at_dps: bool = False) -> Reader:
    """Return the patient, signed in at one of the nodes."""
    return reader(nodes, PATIENT, node=nodes.dps if at_dps else nodes.kommune)


def chosen(nodes: Town) -> tuple[Choice, ...]:
    """Return what the municipality holds."""
    with nodes.kommune.db.reading() as session:
        known = person.of_number(session, MUNICIPALITY, PATIENT.number)
        assert known is not None
        return consent.choices_of(session, MUNICIPALITY, known)


def permit(who: Reader, nodes: Town, **changes: str) -> str:
    """Say yes to NAV; returns the words of the page that comes after."""
    until = local(nodes.now + timedelta(days=30))
    form = {"target": NAV, "purpose": "handover", "topics": "plans", "until": f"{until:%d.%m.%Y}", **changes}
    return words_of(who.send(f"{MINE}/ja", **form))


def test_a_patient_says_no_to_an_agency_and_takes_it_back(nodes: Town) -> None:
    patient = solveig(nodes)
    assert "Du har ikke gjort noe valg her." in words_of(patient.open(MINE))
    assert "Fjordheim DPS" in words_of(patient.open(f"{MINE}/nei"))
    said = words_of(patient.send(f"{MINE}/nei", target=DPS))
    assert "Valget er lagret. Det gjelder alt som sendes fra nå." in said
    assert "Nei: ingenting sendes til Fjordheim DPS" in said
    (choice,) = chosen(nodes)
    assert (choice.target, choice.witness) == (Target(agency=DPS), "")

    said = words_of(patient.send(f"{MINE}/ta-tilbake", choice=str(choice.id)))
    assert "Valget er tatt tilbake." in said and "Tatt tilbake" in said
    assert "Du har ikke gjort noe valg her." in said and "Ta dette valget tilbake" not in said
    assert chosen(nodes)[0].withdrawn_at is not None


def test_a_patient_says_no_to_one_service_or_to_everyone(nodes: Town) -> None:
    patient = solveig(nodes)
    said = words_of(patient.send(f"{MINE}/nei", target=f"{DPS}/{INTAKE}"))
    assert "Nei: ingenting sendes til Inntak voksne, Fjordheim DPS" in said
    assert "Nei: ingenting sendes til alle andre steder" in words_of(patient.send(f"{MINE}/nei", target="alle"))


def test_a_patient_lets_nav_know_some_things_until_a_day_and_changes_it(nodes: Town) -> None:
    patient = solveig(nodes)
    page = words_of(patient.open(f"{MINE}/ja"))
    assert "Det som sendes til et NAV-kontor, kan leses av dem som arbeider på kontoret" in page
    assert "Arbeidsrettet oppfølging, NAV Fjordheim" in page
    assert "Inntak voksne" not in page, "a health service needs no yes"

    said = permit(patient, nodes)
    assert "Ja: noe kan sendes til NAV Fjordheim" in said
    assert "Planer og avtaler" in said and "onsdag 9. desember" in said
    (first,) = chosen(nodes)

    form = patient.open(f"{MINE}/ja?valg={first.id}")
    assert hidden(form, "instead_of") == str(first.id)
    said = permit(patient, nodes, topics="crisis", target=f"{NAV}/{NAV_OFFICE}", instead_of=str(first.id))
    assert "Kriseplan" in said and "Tatt tilbake" in said
    old, new = chosen(nodes)
    assert old.withdrawn_at is not None
    assert new.terms is not None and new.terms.topics == ("crisis",)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"target": ""}, "Velg hvem det gjelder."),
        ({"target": DPS}, "Velg hvem det gjelder."),
        ({"target": "310009998"}, "Velg hvem det gjelder."),
        ({"purpose": ""}, "Velg hva det skal brukes til."),
        ({"topics": ""}, "Velg minst ett tema."),
        ({"until": "31.02.2027"}, "Skriv siste dag som dag, måned og år, for eksempel 24.11.2026."),
        ({"until": "08.11.2026"}, "Siste dag kan ikke ha vært."),
        ({"until": "01.01.2028"}, "Et ja kan vare i høyst ett år. Velg en dag før det."),
    ],
)
def test_a_yes_that_says_too_little_is_told_what_it_lacks(nodes: Town, changes: dict[str, str], said: str) -> None:
    page = permit(solveig(nodes), nodes, **changes)
    assert "Du må rette dette før valget kan lagres" in page
    assert said in page
    assert chosen(nodes) == ()


def test_a_patient_finds_a_place_by_name(nodes: Town) -> None:
    page = words_of(solveig(nodes).send(f"{MINE}/nei", do="search", search="fact"))
    assert "FACT-team, Fjordheim kommune" in page
    assert "Fjordheim DPS" not in page


def test_a_choice_stays_where_it_was_made_and_the_page_says_so(nodes: Town) -> None:
    solveig(nodes).send(f"{MINE}/nei", target=DPS)
    page = words_of(solveig(nodes, at_dps=True).open(MINE))
    assert "Et valg gjelder der du gjorde det" in page
    assert "Valg som Fjordheim DPS følger" in page
    assert "Nei: ingenting sendes" not in page


def test_nobody_takes_back_or_changes_what_is_not_theirs_or_not_there(nodes: Town) -> None:
    solveig(nodes).send(f"{MINE}/nei", target=DPS)
    (choice,) = chosen(nodes)
    stranger = reader(nodes, type(PATIENT)(number="02859098799", name="En Annen"), node=nodes.kommune)
    for who, wanted in ((stranger, str(choice.id)), (solveig(nodes), "0" * 32), (solveig(nodes), "x")):
        assert who.send(f"{MINE}/ta-tilbake", choice=wanted).status_code == 404
        assert who.open(f"{MINE}/ja?valg={wanted}").status_code == 404
    assert chosen(nodes)[0].withdrawn_at is None
    assert "Ingen her har noen sak om deg ennå." in words_of(stranger.open(MINE))


def test_everything_a_patient_does_with_choices_is_in_the_log(nodes: Town) -> None:
    patient = solveig(nodes)
    patient.send(f"{MINE}/nei", target=DPS)
    (choice,) = chosen(nodes)
    patient.send(f"{MINE}/ta-tilbake", choice=str(choice.id))
    with nodes.kommune.db.reading() as session:
        known = person.of_number(session, MUNICIPALITY, PATIENT.number)
        assert known is not None
        events = [entry.event.value for entry in audit.entries_about(session, MUNICIPALITY, known)]
    assert {"consent.give", "consent.withdraw", "consent.read"} <= set(events)


def test_a_patient_takes_the_choices_along_as_a_file_that_other_systems_read(nodes: Town) -> None:
    patient = solveig(nodes)
    patient.send(f"{MINE}/nei", target=f"{DPS}/{INTAKE}")
    permit(patient, nodes)
    patient.send(f"{MINE}/ta-tilbake", choice=str(chosen(nodes)[0].id))
    assert f"{MINE}/fil" in patient.open(MINE).text
    answer = patient.open(f"{MINE}/fil")
    assert answer.mimetype == "application/fhir+json"
    assert "attachment" in answer.headers["Content-Disposition"]
    file = orjson.loads(answer.data)
    consents = [entry["resource"] for entry in file["entry"]]
    assert (file["resourceType"], file["type"]) == ("Bundle", "collection")
    assert [(each["provision"]["type"], each["status"]) for each in consents] == [
        ("deny", "inactive"),
        ("permit", "active"),
    ]
    for each in consents:
        assert validate(each, each["meta"]["profile"][0]) == []
    assert PATIENT.number not in answer.text and "Solveig" not in answer.text
    nothing = orjson.loads(solveig(nodes, at_dps=True).open(f"{MINE}/fil").data)
    assert nothing.get("entry", []) == [], "a choice stays where it was made"


def test_a_number_or_a_name_never_stands_in_an_address(nodes: Town) -> None:
    page = solveig(nodes).open(MINE)
    assert PATIENT.number not in page.text
    assert "Solveig" not in page.text.split("</title>")[0]


def test_a_patient_reads_who_saw_the_choices_and_when_they_were_made(nodes: Town) -> None:
    patient = solveig(nodes)
    assert "Ingen har sett valgene dine her ennå." in words_of(patient.open(f"{MINE}/hvem-har-lest"))
    patient.send(f"{MINE}/nei", target=DPS)
    (choice,) = chosen(nodes)
    patient.send(f"{MINE}/ta-tilbake", choice=str(choice.id))
    with nodes.kommune.db.transaction() as session:
        until = nodes.now.date() + timedelta(days=9)
        target, terms = Target(agency=NAV), Terms(purpose="handover", topics=("plans",), until=until)
        consent.permit(session, MUNICIPALITY, choice.person, target, terms, by=PER, now=nodes.now)
        for _time in range(2):
            audit.record(
                session,
                event=Event.CONSENT_READ,
                actor=PER,
                agency=MUNICIPALITY,
                persons=[choice.person],
                now=nodes.now,
            )

    assert f"{MINE}/hvem-har-lest" in patient.open(MINE).text
    said = words_of(patient.open(f"{MINE}/hvem-har-lest"))
    assert "Du sa nei til at noe sendes til Fjordheim DPS." in said
    assert "Du tok tilbake ditt nei til Fjordheim DPS." in said
    assert "skrev ned at du sa ja til at noe sendes til NAV Fjordheim." in said
    assert "ved Fjordheim kommune så valgene dine." in said and "2 ganger den dagen" in said
    with nodes.kommune.db.reading() as session:
        logged = audit.entries_about(session, MUNICIPALITY, choice.person)
    assert logged[0].event is Event.LOG_READ and logged[0].who.kind == "patient"


def test_another_patient_reads_nothing_of_it(nodes: Town) -> None:
    solveig(nodes).send(f"{MINE}/nei", target=DPS)
    stranger = reader(nodes, type(PATIENT)(number="02859098799", name="En Annen"), node=nodes.kommune)
    assert "Fjordheim DPS" not in words_of(stranger.open(f"{MINE}/hvem-har-lest"))
