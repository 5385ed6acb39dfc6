"""The commands a security officer types: from new keys to a directory that the node believes."""

import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from handover.audit.model import Event
from handover.cli import main
from handover.db import Base, Database
from handover.directory import documents
from handover.ids import AgencyId
from handover.keys import files, keyring
from handover.keys.lifecycle import KeyState, Use
from handover.operator import journal

AGENCY = AgencyId("310000019")
COMMUNITY = "helsefellesskap-fjordheim"


class Terminal:
    """A folder with a node's and an anchor's keys, and the command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.passphrase = folder / "passphrase"
        self.passphrase.write_text("correct horse battery\n")
        self.passphrase.chmod(0o600)
        self.node, self.anchor = folder / "node", folder / "anchor"
        self.settings = {
            "HANDOVER_NODE_URL": "http://127.0.0.1:8001",
            "HANDOVER_AGENCIES": AGENCY,
            "HANDOVER_DATABASE_URL": f"sqlite:///{folder / 'node.db'}",
            "HANDOVER_ANCHORS_FILE": str(folder / "anchors.json"),
            "HANDOVER_DIRECTORY": str(folder / "directory.jws"),
            "HANDOVER_KEYS_DIR": str(self.node),
            "HANDOVER_PASSPHRASE_FILE": str(self.passphrase),
        }

    def type(self, *words: str, code: int = 0, keys: Path | None = None) -> Result:
        env = {**self.settings, "HANDOVER_KEYS_DIR": str(keys or self.node)}
        result = CliRunner().invoke(main, list(words), env=env)
        assert result.exit_code == code, result.output
        return result

    def enrol(self) -> tuple[str, str]:
        request = str(self.folder / "request.jws")
        said = self.type("directory", "enrol", "--agency", AGENCY, "--name", "Fjordheim kommune", "--out", request)
        return request, said.output.split("aloud: ")[1].strip()

    def sign(self, *words: str, code: int = 0) -> Result:
        out = ("--out", str(self.folder / "directory.jws"), "--anchors-out", str(self.folder / "anchors.json"))
        return self.type("directory", "sign", "--community", COMMUNITY, *words, *out, code=code, keys=self.anchor)

    def previous(self) -> tuple[str, str]:
        return "--previous", str(self.folder / "directory.jws")


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A folder with fresh keys, made once: every derivation of a key costs what it should."""
    made = Terminal(tmp_path_factory.mktemp("made"))
    made.type("keys", "new", "--agency", AGENCY)
    made.type("keys", "new", "--anchor", COMMUNITY, keys=made.anchor)
    return made


@pytest.fixture
def terminal(made_once: Terminal, tmp_path: Path) -> Terminal:
    for folder in ("node", "anchor"):
        shutil.copytree(made_once.folder / folder, tmp_path / folder)
    return Terminal(tmp_path)


def test_an_agency_is_enrolled_and_its_node_believes_the_directory(terminal: Terminal) -> None:
    request, fingerprint = terminal.enrol()
    terminal.sign("--first", "--accept", request, fingerprint)
    db = Database(terminal.settings["HANDOVER_DATABASE_URL"])
    Base.metadata.create_all(db.engine)

    assert "version 1, valid until" in terminal.type("directory", "pull").output
    assert "version 1" in terminal.type("directory", "show", "psykolog").output
    db.engine.dispose()


def test_a_wrong_fingerprint_signs_nothing(terminal: Terminal) -> None:
    request, fingerprint = terminal.enrol()

    said = terminal.sign("--first", "--accept", request, fingerprint[::-1], code=1)
    assert "fingerprint-differs" in said.output
    assert not (terminal.folder / "directory.jws").exists()


def test_the_next_version_keeps_what_was_and_adds_a_revocation(terminal: Terminal) -> None:
    terminal.sign("--first", "--accept", *terminal.enrol())
    kid = next(file.kid for file in files.listing(terminal.node) if file.use is Use.SIGNING)

    said = terminal.sign(*terminal.previous(), "--revoke", kid)

    anchors = documents.read_anchors((terminal.folder / "anchors.json").read_bytes())
    signed = documents.read_directory((terminal.folder / "directory.jws").read_bytes(), anchors)
    assert "Version 2 with 1 agencies" in said.output
    assert signed.agencies[AGENCY].keys[0].revoked_at is not None


def test_signing_asks_for_the_previous_directory_or_a_clear_word_that_there_is_none(terminal: Terminal) -> None:
    said = terminal.sign(code=2)

    assert "--previous" in said.output


def test_a_new_signing_key_waits_until_it_is_listed_and_others_take_over_at_once(terminal: Terminal) -> None:
    terminal.type("keys", "new", "--agency", AGENCY, "--use", "sig", "--use", "enc")
    states = {(file.use, file.state) for file in files.listing(terminal.node)}

    assert {(Use.SIGNING, KeyState.ACTIVE), (Use.SIGNING, KeyState.PENDING)} <= states
    assert {(Use.ENCRYPTION, KeyState.ACTIVE), (Use.ENCRYPTION, KeyState.RETIRING)} <= states
    pending = next(file for file in files.listing(terminal.node) if file.state is KeyState.PENDING)
    assert documents.read_enrolment(Path(terminal.enrol()[0]).read_bytes())[0].keys[0].key.kid == pending.kid

    terminal.type("keys", "activate", pending.kid[:10])
    assert keyring.load(terminal.node, b"correct horse battery").signer(AGENCY).kid == pending.kid


def test_making_keys_again_makes_only_what_is_missing(terminal: Terminal) -> None:
    before = files.listing(terminal.node)
    terminal.type("keys", "new", "--agency", AGENCY)

    assert files.listing(terminal.node) == before


def test_keys_are_listed_without_a_passphrase_and_retired_step_by_step(terminal: Terminal) -> None:
    kid = next(file.kid for file in files.listing(terminal.node) if file.use is Use.ENCRYPTION)

    assert kid in terminal.type("keys", "list").output
    assert "now retiring" in terminal.type("keys", "retire", kid).output
    assert "now retired" in terminal.type("keys", "retire", kid).output
    assert "move-not-allowed" in terminal.type("keys", "retire", kid, code=1).output
    assert "now destroyed" in terminal.type("keys", "retire", kid, "--destroy").output


def test_every_act_on_keys_and_directory_is_written_down_beside_the_keys(terminal: Terminal) -> None:
    kid = next(file.kid for file in files.listing(terminal.node) if file.use is Use.ENCRYPTION)
    terminal.type("keys", "retire", kid)
    terminal.enrol()
    done = [(act.event, act.owner) for act in journal.acts(terminal.node)]
    assert done.count((Event.KEY_CREATE, AGENCY)) == len(files.listing(terminal.node))
    assert done[-2:] == [(Event.KEY_RETIRE, AGENCY), (Event.DIRECTORY_ENROL, AGENCY)]


def test_a_compromised_signing_key_says_what_to_do_next(terminal: Terminal) -> None:
    kid = next(file.kid for file in files.listing(terminal.node) if file.use is Use.SIGNING)

    assert f"--revoke {kid}" in terminal.type("keys", "retire", kid, "--compromised").output


def test_a_wrong_passphrase_is_one_line_and_no_traceback(terminal: Terminal) -> None:
    terminal.passphrase.write_text("another passphrase\n")

    said = terminal.type("keys", "new", "--agency", AGENCY, "--use", "enc", code=1)
    assert "key.wrong-passphrase-or-changed" in said.output
    assert "Traceback" not in said.output


def test_the_passphrase_may_come_through_a_descriptor(terminal: Terminal) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"correct horse battery\n")
    os.close(writer)

    said = terminal.type("keys", "new", "--agency", AGENCY, "--use", "enc", "--passphrase-fd", str(reader))
    assert "is active" in said.output
