"""What must happen next with a handover, whose move it is, and by when (rule 8). Pure.

Both copies give the same step and date, so that what is late stands in both worklists; only who must act differs.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from handover.bundle.deadlines import after, meeting_planned_by, opened_by, taken_over_by, withdrawal_answered_by
from handover.bundle.lifecycle import AT_RECEIVER, AT_SENDER, Side, Status
from handover.bundle.standing import TAKES_SUPPLEMENTS, Pending, PendingKind, Standing, waits_for_first_day
from handover.workdays import DeadlineRules, at_hour, end_of, local_date

TELLS_TRUSTED: Final = frozenset({*AT_RECEIVER, Status.TAKEN_OVER})
"""It has arrived, so that those whom the patient wants told can be."""


class Step(StrEnum):
    """The next step of a handover: a code the pages put into words."""

    # the sender's
    FINISH_DRAFT = "finish-draft"
    MARK_TOGETHER = "mark-together"
    ASK_ABOUT_PAUSE = "ask-about-pause"
    SEND = "send"
    MEND_DELIVERY = "mend-delivery"
    ANSWER_QUESTION = "answer-question"
    HELP_AFTER_DECLINE = "help-after-decline"
    TELL_TRUSTED = "tell-trusted"
    CLOSE = "close"
    # the machines'
    AWAIT_ARRIVAL = "await-arrival"
    # the receiver's
    OPEN = "open"
    READ_SUPPLEMENT = "read-supplement"
    PLAN_MEETING = "plan-meeting"
    HOLD_MEETING = "hold-meeting"
    TAKE_OVER = "take-over"
    FIRST_DAY = "first-day"
    """Taken over from a day that has not come."""
    ANSWER_WITHDRAWAL = "answer-withdrawal"


class Shelf(StrEnum):
    """Where a copy stands in its side's list."""

    DRAFT = "draft"
    TO_DO = "to-do"
    """This side must act."""
    WAITING = "waiting"
    """The next move is somebody else's."""
    CLOSED = "closed"


OWNERS: Final[Mapping[Step, Side]] = {
    **dict.fromkeys(
        (
            Step.FINISH_DRAFT,
            Step.MARK_TOGETHER,
            Step.ASK_ABOUT_PAUSE,
            Step.SEND,
            Step.MEND_DELIVERY,
            Step.ANSWER_QUESTION,
            Step.HELP_AFTER_DECLINE,
            Step.TELL_TRUSTED,
            Step.CLOSE,
        ),
        Side.SENDER,
    ),
    Step.AWAIT_ARRIVAL: Side.MACHINE,
    **dict.fromkeys(
        (
            Step.OPEN,
            Step.READ_SUPPLEMENT,
            Step.PLAN_MEETING,
            Step.HOLD_MEETING,
            Step.TAKE_OVER,
            Step.FIRST_DAY,
            Step.ANSWER_WITHDRAWAL,
        ),
        Side.RECEIVER,
    ),
}


BESIDE: Final = frozenset({Step.ANSWER_QUESTION, Step.TELL_TRUSTED})
"""What the sender owes while the next move of the case itself is the receiver's."""


@dataclass(frozen=True)
class NextStep:
    """A step, whose move it is, and the instant it is due."""

    step: Step
    side: Side
    due_at: datetime

    @classmethod
    def of(cls, step: Step, due_at: datetime) -> "NextStep":
        """Return a step with the side that owns it."""
        return cls(step, OWNERS[step], due_at)


def next_step(standing: Standing) -> NextStep | None:
    """Return what must happen next as this copy knows it; None when nothing is left to do here."""
    if standing.side is Side.SENDER:
        return _first_of_sender(standing) or _planned(standing, _SENDER)
    return _first_of_receiver(standing) or _planned(standing, _RECEIVER)


def expected(standing: Standing) -> NextStep | None:
    """Return what the status alone asks for, whatever this side owes beside it (`BESIDE`)."""
    return _planned(standing, _SENDER if standing.side is Side.SENDER else _RECEIVER)


def takes_over_by(standing: Standing) -> datetime | None:
    """Return by when somebody must have taken over; None before it was received."""
    if standing.received_at is None:
        return None
    return taken_over_by(standing.received_at, agreed=standing.take_over_by, wants_meeting=standing.wants_meeting)


def untold(standing: Standing) -> tuple[str, ...]:
    """Return whom the patient wants told of the handover, and nobody has said that they were, or why not."""
    done = {each.name for each in standing.trusted}
    return tuple(name for name in dict.fromkeys(standing.wishes.told) if name not in done)


def is_later_than_agreed(standing: Standing) -> bool:
    """Whether a take-over was signed for a day after the one by which somebody was to have taken over."""
    agreed, taken = takes_over_by(standing), standing.take_over
    return agreed is not None and taken is not None and at_hour(taken.from_date, 0) >= agreed


def shelf_of(standing: Standing) -> Shelf:
    """Return where the copy stands in the list of the side that keeps it."""
    if standing.side is Side.SENDER and standing.status in AT_SENDER:
        return Shelf.DRAFT
    found = next_step(standing)
    if found is None:
        return Shelf.CLOSED
    return Shelf.TO_DO if found.side is standing.side else Shelf.WAITING


def _first_of_sender(standing: Standing) -> NextStep | None:
    """Return what comes before what the status says: what did not get through, a withdrawal, what we owe."""
    if standing.undelivered or any(_is_to_be_mended(standing, each) for each in standing.pending):
        return NextStep.of(
            Step.MEND_DELIVERY, after(standing.changed_at, lambda rules: rules.arrival_working_days)
        )
    if any(each.kind is PendingKind.WITHDRAWAL for each in standing.pending):
        return NextStep.of(Step.ANSWER_WITHDRAWAL, _withdrawal(standing))
    planned, ours = _planned(standing, _SENDER), [*_answer(standing), *_tell(standing)]
    if planned is None or not ours:
        return None
    first = min(ours, key=lambda each: each.due_at)
    return first if first.due_at <= planned.due_at else NextStep.of(first.step, planned.due_at)


def _answer(standing: Standing) -> Iterator[NextStep]:
    if standing.asked_at is not None:
        due = after(standing.asked_at, lambda rules: rules.answer_working_days)
        yield NextStep.of(Step.ANSWER_QUESTION, due)


def _tell(standing: Standing) -> Iterator[NextStep]:
    if standing.received_at is not None and standing.status in TELLS_TRUSTED and untold(standing):
        due = after(standing.received_at, lambda rules: rules.handover_trusted_told_working_days)
        yield NextStep.of(Step.TELL_TRUSTED, due)


def _is_to_be_mended(standing: Standing, pending: Pending) -> bool:
    """Whether something lost must be asked again: a withdrawal always, a supplement while one may be released."""
    may_release = standing.status in TAKES_SUPPLEMENTS and standing.withdrawn_at is None
    return pending.lost and (pending.kind is PendingKind.WITHDRAWAL or may_release)


def _first_of_receiver(standing: Standing) -> NextStep | None:
    """Return the reading of a supplement, where that is due before what the status says."""
    if standing.unread_since is None:
        return None
    unread, planned = (
        NextStep.of(Step.READ_SUPPLEMENT, opened_by(standing.unread_since)),
        _planned(standing, _RECEIVER),
    )
    return unread if planned is None or unread.due_at <= planned.due_at else planned


def _planned(standing: Standing, table: "_Table") -> NextStep | None:
    plan = table.get(standing.status)
    return None if plan is None else plan(standing)


def _received(standing: Standing) -> datetime:
    return standing.received_at or standing.changed_at


def _take_over(standing: Standing) -> NextStep:
    due = takes_over_by(standing)
    return NextStep.of(Step.TAKE_OVER, standing.changed_at if due is None else due)


def _sooner(first: NextStep, standing: Standing) -> NextStep:
    """Return a step before the take-over, or the take-over where that is due first: its date never waits."""
    last = _take_over(standing)
    return first if first.due_at <= last.due_at else last


def _open(standing: Standing) -> NextStep:
    return NextStep.of(Step.OPEN, opened_by(_received(standing)))


def _plan_meeting(standing: Standing) -> NextStep:
    if not standing.wants_meeting:
        return _take_over(standing)
    return _sooner(NextStep.of(Step.PLAN_MEETING, meeting_planned_by(_received(standing))), standing)


def _hold_meeting(standing: Standing) -> NextStep:
    meeting = standing.meeting
    held_by = standing.changed_at if meeting is None else end_of(local_date(meeting.start))
    return _sooner(NextStep.of(Step.HOLD_MEETING, held_by), standing)


def _withdrawal(standing: Standing) -> datetime:
    return withdrawal_answered_by(standing.withdrawn_at or standing.changed_at)


def _answer_withdrawal(standing: Standing) -> NextStep:
    return NextStep.of(Step.ANSWER_WITHDRAWAL, _withdrawal(standing))


def _first_day(standing: Standing) -> NextStep | None:
    """Return the wait for a first day that was signed ahead; late from the day agreed on, whatever was signed."""
    taken, agreed = standing.take_over, takes_over_by(standing)
    if taken is None or not waits_for_first_day(standing):
        return None
    starts = at_hour(taken.from_date, 0)
    return NextStep.of(Step.FIRST_DAY, starts if agreed is None else min(starts, agreed))


def _taken_over(standing: Standing) -> NextStep:
    return _first_day(standing) or _close(standing)


def _close(standing: Standing) -> NextStep:
    """Return the closing, counted from the day on which the other service has the patient."""
    taken, since = standing.take_over, standing.changed_at
    starts = since if taken is None else max(since, at_hour(taken.from_date, 0))
    return NextStep.of(Step.CLOSE, after(starts, lambda rules: rules.handover_closed_working_days))


def _within(step: Step, count: Callable[[DeadlineRules], int]) -> Callable[[Standing], NextStep]:
    """Return the plan of a step that is due that many working days after the last change."""
    return lambda standing: NextStep.of(step, after(standing.changed_at, count))


def _sent(standing: Standing) -> NextStep:
    sent_at = standing.sent_at or standing.changed_at
    return NextStep.of(Step.AWAIT_ARRIVAL, after(sent_at, lambda rules: rules.arrival_working_days))


_Table = Mapping[Status, Callable[[Standing], NextStep | None]]

_RECEIVER: Final[_Table] = {
    Status.RECEIVED: _open,
    Status.OPENED: _plan_meeting,
    Status.MEETING_PLANNED: _hold_meeting,
    Status.MEETING_HELD: _take_over,
    Status.TAKEN_OVER: _first_day,
    Status.WITHDRAWAL_NOTIFIED: _answer_withdrawal,
}
_SENDER: Final[_Table] = {
    **_RECEIVER,
    Status.DRAFT: _within(Step.FINISH_DRAFT, lambda rules: rules.draft_working_days),
    Status.WITH_PATIENT: _within(Step.MARK_TOGETHER, lambda rules: rules.handover_marked_working_days),
    Status.PAUSED: _within(Step.ASK_ABOUT_PAUSE, lambda rules: rules.handover_paused_working_days),
    Status.APPROVED: _within(Step.SEND, lambda rules: rules.handover_sent_working_days),
    Status.SENT: _sent,
    Status.DECLINED: _within(Step.HELP_AFTER_DECLINE, lambda rules: rules.handover_declined_working_days),
    Status.TAKEN_OVER: _taken_over,
}
