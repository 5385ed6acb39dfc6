"""However links and unlinks are lost, repeated, late or out of order, who may know whom a case is about knows it.

Hypothesis lets a patient say yes and no to two members of a case, and a clinician link it and take a mistake back,
while everything that is said is delivered in any order, twice, late or never. What was said last to a member is
what it knows when the wires are empty; nobody learns of a person after having been told to forget them.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from handover.actors import Party
from handover.errors import HandoverError
from handover.ids import AgencyId, MessageId, PersonId, ServiceId, ThreadId
from handover.message import linking
from handover.message.linking import Bond, Link, Unlink, Why
from handover.message.model import Heading, Member, Subject
from handover.message.standing import Standing
from handover.person.model import Identity
from tests.message.threads import DPS, FACT, NAV, author

THREAD = ThreadId(UUID(int=7))
MEMBERS = (NAV, FACT)
PERSONS = (PersonId(UUID(int=1)), PersonId(UUID(int=2)))
WHO = {
    each: Identity(given=given, family="Nes", birth_date=datetime(1982, 6, 15, tzinfo=UTC).date())
    for each, given in zip(PERSONS, ("Solveig", "Odd"), strict=True)
}
_member = st.sampled_from(MEMBERS)
EARLY = datetime(2020, 1, 1, tzinfo=UTC)
STRANGER = Party(AgencyId("399999999"), ServiceId("stranger"))


def _standing(home: Party, person: PersonId | None = None) -> Standing:
    at = datetime(2026, 11, 9, 8, tzinfo=UTC)
    heading = Heading(thread=THREAD, reference="8H3K-PQ2M", subject=Subject.ANONYMOUS)
    began = Member(party=DPS, since=at, added_by=DPS)
    members = (began, *(Member(party=each, since=at) for each in MEMBERS))
    return Standing(
        home=home, heading=heading, person=person, members=members, began=DPS, created_at=at, changed_at=at
    )


@dataclass
class Case:
    """The service that began a case, two that take part, and what is on its way to them."""

    now: datetime = datetime(2026, 11, 9, 8, tzinfo=UTC)
    home: dict[Party, Bond] = field(default_factory=dict)
    there: dict[Party, Bond] = field(default_factory=dict)
    wire: list[tuple[Link | Unlink, MessageId]] = field(default_factory=list)
    person: PersonId | None = None

    def say(self, bond: Bond, said: Link | Unlink) -> None:
        """Put something on its way."""
        envelope = MessageId(uuid4())
        self.home[bond.other] = linking.promised(bond, said, envelope)
        self.wire.append((said, envelope))

    def link(self, to: Party, person: PersonId) -> None:
        """Tell a member whom the case is about."""
        linking.check_link(_standing(DPS, self.person), person, [to])
        self.person = person
        if linking.is_told_already(self.home.values(), to, person):
            return
        held = self.home.get(to) or linking.unheard(THREAD, DPS, to, is_told=False)
        number = linking.next_number(self.home.values())
        made = linking.link(held, number, person, until=None, now=self.now)
        said = Link(
            thread=THREAD,
            number=number,
            patient=WHO[person],
            sender=DPS,
            receiver=to,
            author=author(DPS),
            at=self.now,
        )
        self.say(made, said)

    def unlink(self, to: Party) -> None:
        """Tell a member to forget, as the yes does not hold any more."""
        held = self.home.get(to)
        if held is not None and held.is_open:
            number = linking.next_number(self.home.values())
            closed = linking.unlink(held, number, Why.WITHDRAWN, by=None, now=self.now)
            self.say(closed, linking.unlink_of(closed))

    def mistake(self) -> None:
        """Tell everybody who was ever told whom it is about that it never was."""
        for held in list(self.home.values()):
            if self.person is not None and held.person == self.person and held.why is not Why.MISTAKE:
                number = linking.next_number(self.home.values())
                wrong = linking.mistaken(held, number, by=author(DPS), now=self.now)
                self.say(wrong, linking.unlink_of(wrong))
        self.person = None

    def deliver(self, said: Link | Unlink, envelope: MessageId) -> None:
        """Let a member take something in, and sign that it did."""
        to = said.receiver
        held = self.there.get(to) or linking.unheard(THREAD, to, DPS, is_told=True)
        if isinstance(said, Link):
            person = next(each for each in PERSONS if WHO[each] == said.patient)
            self.there[to] = linking.take_link(held, said, person, envelope=envelope, now=self.now)
        else:
            self.there[to] = linking.take_unlink(held, said, now=self.now)
        self.home[to] = linking.arrived(self.home[to], envelope, at=self.now)

    def lose(self, said: Link | Unlink, envelope: MessageId) -> None:
        """Give a delivery up; an unlink is said again, as it was."""
        held = linking.lost(self.home[said.receiver], envelope)
        self.home[said.receiver] = held
        again = linking.said_again(held, envelope)
        if again is not None:
            self.say(held, again)

    def knows(self, member: Party) -> PersonId | None:
        """Return whom a member takes the case to be about."""
        held = self.there.get(member)
        return linking.known_person(_standing(member), [] if held is None else [held])


class Links(RuleBasedStateMachine):
    """One case, two members, a patient who changes their mind, and wires that cannot be trusted."""

    def __init__(self) -> None:
        super().__init__()
        self.case = Case()
        self.forgot: dict[Party, int] = {}
        self.learned: set[tuple[Party, PersonId]] = set()
        self.wrong: set[PersonId] = set()

    @rule(to=_member, person=st.sampled_from(PERSONS))
    def link(self, to: Party, person: PersonId) -> None:
        self._tick()
        try:
            self.case.link(to, person)
        except linking.AlreadyLinked:
            assert self.case.person != person
        else:
            self.wrong -= {person}

    @rule(to=_member)
    def withdraw(self, to: Party) -> None:
        self._tick()
        self.case.unlink(to)

    @rule()
    def take_a_mistake_back(self) -> None:
        self._tick()
        self.wrong |= set() if self.case.person is None else {self.case.person}
        self.case.mistake()

    @precondition(lambda self: self.case.wire)
    @rule(data=st.data(), twice=st.booleans())
    def deliver(self, data: st.DataObject, *, twice: bool) -> None:
        """Deliver anything that is on its way, perhaps twice."""
        self._tick()
        said, envelope = self.case.wire.pop(data.draw(st.integers(0, len(self.case.wire) - 1), "which"))
        self._deliver(said, envelope)
        if twice:
            self.case.wire.append((said, envelope))

    @precondition(lambda self: self.case.wire)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        """Let something expire that never came."""
        said, envelope = self.case.wire.pop(data.draw(st.integers(0, len(self.case.wire) - 1), "which"))
        self.case.lose(said, envelope)

    @invariant()
    def nobody_learns_again_what_they_were_told_to_forget(self) -> None:
        for member, number in self.forgot.items():
            held = self.case.there[member]
            assert not held.is_open or held.number > number

    @invariant()
    def everybody_can_read_what_was_linked_to_them_at_either_end(self) -> None:
        for member, person in self.learned:
            for held in (self.case.home[member], self.case.there[member]):
                assert person in {each.person for each in held.stretches}

    @invariant()
    def nobody_reads_that_a_case_is_theirs_which_was_linked_to_them_by_mistake(self) -> None:
        said = [each for held in self.case.home.values() for each in held.stretches]
        for person in self.wrong:
            assert {each.why for each in said if each.person == person} <= {Why.MISTAKE}
        assert all(each.ended_at is not None for each in said if each.person != self.case.person)

    def teardown(self) -> None:
        """Deliver what is left, the last first: every member knows what was said to it last."""
        while self.case.wire:
            self._deliver(*self.case.wire.pop())
        for member in MEMBERS:
            said = self.case.home.get(member)
            heard = [] if said is None or member not in self.case.there else self.case.there[member].stretches
            assert {each.why for each in heard if each.person in self.wrong} <= {Why.MISTAKE}
            if said is None or (said.is_open and said.is_lost):
                continue
            assert self.case.knows(member) == (said.person if said.is_open else None)
            assert said.confirmed_at is not None
            assert all(each.forgotten_at is not None for each in said.past)

    def _deliver(self, said: Link | Unlink, envelope: MessageId) -> None:
        self.case.deliver(said, envelope)
        known = self.case.knows(said.receiver)
        self.learned |= set() if known is None else {(said.receiver, known)}
        if isinstance(said, Unlink):
            self.forgot[said.receiver] = max(said.number, self.forgot.get(said.receiver, 0))

    def _tick(self) -> None:
        self.case.now += timedelta(minutes=1)


TestLinks = Links.TestCase
TestLinks.settings = settings(
    max_examples=60,
    stateful_step_count=20,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.target),
)


@pytest.mark.parametrize(
    ("home", "to", "refused"),
    [
        (NAV, [DPS], linking.NotTheirs),
        (DPS, [], linking.NoOneToTell),
        (DPS, [DPS], linking.NoOneToTell),
    ],
)
def test_who_may_not_say_whom_a_case_is_about_is_refused(
    home: Party, to: list[Party], refused: type[HandoverError]
) -> None:
    with pytest.raises(refused):
        linking.check_link(_standing(home), PERSONS[0], to)


def test_a_case_that_was_withdrawn_is_linked_to_somebody_else_only_after_the_first_was_called_a_mistake() -> None:
    case = Case()
    case.link(NAV, PERSONS[0])
    case.unlink(NAV)
    with pytest.raises(linking.AlreadyLinked):
        case.link(NAV, PERSONS[1])
    case.mistake()
    case.link(NAV, PERSONS[1])
    assert [each.why for each in case.home[NAV].stretches] == [Why.MISTAKE, None]


def test_a_mistake_is_told_of_all_that_was_said_of_that_person_also_where_it_was_withdrawn_before() -> None:
    case = Case()
    for _again in range(2):
        case.link(NAV, PERSONS[0])
        case.deliver(*case.wire.pop())
        case.now += timedelta(minutes=2)
        case.unlink(NAV)
        case.deliver(*case.wire.pop())
        case.now += timedelta(minutes=2)
    before = [each.stretches for each in (case.home[NAV], case.there[NAV])]
    case.mistake()
    case.deliver(*case.wire.pop())
    for held, then in zip((case.home[NAV], case.there[NAV]), before, strict=True):
        assert [each.why for each in held.stretches] == [Why.MISTAKE, Why.MISTAKE]
        assert [(each.ended_at, each.forgotten_at) for each in held.stretches] == [
            (each.ended_at, each.forgotten_at) for each in then
        ]


def test_a_mistake_of_which_no_word_came_is_one_where_the_link_after_it_is_withdrawn_unheard() -> None:
    case = Case()
    case.link(NAV, PERSONS[0])
    case.deliver(*case.wire.pop())
    case.mistake()
    case.link(NAV, PERSONS[1])
    case.wire.clear()
    case.unlink(NAV)
    case.deliver(*case.wire.pop())
    assert [(each.person, each.why) for each in case.there[NAV].stretches] == [(PERSONS[0], Why.MISTAKE)]


@pytest.mark.parametrize(
    "said",
    [
        Member(party=NAV, since=EARLY, added_by=NAV),
        Member(party=DPS, since=EARLY, added_by=NAV),
        Member(party=STRANGER, since=EARLY, added_by=FACT),
    ],
    ids=["began it", "let the beginner in", "was let in by us"],
)
def test_a_list_of_members_that_makes_somebody_else_the_beginner_is_refused(said: Member) -> None:
    with pytest.raises(linking.NotWhoBegan):
        linking.check_members(_standing(FACT), [said])
    linking.check_members(_standing(FACT), _standing(NAV).members)


def test_what_a_team_wrote_of_the_wrong_person_stays_hidden_when_the_right_one_is_known() -> None:
    case = Case()
    case.link(NAV, PERSONS[0])
    wrong = case.wire.pop()
    case.deliver(*wrong)
    during = case.now + timedelta(minutes=1)
    case.now += timedelta(minutes=2)
    case.mistake()
    late = case.wire.pop()
    case.link(NAV, PERSONS[1])
    case.now += timedelta(hours=1)
    between = case.now - timedelta(minutes=30)
    case.deliver(*case.wire.pop())
    assert linking.is_hidden([case.there[NAV]], during)
    assert linking.is_hidden([case.there[NAV]], between), "the team still believed that it was the first"
    assert not linking.is_hidden([case.there[NAV]], case.now + timedelta(minutes=1))
    assert case.there[NAV].envelopes != (wrong[1],)
    case.deliver(*late)
    assert [(each.person, each.why) for each in case.there[NAV].stretches] == [
        (PERSONS[0], Why.MISTAKE),
        (PERSONS[1], None),
    ]


def test_a_stranger_who_says_whom_a_case_is_about_is_not_believed() -> None:
    said = linking.unheard(THREAD, NAV, FACT, is_told=True)
    heard = Link(
        thread=THREAD,
        number=9,
        patient=WHO[PERSONS[0]],
        sender=FACT,
        receiver=NAV,
        author=author(FACT),
        at=datetime(2026, 11, 9, 8, tzinfo=UTC),
    )
    held = linking.take_link(said, heard, PERSONS[0], envelope=MessageId(uuid4()), now=heard.at)
    assert held.is_open
    assert linking.known_person(_standing(NAV), [held]) is None


def test_what_a_team_wrote_while_it_knew_is_hidden_when_it_may_know_no_more() -> None:
    case = Case()
    case.link(NAV, PERSONS[0])
    case.deliver(*case.wire.pop())
    during = case.now + timedelta(minutes=1)
    assert not linking.is_hidden([case.there[NAV]], during)
    case.now += timedelta(minutes=2)
    case.unlink(NAV)
    case.deliver(*case.wire.pop())
    assert linking.is_hidden([case.there[NAV]], during)
    assert not linking.is_hidden([case.there[NAV]], case.now + timedelta(minutes=1))
