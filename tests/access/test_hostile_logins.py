"""What a dishonest provider, a thief of codes or a careless client might send: all refused, nobody logged in."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from authlib.oauth2.rfc7523.client import ASSERTION_TYPE
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from handover import clock
from handover.demo.provider import PersonaProvider
from tests.access.world import KOMMUNE, TONE, Browser, World, query_of

Claims = dict[str, Any]


@pytest.fixture
def browser(shared_world: World) -> Iterator[Browser]:
    """A fresh browser; the provider tells the truth again afterwards."""
    yield Browser(shared_world)
    shared_world.staff_provider.tell_the_truth()


def _part(value: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unsigned(claims: Claims) -> str:
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."


def _signed_with_public_key(provider: PersonaProvider, claims: Claims) -> str:
    signed = f"{_part({'alg': 'HS256', 'kid': provider.key.kid})}.{_part(claims)}"
    mac = hmac.digest(provider.key.as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _signed_by_another(claims: Claims) -> str:
    key = RSAKey.generate_key(2048, auto_kid=True)
    return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)


LIES: dict[str, Callable[[Claims], Claims]] = {
    "another nonce": lambda claims: {**claims, "nonce": "x" * 43},
    "no nonce": lambda claims: {name: value for name, value in claims.items() if name != "nonce"},
    "for another client": lambda claims: {**claims, "aud": "somebody-else"},
    "for several, not said to be ours": lambda claims: {**claims, "aud": ["overgang", "x"], "azp": "x"},
    "no audience": lambda claims: {name: value for name, value in claims.items() if name != "aud"},
    "another issuer": lambda claims: {**claims, "iss": "https://evil.example"},
    "expired": lambda claims: {**claims, "exp": claims["iat"] - 120},
    "not yet valid": lambda claims: {**claims, "nbf": claims["iat"] + 3600, "iat": claims["iat"] + 3600},
    "no expiry": lambda claims: {name: value for name, value in claims.items() if name != "exp"},
    "no subject": lambda claims: {name: value for name, value in claims.items() if name != "sub"},
    "a token of another access": lambda claims: {**claims, "at_hash": "A" * 22},
    "a lower level": lambda claims: {**claims, "helseid://claims/identity/security_level": "3"},
    "a number that is no text": lambda claims: {**claims, "helseid://claims/identity/pid": ["x"]},
}


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_an_id_token_that_lies_lets_nobody_in(browser: Browser, lie: str) -> None:
    browser.world.staff_provider.twist = LIES[lie]
    page = browser.log_in(TONE)
    assert page.status_code == 403
    assert "Du er ikke logget inn" in page.text
    assert browser.session_cookie() is None


FORGERIES: dict[str, Callable[[PersonaProvider, Claims], str]] = {
    "alg none": lambda _provider, claims: _unsigned(claims),
    "another key": lambda _provider, claims: _signed_by_another(claims),
    "the public key as a shared secret": lambda provider, claims: _signed_with_public_key(provider, claims),
    "not a token": lambda _provider, _claims: "not.a.token",
    "too long": lambda provider, claims: PersonaProvider.signed(provider, {**claims, "x": "x" * 20_000}),
}


@pytest.mark.parametrize("forgery", FORGERIES, ids=str)
def test_an_id_token_that_the_provider_did_not_sign_lets_nobody_in(browser: Browser, forgery: str) -> None:
    provider = browser.world.staff_provider
    provider.sign = lambda claims: FORGERIES[forgery](provider, claims)
    assert browser.log_in(TONE).status_code == 403
    assert browser.session_cookie() is None


def test_an_answer_without_an_id_token_lets_nobody_in(browser: Browser) -> None:
    browser.world.staff_provider.omit = frozenset({"id_token"})
    assert browser.log_in(TONE).status_code == 403


def test_a_provider_that_adds_claims_is_still_believed(browser: Browser) -> None:
    browser.world.staff_provider.twist = lambda claims: {**claims, "aud": ["overgang"], "new-claim": {"a": 1}}
    assert browser.log_in(TONE).json()["agency"] == KOMMUNE


def test_a_provider_that_does_not_answer_is_an_error_page_and_no_session(browser: Browser) -> None:
    provider = browser.world.staff_provider
    provider.omit = frozenset({"access_token", "id_token", "token_type"})
    assert browser.log_in(TONE).status_code in {403, 503}
    assert browser.session_cookie() is None


def test_a_login_left_for_too_long_must_start_again(browser: Browser) -> None:
    picker = browser.to_provider()
    answer = browser.answer_of(picker, TONE)
    clock.set_offset(timedelta(minutes=11))
    assert "tok for lang tid" in browser.get(answer).text


# What the provider itself refuses: without this, the client's strictness would prove little.


def _assertion(world: World, **other: Any) -> str:
    key: ECKey = other.pop("key", world.node.keyring.of(KOMMUNE).client.key)
    issued = int(clock.now().timestamp())
    claims = {
        "iss": "overgang",
        "sub": "overgang",
        "aud": world.staff_provider.issuer,
        "iat": issued,
        "exp": issued + 60,
        "jti": f"jti-{clock.now().timestamp()}-{len(other)}",
    }
    return jwt.encode({"alg": "ES256"}, {**claims, **other}, key)


def _push(world: World, assertion: str, **other: str) -> requests.Response:
    fields = {
        "client_id": "overgang",
        "response_type": "code",
        "redirect_uri": f"{world.url}/logg-inn/svar",
        "scope": "openid",
        "state": "s" * 20,
        "nonce": "n" * 20,
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
        **other,
    }
    sent = {name: value for name, value in fields.items() if value}
    return requests.post(f"{world.staff_provider.issuer}/par", data=sent, timeout=10)


def test_a_request_as_it_should_be_is_taken_by_the_provider(shared_world: World) -> None:
    assert _push(shared_world, _assertion(shared_world)).status_code == 201


@pytest.mark.parametrize(
    "wrong",
    [
        {"code_challenge": ""},
        {"code_challenge_method": "plain"},
        {"redirect_uri": "https://evil.example/"},
        {"nonce": ""},
        {"state": ""},
        {"response_type": "token"},
        {"scope": "profile"},
    ],
    ids=str,
)
def test_a_request_without_what_protects_it_is_refused_by_the_provider(
    shared_world: World, wrong: dict[str, str]
) -> None:
    assert _push(shared_world, _assertion(shared_world), **wrong).status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "https://elsewhere.example"},
        {"exp": 4_000_000_000},
        {"exp": 1_000_000_000},
        {"iss": "another"},
        {"sub": "another"},
        {"jti": "short"},
        {"key": ECKey.generate_key("P-256")},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_client_that_proves_too_little_is_refused_by_the_provider(
    shared_world: World, wrong: dict[str, Any]
) -> None:
    assert _push(shared_world, _assertion(shared_world, **wrong)).status_code == 401


def test_a_client_assertion_works_only_once(shared_world: World) -> None:
    assertion = _assertion(shared_world)
    assert _push(shared_world, assertion).status_code == 201
    assert _push(shared_world, assertion).status_code == 401


def test_a_client_secret_is_never_enough(shared_world: World) -> None:
    answer = _push(shared_world, "", client_assertion_type="", client_secret="guess")
    assert answer.status_code == 401


def test_a_stolen_code_is_worth_nothing_without_the_verifier(browser: Browser) -> None:
    code = query_of(browser.answer_of(browser.to_provider(), TONE))["code"]
    world = browser.world
    for verifier in ("", "v" * 43):
        fields = {
            "grant_type": "authorization_code",
            "client_id": "overgang",
            "code": code,
            "redirect_uri": f"{world.url}/logg-inn/svar",
            "code_verifier": verifier,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": _assertion(world, jti=f"stolen-{verifier}-{code}"),
        }
        answer = requests.post(f"{world.staff_provider.issuer}/token", data=fields, timeout=10)
        assert answer.json()["error"] == "invalid_grant"


def test_the_persona_provider_refuses_to_start_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDOVER_MODE", "production")
    with pytest.raises(RuntimeError, match="only in the demo"):
        PersonaProvider(issuer="http://x", style="helseid", personas=[], clients=[])
