"""What people call the services of a handover, and the scene its words are made from."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from handover.actors import Party
from handover.bundle.lifecycle import Side
from handover.bundle.model import Entry
from handover.bundle.standing import Standing, for_patient
from handover.bundle.words.scene import Scene
from handover.directory import service as directory
from handover.errors import NotFound
from handover.exchange.model import Delivery
from handover.ids import AgencyId


def scene_of(
    session: Session, standing: Standing, reader: Side, *, now: datetime, delivery: Delivery | None = None
) -> Scene:
    """Return a copy as that reader sees it now; to the patient, with what is not shown yet left out (rule 14)."""
    return Scene(
        standing=for_patient(standing, now) if reader is Side.PATIENT else standing,
        reader=reader,
        now=now,
        sender=name_of(session, standing.sender),
        place=name_of(session, standing.receiver),
        phone=phone_of(session, standing.receiver),
        sender_phone=phone_of(session, standing.sender),
        delivery=delivery,
    )


def name_of(session: Session, party: Party | None) -> str:
    """Return the name of a service and its agency, its number where nobody lists it; nothing for nobody."""
    if party is None:
        return ""
    try:
        return f"{directory.service_of(session, party.service).name}, {agency_name(session, party.agency)}"
    except NotFound:
        return agency_name(session, party.agency)


def agency_name(session: Session, agency: AgencyId) -> str:
    """Return the name of the agency, or its number where the directory does not have it."""
    try:
        return directory.agency(session, agency).name
    except NotFound:
        return agency


def agency_names(session: Session, history: Iterable[Entry]) -> dict[AgencyId, str]:
    """Return the names of the agencies whose people acted."""
    found = {entry.author.agency for entry in history if entry.author is not None}
    return {agency: agency_name(session, agency) for agency in found}


def phone_of(session: Session, party: Party | None) -> str:
    """Return the phone number of a service; an empty one where nobody lists it."""
    if party is None:
        return ""
    try:
        return directory.service_of(session, party.service).phone
    except NotFound:
        return ""
