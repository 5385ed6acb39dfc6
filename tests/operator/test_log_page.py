"""The security officer looks through the agency's log by person, staff member, event and day, and takes it out."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import select, text

from handover import clock
from handover.actors import Machine, Role
from handover.audit import service as audit
from handover.audit.model import Event
from handover.audit.tables import AuditEntry
from handover.demo.people import synthetic_number
from handover.ids import PersonId
from handover.operator import auditing, journal
from handover.person import service as person
from handover.person.model import Identity
from tests.builders import MUNICIPALITY
from tests.operator.conftest import SignedIn, Watched, employ, sign_in
from tests.referral.visiting import words_of

BORN = date(1980, 5, 6)
NUMBER = synthetic_number(BORN, 0)
SEED = Machine(agency=MUNICIPALITY, name="seed")


@pytest.fixture
def officer(watched: Watched) -> SignedIn:
    return sign_in(watched, Role.SECURITY_OFFICER)


@pytest.fixture
def kari(watched: Watched) -> Iterator[PersonId]:
    """Somebody whose case was read once, and who stands in a list of many."""
    who = Identity(given="Kari", family="=SUM(A1)", birth_date=BORN, number=NUMBER)
    with watched.db.transaction() as session:
        known = person.find_or_create(session, MUNICIPALITY, who, now=clock.now())
        others = [
            person.find_or_create(
                session,
                MUNICIPALITY,
                Identity(given="Ola", family=f"Nordmann{n}", birth_date=date(1970, 1, 1 + n)),
                now=clock.now(),
            )
            for n in range(4)
        ]
        at = {"actor": SEED, "agency": MUNICIPALITY, "now": clock.now()}
        audit.record(session, event=Event.REFERRAL_READ, persons=[known], **at)  # type: ignore[arg-type]
        audit.record(session, event=Event.WORKLIST_LIST, persons=[known, *others], **at)  # type: ignore[arg-type]
    audit.sequence(watched.db, MUNICIPALITY)
    yield known


def lines_of(page: str) -> list[str]:
    """Return the lines of the log on a page, the newest first."""
    listed = page.split('<ul class="rows">')[1].split("</ul>")[0] if '<ul class="rows">' in page else ""
    return [words_of(line) for line in listed.split("<li>")[1:]]


def events(watched: Watched) -> list[str]:
    with watched.db.reading() as session:
        return list(session.execute(select(AuditEntry.event)).scalars())


def test_a_security_officer_reads_the_log_and_that_is_logged(
    watched: Watched, officer: SignedIn, kari: PersonId
) -> None:
    lines = lines_of(officer.get("/logg").text)
    assert any("Leste en henvisning" in line and "Om Kari" in line for line in lines)
    assert any("Så arbeidslisten" in line and "Om 5 personer" in line for line in lines)
    assert "Nordmann" not in " ".join(lines)
    assert "log.read" in events(watched)
    with watched.db.reading() as session:
        seen = session.execute(select(AuditEntry.persons).where(AuditEntry.event == "log.read")).scalar_one()
    assert seen == kari.bytes


def test_a_security_officer_finds_a_persons_lines_by_number_and_never_in_an_address(
    watched: Watched, officer: SignedIn, kari: PersonId
) -> None:
    page = officer.post("/logg", number=NUMBER)
    assert len(lines_of(page.text)) == 2
    assert NUMBER in page.text
    assert NUMBER not in "".join(re.findall(r'(?:href|action)="[^"]*"', page.text))
    unknown = officer.post("/logg", number=synthetic_number(date(1991, 2, 3), 0))
    assert unknown.status_code == 422
    assert "Ingen med dette nummeret er kjent her." in words_of(unknown)


def test_a_security_officer_finds_lines_by_staff_member_event_and_day(
    watched: Watched, officer: SignedIn, kari: PersonId
) -> None:
    officer.get("/logg")
    mine = officer.post("/logg", staff=str(officer.staff), event="log.read")
    assert lines_of(mine.text)
    assert all("Oda Drift, Rådgiver" in line and "Leste loggen" in line for line in lines_of(mine.text))
    today = clock.local(clock.now()).date().isoformat()
    assert lines_of(officer.post("/logg", since=today, until=today, event="referral.read").text)
    assert not lines_of(officer.post("/logg", since="2020-01-01", until="2020-12-31").text)
    odd = officer.post("/logg", since="i fjor", until="2020-12-31")
    assert odd.status_code == 422
    assert "Skriv datoen som dag, måned og år" in words_of(odd)
    turned = officer.post("/logg", since="2020-12-31", until="2020-01-01")
    assert "Siste dag kan ikke være før første dag." in words_of(turned)


def test_a_security_officer_goes_further_back_and_sees_every_line_once(
    watched: Watched, officer: SignedIn
) -> None:
    with watched.db.transaction() as session:
        for number in range(2 * auditing.PAGE + 3):
            audit.record(
                session,
                event=Event.TASK_RAISE,
                actor=SEED,
                agency=MUNICIPALITY,
                detail={"code": f"line-{number}"},
                now=clock.now(),
            )
    seen: list[str] = []
    page = officer.post("/logg", event="task.raise")
    for _ in range(3):
        seen += re.findall(r"<code>(line-\d+)</code>", page.text)
        older = re.search(r'name="before" value="([^"]+)"', page.text)
        page = officer.post("/logg", event="task.raise", before=older[1] if older else "")
        if older is None:
            break
    assert len(seen) == len(set(seen)) == 2 * auditing.PAGE + 3


def test_what_is_taken_out_is_logged_and_no_cell_is_a_formula(
    watched: Watched, officer: SignedIn, kari: PersonId
) -> None:
    answer = officer.post("/logg/eksport", event="referral.read")
    assert answer.headers["Content-Disposition"] == "attachment; filename=logg.csv"
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["event"], row["about"]) == ("referral.read", "Kari =SUM(A1) (1980)")
    assert "Utskrift av loggen" in words_of(officer.post("/logg/utskrift", event="referral.read"))
    assert events(watched).count("export.made") == 2


def test_taking_the_log_out_asks_again_who_it_is(watched: Watched, officer: SignedIn) -> None:
    clock.set_offset(timedelta(minutes=11))
    answer = officer.post("/logg/eksport", event="referral.read")
    assert answer.status_code == 403
    assert '<textarea name="event" hidden>\nreferral.read</textarea>' in answer.text


def test_a_security_officer_sees_whether_the_log_is_whole(
    watched: Watched, officer: SignedIn, kari: PersonId
) -> None:
    assert "Loggen er ikke kontrollert ennå." in words_of(officer.get("/logg"))
    officer.post("/logg/kontroll")
    assert "Loggen er hel:" in words_of(officer.get("/logg"))
    with watched.db.transaction() as session:
        session.execute(text("update audit_entry set event = 'login.ended' where place = 2"))
    auditing.check_when_due(watched.db, [MUNICIPALITY], now=clock.now() + auditing.CHECK_EVERY)
    assert "Plass 2: row-changed" in words_of(officer.get("/logg"))


def test_nobody_else_reads_the_log(watched: Watched) -> None:
    for number, role in enumerate(role for role in Role if role is not Role.SECURITY_OFFICER):
        other = sign_in(watched, role, number=f"0181001234{number}")
        assert other.get("/logg").status_code == 403
        assert other.post("/logg/eksport").status_code == 403


def test_pages_of_operations_are_logged(watched: Watched) -> None:
    operator = sign_in(watched, Role.OPERATOR, Role.LEADER)
    colleague = employ(watched, "Else Ekstra", number="02810012345")
    for path in ("/drift/leveringer", "/drift/nokler", "/folk/", f"/folk/{colleague}", "/tall/"):
        assert operator.get(path).status_code == 200
    with watched.db.reading() as session:
        rows = session.execute(
            select(AuditEntry.event, AuditEntry.subject).where(AuditEntry.staff == operator.staff)
        )
        seen = {(row.event, row.subject) for row in rows}
    pages = {("operator.list", name) for name in ("deliveries", "keys", "people", str(colleague))}
    assert seen == {*pages, ("statistics.read", "90")}


def test_acts_from_the_command_line_come_into_the_log_once(watched: Watched) -> None:
    folder = watched.settings.keys_dir
    journal.note(folder, Event.KEY_CREATE, owner=MUNICIPALITY, subject="kid-1", now=clock.now())
    journal.note(folder, Event.DIRECTORY_SIGN, owner="fellesskap", subject="version 1", now=clock.now())
    with (folder / journal.NAME).open("ab") as file:
        file.write(b'{"id": "half a li')
    taken = [journal.take_in(watched.db, folder, (MUNICIPALITY,), now=clock.now()) for _ in range(2)]
    assert taken == [2, 0]
    assert {"key.create", "directory.sign"} <= set(events(watched))
