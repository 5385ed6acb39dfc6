"""Envelope profile `hm1`: JWE compact (HPKE-9-KE, A256GCM) around JWS compact (Ed25519) over exact FHIR bytes.

Order at the receiver: `open_envelope` (which of our agencies was it sealed to), then `verify_message` with that
agency. Everything is refused by raising EnvelopeRefused with one reason; nothing here knows a database or a clock.
All functions are pure and may be called from many threads.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from handover.ids import AgencyId, KeyId, MessageId
from handover.keys import compact, hpke, signatures
from handover.keys.errors import EnvelopeRefused, Reason
from handover.keys.keyring import Keyring
from handover.keys.material import PublicEncryptionKey, PublicSigningKey, SigningKey

PROFILE: Final = "hm1"
MAX_PAYLOAD_BYTES: Final = 1 << 20
"""Largest FHIR message; attachments travel as blobs."""
MAX_JWS_BYTES: Final = MAX_PAYLOAD_BYTES * 4 // 3 + 2048
MAX_JWE_BYTES: Final = MAX_JWS_BYTES * 4 // 3 + compact.MAX_HEADER_BYTES
SKEW: Final = timedelta(minutes=5)
"""How far a sender's clock may be ahead."""
MAX_LIFETIME: Final = timedelta(days=7)
"""Longest life of a message; an old encryption seed is kept this long after its successor, and more."""
MESSAGE_TYPE: Final = "hm-msg+jws"
ACK_TYPE: Final = "hm-ack+jws"
CONTENT_TYPE: Final = "application/fhir+json"

FindKey = Callable[[AgencyId, KeyId], PublicSigningKey]
"""Finds an agency's signing key as valid at receipt; raises EnvelopeRefused (unknown, early, retired, revoked)."""


@dataclass(frozen=True, kw_only=True)
class SignedMessage:
    """A verified message. `payload` is exactly what was signed; `sha256` is its digest (DESIGN rule 2)."""

    iss: AgencyId
    aud: AgencyId
    jti: MessageId
    iat: datetime
    exp: datetime
    kid: KeyId
    payload: bytes = field(repr=False)
    sha256: bytes


@dataclass(frozen=True, kw_only=True)
class SignedAck:
    """A verified acknowledgement by `iss` of the message `message` that `aud` sent, with the digest `iss` saw."""

    iss: AgencyId
    aud: AgencyId
    jti: MessageId
    iat: datetime
    kid: KeyId
    message: MessageId
    message_sha256: bytes
    payload: bytes = field(repr=False)


def sign_message(
    payload: bytes,
    *,
    signer: SigningKey,
    iss: AgencyId,
    aud: AgencyId,
    jti: MessageId,
    iat: datetime,
    exp: datetime,
) -> bytes:
    """Sign one FHIR message from `iss` to `aud`. Raises EnvelopeRefused over 1 MiB or 7 days."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise EnvelopeRefused(Reason.TOO_LARGE)
    if exp - iat > MAX_LIFETIME:
        raise EnvelopeRefused(Reason.LIFETIME_TOO_LONG)
    header = _claims(MESSAGE_TYPE, iss, aud, jti, iat) | {"exp": int(exp.timestamp())}
    return signatures.sign(payload, signer=signer, header=header)


def verify_message(jws: bytes, *, aud: AgencyId, find_key: FindKey, now: datetime) -> SignedMessage:
    """Verify a message that was sealed to `aud`, as received at `now`; raises EnvelopeRefused."""
    found = signatures.read(jws, typ=MESSAGE_TYPE, checks=_MESSAGE, limit=MAX_JWS_BYTES)
    header = found.header
    payload = _verified(found, aud=aud, find_key=find_key)
    iat, exp = compact.instant(header["iat"]), compact.instant(header["exp"])
    if iat > now + SKEW:
        raise EnvelopeRefused(Reason.FROM_THE_FUTURE)
    if exp <= now:
        raise EnvelopeRefused(Reason.EXPIRED)
    if exp - iat > MAX_LIFETIME:
        raise EnvelopeRefused(Reason.LIFETIME_TOO_LONG)
    return _message(header, aud, payload)


def sign_ack(
    payload: bytes,
    *,
    signer: SigningKey,
    iss: AgencyId,
    aud: AgencyId,
    jti: MessageId,
    iat: datetime,
    message: MessageId,
    message_sha256: bytes,
) -> bytes:
    """Sign the acknowledgement by `iss` of `message` from `aud`. It has no expiry: a late one still counts."""
    header = _claims(ACK_TYPE, iss, aud, jti, iat) | {
        "msg": str(message),
        "msg_sha256": compact.encode(message_sha256).decode(),
    }
    return signatures.sign(payload, signer=signer, header=header)


def verify_ack(ack: bytes, *, aud: AgencyId, find_key: FindKey, now: datetime) -> SignedAck:
    """Verify an acknowledgement addressed to `aud`, or raise. The caller compares message and digest."""
    found = signatures.read(ack, typ=ACK_TYPE, checks=_ACK, limit=MAX_JWS_BYTES)
    header = found.header
    payload = _verified(found, aud=aud, find_key=find_key)
    iat = compact.instant(header["iat"])
    if iat > now + SKEW:
        raise EnvelopeRefused(Reason.FROM_THE_FUTURE)
    return SignedAck(
        iss=AgencyId(header["iss"]),
        aud=aud,
        jti=MessageId(UUID(header["jti"])),
        iat=iat,
        kid=KeyId(header["kid"]),
        message=MessageId(UUID(header["msg"])),
        message_sha256=compact.decode(header["msg_sha256"].encode()),
        payload=payload,
    )


def reread_message(jws: bytes, *, aud: AgencyId) -> SignedMessage:
    """Read again what was verified when it came and has been kept sealed since; asks no key, for keys retire."""
    header = signatures.read(jws, typ=MESSAGE_TYPE, checks=_MESSAGE, limit=MAX_JWS_BYTES).header
    payload = compact.decode(jws.split(b".")[1])
    return _message(header, aud, payload)


def ack_audience(ack: bytes) -> AgencyId:
    """Return whom an unverified acknowledgement names, so that `verify_ack` can be asked for that agency."""
    return AgencyId(signatures.read(ack, typ=ACK_TYPE, checks=_ACK, limit=MAX_JWS_BYTES).header["aud"])


def seal(jws: bytes, *, to: PublicEncryptionKey, aud: AgencyId) -> bytes:
    """Seal a signed message to one agency's key; every call gives other bytes."""
    content_key, nonce = os.urandom(32), os.urandom(12)
    ek, wrapped = hpke.wrap(content_key, to=to.key, extra=_extra(aud))
    protected = compact.encode(
        b'{"alg":"%b","enc":"%b","kid":"%b","ek":"%b"}'
        % (hpke.ALGORITHM.encode(), hpke.CONTENT_ENCRYPTION.encode(), to.kid.encode(), compact.encode(ek))
    )
    sealed = AESGCM(content_key).encrypt(nonce, jws, protected)
    parts = (wrapped, nonce, sealed[:-16], sealed[-16:])
    return b".".join((protected, *map(compact.encode, parts)))


def open_envelope(jwe: bytes, keyring: Keyring) -> tuple[AgencyId, bytes]:
    """Open an envelope for one of the keyring's agencies; return that agency and the unverified JWS."""
    protected, *rest = compact.split(jwe, parts=5, limit=MAX_JWE_BYTES)
    header = compact.header(protected)
    if (header.get("alg"), header.get("enc")) != (hpke.ALGORITHM, hpke.CONTENT_ENCRYPTION):
        raise EnvelopeRefused(Reason.BAD_ALGORITHM)
    compact.require(header, _ENVELOPE)
    wrapped, nonce, sealed, tag = map(compact.decode, rest)
    if (len(wrapped), len(nonce), len(tag)) != (48, 12, 16):
        raise EnvelopeRefused(Reason.MALFORMED)
    agency, key = keyring.opener(KeyId(header["kid"]))
    content_key = hpke.unwrap(compact.decode(header["ek"].encode()), wrapped, key=key.key, extra=_extra(agency))
    try:
        return agency, AESGCM(content_key).decrypt(nonce, sealed + tag, protected)
    except InvalidTag as changed:
        raise EnvelopeRefused(Reason.CANNOT_OPEN) from changed


def _verified(found: signatures.Unverified, *, aud: AgencyId, find_key: FindKey) -> bytes:
    header = found.header
    payload = found.verify(find_key(AgencyId(header["iss"]), KeyId(header["kid"])))
    if header["aud"] != aud:
        raise EnvelopeRefused(Reason.WRONG_AUDIENCE)
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise EnvelopeRefused(Reason.TOO_LARGE)
    return payload


def _message(header: Mapping[str, Any], aud: AgencyId, payload: bytes) -> SignedMessage:
    return SignedMessage(
        iss=AgencyId(header["iss"]),
        aud=aud,
        jti=MessageId(UUID(header["jti"])),
        iat=compact.instant(header["iat"]),
        exp=compact.instant(header["exp"]),
        kid=KeyId(header["kid"]),
        payload=payload,
        sha256=sha256(payload).digest(),
    )


def _claims(typ: str, iss: AgencyId, aud: AgencyId, jti: MessageId, iat: datetime) -> dict[str, Any]:
    return {
        "typ": typ,
        "cty": CONTENT_TYPE,
        "iss": iss,
        "aud": aud,
        "jti": str(jti),
        "iat": int(iat.timestamp()),
    }


def _extra(aud: AgencyId) -> bytes:
    return f"{PROFILE}|{aud}".encode()


def _is_ek(value: object) -> bool:
    return isinstance(value, str) and len(value) == _EK_CHARS


_EK_CHARS: Final = -(-hpke.ENC_BYTES * 4 // 3)
_ENVELOPE: Final[Mapping[str, compact.Check]] = {
    "alg": lambda value: value == hpke.ALGORITHM,
    "enc": lambda value: value == hpke.CONTENT_ENCRYPTION,
    "kid": compact.is_kid,
    "ek": _is_ek,
}
_SHARED: Final[Mapping[str, compact.Check]] = {
    "cty": lambda value: value == CONTENT_TYPE,
    "iss": compact.is_agency,
    "aud": compact.is_agency,
    "jti": compact.is_uuid,
    "iat": compact.is_instant,
}
_MESSAGE: Final = {**_SHARED, "exp": compact.is_instant}
_ACK: Final = {**_SHARED, "msg": compact.is_uuid, "msg_sha256": compact.is_digest}
