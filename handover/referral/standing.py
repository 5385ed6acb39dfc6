"""Where a referral stands in one copy of it, and how the copies stay one (rule 7). Pure.

Each service concerned keeps a copy. The copy of the service that holds the referral decides and numbers; the
others adopt what is newer and keep the rest as history. What the referrer asks for is pending until a word of
the holder answers it; when the holder changed meanwhile, it is asked again of the new one.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from handover.errors import Conflict, HandoverError, NotFound
from handover.ids import MessageId, PersonId, ReferralId, StaffId
from handover.referral.deadlines import Deadline, assessment_deadline, refusal_shown_at
from handover.referral.lifecycle import (
    UNSENT,
    Act,
    Guard,
    Side,
    Status,
    Version,
    acts_open_to,
    holder,
    next_status,
)
from handover.referral.model import (
    Acceptance,
    Answered,
    Appointment,
    Author,
    Opened,
    Outcome,
    Party,
    Question,
    Redirection,
    RequestId,
    StatusUpdate,
    Update,
    UpdateKind,
    Withdrawal,
)


class Channel(StrEnum):
    """How the referral travels."""

    DIGITAL = "digital"
    PAPER = "paper"
    """On paper: this copy is the only one, and whoever keeps it records what both sides do."""


class NotYetHere(Conflict):
    """The message speaks of something this node has not heard of yet: let the sender try again."""

    code = "referral.not-yet-here"


class NotTheHolder(NotFound):
    """The sender never held this referral (the same answer as when there is none)."""

    code = "referral.not-found"


class AlreadyAsked(Conflict):
    """The same request is pending already."""

    code = "referral.already-asked"


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """What stood before a refusal, for as long as the patient is not shown it (rule 14)."""

    status: Status
    outcome: Acceptance | None = None
    appointment: Appointment | None = None
    assessed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Carried:
    """Which message carried a request last, so that its delivery can be followed."""

    request: RequestId
    message: MessageId


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One copy of a referral without its content."""

    side: Side
    """Whose copy: the referrer's or a receiver's."""
    home: Party
    """The service that keeps this copy."""
    referral: ReferralId
    reference: str
    channel: Channel = Channel.DIGITAL
    counterpart: str = field(default="", repr=False)
    """On paper: the other side's name, where the directory does not have it."""
    counterpart_phone: str = ""
    by_professional: bool = True
    status: Status = Status.DRAFT
    version: Version = UNSENT
    referrer: Party
    holders: tuple[Party | None, ...] = ()
    """The receiving services by leg, the first at 0; the one at the version's leg holds it. None: unknown here."""
    previous: Party | None = None
    """The service that sent the referral on to this one."""
    author: Author
    person: PersonId | None = None
    owner: StaffId | None = None
    """At the referrer who wrote it; at the receiver who has taken it."""
    last_act: Act | None = None
    written_at: datetime
    changed_at: datetime
    sent_at: datetime | None = None
    received_at: datetime | None = None
    seniority_on: datetime | None = None
    assessed_at: datetime | None = None
    decided_at: datetime | None = None
    message: MessageId | None = None
    """The latest `referral-request` that left this copy."""
    undelivered: bool = False
    """That message was refused, expired or stopped."""
    opened: Opened | None = None
    outcome: Outcome | None = None
    appointment: Appointment | None = None
    started_on: date | None = None
    questions: tuple[Question, ...] = ()
    answered: tuple[Answered, ...] = ()
    pending: tuple[Update, ...] = ()
    """Referrer: what no word of the holder has answered yet."""
    carried: tuple[Carried, ...] = ()
    """Referrer: the messages of the pending requests."""
    held: tuple[Update, ...] = ()
    """Receiver: what came while the referral was being sent on."""
    assessor: str = ""
    assessor_phone: str = ""
    next_step: str = field(default="", repr=False)
    outcome_opened_at: datetime | None = None
    """When the referrer opened the outcome."""
    followed_up_at: datetime | None = None
    """When the referrer had done what the outcome asked for."""
    withdrawal: Withdrawal | None = None
    """Who asked to withdraw, and why."""
    sent_on: tuple[Redirection, ...] = ()
    """Receiver: every attempt to send the referral on."""
    earlier: Earlier | None = None
    onward: StatusUpdate | None = None
    """Receiver: the latest word of the service it was sent on to."""
    replaces: ReferralId | None = None
    """Referrer: the one that did not arrive, whose place this one takes when it is sent."""
    replaced_by: ReferralId | None = None
    """Referrer: the draft, or referral, that takes the place of this one."""

    @property
    def holder(self) -> Party | None:
        """The receiving service that holds the referral as far as this copy knows; None in a draft to nobody."""
        if self.status in {Status.REDIRECTED} and isinstance(self.outcome, Redirection):
            return self.outcome.where
        known = self.holders[: self.version.leg]
        return known[-1] if known else None

    @property
    def responsible(self) -> Party:
        """The one service responsible for the next step (rule 7)."""
        receiving = self.holder
        return receiving if receiving is not None and holder(self.status) is Side.RECEIVER else self.referrer

    @property
    def deadline(self) -> Deadline | None:
        """The deadline of the assessment; None before the referral was received."""
        start = self.seniority_on or self.received_at
        return None if start is None else assessment_deadline(start)

    def facts(self, *more: Guard) -> frozenset[Guard]:
        """Return the guards that hold in this copy."""
        found = set(more)
        if self.opened is None and self.version.leg == 1:
            found.add(Guard.UNOPENED)
        if self.undelivered:
            found.add(Guard.UNDELIVERED)
        if self.channel is Channel.PAPER:
            found.add(Guard.PAPER)
        return frozenset(found)


_OPENED_ONLY: Final = UpdateKind.OUTCOME_OPENED
_ACTS: Final = {
    UpdateKind.ANSWER: Act.ANSWER,
    UpdateKind.SUPPLEMENT: Act.SUPPLEMENT,
    UpdateKind.WITHDRAWAL: Act.REQUEST_WITHDRAWAL,
    UpdateKind.RETRACTION: Act.RETRACT,
    UpdateKind.NOTE: Act.NOTE_TO_RECEIVER,
}
_ONCE: Final = frozenset({UpdateKind.WITHDRAWAL, UpdateKind.RETRACTION})


# --- before it has arrived -------------------------------------------------------------------------------------


def move_unsent(standing: Standing, act: Act, *guards: Guard, now: datetime, **changes: Any) -> Standing:
    """Return the referrer's copy after an act that no receiver numbers: send, undo, send again, give up."""
    status = next_status(standing.status, act, Side.REFERRER, standing.facts(*guards))
    return replace(standing, status=status, last_act=act, changed_at=now, **changes)


# --- the copy that decides -------------------------------------------------------------------------------------


def decide(standing: Standing, act: Act, side: Side, *, now: datetime, **changes: Any) -> Standing:
    """Return the copy after one act that numbers it. Raises what `next_status` raises."""
    status = next_status(standing.status, act, side, standing.facts())
    return _numbered(standing, act, status, now, **changes)


def take_request(standing: Standing, update: Update, *, now: datetime) -> Standing:
    """Return the holder's copy after a request of the referrer: applied, come too late, held, or seen before."""
    if update.kind is _OPENED_ONLY:
        return _outcome_opened(standing, update.written_at)
    known = {answer.request for answer in standing.answered} | {held.request for held in standing.held}
    if update.request in known or standing.status is Status.REDIRECTED:
        return standing
    if standing.status is Status.REDIRECTING:
        return replace(standing, held=(*standing.held, update))
    return _apply(standing, update, now)


def told_on_paper(standing: Standing, update: Update, side: Side, *, now: datetime) -> Standing:
    """Return the only copy after what the referrer told on paper or by phone. Raises what the table refuses."""
    act = _act_of(standing, update)
    next_status(standing.status, act, side, _facts_for(standing, update))
    return _apply(standing, update, now)


def redirect_failed(standing: Standing, *, now: datetime) -> Standing:
    """Return the copy after the new service refused or never answered: ours again, with what was held applied."""
    held = standing.held
    back = replace(standing, held=(), outcome=None)
    back = decide(back, Act.REDIRECT_FAILED, Side.MACHINE, now=now)
    for update in held:
        back = _apply(back, update, now)
    return back


def word(
    standing: Standing,
    to: Party,
    *,
    author: Author | None,
    note: str = "",
    caused_by: MessageId | None = None,
) -> StatusUpdate:
    """Return what the holder tells another service: the whole present state."""
    deadline = standing.deadline
    if deadline is None or standing.received_at is None or standing.seniority_on is None:
        raise NotYetHere
    return StatusUpdate(
        referral=standing.referral,
        version=standing.version,
        status=standing.status,
        act=standing.last_act or Act.ARRIVE,
        changed_at=standing.changed_at,
        author=author,
        referrer=standing.referrer,
        holder=standing.home,
        receiver=to,
        received_at=standing.received_at,
        seniority_on=standing.seniority_on,
        deadline=deadline.last_day,
        warn_on=deadline.warn_on,
        assessed_at=standing.assessed_at,
        decided_at=standing.decided_at,
        opened=standing.opened,
        outcome=standing.outcome,
        appointment=standing.appointment,
        started_on=standing.started_on,
        questions=standing.questions,
        answered=standing.answered,
        note=note,
        assessor=standing.assessor,
        next_step=standing.next_step,
        caused_by=caused_by,
    )


def redirected_to(standing: Standing, redirection: Redirection) -> Standing:
    """Return the copy that remembers where it is being sent on."""
    return replace(
        standing,
        holders=(*standing.holders, redirection.where),
        sent_on=(*standing.sent_on, redirection),
    )


def next_leg(standing: Standing) -> int:
    """Return the leg of the next service the referral is sent on to: never one that was tried before."""
    return len(standing.holders) + 1


def audience(standing: Standing) -> tuple[Party, ...]:
    """Return whom the holder tells: the referrer, and the service that sent the referral on to it."""
    others = () if standing.previous in {None, standing.referrer} else (standing.previous,)
    return tuple(party for party in (standing.referrer, *others) if party is not None)


# --- the copy that follows -------------------------------------------------------------------------------------


def arrived(standing: Standing, *, at: datetime) -> Standing:
    """Return the referrer's copy after the receiver's signed `ok`; nothing changes when its word came first."""
    if standing.version > UNSENT:
        return standing
    status = next_status(standing.status, Act.ARRIVE, Side.MACHINE, standing.facts(Guard.UNDELIVERED))
    return replace(
        _numbered(standing, Act.ARRIVE, status, at),
        received_at=at,
        seniority_on=at,
        undelivered=False,
    )


def ask_for(standing: Standing, update: Update) -> Standing:
    """Return the referrer's copy with one more pending request. Raises AlreadyAsked, or what the table refuses."""
    if update.kind is not _OPENED_ONLY:
        next_status(standing.status, _act_of(standing, update), Side.REFERRER, _facts_for(standing, update))
        _refuse_twice(standing, update)
        return replace(standing, pending=(*standing.pending, update))
    return _outcome_opened(standing, update.written_at)


def adopt(standing: Standing, told: StatusUpdate) -> Standing:
    """Return the referrer's copy after a word of a holder; unchanged when that is not newer.

    Raises NotYetHere when the word is of a leg this copy has not been told of, NotTheHolder when it is not the
    word of the service that holds that leg.
    """
    leg = told.version.leg
    if leg > len(standing.holders) or standing.holders[leg - 1] is None:
        raise NotYetHere
    if standing.holders[leg - 1] != told.holder:
        raise NotTheHolder
    standing = _answered_by(_learn_where(standing, told), told)
    if told.version <= standing.version:
        return standing
    return replace(
        standing,
        status=told.status,
        version=told.version,
        last_act=told.act,
        changed_at=told.changed_at,
        received_at=told.received_at,
        seniority_on=told.seniority_on,
        assessed_at=told.assessed_at,
        decided_at=told.decided_at,
        opened=told.opened,
        outcome=told.outcome,
        appointment=told.appointment,
        started_on=told.started_on,
        questions=told.questions,
        assessor=told.assessor,
        next_step=told.next_step,
        undelivered=False,
        earlier=_earlier(standing) if told.status is Status.REJECTED else None,
        outcome_opened_at=standing.outcome_opened_at if told.outcome == standing.outcome else None,
        followed_up_at=standing.followed_up_at if told.outcome == standing.outcome else None,
    )


def follow(standing: Standing, told: StatusUpdate, *, now: datetime) -> Standing:
    """Return the copy of the service that sent a referral on after a word of the new one, which proves arrival."""
    if told.holder not in standing.holders[standing.version.leg :]:
        raise NotTheHolder
    onward = standing.onward
    if onward is None or told.version > onward.version:
        standing = replace(standing, onward=told)
    if isinstance(standing.outcome, Redirection) and standing.outcome.leg > told.version.leg:
        return standing
    return redirect_arrived(standing, told.version.leg, now=now)


def redirect_arrived(standing: Standing, leg: int, *, now: datetime) -> Standing:
    """Return the copy after the new service's signed receipt; unchanged when it was known, or came too late."""
    try:
        arrived_there = decide(standing, Act.REDIRECT_ARRIVED, Side.MACHINE, now=now, held=(), questions=())
    except HandoverError:
        return standing
    attempt = next((each for each in standing.sent_on if each.leg == leg), None)
    return replace(arrived_there, outcome=attempt or standing.outcome)


def not_carried(standing: Standing, message: MessageId, code: str) -> Standing:
    """Return the referrer's copy after the message of a request ended undelivered; it can be asked for again."""
    lost = {each.request for each in standing.carried if each.message == message}
    told = tuple(Answered(request=request, applied=False, code=code) for request in lost)
    return replace(_without(standing, lost), answered=(*standing.answered, *told))


def carry(standing: Standing, request: RequestId, message: MessageId) -> Standing:
    """Return the copy that knows which message carries a request now."""
    others = tuple(each for each in standing.carried if each.request != request)
    return replace(standing, carried=(*others, Carried(request=request, message=message)))


def to_ask_again(standing: Standing) -> tuple[Standing, tuple[Update, ...]]:
    """Return the requests that must go to the service that holds the referral now, and the copy that knows it."""
    holding = standing.holder
    if holding is None or standing.version == UNSENT:
        return standing, ()
    moved = tuple(replace(each, receiver=holding) for each in standing.pending if each.receiver != holding)
    kept = tuple(each for each in standing.pending if each.receiver == holding)
    return replace(standing, pending=(*kept, *moved)), moved


# --- what is shown ---------------------------------------------------------------------------------------------


def offered(standing: Standing, side: Side, *guards: Guard) -> tuple[Act, ...]:
    """Return the acts open to that side in this copy now: what the table allows and what makes sense."""
    found = acts_open_to(standing.status, side, standing.facts(Guard.ALL_ANSWERED, *guards))
    hidden = {_ACTS[update.kind] for update in standing.pending if update.kind in _ONCE | {UpdateKind.ANSWER}}
    hidden |= {Act.ANSWER_PART, Act.ARRIVE}
    if not standing.questions:
        hidden.add(Act.ANSWER)
    if side is Side.REFERRER:
        hidden |= {Act.OPEN, Act.INTERNAL_NOTE}
    if standing.channel is Channel.PAPER:
        hidden |= {Act.NOTE_TO_REFERRER, Act.NOTE_TO_RECEIVER, Act.RETRACT, Act.REDIRECT}
    return tuple(act for act in found if act not in hidden)


def for_patient(standing: Standing, now: datetime) -> Standing:
    """Return the copy as the patient is shown it: a refusal stays hidden until rule 14 says otherwise."""
    shown_at = refusal_shown_from(standing)
    if shown_at is None or now >= shown_at:
        return standing
    earlier = standing.earlier or Earlier(status=Status.ASSESSING)
    return replace(
        standing,
        status=earlier.status,
        outcome=earlier.outcome,
        appointment=earlier.appointment,
        assessed_at=earlier.assessed_at,
        next_step="",
    )


def refusal_shown_from(standing: Standing) -> datetime | None:
    """Return when the patient is shown the refusal; None when there is none."""
    if standing.status is not Status.REJECTED or standing.deadline is None:
        return None
    return refusal_shown_at(
        decided_at=standing.decided_at or standing.changed_at,
        deadline=standing.deadline,
        opened_by_referrer_at=standing.outcome_opened_at,
        referred_by_professional=standing.by_professional,
    )


def before_refusal(standing: Standing) -> Earlier:
    """Return what to remember when a refusal replaces the present state."""
    return _earlier(standing)


def _earlier(standing: Standing) -> Earlier:
    return Earlier(
        status=standing.status,
        outcome=standing.outcome if isinstance(standing.outcome, Acceptance) else None,
        appointment=standing.appointment,
        assessed_at=standing.assessed_at,
    )


def _numbered(standing: Standing, act: Act, status: Status, now: datetime, **changes: Any) -> Standing:
    at = max(now, standing.changed_at)  # a clock that was set back never turns the order of versions
    return replace(
        standing, status=status, version=standing.version.next(), last_act=act, changed_at=at, **changes
    )


def _apply(standing: Standing, update: Update, now: datetime) -> Standing:
    act = _act_of(standing, update)
    try:
        status = next_status(standing.status, act, Side.REFERRER, _facts_for(standing, update))
    except HandoverError as refused:
        answer = Answered(request=update.request, applied=False, code=refused.stable_code)
        return _numbered(standing, act, standing.status, now, answered=(*standing.answered, answer))
    answer = Answered(request=update.request, applied=True)
    return _numbered(
        standing, act, status, now, answered=(*standing.answered, answer), **_effect(standing, update)
    )


def _effect(standing: Standing, update: Update) -> dict[str, Any]:
    asked = Withdrawal(by=update.author.name, reason=update.text)
    if update.kind is UpdateKind.ANSWER:
        return {"questions": _left_open(standing, update)}
    if update.kind is UpdateKind.WITHDRAWAL:
        return {"withdrawal": asked}
    return {"outcome": asked} if update.kind is UpdateKind.RETRACTION else {}


def _act_of(standing: Standing, update: Update) -> Act:
    if update.kind is UpdateKind.ANSWER and standing.status is Status.INFO_REQUESTED:
        return Act.ANSWER_PART if _left_open(standing, update) else Act.ANSWER
    return _ACTS[update.kind]


def _facts_for(standing: Standing, update: Update) -> frozenset[Guard]:
    more = () if _left_open(standing, update) else (Guard.ALL_ANSWERED,)
    return standing.facts(*more)


def _left_open(standing: Standing, update: Update) -> tuple[Question, ...]:
    return tuple(question for question in standing.questions if question.id not in update.questions)


def _refuse_twice(standing: Standing, update: Update) -> None:
    for pending in standing.pending:
        if pending.kind is not update.kind:
            continue
        if update.kind in _ONCE or (update.questions and pending.questions == update.questions):
            raise AlreadyAsked(kind=update.kind.value)


def _outcome_opened(standing: Standing, at: datetime) -> Standing:
    first = standing.outcome_opened_at
    return standing if first is not None and first <= at else replace(standing, outcome_opened_at=at)


def _learn_where(standing: Standing, told: StatusUpdate) -> Standing:
    if not isinstance(told.outcome, Redirection):
        return standing
    holders = list(standing.holders)
    holders += [None] * (told.outcome.leg - len(holders))
    if holders[told.outcome.leg - 1] is None:
        holders[told.outcome.leg - 1] = told.outcome.where
    return replace(standing, holders=tuple(holders))


def _answered_by(standing: Standing, told: StatusUpdate) -> Standing:
    done = {answer.request for answer in told.answered}
    older = tuple(answer for answer in standing.answered if answer.request not in done)
    return replace(_without(standing, done), answered=(*older, *told.answered))


def _without(standing: Standing, requests: Collection[RequestId]) -> Standing:
    pending = tuple(update for update in standing.pending if update.request not in requests)
    carried = tuple(each for each in standing.carried if each.request not in requests)
    return replace(standing, pending=pending, carried=carried)
