"""A team's work: nothing due is ever hidden, read is per person, done is per team."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from handover.actors import Role, Staff
from handover.db import Database
from handover.ids import AgencyId, ServiceId, StaffId
from handover.keys import vault as vaults
from handover.keys.vault import Vault
from handover.team import service
from handover.team.model import Place, ReadyText, SnoozePastDeadline, TaskKind
from handover.team.words import SHIPPED, ready_in, title_of
from handover.web.i18n import LANGUAGES

NOW = datetime(2026, 11, 9, 9, tzinfo=UTC)
DPS = AgencyId("310000023")
INTAKE, WARD = ServiceId("8100001"), ServiceId("8100002")
DAY = timedelta(days=1)


def staff(name: str = "Ingrid Inntak", at: ServiceId | None = INTAKE, role: Role = Role.INTAKE) -> Staff:
    return Staff(
        agency=DPS,
        id=StaffId(uuid4()),
        name=name,
        title="koordinator",
        phone="55 00 00 01",
        roles=frozenset({(at, role)}),
    )


def place(number: int = 1, at: ServiceId = INTAKE) -> Place:
    return Place(DPS, at, "referral-received", UUID(int=number))


@pytest.fixture
def db(any_db: Database) -> Database:
    any_db.provide(Vault, vaults.generate([DPS]))
    return any_db


def test_a_service_sees_its_open_work_by_date_and_nobody_elses(db: Database) -> None:
    with db.transaction() as session:
        for number, days in ((1, 3), (2, 1), (3, 2)):
            service.open_item(
                session, place(number), next_step="take", due_at=NOW + days * DAY, owner=None, now=NOW
            )
        service.open_item(session, place(4, WARD), next_step="take", due_at=NOW, owner=None, now=NOW)
        service.close_item(session, place(3), by=None, now=NOW)
        found = service.open_items(session, DPS, INTAKE, kind="referral-received", now=NOW)
        assert [item.place.subject.int for item in found] == [2, 1]
        rest = service.open_items(
            session,
            DPS,
            INTAKE,
            kind="referral-received",
            now=NOW,
            after=(found[0].due_at, found[0].place.subject),
        )
        assert [item.place.subject.int for item in rest] == [1]


def test_what_was_put_away_comes_back_by_itself_and_never_after_its_date(db: Database) -> None:
    with db.transaction() as session:
        service.open_item(session, place(), next_step="take", due_at=NOW + 3 * DAY, owner=None, now=NOW)
        service.snooze(session, place(), until=NOW + 2 * DAY, now=NOW)

        def seen(now: datetime) -> int:
            return len(service.open_items(session, DPS, INTAKE, kind="referral-received", now=now))

        assert seen(NOW + DAY) == 0
        assert seen(NOW + 2 * DAY) == 1
        with pytest.raises(SnoozePastDeadline):
            service.snooze(session, place(), until=NOW + 4 * DAY, now=NOW)
        service.open_item(session, place(), next_step="take", due_at=NOW + DAY, owner=None, now=NOW)
        assert seen(NOW) == 1, "a new date wakes it"
        assert [item.place for item in service.overdue(session, DPS, now=NOW + DAY)] == [place()]


def test_overdue_work_cannot_be_put_away(db: Database) -> None:
    with db.transaction() as session:
        service.open_item(session, place(), next_step="take", due_at=NOW, owner=None, now=NOW)
        with pytest.raises(SnoozePastDeadline):
            service.snooze(session, place(), until=NOW + DAY, now=NOW)


@pytest.mark.parametrize(
    ("due_at", "may"),
    [
        (NOW - DAY, False),
        (NOW, False),
        (datetime(2026, 11, 9, 23, tzinfo=UTC), False),
        (datetime(2026, 11, 9, 23, 1, tzinfo=UTC), True),
    ],
    ids=["overdue", "due now", "due when the day ends", "due after that"],
)
def test_work_is_offered_to_be_put_away_exactly_where_some_day_does(
    db: Database, due_at: datetime, may: bool
) -> None:
    tomorrow = datetime(2026, 11, 9, 23, tzinfo=UTC)
    with db.transaction() as session:
        service.open_item(session, place(), next_step="take", due_at=due_at, owner=None, now=NOW)
        assert service.item(session, place()).may_be_put_away(NOW) is may
        with nullcontext() if may else pytest.raises(SnoozePastDeadline):
            service.snooze(session, place(), until=tomorrow, now=NOW)
        service.close_item(session, place(), by=None, now=NOW)
        assert not service.item(session, place()).may_be_put_away(NOW)


def test_reading_is_per_person(db: Database) -> None:
    one, other = staff(), staff("Olav Overlege")
    with db.transaction() as session:
        service.mark_read(session, one, "referral-received", UUID(int=1), now=NOW)
        service.mark_read(session, one, "referral-received", UUID(int=1), now=NOW + DAY)
        assert service.read_at(session, one, "referral-received", [UUID(int=1)]) == {UUID(int=1): NOW + DAY}
        assert service.read_at(session, other, "referral-received", [UUID(int=1)]) == {}


def test_a_yellow_note_stays_at_the_service_where_it_was_written(db: Database) -> None:
    with db.transaction() as session:
        service.note(session, place(), "Ringte. Ikke svar.", by=staff(), now=NOW)
        assert [(note.by_name, note.text) for note in service.notes(session, place())] == [
            ("Ingrid Inntak", "Ringte. Ikke svar.")
        ]
        assert service.notes(session, place(at=WARD)) == ()
        rows = session.connection().exec_driver_sql("select note from internal_note")
        assert all(b"Ringte" not in bytes(row[0]) for row in rows)


def test_a_task_goes_to_the_named_person_and_an_unnamed_one_to_the_service(db: Database) -> None:
    one, other, ward = staff(), staff("Olav Overlege"), staff("Vera Vakt", WARD)
    with db.transaction() as session:
        named = service.raise_task(
            session, DPS, kind=TaskKind.NOT_DELIVERED, text="E21", now=NOW, service=INTAKE, for_staff=one.id
        )
        unnamed = service.raise_task(
            session, DPS, kind=TaskKind.NOT_DELIVERED, text="E21", now=NOW + DAY, service=INTAKE
        )
        assert [task.id for task in service.tasks(session, one)] == [named, unnamed]
        assert [task.id for task in service.tasks(session, other)] == [unnamed]
        assert service.tasks(session, ward) == ()
        with pytest.raises(service.WorkNotFound):
            service.finish_task(session, named, by=other, now=NOW)
        service.finish_task(session, named, by=one, now=NOW)
        assert [task.id for task in service.tasks(session, one)] == [unnamed]


def test_who_runs_the_systems_of_the_agency_sees_alarms_and_nothing_about_a_patient(db: Database) -> None:
    runs, guards = staff(at=None, role=Role.OPERATOR), staff(at=None, role=Role.SECURITY_OFFICER)
    with db.transaction() as session:
        alarm = service.raise_task(session, DPS, kind=TaskKind.ALARM, text="x", now=NOW)
        to_call = service.raise_task(
            session, DPS, kind=TaskKind.IDENTITY_DIFFERS, text="Kari\nKarin", now=NOW + DAY, service=INTAKE
        )
        for who in (runs, guards):
            assert [task.id for task in service.tasks(session, who)] == [alarm]
            assert service.count_asked(session, who, ()) == 1
            with pytest.raises(service.WorkNotFound):
                service.finish_task(session, to_call, by=who, now=NOW)
        leads = staff(at=None, role=Role.LEADER)
        assert [task.id for task in service.tasks(session, leads)] == [alarm, to_call]
        assert [task.id for task in service.tasks(session, staff())] == [to_call]


def test_a_service_starts_with_ready_texts_and_replaces_or_hides_them(db: Database) -> None:
    with db.transaction() as session:
        shipped = service.ready_texts(session, DPS, INTAKE, "ask")
        assert {text.title for text in shipped} >= {"Medisiner", "Risiko"}
        every = service.ready_texts(session, DPS, INTAKE)
        assert {text.title for text in every} == set(SHIPPED)
        assert all(set(text.texts) == set(LANGUAGES) for text in every)
        assert title_of(ReadyText(id=None, kind="ask", title="Vår egen", texts={})) == "Vår egen"
        own = ReadyText(id=None, kind="ask", title="Medisiner", texts={"nb": "Hvilke medisiner?"})
        saved = service.save_text(session, INTAKE, own, by=staff(), now=NOW)
        found = {text.title: text for text in service.ready_texts(session, DPS, INTAKE, "ask")}
        assert found["Medisiner"].texts == {"nb": "Hvilke medisiner?"}
        assert len(found) == len(shipped)
        hidden = ReadyText(id=saved, kind="ask", title="Medisiner", texts={})
        service.save_text(session, INTAKE, hidden, by=staff(), now=NOW)
        assert "Medisiner" not in {text.title for text in service.ready_texts(session, DPS, INTAKE, "ask")}
        with pytest.raises(service.WorkNotFound):
            service.save_text(session, WARD, hidden, by=staff(), now=NOW)


@pytest.mark.parametrize(
    ("written", "read", "got"),
    [
        ("nb nn en", "nn", "nn"),
        ("nb en", "nn", "nb"),
        ("nn en", "nb", "nn"),
        ("nb nn", "en", "nb"),
        ("en", "nb", "en"),
    ],
)
def test_a_writer_gets_a_ready_text_in_their_language_or_the_nearest(written: str, read: str, got: str) -> None:
    text = ReadyText(id=None, kind="ask", title="Møte", texts=dict.fromkeys(written.split(), "Kom."))
    (found,) = ready_in([text], read)
    assert text.as_read_in(read) == got
    assert found.instead == ("" if got == read else LANGUAGES[got])
