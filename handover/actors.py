"""Who acts: a staff member for an agency, a patient, or a machine; and how each is named to the other side."""

from dataclasses import dataclass, field
from enum import StrEnum

from handover.ids import AgencyId, ServiceId, StaffId


class Role(StrEnum):
    """What a staff member may do, given per service (or for the whole agency)."""

    REFERRER = "referrer"
    INTAKE = "intake"
    CLINICIAN = "clinician"
    CASEWORKER = "caseworker"
    OPERATOR = "operator"
    SECURITY_OFFICER = "security-officer"
    LEADER = "leader"


@dataclass(frozen=True, kw_only=True)
class Staff:
    """A signed-in staff member acting for one agency."""

    agency: AgencyId
    id: StaffId
    name: str
    title: str
    phone: str
    roles: frozenset[tuple[ServiceId | None, Role]]
    """(service, role); service None means the whole agency."""
    hpr: str | None = None

    def has(self, role: Role, service: ServiceId | None = None) -> bool:
        """Whether the role is held for that service, or agency-wide; without a service: anywhere."""
        return any(held is role and (at is None or service is None or at == service) for at, held in self.roles)

    def services(self, *roles: Role) -> frozenset[ServiceId | None]:
        """The services for which any of the roles is held; None stands for the whole agency."""
        return frozenset(at for at, held in self.roles if held in roles)


@dataclass(frozen=True, kw_only=True)
class Patient:
    """A signed-in patient, known by national number (from the login, never typed)."""

    number: str = field(repr=False)
    name: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The node itself (worker, exchange), acting for one agency."""

    agency: AgencyId
    name: str


Actor = Staff | Patient | Machine


@dataclass(frozen=True, kw_only=True)
class Author:
    """A staff member as the other side sees them. Name and phone are mandatory (NORWAY.md)."""

    name: str
    title: str = ""
    phone: str = ""
    agency: AgencyId
    service: ServiceId | None = None
    hpr: str | None = None

    @classmethod
    def of(cls, by: Staff, service: ServiceId) -> "Author":
        """Return how the other side sees a staff member who acts for that service."""
        return cls(name=by.name, title=by.title, phone=by.phone, agency=by.agency, service=service, hpr=by.hpr)

    def at(self, agency: str) -> str:
        """Return name, title and what the agency is called, on one line."""
        return ", ".join(part for part in (self.name, self.title, agency) if part)


@dataclass(frozen=True)
class Party:
    """A service of an agency: who is addressed, who holds."""

    agency: AgencyId
    service: ServiceId
