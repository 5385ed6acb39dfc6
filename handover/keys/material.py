"""The keys themselves: Ed25519 signs, HPKE-9-KE encrypts, ES256 is for OAuth clients. Ids are thumbprints.

Every private key is 32 bytes of material, whatever its use, so that one key file format holds them all.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, Self

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc.jwk import ECKey, OKPKey

from handover.ids import KeyId
from handover.keys import compact, hpke
from handover.keys.errors import EnvelopeRefused, KeyRefused

MATERIAL_BYTES: Final = 32
_FIELD: Final = 2**255 - 19
_ORDER_EIGHT_Y: Final = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
_SMALL_ORDER_Y: Final = frozenset({0, 1, _FIELD - 1, _ORDER_EIGHT_Y, _FIELD - _ORDER_EIGHT_Y})

Jwk = Mapping[str, Any]


def new_material() -> bytes:
    """Return 32 fresh random bytes: the private part of a new key of any use."""
    while True:
        raw = os.urandom(MATERIAL_BYTES)
        if 0 < int.from_bytes(raw, "big") < 2**255:  # also a valid P-256 scalar
            return raw


def refuse_weak(raw: bytes) -> None:
    """Raise KeyRefused('key.small-order') for an Ed25519 public key under which anything "verifies"."""
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    if y >= _FIELD or y in _SMALL_ORDER_Y:
        raise KeyRefused("key.small-order")


def thumbprint(required: Mapping[str, str]) -> KeyId:
    """Return the RFC 7638 thumbprint over exactly these members."""
    canonical = json.dumps(dict(required), sort_keys=True, separators=(",", ":")).encode()
    return KeyId(compact.encode(sha256(canonical).digest()).decode())


@dataclass(frozen=True)
class PublicSigningKey:
    """What verifies an agency's or an anchor's signature. Build with `from_jwk`."""

    kid: KeyId
    key: OKPKey = field(repr=False, compare=False)

    @classmethod
    def from_jwk(cls, jwk: Jwk) -> Self:
        """Read a public Ed25519 JWK; raises KeyRefused unless just that, strong, named by its thumbprint."""
        if jwk.keys() - {"kty", "crv", "x", "use", "alg", "kid"}:
            raise KeyRefused("key.odd-member")
        if (jwk.get("kty"), jwk.get("crv")) != ("OKP", "Ed25519") or jwk.get("alg", "Ed25519") != "Ed25519":
            raise KeyRefused("key.not-ed25519")
        raw = _member(jwk, "x")
        if len(raw) != MATERIAL_BYTES:
            raise KeyRefused("key.public-length")
        refuse_weak(raw)
        kid = _kid({"crv": "Ed25519", "kty": "OKP", "x": jwk["x"]}, jwk)
        return cls(kid, OKPKey.import_key(Ed25519PublicKey.from_public_bytes(raw)))

    def jwk(self) -> dict[str, str]:
        """Return the public JWK as it stands in the directory."""
        x = str(self.key.as_dict(private=False)["x"])
        return {"kty": "OKP", "crv": "Ed25519", "x": x, "use": "sig", "alg": "Ed25519", "kid": self.kid}


@dataclass(frozen=True)
class SigningKey:
    """A private Ed25519 key: messages, statements, audit checkpoints, or a community's anchor."""

    public: PublicSigningKey
    key: OKPKey = field(repr=False, compare=False)

    @classmethod
    def from_material(cls, seed: bytes) -> Self:
        """Build from the 32-byte seed (RFC 8032)."""
        private = Ed25519PrivateKey.from_private_bytes(seed)
        raw = private.public_key().public_bytes_raw()
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": compact.encode(raw).decode()}
        return cls(PublicSigningKey.from_jwk(jwk), OKPKey.import_key(private))

    @property
    def kid(self) -> KeyId:
        """The thumbprint of the public half."""
        return self.public.kid


@dataclass(frozen=True)
class PublicEncryptionKey:
    """What an envelope is sealed to. Build with `from_jwk`."""

    kid: KeyId
    key: hpke.PublicKey = field(repr=False, compare=False)
    raw: bytes = field(repr=False)

    @classmethod
    def from_jwk(cls, jwk: Jwk) -> Self:
        """Read a public HPKE-9-KE JWK; raises KeyRefused unless it is exactly that and named by its thumbprint."""
        if jwk.keys() - {"kty", "alg", "use", "pub", "kid"}:
            raise KeyRefused("key.odd-member")
        if (jwk.get("kty"), jwk.get("alg"), jwk.get("use", "enc")) != ("AKP", hpke.ALGORITHM, "enc"):
            raise KeyRefused("key.not-hpke-9-ke")
        raw = _member(jwk, "pub")
        kid = _kid({"alg": hpke.ALGORITHM, "kty": "AKP", "pub": jwk["pub"]}, jwk)
        return cls(kid, hpke.public_key(raw), raw)

    def jwk(self) -> dict[str, str]:
        """Return the public JWK as it stands in an agency's statement."""
        pub = compact.encode(self.raw).decode()
        return {"kty": "AKP", "alg": hpke.ALGORITHM, "use": "enc", "pub": pub, "kid": self.kid}


@dataclass(frozen=True)
class EncryptionKey:
    """A private HPKE-9-KE key: one week's, for one agency."""

    public: PublicEncryptionKey
    key: hpke.PrivateKey = field(repr=False, compare=False)
    created_at: datetime = datetime(2025, 1, 1, tzinfo=UTC)
    """Senders seal to the newest key of a statement."""

    @classmethod
    def from_material(cls, seed: bytes, *, created_at: datetime | None = None) -> Self:
        """Build from the 32-byte seed (X-Wing)."""
        private, raw = hpke.private_key(seed)
        jwk = {"kty": "AKP", "alg": hpke.ALGORITHM, "pub": compact.encode(raw).decode()}
        return cls(PublicEncryptionKey.from_jwk(jwk), private, created_at or cls.created_at)

    @property
    def kid(self) -> KeyId:
        """The thumbprint of the public half."""
        return self.public.kid


@dataclass(frozen=True)
class ClientKey:
    """A private ES256 key for `private_key_jwt` towards login providers; `key` is joserfc's."""

    kid: KeyId
    key: ECKey = field(repr=False, compare=False)

    @classmethod
    def from_material(cls, scalar: bytes) -> Self:
        """Build from the 32-byte private scalar (P-256)."""
        private = ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())
        kid = KeyId(ECKey.import_key(private).thumbprint())
        return cls(kid, ECKey.import_key(private, {"kid": kid, "use": "sig", "alg": "ES256"}))

    def jwk(self) -> dict[str, Any]:
        """Return the public JWK to register with the login provider."""
        return dict(self.key.as_dict(private=False))


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


def _member(jwk: Jwk, name: str) -> bytes:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise KeyRefused("key.odd-member")
    try:
        return compact.decode(value.encode())
    except EnvelopeRefused as odd:
        raise KeyRefused("key.odd-member") from odd


def _kid(required: Mapping[str, str], jwk: Jwk) -> KeyId:
    kid = thumbprint(required)
    if jwk.get("kid", kid) != kid:
        raise KeyRefused("key.wrong-kid")
    return kid
