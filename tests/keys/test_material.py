"""Public keys as they come from outside: only strong ones, of the one kind, under their own thumbprint."""

import hashlib
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from handover.keys import compact
from handover.keys.errors import KeyRefused
from handover.keys.material import (
    ClientKey,
    EncryptionKey,
    PublicEncryptionKey,
    PublicSigningKey,
    SigningKey,
    new_material,
    refuse_weak,
)

SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


def x_of(raw: bytes) -> dict[str, Any]:
    return {"kty": "OKP", "crv": "Ed25519", "x": compact.encode(raw).decode()}


def test_under_the_identity_point_anything_verifies_which_is_why_such_keys_are_refused() -> None:
    weak = Ed25519PublicKey.from_public_bytes(bytes.fromhex(SMALL_ORDER[0]))
    forged = bytes.fromhex(SMALL_ORDER[0]) + bytes(32)

    try:
        weak.verify(forged, b"whatever")
    except InvalidSignature:
        pytest.skip("this build of the library refuses small-order keys itself")
    with pytest.raises(KeyRefused, match="small-order"):
        PublicSigningKey.from_jwk(x_of(bytes.fromhex(SMALL_ORDER[0])))


@pytest.mark.parametrize("point", SMALL_ORDER)
def test_a_small_order_or_odd_point_is_refused_as_a_key(point: str) -> None:
    with pytest.raises(KeyRefused, match="small-order"):
        PublicSigningKey.from_jwk(x_of(bytes.fromhex(point)))


def test_honest_keys_are_not_refused() -> None:
    for _ in range(50):
        refuse_weak(compact.decode(SigningKey.from_material(new_material()).public.jwk()["x"].encode()))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"d": "AAAA"}, "key.odd-member"),
        ({"crv": "X25519"}, "key.not-ed25519"),
        ({"kty": "oct", "k": "AAAA"}, "key.odd-member"),
        ({"alg": "EdDSA"}, "key.not-ed25519"),
        ({"kid": "A" * 43}, "key.wrong-kid"),
        ({"x": "AAAA"}, "key.public-length"),
        ({"x": "not base64!"}, "key.odd-member"),
        ({"x": 1}, "key.odd-member"),
        ({"jku": "https://evil.example"}, "key.odd-member"),
    ],
)
def test_an_odd_signing_jwk_is_refused(change: dict[str, Any], code: str) -> None:
    honest = SigningKey.from_material(new_material()).public.jwk()

    with pytest.raises(KeyRefused) as refused:
        PublicSigningKey.from_jwk({**honest, **change})
    assert refused.value.stable_code == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"alg": "HPKE-3-KE"}, "key.not-hpke-9-ke"),
        ({"use": "sig"}, "key.not-hpke-9-ke"),
        ({"pub": "AAAA"}, "key.wrong-kid"),
        ({"pub": compact.encode(b"\xff" * 1216).decode(), "kid": "A" * 43}, "key.wrong-kid"),
        ({"priv": "AAAA"}, "key.odd-member"),
    ],
)
def test_an_odd_encryption_jwk_is_refused(change: dict[str, Any], code: str) -> None:
    honest = EncryptionKey.from_material(new_material()).public.jwk()

    with pytest.raises(KeyRefused) as refused:
        PublicEncryptionKey.from_jwk({**honest, **change})
    assert refused.value.stable_code == code


def test_an_encryption_key_out_of_range_is_refused() -> None:
    raw = b"\xff" * 1216
    jwk = {"kty": "AKP", "alg": "HPKE-9-KE", "pub": compact.encode(raw).decode()}

    with pytest.raises(KeyRefused, match="public-odd"):
        PublicEncryptionKey.from_jwk(jwk)


def test_key_ids_are_thumbprints_as_rfc_8037_prints_them() -> None:
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}

    assert PublicSigningKey.from_jwk(jwk).kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_a_client_key_signs_with_es256_under_a_key_id_of_its_own() -> None:
    material = new_material()
    key = ClientKey.from_material(material)

    assert key.jwk()["kid"] == key.kid == ClientKey.from_material(material).kid
    assert "d" not in key.jwk()


def test_public_halves_never_hold_private_members() -> None:
    material = hashlib.sha256(b"some").digest()

    assert "d" not in SigningKey.from_material(material).public.jwk()
    assert "priv" not in EncryptionKey.from_material(material).public.jwk()
