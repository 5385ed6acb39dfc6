"""This node's private keys, per agency: read once at start, never changed while the process lives.

`keyring.load` reads the key files (`files`), `generate` makes a ring in memory for tests.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self

from handover.errors import NotFound
from handover.ids import AgencyId, KeyId
from handover.keys import compact
from handover.keys.errors import EnvelopeRefused, Reason
from handover.keys.material import ClientKey, EncryptionKey, SigningKey, new_material


@dataclass(frozen=True)
class StorageKey:
    """Wraps the data keys of one agency's content at rest."""

    kid: KeyId
    secret: bytes = field(repr=False, compare=False)

    @classmethod
    def from_material(cls, secret: bytes) -> Self:
        """Name the key by a digest that tells nothing of it."""
        digest = sha256(b"handover storage key id\0" + secret).digest()
        return cls(KeyId(compact.encode(digest).decode()), secret)


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


def generate(agencies: Iterable[AgencyId]) -> Keyring:
    """Return a ring of fresh keys in memory (tests)."""
    return Keyring({agency: AgencyKeys.generate() for agency in agencies})
