"""A handover at two nodes, for tests: begun at the municipality, for the outpatient clinic of the DPS."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from handover.actors import Patient, Staff
from handover.bundle import service, store
from handover.bundle.lifecycle import Side
from handover.bundle.model import Content, Frozen, Mark, TopicCode
from handover.bundle.reading import Case
from handover.bundle.service import Turn
from handover.bundle.standing import Standing
from handover.ids import AgencyId, HandoverId, ItemId, ServiceId
from tests.builders import INTAKE, PSYCHOLOGIST
from tests.referral.nodes import PATIENT, PER, Town, content

IMPORTANT: Final = TopicCode("important-now")
HELPS: Final = TopicCode("helps-me")
EVENTS: Final = TopicCode("events")
DOCUMENTS: Final = TopicCode("documents")
PDF: Final = b"%PDF-1.7\n" + b"x" * 40


@dataclass
class Meeting:
    """One handover, and who acts on it."""

    town: Town
    handover: HandoverId
    by: Staff = PER
    patient: Patient = PATIENT

    def do(self, what: Callable[..., Any], *args: Any, by: Staff | Patient | None = None, **named: Any) -> Any:
        """Do one use case at the sender, in a transaction of its own: the clinician unless somebody is named."""
        who = by or self.by
        side = named.pop("side", Side.PATIENT if isinstance(who, Patient) else Side.SENDER)
        agency: AgencyId = self.by.agency
        with self.town.node_of(agency).db.transaction() as session:
            turn = Turn(handover=self.handover, by=who, now=self.town.now, side=side)
            return what(session, turn, *args, **named)

    def at_home(self, what: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Do one use case as the patient, alone."""
        return self.do(what, *args, by=self.patient, **named)

    def add(self, text: str, *, topic: TopicCode = IMPORTANT, marked: Mark | None = None, **parts: Any) -> ItemId:
        """Write an item, and mark it."""
        item: ItemId = self.do(service.add_item, Content(topic=topic, text=text, **parts))
        if marked is not None:
            self.do(service.mark, item, marked)
        return item

    def there(self, by: Staff, what: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Do one use case at the receiver."""
        with self.town.node_of(by.agency).db.transaction() as session:
            turn = Turn(handover=self.handover, by=by, now=self.town.now, side=Side.RECEIVER)
            return what(session, turn, *args, **named)

    def see(self, by: Staff | Patient | None = None) -> Case:
        """Return the case as one of them sees it."""
        return self.do(service.case_of, by=by)  # type: ignore[no-any-return]

    def see_standing(self, session: Session) -> Standing:
        """Return the sender's copy as it is stored."""
        return store.find(session, self.handover, side=Side.SENDER, by=self.by).standing

    def document_at(self, number: int = 0) -> str:
        """Return what the patient's pages call a document that was sent."""
        case = self.see(by=self.patient)
        return case.document_id(case.standing.documents[number])

    def preview(self, by: Staff | Patient | None = None) -> Frozen:
        """Return the preview."""
        return self.do(service.preview, by=by)  # type: ignore[no-any-return]

    def say_yes(self, by: Staff | Patient | None = None) -> Frozen:
        """Look at the preview and say yes to it."""
        frozen = self.preview(by=by)
        self.do(service.approve, frozen.sha256, by=by)
        return frozen


def begin(town: Town, *, by: Staff = PER, at: ServiceId = PSYCHOLOGIST, to: ServiceId | None = INTAKE) -> Meeting:
    """Begin a handover."""
    patient = content().patient
    assert patient is not None
    with town.node_of(by.agency).db.transaction() as session:
        handover = service.start(session, by=by, service=at, patient=patient, receiver=to, now=town.now)
    return Meeting(town, handover, by)


def together(town: Town, **other: Any) -> Meeting:
    """Begin a handover and invite the patient."""
    made = begin(town, **other)
    made.do(service.invite)
    return made


def approved(town: Town, **other: Any) -> Meeting:
    """Have a handover with one item that travels and one that stays, to which the patient has said yes."""
    made = together(town, **other)
    made.add("Må få sove", marked=Mark.TRAVELS)
    made.add("Det som skal bli her", topic=EVENTS, marked=Mark.STAYS)
    made.say_yes(by=made.patient)
    return made


def sent(town: Town, **other: Any) -> Meeting:
    """Have it arrive."""
    made = approved(town, **other)
    made.do(service.send)
    town.settle()
    return made
