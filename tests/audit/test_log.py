"""What is logged stays, gets its place, and every tampering is found."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from handover import migrations
from handover.actors import Actor, Machine, Patient, Staff
from handover.audit import model, service
from handover.audit.model import Event, Outcome, Record
from handover.audit.service import LogBroken
from handover.audit.words import EVENTS
from handover.db import Database
from handover.ids import AgencyId, PersonId, ServiceId, StaffId
from handover.keys.vault import Vault, generate
from handover.referral.lifecycle import Act

DPS = AgencyId("310000012")
NAV = AgencyId("310000020")
NOON = datetime(2026, 3, 27, 11, 0, tzinfo=UTC)
KARI = PersonId(UUID("00000000-0000-4000-8000-00000000000a"))
OLA = PersonId(UUID("00000000-0000-4000-8000-00000000000b"))
INGER = Staff(
    agency=DPS,
    id=StaffId(UUID(int=7)),
    name="Inger Nilsen",
    title="psykologspesialist",
    phone="",
    roles=frozenset(),
)
VAULT = generate([DPS, NAV])
WORKER = Machine(agency=DPS, name="worker")


@pytest.fixture
def db(any_db: Database) -> Database:
    any_db.provide(Vault, VAULT)
    return any_db


def log(session: Session, event: Event = Event.REFERRAL_READ, *persons: PersonId, minute: int = 0) -> None:
    service.record(
        session, event=event, actor=INGER, agency=DPS, persons=persons, now=NOON + timedelta(minutes=minute)
    )


def fill(db: Database, count: int) -> None:
    with db.transaction() as session:
        for minute in range(count):
            log(session, Event.REFERRAL_READ, *((KARI, OLA) if minute % 2 else (KARI,)), minute=minute)
    service.sequence(db, DPS)


def codes(db: Database, agency: AgencyId = DPS) -> list[str]:
    with db.reading() as session:
        return sorted({finding.code for finding in service.verify(session, agency).findings})


def test_a_patient_reads_what_was_logged_about_them_newest_first(db: Database) -> None:
    with db.transaction() as session:
        log(session, Event.REFERRAL_READ, KARI, minute=1)
        log(session, Event.WORKLIST_LIST, OLA, KARI, minute=2)
        log(session, Event.REFERRAL_READ, OLA, minute=3)
    service.sequence(db, DPS)
    with db.transaction() as session:
        log(session, Event.REFERRAL_OPEN, KARI, minute=4)
    with db.reading() as session:
        entries = service.entries_about(session, DPS, KARI)
    assert [(entry.event, entry.patient_seq) for entry in entries] == [
        (Event.REFERRAL_OPEN, None),
        (Event.WORKLIST_LIST, 2),
        (Event.REFERRAL_READ, 1),
    ]
    assert entries[0].who == model.Who(kind="staff", name="Inger Nilsen", title="psykologspesialist", id=INGER.id)


def test_a_patient_pages_back_through_a_long_log(db: Database) -> None:
    fill(db, 7)
    with db.reading() as session:
        first = service.entries_about(session, DPS, KARI, limit=4)
        second = service.entries_about(session, DPS, KARI, limit=4, before=first[-1].patient_seq)
    assert [entry.patient_seq for entry in (*first, *second)] == [7, 6, 5, 4, 3, 2, 1]


def test_one_agency_never_sees_the_log_of_another(db: Database) -> None:
    fill(db, 2)
    with db.reading() as session:
        assert service.entries_about(session, NAV, KARI) == ()


def test_an_entry_gives_back_all_that_was_said(db: Database) -> None:
    with db.transaction() as session:
        service.record(
            session,
            event=Event.REFERRAL_REJECT,
            actor=Patient(number="01810012345", name="Kari Synt"),
            agency=DPS,
            persons=[KARI],
            subject=UUID(int=5),
            service=ServiceId("8100001"),
            detail={"reason": "Søknaden hører til hos andre", "version": 4},
            now=NOON,
        )
    with db.reading() as session:
        (entry,) = service.entries_about(session, DPS, KARI)
    assert (entry.at, entry.outcome, entry.subject) == (NOON, Outcome.DONE, str(UUID(int=5)))
    assert (entry.service, entry.who.kind, entry.who.name) == ("8100001", "patient", "Kari Synt")
    assert entry.detail == {"reason": "Søknaden hører til hos andre", "version": 4}


def test_what_rolls_back_is_not_logged_and_a_refusal_is(db: Database) -> None:
    with pytest.raises(ZeroDivisionError), db.transaction() as session:
        log(session, Event.REFERRAL_READ, KARI)
        _ = 1 // 0
    service.record_refusal(
        db, event=Event.REFERRAL_READ, actor=INGER, agency=DPS, code="not-found", persons=[KARI], now=NOON
    )
    with db.reading() as session:
        (entry,) = service.entries_about(session, DPS, KARI)
    assert (entry.outcome, entry.detail) == (Outcome.REFUSED, {"code": "not-found"})


def test_the_database_alone_shows_no_names_numbers_or_texts(db: Database) -> None:
    with db.transaction() as session:
        service.record(
            session,
            event=Event.LOGIN,
            actor=Patient(number="01810012345", name="Kari Synt"),
            agency=DPS,
            detail={"text": "nattevakt"},
            now=NOON,
        )
    with db.engine.connect() as connection:
        (row,) = connection.execute(text("select * from audit_entry")).all()
    stored = b"|".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
    for secret in (b"01810012345", b"Kari", b"Synt", b"nattevakt"):
        assert secret not in stored


def test_rows_of_a_batch_are_placed_in_the_order_of_their_time(db: Database) -> None:
    with db.transaction() as session:
        ids = service.record_many(
            session,
            [
                Record(event=Event.DELIVERY_SENT, agency=DPS, at=NOON - timedelta(minutes=minute), actor=WORKER)
                for minute in range(5)
            ],
        )
    assert service.sequence(db, DPS, batch=2) == 5
    with db.engine.connect() as connection:
        placed = connection.execute(text("select id from audit_entry order by place")).scalars().all()
    assert [UUID(str(id_)) for id_ in placed] == list(reversed(ids))


def test_every_agency_has_a_chain_of_its_own(db: Database) -> None:
    with db.transaction() as session:
        for agency in (DPS, NAV, DPS):
            service.record(session, event=Event.LOGIN, actor=INGER, agency=agency, now=NOON)
    assert (service.sequence(db, DPS), service.sequence(db, NAV)) == (2, 1)
    assert codes(db) == codes(db, NAV) == []


def test_an_empty_log_is_whole(db: Database) -> None:
    assert service.sequence(db, DPS) == 0
    assert codes(db) == []


def test_the_sequencer_goes_on_where_a_killed_one_stopped(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(db, 3)
    with db.transaction() as session:
        log(session, Event.REFERRAL_READ, KARI, minute=9)

    class Killed(BaseException):
        """The process ends here."""

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr("handover.audit.store.move_head", die)
        service.sequence(db, DPS)
    assert service.sequence(db, DPS) == 1
    assert codes(db) == []


def test_several_sequencers_and_writers_at_once_give_every_row_one_place(db: Database) -> None:
    def write() -> None:
        for minute in range(10):
            with db.transaction() as session:
                log(session, Event.REFERRAL_READ, KARI, OLA, minute=minute)

    def order() -> None:
        for _ in range(10):
            service.sequence(db, DPS, batch=3)

    threads = [threading.Thread(target=work) for work in (write, write, order, order, write)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    service.sequence(db, DPS)
    with db.reading() as session:
        seen = service.verify(session, DPS)
    assert (seen.rows, seen.waiting, seen.findings) == (30, 0, ())


TAMPERINGS: dict[str, tuple[str, str]] = {
    "the event is changed": ("update audit_entry set event = 'login.ended' where place = 3", "row-changed"),
    "the outcome is changed": ("update audit_entry set outcome = 'refused' where place = 3", "row-changed"),
    "the time is changed": ("update audit_entry set at = (select at from audit_entry where place = 1)"
                            " where place = 3", "row-changed"),
    "the subject is changed": ("update audit_entry set subject = 'x' where place = 3", "row-changed"),
    "a person is left out": ("update audit_entry set persons = (select persons from audit_entry where place = 1)"
                             " where place = 2", "row-changed"),
    "the salt is changed": ("update audit_entry set salt = leaf where place = 3", "leaf-changed"),
    "the leaf is changed": ("update audit_entry set leaf = salt where place = 3", "chain-broken"),
    "the content is changed": ("update audit_entry set sealed = leaf where place = 3", "content-unreadable"),
    "the link is changed": ("update audit_entry set chain = leaf where place = 3", "chain-broken"),
    "a row is removed": ("delete from audit_entry where place = 3", "row-missing"),
    "the first row is removed": ("delete from audit_entry where place = 1", "row-missing"),
    "the last row is removed": ("delete from audit_entry where place = 6", "end-missing"),
    "the last row waits again": ("update audit_entry set place = null, chain = null where place = 6",
                                 "end-missing"),
    "all rows are removed": ("delete from audit_entry", "end-missing"),
    "the head is moved back": ("update audit_head set place = 5", "head-changed"),
    "the head is removed": ("delete from audit_head", "end-missing"),
    "the head's seal is changed": ("update audit_head set seal = chain", "head-changed"),
    "a patient's entry is removed": ("delete from audit_person where patient_seq = 2", "person-log-broken"),
    "a patient's last entry is removed": ("delete from audit_person where patient_seq = 6", "person-log-differs"),
    "a patient's entry is changed": ("update audit_person set chain = entry_leaf.leaf from (select leaf from"
                                     " audit_entry where place = 1) as entry_leaf where patient_seq = 2",
                                     "person-log-broken"),
    "patients' logs are removed": ("delete from audit_person", "person-log-differs"),
}  # fmt: skip


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_the_log_shows_when(db: Database, tampering: str) -> None:
    fill(db, 6)
    statement, expected = TAMPERINGS[tampering]
    with db.transaction() as session:
        session.execute(text(statement))
    assert expected in codes(db)


def test_the_log_shows_when_a_row_that_waits_was_changed(db: Database) -> None:
    with db.transaction() as session:
        log(session, Event.REFERRAL_READ, KARI)
        session.execute(text("update audit_entry set event = 'login.ended'"))
    assert codes(db) == ["row-changed"]


def test_nobody_without_the_key_can_cut_the_end_off_and_have_the_sequencer_go_on(db: Database) -> None:
    fill(db, 6)
    with db.transaction() as session:
        session.execute(text("delete from audit_entry where place = 6"))
        session.execute(
            text("update audit_head set place = 5, chain = (select chain from audit_entry where place = 5)")
        )
        log(session, Event.REFERRAL_READ, KARI, minute=9)
    with pytest.raises(LogBroken):
        service.sequence(db, DPS)
    assert "head-changed" in codes(db)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(1, 6)), waiting=st.integers(0, 2))
def test_any_reordering_of_places_is_found(node_db: Database, order: list[int], waiting: int) -> None:
    node_db.provide(Vault, VAULT)
    _clear(node_db)
    fill(node_db, 5)
    with node_db.transaction() as session:
        for minute in range(waiting):
            log(session, Event.LOGOUT, minute=20 + minute)
        for old, new in enumerate(order, start=1):
            session.execute(text("update audit_entry set place = :new where place = :old"), _move(old, -new))
        session.execute(text("update audit_entry set place = -place where place < 0"))
    assert (codes(node_db) == []) == (order == sorted(order))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.integers(1, 5),
    column=st.sampled_from(["salt", "sealed", "leaf", "chain", "persons"]),
    where=st.floats(0, 1, exclude_max=True),
    flip=st.integers(1, 255),
)
def test_any_changed_byte_is_found(node_db: Database, place: int, column: str, where: float, flip: int) -> None:
    node_db.provide(Vault, VAULT)
    _clear(node_db)
    fill(node_db, 5)
    with node_db.transaction() as session:
        query = text(f"select {column} from audit_entry where place = :place")
        value = bytearray(session.execute(query, {"place": place}).scalar_one())
        value[int(len(value) * where)] ^= flip
        change = text(f"update audit_entry set {column} = :value where place = :place")
        session.execute(change, {"value": bytes(value), "place": place})
    assert codes(node_db) != []


def test_ids_sort_as_time_does() -> None:
    ids = [model.entry_id(NOON + timedelta(milliseconds=step), uuid4()) for step in range(50)]
    assert ids == sorted(ids)
    assert all((id_.version == 7 and id_.variant == UUID(int=0).variant) or id_.version == 7 for id_ in ids)


@pytest.mark.parametrize("actor", [INGER, WORKER, Patient(number="1", name="n"), None])
def test_every_kind_of_actor_is_named(actor: Actor | None) -> None:
    record = Record(event=Event.LOGIN_FAILED, agency=DPS, at=NOON, actor=actor)
    assert model.canonical(record, model.entry_id(NOON, UUID(int=1))).startswith(b'{"agency":"310000012"')


def _move(old: int, new: int) -> dict[str, int]:
    return {"old": old, "new": new}


def _clear(db: Database) -> None:
    with db.transaction() as session:
        for table in reversed(migrations.all_tables().sorted_tables):
            session.execute(table.delete())


def test_every_act_of_a_referral_has_an_event() -> None:
    assert {f"referral.{act}" for act in Act} <= {event.value for event in Event}


def test_every_event_has_words_for_the_security_officer() -> None:
    assert set(Event) - set(EVENTS) == set()
