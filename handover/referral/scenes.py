"""What people call the services of a referral, and the scene its words are made from."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from handover.directory import service as directory
from handover.errors import NotFound
from handover.exchange.model import Delivery
from handover.ids import AgencyId
from handover.referral.lifecycle import Side
from handover.referral.model import Entry, Party, Redirection
from handover.referral.standing import Standing
from handover.referral.words import Scene


def name_of(session: Session, party: Party | None, otherwise: str = "") -> str:
    """Return the name of a service and its agency; `otherwise` (on paper), or its number, where none lists it."""
    if party is None:
        return otherwise
    agency = agency_name(session, party.agency)
    try:
        return f"{directory.service_of(session, party.service).name}, {agency}"
    except NotFound:
        return otherwise or agency


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


def place_of(session: Session, standing: Standing, party: Party | None) -> str:
    """Return what people call one side in a sentence: its agency, or the service where one agency has several."""
    if party is None or not party.agency:
        return standing.counterpart
    concerned = {each for each in (standing.referrer, *standing.holders, party) if each is not None}
    is_alone = [each.agency for each in concerned].count(party.agency) == 1
    return agency_name(session, party.agency) if is_alone else name_of(session, party, standing.counterpart)


def scene_of(
    session: Session, standing: Standing, reader: Side, *, now: datetime, delivery: Delivery | None = None
) -> Scene:
    """Return a copy as that reader sees it now; for the patient give `standing.for_patient`'s copy."""
    outcome = standing.outcome
    onward = outcome.where if isinstance(outcome, Redirection) else None
    return Scene(
        standing=standing,
        reader=reader,
        now=now,
        place=place_of(session, standing, standing.holder),
        referrer=place_of(session, standing, standing.referrer),
        next_place="" if onward is None else place_of(session, standing, onward),
        phone=phone_of(session, standing.holder) or standing.counterpart_phone,
        delivery=delivery,
    )
