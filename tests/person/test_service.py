"""Patients at an agency: found by number, by name, and never across agencies."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from handover.db import Database
from handover.ids import AgencyId
from handover.keys import vault as vaults
from handover.keys.vault import Vault
from handover.person import service
from handover.person.model import Identity

NOW = datetime(2026, 11, 9, 9, tzinfo=UTC)
FJORDHEIM = AgencyId("310000012")
DPS = AgencyId("310000023")


def identity(given: str = "Solveig", family: str = "Ås-Ødegård", number: str | None = "15868212345") -> Identity:
    return Identity(given=given, family=family, birth_date=date(1982, 6, 15), number=number)


@pytest.fixture
def db(any_db: Database) -> Database:
    any_db.provide(Vault, vaults.generate([FJORDHEIM, DPS]))
    any_db.provide(service.Watch, service.Watch(lambda *_: None))
    return any_db


def test_an_agency_knows_the_same_number_as_the_same_person(db: Database) -> None:
    with db.transaction() as session:
        first = service.find_or_create(session, FJORDHEIM, identity(), now=NOW)
        again = service.find_or_create(session, FJORDHEIM, identity(number="158682 12345"), now=NOW)
        other = service.find_or_create(session, DPS, identity(), now=NOW)
    assert first == again
    assert other != first


def test_an_agency_takes_over_a_new_name_and_keeps_what_was_not_written(db: Database) -> None:
    with db.transaction() as session:
        person = service.find_or_create(session, FJORDHEIM, replace(identity(), phone="99 00 00 01"), now=NOW)
        service.find_or_create(session, FJORDHEIM, identity(family="Nes"), now=NOW + timedelta(days=1))
        assert service.identity_of(session, FJORDHEIM, person).family == "Nes"
        assert service.identity_of(session, FJORDHEIM, person).phone == "99 00 00 01"
        assert service.find(session, FJORDHEIM, "Ødegård") == ()
        assert [found.id for found in service.find(session, FJORDHEIM, "nes")] == [person]


def test_two_people_without_a_number_are_two_people(db: Database) -> None:
    with db.transaction() as session:
        assert service.find_or_create(session, FJORDHEIM, identity(number=None), now=NOW) != (
            service.find_or_create(session, FJORDHEIM, identity(number=None), now=NOW)
        )


@pytest.mark.parametrize(
    "text", ["Solveig", "sol", "ødegård", "OEDEGAARD sol", "Solveig Ø", "158682 12345", "15868212345"]
)
def test_a_person_is_found_by_part_of_the_name_or_the_whole_number(db: Database, text: str) -> None:
    with db.transaction() as session:
        person = service.find_or_create(session, FJORDHEIM, identity(), now=NOW)
        assert [found.id for found in service.find(session, FJORDHEIM, text)] == [person]
        assert service.find(session, DPS, text) == ()


@pytest.mark.parametrize("text", ["", "so", "1586821234", "Solveig Hansen", "%"])
def test_too_little_or_the_wrong_thing_finds_nobody(db: Database, text: str) -> None:
    with db.transaction() as session:
        service.find_or_create(session, FJORDHEIM, identity(), now=NOW)
        assert service.find(session, FJORDHEIM, text) == ()


def test_another_agencys_person_is_not_there(db: Database) -> None:
    with db.transaction() as session:
        person = service.find_or_create(session, FJORDHEIM, identity(), now=NOW)
        with pytest.raises(service.PersonNotFound):
            service.identity_of(session, DPS, person)


def test_a_person_stands_nowhere_in_plain_in_the_database(db: Database) -> None:
    with db.transaction() as session:
        service.find_or_create(session, FJORDHEIM, identity(), now=NOW)
    with db.reading() as session:
        for table in ("person", "person_token"):
            for row in session.connection().exec_driver_sql(f"select * from {table}"):
                assert "Solveig" not in repr(tuple(row))
                assert "15868212345" not in repr(tuple(row))


def test_only_words_of_one_patients_name_belong_together_in_a_text_of_any_length(db: Database) -> None:
    with db.transaction() as session:
        for given, family in (("Solveig", "Nes"), ("Kari", "Lund")):
            service.find_or_create(session, FJORDHEIM, identity(given, family, number=None), now=NOW)
        others = [(f"ord{number}", "nes") for number in range(1200)]
        wanted = [("solveig", "nes"), ("lund", "kari"), ("kari", "nes"), *others]
        assert service.named_together(session, FJORDHEIM, wanted) == {("solveig", "nes"), ("lund", "kari")}
        assert service.named_together(session, DPS, wanted) == frozenset()
        assert service.named_together(session, FJORDHEIM, []) == frozenset()
