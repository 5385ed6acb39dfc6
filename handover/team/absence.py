"""Who does an absent colleague's work: the stand-in, theirs if they are away too, else the team. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from handover.errors import Invalid
from handover.ids import StaffId
from handover.workdays import end_of, local_date, rules_on, working_days_after

LONGEST: Final = timedelta(days=2 * 365)
UNTOUCHED_DAYS: Final = 5
"""Working days that owned work may lie untouched, where a service has set nothing else."""
LEAST_DAYS, MOST_DAYS = 1, 20


class BadAbsence(Invalid):
    """The dates or the stand-in of an absence do not fit."""

    code = "team.bad-absence"


class BadSetting(Invalid):
    """Work cannot be left untouched for that many days."""

    code = "team.bad-setting"


@dataclass(frozen=True, kw_only=True)
class Absence:
    """That somebody is away from one day until another, and who does their work; None: the team does."""

    staff: StaffId
    first_day: date
    back_on: date
    """The first day on which they are back."""
    stand_in: StaffId | None = None

    def covers(self, today: date) -> bool:
        """Whether the person is away on that day."""
        return self.first_day <= today < self.back_on


def check(absence: Absence, today: date) -> None:
    """Raise BadAbsence with everything that is wrong: the day of return, its length, the stand-in."""
    problems = {}
    if absence.back_on <= max(absence.first_day, today):
        problems["back_on"] = ["too-early"]
    elif absence.back_on - absence.first_day > LONGEST:
        problems["back_on"] = ["too-late"]
    if absence.stand_in == absence.staff:
        problems["stand_in"] = ["same"]
    if problems:
        raise BadAbsence(fields=problems)


def keeper(
    owner: StaffId, away: Mapping[StaffId, StaffId | None], works_there: Callable[[StaffId], bool]
) -> StaffId | None:
    """Return who does the work of an owner; None: the team. `away`: everybody who is away -> their stand-in.

    Stand-ins who are away pass it on to theirs. Who does not work at the service gets nothing of it, and a chain
    that comes round to where it was ends with the team.
    """
    asked: set[StaffId] = set()
    now_at: StaffId | None = owner
    while now_at is not None and now_at not in asked:
        if now_at not in away:
            return now_at if now_at == owner or works_there(now_at) else None
        asked.add(now_at)
        now_at = away[now_at]
    return None


def untouched_until(touched_at: datetime, working_days: int) -> datetime:
    """Return the instant at which work has lain untouched for that many working days (Monday to Friday)."""
    day = local_date(touched_at)
    rules = rules_on(day)
    return end_of(working_days_after(day, working_days, rules.breach_week, rules.days_off))


def check_untouched_days(days: int) -> None:
    """Raise BadSetting unless work may lie untouched for so many working days."""
    if not LEAST_DAYS <= days <= MOST_DAYS:
        raise BadSetting(fields={"days": ["out-of-range"]})
