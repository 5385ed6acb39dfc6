"""A patient's choices at an agency: kept sealed, logged, withdrawn, and never another agency's or patient's."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

import pytest

from handover.actors import Patient, Staff
from handover.audit import service as audit
from handover.consent import service
from handover.consent.model import EVERYONE, BadChoice, Blocked, Target, Terms
from handover.consent.vocabulary import purpose_names, topic_names, vocabulary
from handover.db import Database
from handover.directory import service as directory
from handover.ids import PersonId, ServiceId, StaffId, new_uuid
from handover.person import service as person
from handover.person.model import Identity
from tests.builders import DPS, INTAKE, MUNICIPALITY, NAV, NAV_OFFICE, PSYCHOLOGIST, community, join

NOW: Final = datetime(2026, 11, 9, 9, tzinfo=UTC)
LATER: Final = NOW + timedelta(hours=1)
NUMBER: Final = "15868212345"
KARI: Final = Patient(number=NUMBER, name="Kari Nordmann")
CHRISTMAS: Final = date(2026, 12, 24)
TERMS: Final = Terms(purpose="handover", topics=("plans", "needs"), until=CHRISTMAS)
TO_NAV: Final = Target(agency=NAV)


@pytest.fixture
def db(any_db: Database) -> Database:
    join(any_db, community(NOW), MUNICIPALITY, DPS)
    any_db.provide(service.Watch, service.Watch(lambda *_: None))
    return any_db


def known(db: Database, number: str = NUMBER) -> PersonId:
    """Let the municipality know a patient."""
    who = Identity(given="Kari", family="Nordmann", birth_date=date(1982, 6, 15), number=number)
    with db.transaction() as session:
        return person.find_or_create(session, MUNICIPALITY, who, now=NOW)


def staff() -> Staff:
    """The municipality's psychologist."""
    return Staff(
        agency=MUNICIPALITY,
        id=StaffId(new_uuid()),
        name="Ingrid Solheim",
        title="psykolog",
        phone="55 00 00 11",
        roles=frozenset(),
    )


def may_go(db: Database, kari: PersonId, to: ServiceId, now: datetime, *topics: str) -> str:
    """Return "goes", or the code of the refusal."""
    with db.reading() as session:
        try:
            service.may_travel(
                session,
                MUNICIPALITY,
                kari,
                receiver=directory.service_of(session, to),
                topics=frozenset(topics),
                purpose="handover",
                now=now,
            )
        except service.MayNotTravel as refused:
            return refused.stable_code
    return "goes"


def test_a_patient_blocks_everyone_and_takes_it_back(db: Database) -> None:
    kari = known(db)
    with db.transaction() as session:
        blocked = service.block(session, MUNICIPALITY, kari, EVERYONE, by=KARI, now=NOW)
    assert may_go(db, kari, INTAKE, LATER) == "consent.blocked"

    with db.transaction() as session:
        service.unblock(session, MUNICIPALITY, kari, blocked, by=KARI, now=LATER)
    assert may_go(db, kari, INTAKE, LATER) == "goes"
    with db.reading() as session:
        (kept,) = service.choices_of(session, MUNICIPALITY, kari)
    assert (kept.given_at, kept.withdrawn_at) == (NOW, LATER)


def test_a_permit_to_nav_covers_what_it_says_until_it_is_withdrawn(db: Database) -> None:
    kari = known(db)
    assert may_go(db, kari, NAV_OFFICE, NOW, "plans") == "consent.no-permit"
    with db.transaction() as session:
        given = service.permit(session, MUNICIPALITY, kari, TO_NAV, TERMS, by=KARI, now=NOW)
        office = directory.service_of(session, NAV_OFFICE)
        assert service.permitted_topics(session, MUNICIPALITY, kari, office, NOW) == frozenset({"needs", "plans"})

    assert may_go(db, kari, NAV_OFFICE, LATER, "plans", "needs") == "goes"
    assert may_go(db, kari, NAV_OFFICE, LATER, "plans", "diagnoses") == "consent.outside-scope"
    assert may_go(db, kari, NAV_OFFICE, datetime(2026, 12, 25, 9, tzinfo=UTC), "plans") == "consent.permit-expired"

    with db.transaction() as session:
        service.withdraw_permit(session, MUNICIPALITY, kari, given, by=KARI, now=LATER)
        assert service.permitted_topics(session, MUNICIPALITY, kari, office, LATER) == frozenset()
    assert may_go(db, kari, NAV_OFFICE, LATER, "plans") == "consent.no-permit"


def test_a_health_service_may_have_everything_unless_it_is_blocked(db: Database) -> None:
    kari = known(db)
    with db.transaction() as session:
        intake = directory.service_of(session, INTAKE)
        assert service.permitted_topics(session, MUNICIPALITY, kari, intake, NOW) is None
        service.block(session, MUNICIPALITY, kari, Target(agency=DPS), by=KARI, now=NOW)
        assert service.permitted_topics(session, MUNICIPALITY, kari, intake, NOW) == frozenset()


def test_changing_a_permit_withdraws_the_old_one_in_the_same_act(db: Database) -> None:
    kari, wider = known(db), Terms(purpose="handover", topics=("crisis",), until=CHRISTMAS)
    with db.transaction() as session:
        old = service.permit(session, MUNICIPALITY, kari, TO_NAV, TERMS, by=KARI, now=NOW)
        service.permit(session, MUNICIPALITY, kari, TO_NAV, wider, by=KARI, now=LATER, instead_of=old)
    assert may_go(db, kari, NAV_OFFICE, LATER, "crisis") == "goes"
    assert may_go(db, kari, NAV_OFFICE, LATER, "plans") == "consent.outside-scope"


def test_a_choice_binds_only_the_agency_where_it_was_made(db: Database) -> None:
    kari = known(db)
    who = Identity(given="Kari", family="Nordmann", birth_date=date(1982, 6, 15), number=NUMBER)
    with db.transaction() as session:
        there = person.find_or_create(session, DPS, who, now=NOW)
        service.block(session, MUNICIPALITY, kari, EVERYONE, by=KARI, now=NOW)
        psychologist = directory.service_of(session, PSYCHOLOGIST)
        service.may_travel(
            session, DPS, there, receiver=psychologist, topics=frozenset(), purpose="handover", now=NOW
        )
        with pytest.raises(Blocked):
            service.may_travel(
                session, MUNICIPALITY, kari, receiver=psychologist, topics=frozenset(), purpose="handover", now=NOW
            )


def test_nobody_withdraws_another_patients_choice_or_the_same_one_twice(db: Database) -> None:
    kari, other = known(db), known(db, "02859098765")
    with db.transaction() as session:
        blocked = service.block(session, MUNICIPALITY, kari, EVERYONE, by=KARI, now=NOW)
        for agency, whose in ((MUNICIPALITY, other), (DPS, kari)):
            with pytest.raises(service.ChoiceNotFound):
                service.unblock(session, agency, whose, blocked, by=KARI, now=NOW)
        with pytest.raises(service.ChoiceNotFound):
            service.withdraw_permit(session, MUNICIPALITY, kari, blocked, by=KARI, now=NOW)
        service.unblock(session, MUNICIPALITY, kari, blocked, by=KARI, now=NOW)
        with pytest.raises(service.ChoiceNotFound):
            service.unblock(session, MUNICIPALITY, kari, blocked, by=KARI, now=NOW)


def test_the_log_names_who_wrote_a_permit_down_on_the_patients_word(db: Database) -> None:
    kari, psychologist = known(db), staff()
    with db.transaction() as session:
        service.permit(session, MUNICIPALITY, kari, TO_NAV, TERMS, by=psychologist, now=NOW)
        blocked = service.block(session, MUNICIPALITY, kari, EVERYONE, by=KARI, now=NOW + timedelta(minutes=1))
        service.unblock(session, MUNICIPALITY, kari, blocked, by=KARI, now=LATER)
    with db.reading() as session:
        (permit, block) = service.choices_of(session, MUNICIPALITY, kari)
        withdrawn, blocked_, permitted = audit.entries_about(session, MUNICIPALITY, kari)
    assert (permit.witness, block.witness) == ("Ingrid Solheim", "")
    assert permitted.detail["on_patients_word"] and not blocked_.detail["on_patients_word"]
    assert [each.event.value for each in (permitted, blocked_, withdrawn)] == [
        "consent.give",
        "consent.give",
        "consent.withdraw",
    ]


@pytest.mark.parametrize(
    ("target", "terms", "wrong"),
    [
        (EVERYONE, TERMS, {"target"}),
        (TO_NAV, Terms(purpose="", topics=("plans",), until=CHRISTMAS), {"purpose"}),
        (TO_NAV, Terms(purpose="gossip", topics=("plans",), until=CHRISTMAS), {"purpose"}),
        (TO_NAV, Terms(purpose="handover", topics=(), until=CHRISTMAS), {"topics"}),
        (TO_NAV, Terms(purpose="handover", topics=("plans", "all"), until=CHRISTMAS), {"topics"}),
        (TO_NAV, Terms(purpose="handover", topics=("plans",), until=date(2026, 11, 8)), {"until"}),
        (TO_NAV, Terms(purpose="handover", topics=("plans",), until=date(2027, 11, 11)), {"until"}),
        (EVERYONE, Terms(purpose="", topics=(), until=date(1999, 1, 1)), {"target", "purpose", "topics", "until"}),
    ],
)
def test_a_permit_says_to_whom_for_what_how_much_and_until_when(
    db: Database, target: Target, terms: Terms, wrong: set[str]
) -> None:
    kari = known(db)
    with db.transaction() as session:
        with pytest.raises(BadChoice) as refused:
            service.permit(session, MUNICIPALITY, kari, target, terms, by=KARI, now=NOW)
        assert set(refused.value.fields) == wrong
        assert service.choices_of(session, MUNICIPALITY, kari) == ()


def test_a_refused_change_leaves_the_permit_as_it_was(db: Database) -> None:
    kari, empty = known(db), Terms(purpose="handover", topics=(), until=CHRISTMAS)
    with db.transaction() as session:
        old = service.permit(session, MUNICIPALITY, kari, TO_NAV, TERMS, by=KARI, now=NOW)
        with pytest.raises(BadChoice):
            service.permit(session, MUNICIPALITY, kari, TO_NAV, empty, by=KARI, now=LATER, instead_of=old)
    assert may_go(db, kari, NAV_OFFICE, LATER, "plans") == "goes"


def test_a_block_of_a_service_names_its_agency(db: Database) -> None:
    kari = known(db)
    with db.transaction() as session, pytest.raises(BadChoice):
        service.block(session, MUNICIPALITY, kari, Target(service=INTAKE), by=KARI, now=NOW)


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_every_purpose_and_topic_has_a_name_in_every_language(language: str) -> None:
    known_codes = vocabulary()
    assert tuple(purpose_names(language)) == known_codes.purposes
    assert tuple(topic_names(language)) == known_codes.topics
    assert all([*purpose_names(language).values(), *topic_names(language).values()])
