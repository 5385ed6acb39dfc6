"""Attachments as blobs: AES-256-GCM under a key that is made for one blob and stands only in its message."""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from handover.keys.errors import EnvelopeRefused, Reason

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


def encrypt(content: bytes) -> tuple[bytes, bytes]:
    """Return a fresh key and `nonce || ciphertext || tag`."""
    key, nonce = os.urandom(KEY_BYTES), os.urandom(_NONCE_BYTES)
    return key, nonce + AESGCM(key).encrypt(nonce, content, None)


def decrypt(key: bytes, ciphertext: bytes) -> bytes:
    """Return the content; raises EnvelopeRefused(cannot-open) when key or ciphertext is not the right one."""
    if len(key) != KEY_BYTES:
        raise EnvelopeRefused(Reason.CANNOT_OPEN)
    try:
        return AESGCM(key).decrypt(ciphertext[:_NONCE_BYTES], ciphertext[_NONCE_BYTES:], None)
    except (InvalidTag, ValueError) as changed:
        raise EnvelopeRefused(Reason.CANNOT_OPEN) from changed
