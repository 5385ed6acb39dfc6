"""Getting into the directory: proof of possession, and a fingerprint that two people compare by voice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from handover.directory import documents, enrolment
from handover.directory.model import DirectoryRefused
from handover.errors import NotFound
from handover.ids import KeyId
from handover.keys import compact, signatures
from handover.keys.errors import EnvelopeRefused, Reason
from handover.keys.material import SigningKey, new_material
from tests import builders
from tests.builders import DPS

NOW = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)
KEY = SigningKey.from_material(new_material())
SPOKEN = documents.fingerprint(KEY.public)


def request(key: SigningKey = KEY, now: datetime = NOW) -> bytes:
    return documents.sign_enrolment(
        agency=DPS, name="Fjordheim DPS", endpoint="https://dps.example", not_before=now, signer=key, now=now
    )


def test_an_agency_is_listed_when_the_fingerprint_read_aloud_is_that_of_the_request() -> None:
    asked, asked_at = documents.read_enrolment(request())

    listed = enrolment.accept({}, asked, asked_at=asked_at, spoken=SPOKEN.replace(" ", "-"), now=NOW)
    assert listed[DPS].signing_key(KEY.kid, at=NOW) == KEY.public
    assert (listed[DPS].name, listed[DPS].endpoint) == ("Fjordheim DPS", "https://dps.example")


def test_a_fingerprint_is_forty_digits_and_differs_for_every_key() -> None:
    assert [len(group) for group in SPOKEN.split()] == [5] * 8
    assert documents.fingerprint(SigningKey.from_material(new_material()).public) != SPOKEN


def test_a_request_swapped_on_its_way_is_noticed_by_voice() -> None:
    asked, asked_at = documents.read_enrolment(request(SigningKey.from_material(new_material())))

    with pytest.raises(DirectoryRefused, match="fingerprint-differs"):
        enrolment.accept({}, asked, asked_at=asked_at, spoken=SPOKEN, now=NOW)


@pytest.mark.parametrize("spoken", ["", "00000", SPOKEN[:-1]], ids=["none", "zeros", "one digit short"])
def test_a_fingerprint_in_part_is_not_enough(spoken: str) -> None:
    asked, asked_at = documents.read_enrolment(request())

    with pytest.raises(DirectoryRefused, match="fingerprint-differs"):
        enrolment.accept({}, asked, asked_at=asked_at, spoken=spoken, now=NOW)


def test_a_request_for_a_key_one_does_not_hold_is_refused() -> None:
    honest = request().split(b".")
    thief = SigningKey.from_material(new_material())
    payload = compact.decode(honest[1])
    stolen = signatures.sign(payload, signer=thief, header={"typ": documents.ENROLMENT_TYPE})
    copied = b".".join((honest[0], honest[1], stolen.split(b".")[2]))

    for forged in (stolen, copied):
        with pytest.raises(DirectoryRefused):
            documents.read_enrolment(forged)


def test_an_old_request_and_one_from_the_future_are_refused() -> None:
    asked, asked_at = documents.read_enrolment(request())

    for now in (NOW + timedelta(days=15), NOW - timedelta(hours=1)):
        with pytest.raises(DirectoryRefused, match="request-too-old"):
            enrolment.accept({}, asked, asked_at=asked_at, spoken=SPOKEN, now=now)


def test_a_further_key_stands_beside_the_first_until_that_one_is_ended() -> None:
    listed = builders.community(NOW).listed.agencies
    first = listed[DPS].keys[0].key
    asked, asked_at = documents.read_enrolment(request())

    both = enrolment.accept(listed, asked, asked_at=asked_at, spoken=SPOKEN, now=NOW)
    ended = enrolment.end(both, first.kid, at=NOW + timedelta(days=14))

    assert ended[DPS].signing_key(first.kid, at=NOW + timedelta(days=13)) == first
    assert ended[DPS].signing_key(KEY.kid, at=NOW + timedelta(days=14)) == KEY.public
    with pytest.raises(EnvelopeRefused) as refused:
        ended[DPS].signing_key(first.kid, at=NOW + timedelta(days=14))
    assert refused.value.reason is Reason.KEY_RETIRED


def test_a_revoked_key_never_comes_back_and_stays_listed_as_revoked() -> None:
    asked, asked_at = documents.read_enrolment(request())
    listed = enrolment.accept({}, asked, asked_at=asked_at, spoken=SPOKEN, now=NOW)

    revoked = enrolment.revoke(listed, KEY.kid, at=NOW)

    with pytest.raises(DirectoryRefused, match="key-already-listed"):
        enrolment.accept(revoked, asked, asked_at=asked_at, spoken=SPOKEN, now=NOW)
    with pytest.raises(EnvelopeRefused):
        revoked[DPS].signing_key(KEY.kid, at=NOW)


def test_a_key_of_one_agency_is_not_listed_for_another() -> None:
    listed = builders.community(NOW).listed.agencies
    held_by_nav = listed[builders.NAV].keys[0]
    asked = replace(listed[DPS], keys=(held_by_nav,))

    with pytest.raises(DirectoryRefused, match="key-already-listed"):
        spoken = documents.fingerprint(held_by_nav.key)
        enrolment.accept(listed, asked, asked_at=NOW, spoken=spoken, now=NOW)


def test_an_agency_or_key_that_is_not_listed_is_not_changed() -> None:
    with pytest.raises(NotFound):
        enrolment.suspend({}, DPS)
    with pytest.raises(NotFound):
        enrolment.revoke({}, KeyId("A" * 43), at=NOW)


def test_an_agency_is_suspended_and_let_back() -> None:
    listed = builders.community(NOW).listed.agencies

    suspended = enrolment.suspend(listed, DPS)
    assert not suspended[DPS].is_active
    assert enrolment.suspend(suspended, DPS, is_active=True) == listed
