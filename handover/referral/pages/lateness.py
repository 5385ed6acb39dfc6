"""Why a case is overdue and how much time is left, in sentences: so that any colleague can act."""

from datetime import datetime, timedelta
from typing import Final

from handover.referral.lifecycle import UNASSESSED, Act, Status
from handover.referral.model import Entry
from handover.referral.service import Case, CaseRow
from handover.referral.steps import Step
from handover.web import dates
from handover.web.i18n import gettext as _

_ANSWERS: Final = (Act.ANSWER, Act.ANSWER_PART)


def why_overdue(case: Case) -> list[str]:
    """Return what happened on the way to a missed date, oldest first; nothing where the date has not passed."""
    if not case.is_overdue:
        return []
    if case.standing.status in UNASSESSED or case.standing.status is Status.WITHDRAWAL_REQUESTED:
        return [_deadline(case), *_ownership(case), *_questions(case), *_redirection(case)]
    return [_after_assessment(case)]


def time_left(row: CaseRow) -> str:
    """Return how much time a case in a list has left, or what is due when."""
    if row.days_left is not None and row.status in UNASSESSED:
        return dates.working_days_left(row.days_left)
    return date_of_step(row)


def date_of_step(row: CaseRow) -> str:
    """Return when the next step of the reader's side is, or should have been, done."""
    if row.due_at is None:
        return ""
    if row.step is Step.HOLD_FIRST_APPOINTMENT:
        return _("Time %(day)s", day=dates.short_day(row.due_at))
    return due_words(row.due_at, is_overdue=row.is_overdue)


def due_words(due_at: datetime, *, is_overdue: bool) -> str:
    """Return by when something is, or should have been, done."""
    if is_overdue:
        return _("Skulle vært gjort %(day)s", day=dates.short_day(_last_day(due_at)))
    return _("Innen %(day)s", day=dates.short_day(_last_day(due_at)))


def _last_day(due_at: datetime) -> datetime:
    """Return an instant of the last day in time: dates fall due at the midnight after them."""
    return due_at - timedelta(seconds=1)


def _deadline(case: Case) -> str:
    deadline, received = case.deadline, case.standing.received_at
    if deadline is None or received is None:
        return ""
    return _(
        "Henvisningen kom %(received)s. Svaret skulle vært gitt senest %(deadline)s.",
        received=dates.day(case.standing.seniority_on or received),
        deadline=dates.day(deadline.last_day),
    )


def _ownership(case: Case) -> list[str]:
    taken = [entry for entry in case.history if entry.act in {Act.TAKE, Act.ASSIGN}]
    if not taken:
        return [_("Ingen har tatt saken.")]
    last = taken[-1]
    return [_("%(name)s har hatt saken siden %(day)s.", name=case.standing.assessor, day=dates.day(last.at))]


def _questions(case: Case) -> list[str]:
    return [line for line in (_question(case, entry) for entry in case.history if entry.act is Act.ASK) if line]


def _question(case: Case, asked: Entry) -> str:
    answer = next((entry for entry in case.history if entry.act in _ANSWERS and entry.at >= asked.at), None)
    if answer is None:
        return _("Henviseren ble spurt om mer %(day)s og har ikke svart.", day=dates.day(asked.at))
    return _(
        "Henviseren ble spurt om mer %(asked)s og svarte %(answered)s.",
        asked=dates.day(asked.at),
        answered=dates.day(answer.at),
    )


def _redirection(case: Case) -> list[str]:
    if case.standing.status is not Status.REDIRECTING:
        return []
    return [_("Saken ble sendt videre, men den andre tjenesten har ikke bekreftet at den har fått den.")]


def _after_assessment(case: Case) -> str:
    due = "" if case.next is None else dates.day(_last_day(case.next.due_at))
    if case.standing.status is Status.ACCEPTED:
        return _("Pasienten har rett til behandling fra senest %(day)s, og har ikke fått time.", day=due)
    if case.standing.status is Status.SCHEDULED:
        return _("Timen skulle vært %(day)s. Ingen har skrevet om pasienten kom.", day=due)
    return _("Neste steg skulle vært gjort %(day)s.", day=due)
