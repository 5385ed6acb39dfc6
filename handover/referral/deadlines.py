"""The clock of a referral (rule 9) and when a refusal is shown to the patient (rule 14). Pure; all take instants.

The clock starts when the first specialist service received the referral and nothing stops it. Saturday is
unsettled: the earlier reading warns, the later one is the breach (docs/decisions/deadlines.md).
"""

from dataclasses import dataclass
from datetime import date, datetime

from handover.workdays import (
    age_on,
    at_hour,
    end_of,
    local_date,
    rules_on,
    working_days_after,
    working_days_between,
)


@dataclass(frozen=True)
class Deadline:
    """When the assessment is due: `warn_on` by the earlier reading of the law, `last_day` by the later."""

    warn_on: date
    last_day: date

    @property
    def passes_at(self) -> datetime:
        """The instant at which the deadline has passed: midnight after the last day, Norwegian time."""
        return end_of(self.last_day)


def assessment_deadline(first_received_at: datetime) -> Deadline:
    """Return the deadline that follows from the *first* receipt (pasient- og brukerrettighetsloven § 2-2)."""
    day = local_date(first_received_at)
    rules = rules_on(day)
    count = rules.assessment_working_days
    return Deadline(
        warn_on=working_days_after(day, count, rules.warn_week, rules.days_off),
        last_day=working_days_after(day, count, rules.breach_week, rules.days_off),
    )


def working_days_left(last_day: date, now: datetime) -> int:
    """Return the working days left, today not counted; negative when the deadline has passed."""
    today = local_date(now)
    rules = rules_on(today)
    return working_days_between(today, last_day, rules.breach_week, rules.days_off)


def working_days_from(instant: datetime, count: int) -> datetime:
    """Return the end of the day that is `count` working days (Monday to Friday) after the instant."""
    day = local_date(instant)
    rules = rules_on(day)
    return end_of(working_days_after(day, count, rules.breach_week, rules.days_off))


def refusal_shown_at(
    *,
    decided_at: datetime,
    deadline: Deadline,
    opened_by_referrer_at: datetime | None,
    referred_by_professional: bool,
) -> datetime:
    """Return when the patient is shown a refusal: bad news first to the one who can help, but never too late.

    At once where no professional referred. Else when the referrer has opened it; at the latest at the set hour on
    the next working day, and in any case before the assessment deadline has passed. Never before it was decided.
    """
    if not referred_by_professional:
        return decided_at
    rules = rules_on(local_date(decided_at))
    next_day = working_days_after(
        local_date(decided_at), rules.refusal_shown_working_days, rules.breach_week, rules.days_off
    )
    latest = min(
        at_hour(next_day, rules.refusal_shown_hour),
        at_hour(deadline.last_day, rules.refusal_shown_hour_on_deadline),
    )
    if opened_by_referrer_at is not None:
        latest = min(latest, opened_by_referrer_at)
    return max(latest, decided_at)


def latest_start_for_young(birth_date: date, received_at: datetime) -> date | None:
    """Return the day treatment must have started by for the young in mental health; None for everyone else."""
    day = local_date(received_at)
    rules = rules_on(day)
    if age_on(birth_date, day) >= rules.young_until_age:
        return None
    return working_days_after(day, rules.young_start_working_days, rules.breach_week, rules.days_off)
