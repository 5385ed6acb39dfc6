"""People who wish to be told, and a pigeonhole in which a node's notices end."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from handover.actors import Patient, Staff
from handover.app import Node
from handover.db import provided
from handover.ids import AgencyId
from handover.notice import courier, service
from handover.notice.model import Channel, Recipient, Wishes, patient, staff
from handover.notice.senders import Letter, Ways
from handover.person import service as person
from tests.referral.nodes import PATIENT, Town


@dataclass
class Pigeonhole:
    """A way out of the node that keeps what was sent, and fails when the test says so."""

    letters: list[Letter] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)

    def send(self, letter: Letter) -> None:
        """Keep one letter, or raise what the test wants."""
        if self.fails:
            raise self.fails.pop(0)
        self.letters.append(letter)

    def reach(self) -> None:
        """Be there."""

    def to(self, address: str) -> list[str]:
        """Return the texts sent to one address."""
        return [each.text for each in self.letters if each.address == address]

    def news(self, address: str) -> int:
        """Return how often that address was told that there is something new."""
        return sum("noe nytt" in text for text in self.to(address))


def give_pigeonhole(node: Node) -> Pigeonhole:
    """Let a node's notices of both channels end in a pigeonhole."""
    hole = Pigeonhole()
    node.db.provide(Ways, Ways({Channel.EMAIL: hole, Channel.SMS: hole}))
    return hole


def send(node: Node, now: datetime) -> int:
    """Send what is due at a node."""
    with node.db.reading() as session:
        ways = provided(session, Ways)
    return sum(courier.send_due(node.db, ways, agency, lambda: now) for agency in node.settings.agencies)


def known_as(node: Node, agency: AgencyId, who: Patient = PATIENT) -> Recipient:
    """Return a patient as an agency knows them."""
    with node.db.reading() as session:
        found = person.of_number(session, agency, who.number)
    assert found is not None
    return patient(agency, found)


def wish(
    node: Node, who: Staff | Patient, them: list[Recipient], address: str, *, now: datetime, **wishes: Any
) -> None:
    """Choose a channel by the address, and write the code that was sent there."""
    channel = Channel.EMAIL if "@" in address else Channel.SMS
    with node.db.transaction() as session:
        wanted = Wishes(channel=channel, address=address, **{"first_hour": 0, "last_hour": 0, **wishes})
        assert service.choose(session, them, wanted, by=who, now=now)
    with node.db.reading() as session:
        hole = provided(session, Ways).by_channel[channel]
    assert isinstance(hole, Pigeonhole)
    send(node, now)
    code = code_in(hole.letters[-1])
    with node.db.transaction() as session:
        assert service.confirm(session, them, code, by=who, now=now)
    hole.letters.clear()


def code_in(letter: Letter) -> str:
    """Return the code that a letter holds."""
    found = re.search(r"\d{6}", letter.text)
    assert found
    return found[0]


def wish_staff(town: Town, who: Staff, address: str, **wishes: Any) -> None:
    """Let a staff member wish to be told."""
    node = town.node_of(who.agency)
    wish(node, who, [staff(who.agency, who.id)], address, now=town.now, **wishes)


def wish_patient(town: Town, node: Node, agency: AgencyId, address: str, **wishes: Any) -> None:
    """Let the patient wish to be told by one agency."""
    wish(node, PATIENT, [known_as(node, agency)], address, now=town.now, **wishes)
