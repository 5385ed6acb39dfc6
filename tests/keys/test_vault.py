"""Content at rest: opens in its own place only, and is found by tokens that nobody without the key can make."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from handover.db import Database
from handover.ids import AgencyId
from handover.keys import keyring, vault
from handover.keys.errors import KeyRefused, SealBroken
from handover.keys.keyring import Keyring
from handover.keys.vault import Vault, words

HERE, THERE = AgencyId("310000019"), AgencyId("310000027")
NOW = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)
SHARED = vault.generate([HERE, THERE])


@settings(max_examples=50)
@given(plaintext=st.binary(max_size=2000), row=st.uuids())
def test_what_is_sealed_opens_in_its_own_place_to_the_byte(plaintext: bytes, row: object) -> None:
    sealed = SHARED.seal(HERE, "referral", "content", str(row), plaintext)

    assert SHARED.open(HERE, "referral", "content", str(row), sealed) == plaintext
    assert len(plaintext) < 8 or plaintext not in sealed


@pytest.mark.parametrize(
    ("agency", "table", "column", "row"),
    [
        (THERE, "referral", "content", "1"),
        (HERE, "message", "content", "1"),
        (HERE, "referral", "name", "1"),
        (HERE, "referral", "content", "2"),
    ],
)
def test_a_sealed_value_moved_to_another_place_does_not_open(
    agency: AgencyId, table: str, column: str, row: str
) -> None:
    sealed = SHARED.seal(HERE, "referral", "content", "1", b"secret")

    with pytest.raises(SealBroken) as broken:
        SHARED.open(agency, table, column, row, sealed)
    assert "secret" not in str(broken.value)


@settings(max_examples=50)
@given(position=st.integers(0, 8 * 37 - 1))
def test_a_sealed_value_with_any_one_bit_flipped_does_not_open(position: int) -> None:
    sealed = bytearray(SHARED.seal(HERE, "referral", "content", 1, b"secret"))
    sealed[position // 8] ^= 1 << position % 8

    with pytest.raises(SealBroken):
        SHARED.open(HERE, "referral", "content", 1, bytes(sealed))


@pytest.mark.parametrize("odd", [b"", b"\x01", b"\x01\x00\x01" + bytes(10), b"plain text"])
def test_what_was_never_sealed_does_not_open(odd: bytes) -> None:
    with pytest.raises(SealBroken):
        SHARED.open(HERE, "referral", "content", 1, odd)


def test_the_same_value_sealed_twice_looks_different() -> None:
    assert SHARED.seal(HERE, "t", "c", 1, b"x") != SHARED.seal(HERE, "t", "c", 1, b"x")


def test_a_number_is_found_by_its_keyed_hash_within_one_agency_and_purpose_only() -> None:
    number = "01815012345"

    assert SHARED.blind(HERE, "number", number) == SHARED.blind(HERE, "number", number)
    different = {
        SHARED.blind(HERE, "number", number),
        SHARED.blind(THERE, "number", number),
        SHARED.blind(HERE, "phone", number),
        SHARED.blind(HERE, "number", number + "0"),
        vault.generate([HERE]).blind(HERE, "number", number),
    }
    assert len(different) == 5


@pytest.mark.parametrize(
    "typed", ["kar", "KARI", "nordm", "Åsn", "aasnes", "Nils-P", "Kari N", "søre", "SOERE", "li"]
)
def test_a_name_is_found_by_what_is_typed(typed: str) -> None:
    stored = set(SHARED.tokens(HERE, "name", "Kari Nils-Petter Åsnes-Nordmann Sørensen Li"))

    assert set(SHARED.search_tokens(HERE, "name", typed)) <= stored


@pytest.mark.parametrize("typed", ["ka", "ari", "nordmenn", "karin"])
def test_a_name_is_not_found_by_two_letters_a_middle_or_another_name(typed: str) -> None:
    stored = set(SHARED.tokens(HERE, "name", "Kari Nordmann"))

    assert not set(SHARED.search_tokens(HERE, "name", typed)) & stored


def test_words_of_a_text_are_stored_whole_and_each_once() -> None:
    tokens = SHARED.word_tokens(HERE, "text", "Angst, angst og ANGST i hverdagen")

    assert len(tokens) == 4
    assert not set(SHARED.word_tokens(HERE, "text", "ang")) & set(tokens)


def test_words_lose_case_accents_and_the_choice_between_letters() -> None:
    assert words("Søren Kåre Æneas André O'Brien 12") == ["soeren", "kaare", "aeneas", "andre", "o", "brien", "12"]


def test_a_node_finds_its_data_keys_again_after_a_restart(any_db: Database) -> None:
    ring = keyring.generate([HERE, THERE])
    first, row = vault.open_vault(any_db, ring, now=NOW), uuid4()
    sealed = first.seal(HERE, "referral", "content", row, b"secret")

    again = vault.open_vault(any_db, ring, now=NOW)
    assert again.open(HERE, "referral", "content", row, sealed) == b"secret"
    assert again.blind(THERE, "number", "1") == first.blind(THERE, "number", "1")


def test_a_new_storage_key_opens_what_the_old_one_wrapped_while_it_is_kept(node_db: Database) -> None:
    ring = keyring.generate([HERE])
    sealed = vault.open_vault(node_db, ring, now=NOW).seal(HERE, "t", "c", 1, b"secret")
    fresh = keyring.generate([HERE]).of(HERE)
    both = Keyring({HERE: replace(ring.of(HERE), storage=fresh.storage + ring.of(HERE).storage)})

    assert vault.open_vault(node_db, both, now=NOW).open(HERE, "t", "c", 1, sealed) == b"secret"


def test_a_node_without_the_storage_key_refuses_to_start_and_names_the_key(node_db: Database) -> None:
    vault.open_vault(node_db, keyring.generate([HERE]), now=NOW)

    with pytest.raises(KeyRefused, match="storage-missing"):
        vault.open_vault(node_db, keyring.generate([HERE]), now=NOW)


def test_a_database_dump_holds_no_data_key(node_db: Database) -> None:
    opened = vault.open_vault(node_db, keyring.generate([HERE]), now=NOW)
    with node_db.reading() as session:
        wrapped = [bytes(row[0]) for row in session.execute(text("select wrapped from data_key"))]

    assert len(wrapped) == 2
    assert opened._index[HERE] not in b"".join(wrapped)


def test_many_processes_starting_at_once_agree_on_one_data_key(any_db: Database) -> None:
    ring = keyring.generate([HERE])

    def start(_: int) -> Vault:
        return vault.open_vault(any_db, ring, now=NOW)

    with ThreadPoolExecutor(4) as pool:
        vaults = list(pool.map(start, range(4)))
    assert len({opened.blind(HERE, "number", "1") for opened in vaults}) == 1
