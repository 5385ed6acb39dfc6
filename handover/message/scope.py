"""What may be sent to whom: the patient's choices, asked when a message is sent and again as it leaves (rule 15).

Between health services a block is obeyed. To a service that is no health service a message about a patient needs a
permit for its purpose, and the permit must cover its subject, its documents and what it forwards.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from handover.actors import Party
from handover.consent import service as consent
from handover.consent.vocabulary import vocabulary
from handover.directory import service as directory
from handover.directory.model import Service
from handover.errors import Invalid, NotFound
from handover.message.lifecycle import TAKEN_BACK, Status
from handover.message.model import Basis, Letter, Message, Subject, Word
from handover.message.standing import Copy, Leaves, Standing
from handover.workdays import local_date

DOCUMENTS: Final = "documents"


@dataclass(frozen=True)
class Needs:
    """What a subject is sent for unless something else is said, and the topic of a permit that covers it."""

    purpose: str
    topic: str


NEEDS: Final[Mapping[Subject, Needs]] = {
    Subject.COORDINATION: Needs("coordination", "plans"),
    Subject.PLAN: Needs("coordination", "plans"),
    Subject.MEDICINES: Needs("coordination", "medicines"),
    Subject.WORK: Needs("work-and-benefits", "practical"),
    Subject.HOUSING: Needs("housing", "practical"),
    Subject.APPOINTMENT: Needs("coordination", "plans"),
    Subject.DISCHARGE: Needs("coordination", "treatment"),
    Subject.CASE: Needs("referral", "needs"),
}
"""Of every subject that is about a patient."""
ALL: Final = frozenset(each.topic for each in NEEDS.values())
"""What a permit must cover for something of which nobody knows under which subject it stood."""


class BadReceiver(Invalid):
    """The message cannot go to that service; the code says why, `details["instead"]` names another."""

    code = "message.receiver.unknown"


class BadPurpose(Invalid):
    """No permit can be given for such a purpose."""

    code = "message.bad-purpose"


def purpose_of(subject: Subject, wanted: str | None = None) -> str:
    """Return what a thread of that subject is sent for: what is wanted, else the usual. Raises BadPurpose."""
    needs = NEEDS.get(subject)
    if needs is None:
        return ""
    if wanted is not None and wanted not in vocabulary().purposes:
        raise BadPurpose(fields={"purpose": ["unknown"]})
    return wanted or needs.purpose


def topics_of(copy: Copy, message: Message) -> frozenset[str]:
    """Return what a permit must cover for a message to go to a service that is no health service.

    Of what it forwards: every subject under which that has stood, and each there is where that is not known. What
    was taken back since the message left counts, too: it may be on its way. Of what was written anew: that under
    which it stood before.
    """
    along = [each for each in copy.messages if each.via == message.id]
    if message.status is Status.DRAFT:
        along = [each for each in along if each.status not in TAKEN_BACK]
    own = _topics((copy.standing.heading.subject, *message.stood_under))
    topics = own.union(*(_topics(each.stood_under) or ALL for each in along))
    has_files = any(each.content.files for each in (message, *along))
    return topics | {DOCUMENTS} if has_files else topics


def _topics(subjects: Iterable[Subject]) -> frozenset[str]:
    return frozenset(NEEDS[each].topic for each in subjects if each in NEEDS)


def refuse_unless_allowed(
    session: Session, copy: Copy, message: Message, to: Iterable[Party], *, now: datetime
) -> None:
    """Raise Blocked, NoPermit, PermitExpired or OutsideScope where the patient's choices forbid one of them."""
    standing = copy.standing
    if standing.named is None:
        return
    for party in to:
        try:
            consent.may_travel(
                session,
                standing.home.agency,
                standing.named,
                receiver=directory.service_of(session, party.service),
                topics=topics_of(copy, message),
                purpose=standing.purpose,
                now=now,
            )
        except consent.MayNotTravel as refused:
            raise type(refused)(**{**refused.details, "service": party.service}) from refused


def tellable(
    session: Session, standing: Standing, leaves: Iterable[Leaves], *, now: datetime
) -> tuple[Leaves, ...]:
    """Return what leaves, but for the news of a thread to members whom the patient's choices keep it from now."""
    return tuple(
        each
        for each in leaves
        if not (isinstance(each, Word) and each.is_news)
        or obstacle(session, standing, each.receiver, now=now) is None
    )


def refuse_unless_tellable(session: Session, standing: Standing, to: Party, *, now: datetime) -> None:
    """Raise what `obstacle` returns, saying towards whom, where nothing of a thread may go there now."""
    refused = obstacle(session, standing, to, now=now)
    if refused is not None:
        raise type(refused)(**{**refused.details, "service": to.service})


def with_basis(
    session: Session, standing: Standing, leaves: Iterable[Leaves], *, now: datetime
) -> tuple[Leaves, ...]:
    """Return what leaves, each letter with the permits that let it go: its receiver shows what it rests on."""
    return tuple(
        replace(each, rests_on=basis_of(session, standing, each.receiver, now=now))
        if isinstance(each, Letter)
        else each
        for each in leaves
    )


def basis_of(session: Session, standing: Standing, to: Party, *, now: datetime) -> tuple[Basis, ...]:
    """Return the permits that hold for what a thread is sent for to a service; none where none is needed."""
    if standing.named is None:
        return ()
    try:
        receiver = directory.service_of(session, to.service)
    except NotFound:
        return ()
    held = consent.permits_for(
        session, standing.home.agency, standing.named, receiver, purpose=standing.purpose, now=now
    )
    return tuple(
        Basis(topics=terms.topics, given=local_date(given_at), until=terms.until) for terms, given_at in held
    )


def obstacle(session: Session, standing: Standing, to: Party, *, now: datetime) -> consent.MayNotTravel | None:
    """Return why nothing of this thread may go to a service now, None where it may: pages ask before they send.

    None too for a service that is listed no more: the thread is read as before, and sending says that it is gone.
    """
    subject = NEEDS.get(standing.heading.subject)
    if standing.person is None or subject is None:
        return None
    try:
        receiver = directory.service_of(session, to.service)
    except NotFound:
        return None
    try:
        consent.may_travel(
            session,
            standing.home.agency,
            standing.person,
            receiver=receiver,
            topics=frozenset({subject.topic}),
            purpose=standing.purpose,
            now=now,
        )
    except consent.MayNotTravel as refused:
        return refused
    return None


def addressed(session: Session, wanted: Iterable[str], home: Party, *, now: datetime) -> tuple[Party, ...]:
    """Return services that take messages today. Raises BadReceiver naming why not, and another where there is."""
    return tuple(dict.fromkeys(_party(_open_service(session, each, home, now)) for each in wanted))


def _open_service(session: Session, wanted: str, home: Party, now: datetime) -> Service:
    fields = {"to": ["required"]}
    if wanted == home.service:
        raise BadReceiver("message.to-oneself", fields={"to": ["oneself"]})
    try:
        service = directory.service_of(session, wanted)  # type: ignore[arg-type]
    except NotFound as unknown:
        raise BadReceiver(fields=fields) from unknown
    if not service.is_open:
        raise BadReceiver("message.receiver.closed", fields=fields, service=service.id)
    if not service.is_open_on(local_date(now)):
        instead = None if service.pause is None else service.pause.instead
        raise BadReceiver("message.receiver.paused", fields=fields, service=service.id, instead=instead)
    return service


def _party(service: Service) -> Party:
    return Party(service.agency, service.id)
