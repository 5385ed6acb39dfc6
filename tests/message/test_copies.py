"""Whatever is lost, late, repeated or out of order, the copies of a thread end the same (DESIGN section 5).

Hypothesis writes, replies, forwards, adds a third service, opens and takes back at three services, and delivers
everything in any order, twice, late or never. Nothing is shown twice, what was taken back is shown to nobody
but its author, and when the wires are empty every service shows what was sent to it, in the same order.
"""

from datetime import timedelta

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from handover.actors import Party
from handover.ids import CommunicationId, ThreadId
from handover.message.lifecycle import TAKEN_BACK, Status
from handover.message.model import Content, Fate, Letter, Subject
from handover.message.scope import NEEDS, topics_of
from handover.message.standing import Copy, brought_along, placed, shown, to_forward
from handover.message.steps import Shelf, awaited, next_step, shelf_of
from tests.message.threads import PARTIES, START, Between, Desk

_party = st.sampled_from(PARTIES)
_subject = st.sampled_from((Subject.PLAN, Subject.MEDICINES, Subject.HOUSING))
_some = st.lists(_party, min_size=1, max_size=2, unique=True)


class Copies(RuleBasedStateMachine):
    """Three services that write to each other."""

    def __init__(self) -> None:
        super().__init__()
        self.town = Between()
        self.sent: list[tuple[ThreadId, CommunicationId, Party]] = []
        self.written_under: dict[CommunicationId, Subject] = {}
        self.lost: set[tuple[CommunicationId, Party]] = set()
        self.retracted: set[CommunicationId] = set()

    @rule(by=_party, to=_some, subject=_subject)
    def begin(self, by: Party, to: list[Party], subject: Subject) -> None:
        if by in to or len(self.sent) > 8:
            return
        content = Content(text="Hei", answer_by=START.date() + timedelta(days=9))
        thread, message = self.town.desks[by].begin(to, "", self.town.tick(), subject=subject, content=content)
        self._send(by, thread, message)

    @rule(by=_party, data=st.data())
    def reply(self, by: Party, data: st.DataObject) -> None:
        """Reply to all or some of the members, perhaps with history for one who is new."""
        desk = self.town.desks[by]
        if not desk.copies or len(self.sent) > 8:
            return
        copy = data.draw(st.sampled_from(list(desk.copies.values())), "copy")
        others = [each for each in PARTIES if each != by]
        to = data.draw(st.lists(st.sampled_from(others), min_size=1, unique=True), "to")
        seen = [each for each in shown(copy) if each.status in {Status.OPENED, Status.SENT}]
        forwards = data.draw(st.lists(st.sampled_from(seen), max_size=2, unique=True), "forwards") if seen else []
        replies_to = seen[-1].id if seen else None
        thread = copy.standing.thread
        message = desk.write(
            thread,
            to,
            "Svar",
            self.town.tick(),
            replies_to=replies_to,
            forwards=[to_forward(copy, each) for each in forwards],
        )
        self._send(by, thread, message)

    @rule(by=_party, to=_party, data=st.data())
    def forward(self, by: Party, to: Party, data: st.DataObject) -> None:
        """Forward something into a thread of its own."""
        desk = self.town.desks[by]
        seen = [
            (copy, each)
            for copy in desk.copies.values()
            for found in shown(copy)
            for each in (found, *brought_along(copy, found))
            if each.status in {Status.OPENED, Status.SENT}
        ]
        if by == to or not seen or len(self.sent) > 8:
            return
        copy, chosen = data.draw(st.sampled_from(seen), "forwarded")
        subject = data.draw(_subject, "subject")
        thread, draft = desk.begin([to], "Se dette", self.town.tick(), subject=subject)
        message = desk.write(thread, [to], "Se dette", self.town.tick(), forwards=[to_forward(copy, chosen)])
        assert draft != message
        self._send(by, thread, message)

    @precondition(lambda self: self.town.wire)
    @rule(data=st.data(), twice=st.booleans())
    def deliver(self, data: st.DataObject, *, twice: bool) -> None:
        """Deliver anything that is on its way, perhaps twice; what came too early goes back."""
        at = data.draw(st.integers(0, len(self.town.wire) - 1), "which")
        what = self.town.wire.pop(at)
        if not self.town.deliver(what) or twice:
            self.town.leave([what])

    @precondition(lambda self: any(isinstance(each, Letter) for each in self.town.wire))
    @rule(data=st.data(), there=st.booleans())
    def expire(self, data: st.DataObject, *, there: bool) -> None:
        """Give a letter up, that has perhaps arrived all the same."""
        letters = [each for each in self.town.wire if isinstance(each, Letter)]
        letter = data.draw(st.sampled_from(letters), "letter")
        if there:
            self.town.deliver(letter)
            return
        self.town.wire.remove(letter)
        if letter not in self.town.wire:
            self.lost.add((letter.id, letter.receiver))
        self.town.expire(letter)

    @rule(by=_party, data=st.data())
    def open(self, by: Party, data: st.DataObject) -> None:
        desk = self.town.desks[by]
        if desk.copies:
            thread = data.draw(st.sampled_from(list(desk.copies)), "thread")
            self.town.leave(desk.open(thread, self.town.tick()))

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def retract(self, data: st.DataObject) -> None:
        thread, message, by = data.draw(st.sampled_from(self.sent), "message")
        desk = self.town.desks[by]
        if desk.copies[thread].message(message).status is Status.SENT:
            self.town.leave(desk.retract(thread, message, self.town.tick()))
            self.retracted.add(message)

    def _send(self, by: Party, thread: ThreadId, message: CommunicationId) -> None:
        self.town.leave(self.town.desks[by].send(thread, message, self.town.tick()))
        self.sent.append((thread, message, by))
        self.written_under[message] = self.town.desks[by].copies[thread].standing.heading.subject

    @invariant()
    def nobody_sees_a_message_twice_and_all_see_them_by_written_time(self) -> None:
        for _, copy in self._copies():
            seen = shown(copy)
            assert len({each.id for each in seen}) == len(seen)
            assert placed(seen) == seen

    @invariant()
    def what_is_sent_on_takes_a_permit_for_the_subject_it_was_written_under_at_every_service(self) -> None:
        for _, copy in self._copies():
            for each in copy.messages:
                if each.via is not None:
                    subject = self.written_under[each.id]
                    assert subject in each.stood_under
                    assert NEEDS[subject].topic in topics_of(copy, copy.message(each.via))

    @invariant()
    def whoever_was_asked_and_never_wrote_in_the_thread_is_waited_for(self) -> None:
        wrote = {(thread, by) for thread, _message, by in self.sent}
        for desk, copy in self._copies():
            for each in copy.messages:
                is_ours = each.sender == desk.home and each.status is Status.SENT
                if is_ours and each.content.answer_by is not None:
                    silent = {to for to in each.to if (copy.standing.thread, to) not in wrote}
                    assert silent <= set(awaited(copy, each))

    @invariant()
    def every_thread_has_a_next_step_or_is_closed(self) -> None:
        for _, copy in self._copies():
            step = next_step(copy)
            assert (step is None) == (shelf_of(copy) in {Shelf.CLOSED, Shelf.VANISHED})

    def teardown(self) -> None:
        self.town.settle()
        left = [each for each in self.town.wire if not isinstance(each, Letter)]
        self._everybody_has_what_was_sent_to_them()
        self._nobody_reads_what_was_taken_back()
        if not self.lost:
            assert not self.town.wire, left
            self._authors_know_who_opened()
            self._retractions_end()

    def _everybody_has_what_was_sent_to_them(self) -> None:
        for thread, message, by in self.sent:
            sent = self.town.desks[by].copies[thread].message(message)
            waiting = {(each.id, each.receiver) for each in self.town.wire if isinstance(each, Letter)}
            for to in sent.to:
                if message in self.retracted or (message, to) in self.lost | waiting:
                    continue
                copy = self.town.desks[to].copies[thread]
                found = [each for each in shown(copy) if each.id == message]
                assert len(found) == 1
                assert found[0].content == sent.content
                assert found[0].written_at == sent.written_at

    def _nobody_reads_what_was_taken_back(self) -> None:
        for desk, copy in self._copies():
            for message in copy.messages:
                if message.id in self.retracted and message.sender != desk.home and not self.lost:
                    assert message.status in TAKEN_BACK
            assert all(each.status not in TAKEN_BACK or each.sender == desk.home for each in shown(copy))
            for each in shown(copy):
                assert all(other.is_shown_at(desk.home) for other in brought_along(copy, each))

    def _authors_know_who_opened(self) -> None:
        for thread, message, by in self.sent:
            for receipt in self.town.desks[by].copies[thread].message(message).receipts:
                copy = self.town.desks[receipt.to].copies.get(thread)
                if copy is None or not copy.holds(message):
                    assert receipt.opened is None
                else:
                    assert receipt.opened == copy.message(message).opened

    def _retractions_end(self) -> None:
        for thread, message, by in self.sent:
            sent = self.town.desks[by].copies[thread].message(message)
            if message not in self.retracted:
                continue
            answers = [each.answer.fate for each in sent.receipts if each.answer is not None]
            assert len(answers) == len(sent.receipts)
            ended = Fate.HIDDEN not in answers
            assert sent.status is (Status.RETRACTED if ended else Status.RETRACT_ASKED)

    def _copies(self) -> list[tuple[Desk, Copy]]:
        return [(desk, copy) for desk in self.town.desks.values() for copy in desk.copies.values()]


TestCopies = Copies.TestCase
TestCopies.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)
