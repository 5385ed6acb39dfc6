"""An operator starts a node from nothing, checks it, backs it up and restores it, all from the command line."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from handover import clock
from handover.actors import Machine
from handover.app import create_node
from handover.audit import service as audit
from handover.audit.model import Event
from handover.cli import main
from handover.config import from_environment
from handover.directory import documents
from handover.directory import service as directory
from handover.operator import service
from tests import builders
from tests.builders import MUNICIPALITY


class Console:
    """A shell with a node's environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        passphrase = folder / "passphrase"
        passphrase.write_text("a passphrase of some length\n")
        passphrase.chmod(0o600)
        community = builders.community(clock.now())
        (folder / "anchors.json").write_bytes(documents.write_anchors(community.anchors))
        (folder / "directory.jws").write_bytes(community.directory)
        self.env = {
            "HANDOVER_MODE": "test",
            "HANDOVER_NODE_URL": "http://node.test",
            "HANDOVER_AGENCIES": MUNICIPALITY,
            "HANDOVER_DATABASE_URL": f"sqlite:///{folder / 'node.db'}",
            "HANDOVER_KEYS_DIR": str(folder / "keys"),
            "HANDOVER_PASSPHRASE_FILE": str(passphrase),
            "HANDOVER_ANCHORS_FILE": str(folder / "anchors.json"),
            "HANDOVER_DIRECTORY": str(folder / "directory.jws"),
        }

    def run(self, *words: str, **env: str) -> Result:
        return CliRunner().invoke(main, list(words), env={**self.env, **env})

    def started(self) -> None:
        """Make keys and tables, pull the directory, let a worker run and write a line of the log."""
        assert self.run("keys", "new", "--agency", MUNICIPALITY).exit_code == 0
        assert self.run("db", "upgrade").exit_code == 0
        node = create_node(from_environment({**os.environ, **self.env}))
        with node.db.transaction() as session:
            directory.accept_directory(session, (self.folder / "directory.jws").read_bytes(), now=clock.now())
            actor = Machine(agency=MUNICIPALITY, name="seed")
            audit.record(session, event=Event.LOGIN, actor=actor, agency=MUNICIPALITY, now=clock.now())
        audit.sequence(node.db, MUNICIPALITY)
        service.beat(node.db, service.WORKER, now=clock.now())
        node.db.engine.dispose()


@pytest.fixture
def console(tmp_path: Path) -> Console:
    return Console(tmp_path)


def test_a_node_without_settings_names_all_that_is_missing() -> None:
    result = CliRunner().invoke(main, ["check"], env={"HANDOVER_KEYS_DIR": "x"})
    assert result.exit_code == 1
    for name in ("HANDOVER_NODE_URL", "HANDOVER_AGENCIES", "HANDOVER_DATABASE_URL", "HANDOVER_ANCHORS_FILE"):
        assert name in result.output


def test_an_operator_checks_a_node_that_works(console: Console) -> None:
    console.started()
    result = console.run("check")
    assert result.exit_code == 0, result.output
    assert "keys: 5 key files are readable by this node only, and open." in result.output
    assert "log is whole, 1 rows" in result.output


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660])
def test_key_files_that_others_may_read_are_bad(console: Console, mode: int) -> None:
    console.started()
    next((console.folder / "keys").glob("sig/*.json")).chmod(mode)
    result = console.run("check")
    assert result.exit_code == 1
    assert "BAD      keys: The keys cannot be used (key.file-open-to-others" in result.output


def test_a_wrong_passphrase_is_bad_and_the_rest_is_still_looked_at(console: Console) -> None:
    console.started()
    (console.folder / "passphrase").write_text("another passphrase altogether\n")
    result = console.run("check")
    assert result.exit_code == 1
    assert "keys: The keys cannot be used (key.wrong-passphrase" in result.output
    assert "database: The database answers" in result.output


def test_a_node_with_old_tables_does_not_start_and_says_what_to_run(console: Console) -> None:
    assert console.run("keys", "new", "--agency", MUNICIPALITY).exit_code == 0
    result = console.run("worker")
    assert result.exit_code == 1
    assert "Make a backup, then run: handover db upgrade" in result.output


def test_an_operator_backs_up_rehearses_and_restores(console: Console) -> None:
    console.started()
    backup = console.folder / "safe.backup"
    assert console.run("backup", str(backup)).exit_code == 0
    rehearsal = console.run("restore", str(backup), "--rehearse")
    assert (rehearsal.exit_code, "every seal opens" in rehearsal.output) == (0, True), rehearsal.output
    over = console.run("restore", str(backup), "--verify")
    assert (over.exit_code, "database.not-empty" in over.output) == (1, True)
    elsewhere = f"sqlite:///{console.folder / 'new.db'}"
    restored = console.run("restore", str(backup), "--verify", HANDOVER_DATABASE_URL=elsewhere)
    assert (restored.exit_code, "every seal opens" in restored.output) == (0, True), restored.output
    assert console.run("check", HANDOVER_DATABASE_URL=elsewhere).exit_code == 0
