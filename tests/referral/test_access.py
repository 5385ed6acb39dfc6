"""Rules 16 and 18: not yours is not there, with the same error; everything seen or done is logged."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any
from uuid import uuid4

import pytest

from handover.actors import Patient, Role, Staff
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.audit.tables import AuditEntry
from handover.errors import Invalid
from handover.ids import ReferralId, StaffId
from handover.moves import WrongSide
from handover.person import service as person
from handover.referral import service
from handover.referral.lifecycle import Side
from handover.referral.model import AttachmentId
from handover.referral.service import ReferralNotFound
from tests.builders import DPS, INTAKE, MUNICIPALITY, PSYCHOLOGIST
from tests.referral.nodes import (
    FATIMA,
    INGRID,
    LEADER,
    NAVN,
    NUMBER,
    OLA,
    PATIENT,
    PER,
    SARA,
    Town,
    acceptance,
    refusal,
    staff,
)

EVERYTHING: dict[str, Callable[..., Any]] = {
    "show": lambda s, t: service.show(s, t),
    "open_": lambda s, t: service.open_(s, t),
    "take": lambda s, t: service.take(s, t),
    "ask": lambda s, t: service.ask(s, t, "x"),
    "accept": lambda s, t: service.accept(s, t, acceptance()),
    "reject": lambda s, t: service.reject(s, t, refusal()),
    "internal_note": lambda s, t: service.internal_note(s, t, "x"),
    "supplement": lambda s, t: service.supplement(s, t, "x"),
    "retract": lambda s, t: service.retract(s, t, "x"),
    "undo_send": lambda s, t: service.undo_send(s, t),
    "attachment": lambda s, t: service.attachment(s, t, AttachmentId(uuid4())),
    "follow_up": lambda s, t: service.follow_up(s, t),
    "snooze": lambda s, t: service.snooze(s, t, t.now),
}
BOTH = (Side.REFERRER, Side.RECEIVER)
STRANGERS = {
    "another service of the municipality": FATIMA,
    "another service of the DPS": SARA,
    "another agency": NAVN,
    "a leader": LEADER,
    "somebody without any role": replace(PER, roles=frozenset()),
    "an operator": staff(20, "Odd Operatør", DPS, None, Role.OPERATOR),
    "the same role elsewhere": staff(21, "Else", DPS, None, Role.CASEWORKER),
}


@pytest.fixture
def referral(one_node: Town) -> ReferralId:
    return one_node.taken()


def test_what_is_not_yours_is_not_there_with_the_very_same_error(one_node: Town, referral: ReferralId) -> None:
    for (name, use), (who, stranger), side in product(EVERYTHING.items(), STRANGERS.items(), BOTH):
        answers = []
        for wanted in (referral, ReferralId(uuid4())):
            with pytest.raises(ReferralNotFound) as refused:
                one_node.do(stranger, use, wanted, side=side)
            answers.append((str(refused.value), refused.value.stable_code, refused.value.details))
        assert answers[0] == answers[1], (name, who)


def test_each_side_sees_only_its_own_copy(one_node: Town, referral: ReferralId) -> None:
    with pytest.raises(ReferralNotFound):
        one_node.see(PER, referral, side=Side.RECEIVER)
    with pytest.raises(ReferralNotFound):
        one_node.see(OLA, referral, side=Side.REFERRER)
    with pytest.raises(ReferralNotFound):
        one_node.see(OLA, referral, at=PSYCHOLOGIST)


def test_a_side_cannot_do_what_belongs_to_the_other(one_node: Town, referral: ReferralId) -> None:
    both = replace(PER, roles=PER.roles | {(INTAKE, Role.CLINICIAN)})
    with pytest.raises(WrongSide):
        one_node.do(both, lambda s, t: service.accept(s, t, acceptance()), referral, side=Side.REFERRER)


def test_a_worklist_is_only_for_those_who_work_at_the_service(one_node: Town, referral: ReferralId) -> None:
    for stranger in (PER, SARA, LEADER, NAVN):
        with pytest.raises(ReferralNotFound):
            one_node.ask(stranger, service.worklist, INTAKE)
    assert one_node.ask(FATIMA, service.list_sent).rows == ()
    assert one_node.ask(SARA, service.search_received, "Solveig") == ()
    assert one_node.ask(FATIMA, service.list_sent, text="Solveig").rows == ()


def test_a_role_for_the_whole_agency_reaches_every_service(one_node: Town, referral: ReferralId) -> None:
    everywhere = staff(22, "Eva Everywhere", DPS, None, Role.INTAKE)
    assert one_node.see(everywhere, referral).standing.referral == referral
    assert len(one_node.ask(everywhere, service.worklist, INTAKE).rows) == 1


def test_work_is_given_only_to_colleagues_at_the_service(one_node: Town, referral: ReferralId) -> None:
    for stranger in (SARA, PER):
        with pytest.raises(Invalid):
            one_node.do(INGRID, service.assign, referral, stranger)
    one_node.do(INGRID, service.assign, referral, INGRID)
    assert one_node.see(OLA, referral).standing.owner == INGRID.id


def test_a_patient_sees_nobody_elses_referral(one_node: Town, referral: ReferralId) -> None:
    stranger = Patient(number="15868200000", name="En Annen")
    agencies = one_node.kommune.settings.agencies
    with one_node.kommune.db.transaction() as session:
        assert service.my_referrals(session, agencies, by=stranger, now=one_node.now) == ()
        for wanted in (referral, ReferralId(uuid4())):
            with pytest.raises(ReferralNotFound):
                service.my_referral(session, agencies, wanted, by=stranger, now=one_node.now)
            with pytest.raises(ReferralNotFound):
                service.who_opened(session, agencies, wanted, by=stranger, now=one_node.now)


def test_every_read_and_act_is_logged_about_the_person(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    town.see(OLA, referral)
    town.ask(INGRID, service.worklist, INTAKE)
    town.do(OLA, service.accept, referral, acceptance())
    with town.dps.db.transaction() as session:
        known = person.of_number(session, DPS, NUMBER)
        assert known is not None
        logged = [entry.event for entry in audit.entries_about(session, DPS, known)]
    assert {
        Logged.REFERRAL_RECEIVE,
        Logged.REFERRAL_OPEN,
        Logged.REFERRAL_TAKE,
        Logged.REFERRAL_READ,
        Logged.WORKLIST_LIST,
        Logged.REFERRAL_ACCEPT,
    } <= set(logged)


def test_a_refused_act_leaves_no_trace_of_having_happened(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.sent()

    def rows() -> int:
        with town.dps.db.reading() as session:
            return session.query(AuditEntry).count()

    before = rows()
    with pytest.raises(ReferralNotFound):
        town.do(SARA, service.open_, referral)
    assert rows() == before


def test_nothing_about_the_patient_stands_in_plain_in_the_database(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    town.do(INGRID, service.internal_note, referral, "Ringte Solveig")
    secrets = ("Solveig", "Nes", NUMBER, "Depresjon", "Fjordveien", "Berit", "Ringte")
    for node in (town.kommune, town.dps):
        with node.db.reading() as session:
            connection = session.connection()
            names = connection.exec_driver_sql("select name from sqlite_master where type = 'table'").scalars()
            for name in names.all():
                for row in connection.exec_driver_sql(f'select * from "{name}"'):
                    text = repr(tuple(row))
                    assert not any(secret in text for secret in secrets), name


def test_a_repr_shows_nothing_about_the_patient(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    case = town.see(OLA, referral)
    rows = town.ask(INGRID, service.worklist, INTAKE).rows
    mine = town.seen_by_patient(town.dps, referral)
    for shown in (case, rows, mine, PATIENT):
        for secret in ("Solveig", NUMBER, "Depresjon", "Fjordveien"):
            assert secret not in repr(shown)


def test_staff_with_two_roles_use_each_at_its_own_side(two_nodes: Town) -> None:
    town = two_nodes
    both = Staff(
        agency=MUNICIPALITY,
        id=StaffId(uuid4()),
        name="Begge",
        title="psykolog",
        phone="55 00 00 09",
        roles=frozenset({(PSYCHOLOGIST, Role.REFERRER), (PSYCHOLOGIST, Role.CLINICIAN)}),
    )
    referral = town.sent()
    assert town.see(both, referral, side=Side.REFERRER).standing.side is Side.REFERRER
    with pytest.raises(ReferralNotFound):
        town.see(both, referral, side=Side.RECEIVER)
