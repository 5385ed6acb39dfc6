"""Staff see what the patient has chosen, and write down a yes that was given to them in person."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Final
from uuid import uuid4

import pytest

from handover.audit import service as audit
from handover.bundle import service as handovers
from handover.bundle.model import Mark
from handover.clock import local
from handover.consent import service as consent
from handover.consent.model import EVERYONE, Blocked, Choice, Kind
from handover.db import Database
from handover.errors import HandoverError
from handover.ids import ReferralId
from handover.person import service as person
from handover.person.alike import ANOTHER
from handover.person.model import Identity
from handover.person.service import Person
from handover.referral import service
from handover.referral.lifecycle import Status
from tests.builders import DPS, INTAKE, MUNICIPALITY, NAV, NAV_OFFICE
from tests.bundle.meeting import begin, together
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


# --- a no in person --------------------------------------------------------------------------------------------


def in_dps(**fields: str) -> dict[str, str]:
    """Return the form of a no to the DPS, said to the writer."""
    return {"target": DPS, "said": "yes", **fields}


def test_a_clinician_writes_down_a_no_given_in_the_meeting_and_the_handover_does_not_go(nodes: Town) -> None:
    met = together(nodes)
    met.add("Jeg vil bli møtt med ro.", marked=Mark.TRAVELS)
    met.say_yes()
    per, address = reader(nodes, PER), f"/deling/overforing/{met.handover}"
    assert "Skriv ned et nei som pasienten gir deg nå" in words_of(per.open(address))
    assert "Fjordheim DPS" in words_of(per.open(f"{address}/nei"))
    refused = words_of(per.send(f"{address}/nei", target=""))
    assert "Velg hvem det gjelder." in refused
    assert "Kryss av for at pasienten selv har sagt dette." in refused
    assert "FACT-team" in words_of(per.send(f"{address}/nei", do="search", search="fact"))
    assert chosen(nodes) == ()

    page = words_of(per.send(f"{address}/nei", **in_dps()))
    assert "Pasientens nei er lagret. Loggen sier at det ble gitt til deg." in page
    assert "Nei: ingenting sendes til Fjordheim DPS" in page and "Ingenting kan sendes dit nå." in page
    (choice,) = chosen(nodes)
    assert (choice.kind, choice.witness) == (Kind.DENY, "Per Psykolog")
    with pytest.raises(Blocked):
        met.do(handovers.send)

    said = words_of(reader(nodes, PATIENT, node=nodes.kommune).open("/mine-valg/hvem-har-lest"))
    assert "Per Psykolog ved Fjordheim kommune skrev ned at du sa nei til at noe sendes til Fjordheim DPS." in said


def test_a_clinician_writes_down_that_the_patient_takes_a_no_back(nodes: Town) -> None:
    met = together(nodes)
    per, address = reader(nodes, PER), f"/deling/overforing/{met.handover}"
    per.send(f"{address}/nei", **in_dps())
    (choice,) = chosen(nodes)
    page = per.open(f"{address}/tilbake?valg={choice.id}")
    assert "Tar pasienten dette tilbake?" in words_of(page)
    refused = per.send(f"{address}/tilbake", choice=str(choice.id))
    assert "Kryss av for at pasienten selv har sagt dette." in words_of(refused)
    assert chosen(nodes)[0].withdrawn_at is None
    page = per.send(f"{address}/tilbake", choice=str(choice.id), said="yes")
    assert "Valget er tatt tilbake. Loggen sier at pasienten sa det til deg." in words_of(page)
    assert chosen(nodes)[0].withdrawn_at is not None
    for nothing in (str(choice.id), "x", "0" * 32):
        assert per.open(f"{address}/tilbake?valg={nothing}").status_code == 404
        assert per.send(f"{address}/tilbake", choice=nothing, said="yes").status_code == 404


# --- somebody without a national number --------------------------------------------------------------------------

NAMELESS: Final = Identity(given="Amal", family="Berhe", birth_date=date(1990, 3, 2))
"""A patient without a national number."""


def numberless(nodes: Town) -> ReferralId:
    """Return a draft to the DPS about somebody without a number."""
    return nodes.draft(patient=NAMELESS)


def leaves(nodes: Town, referral: ReferralId) -> str:
    """Return "goes", or the code of what keeps the referral."""
    try:
        nodes.do(PER, service.send, referral)
    except HandoverError as refused:
        return refused.stable_code
    return "goes"


def known_persons(nodes: Town) -> list[Person]:
    """Return whom the municipality knows by that name."""
    with nodes.kommune.db.reading() as session:
        return list(person.find(session, MUNICIPALITY, NAMELESS.name))


def test_a_no_of_somebody_without_a_number_stops_the_referral_it_was_said_in(nodes: Town) -> None:
    referral = numberless(nodes)
    per = reader(nodes, PER)
    page = per.send(f"/deling/henvisning/{referral}/nei", **in_dps())
    assert "Pasientens nei er lagret." in words_of(page)
    assert "Nei: ingenting sendes til Fjordheim DPS" in words_of(page)
    assert "Pasienten har sagt nei til at dere sender noe dit." in words_of(
        per.open(f"/henvisninger/{referral}/skriv")
    )
    assert leaves(nodes, referral) == "consent.blocked"
    assert len(known_persons(nodes)) == 1


def test_the_next_referral_about_somebody_without_a_number_meets_the_no(nodes: Town) -> None:
    reader(nodes, PER).send(f"/deling/henvisning/{numberless(nodes)}/nei", **in_dps())
    referral, per = numberless(nodes), reader(nodes, PER)
    assert leaves(nodes, referral) == "person.known-already", "nobody has said whether it is the same person"
    assert "si om det er samme person" in words_of(per.open(f"/henvisninger/{referral}/skriv"))
    page = words_of(per.open(f"/deling/henvisning/{referral}"))
    assert "Er det en av disse?" in page and "Amal Berhe, født 02.03.1990, uten nummer hos oss" in page
    refused = per.send(f"/deling/henvisning/{referral}/hvem")
    assert "Velg om det er en person dere kjenner, eller en annen." in words_of(refused)
    assert "Velg om det er" in words_of(per.send(f"/deling/henvisning/{referral}/hvem", same=str(uuid4())))

    (same,) = known_persons(nodes)
    page = words_of(per.send(f"/deling/henvisning/{referral}/hvem", same=str(same.id)))
    assert "Det er lagret hvem pasienten er." in page and "Ingenting kan sendes dit nå." in page
    assert leaves(nodes, referral) == "consent.blocked"
    with nodes.kommune.db.reading() as session:
        logged = audit.entries_about(session, MUNICIPALITY, same.id)
    assert "person.search" in {entry.event.value for entry in logged}


def test_somebody_else_with_the_same_name_and_birth_date_is_not_stopped(nodes: Town) -> None:
    reader(nodes, PER).send(f"/deling/henvisning/{numberless(nodes)}/nei", **in_dps())
    referral = numberless(nodes)
    reader(nodes, PER).send(f"/deling/henvisning/{referral}/hvem", same=str(ANOTHER))
    assert leaves(nodes, referral) == "goes"
    assert len(known_persons(nodes)) == 2


def test_a_number_that_is_added_later_does_not_lose_the_no(nodes: Town) -> None:
    referral = numberless(nodes)
    reader(nodes, PER).send(f"/deling/henvisning/{referral}/nei", **in_dps())
    case = nodes.see(PER, referral)
    numbered = replace(case.content, patient=replace(NAMELESS, number="02839012345"))
    nodes.do(PER, partial(service.save_draft, to=INTAKE, revision=case.revision), referral, numbered)
    assert leaves(nodes, referral) == "consent.blocked"


def test_a_handover_about_somebody_without_a_number_meets_the_no_too(nodes: Town) -> None:
    per = reader(nodes, PER)
    per.send(f"/deling/henvisning/{numberless(nodes)}/nei", **in_dps())
    form = {"given": "Amal", "family": "BERHE", "birth_date": "02.03.1990", "to": INTAKE}
    asked = per.send("/overforinger/ny", **form)
    assert asked.status_code == 422
    assert "Er det en av disse?" in words_of(asked) and "Amal Berhe, født 02.03.1990" in words_of(asked)
    (same,) = known_persons(nodes)
    refused = per.send("/overforinger/ny", **form, same=str(same.id))
    assert (refused.status_code, "Pasienten har sagt nei" in words_of(refused)) == (409, True)
    assert per.send("/overforinger/ny", **form, same=str(ANOTHER)).status_code == 200
