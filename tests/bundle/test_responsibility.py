"""Exactly one service is responsible at every step of every path, in both copies (rule 7).

Hypothesis writes, sends, loses, repeats and reorders everything between two copies, lets every side act whenever
its copy says that it may, and lets days pass. Whatever happens, each copy names one service, the sender never lets
go before the receiver holds, and when the wires are empty both say the same.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from handover.bundle import standing as rules
from handover.bundle.lifecycle import AT_SENDER, Act, Side, Status, Version
from handover.bundle.model import (
    Approval,
    Author,
    Decline,
    Done,
    Handed,
    Meeting,
    MeetingId,
    NextAppointment,
    Note,
    Opened,
    Party,
    RequestId,
    StatusUpdate,
    TakeOver,
    Wishes,
    WithdrawalAnswer,
    WithdrawalNotice,
)
from handover.bundle.standing import NotYetHere, Standing
from handover.bundle.steps import next_step
from handover.ids import AgencyId, HandoverId, MessageId, PersonId, ServiceId
from handover.workdays import local_date

SENDER = Party(AgencyId("310000019"), ServiceId("8000011"))
RECEIVER = Party(AgencyId("310000035"), ServiceId("8000031"))
NURSE = Author(name="Per Dahl", agency=RECEIVER.agency)
START = datetime(2026, 11, 20, 9, tzinfo=UTC)
FIRST = NextAppointment(start=START + timedelta(days=30), place="Storgata 1", with_whom="Per Dahl")


@dataclass(frozen=True)
class Mail:
    """One message from the sender: a document, a supplement, or a withdrawal."""

    id: MessageId
    round: int
    what: Handed | WithdrawalNotice
    sha256: str = ""

    @property
    def is_document(self) -> bool:
        """Whether it carries the document of a round."""
        return isinstance(self.what, Handed) and self.what.supplements is None


class TwoCopies(RuleBasedStateMachine):
    """A handover between two services, over wires that lose, repeat and reorder."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.sender = Standing(
            side=Side.SENDER,
            home=SENDER,
            handover=HandoverId(UUID(int=1)),
            reference="ABCD2345",
            status=Status.WITH_PATIENT,
            sender=SENDER,
            receiver=RECEIVER,
            person=PersonId(UUID(int=2)),
            clinician=Author(name="Tone Berg", agency=SENDER.agency),
            wishes=Wishes(),
            created_at=START,
            changed_at=START,
        )
        self.receiver: Standing | None = None
        self.waiting: list[Mail] = []
        """Promised, and still within the seconds in which it can be undone."""
        self.there: list[Mail] = []
        """On the wire to the receiver; what was delivered may come again."""
        self.came: set[MessageId] = set()
        """What was given to the receiver at least once."""
        self.acknowledged: list[Mail] = []
        self.back: list[StatusUpdate] = []
        self.signed = False
        self.taken_back = False
        """Whether the patient's last word is that it is taken back."""
        self.kept_out = 0
        """Up to which round the receiver, who has no copy, lets nothing in."""

    # --- the sender and the patient --------------------------------------------------------------------------

    @precondition(lambda self: self.sender.status is Status.WITH_PATIENT)
    @rule(wants_meeting=st.booleans())
    def say_yes(self, wants_meeting: bool) -> None:
        sha256 = uuid4().hex
        self.sender = rules.move(
            self.sender,
            Act.APPROVE,
            Side.PATIENT,
            now=self.now,
            frozen=sha256,
            wishes=Wishes(meeting=wants_meeting),
            approval=Approval(sha256=sha256, at=self.now, by_patient=True),
        )

    @precondition(lambda self: self.sender.status in {*AT_SENDER})
    @rule(act=st.sampled_from([Act.PAUSE, Act.RESUME, Act.TAKE_BACK_YES, Act.YES_LAPSED]))
    def change_of_mind(self, act: Act) -> None:
        side = Side.MACHINE if act is Act.YES_LAPSED else Side.PATIENT
        if act in rules.offered(self.sender, side):
            self.sender = rules.move(self.sender, act, side, now=self.now)

    @precondition(lambda self: Act.SEND in rules.offered(self.sender, Side.SENDER))
    @rule()
    def send(self) -> None:
        message = MessageId(uuid4())
        self.sender = rules.send(self.sender, Side.SENDER, message, now=self.now)
        self.waiting.append(self._document(message))

    @precondition(lambda self: self.waiting)
    @rule()
    def leave(self) -> None:
        self.there += self.waiting
        self.waiting = []

    @precondition(lambda self: self.waiting and self.sender.status is Status.SENT)
    @rule()
    def undo(self) -> None:
        self.waiting = []
        self.sender = rules.undo_send(self.sender, Side.SENDER, now=self.now)

    @precondition(lambda self: self.sender.status is Status.SENT and not self.waiting and self.sender.message)
    @rule(turned_away=st.booleans())
    def delivery_fails(self, turned_away: bool) -> None:
        """No answer in time: it may be there, or come yet. Or the receiver turned it away, and it never comes."""
        message = self.sender.message
        assert message is not None
        on_the_wire = [mail for mail in self.there if mail.id == message]
        if turned_away and (not on_the_wire or message in self.came):
            return
        if turned_away:
            self.there = [mail for mail in self.there if mail.id != message]
        self.sender = rules.not_delivered(self.sender, message, at=self.now, turned_away=turned_away)

    @precondition(lambda self: self.sender.is_withdrawal_pending())
    @rule(is_lost=st.booleans())
    def notice_fails(self, is_lost: bool) -> None:
        """No answer to a withdrawal in time: it was lost, or only its answer was."""
        notices = [mail for mail in self.there if isinstance(mail.what, WithdrawalNotice)]
        for mail in notices[:1]:
            if is_lost:
                self.there.remove(mail)
            assert isinstance(mail.what, WithdrawalNotice)
            self.sender = rules.not_carried(self.sender, mail.what.request)

    @precondition(lambda self: self.sender.undelivered and self.sender.status is Status.SENT)
    @rule(again=st.booleans())
    def mend(self, again: bool) -> None:
        if not again:
            self.sender = rules.give_up(self.sender, Side.SENDER, now=self.now)
            return
        message = MessageId(uuid4())
        self.sender = rules.send_again(self.sender, Side.SENDER, message, now=self.now)
        self.waiting.append(self._document(message))

    @precondition(lambda self: Act.WITHDRAW in rules.offered(self.sender, Side.PATIENT))
    @rule()
    def withdraw(self) -> None:
        self._withdraw()

    @precondition(lambda self: self.sender.status is Status.WITH_PATIENT)
    @rule(arrives=st.booleans(), answer=st.sampled_from(["in time", "late", "lost"]), turned_away=st.booleans())
    def a_sending_is_given_up(self, arrives: bool, answer: str, turned_away: bool) -> None:
        """Say yes, send, hear nothing in time and give up: the way to an earlier sending that may be there."""
        self.say_yes(wants_meeting=True)
        self.send()
        self.leave()
        if arrives:
            self._deliver(len(self.there) - 1, repeats=False)
        if arrives and answer != "late":
            mail = self.acknowledged.pop()
            self._acknowledge(mail) if answer == "in time" else None
        if self.sender.status is Status.SENT:
            self.delivery_fails(turned_away=turned_away)
        if self.sender.undelivered and self.sender.status is Status.SENT:
            self.mend(again=False)

    @precondition(lambda self: self.sender.status is Status.WITH_PATIENT)
    @rule(leaves=st.booleans())
    def a_new_yes_is_sent(self, leaves: bool) -> None:
        """Say yes and send, within the seconds in which it can be undone or taken back."""
        self.say_yes(wants_meeting=True)
        self.send()
        if leaves:
            self.leave()

    @precondition(lambda self: Act.REOPEN in rules.offered(self.sender, Side.PATIENT))
    @rule()
    def reopen(self) -> None:
        self.sender = rules.reopen(self.sender, Side.PATIENT, now=self.now)
        self.taken_back = False

    @precondition(lambda self: Act.CLOSE in rules.offered(self.sender, Side.SENDER))
    @rule()
    def close(self) -> None:
        self.sender = rules.move(self.sender, Act.CLOSE, Side.SENDER, now=self.now)

    @precondition(lambda self: Act.RELEASE_MORE in rules.offered(self.sender, Side.PATIENT))
    @rule()
    def release_more(self) -> None:
        sha256, request = uuid4().hex, RequestId(uuid4())
        self.sender = rules.ask_supplement(self.sender, request, sha256, now=self.now)
        first = self.sender.documents[0]
        self.there.append(self._handed(MessageId(uuid4()), sha256, supplements=first, request=request))

    # --- the receiver ------------------------------------------------------------------------------------------

    @precondition(lambda self: self.receiver is not None)
    @rule(data=st.data())
    def receiver_acts(self, data: st.DataObject) -> None:
        assert self.receiver is not None
        acts = [act for act in rules.offered(self.receiver, Side.RECEIVER) if act in _DOES]
        if not acts:
            return
        act = data.draw(st.sampled_from(acts))
        if act is Act.TAKE_OVER:
            day = local_date(self.now) + timedelta(days=data.draw(st.integers(0, 3)))
            taken = TakeOver(
                person="Per Dahl", phone="1", from_date=day, first_appointment=FIRST, signed_at=self.now
            )
            self.receiver = rules.take_over(self.receiver, taken, now=self.now)
            self.signed = True
        else:
            self.receiver = rules.decide(self.receiver, act, now=self.now, **_DOES[act](self.now))
        self.back.append(rules.word(self.receiver, author=NURSE))

    @precondition(lambda self: self.receiver is not None)
    @rule()
    def receiver_asks(self) -> None:
        assert self.receiver is not None
        note = Note(
            id=RequestId(uuid4()),
            from_sender=False,
            author=NURSE,
            text="?",
            written_at=self.now,
            is_question=True,
        )
        self.receiver = rules.noted(self.receiver, note)
        self.back.append(rules.word(self.receiver, author=NURSE, note=note))

    # --- the wires ---------------------------------------------------------------------------------------------

    @precondition(lambda self: self.there)
    @rule(data=st.data(), repeats=st.booleans())
    def deliver(self, data: st.DataObject, repeats: bool) -> None:
        index = data.draw(st.integers(0, len(self.there) - 1))
        self._deliver(index, repeats=repeats)

    @precondition(lambda self: self.acknowledged)
    @rule(data=st.data(), is_lost=st.booleans())
    def acknowledge(self, data: st.DataObject, is_lost: bool) -> None:
        mail = self.acknowledged.pop(data.draw(st.integers(0, len(self.acknowledged) - 1)))
        if not is_lost:
            self._acknowledge(mail)

    @precondition(lambda self: self.back)
    @rule(data=st.data(), repeats=st.booleans())
    def tell(self, data: st.DataObject, repeats: bool) -> None:
        index = data.draw(st.integers(0, len(self.back) - 1))
        told = self.back[index] if repeats else self.back.pop(index)
        self._adopt(told)

    @rule(hours=st.integers(1, 60))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    # --- what always holds -------------------------------------------------------------------------------------

    @invariant()
    def each_copy_names_exactly_one_service(self) -> None:
        for copy in filter(None, (self.sender, self.receiver)):
            assert rules.responsible(copy, self.now) in {SENDER, RECEIVER}

    @invariant()
    def the_sender_lets_go_only_when_the_receiver_holds(self) -> None:
        if rules.responsible(self.sender, self.now) == RECEIVER:
            assert self.receiver is not None
            assert rules.responsible(self.receiver, self.now) == RECEIVER

    @invariant()
    def nobody_is_responsible_who_has_not_signed(self) -> None:
        if not self.signed:
            for copy in filter(None, (self.sender, self.receiver)):
                assert rules.responsible(copy, self.now) == SENDER

    @invariant()
    def an_open_case_has_a_next_step(self) -> None:
        step = next_step(self.sender)
        ended = {Status.CLOSED, Status.WITHDRAWN, Status.WITHDRAWAL_ANSWERED}
        assert (step is None) == (self.sender.status in ended and not self.sender.is_withdrawal_pending())

    def teardown(self) -> None:
        """Let everything arrive at last: both copies say the same, and nothing that was asked is forgotten."""
        self.leave() if self.waiting else None
        for _ in range(6):
            if self.taken_back and Act.WITHDRAW in rules.offered(self.sender, Side.PATIENT):
                self._withdraw()  # a notice was lost: somebody asks again
            self._let_all_arrive()
        assert not self.there
        assert not self.sender.is_withdrawal_pending()
        assert not rules.owes_withdrawal(self.sender)
        if self.receiver is None:
            assert self.sender.take_over is None
        else:
            self._both_say_the_same(self.receiver)

    def _let_all_arrive(self) -> None:
        before = len(self.there) + 1
        while len(self.there) < before:
            before = len(self.there)
            for index in reversed(range(before)):
                self._deliver(index, repeats=False)
        for mail in self.acknowledged:
            self._acknowledge(mail)
        for told in self.back:
            self._adopt(told)
        self.acknowledged, self.back = [], []

    def _both_say_the_same(self, receiver: Standing) -> None:
        if self.taken_back:
            assert receiver.status in rules.WITHDRAWN_THERE, "no copy that the withdrawal does not reach"
        assert self.sender.take_over == receiver.take_over
        assert rules.responsible(self.sender, self.now) == rules.responsible(receiver, self.now)
        if self.sender.version.round == receiver.version.round and self.sender.version.number:
            assert self.sender.version == receiver.version
            assert self.sender.status in {receiver.status, Status.CLOSED}
            asked = {each.sha256 for each in self.sender.pending}  # an answer to a supplement may be lost for good
            if not self.taken_back:
                assert {*self.sender.documents, *asked} >= set(receiver.documents)

    # --- how messages are taken ----------------------------------------------------------------------------------

    def _withdraw(self) -> None:
        request = RequestId(uuid4())
        left = not self.waiting
        self.waiting = []
        self.taken_back = True
        self.sender = rules.withdraw(self.sender, Side.PATIENT, request, now=self.now, left=left)
        if self.sender.is_withdrawal_pending():
            self._ask_back(request)

    def _deliver(self, index: int, *, repeats: bool) -> None:
        mail = self.there[index]
        self.came.add(mail.id)
        try:
            self._take(mail)
        except NotYetHere:
            return
        if not repeats:
            self.there.pop(index)
        self.acknowledged.append(mail)

    def _take(self, mail: Mail) -> None:
        if isinstance(mail.what, WithdrawalNotice):
            if self.receiver is None:
                self.kept_out = max(self.kept_out, mail.round)
                self.back.append(rules.nothing_came(mail.what, author=NURSE, now=self.now))
                return
            before = self.receiver
            self.receiver = rules.take_withdrawal(before, mail.what, place=NURSE.name, now=self.now)
            if self.receiver != before or self.receiver.status in rules.WITHDRAWN_THERE:
                self.back.append(rules.word(self.receiver, author=NURSE))
        elif self.receiver is None:
            if mail.round <= self.kept_out:
                return
            if not mail.is_document:
                raise NotYetHere
            self.receiver = self._first(mail)
        else:
            self.receiver = rules.take_in(self.receiver, mail.what, mail.sha256, now=self.now)

    def _first(self, mail: Mail) -> Standing:
        assert isinstance(mail.what, Handed)
        return Standing(
            side=Side.RECEIVER,
            home=RECEIVER,
            handover=mail.what.handover,
            reference="ABCD2345",
            status=Status.RECEIVED,
            version=Version(mail.round, 1),
            sender=SENDER,
            receiver=RECEIVER,
            person=PersonId(UUID(int=3)),
            clinician=self.sender.clinician,
            wishes=self.sender.wishes,
            created_at=self.now,
            changed_at=self.now,
            sent_at=mail.what.sent_at,
            received_at=self.now,
            documents=(mail.sha256,),
        )

    def _acknowledge(self, mail: Mail) -> None:
        if mail.is_document:
            self.sender = rules.arrived(self.sender, round_=mail.round, at=self.now)
        else:
            self.sender = rules.carried(self.sender, mail.what.request)
        self._ask_back_if_owed()

    def _adopt(self, told: StatusUpdate) -> None:
        self.sender = rules.adopt(self.sender, told)
        if told.note is not None:
            self.sender = rules.noted(self.sender, told.note)
        self._ask_back_if_owed()

    def _ask_back_if_owed(self) -> None:
        if rules.owes_withdrawal(self.sender):
            request = RequestId(uuid4())
            self.sender = rules.ask_withdrawal(self.sender, request, now=self.now)
            self._ask_back(request)

    def _ask_back(self, request: RequestId) -> None:
        round_ = rules.withdrawal_round(self.sender)
        notice = WithdrawalNotice(
            request=request,
            handover=self.sender.handover,
            round=round_,
            sender=SENDER,
            receiver=RECEIVER,
            author=self.sender.clinician,
            at=self.now,
        )
        self.there.append(Mail(MessageId(uuid4()), round_, notice))

    def _document(self, message: MessageId) -> Mail:
        return self._handed(message, self.sender.documents[0], supplements=None, request=RequestId(uuid4()))

    def _handed(self, message: MessageId, sha256: str, *, supplements: str | None, request: RequestId) -> Mail:
        round_ = self.sender.version.round
        handed = Handed(
            request=request,
            handover=self.sender.handover,
            reference="ABCD2345",
            round=round_,
            sender=SENDER,
            receiver=RECEIVER,
            document=b"",
            approval=replace(self.sender.approval, sha256=sha256)
            if self.sender.approval
            else Approval(sha256=sha256, at=self.now, by_patient=True),
            supplements=supplements,
            sent_at=self.now,
        )
        return Mail(message, round_, handed, sha256)


_DOES: dict[Act, Any] = {
    Act.OPEN: lambda now: {"opened": Opened(by="Per Dahl", at=now)},
    Act.PLAN_MEETING: lambda now: {
        "meeting": Meeting(id=MeetingId(uuid4()), start=now, place="Rom 2", who_comes="Alle")
    },
    Act.CANCEL_MEETING: lambda _now: {},
    Act.HOLD_MEETING: lambda _now: {},
    Act.TAKE_OVER: None,
    Act.DECLINE: lambda _now: {"decline": Decline(reason="Fullt", person="Per Dahl", phone="1")},
    Act.ANSWER_WITHDRAWAL: lambda now: {
        "withdrawal": WithdrawalAnswer(done=Done.DELETED, person="Per Dahl", at=now)
    },
}

TestTwoCopies = TwoCopies.TestCase
TestTwoCopies.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
