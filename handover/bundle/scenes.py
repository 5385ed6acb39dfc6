"""The scene that the words of a handover are made from, as one reader sees it."""

from datetime import datetime

from sqlalchemy.orm import Session

from handover.bundle.lifecycle import Side
from handover.bundle.standing import Standing, for_patient
from handover.bundle.words.scene import Scene
from handover.directory import names
from handover.exchange.model import Delivery


def scene_of(
    session: Session, standing: Standing, reader: Side, *, now: datetime, delivery: Delivery | None = None
) -> Scene:
    """Return a copy as that reader sees it now; to the patient, with what is not shown yet left out (rule 14)."""
    return Scene(
        standing=for_patient(standing, now) if reader is Side.PATIENT else standing,
        reader=reader,
        now=now,
        sender=names.of_party(session, standing.sender),
        place=names.of_party(session, standing.receiver),
        phone=names.phone_of(session, standing.receiver),
        sender_phone=names.phone_of(session, standing.sender),
        delivery=delivery,
    )
