"""What a handover says, what is released of it, and what travels. Frozen values only.


Two worlds that never mix. At the *origin* an `Item` has an id, a mark and a history. What leaves is made from
`Released` alone, which has no room for an id, a mark, a count or a time of any item: what stays cannot leave a
trace in it (DESIGN rules 10 and 11).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NewType
from uuid import UUID

from handover.actors import Author, Party
from handover.bundle.lifecycle import UNSENT, Act, Side, Status, Version
from handover.errors import Conflict
from handover.exchange.files import File
from handover.ids import HandoverId, ItemId
from handover.person.model import Address, Identity

__all__ = ["Address", "Author", "File", "Identity", "Party"]

TopicCode = NewType("TopicCode", str)
"""One of the ready topics (`data/topics`), such as `helps-me`; `free` for the writer's own."""
MeetingId = NewType("MeetingId", UUID)
RequestId = NewType("RequestId", UUID)
"""One thing asked for or told after sending; stable when it has to be sent again."""

FIXED_SENTENCE: Final = "Pasienten har valgt hva som er med. Det kan finnes mer i journalen hos avsender."
"""Stands on every handover, whatever travels (WORDS.md)."""


class Mark(StrEnum):
    """The patient's choice for one item: three equal ones, the first is where each item starts."""

    UNDECIDED = "undecided"
    TRAVELS = "travels"
    STAYS = "stays"


class Kind(StrEnum):
    """How an item of a topic is written: which of an item's parts it has beside the two texts."""

    TEXT = "text"
    CRISIS = "crisis"
    PERSON = "person"
    APPOINTMENT = "appointment"
    MEDICINE = "medicine"
    DIAGNOSIS = "diagnosis"
    DOCUMENT = "document"


class Part(StrEnum):
    """In what order a receiver reads (UX rule 10); the patient's own words stand before all of them."""

    NEED_NOW = "need-now"
    CRISIS = "crisis"
    PEOPLE = "people"
    PLANS = "plans"
    HISTORY = "history"


class Level(StrEnum):
    """The colour of a level of the crisis plan; always said in words too."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


class Relation(StrEnum):
    """What a person is to the patient. Next of kin and trusted person are two different things (NORWAY.md)."""

    TRUSTED = "trusted"
    NEXT_OF_KIN = "next-of-kin"
    HELPER = "helper"


@dataclass(frozen=True, kw_only=True)
class CrisisStep:
    """One level of the crisis plan: how it shows, and who does what."""

    level: Level
    signs: str = field(default="", repr=False)
    i_do: str = field(default="", repr=False)
    others_do: str = field(default="", repr=False)
    who: str = field(default="", repr=False)
    """Who is called, with phone."""


@dataclass(frozen=True, kw_only=True)
class PersonAround:
    """Somebody the patient trusts, and what that person may be told."""

    relation: Relation
    name: str = field(repr=False)
    role: str = field(default="", repr=False)
    """How they are related, or their work, in the patient's words."""
    phone: str = field(default="", repr=False)
    may_know: str = field(default="", repr=False)
    comes_along: bool = False


@dataclass(frozen=True, kw_only=True)
class NextAppointment:
    """An exact time, place and person ("an appointment makes it easier to go home")."""

    start: datetime
    place: str = field(repr=False)
    with_whom: str = field(repr=False)
    phone: str = field(default="", repr=False)
    who_comes_along: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Medicine:
    """A medicine as the patient takes it."""

    name: str = field(repr=False)
    dose: str = field(default="", repr=False)
    why: str = field(default="", repr=False)


ICD_10: Final = "urn:oid:2.16.578.1.12.4.1.1.7110"
ICPC_2: Final = "urn:oid:2.16.578.1.12.4.1.1.7170"


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """A coded problem (Volven 7110 ICD-10 or 7170 ICPC-2), text kept beside the code."""

    system: str
    code: str
    text: str = field(default="", repr=False)


Details = CrisisStep | PersonAround | NextAppointment | Medicine | Diagnosis


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A ready topic, as one agency has it; texts by language (`nb`, `nn`, `en`)."""

    code: TopicCode
    kind: Kind
    part: Part
    name: Mapping[str, str]
    help: Mapping[str, str]
    """What may stand here, as a question to the patient."""
    section: str
    """Code of the Composition section (own code system `handover-section`)."""
    permit: str
    """Which topic of a permit covers it (the consent slice's scope codes)."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """What an item says. The clinician's text and the patient's own words are two fields, never mixed."""

    topic: TopicCode
    title: str = field(default="", repr=False)
    """Of a free topic; else empty."""
    text: str = field(default="", repr=False)
    """The clinician's."""
    own_words: str = field(default="", repr=False)
    """The patient's."""
    details: Details | None = field(default=None, repr=False)
    file: File | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Marked:
    """Who marked an item, when, and whether a clinician did it on the patient's word."""

    mark: Mark = Mark.UNDECIDED
    at: datetime | None = None
    by: str = field(default="", repr=False)
    on_patients_word: bool = False


@dataclass(frozen=True, kw_only=True)
class Item:
    """One item at the origin, with its mark."""

    id: ItemId
    position: int
    content: Content = field(repr=False)
    marked: Marked = Marked()
    by_patient: bool = False
    """The patient began it."""
    clinician_may_see: bool = True
    """False for the patient's own item until it travels or the patient allows it."""
    revision: int = 0
    """Counts the saves: two who edit the same item meet here (`ItemChanged`)."""
    said_at: int = 0
    """The revision at which what the clinician writes was changed last."""
    own_words_at: int = 0
    """The revision at which the patient's own words were changed last."""
    removed: bool = False

    def is_shown_to_clinician(self) -> bool:
        """Whether the clinician sees it at all: nothing hints at the others."""
        return self.clinician_may_see or self.marked.mark is Mark.TRAVELS


class ItemChanged(Conflict):
    """Somebody saved the item after this page was shown: both texts are given back, none is lost."""

    code = "bundle.item-changed"

    def __init__(self, *, theirs: Item, yours: Content) -> None:
        super().__init__(revision=theirs.revision)
        self.theirs = theirs
        """The item as it was saved in the meantime."""
        self.yours = yours
        """What was to be saved."""


@dataclass(frozen=True, kw_only=True)
class Importable:
    """A text or a document of the person's referrals here, offered as the beginning of an item."""

    key: str
    """Handed back to `bring_in`; ids only."""
    topic: TopicCode
    title: str = field(repr=False)
    """What it is, such as the referral's heading."""
    text: str = field(default="", repr=False)
    details: Details | None = field(default=None, repr=False)
    file: File | None = field(default=None, repr=False)
    written_at: datetime


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the patient wants around the handover."""

    meeting: bool = True
    told: tuple[str, ...] = field(default=(), repr=False)
    """Which trusted persons are to be told that the handover is sent; names, as the patient wrote them."""
    note: str = field(default="", repr=False)
    """Anything about the meeting: place, pace, who must not be there."""


@dataclass(frozen=True, kw_only=True)
class TrustedTold:
    """That somebody the patient trusts was told of the handover, as the patient wanted, or why not."""

    name: str = field(repr=False)
    """As the patient wrote it."""
    by: str = field(repr=False)
    """Who told them, or says why not."""
    at: datetime
    """When it was written down."""
    on: date | None = None
    """The day they were told; None: they were not."""
    why_not: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Released:
    """Everything a document is made from, and nothing else.

    `items` holds the contents of what travels, in the receiver's reading order; no ids, marks, numbers or times.
    `assembly.released_of` makes it: nobody else chooses.
    """

    handover: HandoverId
    patient: Identity = field(repr=False)
    sender: Party
    receiver: Party
    author: Author
    items: tuple[Content, ...] = field(repr=False)
    topics: tuple[Topic, ...] = ()
    """The topics of those items and no others, as the sending agency has them."""
    wants_meeting: bool
    meeting_note: str = field(default="", repr=False)
    take_over_by: date | None = None
    """The date agreed for taking over."""
    supplements: str | None = None
    """Hex SHA-256 of the document this one adds to; None for the first of a round."""
    language: str = "nb"
    sender_name: str = ""
    """Service and agency as the directory names them, for readers of the document alone."""
    receiver_name: str = ""


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """A document as it was previewed: bytes that never change again, and their hash."""

    sha256: str
    """Hex, over `document`."""
    document: bytes = field(repr=False)
    """UTF-8 JSON of the FHIR Bundle (type document)."""
    files: tuple[File, ...] = ()
    """In the order the document names them."""
    frozen_at: datetime


@dataclass(frozen=True, kw_only=True)
class MadeFrom:
    """One item of a frozen document, as it was then."""

    item: ItemId
    revision: int
    says: str = ""
    """Hex SHA-256 of its content."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What is kept beside a frozen document, and never leaves: what it was made from."""

    files: tuple[File, ...] = ()
    made_from: tuple[MadeFrom, ...] = ()
    permits: tuple[str, ...] = ()
    """Topics of a permit that it takes to send it, where one is needed."""
    fingerprint: str = ""
    """Hex SHA-256 over the `Released` it was made of: equal as long as nothing that travels has changed."""
    frame: str = ""
    """The same without the items: patient, sender, receiver, author, wishes."""
    round: int = 1
    supplements: str | None = None

    def contains(self, other: "Origin") -> bool:
        """Whether the other document is this one without some of its items: what would have been previewed then,

        had those that stay by now never been written.
        """
        ours, theirs = ({(made.item, made.says) for made in each.made_from} for each in (self, other))
        return self.frame == other.frame and theirs <= ours


@dataclass(frozen=True, kw_only=True)
class Approval:
    """The patient's yes to one frozen document."""

    sha256: str
    at: datetime
    by_patient: bool
    """False: a clinician wrote it down on the patient's word, in the meeting."""
    witness: str = field(default="", repr=False)
    """That clinician's name; empty where the patient said it alone."""


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """The handover meeting, exact."""

    id: MeetingId
    start: datetime
    minutes: int = 60
    place: str = field(default="", repr=False)
    """An address, or empty with a video link."""
    video: str = field(default="", repr=False)
    who_comes: str = field(repr=False)
    sequence: int = 0
    """Grows with every change (iCalendar SEQUENCE)."""
    held_on: date | None = None
    cancelled_because: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class TakeOver:
    """The act that moves responsibility: a named person, a date, and a first appointment with an exact time."""

    person: str
    title: str = ""
    phone: str
    from_date: date
    first_appointment: NextAppointment
    signed_at: datetime


@dataclass(frozen=True, kw_only=True)
class Decline:
    """Why a receiver does not take over; the sender stays responsible."""

    reason: str = field(repr=False)
    advice: str = field(default="", repr=False)
    person: str
    phone: str


class Done(StrEnum):
    """What the receiver did with a handover that was withdrawn."""

    DELETED = "deleted"
    KEPT = "kept"
    USED = "used"
    NOT_RECEIVED = "not-received"
    """Nothing had come, and nothing of it is kept should it come: said by the receiver's node, not by a person."""


@dataclass(frozen=True, kw_only=True)
class WithdrawalAnswer:
    """What the receiver did with what it had; the patient reads it."""

    done: Done
    why: str = field(default="", repr=False)
    """Required for KEPT (the legal basis, in plain words) and USED (what it was used for)."""
    person: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Opened:
    """Who opened it at the receiver, first."""

    by: str
    title: str = ""
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Note:
    """A note between the two sides of a handover, in its thread; never about what stays."""

    id: RequestId
    from_sender: bool
    author: Author
    text: str = field(repr=False)
    written_at: datetime
    is_question: bool = False


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of what happened with a handover, as one copy knows it. Never about an item that is private."""

    at: datetime
    act: Act
    status: Status
    version: Version = UNSENT
    side: Side
    author: Author | None = None
    """None: the patient, or a machine."""
    on_patients_word: bool = False
    """A clinician did it for the patient."""
    text: str = field(default="", repr=False)
    took_effect: bool = True
    """False for a word that came after a newer one."""
    request: RequestId | None = None
    sha256: str | None = None
    """The document it was about."""
    meeting: Meeting | None = None
    take_over: TakeOver | None = None
    decline: Decline | None = None
    withdrawal: WithdrawalAnswer | None = None
    trusted: TrustedTold | None = None


# --- the three messages ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Handed:
    """`handover-bundle`: a frozen document with the yes to it; the surrounding message names blobs and keys."""

    request: RequestId
    handover: HandoverId
    reference: str
    """Eight characters people can say on the phone."""
    round: int
    sender: Party
    receiver: Party
    document: bytes = field(repr=False)
    approval: Approval
    supplements: str | None = None
    sent_at: datetime


@dataclass(frozen=True, kw_only=True)
class StatusUpdate:
    """`handover-status`: what the receiving service decided, numbered; a note alone keeps the number."""

    handover: HandoverId
    status: Status
    version: Version = UNSENT
    sender: Party
    receiver: Party
    author: Author
    at: datetime
    opened: Opened | None = None
    meeting: Meeting | None = None
    take_over: TakeOver | None = None
    decline: Decline | None = None
    withdrawal: WithdrawalAnswer | None = None
    note: Note | None = None
    """From either side: a note of the sender's is the one thing the sender says with this event."""


@dataclass(frozen=True, kw_only=True)
class WithdrawalNotice:
    """`handover-withdraw`: the patient has taken the handover back."""

    request: RequestId
    handover: HandoverId
    round: int
    sender: Party
    receiver: Party
    author: Author
    at: datetime
