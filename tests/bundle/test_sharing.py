"""What the receiver of a handover writes obeys the choices the patient made at the receiver (DESIGN rule 15)."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from handover.actors import Party
from handover.bundle import service, store
from handover.bundle.lifecycle import Act, Side, Status
from handover.bundle.model import Decline
from handover.consent import service as consent
from handover.consent.model import Target, Terms
from handover.ids import PersonId
from handover.team.model import TaskKind
from tests.builders import DPS, FACT, INTAKE, MUNICIPALITY, NAV, NAV_OFFICE
from tests.bundle.meeting import Meeting, sent
from tests.referral.nodes import FATIMA, INGRID, NAVN, Town
from tests.referral.visiting import hidden, reader, register_everybody, words_of

WORDS: tuple[tuple[Callable[..., Any], Act], ...] = (
    (service.ask, Act.ASK),
    (service.note_to_sender, Act.NOTE_TO_SENDER),
)
THERE = f"/mottatte-overforinger/{INTAKE}"


def person_at(session: Session, home: Party, met: Meeting) -> PersonId:
    """Return who the patient is to the receiver."""
    copy = store.at_home(session, home, Side.RECEIVER, met.handover)
    assert copy is not None
    return copy.standing.person


def block(met: Meeting) -> None:
    """The patient says no, at the DPS, to what is sent to the municipality."""
    with met.town.dps.db.transaction() as session:
        who = person_at(session, Party(DPS, INTAKE), met)
        target = Target(agency=MUNICIPALITY)
        consent.block(session, DPS, who, target, by=met.patient, now=met.town.now)


def opened(town: Town) -> Meeting:
    """Return a handover that was opened at the receiver."""
    met = sent(town)
    met.there(INGRID, service.open_)
    town.settle()
    return met


@pytest.mark.parametrize(("write", "act"), WORDS)
def test_a_receiver_does_not_write_to_whom_the_patient_blocks_there(
    two_nodes: Town, write: Callable[..., Any], act: Act
) -> None:
    met = opened(two_nodes)
    block(met)

    with pytest.raises(consent.Blocked):
        met.there(INGRID, write, "Hvem ringer vi?")

    assert act not in [entry.act for entry in met.there(INGRID, service.case_of).history]


def test_a_block_at_the_sender_does_not_bind_the_receiver(two_nodes: Town) -> None:
    met = opened(two_nodes)
    with two_nodes.kommune.db.transaction() as session:
        who = met.see_standing(session).person
        consent.block(session, MUNICIPALITY, who, Target(agency=DPS), by=met.patient, now=two_nodes.now)

    met.there(INGRID, service.ask, "Hvem ringer vi?")
    two_nodes.settle()
    assert Act.ASK in [entry.act for entry in met.see().history]


@pytest.mark.parametrize(("write", "act"), WORDS)
def test_a_receivers_words_that_still_wait_are_stopped_by_a_block_and_somebody_is_told(
    any_nodes: Town, write: Callable[..., Any], act: Act
) -> None:
    met = opened(any_nodes)
    met.there(INGRID, write, "Hvem ringer vi?")
    block(met)
    any_nodes.settle()

    assert act not in [entry.act for entry in met.see().history]
    (task,) = met.there(INGRID, service.case_of).tasks
    assert task.kind is TaskKind.HELD_BACK
    assert "Solveig Nes" in task.text and "Kommunepsykolog" in task.text, (
        "whom to call: the patient and the sender"
    )


def test_a_question_back_to_nav_takes_a_permit_at_the_agency_that_asks(one_node: Town) -> None:
    met = sent(one_node, by=NAVN, at=NAV_OFFICE, to=FACT)
    met.there(FATIMA, service.open_)
    with pytest.raises(consent.NoPermit):
        met.there(FATIMA, service.ask, "Hvem ringer vi?")

    with one_node.kommune.db.transaction() as session:
        who = person_at(session, Party(MUNICIPALITY, FACT), met)
        terms = Terms(purpose=consent.HANDOVER, topics=("other",), until=date(2026, 12, 24))
        consent.permit(session, MUNICIPALITY, who, Target(agency=NAV), terms, by=met.patient, now=one_node.now)
    met.there(FATIMA, service.ask, "Hvem ringer vi?")
    one_node.settle()
    assert Act.ASK in [entry.act for entry in met.see().history]


def test_what_the_receiver_decides_is_told_in_spite_of_a_block(two_nodes: Town) -> None:
    met = opened(two_nodes)
    block(met)
    met.there(INGRID, service.decline, Decline(reason="Fullt", person="Ingrid Inntak", phone="55 00 00 00"))
    two_nodes.settle()
    assert met.see().standing.status is Status.DECLINED


def test_a_receiver_who_may_not_write_keeps_the_text_and_is_told_why(two_nodes: Town) -> None:
    register_everybody(two_nodes)
    met = opened(two_nodes)
    block(met)
    who = reader(two_nodes, INGRID)
    for slug, name in (("spor", "question"), ("beskjed", "text")):
        path = f"{THERE}/{met.handover}/{slug}"
        seen = hidden(who.open(path), "seen")
        answer = who.send(path, seen=seen, **{name: "Hvem ringer vi?"})

        assert answer.status_code == 409
        said = words_of(answer)
        assert "Pasienten har sagt nei til at dere sender noe dit. Snakk med pasienten." in said
        assert "velg en annen mottaker" not in said, "there is no other to choose"
        assert "har endret seg" not in said
        assert "Hvem ringer vi?" in said
