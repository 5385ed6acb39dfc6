"""What the exchange hands in: requests, updates and statuses of other agencies, and facts of delivery.

`app.py` registers these. Invalid and NotFound become a signed `fatal-error`; anything else is tried again.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from handover.audit.model import Event as Logged
from handover.directory import service as directory
from handover.errors import Invalid, NotFound
from handover.exchange import service as exchange
from handover.exchange.lifecycle import State
from handover.exchange.model import Alarm, DeliveryFact, Event, Received
from handover.exchange.wiring import Products
from handover.ids import PersonId
from handover.person import service as person
from handover.person.age import refuse_under_age
from handover.person.model import Identity
from handover.referral import asking, blobs, cases, fhir, noticing, sharing, store
from handover.referral.cases import Said
from handover.referral.lifecycle import UNSENT, Act, Side, Status, Version
from handover.referral.model import (
    Addition,
    Entry,
    Party,
    Redirection,
    Request,
    StatusUpdate,
    Update,
    UpdateKind,
)
from handover.referral.standing import (
    NotTheHolder,
    NotYetHere,
    Standing,
    adopt,
    arrived,
    follow,
    not_carried,
    redirect_arrived,
    redirect_failed,
    take_request,
    to_ask_again,
)
from handover.referral.store import Stored
from handover.team import refusing
from handover.team import service as team
from handover.team.model import TaskKind

_LOST: Final = frozenset({State.REFUSED, State.EXPIRED, State.STOPPED})


MAX_LEG: Final = 99
"""A referral that was sent on more often than this goes in a circle."""


class NotFromSender(Invalid):
    """The message says it is from another agency than the one that signed it, or to another than us."""

    code = "referral.not-from-sender"


class NotAService(NotFound):
    """There is no such service here, or it takes no referrals."""

    code = "referral.unknown-service"


def register(products: Products) -> None:
    """Tell the exchange what belongs to a referral."""
    products.register(
        Event.REFERRAL_REQUEST,
        receive=receive_request,
        may_still_go=sharing.may_still_go,
        on_delivery=on_delivery,
        on_infected=refusing.tell_of_refused,
    )
    products.register(
        Event.REFERRAL_UPDATE,
        receive=receive_update,
        may_still_go=sharing.may_still_go,
        on_delivery=on_delivery,
        on_infected=refusing.tell_of_refused,
    )
    products.register(Event.REFERRAL_STATUS, receive=receive_status, on_delivery=on_delivery)


# --- a new referral --------------------------------------------------------------------------------------------


def receive_request(session: Session, received: Received) -> None:
    """Take in a referral, new or sent on: the clock starts, the service has work, nobody has opened it."""
    request = fhir.read_request(received.resource)
    _check_way(request.sender, request.receiver, received)
    _check_service(session, request.receiver)
    _check_leg(request, received.received_at)
    patient = request.content.patient
    if patient is None:
        raise Invalid("referral.incomplete", fields={"patient": ["required"]})
    refuse_under_age(patient.birth_date, received.received_at)
    held = store.at_home(session, request.receiver, Side.RECEIVER, request.referral)
    if held is not None and not _comes_back(held.standing, request):
        _take_in_again(session, request, received, held)
        return
    known = person.recognise(session, request.receiver.agency, patient, now=received.received_at)
    _take_in(session, request, received, held, known)


def _take_in(session: Session, request: Request, received: Received, held: Stored | None, known: PersonId) -> None:
    now = received.received_at
    standing = replace(_first_standing(request, now), person=known)
    entry = Entry(
        at=now,
        act=Act.ARRIVE,
        status=standing.status,
        version=standing.version,
        side=Side.MACHINE,
        author=request.redirect_author or request.author,
        text=request.redirect_reason,
    )
    entries = [*map(_added, request.additions), entry]
    if held is None:
        saved = store.add(session, standing, request.content, now=now, entries=entries)
    else:
        saved = store.save(session, held, standing, now=now, entries=entries, content=request.content)
    files = (*request.content.attachments, *(file for each in request.additions for file in each.attachments))
    blobs.keep(session, standing, files, received, now=now)
    _ask_a_person(session, standing, request.content.patient, now)
    cases.log(session, saved, Logged.REFERRAL_RECEIVE, by=cases.machine(request.receiver.agency), now=now)
    cases.plan(session, standing, by=cases.machine(request.receiver.agency), now=now)
    noticing.tell_patient(session, None, standing, cases.place_of(standing), now=now)
    if request.leg > 1:
        cases.tell(session, standing, author=None, now=now)


def _ask_a_person(session: Session, standing: Standing, said: Identity | None, now: datetime) -> None:
    """Leave a task where the referrer names the patient otherwise than we do, or the birth date is odd."""
    if said is None or standing.person is None:
        return
    doubts = person.doubts(session, standing.home.agency, standing.person, said)
    if doubts.differs:
        _task(session, standing, TaskKind.IDENTITY_DIFFERS, doubts.differs, now)
    if doubts.is_birth_date_odd:
        _task(session, standing, TaskKind.ODD_BIRTH_DATE, "", now)


def _take_in_again(session: Session, request: Request, received: Received, held: Stored) -> None:
    """A referral sent again: what differs replaces what nobody has opened, and else is kept beside it."""
    if request.sender not in {held.standing.referrer, held.standing.previous}:
        raise NotTheHolder
    now = received.received_at
    content = request.content
    if content == held.content:
        return
    is_new = held.standing.status is Status.RECEIVED and held.standing.opened is None
    entry = Entry(
        at=now,
        act=Act.SEND_AGAIN,
        status=held.standing.status,
        version=held.standing.version,
        side=Side.REFERRER,
        author=request.author,
        text="" if is_new else content.problem,
        took_effect=is_new,
    )
    blobs.keep(session, held.standing, content.attachments, received, now=now)
    saved = store.save(session, held, held.standing, now=now, entries=[entry], content=content if is_new else None)
    cases.log(session, saved, Logged.REFERRAL_RECEIVE, by=cases.machine(held.agency), now=now)


def _first_standing(request: Request, now: datetime) -> Standing:
    earlier: tuple[Party | None, ...] = (None,) * (request.leg - 1)
    return Standing(
        side=Side.RECEIVER,
        home=request.receiver,
        referral=request.referral,
        reference=request.reference,
        status=Status.RECEIVED,
        version=Version(request.leg, 1),
        referrer=request.referrer,
        holders=(*earlier, request.receiver),
        previous=None if request.sender == request.referrer else request.sender,
        author=request.author,
        last_act=Act.ARRIVE,
        written_at=request.written_at,
        changed_at=now,
        sent_at=request.written_at,
        received_at=now,
        seniority_on=request.seniority_on or now,
    )


def _added(addition: Addition) -> Entry:
    return Entry(
        at=addition.written_at,
        act=asking.ACTS[addition.kind],
        status=Status.RECEIVED,
        version=UNSENT,
        side=Side.REFERRER,
        author=addition.author,
        text=addition.text,
        question=addition.question,
        attachments=addition.attachments,
    )


# --- what the referrer asks for --------------------------------------------------------------------------------


def receive_update(session: Session, received: Received) -> None:
    """Take in a request of the referrer: in effect or too late, it is kept and answered."""
    update = fhir.read_update(received.resource)
    _check_way(update.sender, update.receiver, received)
    stored = store.at_home(session, update.receiver, Side.RECEIVER, update.referral)
    if stored is None:
        raise NotYetHere
    if stored.standing.referrer != update.sender:
        raise NotTheHolder
    before, now = stored.standing, received.received_at
    after = take_request(before, update, now=now)
    blobs.keep(session, before, update.attachments, received, now=now)
    saved = store.save(session, stored, after, now=now, entries=_lines(stored, after, update))
    cases.log(
        session,
        saved,
        Logged.REFERRAL_RECEIVE_UPDATE,
        by=cases.machine(saved.agency),
        now=now,
        detail={"kind": update.kind.value},
    )
    cases.plan(session, after, by=cases.machine(saved.agency), now=now)
    noticing.tell_patient(session, before, after, cases.place_of(after), now=now)
    if after.version != before.version:
        cases.tell(session, after, author=None, now=now)
    _raise_if_late(session, stored, after, update, now)


def _lines(stored: Stored, after: Standing, update: Update) -> list[Entry]:
    if update.kind is UpdateKind.OUTCOME_OPENED:
        return []
    answer = next((each for each in after.answered if each.request == update.request), None)
    if answer is not None and answer in stored.standing.answered:
        return []
    asked = [question.text for question in stored.standing.questions if question.id in update.questions]
    return [
        Entry(
            at=update.written_at,
            act=asking.ACTS[update.kind],
            status=after.status,
            version=after.version,
            side=Side.REFERRER,
            author=update.author,
            text=update.text,
            took_effect=answer is not None and answer.applied,
            code="" if answer is None else answer.code,
            request=update.request,
            question="\n".join(asked),
            attachments=update.attachments,
        )
    ]


def _raise_if_late(session: Session, stored: Stored, after: Standing, update: Update, now: datetime) -> None:
    answer = next((each for each in after.answered if each.request == update.request), None)
    if answer is None or answer.applied or answer in stored.standing.answered or not update.text:
        return
    _task(session, after, TaskKind.LATE_INFORMATION, answer.code, now)


# --- what the holder decided -----------------------------------------------------------------------------------


def receive_status(session: Session, received: Received) -> None:
    """Take in a holder's word: newer ones change our copy, older ones are history."""
    told = fhir.read_status(received.resource)
    _check_way(told.holder, told.receiver, received)
    now = received.received_at
    ours = store.at_home(session, told.receiver, Side.REFERRER, told.referral)
    sent_on = store.at_home(session, told.receiver, Side.RECEIVER, told.referral)
    if ours is None and sent_on is None:
        raise NotYetHere
    if ours is not None:
        _adopt(session, ours, told, now)
    if sent_on is not None and told.holder != sent_on.standing.home:
        _follow(session, sent_on, told, now)


def _adopt(session: Session, stored: Stored, told: StatusUpdate, now: datetime) -> None:
    before = stored.standing
    after, moved = to_ask_again(adopt(before, told))
    by = cases.machine(stored.agency)
    after = asking.ask_again(session, after, moved, now=now)
    entry = Entry(
        at=told.changed_at,
        act=told.act,
        status=told.status,
        version=told.version,
        side=Side.RECEIVER if told.author is not None else Side.MACHINE,
        author=told.author,
        text=told.note or _asked(told),
        took_effect=told.version > before.version,
        outcome=told.outcome if told.outcome != before.outcome else None,
        appointment=told.appointment if told.appointment != before.appointment else None,
    )
    saved = store.save(session, stored, after, now=now, entries=[entry])
    cases.log(session, saved, Logged.REFERRAL_RECEIVE_STATUS, by=by, now=now, detail={"act": told.act.value})
    cases.plan(session, after, by=by, now=now)
    noticing.tell_patient(session, before, after, cases.place_of(after), now=now)


def _asked(told: StatusUpdate) -> str:
    if told.act is not Act.ASK or not told.questions:
        return ""
    return max(told.questions, key=lambda question: question.version).text


def _follow(session: Session, stored: Stored, told: StatusUpdate, now: datetime) -> None:
    before = stored.standing
    try:
        after = follow(before, told, now=now)
    except NotTheHolder:
        return
    _redirected(session, stored, after, now)


# --- facts of delivery -----------------------------------------------------------------------------------------


def on_delivery(session: Session, fact: DeliveryFact) -> None:
    """Follow a message of ours: arrived, or a task for a named person with the problems in words."""
    stored = cases.of_subject(session, fact.sender, fact.subject)
    if stored is None:
        return
    if fact.event is Event.REFERRAL_REQUEST:
        _request_fact(session, stored, fact)
    elif fact.state in _LOST:
        if fact.event is Event.REFERRAL_UPDATE:
            after = not_carried(stored.standing, fact.message, f"delivery.{fact.state.value}")
            store.save(session, stored, after, now=fact.at)
        _lost_task(session, stored.standing, TaskKind.NOT_DELIVERED, fact)


def raise_alarm(session: Session, alarm: Alarm) -> None:
    """Leave an alarm of the exchange for the operators; what a referral lost is told by `on_delivery` already."""
    if alarm.subject is not None and alarm.subject.startswith("referral/"):
        return
    code = alarm.fault.code if alarm.fault is not None else ""
    text = " ".join(filter(None, (alarm.kind.value, alarm.peer, code)))
    team.raise_task(session, alarm.agency, kind=TaskKind.ALARM, text=text, now=alarm.at)


def _request_fact(session: Session, stored: Stored, fact: DeliveryFact) -> None:
    standing = stored.standing
    if standing.side is Side.RECEIVER:
        _sent_on_fact(session, stored, fact)
    elif fact.state is State.ACKNOWLEDGED:
        after = arrived(standing, at=fact.answered_at or fact.at)
        if after != standing:
            _machine_record(session, stored, after, Act.ARRIVE, fact.at)
    elif fact.state in _LOST and fact.message == standing.message and standing.status is Status.SENT:
        after = replace(standing, undelivered=True)
        store.save(session, stored, after, now=fact.at)
        cases.plan(session, after, by=cases.machine(stored.agency), now=fact.at)
        _lost_task(session, after, TaskKind.NOT_DELIVERED, fact)


def _sent_on_fact(session: Session, stored: Stored, fact: DeliveryFact) -> None:
    standing = stored.standing
    if fact.message != standing.message:
        if fact.state is State.ACKNOWLEDGED:
            _task(session, standing, TaskKind.HELD_TWICE, fact.summary(), fact.at)
        return
    if fact.state is State.ACKNOWLEDGED:
        after = redirect_arrived(standing, len(standing.holders), now=fact.at)
        _redirected(session, stored, after, fact.at)
    elif fact.state in _LOST and standing.status is Status.REDIRECTING:
        after = redirect_failed(standing, now=fact.at)
        _machine_record(session, stored, after, Act.REDIRECT_FAILED, fact.at)
        cases.tell(session, after, author=None, now=fact.at)
        _lost_task(session, standing, TaskKind.REDIRECT_FAILED, fact)


def _redirected(session: Session, stored: Stored, after: Standing, now: datetime) -> None:
    before = stored.standing
    if after.status is before.status:
        if before.status not in {Status.REDIRECTED, Status.REDIRECTING}:
            _task(session, before, TaskKind.HELD_TWICE, before.status.value, now)
        if after != before:
            store.save(session, stored, after, now=now)
        return
    _machine_record(session, stored, after, Act.REDIRECT_ARRIVED, now)
    cases.tell(session, after, author=None, now=now)
    if not isinstance(before.outcome, Redirection):
        _task(session, after, TaskKind.HELD_TWICE, before.status.value, now)


def _machine_record(session: Session, stored: Stored, after: Standing, act: Act, now: datetime) -> None:
    cases.record(session, stored, after, act, by=cases.machine(stored.agency), now=now, said=Said())


def _task(session: Session, standing: Standing, kind: TaskKind, text: str, now: datetime) -> None:
    team.raise_task_at(session, cases.place_of(standing), kind, text, for_staff=standing.owner, now=now)


def _lost_task(session: Session, standing: Standing, kind: TaskKind, fact: DeliveryFact) -> None:
    """Leave a task about a message that never arrived; where the patient stopped it, it says whom to call."""
    if fact.state is State.STOPPED:
        _task(session, standing, TaskKind.HELD_BACK, sharing.whom_to_call(session, standing), fact.at)
        return
    titles = [each.title for each in exchange.infected_in(session, fact.sender, fact.message, fact.problems)]
    if titles:
        _task(session, standing, TaskKind.ALL_INFECTED, "\n".join(titles), fact.at)
    if not titles or kind is not TaskKind.NOT_DELIVERED:
        _task(session, standing, kind, fact.summary(), fact.at)


# --- checks ----------------------------------------------------------------------------------------------------


def _check_way(sender: Party, receiver: Party, received: Received) -> None:
    if sender.agency != received.sender or receiver.agency != received.receiver:
        raise NotFromSender


def _check_service(session: Session, party: Party) -> None:
    try:
        service = directory.service_of(session, party.service)
    except NotFound as unknown:
        raise NotAService(service=party.service) from unknown
    if service.agency != party.agency or not service.takes_referrals:
        raise NotAService(service=party.service)


def _check_leg(request: Request, now: datetime) -> None:
    if not 1 <= request.leg <= MAX_LEG or (request.leg == 1 and request.sender != request.referrer):
        raise Invalid("referral.bad-leg")
    if request.leg > 1 and (request.seniority_on is None or request.seniority_on > now):
        raise Invalid("referral.bad-seniority")


def _comes_back(held: Standing, request: Request) -> bool:
    return held.status is Status.REDIRECTED and request.leg > held.version.leg
