"""What each login provider is asked for and what must be in its answer: HelseID, ID-porten, and a generic one.

Claims and levels as in NORWAY.md "Login". A profile asks for what the provider's own documentation names and
checks what OpenID Connect Core 3.1.3.7 and the security level demand; nothing more, so that a provider may add.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from handover.errors import NotPermitted

Claims = Mapping[str, Any]
ALGORITHMS: Final = ("RS256", "PS256", "ES256")
"""Signatures accepted on an id_token. `none` and shared secrets are never among them."""

HELSEID_PID: Final = "helseid://claims/identity/pid"
HELSEID_LEVEL: Final = "helseid://claims/identity/security_level"
HELSEID_HPR: Final = "helseid://claims/hpr/hpr_number"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One kind of provider."""

    name: str
    title: str
    """What people call it («ID-porten»)."""
    scope: str
    subject_claim: str
    """The claim by which the person is found in the register; a national number where the provider gives one."""
    level_claim: str | None = None
    levels: frozenset[str] = frozenset()
    """Values of the level claim that are high enough for health data; empty: nothing is asked."""
    acr_values: str | None = None
    hpr_claim: str | None = None


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who the provider says this is. `subject` finds staff in the register; for patients it is the number."""

    subject: str = field(repr=False)
    name: str = field(repr=False)
    hpr: str | None = field(default=None, repr=False)


PROFILES: Final[Mapping[str, Profile]] = {
    profile.name: profile
    for profile in (
        Profile(
            name="helseid",
            title="HelseID",
            scope="openid profile helseid://scopes/identity/pid helseid://scopes/identity/security_level "
            "helseid://scopes/hpr/hpr_number",
            subject_claim=HELSEID_PID,
            level_claim=HELSEID_LEVEL,
            levels=frozenset({"4"}),
            acr_values="Level4",
            hpr_claim=HELSEID_HPR,
        ),
        Profile(
            name="idporten",
            title="ID-porten",
            scope="openid profile",
            subject_claim="pid",
            level_claim="acr",
            levels=frozenset({"idporten-loa-high"}),
            acr_values="idporten-loa-high",
        ),
        Profile(name="generic", title="OpenID Connect", scope="openid profile", subject_claim="sub"),
    )
}


def profile(name: str, *, acr: str | None = None) -> Profile:
    """Return a profile; `acr` is the level a generic provider is asked for. Raises KeyError."""
    found = PROFILES[name]
    if found.level_claim is not None or acr is None:
        return found
    return replace(found, level_claim="acr", levels=frozenset({acr}), acr_values=acr)


def identity(chosen: Profile, claims: Claims) -> Identity:
    """Return who this is, or raise NotPermitted('login.level' | 'login.subject-missing')."""
    if chosen.levels and claims.get(chosen.level_claim or "") not in chosen.levels:
        raise NotPermitted("login.level", profile=chosen.name)
    subject = claims.get(chosen.subject_claim)
    if not isinstance(subject, str) or not subject:
        raise NotPermitted("login.subject-missing", profile=chosen.name)
    hpr = claims.get(chosen.hpr_claim) if chosen.hpr_claim else None
    return Identity(subject=subject, name=str(claims.get("name") or ""), hpr=str(hpr) if hpr else None)
