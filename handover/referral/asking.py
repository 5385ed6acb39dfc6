"""The referrer's use cases after sending: requests, pending until the holder's next version answers."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from handover.actors import Author
from handover.audit.model import Event as Logged
from handover.errors import Conflict
from handover.ids import new_uuid
from handover.moves import require_text
from handover.referral import blobs, cases, noticing, sharing, store, writing
from handover.referral.cases import Said, Turn
from handover.referral.lifecycle import Act, Status
from handover.referral.model import Attachment, Refusal, RequestId, Update, UpdateKind
from handover.referral.standing import Channel, NotYetHere, Standing, ask_for, carry, told_on_paper
from handover.referral.store import Stored

File = tuple[str, bytes]
"""An attachment as it is handed in: title and content."""

ACTS: Final = {
    UpdateKind.ANSWER: Act.ANSWER,
    UpdateKind.SUPPLEMENT: Act.SUPPLEMENT,
    UpdateKind.WITHDRAWAL: Act.REQUEST_WITHDRAWAL,
    UpdateKind.RETRACTION: Act.RETRACT,
    UpdateKind.NOTE: Act.NOTE_TO_RECEIVER,
}


class NothingAsked(Conflict):
    """There is no question to answer."""

    code = "referral.nothing-asked"


def answer(session: Session, turn: Turn, text: str, files: tuple[File, ...] = ()) -> Stored:
    """Answer everything the receiver has asked so far. Raises NothingAsked, Incomplete."""
    return _ask(session, turn, UpdateKind.ANSWER, require_text(text, "answer"), files)


def supplement(session: Session, turn: Turn, text: str, files: tuple[File, ...] = ()) -> Stored:
    """Add information to a referral that has arrived."""
    return _ask(session, turn, UpdateKind.SUPPLEMENT, require_text(text), files)


def request_withdrawal(session: Session, turn: Turn, reason: str) -> Stored:
    """Ask the receiver to withdraw the referral; it stands until the receiver has answered."""
    return _ask(session, turn, UpdateKind.WITHDRAWAL, require_text(reason, "reason"))


def retract(session: Session, turn: Turn, reason: str) -> Stored:
    """Take back a referral sent in error, as long as nobody has opened it."""
    return _ask(session, turn, UpdateKind.RETRACTION, require_text(reason, "reason"))


def note_to_receiver(session: Session, turn: Turn, text: str) -> Stored:
    """Write to the receiver in the referral's own thread."""
    return _ask(session, turn, UpdateKind.NOTE, require_text(text))


def follow_up(session: Session, turn: Turn) -> Stored:
    """Say that what a refusal asked for is done: the case is closed at the referrer."""
    stored = cases.fetch(session, turn)
    if stored.standing.status is not Status.REJECTED:
        raise Conflict("referral.move-not-allowed", status=stored.standing.status.value, act="follow-up")
    after = replace(stored.standing, followed_up_at=turn.now)
    saved = store.save(session, stored, after, now=turn.now)
    cases.log(session, saved, Logged.WORK_DONE, by=turn.by, now=turn.now)
    cases.plan(session, after, by=turn.by, now=turn.now)
    return saved


def outcome_opened(session: Session, stored: Stored, turn: Turn) -> Stored:
    """Note that the referrer has seen the outcome; of a refusal the receiver is told (rule 14)."""
    standing = stored.standing
    if standing.status not in {Status.REJECTED, Status.COMPLETED} or standing.outcome_opened_at is not None:
        return stored
    after = replace(standing, outcome_opened_at=turn.now)
    if isinstance(standing.outcome, Refusal) and standing.channel is Channel.DIGITAL:
        cases.post(session, after, _update(stored, turn, UpdateKind.OUTCOME_OPENED, ""), now=turn.now)
    saved = store.save(session, stored, after, now=turn.now)
    cases.plan(session, after, by=turn.by, now=turn.now)
    noticing.tell_patient(session, standing, after, cases.place_of(after), now=turn.now)
    return saved


def ask_again(session: Session, standing: Standing, updates: tuple[Update, ...], *, now: datetime) -> Standing:
    """Send pending requests to the service that holds the referral now."""
    for update in updates:
        sealed = blobs.seal(session, standing, update.attachments, now=now)
        message = cases.post(session, standing, update, now=now, blobs=sealed)
        standing = carry(standing, update.request, message)
    return standing


def _ask(session: Session, turn: Turn, kind: UpdateKind, text: str, files: tuple[File, ...] = ()) -> Stored:
    stored = cases.fetch(session, turn)
    if kind is UpdateKind.ANSWER and not stored.standing.questions:
        raise NothingAsked
    if kind in sharing.TOLD:
        sharing.refuse_words(session, stored.standing, stored.standing.holder, now=turn.now)
    attachments = _keep(session, stored, turn, files)
    update = _update(stored, turn, kind, text, attachments)
    act = ACTS[kind]
    asked = "\n".join(question.text for question in stored.standing.questions)
    said = Said(
        text=text,
        question=asked if kind is UpdateKind.ANSWER else "",
        attachments=attachments,
        request=update.request,
    )
    if stored.standing.channel is Channel.PAPER:
        after = told_on_paper(stored.standing, update, turn.side, now=turn.now)
        return cases.record(session, stored, after, act, by=turn.by, now=turn.now, said=said)
    after = ask_for(stored.standing, update)
    sealed = blobs.seal(session, after, attachments, now=turn.now)
    message = cases.post(session, after, update, now=turn.now, blobs=sealed)
    after = carry(after, update.request, message)
    return cases.record(session, stored, after, act, by=turn.by, now=turn.now, said=said)


def _update(
    stored: Stored, turn: Turn, kind: UpdateKind, text: str, attachments: tuple[Attachment, ...] = ()
) -> Update:
    standing = stored.standing
    if standing.holder is None:
        raise NotYetHere
    questions = standing.questions if kind is UpdateKind.ANSWER else ()
    return Update(
        referral=standing.referral,
        request=RequestId(new_uuid()),
        kind=kind,
        sender=standing.home,
        receiver=standing.holder,
        author=Author.of(turn.by, standing.home.service),
        written_at=turn.now,
        text=text,
        questions=tuple(question.id for question in questions),
        attachments=attachments,
        seen=standing.version,
    )


def _keep(session: Session, stored: Stored, turn: Turn, files: tuple[File, ...]) -> tuple[Attachment, ...]:
    held = sum(each.length for each in store.attachments(session, stored.standing))
    kept = []
    for title, data in files:
        made = writing.checked_attachment(title, data, held=held)
        store.add_attachment(session, stored.standing, made, data, now=turn.now)
        held += made.length
        kept.append(made)
    return tuple(kept)
