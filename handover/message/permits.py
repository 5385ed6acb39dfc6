"""What a thread needs of the patient's yes before something may go to one of those it is addressed to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from handover.actors import Party
from handover.audit.model import Event as Logged
from handover.consent.service import MayNotTravel
from handover.errors import NotFound
from handover.ids import CommunicationId, ServiceId
from handover.message import cases
from handover.message.cases import Turn
from handover.message.lifecycle import Status
from handover.message.scope import NEEDS, refuse_unless_allowed, topics_of
from handover.message.standing import Copy, Standing, written_here
from handover.message.store import ThreadNotFound
from handover.person.model import Identity


@dataclass(frozen=True, kw_only=True)
class Needed:
    """What a permit must cover for a thread to go on to one service; the purpose is the thread's."""

    standing: Standing
    patient: Identity = field(repr=False)
    to: Party
    topics: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class KeptFrom:
    """The receivers whom a draft may not go to now, and why."""

    standing: Standing
    refused: Mapping[Party, MayNotTravel]


def kept_from(session: Session, turn: Turn, message: CommunicationId) -> KeptFrom:
    """Return from which of its receivers a draft is kept, and why. Raises ThreadNotFound, NoSuchMessage."""
    stored = cases.fetch(session, turn, lock=False)
    draft, refused = written_here(stored.copy, message), {}
    for to in draft.to:
        try:
            refuse_unless_allowed(session, stored.copy, draft, [to], now=turn.now)
        except MayNotTravel as why:
            refused[to] = why
        except NotFound:
            continue
    return KeptFrom(standing=stored.standing, refused=refused)


def permit_needed(session: Session, turn: Turn, to: ServiceId) -> Needed:
    """Return what the thread, and every draft to that service, needs of a permit; logged as a reading.

    Raises ThreadNotFound, also for a service that takes no part, and for a thread that names nobody.
    """
    stored = cases.fetch(session, turn, lock=False)
    standing, patient = stored.standing, cases.patient_of(session, stored.standing)
    party = next((each for each in _addressed(stored.copy) if each.service == to), None)
    subject = NEEDS.get(standing.heading.subject)
    if party is None or patient is None or subject is None:
        raise ThreadNotFound
    cases.log(session, standing, Logged.MESSAGE_READ, by=turn.by, now=turn.now)
    drafts = [each for each in stored.copy.messages if each.status is Status.DRAFT and party in each.to]
    topics = {topic for each in drafts for topic in topics_of(stored.copy, each)}
    return Needed(
        standing=standing,
        patient=patient,
        to=party,
        topics=frozenset(topics | {subject.topic}),
    )


def _addressed(copy: Copy) -> set[Party]:
    """Return everybody who takes part, or whom a draft is to let in."""
    drafts = (each for each in copy.messages if each.status is Status.DRAFT)
    return {*copy.standing.others, *(to for each in drafts for to in each.to)}
