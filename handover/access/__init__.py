"""Who is calling: OIDC login, sessions, roles.

Every route declares who may call it with exactly one of `allow`, `patients_only`, `signed_in`, `public` or
`machines`, directly under the route decorator; `quiet` marks polls, `step_up` acts that cannot be undone,
`while_locked` what a locked screen may still do.
A route without a declaration answers nobody (and a test fails).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar

from flask import g

from handover.access.model import Callers, Rule, only_roles
from handover.actors import Actor, Patient, Role, Staff
from handover.errors import NotPermitted

__all__ = [
    "allow",
    "current_actor",
    "current_patient",
    "current_staff",
    "machines",
    "patients_only",
    "public",
    "quiet",
    "rule_of",
    "signed_in",
    "step_up",
    "while_locked",
    "with_session",
]

View = TypeVar("View", bound=Callable[..., Any])
_RULE: Final = "handover_rule"
_WISHES: Final = "handover_wishes"


def current_actor() -> Actor:
    """Return who is signed in. Raises NotPermitted('access.nobody') when nobody is."""
    actor: Actor | None = g.get("handover_actor")
    if actor is None:
        raise NotPermitted("access.nobody")
    return actor


def current_staff() -> Staff:
    """Return the signed-in staff member. Raises NotPermitted when nobody, or a patient, is signed in."""
    actor = current_actor()
    if not isinstance(actor, Staff):
        raise NotPermitted("access.staff-only")
    return actor


def current_patient() -> Patient:
    """Return the signed-in patient. Raises NotPermitted when nobody, or a staff member, is signed in."""
    actor = current_actor()
    if not isinstance(actor, Patient):
        raise NotPermitted("access.patients-only")
    return actor


def allow(*roles: Role) -> Callable[[View], View]:
    """Let staff call who hold one of the roles at some service of their agency."""
    return _declare(Rule(callers=Callers.STAFF, roles=only_roles(roles)))


def patients_only(view: View) -> View:
    """Let signed-in patients call."""
    return _declare(Rule(callers=Callers.PATIENTS))(view)


def signed_in(view: View) -> View:
    """Let everyone who is signed in call, staff or patient."""
    return _declare(Rule(callers=Callers.SIGNED_IN))(view)


def with_session(view: View) -> View:
    """Let whoever has a session call, also before they have chosen an agency (the login's own pages)."""
    return _declare(Rule(callers=Callers.SESSION))(view)


def public(why: str) -> Callable[[View], View]:
    """Let everyone call, for the reason given."""
    return _declare(Rule(callers=Callers.PUBLIC, why=why))


def machines(why: str) -> Callable[[View], View]:
    """Let machines call, which prove who they are in another way (the reason says which): no session, no CSRF."""
    return _declare(Rule(callers=Callers.MACHINES, why=why))


def quiet(view: View) -> View:
    """Mark a poll: it never extends the session."""
    return _wish(view, is_quiet=True)


def step_up(view: View) -> View:
    """Ask for a renewed login (`prompt=login`, `auth_time` checked) before an act that cannot be undone."""
    return _wish(view, needs_step_up=True)


def while_locked(view: View) -> View:
    """Let a locked session call: only for what leads to a renewed login, and shows nothing of anybody."""
    return _wish(view, is_open_while_locked=True)


def rule_of(view: Callable[..., Any]) -> Rule | None:
    """Return what a view declares, or None."""
    rule: Rule | None = getattr(view, _RULE, None)
    return replace(rule, **getattr(view, _WISHES, {})) if rule else None


def _declare(rule: Rule) -> Callable[[View], View]:
    def declare(view: View) -> View:
        if hasattr(view, _RULE):
            raise ValueError(f"{view.__qualname__} declares twice who may call it")
        setattr(view, _RULE, rule)
        return view

    return declare


def _wish(view: View, **wish: bool) -> View:
    setattr(view, _WISHES, {**getattr(view, _WISHES, {}), **wish})
    return view
