"""The published HPKE-9-KE vectors (draft-ietf-jose-hpke-pq), and an envelope of ours frozen for ever."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from handover.ids import AgencyId
from handover.keys import compact, hm1, hpke
from handover.keys.errors import EnvelopeRefused
from handover.keys.keyring import AgencyKeys, Keyring
from handover.keys.material import EncryptionKey, SigningKey

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "keys" / "vectors" / "jose-hpke-9-ke.json"
SENDER, RECEIVER = AgencyId("310000019"), AgencyId("310000035")
RECEIVED = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)
TEXT_BEGINS = b"You can trust us to stick with you"

pytestmark = pytest.mark.vectors


def vectors() -> list[dict[str, Any]]:
    return [vector for vector in json.loads(VECTORS.read_text()) if vector["alg"] == hpke.ALGORITHM]


def bytes_of(text: str) -> bytes:
    return compact.decode(text.encode())


def opened(vector: dict[str, Any], protected: str, encrypted_key: str) -> bytes:
    key = EncryptionKey.from_material(bytes_of(vector["jwk"]["priv"]))
    header = compact.header(protected.encode())
    return hpke.unwrap(bytes_of(header["ek"]), bytes_of(encrypted_key), key=key.key, extra=b"")


def test_there_are_vectors() -> None:
    assert len(vectors()) == 1


@pytest.mark.parametrize("vector", vectors())
def test_the_seed_expands_to_the_published_public_key_and_its_thumbprint(vector: dict[str, Any]) -> None:
    key = EncryptionKey.from_material(bytes_of(vector["jwk"]["priv"])).public

    assert key.raw == bytes_of(vector["jwk"]["pub"])
    assert key.kid == vector["jwk"]["kid"]


@pytest.mark.parametrize("vector", vectors())
def test_the_published_compact_envelope_opens(vector: dict[str, Any]) -> None:
    protected, encrypted_key, nonce, ciphertext, tag = vector["compact"].split(".")
    content_key = opened(vector, protected, encrypted_key)

    plain = AESGCM(content_key).decrypt(bytes_of(nonce), bytes_of(ciphertext) + bytes_of(tag), protected.encode())
    assert plain.startswith(TEXT_BEGINS)


@pytest.mark.parametrize("vector", vectors())
def test_the_published_flattened_envelope_opens(vector: dict[str, Any]) -> None:
    flat = vector["flattened"]
    content_key = opened(vector, flat["protected"], flat["encrypted_key"])
    associated = f"{flat['protected']}.{flat['aad']}".encode()

    sealed = bytes_of(flat["ciphertext"]) + bytes_of(flat["tag"])
    assert AESGCM(content_key).decrypt(bytes_of(flat["iv"]), sealed, associated).startswith(TEXT_BEGINS)


@pytest.mark.parametrize("vector", vectors())
def test_an_envelope_of_the_standard_does_not_open_as_a_product_message(vector: dict[str, Any]) -> None:
    protected, encrypted_key, *_ = vector["compact"].split(".")
    key = EncryptionKey.from_material(bytes_of(vector["jwk"]["priv"]))
    header = compact.header(protected.encode())

    with pytest.raises(EnvelopeRefused):
        hpke.unwrap(bytes_of(header["ek"]), bytes_of(encrypted_key), key=key.key, extra=b"hm1|310000019")


def test_an_envelope_of_ours_sealed_long_ago_still_opens_and_signs_the_same() -> None:
    frozen = json.loads((ROOT / "keys" / "vectors" / "hm1.json").read_text())
    known = json.loads((ROOT / "keys" / "test" / "keys.json").read_text())["keys"]
    private = {(entry["owner"], entry["use"]): entry["private"] for entry in known}
    signer = SigningKey.from_material(bytes_of(private[SENDER, "sig"]["d"]))
    receiver = SigningKey.from_material(bytes_of(private[RECEIVER, "sig"]["d"]))
    opener = EncryptionKey.from_material(bytes_of(private[RECEIVER, "enc"]["priv"]))
    ring = Keyring({RECEIVER: replace(AgencyKeys.generate(), enc=(opener,))})
    keys = {SENDER: signer.public, RECEIVER: receiver.public}

    agency, jws = hm1.open_envelope(frozen["jwe"].encode(), ring)
    message = hm1.verify_message(jws, aud=agency, find_key=lambda one, _: keys[one], now=RECEIVED)
    ack = hm1.verify_ack(frozen["ack"].encode(), aud=SENDER, find_key=lambda one, _: keys[one], now=RECEIVED)

    assert (jws, message.payload) == (frozen["jws"].encode(), bytes_of(frozen["payload"]))
    assert (ack.message, ack.message_sha256) == (message.jti, message.sha256)
    again = hm1.sign_message(
        message.payload,
        signer=signer,
        iss=message.iss,
        aud=message.aud,
        jti=message.jti,
        iat=message.iat,
        exp=message.exp,
    )
    assert again == jws
