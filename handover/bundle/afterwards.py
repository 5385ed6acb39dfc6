"""What the origin does after the yes: one more item, one more receiver, taking it all back, opening it again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from handover.actors import Author, Party, Staff
from handover.audit.model import Event as Logged
from handover.bundle import cases, freezing, letters, scope, sending, store, writing
from handover.bundle import standing as rules
from handover.bundle.cases import Said, Turn
from handover.bundle.lifecycle import AT_RECEIVER, Act, Side, Status
from handover.bundle.model import Frozen, Item, MadeFrom, Mark, Marked, Note, RequestId
from handover.bundle.standing import Standing, move
from handover.bundle.store import HandoverNotFound, Kept, Stored
from handover.bundle.trusted import refuse_while_untold
from handover.errors import Conflict
from handover.exchange import service as exchange
from handover.exchange.service import AlreadyLeft
from handover.ids import HandoverId, ItemId, MessageId, ServiceId, new_reference, new_uuid
from handover.moves import Incomplete, MoveNotAllowed, require_text

_COPIED_FROM: Final = frozenset(
    {Status.WITH_PATIENT, Status.APPROVED, Status.SENT, *AT_RECEIVER}
    | {Status.TAKEN_OVER, Status.DECLINED, Status.CLOSED}
)


class AlreadyThere(Conflict):
    """The item has travelled already."""

    code = "bundle.already-there"


class StillResponsible(Conflict):
    """The take-over is signed for a later day: until then the patient is ours, and the case stays open."""

    code = "bundle.still-responsible"


# --- one more item ---------------------------------------------------------------------------------------------


def preview_supplement(session: Session, turn: Turn, item: ItemId) -> Frozen:
    """Return the document that would add one item to what was sent; the same bytes again if nothing changed.

    Raises AlreadyThere, ItemNotFound, or what the table refuses.
    """
    stored = cases.fetch(session, turn)
    standing = stored.standing
    _may_release_more(standing, turn)
    cases.log(session, stored, Logged.HANDOVER_PREVIEW, by=turn.by, now=turn.now)
    found = _not_there_yet(session, stored, turn, item)
    travelling = freezing.travelling(session, standing, found)
    for kept in _supplements(session, standing):
        if kept.origin.fingerprint == travelling.fingerprint:
            return kept.frozen
    made = freezing.freeze(travelling, round_=standing.version.round, now=turn.now)
    store.add_document(session, standing, made)
    return made.frozen


def release_more(session: Session, turn: Turn, sha256: str) -> Stored:
    """Say yes to a supplement that was previewed, and send it. Raises StalePreview, and what `send` raises."""
    stored = cases.fetch(session, turn)
    standing = stored.standing
    _may_release_more(standing, turn)
    kept = next((each for each in _supplements(session, standing) if each.frozen.sha256 == sha256), None)
    if kept is None:
        raise freezing.StalePreview
    item = _not_there_yet(session, stored, turn, kept.origin.made_from[0].item)
    if freezing.travelling(session, standing, item).fingerprint != kept.origin.fingerprint:
        raise freezing.StalePreview
    sending.refuse_unless_allowed(session, standing, kept, turn)
    request = RequestId(new_uuid())
    after = rules.ask_supplement(_without_lost(standing, sha256), request, sha256, now=turn.now)
    after = replace(after, changed_at=turn.now)
    store.put_item(session, standing, _marked(item, turn))
    letters.hand_over(
        session,
        after,
        kept,
        freezing.approval_of(turn, sha256),
        message=MessageId(new_uuid()),
        now=turn.now,
        request=request,
    )
    freezing.keep_choices(session, standing, sha256, turn)
    said = Said(request=request, sha256=sha256, detail={"sha256": sha256})
    return cases.record(session, stored, after, Act.RELEASE_MORE, by=turn.by, now=turn.now, said=said)


# --- taking it back --------------------------------------------------------------------------------------------


def withdraw(session: Session, turn: Turn) -> Stored:
    """Take the handover back. Before it has left nothing leaves; after, the receiver is asked what was done."""
    stored = cases.fetch(session, turn)
    request = RequestId(new_uuid())
    left = not _cancelled(session, stored.standing, turn.now)
    after = rules.withdraw(stored.standing, turn.side, request, now=turn.now, left=left)
    if after.is_withdrawal_pending():
        letters.take_back(session, after, request, now=turn.now)
    said = Said(request=request)
    return cases.record(session, stored, after, Act.WITHDRAW, by=turn.by, now=turn.now, said=said)


def ask_to_take_back(session: Session, stored: Stored, *, now: datetime) -> Stored:
    """Tell a receiver that turns out to have it that the patient took it back meanwhile."""
    request = RequestId(new_uuid())
    after = rules.ask_withdrawal(stored.standing, request, now=now)
    letters.take_back(session, after, request, now=now)
    by, said = cases.machine(stored.agency), Said(request=request)
    return cases.record(session, stored, after, Act.WITHDRAW, by=by, now=now, said=said)


def reopen(session: Session, turn: Turn) -> Stored:
    """Open the same case again: the marks stand as they were, and it takes a new yes ("open return")."""
    stored = cases.fetch(session, turn)
    after = rules.reopen(stored.standing, turn.side, now=turn.now)
    return cases.record(session, stored, after, Act.REOPEN, by=turn.by, now=turn.now)


# --- one more receiver -----------------------------------------------------------------------------------------


def may_copy(standing: Standing) -> bool:
    """Whether a handover to a second receiver may begin from this one.

    Not before the patient was let in, and not from what the patient has put on hold or taken back: what was marked
    there is not to be used until the patient goes on with it.
    """
    return standing.status in _COPIED_FROM and standing.withdrawn_at is None


def is_another(first: Standing, receiver: ServiceId) -> bool:
    """Whether a further handover may go there: not where this one goes, which can be opened again."""
    is_same = first.receiver is not None and first.receiver.service == receiver
    return not is_same or first.status is Status.CLOSED


def copy_to(session: Session, turn: Turn, receiver: ServiceId) -> HandoverId:
    """Begin a handover to a second receiver, a case of its own: its marking starts from the first one's marks.

    Marks that the patient's permit to the new receiver does not cover start undecided. Raises BadReceiver, also
    for the receiver of the first (`is_another`), and as `may_copy` says OnHold or MoveNotAllowed: a case the
    patient has stopped begins no other.
    """
    stored = cases.fetch(session, turn)
    by, first = turn.by, stored.standing
    if not isinstance(by, Staff) or turn.side is not Side.SENDER:
        raise HandoverNotFound
    if first.status is Status.PAUSED:
        raise sending.OnHold
    if not may_copy(first):
        raise MoveNotAllowed("bundle.move-not-allowed", status=first.status.value, act="copy")
    to = writing.takes_handovers(session, receiver, first.home, now=turn.now)
    if not is_another(first, to.id):
        raise writing.BadReceiver("bundle.receiver.same", fields={"receiver": ["required"]})
    standing = Standing(
        side=Side.SENDER,
        home=first.home,
        handover=HandoverId(new_uuid()),
        reference=new_reference(),
        status=Status.WITH_PATIENT,
        sender=first.home,
        receiver=Party(to.agency, to.id),
        person=first.person,
        clinician=Author.of(by, first.home.service),
        owner=by.id,
        wishes=first.wishes,
        language=first.language,
        created_at=turn.now,
        changed_at=turn.now,
        copied_from=first.handover,
        from_referral=first.from_referral,
    )
    writing.refuse_blocked(session, standing, turn.now)
    line = cases.line_of(standing, Act.INVITE, by=by, now=turn.now)
    made = store.add(session, standing, now=turn.now, entries=[line])
    for item in _copied(session, stored, made, turn):
        store.put_item(session, standing, item, new=True)
    cases.log(session, made, Logged.HANDOVER_COPY, by=by, now=turn.now, detail={"from": str(first.handover)})
    cases.plan(session, standing, by=by, now=turn.now)
    return standing.handover


# --- words, and the end ----------------------------------------------------------------------------------------


def note_to_receiver(session: Session, turn: Turn, text: str) -> Stored:
    """Write to the receiver in the handover's own thread. Raises what the patient's choices forbid (`consent`)."""
    stored = cases.fetch(session, turn)
    if not isinstance(turn.by, Staff):
        raise HandoverNotFound
    standing = move(stored.standing, Act.NOTE_TO_RECEIVER, turn.side, now=turn.now)
    scope.refuse_words(session, standing, turn.now)
    author = Author.of(turn.by, standing.home.service)
    note = Note(
        id=RequestId(new_uuid()),
        from_sender=True,
        author=author,
        text=require_text(text),
        written_at=turn.now,
    )
    after = rules.noted(standing, note)
    letters.tell(session, after, note, author, now=turn.now)
    said = Said(text=note.text, request=note.id)
    return cases.record(session, stored, after, Act.NOTE_TO_RECEIVER, by=turn.by, now=turn.now, said=said)


def close(session: Session, turn: Turn, follow_up: str = "") -> Stored:
    """Close what was taken over, or declined; then it takes a line on who follows up.

    Raises Incomplete, StillResponsible before the first day of the take-over, and TrustedNotTold.
    """
    stored = cases.fetch(session, turn)
    after = move(stored.standing, Act.CLOSE, turn.side, now=turn.now)
    is_ours = rules.responsible(stored.standing, turn.now) == stored.standing.home
    if stored.standing.status is Status.TAKEN_OVER and is_ours:
        raise StillResponsible
    refuse_while_untold(stored.standing)
    if stored.standing.status is Status.DECLINED and not follow_up.strip():
        raise Incomplete(fields={"follow_up": ["required"]})
    said = Said(text=follow_up.strip())
    return cases.record(session, stored, after, Act.CLOSE, by=turn.by, now=turn.now, said=said)


def _not_there_yet(session: Session, stored: Stored, turn: Turn, wanted: ItemId) -> Item:
    item = writing.shown_item(session, stored, turn, wanted)
    travelled = {
        made.item
        for sha256 in (*stored.standing.documents, *_pending(stored.standing))
        for made in _made_from(session, stored.standing, sha256)
    }
    if item.id in travelled:
        raise AlreadyThere
    return item


def _pending(standing: Standing) -> Iterator[str]:
    """Return the supplements that are on their way; one that was lost can be released again."""
    return (each.sha256 for each in standing.pending if each.sha256 is not None and not each.lost)


def _without_lost(standing: Standing, sha256: str) -> Standing:
    return replace(
        standing, pending=tuple(each for each in standing.pending if not (each.lost and each.sha256 == sha256))
    )


def _may_release_more(standing: Standing, turn: Turn) -> None:
    """Raise what the table refuses, and MoveNotAllowed once the patient has taken the handover back."""
    move(standing, Act.RELEASE_MORE, turn.side, now=turn.now)
    if standing.withdrawn_at is not None:
        raise MoveNotAllowed("bundle.move-not-allowed", status=standing.status.value, act=Act.RELEASE_MORE.value)


def _made_from(session: Session, standing: Standing, sha256: str) -> tuple[MadeFrom, ...]:
    kept = store.document(session, standing, sha256)
    return () if kept is None else kept.origin.made_from


def _supplements(session: Session, standing: Standing) -> list[Kept]:
    """Return the supplements to this round's document that were previewed, the latest first."""
    found = (store.document(session, standing, each) for each in reversed(store.documents(session, standing)))
    return [kept for kept in found if kept is not None and kept.origin.supplements == standing.documents[0]]


def _marked(item: Item, turn: Turn) -> Item:
    on_word = cases.is_on_patients_word(turn.by, Act.RELEASE_MORE)
    return replace(item, marked=Marked(mark=Mark.TRAVELS, at=turn.now, by=turn.by.name, on_patients_word=on_word))


def _cancelled(session: Session, standing: Standing, now: datetime) -> bool:
    """Cancel the document if it still waits here; whether that was so."""
    if standing.status is not Status.SENT or standing.message is None or standing.undelivered:
        return False
    try:
        exchange.cancel(session, standing.home.agency, standing.message, now=now)
    except AlreadyLeft:
        return False
    return True


def _copied(session: Session, first: Stored, second: Stored, turn: Turn) -> Iterator[Item]:
    for item in store.items(session, first.standing):
        if item.removed:
            continue
        if item.content.file is not None:
            store.add_file(session, second.standing, store.file_data(session, first.standing, item.content.file))
        is_covered = scope.is_covered(session, second.standing, item, turn.now)
        marked = item.marked if is_covered or item.marked.mark is Mark.STAYS else Marked()
        yield replace(item, id=ItemId(new_uuid()), marked=marked, revision=0, said_at=0, own_words_at=0)
