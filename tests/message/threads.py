"""Services in memory that keep copies of threads, and what lies between them: for tests of the pure rules."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from handover.actors import Author, Party
from handover.ids import AgencyId, CommunicationId, MessageId, ServiceId, ThreadId
from handover.message import hearing, speaking
from handover.message.model import (
    Content,
    Heading,
    Letter,
    Member,
    Message,
    Reason,
    Retraction,
    SlotId,
    Subject,
    TakenBack,
    Word,
)
from handover.message.speaking import Written
from handover.message.standing import Copy, Leaves, Moved, NotYetHere, Standing
from handover.workdays import local_date

START = datetime(2026, 11, 9, 8, 0, tzinfo=UTC)
"""A Monday morning."""
DPS = Party(AgencyId("310000035"), ServiceId("8000031"))
NAV = Party(AgencyId("310000027"), ServiceId("8000021"))
FACT = Party(AgencyId("310000019"), ServiceId("8000012"))
PARTIES = (DPS, NAV, FACT)


def author(home: Party, name: str = "Kari Lund") -> Author:
    """Return somebody at a service."""
    return Author(name=name, title="veileder", phone="55 00 00 01", agency=home.agency, service=home.service)


@dataclass
class Desk:
    """One service with its copies, and what it has promised to send."""

    home: Party
    copies: dict[ThreadId, Copy] = field(default_factory=dict)
    early: set[tuple[CommunicationId, Party]] = field(default_factory=set)
    """What was taken back before it came, by whom."""

    def begin(
        self,
        to: Sequence[Party],
        text: str,
        now: datetime,
        *,
        subject: Subject = Subject.PLAN,
        content: Content | None = None,
    ) -> tuple[ThreadId, CommunicationId]:
        """Begin a thread with a draft."""
        thread = ThreadId(uuid4())
        heading = Heading(thread=thread, reference="8H3K-PQ2M", subject=subject)
        standing = Standing(
            home=self.home,
            heading=heading,
            members=(Member(party=self.home, since=now),),
            created_at=now,
            changed_at=now,
        )
        self.copies[thread] = Copy(standing)
        return thread, self.write(thread, to, text, now, content=content)

    def write(
        self,
        thread: ThreadId,
        to: Sequence[Party],
        text: str,
        now: datetime,
        *,
        replies_to: CommunicationId | None = None,
        forwards: Sequence[Message] = (),
        content: Content | None = None,
    ) -> CommunicationId:
        """Write a draft in a thread that is here."""
        message = CommunicationId(uuid4())
        written = Written(to=tuple(to), content=content or Content(text=text), replies_to=replies_to)
        copy = self.copies[thread]
        self.copies[thread] = speaking.begin(
            copy, message, written, author=author(self.home), now=now, forwards=forwards
        )
        return message

    def send(self, thread: ThreadId, message: CommunicationId, now: datetime) -> list[Leaves]:
        """Send a draft."""
        moved = speaking.send(
            self.copies[thread],
            message,
            author=author(self.home),
            patient=None,
            now=now,
            today=local_date(now),
        )
        envelopes = {each.receiver: MessageId(uuid4()) for each in moved.leaves if isinstance(each, Letter)}
        self.copies[thread] = hearing.promised(moved.copy, message, envelopes)
        return list(moved.leaves)

    def retract(self, thread: ThreadId, message: CommunicationId, now: datetime) -> list[Leaves]:
        """Take a message back, and what was forwarded of it from here."""
        taken = TakenBack(reason=Reason.RECEIVER, by=author(self.home), at=now)
        copy = self.copies[thread]
        ids = (message, *copy.message(message).forwards)
        moved = speaking.retract(copy, message, taken)
        self.copies[thread] = moved.copy
        return [*moved.leaves, *self._pass_on(ids[:1], taken)]

    def open(self, thread: ThreadId, now: datetime) -> list[Leaves]:
        """Open everything in a thread."""
        return self._kept(speaking.open_(self.copies[thread], author(self.home), now=now))

    def confirm(self, thread: ThreadId, message: CommunicationId, now: datetime) -> list[Leaves]:
        """Confirm as the leader that a message is hidden."""
        return self._kept(speaking.confirm_retraction(self.copies[thread], message, author(self.home), now=now))

    def choose(self, thread: ThreadId, message: CommunicationId, slot: SlotId, now: datetime) -> list[Leaves]:
        """Pick a time."""
        return self._kept(
            speaking.choose(self.copies[thread], message, slot, by=author(self.home), phone="", now=now)
        )

    def take(self, what: Leaves, now: datetime) -> list[Leaves]:
        """Take in what another service has sent. Raises NotYetHere."""
        assert what.receiver == self.home
        if isinstance(what, Letter):
            return self._letter(what, now)
        if isinstance(what, Retraction):
            return self._retraction(what, now)
        return self._word(what, now)

    def _letter(self, letter: Letter, now: datetime) -> list[Leaves]:
        thread = letter.heading.thread
        stays = frozenset(message for message, by in self.early if by == letter.sender)
        copy = self.copies.get(thread) or hearing.new_copy(letter, person=None, now=now)
        self.copies[thread] = hearing.take_letter(copy, letter, now=now, stays_away=stays)
        return []

    def _word(self, word: Word, now: datetime) -> list[Leaves]:
        if word.thread not in self.copies:
            raise NotYetHere
        self.copies[word.thread] = hearing.take_word(self.copies[word.thread], word, now=now)
        return []

    def _retraction(self, notice: Retraction, now: datetime) -> list[Leaves]:
        copy = self.copies.get(notice.thread)
        ids = () if copy is None else hearing.taken_with(copy, notice)
        if copy is None or notice.message not in ids:
            self.early.add((notice.message, notice.sender))
            return [hearing.early_answer(notice, now=now)]
        moved = hearing.take_retraction(copy, notice, now=now)
        taken = TakenBack(reason=notice.reason, by=notice.author, at=notice.at)
        return [*self._kept(moved), *self._pass_on(ids, taken)]

    def _pass_on(self, messages: Sequence[CommunicationId], taken: TakenBack) -> list[Leaves]:
        found = hearing.pass_on_all(self.copies.values(), messages, taken)
        return [each for moved in found for each in self._kept(moved)]

    def _kept(self, moved: Moved) -> list[Leaves]:
        self.copies[moved.copy.standing.thread] = moved.copy
        return list(moved.leaves)


@dataclass
class Between:
    """Three services, and what is on its way from one to another."""

    now: datetime = START
    desks: dict[Party, Desk] = field(default_factory=lambda: {each: Desk(each) for each in PARTIES})
    wire: list[Leaves] = field(default_factory=list)

    def tick(self, **passed: float) -> datetime:
        """Let time pass."""
        self.now += timedelta(**(passed or {"seconds": 1}))
        return self.now

    def leave(self, what: Sequence[Leaves]) -> None:
        """Put something on its way."""
        self.wire.extend(what)

    def deliver(self, what: Leaves) -> bool:
        """Deliver one thing, and let its sender know that a letter arrived; False when it came too early."""
        try:
            self.leave(self.desks[what.receiver].take(what, self.tick()))
        except NotYetHere:
            return False
        if isinstance(what, Letter):
            self.acknowledge(what)
        return True

    def acknowledge(self, letter: Letter) -> None:
        """Let the author know that a letter arrived."""
        desk, thread = self.desks[letter.sender], letter.heading.thread
        moved = hearing.arrived(desk.copies[thread], letter.id, letter.receiver, at=self.tick())
        desk.copies[thread] = moved.copy
        self.leave(moved.leaves)

    def expire(self, letter: Letter) -> None:
        """Let the author know that a letter was given up."""
        desk, thread = self.desks[letter.sender], letter.heading.thread
        copy = desk.copies[thread]
        envelope = next(each.envelope for each in copy.message(letter.id).receipts if each.to == letter.receiver)
        assert envelope is not None
        after = hearing.not_delivered(copy, letter.id, letter.receiver, envelope, at=self.tick())
        desk.copies[thread] = after

    def settle(self) -> None:
        """Deliver everything that is on its way, and what that brings with it."""
        for _ in range(1000):
            left, self.wire = self.wire, []
            if not left:
                return
            self.leave([each for each in left if not self.deliver(each)])
            if self.wire == left:
                return


def shifted(copy: Copy, **changes: object) -> Copy:
    """Return a copy with another standing."""
    return Copy(replace(copy.standing, **changes), copy.messages)  # type: ignore[arg-type]
