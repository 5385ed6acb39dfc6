"""A backup made while the node runs can be restored, and the restored node proved to be the same."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from handover import migrations
from handover.actors import Machine
from handover.audit import service as audit
from handover.audit.model import Event
from handover.db import Database
from handover.errors import Conflict, Invalid
from handover.ids import AgencyId, MessageId, PersonId, new_uuid
from handover.keys.vault import Vault, generate
from handover.operator import backup, proof

DPS = AgencyId("310000012")
NOON = datetime(2026, 3, 27, 11, 0, tzinfo=UTC)
WORKER = Machine(agency=DPS, name="worker")
VAULT = generate([DPS])


def log(db: Database, count: int) -> None:
    for minute in range(count):
        with db.transaction() as session:
            audit.record(
                session,
                event=Event.DELIVERY_SENT,
                actor=WORKER,
                agency=DPS,
                persons=[PersonId(new_uuid())],
                subject=MessageId(new_uuid()),
                now=NOON + timedelta(minutes=minute),
            )


@pytest.fixture
def running(any_db: Database) -> Database:
    any_db.provide(Vault, VAULT)
    log(any_db, 5)
    audit.sequence(any_db, DPS)
    log(any_db, 2)
    return any_db


@pytest.fixture
def fresh(any_url: str) -> Iterator[Database]:
    db = Database(any_url)
    db.provide(Vault, VAULT)
    yield db
    db.engine.dispose()


def test_an_operator_backs_up_and_restores_a_node_on_either_database(
    running: Database, fresh: Database, tmp_path: Path
) -> None:
    made = backup.make(running, tmp_path / "b.backup", now=NOON)
    assert (made.rows["audit_entry"], made.heads[DPS][0]) == (7, 5)
    restored = backup.restore(tmp_path / "b.backup", fresh)
    assert proof.prove(fresh, [DPS], restored) == []
    migrations.require_current(fresh)


def test_a_backup_is_one_private_file_and_its_manifest(running: Database, tmp_path: Path) -> None:
    folder = tmp_path / "safe"
    folder.mkdir()
    backup.make(running, folder / "b.backup", now=NOON)
    assert sorted(path.name for path in folder.iterdir()) == ["b.backup", "b.backup.json"]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_a_backup_made_among_writers_is_of_one_moment(node_db: Database, tmp_path: Path) -> None:
    node_db.provide(Vault, VAULT)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            log(node_db, 3)
            audit.sequence(node_db, DPS)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while not backup_rows(node_db):
            pass
        made = backup.make(node_db, tmp_path / "b.backup", now=NOON)
    finally:
        stop.set()
        writer.join()
    fresh = Database(f"sqlite:///{tmp_path / 'fresh.db'}")
    fresh.provide(Vault, VAULT)
    assert proof.prove(fresh, [DPS], backup.restore(tmp_path / "b.backup", fresh)) == []
    assert made.rows["audit_entry"] > 0
    fresh.engine.dispose()


def backup_rows(db: Database) -> int:
    with db.reading() as session:
        return int(session.execute(text("select count(*) from audit_entry")).scalar_one())


def test_a_backup_is_never_written_over_another(running: Database, tmp_path: Path) -> None:
    backup.make(running, tmp_path / "b.backup", now=NOON)
    with pytest.raises(Conflict, match=r"backup\.exists"):
        backup.make(running, tmp_path / "b.backup", now=NOON)


def test_a_running_node_is_never_restored_over(running: Database, tmp_path: Path) -> None:
    backup.make(running, tmp_path / "b.backup", now=NOON)
    with pytest.raises(Conflict, match=r"database\.not-empty"):
        backup.restore(tmp_path / "b.backup", running)


def test_a_damaged_backup_is_refused(running: Database, fresh: Database, tmp_path: Path) -> None:
    backup.make(running, tmp_path / "b.backup", now=NOON)
    content = bytearray((tmp_path / "b.backup").read_bytes())
    content[-100] ^= 1
    (tmp_path / "b.backup").write_bytes(content)
    with pytest.raises(Invalid, match=r"backup\.damaged"):
        backup.restore(tmp_path / "b.backup", fresh)
    (tmp_path / "b.backup.json").unlink()
    with pytest.raises(Invalid, match=r"backup\.no-manifest"):
        backup.restore(tmp_path / "b.backup", fresh)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("delete from audit_entry where place = 2", "audit.row-missing"),
        ("update audit_entry set event = 'login.ended' where place = 2", "audit.row-changed"),
        ("update audit_entry set sealed = leaf where place = 2", "seal.broken"),
        ("update audit_head set place = 4", "audit.heads-differ"),
    ],
)
def test_a_restored_database_that_was_changed_is_found_out(
    running: Database, fresh: Database, tmp_path: Path, change: str, code: str
) -> None:
    backup.make(running, tmp_path / "b.backup", now=NOON)
    manifest = backup.restore(tmp_path / "b.backup", fresh)
    with fresh.transaction() as session:
        session.execute(text(change))
    assert code in {fault.code for fault in proof.prove(fresh, [DPS], manifest)}


def test_a_backup_tells_nobody_who_the_people_are(node_db: Database, tmp_path: Path) -> None:
    node_db.provide(Vault, VAULT)
    with node_db.transaction() as session:
        audit.record(session, event=Event.EXPORT, actor=WORKER, agency=DPS, detail={"text": "Kari Synt"}, now=NOON)
    made = backup.make(node_db, tmp_path / "b.backup", now=NOON)
    assert b"Kari" not in (tmp_path / "b.backup").read_bytes()
    assert "Kari" not in json.dumps(made.rows)
