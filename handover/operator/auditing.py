"""An agency's whole log, for its security officer: look for entries, take them out, see that it is whole."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from handover.actors import Actor, Machine, Staff
from handover.audit import service as audit
from handover.audit.model import Detail, Entry, EntryId, Event, Finding, Sought
from handover.db import Database
from handover.errors import Conflict
from handover.ids import AgencyId, PersonId
from handover.operator import store
from handover.person import service as person

PAGE: Final = 50
MOST: Final = 5_000
"""Entries in one export; narrower dates give the rest."""
NAMED: Final = 3
"""An entry about more people than this (a list somebody saw) says how many, not who."""
CHECK_EVERY: Final = timedelta(days=1)
AT_ONCE: Final = 100_000
"""A longer log is looked through by the worker at night, not while somebody waits."""


class TooLong(Conflict):
    """The log is too long to be looked through while somebody waits."""

    code = "log.too-long"


@dataclass(frozen=True, kw_only=True)
class Found:
    """Entries, and what the people in them are called."""

    entries: tuple[Entry, ...]
    names: Mapping[PersonId, str] = field(repr=False)
    next: EntryId | None
    """The last entry shown, where there are older ones."""

    def named(self, entry: Entry) -> list[str]:
        """Return the names of those an entry is about; none where they are too many."""
        return [self.names[each] for each in entry.persons if each in self.names] if is_named(entry) else []


@dataclass(frozen=True, kw_only=True)
class Checked:
    """How the log was found when it was last looked through."""

    at: datetime
    rows: int
    findings: tuple[Finding, ...]


def read_log(
    session: Session, wanted: Sought, *, by: Staff, now: datetime, before: EntryId | None = None
) -> Found:
    """Return one page of the reader's agency's log, newest first; that it was read is logged."""
    found = _found(session, wanted, by.agency, before=before, limit=PAGE)
    _log(session, Event.LOG_READ, found, wanted, by=by, now=now)
    return found


def take_out(session: Session, wanted: Sought, *, by: Staff, now: datetime) -> Found:
    """Return up to MOST entries to be printed or saved elsewhere; that they were taken out is logged."""
    found = _found(session, wanted, by.agency, before=None, limit=MOST)
    _log(session, Event.EXPORT, found, wanted, by=by, now=now)
    return found


def check_log(db: Database, agency: AgencyId, *, by: Actor, now: datetime) -> Checked:
    """Look through the whole log now, and keep how it was found. Raises TooLong for a person who would wait.

    Nobody who writes waits for it: only the result is a transaction.
    """
    with db.reading() as session:
        if not isinstance(by, Machine) and audit.count_placed(session, agency) > AT_ONCE:
            raise TooLong
        seen = audit.verify(session, agency)
    findings = "\n".join(_spelt(each) for each in seen.findings)
    detail = {"rows": seen.rows, "findings": len(seen.findings)}
    with db.transaction() as session:
        store.keep_check(session, agency, rows=seen.rows, findings=findings, now=now)
        audit.record(session, event=Event.LOG_VERIFY, actor=by, agency=agency, detail=detail, now=now)
    return Checked(at=now, rows=seen.rows, findings=seen.findings)


def last_check(session: Session, agency: AgencyId) -> Checked | None:
    """Return how the log was found last; None where nobody has looked yet."""
    row = store.last_check(session, agency)
    if row is None:
        return None
    return Checked(at=row.checked_at, rows=row.rows, findings=tuple(map(_read, row.findings.split())))


def check_when_due(db: Database, agencies: Iterable[AgencyId], *, now: datetime) -> None:
    """Look through each log that nobody has looked through for a day."""
    for agency in agencies:
        with db.reading() as session:
            last = store.last_check(session, agency)
        if last is None or now - last.checked_at >= CHECK_EVERY:
            check_log(db, agency, by=Machine(agency=agency, name="worker"), now=now)


def is_named(entry: Entry) -> bool:
    """Whether an entry is about so few people that they are named."""
    return 0 < len(entry.persons) <= NAMED


def _found(session: Session, wanted: Sought, agency: AgencyId, *, before: EntryId | None, limit: int) -> Found:
    entries = audit.entries(session, agency, wanted, before=before, limit=limit + 1)
    shown = entries[:limit]
    named = _persons(shown)
    known = person.identities(session, agency, named)
    names = {id_: f"{who.name} ({who.birth_date.year})" for id_, who in known.items()}
    return Found(entries=shown, names=names, next=shown[-1].id if len(entries) > limit else None)


def _persons(entries: Sequence[Entry]) -> tuple[PersonId, ...]:
    return tuple(dict.fromkeys(each for entry in entries if is_named(entry) for each in entry.persons))


def _log(session: Session, event: Event, found: Found, wanted: Sought, *, by: Staff, now: datetime) -> None:
    persons = dict.fromkeys((*(() if wanted.person is None else (wanted.person,)), *_persons(found.entries)))
    detail: Detail = {
        "staff": None if wanted.staff is None else str(wanted.staff),
        "event": wanted.event,
        "since": None if wanted.since is None else wanted.since.isoformat(),
        "until": None if wanted.until is None else wanted.until.isoformat(),
        "entries": len(found.entries),
    }
    audit.record(session, event=event, actor=by, agency=by.agency, persons=tuple(persons), detail=detail, now=now)


def _spelt(finding: Finding) -> str:
    return finding.code if finding.place is None else f"{finding.code}:{finding.place}"


def _read(spelt: str) -> Finding:
    code, _sep, place = spelt.partition(":")
    return Finding(code=code, place=int(place) if place else None)
