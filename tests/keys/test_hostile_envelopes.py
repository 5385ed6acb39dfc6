"""Every hostile case of CRYPTO.md: each is refused with its reason, and honest neighbours still pass."""

import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handover.ids import MessageId
from handover.keys import compact, hm1, keyring
from handover.keys.errors import EnvelopeRefused, Reason
from tests.keys.world import NOW, OTHER, PAYLOAD, RECEIVER, SENDER, World, make_world

Case = Callable[[World], bytes]


@pytest.fixture(scope="module")
def shared() -> World:
    """A world that no test changes."""
    return make_world()


@pytest.fixture
def world() -> World:
    return make_world()


def refusal(world: World, jwe: bytes) -> Reason:
    with pytest.raises(EnvelopeRefused) as refused:
        world.receive(jwe)
    assert refused.value.stable_code == f"envelope.{refused.value.reason}"
    return refused.value.reason


def resealed(header: dict[str, Any] | bytes) -> Case:
    """Take an honest envelope with another outer header."""

    def make(world: World) -> bytes:
        honest, rest = world.sealed(world.signed()).split(b".", 1)
        raw = header if isinstance(header, bytes) else json.dumps({**compact.header(honest), **header}).encode()
        return compact.encode(raw) + b"." + rest

    return make


def inner(**other: Any) -> Case:
    """Seal a correctly signed JWS with another inner header."""
    return lambda world: world.sealed(world.signed_as(world.header(**other)))


def part_flipped(index: int) -> Case:
    def make(world: World) -> bytes:
        parts = world.sealed(world.signed()).split(b".")
        raw = bytearray(compact.decode(parts[index]))
        raw[len(raw) // 2] ^= 1
        parts[index] = compact.encode(bytes(raw))
        return b".".join(parts)

    return make


def inner_part_flipped(index: int) -> Case:
    def make(world: World) -> bytes:
        parts = world.signed().split(b".")
        raw = bytearray(compact.decode(parts[index]))
        raw[len(raw) // 2] ^= 1
        parts[index] = compact.encode(bytes(raw))
        return world.sealed(b".".join(parts))

    return make


def hs256_with_the_public_key(world: World) -> bytes:
    header = compact.encode(json.dumps(world.header(alg="HS256")).encode())
    signed = header + b"." + compact.encode(PAYLOAD)
    public = compact.decode(world.sender_key.public.jwk()["x"].encode())
    return world.sealed(signed + b"." + compact.encode(hmac.digest(public, signed, "sha256")))


def an_acknowledgement(world: World) -> bytes:
    ack = hm1.sign_ack(
        PAYLOAD,
        signer=world.sender_key,
        iss=SENDER,
        aud=RECEIVER,
        jti=MessageId(uuid4()),
        iat=NOW,
        message=MessageId(uuid4()),
        message_sha256=bytes(32),
    )
    return world.sealed(ack)


def sealed_to_a_key_of_nobody(world: World) -> bytes:
    stranger = keyring.generate([RECEIVER]).of(RECEIVER).enc[0].public
    return hm1.seal(world.signed(), to=stranger, aud=RECEIVER)


def named_as_ours_but_sealed_to_another(world: World) -> bytes:
    other = hm1.seal(world.signed(), to=world.here.of(OTHER).enc[0].public, aud=OTHER)
    protected, rest = other.split(b".", 1)
    header = {**compact.header(protected), "kid": world.receiver_key.kid}
    return compact.encode(json.dumps(header).encode()) + b"." + rest


def json_serialisation(world: World) -> bytes:
    names = ("protected", "encrypted_key", "iv", "ciphertext", "tag")
    parts = world.sealed(world.signed()).decode().split(".")
    return json.dumps(dict(zip(names, parts, strict=True))).encode()


def json_signatures(world: World) -> bytes:
    header, payload, signature = world.signed().decode().split(".")
    many = [{"protected": header, "header": {"alg": "Ed25519"}, "signature": signature}] * 2000
    return world.sealed(json.dumps({"payload": payload, "signatures": many}).encode())


def alg_only_unprotected(world: World) -> bytes:
    header, payload, signature = world.signed_as(world.header(alg=None)).decode().split(".")
    flat = {"payload": payload, "protected": header, "header": {"alg": "Ed25519"}, "signature": signature}
    return world.sealed(json.dumps(flat).encode())


def duplicate_inner_member(world: World) -> bytes:
    raw = json.dumps(world.header())[:-1].encode() + b',"aud":"' + RECEIVER.encode() + b'"}'
    return world.sealed(world.signed_as(raw))


def raw_inner_header(raw: bytes) -> Case:
    return lambda world: world.sealed(world.signed_as(raw))


CASES: dict[str, tuple[Case, Reason]] = {
    # a flipped bit in each part
    "flipped encrypted key": (part_flipped(1), Reason.CANNOT_OPEN),
    "flipped nonce": (part_flipped(2), Reason.CANNOT_OPEN),
    "flipped ciphertext": (part_flipped(3), Reason.CANNOT_OPEN),
    "flipped tag": (part_flipped(4), Reason.CANNOT_OPEN),
    "flipped payload": (inner_part_flipped(1), Reason.BAD_SIGNATURE),
    "flipped signature": (inner_part_flipped(2), Reason.BAD_SIGNATURE),
    "another ek": (resealed({"ek": compact.encode(bytes(1120)).decode()}), Reason.CANNOT_OPEN),
    "same header, other spelling": (
        lambda world: resealed(json.dumps(compact.header(world.sealed(world.signed()).split(b".")[0])).encode())(
            world
        ),
        Reason.CANNOT_OPEN,
    ),
    # algorithms
    "outer alg in lower case": (resealed({"alg": "hpke-9-ke"}), Reason.BAD_ALGORITHM),
    "outer alg without key encryption": (resealed({"alg": "HPKE-9"}), Reason.BAD_ALGORITHM),
    "outer alg classical": (resealed({"alg": "HPKE-3-KE"}), Reason.BAD_ALGORITHM),
    "outer alg dir": (resealed({"alg": "dir"}), Reason.BAD_ALGORITHM),
    "outer enc changed": (resealed({"enc": "A128GCM"}), Reason.BAD_ALGORITHM),
    "outer alg a list": (resealed({"alg": ["HPKE-9-KE"]}), Reason.BAD_ALGORITHM),
    "inner alg none": (inner(alg="none"), Reason.BAD_ALGORITHM),
    "inner alg none without signature": (
        lambda world: world.sealed(world.signed_as(world.header(alg="none")).rsplit(b".", 1)[0] + b"."),
        Reason.MALFORMED,
    ),
    "inner alg EdDSA": (inner(alg="EdDSA"), Reason.BAD_ALGORITHM),
    "inner alg in lower case": (inner(alg="ed25519"), Reason.BAD_ALGORITHM),
    "HS256 with the public key": (hs256_with_the_public_key, Reason.BAD_ALGORITHM),
    "alg missing": (inner(alg=None), Reason.BAD_ALGORITHM),
    "alg only unprotected": (alg_only_unprotected, Reason.MALFORMED),
    # header members
    **{
        f"outer {name} added": (resealed({name: value}), Reason.BAD_HEADER)
        for name, value in {
            "zip": "DEF",
            "p2c": 1,
            "crit": ["exp"],
            "jku": "https://evil.example/jwks",
            "jwk": {"kty": "OKP"},
            "x5u": "https://evil.example/x5u",
            "typ": "JWE",
        }.items()
    },
    **{
        f"inner {name} added": (inner(**{name: value}), Reason.BAD_HEADER)
        for name, value in {
            "crit": ["b64"],
            "b64": False,
            "jku": "https://evil.example/jwks",
            "jwk": {"kty": "OKP"},
            "x5u": "https://evil.example/x5u",
            "x5c": ["MIIB"],
            "nbf": 1,
        }.items()
    },
    "outer kid a path": (resealed({"kid": "../../etc/passwd"}), Reason.BAD_HEADER),
    "outer kid unknown": (resealed({"kid": "A" * 43}), Reason.UNKNOWN_KID),
    "outer kid a number": (resealed({"kid": 1}), Reason.BAD_HEADER),
    "outer ek short": (resealed({"ek": "AAAA"}), Reason.BAD_HEADER),
    "inner kid a path": (inner(kid="../node/sig/key.json"), Reason.BAD_HEADER),
    "inner kid missing": (inner(kid=None), Reason.BAD_HEADER),
    "aud a list": (inner(aud=[RECEIVER]), Reason.BAD_HEADER),
    "aud missing": (inner(aud=None), Reason.BAD_HEADER),
    "iat a boolean": (inner(iat=True), Reason.BAD_HEADER),
    "iat a fraction": (inner(iat=1741000000.5), Reason.BAD_HEADER),
    "exp a text": (inner(exp="1741000000"), Reason.BAD_HEADER),
    "exp beyond every calendar": (inner(exp=10**18), Reason.BAD_HEADER),
    "jti not a UUID": (inner(jti="1"), Reason.BAD_HEADER),
    "jti in capitals": (inner(jti=str(uuid4()).upper().replace("0", "A")), Reason.BAD_HEADER),
    "cty other": (inner(cty="text/html"), Reason.BAD_HEADER),
    "typ missing": (inner(typ=None), Reason.WRONG_TYPE),
    "an acknowledgement as a message": (an_acknowledgement, Reason.WRONG_TYPE),
    # JSON
    "outer member twice": (
        lambda world: resealed(
            compact.decode(world.sealed(world.signed()).split(b".")[0])[:-1] + b',"alg":"HPKE-9-KE"}'
        )(world),
        Reason.MALFORMED,
    ),
    "inner member twice": (duplicate_inner_member, Reason.MALFORMED),
    "deep JSON outside": (resealed(b'{"alg":' + b"[" * 1500 + b"]" * 1500 + b"}"), Reason.MALFORMED),
    "deep JSON inside": (raw_inner_header(b'{"alg":' + b"[" * 1500 + b"]" * 1500 + b"}"), Reason.MALFORMED),
    "header not an object": (resealed(b"[]"), Reason.MALFORMED),
    "header with NaN": (resealed(b'{"alg":NaN}'), Reason.MALFORMED),
    "header not UTF-8": (resealed(b'{"alg":"\xff"}'), Reason.MALFORMED),
    "header in UTF-16": (resealed('{"alg":"HPKE-9-KE"}'.encode("utf-16")), Reason.MALFORMED),
    "inner header not UTF-8": (raw_inner_header(b'{"alg":"\xc3"}'), Reason.MALFORMED),
    # framing
    "padding": (lambda world: world.sealed(world.signed()) + b"=", Reason.MALFORMED),
    "newline at the end": (lambda world: world.sealed(world.signed()) + b"\n", Reason.MALFORMED),
    "newline inside": (lambda world: world.sealed(world.signed()).replace(b".", b".\n", 1), Reason.MALFORMED),
    "six parts": (lambda world: world.sealed(world.signed()) + b".AAAA", Reason.MALFORMED),
    "four parts": (lambda world: world.sealed(world.signed()).rsplit(b".", 1)[0], Reason.MALFORMED),
    "empty part": (lambda world: world.sealed(world.signed()).rsplit(b".", 1)[0] + b".", Reason.MALFORMED),
    "nothing": (lambda _: b"", Reason.MALFORMED),
    "plain base64 letters": (lambda world: world.sealed(world.signed())[:-2] + b"+/", Reason.MALFORMED),
    "JSON serialisation": (json_serialisation, Reason.MALFORMED),
    "inner JSON with 2000 signatures": (json_signatures, Reason.MALFORMED),
    "a short nonce": (
        lambda world: b".".join(
            part if index != 2 else compact.encode(bytes(8))
            for index, part in enumerate(world.sealed(world.signed()).split(b"."))
        ),
        Reason.MALFORMED,
    ),
    "inner newline": (lambda world: world.sealed(world.signed() + b"\n"), Reason.MALFORMED),
    "inner with four parts": (lambda world: world.sealed(world.signed() + b".AAAA"), Reason.MALFORMED),
    "detached payload": (
        lambda world: world.sealed(b"..".join((world.signed().split(b".")[0], world.signed().split(b".")[2]))),
        Reason.MALFORMED,
    ),
    # size, before parsing
    "oversize outside": (lambda _: b"A" * (hm1.MAX_JWE_BYTES + 1), Reason.TOO_LARGE),
    "oversize outer header": (lambda _: b"A" * 5000 + b".A.A.A.A", Reason.TOO_LARGE),
    "oversize inside": (lambda world: world.sealed(b"A" * (hm1.MAX_JWS_BYTES + 1)), Reason.TOO_LARGE),
    "oversize payload": (
        lambda world: world.sealed(world.signed_as(world.header(), bytes(hm1.MAX_PAYLOAD_BYTES + 1))),
        Reason.TOO_LARGE,
    ),
    # who signed, for whom
    "unsigned payload": (lambda world: world.sealed(PAYLOAD), Reason.MALFORMED),
    "signed by another agency in the sender's name": (
        lambda world: world.sealed(world.signed(signer=world.here.signer(OTHER))),
        Reason.UNKNOWN_SIGNER,
    ),
    "signed by another key under the sender's kid": (
        lambda world: world.sealed(world.signed_as(world.header(), key=world.here.signer(OTHER))),
        Reason.BAD_SIGNATURE,
    ),
    "signed by a stranger": (
        lambda world: world.sealed(world.signed(signer=keyring.generate([SENDER]).signer(SENDER))),
        Reason.UNKNOWN_SIGNER,
    ),
    "forwarded to somebody else": (lambda world: world.sealed(world.signed(aud=OTHER)), Reason.WRONG_AUDIENCE),
    "aud not an agency": (inner(aud="310000027 "), Reason.BAD_HEADER),
    "sealed for another agency": (
        lambda world: hm1.seal(world.signed(), to=world.receiver_key, aud=OTHER),
        Reason.CANNOT_OPEN,
    ),
    "sealed to a key of nobody": (sealed_to_a_key_of_nobody, Reason.UNKNOWN_KID),
    "named as ours but sealed to another": (named_as_ours_but_sealed_to_another, Reason.CANNOT_OPEN),
    # when
    "expired": (
        lambda world: world.sealed(world.signed(iat=NOW - timedelta(days=4), exp=NOW)),
        Reason.EXPIRED,
    ),
    "from the future": (
        lambda world: world.sealed(world.signed(iat=NOW + timedelta(hours=1))),
        Reason.FROM_THE_FUTURE,
    ),
    "made to live for years": (
        inner(iat=int(NOW.timestamp()), exp=int((NOW + timedelta(days=400)).timestamp())),
        Reason.LIFETIME_TOO_LONG,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_envelope_is_refused_with_its_reason(shared: World, case: str) -> None:
    make, reason = CASES[case]

    assert refusal(shared, make(shared)) is reason


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_envelope_with_any_one_bit_flipped_is_refused(shared: World, data: st.DataObject) -> None:
    jwe = bytearray(shared.sealed(shared.signed()))
    position = data.draw(st.integers(0, len(jwe) * 8 - 1))
    jwe[position // 8] ^= 1 << position % 8

    refusal(shared, bytes(jwe))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_signed_message_with_any_one_bit_flipped_is_refused(shared: World, data: st.DataObject) -> None:
    jws = bytearray(shared.signed())
    position = data.draw(st.integers(0, len(jws) * 8 - 1))
    jws[position // 8] ^= 1 << position % 8

    refusal(shared, shared.sealed(bytes(jws)))


def test_a_key_counts_from_its_first_day(world: World) -> None:
    world.change_listed(SENDER, not_before=NOW + timedelta(seconds=1))

    assert refusal(world, world.sealed(world.signed())) is Reason.KEY_NOT_YET_VALID


def test_a_retired_key_counts_no_more(world: World) -> None:
    world.change_listed(SENDER, not_after=NOW)

    assert refusal(world, world.sealed(world.signed())) is Reason.KEY_RETIRED


def test_a_revoked_key_counts_no_more(world: World) -> None:
    world.change_listed(SENDER, revoked_at=NOW)

    assert refusal(world, world.sealed(world.signed())) is Reason.KEY_REVOKED


def test_revocation_is_checked_against_the_time_of_receipt_so_that_backdating_does_not_help(world: World) -> None:
    world.change_listed(SENDER, revoked_at=NOW - timedelta(hours=1))
    backdated = world.signed(iat=NOW - timedelta(days=2), exp=NOW + timedelta(days=1))

    assert refusal(world, world.sealed(backdated)) is Reason.KEY_REVOKED


def test_a_clock_a_little_ahead_is_forgiven(world: World) -> None:
    ahead = world.signed(iat=NOW + hm1.SKEW, exp=NOW + timedelta(days=1))

    assert world.receive(world.sealed(ahead)).iat == NOW + hm1.SKEW


def test_a_message_as_an_acknowledgement_is_refused(world: World) -> None:
    with pytest.raises(EnvelopeRefused) as refused:
        hm1.verify_ack(world.signed(), aud=RECEIVER, find_key=world.find_key, now=NOW)

    assert refused.value.reason is Reason.WRONG_TYPE


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"aud": OTHER}, Reason.WRONG_AUDIENCE),
        ({"iat": NOW + timedelta(days=1)}, Reason.FROM_THE_FUTURE),
        ({"iss": OTHER}, Reason.UNKNOWN_SIGNER),
    ],
)
def test_a_wrong_acknowledgement_is_refused(world: World, change: dict[str, Any], reason: Reason) -> None:
    claims: dict[str, Any] = {
        "signer": world.sender_key,
        "iss": SENDER,
        "aud": RECEIVER,
        "jti": MessageId(uuid4()),
        "iat": NOW,
        "message": MessageId(uuid4()),
        "message_sha256": bytes(32),
    }
    ack = hm1.sign_ack(b"{}", **{**claims, **change})

    with pytest.raises(EnvelopeRefused) as refused:
        hm1.verify_ack(ack, aud=RECEIVER, find_key=world.find_key, now=NOW)
    assert refused.value.reason is reason


def test_a_message_of_one_mebibyte_passes_and_one_byte_more_is_not_even_signed(world: World) -> None:
    largest = bytes(hm1.MAX_PAYLOAD_BYTES)

    assert world.receive(world.sealed(world.signed(largest))).payload == largest
    with pytest.raises(EnvelopeRefused) as refused:
        world.signed(largest + b" ")
    assert refused.value.reason is Reason.TOO_LARGE


def test_a_sender_cannot_sign_a_message_that_lives_longer_than_the_old_keys(world: World) -> None:
    with pytest.raises(EnvelopeRefused) as refused:
        world.signed(exp=datetime(2026, 1, 1, tzinfo=UTC))

    assert refused.value.reason is Reason.LIFETIME_TOO_LONG


def test_the_same_message_sealed_twice_looks_different_and_carries_the_same_digest(world: World) -> None:
    jws = world.signed()
    first, second = world.sealed(jws), world.sealed(jws)

    assert first != second
    assert world.receive(first).sha256 == world.receive(second).sha256


def test_two_agencies_on_one_node_each_open_only_what_is_theirs(world: World) -> None:
    to_other = hm1.seal(world.signed(aud=OTHER), to=world.here.of(OTHER).enc[0].public, aud=OTHER)

    assert world.receive(to_other).aud == OTHER
    assert world.receive(world.sealed(world.signed())).aud == RECEIVER


def test_what_is_secret_or_personal_does_not_show_when_printed(world: World) -> None:
    message = world.receive(world.sealed(world.signed(b'{"name":"Kari"}')))
    seed = world.sender_key.key.as_dict(private=True)["d"]

    assert "Kari" not in repr(message)
    assert str(seed) not in repr(world.senders.of(SENDER))
    assert "secret" not in repr(world.senders.of(SENDER).storage[0])
