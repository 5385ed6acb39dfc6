"""What the exchange tells the origin: facts of delivery, each with its task for a named person."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from sqlalchemy.orm import Session

from handover.bundle import afterwards, cases, letters, scope, store
from handover.bundle.lifecycle import Act, Side, Version
from handover.bundle.standing import Standing, arrived, carried, not_carried, not_delivered, owes_withdrawal
from handover.bundle.store import Stored
from handover.consent import service as consent
from handover.directory import service as directory
from handover.directory.model import Service
from handover.errors import NotFound
from handover.exchange import service as exchange
from handover.exchange.lifecycle import OPEN, State
from handover.exchange.model import Alarm, DeliveryFact, Event
from handover.fhir.problem import Problem
from handover.ids import MessageId
from handover.team.model import TaskKind

_LOST: Final = frozenset({State.REFUSED, State.EXPIRED, State.STOPPED})


def on_delivery(session: Session, fact: DeliveryFact) -> None:
    """Follow a message of ours: arrived, or a task for a named person with the problems in words."""
    stored = cases.of_subject(session, fact.sender, fact.subject)
    if stored is None:
        return
    is_document = fact.event is Event.HANDOVER_BUNDLE and letters.request_of(fact.subject) is None
    if stored.standing.side is Side.SENDER and is_document:
        _document_fact(session, stored, fact)
    elif stored.standing.side is Side.SENDER and fact.event is not Event.HANDOVER_STATUS:
        _request_fact(session, stored, fact)
    elif fact.state in _LOST:
        _task(session, stored, fact)
    if fact.message in stored.standing.to_forget and fact.state not in OPEN:
        _forget(session, stored, fact)


def is_told_of(session: Session, alarm: Alarm) -> bool:
    """Whether what an alarm is about is told to the owner of a handover already (`on_delivery`)."""
    return cases.of_subject(session, alarm.agency, alarm.subject, lock=False) is not None


def _document_fact(session: Session, stored: Stored, fact: DeliveryFact) -> None:
    standing = stored.standing
    if fact.state is State.ACKNOWLEDGED:
        at = fact.answered_at or fact.at
        round_ = letters.round_of(fact.subject)
        after = arrived(standing, round_=round_, at=at)
        if after == standing:
            return
        by = cases.machine(stored.agency)
        line = replace(cases.line_of(after, Act.ARRIVE, by=by, now=fact.at), version=Version(round_, 1))
        saved = cases.record(session, stored, after, Act.ARRIVE, by=by, now=fact.at, entry=line)
        if owes_withdrawal(saved.standing):
            afterwards.ask_to_take_back(session, saved, now=fact.at)
    elif fact.state in _LOST:
        after = not_delivered(standing, fact.message, at=fact.at, turned_away=_is_turned_away(session, fact))
        if after != standing:
            _save(session, stored, after, fact)
        if standing.withdrawn_at is None:  # else it was stopped because it was taken back, as it should be
            _task(session, stored, fact)


def _forget(session: Session, stored: Stored, fact: DeliveryFact) -> None:
    """Destroy what we had sent of something deleted since, now that it has ended."""
    exchange.forget_sent(session, fact.sender, [fact.message])
    left = tuple(each for each in stored.standing.to_forget if each != fact.message)
    store.save(session, stored, replace(stored.standing, to_forget=left), now=stored.updated_at)


def _is_turned_away(session: Session, fact: DeliveryFact) -> bool:
    """Whether nothing of a message can be at the receiver: its signed answer was no, or it was never tried."""
    if fact.state is State.REFUSED:
        return True
    return exchange.delivery(session, fact.sender, fact.message, now=fact.at).attempts == 0


def _request_fact(session: Session, stored: Stored, fact: DeliveryFact) -> None:
    request = letters.request_of(fact.subject)
    if request is None:
        return
    standing = stored.standing
    if fact.state is State.ACKNOWLEDGED:
        after = carried(standing, request)
        if after != standing:
            _save(session, stored, replace(after, changed_at=fact.at), fact)
    elif fact.state in _LOST:
        is_ours = any(each.request == request for each in standing.pending)
        is_document = fact.event is Event.HANDOVER_BUNDLE
        is_taken_back = is_document and standing.withdrawn_at is not None  # stopped, as it should be
        if is_ours:
            _save(session, stored, replace(not_carried(standing, request), changed_at=fact.at), fact)
        if not is_taken_back and (is_ours or is_document):
            _task(session, stored, fact)


def _save(session: Session, stored: Stored, after: Standing, fact: DeliveryFact) -> None:
    store.save(session, stored, after, now=fact.at)
    cases.plan(session, after, by=cases.machine(stored.agency), now=fact.at)


def _task(session: Session, stored: Stored, fact: DeliveryFact) -> None:
    """Leave a task with what went wrong; where the patient's choices stopped it, it says whom to call."""
    if fact.state is State.STOPPED and _is_forbidden(session, stored, fact):
        text = consent.whom_to_call(session, stored.agency, stored.standing.person, _other_side(session, stored))
        cases.raise_task(session, stored.standing, TaskKind.HELD_BACK, text, now=fact.at)
        return
    titles = infected_titles(session, stored, fact.message, fact.problems)
    kind = TaskKind.ALL_INFECTED if titles else TaskKind.NOT_DELIVERED
    cases.raise_task(session, stored.standing, kind, "\n".join(titles) or fact.summary(), now=fact.at)


def infected_titles(
    session: Session, stored: Stored, message: MessageId, problems: Iterable[Problem]
) -> tuple[str, ...]:
    """Return what the files are called for which a document was refused; the message itself calls them nothing."""
    infected = {each.sha256 for each in exchange.infected_in(session, stored.agency, message, problems)}
    if not infected:
        return ()
    kept = (store.document(session, stored.standing, each) for each in store.documents(session, stored.standing))
    files = (file for each in kept if each is not None for file in each.frozen.files)
    return tuple(dict.fromkeys(file.name for file in files if file.sha256 in infected))


def _is_forbidden(session: Session, stored: Stored, fact: DeliveryFact) -> bool:
    """Whether the patient's choices forbid now what was to be sent."""
    try:
        if fact.event is Event.HANDOVER_STATUS:
            scope.refuse_words(session, stored.standing, fact.at)
        else:
            _refuse_document(session, stored, fact)
    except consent.MayNotTravel:
        return True
    return False


def _refuse_document(session: Session, stored: Stored, fact: DeliveryFact) -> None:
    standing, receiver = stored.standing, _other_side(session, stored)
    kept = None if standing.frozen is None else store.document(session, standing, standing.frozen)
    if receiver is not None:
        consent.may_travel(
            session,
            stored.agency,
            standing.person,
            receiver=receiver,
            topics=frozenset() if kept is None else frozenset(kept.origin.permits),
            purpose=consent.HANDOVER,
            now=fact.at,
        )


def _other_side(session: Session, stored: Stored) -> Service | None:
    to = stored.standing.counterpart
    try:
        return None if to is None else directory.service_of(session, to.service)
    except NotFound:
        return None
