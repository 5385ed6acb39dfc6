"""A patient is asked whether something may be sent, and what counts as an answer."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from handover.audit import service as audit
from handover.audit.model import Event
from handover.consent import asking, service
from handover.consent.asking import AlreadyAnswered, RequestNotFound
from handover.consent.model import EVERYONE, BadChoice, Reply, Request, RequestId, Target, Terms, Wanted
from handover.db import Database
from handover.ids import PersonId, new_uuid
from tests.builders import DPS, MUNICIPALITY, NAV, NAV_OFFICE, PSYCHOLOGIST
from tests.consent.test_choices import CHRISTMAS, KARI, LATER, NOW, db, known, staff

__all__ = ["db"]

CASE: Final = new_uuid()
TERMS: Final = Terms(purpose="coordination", topics=("plans",), until=CHRISTMAS)
WANTED: Final = Wanted(
    service=PSYCHOLOGIST,
    case=CASE,
    case_kind="message",
    target=Target(agency=NAV, service=NAV_OFFICE),
    terms=TERMS,
    why="Vi vil avtale et møte.",
)


def asked(db: Database, kari: PersonId, wanted: Wanted = WANTED) -> RequestId:
    """Ask the patient, as the municipality's psychologist."""
    with db.transaction() as session:
        return asking.ask(session, MUNICIPALITY, kari, wanted, by=staff(), now=NOW)


def found(db: Database) -> list[Request]:
    """Return what was asked for the case, the latest first."""
    with db.reading() as session:
        return list(asking.about(session, MUNICIPALITY, CASE))


def test_a_patient_is_asked_in_the_askers_words_and_says_yes_to_less(db: Database) -> None:
    kari = known(db)
    request = asked(db, kari, replace(WANTED, terms=replace(TERMS, topics=("plans", "documents"))))
    with db.transaction() as session:
        (seen,) = asking.to_patient(session, MUNICIPALITY, kari)
        assert (seen.wanted.why, seen.asked_by) == ("Vi vil avtale et møte.", "Ingrid Solheim, psykolog")
        asking.say_yes(session, MUNICIPALITY, kari, request, TERMS, by=KARI, now=LATER)
        (given,) = service.choices_of(session, MUNICIPALITY, kari)
    assert (given.target, given.terms, given.witness) == (WANTED.target, TERMS, "")
    (answered,) = found(db)
    assert (answered.reply, answered.replied_at) == (Reply.YES, LATER)


def test_a_no_to_a_question_gives_no_permit_and_is_in_the_log(db: Database) -> None:
    kari = known(db)
    request = asked(db, kari)
    with db.transaction() as session:
        asking.say_no(session, MUNICIPALITY, kari, request, by=KARI, now=LATER)
        assert service.choices_of(session, MUNICIPALITY, kari) == ()
        entries = audit.entries_about(session, MUNICIPALITY, kari)
    assert [entry.event for entry in entries][:2] == [Event.CONSENT_DECLINE, Event.CONSENT_ASK]
    assert found(db)[0].reply is Reply.NO


def test_a_question_is_answered_once_and_only_by_whom_it_was_put_to(db: Database) -> None:
    kari, other = known(db), known(db, "15868212388")
    request = asked(db, kari)
    with db.transaction() as session:
        with pytest.raises(RequestNotFound):
            asking.say_no(session, MUNICIPALITY, other, request, by=KARI, now=LATER)
        with pytest.raises(RequestNotFound):
            asking.say_no(session, DPS, kari, request, by=KARI, now=LATER)
        with pytest.raises(RequestNotFound):
            asking.take_back(session, MUNICIPALITY, new_uuid(), request, by=staff(), now=LATER)
        asking.take_back(session, MUNICIPALITY, CASE, request, by=staff(), now=LATER)
    with db.transaction() as session, pytest.raises(AlreadyAnswered):
        asking.say_yes(session, MUNICIPALITY, kari, request, TERMS, by=KARI, now=LATER)
    with db.reading() as session:
        assert service.choices_of(session, MUNICIPALITY, kari) == ()


def test_a_new_question_takes_the_place_of_the_one_that_waits(db: Database) -> None:
    kari = known(db)
    asked(db, kari)
    asked(db, kari, replace(WANTED, why="En gang til."))
    assert {each.wanted.why: each.reply for each in found(db)} == {
        "Vi vil avtale et møte.": Reply.TAKEN_BACK,
        "En gang til.": None,
    }


@pytest.mark.parametrize(
    ("target", "topics", "reply"),
    [
        (Target(agency=NAV), ("plans", "needs"), Reply.YES),
        (Target(agency=NAV, service=NAV_OFFICE), ("plans",), Reply.YES),
        (Target(agency=NAV), ("needs",), None),
        (Target(agency=DPS), ("plans",), None),
        (Target(agency=NAV), (), Reply.NO),
        (EVERYONE, (), Reply.NO),
        (Target(agency=DPS), (), None),
    ],
    ids=lambda value: str(value),
)
def test_a_choice_made_in_another_way_answers_what_it_covers(
    db: Database, target: Target, topics: tuple[str, ...], reply: Reply | None
) -> None:
    """`topics` of a permit; none for a block."""
    kari = known(db)
    asked(db, kari)
    with db.transaction() as session:
        if topics:
            terms = replace(TERMS, topics=topics)
            service.permit(session, MUNICIPALITY, kari, target, terms, by=staff(), now=LATER)
        else:
            service.block(session, MUNICIPALITY, kari, target, by=KARI, now=LATER)
    assert found(db)[0].reply is reply


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (replace(WANTED, target=EVERYONE), "target"),
        (replace(WANTED, terms=replace(TERMS, topics=())), "topics"),
        (replace(WANTED, terms=replace(TERMS, until=CHRISTMAS + timedelta(days=400))), "until"),
        (replace(WANTED, why="a" * 501), "why"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_question_that_says_too_little_or_too_much_is_not_put(db: Database, wrong: Wanted, field: str) -> None:
    kari = known(db)
    with pytest.raises(BadChoice) as refused:
        asked(db, kari, wrong)
    assert set(refused.value.fields) == {field}
    assert found(db) == []
