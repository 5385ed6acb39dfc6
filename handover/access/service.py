"""The staff register and the sessions: one function per use case. Times are aware; nothing here commits."""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from handover.access import store
from handover.access.model import ABSOLUTE, LOGIN_LASTS, ends_at
from handover.access.tables import LoginAttemptRow, SessionRow, StaffRow
from handover.actors import Actor, Machine, Patient, Role, Staff
from handover.audit import service as audit
from handover.audit.model import Event
from handover.db import provided
from handover.errors import Conflict, Invalid, NotFound, NotPermitted
from handover.ids import AgencyId, ServiceId, StaffId, new_uuid
from handover.keys.vault import Vault

_LOGIN = "login"
TOUCH_EVERY = timedelta(seconds=60)
"""How often activity is written down; a session may thus end up to a minute early, never late."""
REGISTRARS = frozenset({Role.SECURITY_OFFICER, Role.OPERATOR})
"""Who may change the staff register of their agency."""


@dataclass(frozen=True, kw_only=True)
class NewStaff:
    """What the register holds about a staff member. `login` is what the login provider will say (a number)."""

    login: str = field(repr=False)
    name: str = field(repr=False)
    title: str
    phone: str = field(repr=False)
    hpr: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Whom a session names. `actor` is None while a person with several agencies has not chosen one."""

    token: bytes = field(repr=False)
    kind: str
    actor: Actor | None
    agency: AgencyId | None
    name: str = field(repr=False)
    subject: str = field(repr=False)
    id_token: str = field(repr=False)
    places: int
    """How many of the node's agencies they work for."""
    begun_at: datetime
    active_at: datetime
    authenticated_at: datetime
    is_locked: bool = False
    """The screen was left: until a renewed login this session shows nobody anything."""

    @property
    def ends_at(self) -> datetime:
        """When the session ends if nothing more is done."""
        return ends_at(begun_at=self.begun_at, active_at=self.active_at)


@dataclass(frozen=True, kw_only=True)
class Proven:
    """What a provider proved about a person: the start of a session."""

    kind: str
    subject: str = field(repr=False)
    name: str = field(repr=False)
    id_token: str = field(repr=False)
    authenticated_at: datetime
    places: int = 0
    """Staff: for how many of the node's agencies."""


# The staff register -----------------------------------------------------------------------------------------


def register(session: Session, new: NewStaff, *, agency: AgencyId, by: Actor, now: datetime) -> StaffId:
    """Add a staff member without roles. Raises NotPermitted; Invalid; Conflict('staff.login-taken')."""
    _may_manage(by, agency)
    missing = {
        name: ["required"] for name in ("login", "name", "title", "phone") if not getattr(new, name).strip()
    }
    if missing:
        raise Invalid("staff.incomplete", fields=missing)
    vault = provided(session, Vault)
    login = vault.blind(agency, _LOGIN, new.login)
    if store.staff_with_login(session, agency, login) is not None:
        raise Conflict("staff.login-taken")
    id_ = StaffId(new_uuid())
    about = {"name": new.name, "title": new.title, "phone": new.phone, "hpr": new.hpr}
    sealed = vault.seal(agency, "staff", "about", id_, json.dumps(about).encode())
    session.add(StaffRow(agency=agency, id=id_, login=login, about=sealed, created_at=now))
    session.flush()
    audit.record(session, event=Event.STAFF_REGISTER, actor=by, agency=agency, subject=id_, now=now)
    return id_


def grant(
    session: Session,
    staff: StaffId,
    role: Role,
    service: ServiceId | None,
    *,
    agency: AgencyId,
    by: Actor,
    now: datetime,
) -> None:
    """Give a role at a service, or for the whole agency (None). Giving it twice changes nothing."""
    _may_manage(by, agency)
    _open_row(session, agency, staff)
    if store.add_role(session, agency, staff, role, service):
        _record_role(session, Event.ROLE_GRANT, staff, role, service, agency=agency, by=by, now=now)


def revoke(
    session: Session,
    staff: StaffId,
    role: Role,
    service: ServiceId | None,
    *,
    agency: AgencyId,
    by: Actor,
    now: datetime,
) -> None:
    """Take a role back; has effect from the person's next request."""
    _may_manage(by, agency)
    if store.remove_role(session, agency, staff, role, service):
        _record_role(session, Event.ROLE_REVOKE, staff, role, service, agency=agency, by=by, now=now)


def close(session: Session, staff: StaffId, *, agency: AgencyId, by: Actor, now: datetime) -> None:
    """Close a staff member's access: sessions and roles end, the name stays on what they did."""
    _may_manage(by, agency)
    row = _open_row(session, agency, staff)
    row.closed_at = now
    store.remove_roles(session, agency, staff)
    store.end_sessions_of(session, agency, staff)
    audit.record(session, event=Event.STAFF_CLOSE, actor=by, agency=agency, subject=staff, now=now)


def reopen(session: Session, staff: StaffId, *, agency: AgencyId, by: Actor, now: datetime) -> None:
    """Let somebody who comes back in again, as the same person, without roles. Raises NotFound; Conflict."""
    _may_manage(by, agency)
    row = store.staff_row(session, agency, staff)
    if row is None:
        raise NotFound("staff.unknown")
    if row.closed_at is None:
        raise Conflict("staff.open")
    row.closed_at = None
    audit.record(session, event=Event.STAFF_REGISTER, actor=by, agency=agency, subject=staff, now=now)


def staff_of(session: Session, agency: AgencyId, staff: StaffId) -> Staff:
    """Return one of the agency's staff, also one whose access is closed. Raises NotFound."""
    row = store.staff_row(session, agency, staff)
    if row is None:
        raise NotFound("staff.unknown")
    return _staff(session, row)


def everyone(session: Session, agency: AgencyId) -> list[Staff]:
    """Return the agency's open staff, by name."""
    return _by_name(session, store.open_staff(session, agency))


def holders(session: Session, agency: AgencyId, *roles: Role, service: ServiceId | None = None) -> list[Staff]:
    """Return open staff who hold one of the roles at the service (or agency-wide), by name: whom to assign to."""
    return _by_name(session, store.holders(session, agency, roles, service))


def closed(session: Session, agency: AgencyId, among: Iterable[StaffId] | None = None) -> frozenset[StaffId]:
    """Return whose access is closed, of everybody (None) or among some."""
    return store.closed(session, agency, among)


def at_work(
    session: Session, agency: AgencyId, among: Iterable[StaffId], service: ServiceId
) -> frozenset[StaffId]:
    """Return those of the open staff `among` who work at the service, or hold a role for the whole agency."""
    return store.at_work(session, agency, among, service)


def places_of(session: Session, subject: str, agencies: Iterable[AgencyId]) -> list[Staff]:
    """Return the person behind a login as each of these agencies knows them."""
    vault = provided(session, Vault)
    found = (store.staff_by_login(session, agency, vault.blind(agency, _LOGIN, subject)) for agency in agencies)
    return [_staff(session, row) for row in found if row is not None]


# Logins under way -------------------------------------------------------------------------------------------


def begin_login(
    session: Session, *, state: str, browser: str, kind: str, return_to: str, is_step_up: bool, now: datetime
) -> None:
    """Remember a login that has been sent to the provider, for ten minutes."""
    store.forget_before(session, attempts=now - LOGIN_LASTS, sessions=now - ABSOLUTE)
    session.add(
        LoginAttemptRow(
            state=_hashed("state", state),
            browser=_hashed("browser", browser),
            kind=kind,
            return_to=return_to,
            is_step_up=is_step_up,
            begun_at=now,
        )
    )
    session.flush()


@dataclass(frozen=True, kw_only=True)
class Returning:
    """A login that came back from the provider, taken so that it cannot come back twice."""

    kind: str
    return_to: str
    is_step_up: bool
    begun_at: datetime


def take_login(session: Session, *, state: str, browser: str, now: datetime) -> Returning:
    """Take the login this browser began. Raises NotPermitted('login.state') if another's, late or repeated."""
    row = store.take_attempt(session, _hashed("state", state))
    if (
        row is None
        or now - row.begun_at > LOGIN_LASTS
        or not secrets.compare_digest(row.browser, _hashed("browser", browser))
    ):
        raise NotPermitted("login.state")
    return Returning(kind=row.kind, return_to=row.return_to, is_step_up=row.is_step_up, begun_at=row.begun_at)


# Sessions ---------------------------------------------------------------------------------------------------


def begin_session(session: Session, proven: Proven, *, staff: Staff | None, home: AgencyId, now: datetime) -> str:
    """Begin a session and return its token, which only the cookie holds. `home` seals who it names."""
    token = secrets.token_urlsafe(32)
    hashed = _hashed("session", token)
    named = {
        "subject": proven.subject,
        "name": proven.name,
        "id_token": proven.id_token,
        "places": proven.places,
    }
    session.add(
        SessionRow(
            token=hashed,
            kind=proven.kind,
            agency=staff.agency if staff else None,
            staff=staff.id if staff else None,
            identity=provided(session, Vault).seal(
                home, "web_session", "identity", hashed.hex(), json.dumps(named).encode()
            ),
            begun_at=now,
            active_at=now,
            authenticated_at=proven.authenticated_at,
        )
    )
    session.flush()
    return token


def visitor(session: Session, token: str, *, home: AgencyId, now: datetime) -> Visitor | None:
    """Return whom a session's token names; None when there is no such session, or it has ended."""
    hashed = _hashed("session", token)
    row = store.session_row(session, hashed)
    if row is None or now >= ends_at(begun_at=row.begun_at, active_at=row.active_at):
        return None
    opened = provided(session, Vault).open(home, "web_session", "identity", hashed.hex(), row.identity)
    named = json.loads(opened)
    actor = _actor_of(session, row, named)
    if row.staff is not None and actor is None:
        return None  # closed since
    return Visitor(
        token=hashed,
        kind=row.kind,
        actor=actor,
        agency=AgencyId(row.agency) if row.agency else None,
        name=actor.name if actor else named["name"],
        subject=named["subject"],
        id_token=named["id_token"],
        places=named["places"],
        begun_at=row.begun_at,
        active_at=row.active_at,
        authenticated_at=row.authenticated_at,
        is_locked=row.locked_at is not None,
    )


def stay(session: Session, found: Visitor, *, now: datetime) -> None:
    """Note activity: the session's idle time starts anew."""
    store.touch(session, found.token, now)


def lock(session: Session, found: Visitor, *, now: datetime) -> None:
    """Leave the screen: the session stays, but shows nothing until the same person has logged in again."""
    store.lock_session(session, found.token, now)


def end_session(session: Session, hashed: bytes) -> None:
    """End the session whose token has this hash (`Visitor.token`)."""
    store.end_session(session, hashed)


def csrf_token(token: str) -> str:
    """Return what every unsafe form of this session must carry; says nothing about the session's token."""
    return _hashed("csrf", token).hex()


def _actor_of(session: Session, row: SessionRow, named: Mapping[str, Any]) -> Actor | None:
    if row.kind != "staff":
        return Patient(number=named["subject"], name=named["name"])
    if row.agency is None or row.staff is None:
        return None
    found = store.staff_row(session, AgencyId(row.agency), StaffId(row.staff))
    return _staff(session, found) if found is not None and found.closed_at is None else None


def _staff(session: Session, row: StaffRow) -> Staff:
    agency, id_ = AgencyId(row.agency), StaffId(row.id)
    about = json.loads(provided(session, Vault).open(agency, "staff", "about", row.id, row.about))
    return Staff(agency=agency, id=id_, roles=store.roles_of(session, agency, id_), **about)


def _by_name(session: Session, rows: Iterable[StaffRow]) -> list[Staff]:
    return sorted((_staff(session, row) for row in rows), key=lambda staff: staff.name)


def _open_row(session: Session, agency: AgencyId, staff: StaffId) -> StaffRow:
    row = store.staff_row(session, agency, staff)
    if row is None or row.closed_at is not None:
        raise NotFound("staff.unknown")
    return row


def _may_manage(by: Actor, agency: AgencyId) -> None:
    if isinstance(by, Patient) or by.agency != agency:
        raise NotPermitted("staff.not-yours")
    if not isinstance(by, Machine) and not any(by.has(role) for role in REGISTRARS):
        raise NotPermitted("staff.role-needed")


def _record_role(
    session: Session,
    event: Event,
    staff: StaffId,
    role: Role,
    service: ServiceId | None,
    *,
    agency: AgencyId,
    by: Actor,
    now: datetime,
) -> None:
    detail = {"role": role.value}
    audit.record(
        session, event=event, actor=by, agency=agency, subject=staff, service=service, detail=detail, now=now
    )


def _hashed(purpose: str, value: str) -> bytes:
    return hashlib.sha256(f"handover {purpose}|{value}".encode()).digest()
