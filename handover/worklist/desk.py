"""The blueprint of the worklist, and the services whose list a member of the staff may see."""

from typing import Final

from flask import Blueprint
from sqlalchemy.orm import Session

from handover.actors import Role, Staff
from handover.directory import service as directory
from handover.directory.model import Service
from handover.errors import NotFound
from handover.ids import ServiceId
from handover.message.store import WRITERS

blueprint = Blueprint("worklist", __name__)

RECEIVERS: Final = (Role.INTAKE, Role.CLINICIAN)
"""Who assesses referrals."""
WORKERS: Final = WRITERS
"""Who has a worklist at all: handovers and messages come to services that take no referrals, too."""


def services_of(session: Session, staff: Staff) -> list[Service]:
    """Return the services whose worklist the staff member may see."""
    return [
        each
        for each in directory.services_of(session, staff.agency)
        if any(staff.has(role, each.id) for role in WORKERS)
    ]


def service_of(session: Session, staff: Staff, wanted: ServiceId) -> Service:
    """Return one of them. Raises NotFound."""
    found = next((each for each in services_of(session, staff) if each.id == wanted), None)
    if found is None:
        raise NotFound
    return found
