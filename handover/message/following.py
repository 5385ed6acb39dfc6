"""What the exchange tells about what a thread has sent: facts of delivery, with a task where one is needed."""

from typing import Final

from sqlalchemy.orm import Session

from handover.consent import service as consent
from handover.directory import service as directory
from handover.errors import NotFound
from handover.exchange import service as exchange
from handover.exchange.lifecycle import State
from handover.exchange.model import Alarm, DeliveryFact, Event
from handover.message import cases, hearing, scope, sending, store
from handover.message.cases import Handle
from handover.message.lifecycle import TAKEN_BACK, Status
from handover.message.model import Message
from handover.message.standing import Copy, NoSuchMessage, written_here
from handover.message.store import Stored
from handover.team.model import TaskKind

LOST: Final = frozenset({State.REFUSED, State.EXPIRED, State.STOPPED})


def on_delivery(session: Session, fact: DeliveryFact) -> None:
    """Follow what was sent from a thread: arrived, or a task for a named person with the problems in words."""
    handle = cases.handle_of(fact.sender, fact.subject)
    stored = cases.of_handle(session, fact.sender, fact.subject)
    if handle is None or stored is None:
        return
    if fact.event is Event.CARE_MESSAGE:
        _letter_fact(session, stored, handle, fact)
    elif fact.state in LOST:
        is_kept = handle.is_news and fact.state is State.STOPPED
        if is_kept and scope.obstacle(session, stored.standing, handle.to, now=fact.at) is not None:
            _held_back(session, stored, handle, fact)
        else:
            _task(session, stored, fact)


def is_told_of(session: Session, alarm: Alarm) -> bool:
    """Whether what an alarm is about is told to the owner of a thread already (`on_delivery`)."""
    return cases.of_handle(session, alarm.agency, alarm.subject, lock=False) is not None


def _letter_fact(session: Session, stored: Stored, handle: Handle, fact: DeliveryFact) -> None:
    if handle.message is None:
        return
    try:
        sent = written_here(stored.copy, handle.message)
    except NoSuchMessage:
        return
    if fact.state is State.ACKNOWLEDGED:
        at = fact.answered_at or fact.at
        moved = hearing.arrived(stored.copy, handle.message, handle.to, at=at)
        cases.post_all(session, moved.copy, moved.leaves, now=fact.at)
        _save(session, stored, moved.copy, fact)
    elif fact.state in LOST and sent.status is not Status.DRAFT:
        after = hearing.not_delivered(stored.copy, handle.message, handle.to, fact.message, at=fact.at)
        if after == stored.copy:
            return
        _save(session, stored, after, fact)
        if sent.status not in TAKEN_BACK:  # else it was stopped because it was taken back, as it should be
            _lost(session, stored, sent, handle, fact)


def _save(session: Session, stored: Stored, after: Copy, fact: DeliveryFact) -> None:
    store.save(session, stored, after, now=fact.at)
    cases.plan(session, after, by=cases.machine(fact.sender), now=fact.at)


def _lost(session: Session, stored: Stored, sent: Message, handle: Handle, fact: DeliveryFact) -> None:
    """Leave a task with what went wrong; where the patient's choices stopped it, it says whom to call."""
    if fact.state is not State.STOPPED or not sending.is_forbidden(
        session, stored.copy, sent, handle.to, now=fact.at
    ):
        _task(session, stored, fact)
        return
    _held_back(session, stored, handle, fact)


def _held_back(session: Session, stored: Stored, handle: Handle, fact: DeliveryFact) -> None:
    """Leave a task that says whom to call: the patient's choices stopped it."""
    try:
        receiver = directory.service_of(session, handle.to.service)
    except NotFound:
        receiver = None
    text = consent.whom_to_call(session, fact.sender, stored.standing.person, receiver)
    cases.raise_task(session, stored.standing, TaskKind.HELD_BACK, text, now=fact.at)


def _task(session: Session, stored: Stored, fact: DeliveryFact) -> None:
    titles = [each.title for each in exchange.infected_in(session, fact.sender, fact.message, fact.problems)]
    kind = TaskKind.ALL_INFECTED if titles else TaskKind.NOT_DELIVERED
    cases.raise_task(session, stored.standing, kind, "\n".join(titles) or fact.summary(), now=fact.at)
