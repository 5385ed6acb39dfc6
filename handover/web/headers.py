"""The request id, and the headers every answer carries: what a browser may load, keep and tell others."""

import re
import secrets
from typing import Final

from flask import Flask, Response, current_app, g, request

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # not no-referrer: it turns the Origin of our own forms into "null"
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
HSTS: Final = "max-age=31536000; includeSubDomains"
STATIC_SECONDS: Final = 31_536_000
FONT_SECONDS: Final = 604_800
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def request_id() -> str:
    """Return the id of this request: the proxy's `X-Request-Id` where it is well-formed, else a fresh one."""
    if "handover_request_id" not in g:
        offered = request.headers.get("X-Request-Id", "")
        g.handover_request_id = offered if _REQUEST_ID.fullmatch(offered) else secrets.token_hex(8)
    return str(g.handover_request_id)


def is_https() -> bool:
    """Whether browsers reach this node over https, or over a proxy that ends TLS (`PREFERRED_URL_SCHEME`)."""
    return request.is_secure or current_app.config["PREFERRED_URL_SCHEME"] == "https"


def init_app(app: Flask) -> None:
    """Give every answer its request id, the security headers, and a rule for caches."""
    app.after_request(_dress)


def _dress(response: Response) -> Response:
    response.headers["X-Request-Id"] = request_id()
    said = {name.lower() for name, _ in response.headers}
    response.headers.extend([pair for pair in SECURITY_HEADERS.items() if pair[0].lower() not in said])
    if is_https():
        response.headers.setdefault("Strict-Transport-Security", HSTS)
    if request.endpoint == "static" and request.args.get("v") and response.status_code in {200, 304}:
        response.headers["Cache-Control"] = f"public, max-age={STATIC_SECONDS}, immutable"
    elif request.path.endswith(".woff2"):  # named by the style sheet, so without a fingerprint
        response.headers["Cache-Control"] = f"public, max-age={FONT_SECONDS}"
    elif request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response
