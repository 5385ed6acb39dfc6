"""What may be marked to go along to a receiver that needs the patient's permit (DESIGN rule 15)."""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from handover.bundle.model import Item
from handover.bundle.standing import Standing
from handover.bundle.topics import Topics
from handover.consent import service as consent
from handover.db import provided
from handover.directory import service as directory
from handover.errors import NotFound

_WORDS: Final = frozenset({"other"})
"""The topic of a permit that a note touches, whatever it says."""


def permitted(session: Session, standing: Standing, now: datetime) -> frozenset[str] | None:
    """Return which topics of a permit may travel to the receiver; None: all (a health service, or none yet)."""
    if standing.receiver is None:
        return None
    try:
        receiver = directory.service_of(session, standing.receiver.service)
    except NotFound:
        return None
    return consent.permitted_topics(session, standing.home.agency, standing.person, receiver, now)


def refuse_outside(session: Session, standing: Standing, item: Item, now: datetime) -> None:
    """Raise consent.OutsideScope for an item that the patient's permit to this receiver does not cover."""
    topics = permitted(session, standing, now)
    topic = provided(session, Topics).find(standing.home.agency, item.content.topic)
    if topics is not None and topic.permit not in topics:
        raise consent.OutsideScope(topics=[topic.permit], purpose=consent.HANDOVER)


def refuse_words(session: Session, standing: Standing, now: datetime) -> None:
    """Raise what `consent` raises unless this copy's service may write to the other side now.

    The choices are those the patient made at the agency that writes: each side obeys its own.
    """
    to = standing.counterpart
    if to is None:
        return
    try:
        receiver = directory.service_of(session, to.service)
    except NotFound:
        return
    consent.may_travel(
        session,
        standing.home.agency,
        standing.person,
        receiver=receiver,
        topics=_WORDS,
        purpose=consent.HANDOVER,
        now=now,
    )


def is_covered(session: Session, standing: Standing, item: Item, now: datetime) -> bool:
    """Whether an item may be marked to go along to this receiver."""
    try:
        refuse_outside(session, standing, item, now)
    except consent.OutsideScope:
        return False
    return True
