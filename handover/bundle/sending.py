"""From the patient's yes to the receiver: send, undo, send again, give up; and that nothing else can leave.

What is sent is byte for byte what was approved. `may_still_go` is asked in the transaction that takes a message
for sending: it opens what lies ready to leave, and lets it go only if it is that document, for that receiver, and
the patient's choices allow it (DESIGN rules 12 and 15).
"""

from datetime import datetime, timedelta
from hashlib import sha256 as hash_of
from typing import Final

from sqlalchemy.orm import Session

from handover.bundle import cases, fhir, freezing, letters, scope, store, writing
from handover.bundle.cases import Said, Turn
from handover.bundle.lifecycle import AT_SENDER, Act, Side, Status
from handover.bundle.model import Approval, Handed
from handover.bundle.standing import PendingKind, Standing
from handover.bundle.standing import give_up as given_up
from handover.bundle.standing import send as sent
from handover.bundle.standing import send_again as sent_again
from handover.bundle.standing import undo_send as undone
from handover.bundle.store import HandoverNotFound, Kept, Stored
from handover.consent import service as consent
from handover.directory import service as directory
from handover.errors import Conflict, HandoverError, NotFound
from handover.exchange import service as exchange
from handover.exchange.model import OutgoingRef, SealedBlob
from handover.ids import MessageId, new_uuid
from handover.keys.errors import SealBroken
from handover.moves import require_text
from handover.person import service as person
from handover.person.age import TooYoung, is_under_age

UNDO: Final = timedelta(seconds=30)
"""How long a handover that was sent can be taken back without a trace there (`Settings.undo_seconds`)."""


class NoYes(Conflict):
    """The patient has not said yes to the document."""

    code = "bundle.no-yes"


class StaleYes(Conflict):
    """Something that travels has changed since the patient's yes: a new one is needed."""

    code = "bundle.stale-yes"


class OnHold(Conflict):
    """The patient has put the handover on hold."""

    code = "bundle.on-hold"


def send(session: Session, turn: Turn, *, undo: timedelta = UNDO) -> Stored:
    """Send what the patient approved: it leaves when the time to undo is over.

    Raises OnHold, NoYes, StaleYes, BadReceiver, and what the patient's choices forbid (`consent.service`).
    """
    stored = cases.fetch(session, turn)
    standing = stored.standing
    refuse_without_yes(standing)
    kept = freezing.approved_document(session, standing)
    if kept is None or standing.approval is None:
        raise StaleYes
    message = MessageId(new_uuid())
    after = sent(standing, turn.side, message, now=turn.now)
    refuse_unless_allowed(session, after, kept, turn)
    _leave(session, after, kept, standing.approval, turn, message, undo)
    said = Said(sha256=kept.frozen.sha256, detail={"sha256": kept.frozen.sha256})
    return cases.record(session, stored, after, Act.SEND, by=turn.by, now=turn.now, said=said)


def undo_send(session: Session, turn: Turn) -> Stored:
    """Take back what has not left yet. Raises exchange.AlreadyLeft when it has."""
    stored = cases.fetch(session, turn)
    standing = stored.standing
    after = undone(standing, turn.side, now=turn.now)
    if standing.message is not None:
        exchange.cancel(session, standing.home.agency, standing.message, now=turn.now)
    return cases.record(session, stored, after, Act.UNDO_SEND, by=turn.by, now=turn.now)


def send_again(session: Session, turn: Turn, *, undo: timedelta = UNDO) -> Stored:
    """Send the same document again after its delivery failed: a new message, the same bytes, the same yes."""
    stored = cases.fetch(session, turn)
    standing, message = stored.standing, MessageId(new_uuid())
    after = sent_again(standing, turn.side, message, now=turn.now)
    kept = freezing.latest_preview(session, standing)
    if kept is None or standing.approval is None or standing.approval.sha256 != kept.frozen.sha256:
        raise StaleYes
    refuse_unless_allowed(session, after, kept, turn)
    _leave(session, after, kept, standing.approval, turn, message, undo)
    said = Said(sha256=kept.frozen.sha256, detail={"sha256": kept.frozen.sha256})
    return cases.record(session, stored, after, Act.SEND_AGAIN, by=turn.by, now=turn.now, said=said)


def give_up(session: Session, turn: Turn, reason: str) -> Stored:
    """Go back to writing with a handover that never arrived; it takes a new yes to send it."""
    stored = cases.fetch(session, turn)
    after = given_up(stored.standing, turn.side, now=turn.now)
    said = Said(text=require_text(reason, "reason"))
    return cases.record(session, stored, after, Act.GIVE_UP, by=turn.by, now=turn.now, said=said)


def refuse_without_yes(standing: Standing) -> None:
    """Raise OnHold or NoYes, which say what is missing, before the lifecycle says only that it may not be sent."""
    if standing.status is Status.PAUSED:
        raise OnHold
    if standing.status in {Status.DRAFT, Status.WITH_PATIENT}:
        raise NoYes(status=standing.status.value)


def refuse_unless_allowed(session: Session, standing: Standing, kept: Kept, turn: Turn) -> None:
    """Raise BadReceiver, Blocked, NoPermit, PermitExpired or OutsideScope where it may not be sent there now.

    Raises TooYoung(`person.under-age.now`) where a birth date put right meanwhile makes the patient a child.
    """
    if standing.receiver is None:
        raise HandoverNotFound
    known = person.identity_of(session, standing.home.agency, standing.person)
    if is_under_age(known.birth_date, turn.now):
        raise TooYoung("person.under-age.now")
    receiver = writing.takes_handovers(session, standing.receiver.service, standing.home, now=turn.now)
    consent.may_travel(
        session,
        standing.home.agency,
        standing.person,
        receiver=receiver,
        topics=frozenset(kept.origin.permits),
        purpose=consent.HANDOVER,
        now=turn.now,
    )


# --- the last look before it leaves ----------------------------------------------------------------------------


def may_still_go(session: Session, ref: OutgoingRef) -> bool:
    """Whether a `handover-bundle` may leave: it is just what the patient approved, and still allowed."""
    stored = cases.of_subject(session, ref.sender, ref.subject, lock=False)  # who withdraws holds the other lock
    if stored is None or stored.standing.side is not Side.SENDER:
        return False
    try:
        handed, blobs = fhir.read_handed(exchange.posted(session, ref.sender, ref.message))
        return _is_approved(session, stored.standing, handed, blobs) and _is_allowed(
            session, stored.standing, handed, ref.at
        )
    except (HandoverError, SealBroken, ValueError, LookupError):
        return False


def may_note_still_go(session: Session, ref: OutgoingRef) -> bool:
    """Whether what somebody wrote may leave; a receiver's numbered word on how it goes always may (rule 7)."""
    stored = cases.of_subject(session, ref.sender, ref.subject, lock=False)
    if stored is None or letters.request_of(ref.subject) is None:
        return True
    try:
        scope.refuse_words(session, stored.standing, ref.at)
    except consent.MayNotTravel:
        return False
    return True


def _is_approved(session: Session, standing: Standing, handed: Handed, blobs: tuple[SealedBlob, ...]) -> bool:
    """Whether message, document, files and yes are those of this case; it has not been taken back since."""
    sha256 = hash_of(handed.document).hexdigest()
    kept = store.document(session, standing, sha256)
    if kept is None or standing.withdrawn_at is not None or standing.status in {*AT_SENDER, Status.WITHDRAWN}:
        return False
    files = [file.sha256.hex() for file in kept.frozen.files]
    is_this_case = (handed.handover, handed.sender, handed.receiver, handed.round) == (
        standing.handover,
        standing.home,
        standing.receiver,
        standing.version.round,
    )
    return is_this_case and _has_yes(standing, handed, sha256) and [each.plain_sha256 for each in blobs] == files


def _has_yes(standing: Standing, handed: Handed, sha256: str) -> bool:
    if handed.approval.sha256 != sha256:
        return False
    if handed.supplements is None:
        return standing.approval is not None and standing.approval.sha256 == sha256
    return any(
        each.kind is PendingKind.SUPPLEMENT and (each.request, each.sha256) == (handed.request, sha256)
        for each in standing.pending
    )


def _is_allowed(session: Session, standing: Standing, handed: Handed, now: datetime) -> bool:
    kept = store.document(session, standing, hash_of(handed.document).hexdigest())
    if kept is None or standing.receiver is None:
        return False
    try:
        receiver = directory.service_of(session, standing.receiver.service)
    except NotFound:
        return False
    consent.may_travel(
        session,
        standing.home.agency,
        standing.person,
        receiver=receiver,
        topics=frozenset(kept.origin.permits),
        purpose=consent.HANDOVER,
        now=now,
    )
    return True


def _leave(
    session: Session,
    after: Standing,
    kept: Kept,
    approval: Approval,
    turn: Turn,
    message: MessageId,
    undo: timedelta,
) -> None:
    letters.hand_over(session, after, kept, approval, message=message, now=turn.now, not_before=turn.now + undo)
