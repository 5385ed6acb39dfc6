"""What people call an agency and a service; by number where the directory does not list them."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from handover.actors import Author, Party
from handover.directory import service as directory
from handover.errors import HandoverError
from handover.ids import AgencyId, ServiceId


def of_agency(session: Session, agency: AgencyId) -> str:
    """Return the name of an agency; its organisation number where no directory says."""
    try:
        return directory.agency(session, agency).name
    except HandoverError:
        return agency


def of_service(session: Session, service: ServiceId) -> str:
    """Return the name of a service alone; its HER-id where no directory says."""
    try:
        return directory.service_of(session, service).name
    except HandoverError:
        return service


def of_party(session: Session, party: Party | None, otherwise: str = "") -> str:
    """Return the name of a service and its agency; `otherwise`, or the agency's, where none lists it."""
    if party is None:
        return otherwise
    agency = of_agency(session, party.agency)
    try:
        return f"{directory.service_of(session, party.service).name}, {agency}"
    except HandoverError:
        return otherwise or agency


def of_authors(session: Session, authors: Iterable[Author | None]) -> dict[AgencyId, str]:
    """Return the names of the agencies whose people wrote or acted."""
    return {agency: of_agency(session, agency) for agency in {each.agency for each in authors if each is not None}}


def phone_of(session: Session, party: Party | None) -> str:
    """Return the phone number of a service; an empty one where none lists it."""
    if party is None:
        return ""
    try:
        return directory.service_of(session, party.service).phone
    except HandoverError:
        return ""
