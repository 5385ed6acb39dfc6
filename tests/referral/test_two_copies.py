"""Rule 7 as a machine: copies at the referrer, the receiver and the next receiver, over a bad network.

Messages are reordered and duplicated, acts cross each other, a redirect may expire and arrive late. Always each
copy names one responsible service and numbers never go back; when everything has arrived, all agree.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from handover.errors import HandoverError
from handover.ids import AgencyId, ReferralId, ServiceId
from handover.referral.lifecycle import ENDED, Act, Side, Status, Version, holder
from handover.referral.model import (
    Acceptance,
    Appointment,
    AppointmentId,
    Author,
    Completion,
    Opened,
    Party,
    Question,
    QuestionId,
    Redirection,
    Refusal,
    RequestId,
    StatusUpdate,
    Update,
    UpdateKind,
    Withdrawal,
)
from handover.referral.standing import (
    NotYetHere,
    Standing,
    adopt,
    arrived,
    ask_for,
    audience,
    decide,
    follow,
    move_unsent,
    next_leg,
    redirect_arrived,
    redirect_failed,
    redirected_to,
    take_request,
    to_ask_again,
    word,
)

START = datetime(2026, 11, 9, 9, tzinfo=UTC)
KOMMUNE = Party(AgencyId("310000019"), ServiceId("8000011"))
INTAKE = Party(AgencyId("310000035"), ServiceId("8000031"))
OTHER = Party(AgencyId("310000043"), ServiceId("8000041"))
AUTHOR = Author(name="Per Psykolog", phone="55 00 00 01", agency=KOMMUNE.agency)
WHO: dict[str, str] = {"assessor": "Ola Overlege", "assessor_phone": "55 00 00 02"}
DECISIONS: dict[Act, dict[str, Any]] = {
    Act.OPEN: {"opened": Opened(by="Ola Overlege", at=START)},
    Act.TAKE: {"assessor": "Ola Overlege"},
    Act.ACCEPT: {
        "outcome": Acceptance(latest_start=date(2027, 1, 15), next_step="x", complaint="x", **WHO),
        "questions": (),
        "assessed_at": START,
    },
    Act.REJECT: {
        "outcome": Refusal(reason="x", advice="x", complaint="x", **WHO),
        "questions": (),
        "assessed_at": START,
    },
    Act.SCHEDULE: {
        "appointment": Appointment(id=AppointmentId(UUID(int=1)), start=START, place="x", with_whom="x", phone="x")
    },
    Act.CANCEL_APPOINTMENT: {},
    Act.NO_SHOW: {},
    Act.START: {"started_on": date(2026, 12, 1)},
    Act.COMPLETE: {"outcome": Completion(outcome="x", follow_up="x"), "questions": ()},
    Act.CONFIRM_WITHDRAWAL: {"outcome": Withdrawal(by="x", reason="x"), "questions": ()},
    Act.NOTE_TO_REFERRER: {},
}


@dataclass(frozen=True)
class NewReferral:
    """A request on the wire: the first, or one that sends the referral on."""

    leg: int
    sender: Party
    receiver: Party
    seniority_on: datetime | None


Message = NewReferral | StatusUpdate | Update


def first_copy() -> Standing:
    return Standing(
        side=Side.REFERRER,
        home=KOMMUNE,
        referral=ReferralId(UUID(int=7)),
        reference="8H3K-PQ2M",
        referrer=KOMMUNE,
        holders=(INTAKE,),
        author=AUTHOR,
        written_at=START,
        changed_at=START,
    )


def taken_in(request: NewReferral, now: datetime) -> Standing:
    earlier: tuple[Party | None, ...] = (None,) * (request.leg - 1)
    return replace(
        first_copy(),
        side=Side.RECEIVER,
        home=request.receiver,
        status=Status.RECEIVED,
        version=Version(request.leg, 1),
        holders=(*earlier, request.receiver),
        previous=None if request.sender == KOMMUNE else request.sender,
        received_at=now,
        seniority_on=request.seniority_on or now,
        last_act=Act.ARRIVE,
    )


class Copies(RuleBasedStateMachine):
    """Three nodes and what lies between them."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.copies: dict[Party, Standing] = {}
        self.wire: list[Message] = []
        self.delivered: list[Message] = []
        self.numbers = 0
        self.seen: dict[Party, Version] = {}
        self.redirects = 0
        self.asked: set[RequestId] = set()

    @initialize()
    def send(self) -> None:
        sent = move_unsent(first_copy(), Act.SEND, now=self.tick(), sent_at=self.now)
        self.copies[KOMMUNE] = sent
        self.wire.append(NewReferral(1, KOMMUNE, INTAKE, None))

    def tick(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    def number(self) -> UUID:
        self.numbers += 1
        return UUID(int=1000 + self.numbers)

    # what people do

    @rule(where=st.sampled_from([INTAKE, OTHER]), act=st.sampled_from(sorted(DECISIONS)))
    def decide(self, where: Party, act: Act) -> None:
        copy = self.copies.get(where)
        if copy is None or (act is Act.OPEN and copy.opened is not None):
            return
        try:
            after = decide(copy, act, Side.RECEIVER, now=self.tick(), **DECISIONS[act])
        except HandoverError:
            return
        self.told(after)

    @rule(where=st.sampled_from([INTAKE, OTHER]))
    def ask(self, where: Party) -> None:
        copy = self.copies.get(where)
        if copy is None:
            return
        question = Question(
            id=QuestionId(self.number()),
            text="x",
            asked_at=self.now,
            asked_by=AUTHOR,
            version=copy.version.next(),
        )
        try:
            after = decide(copy, Act.ASK, Side.RECEIVER, now=self.tick(), questions=(*copy.questions, question))
        except HandoverError:
            return
        self.told(after)

    @rule(kind=st.sampled_from([kind for kind in UpdateKind if kind is not UpdateKind.OUTCOME_OPENED]))
    def request(self, kind: UpdateKind) -> None:
        copy = self.copies[KOMMUNE]
        asked = tuple(question.id for question in copy.questions) if kind is UpdateKind.ANSWER else ()
        if copy.holder is None or (kind is UpdateKind.ANSWER and not asked):
            return
        update = Update(
            referral=copy.referral,
            request=RequestId(self.number()),
            kind=kind,
            sender=KOMMUNE,
            receiver=copy.holder,
            author=AUTHOR,
            written_at=self.tick(),
            text="x",
            questions=asked,
            seen=copy.version,
        )
        try:
            self.copies[KOMMUNE] = ask_for(copy, update)
        except HandoverError:
            return
        self.wire.append(update)
        self.asked.add(update.request)

    @precondition(lambda self: self.redirects < 2)
    @rule()
    def redirect(self) -> None:
        copy = self.copies.get(INTAKE)
        if copy is None:
            return
        leg = next_leg(copy)
        outcome = Redirection(where=OTHER, where_name="x", leg=leg, reason="x", **WHO)
        try:
            after = decide(copy, Act.REDIRECT, Side.RECEIVER, now=self.tick(), outcome=outcome)
        except HandoverError:
            return
        self.redirects += 1
        self.told(redirected_to(after, outcome))
        self.wire.append(NewReferral(leg, INTAKE, OTHER, copy.seniority_on))

    @rule()
    def expire(self) -> None:
        """The redirect's receipt never came in time; the request may still arrive."""
        copy = self.copies.get(INTAKE)
        if copy is not None and copy.status is Status.REDIRECTING:
            self.told(redirect_failed(copy, now=self.tick()))

    # what the network does

    @precondition(lambda self: self.wire)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(self.wire) - 1))
        message = self.wire.pop(place)
        try:
            self.arrives(message)
        except NotYetHere:
            self.wire.append(message)
        else:
            self.delivered.append(message)

    @precondition(lambda self: self.delivered)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        self.arrives(data.draw(st.sampled_from(self.delivered)))

    def arrives(self, message: Message) -> None:
        if isinstance(message, NewReferral):
            self.referral_arrives(message)
        elif isinstance(message, Update):
            copy = self.copies.get(message.receiver)
            if copy is None:
                raise NotYetHere
            after = take_request(copy, message, now=self.tick())
            if copy.status in {Status.REDIRECTING, Status.REDIRECTED}:
                assert after.answered == copy.answered, "what comes now belongs to the next service"
            self.told(after) if after.version != copy.version else self.keep(after)
        else:
            self.word_arrives(message)

    def referral_arrives(self, request: NewReferral) -> None:
        held = self.copies.get(request.receiver)
        if held is None or (request.leg > held.version.leg and held.status is Status.REDIRECTED):
            made = taken_in(request, self.tick())
            self.told(made) if request.leg > 1 else self.keep(made)
        if request.leg == 1:
            self.keep(arrived(self.copies[KOMMUNE], at=self.tick()))
            return
        sender = self.copies[request.sender]
        after = redirect_arrived(sender, request.leg, now=self.tick())
        self.told(after) if after.version != sender.version else self.keep(after)

    def word_arrives(self, told: StatusUpdate) -> None:
        copy = self.copies[told.receiver]
        if told.receiver != KOMMUNE:
            after = follow(copy, told, now=self.tick())
            self.told(after) if after.version != copy.version else self.keep(after)
            return
        after, moved = to_ask_again(adopt(copy, told))
        self.wire += moved
        self.keep(after)

    def keep(self, copy: Standing) -> None:
        self.copies[copy.home] = copy

    def told(self, copy: Standing) -> None:
        self.keep(copy)
        self.wire += [word(copy, party, author=None) for party in audience(copy)]

    # what must hold

    @invariant()
    def each_copy_names_exactly_one_responsible_service(self) -> None:
        for copy in self.copies.values():
            assert copy.responsible in {KOMMUNE, INTAKE, OTHER}
            if holder(copy.status) is Side.RECEIVER:
                assert copy.responsible == copy.holder
                assert copy.responsible != KOMMUNE

    @invariant()
    def a_receiver_that_has_it_knows_that_it_has_it(self) -> None:
        for party in (INTAKE, OTHER):
            copy = self.copies.get(party)
            if copy is not None and copy.status not in ENDED:
                assert copy.responsible == party

    @invariant()
    def versions_never_go_back(self) -> None:
        for party, copy in self.copies.items():
            assert copy.version >= self.seen.get(party, copy.version)
            self.seen[party] = copy.version

    @invariant()
    def only_the_holder_is_ahead_of_the_referrer(self) -> None:
        ours = self.copies[KOMMUNE]
        versions = [copy.version for party, copy in self.copies.items() if party != KOMMUNE]
        assert ours.version <= max([*versions, ours.version if not versions else Version(1, 1)])

    def teardown(self) -> None:
        """Let everything arrive: then all copies agree, and no request is left without an answer."""
        for _ in range(500):
            if not self.wire:
                break
            for message in list(self.wire):
                self.wire.remove(message)
                try:
                    self.arrives(message)
                except NotYetHere:
                    self.wire.append(message)
        if not self.copies:
            return
        assert self.wire == []
        ours = self.copies[KOMMUNE]
        holding = max((copy for party, copy in self.copies.items() if party != KOMMUNE), key=lambda c: c.version)
        assert ours.version == holding.version
        assert ours.status is holding.status
        assert ours.responsible == holding.responsible
        assert (ours.outcome, ours.appointment, ours.questions) == (
            holding.outcome,
            holding.appointment,
            holding.questions,
        )
        assert (ours.received_at, ours.seniority_on) == (holding.received_at, holding.seniority_on) or (
            holding.version == Version(1, 1)
        )
        assert ours.pending == ()
        assert {answer.request for answer in ours.answered} == self.asked, "every request is answered"


TestCopies = Copies.TestCase
TestCopies.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
