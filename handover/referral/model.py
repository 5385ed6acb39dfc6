"""What a referral says, and what travels between its two sides. Frozen values; no store, no clock, no wire format.

Three messages carry everything: `Request` (a new referral, also one sent on), `Update` (what the referrer does)
and `StatusUpdate` (what the service that holds it decided). `fhir.py` maps each to one FHIR message Bundle.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NewType
from uuid import UUID

from handover.actors import Author, Party
from handover.ids import MessageId, ReferralId
from handover.person.model import Address, Identity
from handover.referral.lifecycle import UNSENT, Act, Side, Status, Version

__all__ = ["Address", "Author", "Identity", "Party"]

RequestId = NewType("RequestId", UUID)
"""One thing the referrer asks for or tells; stable when it has to be sent again to the next service."""
QuestionId = NewType("QuestionId", UUID)
AttachmentId = NewType("AttachmentId", UUID)
AppointmentId = NewType("AppointmentId", UUID)
Wish = NewType("Wish", str)
"""What is asked for: a code of the list `wishes` (Volven 8455)."""
Consent = NewType("Consent", str)
"""The patient's consent to the referral: a code of the list `consents` (Volven 9064)."""

ASSESSMENT_AND_TREATMENT: Final = Wish("10")
"""What is asked for unless something else is."""
CONSENT_GIVEN: Final = Consent("1")


class Urgency(StrEnum):
    """Volven 8306. Immediate help is not for this channel; the pages say so (116 117, 113)."""

    IMMEDIATE = "0"
    URGENT = "3"
    ORDINARY = "N"


class CodeSystem(StrEnum):
    """Diagnosis systems: Volven 7110 (ICD-10) and 7170 (ICPC-2)."""

    ICD_10 = "urn:oid:2.16.578.1.12.4.1.1.7110"
    ICPC_2 = "urn:oid:2.16.578.1.12.4.1.1.7170"


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """A coded problem with the writer's text kept beside it."""

    system: CodeSystem
    code: str
    text: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Somebody around the patient: next of kin, trusted person, another helper."""

    name: str = field(repr=False)
    relation: str = field(default="", repr=False)
    """How they are related, or their role and agency, in the writer's words."""
    phone: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """An interpreter is needed."""

    language: str
    """BCP 47 language code such as `ar` or `se`; `sgn-NO` for Norwegian sign language."""
    text: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file that goes with a message. Its bytes are sealed elsewhere and travel as an encrypted blob."""

    id: AttachmentId
    title: str = field(repr=False)
    content_type: str
    """`application/pdf`, `image/jpeg` or `image/png`, found in the content itself."""
    length: int
    """Bytes."""
    sha256: bytes = field(repr=False)
    """Of the plaintext."""


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What a field of a draft's form says that is no value yet, such as a date that cannot be read."""

    name: str
    text: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class ReferralContent:
    """What the referrer writes. In a draft anything may be missing; `problems_before_sending` says what."""

    patient: Identity | None = field(default=None, repr=False)
    urgency: Urgency = Urgency.ORDINARY
    wish: Wish = ASSESSMENT_AND_TREATMENT
    wish_text: str = field(default="", repr=False)
    problem: str = field(default="", repr=False)
    history: str = field(default="", repr=False)
    functioning: str = field(default="", repr=False)
    medications: tuple[str, ...] = field(default=(), repr=False)
    """One line for each."""
    diagnoses: tuple[Diagnosis, ...] = field(default=(), repr=False)
    """The main one first."""
    risk: str = field(default="", repr=False)
    network: str = field(default="", repr=False)
    next_of_kin: tuple[Contact, ...] = field(default=(), repr=False)
    trusted_person: Contact | None = field(default=None, repr=False)
    helpers: tuple[Contact, ...] = field(default=(), repr=False)
    """Who else helps: other services, the coordinator, the GP."""
    interpreter: Interpreter | None = field(default=None, repr=False)
    consent: Consent | None = None
    consent_text: str = field(default="", repr=False)
    wished_contact: str = field(default="", repr=False)
    """A person the patient wishes to meet at the receiver (Volven 9034 code 23)."""
    can_join_first_appointment: bool = False
    attachments: tuple[Attachment, ...] = ()
    unfinished: tuple[Typed, ...] = ()
    """Only in a draft; never sent."""


class UpdateKind(StrEnum):
    """What the referrer tells or asks for after sending."""

    ANSWER = "answer"
    SUPPLEMENT = "supplement"
    WITHDRAWAL = "withdrawal"
    RETRACTION = "retraction"
    NOTE = "note"
    OUTCOME_OPENED = "outcome-opened"
    """The referrer has opened the refusal (rule 14); never pending, never answered."""


@dataclass(frozen=True, kw_only=True)
class Addition:
    """What the referrer added after sending; a referral that is sent on takes it along."""

    kind: UpdateKind
    """ANSWER, SUPPLEMENT or NOTE."""
    text: str = field(repr=False)
    written_at: datetime
    author: Author
    question: str = field(default="", repr=False)
    """What was asked, where this answers something."""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Request:
    """`referral-request`: from the referrer, or from a service that sends it on (`redirected_by`)."""

    referral: ReferralId
    reference: str
    """The short one people say on the phone, such as 8H3K-PQ2M; the same everywhere."""
    referrer: Party
    sender: Party
    """Who sends this message: the referrer, or the service that sends it on."""
    receiver: Party
    author: Author
    """The professional who wrote the referral."""
    content: ReferralContent = field(repr=False)
    written_at: datetime
    leg: int = 1
    """1 for the first service; one more each time it is sent on. The receiver numbers from (leg, 1)."""
    seniority_on: datetime | None = None
    """When the first service received it: its clock is everybody's clock (rule 9). None on the first leg."""
    additions: tuple[Addition, ...] = ()
    redirect_reason: str = field(default="", repr=False)
    redirect_author: Author | None = None


@dataclass(frozen=True, kw_only=True)
class Update:
    """`referral-update`: a request to the service that holds the referral, pending until a status answers it."""

    referral: ReferralId
    request: RequestId
    kind: UpdateKind
    sender: Party
    receiver: Party
    author: Author
    written_at: datetime
    text: str = field(default="", repr=False)
    questions: tuple[QuestionId, ...] = ()
    """Which questions an answer answers."""
    attachments: tuple[Attachment, ...] = ()
    seen: Version = UNSENT
    """The version the writer had in front of them."""


class AppointmentState(StrEnum):
    """FHIR R4 Appointment.status, the ones used here."""

    BOOKED = "booked"
    CANCELLED = "cancelled"
    NO_SHOW = "noshow"
    FULFILLED = "fulfilled"


@dataclass(frozen=True, kw_only=True)
class Appointment:
    """The first appointment: who, where, exactly when, and who comes along."""

    id: AppointmentId
    start: datetime
    minutes: int = 60
    place: str = field(repr=False)
    with_whom: str
    phone: str
    companions: str = field(default="", repr=False)
    """Who comes along: the referrer, the trusted person."""
    practical: str = field(default="", repr=False)
    """What to bring, how to get there."""
    state: AppointmentState = AppointmentState.BOOKED


@dataclass(frozen=True, kw_only=True)
class Question:
    """Something the receiver needs to know; the deadline still runs."""

    id: QuestionId
    text: str = field(repr=False)
    asked_at: datetime
    asked_by: Author
    version: Version


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the referrer answered."""

    request: RequestId
    questions: tuple[QuestionId, ...]
    text: str = field(repr=False)
    written_at: datetime
    author: Author


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """The right to treatment is granted. `latest_start` binds (pasient- og brukerrettighetsloven)."""

    latest_start: date
    next_step: str = field(repr=False)
    assessor: str
    assessor_phone: str
    complaint: str
    reason: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """No right here: why, what to do instead, how to complain, and who decided."""

    reason: str = field(repr=False)
    advice: str = field(repr=False)
    complaint: str
    assessor: str
    assessor_phone: str


@dataclass(frozen=True, kw_only=True)
class Redirection:
    """Sent on to another service."""

    where: Party
    where_name: str
    leg: int
    """The leg of its version numbers: higher than any used before, also when an earlier attempt failed."""
    reason: str = field(repr=False)
    assessor: str
    assessor_phone: str


@dataclass(frozen=True, kw_only=True)
class Completion:
    """Treatment ended: what came of it, and who follows up from here."""

    outcome: str = field(repr=False)
    follow_up: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Withdrawal:
    """The referral was withdrawn or retracted: who asked, and why."""

    by: str
    reason: str = field(repr=False)


Outcome = Acceptance | Refusal | Redirection | Completion | Withdrawal


@dataclass(frozen=True, kw_only=True)
class Opened:
    """Who opened the referral first, and when ("Åpnet av")."""

    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Answered:
    """The fate of one request: whether it took effect, or came too late (`code` says why)."""

    request: RequestId
    applied: bool
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class StatusUpdate:
    """`referral-status`: the holder's word, numbered. Carries the whole present state: any one suffices."""

    referral: ReferralId
    version: Version
    status: Status
    act: Act
    """What was done to get here; repeats of a status (opened, a note) name theirs."""
    changed_at: datetime
    author: Author | None
    """None when a machine did it."""
    referrer: Party
    holder: Party
    """The service that writes this; after `redirected` it is the outcome's `where` that holds."""
    receiver: Party
    """Whom this copy is addressed to: the referrer, or the service that sent the referral on."""
    received_at: datetime
    """When this service received it."""
    seniority_on: datetime
    """When the first service received it."""
    deadline: date
    """The last day the assessment is in time (the later reading of the law)."""
    warn_on: date
    """The same by the earlier reading."""
    assessed_at: datetime | None = None
    """When the right was first assessed (the clock stopped being watched)."""
    decided_at: datetime | None = None
    """When the present outcome was decided; later than `assessed_at` after a late decline."""
    opened: Opened | None = None
    outcome: Outcome | None = None
    appointment: Appointment | None = None
    started_on: date | None = None
    questions: tuple[Question, ...] = ()
    """Those without an answer."""
    answered: tuple[Answered, ...] = ()
    """Every request this service has dealt with so far."""
    note: str = field(default="", repr=False)
    """A note to the other side, with act NOTE_TO_REFERRER."""
    assessor: str = ""
    next_step: str = field(default="", repr=False)
    caused_by: MessageId | None = None
    """The message this answers, where it answers one."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of what happened to a referral: who, when, what, why. Written once, never changed (rule 6)."""

    at: datetime
    act: Act
    status: Status
    """After the act."""
    version: Version
    side: Side
    author: Author | None = None
    """None when a machine did it."""
    text: str = field(default="", repr=False)
    took_effect: bool = True
    """False for what came too late or was overtaken by a newer version."""
    code: str = ""
    """Why it took no effect."""
    request: RequestId | None = None
    question: str = field(default="", repr=False)
    """What was asked, where the text answers it."""
    outcome: Outcome | None = None
    appointment: Appointment | None = None
    attachments: tuple[Attachment, ...] = ()
    other: str = ""
    """The reference of the referral that this one replaces (with SEND) or is replaced by (with GIVE_UP)."""
