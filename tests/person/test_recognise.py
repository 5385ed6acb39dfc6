"""What another agency writes about a patient: it never replaces what is known, and a difference is named."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from handover.db import Database
from handover.demo.people import synthetic_number
from handover.ids import AgencyId, PersonId
from handover.keys import vault as vaults
from handover.keys.vault import Vault
from handover.person import numbers, service
from handover.person.model import Address, Identity, completed, differences

NOW = datetime(2026, 11, 9, 9, tzinfo=UTC)
FJORDHEIM = AgencyId("310000012")
BORN = date(1982, 6, 15)
NUMBER = synthetic_number(BORN, 0)

names = st.text("abcÅØæ", min_size=1, max_size=4)
addresses = st.none() | st.builds(Address, city=names)
identities = st.builds(
    Identity,
    given=names,
    family=names,
    birth_date=st.dates(date(1930, 1, 1), date(2020, 1, 1)),
    number=st.just(NUMBER),
    phone=st.none() | st.just("99 00 00 01") | st.just("99 00 00 02"),
    address=addresses,
)
days = st.dates(date(1900, 1, 1), date(2039, 12, 31))


def person(**changes: Any) -> Identity:
    """Return a patient as one agency writes them."""
    return replace(Identity(given="Solveig", family="Nes", birth_date=BORN, number=NUMBER), **changes)


@pytest.fixture
def told() -> list[PersonId]:
    """Return of whom something changed."""
    return []


@pytest.fixture
def db(any_db: Database, told: list[PersonId]) -> Database:
    def changed(_session: Session, _agency: AgencyId, who: PersonId, _now: datetime) -> None:
        told.append(who)

    any_db.provide(Vault, vaults.generate([FJORDHEIM]))
    any_db.provide(service.Watch, service.Watch(changed))
    return any_db


@given(identities, identities)
def test_nothing_that_is_known_is_changed_by_what_others_say(known: Identity, said: Identity) -> None:
    after = completed(known, said)
    assert differences(known, after) == ()
    assert after.number == known.number
    assert after.phone == (known.phone or said.phone)
    assert after.address == (known.address or said.address)


@given(identities, identities)
def test_two_differ_in_what_each_says_of_the_other(one: Identity, other: Identity) -> None:
    assert differences(one, one) == ()
    assert differences(one, other) == differences(other, one)
    assert ("birth_date" in differences(one, other)) == (one.birth_date != other.birth_date)


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (person(given=" SOLVEIG ", family="nes"), ()),
        (person(given="Solveig  Marie"), ("given",)),
        (person(family="Ås", birth_date=date(2012, 6, 15)), ("family", "birth_date")),
        (person(phone="1", number=None), ()),
    ],
)
def test_a_difference_is_named_by_its_field(said: Identity, named: tuple[str, ...]) -> None:
    assert differences(person(), said) == named


@given(days, st.integers(0, 3), st.booleans())
def test_a_number_fits_the_day_it_was_given_for(born: date, sequence: int, is_d_number: bool) -> None:
    number = numbered(born, sequence, is_d_number)
    assert "number.birth-date" not in numbers.check(number, born).warnings


@given(days, days, st.booleans())
def test_a_number_fits_no_other_day(born: date, other: date, is_d_number: bool) -> None:
    warnings = numbers.check(numbered(born, 0, is_d_number), other).warnings
    assert ("number.birth-date" in warnings) == (born != other)


@given(st.text("0123456789", min_size=0, max_size=12), days)
def test_no_number_makes_the_comparison_fail(number: str, born: date) -> None:
    assert numbers.check(number, born).number == number


def numbered(born: date, sequence: int, is_d_number: bool) -> str:
    number = synthetic_number(born, sequence)
    return f"{int(number[0]) + 4}{number[1:]}" if is_d_number else number


def test_a_patient_known_by_the_number_keeps_name_and_birth_date(db: Database, told: list[PersonId]) -> None:
    with db.transaction() as session:
        mine = service.find_or_create(session, FJORDHEIM, person(), now=NOW)
        said = person(given="Sol", family="Ås", birth_date=date(2012, 6, 15))
        assert service.recognise(session, FJORDHEIM, said, now=NOW) == mine
        assert service.identity_of(session, FJORDHEIM, mine) == person()
        assert service.find(session, FJORDHEIM, "Ås") == ()
        doubts = service.doubts(session, FJORDHEIM, mine, said)
    assert told == []
    assert doubts.differs == "Solveig Nes, 15.06.1982\nSol Ås, 15.06.2012"
    assert doubts.is_birth_date_odd
    assert "Sol" not in repr(doubts)


def test_what_was_lacking_is_filled_in_and_somebody_is_told(db: Database, told: list[PersonId]) -> None:
    with db.transaction() as session:
        mine = service.find_or_create(session, FJORDHEIM, person(), now=NOW)
        service.recognise(session, FJORDHEIM, person(phone="99 00 00 01"), now=NOW)
        service.recognise(session, FJORDHEIM, person(phone="99 00 00 02"), now=NOW + timedelta(days=1))
        assert service.identity_of(session, FJORDHEIM, mine).phone == "99 00 00 01"
    assert told == [mine]


def test_a_patient_nobody_knows_is_made_as_they_are_said_to_be(db: Database) -> None:
    with db.transaction() as session:
        new = service.recognise(session, FJORDHEIM, person(), now=NOW)
        assert service.identity_of(session, FJORDHEIM, new) == person()
        doubts = service.doubts(session, FJORDHEIM, new, person())
    assert (doubts.differs, doubts.is_birth_date_odd) == ("", False)


def test_what_our_own_staff_write_counts_and_is_told(db: Database, told: list[PersonId]) -> None:
    with db.transaction() as session:
        mine = service.find_or_create(session, FJORDHEIM, person(), now=NOW)
        service.find_or_create(session, FJORDHEIM, person(family="Ås"), now=NOW)
        service.find_or_create(session, FJORDHEIM, person(family="Ås"), now=NOW)
        assert service.identity_of(session, FJORDHEIM, mine).family == "Ås"
    assert told == [mine]
