"""Key files: locked with the passphrase, closed to others, bound to what their header says."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from handover.errors import Conflict, NotFound
from handover.ids import AgencyId
from handover.keys import compact, files, hm1, keyring, passphrase
from handover.keys.errors import EnvelopeRefused, KeyRefused, Reason
from handover.keys.files import KeyFile, Locker
from handover.keys.lifecycle import NODE_USES, KeyAct, KeyState, Use
from handover.keys.published import PUBLISHED

AGENCY, OTHER = AgencyId("310000019"), AgencyId("310000027")
PASSPHRASE = b"correct horse battery"
NOW = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def locker() -> Locker:
    return Locker(PASSPHRASE)


def fill(folder: Path, locker: Locker, *agencies: AgencyId) -> None:
    for agency in agencies or (AGENCY,):
        for use in NODE_USES:
            files.create(folder, use=use, owner=agency, locker=locker, now=NOW)


def test_a_node_unlocks_what_was_made_for_it(tmp_path: Path, locker: Locker) -> None:
    fill(tmp_path, locker, AGENCY, OTHER)

    ring = keyring.load(tmp_path, PASSPHRASE)

    assert set(ring.agencies) == {AGENCY, OTHER}
    signed = {file.kid for file in files.listing(tmp_path) if file.use is Use.SIGNING}
    assert {ring.signer(agency).kid for agency in ring.agencies} == signed
    assert ring.of(AGENCY).enc[0].created_at == NOW


def test_a_file_holds_nothing_secret_in_the_clear_and_is_closed_to_others(tmp_path: Path, locker: Locker) -> None:
    fill(tmp_path, locker)
    secret = keyring.load(tmp_path, PASSPHRASE).of(AGENCY).storage[0].secret

    for file in files.listing(tmp_path):
        assert file.path.stat().st_mode & 0o777 == 0o600
        assert file.path.parent.stat().st_mode & 0o777 == 0o700
        assert secret not in file.path.read_bytes()
    parameters = json.loads(files.listing(tmp_path)[0].path.read_text())["header"]["kdf"]
    assert (parameters["name"], parameters["memory_kib"], parameters["iterations"], parameters["lanes"]) == (
        "argon2id",
        65536,
        3,
        4,
    )


def test_a_wrong_passphrase_opens_nothing_and_makes_nothing(tmp_path: Path, locker: Locker) -> None:
    fill(tmp_path, locker)

    with pytest.raises(KeyRefused, match="wrong-passphrase"):
        keyring.load(tmp_path, b"another passphrase")
    with pytest.raises(KeyRefused, match="wrong-passphrase"):
        files.create(tmp_path, use=Use.SIGNING, owner=AGENCY, locker=Locker(b"another passphrase"), now=NOW)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o602])
def test_a_key_file_open_to_others_is_refused(tmp_path: Path, locker: Locker, mode: int) -> None:
    made = files.create(tmp_path, use=Use.SIGNING, owner=AGENCY, locker=locker, now=NOW)
    made.path.chmod(mode)

    with pytest.raises(KeyRefused, match="file-open-to-others"):
        files.listing(tmp_path)


def test_a_link_in_place_of_a_key_file_is_refused(tmp_path: Path, locker: Locker) -> None:
    made = files.create(tmp_path, use=Use.SIGNING, owner=AGENCY, locker=locker, now=NOW)
    elsewhere = tmp_path / "elsewhere"
    made.path.rename(elsewhere)
    made.path.symlink_to(elsewhere)

    with pytest.raises(KeyRefused, match="file-unreadable"):
        files.listing(tmp_path)


CHANGES: dict[str, tuple[Callable[[dict[str, object]], object], str]] = {
    "owner": (lambda header: header.update(owner=OTHER), "key.wrong-passphrase-or-changed"),
    "state": (lambda header: header.update(state="pending"), "key.wrong-passphrase-or-changed"),
    "created": (
        lambda header: header.update(created_at="2024-01-01T00:00:00+00:00"),
        "key.wrong-passphrase-or-changed",
    ),
    "weaker derivation": (
        lambda header: header.update(kdf={**files.KDF, "iterations": 1, "salt": "AAAA"}),
        "key.file-odd",
    ),
    "endless derivation": (
        lambda header: header.update(kdf={**files.KDF, "memory_kib": 2**30, "salt": "AAAA"}),
        "key.file-odd",
    ),
    "another use": (lambda header: header.update(use="audit"), "key.file-odd"),
    "another id": (lambda header: header.update(kid="A" * 43), "key.file-odd"),
    "one member more": (lambda header: header.update(note="x"), "key.file-odd"),
    "one member less": (lambda header: header.pop("changed_at"), "key.file-odd"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_header_is_refused(tmp_path: Path, locker: Locker, change: str) -> None:
    make, code = CHANGES[change]
    made = files.create(tmp_path, use=Use.SIGNING, owner=AGENCY, locker=locker, now=NOW)
    content = json.loads(made.path.read_text())
    make(content["header"])
    made.path.write_text(json.dumps(content))

    with pytest.raises(KeyRefused) as refused:
        files.unlocked(files.read(made.path), locker)
    assert refused.value.stable_code == code


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\xff", b'{"header":{},"header":{}}', b'{"header":1,"sealed":2}']
)
def test_what_is_not_a_key_file_is_refused(tmp_path: Path, locker: Locker, content: bytes) -> None:
    made = files.create(tmp_path, use=Use.SIGNING, owner=AGENCY, locker=locker, now=NOW)
    made.path.write_bytes(content)

    with pytest.raises(KeyRefused, match="file-odd"):
        files.read(made.path)


def test_a_file_is_never_written_over_another(
    tmp_path: Path, locker: Locker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "new_material", lambda: bytes(range(32)))
    files.create(tmp_path, use=Use.SIGNING, owner=AGENCY, locker=locker, now=NOW)

    with pytest.raises(FileExistsError):
        files.create(tmp_path, use=Use.SIGNING, owner=AGENCY, locker=locker, now=NOW)


def test_a_key_id_can_be_typed_on_a_command_line(
    tmp_path: Path, locker: Locker, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = next(material for material in _materials() if files.named(Use.SIGNING, material)[0].startswith("-"))
    drawn = iter([odd, bytes(range(32))])
    monkeypatch.setattr(files, "new_material", lambda: next(drawn))

    made = files.create(tmp_path, use=Use.SIGNING, owner=AGENCY, locker=locker, now=NOW)
    assert made.kid == files.named(Use.SIGNING, bytes(range(32)))[0]


def _materials() -> Iterator[bytes]:
    return (hashlib.sha256(str(number).encode()).digest() for number in range(10_000))


def test_a_node_names_every_key_it_lacks(tmp_path: Path, locker: Locker) -> None:
    files.create(tmp_path, use=Use.SIGNING, owner=AGENCY, locker=locker, now=NOW)

    with pytest.raises(KeyRefused) as refused:
        keyring.load(tmp_path, PASSPHRASE, agencies=[AGENCY, OTHER])
    assert refused.value.stable_code == "key.missing"
    assert refused.value.fields == {
        AGENCY: ["enc", "audit", "client", "storage"],
        OTHER: ["sig", "enc", "audit", "client", "storage"],
    }


def test_a_retiring_key_still_opens_and_a_retired_one_is_unknown(tmp_path: Path, locker: Locker) -> None:
    fill(tmp_path, locker)
    old = next(file for file in files.listing(tmp_path) if file.use is Use.ENCRYPTION)
    public = keyring.load(tmp_path, PASSPHRASE).of(AGENCY).enc[0].public
    new = files.create(tmp_path, use=Use.ENCRYPTION, owner=AGENCY, locker=locker, now=NOW + timedelta(days=7))
    sealed = hm1.seal(b"x", to=public, aud=AGENCY)

    retiring = files.move(old, KeyAct.RETIRE, locker=locker, now=NOW)
    ring = keyring.load(tmp_path, PASSPHRASE)
    assert [key.kid for key in ring.of(AGENCY).enc] == [new.kid, old.kid]
    assert hm1.open_envelope(sealed, ring) == (AGENCY, b"x")

    files.move(retiring, KeyAct.RETIRE, locker=locker, now=NOW)
    with pytest.raises(EnvelopeRefused) as refused:
        hm1.open_envelope(sealed, keyring.load(tmp_path, PASSPHRASE))
    assert refused.value.reason is Reason.UNKNOWN_KID


def test_a_destroyed_key_keeps_its_public_part_and_nothing_else(tmp_path: Path, locker: Locker) -> None:
    made = files.create(tmp_path, use=Use.ENCRYPTION, owner=AGENCY, locker=locker, now=NOW)
    for act in (KeyAct.RETIRE, KeyAct.RETIRE, KeyAct.DESTROY):
        made = files.move(made, act, locker=locker, now=NOW)

    left = files.read(made.path)
    assert (left.state, left.sealed, left.public is not None) == (KeyState.DESTROYED, None, True)
    assert [path.name for path in made.path.parent.iterdir()] == [f"{made.kid}.json"]
    with pytest.raises(KeyRefused, match="destroyed"):
        files.unlocked(left, locker)


def test_an_active_key_is_not_destroyed_in_one_step(tmp_path: Path, locker: Locker) -> None:
    made = files.create(tmp_path, use=Use.ENCRYPTION, owner=AGENCY, locker=locker, now=NOW)

    with pytest.raises(Conflict):
        files.move(made, KeyAct.DESTROY, locker=locker, now=NOW)
    assert files.read(made.path).state is KeyState.ACTIVE


def test_a_key_is_found_by_the_beginning_of_its_id(tmp_path: Path, locker: Locker) -> None:
    made = files.create(tmp_path, use=Use.SIGNING, owner=AGENCY, locker=locker, now=NOW)

    assert files.find(tmp_path, made.kid[:8]) == made
    for odd in (made.kid[:7], "A" * 43, ""):
        with pytest.raises(NotFound):
            files.find(tmp_path, odd)


def test_a_key_that_everybody_can_read_does_not_start_a_node(
    tmp_path: Path, locker: Locker, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = json.loads((Path(__file__).parents[2] / "keys" / "test" / "keys.json").read_text())["keys"]
    entry = next(one for one in known if one["use"] == "sig" and one["owner"] == AGENCY)
    with monkeypatch.context() as patched:
        patched.setattr(files, "new_material", lambda: compact.decode(entry["private"]["d"].encode()))
        made = files.create(tmp_path, use=Use.SIGNING, owner=AGENCY, locker=locker, now=NOW)
    for use in set(NODE_USES) - {Use.SIGNING}:
        files.create(tmp_path, use=use, owner=AGENCY, locker=locker, now=NOW)

    assert made.kid in PUBLISHED
    with pytest.raises(KeyRefused, match="published"):
        keyring.load(tmp_path, PASSPHRASE)
    assert keyring.load(tmp_path, PASSPHRASE, allow_published=True).signer(AGENCY).kid == made.kid


def test_a_start_without_ml_kem_is_refused(
    tmp_path: Path, locker: Locker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from handover.keys import hpke

    def missing(_seed: bytes) -> object:
        raise AttributeError("no ML-KEM in this build")

    fill(tmp_path, locker)
    monkeypatch.setattr(hpke, "private_key", missing)
    with pytest.raises(KeyRefused, match="no-ml-kem"):
        keyring.load(tmp_path, PASSPHRASE)


def test_the_passphrase_comes_from_a_private_file_a_descriptor_or_a_credential(tmp_path: Path) -> None:
    path = tmp_path / passphrase.CREDENTIAL
    path.write_bytes(PASSPHRASE + b"\n")
    path.chmod(0o600)
    reader, writer = os.pipe()
    os.write(writer, PASSPHRASE + b"\n")
    os.close(writer)

    assert passphrase.from_file(path) == PASSPHRASE
    assert passphrase.from_descriptor(reader) == PASSPHRASE
    assert passphrase.from_systemd({"CREDENTIALS_DIRECTORY": str(tmp_path)}) == PASSPHRASE
    assert passphrase.from_systemd({}) is None


def test_a_passphrase_that_others_can_read_or_guess_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "passphrase"
    path.write_bytes(PASSPHRASE)
    path.chmod(0o644)
    with pytest.raises(KeyRefused, match="file-open-to-others"):
        passphrase.from_file(path)

    path.chmod(0o600)
    path.write_bytes(b"short\n")
    with pytest.raises(KeyRefused, match="too-short"):
        passphrase.from_file(path)


def test_what_is_sealed_or_salted_does_not_show_when_a_key_file_is_printed(tmp_path: Path, locker: Locker) -> None:
    made: KeyFile = files.create(tmp_path, use=Use.STORAGE, owner=AGENCY, locker=locker, now=NOW)

    assert made.sealed is not None
    assert repr(made.sealed)[2:-1] not in repr(made)
    assert repr(made.salt)[2:-1] not in repr(made)
