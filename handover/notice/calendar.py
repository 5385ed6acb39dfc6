"""Calendar files for appointments (RFC 5545): a neutral title, times in UTC, a stable UID, a number that grows.

Who opens somebody's calendar learns that there is an appointment, and nothing of whom, where or about what.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

MEDIA_TYPE: Final = "text/calendar"
_PRODUCT: Final = "-//Overgang//Overgang//NO"


@dataclass(frozen=True, kw_only=True)
class Slot:
    """An appointment as a calendar knows it."""

    id: UUID
    """The same for every version of the appointment: becomes the UID."""
    start: datetime
    minutes: int
    sequence: int = 0
    """Grows with every change, so that a calendar replaces what it has."""
    is_cancelled: bool = False


def meeting(slot: Slot, *, title: str, hint: str, now: datetime) -> bytes:
    """Return a calendar with one event; `title` and `hint` are neutral words in the reader's language.

    Such as "Avtale" and "Logg inn for å se hvor og med hvem". `now` is when it was made (DTSTAMP).
    """
    from icalendar import Calendar, Event

    calendar, event = Calendar(), Event()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if slot.is_cancelled else "PUBLISH")
    event.add("uid", f"{slot.id}@overgang.example")
    event.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", slot.start.astimezone(UTC))
    event.add("dtend", (slot.start + timedelta(minutes=slot.minutes)).astimezone(UTC))
    event.add("summary", title)
    event.add("description", hint)
    event.add("sequence", slot.sequence)
    event.add("status", "CANCELLED" if slot.is_cancelled else "CONFIRMED")
    event.add("class", "PRIVATE")
    event.add("transp", "OPAQUE")
    calendar.add_component(event)
    return bytes(calendar.to_ical())
