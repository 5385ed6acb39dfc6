"""What is logged, and how rows are bound together: the closed list of events, an entry, its leaf and the chain.

Pure. CRYPTO.md "Audit": leaf = SHA-256(0x00 || SHA-256(salt || canonical entry)), so that a later erasure can
drop salt and content while the structure stays, and an RFC 6962 tree can be built over the same leaves.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType
from uuid import UUID

import orjson

from handover.actors import Actor, Machine, Patient, Staff
from handover.ids import AgencyId, PersonId, ServiceId, StaffId

EntryId = NewType("EntryId", UUID)
"""One row of the log. Leads with the time in milliseconds (RFC 9562 version 7), so ids sort as time does."""

Detail = Mapping[str, str | int | bool | None]
"""What else belongs to the event; sealed with the entry. Codes and ids, texts only where the log needs them."""

SALT_BYTES: Final = 16
_LEAF: Final = b"\x00"
_CHAIN: Final = b"\x02"  # 0x01 is RFC 6962's interior node, kept for the Merkle tree over the same leaves
_PERSON: Final = b"\x03"


class Event(StrEnum):
    """Everything that is ever logged. A closed list: what is not here cannot be recorded."""

    # A person's data was read.
    REFERRAL_READ = "referral.read"
    REFERRAL_LIST = "referral.list"
    REFERRAL_SEARCH = "referral.search"
    REFERRAL_PREVIEW = "referral.preview"
    ATTACHMENT_READ = "attachment.read"
    WORKLIST_LIST = "worklist.list"
    PERSON_READ = "person.read"
    PERSON_LIST = "person.list"
    PERSON_SEARCH = "person.search"
    LOG_READ = "log.read"
    CONSENT_READ = "consent.read"
    API_READ = "api.read"
    API_SEARCH = "api.search"

    # A person's data was written.
    PERSON_CREATE = "person.create"
    PERSON_CHANGE = "person.change"
    ATTACHMENT_ADD = "attachment.add"
    ATTACHMENT_REMOVE = "attachment.remove"
    CONSENT_GIVE = "consent.give"
    CONSENT_WITHDRAW = "consent.withdraw"
    CONSENT_ASK = "consent.ask"
    CONSENT_ASK_NO_MORE = "consent.ask-no-more"
    CONSENT_DECLINE = "consent.decline"

    # A patient asks about a case or about an entry of this log, and is answered.
    INQUIRY_ASK = "inquiry.ask"
    INQUIRY_LIST = "inquiry.list"
    INQUIRY_READ = "inquiry.read"
    INQUIRY_ANSWER = "inquiry.answer"

    # A referral is written, registered, received.
    REFERRAL_CREATE_DRAFT = "referral.create-draft"
    REFERRAL_SAVE_DRAFT = "referral.save-draft"
    REFERRAL_DISCARD_DRAFT = "referral.discard-draft"
    REFERRAL_REGISTER_PAPER = "referral.register-paper"
    REFERRAL_RECEIVE = "referral.receive"
    REFERRAL_RECEIVE_UPDATE = "referral.receive-update"
    REFERRAL_RECEIVE_STATUS = "referral.receive-status"

    # Acts of its lifecycle, by the act's own name: `Event(f"referral.{act}")` (DESIGN section 4).
    REFERRAL_SEND = "referral.send"
    REFERRAL_UNDO_SEND = "referral.undo-send"
    REFERRAL_SEND_AGAIN = "referral.send-again"
    REFERRAL_GIVE_UP = "referral.give-up"
    REFERRAL_RETRACT = "referral.retract"
    REFERRAL_ANSWER = "referral.answer"
    REFERRAL_ANSWER_PART = "referral.answer-part"
    REFERRAL_SUPPLEMENT = "referral.supplement"
    REFERRAL_REQUEST_WITHDRAWAL = "referral.request-withdrawal"
    REFERRAL_NOTE_TO_RECEIVER = "referral.note-to-receiver"
    REFERRAL_RECORD_ARRIVAL = "referral.record-arrival"
    REFERRAL_OPEN = "referral.open"
    REFERRAL_TAKE = "referral.take"
    REFERRAL_ASSIGN = "referral.assign"
    REFERRAL_ASK = "referral.ask"
    REFERRAL_ACCEPT = "referral.accept"
    REFERRAL_SCHEDULE = "referral.schedule"
    REFERRAL_RESCHEDULE = "referral.reschedule"
    REFERRAL_CANCEL_APPOINTMENT = "referral.cancel-appointment"
    REFERRAL_NO_SHOW = "referral.no-show"
    REFERRAL_START = "referral.start"
    REFERRAL_COMPLETE = "referral.complete"
    REFERRAL_REJECT = "referral.reject"
    REFERRAL_REDIRECT = "referral.redirect"
    REFERRAL_CONFIRM_WITHDRAWAL = "referral.confirm-withdrawal"
    REFERRAL_NOTE_TO_REFERRER = "referral.note-to-referrer"
    REFERRAL_INTERNAL_NOTE = "referral.internal-note"
    REFERRAL_ARRIVE = "referral.arrive"
    REFERRAL_REDIRECT_ARRIVED = "referral.redirect-arrived"
    REFERRAL_REDIRECT_FAILED = "referral.redirect-failed"

    # A thread of messages is written, read, received; each by what was done: `Event(f"message.{doing}")`.
    MESSAGE_READ = "message.read"
    MESSAGE_LIST = "message.list"
    MESSAGE_SEARCH = "message.search"
    MESSAGE_PREVIEW = "message.preview"
    MESSAGE_WRITE = "message.write"
    MESSAGE_DISCARD = "message.discard"
    MESSAGE_SEND = "message.send"
    MESSAGE_UNDO_SEND = "message.undo-send"
    MESSAGE_SEND_AGAIN = "message.send-again"
    MESSAGE_RETRACT = "message.retract"
    MESSAGE_TELL_OF_RETRACTION = "message.tell-of-retraction"
    MESSAGE_CONFIRM_RETRACTION = "message.confirm-retraction"
    MESSAGE_OPEN = "message.open"
    MESSAGE_CHOOSE = "message.choose"
    MESSAGE_TAKE = "message.take"
    MESSAGE_DONE = "message.done"
    MESSAGE_WAIT_ON = "message.wait-on"
    MESSAGE_OBSERVE = "message.observe"
    MESSAGE_RECEIVE = "message.receive"
    MESSAGE_RECEIVE_STATUS = "message.receive-status"
    MESSAGE_RECEIVE_RETRACTION = "message.receive-retraction"
    MESSAGE_RECEIVE_DOCUMENT = "message.receive-document"
    MESSAGE_REFUSE_DOCUMENT = "message.refuse-document"
    MESSAGE_GIVE_UP_DOCUMENT = "message.give-up-document"
    MESSAGE_TELL_LEADER = "message.tell-leader"
    MESSAGE_OPENNESS = "message.openness"
    MESSAGE_JUSTIFY = "message.justify"
    MESSAGE_LINK = "message.link"
    MESSAGE_UNLINK = "message.unlink"
    MESSAGE_RECEIVE_LINK = "message.receive-link"
    MESSAGE_RECEIVE_UNLINK = "message.receive-unlink"

    # A handover is begun, shown, received.
    HANDOVER_START = "handover.start"
    HANDOVER_READ = "handover.read"
    HANDOVER_LIST = "handover.list"
    HANDOVER_PREVIEW = "handover.preview"
    HANDOVER_DOCUMENT_READ = "handover.document-read"
    HANDOVER_COPY = "handover.copy"
    HANDOVER_RECEIVE = "handover.receive"
    HANDOVER_RECEIVE_STATUS = "handover.receive-status"
    HANDOVER_RECEIVE_WITHDRAWAL = "handover.receive-withdrawal"

    # Acts of its lifecycle, by the act's own name: `Event(f"handover.{act}")` (DESIGN section 4).
    HANDOVER_WRITE = "handover.write"
    HANDOVER_INVITE = "handover.invite"
    HANDOVER_SEND = "handover.send"
    HANDOVER_UNDO_SEND = "handover.undo-send"
    HANDOVER_SEND_AGAIN = "handover.send-again"
    HANDOVER_GIVE_UP = "handover.give-up"
    HANDOVER_NOTE_TO_RECEIVER = "handover.note-to-receiver"
    HANDOVER_TELL_TRUSTED = "handover.tell-trusted"
    HANDOVER_CLOSE = "handover.close"
    HANDOVER_MARK = "handover.mark"
    HANDOVER_WRITE_OWN_WORDS = "handover.write-own-words"
    HANDOVER_PAUSE = "handover.pause"
    HANDOVER_RESUME = "handover.resume"
    HANDOVER_APPROVE = "handover.approve"
    HANDOVER_TAKE_BACK_YES = "handover.take-back-yes"
    HANDOVER_RELEASE_MORE = "handover.release-more"
    HANDOVER_WITHDRAW = "handover.withdraw"
    HANDOVER_REOPEN = "handover.reopen"
    HANDOVER_OPEN = "handover.open"
    HANDOVER_TAKE = "handover.take"
    HANDOVER_ASK = "handover.ask"
    HANDOVER_PLAN_MEETING = "handover.plan-meeting"
    HANDOVER_CANCEL_MEETING = "handover.cancel-meeting"
    HANDOVER_HOLD_MEETING = "handover.hold-meeting"
    HANDOVER_TAKE_OVER = "handover.take-over"
    HANDOVER_DECLINE = "handover.decline"
    HANDOVER_ANSWER_WITHDRAWAL = "handover.answer-withdrawal"
    HANDOVER_NOTE_TO_SENDER = "handover.note-to-sender"
    HANDOVER_INTERNAL_NOTE = "handover.internal-note"
    HANDOVER_ARRIVE = "handover.arrive"
    HANDOVER_YES_LAPSED = "handover.yes-lapsed"

    # What a team does with its work.
    WORK_ASSIGN = "work.assign"
    WORK_DONE = "work.done"
    WORK_SNOOZE = "work.snooze"
    WORK_GIVEN_BACK = "work.given-back"
    ABSENCE_SET = "absence.set"
    ABSENCE_END = "absence.end"
    TEAM_SETTING = "team.setting"
    WORK_NOTE = "work.note"
    TASK_RAISE = "task.raise"
    TASK_DONE = "task.done"
    TEXT_SAVE = "text.save"
    NOTICE_SEND = "notice.send"
    NOTICE_GIVE_UP = "notice.give-up"
    NOTICE_CHOOSE = "notice.choose"
    NOTICE_CONFIRM = "notice.confirm"

    # What machines did with a message (DESIGN rules 1-5).
    DELIVERY_QUEUED = "delivery.queued"
    DELIVERY_CANCELLED = "delivery.cancelled"
    DELIVERY_SENT = "delivery.sent"
    DELIVERY_DELIVERED = "delivery.delivered"
    DELIVERY_ACKNOWLEDGED = "delivery.acknowledged"
    DELIVERY_REFUSED = "delivery.refused"
    DELIVERY_LATE = "delivery.late"
    DELIVERY_EXPIRED = "delivery.expired"
    ENVELOPE_RECEIVED = "envelope.received"
    ENVELOPE_REPEATED = "envelope.repeated"
    ENVELOPE_REFUSED = "envelope.refused"
    ENVELOPE_CONFLICT = "envelope.conflict"
    ACKNOWLEDGEMENT_REFUSED = "acknowledgement.refused"
    BLOB_RECEIVED = "blob.received"
    BLOB_REFUSED = "blob.refused"

    # Who came in, and who did not.
    LOGIN = "login.succeeded"
    LOGIN_FAILED = "login.failed"
    LOGOUT = "login.ended"
    STEP_UP = "login.step-up"
    AGENCY_SWITCH = "login.switch-agency"
    ACCESS_REFUSED = "access.refused"
    TOKEN_ISSUED = "token.issued"  # noqa: S105 - an event's name
    TOKEN_REFUSED = "token.refused"  # noqa: S105 - an event's name
    STAFF_REGISTER = "staff.register"
    STAFF_CLOSE = "staff.close"
    ROLE_GRANT = "role.grant"
    ROLE_REVOKE = "role.revoke"

    # Keys and trust.
    KEY_CREATE = "key.create"
    KEY_ACTIVATE = "key.activate"
    KEY_RETIRE = "key.retire"
    KEY_DESTROY = "key.destroy"
    KEY_COMPROMISED = "key.compromised"
    DIRECTORY_ENROL = "directory.enrol"
    DIRECTORY_SIGN = "directory.sign"
    DIRECTORY_PULL = "directory.pull"
    DIRECTORY_REFUSED = "directory.refused"
    STATEMENT_PUBLISH = "statement.publish"
    STATEMENT_REFUSED = "statement.refused"
    SERVICE_CHANGE = "service.change"
    SERVICE_CONFIRM = "service.confirm"
    SERVICE_REPORT = "service.report"
    SERVICE_REPORT_RECEIVE = "service.report-receive"
    SERVICE_REPORT_ANSWER = "service.report-answer"
    SERVICE_REPORT_RECEIVE_ANSWER = "service.report-receive-answer"

    # What those who run the node did.
    OPERATOR_LIST = "operator.list"
    OPERATOR_RETRY = "operator.retry"
    OPERATOR_STOP = "operator.stop"
    OPERATOR_GIVE_UP = "operator.give-up"
    OPERATOR_PAUSE = "operator.pause"
    OPERATOR_RESUME = "operator.resume"
    STATISTICS_READ = "statistics.read"
    LOG_VERIFY = "log.verify"
    BACKUP = "operator.backup"
    RESTORE = "operator.restore"
    EXPORT = "export.made"


READS: Final = frozenset(
    {
        Event.REFERRAL_READ,
        Event.REFERRAL_OPEN,
        Event.REFERRAL_LIST,
        Event.REFERRAL_SEARCH,
        Event.HANDOVER_READ,
        Event.HANDOVER_OPEN,
        Event.HANDOVER_LIST,
        Event.HANDOVER_PREVIEW,
        Event.HANDOVER_DOCUMENT_READ,
        Event.MESSAGE_READ,
        Event.MESSAGE_OPEN,
        Event.MESSAGE_LIST,
        Event.MESSAGE_SEARCH,
        Event.MESSAGE_PREVIEW,
        Event.ATTACHMENT_READ,
        Event.WORKLIST_LIST,
        Event.PERSON_READ,
        Event.PERSON_LIST,
        Event.PERSON_SEARCH,
        Event.INQUIRY_LIST,
        Event.INQUIRY_READ,
        Event.LOG_READ,
        Event.CONSENT_READ,
        Event.API_READ,
        Event.API_SEARCH,
    }
)
"""Events in which somebody saw a person's data."""


class Outcome(StrEnum):
    """Whether what was attempted happened."""

    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Record:
    """What somebody asks to have logged. A list view is one record that names all persons shown."""

    event: Event
    agency: AgencyId
    at: datetime
    actor: Actor | None = field(repr=False)
    """None only where nobody could be told who it was (a failed login, an anonymous request)."""
    persons: tuple[PersonId, ...] = ()
    subject: str | None = None
    """The thing it was about: a referral, a message, a key. An id, never a name."""
    service: ServiceId | None = None
    detail: Detail = field(default_factory=dict, repr=False)
    outcome: Outcome = Outcome.DONE


@dataclass(frozen=True, kw_only=True)
class Who:
    """Who did it, as they were called then."""

    kind: str
    """`staff`, `patient`, `machine` or `unknown`."""
    name: str = field(repr=False)
    title: str = field(default="", repr=False)
    id: UUID | None = None
    """The staff member's id."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One logged event, opened. `place` is None until the sequencer has given it one (a second or so)."""

    id: EntryId
    agency: AgencyId
    at: datetime
    event: Event
    outcome: Outcome
    who: Who
    persons: tuple[PersonId, ...]
    subject: str | None
    service: ServiceId | None
    detail: Detail = field(repr=False)
    place: int | None
    patient_seq: int | None = None
    """This entry's number in the asked patient's own log."""


PATIENTS_OWN: Final = frozenset({Event.HANDOVER_MARK, Event.HANDOVER_WRITE_OWN_WORDS, Event.ATTACHMENT_READ})
"""What patients do alone with what is theirs to choose: the rows stand in the log, and in the patient's own.
Whoever looks through the agency's whole log is not shown them: they would count what a patient keeps private."""


@dataclass(frozen=True, kw_only=True)
class Sought:
    """Which entries are looked for; what is not named does not matter."""

    person: PersonId | None = None
    staff: StaffId | None = None
    event: Event | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Before this instant."""

    @property
    def first(self) -> EntryId | None:
        """The lowest id an entry of the period can have."""
        return None if self.since is None else entry_id(self.since, UUID(int=0))

    @property
    def end(self) -> EntryId | None:
        """The lowest id of what comes after the period."""
        return None if self.until is None else entry_id(self.until, UUID(int=0))


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong with a log: a stable code, and the place (None: no place yet, or the whole log)."""

    code: str
    place: int | None = None


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What a look through a whole log showed."""

    agency: AgencyId
    rows: int
    """Rows that have a place and were checked."""
    waiting: int
    """Rows that wait for a place; their content was checked, their order is not yet promised."""
    head: bytes
    findings: tuple[Finding, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing was changed, removed or reordered."""
        return not self.findings


def entry_id(at: datetime, random: UUID) -> EntryId:
    """Return an id that sorts by time: the milliseconds of `at`, then bits of `random` (RFC 9562 section 5.7)."""
    milliseconds = int(at.timestamp() * 1000) & (1 << 48) - 1
    high = random.int >> 64 & 0xFFF
    low = random.int & (1 << 62) - 1
    return EntryId(UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low))


def canonical(record: Record, id_: EntryId) -> bytes:
    """Return the one spelling of an entry that is hashed and sealed."""
    return orjson.dumps(
        {
            "v": 1,
            "id": id_.hex,
            "agency": record.agency,
            "at": spelt(record.at),
            "event": record.event.value,
            "outcome": record.outcome.value,
            "who": _who(record.actor),
            "persons": [person.hex for person in record.persons],
            "subject": record.subject,
            "service": record.service,
            "detail": dict(record.detail),
        },
        option=orjson.OPT_SORT_KEYS,
    )


def spelt(at: datetime) -> int:
    """Return an instant as whole microseconds since 1970 (no two spellings of one time)."""
    seconds = int(at.replace(microsecond=0).timestamp())
    return seconds * 1_000_000 + at.microsecond


def pack(persons: Sequence[PersonId]) -> bytes:
    """Return the persons' ids, sixteen bytes each."""
    return b"".join(person.bytes for person in persons)


def unpack(packed: bytes) -> tuple[PersonId, ...]:
    """Return the persons a row names."""
    return tuple(PersonId(UUID(bytes=packed[at : at + 16])) for at in range(0, len(packed), 16))


def who(said: Mapping[str, str | None]) -> Who:
    """Return who acted, from an opened entry."""
    return Who(
        kind=said["kind"] or "unknown",
        name=said.get("name") or "",
        title=said.get("title") or "",
        id=UUID(said["id"]) if said.get("id") else None,
    )


def leaf(salt: bytes, entry: bytes) -> bytes:
    """Return the leaf hash of one entry."""
    return hashlib.sha256(_LEAF + hashlib.sha256(salt + entry).digest()).digest()


def genesis(agency: AgencyId) -> bytes:
    """Return the chain before the first row of an agency's log."""
    return hashlib.sha256(b"handover audit 1|" + agency.encode()).digest()


def link(previous: bytes, leaf_hash: bytes) -> bytes:
    """Return the chain after one more leaf."""
    return hashlib.sha256(_CHAIN + previous + leaf_hash).digest()


def person_genesis(agency: AgencyId, person: PersonId) -> bytes:
    """Return the chain before the first entry of one patient's own log."""
    return hashlib.sha256(b"handover audit person 1|" + agency.encode() + b"|" + person.bytes).digest()


def person_link(previous: bytes, leaf_hash: bytes) -> bytes:
    """Return a patient's own chain after one more entry about them."""
    return hashlib.sha256(_PERSON + previous + leaf_hash).digest()


def _who(actor: Actor | None) -> dict[str, str | None]:
    match actor:
        case Staff():
            return {
                "kind": "staff",
                "id": actor.id.hex,
                "name": actor.name,
                "title": actor.title,
                "hpr": actor.hpr,
            }
        case Patient():
            return {"kind": "patient", "name": actor.name, "number": actor.number}
        case Machine():
            return {"kind": "machine", "name": actor.name}
        case None:
            return {"kind": "unknown"}
