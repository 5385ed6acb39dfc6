"""What an owner may change in an entry, its history, and what a reader may report as wrong. Pure."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final, NewType
from uuid import UUID

from handover.actors import Author, Party, Role
from handover.directory.model import MAX_OFFERS, Offer, Pause, Service
from handover.errors import Conflict, Invalid, NotFound
from handover.ids import ServiceId
from handover.person import numbers

ReportId = NewType("ReportId", UUID)

KEEPERS: Final = (Role.INTAKE, Role.CLINICIAN, Role.LEADER, Role.OPERATOR)
"""Who may say that their own service's entry is right: whoever is there sees it first."""
OWNERS: Final = (Role.LEADER,)
"""Who may change it."""
MAX_REPORT: Final = 2_000
"""Characters of a report or an answer."""
MAX_OPEN: Final = 20
"""So many reports of one person may wait for an answer."""
LIMITS: Final = {
    "phone": 40,
    "opening_hours": 500,
    "target_group": 2_000,
    "takes": 2_000,
    "title": 200,
    "for_whom": 1_000,
    "how": 1_000,
    "words": 500,
    "why": 500,
    "advice": 1_000,
}
"""Characters of each text, as statements may carry them."""


class EntryNotFound(NotFound):
    """No such entry, or not one of the reader's."""

    code = "directory.no-service"


class ReportNotFound(NotFound):
    """No such report, or not the reader's to answer."""

    code = "addressbook.no-report"


class ChangedMeanwhile(Conflict):
    """Somebody else has changed the entry since the page was opened."""

    code = "addressbook.changed-meanwhile"


class AlreadyAnswered(Conflict):
    """Somebody else has answered the report."""

    code = "addressbook.already-answered"


class TooManyReports(Conflict):
    """So many reports of this person wait for an answer that no more are taken."""

    code = "addressbook.too-many-reports"


class TooManyOffers(Conflict):
    """The service has as many offers as a statement may carry."""

    code = "addressbook.too-many-offers"


class Part(StrEnum):
    """What of an entry seems wrong."""

    PHONE = "phone"
    OPENING_HOURS = "opening-hours"
    TAKES = "takes"
    TARGET_GROUP = "target-group"
    OFFERS = "offers"
    CLOSED = "closed"
    NAME = "name"
    OTHER = "other"


class Outcome(StrEnum):
    """What the owner did with a report."""

    MENDED = "mended"
    STANDS = "stands"
    """The entry is right as it is."""


class Side(StrEnum):
    """Whose copy of a report it is."""

    REPORTER = "reporter"
    OWNER = "owner"


class Act(StrEnum):
    """What was done with an entry."""

    CONFIRMED = "confirmed"
    CHANGED = "changed"
    PAUSED = "paused"
    REOPENED = "reopened"
    OFFER_SAVED = "offer-saved"
    OFFER_REMOVED = "offer-removed"


@dataclass(frozen=True, kw_only=True)
class EntryTexts:
    """The texts of an entry that its owner writes."""

    phone: str
    opening_hours: str
    target_group: str
    takes: str


@dataclass(frozen=True, kw_only=True)
class Changed:
    """One thing that was changed, and what it said before and after; empty where there was nothing."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """One line of an entry's history."""

    act: Act
    at: datetime
    by_name: str = field(repr=False)
    changed: tuple[Changed, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a reader says is wrong with an entry. Nothing about patients (`refuse_numbers`)."""

    id: ReportId
    about: Party
    """The service whose entry it is."""
    part: Part
    text: str = field(repr=False)
    reporter: Author
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the owner did with a report."""

    report: ReportId
    outcome: Outcome
    text: str = field(repr=False)
    author: Author
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A report as one side keeps it."""

    report: Report
    side: Side
    arrived_at: datetime | None
    """When the owner's node had it."""
    is_lost: bool
    """Whether it never got there."""
    answer: Answer | None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What must be said wherever a service is shown or chosen: may the entry be trusted, and is it open."""

    service: Service
    agency: str
    """The agency's name."""
    is_unconfirmed: bool
    is_closed: bool
    pause: Pause | None
    """The pause that closes it now, or the next one; none that is over."""
    instead: Service | None
    """The service to use meanwhile, where one is named and known."""
    instead_agency: str


def mark_of(service: Service) -> str:
    """Return a mark of what the owner may write: another one means that somebody has changed it."""
    said = (
        service.phone,
        service.opening_hours,
        service.target_group,
        service.takes,
        service.pause,
        service.offers,
    )
    return sha256(repr(said).encode()).hexdigest()[:16]


def checked_texts(texts: EntryTexts) -> EntryTexts:
    """Return the texts without space around them. Raises Invalid('addressbook.bad-entry') naming the fields."""
    stripped = {name: text.strip() for name, text in vars(texts).items()}
    _refuse(stripped, required=("phone", "takes"))
    return EntryTexts(**stripped)


def checked_offer(offer: Offer) -> Offer:
    """Return the offer without space around its texts. Raises Invalid('addressbook.bad-entry')."""
    stripped = {name: text.strip() for name, text in vars(offer).items()}
    _refuse(stripped, required=("title", "how"))
    return Offer(**stripped)


def checked_pause(pause: Pause, *, own: ServiceId, today: date) -> Pause:
    """Return the pause without space around its texts. Raises Invalid: over, backwards, nowhere to turn."""
    stripped = {"why": pause.why.strip(), "advice": pause.advice.strip()}
    problems: dict[str, list[str]] = {}
    if pause.last is not None and pause.last < pause.first:
        problems["last"] = ["before-first"]
    elif pause.is_over(today):
        problems["last"] = ["is-over"]
    if pause.instead == own:
        problems["instead"] = ["itself"]
    if pause.instead is None and not stripped["advice"]:
        problems["advice"] = ["no-alternative"]
    _refuse(stripped, required=("why",), problems=problems)
    return Pause(first=pause.first, last=pause.last, instead=pause.instead, **stripped)


def with_offer(service: Service, offer: Offer) -> tuple[Offer, ...]:
    """Return the offers with this one in its place, or at the end. Raises TooManyOffers."""
    if any(each.id == offer.id for each in service.offers):
        return tuple(offer if each.id == offer.id else each for each in service.offers)
    if len(service.offers) >= MAX_OFFERS:
        raise TooManyOffers
    return (*service.offers, offer)


def checked_report(text: str, *, is_required: bool) -> str:
    """Return the text of a report or an answer. Raises Invalid('addressbook.bad-report')."""
    stripped = text.strip()
    code = ""
    if is_required and not stripped:
        code = "required"
    elif len(stripped) > MAX_REPORT:
        code = "too-long"
    elif numbers.stand_in(stripped):
        code = "national-number"
    if code:
        raise Invalid("addressbook.bad-report", fields={"text": [code]})
    return stripped


def changes_between(before: Service, after: Service) -> tuple[Changed, ...]:
    """Return what the owner changed, each with what it said before and after."""
    return tuple(
        Changed(what=name, before=_said(getattr(before, name)), after=_said(getattr(after, name)))
        for name in ("phone", "opening_hours", "target_group", "takes", "pause", "offers")
        if getattr(before, name) != getattr(after, name)
    )


def _said(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Pause):
        return f"{value.first} – {value.last or ''}: {value.why}".strip()
    if isinstance(value, tuple):
        return "; ".join(each.title for each in value)
    return str(value)


def _refuse(
    texts: dict[str, str], *, required: tuple[str, ...], problems: dict[str, list[str]] | None = None
) -> None:
    found = dict(problems or {})
    for name, text in texts.items():
        if name in required and not text:
            found[name] = ["required"]
        elif len(text) > LIMITS.get(name, MAX_REPORT):
            found[name] = ["too-long"]
        elif numbers.stand_in(text):
            found[name] = ["national-number"]
    if found:
        raise Invalid("addressbook.bad-entry", fields=found)
