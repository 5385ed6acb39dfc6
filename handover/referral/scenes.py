"""What people call the services of a referral, and the scene its words are made from."""

from datetime import datetime

from sqlalchemy.orm import Session

from handover.directory import names
from handover.exchange.model import Delivery
from handover.referral.lifecycle import Side
from handover.referral.model import Party, Redirection
from handover.referral.standing import Standing
from handover.referral.words import Scene


def place_of(session: Session, standing: Standing, party: Party | None) -> str:
    """Return what people call one side in a sentence: its agency, or the service where one agency has several."""
    if party is None or not party.agency:
        return standing.counterpart
    concerned = {each for each in (standing.referrer, *standing.holders, party) if each is not None}
    is_alone = [each.agency for each in concerned].count(party.agency) == 1
    return (
        names.of_agency(session, party.agency)
        if is_alone
        else names.of_party(session, party, standing.counterpart)
    )


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
        phone=names.phone_of(session, standing.holder) or standing.counterpart_phone,
        delivery=delivery,
    )
