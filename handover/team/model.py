"""What a team holds: work with a next step, an owner and a date; tasks for a person; notes; ready texts.

Snooze and filters never hide what is due (rule 8): `is_hidden` is the one place that decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType
from uuid import UUID

from handover.errors import Invalid
from handover.ids import AgencyId, ServiceId, StaffId, TaskId
from handover.workdays import end_of, local_date

NoteId = NewType("NoteId", UUID)
ReadyTextId = NewType("ReadyTextId", UUID)
NEAREST: Final[Mapping[str, tuple[str, ...]]] = {
    "nb": ("nb", "nn", "en"),
    "nn": ("nn", "nb", "en"),
    "en": ("en", "nb", "nn"),
}
"""In which language a reader of each gets a ready text: the first in which it is written."""


@dataclass(frozen=True)
class Place:
    """One piece of work at one service: what kind, and what it is about (an id)."""

    agency: AgencyId
    service: ServiceId
    kind: str
    """Given by the product, such as `referral-received`."""
    subject: UUID


@dataclass(frozen=True, kw_only=True)
class WorkItem:
    """An open case's next step, owner and date at one service."""

    place: Place
    next_step: str
    """A code the pages put into words."""
    due_at: datetime
    owner: StaffId | None
    """None: nobody has taken it."""
    is_open: bool
    snoozed_until: datetime | None
    created_at: datetime
    passed_from: StaffId | None = None
    """Whose it is, where a stand-in or the team has it in their place."""

    def is_overdue(self, now: datetime) -> bool:
        """Whether the date has passed while the work is open."""
        return self.is_open and self.due_at <= now

    def is_hidden(self, now: datetime) -> bool:
        """Whether the item is snoozed; never when it is due."""
        return self.snoozed_until is not None and now < min(self.snoozed_until, self.due_at)

    def may_be_put_away(self, now: datetime) -> bool:
        """Whether a day to put it away until is left: the next one, at least, begins before it is due."""
        return self.is_open and end_of(local_date(now)) < self.due_at


@dataclass(frozen=True)
class Counted:
    """One piece of open work, for the numbers beside the filters: it names nobody."""

    is_ours: bool
    is_overdue: bool
    owner: StaffId | None


class Wanted(StrEnum):
    """What a filter of open work asks for."""

    TO_DO = "to-do"
    """Ours to do, or overdue."""
    MINE = "mine"
    UNOWNED = "unowned"
    WAITING = "waiting"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One range of a service's open work: of one step, of one owner (or of nobody), or due before an instant."""

    step: str | None = None
    is_of_owner: bool = False
    owner: StaffId | None = None
    due_before: datetime | None = None


class SnoozePastDeadline(Invalid):
    """Nothing can be put away past its deadline."""

    code = "team.snooze-past-deadline"


def snooze_end(due_at: datetime, until: datetime, now: datetime) -> datetime:
    """Return until when the item may be put away: it comes back before it is due. Raises SnoozePastDeadline."""
    if not now < until < due_at:
        raise SnoozePastDeadline(fields={"until": ["past-deadline" if until > now else "not-in-future"]})
    return until


class TaskKind(StrEnum):
    """Why a machine could not finish something."""

    NOT_DELIVERED = "not-delivered"
    """A message was refused, expired or stopped."""
    DOCUMENT_INFECTED = "document-infected"
    """A document of ours held a virus and was not delivered; the text says what each is called, a line each."""
    ALL_INFECTED = "all-infected"
    """Nothing of what we sent was delivered, because documents in it held a virus; as of DOCUMENT_INFECTED."""
    DOCUMENT_REFUSED = "document-refused"
    """A document that came held a virus and was not taken in; the text is as of DOCUMENT_INFECTED."""
    DOCUMENT_NOT_CHECKED = "document-not-checked"
    """A document of ours was not delivered: nobody there could look for viruses in it; as of DOCUMENT_INFECTED."""
    DOCUMENT_UNCHECKED = "document-unchecked"
    """A document that came was not taken in: nobody could look for viruses in it; as of DOCUMENT_INFECTED."""
    CASE_REFUSED = "case-refused"
    """A case that came was not taken in, because a document of it held a virus; the text says who sent it."""
    HELD_BACK = "held-back"
    """The patient said no before a message left; the text says whom to call, a name and a number a line."""
    REDIRECT_FAILED = "redirect-failed"
    """The service the referral was sent on to never confirmed it: it is ours again."""
    HELD_TWICE = "held-twice"
    """The new service had it after all, after we went on: call each other."""
    LATE_INFORMATION = "late-information"
    """Something was added after the outcome."""
    IDENTITY_DIFFERS = "identity-differs"
    """Another agency names a patient of ours otherwise; the text says how: ours on a line, theirs on the next."""
    ODD_BIRTH_DATE = "odd-birth-date"
    """The birth date another agency wrote is not the one its national number was given for."""
    LETTER_OR_CALL = "letter-or-call"
    """The patient has not opened something for some days: write a letter, or call."""
    ENTRY_UNCONFIRMED = "entry-unconfirmed"
    """Nobody has said for six months that a service's entry in the directory is right."""
    ENTRY_REPORTED = "entry-reported"
    """Somebody says that a service's entry is wrong."""
    REPORT_ANSWERED = "report-answered"
    """What the reader reported about an entry has been answered."""
    UNOPENED = "unopened"
    """A message has lain unopened for days: its leader is to see to it."""
    PERMIT_GIVEN = "permit-given"
    """The patient was asked whether something may be sent, and said yes: the one who asked can send it."""
    PERMIT_REFUSED = "permit-refused"
    """The patient was asked whether something may be sent, and said no."""
    LINKED_BY_MISTAKE = "linked-by-mistake"
    """A case was linked to the wrong person: they must be told; the text says whom to call."""
    UNTOUCHED = "untouched"
    """Work that somebody had has lain untouched for days: the team has it again, and the leader is told."""
    ALARM = "alarm"
    """Something an operator must look at."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """Something a machine could not finish, for a named person, else for whoever works at the service."""

    id: TaskId
    agency: AgencyId
    service: ServiceId | None
    for_staff: StaffId | None
    kind: TaskKind
    subject: UUID | None
    subject_kind: str
    text: str = field(repr=False)
    """The problems in words: codes and paths of what the other side said; sealed at rest."""
    raised_at: datetime
    done_at: datetime | None = None
    done_by: StaffId | None = None


@dataclass(frozen=True, kw_only=True)
class InternalNote:
    """A yellow note: for the team, never leaves the service."""

    id: NoteId
    at: datetime
    by: StaffId
    by_name: str
    text: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class ReadyText:
    """A text a service uses again and again. Not about anybody."""

    id: ReadyTextId | None
    """None for one that came with the product and that the service has not changed."""
    kind: str
    title: str
    texts: Mapping[str, str]
    """Its words by language tag; a language in which it is not written is left out, all when it was taken away."""

    def as_read_in(self, tag: str) -> str:
        """Return the language in which somebody who reads `tag` gets it: theirs, or the nearest that there is."""
        return next(each for each in NEAREST[tag] if each in self.texts)
