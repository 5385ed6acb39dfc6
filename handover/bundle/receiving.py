"""What the exchange hands in about handovers: a document, a word or a note of the other side, a withdrawal.

`app.py` registers these. Invalid and NotFound become a signed `fatal-error` and a task at the sender; anything
else is tried again. Each is idempotent and may come in any order: `standing` decides what counts.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256 as hash_of

from sqlalchemy.orm import Session

from handover.actors import Party
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.bundle import (
    afterwards,
    cases,
    fhir,
    following,
    identity,
    noticing,
    sending,
    store,
    telling,
)
from handover.bundle.document import Document
from handover.bundle.fhir import view
from handover.bundle.lifecycle import Act, Side, Status, Version
from handover.bundle.model import Entry, Frozen, Handed, Note, Origin, RequestId, StatusUpdate, Wishes
from handover.bundle.standing import (
    WITHDRAWN_THERE,
    NotTheHolder,
    NotYetHere,
    Standing,
    adopt,
    is_taken_back,
    is_too_late,
    noted,
    owes_withdrawal,
    take_in,
    take_withdrawal,
)
from handover.bundle.store import Kept, Stored
from handover.directory import service as directory
from handover.errors import Invalid, NotFound
from handover.exchange import blobs
from handover.exchange.model import Event, Received, SealedBlob
from handover.exchange.wiring import Evidence, Products
from handover.fhir.parse import parse
from handover.ids import HandoverId
from handover.person import service as person
from handover.person.age import refuse_under_age
from handover.person.model import Identity
from handover.team import refusing

MAX_ROUND = 99
"""A handover that was taken back and given anew more often than this is a fault."""


class NotFromSender(Invalid):
    """The message says it is from another agency than the one that signed it, or to another than us."""

    code = "bundle.not-from-sender"


class NotAService(NotFound):
    """There is no such service here, or it takes no handovers."""

    code = "bundle.unknown-service"


class NotApproved(Invalid):
    """The document is not the one that the patient said yes to."""

    code = "bundle.not-approved"


class OtherPatient(Invalid):
    """A later document of the same handover is about somebody else."""

    code = "bundle.other-patient"


def register(products: Products) -> None:
    """Tell the exchange what belongs to a handover."""
    products.register(
        Event.HANDOVER_BUNDLE,
        receive=receive_bundle,
        may_still_go=sending.may_still_go,
        on_delivery=following.on_delivery,
        on_infected=refusing.tell_of_refused,
    )
    products.register(
        Event.HANDOVER_STATUS,
        receive=receive_status,
        may_still_go=sending.may_note_still_go,
        on_delivery=following.on_delivery,
    )
    products.register(Event.HANDOVER_WITHDRAW, receive=receive_withdrawal, on_delivery=following.on_delivery)


# --- a document --------------------------------------------------------------------------------------------------


def receive_bundle(session: Session, received: Received) -> Evidence | None:
    """Take in a document that the patient approved: a new handover, a new round, or one more item of it.

    What the patient has taken back meanwhile is answered with `ok`, and nothing of it is kept.
    """
    handed, sealed = fhir.read_handed(received.resource)
    _check_way(handed.sender, handed.receiver, received)
    sha256 = hash_of(handed.document).hexdigest()
    if handed.approval.sha256 != sha256:
        raise NotApproved
    if not 1 <= handed.round <= MAX_ROUND:
        raise Invalid("bundle.bad-version")
    document = view.read_checked(parse(handed.document), sha256)
    held = store.at_home(session, handed.receiver, Side.RECEIVER, handed.handover)
    if held is None:
        return _first(session, handed, document, sealed, received)
    return _again(session, held, handed, document, sealed, received)


def _first(
    session: Session, handed: Handed, document: Document, sealed: Sequence[SealedBlob], received: Received
) -> Evidence | None:
    now = received.received_at
    if handed.round <= store.taken_back(session, handed.receiver, handed.sender.agency, handed.handover):
        _log_without_copy(session, handed.receiver, handed.handover, Logged.HANDOVER_RECEIVE, now)
        return _drop(session, sealed, received)
    if handed.supplements is not None:
        raise NotYetHere
    _check_service(session, handed.receiver)
    refuse_under_age(document.patient.birth_date, now)
    standing = Standing(
        side=Side.RECEIVER,
        home=handed.receiver,
        handover=handed.handover,
        reference=handed.reference,
        status=Status.RECEIVED,
        version=Version(handed.round, 1),
        sender=handed.sender,
        receiver=handed.receiver,
        person=person.recognise(session, handed.receiver.agency, document.patient, now=now),
        clinician=document.author,
        created_at=now,
        changed_at=now,
        sent_at=handed.sent_at,
        received_at=now,
        approval=handed.approval,
        documents=(document.sha256,),
        received_in=(received.message,),
    )
    standing = _as_said(standing, document)
    line = _line(standing, Act.ARRIVE, Side.MACHINE, now, sha256=document.sha256)
    stored = store.add(session, standing, now=now, entries=[line])
    _keep(session, stored, handed, document, sealed, received)
    return None


def _again(
    session: Session,
    held: Stored,
    handed: Handed,
    document: Document,
    sealed: Sequence[SealedBlob],
    received: Received,
) -> Evidence | None:
    before, now = held.standing, received.received_at
    after = take_in(before, handed, document.sha256, now=now)
    if is_taken_back(before, handed.round):
        _log(session, held, Logged.HANDOVER_RECEIVE, now)
        return _drop(session, sealed, received)
    if document.sha256 not in after.documents or after == before:
        brought = replace(before, received_in=(*before.received_in, received.message))
        store.save(
            session, held, brought, now=held.updated_at
        )  # its evidence goes with the rest, if that is deleted
        _log(session, held, Logged.HANDOVER_RECEIVE, now)
        return None
    if not _is_about_the_same(session, held, document.patient):
        raise OtherPatient
    is_supplement = handed.supplements is not None
    after = replace(after, received_in=(*before.received_in, received.message))
    after = after if is_supplement else _as_said(replace(after, clinician=document.author), document)
    act, side = (Act.RELEASE_MORE, Side.PATIENT) if is_supplement else (Act.ARRIVE, Side.MACHINE)
    line = _line(after, act, side, now, sha256=document.sha256)
    _keep(session, store.save(session, held, after, now=now, entries=[line]), handed, document, sealed, received)
    return None


def _drop(session: Session, sealed: Sequence[SealedBlob], received: Received) -> Evidence:
    """Keep nothing of what was taken back: neither its files nor its signed bytes."""
    blobs.drop_all(session, received, sealed)
    return Evidence.DIGEST


def _is_about_the_same(session: Session, held: Stored, patient: Identity) -> bool:
    """Whether a later document is about the same person; without a number, name and birth date say so."""
    known = person.identity_of(session, held.agency, held.standing.person)
    if known.number and patient.number:
        return person.of_number(session, held.agency, patient.number) == held.standing.person
    same = (known.given, known.family, known.birth_date)
    return same == (patient.given, patient.family, patient.birth_date)


def _as_said(standing: Standing, document: Document) -> Standing:
    """Return the copy with what its document says about the handover itself."""
    return replace(
        standing,
        wishes=Wishes(meeting=document.wants_meeting, note=document.meeting_note),
        take_over_by=document.take_over_by,
        language=document.language,
    )


def _keep(
    session: Session,
    stored: Stored,
    handed: Handed,
    document: Document,
    sealed: Sequence[SealedBlob],
    received: Received,
) -> None:
    """Keep the document as it came, and its files. Raises what `take_all` raises."""
    standing, now = stored.standing, received.received_at
    for data in blobs.take_all(session, received, sealed):
        store.add_file(session, standing, data)
    frozen = Frozen(sha256=document.sha256, document=handed.document, files=document.files, frozen_at=now)
    origin = Origin(files=document.files, round=handed.round, supplements=handed.supplements)
    store.add_document(session, standing, Kept(frozen, origin))
    identity.ask_a_person(session, stored, document.patient, now=now)
    _log(session, stored, Logged.HANDOVER_RECEIVE, now)
    cases.plan(session, standing, by=cases.machine(stored.agency), now=now)


# --- a word of the receiver, or a note of either side ------------------------------------------------------------


def receive_status(session: Session, received: Received) -> Evidence | None:
    """Take in what the receiver decided, or a note: newer states change our copy, older ones are history."""
    told = fhir.read_status(received.resource)
    if told.note is not None and told.note.from_sender:
        _check_way(told.sender, told.receiver, received)
        return _note_of_sender(session, told, told.note, received)
    _check_way(told.receiver, told.sender, received)
    ours = store.at_home(session, told.sender, Side.SENDER, told.handover)
    if ours is None:
        raise NotTheHolder
    _adopt(session, ours, told, received.received_at)
    return None


def _note_of_sender(session: Session, told: StatusUpdate, note: Note, received: Received) -> Evidence | None:
    stored = store.at_home(session, told.receiver, Side.RECEIVER, told.handover)
    if stored is None:
        return _note_about_nothing(session, told, received)
    if stored.standing.sender != told.sender:
        raise NotTheHolder
    if _is_known(session, stored, note.id):
        return None
    if is_too_late(stored.standing, note):
        silent = replace(note, text="")
        line = _line(stored.standing, Act.NOTE_TO_RECEIVER, Side.SENDER, note.written_at, note=silent)
        _saved(session, stored, stored.standing, [line], received.received_at)
        return Evidence.DIGEST
    after = noted(stored.standing, note)
    after = replace(after, received_in=(*after.received_in, received.message))
    line = _line(after, Act.NOTE_TO_RECEIVER, Side.SENDER, note.written_at, note=note)
    _saved(session, stored, after, [line], received.received_at)
    return None


def _note_about_nothing(session: Session, told: StatusUpdate, received: Received) -> Evidence:
    """Let go of a note about what was taken back before it came; else raises NotYetHere: the rest is to come."""
    back = store.taken_back(session, told.receiver, told.sender.agency, told.handover)
    if told.version.round > back:
        raise NotYetHere
    _log_without_copy(session, told.receiver, told.handover, Logged.HANDOVER_RECEIVE_STATUS, received.received_at)
    return Evidence.DIGEST


def _adopt(session: Session, stored: Stored, told: StatusUpdate, now: datetime) -> None:
    before = stored.standing
    after = adopt(before, told)
    lines = []
    if told.note is not None and not _is_known(session, stored, told.note.id):
        after = noted(after, told.note)
        act = Act.ASK if told.note.is_question else Act.NOTE_TO_SENDER
        lines.append(_line(after, act, Side.RECEIVER, told.note.written_at, note=told.note))
    elif told.note is None and told.version != before.version:
        lines.append(_said(before, after, told))
    saved = _saved(session, stored, after, lines, now)
    if told.note is None and after.version == told.version != before.version:
        by = cases.machine(saved.agency)
        noticing.tell_patient(session, after, cases.place_of(after), _act_of(before, told), by=by, now=now)
    if owes_withdrawal(after):
        afterwards.ask_to_take_back(session, saved, now=now)


def _said(before: Standing, after: Standing, told: StatusUpdate) -> Entry:
    """Return the line for a word of the receiver: what it decided, and whether that still counted."""
    is_answer = told.status is Status.WITHDRAWAL_NOTIFIED
    return Entry(
        at=told.at,
        act=_act_of(before, told),
        status=told.status,
        version=told.version,
        side=Side.MACHINE if is_answer else Side.RECEIVER,
        author=None if is_answer else told.author,
        took_effect=after.version == told.version,
        meeting=told.meeting if told.meeting != before.meeting else None,
        take_over=told.take_over if told.take_over != before.take_over else None,
        decline=told.decline,
        withdrawal=told.withdrawal,
    )


def _act_of(before: Standing, told: StatusUpdate) -> Act:
    """Return which act led to a word: its status says so, but for a meeting that was called off."""
    is_off = told.meeting is not None and bool(told.meeting.cancelled_because)
    if told.status is Status.OPENED and is_off and told.meeting != before.meeting:
        return Act.CANCEL_MEETING
    return _LEADS_TO[told.status]


_LEADS_TO = {
    Status.RECEIVED: Act.ARRIVE,
    Status.OPENED: Act.OPEN,
    Status.MEETING_PLANNED: Act.PLAN_MEETING,
    Status.MEETING_HELD: Act.HOLD_MEETING,
    Status.TAKEN_OVER: Act.TAKE_OVER,
    Status.DECLINED: Act.DECLINE,
    Status.WITHDRAWAL_NOTIFIED: Act.WITHDRAW,
    Status.WITHDRAWAL_ANSWERED: Act.ANSWER_WITHDRAWAL,
}


# --- the patient has taken it back -------------------------------------------------------------------------------


def receive_withdrawal(session: Session, received: Received) -> None:
    """Take in that the patient has taken the handover back: somebody here must say what was done with it.

    Where it has not come, the node remembers that it may not come in, and says so at once.
    """
    notice = fhir.read_withdrawal(received.resource)
    _check_way(notice.sender, notice.receiver, received)
    now = received.received_at
    store.take_back(session, notice.receiver, notice.sender.agency, notice.handover, notice.round)
    stored = store.at_home(session, notice.receiver, Side.RECEIVER, notice.handover)
    if stored is None:
        _log_without_copy(session, notice.receiver, notice.handover, Logged.HANDOVER_RECEIVE_WITHDRAWAL, now)
        telling.tell_nothing_came(session, notice, now=now)
        return
    author = telling.service_author(session, notice.receiver)
    after = take_withdrawal(stored.standing, notice, place=author.name, now=now)
    if after == stored.standing:
        _log(session, stored, Logged.HANDOVER_RECEIVE_WITHDRAWAL, now)
        if after.status in WITHDRAWN_THERE:  # asked again: our answer may not have got through
            told = telling.tell(session, after, author=author, now=now)
            store.save(session, stored, told, now=stored.updated_at)
        return
    after = telling.tell(session, after, author=author, now=now)
    line = _line(after, Act.WITHDRAW, Side.PATIENT, notice.at, request=notice.request)
    saved = store.save(session, stored, after, now=now, entries=[line])
    _log(session, saved, Logged.HANDOVER_RECEIVE_WITHDRAWAL, now)
    cases.plan(session, after, by=cases.machine(saved.agency), now=now)


# --- what all of them do -----------------------------------------------------------------------------------------


def _check_way(sender: Party, receiver: Party, received: Received) -> None:
    if (sender.agency, receiver.agency) != (received.sender, received.receiver):
        raise NotFromSender


def _check_service(session: Session, receiver: Party) -> None:
    service = directory.service_of(session, receiver.service)
    if service.agency != receiver.agency or not service.takes_handovers:
        raise NotAService


def _is_known(session: Session, stored: Stored, note: RequestId) -> bool:
    return any(entry.request == note for entry in store.history(session, stored.standing))


def _line(
    standing: Standing,
    act: Act,
    side: Side,
    at: datetime,
    *,
    note: Note | None = None,
    request: RequestId | None = None,
    sha256: str | None = None,
) -> Entry:
    return Entry(
        at=at,
        act=act,
        status=standing.status,
        version=standing.version,
        side=side,
        author=None if note is None else note.author,
        text="" if note is None else note.text,
        request=request if note is None else note.id,
        sha256=sha256,
    )


def _saved(session: Session, stored: Stored, after: Standing, lines: Sequence[Entry], now: datetime) -> Stored:
    saved = store.save(session, stored, after, now=now, entries=lines)
    _log(session, saved, Logged.HANDOVER_RECEIVE_STATUS, now)
    cases.plan(session, after, by=cases.machine(saved.agency), now=now)
    return saved


def _log(session: Session, stored: Stored, event: Logged, now: datetime) -> None:
    cases.log(session, stored, event, by=cases.machine(stored.agency), now=now)


def _log_without_copy(session: Session, home: Party, handover: HandoverId, event: Logged, now: datetime) -> None:
    """Log what came about a handover that has no copy here; whom it is about is not known here."""
    audit.record(
        session,
        event=event,
        actor=cases.machine(home.agency),
        agency=home.agency,
        subject=handover,
        service=home.service,
        now=now,
    )
