"""What the signed documents must look like. Unknown claims are ignored, everything known is checked."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate

from handover.directory.model import (
    MAX_OFFERS,
    Agency,
    Directory,
    Kind,
    ListedKey,
    Offer,
    Pause,
    PublishedKey,
    Service,
    Statement,
)
from handover.ids import AgencyId, ServiceId
from handover.keys import compact
from handover.keys.errors import KeyRefused
from handover.keys.material import PublicEncryptionKey, PublicSigningKey

ACTIVE: Final = "active"
"""The one status in which an agency may sign; every other word means that it may not."""
SUSPENDED: Final = "suspended"
_HER: Final = r"[0-9]{1,10}\Z"


class _Instant(fields.Field[datetime]):
    """Whole seconds since 1970."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if not compact.is_instant(value):
            raise ValidationError("not an instant")
        return compact.instant(value)


class _SigningJwk(fields.Field[PublicSigningKey]):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> PublicSigningKey:
        key: PublicSigningKey = _key(PublicSigningKey.from_jwk, value)
        return key


class _EncryptionJwk(fields.Field[PublicEncryptionKey]):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> PublicEncryptionKey:
        key: PublicEncryptionKey = _key(PublicEncryptionKey.from_jwk, value)
        return key


def _key(read: Callable[[Mapping[str, Any]], Any], value: Any) -> Any:
    if not isinstance(value, dict):
        raise ValidationError("not a JWK")
    try:
        return read(value)
    except KeyRefused as refused:
        raise ValidationError(refused.stable_code) from refused


class _Schema(Schema):
    class Meta:
        unknown = EXCLUDE


def _text(limit: int = 200, *, empty: bool = False) -> fields.String:
    return fields.String(required=True, validate=validate.Length(min=0 if empty else 1, max=limit))


def _agency_id() -> fields.String:
    return fields.String(required=True, validate=validate.Regexp(r"[0-9]{9}\Z"))


def _endpoint() -> fields.String:
    return fields.String(required=True, validate=validate.Regexp(r"https?://[^\s/?#@]+(/[^\s?#]*[^\s?#/])?\Z"))


class _ListedKeySchema(_Schema):
    jwk = _SigningJwk(required=True)
    nbf = _Instant(required=True)
    exp = _Instant(load_default=None, allow_none=True)

    @post_load
    def _make(self, found: dict[str, Any], **_: Any) -> ListedKey:
        return ListedKey(key=found["jwk"], not_before=found["nbf"], not_after=found["exp"])


class _RevocationSchema(_Schema):
    kid = fields.String(required=True, validate=compact.is_kid)
    at = _Instant(required=True)


class _AgencySchema(_Schema):
    iss = _agency_id()
    name = _text()
    endpoint = _endpoint()
    status = _text(20)
    min_profile = _text(20)
    keys = fields.List(fields.Nested(_ListedKeySchema), required=True)
    revocations = fields.List(fields.Nested(_RevocationSchema), load_default=list)

    @post_load
    def _make(self, found: dict[str, Any], **_: Any) -> Agency:
        revoked = {entry["kid"]: entry["at"] for entry in found["revocations"]}
        keys = (
            ListedKey(
                key=key.key,
                not_before=key.not_before,
                not_after=key.not_after,
                revoked_at=revoked.get(key.key.kid),
            )
            for key in found["keys"]
        )
        return Agency(
            id=AgencyId(found["iss"]),
            name=found["name"],
            endpoint=found["endpoint"],
            keys=tuple(keys),
            is_active=found["status"] == ACTIVE,
            min_profile=found["min_profile"],
        )


class DirectorySchema(_Schema):
    """A directory's claims."""

    iss = _text()
    version = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    iat = _Instant(required=True)
    exp = _Instant(required=True)
    entities = fields.List(fields.Nested(_AgencySchema), required=True)

    @post_load
    def _make(self, found: dict[str, Any], **_: Any) -> Directory:
        agencies = {agency.id: agency for agency in found["entities"]}
        if len(agencies) != len(found["entities"]):
            raise ValidationError("an agency twice", "entities")
        return Directory(
            community=found["iss"],
            version=found["version"],
            iat=found["iat"],
            exp=found["exp"],
            agencies=agencies,
        )


class _KindSchema(_Schema):
    system = _text()
    code = _text(50)

    @post_load
    def _make(self, found: dict[str, Any], **_: Any) -> Kind:
        return Kind(**found)


class _OfferSchema(_Schema):
    id = fields.String(required=True, validate=validate.Regexp(r"[0-9a-z]{1,32}\Z"))
    title = _text()
    for_whom = _text(1000, empty=True)
    how = _text(1000, empty=True)
    words = _text(500, empty=True)

    @post_load
    def _make(self, found: dict[str, Any], **_: Any) -> Offer:
        return Offer(**found)


class _PauseSchema(_Schema):
    first = fields.Date(required=True)
    last = fields.Date(required=True, allow_none=True)
    why = _text(500, empty=True)
    instead = fields.String(required=True, allow_none=True, validate=validate.Regexp(_HER))
    advice = _text(1000, empty=True)

    @post_load
    def _make(self, found: dict[str, Any], **_: Any) -> Pause:
        instead = found["instead"]
        return Pause(**{**found, "instead": None if instead is None else ServiceId(instead)})


class _ServiceSchema(_Schema):
    id = fields.String(required=True, validate=validate.Regexp(_HER))
    name = _text()
    place = _text()
    kind = fields.Nested(_KindSchema, required=True)
    takes = _text(2000, empty=True)
    target_group = _text(2000, empty=True)
    phone = _text(40, empty=True)
    opening_hours = _text(500, empty=True)
    usual_answer_days = fields.Integer(
        required=True, strict=True, allow_none=True, validate=validate.Range(0, 1000)
    )
    answers_measured_on = fields.Date(load_default=None, allow_none=True)
    message_answer_days = fields.Integer(
        load_default=None, strict=True, allow_none=True, validate=validate.Range(0, 1000)
    )
    message_answers_measured_on = fields.Date(load_default=None, allow_none=True)
    confirmed_on = fields.Date(required=True)
    is_health = fields.Boolean(required=True, truthy={True}, falsy={False})
    takes_referrals = fields.Boolean(required=True, truthy={True}, falsy={False})
    takes_handovers = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    is_open = fields.Boolean(required=True, truthy={True}, falsy={False})
    pause = fields.Nested(_PauseSchema, load_default=None, allow_none=True)
    offers = fields.List(fields.Nested(_OfferSchema), load_default=list, validate=validate.Length(max=MAX_OFFERS))


class _PublishedKeySchema(_Schema):
    jwk = _EncryptionJwk(required=True)
    iat = _Instant(required=True)
    exp = _Instant(load_default=None, allow_none=True)

    @post_load
    def _make(self, found: dict[str, Any], **_: Any) -> PublishedKey:
        return PublishedKey(key=found["jwk"], published_at=found["iat"], not_after=found["exp"])


class StatementSchema(_Schema):
    """A statement's claims."""

    iss = _agency_id()
    iat = _Instant(required=True)
    exp = _Instant(required=True)
    encryption_keys = fields.List(fields.Nested(_PublishedKeySchema), required=True)
    services = fields.List(fields.Nested(_ServiceSchema), required=True)

    @post_load
    def _make(self, found: dict[str, Any], **_: Any) -> Statement:
        agency = AgencyId(found["iss"])
        services = tuple(
            Service(
                **{
                    **service,
                    "id": ServiceId(service["id"]),
                    "agency": agency,
                    "offers": tuple(service["offers"]),
                }
            )
            for service in found["services"]
        )
        return Statement(
            agency=agency,
            iat=found["iat"],
            exp=found["exp"],
            keys=tuple(found["encryption_keys"]),
            services=services,
        )


class EnrolmentSchema(_Schema):
    """An enrolment request's claims."""

    iss = _agency_id()
    name = _text()
    endpoint = _endpoint()
    iat = _Instant(required=True)
    key = fields.Nested(_ListedKeySchema, required=True)

    @post_load
    def _make(self, found: dict[str, Any], **_: Any) -> dict[str, Any]:
        agency = Agency(
            id=AgencyId(found["iss"]), name=found["name"], endpoint=found["endpoint"], keys=(found["key"],)
        )
        return {"agency": agency, "iat": found["iat"]}


class AnchorsSchema(_Schema):
    """The file of pinned anchors."""

    community = _text()
    anchors = fields.List(_SigningJwk(), required=True, validate=validate.Length(min=1, max=4))
