"""Key files at rest: JSON, Argon2id + AES-256-GCM with the whole header as associated data, 0600.

One folder per use, one file per key, named by its id: `<keys>/sig/<kid>.json`. All files of a folder tree share
one salt, so that a start costs one Argon2id and not one for each file. A change of state is a new file renamed
over the old one. A destroyed key keeps its header (public part) and loses its sealed part.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from handover.errors import NotFound
from handover.ids import AgencyId, KeyId
from handover.keys import compact
from handover.keys.errors import EnvelopeRefused, KeyRefused
from handover.keys.lifecycle import KeyAct, KeyState, Use, next_state
from handover.keys.material import (
    MATERIAL_BYTES,
    ClientKey,
    EncryptionKey,
    SigningKey,
    StorageKey,
    new_material,
)
from handover.keys.passphrase import read_private

FORMAT: Final = "handover-key-1"
KDF: Final = {"name": "argon2id", "memory_kib": 64 * 1024, "iterations": 3, "lanes": 4}
"""RFC 9106's second choice; a file that asks for anything else is refused, before the work is done."""
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12


@dataclass(frozen=True, kw_only=True)
class KeyFile:
    """What a key file's header says; nothing secret. Believed only once the file was unlocked."""

    path: Path = field(compare=False)
    use: Use
    owner: str
    """Organisation number of the agency; for an anchor the name of the community."""
    kid: KeyId
    state: KeyState
    created_at: datetime
    changed_at: datetime
    public: dict[str, Any] | None
    """The public JWK; None for a storage key."""
    salt: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    sealed: bytes | None = field(repr=False)

    def header(self) -> bytes:
        """Return the canonical header, which is the associated data of the sealed part."""
        return compact.canonical(self._members())

    def content(self) -> bytes:
        """Return the whole file."""
        sealed = None if self.sealed is None else compact.encode(self.sealed).decode()
        return json.dumps({"header": self._members(), "sealed": sealed}, indent=1).encode() + b"\n"

    def _members(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "use": self.use.value,
            "owner": self.owner,
            "kid": self.kid,
            "state": self.state.value,
            "created_at": self.created_at.isoformat(),
            "changed_at": self.changed_at.isoformat(),
            "public": self.public,
            "kdf": {**KDF, "salt": compact.encode(self.salt).decode()},
            "cipher": {"name": "AES-256-GCM", "nonce": compact.encode(self.nonce).decode()},
        }


class Locker:
    """Locks and unlocks key files with one passphrase; derives the key once per salt."""

    def __init__(self, passphrase: bytes) -> None:
        self._passphrase = passphrase
        self._derived: dict[bytes, AESGCM] = {}

    def unlock(self, file: KeyFile) -> bytes:
        """Return the private material; raises KeyRefused on a wrong passphrase or a changed file."""
        if file.sealed is None:
            raise KeyRefused("key.destroyed", kid=file.kid)
        try:
            return self._cipher(file.salt).decrypt(file.nonce, file.sealed, file.header())
        except InvalidTag as wrong:
            raise KeyRefused("key.wrong-passphrase-or-changed", kid=file.kid) from wrong

    def lock(self, file: KeyFile, material: bytes) -> KeyFile:
        """Return the file with the material sealed under a fresh nonce."""
        fresh = replace(file, nonce=os.urandom(NONCE_BYTES))
        return replace(fresh, sealed=self._cipher(file.salt).encrypt(fresh.nonce, material, fresh.header()))

    def _cipher(self, salt: bytes) -> AESGCM:
        if salt not in self._derived:
            kdf = Argon2id(salt=salt, length=32, iterations=3, lanes=4, memory_cost=64 * 1024)
            self._derived[salt] = AESGCM(kdf.derive(self._passphrase))
        return self._derived[salt]


def listing(folder: Path) -> list[KeyFile]:
    """Read every key file's header under the folder, oldest first; raises KeyRefused for one open to others."""
    found = [read(path) for use in Use for path in sorted((folder / use.value).glob("*.json"))]
    return sorted(found, key=lambda file: (file.owner, file.use, file.created_at, file.kid))


def find(folder: Path, kid: str) -> KeyFile:
    """Return the one key whose id begins so (8 characters or more); raises NotFound('key.no-file')."""
    matching = [file for file in listing(folder) if len(kid) >= 8 and file.kid.startswith(kid)]
    if len(matching) != 1:
        raise NotFound("key.no-file")
    return matching[0]


def read(path: Path) -> KeyFile:
    """Read one key file; raises KeyRefused for a file that is open to others, or odd in any way."""
    raw = read_private(path)
    try:
        outer = compact.members(raw)
        header = outer["header"]
        sealed = outer["sealed"]
        file = KeyFile(
            path=path,
            use=Use(header["use"]),
            owner=header["owner"],
            kid=KeyId(header["kid"]),
            state=KeyState(header["state"]),
            created_at=datetime.fromisoformat(header["created_at"]),
            changed_at=datetime.fromisoformat(header["changed_at"]),
            public=header["public"],
            salt=compact.decode(header["kdf"]["salt"].encode()),
            nonce=compact.decode(header["cipher"]["nonce"].encode()),
            sealed=None if sealed is None else compact.decode(sealed.encode()),
        )
    except (EnvelopeRefused, KeyError, TypeError, ValueError, AttributeError) as odd:
        raise KeyRefused("key.file-odd", file=path.name) from odd
    if compact.canonical(header) != file.header() or path.parent.name != file.use or path.stem != file.kid:
        raise KeyRefused("key.file-odd", file=path.name)
    return file


def create(
    folder: Path, *, use: Use, owner: str, locker: Locker, now: datetime, state: KeyState = KeyState.ACTIVE
) -> KeyFile:
    """Make a new key and its file; raises KeyRefused if the passphrase is not that of the files already there."""
    present = listing(folder)
    locked = next((file for file in present if file.sealed is not None), None)
    if locked is not None:
        locker.unlock(locked)
    material = new_material()
    kid, public = named(use, material)
    while kid.startswith("-"):  # a command line would take the id for an option
        material = new_material()
        kid, public = named(use, material)
    file = KeyFile(
        path=folder / use.value / f"{kid}.json",
        use=use,
        owner=owner,
        kid=kid,
        state=state,
        created_at=now.astimezone(UTC),
        changed_at=now.astimezone(UTC),
        public=public,
        salt=locked.salt if locked else os.urandom(SALT_BYTES),
        nonce=b"",
        sealed=None,
    )
    made = locker.lock(file, material)
    for missing in (folder, made.path.parent):
        missing.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_new(made.path, made.content())
    return made


def move(file: KeyFile, act: KeyAct, *, locker: Locker, now: datetime) -> KeyFile:
    """Move a key to its next state on disk; raises Conflict where the lifecycle forbids it."""
    state = next_state(file.state, act)
    material = locker.unlock(file)
    changed = replace(file, state=state, changed_at=now.astimezone(UTC))
    if state is KeyState.DESTROYED:
        changed = replace(changed, sealed=None, nonce=b"")
    else:
        changed = locker.lock(changed, material)
    with file.path.open("r+b") as old:
        beside = file.path.with_suffix(".new")
        beside.unlink(missing_ok=True)
        _write_new(beside, changed.content())
        beside.replace(file.path)
        _sync_folder(file.path.parent)
        if state is KeyState.DESTROYED:
            _overwrite(old)
    return changed


def named(use: Use, material: bytes) -> tuple[KeyId, dict[str, Any] | None]:
    """Return the id and the public JWK of material for that use."""
    if use is Use.ENCRYPTION:
        encryption = EncryptionKey.from_material(material).public
        return encryption.kid, dict(encryption.jwk())
    if use is Use.CLIENT:
        client = ClientKey.from_material(material)
        return client.kid, client.jwk()
    if use is Use.STORAGE:
        return StorageKey.from_material(material).kid, None
    signing = SigningKey.from_material(material).public
    return signing.kid, dict(signing.jwk())


def unlocked(file: KeyFile, locker: Locker) -> bytes:
    """Return the material after checking that it is the key the header names; raises KeyRefused."""
    material = locker.unlock(file)
    if len(material) != MATERIAL_BYTES or named(file.use, material)[0] != file.kid:
        raise KeyRefused("key.wrong-kid", kid=file.kid)
    return material


def owners(found: list[KeyFile]) -> Iterator[AgencyId]:
    """Return the agencies that have keys of a node's uses, each once."""
    yield from dict.fromkeys(AgencyId(file.owner) for file in found if file.use is not Use.ANCHOR)


def _write_new(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(path.parent)


def _overwrite(old: BinaryIO) -> None:
    """Write noise over the file that was replaced; on copying file systems this is best effort."""
    old.write(os.urandom(os.fstat(old.fileno()).st_size))
    old.flush()
    os.fsync(old.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
