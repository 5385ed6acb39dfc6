"""What a patient sees of cases that were linked to them: who was told, until when and why, and what was read.

Also of a link that was a mistake: that it was made and taken away, and who may have seen their name; nothing of
the case, nor of whoever it is about.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from handover.actors import Party, Patient
from handover.audit import service as audit
from handover.audit.model import Entry as LogEntry
from handover.audit.model import Event as Logged
from handover.ids import AgencyId, PersonId, ThreadId
from handover.message import bonds, cases, store
from handover.message.linking import Bond, Stretch, Why
from handover.message.model import Opened
from handover.message.patients import openings
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
    read: tuple[tuple[datetime, Opened], ...] = field(default=(), repr=False)
    """When a message was written, and who opened it there; after a mistake only who did while it stood."""


@dataclass(frozen=True, kw_only=True)
class PatientCase:
    """What a patient sees of a case that was linked to them."""

    thread: ThreadId
    reference: str
    """Empty where the case was never about them."""
    began: Party | None
    told: tuple[Told, ...]
    """The earliest first; a service that was told, forgot and was told again stands twice."""
    log: tuple[LogEntry, ...] = field(repr=False)
    """Who at this node's agencies opened the case while it was linked to the patient, newest first."""

    @property
    def is_mistake(self) -> bool:
        """Whether the case was never about them."""
        return all(each.why is Why.MISTAKE for each in self.told)


def my_cases(
    session: Session, agencies: Sequence[AgencyId], by: Patient, *, now: datetime
) -> tuple[PatientCase, ...]:
    """Return the cases that are, or were, linked to a patient, with what was read there; the latest first."""
    known = cases.known_as(session, by, agencies)
    found: dict[tuple[Party, ThreadId], list[Bond]] = {}
    for each in _each_once(bonds.about(session, known)):
        found.setdefault((each.home, each.thread), []).append(each)
    for agency, who in known:
        if any(home.agency == agency for home, _ in found):
            audit.record(session, event=Logged.MESSAGE_LIST, actor=by, agency=agency, persons=(who,), now=now)
    seen = [_for_patient(session, home, thread, held, known, now=now) for (home, thread), held in found.items()]
    return tuple(sorted(seen, key=lambda each: max(told.since for told in each.told), reverse=True))


def _each_once(held: Sequence[Bond]) -> Iterator[Bond]:
    """Yield what who told keeps, and where that is at another node, what who was told does."""
    tellers = {each.thread for each in held if not each.is_told}
    return (each for each in held if not each.is_told or each.thread not in tellers)


def _for_patient(
    session: Session,
    home: Party,
    thread: ThreadId,
    held: Iterable[Bond],
    known: Collection[tuple[AgencyId, PersonId]],
    *,
    now: datetime,
) -> PatientCase:
    stored = store.at_home(session, home, thread, lock=False)
    told = sorted((one for each in held for one in _told(each, stored, known)), key=lambda each: each.since)
    is_theirs = stored is not None and any(each.why is not Why.MISTAKE for each in told)
    return PatientCase(
        thread=thread,
        reference=stored.standing.heading.reference if stored is not None and is_theirs else "",
        began=None if stored is None else stored.standing.began,
        told=tuple(told),
        log=openings(session, known, thread, now=now),
    )


def _told(bond: Bond, stored: Stored | None, known: Collection[tuple[AgencyId, PersonId]]) -> Iterator[Told]:
    """Yield each stretch in which a service knew that the case is about the patient; others' are not theirs."""
    opened, before = _opened(bond, stored), None
    for each in bond.stretches:
        if (bond.home.agency, each.person) not in known:
            continue
        yield Told(
            party=bond.home if bond.is_told else bond.other,
            since=each.since,
            ended_at=each.ended_at,
            why=each.why,
            is_confirmed=each.ended_at is None or each.forgotten_at is not None,
            read=tuple(one for one in opened if _is_of(each, one[1].at, before)),
        )
        before = each.forgotten_at


def _is_of(stretch: Stretch, at: datetime, before: datetime | None) -> bool:
    """Whether something was opened before the service had forgotten, and not in an earlier stretch."""
    if stretch.forgotten_at is not None and at > stretch.forgotten_at:
        return False
    earliest = stretch.since if stretch.why is Why.MISTAKE else before
    return earliest is None or at > earliest


def _opened(bond: Bond, stored: Stored | None) -> list[tuple[datetime, Opened]]:
    """Return what was opened at the service that was told: when it was written, by whom; the earliest first."""
    found: list[tuple[datetime, Opened]] = []
    for message in () if stored is None else stored.copy.messages:
        if bond.is_told and message.opened is not None:
            found.append((message.written_at, message.opened))
        elif not bond.is_told:
            opened = (each.opened for each in message.receipts if each.to == bond.other)
            found.extend((message.written_at, each) for each in opened if each is not None)
    return sorted(found, key=lambda each: each[1].at)
