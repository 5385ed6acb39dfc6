"""Compact JWS with Ed25519 (RFC 7515, RFC 9864), accepted strictly; the signing itself is joserfc's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError

from handover.keys import compact
from handover.keys.errors import EnvelopeRefused, Reason
from handover.keys.material import PublicSigningKey, SigningKey

ALGORITHM: Final = "Ed25519"
SIGNATURE_CHARS: Final = 86


class _Registry(jws.JWSRegistry):
    """joserfc's limits, raised above its 128 kB: the real ones are each reader's own, checked before parsing."""

    max_header_length = compact.MAX_HEADER_BYTES
    max_payload_length = 8 << 20
    max_signature_length = SIGNATURE_CHARS


_REGISTRY: Final = _Registry(algorithms=[ALGORITHM], strict_check_header=False)


@dataclass(frozen=True)
class Unverified:
    """A well-formed JWS with exactly the expected header members; nothing of it may be believed yet."""

    header: Mapping[str, Any]
    _parsed: jws.CompactSignature = field(repr=False)

    def verify(self, key: PublicSigningKey) -> bytes:
        """Return the payload, or raise EnvelopeRefused(bad-signature)."""
        try:
            valid = jws.validate_compact(self._parsed, key.key, algorithms=[ALGORITHM], registry=_REGISTRY)
        except JoseError as odd:
            raise EnvelopeRefused(Reason.BAD_SIGNATURE) from odd
        if not valid:
            raise EnvelopeRefused(Reason.BAD_SIGNATURE)
        return self._parsed.payload


def sign(payload: bytes, *, signer: SigningKey, header: Mapping[str, Any]) -> bytes:
    """Sign `payload` with `alg` and `kid` put before the given header members."""
    members = {"alg": ALGORITHM, "kid": signer.kid, **header}
    return jws.serialize_compact(members, payload, signer.key, algorithms=[ALGORITHM], registry=_REGISTRY).encode()


def read(token: bytes, *, typ: str, checks: Mapping[str, compact.Check], limit: int) -> Unverified:
    """Read a JWS of at most `limit` bytes; its header has `alg`, `kid`, `typ` and exactly what `checks` names."""
    segments = compact.split(token, parts=3, limit=limit)
    header = compact.header(segments[0])
    if header.get("alg") != ALGORITHM:
        raise EnvelopeRefused(Reason.BAD_ALGORITHM)
    if header.get("typ") != typ:
        raise EnvelopeRefused(Reason.WRONG_TYPE)
    compact.require(header, {**_ALWAYS, **checks})
    try:
        return Unverified(header, jws.extract_compact(token, registry=_REGISTRY))
    except (JoseError, ValueError) as odd:
        raise EnvelopeRefused(Reason.MALFORMED) from odd


_ALWAYS: Final[Mapping[str, compact.Check]] = {
    "alg": lambda value: value == ALGORITHM,
    "kid": compact.is_kid,
    "typ": lambda value: isinstance(value, str),
}
