"""Strict reading of compact JOSE: size before anything, exact parts, exact header members, nothing twice.

joserfc takes duplicate members (last wins), members it does not know in some forms, and reads before it
counts; everything from outside passes through here first.
"""

import binascii
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import pybase64

from handover.keys.errors import EnvelopeRefused, Reason

MAX_HEADER_BYTES: Final = 4096
"""Longest encoded protected header; the longest real one (`ek` of 1120 bytes) is about 2 200."""

_LAST_CHARACTER: Final = {1: b"", 2: b"AQgw", 3: b"AEIMQUYcgkosw048"}
"""By length modulo 4, the last characters whose unused bits are zero: one spelling for each value."""

Check = Callable[[Any], bool]


def encode(raw: bytes) -> bytes:
    """Return base64url without padding (RFC 7515 section 2)."""
    return pybase64.b64encode(raw, b"-_").rstrip(b"=")


def decode(text: bytes) -> bytes:
    """Return the bytes of canonical base64url; raises EnvelopeRefused(malformed) on padding or stray bits."""
    spare = len(text) % 4
    if b"=" in text or b"+" in text or b"/" in text or (spare and text[-1] not in _LAST_CHARACTER[spare]):
        raise EnvelopeRefused(Reason.MALFORMED)
    try:
        return pybase64.b64decode(text + b"=" * (-len(text) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError) as odd:
        raise EnvelopeRefused(Reason.MALFORMED) from odd


def split(token: bytes, *, parts: int, limit: int) -> list[bytes]:
    """Split a compact token of at most `limit` bytes into exactly that many parts."""
    if len(token) > limit:
        raise EnvelopeRefused(Reason.TOO_LARGE)
    found = token.split(b".", parts)
    if len(found) != parts or not all(found):
        raise EnvelopeRefused(Reason.MALFORMED)
    return found


def header(segment: bytes) -> dict[str, Any]:
    """Decode a protected header; raises EnvelopeRefused on duplicates, nesting deeper than flat, or size."""
    if len(segment) > MAX_HEADER_BYTES:
        raise EnvelopeRefused(Reason.TOO_LARGE)
    return members(decode(segment))


def members(raw: bytes) -> dict[str, Any]:
    """Read one JSON object strictly: UTF-8, no member twice, no NaN; raises EnvelopeRefused(malformed)."""
    try:
        found = json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
    except (UnicodeDecodeError, ValueError, RecursionError) as odd:
        raise EnvelopeRefused(Reason.MALFORMED) from odd
    if not isinstance(found, dict):
        raise EnvelopeRefused(Reason.MALFORMED)
    return found


def canonical(found: Mapping[str, Any]) -> bytes:
    """Return a JSON object in its one canonical spelling here: sorted, without spaces."""
    return json.dumps(found, sort_keys=True, separators=(",", ":")).encode()


def require(found: Mapping[str, Any], checks: Mapping[str, Check]) -> None:
    """Demand exactly the members in `checks`, each passing its check; raises EnvelopeRefused(bad-header)."""
    if found.keys() != checks.keys() or not all(check(found[name]) for name, check in checks.items()):
        raise EnvelopeRefused(Reason.BAD_HEADER)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise EnvelopeRefused(Reason.MALFORMED)
    return found


def _refuse(_constant: str) -> None:
    raise EnvelopeRefused(Reason.MALFORMED)


_KID: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_AGENCY: Final = re.compile(r"[0-9]{9}")
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_DIGEST: Final = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
_LAST_SECOND: Final = 253402300799  # the end of year 9999, what a datetime can hold


def is_kid(value: object) -> bool:
    """Whether the value is an RFC 7638 SHA-256 thumbprint and nothing else (never a path)."""
    return isinstance(value, str) and _KID.fullmatch(value) is not None


def is_agency(value: object) -> bool:
    """Whether the value is one organisation number; a list of them is not."""
    return isinstance(value, str) and _AGENCY.fullmatch(value) is not None


def is_uuid(value: object) -> bool:
    """Whether the value is a UUID in its one canonical spelling."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def is_digest(value: object) -> bool:
    """Whether the value is a SHA-256 in base64url."""
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def is_instant(value: object) -> bool:
    """Whether the value is whole seconds since 1970; true and 1.0 are not."""
    return type(value) is int and 0 <= value <= _LAST_SECOND


def instant(seconds: int) -> datetime:
    """Return the instant that many whole seconds after 1970 began."""
    return datetime.fromtimestamp(seconds, UTC)
