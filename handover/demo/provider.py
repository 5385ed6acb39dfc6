"""The demo's login provider: a small strict OpenID Provider with personas to choose from instead of passwords.

Strict on purpose, so that a client that works here is ready for HelseID and ID-porten: only pushed requests
(RFC 9126), PKCE S256, `private_key_jwt` with the issuer as audience and used once, exact redirect addresses, codes
that work once. It refuses to start outside the demo and tests (`HANDOVER_MODE`).
"""

import hashlib
import os
import secrets
import threading
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import compare_digest
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from authlib.oauth2.rfc7523.client import ASSERTION_TYPE
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask import Flask, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from handover import web
from handover.access.profiles import HELSEID_HPR, HELSEID_LEVEL, HELSEID_PID
from handover.clock import now
from handover.web.i18n import Text

REQUEST_LASTS: Final = timedelta(seconds=90)
CODE_LASTS: Final = timedelta(seconds=60)
TOKEN_LASTS: Final = timedelta(minutes=5)
ASSERTION_AT_MOST: Final = 60 + 10
"""Seconds an assertion may live; ten for clocks that differ."""
LEVELS: Final = {"helseid": "Level4", "idporten": "idporten-loa-high"}


@dataclass(frozen=True, kw_only=True)
class Persona:
    """Somebody to log in as. `number` is synthetic; staff may have an HPR number."""

    key: str
    name: str
    number: str = field(repr=False)
    role: Text
    place: Text = ""
    """Where they work or have something to see, and the address of that."""
    try_this: Sequence[Text] = ()
    hpr: str | None = None
    level: str = "high"
    """`substantial` is a login that is too weak for health data (it must be refused)."""


@dataclass(frozen=True, kw_only=True)
class Client:
    """A node registered with the provider: its public key, and where browsers may be sent back to."""

    id: str
    jwk: Mapping[str, Any]
    redirect_uris: tuple[str, ...]


class Refused(Exception):
    """An OAuth error (RFC 6749 section 5.2): `code` is for the client, `why` for whoever reads the demo's log."""

    def __init__(self, code: str, why: str, status: int = 400) -> None:
        self.code, self.why, self.status = code, why, status
        super().__init__(why)


@dataclass(kw_only=True)
class _Grant:
    """A pushed request, and after the persona was chosen the code and what it gives."""

    client: Client
    asked: Mapping[str, str]
    expires: datetime
    persona: Persona | None = None
    authenticated_at: datetime | None = None


class PersonaProvider:
    """What the endpoints share: clients, personas, and the grants under way. Safe to share between threads."""

    def __init__(self, *, issuer: str, style: str, personas: Sequence[Persona], clients: Sequence[Client]) -> None:
        if os.environ.get("HANDOVER_MODE") not in {"demo", "test"}:
            raise RuntimeError("the persona provider runs only in the demo and in tests")
        if style not in LEVELS:
            raise ValueError(f"style is one of {', '.join(LEVELS)}")
        self.issuer, self.style = issuer, style
        self.personas = {persona.key: persona for persona in personas}
        self.clients = {client.id: client for client in clients}
        self.key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
        self._lock = threading.Lock()
        self._used: dict[str, datetime] = {}
        self._requests: dict[str, _Grant] = {}
        self._codes: dict[str, _Grant] = {}
        self._tokens: dict[str, _Grant] = {}

    def metadata(self) -> dict[str, Any]:
        """Return the discovery document (OpenID Connect Discovery, RFC 8414)."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "pushed_authorization_request_endpoint": f"{self.issuer}/par",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/logout",
            "jwks_uri": f"{self.issuer}/jwks",
            "require_pushed_authorization_requests": True,
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "acr_values_supported": [LEVELS[self.style]],
            "ui_locales_supported": ["nb", "nn", "en"],
        }

    def push(self, form: Mapping[str, str]) -> str:
        """Take a pushed request and return its `request_uri`. Raises Refused."""
        client = self._authenticate(form)
        wanted = {"response_type": "code", "code_challenge_method": "S256", "client_id": client.id}
        if any(form.get(name) != value for name, value in wanted.items()):
            raise Refused("invalid_request", f"needs {wanted}")
        if "openid" not in form.get("scope", "").split():
            raise Refused("invalid_scope", "scope lacks openid")
        if form.get("redirect_uri") not in client.redirect_uris:
            raise Refused("invalid_request", "redirect_uri is not registered")
        if not all(form.get(name) for name in ("state", "nonce")) or len(form.get("code_challenge", "")) != 43:
            raise Refused("invalid_request", "needs state, nonce and an S256 code_challenge")
        uri = f"urn:ietf:params:oauth:request_uri:{secrets.token_urlsafe(24)}"
        with self._lock:
            self._requests[uri] = _Grant(client=client, asked=dict(form), expires=now() + REQUEST_LASTS)
        return uri

    def pushed(self, uri: str, client_id: str) -> _Grant:
        """Return a pushed request that is still good. Raises Refused."""
        grant = self._requests.get(uri)
        if grant is None or grant.client.id != client_id or grant.expires < now():
            raise Refused("invalid_request", "unknown or expired request_uri")
        return grant

    def choose(self, uri: str, client_id: str, persona_key: str) -> str:
        """Log the persona in and return the address to send the browser back to. The request is used up."""
        grant = self.pushed(uri, client_id)
        if persona_key not in self.personas:
            raise Refused("access_denied", "no such persona")
        code = secrets.token_urlsafe(32)
        with self._lock:
            if self._requests.pop(uri, None) is None:
                raise Refused("invalid_request", "request_uri was used")
            grant.persona, grant.authenticated_at = self.personas[persona_key], now()
            grant.expires = now() + CODE_LASTS
            self._codes[code] = grant
        return self._back(grant, {"code": code})

    def cancel(self, uri: str, client_id: str) -> str:
        """Return the address that tells the client that the person did not want to."""
        grant = self.pushed(uri, client_id)
        with self._lock:
            self._requests.pop(uri, None)
        return self._back(grant, {"error": "access_denied"})

    def exchange(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Give tokens for a code, once. Raises Refused."""
        client = self._authenticate(form)
        if form.get("grant_type") != "authorization_code":
            raise Refused("unsupported_grant_type", "only authorization_code")
        with self._lock:
            grant = self._codes.pop(form.get("code", ""), None)
        if grant is None or grant.client.id != client.id or grant.expires < now():
            raise Refused("invalid_grant", "unknown, used or expired code")
        if form.get("redirect_uri") != grant.asked["redirect_uri"]:
            raise Refused("invalid_grant", "another redirect_uri")
        verifier = form.get("code_verifier", "")
        if not compare_digest(create_s256_code_challenge(verifier), grant.asked["code_challenge"]):
            raise Refused("invalid_grant", "code_verifier does not match")
        access_token = secrets.token_urlsafe(32)
        with self._lock:
            self._tokens[access_token] = grant
        return {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": int(TOKEN_LASTS.total_seconds()),
            "scope": grant.asked["scope"],
            "id_token": self.signed(self.id_token_claims(grant, access_token)),
        }

    def signed(self, claims: dict[str, Any]) -> str:
        """Return the claims as a JWT signed by this provider."""
        return jwt.encode({"alg": "RS256", "kid": self.key.kid, "typ": "JWT"}, claims, self.key)

    def id_token_claims(self, grant: _Grant, access_token: str) -> dict[str, Any]:
        """Return what the id_token says."""
        if grant.authenticated_at is None:
            raise Refused("invalid_grant", "nobody was chosen")
        issued = int(now().timestamp())
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        return {
            "iss": self.issuer,
            "aud": grant.client.id,
            "iat": issued,
            "nbf": issued,
            "exp": issued + 120,
            "auth_time": int(grant.authenticated_at.timestamp()),
            "nonce": grant.asked["nonce"],
            "at_hash": urlsafe_b64encode(half).rstrip(b"=").decode(),
            "sid": secrets.token_urlsafe(16),
            "jti": secrets.token_urlsafe(16),
            **self.person_claims(grant),
        }

    def person_claims(self, grant: _Grant) -> dict[str, Any]:
        """Return who it is, in the claims of HelseID or of ID-porten (NORWAY.md, "Login")."""
        persona = grant.persona
        if persona is None:
            raise Refused("invalid_grant", "nobody was chosen")
        pairwise = hashlib.sha256(f"{grant.client.id}|{persona.number}".encode()).digest()
        sub = urlsafe_b64encode(pairwise).rstrip(b"=").decode()
        high = persona.level == "high"
        if self.style == "idporten":
            level = "idporten-loa-high" if high else "idporten-loa-substantial"
            return {"sub": sub, "pid": persona.number, "acr": level, "amr": ["BankID"], "locale": "nb"}
        claims = {
            "sub": sub,
            "name": persona.name,
            HELSEID_PID: persona.number,
            HELSEID_LEVEL: "4" if high else "3",
            "amr": ["pwd"],
            "idp": "testidp-oidc",
        }
        return {**claims, HELSEID_HPR: persona.hpr} if persona.hpr else claims

    def userinfo(self, token: str) -> dict[str, Any]:
        """Return who an access token speaks of. Raises Refused."""
        grant = self._tokens.get(token)
        if grant is None or now() > grant.expires + TOKEN_LASTS:
            raise Refused("invalid_token", "unknown or expired", 401)
        return self.person_claims(grant)

    def may_return_to(self, uri: str) -> bool:
        """Whether a browser may be sent there after logout: the origin of a registered client."""
        return any(uri.startswith("/".join(known.split("/")[:3]) + "/") for known in self._all_redirects())

    def _all_redirects(self) -> list[str]:
        return [uri for client in self.clients.values() for uri in client.redirect_uris]

    def _back(self, grant: _Grant, answer: Mapping[str, str]) -> str:
        query = {**answer, "state": grant.asked["state"], "iss": self.issuer}
        return f"{grant.asked['redirect_uri']}?{urlencode(query)}"

    def _authenticate(self, form: Mapping[str, str]) -> Client:
        """Return the client that `private_key_jwt` proves (RFC 7523 section 3), or refuse."""
        if form.get("client_assertion_type") != ASSERTION_TYPE or "client_secret" in form:
            raise Refused("invalid_client", "only private_key_jwt", 401)
        client = self.clients.get(form.get("client_id", ""))
        if client is None:
            raise Refused("invalid_client", "unknown client", 401)
        try:
            key = ECKey.import_key(dict(client.jwk))
            claims = jwt.decode(form.get("client_assertion", ""), key, algorithms=["ES256"]).claims
        except (JoseError, ValueError) as error:
            raise Refused("invalid_client", "assertion does not verify", 401) from error
        self._check_assertion(claims, client)
        return client

    def _check_assertion(self, claims: Mapping[str, Any], client: Client) -> None:
        at = now().timestamp()
        expires, jti = claims.get("exp"), claims.get("jti")
        problems = {
            "iss": claims.get("iss") != client.id,
            "sub": claims.get("sub") != client.id,
            "aud": claims.get("aud") != self.issuer,
            "exp": not isinstance(expires, int) or not at < expires <= at + ASSERTION_AT_MOST,
            "jti": not isinstance(jti, str) or len(jti) < 16,
        }
        if wrong := [name for name, is_wrong in problems.items() if is_wrong]:
            raise Refused("invalid_client", f"assertion has wrong {', '.join(wrong)}", 401)
        with self._lock:
            self._used = {old: until for old, until in self._used.items() if until > now()}
            if str(jti) in self._used:
                raise Refused("invalid_client", "assertion was used before", 401)
            self._used[str(jti)] = now() + timedelta(seconds=2 * ASSERTION_AT_MOST)


def create_provider_app(provider: PersonaProvider) -> Flask:
    """Return the provider as a WSGI application, in the same look and languages as the product."""
    folder = Path(web.__file__).parent
    app = Flask(__name__, template_folder=folder / "templates", static_folder=folder / "static")
    web.init_app(app)
    app.jinja_env.globals["csrf_field"] = lambda: ""
    app.register_error_handler(Refused, _refusal)
    _machine_endpoints(app, provider)
    _browser_endpoints(app, provider)
    return app


def _machine_endpoints(app: Flask, provider: PersonaProvider) -> None:
    @app.get("/.well-known/openid-configuration")
    def metadata() -> ResponseReturnValue:
        return provider.metadata()

    @app.get("/jwks")
    def jwks() -> ResponseReturnValue:
        return {"keys": [provider.key.as_dict(private=False)]}

    @app.post("/par")
    def push() -> ResponseReturnValue:
        seconds = int(REQUEST_LASTS.total_seconds())
        return {"request_uri": provider.push(request.form), "expires_in": seconds}, 201

    @app.post("/token")
    def token() -> ResponseReturnValue:
        return provider.exchange(request.form)

    @app.get("/userinfo")
    def userinfo() -> ResponseReturnValue:
        return provider.userinfo(request.headers.get("Authorization", "").removeprefix("Bearer "))


def _browser_endpoints(app: Flask, provider: PersonaProvider) -> None:
    @app.get("/authorize")
    def authorize() -> ResponseReturnValue:
        grant = provider.pushed(request.args.get("request_uri", ""), request.args.get("client_id", ""))
        if "lang" not in request.args:  # the language the client's page was in
            wanted = grant.asked.get("ui_locales", "nb").split(" ")[0]
            return redirect(f"/authorize?{urlencode({**request.args, 'lang': wanted})}")
        return render_template(
            "demo/personas.html",
            personas=provider.personas.values(),
            style=provider.style,
            is_renewed=grant.asked.get("prompt") == "login",
            client_id=grant.client.id,
            request_uri=request.args["request_uri"],
        )

    @app.get("/authorize/choose")
    def choose() -> ResponseReturnValue:
        uri, client_id = request.args.get("request_uri", ""), request.args.get("client_id", "")
        if "cancel" in request.args:
            return redirect(provider.cancel(uri, client_id), 303)
        return redirect(provider.choose(uri, client_id, request.args.get("persona", "")), 303)

    @app.get("/logout")
    def log_out() -> ResponseReturnValue:
        where = request.args.get("post_logout_redirect_uri", "")
        return redirect(where) if provider.may_return_to(where) else "logged out"


def _refusal(refused: Refused) -> ResponseReturnValue:
    return jsonify({"error": refused.code, "error_description": refused.why}), refused.status
