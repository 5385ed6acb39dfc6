"""The published HPKE-9-KE vectors (draft-ietf-jose-hpke-pq), and an envelope of ours frozen for ever."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from handover.keys import compact, hpke
from handover.keys.errors import EnvelopeRefused
from handover.keys.material import EncryptionKey

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "keys" / "vectors" / "jose-hpke-9-ke.json"
PUBLISHED = ROOT.parent / "shared" / "data" / "jose-hpke-pq-vectors.json"
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


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published file is not beside the repository")
def test_our_copy_is_what_was_published() -> None:
    published = json.loads(PUBLISHED.read_text())

    assert vectors() == [vector for vector in published if vector["alg"] == hpke.ALGORITHM]
