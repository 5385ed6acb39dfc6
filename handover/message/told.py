"""What a patient sees of cases that were linked to them: who was told, until when, and what was read there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from handover.actors import Party, Patient
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.ids import AgencyId, ThreadId
from handover.message import bonds, cases, linking, store
from handover.message.linking import Bond, Why
from handover.message.model import Member, Opened
from handover.message.store import Stored


@dataclass(frozen=True, kw_only=True)
class Told:
    """What one service knows, or knew, of whom a case is about, and what had been read there."""

    party: Party
    since: datetime
    ended_at: datetime | None
    why: Why | None
    is_confirmed: bool
    """Whether the service has signed that it took that in."""
    read: tuple[tuple[datetime, Opened], ...] = ()
    """When a message was written, and who opened it there."""


@dataclass(frozen=True, kw_only=True)
class PatientCase:
    """What a patient sees of a case that was linked to them."""

    agency: AgencyId
    """Whose copy this is seen in."""
    thread: ThreadId
    reference: str
    members: tuple[Member, ...]
    began: Party | None
    told: tuple[Told, ...]


def my_cases(
    session: Session, agencies: Sequence[AgencyId], by: Patient, *, now: datetime
) -> tuple[PatientCase, ...]:
    """Return the cases that are, or were, linked to a patient, with what was read there; the latest first."""
    known = cases.known_as(session, by, agencies)
    found: dict[tuple[Party, ThreadId], list[Bond]] = {}
    for each in bonds.about(session, known):
        if each.why is not Why.MISTAKE:
            found.setdefault((each.home, each.thread), []).append(each)
    for agency, who in known:
        if any(home.agency == agency for home, _ in found):
            audit.record(session, event=Logged.MESSAGE_LIST, actor=by, agency=agency, persons=(who,), now=now)
    seen = [_for_patient(session, home, thread, held) for (home, thread), held in found.items()]
    return tuple(sorted(seen, key=lambda each: max(told.since for told in each.told), reverse=True))


def _for_patient(session: Session, home: Party, thread: ThreadId, held: Iterable[Bond]) -> PatientCase:
    stored = store.at_home(session, home, thread, lock=False)
    standing = None if stored is None else stored.standing
    return PatientCase(
        agency=home.agency,
        thread=thread,
        reference="" if standing is None else standing.heading.reference,
        members=() if standing is None else standing.members,
        began=None if standing is None else linking.began(standing),
        told=tuple(_told(each, stored, each.since) for each in held if each.since is not None),
    )


def _told(bond: Bond, stored: Stored | None, since: datetime) -> Told:
    party = bond.home if bond.is_told else bond.other
    read: list[tuple[datetime, Opened]] = []
    for message in () if stored is None else stored.copy.messages:
        if bond.is_told and message.opened is not None:
            read.append((message.written_at, message.opened))
        elif not bond.is_told:
            opened = (each.opened for each in message.receipts if each.to == party)
            read.extend((message.written_at, each) for each in opened if each is not None)
    return Told(
        party=party,
        since=since,
        ended_at=None if bond.is_open else bond.ended_at,
        why=None if bond.is_open else bond.why,
        is_confirmed=bond.is_told or bond.confirmed_at is not None,
        read=tuple(sorted(read, key=lambda each: each[1].at)),
    )
