"""Two people of the demo who are told by e-mail; what they would get lies in a folder of text files."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from handover.access import service as access
from handover.actors import Actor
from handover.app import Node
from handover.db import provided
from handover.demo.community import DPS, MUNICIPALITY, STAFF
from handover.demo.people import patients
from handover.ids import AgencyId
from handover.notice import courier, service
from handover.notice.model import Channel, Recipient, Wishes, patient, staff
from handover.notice.senders import Ways
from handover.person import service as person
from handover.referral import service as referral

LOOKS_AWAY: Final = 4
"""Which patient of five has not looked."""


@dataclass(frozen=True)
class Wisher:
    """Somebody who wants to be told, as one agency knows them."""

    to: Recipient
    by: Actor
    address: str


def ida(node: Node) -> Wisher:
    """Return the intake coordinator, who is told of what comes to the service."""
    name = next(each.name for each in STAFF if each.key == "ida")
    with node.db.reading() as session:
        found = next(each for each in access.everyone(session, DPS) if each.name == name)
    return Wisher(staff(DPS, found.id), found, "ida.moe@example.org")


def first_patient(node: Node) -> Wisher | None:
    """Return the patient with a referral at both nodes; None where only a part of the story was told."""
    who = patients()[0]
    with node.db.reading() as session:
        found = person.of_number(session, MUNICIPALITY, who.number)
    if found is None:
        return None
    return Wisher(patient(MUNICIPALITY, found), who.me, "pasient@example.org")


def let_be_told(node: Node, folder: Path, who: Wisher, *, now: datetime) -> None:
    """Choose e-mail at any hour, and write the code that came, as anybody would."""
    wanted = Wishes(channel=Channel.EMAIL, address=who.address, first_hour=0, last_hour=0, wants_team=True)
    with node.db.transaction() as session:
        service.choose(session, [who.to], wanted, by=who.by, now=now)
        ways = provided(session, Ways)
    _send(node, ways, who.to.agency, now)
    newest = max(folder.glob("*.txt"))
    code = re.search(r"\b\d{6}\b", newest.read_text().partition("\n\n")[2])
    if code is None:
        raise LookupError("no code came")
    with node.db.transaction() as session:
        service.confirm(session, [who.to], code[0], by=who.by, now=now)


def let_patients_look(node: Node, *, now: datetime) -> None:
    """Let all patients but every fifth open their cases, so that few services are asked to write or call."""
    for index, each in enumerate(patients()):
        if index % 5 == LOOKS_AWAY:
            continue
        with node.db.transaction() as session:
            for case in referral.my_referrals(session, node.settings.agencies, by=each.me, now=now):
                about = case.standing.referral
                referral.my_referral(session, node.settings.agencies, about, by=each.me, now=now)


def _send(node: Node, ways: Ways, agency: AgencyId, now: datetime) -> None:
    courier.send_due(node.db, ways, agency, lambda: now)
