"""HPKE-9-KE: X25519 + ML-KEM-768 key encryption for JOSE, with the public API of `cryptography` only.

A fresh 32-byte content key is wrapped with HPKE base mode; `info` binds the JOSE use, the content
encryption and `extra` (draft-ietf-jose-hpke-encrypt, KE form). Vectors: `keys/vectors/`.
"""

import os
from hashlib import shake_256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from handover.keys.errors import EnvelopeRefused, KeyRefused, Reason

ALGORITHM: Final = "HPKE-9-KE"
CONTENT_ENCRYPTION: Final = "A256GCM"
ENC_BYTES: Final = 1120
SEED_BYTES: Final = 32
PUBLIC_BYTES: Final = 1184 + 32
_SUITE: Final = Suite(KEM.MLKEM768_X25519, KDF.SHAKE256, AEAD.AES_256_GCM)
_INFO: Final = b"JOSE-HPKE rcpt\xff" + CONTENT_ENCRYPTION.encode() + b"\xff"

PrivateKey = MLKEM768X25519PrivateKey
PublicKey = MLKEM768X25519PublicKey


def private_key(seed: bytes) -> tuple[PrivateKey, bytes]:
    """Expand a 32-byte seed (X-Wing: SHAKE-256 to 96 bytes); return the private key and the public bytes."""
    if len(seed) != SEED_BYTES:
        raise KeyRefused("key.seed-length")
    expanded = shake_256(seed).digest(96)
    mlkem, x25519 = (
        MLKEM768PrivateKey.from_seed_bytes(expanded[:64]),
        X25519PrivateKey.from_private_bytes(expanded[64:]),
    )
    return PrivateKey(
        mlkem, x25519
    ), mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()


def public_key(raw: bytes) -> PublicKey:
    """Read the 1216 public bytes; raises KeyRefused on another length or an odd ML-KEM key."""
    if len(raw) != PUBLIC_BYTES:
        raise KeyRefused("key.public-length")
    try:
        mlkem = MLKEM768PublicKey.from_public_bytes(raw[:1184])
    except ValueError as odd:
        raise KeyRefused("key.public-odd") from odd
    return PublicKey(mlkem, X25519PublicKey.from_public_bytes(raw[1184:]))


def wrap(content_key: bytes, *, to: PublicKey, extra: bytes) -> tuple[bytes, bytes]:
    """Wrap a content key; return (`ek`, encrypted key)."""
    both = _SUITE.encrypt(content_key, to, info=_INFO + extra)
    return both[:ENC_BYTES], both[ENC_BYTES:]


def unwrap(ek: bytes, encrypted_key: bytes, *, key: PrivateKey, extra: bytes) -> bytes:
    """Return the content key, or raise EnvelopeRefused(cannot-open)."""
    try:
        return _SUITE.decrypt(ek + encrypted_key, key, info=_INFO + extra)
    except (InvalidTag, ValueError) as wrong:
        raise EnvelopeRefused(Reason.CANNOT_OPEN) from wrong


def assert_works() -> None:
    """Prove at start that this build has ML-KEM; raises KeyRefused('key.no-ml-kem')."""
    try:
        private, public = private_key(os.urandom(SEED_BYTES))
        content_key = os.urandom(32)
        ek, wrapped = wrap(content_key, to=public_key(public), extra=b"start")
        works = unwrap(ek, wrapped, key=private, extra=b"start") == content_key
    except Exception as missing:
        raise KeyRefused("key.no-ml-kem") from missing
    if not works:
        raise KeyRefused("key.no-ml-kem")
