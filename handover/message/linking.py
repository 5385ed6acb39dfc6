"""Who is told whom an anonymous case is about, and that it is about nobody any more. Pure.

Only the service that began a case links it; who that is, is fixed when a copy is made, and a list of members that
says otherwise is refused. What it says to each member carries a number that only grows, so that
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
from handover.message.model import Member
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
    wrong: int = 0
    """What was said under a lower number was a mistake, where another word has said so: it may never have come."""


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """That a service was told that a case is about a person: from when, until when, and why no longer."""

    person: PersonId
    number: int
    """Under which it was said."""
    since: datetime
    ended_at: datetime | None = None
    ended_by: Author | None = None
    why: Why | None = None
    forgotten_at: datetime | None = None
    """When it is known that the service knows no more; None while it may know."""


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
    linked: int = 0
    """Under which number."""
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
    wrong: int = 0
    """Under which number it was said last that all before was a mistake; at who told."""
    mistake: MessageId | None = None
    """The envelope that says so, until it or a later word was heard."""
    past: tuple[Stretch, ...] = ()
    """What was said before the latest link: each person can read what was said of them, whoever came after."""

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """Everything that was ever said, the earliest first."""
        return self.past if self.person is None or self.since is None else (*self.past, self._latest())

    def _latest(self) -> Stretch:
        if self.person is None or self.since is None:
            raise NotLinked
        has_heard = self.ended_at if self.is_told else self.confirmed_at
        return Stretch(
            person=self.person,
            number=self.linked,
            since=self.since,
            ended_at=None if self.is_open else self.ended_at,
            ended_by=self.ended_by,
            why=self.why,
            forgotten_at=None if self.is_open else has_heard,
        )


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


class NotWhoBegan(Invalid):
    """The sender did not begin the case, or says that another did than who is known to have."""

    code = "message.case.not-who-began"


# --- who began it --------------------------------------------------------------------------------------------


def beginner(members: Iterable[Member]) -> Party | None:
    """Return who began a case, as the first list of members says that came here; None where it names nobody."""
    return next((each.party for each in members if each.added_by == each.party), None)


def check_members(standing: Standing, said: Iterable[Member]) -> None:
    """Raise NotWhoBegan for members that make somebody else the beginner, or say that we let in whom not."""
    for each in said:
        claims = each.added_by == each.party and each.party != standing.began
        denies = each.party == standing.began and each.added_by not in {None, each.party}
        ours = each.added_by == standing.home and not standing.has(each.party)
        if claims or denies or ours:
            raise NotWhoBegan


def check_sender(standing: Standing, sender: Party) -> None:
    """Raise NotWhoBegan unless whoever says whom a case is about began it."""
    if standing.began is None or standing.began != sender:
        raise NotWhoBegan


# --- at the service that began it ----------------------------------------------------------------------------


def next_number(bonds: Iterable[Bond]) -> int:
    """Return the number of what is said next: higher than anything said to anybody."""
    return max((each.number for each in bonds), default=0) + 1


def check_link(standing: Standing, person: PersonId, to: Sequence[Party]) -> None:
    """Raise NotTheirs, NoOneToTell, or AlreadyLinked where it is about another person, withdrawn or not."""
    if standing.began != standing.home:
        raise NotTheirs
    if not to or any(each not in standing.others for each in to):
        raise NoOneToTell(fields={"to": ["required"]})
    if standing.person not in {None, person}:
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
        linked=number,
        past=held.past if held.is_open else held.stretches,
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


def mistaken(held: Bond, number: int, *, by: Author, now: datetime) -> Bond:
    """Return the bond saying that all it ever said of its person was a mistake; what had ended keeps when."""
    past = tuple(
        replace(each, why=Why.MISTAKE, ended_by=by) if each.person == held.person else each for each in held.past
    )
    if held.is_open:
        return replace(unlink(held, number, Why.MISTAKE, by=by, now=now), past=past, wrong=number)
    return replace(held, number=number, why=Why.MISTAKE, ended_by=by, is_lost=False, past=past, wrong=number)


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
        wrong=0 if held.why is Why.MISTAKE else held.wrong,
    )


def said_again(held: Bond, envelope: MessageId) -> Unlink | None:
    """Return what is said once more when an envelope has expired: what a member must forget, or was wrong.

    The latter also when a link has come after it, which may expire as well. None for a link itself.
    """
    if envelope == held.latest:
        return None if held.is_open else unlink_of(held)
    if envelope != held.mistake:
        return None
    wrong = [each for each in held.past if each.why is Why.MISTAKE][-1]
    ended = replace(held, number=held.wrong, ended_at=wrong.ended_at, ended_by=wrong.ended_by, why=wrong.why)
    return unlink_of(ended)


def promised(held: Bond, said: Link | Unlink, envelope: MessageId) -> Bond:
    """Return the bond knowing which envelope carries its latest word, or that something was a mistake."""
    known = replace(held, mistake=envelope) if said.number == held.wrong else held
    if said.number != held.number:
        return known
    carries = (*held.envelopes, envelope) if held.is_open else held.envelopes
    return replace(known, latest=envelope, envelopes=carries, is_lost=False)


def arrived(held: Bond, envelope: MessageId, *, at: datetime) -> Bond:
    """Return the bond after a signed `ok`; one for neither the latest word nor a mistake says nothing."""
    if envelope not in {held.latest, held.mistake}:
        return held
    past = tuple(replace(each, forgotten_at=each.forgotten_at or at) for each in held.past)
    heard = replace(held, past=past, mistake=None)
    if envelope != held.latest:
        return heard
    return replace(heard, confirmed_at=held.confirmed_at or at, is_lost=False)


def lost(held: Bond, envelope: MessageId) -> Bond:
    """Return the bond after a delivery failed."""
    is_latest = envelope == held.latest and held.confirmed_at is None
    return replace(held, is_lost=True) if is_latest else held


# --- at the others -------------------------------------------------------------------------------------------


def unheard(thread: ThreadId, home: Party, other: Party, *, is_told: bool) -> Bond:
    """Return the bond of two services where nothing was said yet."""
    return Bond(thread=thread, home=home, other=other, is_told=is_told)


def take_link(held: Bond, said: Link, person: PersonId, *, envelope: MessageId, now: datetime) -> Bond:
    """Return the bond after a link came; what is older than what was heard already changes nothing.

    Whoever it was about before is not any more, also where the word that said so has not come yet: until `now` the
    team believed it was them. A case is linked to somebody else only after all before was called a mistake.
    """
    if said.number <= held.number:
        return held
    is_more = held.is_open and held.person == person
    closed = replace(held, is_open=False, ended_at=now) if held.is_open else held
    past = tuple(replace(each, why=Why.MISTAKE) if each.person != person else each for each in closed.stretches)
    return replace(
        held,
        number=said.number,
        person=person,
        is_open=True,
        since=held.since if is_more else said.at,
        linked=said.number,
        ended_at=None,
        ended_by=None,
        why=None,
        envelopes=(*held.envelopes, envelope) if is_more else (envelope,),
        past=held.past if is_more else past,
    )


def take_unlink(held: Bond, said: Unlink, *, now: datetime) -> Bond:
    """Return the bond after it was closed; a link that comes later with a lower number stays away.

    Of what had ended before it says only why, where nothing had: but a mistake was one from the first link on.
    """
    past = tuple(replace(each, why=_why_of(each.why, each.number, said)) for each in held.past)
    why = _why_of(held.why, held.linked, said)
    if said.number <= held.number:
        return replace(held, past=past, why=held.why if held.is_open else why)
    return replace(
        held, number=said.number, is_open=False, ended_at=held.ended_at or now, why=why, envelopes=(), past=past
    )


def _why_of(known: Why | None, linked: int, said: Unlink) -> Why | None:
    """Return why what was linked under a number has ended, after one more word."""
    if linked < said.wrong:
        return Why.MISTAKE
    is_news = known is None or said.why is Why.MISTAKE
    return said.why if is_news and linked < said.number else known


def no_longer_needed(before: Bond, after: Bond) -> tuple[MessageId, ...]:
    """Return the envelopes whose signed words are forgotten: they say what does not hold any more."""
    return tuple(each for each in before.envelopes if each not in after.envelopes)


def known_person(standing: Standing, bonds: Iterable[Bond]) -> PersonId | None:
    """Return whom a case is about as far as this service may know: what only its beginner says counts."""
    told = (each for each in bonds if each.is_told and each.is_open and each.other == standing.began)
    return next((each.person for each in told), None)


def is_hidden(bonds: Iterable[Bond], at: datetime) -> bool:
    """Whether a note was written while the team knew of somebody of whom it may not know any more."""
    return any(
        each.since <= at <= each.ended_at
        for bond in bonds
        if bond.is_told
        for each in bond.stretches
        if each.ended_at is not None and not (bond.is_open and bond.person == each.person)
    )
