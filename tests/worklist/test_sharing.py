"""Staff see what the patient has chosen, and write down a yes that was given to them in person."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from handover.audit import service as audit
from handover.clock import local
from handover.consent import service as consent
from handover.consent.model import EVERYONE, Choice
from handover.db import Database
from handover.person import service as person
from handover.referral import service
from handover.referral.lifecycle import Status
from tests.builders import DPS, INTAKE, MUNICIPALITY, NAV, NAV_OFFICE
from tests.bundle.meeting import begin
from tests.referral import conftest as town_fixtures
from tests.referral.nodes import PATIENT, PER, Town, content, town
from tests.referral.visiting import reader, register_everybody, words_of

open_sqlite = town_fixtures.open_sqlite


@pytest.fixture
def nodes(open_sqlite: Callable[[], Database]) -> Iterator[Town]:
    """Two nodes whose people can sign in."""
    made = town(open_sqlite)
    register_everybody(made)
    yield made
    made.close()


def yes(nodes: Town, purpose: str) -> dict[str, str]:
    """Return the form of a yes to NAV."""
    until = local(nodes.now + timedelta(days=30))
    return {
        "target": NAV,
        "purpose": purpose,
        "topics": "needs",
        "until": f"{until:%d.%m.%Y}",
        "said": "yes",
    }


def chosen(nodes: Town) -> tuple[Choice, ...]:
    """Return what the municipality holds."""
    with nodes.kommune.db.reading() as session:
        known = person.of_number(session, MUNICIPALITY, PATIENT.number)
        return () if known is None else consent.choices_of(session, MUNICIPALITY, known)


def test_a_referrer_writes_down_a_yes_given_in_the_meeting_and_the_referral_goes_to_nav(nodes: Town) -> None:
    referral = nodes.draft(to=NAV_OFFICE, history="", risk="", trusted_person=None)
    per, address = reader(nodes, PER), f"/deling/henvisning/{referral}"
    page = words_of(per.open(address))
    assert "Ingenting kan sendes dit nå." in page
    assert "kan leses av dem som arbeider på kontoret" in page

    page = words_of(per.send(address, **{**yes(nodes, "referral"), "said": ""}))
    assert "Kryss av for at pasienten selv har sagt dette." in page
    assert chosen(nodes) == ()

    page = words_of(per.send(address, **yes(nodes, "referral")))
    assert "Pasientens ja er lagret. Loggen sier at det ble gitt til deg." in page
    assert "Dere kan sende dette, og ikke noe annet: Hva jeg trenger hjelp med." in page
    (choice,) = chosen(nodes)
    assert choice.witness == "Per Psykolog"
    nodes.do(PER, service.send, referral)
    nodes.settle()
    assert nodes.see(PER, referral).standing.status is Status.RECEIVED


def test_a_clinician_sees_what_a_handover_may_hold_and_that_is_in_the_log(nodes: Town) -> None:
    to_dps, to_nav = begin(nodes, to=INTAKE), begin(nodes, to=NAV_OFFICE)
    per = reader(nodes, PER)
    page = words_of(per.open(f"/deling/overforing/{to_dps.handover}"))
    assert "Dere kan sende det som trengs. Mottakeren er en helsetjeneste" in page
    assert "Skriv ned et ja" not in page, "a health service needs no yes"

    assert "Pasientens ja er lagret." in words_of(
        per.send(f"/deling/overforing/{to_nav.handover}", **yes(nodes, "handover"))
    )
    (choice,) = chosen(nodes)
    with nodes.kommune.db.reading() as session:
        entries = audit.entries_about(session, MUNICIPALITY, choice.person)
    given = next(entry for entry in entries if entry.event.value == "consent.give")
    assert given.who.name == "Per Psykolog" and given.detail["on_patients_word"]
    assert "consent.read" in {entry.event.value for entry in entries}


def test_a_referrer_reads_that_the_patient_has_said_no_to_everyone(nodes: Town) -> None:
    referral = nodes.draft()
    with nodes.kommune.db.transaction() as session:
        identity = content().patient
        assert identity is not None
        known = person.find_or_create(session, MUNICIPALITY, identity, now=nodes.now)
        consent.block(session, MUNICIPALITY, known, EVERYONE, by=PATIENT, now=nodes.now)
    page = words_of(reader(nodes, PER).open(f"/deling/henvisning/{referral}"))
    assert "Ingenting kan sendes dit nå." in page
    assert "Nei: ingenting sendes til alle andre steder" in page


def test_a_yes_is_only_for_the_receiver_of_the_case_and_says_all_that_it_must(nodes: Town) -> None:
    referral = nodes.draft(to=NAV_OFFICE)
    page = words_of(reader(nodes, PER).send(f"/deling/henvisning/{referral}", said="yes"))
    for sentence in ("Velg hvem det gjelder.", "Velg hva det skal brukes til.", "Velg minst ett tema."):
        assert sentence in page
    other = reader(nodes, PER).send(f"/deling/henvisning/{referral}", **{**yes(nodes, "referral"), "target": DPS})
    assert "Velg hvem det gjelder." in words_of(other)
    assert chosen(nodes) == ()
