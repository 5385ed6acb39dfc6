"""What each provider must prove, and what the client does when keys, claims or metadata are not as last time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import select

from handover import clock
from handover.access.oidc import Provider, ProviderSilent
from handover.access.profiles import HELSEID_HPR, HELSEID_LEVEL, HELSEID_PID, Identity, identity, profile
from handover.audit.model import Event
from handover.audit.tables import AuditEntry
from handover.errors import NotPermitted
from tests.access.world import KARI, KOMMUNE, STRANGER, TONE, Browser, World

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HELSEID = {HELSEID_PID: "01810012345", HELSEID_LEVEL: "4", "name": "Tone Berg", HELSEID_HPR: "999000001"}
IDPORTEN = {"pid": "01810012345", "acr": "idporten-loa-high"}


@pytest.fixture
def browser(shared_world: World) -> Iterator[Browser]:
    """A fresh browser; the provider tells the truth again afterwards."""
    yield Browser(shared_world)
    shared_world.staff_provider.tell_the_truth()


def test_helseid_proves_number_name_and_hpr() -> None:
    assert identity(profile("helseid"), HELSEID) == Identity(
        subject="01810012345", name="Tone Berg", hpr="999000001"
    )


def test_idporten_proves_a_number_and_no_name() -> None:
    assert identity(profile("idporten"), IDPORTEN) == Identity(subject="01810012345", name="")


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("helseid", {**HELSEID, HELSEID_LEVEL: "3"}),
        ("helseid", {**HELSEID, HELSEID_LEVEL: 4}),
        ("helseid", {HELSEID_PID: "01810012345"}),
        ("idporten", {**IDPORTEN, "acr": "idporten-loa-substantial"}),
        ("idporten", {"pid": "01810012345"}),
    ],
)
def test_a_level_below_the_highest_is_refused(name: str, claims: dict[str, object]) -> None:
    with pytest.raises(NotPermitted, match=r"login\.level"):
        identity(profile(name), claims)


@pytest.mark.parametrize("number", [None, "", 1810012345, ["01810012345"]])
def test_an_answer_without_a_number_in_text_is_refused(number: object) -> None:
    with pytest.raises(NotPermitted, match=r"login\.subject-missing"):
        identity(profile("idporten"), {**IDPORTEN, "pid": number})


def test_a_generic_provider_is_held_to_the_level_it_is_configured_with() -> None:
    asked = profile("generic", acr="high")
    assert asked.acr_values == "high"
    assert identity(asked, {"sub": "a", "acr": "high"}).subject == "a"
    with pytest.raises(NotPermitted):
        identity(asked, {"sub": "a", "acr": "low"})


def test_a_preset_keeps_its_own_level_whatever_is_configured() -> None:
    assert profile("idporten", acr="low").levels == {"idporten-loa-high"}


def test_new_keys_of_the_provider_are_fetched_when_they_are_first_seen(browser: Browser) -> None:
    assert browser.log_in(TONE).status_code == 200
    provider = browser.world.staff_provider
    provider.key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
    clock.set_offset(timedelta(minutes=2))
    assert browser.log_in(TONE).status_code == 200


def test_what_the_token_leaves_out_is_asked_of_the_userinfo_endpoint(browser: Browser) -> None:
    left_out = {HELSEID_PID, HELSEID_LEVEL}
    browser.world.staff_provider.twist = lambda claims: {
        name: value for name, value in claims.items() if name not in left_out
    }
    assert browser.log_in(TONE).json()["agency"] == KOMMUNE


def test_userinfo_about_somebody_else_is_refused(browser: Browser) -> None:
    browser.world.staff_provider.twist = lambda claims: {
        **{name: value for name, value in claims.items() if name != HELSEID_PID},
        "sub": "somebody else",
    }
    assert browser.log_in(TONE).status_code == 403


def client_of(world: World, *, issuer: str, allow_http: bool = True) -> Provider:
    """Return a client of that issuer."""
    return Provider(
        profile("helseid"),
        issuer=issuer,
        client_id="overgang",
        key=ECKey.generate_key("P-256"),
        redirect_uri=world.url,
        allow_http=allow_http,
    )


def test_a_provider_under_another_name_is_not_used(shared_world: World) -> None:
    with pytest.raises(ProviderSilent, match="another issuer"):
        client_of(
            shared_world, issuer=shared_world.staff_provider.issuer.replace("127.0.0.1", "localhost")
        ).metadata(NOON)


def test_a_provider_without_https_is_not_used_in_production(shared_world: World) -> None:
    with pytest.raises(ProviderSilent, match="safe"):
        client_of(shared_world, issuer=shared_world.staff_provider.issuer, allow_http=False).metadata(NOON)


def test_a_provider_that_cannot_be_reached_says_so(shared_world: World) -> None:
    with pytest.raises(ProviderSilent):
        client_of(shared_world, issuer="http://127.0.0.1:9").metadata(NOON)


def test_every_login_and_every_refused_one_is_logged(browser: Browser) -> None:
    def count(event: Event) -> int:
        with browser.world.node.db.reading() as session:
            return len(session.scalars(select(AuditEntry).where(AuditEntry.event == event.value)).all())

    before = {event: count(event) for event in (Event.LOGIN, Event.LOGIN_FAILED)}
    browser.log_in(TONE)
    browser.log_in(KARI, way="pasient")
    browser.log_in(STRANGER)
    assert count(Event.LOGIN) == before[Event.LOGIN] + 2
    assert count(Event.LOGIN_FAILED) == before[Event.LOGIN_FAILED] + 1
