"""Who has opened something of the patient's: one line of the log for each person, act and day, in a sentence."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.orm import Session

from handover.audit.model import Entry, EntryId
from handover.directory import names
from handover.web.i18n import Sentence
from handover.web.i18n import gettext as _
from handover.workdays import local_date


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One line of who has opened it."""

    entry: EntryId
    """The last one that day; what is asked about."""
    at: datetime
    """The last time that day."""
    sentence: str = field(repr=False)
    times: int = 1
    is_own: bool = False
    """Whether the patient did it."""


Tell = Callable[[Session, Entry], Reading]


def by_day(session: Session, entries: Iterable[Entry], tell: Tell) -> list[Reading]:
    """Return one line for each person, act and day; `entries` and lines are newest first."""
    found: dict[tuple[object, ...], Reading] = {}
    for entry in entries:
        key = (entry.agency, entry.who, entry.event, local_date(entry.at))
        first = found.get(key)
        found[key] = tell(session, entry) if first is None else replace(first, times=first.times + 1)
    return list(found.values())


def told(session: Session, entry: Entry, *, staff: Sentence, patient: Sentence) -> Reading:
    """Return a line: `staff` says it with `name` and `place`, `patient` of what the patient did."""
    if entry.who.kind == "patient":
        return Reading(entry=entry.id, at=entry.at, sentence=str(patient), is_own=True)
    name = ", ".join(filter(None, (entry.who.name, entry.who.title)))
    place = names.of_agency(session, entry.agency)
    return Reading(entry=entry.id, at=entry.at, sentence=_(staff.bokmaal, name=name, place=place))
