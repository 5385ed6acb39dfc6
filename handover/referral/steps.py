"""What each side must do next, and by when (rule 8): every open case has a next step and a date. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from handover.referral.deadlines import working_days_from
from handover.referral.lifecycle import Side, Status
from handover.referral.model import Acceptance
from handover.referral.standing import Channel, Standing
from handover.workdays import DeadlineRules, end_of, local_date, rules_on


class Step(StrEnum):
    """The next step of one side: a code the pages put into words."""

    # referrer
    FINISH_DRAFT = "finish-draft"
    AWAIT_ARRIVAL = "await-arrival"
    MEND_DELIVERY = "mend-delivery"
    CALL_ABOUT_PAPER = "call-about-paper"
    AWAIT_ASSESSMENT = "await-assessment"
    ANSWER = "answer"
    AWAIT_APPOINTMENT = "await-appointment"
    AWAIT_FIRST_APPOINTMENT = "await-first-appointment"
    FOLLOW_TREATMENT = "follow-treatment"
    AWAIT_WITHDRAWAL = "await-withdrawal"
    HELP_AFTER_REFUSAL = "help-after-refusal"
    READ_OUTCOME = "read-outcome"
    # receiver
    TAKE = "take"
    ASSESS = "assess"
    ASSESS_WITHOUT_ANSWER = "assess-without-answer"
    SCHEDULE = "schedule"
    HOLD_FIRST_APPOINTMENT = "hold-first-appointment"
    REVIEW_TREATMENT = "review-treatment"
    AWAIT_RECEIPT = "await-receipt"
    ANSWER_WITHDRAWAL = "answer-withdrawal"


class Shelf(StrEnum):
    """Where a copy stands in its side's list."""

    DRAFT = "draft"
    TO_DO = "to-do"
    """This side must act."""
    WAITING = "waiting"
    """The next move is somebody else's."""
    CLOSED = "closed"


@dataclass(frozen=True)
class NextStep:
    """A step and the instant it is due."""

    step: Step
    due_at: datetime


def next_step(standing: Standing) -> NextStep | None:
    """Return what the side that keeps this copy must do next; None when the case is closed there."""
    table = _REFERRER if standing.side is Side.REFERRER else _RECEIVER
    planned = table.get(standing.status)
    if planned is None or _is_read(standing):
        return None
    step, due = planned
    return NextStep(_special(standing) or step, due(standing))


def shelf_of(standing: Standing) -> Shelf:
    """Return where the copy stands in the list of the side that keeps it."""
    if standing.status is Status.DRAFT:
        return Shelf.DRAFT
    if next_step(standing) is None:
        return Shelf.CLOSED
    if standing.side is Side.RECEIVER:
        return Shelf.WAITING if standing.status in RECEIVER_WAITS else Shelf.TO_DO
    return Shelf.TO_DO if standing.undelivered or standing.status in _REFERRER_ACTS else Shelf.WAITING


def steps_of_receiver(*, waiting: bool) -> tuple[Step, ...]:
    """Return the steps at which a receiver waits for somebody else or for a day, or those at which it must act."""
    return tuple(step for status, (step, _) in _RECEIVER.items() if (status in RECEIVER_WAITS) is waiting)


def _special(standing: Standing) -> Step | None:
    if standing.status is Status.SENT and standing.undelivered:
        return Step.MEND_DELIVERY
    if standing.status is Status.SENT and standing.channel is Channel.PAPER:
        return Step.CALL_ABOUT_PAPER
    return None


def _is_read(standing: Standing) -> bool:
    if standing.status is Status.REJECTED:
        return standing.followed_up_at is not None
    return standing.status is Status.COMPLETED and standing.outcome_opened_at is not None


def _rules(standing: Standing) -> DeadlineRules:
    return rules_on(local_date(standing.changed_at))


def _after(count: Callable[[DeadlineRules], int]) -> Callable[[Standing], datetime]:
    return lambda standing: working_days_from(standing.changed_at, count(_rules(standing)))


def _assessment(standing: Standing) -> datetime:
    deadline = standing.deadline
    return standing.changed_at if deadline is None else deadline.passes_at


def _sent(standing: Standing) -> datetime:
    rules = _rules(standing)
    is_paper = standing.channel is Channel.PAPER
    count = rules.paper_arrival_working_days if is_paper else rules.arrival_working_days
    return working_days_from(standing.sent_at or standing.changed_at, count)


def _answer(standing: Standing) -> datetime:
    asked = max((question.asked_at for question in standing.questions), default=standing.changed_at)
    return min(working_days_from(asked, _rules(standing).answer_working_days), _assessment(standing))


def _latest_start(standing: Standing) -> datetime:
    outcome = standing.outcome
    return end_of(outcome.latest_start) if isinstance(outcome, Acceptance) else _assessment(standing)


def _appointment(standing: Standing) -> datetime:
    return _latest_start(standing) if standing.appointment is None else standing.appointment.start


def _review(standing: Standing) -> datetime:
    started = standing.started_on or local_date(standing.changed_at)
    return end_of(started + timedelta(days=_rules(standing).review_days))


def _withdrawal(standing: Standing) -> datetime:
    answered_by = working_days_from(standing.changed_at, _rules(standing).answer_working_days)
    return answered_by if standing.assessed_at is not None else min(answered_by, _assessment(standing))


RECEIVER_WAITS: Final = frozenset({Status.INFO_REQUESTED, Status.REDIRECTING, Status.SCHEDULED, Status.STARTED})
"""Where the receiver's next move is somebody else's, or has its day."""
_REFERRER_ACTS: Final = frozenset({Status.INFO_REQUESTED, Status.REJECTED, Status.COMPLETED})

_Planned = Mapping[Status, tuple[Step, Callable[[Standing], datetime]]]

_REFERRER: Final[_Planned] = {
    Status.DRAFT: (Step.FINISH_DRAFT, _after(lambda rules: rules.draft_working_days)),
    Status.SENT: (Step.AWAIT_ARRIVAL, _sent),
    Status.RECEIVED: (Step.AWAIT_ASSESSMENT, _assessment),
    Status.ASSESSING: (Step.AWAIT_ASSESSMENT, _assessment),
    Status.REDIRECTING: (Step.AWAIT_ASSESSMENT, _assessment),
    Status.REDIRECTED: (Step.AWAIT_ASSESSMENT, _assessment),
    Status.INFO_REQUESTED: (Step.ANSWER, _answer),
    Status.ACCEPTED: (Step.AWAIT_APPOINTMENT, _latest_start),
    Status.SCHEDULED: (Step.AWAIT_FIRST_APPOINTMENT, _appointment),
    Status.STARTED: (Step.FOLLOW_TREATMENT, _review),
    Status.WITHDRAWAL_REQUESTED: (Step.AWAIT_WITHDRAWAL, _withdrawal),
    Status.REJECTED: (Step.HELP_AFTER_REFUSAL, _after(lambda rules: rules.refusal_read_working_days)),
    Status.COMPLETED: (Step.READ_OUTCOME, _after(lambda rules: rules.outcome_read_working_days)),
}
_RECEIVER: Final[_Planned] = {
    Status.RECEIVED: (Step.TAKE, _assessment),
    Status.ASSESSING: (Step.ASSESS, _assessment),
    Status.INFO_REQUESTED: (Step.ASSESS_WITHOUT_ANSWER, _assessment),
    Status.REDIRECTING: (Step.AWAIT_RECEIPT, _assessment),
    Status.ACCEPTED: (Step.SCHEDULE, _latest_start),
    Status.SCHEDULED: (Step.HOLD_FIRST_APPOINTMENT, _appointment),
    Status.STARTED: (Step.REVIEW_TREATMENT, _review),
    Status.WITHDRAWAL_REQUESTED: (Step.ANSWER_WITHDRAWAL, _withdrawal),
}
