"""This node's private keys, per agency: unlocked once at start, never changed while the process lives."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from handover.errors import NotFound
from handover.ids import AgencyId, KeyId
from handover.keys import files, hpke
from handover.keys.errors import EnvelopeRefused, KeyRefused, Reason
from handover.keys.files import KeyFile, Locker
from handover.keys.lifecycle import NODE_USES, KeyState, Use
from handover.keys.material import ClientKey, EncryptionKey, SigningKey, StorageKey, new_material
from handover.keys.published import PUBLISHED

Key = TypeVar("Key")


@dataclass(frozen=True, kw_only=True)
class AgencyKeys:
    """One agency's keys in use. `enc` holds every key that still opens (active first, then retiring ones)."""

    sig: SigningKey
    enc: tuple[EncryptionKey, ...]
    audit: SigningKey
    client: ClientKey
    storage: tuple[StorageKey, ...]
    """The first wraps new data keys; the others still unwrap."""

    @classmethod
    def generate(cls) -> Self:
        """Make fresh keys of every use."""
        return cls(
            sig=SigningKey.from_material(new_material()),
            enc=(EncryptionKey.from_material(new_material()),),
            audit=SigningKey.from_material(new_material()),
            client=ClientKey.from_material(new_material()),
            storage=(StorageKey.from_material(new_material()),),
        )


class Keyring:
    """The keys of all agencies of this node; safe to share between threads."""

    def __init__(self, keys: Mapping[AgencyId, AgencyKeys]) -> None:
        self._keys = dict(keys)
        self._openers = {key.kid: (agency, key) for agency, held in self._keys.items() for key in held.enc}

    @property
    def agencies(self) -> tuple[AgencyId, ...]:
        """The agencies whose keys are here."""
        return tuple(self._keys)

    def of(self, agency: AgencyId) -> AgencyKeys:
        """Return the agency's keys; raises NotFound('key.no-agency') for one this node does not host."""
        try:
            return self._keys[agency]
        except KeyError as unknown:
            raise NotFound("key.no-agency", agency=agency) from unknown

    def signer(self, agency: AgencyId) -> SigningKey:
        """Return the key that signs the agency's messages, acknowledgements and statement."""
        return self.of(agency).sig

    def opener(self, kid: KeyId) -> tuple[AgencyId, EncryptionKey]:
        """Return the private encryption key and whose it is; raises EnvelopeRefused(unknown-kid)."""
        try:
            return self._openers[kid]
        except KeyError as unknown:
            raise EnvelopeRefused(Reason.UNKNOWN_KID) from unknown


def load(
    folder: Path,
    passphrase: bytes | Locker,
    *,
    agencies: Iterable[AgencyId] | None = None,
    allow_published: bool = False,
) -> Keyring:
    """Unlock the keys of these agencies (by default of all in the folder). A Locker has its Argon2id done.

    Raises KeyRefused: no ML-KEM in this build, wrong passphrase, a file open to others, a missing active key
    ('key.missing' with a field for each agency and use), or a key from `keys/test/` unless that is allowed.
    """
    hpke.assert_works()
    found = files.listing(folder)
    wanted = tuple(agencies) if agencies is not None else tuple(files.owners(found))
    _refuse_gaps(found, wanted)
    _refuse_published(found, allow_published)
    locker = passphrase if isinstance(passphrase, Locker) else Locker(passphrase)
    return Keyring({agency: _agency_keys(found, agency, locker) for agency in wanted})


def generate(agencies: Iterable[AgencyId]) -> Keyring:
    """Return a ring of fresh keys in memory (tests)."""
    return Keyring({agency: AgencyKeys.generate() for agency in agencies})


def _agency_keys(found: list[KeyFile], agency: AgencyId, locker: Locker) -> AgencyKeys:
    def unlock(use: Use, make: Callable[[KeyFile, bytes], Key]) -> tuple[Key, ...]:
        return tuple(make(file, files.unlocked(file, locker)) for file in _in_use(found, agency, use))

    return AgencyKeys(
        sig=unlock(Use.SIGNING, lambda _, material: SigningKey.from_material(material))[0],
        enc=unlock(
            Use.ENCRYPTION,
            lambda file, material: EncryptionKey.from_material(material, created_at=file.created_at),
        ),
        audit=unlock(Use.AUDIT, lambda _, material: SigningKey.from_material(material))[0],
        client=unlock(Use.CLIENT, lambda _, material: ClientKey.from_material(material))[0],
        storage=unlock(Use.STORAGE, lambda _, material: StorageKey.from_material(material)),
    )


def _in_use(found: list[KeyFile], agency: AgencyId, use: Use) -> list[KeyFile]:
    """Return the keys to unlock: the active ones, newest first, then the retiring ones."""
    mine = [file for file in reversed(found) if file.owner == agency and file.use is use]
    active = [file for file in mine if file.state is KeyState.ACTIVE]
    return active + [file for file in mine if file.state is KeyState.RETIRING]


def _refuse_gaps(found: list[KeyFile], wanted: tuple[AgencyId, ...]) -> None:
    have = {(file.owner, file.use) for file in found if file.state is KeyState.ACTIVE}
    missing = {
        agency: [use.value for use in NODE_USES if (agency, use) not in have]
        for agency in wanted
        if any((agency, use) not in have for use in NODE_USES)
    }
    if missing:
        raise KeyRefused("key.missing", fields={str(agency): uses for agency, uses in missing.items()})


def _refuse_published(found: list[KeyFile], allow_published: bool) -> None:
    for file in found:
        if file.kid in PUBLISHED and file.state in {KeyState.ACTIVE, KeyState.RETIRING} and not allow_published:
            raise KeyRefused("key.published", kid=file.kid)
