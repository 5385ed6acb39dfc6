"""What people at a service do with a thread's messages: write, send, undo, take back, open, pick a time. Pure.

What must leave for the other members comes back beside the copy, for the caller to post in the same transaction.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from handover.actors import Author, Party
from handover.errors import Conflict, Invalid
from handover.ids import CommunicationId, StaffId
from handover.message.lifecycle import TAKEN_BACK, Act, Guard, Side, Status, next_status, require
from handover.message.model import (
    Answer,
    BadContent,
    Choice,
    Content,
    Fate,
    Member,
    Message,
    Opened,
    Receipt,
    SlotId,
    Subject,
    TakenBack,
    Told,
    Word,
    check_draft,
    check_receivers,
    check_sending,
)
from handover.message.standing import (
    Copy,
    Moved,
    NoSuchMessage,
    Standing,
    brought,
    brought_with,
    emptied,
    failed,
    forwarded_by,
    is_unopened,
    letter_of,
    receipt_changed,
    retraction_to,
    settled,
    with_messages,
    word_to,
    written_here,
)
from handover.person.model import Identity


class NotOffered(Invalid):
    """That time was not offered, or has passed."""

    code = "message.not-offered"


class AlreadyChosen(Conflict):
    """A time was picked already."""

    code = "message.already-chosen"


# --- written here ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Written:
    """A message somebody begins, or saves."""

    to: tuple[Party, ...]
    content: Content = field(default_factory=Content, repr=False)
    replies_to: CommunicationId | None = None


def begin(
    copy: Copy,
    message: CommunicationId,
    written: Written,
    *,
    author: Author,
    now: datetime,
    forwards: Sequence[Message] = (),
    stood_under: tuple[Subject, ...] = (),
) -> Copy:
    """Return the copy with a new draft, and copies of what it forwards. Raises what `check_draft` raises.

    `stood_under`: the subjects under which the same words were sent before.
    """
    home = copy.standing.home
    check_draft(written.content)
    _check_addressed(copy.standing, written.to)
    draft = Message(
        id=message,
        status=Status.DRAFT,
        sender=home,
        brought_by=home,
        author=author,
        to=written.to,
        content=written.content,
        written_at=now,
        placed_at=now,
        replies_to=written.replies_to,
        forwards=tuple(each.id for each in forwards),
        stood_under=stood_under,
    )
    along = (brought(each, copy, via=message, by=home, now=now) for each in forwards)
    return with_messages(copy, draft, *along, now=now)


def rewrite(copy: Copy, message: CommunicationId, written: Written, *, author: Author, now: datetime) -> Copy:
    """Return the copy with a draft saved. Raises NoSuchMessage, MoveNotAllowed, and what `check_draft` raises."""
    draft = written_here(copy, message)
    status = next_status(draft.status, Act.WRITE, Side.AUTHOR)
    check_draft(written.content)
    _check_addressed(copy.standing, written.to)
    saved = replace(
        draft,
        status=status,
        author=author,
        to=written.to,
        content=written.content,
        replies_to=written.replies_to,
        written_at=now,
        placed_at=now,
    )
    return with_messages(copy, saved, now=now)


def leave_out(copy: Copy, message: CommunicationId, forwarded: CommunicationId, *, now: datetime) -> Copy:
    """Return the copy with a draft that brings one message less. Raises NoSuchMessage, MoveNotAllowed."""
    draft = written_here(copy, message)
    status = next_status(draft.status, Act.WRITE, Side.AUTHOR)
    if forwarded not in draft.forwards:
        raise NoSuchMessage
    left = tuple(each for each in copy.messages if (each.id, each.via) != (forwarded, message))
    brings = tuple(each for each in draft.forwards if each != forwarded)
    fewer = replace(draft, status=status, forwards=brings, written_at=now, placed_at=now)
    return with_messages(Copy(copy.standing, left), fewer, now=now)


def discard(copy: Copy, message: CommunicationId, *, now: datetime) -> Copy:
    """Return the copy with a draft thrown away: its words and what it was to forward are gone."""
    draft = written_here(copy, message)
    status = next_status(draft.status, Act.DISCARD, Side.AUTHOR)
    gone = tuple(each for each in copy.messages if each.via != message)
    return with_messages(Copy(copy.standing, gone), emptied(replace(draft, status=status, forwards=())), now=now)


def send(
    copy: Copy,
    message: CommunicationId,
    *,
    author: Author,
    patient: Identity | None,
    now: datetime,
    today: date,
    patient_reads: bool = False,
) -> Moved:
    """Return the copy with a draft sent, a letter for each receiver, and a word of who is new to all others.

    A receiver that is no member becomes one, and sees what is sent from now on and what this message forwards.
    Raises TextTooLong, BadContent, Empty, ToOneself, MoveNotAllowed, NoSuchMessage.
    """
    draft = written_here(copy, message)
    status = next_status(draft.status, Act.SEND, Side.AUTHOR)
    check_receivers(copy.standing.home, draft.to, copy.standing.members)
    check_written(copy, draft, now=now, today=today)
    sent = replace(
        draft,
        status=status,
        author=author,
        written_at=now,
        placed_at=now,
        receipts=tuple(Receipt(to=to) for to in draft.to),
        patient_reads=patient_reads,
    )
    home = copy.standing.home
    added_by = home if copy.standing.others else None
    new = tuple(Member(party=to, since=now, added_by=added_by) for to in draft.to if not copy.standing.has(to))
    standing = replace(copy.standing, members=(*copy.standing.members, *new))
    after = with_messages(Copy(standing, copy.messages), sent, now=now)
    letters = (letter_of(after, sent, to, patient) for to in sent.to)
    return Moved(after, (*letters, *_told_of_new(after.standing, sent, new, author, now)))


def check_written(copy: Copy, draft: Message, *, now: datetime, today: date) -> None:
    """Raise what keeps a draft back by what is in it alone: TextTooLong, BadContent, Empty."""
    check_sending(draft.content, forwarded_by(copy, draft), today=today)
    _check_offered(draft.content, now)


def undo_send(copy: Copy, message: CommunicationId, *, now: datetime) -> Copy:
    """Return the copy with a message that had not left as a draft again; whom it let in is out again.

    Whoever became responsible by sending it is so no longer, unless something else stands that they answered.
    """
    sent, home = written_here(copy, message), copy.standing.home
    status = next_status(sent.status, Act.UNDO_SEND, Side.AUTHOR, frozenset({Guard.NOT_LEFT}))
    members = (each for each in copy.standing.members if each.party == home or each.since != sent.written_at)
    owner = sent.owner_before if _gave_it(copy, sent) else copy.standing.owner
    standing = replace(copy.standing, members=tuple(members), owner=owner)
    draft = replace(
        sent, status=status, receipts=(), also_told=(), made_owner=None, owner_before=None, placed_at=now
    )
    return with_messages(Copy(standing, copy.messages), draft, now=now)


def _gave_it(copy: Copy, sent: Message) -> bool:
    """Whether the owner is so by this answer alone."""
    if sent.made_owner is None or sent.made_owner != copy.standing.owner:
        return False
    same = (each for each in copy.messages if each.made_owner == sent.made_owner and each.id != sent.id)
    return all(each.status in TAKEN_BACK for each in same)


def answered(copy: Copy, message: CommunicationId, by: StaffId, *, before: StaffId | None, now: datetime) -> Copy:
    """Return the copy that knows whether an answer made its writer responsible. `before`: who was until then."""
    if before == by:
        earlier = next((each for each in copy.messages if each.made_owner == by), None)
        if earlier is None:
            return copy
        before = earlier.owner_before
    elif copy.standing.owner != by:
        return copy
    mark = replace(written_here(copy, message), made_owner=by, owner_before=before)
    return with_messages(copy, mark, now=now)


def owned(copy: Copy, owner: StaffId | None) -> Copy:
    """Return the copy with an owner, or nobody, whichever answer is undone from now on."""
    messages = (replace(each, made_owner=None, owner_before=None) for each in copy.messages)
    return Copy(replace(copy.standing, owner=owner), tuple(messages))


def send_again(
    copy: Copy, message: CommunicationId, to: Party, *, patient: Identity | None, now: datetime
) -> Moved:
    """Return the copy with the same message promised once more to one receiver that it did not reach."""
    sent = written_here(copy, message)
    facts = frozenset(
        {Guard.UNDELIVERED} if any(each.undelivered for each in sent.receipts if each.to == to) else ()
    )
    next_status(sent.status, Act.SEND_AGAIN, Side.AUTHOR, facts)
    again = receipt_changed(copy, message, to, now=now, undelivered=False)
    return Moved(again, (letter_of(again, again.message(message), to, patient),))


def retract(copy: Copy, message: CommunicationId, taken: TakenBack) -> Moved:
    """Return the author's copy with a message taken back, and a retraction for every receiver it may have reached.

    Raises MoveNotAllowed, Incomplete (a reason that is not explained), NoSuchMessage.
    """
    sent = written_here(copy, message)
    status = next_status(sent.status, Act.RETRACT, Side.AUTHOR)
    require(sent.status, Act.RETRACT, ["reason"] if taken.is_explained else [])
    after = with_messages(copy, replace(sent, status=status, taken_back=taken), now=taken.at)
    notices = (
        retraction_to(after.standing, message, receipt.to, taken)
        for receipt in sent.receipts
        if not failed(receipt)
    )
    return Moved(settled(after, message, now=taken.at), tuple(notices))


def choose(copy: Copy, message: CommunicationId, slot: SlotId, *, by: Author, phone: str, now: datetime) -> Moved:
    """Return the copy with one of the times offered picked, and a word of it to everyone who had the offer.

    Raises NotOffered (also for a time that has passed), AlreadyChosen, NoSuchMessage.
    """
    offer = copy.message(message)
    offered = () if offer.content.offer is None else offer.content.offer.slots
    mine = offer.sender == copy.standing.home
    if mine or not any(each.id == slot and each.start > now for each in offered):
        raise NotOffered(fields={"slot": ["required"]})
    if offer.choice is not None:
        raise AlreadyChosen
    if offer.status is not Status.OPENED:
        raise NoSuchMessage
    choice = Choice(slot=slot, by=by, at=now, phone=phone)
    after = with_messages(copy, replace(offer, choice=choice), now=now)
    told = Told(message=message, choice=choice)
    others = dict.fromkeys((offer.sender, *offer.to))
    words = tuple(
        word_to(after.standing, to, (told,), author=by, now=now) for to in others if to != copy.standing.home
    )
    return Moved(after, words)


# --- read here -------------------------------------------------------------------------------------------------


def open_(copy: Copy, by: Author, *, now: datetime) -> Moved:
    """Return the copy with everything unopened opened, and a word to each author of who opened what."""
    opened = Opened(by=by.name, title=by.title, at=now)
    fresh = [each for each in copy.messages if is_unopened(copy, each)]
    if not fresh:
        return Moved(copy)
    read = [
        replace(each, status=next_status(each.status, Act.OPEN, Side.RECEIVER), opened=opened) for each in fresh
    ]
    after = with_messages(copy, *read, now=now)
    told: dict[Party, list[Told]] = {}
    for each in read:
        if each.via is None:
            told.setdefault(each.sender, []).append(Told(message=each.id, opened=opened))
    words = (word_to(after.standing, to, tuple(what), author=by, now=now) for to, what in told.items())
    return Moved(after, tuple(words))


def confirm_retraction(copy: Copy, message: CommunicationId, by: Author, *, now: datetime) -> Moved:
    """Return the copy after a leader confirmed that a message is hidden, and a word of it to who took it back."""
    home = copy.standing.home
    hidden = [each for each in brought_with(copy, message) if each.status is Status.RETRACT_ASKED]
    hidden = [each for each in hidden if each.brought_by != home]
    if not hidden:
        raise NoSuchMessage
    confirmed = (
        replace(each, status=next_status(each.status, Act.CONFIRM_RETRACTION, Side.LEADER)) for each in hidden
    )
    after = with_messages(copy, *confirmed, now=now)
    told = Told(message=message, answer=Answer(fate=Fate.CONFIRMED, at=now, by=by.name))
    to = sorted({each.brought_by for each in hidden if each.id == message}, key=str)
    return Moved(after, tuple(word_to(after.standing, each, (told,), author=by, now=now) for each in to))


def _check_addressed(standing: Standing, to: tuple[Party, ...]) -> None:
    if to:
        check_receivers(standing.home, to, standing.members)


def _check_offered(content: Content, now: datetime) -> None:
    """Raise BadContent for a time that has passed while the draft lay."""
    if content.offer is not None and any(each.start <= now for each in content.offer.slots):
        raise BadContent(fields={"slots": ["in-past"]})


def _told_of_new(
    standing: Standing, sent: Message, new: tuple[Member, ...], author: Author, now: datetime
) -> Iterator[Word]:
    left_out = [to for to in standing.others if to not in sent.to] if new else []
    return (word_to(standing, to, (), author=author, now=now, members=new) for to in left_out)
