"""What a thread is, what a message says, and what travels: frozen values; no store, no clock, no wire format.

A thread lies as one copy at each service that takes part (a *member*). Three messages carry everything: `Letter`
(`care-message`), `Word` (`care-message-status`) and `Retraction` (`care-message-retract`). A letter says enough of
its thread to open it where it was never seen.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NewType
from uuid import UUID

from handover.actors import Author, Party
from handover.errors import Invalid
from handover.exchange.files import MAX_FILES_BYTES, File
from handover.ids import CommunicationId, MessageId, StaffId, ThreadId
from handover.message.lifecycle import TAKEN_BACK, Status
from handover.person.model import Identity

__all__ = ["Author", "File", "Identity", "Party"]

SlotId = NewType("SlotId", UUID)
"""One time offered for a talk."""

MAX_TEXT: Final = 20_000
"""Characters of one message; more belongs in a document."""
MAX_LINE: Final = 120
"""Characters of the line beside the subject."""
MAX_NAME: Final = 100
"""Characters of a wished person, a reason's phone, a place."""
MAX_REASON: Final = 1_000
MAX_FILES: Final = 20
MAX_FORWARDS: Final = 50
MAX_FORWARDED_TEXT: Final = 200_000
"""Characters of all messages that one message forwards."""
MAX_MEMBERS: Final = 12
"""Services in one thread."""
MAX_SLOTS: Final = 10
MIN_TALK_MINUTES: Final = 5
MAX_TALK_MINUTES: Final = 240
MAX_POINTS: Final = 20
"""Criteria weighed in one message."""
MAX_POINT: Final = 200
"""Characters of one criterion."""


class Subject(StrEnum):
    """What a thread is about: a closed list (`subjects` says what each needs)."""

    COORDINATION = "coordination"
    PLAN = "plan"
    MEDICINES = "medicines"
    WORK = "work-and-benefits"
    HOUSING = "housing"
    APPOINTMENT = "appointment"
    DISCHARGE = "discharge"
    CASE = "referral-or-handover"
    """Regarding a referral or a handover."""
    QUESTION = "question"
    """A question without a patient."""
    ANONYMOUS = "anonymous-case"
    """A case that several agencies discuss without saying whom it is about (`anonymity`, `linking`)."""

    @property
    def is_about_a_patient(self) -> bool:
        """Whether a patient must be named in every message: a question has none, an anonymous case names none."""
        return self not in {Subject.QUESTION, Subject.ANONYMOUS}


class Priority(StrEnum):
    """How soon an answer is wished. Nothing here is for emergencies (116 117, 113)."""

    ORDINARY = "ordinary"
    SOON = "soon"


class By(StrEnum):
    """How two people talk."""

    PHONE = "phone"
    VIDEO = "video"


@dataclass(frozen=True, kw_only=True)
class Member:
    """A service that takes part in a thread, since when, and which member let it in (None: it began the thread,
    or was addressed from the start; itself: it began an anonymous case, and is the one that may link it)."""

    party: Party
    since: datetime
    added_by: Party | None = None


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A time offered for a talk."""

    id: SlotId
    start: datetime
    minutes: int


@dataclass(frozen=True, kw_only=True)
class Offer:
    """«Kan vi snakkes?»: times of which one of the others picks one."""

    by: By
    slots: tuple[Slot, ...]
    where: str = field(repr=False)
    """The number to call, or the address of the video meeting."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The time that was picked; the earliest choice counts, everywhere."""

    slot: SlotId
    by: Author
    at: datetime
    phone: str = field(default="", repr=False)
    """Where the one who picked is called; empty where they call."""


class Weighs(StrEnum):
    """Which way a criterion pulls."""

    FOR = "for"
    AGAINST = "against"


@dataclass(frozen=True, kw_only=True)
class Point:
    """A criterion for or against what an anonymous case is to decide, in a few words."""

    weighs: Weighs
    text: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Content:
    """What people write in one message; in a draft anything may be missing."""

    text: str = field(default="", repr=False)
    """Simple formatting: blank lines part paragraphs, `- ` begins a point, `**` makes words strong."""
    files: tuple[File, ...] = ()
    priority: Priority = Priority.ORDINARY
    answer_by: date | None = None
    """By when an answer is wished."""
    wished_person: str = field(default="", repr=False)
    """Whom at the receiver the writer hopes reads it; the service is what is addressed."""
    offer: Offer | None = None
    weighing: tuple[Point, ...] = ()
    """Of an anonymous case: together with those of the other messages they are its table for and against."""


@dataclass(frozen=True, kw_only=True)
class Basis:
    """A yes of the patient's that a message rests on, as its sender holds it; the purpose is the thread's."""

    topics: tuple[str, ...]
    """Codes of `data/sharing.json`: what the yes covers."""
    given: date
    until: date
    """The last day it holds (a Norwegian calendar day)."""


@dataclass(frozen=True, kw_only=True)
class Hop:
    """One time that a message was sent on: who did it, when, and in which message it went."""

    message: CommunicationId
    by: Author
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Forwarded:
    """An earlier message as the one who forwards it has it. Its author signed it to them, not to the reader."""

    id: CommunicationId
    thread: ThreadId
    """Where it stood: this thread, where history is handed to a new member, or another."""
    sender: Party
    author: Author
    text: str = field(repr=False)
    files: tuple[File, ...] = ()
    written_at: datetime
    replies_to: CommunicationId | None = None
    patient_reads: bool = False
    """As of a message: its author's agency decides, also where it is forwarded."""
    stood_under: tuple[Subject, ...] = ()
    """The subjects of the threads in which it has stood, each once; none: whoever sent it on did not say."""
    hops: tuple[Hop, ...] = ()
    """How it had come to the one who forwards it, in order; none where its author had sent it there."""


@dataclass(frozen=True, kw_only=True)
class Heading:
    """What every member's copy knows of a thread alike."""

    thread: ThreadId
    reference: str
    """Eight characters people can say on the phone, such as 8H3K-PQ2M."""
    subject: Subject
    line: str = field(default="", repr=False)
    """A few words beside the subject; never in a notice or a page title."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """`care-message`: one message on its way to one of its receivers."""

    id: CommunicationId
    heading: Heading
    patient: Identity | None = field(default=None, repr=False)
    """None: the thread is about nobody."""
    sender: Party
    receiver: Party
    """Of this envelope."""
    to: tuple[Party, ...]
    """Everyone it was sent to, the receiver of this envelope among them."""
    members: tuple[Member, ...]
    """Everyone in the thread, as the sender knew it."""
    author: Author
    content: Content = field(repr=False)
    written_at: datetime
    """When it was sent; it is placed by this."""
    replies_to: CommunicationId | None = None
    """The receiver may never have had it."""
    forwards: tuple[Forwarded, ...] = ()
    purpose: str = ""
    """What it is sent for (`data/sharing.json`): it rests on a permit for that where a receiver needs one."""
    rests_on: tuple[Basis, ...] = ()
    """The permits that let it go to this receiver; none where no permit is needed."""
    patient_reads: bool = False
    """Whether the patient may read the words, as the author's agency had decided when it was sent."""
    stood_under: tuple[Subject, ...] = ()
    """Other subjects about a patient under which the words were sent before, of a message about one."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """Who opened a message first at one receiver."""

    by: str
    title: str = ""
    at: datetime


class Reason(StrEnum):
    """Why a message is taken back: all that travels of it, since a retraction needs no permit."""

    RECEIVER = "wrong-receiver"
    PATIENT = "wrong-patient"
    CONTENT = "wrong-content"
    EARLY = "too-early"
    OTHER = "other"


class Fate(StrEnum):
    """What became of a message that was taken back, at one receiver."""

    VANISHED = "vanished"
    """Nobody there had opened it, and nobody can."""
    HIDDEN = "hidden"
    """Somebody had; nobody can any more, and a leader is asked to confirm."""
    CONFIRMED = "confirmed"
    """A leader there has confirmed it."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A receiver's answer to a retraction."""

    fate: Fate
    at: datetime
    by: str = ""
    """The leader who confirmed; empty where the machine answers."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What one receiver says of one message: who opened it, or what became of it."""

    message: CommunicationId
    opened: Opened | None = None
    answer: Answer | None = None
    choice: Choice | None = None
    infected: tuple[bytes, ...] = ()
    """Documents that came with it and were not taken in, by their SHA-256: they hold a virus."""
    unchecked: tuple[bytes, ...] = ()
    """Likewise: the virus scanner could not look at them in time."""


@dataclass(frozen=True, kw_only=True)
class Word:
    """`care-message-status`: what one member tells another of messages, and of who is in the thread."""

    thread: ThreadId
    sender: Party
    receiver: Party
    at: datetime
    author: Author | None = None
    """None: the machine, such as for a message that vanished."""
    told: tuple[Told, ...] = ()
    members: tuple[Member, ...] = ()
    """New ones; those known already are no harm."""

    @property
    def is_news(self) -> bool:
        """Whether it says more than what became of what was sent before: who is new, or a time picked."""
        return bool(self.members) or any(each.choice is not None for each in self.told)


@dataclass(frozen=True, kw_only=True)
class Retraction:
    """`care-message-retract`: a message was sent by mistake."""

    message: CommunicationId
    thread: ThreadId
    """In which the receiver has it."""
    sender: Party
    """Who sent it there: its author, or a member that forwarded it."""
    receiver: Party
    author: Author
    reason: Reason
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """How far a message came with one receiver, as its author knows it; delivery itself is the exchange's."""

    to: Party
    envelope: MessageId | None = None
    """The latest that carries it there; None: none is to (a copy that was never sent from here)."""
    undelivered: bool = False
    """That one was refused, expired or stopped."""
    arrived_at: datetime | None = None
    opened: Opened | None = None
    answer: Answer | None = None
    """To a retraction."""
    infected: tuple[bytes, ...] = ()
    """Documents that were not taken in there, by their SHA-256: they hold a virus."""
    unchecked: tuple[bytes, ...] = ()
    """Likewise: the virus scanner there could not look at them in time."""


@dataclass(frozen=True, kw_only=True)
class TakenBack:
    """That a message was sent by mistake, as its author said."""

    reason: Reason
    note: str = field(default="", repr=False)
    """The author's own words; they never leave the service where they were written."""
    by: Author
    at: datetime

    @property
    def is_explained(self) -> bool:
        """Whether it says why: a reason that none of the list fits takes words."""
        return self.reason is not Reason.OTHER or bool(self.note)


@dataclass(frozen=True, kw_only=True)
class Justified:
    """Why something that looks like an identity may stand in an anonymous case; it never leaves this service."""

    kind: str
    """`anonymity.Kind`."""
    text: str = field(repr=False)
    """As the writer wrote it."""
    why: str = field(repr=False)
    by: Author
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message as one copy of its thread has it."""

    id: CommunicationId
    status: Status
    sender: Party
    """The service it was written at."""
    brought_by: Party
    """The service that sent it here: the sender, or a member that forwarded it. Only it may take it back."""
    author: Author
    to: tuple[Party, ...]
    content: Content = field(repr=False)
    """Empty once it has vanished."""
    written_at: datetime
    """Of a draft: when it was last saved."""
    placed_at: datetime
    """When this copy got it: what is later than a reader's last visit is new, wherever it is placed."""
    replies_to: CommunicationId | None = None
    via: CommunicationId | None = None
    """The message that forwarded it here."""
    from_thread: ThreadId | None = None
    """The other thread it was forwarded from; None: it belongs to this one."""
    hops: tuple[Hop, ...] = ()
    """How it came to this copy, each time it was sent on; none where its author sent it here."""
    forwards: tuple[CommunicationId, ...] = ()
    """Which messages go along; each lies in this copy too, with this one as `via`."""
    came_in: tuple[MessageId, ...] = ()
    """The envelopes that brought it here: their evidence goes with it when it vanishes."""
    opened: Opened | None = None
    """At this copy."""
    receipts: tuple[Receipt, ...] = ()
    """Of the author's copy, in the order of `to`."""
    also_told: tuple[MessageId, ...] = ()
    """Words that left with it, to members whom it was not sent to, of a service that it let in."""
    taken_back: TakenBack | None = None
    choice: Choice | None = None
    """Of an offer."""
    stood_under: tuple[Subject, ...] = ()
    """Of one that was forwarded: as `Forwarded.stood_under`; of one written anew, here or by who sent it: what its
    words stood under before. It takes a permit for these, wherever it goes."""
    rests_on: tuple[Basis, ...] = ()
    """Of one that came: the permits its sender held. What was written here rests on what the patient has chosen
    here (`consent`)."""
    patient_reads: bool = False
    """Whether the patient may read the words: the author's agency decided it when it was sent (`openness`)."""
    justified: tuple[Justified, ...] = ()
    """At its author: what was found in it and may stand."""
    unscanned: tuple[bytes, ...] = ()
    """Documents that are not here yet, by their SHA-256: the virus scanner has not looked at them."""
    infected: tuple[bytes, ...] = ()
    """Documents that were never taken in here, by their SHA-256: they hold a virus."""
    unchecked: tuple[bytes, ...] = ()
    """Likewise: the virus scanner could not look at them in time."""
    made_owner: StaffId | None = None
    """Who became responsible here by sending it, or what they sent before; undoing all of that takes it back."""
    owner_before: StaffId | None = None
    """Who was responsible until then."""

    @property
    def agreed(self) -> Slot | None:
        """The time that was picked of its offer; None while none was."""
        offered = () if self.content.offer is None else self.content.offer.slots
        return next((each for each in offered if self.choice is not None and each.id == self.choice.slot), None)

    @property
    def files_here(self) -> tuple[File, ...]:
        """The documents whose bytes this copy has."""
        missing = {*self.unscanned, *self.infected, *self.unchecked}
        return tuple(each for each in self.content.files if each.sha256 not in missing)

    def is_shown_at(self, home: Party) -> bool:
        """Whether its words may still be read at the service that keeps this copy: always where it was written."""
        return self.status is not Status.DISCARDED and (self.sender == home or self.status not in TAKEN_BACK)


class Doing(StrEnum):
    """What is written in a copy's history and, as `message.<doing>`, in the log."""

    WRITE = "write"
    DISCARD = "discard"
    SEND = "send"
    UNDO_SEND = "undo-send"
    SEND_AGAIN = "send-again"
    RETRACT = "retract"
    TELL_OF_RETRACTION = "tell-of-retraction"
    CONFIRM_RETRACTION = "confirm-retraction"
    OPEN = "open"
    CHOOSE = "choose"
    TAKE = "take"
    DONE = "done"
    WAIT_ON = "wait-on"
    OBSERVE = "observe"
    RECEIVE = "receive"
    RECEIVE_STATUS = "receive-status"
    RECEIVE_RETRACTION = "receive-retraction"
    RECEIVE_DOCUMENT = "receive-document"
    REFUSE_DOCUMENT = "refuse-document"
    GIVE_UP_DOCUMENT = "give-up-document"
    TELL_LEADER = "tell-leader"
    JUSTIFY = "justify"
    LINK = "link"
    UNLINK = "unlink"
    RECEIVE_LINK = "receive-link"
    RECEIVE_UNLINK = "receive-unlink"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of what happened with a thread, as one copy knows it."""

    at: datetime
    doing: Doing
    message: CommunicationId | None = None
    by: Author | None = None
    """None: a machine."""
    party: Party | None = None
    """The other service it was about: who sent, who was let in."""
    reason: Reason | None = None
    """Of a retraction."""
    text: str = field(default="", repr=False)
    """What was written of it here: to a retraction, or why something may stand."""
    document: bytes | None = None
    """Which document of the message, by its SHA-256: what it is called goes with the message."""


class TextTooLong(Invalid):
    """More characters than a message may have; `details` say how many there are and may be."""

    code = "message.text-too-long"


class Empty(Invalid):
    """A message that says nothing: no text, no file, no offer, nothing forwarded."""

    code = "message.empty"


class BadContent(Invalid):
    """What is written does not fit; `fields` names what."""

    code = "message.bad-content"


class ToOneself(Invalid):
    """A thread needs somebody else."""

    code = "message.to-oneself"


class BadHeading(Invalid):
    """The subject, the line and the patient do not go together; `fields` names what."""

    code = "message.bad-heading"


def check_heading(heading: Heading, *, has_patient: bool) -> None:
    """Raise BadHeading: a line too long, a patient missing, or one in a question without a patient."""
    found: dict[str, list[str]] = {}
    if len(heading.line) > MAX_LINE:
        found["line"] = ["too-long"]
    if heading.subject.is_about_a_patient and not has_patient:
        found["patient"] = ["required"]
    if has_patient and not heading.subject.is_about_a_patient:
        found["patient"] = ["not-with-a-question"]
    if found:
        raise BadHeading(fields=found)


def check_draft(content: Content) -> None:
    """Raise TextTooLong or BadContent for what may not even be kept as a draft."""
    if len(content.text) > MAX_TEXT:
        raise TextTooLong(fields={"text": ["too-long"]}, length=len(content.text), most=MAX_TEXT)
    found: dict[str, list[str]] = {}
    if len(content.wished_person) > MAX_NAME:
        found["wished_person"] = ["too-long"]
    if len(content.files) > MAX_FILES:
        found["files"] = ["too-many"]
    if sum(file.length for file in content.files) > MAX_FILES_BYTES:
        found["files"] = ["too-large"]
    if len(content.weighing) > MAX_POINTS:
        found["weighing"] = ["too-many"]
    if any(not 0 < len(each.text.strip()) <= MAX_POINT for each in content.weighing):
        found["weighing"] = ["too-long"]
    if content.offer is not None:
        found |= _odd_offer(content.offer)
    if found:
        raise BadContent(fields=found)


def check_sending(content: Content, forwards: tuple[Forwarded, ...], *, today: date) -> None:
    """Raise what `check_draft` raises, Empty, or BadContent for a date that has passed and too much forwarded."""
    check_draft(content)
    if not (content.text.strip() or content.files or content.offer or content.weighing or forwards):
        raise Empty(fields={"text": ["required"]})
    found: dict[str, list[str]] = {}
    if content.answer_by is not None and content.answer_by < today:
        found["answer_by"] = ["in-past"]
    files = sum(file.length for each in forwards for file in each.files)
    if files + sum(file.length for file in content.files) > MAX_FILES_BYTES:
        found["files"] = ["too-large"]
    if len(forwards) > MAX_FORWARDS or sum(len(each.text) for each in forwards) > MAX_FORWARDED_TEXT:
        found["forwards"] = ["too-many"]
    if found:
        raise BadContent(fields=found)


def check_receivers(home: Party, to: tuple[Party, ...], members: tuple[Member, ...]) -> None:
    """Raise ToOneself for a message to nobody else, BadContent where there are too many members."""
    if home in to:
        raise ToOneself(fields={"to": ["oneself"]})
    if not to:
        raise BadContent(fields={"to": ["required"]})
    if len({home, *to, *(member.party for member in members)}) > MAX_MEMBERS:
        raise BadContent(fields={"to": ["too-many"]})


def _odd_offer(offer: Offer) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    if not offer.slots or len(offer.slots) > MAX_SLOTS:
        found["slots"] = ["required" if not offer.slots else "too-many"]
    if any(not MIN_TALK_MINUTES <= slot.minutes <= MAX_TALK_MINUTES for slot in offer.slots):
        found["minutes"] = ["out-of-range"]
    if not 0 < len(offer.where.strip()) <= MAX_NAME:
        found["where"] = ["required" if not offer.where.strip() else "too-long"]
    return found
