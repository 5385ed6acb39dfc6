"""The signed documents: `directory.jws` by the anchor, a statement by each agency, an enrolment request.

Compact JWS, Ed25519, claim names of OpenID Federation where it has them. Unknown claims are ignored (an older
node reads what a newer community writes); everything known is checked. Signature before content, always.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from marshmallow import Schema, ValidationError

from handover.directory.model import (
    Agency,
    Anchors,
    Directory,
    DirectoryRefused,
    Pause,
    Service,
    Statement,
)
from handover.directory.schema import (
    ACTIVE,
    SUSPENDED,
    AnchorsSchema,
    DirectorySchema,
    EnrolmentSchema,
    StatementSchema,
)
from handover.ids import AgencyId, KeyId
from handover.keys import compact, signatures
from handover.keys.errors import EnvelopeRefused
from handover.keys.material import PublicSigningKey, SigningKey

DIRECTORY_TYPE: Final = "hm-directory+jws"
STATEMENT_TYPE: Final = "hm-statement+jws"
ENROLMENT_TYPE: Final = "hm-enrolment+jws"
MAX_DIRECTORY_BYTES: Final = 8 << 20
MAX_STATEMENT_BYTES: Final = 2 << 20
MAX_ENROLMENT_BYTES: Final = 1 << 16
_DIRECTORY: Final = DirectorySchema()
_STATEMENT: Final = StatementSchema()


def sign_directory(directory: Directory, *, anchor: SigningKey) -> bytes:
    """Return `directory.jws`."""
    return _sign(DIRECTORY_TYPE, anchor, {**_times(directory), **directory_claims(directory)})


def read_directory(jws: bytes, anchors: Anchors) -> Directory:
    """Verify a directory against the pinned anchors and read it; times and version are the caller's to check."""

    def find(kid: KeyId) -> PublicSigningKey:
        if kid not in anchors.keys:
            raise DirectoryRefused("directory.foreign")
        return anchors.keys[kid]

    directory: Directory = _read(jws, DIRECTORY_TYPE, find, _DIRECTORY, limit=MAX_DIRECTORY_BYTES)
    if directory.community != anchors.community:
        raise DirectoryRefused("directory.foreign")
    return directory


def sign_statement(statement: Statement, *, signer: SigningKey) -> bytes:
    """Return the agency's statement."""
    return _sign(STATEMENT_TYPE, signer, statement_claims(statement))


def statement_claims(statement: Statement) -> dict[str, Any]:
    """Return a statement as JSON claims."""
    return {
        **_times(statement),
        "iss": statement.agency,
        "encryption_keys": [
            {"jwk": key.key.jwk(), "iat": _seconds(key.published_at), "exp": _seconds(key.not_after)}
            for key in statement.keys
        ],
        "services": [_service_claims(service) for service in statement.services],
    }


def read_statement(jws: bytes, agency: AgencyId, find: Callable[[KeyId], PublicSigningKey]) -> Statement:
    """Verify an agency's statement with the key the directory lists for it; raises DirectoryRefused."""
    statement: Statement = _read(jws, STATEMENT_TYPE, find, _STATEMENT, limit=MAX_STATEMENT_BYTES)
    if statement.agency != agency or any(service.agency != agency for service in statement.services):
        raise DirectoryRefused("directory.foreign")
    return statement


def sign_enrolment(
    *, agency: AgencyId, name: str, endpoint: str, not_before: datetime, signer: SigningKey, now: datetime
) -> bytes:
    """Return a request to be listed, signed by the very key it asks to list (proof of possession)."""
    claims = {
        "iss": agency,
        "name": name,
        "endpoint": endpoint,
        "iat": _seconds(now),
        "key": {"jwk": signer.public.jwk(), "nbf": _seconds(not_before)},
    }
    return _sign(ENROLMENT_TYPE, signer, claims)


def read_enrolment(jws: bytes) -> tuple[Agency, datetime]:
    """Check that a request is signed by the key it names; return the agency asked for, and when it was signed."""
    unverified = _opened(jws, ENROLMENT_TYPE, limit=MAX_ENROLMENT_BYTES)
    try:
        # The key that the request itself names: this proves possession and nothing more. Trust comes from the
        # fingerprint that two people compare by voice.
        asked = EnrolmentSchema().load(compact.members(unverified.unverified_payload()))
        unverified.verify(asked["agency"].keys[0].key)
    except EnvelopeRefused as refused:
        raise DirectoryRefused(f"directory.{refused.reason}") from refused
    except ValidationError as odd:
        raise DirectoryRefused("directory.odd", members=_paths(odd.messages)) from odd
    if unverified.header["kid"] != asked["agency"].keys[0].key.kid:
        raise DirectoryRefused("directory.no-proof-of-possession")
    return asked["agency"], asked["iat"]


def fingerprint(key: PublicSigningKey) -> str:
    """Return 40 digits in groups of five to read aloud over the telephone: 132 bits of SHA-256 over the key id."""
    number = int.from_bytes(sha256(b"handover fingerprint\0" + key.kid.encode()).digest(), "big") % 10**40
    digits = f"{number:040d}"
    return " ".join(digits[start : start + 5] for start in range(0, 40, 5))


def read_anchors(raw: bytes) -> Anchors:
    """Read `anchors.json`: the community's name and its public anchor keys; raises DirectoryRefused."""
    try:
        found = AnchorsSchema().load(compact.members(raw))
    except EnvelopeRefused as refused:
        raise DirectoryRefused("directory.anchors-odd") from refused
    except ValidationError as odd:
        raise DirectoryRefused("directory.anchors-odd", members=_paths(odd.messages)) from odd
    return Anchors(community=found["community"], keys={key.kid: key for key in found["anchors"]})


def write_anchors(anchors: Anchors) -> bytes:
    """Return the file that `read_anchors` reads."""
    content = {"community": anchors.community, "anchors": [key.jwk() for key in anchors.keys.values()]}
    return json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n"


def directory_claims(directory: Directory) -> dict[str, Any]:
    """Return a directory as JSON claims, without its times."""
    return {
        "iss": directory.community,
        "version": directory.version,
        "entities": [_agency_claims(agency) for agency in directory.agencies.values()],
    }


def _agency_claims(agency: Agency) -> dict[str, Any]:
    return {
        "iss": agency.id,
        "name": agency.name,
        "endpoint": agency.endpoint,
        "status": ACTIVE if agency.is_active else SUSPENDED,
        "min_profile": agency.min_profile,
        "keys": [
            {"jwk": key.key.jwk(), "nbf": _seconds(key.not_before), "exp": _seconds(key.not_after)}
            for key in agency.keys
        ],
        "revocations": [
            {"kid": key.key.kid, "at": _seconds(key.revoked_at)}
            for key in agency.keys
            if key.revoked_at is not None
        ],
    }


def _service_claims(service: Service) -> dict[str, Any]:
    return {
        "id": service.id,
        "name": service.name,
        "place": service.place,
        "kind": {"system": service.kind.system, "code": service.kind.code},
        "takes": service.takes,
        "target_group": service.target_group,
        "phone": service.phone,
        "opening_hours": service.opening_hours,
        "usual_answer_days": service.usual_answer_days,
        "answers_measured_on": service.answers_measured_on and service.answers_measured_on.isoformat(),
        **_measured(service),
        "confirmed_on": service.confirmed_on.isoformat(),
        "is_health": service.is_health,
        "takes_referrals": service.takes_referrals,
        "takes_handovers": service.takes_handovers,
        "is_open": service.is_open,
        "pause": service.pause and _pause_claims(service.pause),
        "offers": [vars(offer) for offer in service.offers],
    }


def _measured(service: Service) -> dict[str, Any]:
    """Return how soon messages are answered; nothing where that was not measured."""
    if service.message_answer_days is None or service.message_answers_measured_on is None:
        return {}
    return {
        "message_answer_days": service.message_answer_days,
        "message_answers_measured_on": service.message_answers_measured_on.isoformat(),
    }


def _pause_claims(pause: Pause) -> dict[str, Any]:
    return {
        "first": pause.first.isoformat(),
        "last": pause.last and pause.last.isoformat(),
        "why": pause.why,
        "instead": pause.instead,
        "advice": pause.advice,
    }


def _sign(typ: str, signer: SigningKey, claims: Mapping[str, Any]) -> bytes:
    payload = json.dumps(claims, ensure_ascii=False, separators=(",", ":")).encode()
    return signatures.sign(payload, signer=signer, header={"typ": typ})


def _opened(jws: bytes, typ: str, *, limit: int) -> signatures.Unverified:
    try:
        return signatures.read(jws, typ=typ, checks={}, limit=limit)
    except EnvelopeRefused as refused:
        raise DirectoryRefused(f"directory.{refused.reason}") from refused


def _read(jws: bytes, typ: str, find: Callable[[KeyId], PublicSigningKey], schema: Schema, *, limit: int) -> Any:
    unverified = _opened(jws, typ, limit=limit)
    try:
        payload = unverified.verify(find(KeyId(unverified.header["kid"])))
        return schema.load(compact.members(payload))
    except EnvelopeRefused as refused:
        raise DirectoryRefused(f"directory.{refused.reason}") from refused
    except ValidationError as odd:
        raise DirectoryRefused("directory.odd", members=_paths(odd.messages)) from odd


def _times(document: Directory | Statement) -> dict[str, int | None]:
    return {"iat": _seconds(document.iat), "exp": _seconds(document.exp)}


def _seconds(instant: datetime | None) -> int | None:
    return None if instant is None else int(instant.timestamp())


def _paths(messages: object, path: str = "") -> list[str]:
    """Name the members that were odd, never their values."""
    if not isinstance(messages, dict):
        return [path]
    return [found for name, inner in messages.items() for found in _paths(inner, f"{path}.{name}".lstrip("."))]
