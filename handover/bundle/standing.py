"""Where a handover stands in one copy of it, how the two copies stay one, and who is responsible (rule 7). Pure.

The sender's copy decides until the document has arrived; then the receiver's copy decides and numbers, and the
sender's adopts what is newer. What the patient does at the sender after that is pending until a word of the
receiver answers it. A signed take-over is never undone: whatever crosses on the way, it can only be added.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from handover.actors import Author, Party
from handover.bundle.lifecycle import (
    AT_RECEIVER,
    AT_SENDER,
    UNSENT,
    Act,
    Guard,
    Side,
    Status,
    Version,
    acts_open_to,
    next_status,
)
from handover.bundle.model import (
    Approval,
    Decline,
    Done,
    Handed,
    Meeting,
    Note,
    Opened,
    RequestId,
    StatusUpdate,
    TakeOver,
    TrustedTold,
    Wishes,
    WithdrawalAnswer,
    WithdrawalNotice,
)
from handover.errors import Conflict, Invalid, NotFound
from handover.ids import HandoverId, MessageId, PersonId, ReferralId, StaffId
from handover.workdays import at_hour, local_date, rules_on, working_days_after


class NotYetHere(Conflict):
    """The message speaks of something this node has not heard of yet: let the sender try again."""

    code = "bundle.not-yet-here"


class NotTheHolder(NotFound):
    """The other side is not the service this handover goes between (the same answer as when there is none)."""

    code = "bundle.not-found"


class OtherDocument(Invalid):
    """Another document than the one received in this round, without a new round: refused, never replaced."""

    code = "bundle.other-document"


class AlreadyAsked(Conflict):
    """The same request is pending already."""

    code = "bundle.already-asked"


class PendingKind(StrEnum):
    """What waits for the other side."""

    WITHDRAWAL = "withdrawal"
    SUPPLEMENT = "supplement"


@dataclass(frozen=True, kw_only=True)
class Pending:
    """Something that was sent after the handover itself, and that no word of the receiver has answered yet."""

    request: RequestId
    kind: PendingKind
    asked_at: datetime
    sha256: str | None = None
    """Of a supplement."""
    lost: bool = False
    """Its delivery was refused, expired or stopped: somebody must ask again."""


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """Sender: an earlier sending that may be at the receiver, or is: it was given up, tried again, or declined.

    Should its word come, it counts; and a withdrawal takes it back too.
    """

    known: Version
    """The receiver's latest word about it that counted; number 0: none, it may never have arrived."""
    documents: tuple[str, ...] = ()
    sent_at: datetime | None = None
    message: MessageId | None = None
    approval: Approval | None = None
    arrived_at: datetime | None = None
    """Its `ok` came while a later sending was on its way."""
    heard: StatusUpdate | None = None
    """The receiver's latest word about it that came while a later sending was on its way."""

    @property
    def round(self) -> int:
        """Which sending of the case it was."""
        return self.known.round


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One copy of a handover without its items and documents."""

    side: Side
    """Whose copy: the sender's or the receiver's."""
    home: Party
    """The service that keeps this copy."""
    handover: HandoverId
    reference: str
    """Eight characters people can say on the phone."""
    status: Status = Status.DRAFT
    version: Version = UNSENT
    sender: Party
    receiver: Party | None = None
    """None in a draft to nobody yet."""
    person: PersonId
    clinician: Author
    """The sender's."""
    owner: StaffId | None = None
    """At the sender who writes it; at the receiver who has taken it."""
    wishes: Wishes = field(default_factory=Wishes, repr=False)
    trusted: tuple[TrustedTold, ...] = field(default=(), repr=False)
    """Sender: who of those the patient wants told has been, in this round."""
    language: str = "nb"
    take_over_by: date | None = None
    """The date agreed for taking over."""
    created_at: datetime
    changed_at: datetime
    sent_at: datetime | None = None
    received_at: datetime | None = None
    frozen: str | None = None
    """Hex SHA-256 of the latest preview."""
    approval: Approval | None = None
    documents: tuple[str, ...] = ()
    """What has travelled in this round, hex SHA-256: the first document, then its supplements."""
    message: MessageId | None = None
    """The latest message with the document that left this copy."""
    received_in: tuple[MessageId, ...] = ()
    """Receiver: every message that brought a document or a note: their evidence goes when they are deleted."""
    told_in: tuple[MessageId, ...] = ()
    """Receiver: every message of its own that may carry something of the patient's: their evidence goes, too."""
    to_forget: tuple[MessageId, ...] = ()
    """Those that were still on their way when the rest was deleted: they go when they have ended."""
    deleted_at: datetime | None = None
    """Receiver: when all that had come was deleted; what was written before is not taken in any more."""
    undelivered: bool = False
    """That message was refused, expired or stopped."""
    turned_away: bool = False
    """Then: nothing of it can be there. The receiver's signed answer was no, or it never left."""
    earlier: tuple[Earlier, ...] = ()
    """Sender: the sendings before the present one of which something may be at the receiver, oldest first."""
    opened: Opened | None = None
    unread_since: datetime | None = None
    """Receiver: since when a supplement lies unopened."""
    meeting: Meeting | None = None
    take_over: TakeOver | None = None
    begun: bool = False
    """The first day of a take-over that was signed ahead of time has come: both lists go on from there."""
    decline: Decline | None = None
    declined_from: Status | None = None
    """Sender: what stood before a decline, for as long as the patient is not shown it (rule 14)."""
    decline_read_at: datetime | None = None
    """Sender: when somebody there opened the decline."""
    asked_at: datetime | None = None
    """Since when a question of the receiver has stood without a note from the sender."""
    withdrawn_at: datetime | None = None
    """When the patient took it back; None again after a new yes."""
    withdrawal: WithdrawalAnswer | None = None
    pending: tuple[Pending, ...] = ()
    """Sender: what no word of the receiver has answered yet."""
    copied_from: HandoverId | None = None
    from_referral: ReferralId | None = None

    @property
    def counterpart(self) -> Party | None:
        """The service at the other end; None in a draft to nobody."""
        return self.receiver if self.side is Side.SENDER else self.sender

    @property
    def wants_meeting(self) -> bool:
        """Whether the patient wants a meeting."""
        return self.wishes.meeting

    @property
    def never_came(self) -> bool:
        """Whether the receiver's node has answered that what was taken back had not come."""
        return self.withdrawal is not None and self.withdrawal.done is Done.NOT_RECEIVED

    def is_withdrawal_pending(self) -> bool:
        """Whether the receiver has been asked, and has not yet said that it knows."""
        return any(each.kind is PendingKind.WITHDRAWAL for each in self.pending)


@dataclass(frozen=True, kw_only=True)
class Baton:
    """Who is responsible now and since when, and who takes over next, where that is signed for a later day."""

    holder: Party
    since: datetime
    then: Party | None = None
    then_from: date | None = None


AT_HOME: Final = frozenset({*AT_SENDER, Status.WITHDRAWN})
"""The sender decides; at the receiver is at most what was sent earlier."""
WITHDRAWN_THERE: Final = (Status.WITHDRAWAL_NOTIFIED, Status.WITHDRAWAL_ANSWERED)
TAKES_SUPPLEMENTS: Final = (*AT_RECEIVER, Status.TAKEN_OVER)
AFTER_ARRIVAL: Final = 2
"""The lowest number of a word about what was taken back: 1 is the arrival, also where nothing came."""
_LATE_ARRIVAL: Final = frozenset({Guard.UNDELIVERED, Guard.NEW_ROUND})
_PUT_AWAY: Final = (Status.TAKEN_OVER, Status.DECLINED)
"""What the sender may have closed: a later word of the same state does not open it again."""


# --- who is responsible ----------------------------------------------------------------------------------------


def responsible(standing: Standing, now: datetime) -> Party:
    """Return the one service responsible now: the sender, until the first day of a take-over known here."""
    return baton(standing, now).holder


def baton(standing: Standing, now: datetime) -> Baton:
    """Return who is responsible and since when; total over every standing, and never nobody (rule 7).

    Neither a decline, a withdrawal nor a new round gives back what was taken over.
    """
    take_over = standing.take_over
    if take_over is None or standing.receiver is None:
        return Baton(holder=standing.sender, since=standing.created_at)
    starts = max(at_hour(take_over.from_date, 0), take_over.signed_at)
    if now < starts:
        return Baton(
            holder=standing.sender,
            since=standing.created_at,
            then=standing.receiver,
            then_from=take_over.from_date,
        )
    return Baton(holder=standing.receiver, since=starts)


def waits_for_first_day(standing: Standing) -> bool:
    """Whether a take-over was signed ahead of its first day, and that day has not begun in this copy's list."""
    taken = standing.take_over
    return taken is not None and not standing.begun and taken.from_date > local_date(taken.signed_at)


# --- what may be done ------------------------------------------------------------------------------------------


def facts(standing: Standing, *more: Guard) -> frozenset[Guard]:
    """Return the guards that hold in this copy, and those the caller knows of."""
    found = set(more)
    if standing.undelivered or (standing.earlier and standing.status is not Status.SENT):
        found.add(Guard.UNDELIVERED)
    if any(each.lost and each.kind is PendingKind.WITHDRAWAL for each in standing.pending):
        found.add(Guard.NOTICE_LOST)
    if not standing.wishes.meeting:
        found.add(Guard.MEETING_DECLINED)
    if standing.approval is not None and standing.approval.sha256 == standing.frozen:
        found.add(Guard.VALID_YES)
    return frozenset(found)


def offered(standing: Standing, side: Side, *guards: Guard) -> tuple[Act, ...]:
    """Return the acts open to that side in this copy now: what the table allows and what makes sense."""
    found = acts_open_to(standing.status, side, facts(standing, *guards))
    hidden: set[Act] = set()
    if standing.is_withdrawal_pending():
        hidden |= {Act.RELEASE_MORE, Act.REOPEN}
    if any(each.kind is PendingKind.WITHDRAWAL and not each.lost for each in standing.pending):
        hidden.add(Act.WITHDRAW)
    return tuple(act for act in found if act not in hidden)


# --- the sender's copy, as long as it decides -------------------------------------------------------------------


def move(standing: Standing, act: Act, side: Side, *guards: Guard, now: datetime, **changes: Any) -> Standing:
    """Return the sender's copy after an act that no receiver numbers. Raises what `next_status` raises."""
    status = next_status(standing.status, act, side, facts(standing, *guards))
    return replace(standing, status=status, changed_at=now, **changes)


def send(standing: Standing, side: Side, message: MessageId, *, now: datetime) -> Standing:
    """Return the sender's copy after the document was promised to the exchange, in a round of its own."""
    status = next_status(standing.status, Act.SEND, side, facts(standing))
    round_ = standing.version.round + any(each.round == standing.version.round for each in standing.earlier)
    return replace(
        _cleared(standing),
        status=status,
        version=Version(round_, 0),
        changed_at=now,
        sent_at=now,
        message=message,
        documents=() if standing.frozen is None else (standing.frozen,),
    )


def undo_send(standing: Standing, side: Side, *, now: datetime) -> Standing:
    """Return the sender's copy after a sending that had not left was undone; what was heard of others counts."""
    undone = move(standing, Act.UNDO_SEND, side, Guard.NOT_LEFT, now=now, sent_at=None, message=None, documents=())
    return _caught_up(undone)


def send_again(standing: Standing, side: Side, message: MessageId, *, now: datetime) -> Standing:
    """Return the sender's copy after the same document was promised once more, in the same round."""
    return move(
        standing,
        Act.SEND_AGAIN,
        side,
        now=now,
        sent_at=now,
        message=message,
        undelivered=False,
        turned_away=False,
        earlier=_with_present(standing),
    )


def give_up(standing: Standing, side: Side, *, now: datetime) -> Standing:
    """Return the sender's copy after a delivery that failed was given up; should it be there, its word counts."""
    given_up = move(
        standing,
        Act.GIVE_UP,
        side,
        now=now,
        earlier=_with_present(standing),
        undelivered=False,
        turned_away=False,
        approval=None,
        sent_at=None,
        message=None,
        documents=(),
    )
    return _caught_up(given_up)


def reopen(standing: Standing, side: Side, *, now: datetime) -> Standing:
    """Return the sender's copy opened again by the patient: a new round, a new yes ("open return").

    What was declined is at the receiver still. Raises AlreadyAsked before a withdrawal is answered: the answer is
    about what the patient took back, not about what is sent next.
    """
    again = move(standing, Act.REOPEN, side, now=now, approval=None, frozen=None)
    if standing.is_withdrawal_pending():
        raise AlreadyAsked(kind=PendingKind.WITHDRAWAL.value)
    earlier = _with_present(standing) if standing.status is Status.DECLINED else standing.earlier
    rounds = (standing.version.round + (standing.version.number > 0), *(each.round + 1 for each in earlier))
    return replace(
        _cleared(again), version=Version(max(rounds), 0), earlier=earlier, sent_at=None, message=None, documents=()
    )


def withdraw(standing: Standing, side: Side, request: RequestId, *, now: datetime, left: bool = True) -> Standing:
    """Return the sender's copy after the patient took it back.

    Where nothing has ever left (`left` False: the message waited here and was cancelled), it ends here. Else the
    request is pending, and the caller sends it (`withdrawal_round`): something of it may be at the receiver.
    Raises AlreadyAsked, or what the table refuses.
    """
    if standing.status is Status.SENT and not left:
        standing = undo_send(standing, Side.SENDER, now=now)
    elif standing.status is Status.SENT and standing.undelivered:
        standing = give_up(standing, Side.SENDER, now=now)
    status = next_status(standing.status, Act.WITHDRAW, side, facts(standing))
    taken_back = replace(standing, withdrawn_at=standing.withdrawn_at or now)
    if status is not Status.WITHDRAWN:
        return ask_withdrawal(taken_back, request, now=now)
    ended = replace(taken_back, status=status, changed_at=now, approval=None)
    return ask_withdrawal(ended, request, now=now) if ended.earlier else ended


def withdrawal_round(standing: Standing) -> int:
    """Return up to and with which round a withdrawal takes back: the latest that may be at the receiver."""
    rounds = [each.round for each in standing.earlier]
    return max(rounds if standing.status in AT_HOME else [*rounds, standing.version.round])


def ask_withdrawal(standing: Standing, request: RequestId, *, now: datetime) -> Standing:
    """Return the sender's copy with a withdrawal asked of the receiver; one that was lost is asked again."""
    if any(each.kind is PendingKind.WITHDRAWAL and not each.lost for each in standing.pending):
        raise AlreadyAsked(kind=PendingKind.WITHDRAWAL.value)
    others = tuple(each for each in standing.pending if each.kind is not PendingKind.WITHDRAWAL)
    asked = Pending(request=request, kind=PendingKind.WITHDRAWAL, asked_at=now)
    return replace(standing, pending=(*others, asked))


def owes_withdrawal(standing: Standing) -> bool:
    """Whether the patient took it back here and the receiver, who turns out to have it, was not asked yet."""
    has_it = standing.version.number > 0 and standing.status not in {*WITHDRAWN_THERE, Status.WITHDRAWN}
    return standing.withdrawn_at is not None and has_it and not standing.is_withdrawal_pending()


def ask_supplement(standing: Standing, request: RequestId, sha256: str, *, now: datetime) -> Standing:
    """Return the sender's copy with one more document on its way. Raises what the table refuses."""
    next_status(standing.status, Act.RELEASE_MORE, Side.PATIENT, facts(standing))
    asked = Pending(request=request, kind=PendingKind.SUPPLEMENT, asked_at=now, sha256=sha256)
    return replace(standing, pending=(*standing.pending, asked))


# --- the sender's copy, as it follows ---------------------------------------------------------------------------


def arrived(standing: Standing, *, round_: int, at: datetime) -> Standing:
    """Return the sender's copy after the receiver's signed `ok` to the document of a round.

    Nothing changes when the receiver's word came first, or nobody waits for that round any more. What was given
    up, or taken back, and has arrived after all is at the receiver (`owes_withdrawal` says whether that must be
    told); while a later sending is on its way, it is remembered.
    """
    if standing.status is Status.SENT and round_ == standing.version.round:
        return _now_there(standing, Version(round_, 1), at)
    found = next((each for each in standing.earlier if each.known == Version(round_, 0)), None)
    if found is None or found.arrived_at is not None or found.heard is not None:
        return standing
    moves_here = standing.status in AT_HOME or round_ > standing.version.round
    if not moves_here or Act.ARRIVE not in acts_open_to(standing.status, Side.MACHINE, _LATE_ARRIVAL):
        return _remembered(standing, replace(found, arrived_at=at))
    return _now_there(_back_to(standing, found), Version(round_, 1), at)


def not_delivered(standing: Standing, message: MessageId, *, at: datetime, turned_away: bool = False) -> Standing:
    """Return the sender's copy after delivery of its document failed; unchanged when it is not the latest.

    `turned_away`: nothing of it is there. What the patient had taken back meanwhile ends here, but for the
    receiver's answer to the withdrawal, which is on its way.
    """
    if standing.status is not Status.SENT or standing.message != message:
        return standing
    if not standing.is_withdrawal_pending():
        return replace(standing, undelivered=True, turned_away=turned_away, changed_at=at)
    ended = replace(
        standing,
        status=Status.WITHDRAWN,
        earlier=_with_present(standing, anyhow=True),
        approval=None,
        changed_at=at,
    )
    return _caught_up(ended)


def carried(standing: Standing, request: RequestId) -> Standing:
    """Return the sender's copy after the signed `ok` to a supplement, which counts among what was sent now.

    A withdrawal that was thought lost has got through: the receiver's own answer is awaited again.
    """
    found = next((each for each in standing.pending if each.request == request), None)
    if found is not None and found.kind is PendingKind.WITHDRAWAL:
        known = (replace(each, lost=False) if each == found else each for each in standing.pending)
        return replace(standing, pending=tuple(known))
    if found is None or found.sha256 is None:
        return standing
    left = tuple(each for each in standing.pending if each.request != request)
    return replace(standing, pending=left, documents=(*standing.documents, found.sha256))


def not_carried(standing: Standing, request: RequestId) -> Standing:
    """Return the sender's copy after delivery of a pending request failed: it stays, and must be asked again."""
    marked = (replace(each, lost=True) if each.request == request else each for each in standing.pending)
    return replace(standing, pending=tuple(marked))


def adopt(standing: Standing, told: StatusUpdate) -> Standing:
    """Return the sender's copy after a word of the receiver; of an older one only an unknown take-over counts.

    A word about an earlier sending counts when no later one has taken its place; while that is on its way, it is
    remembered. Raises NotTheHolder when it is not the word of the service this handover was sent to, or is about
    something that never left.
    """
    if (told.sender, told.receiver) != (standing.home, standing.receiver) or told.version.round > _left(standing):
        raise NotTheHolder
    is_home = standing.status in AT_HOME
    if not is_home and told.version.round == standing.version.round and told.version > standing.version:
        return _as_told(standing, told)
    found = next((each for each in standing.earlier if each.round == told.version.round), None)
    if found is not None and standing.status is Status.SENT:
        is_news = told.version > (found.known if found.heard is None else found.heard.version)
        standing = _remembered(standing, replace(found, heard=told)) if is_news else standing
    elif found is not None and told.version > (found.known if is_home else max(found.known, standing.version)):
        has_more = (
            not is_home and told.status in WITHDRAWN_THERE
        )  # what it had is what we know, not what we sent last
        return _as_told(standing if has_more else _back_to(standing, found), told)
    return replace(standing, take_over=standing.take_over or told.take_over)


def _as_told(standing: Standing, told: StatusUpdate) -> Standing:
    is_withdrawn = told.status in WITHDRAWN_THERE
    is_put_away = standing.status is Status.CLOSED and told.status in _PUT_AWAY
    is_newly_declined = told.status is Status.DECLINED and standing.status is not Status.DECLINED
    return replace(
        standing,
        status=Status.CLOSED if is_put_away else told.status,
        version=told.version,
        changed_at=told.at,
        received_at=standing.received_at or told.at,
        undelivered=False,
        turned_away=False,
        earlier=_later_than(standing, told.version.round),
        opened=told.opened,
        meeting=told.meeting,
        take_over=told.take_over or standing.take_over,
        decline=told.decline,
        declined_from=standing.status if is_newly_declined else standing.declined_from,
        withdrawal=told.withdrawal,
        withdrawn_at=(standing.withdrawn_at or told.at) if is_withdrawn else standing.withdrawn_at,
        pending=tuple(
            each for each in standing.pending if not (is_withdrawn and each.kind is PendingKind.WITHDRAWAL)
        ),
    )


# --- the receiver's copy, which decides -------------------------------------------------------------------------


def decide(standing: Standing, act: Act, side: Side = Side.RECEIVER, *, now: datetime, **changes: Any) -> Standing:
    """Return the receiver's copy after one act, numbered. Raises what `next_status` raises."""
    status = next_status(standing.status, act, side, facts(standing))
    return _numbered(standing, status, now, **changes)


def take_over(standing: Standing, taken: TakeOver, *, now: datetime) -> Standing:
    """Return the receiver's copy after the signed take-over; a later one never moves the first day forward."""
    before = standing.take_over
    if before is not None:
        taken = replace(
            taken,
            from_date=min(before.from_date, taken.from_date),
            signed_at=min(before.signed_at, taken.signed_at),
        )
    return decide(standing, Act.TAKE_OVER, now=now, take_over=taken, owner=standing.owner)


def take_in(standing: Standing, handed: Handed, sha256: str, *, now: datetime) -> Standing:
    """Return the receiver's copy after a document: of a new round, a supplement, or one seen before.

    A document whose hash stands in `documents` of a changed copy is to be kept; a new round may bring the same
    bytes again. No other is (`is_taken_back` says of which nothing may stay). Raises NotYetHere for a supplement
    to something that has not come, OtherDocument for a second first one.
    """
    if handed.sender != standing.sender or handed.receiver != standing.home:
        raise NotTheHolder
    if is_taken_back(standing, handed.round):
        return standing
    if handed.round > standing.version.round:
        return _new_round(standing, handed, sha256, now)
    if sha256 in standing.documents:
        return standing
    if handed.supplements is None:
        raise OtherDocument
    if handed.supplements not in standing.documents:
        raise NotYetHere
    if standing.status not in TAKES_SUPPLEMENTS:
        return standing
    return replace(
        standing,
        documents=(*standing.documents, sha256),
        unread_since=standing.unread_since or (None if standing.status is Status.RECEIVED else now),
    )


def is_taken_back(standing: Standing, round_: int) -> bool:
    """Whether the receiver's copy knows that what was sent in a round counts no more: taken back, or sent anew."""
    is_present = round_ == standing.version.round
    return round_ < standing.version.round or (is_present and standing.status in WITHDRAWN_THERE)


def take_withdrawal(standing: Standing, notice: WithdrawalNotice, *, place: str, now: datetime) -> Standing:
    """Return the receiver's copy after the patient took it back, up to and with the round the notice names.

    Unchanged when that is known, or a new yes has come since. A notice that overtook its document takes back what
    came before, and the document when it comes. Where all that came was answered for already, the node answers for
    what did not come, in the name of the service (`place`).
    """
    if notice.sender != standing.sender or notice.receiver != standing.home:
        raise NotTheHolder
    if is_taken_back(standing, notice.round):
        return standing
    if standing.status is Status.WITHDRAWAL_ANSWERED:
        answered = not_received(place, now=now)
        after = _numbered(standing, standing.status, now, withdrawn_at=notice.at, withdrawal=answered)
    elif standing.status is Status.WITHDRAWAL_NOTIFIED:
        after = _numbered(standing, standing.status, now, withdrawn_at=notice.at)
    else:
        after = decide(standing, Act.WITHDRAW, Side.PATIENT, now=now, withdrawn_at=notice.at, unread_since=None)
    return replace(after, version=max(after.version, Version(notice.round, AFTER_ARRIVAL)))


def is_too_late(standing: Standing, note: Note) -> bool:
    """Whether a note of the sender's is about what was deleted here: that it came is kept, what it says is not."""
    if standing.deleted_at is None:
        return False
    return standing.status is Status.WITHDRAWAL_ANSWERED or note.written_at <= standing.deleted_at


def not_received(place: str, *, now: datetime) -> WithdrawalAnswer:
    """Return a node's own answer to a withdrawal of what has not come; `place` is what people call the service."""
    return WithdrawalAnswer(done=Done.NOT_RECEIVED, person=place, at=now)


def nothing_came(notice: WithdrawalNotice, *, author: Author, now: datetime) -> StatusUpdate:
    """Return what a receiver without a copy tells the sender: it has not come, and is not kept should it come."""
    return StatusUpdate(
        handover=notice.handover,
        status=Status.WITHDRAWAL_ANSWERED,
        version=Version(notice.round, AFTER_ARRIVAL),
        sender=notice.sender,
        receiver=notice.receiver,
        author=author,
        at=now,
        withdrawal=not_received(author.name, now=now),
    )


def word(standing: Standing, *, author: Author, note: Note | None = None) -> StatusUpdate:
    """Return what the receiver tells the sender: the whole present state, and perhaps a note."""
    return StatusUpdate(
        handover=standing.handover,
        status=standing.status,
        version=standing.version,
        sender=standing.sender,
        receiver=standing.home,
        author=author,
        at=standing.changed_at,
        opened=standing.opened,
        meeting=standing.meeting,
        take_over=standing.take_over,
        decline=standing.decline,
        withdrawal=standing.withdrawal,
        note=note,
    )


def noted(standing: Standing, note: Note) -> Standing:
    """Return either copy after a note: a question waits for the sender's next note."""
    if note.from_sender:
        is_answered = standing.asked_at is not None and note.written_at >= standing.asked_at
        return replace(standing, asked_at=None) if is_answered else standing
    if not note.is_question:
        return standing
    return replace(standing, asked_at=standing.asked_at or note.written_at)


# --- what the patient is shown -----------------------------------------------------------------------------------


def for_patient(standing: Standing, now: datetime) -> Standing:
    """Return the copy as the patient is shown it: a decline first to who can help, but never late (rule 14)."""
    shown_at = decline_shown_from(standing)
    if shown_at is None or now >= shown_at:
        return standing
    return replace(standing, status=standing.declined_from or Status.RECEIVED, decline=None)


def decline_shown_from(standing: Standing) -> datetime | None:
    """Return when the patient is shown a decline: read by the sender, or noon of the next working day."""
    if standing.status is not Status.DECLINED:
        return None
    declined_on = local_date(standing.changed_at)
    rules = rules_on(declined_on)
    day = working_days_after(declined_on, rules.refusal_shown_working_days, rules.breach_week, rules.days_off)
    latest = at_hour(day, rules.refusal_shown_hour)
    read_at = standing.decline_read_at
    return max(standing.changed_at, latest if read_at is None else min(read_at, latest))


def _numbered(standing: Standing, status: Status, now: datetime, **changes: Any) -> Standing:
    at = max(now, standing.changed_at)  # a clock that was set back never turns the order of versions
    return replace(standing, status=status, version=standing.version.next(), changed_at=at, **changes)


def _new_round(standing: Standing, handed: Handed, sha256: str, now: datetime) -> Standing:
    if handed.supplements is not None:
        raise NotYetHere
    status = next_status(standing.status, Act.ARRIVE, Side.MACHINE, facts(standing, Guard.NEW_ROUND))
    return replace(
        _cleared(standing),
        status=status,
        version=Version(handed.round, 1),
        changed_at=max(now, standing.changed_at),
        sent_at=handed.sent_at,
        received_at=now,
        approval=handed.approval,
        documents=(sha256,),
    )


def _left(standing: Standing) -> int:
    """Return the latest round of which anything has left the sender; 0 before the first."""
    present = standing.version.round - (standing.status in AT_HOME)
    return max((present, *(each.round for each in standing.earlier)))


def _with_present(standing: Standing, *, anyhow: bool = False) -> tuple[Earlier, ...]:
    """Return what may be at the receiver, with the present sending; not with one that was turned away."""
    if standing.turned_away and not anyhow:
        return standing.earlier
    present = Earlier(
        known=standing.version,
        documents=standing.documents,
        sent_at=standing.sent_at,
        message=standing.message,
        approval=standing.approval,
    )
    return (*(each for each in standing.earlier if each.round != present.round), present)


def _remembered(standing: Standing, changed: Earlier) -> Standing:
    earlier = (changed if each.round == changed.round else each for each in standing.earlier)
    return replace(standing, earlier=tuple(earlier))


def _later_than(standing: Standing, round_: int) -> tuple[Earlier, ...]:
    """Return the sendings after a round that is known to be there: what came before it is in the same copy."""
    return tuple(each for each in standing.earlier if each.round > round_)


def _back_to(standing: Standing, found: Earlier) -> Standing:
    """Return the sender's copy as it was when that sending was the present one; a withdrawal since stays asked."""
    return replace(
        _cleared(standing),
        status=Status.SENT,
        version=found.known,
        documents=found.documents,
        sent_at=found.sent_at,
        message=found.message,
        approval=found.approval,
        withdrawn_at=standing.withdrawn_at,
        pending=standing.pending,
    )


def _now_there(standing: Standing, version: Version, at: datetime) -> Standing:
    return replace(
        standing,
        status=next_status(standing.status, Act.ARRIVE, Side.MACHINE, facts(standing)),
        version=version,
        changed_at=at,
        received_at=at,
        undelivered=False,
        turned_away=False,
        earlier=_later_than(standing, version.round),
    )


def _caught_up(standing: Standing) -> Standing:
    """Return the copy that is the sender's again, with what was heard of earlier sendings in the meantime."""
    for each in reversed(standing.earlier):
        if each.heard is not None:
            return adopt(standing, each.heard)
        if each.arrived_at is not None:
            return arrived(
                _remembered(standing, replace(each, arrived_at=None)), round_=each.round, at=each.arrived_at
            )
    return standing


def _cleared(standing: Standing) -> Standing:
    """Return the copy without what belongs to a round that has passed; a signed take-over stays."""
    return replace(
        standing,
        received_at=None,
        trusted=(),
        undelivered=False,
        turned_away=False,
        opened=None,
        unread_since=None,
        meeting=None,
        decline=None,
        declined_from=None,
        decline_read_at=None,
        asked_at=None,
        withdrawn_at=None,
        withdrawal=None,
        pending=(),
    )
