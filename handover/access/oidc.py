"""OpenID Connect client: authorization code with PKCE, pushed requests and `private_key_jwt`, nothing weaker.

authlib carries the token request and the claim rules; the pushed request (RFC 9126) is a step of our own. Keys and
metadata are cached; an unknown key id fetches the keys once more, at most once a minute.
"""

import hashlib
import secrets
import threading
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.common.urls import add_params_to_qs
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523.client import ASSERTION_TYPE
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from handover.access.profiles import ALGORITHMS, Claims, Identity, Profile, identity
from handover.errors import NotPermitted

ASSERTION_LASTS: Final = timedelta(seconds=60)
METADATA_LASTS: Final = timedelta(hours=1)
KEYS_AGAIN_AFTER: Final = timedelta(minutes=1)
SKEW_SECONDS: Final = 30
TIMEOUT_SECONDS: Final = 10
MAX_ID_TOKEN_BYTES: Final = 16_384
_ENDPOINTS: Final = (
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "pushed_authorization_request_endpoint",
)


class ProviderSilent(Exception):
    """The provider did not answer, or answered with something that is not what the standards say."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What one login round holds on to. Derived from the browser's own secret, so that no table holds it."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)

    @classmethod
    def of(cls, browser_secret: str, state: str) -> "Attempt":
        """Return the attempt that this browser began with this state."""
        return cls(
            state=state,
            nonce=_derived(browser_secret, state, "nonce"),
            verifier=_derived(browser_secret, state, "verifier"),
        )


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A login that held: who, when they proved it to the provider, and the token that logs out there."""

    identity: Identity
    authenticated_at: datetime | None
    id_token: str = field(repr=False)


class Provider:
    """One configured login provider. Safe to share between threads."""

    def __init__(
        self, profile: Profile, *, issuer: str, client_id: str, key: ECKey, redirect_uri: str, allow_http: bool
    ) -> None:
        self.profile = profile
        self.issuer = issuer.rstrip("/")
        self.client_id = client_id
        self.redirect_uri = redirect_uri
        self._key = key
        self._allow_http = allow_http
        self._lock = threading.Lock()
        self._metadata: tuple[datetime, dict[str, Any]] | None = None
        self._keys: tuple[datetime, KeySet] | None = None

    def begin(self, attempt: Attempt, *, language: str, fresh: bool, now: datetime) -> str:
        """Push the request and return the address to send the browser to. `fresh` asks for a renewed login.

        Raises ProviderSilent when the provider cannot be reached or refuses the request.
        """
        metadata = self.metadata(now)
        wanted = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.profile.scope,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": create_s256_code_challenge(attempt.verifier),
            "code_challenge_method": "S256",
            "ui_locales": language,
            **({"acr_values": self.profile.acr_values} if self.profile.acr_values else {}),
            **({"prompt": "login", "max_age": "0"} if fresh else {}),
        }
        request_uri = self._push(metadata["pushed_authorization_request_endpoint"], wanted, now)
        query = urlencode({"client_id": self.client_id, "request_uri": request_uri})
        return f"{metadata['authorization_endpoint']}?{query}"

    def finish(self, attempt: Attempt, code: str, *, fresh: bool, now: datetime) -> Answer:
        """Exchange the code and check the id_token (OpenID Connect Core 3.1.3.7).

        Raises NotPermitted('login.*') when anything in it does not hold, ProviderSilent when there is no answer.
        """
        token = self._exchange(code, attempt, now)
        raw = token.get("id_token")
        if not isinstance(raw, str) or len(raw) > MAX_ID_TOKEN_BYTES:
            raise NotPermitted("login.id-token-missing")
        claims = self._checked(raw, attempt, token, fresh=fresh, now=now)
        at = claims.get("auth_time")
        return Answer(
            identity=identity(self.profile, self._completed(claims, token, now)),
            authenticated_at=datetime.fromtimestamp(at, now.tzinfo) if isinstance(at, int) else None,
            id_token=raw,
        )

    def log_out_url(self, id_token: str, back_to: str, now: datetime) -> str | None:
        """Return the address that ends the login at the provider too, where it has one (RP-initiated logout)."""
        end = self.metadata(now).get("end_session_endpoint")
        if not isinstance(end, str):
            return None
        query = {"client_id": self.client_id, "id_token_hint": id_token, "post_logout_redirect_uri": back_to}
        return f"{end}?{urlencode(query)}"

    def metadata(self, now: datetime) -> dict[str, Any]:
        """Return the provider's metadata, at most an hour old; its `issuer` must be the configured one."""
        with self._lock:
            if self._metadata is None or now - self._metadata[0] > METADATA_LASTS:
                found = self._get_json(f"{self.issuer}/.well-known/openid-configuration")
                if str(found.get("issuer", "")).rstrip("/") != self.issuer:
                    raise ProviderSilent("metadata names another issuer")
                for name in _ENDPOINTS:
                    self._require_endpoint(found, name)
                self._metadata = (now, found)
            return self._metadata[1]

    def _require_endpoint(self, metadata: Mapping[str, Any], name: str) -> None:
        scheme = urlsplit(str(metadata.get(name, ""))).scheme
        if scheme != "https" and not (scheme == "http" and self._allow_http):
            raise ProviderSilent(f"metadata lacks a safe {name}")

    def _push(self, url: str, wanted: Mapping[str, str], now: datetime) -> str:
        with self._session(now) as client:
            auth = client.client_auth(client.token_endpoint_auth_method)
            try:
                answer = client.post(
                    url,
                    data=wanted,
                    auth=auth,
                    withhold_token=True,
                    timeout=TIMEOUT_SECONDS,
                    allow_redirects=False,
                )
                body = answer.json()
            except (requests.RequestException, ValueError) as error:
                raise ProviderSilent("no answer to the pushed request") from error
        request_uri = body.get("request_uri") if isinstance(body, dict) else None
        if answer.status_code != 201 or not isinstance(request_uri, str):
            raise ProviderSilent(f"the pushed request was refused with status {answer.status_code}")
        return request_uri

    def _exchange(self, code: str, attempt: Attempt, now: datetime) -> dict[str, Any]:
        with self._session(now) as client:
            try:
                token = client.fetch_token(
                    self.metadata(now)["token_endpoint"],
                    grant_type="authorization_code",
                    client_id=self.client_id,
                    code=code,
                    redirect_uri=self.redirect_uri,
                    code_verifier=attempt.verifier,
                    timeout=TIMEOUT_SECONDS,
                    allow_redirects=False,
                )
            except AuthlibBaseError as error:
                raise NotPermitted("login.code-refused") from error
            except (requests.RequestException, ValueError) as error:
                raise ProviderSilent("no answer to the token request") from error
        return dict(token)

    def _checked(
        self, raw: str, attempt: Attempt, token: Mapping[str, Any], *, fresh: bool, now: datetime
    ) -> dict[str, Any]:
        try:
            decoded = self._decode(raw, now)
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                options={
                    "iss": {"essential": True, "value": self.metadata(now)["issuer"]},
                    "aud": {"essential": True, "value": self.client_id},
                },
                params={
                    "nonce": attempt.nonce,
                    "client_id": self.client_id,
                    "access_token": token.get("access_token"),
                    "max_age": 1 if fresh else None,
                },
            )
            claims.validate(now=int(now.timestamp()), leeway=SKEW_SECONDS)
        except (JoseError, AuthlibBaseError, ValueError, TypeError) as error:
            raise NotPermitted("login.id-token", claim=getattr(error, "claim", None)) from error
        if "nonce" not in claims:
            raise NotPermitted("login.id-token", claim="nonce")
        return dict(claims)

    def _decode(self, raw: str, now: datetime) -> jwt.Token:
        try:
            return jwt.decode(raw, self._key_set(now), algorithms=list(ALGORITHMS))
        except (JoseError, ValueError):  # a new key id, perhaps: once more with fresh keys
            return jwt.decode(raw, self._key_set(now, again=True), algorithms=list(ALGORITHMS))

    def _key_set(self, now: datetime, *, again: bool = False) -> KeySet:
        url = self.metadata(now)["jwks_uri"]
        with self._lock:
            oldest = KEYS_AGAIN_AFTER if again else METADATA_LASTS
            if self._keys is None or now - self._keys[0] > oldest:
                found = self._get_json(url)
                try:
                    self._keys = (now, KeySet.import_key_set({"keys": found["keys"]}))
                except (JoseError, KeyError, ValueError, TypeError) as error:
                    raise ProviderSilent("the provider's keys cannot be read") from error
            return self._keys[1]

    def _completed(self, claims: Claims, token: Mapping[str, Any], now: datetime) -> Claims:
        """Add what only the userinfo endpoint tells; its `sub` must be the same (OpenID Connect Core 5.3.2)."""
        url = self.metadata(now).get("userinfo_endpoint")
        wanted = (self.profile.subject_claim, self.profile.level_claim)
        if not url or all(name is None or name in claims for name in wanted):
            return claims
        told = self._get_json(str(url), bearer=str(token.get("access_token", "")))
        if told.get("sub") != claims["sub"]:
            raise NotPermitted("login.userinfo-subject")
        return {**told, **claims}

    def _session(self, now: datetime) -> OAuth2Session:
        return OAuth2Session(
            self.client_id,
            client_secret=self._key,
            token_endpoint_auth_method=_OneMinuteAssertion(self.issuer_as_audience(now), now),
        )

    def issuer_as_audience(self, now: datetime) -> str:
        """Return the issuer exactly as its metadata spells it: the audience of client assertions."""
        return str(self.metadata(now)["issuer"])

    def _get_json(self, url: str, *, bearer: str = "") -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        try:
            answer = requests.get(url, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False)
            found = answer.json() if answer.status_code == 200 else None
        except (requests.RequestException, ValueError) as error:
            raise ProviderSilent("no answer") from error
        if not isinstance(found, dict):
            raise ProviderSilent(f"status {answer.status_code}, or not an object")
        return found


class _OneMinuteAssertion:
    """`private_key_jwt` as HelseID and ID-porten want it: audience = issuer, at most 60 seconds, used once."""

    def __init__(self, audience: str, now: datetime) -> None:
        self._audience, self._now = audience, now

    def __call__(
        self, auth: Any, method: str, uri: str, headers: dict[str, str], body: Any
    ) -> tuple[str, dict[str, str], str]:
        key: ECKey = auth.client_secret
        issued = int(self._now.timestamp())
        claims = {
            "iss": auth.client_id,
            "sub": auth.client_id,
            "aud": self._audience,
            "iat": issued,
            "nbf": issued,
            "exp": issued + int(ASSERTION_LASTS.total_seconds()),
            "jti": secrets.token_urlsafe(24),
        }
        signed = jwt.encode({"alg": "ES256", "kid": key.kid, "typ": "JWT"}, claims, key)
        sent = body.decode() if isinstance(body, bytes) else body or ""
        extended = add_params_to_qs(
            sent, [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", signed)]
        )
        headers["Content-Length"] = str(len(extended))
        return uri, headers, extended


def _derived(secret: str, state: str, purpose: str) -> str:
    digest = hashlib.sha256(f"handover login|{purpose}|{state}|{secret}".encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
