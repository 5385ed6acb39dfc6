"""The deadlines of a message, counted in working days. Pure; all take instants.

The counts are ours, not the law's (`data/deadlines.json`): a message that nobody opens must not lie still.
"""

from collections.abc import Callable
from datetime import datetime

from handover.workdays import DeadlineRules, end_of, local_date, rules_on, working_days_after


def opened_by(sent_at: datetime) -> datetime:
    """Return the end of the day by which a message is opened; then the sender's worklist says that it is not."""
    return after(sent_at, lambda rules: rules.message_opened_working_days)


def leader_told_at(received_at: datetime) -> datetime:
    """Return the end of the day after which the receiver's leader is told that nobody has opened it."""
    return after(received_at, lambda rules: rules.message_leader_working_days)


def answered_by(opened_at: datetime) -> datetime:
    """Return the end of the day by which a message is answered or put away, where no date was wished."""
    return after(opened_at, lambda rules: rules.message_answered_working_days)


def after(instant: datetime, count: Callable[[DeadlineRules], int]) -> datetime:
    """Return the end of the day that many working days (Monday to Friday) after the instant."""
    day = local_date(instant)
    rules = rules_on(day)
    return end_of(working_days_after(day, count(rules), rules.breach_week, rules.days_off))
