"""The repository: no private key outside `keys/test`, and what is there is known to every node."""

import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest

from handover.keys import compact, files
from handover.keys.lifecycle import Use
from handover.keys.published import PUBLISHED

ROOT = Path(__file__).parents[2]
TEST_KEYS = ROOT / "keys" / "test" / "keys.json"
VECTORS = {"keys/vectors/jose-hpke-9-ke.json": "9a9ee9f52aa5c9edb418b51357f20ce5c4db6d79e719cddc4cf409dc2fbd03c7"}
"""Published by the working group with their private keys; pinned, so that nothing hides among them."""

PRIVATE = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]"
    rb'|"(?:d|priv|k|p|q)"\s*:\s*"[A-Za-z0-9_-]{43,}"'
    rb'|"format"\s*:\s*"handover-key-1"'
)


def tracked() -> list[Path]:
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git repository")
    return [ROOT / name.decode() for name in listed.split(b"\0") if name]


def test_no_private_member_is_committed_outside_the_test_keys() -> None:
    found = [
        path.relative_to(ROOT).as_posix()
        for path in tracked()
        if path.is_file() and PRIVATE.search(path.read_bytes())
    ]

    assert sorted(found) == ["keys/test/keys.json", *VECTORS]


def test_the_published_vectors_are_the_ones_that_were_read() -> None:
    for name, digest in VECTORS.items():
        assert hashlib.sha256((ROOT / name).read_bytes()).hexdigest() == digest


def test_the_check_sees_what_it_looks_for() -> None:
    assert PRIVATE.search(json.dumps({"kty": "OKP", "d": "A" * 43}).encode())
    assert PRIVATE.search(json.dumps({"kty": "AKP", "priv": "A" * 43}).encode())
    assert PRIVATE.search(b"-----BEGIN " + b"PRIVATE KEY-----\nMC4C")
    assert not PRIVATE.search(json.dumps({"kid": "A" * 43, "x": "A" * 43}).encode())


def test_every_fixed_test_key_is_refused_by_name_on_real_nodes() -> None:
    known = json.loads(TEST_KEYS.read_text())["keys"]

    assert {entry["kid"] for entry in known} == PUBLISHED
    for entry in known:
        private = entry["private"]
        material = compact.decode(private.get("priv", private.get("d")).encode())
        assert files.named(Use(entry["use"]), material)[0] == entry["kid"]


def test_private_keys_of_a_node_are_ignored_by_git() -> None:
    assert "/keys/node/" in (ROOT / ".gitignore").read_text().splitlines()


def test_only_the_keys_room_uses_cryptography_and_nobody_the_weak_pkcs8() -> None:
    users = {
        path.relative_to(ROOT / "handover").parts[0]
        for path in (ROOT / "handover").rglob("*.py")
        if re.search(r"^\s*(from|import) cryptography", path.read_text(), re.MULTILINE)
    }
    weak = [path for path in (ROOT / "handover").rglob("*.py") if "BestAvailableEncryption" in path.read_text()]

    assert users <= {"keys"}
    assert weak == []
