"""A message leaves: 30 seconds to undo, once more if it did not arrive, taken back if it was a mistake.

The patient's choices are asked when it is sent, and again in the transaction that takes it for sending.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from handover.actors import Author, Party, Staff
from handover.consent import service as consent
from handover.errors import NotFound
from handover.exchange import service as exchange
from handover.exchange.model import OutgoingRef
from handover.exchange.service import AlreadyLeft
from handover.ids import CommunicationId, ServiceId
from handover.message import cases, guarding, hearing, openness, scope, speaking, store
from handover.message.answering import taken_by_answering
from handover.message.cases import Said, Turn
from handover.message.forwarding import brought_anew
from handover.message.lifecycle import TAKEN_BACK, Status
from handover.message.model import Doing, Message, Reason, TakenBack
from handover.message.standing import Copy, NoSuchMessage, subjects_of, written_here
from handover.message.store import Stored
from handover.message.writing import About, Begun, Brings, begun, new_thread
from handover.team import answering
from handover.team.blanks import refuse_unfilled
from handover.workdays import local_date

UNDO: Final = timedelta(seconds=30)
"""How long a message that was sent can be undone without a trace at the receiver (`Settings.undo_seconds`)."""


def send(session: Session, turn: Turn, message: CommunicationId, *, undo: timedelta = UNDO) -> Stored:
    """Send a draft to everyone it is addressed to; it leaves when the time to undo is over.

    Whoever sends it becomes responsible for the thread here, where nobody was.

    Raises Unfilled, Empty, ToOneself, TextTooLong, BadContent, BadReceiver, of an anonymous case Identifying and
    NotInACase, of a question NamesAPatient, and what the patient's choices forbid (`consent.service`;
    `details["service"]` says towards whom).
    Then nothing is sent and the draft is kept.
    """
    found = cases.fetch(session, turn)
    stored = taken_by_answering(session, found, turn)
    draft = written_here(stored.copy, message)
    home = stored.standing.home
    refuse_unfilled({"text": draft.content.text})
    scope.addressed(session, [to.service for to in draft.to], home, now=turn.now)
    guarding.refuse_identities(session, stored.copy, draft, by=turn.by, now=turn.now)
    scope.refuse_unless_allowed(session, stored.copy, draft, draft.to, now=turn.now)
    moved = speaking.send(
        stored.copy,
        message,
        author=Author.of(turn.by, home.service),
        patient=cases.patient_of(session, stored.standing),
        now=turn.now,
        today=local_date(turn.now),
        patient_reads=openness.lets_read(session, home.agency, stored.standing.heading.subject),
    )
    not_before = turn.now + undo
    leaves = scope.tellable(session, moved.copy.standing, moved.leaves, now=turn.now)
    leaves = scope.with_basis(session, moved.copy.standing, leaves, now=turn.now)
    letters, others = cases.post_all(session, moved.copy, leaves, now=turn.now, not_before=not_before)
    after = hearing.promised(moved.copy, message, letters, others)
    after = speaking.answered(after, message, turn.by.id, before=found.standing.owner, now=turn.now)
    detail = {"message": str(message), "to": ",".join(to.service for to in draft.to)}
    said = Said(message=message, detail=detail)
    answering.end(session, cases.place_of(stored.standing), by=turn.by)
    return cases.record(session, stored, after, Doing.SEND, by=turn.by, now=turn.now, said=said)


def check_written(session: Session, turn: Turn, message: CommunicationId) -> None:
    """Raise what sending a draft would, of what is in it alone: Unfilled, Empty, TextTooLong, BadContent."""
    stored = cases.fetch(session, turn, lock=False)
    draft = written_here(stored.copy, message)
    refuse_unfilled({"text": draft.content.text})
    speaking.check_written(stored.copy, draft, now=turn.now, today=local_date(turn.now))


def undo_send(session: Session, turn: Turn, message: CommunicationId) -> Stored:
    """Make a message that has not left a draft again. Raises exchange.AlreadyLeft when it has."""
    stored = cases.fetch(session, turn)
    sent = written_here(stored.copy, message)
    after = speaking.undo_send(stored.copy, message, now=turn.now)
    for envelope in (*filter(None, (each.envelope for each in sent.receipts)), *sent.also_told):
        exchange.cancel(session, stored.standing.home.agency, envelope, now=turn.now)
    said = Said(message=message)
    return cases.record(session, stored, after, Doing.UNDO_SEND, by=turn.by, now=turn.now, said=said)


def send_again(session: Session, turn: Turn, message: CommunicationId, to: ServiceId) -> Stored:
    """Send the same message once more to a receiver that it did not reach.

    Raises BadReceiver for one that is closed now, naming another where there is one, and what the patient's
    choices forbid.
    """
    stored = cases.fetch(session, turn)
    sent = written_here(stored.copy, message)
    party = next((each for each in sent.to if each.service == to), None)
    if party is None:
        raise NoSuchMessage
    scope.addressed(session, [party.service], stored.standing.home, now=turn.now)
    scope.refuse_unless_allowed(session, stored.copy, sent, [party], now=turn.now)
    patient = cases.patient_of(session, stored.standing)
    moved = speaking.send_again(stored.copy, message, party, patient=patient, now=turn.now)
    leaves = scope.with_basis(session, moved.copy.standing, moved.leaves, now=turn.now)
    letters, _ = cases.post_all(session, moved.copy, leaves, now=turn.now)
    after = hearing.promised(moved.copy, message, letters)
    said = Said(message=message, party=party)
    return cases.record(session, stored, after, Doing.SEND_AGAIN, by=turn.by, now=turn.now, said=said)


# --- sent by mistake ---------------------------------------------------------------------------------------------


def retract(session: Session, turn: Turn, message: CommunicationId, reason: Reason, note: str = "") -> Stored:
    """Take a message back that was sent by mistake, wherever it went and whoever it was forwarded to from here.

    Where it has not left it does not leave. The `note` stays in history here. Raises Incomplete for a reason that
    must be explained and is not, Identifying for a note that names whom a case or a question may not.
    """
    stored = cases.fetch(session, turn)
    home = stored.standing.home
    guarding.refuse_in(session, stored.standing, {"note": note}, by=turn.by, now=turn.now)
    taken = TakenBack(reason=reason, note=note.strip(), by=Author.of(turn.by, home.service), at=turn.now)
    copy = _held_back(session, stored.copy, message, now=turn.now)
    moved = speaking.retract(copy, message, taken)
    cases.post_all(session, moved.copy, moved.leaves, now=turn.now)
    said = Said(message=message, reason=reason, text=taken.note, detail={"message": str(message)})
    saved = cases.record(session, stored, moved.copy, Doing.RETRACT, by=turn.by, now=turn.now, said=said)
    pass_on(session, saved, [message], taken, by=turn.by, now=turn.now)
    return saved


def send_anew(
    session: Session,
    turn: Turn,
    message: CommunicationId,
    *,
    reason: Reason,
    note: str = "",
    about: About,
    to: Sequence[ServiceId],
) -> Begun:
    """Take a message back and begin another with the same words for the right patient or receiver, in one step.

    Its documents go along, and what it forwarded, unless the patient was put right (`Begun.left_out`). The new one
    is a draft: it leaves when it has been looked at and sent. Under another subject it takes a permit for both.
    """
    stored = retract(session, turn, message, reason, note)
    wrong, home = written_here(stored.copy, message), stored.standing.home
    is_same = about.patient is not None and about.patient == cases.patient_of(session, stored.standing)
    known = stored.standing.person if is_same else None
    copy = new_thread(session, home, about, known=known, now=turn.now)
    along = brought_anew(stored.copy, wrong, copy.standing)
    brings = Brings(source=stored.standing, forwards=along, stood_under=subjects_of(stored.copy, wrong))
    made = begun(session, copy, to=to, content=wrong.content, by=turn.by, now=turn.now, brings=brings)
    return replace(made, left_out=bool(wrong.forwards) and not along)


def pass_on(
    session: Session,
    stored: Stored,
    messages: Sequence[CommunicationId],
    taken: TakenBack,
    *,
    by: Staff | None,
    now: datetime,
) -> None:
    """Tell everyone to whom this service forwarded messages that they are taken back."""
    home = stored.standing.home
    held = store.holding(session, home, messages)
    actor = by or cases.machine(home.agency)
    for before, moved in zip(
        held, hearing.pass_on_all([each.copy for each in held], messages, taken), strict=True
    ):
        if moved.copy == before.copy and not moved.leaves:
            continue
        cases.post_all(session, moved.copy, moved.leaves, now=now)
        saved = cases.record(session, before, moved.copy, Doing.TELL_OF_RETRACTION, by=actor, now=now)
        store.drop_unused_files(session, saved.copy)


def _held_back(session: Session, copy: Copy, message: CommunicationId, *, now: datetime) -> Copy:
    """Return the copy after every envelope of a message that has not left was cancelled."""
    agency = copy.standing.home.agency
    for receipt in written_here(copy, message).receipts:
        if receipt.envelope is None or receipt.arrived_at is not None:
            continue
        try:
            exchange.cancel(session, agency, receipt.envelope, now=now)
        except (AlreadyLeft, NotFound):
            continue
        copy = hearing.not_delivered(copy, message, receipt.to, receipt.envelope, at=now)
    return copy


# --- the last look before it leaves ------------------------------------------------------------------------------


def may_still_go(session: Session, ref: OutgoingRef) -> bool:
    """Whether a `care-message` may leave: it still stands, it is the latest, and the patient's choices allow it.

    One that was taken back goes on where an attempt was made before: it may be there, and is taken back there. It
    goes no further than the choices of now: what takes it back names nothing of it, and travels by itself.
    """
    handle = cases.handle_of(ref.sender, ref.subject)
    stored = cases.of_handle(session, ref.sender, ref.subject, lock=False)
    if handle is None or stored is None or handle.message is None:
        return False
    try:
        sent = written_here(stored.copy, handle.message)
    except NoSuchMessage:
        return False
    if ref.message not in {each.envelope for each in sent.receipts if each.to == handle.to}:
        return False
    if sent.status in TAKEN_BACK:
        stands = exchange.delivery(session, ref.sender, ref.message, now=ref.at).attempts > 0
    else:
        stands = sent.status is Status.SENT
    return stands and not is_forbidden(session, stored.copy, sent, handle.to, now=ref.at)


def may_still_be_told(session: Session, ref: OutgoingRef) -> bool:
    """Whether a `care-message-status` may leave: a receipt always, news of the thread as the choices allow now."""
    handle = cases.handle_of(ref.sender, ref.subject)
    stored = cases.of_handle(session, ref.sender, ref.subject, lock=False)
    if handle is None or stored is None or not handle.is_news:
        return True
    return scope.obstacle(session, stored.standing, handle.to, now=ref.at) is None


def is_forbidden(session: Session, copy: Copy, sent: Message, to: Party, *, now: datetime) -> bool:
    """Whether the patient's choices, or a service that is gone, forbid a message now."""
    try:
        scope.refuse_unless_allowed(session, copy, sent, [to], now=now)
    except (consent.MayNotTravel, NotFound):
        return True
    return False
