"""Who is told whom an anonymous case is about, and that it is about nobody any more. Pure.

Only the service that began a case links it. What it says to each member carries a number that only grows, so that
links and unlinks may be lost, repeated, late or out of order: the highest number counts, at every member. A bond
is kept apart from the thread's copy: a link may come before the first message.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from handover.actors import Author, Party
from handover.errors import Conflict, Invalid
from handover.ids import MessageId, PersonId, ThreadId
from handover.message.standing import Standing
from handover.person.model import Identity


class Why(StrEnum):
    """Why a case is about nobody any more."""

    WITHDRAWN = "consent-withdrawn"
    """The patient's yes does not hold any more."""
    MISTAKE = "mistake"
    """It was linked to the wrong person, or too early."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """`case-link`: whom a case is about from now on, to a member that the patient's yes covers."""

    thread: ThreadId
    number: int
    patient: Identity = field(repr=False)
    sender: Party
    receiver: Party
    author: Author
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Unlink:
    """`case-unlink`: the case is about nobody any more, at this member; names no one."""

    thread: ThreadId
    number: int
    why: Why
    sender: Party
    receiver: Party
    author: Author | None = None
    """Who found the mistake; None where a yes does not hold any more."""
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Bond:
    """What passed between who began a case and one other about whom it is about; each service keeps its own."""

    thread: ThreadId
    home: Party
    """The service that keeps this."""
    other: Party
    is_told: bool
    """Whether the other told this service; else this one told the other."""
    number: int = 0
    """The highest that was said."""
    person: PersonId | None = None
    """As this agency knows the patient. Of a bond that is closed, only the patient's own page uses it."""
    is_open: bool = False
    since: datetime | None = None
    """When the latest link was made."""
    first_at: datetime | None = None
    """When the first was."""
    until: date | None = None
    """The last day on which the patient's yes holds; at who told."""
    ended_at: datetime | None = None
    ended_by: Author | None = None
    why: Why | None = None
    confirmed_at: datetime | None = None
    """When the other service signed that it took in the latest word."""
    envelopes: tuple[MessageId, ...] = ()
    """That brought or carry the links: what they say is forgotten when it is taken back."""
    latest: MessageId | None = None
    """Of the envelopes of the one who tells: the one whose fate counts."""
    is_lost: bool = False
    """The latest word was refused, expired or stopped."""


class AlreadyLinked(Conflict):
    """The case is linked to somebody else: that link is taken away first."""

    code = "message.case.already-linked"


class NotLinked(Conflict):
    """The case is linked to nobody."""

    code = "message.case.not-linked"


class NotTheirs(Conflict):
    """Only the service that began a case says whom it is about."""

    code = "message.case.not-yours"


class NoOneToTell(Invalid):
    """Nobody was chosen, or somebody who does not take part."""

    code = "message.case.nobody"


def began(standing: Standing) -> Party | None:
    """Return the service that began an anonymous case; None of any other thread."""
    return next((each.party for each in standing.members if each.added_by == each.party), None)


# --- at the service that began it ----------------------------------------------------------------------------


def next_number(bonds: Iterable[Bond]) -> int:
    """Return the number of what is said next: higher than anything said to anybody."""
    return max((each.number for each in bonds), default=0) + 1


def check_link(standing: Standing, bonds: Sequence[Bond], person: PersonId, to: Sequence[Party]) -> None:
    """Raise NotTheirs, NoOneToTell, or AlreadyLinked where it is linked to another person."""
    if began(standing) != standing.home:
        raise NotTheirs
    if not to or any(each not in standing.others for each in to):
        raise NoOneToTell(fields={"to": ["required"]})
    if standing.person not in {None, person} and any(each.is_open for each in bonds):
        raise AlreadyLinked


def is_told_already(bonds: Iterable[Bond], to: Party, person: PersonId) -> bool:
    """Whether a member knows already, or is about to."""
    return any(each.other == to and each.is_open and each.person == person and not each.is_lost for each in bonds)


def link(held: Bond, number: int, person: PersonId, *, until: date | None, now: datetime) -> Bond:
    """Return the bond with somebody told whom the case is about."""
    return replace(
        held,
        number=number,
        person=person,
        is_open=True,
        since=now,
        first_at=held.first_at or now,
        until=until,
        ended_at=None,
        ended_by=None,
        why=None,
        confirmed_at=None,
        is_lost=False,
    )


def unlink(held: Bond, number: int, why: Why, *, by: Author | None, now: datetime) -> Bond:
    """Return the bond closed: the member is to forget whom the case is about."""
    return replace(
        held,
        number=number,
        is_open=False,
        ended_at=now,
        ended_by=by,
        why=why,
        confirmed_at=None,
        is_lost=False,
    )


def unlink_of(held: Bond) -> Unlink:
    """Return the word that says so; the same however often it is sent. Raises NotLinked for an open bond."""
    if held.ended_at is None or held.why is None:
        raise NotLinked
    return Unlink(
        thread=held.thread,
        number=held.number,
        why=held.why,
        sender=held.home,
        receiver=held.other,
        author=held.ended_by,
        at=held.ended_at,
    )


def promised(held: Bond, envelope: MessageId) -> Bond:
    """Return the bond knowing which envelope carries its latest word."""
    carries = (*held.envelopes, envelope) if held.is_open else held.envelopes
    return replace(held, latest=envelope, envelopes=carries, is_lost=False)


def arrived(held: Bond, envelope: MessageId, *, at: datetime) -> Bond:
    """Return the bond after a signed `ok`; one for anything but the latest word says nothing."""
    return replace(held, confirmed_at=at, is_lost=False) if envelope == held.latest else held


def lost(held: Bond, envelope: MessageId) -> Bond:
    """Return the bond after a delivery failed."""
    is_latest = envelope == held.latest and held.confirmed_at is None
    return replace(held, is_lost=True) if is_latest else held


# --- at the others -------------------------------------------------------------------------------------------


def unheard(thread: ThreadId, home: Party, other: Party, *, is_told: bool) -> Bond:
    """Return the bond of two services where nothing was said yet."""
    return Bond(thread=thread, home=home, other=other, is_told=is_told)


def take_link(held: Bond, said: Link, person: PersonId, *, envelope: MessageId) -> Bond:
    """Return the bond after a link came; what is older than what was heard already changes nothing."""
    if said.number <= held.number:
        return held
    return replace(
        held,
        number=said.number,
        person=person,
        is_open=True,
        since=said.at,
        first_at=held.first_at or said.at,
        ended_at=None,
        ended_by=None,
        why=None,
        envelopes=(*held.envelopes, envelope),
    )


def take_unlink(held: Bond, said: Unlink, *, now: datetime) -> Bond:
    """Return the bond after it was closed; a link that comes later with a lower number stays away."""
    if said.number <= held.number:
        return held
    return replace(held, number=said.number, is_open=False, ended_at=now, why=said.why, envelopes=())


def known_person(standing: Standing, bonds: Iterable[Bond]) -> PersonId | None:
    """Return whom a case is about as far as this service may know: what only its beginner says counts."""
    beginner = began(standing)
    told = (each for each in bonds if each.is_told and each.is_open and each.other == beginner)
    return next((each.person for each in told), None)


def is_hidden(bonds: Iterable[Bond], at: datetime) -> bool:
    """Whether a note was written while the team knew whom the case is about, which it may not any more."""
    closed = (each for each in bonds if each.is_told and not each.is_open)
    return any(
        each.first_at <= at <= each.ended_at
        for each in closed
        if each.first_at is not None and each.ended_at is not None
    )
