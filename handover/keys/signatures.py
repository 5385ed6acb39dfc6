"""Compact JWS with Ed25519 (RFC 7515, RFC 9864), accepted strictly.

The algorithm and the keys are joserfc's; the framing is `compact`'s, because joserfc's own accepts more than
the profile (docs/decisions/envelope-codec.md).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from joserfc import jws

from handover.keys import compact
from handover.keys.errors import EnvelopeRefused, Reason
from handover.keys.material import PublicSigningKey, SigningKey

ALGORITHM: Final = "Ed25519"
SIGNATURE_CHARS: Final = 86


_ED25519: Final = jws.JWSRegistry(algorithms=[ALGORITHM]).get_alg(ALGORITHM)


@dataclass(frozen=True)
class Unverified:
    """A well-formed JWS with exactly the expected header members; nothing of it may be believed yet."""

    header: Mapping[str, Any]
    _segments: Sequence[bytes] = field(repr=False)

    def unverified_payload(self) -> bytes:
        """Return what nobody has vouched for yet (an enrolment names its own key)."""
        return compact.decode(self._segments[1])

    def verify(self, key: PublicSigningKey) -> bytes:
        """Return the payload, or raise EnvelopeRefused(bad-signature)."""
        protected, payload, signature = self._segments
        if not _ED25519.verify(protected + b"." + payload, compact.decode(signature), key.key):
            raise EnvelopeRefused(Reason.BAD_SIGNATURE)
        return compact.decode(payload)


def sign(payload: bytes, *, signer: SigningKey, header: Mapping[str, Any]) -> bytes:
    """Sign `payload` with `alg` and `kid` put before the given header members."""
    members = {"alg": ALGORITHM, "kid": signer.kid, **header}
    protected = compact.encode(json.dumps(members, separators=(",", ":")).encode())
    signed = protected + b"." + compact.encode(payload)
    return signed + b"." + compact.encode(_ED25519.sign(signed, signer.key))


def read(token: bytes, *, typ: str, checks: Mapping[str, compact.Check], limit: int) -> Unverified:
    """Read a JWS of at most `limit` bytes; its header has `alg`, `kid`, `typ` and exactly what `checks` names."""
    segments = compact.split(token, parts=3, limit=limit)
    header = compact.header(segments[0])
    if header.get("alg") != ALGORITHM:
        raise EnvelopeRefused(Reason.BAD_ALGORITHM)
    if header.get("typ") != typ:
        raise EnvelopeRefused(Reason.WRONG_TYPE)
    compact.require(header, {**_ALWAYS, **checks})
    if len(segments[2]) != SIGNATURE_CHARS:
        raise EnvelopeRefused(Reason.MALFORMED)
    return Unverified(header, segments)


_ALWAYS: Final[Mapping[str, compact.Check]] = {
    "alg": lambda value: value == ALGORITHM,
    "kid": compact.is_kid,
    "typ": lambda value: isinstance(value, str),
}
