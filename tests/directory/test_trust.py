"""What a node believes: only its anchor's newest directory, and statements signed by keys listed in it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from handover.db import Base, Database
from handover.directory import documents, service
from handover.directory.model import Anchors, Directory, DirectoryExpired, DirectoryRefused
from handover.errors import HandoverError, NotFound
from handover.keys import signatures
from handover.keys.errors import EnvelopeRefused, Reason
from handover.keys.keyring import Keyring
from handover.keys.material import EncryptionKey, SigningKey, new_material
from tests import builders
from tests.builders import DPS, MUNICIPALITY, NAV, Community

NOW = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def made(node_db: Database) -> Community:
    community = builders.community(NOW)
    builders.join(node_db, community, MUNICIPALITY, NAV)
    return community


def signed(made: Community, **other: Any) -> bytes:
    """Sign the next directory, or one with other members."""
    plain: dict[str, Any] = {"version": 2, "iat": LATER, "exp": LATER + timedelta(days=7)}
    return documents.sign_directory(replace(made.listed, **{**plain, **other}), anchor=made.anchor)


def with_claims(made: Community, change: Callable[[dict[str, Any]], object]) -> bytes:
    """Sign the next directory's claims after changing them."""
    listed = replace(made.listed, version=2, iat=LATER, exp=LATER + timedelta(days=7))
    claims = {
        **documents.directory_claims(listed),
        "iat": int(LATER.timestamp()),
        "exp": int(listed.exp.timestamp()),
    }
    change(claims)
    return signatures.sign(
        json.dumps(claims).encode(), signer=made.anchor, header={"typ": documents.DIRECTORY_TYPE}
    )


def refusal(db: Database, jws: bytes, now: datetime = LATER) -> str:
    with pytest.raises(HandoverError) as refused, db.transaction() as session:
        service.accept_directory(session, jws, now=now)
    with db.reading() as session:
        assert service.directory_jws(session) != jws
        assert service.agency(session, DPS).name == "Fjordheim DPS"
    return refused.value.stable_code


def test_the_next_version_takes_over(node_db: Database, made: Community) -> None:
    agencies = {**made.listed.agencies, DPS: replace(made.listed.agencies[DPS], endpoint="https://b.example")}
    with node_db.transaction() as session:
        service.accept_directory(session, signed(made, agencies=agencies), now=LATER)

    with node_db.reading() as session:
        assert service.agency(session, DPS).endpoint == "https://b.example"
        assert service.state(session, now=LATER).version == 2


CASES: dict[str, tuple[Callable[[Community], bytes], str]] = {
    "a lower version": (lambda made: signed(made, version=0), "directory.odd"),
    "another document under the same version": (
        lambda made: signed(made, version=1),
        "directory.two-of-one-version",
    ),
    "expired": (lambda made: signed(made, iat=NOW - timedelta(days=7), exp=LATER), "directory.expired-document"),
    "made to live too long": (
        lambda made: signed(made, exp=LATER + timedelta(days=8)),
        "directory.lives-too-long",
    ),
    "from the future": (lambda made: signed(made, iat=LATER + timedelta(hours=1)), "directory.from-the-future"),
    "signed by another anchor": (
        lambda made: signed(replace(made, anchor=SigningKey.from_material(new_material()))),
        "directory.foreign",
    ),
    "signed by an agency": (lambda made: signed(replace(made, anchor=made.keys[DPS].sig)), "directory.foreign"),
    "of another community": (lambda made: signed(made, community="helsefellesskap-andre"), "directory.foreign"),
    "changed": (lambda made: signed(made)[:-3] + b"AAA", "directory.bad-signature"),
    "a statement": (lambda made: made.statements[DPS], "directory.wrong-type"),
    "not signed": (lambda made: b'{"entities":[]}', "directory.malformed"),
    "too large": (lambda made: b"A" * (documents.MAX_DIRECTORY_BYTES + 1), "directory.too-large"),
    "an agency twice": (
        lambda made: with_claims(made, lambda claims: claims["entities"].append(claims["entities"][0])),
        "directory.odd",
    ),
    "a weak key": (
        lambda made: with_claims(
            made,
            lambda claims: claims["entities"][0]["keys"][0].update(
                jwk={"kty": "OKP", "crv": "Ed25519", "x": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}
            ),
        ),
        "directory.odd",
    ),
    "an endpoint that is no address": (
        lambda made: with_claims(made, lambda claims: claims["entities"][0].update(endpoint="file:///etc/passwd")),
        "directory.odd",
    ),
    "an endpoint with a name in it": (
        lambda made: with_claims(
            made, lambda claims: claims["entities"][0].update(endpoint="https://a@b.example")
        ),
        "directory.odd",
    ),
    "no version": (lambda made: with_claims(made, lambda claims: claims.pop("version")), "directory.odd"),
    "a version in words": (
        lambda made: with_claims(made, lambda claims: claims.update(version="2")),
        "directory.odd",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_directory_that_must_not_be_believed_leaves_the_last_good_copy(
    node_db: Database, made: Community, case: str
) -> None:
    make, code = CASES[case]

    assert refusal(node_db, make(made)) == code


def test_an_older_version_is_refused_even_when_it_is_still_valid(node_db: Database, made: Community) -> None:
    with node_db.transaction() as session:
        service.accept_directory(session, signed(made), now=LATER)

    assert refusal(node_db, made.directory) == "directory.older"


def test_claims_that_a_later_version_will_add_do_no_harm(node_db: Database, made: Community) -> None:
    jws = with_claims(made, lambda claims: claims["entities"][0].update(trust_marks=["x"]))
    with node_db.transaction() as session:
        assert service.accept_directory(session, jws, now=LATER).version == 2


def test_either_of_two_pinned_anchors_may_sign(node_db: Database, made: Community) -> None:
    second = SigningKey.from_material(new_material())
    both = Anchors(community=made.anchors.community, keys={**made.anchors.keys, second.kid: second.public})
    service.open_book(node_db, documents.read_anchors(documents.write_anchors(both)))
    with node_db.transaction() as session:
        offered = signed(replace(made, anchor=second))
        assert service.accept_directory(session, offered, now=LATER).version == 2


def test_nothing_is_believed_before_the_first_directory_not_even_the_first_caller(node_db: Database) -> None:
    made = builders.community(NOW)
    node_db.provide(Keyring, made.ring(MUNICIPALITY))
    service.open_book(node_db, made.anchors)
    with pytest.raises(DirectoryExpired, match="none"), node_db.transaction() as session:
        service.accept_statement(session, made.statements[DPS], agency=DPS, now=NOW)
    with node_db.reading() as session, pytest.raises(EnvelopeRefused) as refused:
        service.signing_key(session, DPS, made.keys[DPS].sig.kid, at=NOW)

    assert refused.value.reason is Reason.DIRECTORY_EXPIRED


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"revoked_at": LATER}, Reason.KEY_REVOKED),
        ({"not_after": LATER}, Reason.KEY_RETIRED),
        ({"not_before": LATER + timedelta(seconds=1)}, Reason.KEY_NOT_YET_VALID),
    ],
)
def test_what_the_next_directory_says_of_a_key_counts_at_once(
    node_db: Database, made: Community, change: dict[str, datetime], reason: Reason
) -> None:
    kid = made.keys[DPS].sig.kid
    with node_db.reading() as session:
        assert service.signing_key(session, DPS, kid, at=LATER).kid == kid
    with node_db.transaction() as session:
        service.accept_directory(session, signed(made, agencies=_changed(made, **change)), now=LATER)

    with node_db.reading() as session, pytest.raises(EnvelopeRefused) as refused:
        service.signing_key(session, DPS, kid, at=LATER)
    assert refused.value.reason is reason


def test_a_suspended_agency_neither_signs_nor_is_sealed_to_nor_is_shown(
    node_db: Database, made: Community
) -> None:
    agencies = {**made.listed.agencies, DPS: replace(made.listed.agencies[DPS], is_active=False)}
    with node_db.transaction() as session:
        service.accept_directory(session, signed(made, agencies=agencies), now=LATER)

    with node_db.reading() as session:
        with pytest.raises(EnvelopeRefused) as refused:
            service.signing_key(session, DPS, made.keys[DPS].sig.kid, at=LATER)
        with pytest.raises(NotFound, match="suspended"):
            service.encryption_key(session, DPS, at=LATER)
        assert service.find_services(session, "inntak") == []
        assert "Fjordheim DPS" not in [one.name for one in service.agencies(session)]
    assert refused.value.reason is Reason.AGENCY_SUSPENDED


def test_nobody_seals_to_an_agency_that_asks_for_a_newer_profile(node_db: Database, made: Community) -> None:
    agencies = {**made.listed.agencies, DPS: replace(made.listed.agencies[DPS], min_profile="hm2")}
    with node_db.transaction() as session:
        service.accept_directory(session, signed(made, agencies=agencies), now=LATER)

    with node_db.reading() as session, pytest.raises(DirectoryRefused, match="profile-too-new"):
        service.encryption_key(session, DPS, at=LATER)


def test_the_newest_published_encryption_key_is_chosen_among_several(node_db: Database, made: Community) -> None:
    old = made.keys[DPS].enc[0]
    new = EncryptionKey.from_material(new_material(), created_at=LATER)
    future = EncryptionKey.from_material(new_material(), created_at=LATER + timedelta(days=6))
    held = replace(made.keys[DPS], enc=(old, new, future))
    with node_db.transaction() as session:
        statement = builders.make_statement(DPS, held, LATER)
        service.accept_statement(session, statement, agency=DPS, now=LATER)

    with node_db.reading() as session:
        assert service.encryption_key(session, DPS, at=LATER).kid == new.kid
        assert service.encryption_key(session, DPS, at=LATER + timedelta(days=6)).kid == future.kid


def statement_refusal(db: Database, jws: bytes, now: datetime = LATER) -> str:
    with pytest.raises(HandoverError) as refused, db.transaction() as session:
        service.accept_statement(session, jws, agency=DPS, now=now)
    return refused.value.stable_code


def test_a_statement_must_be_signed_by_a_key_listed_for_that_very_agency(
    node_db: Database, made: Community
) -> None:
    stranger = builders.make_keys(NOW)
    in_anothers_name = builders.make_statement(DPS, replace(made.keys[DPS], sig=made.keys[NAV].sig), LATER)

    assert statement_refusal(node_db, builders.make_statement(DPS, stranger, LATER)) == "directory.unknown-signer"
    assert statement_refusal(node_db, in_anothers_name) == "directory.unknown-signer"
    own = builders.make_statement(NAV, made.keys[DPS], LATER)
    assert statement_refusal(node_db, own) == "directory.foreign"


def test_an_older_or_expired_statement_is_refused(node_db: Database, made: Community) -> None:
    older = builders.make_statement(DPS, made.keys[DPS], NOW - timedelta(days=1))

    assert statement_refusal(node_db, older) == "directory.older"
    assert statement_refusal(node_db, older, now=NOW + timedelta(days=6)) == "directory.expired-document"


def test_a_statement_signed_by_a_key_since_revoked_is_dropped(node_db: Database, made: Community) -> None:
    with node_db.transaction() as session:
        service.accept_directory(session, signed(made, agencies=_changed(made, revoked_at=LATER)), now=LATER)

    with node_db.reading() as session:
        assert service.services_of(session, DPS) == []
        with pytest.raises(NotFound, match="no-statement"):
            service.encryption_key(session, DPS, at=LATER)


def test_an_expired_statement_is_not_sealed_to_though_its_services_are_still_shown(
    node_db: Database, made: Community
) -> None:
    week = NOW + timedelta(days=7)
    with node_db.transaction() as session:
        renewed = signed(made, iat=week - timedelta(hours=1), exp=week + timedelta(days=5))
        service.accept_directory(session, renewed, now=week)

    with node_db.reading() as session:
        with pytest.raises(DirectoryExpired, match="statement-expired"):
            service.encryption_key(session, DPS, at=week)
        assert len(service.services_of(session, DPS)) == 2
        assert service.state(session, now=week).statement_problems[DPS] == "directory.statement-expired"


def test_an_agency_publishes_confirms_and_renews_what_it_says_of_itself(
    node_db: Database, made: Community
) -> None:
    soon = NOW + timedelta(days=4)
    with node_db.transaction() as session:
        service.confirm_service(session, builders.FACT, on=LATER.date(), now=LATER)
    with node_db.transaction() as session:
        assert service.service_of(session, builders.FACT).confirmed_on == LATER.date()
        assert service.service_of(session, builders.PSYCHOLOGIST).confirmed_on < LATER.date()
        assert service.renew_statements(session, now=LATER) == []
        assert set(service.renew_statements(session, now=soon)) == {MUNICIPALITY, NAV}

    with node_db.reading() as session:
        assert service.encryption_key(session, MUNICIPALITY, at=soon).kid == made.keys[MUNICIPALITY].enc[0].kid
        assert len(service.services_of(session, MUNICIPALITY)) == 2


def test_a_new_encryption_key_is_published_at_the_next_renewal(node_db: Database, made: Community) -> None:
    fresh = EncryptionKey.from_material(new_material(), created_at=LATER)
    rotated = replace(made.keys[NAV], enc=(fresh, *made.keys[NAV].enc))
    node_db.provide(Keyring, Keyring({NAV: rotated}))
    with node_db.transaction() as session:
        assert service.renew_statements(session, now=LATER) == [NAV]

    with node_db.reading() as session:
        assert service.encryption_key(session, NAV, at=LATER).kid == fresh.kid
        assert len(service.services_of(session, NAV)) == 1


def test_an_agency_keeps_its_services_when_its_signing_key_is_replaced_after_a_theft(
    node_db: Database, made: Community
) -> None:
    new = SigningKey.from_material(new_material())
    nav = made.listed.agencies[NAV]
    keys = (replace(nav.keys[0], revoked_at=LATER), replace(nav.keys[0], key=new.public))
    with node_db.transaction() as session:
        agencies = {**made.listed.agencies, NAV: replace(nav, keys=keys)}
        service.accept_directory(session, signed(made, agencies=agencies), now=LATER)
    node_db.provide(Keyring, Keyring({NAV: replace(made.keys[NAV], sig=new)}))
    with node_db.transaction() as session:
        service.change_service(session, builders.SERVICES[NAV][0], now=LATER)

    with node_db.reading() as session:
        assert [one.name for one in service.services_of(session, NAV)] == ["Arbeidsrettet oppfølging"]


def test_two_changes_within_a_second_both_reach_the_others(node_db: Database, made: Community) -> None:
    with node_db.transaction() as session:
        first = service.statement_jws(session, MUNICIPALITY)
        for wanted in builders.SERVICES[MUNICIPALITY]:
            service.change_service(session, replace(wanted, phone="55 11 11 11"), now=LATER)
        last = service.statement_jws(session, MUNICIPALITY)
    other = Database("sqlite://")
    Base.metadata.create_all(other.engine)
    builders.join(other, replace(made, statements={MUNICIPALITY: first}), DPS)
    with other.transaction() as session:
        service.accept_statement(session, last, agency=MUNICIPALITY, now=LATER)

    with other.reading() as session:
        found = service.services_of(session, MUNICIPALITY)
    assert [one.phone for one in found] == ["55 11 11 11", "55 11 11 11"]
    other.engine.dispose()


def test_a_copy_changed_in_the_database_is_not_believed_after_a_restart(
    node_db: Database, made: Community
) -> None:
    from handover.directory import store

    forged = replace(made.listed, version=9)
    with node_db.transaction() as session:
        row = store.directory_row(session)
        row.jws = documents.sign_directory(forged, anchor=SigningKey.from_material(new_material()))
        store.touch(session)
    service.open_book(node_db, made.anchors)

    with node_db.reading() as session, pytest.raises(DirectoryExpired, match="none"):
        service.agencies(session)


def test_another_process_notices_a_change_within_a_second(node_db: Database, made: Community) -> None:
    other = Database(str(node_db.engine.url))
    other.provide(Keyring, made.ring(MUNICIPALITY))
    book = service.open_book(other, made.anchors)
    with other.reading() as session:
        assert service.agency(session, DPS).endpoint == "http://127.0.0.1:8002"
    agencies = {**made.listed.agencies, DPS: replace(made.listed.agencies[DPS], endpoint="https://b.example")}
    with node_db.transaction() as session:
        service.accept_directory(session, signed(made, agencies=agencies), now=LATER)

    book._checked -= 1  # a second passes
    with other.reading() as session:
        assert service.agency(session, DPS).endpoint == "https://b.example"
    other.engine.dispose()


def _changed(made: Community, **change: Any) -> dict[Any, Any]:
    dps = made.listed.agencies[DPS]
    return {**made.listed.agencies, DPS: replace(dps, keys=(replace(dps.keys[0], **change),))}


def test_the_empty_form_in_the_repository_is_no_anchor() -> None:
    form = Path(__file__).parents[2] / "keys" / "trust" / "anchors.json"

    with pytest.raises(DirectoryRefused, match="anchors-odd"):
        documents.read_anchors(form.read_bytes())


def test_a_directory_is_a_plain_value() -> None:
    made = builders.community(NOW)

    assert documents.read_directory(made.directory, made.anchors) == made.listed
    assert isinstance(made.listed, Directory)
