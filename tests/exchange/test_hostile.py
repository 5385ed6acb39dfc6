"""What others may try at the counter: refused with a code, a digest in the log, and nothing else left behind."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from werkzeug.test import TestResponse

from handover import clock, migrations
from handover.audit.tables import AuditEntry
from handover.db import Database, provided
from handover.exchange import wire
from handover.exchange.model import MAX_BATCH, MAX_BATCH_BYTES, Outgoing
from handover.exchange.tables import IncomingRow
from handover.fhir import acknowledgement
from handover.fhir.acknowledgement import AckCode
from handover.ids import AgencyId
from handover.keys import compact, hm1, keyring
from handover.keys.vault import Vault
from tests.exchange.conftest import Community
from tests.exchange.network import DPS, KOMMUNE, NAV, START, Book, Ledger, Site, app, audited, provide, referral

UNTOUCHED = {"audit_entry", "alembic_version", "data_key"}
LOOK = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Stranger:
    """Somebody with the municipality's keys (or none), who speaks to the DPS's counter directly."""

    def __init__(self, community: Community) -> None:
        clock.set_offset(START - clock.now())
        self.site: Site = community.dps
        self.client = community.wire.apps["https://dps.example"].test_client()
        self.ring = community.book.keyrings[KOMMUNE]
        self.to = community.book.keyrings[DPS].of(DPS).enc[0].public

    def jws(self, outgoing: Outgoing, **other: object) -> bytes:
        """Sign a message as the municipality, with some claims of one's own."""
        now = clock.now().replace(microsecond=0)
        claims: dict[str, object] = {
            "iss": outgoing.sender,
            "aud": outgoing.receiver,
            "jti": outgoing.message,
            "iat": now,
            "exp": now + timedelta(days=1),
            "signer": self.ring.signer(KOMMUNE),
        }
        return hm1.sign_message(outgoing.payload, **(claims | other))  # type: ignore[arg-type]

    def sealed(self, jws: bytes, *, aud: AgencyId = DPS) -> bytes:
        """Seal whatever to the DPS."""
        return hm1.seal(jws, to=self.to, aud=aud)

    def envelope(self, outgoing: Outgoing | None = None) -> bytes:
        """Return a good envelope."""
        return self.sealed(self.jws(outgoing or referral()))

    def hand_in(self, body: bytes, media_type: str = wire.JOSE) -> TestResponse:
        """Post to the counter."""
        return self.client.post(wire.ENVELOPES, data=body, content_type=media_type)

    def stored(self) -> dict[str, int]:
        """Count the rows of every table that a refused envelope must not touch."""
        with self.site.db.reading() as session:
            return {
                name: int(session.execute(text(f"select count(*) from {name}")).scalar_one())
                for name in migrations.all_tables().tables
                if name not in UNTOUCHED
            }


@pytest.fixture
def stranger(community: Community) -> Stranger:
    return Stranger(community)


def _flipped(envelope: bytes, part: int, at: float, bit: int) -> bytes:
    parts = envelope.split(b".")
    raw = bytearray(parts[part])
    raw[int(at * len(raw))] ^= 1 << bit
    parts[part] = bytes(raw)
    return b".".join(parts)


def _with_another_letter(envelope: bytes) -> bytes:
    head, ciphertext, tag = envelope.rsplit(b".", 2)
    letter = b"B" if ciphertext[:1] == b"A" else b"A"
    return b".".join((head, letter + ciphertext[1:], tag))


@given(part=st.integers(0, 4), at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 5))
@LOOK
def test_an_envelope_with_one_bit_changed_leaves_nothing_but_its_digest_in_the_log(
    stranger: Stranger, part: int, at: float, bit: int
) -> None:
    good = stranger.envelope()
    changed = _flipped(good, part, at, bit)
    before, logged = stranger.stored(), len(audited(stranger.site.db))
    answer = stranger.hand_in(changed)
    assert 400 <= answer.status_code < 500
    assert set(answer.get_json()) == {"code", "side"}
    assert stranger.stored() == before
    assert len(audited(stranger.site.db)) == logged + 1
    assert stranger.hand_in(good).status_code == 200


@given(body=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)), batch=st.booleans())
@LOOK
def test_noise_is_refused_and_changes_nothing(stranger: Stranger, body: bytes, batch: bool) -> None:
    before = stranger.stored()
    answer = stranger.hand_in(body, wire.JSON if batch else wire.JOSE)
    assert answer.status_code < 500
    if answer.status_code == 200:
        assert batch
        assert all(400 <= one["status"] < 500 for one in answer.get_json())
    assert stranger.stored() == before


HOSTILE: dict[str, tuple[str, Callable[[Stranger], bytes]]] = {
    "signed by nobody we know": (
        "unknown-signer",
        lambda s: s.sealed(s.jws(referral(), signer=keyring.generate([KOMMUNE]).signer(KOMMUNE))),
    ),
    "signed by another agency": ("unknown-signer", lambda s: s.sealed(s.jws(referral(), iss=DPS))),
    "signed for somebody else": ("wrong-audience", lambda s: s.sealed(s.jws(referral(), aud=NAV))),
    "sealed with another agency's name": ("cannot-open", lambda s: s.sealed(s.jws(referral()), aud=NAV)),
    "not signed": ("malformed", lambda s: s.sealed(b"{}")),
    "expired": (
        "expired",
        lambda s: s.sealed(
            s.jws(referral(), iat=clock.now() - timedelta(days=2), exp=clock.now() - timedelta(days=1))
        ),
    ),
    "from the future": (
        "from-the-future",
        lambda s: s.sealed(s.jws(referral(), iat=clock.now() + timedelta(hours=1))),
    ),
    "to a key that is gone": (
        "unknown-kid",
        lambda s: hm1.seal(s.jws(referral()), to=keyring.generate([DPS]).of(DPS).enc[0].public, aud=DPS),
    ),
    "not sealed": ("malformed", lambda s: s.jws(referral())),
    "too large": ("too-large", lambda s: b"a." * (hm1.MAX_JWE_BYTES // 2 + 1)),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_envelope_is_refused_with_its_code_and_leaves_a_digest(stranger: Stranger, what: str) -> None:
    code, make = HOSTILE[what]
    before, body = stranger.stored(), make(stranger)
    answer = stranger.hand_in(body)
    assert (answer.status_code, answer.get_json()) == (400, {"code": code, "side": "SEND"})
    assert stranger.stored() == before
    assert audited(stranger.site.db) == ["envelope.refused"]


def test_the_refusal_in_the_log_says_the_digest_and_not_the_content(stranger: Stranger) -> None:
    body = stranger.sealed(stranger.jws(referral(text="Kari"), signer=keyring.generate([KOMMUNE]).signer(KOMMUNE)))
    stranger.hand_in(body)
    with stranger.site.db.reading() as session:
        row = session.scalars(select(AuditEntry)).one()
        entry = provided(session, Vault).open(DPS, "audit_entry", "sealed", row.id.hex, row.sealed)
    assert orjson.loads(entry)["detail"] == {"code": "unknown-signer", "digest": sha256(body).hexdigest()}
    assert b"Kari" not in entry


def test_ids_inside_that_differ_from_the_signed_ones_are_refused_by_a_signed_answer(stranger: Stranger) -> None:
    one, other = referral(), referral()
    answer = stranger.hand_in(stranger.envelope(replace(one, payload=other.payload)))
    assert answer.status_code == 200
    said = _read(stranger, answer.data)
    assert said.code is AckCode.FATAL
    assert {problem.code.value for problem in said.problems} == {"id-mismatch"}
    assert stranger.site.ledger.received == []


def test_invalid_fhir_is_refused_with_every_problem_and_nobody_here_keeps_it(stranger: Stranger) -> None:
    message = referral()
    bundle = orjson.loads(message.payload)
    bundle["type"], bundle["entry"][1]["resource"]["status"] = "batch", "bogus"
    answer = stranger.hand_in(stranger.envelope(replace(message, payload=orjson.dumps(bundle))))
    said = _read(stranger, answer.data)
    assert said.code is AckCode.FATAL
    assert {problem.path for problem in said.problems} >= {"Bundle.type", "Bundle.entry[1].resource.status"}
    with stranger.site.db.reading() as session:
        row = session.scalars(select(IncomingRow)).one()
    assert (row.outcome, row.jws) == ("fatal-error", None)


def test_an_acknowledgement_is_no_message(stranger: Stranger) -> None:
    stranger.hand_in(stranger.envelope())
    with stranger.site.db.reading() as session:
        token = session.scalars(select(IncomingRow.acknowledgement)).one()
    assert stranger.hand_in(stranger.sealed(token)).get_json()["code"] == "wrong-type"


def test_bad_ones_in_a_batch_hurt_none_of_their_neighbours_and_the_answers_keep_the_order(
    stranger: Stranger,
) -> None:
    good = [referral() for _ in range(3)]
    first, second, third = map(stranger.envelope, good)
    bad = _with_another_letter(stranger.envelope())
    foreign = hm1.seal(stranger.jws(referral()), to=keyring.generate([DPS]).of(DPS).enc[0].public, aud=DPS)
    answer = stranger.hand_in(wire.write_batch([first, bad, second, foreign, first, third]), wire.JSON)
    statuses = [(one["status"], one.get("code", "")) for one in answer.get_json()]
    assert statuses == [(200, ""), (400, "cannot-open"), (200, ""), (400, "unknown-kid"), (200, ""), (200, "")]
    said = [one.get("acknowledgement", "") for one in answer.get_json()]
    assert said[0] == said[4]
    assert sorted(stranger.site.ledger.ids()) == sorted(one.message for one in good)


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (wire.write_batch([b"a.b.c.d.e"] * (MAX_BATCH + 1)), wire.JSON, 413),
        (b'["' + b"a" * MAX_BATCH_BYTES + b'"]', wire.JSON, 413),
        (b"[]", wire.JSON, 400),
        (b"{}", wire.JSON, 400),
        (b"[1]", wire.JSON, 400),
        (b"[" * 100_000, wire.JSON, 400),
        (b"a.b.c.d.e", "text/plain", 415),
    ],
)
def test_a_request_that_is_none_is_refused_before_it_is_read(
    stranger: Stranger, body: bytes, media_type: str, status: int
) -> None:
    assert stranger.hand_in(body, media_type).status_code == status
    assert stranger.stored()["exchange_incoming"] == 0


def test_the_same_envelope_many_times_at_once_has_one_effect_and_one_answer(any_db: Database) -> None:
    book, ledger = Book(), Ledger()
    provide(any_db, book, ledger.products(), [DPS], endpoint="https://dps.example")
    book.keyrings[KOMMUNE] = keyring.generate([KOMMUNE])
    now = clock.now().replace(microsecond=0)
    message = referral()
    jws = hm1.sign_message(
        message.payload,
        signer=book.keyrings[KOMMUNE].signer(KOMMUNE),
        iss=KOMMUNE,
        aud=DPS,
        jti=message.message,
        iat=now,
        exp=now + timedelta(days=1),
    )
    counter = app(any_db)

    def hand_in(_number: int) -> tuple[int, bytes]:
        envelope = hm1.seal(jws, to=book.keyrings[DPS].of(DPS).enc[0].public, aud=DPS)
        got = counter.test_client().post(wire.ENVELOPES, data=envelope, content_type=wire.JOSE)
        return got.status_code, got.data

    with ThreadPoolExecutor(8) as several:
        answers = set(several.map(hand_in, range(24)))
    assert len(answers) == 1
    assert {status for status, _ in answers} == {200}
    assert ledger.ids() == [message.message]
    with any_db.reading() as session:
        assert session.scalar(select(func.count()).select_from(IncomingRow)) == 1


def _read(stranger: Stranger, token: bytes) -> acknowledgement.Acknowledgement:
    payload = compact.decode(token.split(b".")[1])
    return acknowledgement.read(orjson.loads(payload))
