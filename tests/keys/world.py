"""Two agencies with a directory, and what it takes to make envelopes that no honest sender makes."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from joserfc import jws

from handover.directory.model import Agency, Directory, ListedKey
from handover.ids import AgencyId, KeyId, MessageId
from handover.keys import compact, hm1, keyring
from handover.keys.hm1 import SignedMessage
from handover.keys.keyring import Keyring
from handover.keys.material import PublicEncryptionKey, PublicSigningKey, SigningKey

SENDER, RECEIVER, OTHER = AgencyId("310000019"), AgencyId("310000027"), AgencyId("310000035")
NOW: Final = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)
MESSAGE: Final = MessageId(UUID("6f1d1c1e-0f65-4d8e-9e4b-000000000001"))
PAYLOAD: Final = b'{"resourceType":"Bundle","type":"message"}'


@dataclass
class World:
    """The keys of three agencies, two of them here, and the directory the receiver believes."""

    senders: Keyring
    here: Keyring
    listed: dict[AgencyId, ListedKey]
    now: datetime = NOW

    def find_key(self, agency: AgencyId, kid: KeyId) -> PublicSigningKey:
        """Look a signing key up in the receiver's directory, as at the time of receipt."""
        agencies = {
            one: Agency(id=one, name=one, endpoint="https://node.example", keys=(key,))
            for one, key in self.listed.items()
        }
        directory = Directory(
            community="test", version=1, iat=self.now, exp=self.now + timedelta(days=7), agencies=agencies
        )
        return directory.signing_key(agency, kid, at=self.now)

    def change_listed(self, agency: AgencyId, **other: Any) -> None:
        """Change what the directory says of an agency's key."""
        self.listed[agency] = replace(self.listed[agency], **other)

    @property
    def sender_key(self) -> SigningKey:
        """The honest sender's signing key."""
        return self.senders.signer(SENDER)

    @property
    def receiver_key(self) -> PublicEncryptionKey:
        """The receiver's public encryption key."""
        return self.here.of(RECEIVER).enc[0].public

    def receive(self, jwe: bytes) -> SignedMessage:
        """Open and verify as a node does."""
        agency, signed = hm1.open_envelope(jwe, self.here)
        return hm1.verify_message(signed, aud=agency, find_key=self.find_key, now=self.now)

    def signed(self, payload: bytes = PAYLOAD, **other: Any) -> bytes:
        """Sign an honest message, or one with other claims."""
        claims: dict[str, Any] = {
            "signer": self.sender_key,
            "iss": SENDER,
            "aud": RECEIVER,
            "jti": MESSAGE,
            "iat": self.now,
            "exp": self.now + timedelta(days=4),
        }
        return hm1.sign_message(payload, **{**claims, **other})

    def sealed(self, signed: bytes) -> bytes:
        """Seal honestly to the receiver."""
        return hm1.seal(signed, to=self.receiver_key, aud=RECEIVER)

    def header(self, **other: Any) -> dict[str, Any]:
        """Return an honest inner header, with other members in place or added (None takes one away)."""
        honest = compact.header(self.signed().split(b".")[0])
        return {name: value for name, value in {**honest, **other}.items() if value is not None}

    def signed_as(
        self, header: dict[str, Any] | bytes, payload: bytes = PAYLOAD, key: SigningKey | None = None
    ) -> bytes:
        """Sign whatever header it is, correctly, with the sender's key or another."""
        raw = header if isinstance(header, bytes) else json.dumps(header).encode()
        signer = key or self.sender_key
        signed = compact.encode(raw) + b"." + compact.encode(payload)
        return (
            signed
            + b"."
            + compact.encode(jws.JWSRegistry(algorithms=["Ed25519"]).get_alg("Ed25519").sign(signed, signer.key))
        )


def make_world() -> World:
    """Return two nodes' worth of fresh keys: the sender's, and those of the two agencies at the receiver."""
    senders, here = keyring.generate([SENDER]), keyring.generate([RECEIVER, OTHER])
    keys = {SENDER: senders.signer(SENDER), RECEIVER: here.signer(RECEIVER), OTHER: here.signer(OTHER)}
    listed = {
        agency: ListedKey(key=key.public, not_before=NOW - timedelta(days=30)) for agency, key in keys.items()
    }
    return World(senders, here, listed)
