"""A patient's question about their own case, or one entry of its log: to whom, by which day, and the answer.

Pure. What it is about is named by kind and id, so that any product's thing can be asked about.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, NewType
from uuid import UUID

from handover.actors import Role
from handover.audit.model import EntryId
from handover.errors import Conflict, Invalid
from handover.ids import AgencyId, PersonId, ServiceId
from handover.workdays import end_of, local_date, rules_on, working_days_after

InquiryId = NewType("InquiryId", UUID)

ANSWERS: Final = (Role.LEADER, Role.SECURITY_OFFICER)
"""Whose list the questions are on: who answers for the service, and who answers for the log."""
MAX_TEXT: Final = 4_000
"""Characters of a question or an answer."""
MAX_OPEN: Final = 20
"""So many questions of one patient may wait for an answer at an agency."""


class TooMany(Conflict):
    """The patient has as many questions waiting as one may have."""

    code = "inquiry.too-many"


class AlreadyAnswered(Conflict):
    """Somebody else has answered."""

    code = "inquiry.already-answered"


@dataclass(frozen=True, kw_only=True)
class About:
    """What is asked about: something of the patient's at a service, or one entry of the log about it."""

    agency: AgencyId
    service: ServiceId
    kind: str
    """Given by the product, such as `referral`."""
    subject: UUID
    reference: str = field(repr=False)
    """What people call it on the phone."""
    entry: EntryId | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the agency answered, by whom."""

    text: str = field(repr=False)
    name: str
    title: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Inquiry:
    """One question and, in time, its answer."""

    id: InquiryId
    about: About
    person: PersonId
    text: str = field(repr=False)
    """Empty where the patient only pointed at an entry of the log."""
    asked_at: datetime
    due_at: datetime
    """The end of the last working day on which the answer is in time."""
    answer: Answer | None = None

    @property
    def last_day(self) -> date:
        """The last day on which the answer is in time."""
        return local_date(self.due_at) - timedelta(days=1)

    def is_overdue(self, now: datetime) -> bool:
        """Whether the answer should have come."""
        return self.answer is None and self.due_at <= now


def due_after(asked_at: datetime) -> datetime:
    """Return when a question asked then must be answered (`data/deadlines.json`, question_working_days)."""
    day = local_date(asked_at)
    return end_of(working_days_after(day, rules_on(day).question_working_days))


def checked(text: str, *, is_required: bool) -> str:
    """Return a question or an answer without space around it. Raises Invalid('inquiry.bad-text')."""
    stripped = text.strip()
    code = "required" if is_required and not stripped else "too-long" if len(stripped) > MAX_TEXT else ""
    if code:
        raise Invalid("inquiry.bad-text", fields={"text": [code]})
    return stripped
