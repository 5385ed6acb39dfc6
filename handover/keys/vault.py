"""Content at rest: sealed per agency, and found again by keyed hashes (DESIGN section 7).

A sealed value is `0x01 || key version (2 bytes) || nonce (12) || AES-256-GCM ciphertext`; associated data is
`table|column|row|version`, so that a value moved to another place does not open. What equal look-up hashes and
token frequencies tell the holder of a database dump is in docs/threat-model.md.
"""

import hmac
import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from handover.db import Database
from handover.ids import AgencyId
from handover.keys.errors import KeyRefused, SealBroken
from handover.keys.keyring import Keyring
from handover.keys.material import StorageKey
from handover.keys.tables import DataKeyRow

FORMAT: Final = b"\x01"
NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32
BLIND_BYTES: Final = 16
TOKEN_BYTES: Final = 8
MIN_PREFIX: Final = 3
CONTENT: Final = "content"
INDEX: Final = "index"

RowKey = str | int | UUID

_LETTERS: Final = str.maketrans(
    {"æ": "ae", "ä": "ae", "ø": "oe", "ö": "oe", "å": "aa", "đ": "d", "ŋ": "n", "ŧ": "t"}
)
_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class DataKeys:
    """One agency's data keys: content keys by version, and the one under which look-up hashes are made."""

    content: Mapping[int, bytes] = field(repr=False)
    index: bytes = field(repr=False)


class Vault:
    """Seals, opens and blinds with the data keys of this node's agencies; safe to share between threads."""

    def __init__(self, keys: Mapping[AgencyId, DataKeys]) -> None:
        self._ciphers = {
            agency: {version: AESGCM(key) for version, key in held.content.items()}
            for agency, held in keys.items()
        }
        self._newest = {agency: max(versions) for agency, versions in self._ciphers.items()}
        self._index = {agency: held.index for agency, held in keys.items()}

    def seal(self, agency: AgencyId, table: str, column: str, row: RowKey, plaintext: bytes) -> bytes:
        """Seal one column's value for this row and no other."""
        version = self._newest[agency]
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[agency][version].encrypt(nonce, plaintext, _place(table, column, row, version))
        return b"".join((FORMAT, version.to_bytes(2, "big"), nonce, sealed))

    def open(self, agency: AgencyId, table: str, column: str, row: RowKey, sealed: bytes) -> bytes:
        """Return the plaintext; raises SealBroken when it was changed, moved, or is another agency's."""
        version = int.from_bytes(sealed[1:3], "big")
        cipher = self._ciphers[agency].get(version)
        if sealed[:1] != FORMAT or cipher is None or len(sealed) < 3 + NONCE_BYTES + 16:
            raise SealBroken(table=table, column=column)
        nonce, ciphertext = sealed[3 : 3 + NONCE_BYTES], sealed[3 + NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, ciphertext, _place(table, column, row, version))
        except InvalidTag as broken:
            raise SealBroken(table=table, column=column) from broken

    def blind(self, agency: AgencyId, purpose: str, value: str) -> bytes:
        """Return the 16-byte keyed hash by which a whole value (a national number) is found; as given."""
        return self._hash(agency, f"blind|{purpose}", value)[:BLIND_BYTES]

    def tokens(self, agency: AgencyId, purpose: str, text: str) -> list[bytes]:
        """Return what to store for a name: the tokens of its words and of their prefixes of 3 letters and more."""
        return self._tokens(agency, purpose, {part for word in words(text) for part in _prefixes(word)})

    def word_tokens(self, agency: AgencyId, purpose: str, text: str) -> list[bytes]:
        """Return the tokens of whole words: what to store for a text."""
        return self._tokens(agency, purpose, words(text))

    def search_tokens(self, agency: AgencyId, purpose: str, typed: str) -> list[bytes]:
        """Return the tokens that a stored value must all have to be a hit for what somebody typed.

        Words of one or two letters count only where there is no longer one ("Kari N" finds Kari Nordmann).
        """
        typed_words = words(typed)
        return self._tokens(
            agency, purpose, [word for word in typed_words if len(word) >= MIN_PREFIX] or typed_words
        )

    def _tokens(self, agency: AgencyId, purpose: str, parts: Iterable[str]) -> list[bytes]:
        return sorted({self._hash(agency, f"token|{purpose}", part)[:TOKEN_BYTES] for part in parts})

    def _hash(self, agency: AgencyId, purpose: str, value: str) -> bytes:
        return hmac.digest(self._index[agency], f"{purpose}\0{value}".encode(), "sha256")


def words(text: str) -> list[str]:
    """Return the words of a text as they are compared: without case, accents or the choice between å and aa."""
    lowered = unicodedata.normalize("NFC", text).casefold().translate(_LETTERS)
    plain = "".join(
        letter for letter in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(letter)
    )
    return _WORD.findall(plain)


def generate(agencies: Iterable[AgencyId]) -> Vault:
    """Return a vault of fresh keys that live in memory only (tests)."""
    return Vault({agency: DataKeys({1: os.urandom(KEY_BYTES)}, os.urandom(KEY_BYTES)) for agency in agencies})


def open_vault(db: Database, keyring: Keyring, *, now: datetime) -> Vault:
    """Unwrap every hosted agency's data keys, making the first ones; raises KeyRefused('key.storage-missing')."""
    try:
        with db.transaction() as session:
            return _open(session, keyring, now)
    except IntegrityError:  # another process made them at the same moment
        with db.transaction() as session:
            return _open(session, keyring, now)


def _open(session: Session, keyring: Keyring, now: datetime) -> Vault:
    found: dict[AgencyId, DataKeys] = {}
    for agency in keyring.agencies:
        storage = keyring.of(agency).storage
        rows = list(session.scalars(select(DataKeyRow).where(DataKeyRow.agency == agency)))
        missing = {CONTENT, INDEX} - {row.purpose for row in rows}
        rows += [_make(session, agency, purpose, storage[0], now) for purpose in sorted(missing)]
        keys = {(row.purpose, row.version): _unwrap(row, storage) for row in rows}
        content = {version: key for (purpose, version), key in keys.items() if purpose == CONTENT}
        found[agency] = DataKeys(content, keys[INDEX, 1])
    return Vault(found)


def _make(session: Session, agency: AgencyId, purpose: str, storage: StorageKey, now: datetime) -> DataKeyRow:
    nonce = os.urandom(NONCE_BYTES)
    wrapped = AESGCM(storage.secret).encrypt(nonce, os.urandom(KEY_BYTES), _wrapping(agency, purpose, 1))
    row = DataKeyRow(
        agency=agency,
        purpose=purpose,
        version=1,
        storage_kid=storage.kid,
        wrapped=nonce + wrapped,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def _unwrap(row: DataKeyRow, storage: Iterable[StorageKey]) -> bytes:
    secret = next((key.secret for key in storage if key.kid == row.storage_kid), None)
    if secret is None:
        raise KeyRefused("key.storage-missing", agency=row.agency, kid=row.storage_kid)
    place = _wrapping(AgencyId(row.agency), row.purpose, row.version)
    try:
        return AESGCM(secret).decrypt(row.wrapped[:NONCE_BYTES], row.wrapped[NONCE_BYTES:], place)
    except InvalidTag as broken:
        raise SealBroken(table="data_key", column="wrapped") from broken


def _wrapping(agency: AgencyId, purpose: str, version: int) -> bytes:
    return f"data-key|{agency}|{purpose}|{version}".encode()


def _place(table: str, column: str, row: RowKey, version: int) -> bytes:
    return f"{table}|{column}|{row}|{version}".encode()


def _prefixes(word: str) -> Iterable[str]:
    return (word[:length] for length in (*range(MIN_PREFIX, len(word)), len(word)))
