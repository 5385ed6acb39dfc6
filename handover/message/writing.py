"""Drafts: a new thread, or a reply; saved on the server as it is typed. What is addressed is always a service."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from handover.actors import Author, Party, Staff
from handover.audit.model import Event as Logged
from handover.db import one_at_a_time
from handover.errors import Conflict, NotPermitted
from handover.exchange import files
from handover.exchange.files import BadFile
from handover.ids import CommunicationId, PersonId, ServiceId, ThreadId, new_reference, new_uuid
from handover.message import cases, guarding, scope, speaking, store
from handover.message.anonymity import NotInACase
from handover.message.cases import Said, Turn
from handover.message.lifecycle import Status
from handover.message.model import (
    MAX_FILES,
    Content,
    Doing,
    File,
    Heading,
    Letter,
    Member,
    Message,
    Subject,
    check_heading,
)
from handover.message.speaking import Written
from handover.message.standing import (
    Copy,
    Standing,
    letter_of,
    shown,
    with_messages,
    written_here,
)
from handover.message.steps import Shelf, shelf_of
from handover.message.store import WRITERS, Stored, ThreadNotFound
from handover.person import service as person
from handover.person.age import refuse_under_age
from handover.person.alike import ANOTHER, settle
from handover.person.model import Identity, differences
from handover.team import answering

_JUST_BEGUN: Final = timedelta(hours=1)
"""So long the same button leads to the draft that it began."""


class OtherPatient(Conflict):
    """What is to be forwarded is about somebody else than the thread it would go into."""

    code = "message.other-patient"


class AlreadySent(Conflict):
    """Something was sent in the thread: its subject and its patient stay as they are."""

    code = "message.already-sent"


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A draft, and the thread it stands in."""

    thread: ThreadId
    message: CommunicationId
    left_out: bool = False
    """Whether it was to bring something along that stayed behind."""


@dataclass(frozen=True, kw_only=True)
class Brings:
    """What the draft of a new thread has from another thread."""

    source: Standing
    """Where its documents lie, and those of what it forwards."""
    forwards: Sequence[Message] = ()
    stood_under: tuple[Subject, ...] = ()
    """The subjects under which its own words were sent before."""


@dataclass(frozen=True, kw_only=True)
class About:
    """What a new thread is about, as its writer says."""

    subject: Subject
    line: str = field(default="", repr=False)
    patient: Identity | None = field(default=None, repr=False)
    purpose: str | None = None
    """None: what the subject is usually sent for."""
    same: PersonId | None = None
    """Who of those the agency knows by that name and birth date a patient without a number is (`alike.ANOTHER`:
    none of them)."""


# --- a new thread ------------------------------------------------------------------------------------------------


def start_draft(
    session: Session,
    *,
    by: Staff,
    service: ServiceId,
    about: About,
    to: Sequence[ServiceId] = (),
    content: Content | None = None,
    known: PersonId | None = None,
    now: datetime,
) -> Begun:
    """Begin a thread with a draft at one of the writer's services. `known`: as whom the patient is known already.

    Asked for once more without content, it is the same draft until something is written in it. Raises
    NotPermitted, BadReceiver, BadHeading, BadPurpose, KnownAlready, TooYoung, and as `check_draft`.
    """
    home = _home(by, service)
    if content is None:
        again = _begun_before(session, home, about, to, by=by, known=known, now=now)
        if again is not None:
            return again
    copy = new_thread(session, home, about, now=now, known=known)
    return begun(session, copy, to=to, content=content or Content(), by=by, now=now)


def change_about(session: Session, turn: Turn, about: About) -> Stored:
    """Change what a thread is about, while nothing was sent in it. Raises AlreadySent, BadHeading, TooYoung.

    Its draft counts as saved anew: what was looked at before is not what would be sent now.
    """
    stored = cases.fetch(session, turn)
    standing = stored.standing
    if shelf_of(stored.copy) is not Shelf.DRAFT:
        raise AlreadySent
    is_same = about.patient is not None and about.patient == cases.patient_of(session, standing)
    known = standing.person if is_same else None
    fresh = _standing(session, standing.home, about, now=turn.now, known=known)
    heading = replace(fresh.heading, thread=standing.thread, reference=standing.heading.reference)
    changed = replace(standing, heading=heading, person=fresh.person, purpose=fresh.purpose, members=fresh.members)
    _refuse_other_patient(changed, stored.copy.messages, standing.person)
    drafts = (each for each in stored.copy.messages if each.status is Status.DRAFT)
    saved = (replace(each, written_at=turn.now) for each in drafts)
    after = with_messages(Copy(changed, stored.copy.messages), *saved, now=turn.now)
    return cases.record(session, stored, after, Doing.WRITE, by=turn.by, now=turn.now)


# --- in a thread that is here ------------------------------------------------------------------------------------


def reply(
    session: Session,
    turn: Turn,
    *,
    to_message: CommunicationId | None = None,
    to: Sequence[ServiceId] | None = None,
    content: Content | None = None,
) -> CommunicationId:
    """Begin a reply to everyone in the thread, or to some; the latest message is what it answers."""
    stored = cases.fetch(session, turn)
    standing = stored.standing
    receivers = standing.others if to is None else scope.addressed(session, to, standing.home, now=turn.now)
    seen = [each for each in shown(stored.copy) if each.status is not Status.DRAFT]
    answered = to_message or (seen[-1].id if seen else None)
    if answered is not None:
        stored.copy.message(answered)
    written = Written(to=receivers, content=content or Content(), replies_to=answered)
    return add_draft(session, stored, turn, written)


def save_draft(
    session: Session,
    turn: Turn,
    message: CommunicationId,
    content: Content,
    *,
    to: Sequence[ServiceId] | None = None,
) -> Stored:
    """Save a draft; its documents are those attached, whatever `content` names. `to` None: as it was."""
    stored = cases.fetch(session, turn)
    draft = written_here(stored.copy, message)
    receivers = draft.to if to is None else scope.addressed(session, to, stored.standing.home, now=turn.now)
    written = Written(
        to=receivers, content=replace(content, files=draft.content.files), replies_to=draft.replies_to
    )
    return _saved(session, stored, turn, message, written)


def attach(session: Session, turn: Turn, message: CommunicationId, name: str, data: bytes) -> File:
    """Add a document to a draft: PDF, JPEG or PNG by content. Raises BadFile, NotInACase; the others are kept."""
    stored = cases.fetch(session, turn)
    if guarding.is_anonymous(stored.standing):
        raise NotInACase(fields={"file": ["not-in-a-case"]})
    draft = written_here(stored.copy, message)
    along = [file for each in stored.copy.messages if each.via == message for file in each.content.files]
    file = checked_file(name, data, held=(*draft.content.files, *along))
    store.add_file(session, stored.standing, data)
    held = (*(each for each in draft.content.files if each.sha256 != file.sha256), file)
    _with_files(session, stored, turn, draft, held)
    cases.log(session, stored.standing, Logged.ATTACHMENT_ADD, by=turn.by, now=turn.now)
    return file


def detach(session: Session, turn: Turn, message: CommunicationId, sha256: bytes) -> None:
    """Take a document off a draft. Raises ThreadNotFound."""
    stored = cases.fetch(session, turn)
    draft = written_here(stored.copy, message)
    left = tuple(each for each in draft.content.files if each.sha256 != sha256)
    if len(left) == len(draft.content.files):
        raise ThreadNotFound
    saved = _with_files(session, stored, turn, draft, left)
    store.drop_unused_files(session, saved.copy)
    cases.log(session, stored.standing, Logged.ATTACHMENT_REMOVE, by=turn.by, now=turn.now)


def discard(session: Session, turn: Turn, message: CommunicationId) -> None:
    """Throw a draft away; with the first of a thread the thread is gone."""
    stored = cases.fetch(session, turn)
    after = speaking.discard(stored.copy, message, now=turn.now)
    answering.end(session, cases.place_of(stored.standing), by=turn.by)
    saved = cases.record(
        session, stored, after, Doing.DISCARD, by=turn.by, now=turn.now, said=Said(message=message)
    )
    if shelf_of(after) is Shelf.VANISHED:
        store.drop(session, saved.standing)
    else:
        store.drop_unused_files(session, saved.copy)


def preview(session: Session, turn: Turn, message: CommunicationId) -> Letter:
    """Return a draft as its first receiver will see it; nothing leaves."""
    stored = cases.fetch(session, turn, lock=False)
    draft = written_here(stored.copy, message)
    home = stored.standing.home
    cases.log(session, stored.standing, Logged.MESSAGE_PREVIEW, by=turn.by, now=turn.now)
    as_written = replace(draft, author=Author.of(turn.by, home.service), written_at=turn.now)
    patient = cases.patient_of(session, stored.standing)
    return letter_of(stored.copy, as_written, draft.to[0] if draft.to else home, patient)


# --- what every beginning does -----------------------------------------------------------------------------------


def new_thread(
    session: Session, home: Party, about: About, *, now: datetime, known: PersonId | None = None
) -> Copy:
    """Return a thread's empty copy at `home`. Raises BadHeading, BadPurpose, KnownAlready, TooYoung."""
    return Copy(_standing(session, home, about, now=now, known=known))


def begun(
    session: Session,
    copy: Copy,
    *,
    to: Sequence[ServiceId],
    content: Content,
    by: Staff,
    now: datetime,
    brings: Brings | None = None,
) -> Begun:
    """Store a new thread with its draft; where it brings nothing it has no documents, whatever `content` names."""
    home, message = copy.standing.home, CommunicationId(new_uuid())
    kept = content if brings is not None else replace(content, files=())
    forwards, stood_under = ((), ()) if brings is None else (brings.forwards, brings.stood_under)
    written = Written(to=scope.addressed(session, to, home, now=now), content=kept)
    author = Author.of(by, home.service)
    after = speaking.begin(
        copy, message, written, author=author, now=now, forwards=forwards, stood_under=stood_under
    )
    owned = Copy(replace(after.standing, owner=by.id), after.messages)
    stored = store.add(session, owned, now=now)
    if brings is not None:
        for file in dict.fromkeys(file for each in owned.messages for file in each.files_here):
            store.add_file(session, owned.standing, store.file_data(session, brings.source, file))
    cases.record(session, stored, owned, Doing.WRITE, by=by, now=now, said=Said(message=message))
    return Begun(thread=copy.standing.thread, message=message)


def add_draft(
    session: Session,
    stored: Stored,
    turn: Turn,
    written: Written,
    *,
    forwards: Sequence[Message] = (),
) -> CommunicationId:
    """Store one more draft in a thread that is here."""
    message = CommunicationId(new_uuid())
    after = speaking.begin(
        stored.copy,
        message,
        written,
        author=Author.of(turn.by, stored.standing.home.service),
        now=turn.now,
        forwards=forwards,
    )
    said = Said(message=message)
    cases.record(session, stored, after, Doing.WRITE, by=turn.by, now=turn.now, said=said)
    return message


def untouched(
    copy: Copy, written: Written, forwards: Sequence[Message] = (), *, by: Staff
) -> CommunicationId | None:
    """Return a draft of that writer's with the same receivers and the same messages, as it was begun."""
    author, brings = Author.of(by, copy.standing.home.service), tuple(each.id for each in forwards)
    same = (
        each.id
        for each in copy.messages
        if each.status is Status.DRAFT
        and (each.author, each.to, each.content) == (author, written.to, written.content)
        and (each.replies_to, each.forwards) == (None, brings)
    )
    return next(same, None)


# --- checks ------------------------------------------------------------------------------------------------------


def checked_file(name: str, data: bytes, *, held: Sequence[File] = ()) -> File:
    """Return what a document is, by its content; it goes with `held`. Raises BadFile, saying why."""
    if len(held) >= MAX_FILES:
        raise BadFile("file.too-many", fields={"file": ["too-many"]}, most=MAX_FILES)
    return files.checked(name, data, held=sum(each.length for each in held))


def _home(by: Staff, service: ServiceId) -> Party:
    if not store.works_there(by, service):
        raise NotPermitted("message.no-role", roles=[role.value for role in WRITERS])
    return Party(by.agency, service)


def _standing(
    session: Session, home: Party, about: About, *, now: datetime, known: PersonId | None = None
) -> Standing:
    heading = Heading(
        thread=ThreadId(new_uuid()), reference=new_reference(), subject=about.subject, line=about.line.strip()
    )
    check_heading(heading, has_patient=about.patient is not None)
    if about.patient is not None:
        refuse_under_age(about.patient.birth_date, now)
    owner = known
    if owner is None and about.patient is not None:
        owner = settle(session, home.agency, about.patient, same=about.same, now=now)
    return Standing(
        home=home,
        heading=heading,
        person=owner,
        purpose=scope.purpose_of(about.subject, about.purpose),
        members=(Member(party=home, since=now, added_by=home if about.subject is Subject.ANONYMOUS else None),),
        began=home if about.subject is Subject.ANONYMOUS else None,
        created_at=now,
        changed_at=now,
    )


def _begun_before(
    session: Session,
    home: Party,
    about: About,
    to: Sequence[ServiceId],
    *,
    by: Staff,
    known: PersonId | None,
    now: datetime,
) -> Begun | None:
    """Return the same as this writer has just begun and not written in: a second click begins no other."""
    one_at_a_time(session, "message-begun", str(by.id))
    written = Written(to=scope.addressed(session, to, home, now=now))
    purpose = scope.purpose_of(about.subject, about.purpose)
    for each in store.begun_since(session, home, by, now - _JUST_BEGUN):
        standing, draft = each.standing, untouched(each.copy, written, by=by)
        alike = (standing.heading.subject, standing.heading.line) == (about.subject, about.line.strip())
        is_same = alike and standing.purpose == purpose and _is_about(session, standing, about, known)
        if draft is not None and is_same:
            return Begun(thread=standing.thread, message=draft)
    return None


def _is_about(session: Session, standing: Standing, about: About, known: PersonId | None) -> bool:
    """Whether a thread is about whom `about` means; with neither number nor choice: whom it was begun with."""
    said, held = about.patient, cases.patient_of(session, standing)
    if said is None or held is None or standing.person is None:
        return said is held
    if known is not None:
        return standing.person == known
    if said.number is None and about.same not in {None, ANOTHER}:
        return standing.person == about.same
    is_alike = held.number == said.number and not differences(held, said)
    made_at = person.made_at(session, standing.home.agency, standing.person)
    return is_alike and (said.number is not None or made_at == standing.created_at)


def _saved(session: Session, stored: Stored, turn: Turn, message: CommunicationId, written: Written) -> Stored:
    author = Author.of(turn.by, stored.standing.home.service)
    after = speaking.rewrite(stored.copy, message, written, author=author, now=turn.now)
    after = guarding.without_old_reasons(session, after, after.message(message), by=turn.by, now=turn.now)
    said = Said(message=message)
    return cases.record(session, stored, after, Doing.WRITE, by=turn.by, now=turn.now, said=said)


def _with_files(session: Session, stored: Stored, turn: Turn, draft: Message, held: tuple[File, ...]) -> Stored:
    written = Written(to=draft.to, content=replace(draft.content, files=held), replies_to=draft.replies_to)
    return _saved(session, stored, turn, draft.id, written)


def _refuse_other_patient(after: Standing, messages: Sequence[Message], before: PersonId | None) -> None:
    brings = any(each.via is not None for each in messages)
    if brings and before is not None and after.person != before:
        raise OtherPatient
