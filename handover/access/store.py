"""Queries of the staff register, sessions and logins. Staff queries name the agency that asks."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from handover.access.tables import LoginAttemptRow, SessionRow, StaffRoleRow, StaffRow
from handover.actors import Role
from handover.ids import AgencyId, ServiceId, StaffId

AGENCY_WIDE = ""


def staff_row(session: Session, agency: AgencyId, staff: StaffId) -> StaffRow | None:
    """Return one of the agency's staff, closed ones too."""
    return session.get(StaffRow, (agency, staff))


def staff_by_login(session: Session, agency: AgencyId, login: bytes) -> StaffRow | None:
    """Return the agency's open staff member with this keyed hash of a login."""
    wanted = select(StaffRow).where(
        StaffRow.agency == agency, StaffRow.login == login, StaffRow.closed_at.is_(None)
    )
    return session.scalars(wanted).one_or_none()


def staff_with_login(session: Session, agency: AgencyId, login: bytes) -> StaffRow | None:
    """Return the agency's staff member with this keyed hash of a login, closed ones too."""
    return session.scalars(
        select(StaffRow).where(StaffRow.agency == agency, StaffRow.login == login)
    ).one_or_none()


def roles_of(session: Session, agency: AgencyId, staff: StaffId) -> frozenset[tuple[ServiceId | None, Role]]:
    """Return (service or None, role) for everything a staff member may do."""
    wanted = select(StaffRoleRow.service, StaffRoleRow.role).where(
        StaffRoleRow.agency == agency, StaffRoleRow.staff == staff
    )
    return frozenset((ServiceId(at) if at else None, Role(role)) for at, role in session.execute(wanted))


def open_staff(session: Session, agency: AgencyId) -> Sequence[StaffRow]:
    """Return the agency's open staff."""
    return session.scalars(select(StaffRow).where(StaffRow.agency == agency, StaffRow.closed_at.is_(None))).all()


def holders(
    session: Session, agency: AgencyId, roles: Iterable[Role], service: ServiceId | None
) -> Sequence[StaffRow]:
    """Return open staff who hold one of the roles at the service or agency-wide (no service: anywhere)."""
    places = () if service is None else (StaffRoleRow.service.in_((service, AGENCY_WIDE)),)
    holding = select(StaffRoleRow.staff).where(
        StaffRoleRow.agency == agency, StaffRoleRow.role.in_([role.value for role in roles]), *places
    )
    wanted = select(StaffRow).where(
        StaffRow.agency == agency, StaffRow.closed_at.is_(None), StaffRow.id.in_(holding)
    )
    return session.scalars(wanted).all()


def closed(session: Session, agency: AgencyId, among: Iterable[StaffId] | None = None) -> frozenset[StaffId]:
    """Return whose access is closed, of all or of some."""
    wanted = select(StaffRow.id).where(StaffRow.agency == agency, StaffRow.closed_at.is_not(None))
    if among is not None:
        wanted = wanted.where(StaffRow.id.in_(list(among)))
    return frozenset(StaffId(id_) for id_ in session.scalars(wanted))


def at_work(
    session: Session, agency: AgencyId, among: Iterable[StaffId], service: ServiceId
) -> frozenset[StaffId]:
    """Return those of the open staff who work with the service's cases (not those who only run the node)."""
    wanted = (
        select(StaffRoleRow.staff)
        .join(StaffRow, (StaffRow.agency == StaffRoleRow.agency) & (StaffRow.id == StaffRoleRow.staff))
        .where(
            StaffRoleRow.agency == agency,
            StaffRoleRow.staff.in_(list(among)),
            StaffRoleRow.service.in_([service, AGENCY_WIDE]),
            StaffRoleRow.role.not_in([Role.OPERATOR.value, Role.SECURITY_OFFICER.value]),
            StaffRow.closed_at.is_(None),
        )
    )
    return frozenset(StaffId(id_) for id_ in session.scalars(wanted))


def add_role(session: Session, agency: AgencyId, staff: StaffId, role: Role, service: ServiceId | None) -> bool:
    """Add a role; returns whether it was new."""
    key = (agency, staff, service or AGENCY_WIDE, role.value)
    if session.get(StaffRoleRow, key) is not None:
        return False
    session.add(StaffRoleRow(agency=agency, staff=staff, service=key[2], role=key[3]))
    session.flush()
    return True


def remove_role(session: Session, agency: AgencyId, staff: StaffId, role: Role, service: ServiceId | None) -> bool:
    """Remove a role; returns whether it was there."""
    return _took(
        session.execute(
            delete(StaffRoleRow).where(
                StaffRoleRow.agency == agency,
                StaffRoleRow.staff == staff,
                StaffRoleRow.service == (service or AGENCY_WIDE),
                StaffRoleRow.role == role.value,
            )
        )
    )


def remove_roles(session: Session, agency: AgencyId, staff: StaffId) -> None:
    """Remove everything a staff member may do."""
    session.execute(delete(StaffRoleRow).where(StaffRoleRow.agency == agency, StaffRoleRow.staff == staff))


def session_row(session: Session, token: bytes) -> SessionRow | None:
    """Return the session with this hash."""
    return session.get(SessionRow, token)


def touch(session: Session, token: bytes, at: datetime) -> None:
    """Note that the person did something."""
    session.execute(update(SessionRow).where(SessionRow.token == token).values(active_at=at))


def lock_session(session: Session, token: bytes, at: datetime) -> None:
    """Note that the screen was left."""
    session.execute(update(SessionRow).where(SessionRow.token == token).values(locked_at=at))


def end_session(session: Session, token: bytes) -> None:
    """Remove a session."""
    session.execute(delete(SessionRow).where(SessionRow.token == token))


def end_sessions_of(session: Session, agency: AgencyId, staff: UUID) -> None:
    """Remove every session of a staff member for an agency."""
    session.execute(delete(SessionRow).where(SessionRow.agency == agency, SessionRow.staff == staff))


def take_attempt(session: Session, state: bytes) -> LoginAttemptRow | None:
    """Return the login with this hash of a state, and remove it; of two at once only one gets it."""
    row = session.get(LoginAttemptRow, state)
    if row is None or not _took(session.execute(delete(LoginAttemptRow).where(LoginAttemptRow.state == state))):
        return None
    return row


def forget_before(session: Session, *, attempts: datetime, sessions: datetime) -> None:
    """Remove logins and sessions begun before these instants."""
    session.execute(delete(LoginAttemptRow).where(LoginAttemptRow.begun_at < attempts))
    session.execute(delete(SessionRow).where(SessionRow.begun_at < sessions))


def _took(result: object) -> bool:
    return isinstance(result, CursorResult) and result.rowcount == 1
