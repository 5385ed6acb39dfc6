"""What must happen next with a thread at one service, whose move it is, and by when (rule 8). Pure.

Own steps stand before those of others; the date is that of whatever is due first, so that what is late is never
hidden behind what is not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from handover.actors import Party
from handover.message.deadlines import after, answered_by, leader_told_at, opened_by
from handover.message.lifecycle import AT_RECEIVER, TAKEN_BACK, Status
from handover.message.model import Message, Priority
from handover.message.standing import Copy, is_unopened, shown
from handover.workdays import end_of


class Step(StrEnum):
    """The next step of a thread: a code the pages put into words."""

    # ours
    MEND_DELIVERY = "mend-delivery"
    CONFIRM_RETRACTION = "confirm-retraction"
    """The leader's."""
    READ = "read"
    CHOOSE_TIME = "choose-time"
    TALK = "talk"
    """At the agreed time; both sides see it until they say that it is done."""
    ANSWER = "answer"
    FINISH_DRAFT = "finish-draft"
    # the others'
    AWAIT_ARRIVAL = "await-arrival"
    AWAIT_RETRACTION = "await-retraction"
    AWAIT_OPENING = "await-opening"
    AWAIT_CHOICE = "await-choice"
    AWAIT_ANSWER = "await-answer"


class Shelf(StrEnum):
    """Where a thread stands in its service's list."""

    DRAFT = "draft"
    """Nothing was sent or received in it yet."""
    TO_DO = "to-do"
    WAITING = "waiting"
    CLOSED = "closed"
    VANISHED = "vanished"
    """All there was has been taken back before anybody here opened it: it stands in no list."""


IS_OURS: Final[Mapping[Step, bool]] = {step: not step.value.startswith("await-") for step in Step}


@dataclass(frozen=True)
class NextStep:
    """A step, whether it is this service's, and the instant it is due."""

    step: Step
    due_at: datetime
    is_own_date: bool = True
    """Whether the date is that of the step itself; else something else in the thread is due before it."""

    @property
    def is_ours(self) -> bool:
        """Whether this service must do it; else it waits for the others."""
        return IS_OURS[self.step]


def next_step(copy: Copy) -> NextStep | None:
    """Return what must happen next at this copy's service; None when nothing is left to do."""
    found = sorted(open_steps(copy), key=lambda each: (not each.is_ours, each.due_at, list(Step).index(each.step)))
    if not found:
        return None
    due_at = min(each.due_at for each in found)
    return replace(found[0], due_at=due_at, is_own_date=due_at == found[0].due_at)


def shelf_of(copy: Copy) -> Shelf:
    """Return where the thread stands in the list of the service that keeps the copy."""
    if all(each.status in {Status.DRAFT, Status.DISCARDED} for each in copy.messages if each.via is None):
        has_draft = any(each.status is Status.DRAFT for each in copy.messages)
        return Shelf.DRAFT if has_draft else Shelf.VANISHED
    step = next_step(copy)
    if step is None:
        return Shelf.VANISHED if _has_vanished(copy) else Shelf.CLOSED
    return Shelf.TO_DO if step.is_ours else Shelf.WAITING


def _has_vanished(copy: Copy) -> bool:
    return all(
        each.status is Status.RETRACTED and each.opened is None and each.sender != copy.standing.home
        for each in copy.messages
    )


def drafted_at(copy: Copy) -> datetime | None:
    """Return when a draft in the thread was last saved; None while it has none."""
    return max((each.written_at for each in copy.messages if each.status is Status.DRAFT), default=None)


def tell_leader_at(copy: Copy) -> datetime | None:
    """Return when the leader here is told that a message lies unopened; None while none does."""
    told_at = copy.standing.leader_told_at
    waiting = (
        leader_told_at(each.placed_at)
        for each in copy.messages
        if is_unopened(copy, each) and (told_at is None or each.placed_at > told_at)
    )
    return min(waiting, default=None)


@dataclass(frozen=True, kw_only=True)
class Glance:
    """What a list shows of a thread without opening its messages."""

    step: NextStep | None
    unopened: int
    latest: Party | None = None
    """The service of the latest message that is shown."""
    latest_by: str = field(default="", repr=False)
    latest_at: datetime | None = None
    arrived_at: datetime | None = None
    """When the latest message of the others came here, wherever it is placed."""
    answered_at: datetime | None = None
    """When the latest answer to a message of ours came here."""
    is_soon: bool = False
    """Whether something unopened or unanswered wishes an answer soon."""
    has_files: bool = False
    wished: str = field(default="", repr=False)
    """Whom the latest of what came and waits wishes to reach."""


def glance(copy: Copy) -> Glance:
    """Return what a list shows of a thread."""
    seen = shown(copy)
    waiting = [each for each in seen if each.status in AT_RECEIVER and _needs_us(copy, each)]
    sent = [each for each in seen if each.status is not Status.DRAFT]
    latest = sent[-1] if sent else None
    return Glance(
        step=next_step(copy),
        unopened=sum(is_unopened(copy, each) and each.via is None for each in copy.messages),
        latest=None if latest is None else latest.sender,
        latest_by="" if latest is None else latest.author.name,
        latest_at=None if latest is None else latest.written_at,
        arrived_at=max((each.placed_at for each in seen if each.sender != copy.standing.home), default=None),
        answered_at=max((each.placed_at for each in seen if _answers_us(copy, each)), default=None),
        is_soon=any(each.content.priority is Priority.SOON for each in waiting),
        has_files=any(each.content.files for each in seen),
        wished=next((each.content.wished_person for each in reversed(waiting) if each.content.wished_person), ""),
    )


def is_since(at: datetime | None, read_at: datetime | None) -> bool:
    """Whether something came, and after its reader looked last (None: never)."""
    return at is not None and (read_at is None or read_at < at)


def _answers_us(copy: Copy, message: Message) -> bool:
    home = copy.standing.home
    if message.sender == home or message.replies_to is None:
        return False
    return any(each.id == message.replies_to and each.sender == home for each in copy.messages)


def open_steps(copy: Copy) -> Iterator[NextStep]:
    """Yield everything that is left to do, and everything that is waited for, at this copy's service."""
    for each in copy.messages:
        if each.status is Status.DRAFT:
            yield NextStep(Step.FINISH_DRAFT, after(each.written_at, lambda rules: rules.draft_working_days))
        elif each.sender == copy.standing.home:
            yield from _of_ours(each)
        elif each.via is None:
            yield from _of_theirs(copy, each)
    yield from _talking(copy)
    yield from _agreed(copy)


def _of_ours(sent: Message) -> Iterator[NextStep]:
    if sent.status is Status.RETRACT_ASKED and sent.taken_back is not None:
        yield NextStep(Step.AWAIT_RETRACTION, _retraction(sent.taken_back.at))
    if sent.status is not Status.SENT:
        return
    for receipt in sent.receipts:
        if receipt.undelivered:
            yield NextStep(Step.MEND_DELIVERY, after(sent.written_at, lambda rules: rules.arrival_working_days))
        elif receipt.arrived_at is None:
            yield NextStep(Step.AWAIT_ARRIVAL, after(sent.written_at, lambda rules: rules.arrival_working_days))
        elif receipt.opened is None:
            yield NextStep(Step.AWAIT_OPENING, opened_by(sent.written_at))


def _of_theirs(copy: Copy, received: Message) -> Iterator[NextStep]:
    if received.status is Status.RETRACT_ASKED and received.taken_back is not None:
        yield NextStep(Step.CONFIRM_RETRACTION, _retraction(received.taken_back.at))
    elif is_unopened(copy, received):
        due = opened_by(received.placed_at)
        yield NextStep(Step.READ, min(due, _wished(received) or due))


def _talking(copy: Copy) -> Iterator[NextStep]:
    """Yield who must answer: we, what came after our last word to its sender; they, ours if it wished an answer.

    A draft answers nothing, nor does what was taken back, nor a word to somebody else: the wished date stands
    while somebody writes. Each service that was asked is waited for on its own.
    """
    ours = [each for each in copy.messages if _asks(copy, each)]
    for each in copy.messages:
        if each.status is Status.OPENED and _needs_us(copy, each):
            yield from _answer(each, is_answered=_is_answered(each, ours))
    for each in ours:
        for _party, wish in _awaited(copy, each):
            if wish.due_at is not None:
                yield NextStep(wish.theirs, wish.due_at)


def answers(copy: Copy, sent: Message) -> Mapping[Party, datetime]:
    """Return which of those whom a message of this service went to have written to it since, and when first."""
    stand = (each for each in copy.messages if each.via is None and each.status in AT_RECEIVER)
    since = [each for each in stand if each.placed_at > sent.placed_at and each.sender in sent.to]
    return {each.sender: each.written_at for each in sorted(since, key=lambda each: each.written_at, reverse=True)}


def awaited(copy: Copy, sent: Message) -> tuple[Party, ...]:
    """Return whose answer to a message of this service is still waited for, by the date it wished."""
    if not _asks(copy, sent):
        return ()
    found = (party for party, wish in _awaited(copy, sent) if wish.due_at is not None)
    return tuple(dict.fromkeys(found))


def _asks(copy: Copy, message: Message) -> bool:
    is_ours = message.sender == copy.standing.home and message.status is Status.SENT
    return is_ours and _counts(copy, message)


def _needs_us(copy: Copy, message: Message) -> bool:
    """Whether what came may still need something of this service: not once it said that it goes on waiting."""
    waits_since = copy.standing.waits_since
    is_after = waits_since is None or message.placed_at > waits_since
    return is_after and message.sender != copy.standing.home and _counts(copy, message)


def _is_answered(received: Message, ours: list[Message]) -> bool:
    return any(received.sender in each.to and each.placed_at >= received.placed_at for each in ours)


def _agreed(copy: Copy) -> Iterator[NextStep]:
    """Yield the talks that the two who agreed on a time have before them, or have not put away since."""
    done_at, home = copy.standing.done_at, copy.standing.home
    for each in copy.messages:
        choice, slot = each.choice, each.agreed
        if choice is None or slot is None or each.status in TAKEN_BACK:
            continue
        is_between = home in {each.sender, Party(choice.by.agency, choice.by.service or home.service)}
        if is_between and (done_at is None or choice.at > done_at):
            yield NextStep(Step.TALK, slot.start + timedelta(minutes=slot.minutes))


def _counts(copy: Copy, message: Message) -> bool:
    done_at = copy.standing.done_at
    return message.via is None and (done_at is None or message.placed_at > done_at)


def _answer(received: Message, *, is_answered: bool) -> Iterator[NextStep]:
    opened_at = received.placed_at if received.opened is None else received.opened.at
    for wish in _open_wishes(received, is_answered=is_answered):
        yield NextStep(wish.ours, wish.due_at or answered_by(opened_at))


def _awaited(copy: Copy, sent: Message) -> Iterator[tuple[Party, "_Wish"]]:
    answered = answers(copy, sent)
    for party in sent.to:
        for wish in _open_wishes(sent, is_answered=party in answered):
            yield party, wish


@dataclass(frozen=True)
class _Wish:
    """What a message asks for, as either side has it before them."""

    ours: Step
    theirs: Step
    due_at: datetime | None


def _wishes(message: Message) -> tuple[_Wish, ...]:
    """Return what a message asks for: a time to be picked, words, or both; words unless it offers times."""
    offer, day = message.content.offer, message.content.answer_by
    words = _Wish(Step.ANSWER, Step.AWAIT_ANSWER, None if day is None else end_of(day))
    if offer is None:
        return (words,)
    first = max(message.written_at, min(slot.start for slot in offer.slots)) if offer.slots else None
    time = _Wish(Step.CHOOSE_TIME, Step.AWAIT_CHOICE, first)
    return (time,) if day is None else (time, words)


def _open_wishes(message: Message, *, is_answered: bool) -> Iterator[_Wish]:
    """Yield what a message asks for and has not got: who asks for two things waits for each by itself.

    Where only a time was asked for, words answer that too: none of the times may suit.
    """
    wishes = _wishes(message)
    for wish in wishes:
        asks_words = wish.ours is Step.ANSWER
        if asks_words and is_answered:
            continue
        if not asks_words and (message.choice is not None or (is_answered and len(wishes) == 1)):
            continue
        yield wish


def _wished(message: Message) -> datetime | None:
    """Return by when the first of what a message asks for is wished; None where no date was said."""
    return min((each.due_at for each in _wishes(message) if each.due_at is not None), default=None)


def _retraction(asked_at: datetime) -> datetime:
    return after(asked_at, lambda rules: rules.message_retraction_working_days)
