"""Who is told, by which channel and at which hours; and how often is tried. Pure; all take instants.

A notice says only that there is something new (UX.md 14). Hours are whole hours on the Norwegian wall clock, so
that a night on which the clock moves has an answer too: an hour that is left out begins when the clock has moved.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, NewType
from uuid import UUID

from handover.clock import OSLO, local
from handover.errors import Invalid
from handover.ids import AgencyId, PersonId, ServiceId, StaffId

NoticeId = NewType("NoticeId", UUID)
"""One notice; the e-mail's Message-ID and the gateway's reference, the same at every attempt."""

BACKOFF: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720))
"""After each failed attempt, how long until the next one; then it is given up, a day after the first."""
LEASE: Final = timedelta(minutes=2)
"""So long one attempt may take; after that another worker may make it again."""
CODE_LASTS: Final = timedelta(minutes=30)
CODE_TRIES: Final = 5
CODES_A_DAY: Final = 5
"""So many codes one person may ask for in a day: nobody is to be pestered through us."""
MAX_ADDRESS: Final = 200
DAY: Final = timedelta(days=1)
_EMAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_MOBILE: Final = re.compile(r"\+47[49]\d{7}|\+(?!47)[1-9]\d{7,14}")
_HOURS: Final = 24


class Channel(StrEnum):
    """How somebody is told."""

    NONE = "none"
    EMAIL = "email"
    SMS = "sms"


class Kind(StrEnum):
    """What somebody is at an agency."""

    PATIENT = "patient"
    STAFF = "staff"


class Purpose(StrEnum):
    """Why a notice is sent."""

    NEWS = "news"
    """There is something new."""
    CODE = "code"
    """The code that confirms an address."""


class State(StrEnum):
    """How far a notice came."""

    QUEUED = "queued"
    SENT = "sent"
    GIVEN_UP = "given-up"
    DROPPED = "dropped"
    """Whom it was for wants none any more."""


class BadWishes(Invalid):
    """What was chosen cannot be kept."""

    code = "notice.bad-wishes"


class WrongCode(Invalid):
    """The code is another one, too old, or was tried too often."""

    code = "notice.wrong-code"


@dataclass(frozen=True)
class Recipient:
    """Somebody as one agency knows them."""

    agency: AgencyId
    kind: Kind
    id: UUID


def patient(agency: AgencyId, person: PersonId) -> Recipient:
    """Return a patient as somebody who can be told."""
    return Recipient(agency, Kind.PATIENT, person)


def staff(agency: AgencyId, member: StaffId) -> Recipient:
    """Return a staff member as somebody who can be told."""
    return Recipient(agency, Kind.STAFF, member)


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What somebody has chosen. An address is used only once it is confirmed."""

    channel: Channel = Channel.NONE
    address: str = field(default="", repr=False)
    """The confirmed address of the channel."""
    first_hour: int = 8
    last_hour: int = 20
    """Told from the first hour on, up to the last one; both the same: at any hour. The last may be tomorrow's."""
    daily_at: int | None = None
    """All of a day at once, at this hour; None: each at once."""
    language: str = "nb"
    wants_team: bool = False
    """Staff: also what comes to the service and nobody has taken."""

    @property
    def is_told(self) -> bool:
        """Whether anything is ever sent."""
        return self.channel is not Channel.NONE and bool(self.address)


@dataclass(frozen=True, kw_only=True)
class Watch:
    """News that the patient must get some way: unopened for some days, the service is asked to write or call."""

    service: ServiceId
    subject: UUID
    subject_kind: str
    """What the work item of the case is called."""


def send_at(wishes: Wishes, now: datetime) -> datetime:
    """Return the first instant from now on at which these wishes let a notice leave.

    Retries ask again, so that one that failed in the evening waits for the morning too.
    """
    if wishes.daily_at is not None:
        return _next_hour(wishes.daily_at, now)
    return now if _is_within(wishes, now) else _next_within(wishes, now)


def may_leave(wishes: Wishes, now: datetime) -> bool:
    """Whether one that is due may leave now; a day's collected one also later that day, when it failed first."""
    if wishes.daily_at is not None:
        return local(now).hour >= wishes.daily_at
    return _is_within(wishes, now)


def retry_at(attempts: int, now: datetime) -> datetime | None:
    """Return when to try again after so many failed attempts; None: give up."""
    return now + BACKOFF[attempts - 1] if attempts <= len(BACKOFF) else None


def checked(channel: Channel, address: str) -> str:
    """Return an address as it is kept. Raises BadWishes when it is none."""
    stripped = address.strip()
    if channel is Channel.SMS:
        digits = re.sub(r"[\s()-]", "", stripped)
        number = f"+{digits[2:]}" if digits.startswith("00") else digits
        number = number if number.startswith("+") else f"+47{number}"
        if _MOBILE.fullmatch(number) is None:
            raise BadWishes(fields={"address": ["mobile"]})
        return number
    if len(stripped) > MAX_ADDRESS or _EMAIL.fullmatch(stripped) is None:
        raise BadWishes(fields={"address": ["email"]})
    return stripped


def checked_wishes(wishes: Wishes) -> Wishes:
    """Return wishes that can be kept. Raises BadWishes for an hour that there is not."""
    fields = {
        name: ["choice"]
        for name, hour in (("first_hour", wishes.first_hour), ("last_hour", wishes.last_hour))
        if not 0 <= hour < _HOURS
    }
    if wishes.daily_at is not None and not 0 <= wishes.daily_at < _HOURS:
        fields["daily_at"] = ["choice"]
    if fields:
        raise BadWishes(fields=fields)
    return wishes


def without_address(wishes: Wishes) -> Wishes:
    """Return the same wishes for somebody who is not told."""
    return replace(wishes, channel=Channel.NONE, address="")


def _is_within(wishes: Wishes, at: datetime) -> bool:
    first, last, hour = wishes.first_hour, wishes.last_hour, local(at).hour
    if first == last:
        return True
    return first <= hour < last if first < last else hour >= first or hour < last


def _next_within(wishes: Wishes, now: datetime) -> datetime:
    """Return when the hours begin next; a night may leave out an hour, so that they begin only the day after."""
    found = _next_hour(wishes.first_hour, now)
    while not _is_within(wishes, found):
        found = _next_hour(wishes.first_hour, found + timedelta(hours=1))
    return found


def _next_hour(hour: int, now: datetime) -> datetime:
    today = local(now).date()
    return next(at for at in (_at(today + n * DAY, hour) for n in range(3)) if at >= now)


def _at(day: date, hour: int) -> datetime:
    """Return when that hour begins that day, in UTC: the first of two, or the instant at which it is left out."""
    return datetime.combine(day, time(hour), tzinfo=OSLO).astimezone(UTC)
