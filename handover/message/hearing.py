"""What comes to a copy from other members, in any order, twice or late, and what became of deliveries. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from handover.actors import Party
from handover.errors import Invalid
from handover.exchange.model import Look
from handover.ids import CommunicationId, MessageId, PersonId
from handover.message.lifecycle import TAKEN_BACK, Status
from handover.message.model import (
    Answer,
    Content,
    Fate,
    Forwarded,
    Hop,
    Letter,
    Member,
    Message,
    Opened,
    Retraction,
    TakenBack,
    Told,
    Word,
)
from handover.message.standing import (
    Copy,
    Leaves,
    Moved,
    NotYetHere,
    Standing,
    brought,
    brought_with,
    failed,
    gone,
    is_forwarded_from,
    merged,
    receipt_changed,
    receipts_of,
    retraction_to,
    settled,
    with_messages,
    word_to,
    written_here,
)

AHEAD: Final = timedelta(minutes=5)
"""How far another node's clock may be ahead of ours."""


class FromTheFuture(Invalid):
    """The message says it was written later than now."""

    code = "message.from-the-future"


class OtherContent(Invalid):
    """A message of that id is here already, by another service."""

    code = "message.other-content"


# --- come from the others ----------------------------------------------------------------------------------------


def new_copy(letter: Letter, *, person: PersonId | None, now: datetime) -> Copy:
    """Return an empty copy of a thread that is new here, as a letter tells of it."""
    home = letter.receiver
    known = merged((), (*letter.members, Member(party=letter.sender, since=letter.written_at)))
    standing = Standing(
        home=home,
        heading=letter.heading,
        person=person,
        purpose=letter.purpose,
        members=merged(known, (Member(party=home, since=letter.written_at),)),
        created_at=now,
        changed_at=now,
    )
    return Copy(standing)


def take_letter(
    copy: Copy,
    letter: Letter,
    *,
    now: datetime,
    stays_away: frozenset[CommunicationId] = frozenset(),
    envelope: MessageId | None = None,
) -> Copy:
    """Return the copy with a message taken in, once. `stays_away`: what its sender took back before it came.

    Raises NotYetHere for a sender that this copy has not heard of, FromTheFuture, OtherContent.
    """
    standing = copy.standing
    if not standing.has(letter.sender):
        raise NotYetHere
    if letter.written_at > now + AHEAD:
        raise FromTheFuture
    standing = replace(standing, members=merged(standing.members, letter.members))
    came_in = () if envelope is None else (envelope,)
    if copy.holds(letter.id):
        held = copy.message(letter.id)
        if held.sender != letter.sender:
            raise OtherContent
        once = replace(held, came_in=tuple(dict.fromkeys((*held.came_in, *came_in))))
        return with_messages(Copy(standing, copy.messages), once, now=standing.changed_at)
    if letter.id in stays_away:
        return Copy(standing, copy.messages)
    came = Message(
        id=letter.id,
        status=Status.RECEIVED,
        sender=letter.sender,
        brought_by=letter.sender,
        author=letter.author,
        to=letter.to,
        content=letter.content,
        written_at=letter.written_at,
        placed_at=now,
        replies_to=letter.replies_to,
        forwards=tuple(each.id for each in letter.forwards),
        came_in=came_in,
        stood_under=letter.stood_under,
        rests_on=letter.rests_on,
        patient_reads=letter.patient_reads,
    )
    along = (
        brought(unwrapped(each, letter), copy, via=letter.id, by=letter.sender, now=now)
        for each in letter.forwards
        if each.id not in stays_away
    )
    return _heard(with_messages(Copy(standing, copy.messages), came, *along, now=now), letter.id, now)


def take_word(copy: Copy, word: Word, *, now: datetime) -> Copy:
    """Return the copy after a word of another member; what is known already, or older, changes nothing.

    Raises NotYetHere for a member that this copy has not heard of.
    """
    if not copy.standing.has(word.sender):
        raise NotYetHere
    after = Copy(replace(copy.standing, members=merged(copy.standing.members, word.members)), copy.messages)
    for told in word.told:
        if after.holds(told.message):
            after = _told(after, word.sender, told, word.at, now)
        elif told.choice is not None:
            early = (*after.standing.early, told)
            after = Copy(replace(after.standing, early=tuple(dict.fromkeys(early))), after.messages)
    return after if after == copy else Copy(replace(after.standing, changed_at=now), after.messages)


def take_retraction(copy: Copy, notice: Retraction, *, now: datetime) -> Moved:
    """Return the copy after a message was taken back by who sent it here: gone if unopened, else hidden.

    What it brought along goes with it. For a notice that has come before nothing changes, and the answer is given
    once more. The caller passes on what of it was forwarded from here (`taken_with`, `pass_on`).
    """
    taken = TakenBack(reason=notice.reason, by=notice.author, at=notice.at)
    here = (each for each in _sent_here(copy, notice) if each.status not in TAKEN_BACK)
    after = with_messages(copy, *(gone(each, taken) for each in here), now=now)
    answer = answer_to(after, notice, now=now)
    return Moved(after, (word_to(after.standing, notice.sender, (answer,), author=None, now=now),))


def looked_at(copy: Copy, looks: Mapping[bytes, Look], *, now: datetime) -> Copy:
    """Return the copy knowing what the virus scanner makes of documents that others sent, by their SHA-256."""
    changed = [_looked_at(each, looks) for each in copy.messages if each.brought_by != copy.standing.home]
    new = [each for each in changed if each not in copy.messages]
    return with_messages(copy, *new, now=now) if new else copy


def document_given_up(copy: Copy, sha256: bytes, *, now: datetime) -> Copy:
    """Return the copy after nobody could look at a document in time: it waits no more, and is not here."""
    changed = [
        replace(
            each,
            unscanned=tuple(one for one in each.unscanned if one != sha256),
            unchecked=(*each.unchecked, sha256),
        )
        for each in copy.messages
        if sha256 in each.unscanned
    ]
    return with_messages(copy, *changed, now=now)


def document_came(copy: Copy, sha256: bytes, *, now: datetime) -> Copy:
    """Return the copy with a document that came after its message; a thread that was put away is open again."""
    after = looked_at(copy, {sha256: Look.CLEAN}, now=now)
    return Copy(replace(after.standing, done_at=None), after.messages)


def waiting_for(copy: Copy, sha256: bytes) -> Message | None:
    """Return a message of others that waits for that document; None when none does any more."""
    return next((each for each in copy.messages if sha256 in each.unscanned), None)


def taken_with(copy: Copy, notice: Retraction) -> tuple[CommunicationId, ...]:
    """Return what a notice takes back in this copy: the message, and what it brought along."""
    return tuple(dict.fromkeys(each.id for each in _sent_here(copy, notice)))


def pass_on(copy: Copy, message: CommunicationId, taken: TakenBack) -> Moved:
    """Return the copy after a message that this service has forwarded in it is taken back, and what tells them."""
    ours = [each for each in copy.messages if each.id == message and is_forwarded_from(copy, each)]
    leaves = tuple(
        retraction_to(copy.standing, message, receipt.to, taken)
        for each in ours
        if each.status not in TAKEN_BACK
        for receipt in receipts_of(copy, each.via)
        if not failed(receipt)
    )
    changed = [gone(each, taken) for each in ours if each.status not in TAKEN_BACK]
    return Moved(with_messages(copy, *changed, now=taken.at) if changed else copy, leaves)


def pass_on_all(
    copies: Iterable[Copy], messages: Iterable[CommunicationId], taken: TakenBack
) -> tuple[Moved, ...]:
    """Return a service's copies after messages that it may have forwarded in them are taken back.

    What the service still has of somebody who has not taken it back stays where it was forwarded.
    """
    held = tuple(copies)
    wanted = tuple(each for each in messages if not any(_still_stands(copy, each) for copy in held))
    return tuple(_passed_on(copy, wanted, taken) for copy in held)


def answer_to(copy: Copy, notice: Retraction, *, now: datetime) -> Told:
    """Return what became here of a message that was taken back; one that has not come vanishes when it does."""
    held = [each for each in copy.messages if each.id == notice.message and each.brought_by == notice.sender]
    fate = Fate.VANISHED
    if any(each.status is Status.RETRACT_ASKED for each in held):
        fate = Fate.HIDDEN
    elif any(each.opened is not None for each in held):
        fate = Fate.CONFIRMED
    return Told(message=notice.message, answer=Answer(fate=fate, at=now))


def early_answer(notice: Retraction, *, now: datetime) -> Word:
    """Return the answer to a retraction of what has not come: it vanishes when it does."""
    told = Told(message=notice.message, answer=Answer(fate=Fate.VANISHED, at=now))
    return Word(thread=notice.thread, sender=notice.receiver, receiver=notice.sender, at=now, told=(told,))


# --- facts of delivery -------------------------------------------------------------------------------------------


def promised(
    copy: Copy, message: CommunicationId, envelopes: dict[Party, MessageId], also: tuple[MessageId, ...] = ()
) -> Copy:
    """Return the copy knowing which envelopes carry a message of its own."""
    sent = written_here(copy, message)
    receipts = tuple(
        replace(each, envelope=envelopes.get(each.to, each.envelope), undelivered=False)
        if each.to in envelopes
        else each
        for each in sent.receipts
    )
    marked = replace(sent, receipts=receipts, also_told=also or sent.also_told)
    return with_messages(copy, marked, now=copy.standing.changed_at)


def arrived(copy: Copy, message: CommunicationId, to: Party, *, at: datetime) -> Moved:
    """Return the author's copy after a receiver's signed `ok`, also a late one.

    What was taken back in the belief that it had not arrived must be taken back there, too.
    """
    sent = written_here(copy, message)
    found = next((each for each in sent.receipts if each.to == to), None)
    after = receipt_changed(copy, message, to, now=at, arrived_at=at, undelivered=False)
    if found is None or not failed(found) or sent.taken_back is None:
        return Moved(after)
    return Moved(after, (retraction_to(copy.standing, message, to, sent.taken_back),))


def not_delivered(copy: Copy, message: CommunicationId, to: Party, envelope: MessageId, *, at: datetime) -> Copy:
    """Return the author's copy after a delivery failed; unchanged when another is later, or it came."""
    found = next((each for each in written_here(copy, message).receipts if each.to == to), None)
    if found is None or found.envelope != envelope or found.arrived_at is not None:
        return copy
    return settled(receipt_changed(copy, message, to, now=at, undelivered=True), message, now=at)


# --- how it is done ------------------------------------------------------------------------------------------


def unwrapped(each: Forwarded, letter: Letter) -> Message:
    last = Hop(message=letter.id, by=replace(letter.author, service=letter.sender.service), at=letter.written_at)
    return Message(
        id=each.id,
        status=Status.RECEIVED,
        sender=each.sender,
        brought_by=each.sender,
        author=each.author,
        to=(),
        content=Content(text=each.text, files=each.files),
        written_at=each.written_at,
        placed_at=each.written_at,
        replies_to=each.replies_to,
        from_thread=each.thread,
        patient_reads=each.patient_reads,
        stood_under=each.stood_under,
        hops=(*each.hops, last),
    )


def _looked_at(message: Message, looks: Mapping[bytes, Look]) -> Message:
    """Return a message with its documents marked; what was refused once stays so until it comes clean."""
    named = {each.sha256: looks[each.sha256] for each in message.content.files if each.sha256 in looks}
    waits = {*message.unscanned, *(each for each, look in named.items() if look is Look.UNSCANNED)}
    bad = {*message.infected, *(each for each, look in named.items() if look is Look.INFECTED)}
    clean = {each for each, look in named.items() if look is Look.CLEAN}
    return replace(
        message,
        unscanned=tuple(sorted(waits - bad - clean)),
        infected=tuple(sorted(bad - clean)),
        unchecked=tuple(sorted({*message.unchecked} - named.keys())),
    )


def _still_stands(copy: Copy, message: CommunicationId) -> bool:
    return any(
        each.id == message and not is_forwarded_from(copy, each) and each.status not in TAKEN_BACK
        for each in copy.messages
    )


def _passed_on(copy: Copy, messages: tuple[CommunicationId, ...], taken: TakenBack) -> Moved:
    leaves: tuple[Leaves, ...] = ()
    for message in messages:
        moved = pass_on(copy, message, taken)
        copy, leaves = moved.copy, (*leaves, *moved.leaves)
    return Moved(copy, leaves)


def _sent_here(copy: Copy, notice: Retraction) -> Iterator[Message]:
    return (each for each in brought_with(copy, notice.message) if each.brought_by == notice.sender)


def _told(copy: Copy, by: Party, told: Told, at: datetime, now: datetime) -> Copy:
    after = _chosen(copy, copy.message(told.message), told, now)
    found = next((each for each in after.message(told.message).receipts if each.to == by), None)
    if found is None:
        return after
    after = receipt_changed(
        after,
        told.message,
        by,
        now=now,
        opened=_earliest(found.opened, told.opened),
        answer=_furthest(found.answer, told.answer),
        infected=tuple(dict.fromkeys((*found.infected, *told.infected))),
        unchecked=tuple(dict.fromkeys((*found.unchecked, *told.unchecked))),
        arrived_at=found.arrived_at or at,
        undelivered=False,
    )
    return settled(after, told.message, now=now)


def _chosen(copy: Copy, message: Message, told: Told, now: datetime) -> Copy:
    """Return the copy with a time picked: the earliest choice, by whichever of those who had the offer."""
    offer, choice = message.content.offer, told.choice
    if offer is None or choice is None or choice.slot not in {each.id for each in offer.slots}:
        return copy
    earliest = min(filter(None, (message.choice, choice)), key=lambda each: (each.at, each.slot))
    return copy if earliest == message.choice else with_messages(copy, replace(message, choice=earliest), now=now)


def _heard(copy: Copy, message: CommunicationId, now: datetime) -> Copy:
    """Return the copy with what had been told of a message before it came."""
    after = copy
    for told in copy.standing.early:
        if told.message == message:
            after = _chosen(after, after.message(message), told, now)
    left = tuple(each for each in after.standing.early if each.message != message)
    return Copy(replace(after.standing, early=left), after.messages)


def _earliest(held: Opened | None, told: Opened | None) -> Opened | None:
    return min(filter(None, (held, told)), key=lambda each: each.at, default=None)


_RANK: Final = {Fate.VANISHED: 0, Fate.HIDDEN: 1, Fate.CONFIRMED: 2}


def _furthest(held: Answer | None, told: Answer | None) -> Answer | None:
    return max(filter(None, (held, told)), key=lambda each: _RANK[each.fate], default=None)
