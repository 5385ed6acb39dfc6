"""Who may call what: the rule every route declares, and the limits of a session."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from handover.actors import Actor, Patient, Role, Staff

IDLE: Final = timedelta(minutes=30)
ABSOLUTE: Final = timedelta(hours=10)
STEP_UP_FRESH: Final = timedelta(minutes=10)
"""How long a renewed login (`prompt=login`) opens acts that cannot be undone."""
LOGIN_LASTS: Final = timedelta(minutes=10)
"""How long a person may take at the provider before the login must start again."""


class Callers(StrEnum):
    """The kinds of callers a route may declare."""

    PUBLIC = "public"
    MACHINES = "machines"
    SESSION = "session"
    """Whoever has a session, also before they have chosen an agency (the login's own pages)."""
    SIGNED_IN = "signed-in"
    STAFF = "staff"
    PATIENTS = "patients"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Who may call a route. `why` is the reason a route is open to callers that no session names."""

    callers: Callers
    roles: frozenset[Role] = frozenset()
    why: str = ""
    is_quiet: bool = False
    """A poll: does not count as activity, so it never extends the session."""
    needs_step_up: bool = False
    is_open_while_locked: bool = False
    """Leads out of a locked screen, by a renewed login alone."""

    @property
    def needs_session(self) -> bool:
        """Whether somebody must be signed in."""
        return self.callers not in {Callers.PUBLIC, Callers.MACHINES}

    @property
    def needs_actor(self) -> bool:
        """Whether it must be known for which agency they act (or that they are a patient)."""
        return self.needs_session and self.callers is not Callers.SESSION

    def admits(self, actor: Actor) -> bool:
        """Whether this signed-in actor may call; which rows they may see is for each query to say."""
        if self.callers is Callers.PATIENTS:
            return isinstance(actor, Patient)
        if self.callers is Callers.STAFF:
            return isinstance(actor, Staff) and any(actor.has(role) for role in self.roles)
        return True


def ends_at(*, begun_at: datetime, active_at: datetime) -> datetime:
    """Return when a session ends if nothing more is done: idle 30 minutes, at most 10 hours in all."""
    return min(active_at + IDLE, begun_at + ABSOLUTE)


def only_roles(roles: Iterable[Role]) -> frozenset[Role]:
    """Return the roles a route names. Raises ValueError when it names none (say `signed_in` instead)."""
    named = frozenset(roles)
    if not named:
        raise ValueError("name at least one role")
    return named
