"""What every use case of a referral does: fetch what the actor may see, write, log, plan, tell.

Nothing here decides anything: that is `lifecycle` and `standing`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from handover.actors import Actor, Author, Machine, Staff
from handover.audit import service as audit
from handover.audit.model import Detail
from handover.audit.model import Event as Logged
from handover.errors import Conflict, Invalid
from handover.exchange import service as exchange
from handover.exchange.model import Event, Outgoing, SealedBlob
from handover.fhir.problem import FhirInvalid
from handover.ids import AgencyId, MessageId, ReferralId, ServiceId, new_uuid
from handover.referral import fhir, noticing, store
from handover.referral.lifecycle import Act, Side, Version
from handover.referral.model import (
    Attachment,
    AttachmentId,
    Entry,
    Party,
    ReferralContent,
    Request,
    RequestId,
    StatusUpdate,
    Update,
)
from handover.referral.standing import Channel, Standing, audience, word
from handover.referral.steps import next_step
from handover.referral.store import Stored
from handover.team import service as team
from handover.team.model import Place

WORK: Final = {Side.REFERRER: "referral-sent", Side.RECEIVER: "referral-received"}
"""The kind of work item each side has."""
MACHINE: Final = "referral"


class Unwritable(Conflict):
    """We could not write a valid message: a fault of ours, never the other side's (paths are in `details`)."""

    code = "referral.unwritable"


class Stale(Conflict):
    """The page shows an older version of the referral; nothing was changed."""

    code = "referral.stale"


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Who acts on which referral, when, and what they had in front of them."""

    referral: ReferralId
    by: Staff
    now: datetime
    side: Side = Side.RECEIVER
    seen: Version | None = None
    """The version the page showed; None: do not compare."""
    at: ServiceId | None = None
    """At which of the agency's services, where several keep a copy; None: the one furthest on."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What belongs to a line of history beside the act."""

    text: str = field(default="", repr=False)
    question: str = field(default="", repr=False)
    attachments: tuple[Attachment, ...] = ()
    request: RequestId | None = None
    other: str = ""
    """The reference of the referral that replaces this one, or that it replaces."""
    detail: Detail = field(default_factory=dict)


NOTHING: Final = Said()


def fetch(session: Session, turn: Turn) -> Stored:
    """Return the copy the actor works with, locked. Raises ReferralNotFound, Stale."""
    stored = store.find(session, turn.referral, side=turn.side, by=turn.by, at=turn.at, lock=True)
    if turn.seen is not None and turn.seen != stored.standing.version:
        raise Stale(status=stored.standing.status.value)
    return stored


def record(
    session: Session,
    stored: Stored,
    after: Standing,
    act: Act,
    *,
    by: Actor,
    now: datetime,
    said: Said = NOTHING,
    content: ReferralContent | None = None,
) -> Stored:
    """Write the copy after an act, a line of its history, the audit row and the work that follows."""
    author = Author.of(by, after.home.service) if isinstance(by, Staff) else None
    entry = Entry(
        at=now,
        act=act,
        status=after.status,
        version=after.version,
        side=after.side if isinstance(by, Staff) else Side.MACHINE,
        author=author,
        text=said.text,
        question=said.question,
        attachments=said.attachments,
        request=said.request,
        other=said.other,
        outcome=after.outcome if after.outcome != stored.standing.outcome else None,
        appointment=after.appointment if after.appointment != stored.standing.appointment else None,
    )
    saved = store.save(session, stored, after, now=now, entries=[entry], content=content)
    log(session, saved, Logged(f"referral.{act.value}"), by=by, now=now, detail=said.detail)
    plan(session, after, by=by, now=now)
    noticing.tell_patient(session, stored.standing, after, place_of(after), now=now)
    return saved


def log(
    session: Session, stored: Stored, event: Logged, *, by: Actor, now: datetime, detail: Detail | None = None
) -> None:
    """Log one event about one copy."""
    standing = stored.standing
    audit.record(
        session,
        event=event,
        actor=by,
        agency=standing.home.agency,
        persons=() if standing.person is None else (standing.person,),
        subject=standing.referral,
        service=standing.home.service,
        detail=detail,
        now=now,
    )


def plan(session: Session, standing: Standing, *, by: Actor, now: datetime) -> None:
    """Give the copy's service its next step, owner and date, or close its work."""
    step, place = next_step(standing), place_of(standing)
    todo = None if step is None else (step.step.value, step.due_at)
    team.plan(session, place, todo, owner=standing.owner, by=by, now=now)
    if step is not None:
        noticing.tell_staff(session, standing, place, by=by, now=now)


def close_work(session: Session, standing: Standing, *, by: Staff, now: datetime) -> None:
    """Close the copy's work, whatever its status says."""
    team.close_item(session, place_of(standing), by=by.id, now=now)


def place_of(standing: Standing) -> Place:
    """Return where the copy's work item lies."""
    return Place(standing.home.agency, standing.home.service, WORK[standing.side], standing.referral)


def machine(agency: AgencyId) -> Machine:
    """Return the actor for what nobody did."""
    return Machine(agency=agency, name=MACHINE)


def tell(session: Session, standing: Standing, *, author: Author | None, now: datetime, note: str = "") -> None:
    """Send the holder's word to everybody it concerns; on paper there is nobody to tell."""
    if standing.channel is Channel.PAPER:
        return
    for party in audience(standing):
        post(session, standing, word(standing, party, author=author, note=note), now=now)


def post(
    session: Session,
    standing: Standing,
    what: Request | Update | StatusUpdate,
    *,
    now: datetime,
    not_before: datetime | None = None,
    blobs: Mapping[AttachmentId, SealedBlob] | None = None,
) -> MessageId:
    """Promise one message from this copy's service to the receiver it names; returns the message's id."""
    message = MessageId(new_uuid())
    found = blobs or {}
    payload = _payload(what, message, now, found)
    outgoing = Outgoing(
        message=message,
        sender=standing.home.agency,
        receiver=what.receiver.agency,
        event=_EVENTS[type(what)],
        payload=payload,
        subject=subject_of(standing),
        not_before=not_before,
        attachments=tuple(found.values()),
    )
    try:
        exchange.post(session, outgoing, now=now)
    except FhirInvalid as invalid:
        raise Unwritable(problems=[f"{each.path}: {each.code.value}" for each in invalid.problems]) from invalid
    return message


def _payload(
    what: Request | Update | StatusUpdate,
    message: MessageId,
    at: datetime,
    blobs: Mapping[AttachmentId, SealedBlob],
) -> bytes:
    if isinstance(what, Request):
        return fhir.request_message(what, message=message, at=at, blobs=blobs)
    if isinstance(what, Update):
        return fhir.update_message(what, message=message, at=at, blobs=blobs)
    return fhir.status_message(what, message=message, at=at)


_EVENTS: Final = {
    Request: Event.REFERRAL_REQUEST,
    Update: Event.REFERRAL_UPDATE,
    StatusUpdate: Event.REFERRAL_STATUS,
}


def subject_of(standing: Standing) -> str:
    """Return the handle that the exchange hands back in facts and alarms: ids only."""
    return f"referral/{standing.side.value}/{standing.home.service}/{standing.referral}"


def of_subject(session: Session, agency: AgencyId, subject: str | None) -> Stored | None:
    """Return the copy a handle names, locked; None when it names none of ours."""
    parts = (subject or "").split("/")
    if len(parts) != 4 or parts[0] != "referral":
        return None
    home = Party(agency, ServiceId(parts[2]))
    return store.at_home(session, home, Side(parts[1]), ReferralId(UUID(parts[3])))


def refuse_fields(problems: Mapping[str, Sequence[str]], code: str = "referral.incomplete") -> None:
    """Raise Invalid with every problem, when there is one."""
    if problems:
        raise Invalid(code, fields={name: list(codes) for name, codes in problems.items()})
