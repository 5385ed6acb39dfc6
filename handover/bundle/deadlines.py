"""The deadlines of a handover, counted in working days from when it was received. Pure; all take instants.

The counts are ours, not the law's (`data/deadlines.json`, docs/decisions/handover-deadlines.md).
"""

from collections.abc import Callable
from datetime import date, datetime

from handover.workdays import DeadlineRules, end_of, local_date, rules_on, working_days_after


def opened_by(received_at: datetime) -> datetime:
    """Return the end of the day by which the receiver opens what it has received."""
    return after(received_at, lambda rules: rules.handover_opened_working_days)


def meeting_planned_by(received_at: datetime) -> datetime:
    """Return the end of the day by which the meeting stands in everybody's calendar."""
    return after(received_at, lambda rules: rules.handover_meeting_working_days)


def taken_over_by(received_at: datetime, *, agreed: date | None, wants_meeting: bool) -> datetime:
    """Return the end of the day by which somebody takes over: the one agreed on, else counted from receipt."""
    if agreed is not None:
        return end_of(agreed)
    if wants_meeting:
        return after(received_at, lambda rules: rules.handover_taken_over_working_days)
    return after(received_at, lambda rules: rules.handover_taken_over_without_meeting_working_days)


def withdrawal_answered_by(withdrawn_at: datetime) -> datetime:
    """Return the end of the day by which the receiver says what was done with what was taken back."""
    return after(withdrawn_at, lambda rules: rules.handover_withdrawal_answered_working_days)


def after(instant: datetime, count: Callable[[DeadlineRules], int]) -> datetime:
    """Return the end of the day that many working days (Monday to Friday) after the instant."""
    day = local_date(instant)
    rules = rules_on(day)
    return end_of(working_days_after(day, count(rules), rules.breach_week, rules.days_off))
