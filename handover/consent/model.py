"""The rule of DESIGN rule 15, and the choices of a patient that it reads. Pure: `now` is given, "no" is raised.

Between health services a thing may travel unless the patient blocks it (pasientjournalloven § 17,
helsepersonelloven § 45). Towards a service that is no health service it may travel only on an explicit permit with
a purpose, topics and an end (folketrygdloven § 21-4). A block beats every permit. A choice is never changed, only
withdrawn and made anew, so that what held at any time can be said afterwards.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, NewType
from uuid import UUID

from handover.errors import Conflict, Invalid
from handover.ids import AgencyId, PersonId, ServiceId, StaffId
from handover.workdays import local_date

ChoiceId = NewType("ChoiceId", UUID)
"""One block or permit, at one agency."""
RequestId = NewType("RequestId", UUID)
"""One question to a patient whether something may be sent."""
Topics = frozenset[str]
"""Codes of `data/sharing.json`, "topics": what a permit may cover and what a message holds."""

HANDOVER: Final = "handover"
REFERRAL: Final = "referral"
"""Purposes that the products send for (`data/sharing.json`, "purposes")."""


MAX_WHY: Final = 500
"""Characters in which a service tells the patient why it asks."""


class Kind(StrEnum):
    """What a choice says: FHIR Consent.provision.type."""

    DENY = "deny"
    PERMIT = "permit"


@dataclass(frozen=True, kw_only=True)
class Target:
    """Whom a choice is about: one service, all services of an agency, or everyone (neither is named)."""

    agency: AgencyId | None = None
    service: ServiceId | None = None

    def covers(self, receiver: "Receiver") -> bool:
        """Whether the receiver is among those the choice is about."""
        if self.service is not None:
            return self.service == receiver.service
        return self.agency is None or self.agency == receiver.agency

    @property
    def is_everyone(self) -> bool:
        """Whether no agency and no service is named."""
        return self.agency is None and self.service is None


EVERYONE: Final = Target()


@dataclass(frozen=True)
class Receiver:
    """Who would receive: a service of an agency, and whether it is a health service."""

    agency: AgencyId
    service: ServiceId
    is_health: bool


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a permit is for, what it covers, and the last day it holds (a Norwegian calendar day)."""

    purpose: str
    topics: tuple[str, ...]
    until: date


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One block or permit of a patient at one agency, as it was made, and when it ended."""

    id: ChoiceId
    person: PersonId
    kind: Kind
    target: Target
    terms: Terms | None = None
    """Of a permit; None for a block, which holds until it is withdrawn."""
    given_at: datetime
    witness: str = field(default="", repr=False)
    """The staff member who wrote it down on the patient's word; empty where the patient did it alone."""
    withdrawn_at: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        """Whether the last day of a permit has passed."""
        return self.terms is not None and local_date(now) > self.terms.until

    def holds(self, now: datetime) -> bool:
        """Whether the choice counts now.

        What is stored counts at once, whichever clock wrote it: a host that is a second behind another must not
        send past a no, or on a yes that was taken back.
        """
        return self.withdrawn_at is None and not self.is_over(now)


class Reply(StrEnum):
    """What became of a question to the patient."""

    YES = "yes"
    """They said yes, on their own page or in a meeting, to this or to more."""
    NO = "no"
    """They said no to it, or to everything towards that receiver."""
    TAKEN_BACK = "taken-back"
    """Whoever asked does not ask any more."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a service asks a patient to let it send, to whom, for which case, and why."""

    service: ServiceId
    """Which asks."""
    case: UUID
    case_kind: str
    """What the work item of the case is called, such as `message`."""
    target: Target
    terms: Terms
    why: str = field(default="", repr=False)
    """In the asker's words to the patient."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A question to a patient, as it was asked, and what they said."""

    id: RequestId
    person: PersonId
    wanted: Wanted
    asker: StaffId
    asked_by: str = field(repr=False)
    """Name and title."""
    asked_at: datetime
    reply: Reply | None = None
    replied_at: datetime | None = None

    def is_answered_by(self, choice: "Choice") -> Reply | None:
        """Return what a choice says to the question: a yes that covers it all, a no that covers the receiver."""
        if not _reaches(choice.target, self.wanted.target):
            return None
        if choice.terms is None:
            return Reply.NO
        asked = self.wanted.terms
        is_enough = choice.terms.purpose == asked.purpose and set(asked.topics) <= set(choice.terms.topics)
        return Reply.YES if is_enough else None


class MayNotTravel(Conflict):
    """The patient's choices forbid it; `details` name codes, never a person."""

    code = "consent.may-not-travel"


class Blocked(MayNotTravel):
    """The patient has said no to this receiver."""

    code = "consent.blocked"


class NoPermit(MayNotTravel):
    """The receiver is no health service, and the patient has not said yes to this purpose."""

    code = "consent.no-permit"


class OtherPurpose(NoPermit):
    """The patient has said yes to the receiver, and to other purposes only."""

    code = "consent.other-purpose"


class PermitExpired(MayNotTravel):
    """The patient's yes to this purpose held until a day that has passed."""

    code = "consent.permit-expired"


class OutsideScope(MayNotTravel):
    """The patient's yes does not cover everything that would travel; `details["topics"]` names what it lacks."""

    code = "consent.outside-scope"


class BadChoice(Invalid):
    """A choice that says too little or too much; `fields` names what."""

    code = "consent.bad-choice"


def refuse_unless_it_may_travel(
    choices: Iterable[Choice], receiver: Receiver, *, topics: Topics, purpose: str, now: datetime
) -> None:
    """Raise Blocked, NoPermit, PermitExpired or OutsideScope where the patient's choices forbid the journey."""
    scope = scope_of(choices, receiver, purpose=purpose, now=now)
    if scope is not None and not topics <= scope:
        raise OutsideScope(topics=sorted(topics - scope), purpose=purpose)


def scope_of(choices: Iterable[Choice], receiver: Receiver, *, purpose: str, now: datetime) -> Topics | None:
    """Return the topics that may travel there (None: all); raises Blocked, NoPermit or PermitExpired."""
    held = tuple(choice for choice in choices if choice.target.covers(receiver))
    if any(choice.kind is Kind.DENY and choice.holds(now) for choice in held):
        raise Blocked
    if receiver.is_health:
        return None
    fitting = [choice for choice in held if choice.terms is not None and choice.terms.purpose == purpose]
    valid = [choice for choice in fitting if choice.holds(now)]
    if valid:
        return frozenset(topic for choice in valid if choice.terms for topic in choice.terms.topics)
    if any(choice.is_over(now) and choice.withdrawn_at is None for choice in fitting):
        raise PermitExpired(purpose=purpose)
    if any(choice.terms is not None and choice.holds(now) for choice in held):
        raise OtherPurpose(purpose=purpose)
    raise NoPermit(purpose=purpose)


def valid_permits(
    choices: Iterable[Choice], receiver: Receiver, *, purpose: str, now: datetime
) -> tuple[tuple[Terms, datetime], ...]:
    """Return the terms of every permit for a purpose that covers a receiver now, and when it was given."""
    held = (each for each in choices if each.target.covers(receiver) and each.holds(now))
    return tuple(
        (each.terms, each.given_at) for each in held if each.terms is not None and each.terms.purpose == purpose
    )


def check_request(wanted: Wanted, *, known: "Vocabulary", now: datetime) -> Wanted:
    """Return what is asked for, in the vocabulary's order. Raises BadChoice naming every field that is wrong."""
    found: dict[str, list[str]] = {"why": ["too-long"]} if len(wanted.why) > MAX_WHY else {}
    try:
        terms = check_permit(wanted.target, wanted.terms, known=known, now=now)
    except BadChoice as wrong:
        raise BadChoice(fields={**wrong.fields, **found}) from wrong
    if found:
        raise BadChoice(fields=found)
    return replace(wanted, terms=terms, why=wanted.why.strip())


def check_block(target: Target) -> Target:
    """Return the target of a block; a service is always named with its agency. Raises BadChoice."""
    if target.service is not None and target.agency is None:
        raise BadChoice(fields={"target": ["required"]})
    return target


def check_permit(target: Target, terms: Terms, *, known: "Vocabulary", now: datetime) -> Terms:
    """Return a permit's terms, in the vocabulary's order. Raises BadChoice naming every field that is wrong."""
    found: dict[str, list[str]] = {}
    if target.agency is None:
        found["target"] = ["required"]
    if terms.purpose not in known.purposes:
        found["purpose"] = ["required"]
    if not terms.topics or not set(terms.topics) <= set(known.topics):
        found["topics"] = ["required"]
    today = local_date(now)
    if terms.until < today:
        found["until"] = ["in-past"]
    elif terms.until > today + timedelta(days=known.longest_permit_days):
        found["until"] = ["too-long"]
    if found:
        raise BadChoice(fields=found)
    return Terms(
        purpose=terms.purpose,
        topics=tuple(code for code in known.topics if code in terms.topics),
        until=terms.until,
    )


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """The codes a permit is made of, in the order they are shown, and the most days it may last."""

    purposes: tuple[str, ...]
    topics: tuple[str, ...]
    longest_permit_days: int


def _reaches(choice: Target, asked: Target) -> bool:
    """Whether a choice covers everyone whom a question is about."""
    if choice.is_everyone:
        return True
    return choice.agency == asked.agency and choice.service in {None, asked.service}
