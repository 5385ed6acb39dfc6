"""Who writes an answer just now, so that two do not: a lock that asks, ends by itself and can be taken over."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from handover.actors import Staff
from handover.db import put
from handover.errors import Conflict
from handover.ids import StaffId
from handover.team import store
from handover.team.model import Place
from handover.team.tables import AnsweringRow

LASTS: Final = timedelta(minutes=15)
"""After somebody last opened or kept their answer, others are told no longer that they write."""


class BeingAnswered(Conflict):
    """A colleague writes an answer just now: ask them, or take it over."""

    code = "team.being-answered"


@dataclass(frozen=True, kw_only=True)
class Answering:
    """Who writes, since when, and until when that is believed."""

    staff: StaffId
    since: datetime
    until: datetime


def answering(session: Session, place: Place, *, now: datetime) -> Answering | None:
    """Return who writes an answer in a case now; None for nobody."""
    row = store.answering(session, place)
    if row is None or row["until"] <= now:
        return None
    return Answering(staff=row["staff"], since=row["since"], until=row["until"])


def begin(session: Session, place: Place, *, by: Staff, now: datetime, over: StaffId | None = None) -> None:
    """Say that somebody writes an answer, or still does. Raises BeingAnswered for all but who is taken `over`."""
    held = answering(session, place, now=now)
    if held is not None and held.staff not in {by.id, over}:
        raise BeingAnswered
    since = held.since if held is not None and held.staff == by.id else now
    row = {**vars(place), "staff": by.id, "since": since, "until": now + LASTS}
    put(session, AnsweringRow, row, replacing=("staff", "since", "until"))


def end(session: Session, place: Place, *, by: Staff) -> None:
    """Say that somebody no longer writes; nothing happens where another has taken it over."""
    store.drop_answering(session, place, by.id)
