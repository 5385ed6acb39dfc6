"""Agencies, services and keys as a community's signed directory and each agency's own statement tell them.

Pure: times are given, refusals are raised. How the documents are written and signed: `documents`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from handover.errors import Conflict, Invalid, NotFound
from handover.ids import AgencyId, KeyId, ServiceId
from handover.keys.errors import EnvelopeRefused, Reason
from handover.keys.material import PublicEncryptionKey, PublicSigningKey

LIFETIME: Final = timedelta(days=7)
"""Longest life of a directory and of a statement (CRYPTO.md, Trust)."""
SKEW: Final = timedelta(minutes=5)
UNCONFIRMED_AFTER: Final = 6
"""Months after which an entry that nobody has confirmed is marked wherever it is shown."""
MAX_OFFERS: Final = 30
"""Offers of one service: a statement is pulled whole by every node."""
PROFILE: Final = "hm1"
"""The one envelope profile this node speaks."""


class DirectoryRefused(Invalid):
    """A directory, statement or enrolment that is not believed; the last good copy stays."""

    code = "directory.refused"


class DirectoryExpired(Conflict):
    """The node's copy is too old to seal to anybody by: pull a new one."""

    code = "directory.expired"


@dataclass(frozen=True, kw_only=True)
class ListedKey:
    """A signing key of an agency, as the anchor lists it."""

    key: PublicSigningKey
    not_before: datetime
    not_after: datetime | None = None
    revoked_at: datetime | None = None

    def refuse_unless_valid(self, at: datetime) -> None:
        """Raise EnvelopeRefused unless the key counts for what is *received* then, whenever it was signed."""
        if self.revoked_at is not None and at >= self.revoked_at:
            raise EnvelopeRefused(Reason.KEY_REVOKED)
        if self.not_after is not None and at >= self.not_after:
            raise EnvelopeRefused(Reason.KEY_RETIRED)
        if at < self.not_before:
            raise EnvelopeRefused(Reason.KEY_NOT_YET_VALID)


@dataclass(frozen=True, kw_only=True)
class Agency:
    """An agency of the community: its name, where its node is, and the keys it signs with."""

    id: AgencyId
    name: str
    endpoint: str
    """Base URL of the node that hosts it, without a slash at the end."""
    keys: tuple[ListedKey, ...] = field(repr=False)
    is_active: bool = True
    """Whether the community lets it take part now."""
    min_profile: str = PROFILE
    """The oldest envelope profile it takes."""

    def signing_key(self, kid: KeyId, *, at: datetime) -> PublicSigningKey:
        """Return the key if it counts at the time of receipt; raises EnvelopeRefused with the reason."""
        listed = next((key for key in self.keys if key.key.kid == kid), None)
        if listed is None:
            raise EnvelopeRefused(Reason.UNKNOWN_SIGNER)
        listed.refuse_unless_valid(at)
        if not self.is_active:
            raise EnvelopeRefused(Reason.AGENCY_SUSPENDED)
        return listed.key


@dataclass(frozen=True, kw_only=True)
class Directory:
    """One version of a community's directory, verified."""

    community: str
    version: int
    iat: datetime
    exp: datetime
    agencies: Mapping[AgencyId, Agency] = field(repr=False)

    def agency(self, wanted: AgencyId) -> Agency:
        """Return the agency; raises NotFound('directory.no-agency')."""
        found = self.agencies.get(wanted)
        if found is None:
            raise NotFound("directory.no-agency", agency=wanted)
        return found

    def signing_key(self, agency: AgencyId, kid: KeyId, *, at: datetime) -> PublicSigningKey:
        """Return the key that verifies what `agency` signed, received at `at`; raises EnvelopeRefused."""
        if at >= self.exp:
            raise EnvelopeRefused(Reason.DIRECTORY_EXPIRED)
        found = self.agencies.get(agency)
        if found is None:
            raise EnvelopeRefused(Reason.UNKNOWN_SIGNER)
        return found.signing_key(kid, at=at)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What kind of service it is: code and table (8663 municipal, 8668 specialist, 8666 common, 8658 state)."""

    system: str
    code: str


@dataclass(frozen=True, kw_only=True)
class Offer:
    """Something people can get at a service, in plain words."""

    id: str
    """Names the offer within its service, for as long as it is there."""
    title: str
    for_whom: str
    how: str
    """How to get it."""
    words: str
    """What people call it, beside the words above: searched, and shown to the owner only."""


@dataclass(frozen=True, kw_only=True)
class Pause:
    """Days on which a service takes nothing in, and what to do instead."""

    first: date
    last: date | None
    """None: until further notice."""
    why: str
    instead: ServiceId | None = None
    """Which service to use meanwhile."""
    advice: str = ""
    """What to do meanwhile, in words."""

    def covers(self, day: date) -> bool:
        """Whether the service is closed that day."""
        return self.first <= day and (self.last is None or day <= self.last)

    def is_over(self, today: date) -> bool:
        """Whether the last day has passed."""
        return self.last is not None and self.last < today


@dataclass(frozen=True, kw_only=True)
class Service:
    """What people address: a unit of an agency, as the agency itself describes it."""

    id: ServiceId
    agency: AgencyId
    name: str
    place: str
    kind: Kind
    takes: str
    """Whom and what it takes, in the agency's words."""
    target_group: str
    phone: str
    opening_hours: str
    usual_answer_days: int | None
    """Working days until an answer, usually: measured, or as the agency says."""
    answers_measured_on: date | None = None
    """When its node measured that, over 90 days; None where it is what the agency says. Of a service that takes
    referrals: their assessment."""
    message_answer_days: int | None = None
    """Working days until a message is answered, as its node measured over 90 days; None where too few were."""
    message_answers_measured_on: date | None = None
    confirmed_on: date
    """When somebody at the agency last said that all this is right."""
    is_health: bool
    """Whether it is a health service: decides between consent rules (DESIGN rule 15)."""
    takes_referrals: bool
    is_open: bool
    takes_handovers: bool = False
    """Whether a handover may be sent here; statements of older nodes do not say, and mean no."""
    pause: Pause | None = None
    offers: tuple[Offer, ...] = ()

    def is_open_on(self, day: date) -> bool:
        """Whether it takes anything in that day: neither closed for good nor paused."""
        return self.is_open and not (self.pause is not None and self.pause.covers(day))

    def is_unconfirmed(self, today: date) -> bool:
        """Whether nobody has confirmed the entry for six months."""
        return today > _months_after(self.confirmed_on, UNCONFIRMED_AFTER)


@dataclass(frozen=True, kw_only=True)
class PublishedKey:
    """An encryption key in a statement."""

    key: PublicEncryptionKey
    published_at: datetime
    not_after: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What an agency says of itself, signed by it and short-lived."""

    agency: AgencyId
    iat: datetime
    exp: datetime
    keys: tuple[PublishedKey, ...] = field(repr=False)
    services: tuple[Service, ...]

    def encryption_key(self, *, at: datetime) -> PublicEncryptionKey:
        """Return the newest key published by then; raises DirectoryExpired, or NotFound where there is none."""
        if at >= self.exp:
            raise DirectoryExpired("directory.statement-expired", agency=self.agency)
        usable = [key for key in self.keys if key.published_at <= at + SKEW and not _over(key.not_after, at)]
        if not usable:
            raise NotFound("directory.no-encryption-key", agency=self.agency)
        return max(usable, key=lambda key: key.published_at).key


@dataclass(frozen=True, kw_only=True)
class Anchors:
    """The keys a node pins for its community: nothing else makes it believe a directory."""

    community: str
    keys: Mapping[KeyId, PublicSigningKey]


def check_times(*, iat: datetime, exp: datetime, now: datetime) -> None:
    """Raise DirectoryRefused for a document from the future, expired, or made to live longer than 7 days."""
    if iat > now + SKEW:
        raise DirectoryRefused("directory.from-the-future")
    if exp <= now:
        raise DirectoryRefused("directory.expired-document")
    if exp - iat > LIFETIME:
        raise DirectoryRefused("directory.lives-too-long")


def check_succession(*, held: int | None, offered: int, same: bool) -> None:
    """Raise DirectoryRefused when a lower version, or another document under the same version, is offered."""
    if held is None or offered > held:
        return
    if offered < held:
        raise DirectoryRefused("directory.older", held=held, offered=offered)
    if not same:
        raise DirectoryRefused("directory.two-of-one-version", held=held)


def _months_after(day: date, months: int) -> date:
    """Return the same day of a later month, or the last one of that month."""
    year, month = divmod(day.month - 1 + months, 12)
    first_of_next = date(day.year + year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return min(
        date(day.year + year, month + 1, 1) + timedelta(days=day.day - 1), first_of_next - timedelta(days=1)
    )


def _over(limit: datetime | None, at: datetime) -> bool:
    return limit is not None and at >= limit
