"""The yes holds exactly as long as nothing that travels has changed, whatever else is written, in any order."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from handover.bundle import service
from handover.bundle.lifecycle import Status
from handover.bundle.model import Content, Mark, Wishes
from handover.bundle.service import NothingTravels, StalePreview
from handover.errors import NotPermitted
from handover.ids import ItemId
from tests.builders import INTAKE
from tests.bundle.meeting import EVENTS, HELPS, IMPORTANT, Meeting, together
from tests.referral.nodes import SENIOR, Town

TEXTS = st.sampled_from(["", "a", "b", "c"])
TOPICS = st.sampled_from([IMPORTANT, HELPS, EVENTS])
WHO = st.sampled_from(["clinician", "patient"])


@dataclass(frozen=True)
class Said:
    """What the test believes of one item."""

    topic: str
    text: str = ""
    own_words: str = ""
    mark: Mark = Mark.UNDECIDED
    private: bool = False

    @property
    def travels(self) -> bool:
        """Whether it goes along."""
        return self.mark is Mark.TRAVELS and bool(self.text or self.own_words)


@dataclass
class Beliefs:
    """What the test believes of the handover."""

    items: dict[ItemId, Said] = field(default_factory=dict)
    meeting: bool = True
    receiver: str = INTAKE
    approved: Any = None
    previewed: tuple[Any, bytes, str] | None = None

    def travelling(self) -> Any:
        """Return all that a document would be made from."""
        chosen = tuple((item.topic, item.text, item.own_words) for item in self.items.values() if item.travels)
        return (chosen, self.meeting, self.receiver)


class Marking(RuleBasedStateMachine):
    """One handover in each example, at the node that is set before the machine runs."""

    town: Town
    items = Bundle("items")
    met: Meeting
    beliefs: Beliefs

    @initialize()
    def begin(self) -> None:
        self.met = together(self.town)
        self.beliefs = Beliefs()

    @rule(target=items, topic=TOPICS, text=TEXTS)
    def clinician_writes_an_item(self, topic: Any, text: str) -> ItemId:
        item: ItemId = self.met.do(service.add_item, Content(topic=topic, text=text))
        return self._known(item, Said(topic, text=text))

    @rule(target=items, topic=TOPICS, text=TEXTS, private=st.booleans())
    def patient_writes_an_item(self, topic: Any, text: str, private: bool) -> ItemId:
        item: ItemId = self.met.at_home(
            service.add_own_item, Content(topic=topic, own_words=text), clinician_may_see=not private
        )
        return self._known(item, Said(topic, own_words=text, private=private))

    @rule(item=items, text=TEXTS)
    def clinician_changes_an_item(self, item: ItemId, text: str) -> None:
        held = self.beliefs.items.get(item)
        if held is None or (held.private and held.mark is not Mark.TRAVELS):
            return
        wanted = Content(topic=IMPORTANT, text=text, own_words=held.own_words)
        if self._is_the_patients(item):
            with pytest.raises(NotPermitted):
                self.met.do(service.save_item, item, wanted, seen=99)
            return
        self.met.do(service.save_item, item, wanted, seen=99)
        self._now(item, text=text)

    @rule(item=items, text=TEXTS)
    def patient_changes_own_words(self, item: ItemId, text: str) -> None:
        if item in self.beliefs.items:
            self.met.at_home(service.write_own_words, item, text, seen=99)
            self._now(item, own_words=text)

    @rule(item=items, mark=st.sampled_from(Mark))
    def patient_marks(self, item: ItemId, mark: Mark) -> None:
        if item in self.beliefs.items:
            self.met.at_home(service.mark, item, mark)
            self._now(item, mark=mark)

    @rule(item=items)
    def one_is_removed(self, item: ItemId) -> None:
        if item not in self.beliefs.items:
            return
        self.met.do(service.remove_item, item, by=self.met.patient if self._is_the_patients(item) else None)
        del self.beliefs.items[item]
        self._lapse()

    @rule(meeting=st.booleans(), told=TEXTS)
    def patient_wishes(self, meeting: bool, told: str) -> None:
        self.met.at_home(service.set_wishes, Wishes(meeting=meeting, told=(told,)))
        self.beliefs.meeting = meeting
        self._lapse()

    @rule(receiver=st.sampled_from([INTAKE, SENIOR]))
    def clinician_chooses(self, receiver: Any) -> None:
        self.met.do(service.choose_receiver, receiver)
        self.beliefs.receiver = receiver
        self._lapse()

    @rule()
    def pause_and_go_on(self) -> None:
        self.met.at_home(service.pause)
        self.met.at_home(service.resume)
        self.beliefs.approved = None

    @rule(who=WHO)
    def look_and_say_yes(self, who: str) -> None:
        by = self.met.patient if who == "patient" else None
        try:
            frozen = self.met.preview(by=by)
        except NothingTravels:
            assert not self.beliefs.travelling()[0]
            return
        before = self.beliefs.previewed
        if before is not None and before[0] == self.beliefs.travelling():
            assert frozen.document == before[1]
        if before is not None and before[2] != frozen.sha256 and self.beliefs.approved is None:
            with pytest.raises(StalePreview):
                self.met.do(service.approve, before[2], by=by)
        self.beliefs.previewed = (self.beliefs.travelling(), frozen.document, frozen.sha256)
        if self.beliefs.approved is None:
            self.met.do(service.approve, frozen.sha256, by=by)
            self.beliefs.approved = self.beliefs.travelling()

    @invariant()
    def the_yes_holds_iff_nothing_that_travels_has_changed(self) -> None:
        if not hasattr(self, "met"):
            return
        case = self.met.see()
        is_valid = self.beliefs.approved is not None
        assert (case.standing.status is Status.APPROVED) is case.is_yes_valid is is_valid

    @invariant()
    def nothing_private_is_seen_by_the_clinician(self) -> None:
        if not hasattr(self, "met"):
            return
        shown = self.met.see().items
        hidden = {
            item for item, said in self.beliefs.items.items() if said.private and said.mark is not Mark.TRAVELS
        }
        assert {item.id for item in shown} == self.beliefs.items.keys() - hidden
        assert [item.position for item in shown] == list(range(1, len(shown) + 1))

    def _is_the_patients(self, item: ItemId) -> bool:
        return next(each.by_patient for each in self.met.see(by=self.met.patient).items if each.id == item)

    def _known(self, item: ItemId, said: Said) -> ItemId:
        self.beliefs.items[item] = said
        self._lapse()
        return item

    def _now(self, item: ItemId, **parts: Any) -> None:
        self.beliefs.items[item] = replace(self.beliefs.items[item], **parts)
        self._lapse()

    def _lapse(self) -> None:
        if self.beliefs.approved != self.beliefs.travelling():
            self.beliefs.approved = None


def test_the_yes_holds_exactly_as_long_as_nothing_that_travels_has_changed(two_nodes: Town) -> None:
    Marking.town = two_nodes
    run_state_machine_as_test(
        Marking,
        settings=settings(
            max_examples=12,
            stateful_step_count=14,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )
