"""The staff register: who is here, who may do what where, who may change it; on both kinds of database."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from handover.access import service
from handover.access.service import NewStaff
from handover.access.tables import StaffRow
from handover.actors import Machine, Patient, Role, Staff
from handover.db import Database
from handover.errors import Conflict, Invalid, NotFound, NotPermitted
from handover.ids import AgencyId, ServiceId, StaffId, new_uuid
from handover.keys import vault
from handover.keys.vault import Vault

KOMMUNE, NAV = AgencyId("310000012"), AgencyId("310000020")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
INTAKE, WARD = ServiceId("1"), ServiceId("2")
SEED = Machine(agency=KOMMUNE, name="seed")
TONE = NewStaff(login="01810012345", name="Tone Berg", title="Psykolog", phone="55 00 00 01", hpr="999000001")


@pytest.fixture
def db(any_db: Database) -> Database:
    """A node's database with a vault for two agencies."""
    any_db.provide(Vault, vault.generate([KOMMUNE, NAV]))
    return any_db


def registered(db: Database, new: NewStaff = TONE, *roles: tuple[Role, ServiceId | None]) -> StaffId:
    """Register somebody at the municipality with these roles."""
    with db.transaction() as session:
        id_ = service.register(session, new, agency=KOMMUNE, by=SEED, now=NOON)
        for role, where in roles:
            service.grant(session, id_, role, where, agency=KOMMUNE, by=SEED, now=NOON)
    return id_


def test_a_registered_psychologist_is_found_by_her_login_with_her_roles(db: Database) -> None:
    id_ = registered(db, TONE, (Role.REFERRER, WARD), (Role.LEADER, None))
    with db.reading() as session:
        found = service.places_of(session, TONE.login, [KOMMUNE, NAV])
    assert found == [
        Staff(
            agency=KOMMUNE,
            id=id_,
            name="Tone Berg",
            title="Psykolog",
            phone="55 00 00 01",
            hpr="999000001",
            roles=frozenset({(WARD, Role.REFERRER), (None, Role.LEADER)}),
        )
    ]


def test_a_look_at_the_database_tells_neither_names_nor_logins(db: Database) -> None:
    registered(db)
    with db.reading() as session:
        row = session.scalars(select(StaffRow)).one()
    assert TONE.name.encode() not in row.about
    assert TONE.login.encode() not in row.login + row.about


def test_another_agency_sees_nobody(db: Database) -> None:
    id_ = registered(db)
    with db.reading() as session, pytest.raises(NotFound):
        service.staff_of(session, NAV, id_)


def test_one_login_is_one_person_in_an_agency(db: Database) -> None:
    registered(db)
    with pytest.raises(Conflict, match=r"staff\.login-taken"):
        registered(db)


def test_a_person_without_name_or_phone_is_not_registered(db: Database) -> None:
    with pytest.raises(Invalid) as refused:
        registered(db, NewStaff(login="1", name=" ", title="Psykolog", phone=""))
    assert set(refused.value.fields) == {"name", "phone"}


def test_those_to_assign_to_hold_the_role_at_the_service_or_everywhere(db: Database) -> None:
    registered(db, TONE, (Role.INTAKE, INTAKE))
    registered(db, NewStaff(login="2", name="Bo", title="x", phone="1"), (Role.INTAKE, WARD))
    registered(db, NewStaff(login="3", name="Ada", title="x", phone="1"), (Role.INTAKE, None))
    registered(db, NewStaff(login="4", name="Kim", title="x", phone="1"), (Role.LEADER, INTAKE))
    with db.reading() as session:
        assert [one.name for one in service.holders(session, KOMMUNE, Role.INTAKE, service=INTAKE)] == [
            "Ada",
            "Tone Berg",
        ]
        assert len(service.holders(session, KOMMUNE, Role.INTAKE, Role.LEADER)) == 4


def test_a_role_taken_back_is_gone_and_one_given_twice_is_one(db: Database) -> None:
    id_ = registered(db, TONE, (Role.INTAKE, INTAKE), (Role.INTAKE, INTAKE))
    with db.transaction() as session:
        service.revoke(session, id_, Role.INTAKE, INTAKE, agency=KOMMUNE, by=SEED, now=NOON)
    with db.reading() as session:
        assert service.staff_of(session, KOMMUNE, id_).roles == frozenset()


def test_a_closed_person_keeps_the_name_on_what_they_did_and_gets_no_roles(db: Database) -> None:
    id_ = registered(db)
    with db.transaction() as session:
        service.close(session, id_, agency=KOMMUNE, by=SEED, now=NOON)
    with db.transaction() as session:
        assert service.staff_of(session, KOMMUNE, id_).name == "Tone Berg"
        assert service.places_of(session, TONE.login, [KOMMUNE]) == []
        with pytest.raises(NotFound):
            service.grant(session, id_, Role.INTAKE, None, agency=KOMMUNE, by=SEED, now=NOON)


def test_somebody_who_comes_back_is_the_same_person_without_roles(db: Database) -> None:
    id_ = registered(db, TONE, (Role.INTAKE, None))
    with db.transaction() as session:
        with pytest.raises(Conflict):
            service.reopen(session, id_, agency=KOMMUNE, by=SEED, now=NOON)
        service.close(session, id_, agency=KOMMUNE, by=SEED, now=NOON)
        service.reopen(session, id_, agency=KOMMUNE, by=SEED, now=NOON)
    with db.reading() as session:
        (found,) = service.places_of(session, TONE.login, [KOMMUNE])
    assert (found.id, found.roles) == (id_, frozenset())


def _staff(agency: AgencyId, *roles: Role) -> Staff:
    held = frozenset((None, role) for role in roles)
    return Staff(agency=agency, id=StaffId(new_uuid()), name="N", title="t", phone="1", roles=held)


@pytest.mark.parametrize(
    "by",
    [
        _staff(KOMMUNE, Role.REFERRER, Role.LEADER, Role.INTAKE),
        _staff(NAV, Role.SECURITY_OFFICER),
        Machine(agency=NAV, name="x"),
        Patient(number="1", name="x"),
    ],
    ids=["a referrer", "another agency's officer", "another agency's machine", "a patient"],
)
def test_nobody_else_changes_who_may_do_what(db: Database, by: Staff | Machine | Patient) -> None:
    id_ = registered(db)
    with db.transaction() as session, pytest.raises(NotPermitted):
        service.grant(session, id_, Role.OPERATOR, None, agency=KOMMUNE, by=by, now=NOON)


def test_the_security_officer_changes_who_may_do_what(db: Database) -> None:
    id_ = registered(db)
    officer = _staff(KOMMUNE, Role.SECURITY_OFFICER)
    with db.transaction() as session:
        service.grant(session, id_, Role.INTAKE, None, agency=KOMMUNE, by=officer, now=NOON)
        assert service.staff_of(session, KOMMUNE, id_).has(Role.INTAKE, INTAKE)
