"""Whether a referral may travel: the patient's blocks and permits, obeyed on every way out (DESIGN rule 15).

Asked when the receiver is chosen (the pages), when it is sent, and in the transaction that takes the message. What
carries a referral's own course goes on: a withdrawal, and the holder's status, without which nobody would know who
is responsible. What somebody *writes* to the other side does not pass a block.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from handover.consent import service as consent
from handover.consent.service import MayNotTravel
from handover.directory import service as directory
from handover.directory.model import Service
from handover.errors import NotFound
from handover.exchange.model import Event, OutgoingRef
from handover.ids import PersonId, ReferralId, ServiceId
from handover.person import service as person
from handover.person.alike import alike, is_spelt_as
from handover.person.model import Identity
from handover.referral import store
from handover.referral.lifecycle import Side
from handover.referral.model import Party, Redirection, ReferralContent, Update, UpdateKind
from handover.referral.standing import Standing

Topics = frozenset[str]
TOLD: Final = frozenset({UpdateKind.ANSWER, UpdateKind.SUPPLEMENT, UpdateKind.NOTE})
"""Updates in which somebody tells something new; the others ask for the referral's own course."""
_WORDS: Final[Topics] = frozenset({"other"})


def topics_of(content: ReferralContent) -> Topics:
    """Return which topics of a permit a referral touches (`data/sharing.json`); the problem is always in it."""
    filled = {
        "treatment": content.history,
        "practical": content.functioning,
        "medicines": content.medications,
        "diagnoses": content.diagnoses,
        "crisis": content.risk,
        "people": content.network or content.next_of_kin or content.trusted_person or content.helpers,
        "documents": content.attachments,
    }
    return frozenset({"needs"} | {topic for topic, said in filled.items() if said})


def refuse_unless_may_travel(
    session: Session, home: Party, patient: PersonId | None, to: Service, topics: Topics, *, now: datetime
) -> None:
    """Raise what `consent` raises unless this service may send these topics about the patient there."""
    consent.may_travel(
        session, home.agency, patient, receiver=to, topics=topics, purpose=consent.REFERRAL, now=now
    )


def refuse_words(session: Session, standing: Standing, to: Party | None, *, now: datetime) -> None:
    """Raise what `consent` raises unless somebody may write about the referral to the other side."""
    if to is None or not to.agency:
        return
    service = _service(session, to.service)
    if service is not None:
        refuse_unless_may_travel(session, standing.home, standing.person, service, _WORDS, now=now)


def is_unsettled(session: Session, standing: Standing, content: ReferralContent) -> bool:
    """Whether somebody must say first if the patient is one the agency knows: no number says so."""
    if content.patient is None or is_said(session, standing, content.patient):
        return False
    return bool(alike(session, standing.home.agency, content.patient))


def is_said(session: Session, standing: Standing, identity: Identity) -> bool:
    """Whether the case says already who somebody without a number is, by the name it has now."""
    if identity.number or standing.person is None:
        return False
    return is_spelt_as(person.identity_of(session, standing.home.agency, standing.person), identity)


def obstacle(
    session: Session,
    home: Party,
    content: ReferralContent,
    to: ServiceId | None,
    *,
    now: datetime,
    person_known: PersonId | None = None,
) -> MayNotTravel | None:
    """Return what keeps a draft from that receiver, None where nothing does (or nobody is chosen)."""
    service = None if to is None else _service(session, to)
    if service is None or content.patient is None:
        return None
    number = content.patient.number
    known = person.of_number(session, home.agency, number) if number else person_known
    try:
        refuse_unless_may_travel(session, home, known, service, topics_of(content), now=now)
    except MayNotTravel as refused:
        return refused
    return None


def may_still_go(session: Session, ref: OutgoingRef) -> bool:
    """Whether a referral, or what a referrer wrote about it, may still leave; asked as the message is taken."""
    named = _named(ref)
    if named is None:
        return True
    home, side, referral = named
    patient = store.person_of(session, home, side, referral)
    if patient is None or _is_plain(session, ref, patient):
        return True
    stored = store.at_home(session, home, side, referral)
    if stored is None:
        return True
    standing = stored.standing
    update = next((each for each in standing.pending if _carried_by(standing, each) == ref.message), None)
    to = _addressed(standing, update)
    service = None if to is None else _service(session, to.service)
    if service is None or (ref.event is Event.REFERRAL_UPDATE and (update is None or update.kind not in TOLD)):
        return True
    topics = topics_of(stored.content) if ref.event is Event.REFERRAL_REQUEST else _WORDS
    try:
        refuse_unless_may_travel(session, home, patient, service, topics, now=ref.at)
    except MayNotTravel:
        return False
    return True


def whom_to_call(session: Session, standing: Standing) -> str:
    """Return, a line each, the name and number of the patient and of the other side, for a task."""
    other = _addressed(standing, None)
    service = None if other is None else _service(session, other.service)
    return consent.whom_to_call(session, standing.home.agency, standing.person, service)


def _named(ref: OutgoingRef) -> tuple[Party, Side, ReferralId] | None:
    parts = (ref.subject or "").split("/")
    if len(parts) != 4 or parts[0] != "referral":
        return None
    return Party(ref.sender, ServiceId(parts[2])), Side(parts[1]), ReferralId(UUID(parts[3]))


def _is_plain(session: Session, ref: OutgoingRef, patient: PersonId) -> bool:
    """Whether no choice can matter, found without opening anything: the way of nearly every message."""
    if consent.has_chosen(session, ref.sender, patient):
        return False
    return all(service.is_health for service in directory.services_of(session, ref.receiver))


def _addressed(standing: Standing, update: Update | None) -> Party | None:
    if update is not None:
        return update.receiver
    if standing.side is Side.RECEIVER:
        return standing.outcome.where if isinstance(standing.outcome, Redirection) else None
    return standing.holders[0] if standing.holders else None


def _carried_by(standing: Standing, update: Update) -> UUID | None:
    return next((each.message for each in standing.carried if each.request == update.request), None)


def _service(session: Session, wanted: ServiceId) -> Service | None:
    try:
        return directory.service_of(session, wanted)
    except NotFound:
        return None
