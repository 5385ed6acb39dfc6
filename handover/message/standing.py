"""One copy of a thread: what a service knows of it, how it is looked at, and what all its changes share. Pure.

No copy decides for another. A copy takes in letters in any order, twice or late, and ends the same: messages are
known by their ids and placed by their written time, members are only ever added, the earliest choice of a time
counts, a receipt or an answer only grows (`speaking`: what people do here; `hearing`: what comes from the others).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from handover.actors import Author, Party
from handover.errors import Conflict, NotFound
from handover.ids import CommunicationId, PersonId, StaffId, ThreadId
from handover.message.lifecycle import TAKEN_BACK, Act, Guard, Side, Status, next_status
from handover.message.model import (
    Content,
    Fate,
    Forwarded,
    Heading,
    Letter,
    Member,
    Message,
    Receipt,
    Retraction,
    Subject,
    TakenBack,
    Told,
    Word,
)
from handover.person.model import Identity

Leaves = Letter | Word | Retraction


class NotYetHere(Conflict):
    """The message speaks of something this node has not heard of yet: let the sender try again."""

    code = "message.not-yet-here"


class NoSuchMessage(NotFound):
    """There is no such message in this copy."""

    code = "message.not-found"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What one service knows of a thread beside its messages."""

    home: Party
    """The service that keeps this copy."""
    heading: Heading
    person: PersonId | None = None
    """As the agency knows the patient; None: about nobody."""
    purpose: str = ""
    """What it is sent for, where a permit is needed."""
    members: tuple[Member, ...]
    """Everyone in the thread, this service too, in the order in which they came."""
    began: Party | None = None
    """Who began an anonymous case: set when the copy is made; no list of members that comes later changes it."""
    owner: StaffId | None = None
    done_at: datetime | None = None
    """When the team here said that nothing is left to do; what comes later opens it again."""
    waits_since: datetime | None = None
    """When the team here said that what had come needs nothing of them; what they asked others is waited for."""
    observers: tuple[StaffId, ...] = ()
    """Leaders who follow it."""
    leader_told_at: datetime | None = None
    """When the leader was told that something lies unopened; what comes later is counted anew."""
    early: tuple[Told, ...] = ()
    """Times picked of offers that have not come yet."""
    created_at: datetime
    changed_at: datetime

    @property
    def thread(self) -> ThreadId:
        """The thread's id, the same at every member."""
        return self.heading.thread

    @property
    def others(self) -> tuple[Party, ...]:
        """Every member but this one."""
        return tuple(member.party for member in self.members if member.party != self.home)

    @property
    def named(self) -> PersonId | None:
        """Whom messages of the thread name: in an anonymous case nobody, also while it is linked."""
        return self.person if self.heading.subject.is_about_a_patient else None

    def has(self, party: Party) -> bool:
        """Whether that service takes part."""
        return any(member.party == party for member in self.members)


@dataclass(frozen=True)
class Copy:
    """A service's copy of a thread: its standing and every message, placed."""

    standing: Standing
    messages: tuple[Message, ...] = ()

    def message(self, wanted: CommunicationId) -> Message:
        """Return a message: as its author sent it here, else as it was forwarded. Raises NoSuchMessage."""
        found = sorted(
            (each for each in self.messages if each.id == wanted), key=lambda each: each.via is not None
        )
        if not found:
            raise NoSuchMessage
        return found[0]

    def holds(self, wanted: CommunicationId) -> bool:
        """Whether its author sent that message here, or it was written here."""
        return any(each.id == wanted and each.via is None for each in self.messages)


@dataclass(frozen=True)
class Moved:
    """A copy after an act, and what must leave for the other members."""

    copy: Copy
    leaves: tuple[Leaves, ...] = ()


# --- looked at ---------------------------------------------------------------------------------------------------


def written_here(copy: Copy, wanted: CommunicationId) -> Message:
    """Return a message of this service's own. Raises NoSuchMessage."""
    found = copy.message(wanted)
    if found.sender != copy.standing.home or found.via is not None:
        raise NoSuchMessage
    return found


def placed(messages: Iterable[Message]) -> tuple[Message, ...]:
    """Return messages by their written time, a tie by id: equal copies show them in the same order."""
    return tuple(sorted(messages, key=lambda each: (each.written_at, each.id, each.via or each.id)))


def shown(copy: Copy) -> tuple[Message, ...]:
    """Return what a reader here sees, each message once: as its author sent it, else as it was forwarded first.

    What was brought from another thread stands under the message that brought it, and is not listed here.
    """
    found: dict[CommunicationId, Message] = {}
    for each in sorted(copy.messages, key=lambda each: (each.via is not None, each.placed_at)):
        if each.is_shown_at(copy.standing.home) and each.from_thread is None:
            found.setdefault(each.id, each)
    return placed(found.values())


def brought_along(copy: Copy, message: Message) -> tuple[Message, ...]:
    """Return what one message forwards from other threads, as a reader at this service sees it."""
    return tuple(
        each
        for each in copy.messages
        if each.via == message.id and each.from_thread is not None and each.is_shown_at(copy.standing.home)
    )


def to_forward(copy: Copy, message: Message) -> Message:
    """Return a message as another one may bring it along: it knows in which thread, and under what, it stood."""
    thread = message.from_thread or copy.standing.thread
    return replace(message, from_thread=thread, stood_under=_stood_under(copy, message))


def subjects_of(copy: Copy, message: Message) -> tuple[Subject, ...]:
    """Return the subjects about a patient under which a message has stood: for them it may take a permit."""
    return tuple(each for each in _stood_under(copy, message) if each.is_about_a_patient)


def _stood_under(copy: Copy, message: Message) -> tuple[Subject, ...]:
    """Return the subjects under which a message has stood, that of this thread the last.

    None for one from another thread that came without any: what is not known stays so, however far it goes.
    """
    if message.from_thread is not None and not message.stood_under:
        return ()
    return tuple(dict.fromkeys((*message.stood_under, copy.standing.heading.subject)))


def has_vanished(copy: Copy, wanted: CommunicationId) -> bool:
    """Whether a message that its author sent here was taken back before anybody here opened it."""
    return any(
        each.id == wanted and each.via is None and each.status is Status.RETRACTED and each.opened is None
        for each in copy.messages
    )


def is_new(copy: Copy, message: Message, read_at: datetime | None) -> bool:
    """Whether a reader who looked last at `read_at` has not seen it; late ones too, wherever they are placed."""
    return message.sender != copy.standing.home and (read_at is None or message.placed_at > read_at)


def is_unopened(copy: Copy, message: Message) -> bool:
    """Whether a message came here and nobody here has opened it."""
    return message.status is Status.RECEIVED and message.brought_by != copy.standing.home


def forwarded_by(copy: Copy, message: Message) -> tuple[Forwarded, ...]:
    """Return what a message forwards, as it travels; what was taken back meanwhile stays."""
    along = (each for each in copy.messages if each.via == message.id and each.status not in TAKEN_BACK)
    return tuple(_wrapped(each, copy) for each in along)


def letter_of(copy: Copy, message: Message, to: Party, patient: Identity | None) -> Letter:
    """Return a message of this service as it travels to one receiver; of an anonymous case nobody is named."""
    heading = copy.standing.heading
    is_about_one = heading.subject.is_about_a_patient
    before = (each for each in subjects_of(copy, message) if each is not heading.subject)
    return Letter(
        id=message.id,
        heading=heading,
        patient=patient if is_about_one else None,
        sender=copy.standing.home,
        receiver=to,
        to=message.to,
        members=copy.standing.members,
        author=message.author,
        content=message.content,
        written_at=message.written_at,
        replies_to=message.replies_to,
        forwards=forwarded_by(copy, message),
        purpose=copy.standing.purpose,
        patient_reads=message.patient_reads,
        stood_under=tuple(before) if is_about_one else (),
    )


def emptied(message: Message) -> Message:
    """Return a message without its words, its files and the reason: that it was there, and by whom, stays."""
    return replace(message, content=Content(), forwards=(), choice=None, unscanned=(), infected=(), unchecked=())


# --- shared by what changes a copy ---------------------------------------------------------------------------


def with_messages(copy: Copy, *messages: Message, now: datetime) -> Copy:
    """Return the copy with messages added, or put in the place of those with the same id and way."""
    changed = {(each.id, each.via): each for each in messages}
    kept = (each for each in copy.messages if (each.id, each.via) not in changed)
    standing = replace(copy.standing, changed_at=max(now, copy.standing.changed_at))
    return Copy(standing, placed((*kept, *changed.values())))


def brought(each: Message, copy: Copy, *, via: CommunicationId, by: Party, now: datetime) -> Message:
    """Return a message as another one brings it along; where that is written, it waits for nobody to open it."""
    thread = each.from_thread
    return replace(
        each,
        status=Status.RECEIVED,
        brought_by=by,
        via=via,
        from_thread=None if thread == copy.standing.thread else thread,
        placed_at=now,
        receipts=(),
        also_told=(),
        forwards=(),
        opened=None,
        taken_back=None,
        choice=None,
    )


def brought_with(copy: Copy, message: CommunicationId) -> Iterator[Message]:
    """Yield a message, in every way it came, and all that came along with it."""
    return (each for each in copy.messages if message in {each.id, each.via})


def is_forwarded_from(copy: Copy, message: Message) -> bool:
    return message.brought_by == copy.standing.home and message.via is not None


def gone(each: Message, taken: TakenBack) -> Message:
    status = next_status(each.status, Act.RETRACT, Side.AUTHOR)
    marked = replace(each, status=status, taken_back=taken)
    return emptied(marked) if status is Status.RETRACTED else marked


def receipts_of(copy: Copy, via: CommunicationId | None) -> tuple[Receipt, ...]:
    return () if via is None else copy.message(via).receipts


def failed(receipt: Receipt) -> bool:
    """Whether a message never reached that receiver, as far as is known for sure."""
    return receipt.undelivered and receipt.arrived_at is None


def settled(copy: Copy, message: CommunicationId, *, now: datetime) -> Copy:
    """Return the author's copy with a retraction ended, when every receiver it reached has answered."""
    sent = written_here(copy, message)
    if sent.status is not Status.RETRACT_ASKED:
        return copy
    done = {Fate.VANISHED, Fate.CONFIRMED}
    if not all(failed(each) or (each.answer is not None and each.answer.fate in done) for each in sent.receipts):
        return copy
    facts = frozenset({Guard.ALL_ANSWERED})
    status = next_status(sent.status, Act.RETRACTION_ANSWERED, Side.MACHINE, facts)
    return with_messages(copy, replace(sent, status=status), now=now)


def receipt_changed(copy: Copy, message: CommunicationId, to: Party, *, now: datetime, **changes: object) -> Copy:
    """Return the copy with one receipt of its own message changed."""
    sent = written_here(copy, message)
    receipts = tuple(
        replace(each, **changes) if each.to == to else each  # type: ignore[arg-type]
        for each in sent.receipts
    )
    return copy if receipts == sent.receipts else with_messages(copy, replace(sent, receipts=receipts), now=now)


def word_to(
    standing: Standing,
    to: Party,
    told: tuple[Told, ...],
    *,
    author: Author | None,
    now: datetime,
    members: tuple[Member, ...] = (),
) -> Word:
    return Word(
        thread=standing.thread,
        sender=standing.home,
        receiver=to,
        at=now,
        author=author,
        told=told,
        members=members,
    )


def retraction_to(standing: Standing, message: CommunicationId, to: Party, taken: TakenBack) -> Retraction:
    return Retraction(
        message=message,
        thread=standing.thread,
        sender=standing.home,
        receiver=to,
        author=taken.by,
        reason=taken.reason,
        at=taken.at,
    )


def merged(held: tuple[Member, ...], more: Iterable[Member]) -> tuple[Member, ...]:
    """Return members once each, the one who came first kept; in the order in which they came."""
    found = {member.party: member for member in held}
    for member in more:
        known = found.get(member.party)
        if known is None or _order(member) < _order(known):
            found[member.party] = member
    return tuple(sorted(found.values(), key=_order))


def _order(member: Member) -> tuple[datetime, str, str, bool, str]:
    by = "" if member.added_by is None else str(member.added_by)
    return member.since, member.party.agency, member.party.service, member.added_by != member.party, by


def _wrapped(each: Message, copy: Copy) -> Forwarded:
    return Forwarded(
        id=each.id,
        thread=each.from_thread or copy.standing.thread,
        sender=each.sender,
        author=each.author,
        text=each.content.text,
        files=each.files_here,
        written_at=each.written_at,
        replies_to=each.replies_to,
        patient_reads=each.patient_reads,
        stood_under=each.stood_under,
        hops=each.hops,
    )
