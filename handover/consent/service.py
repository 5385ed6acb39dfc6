"""A patient's choices about sharing: made, withdrawn, shown, and obeyed before anything is sent.

A choice binds the agency where it was made. Everything runs in the caller's transaction. Before sending, products
ask `may_travel` when the receiver is chosen, when it is sent, and once more in the transaction that takes the
message (DESIGN rule 15).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from handover.actors import Actor, Staff
from handover.audit import service as audit
from handover.audit.model import Event
from handover.consent import requests, store
from handover.consent.model import (
    HANDOVER,
    REFERRAL,
    BadChoice,
    Blocked,
    Choice,
    ChoiceId,
    Kind,
    MayNotTravel,
    NoPermit,
    OutsideScope,
    PermitExpired,
    Receiver,
    Target,
    Terms,
    Topics,
    check_block,
    check_permit,
    refuse_unless_it_may_travel,
    scope_of,
    valid_permits,
)
from handover.consent.vocabulary import vocabulary
from handover.db import provided
from handover.directory.model import Service
from handover.errors import NotFound
from handover.ids import AgencyId, PersonId, ServiceId, new_uuid
from handover.person import service as person_service

__all__ = [
    "HANDOVER",
    "REFERRAL",
    "BadChoice",
    "Blocked",
    "Choice",
    "ChoiceId",
    "ChoiceNotFound",
    "Kind",
    "MayNotTravel",
    "NoPermit",
    "OutsideScope",
    "PermitExpired",
    "Target",
    "Terms",
    "Watch",
    "block",
    "choices_of",
    "has_chosen",
    "may_travel",
    "permit",
    "permits_for",
    "permitted_topics",
    "said_yes_until",
    "unblock",
    "whom_to_call",
    "withdraw_permit",
]


@dataclass(frozen=True)
class Watch:
    """Who is told, in the same transaction, that a patient has said yes or no to something at an agency.

    `app.py` fills it in: what rests on a yes ends with it.
    """

    changed: Callable[[Session, AgencyId, PersonId, datetime], None]


class ChoiceNotFound(NotFound):
    """No such choice of this patient that still stands at this agency."""

    code = "consent.no-choice"


def may_travel(
    session: Session,
    agency: AgencyId,
    person: PersonId | None,
    *,
    receiver: Service,
    topics: Topics,
    purpose: str,
    now: datetime,
) -> None:
    """Raise Blocked, NoPermit, PermitExpired or OutsideScope unless `agency` may send this about the patient.

    `topics` are what would travel, `purpose` what it is for; both count towards non-health services only.
    A patient whom the agency does not know yet (None) has made no choice.
    """
    choices = () if person is None else store.choices(session, agency, person)
    refuse_unless_it_may_travel(choices, _receiver(receiver), topics=topics, purpose=purpose, now=now)


def permitted_topics(
    session: Session,
    agency: AgencyId,
    person: PersonId,
    receiver: Service,
    now: datetime,
    purpose: str = HANDOVER,
) -> Topics | None:
    """Return what may travel to that service now: None for everything, no topics where nothing may."""
    try:
        return scope_of(store.choices(session, agency, person), _receiver(receiver), purpose=purpose, now=now)
    except MayNotTravel:
        return frozenset()


def permits_for(
    session: Session, agency: AgencyId, person: PersonId, receiver: Service, *, purpose: str, now: datetime
) -> tuple[tuple[Terms, datetime], ...]:
    """Return the permits that hold for a purpose towards a service, with when each was given, the oldest first.

    None for a health service, which needs none.
    """
    if receiver.is_health:
        return ()
    return valid_permits(store.choices(session, agency, person), _receiver(receiver), purpose=purpose, now=now)


def said_yes_until(
    session: Session,
    agency: AgencyId,
    person: PersonId,
    receiver: Service,
    *,
    topic: str,
    purpose: str,
    now: datetime,
) -> date | None:
    """Return the last day on which the patient's own yes covers a service, also a health service.

    None within the agency, which needs none. Raises Blocked, NoPermit, PermitExpired or OutsideScope.
    """
    if receiver.agency == agency:
        return None
    choices, wanted = store.choices(session, agency, person), replace(_receiver(receiver), is_health=False)
    refuse_unless_it_may_travel(choices, wanted, topics=frozenset({topic}), purpose=purpose, now=now)
    held = valid_permits(choices, wanted, purpose=purpose, now=now)
    return max(terms.until for terms, _ in held if topic in terms.topics)


def choices_of(session: Session, agency: AgencyId, person: PersonId) -> tuple[Choice, ...]:
    """Return every choice the patient has made at the agency, also those that are over, the oldest first."""
    return store.choices(session, agency, person)


def has_chosen(session: Session, agency: AgencyId, person: PersonId) -> bool:
    """Whether the patient has a choice at the agency that was not withdrawn: a quick look."""
    return store.has_standing(session, agency, person)


def whom_to_call(session: Session, agency: AgencyId, patient: PersonId | None, receiver: Service | None) -> str:
    """Return, a line each, the name and number of the patient and of a receiver nothing may be sent to."""
    lines = []
    if patient is not None:
        identity = person_service.identity_of(session, agency, patient)
        lines.append(f"{identity.name}: {identity.phone or '–'}")
    if receiver is not None:
        lines.append(f"{receiver.name}: {receiver.phone}")
    return "\n".join(lines)


def block(
    session: Session,
    agency: AgencyId,
    person: PersonId,
    target: Target,
    *,
    by: Actor,
    now: datetime,
    at: ServiceId | None = None,
) -> ChoiceId:
    """Forbid the agency to send anything about the patient to a service, an agency or everyone.

    By a staff member it is the patient's word given in a meeting: the choice and the log name the witness, and
    `at` is the service that answers when the patient asks about it.
    """
    made = _made(person, Kind.DENY, check_block(target), None, by=by, now=now)
    return _keep(session, agency, made, by=by, at=at)


def permit(  # noqa: PLR0913 - one keyword for each thing a yes has
    session: Session,
    agency: AgencyId,
    person: PersonId,
    target: Target,
    terms: Terms,
    *,
    by: Actor,
    now: datetime,
    at: ServiceId | None = None,
    instead_of: ChoiceId | None = None,
) -> ChoiceId:
    """Allow the agency to send some topics for a purpose until a day; `instead_of` is withdrawn in the same act.

    By a staff member as `block`. Raises BadChoice, ChoiceNotFound.
    """
    checked = check_permit(target, terms, known=vocabulary(), now=now)
    if instead_of is not None:
        _withdraw(session, agency, person, instead_of, Kind.PERMIT, by=by, now=now, at=at)
    return _keep(session, agency, _made(person, Kind.PERMIT, target, checked, by=by, now=now), by=by, at=at)


def unblock(
    session: Session,
    agency: AgencyId,
    person: PersonId,
    choice: ChoiceId,
    *,
    by: Actor,
    now: datetime,
    at: ServiceId | None = None,
) -> None:
    """Take a block back: what is sent from now on may travel again. Raises ChoiceNotFound."""
    _withdraw(session, agency, person, choice, Kind.DENY, by=by, now=now, at=at)
    _changed(session, agency, person, now=now)


def withdraw_permit(
    session: Session,
    agency: AgencyId,
    person: PersonId,
    choice: ChoiceId,
    *,
    by: Actor,
    now: datetime,
    at: ServiceId | None = None,
) -> None:
    """Take a permit back: nothing is sent on it from now on, also not what waits. Raises ChoiceNotFound."""
    _withdraw(session, agency, person, choice, Kind.PERMIT, by=by, now=now, at=at)
    _changed(session, agency, person, now=now)


def _made(
    person: PersonId, kind: Kind, target: Target, terms: Terms | None, *, by: Actor, now: datetime
) -> Choice:
    return Choice(
        id=ChoiceId(new_uuid()),
        person=person,
        kind=kind,
        target=target,
        terms=terms,
        given_at=now,
        witness=by.name if isinstance(by, Staff) else "",
    )


def _keep(session: Session, agency: AgencyId, made: Choice, *, by: Actor, at: ServiceId | None) -> ChoiceId:
    store.add(session, agency, made)
    _log(session, agency, Event.CONSENT_GIVE, made, by=by, now=made.given_at, at=at)
    _changed(session, agency, made.person, now=made.given_at)
    for asked in requests.waiting(session, agency, made.person):
        reply = asked.is_answered_by(made)
        if reply is not None:
            requests.close(session, agency, asked.id, reply, now=made.given_at)
    return made.id


def _withdraw(
    session: Session,
    agency: AgencyId,
    person: PersonId,
    choice: ChoiceId,
    kind: Kind,
    *,
    by: Actor,
    now: datetime,
    at: ServiceId | None,
) -> None:
    found = next((each for each in store.choices(session, agency, person) if each.id == choice), None)
    if found is None or found.kind is not kind:
        raise ChoiceNotFound
    if not store.withdraw(session, agency, person, choice, now=now):
        raise ChoiceNotFound
    _log(session, agency, Event.CONSENT_WITHDRAW, found, by=by, now=now, at=at)


def _changed(session: Session, agency: AgencyId, person: PersonId, *, now: datetime) -> None:
    provided(session, Watch).changed(session, agency, person, now)


def _log(
    session: Session,
    agency: AgencyId,
    event: Event,
    choice: Choice,
    *,
    by: Actor,
    now: datetime,
    at: ServiceId | None = None,
) -> None:
    audit.record(
        session,
        event=event,
        actor=by,
        agency=agency,
        persons=[choice.person],
        subject=choice.id,
        service=at,
        detail={
            "kind": choice.kind.value,
            "to_agency": choice.target.agency,
            "to_service": choice.target.service,
            "on_patients_word": isinstance(by, Staff),
        },
        now=now,
    )


def _receiver(service: Service) -> Receiver:
    return Receiver(service.agency, service.id, service.is_health)
