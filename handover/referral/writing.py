"""The referrer's use cases until the referral has arrived: draft, send, undo, send again, give up; and paper."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from handover.actors import Author, Role, Staff
from handover.audit.model import Event as Logged
from handover.directory import service as directory
from handover.directory.model import Service
from handover.errors import Conflict, Invalid, NotPermitted
from handover.exchange import files
from handover.exchange import service as exchange
from handover.ids import AgencyId, PersonId, ReferralId, ServiceId, new_reference, new_uuid
from handover.moves import MoveNotAllowed, require_text
from handover.person import numbers
from handover.person import service as person
from handover.person.age import refuse_under_age
from handover.person.alike import settle
from handover.referral import blobs, cases, sharing, store
from handover.referral.cases import NOTHING, Said, Turn
from handover.referral.lifecycle import Act, Guard, Side, Status, Version
from handover.referral.model import (
    Attachment,
    AttachmentId,
    Entry,
    Identity,
    Party,
    ReferralContent,
    Request,
)
from handover.referral.standing import Channel, Standing, decide, move_unsent
from handover.referral.store import ROLES, Stored
from handover.workdays import local_date

UNDO: Final = timedelta(seconds=30)
"""How long a referral that was sent can be taken back (`Settings.undo_seconds`)."""


class StaleDraft(Conflict):
    """Somebody saved the draft in the meantime; the page keeps the writer's text."""

    code = "referral.stale-draft"


class OriginalArrived(Conflict):
    """The referral that this one should replace has arrived after all."""

    code = "referral.original-arrived"


class TakesNoReferrals(Invalid):
    """The service is closed or takes no referrals."""

    code = "referral.service-takes-none"


@dataclass(frozen=True, kw_only=True)
class PaperReferral:
    """A referral that went by post. At the referrer: when it was sent; at the receiver: when it came."""

    side: Side
    content: ReferralContent = field(repr=False)
    counterpart: str = field(repr=False)
    """Who it was sent to, or who wrote it."""
    counterpart_phone: str = ""
    to: ServiceId | None = None
    """Where it was sent, if the directory has the service."""
    sent_at: datetime | None = None
    received_at: datetime | None = None
    by_professional: bool = True
    """False where the patient wrote it."""


# --- drafts ----------------------------------------------------------------------------------------------------


def create_draft(
    session: Session,
    *,
    by: Staff,
    service: ServiceId,
    now: datetime,
    content: ReferralContent | None = None,
    to: ServiceId | None = None,
) -> Stored:
    """Begin a referral from one of the actor's services. Raises NotPermitted, NotFound (unknown receiver)."""
    refuse_unless_works(by, Side.REFERRER, service)
    home = Party(by.agency, service)
    standing = Standing(
        side=Side.REFERRER,
        home=home,
        referral=ReferralId(new_uuid()),
        reference=new_reference(),
        referrer=home,
        holders=() if to is None else (_party(directory.service_of(session, to)),),
        author=Author.of(by, service),
        owner=by.id,
        written_at=now,
        changed_at=now,
    )
    stored = store.add(session, standing, content or ReferralContent(), now=now)
    cases.log(session, stored, Logged.REFERRAL_CREATE_DRAFT, by=by, now=now)
    cases.plan(session, standing, by=by, now=now)
    return stored


def save_draft(
    session: Session, turn: Turn, content: ReferralContent, *, to: ServiceId | None, revision: int
) -> Stored:
    """Save a draft as it is, however unfinished. Raises StaleDraft when `revision` is not the latest."""
    stored = _draft(session, turn)
    if revision != stored.revision:
        raise StaleDraft(revision=stored.revision)
    standing = stored.standing
    holders = () if to is None else (_party(directory.service_of(session, to)),)
    after = replace(standing, holders=holders, changed_at=turn.now)
    kept = replace(content, attachments=store.attachments(session, standing))
    saved = store.save(session, stored, after, now=turn.now, content=kept, new_revision=True)
    cases.log(session, saved, Logged.REFERRAL_SAVE_DRAFT, by=turn.by, now=turn.now)
    cases.plan(session, after, by=turn.by, now=turn.now)
    return saved


def discard_draft(session: Session, turn: Turn) -> None:
    """Remove a draft that was never sent."""
    stored = _draft(session, turn)
    store.remove_draft(session, stored)
    cases.log(session, stored, Logged.REFERRAL_DISCARD_DRAFT, by=turn.by, now=turn.now)
    cases.close_work(session, stored.standing, by=turn.by, now=turn.now)


def add_attachment(session: Session, turn: Turn, title: str, data: bytes) -> Attachment:
    """Add a file to a draft. Raises BadFile for other types than PDF, JPEG, PNG, and over 25 MB in all."""
    stored = _draft(session, turn)
    held = store.attachments(session, stored.standing)
    made = checked_attachment(title, data, held=sum(each.length for each in held))
    store.add_attachment(session, stored.standing, made, data, now=turn.now)
    content = replace(stored.content, attachments=(*held, made))
    saved = store.save(session, stored, stored.standing, now=turn.now, content=content)
    cases.log(session, saved, Logged.ATTACHMENT_ADD, by=turn.by, now=turn.now)
    return made


def remove_attachment(session: Session, turn: Turn, attachment: AttachmentId) -> None:
    """Remove a file from a draft; nothing happens when it is not there."""
    stored = _draft(session, turn)
    store.remove_attachment(session, stored.standing, attachment)
    content = replace(stored.content, attachments=store.attachments(session, stored.standing))
    saved = store.save(session, stored, stored.standing, now=turn.now, content=content)
    cases.log(session, saved, Logged.ATTACHMENT_REMOVE, by=turn.by, now=turn.now)


def checked_attachment(title: str, data: bytes, *, held: int = 0) -> Attachment:
    """Return what a file is, by its content. `held`: bytes of the other attachments. Raises BadFile."""
    file = files.checked(title, data, held=held, otherwise="vedlegg")
    return Attachment(
        id=AttachmentId(new_uuid()),
        title=file.name,
        content_type=file.content_type,
        length=file.length,
        sha256=file.sha256,
    )


# --- sending ---------------------------------------------------------------------------------------------------


def problems_before_sending(content: ReferralContent) -> dict[str, list[str]]:
    """Return, by field, what still keeps a referral from being sent; empty when nothing does."""
    found: dict[str, list[str]] = {}
    if content.patient is None:
        found["patient"] = ["required"]
    if not content.problem.strip():
        found["problem"] = ["required"]
    if content.consent is None:
        found["consent"] = ["required"]
    return found | _identity_problems(content.patient)


def warnings_before_sending(content: ReferralContent) -> tuple[str, ...]:
    """Return what looks odd and is sent all the same: codes such as `number.check-digits`."""
    if content.patient is None or not content.patient.number:
        return ("number.missing",)
    return numbers.check(content.patient.number, content.patient.birth_date).warnings


def send(session: Session, turn: Turn, *, undo: timedelta = UNDO) -> Stored:
    """Send a draft: it leaves when the time to undo is over. Raises Invalid with every problem, TooYoung, and

    what `consent` raises where the patient's choices forbid it (rule 15).
    """
    stored = cases.fetch(session, turn)
    standing, content = stored.standing, stored.content
    after = move_unsent(standing, Act.SEND, now=turn.now, sent_at=turn.now, undelivered=False)
    problems = problems_before_sending(content)
    if not standing.holders:
        problems["to"] = ["required"]
    if not turn.by.phone.strip():
        problems["referrer_phone"] = ["required"]
    cases.refuse_fields(problems)
    said = Said(other=_replace(session, turn, standing))
    return _leave(session, stored, after, Act.SEND, turn, undo=undo, said=said)


def undo_send(session: Session, turn: Turn) -> Stored:
    """Take back what has not left yet. Raises exchange.AlreadyLeft when it has."""
    stored = cases.fetch(session, turn)
    standing = stored.standing
    after = move_unsent(standing, Act.UNDO_SEND, Guard.NOT_LEFT, now=turn.now, sent_at=None, message=None)
    if standing.message is not None:
        exchange.cancel(session, standing.home.agency, standing.message, now=turn.now)
    return cases.record(session, stored, after, Act.UNDO_SEND, by=turn.by, now=turn.now)


def send_again(
    session: Session, turn: Turn, content: ReferralContent | None = None, *, undo: timedelta = UNDO
) -> Stored:
    """Send what was refused or expired again, mended where `content` is given: same referral, new message."""
    stored = cases.fetch(session, turn)
    after = move_unsent(stored.standing, Act.SEND_AGAIN, now=turn.now, sent_at=turn.now, undelivered=False)
    if content is not None:
        kept = replace(content, attachments=stored.content.attachments)
        cases.refuse_fields(problems_before_sending(kept))
        stored = replace(stored, content=kept)
    return _leave(session, stored, after, Act.SEND_AGAIN, turn, undo=undo)


def give_up(session: Session, turn: Turn, reason: str) -> Stored:
    """Close a referral that never arrived."""
    stored = cases.fetch(session, turn)
    after = move_unsent(stored.standing, Act.GIVE_UP, now=turn.now)
    text = require_text(reason, "reason")
    return cases.record(session, stored, after, Act.GIVE_UP, by=turn.by, now=turn.now, said=Said(text=text))


# --- paper -----------------------------------------------------------------------------------------------------


def register_paper(
    session: Session, paper: PaperReferral, *, by: Staff, service: ServiceId, now: datetime
) -> Stored:
    """Register a referral that went by post, to follow it with the same clock. Raises Invalid, TooYoung."""
    refuse_unless_works(by, paper.side, service)
    cases.refuse_fields(_paper_problems(paper, now))
    identity = _adult(paper.content.patient, now)
    standing = _paper_standing(session, paper, by=by, service=service, now=now)
    standing = replace(standing, person=person.find_or_create(session, by.agency, identity, now=now))
    entry = Entry(
        at=now,
        act=standing.last_act or Act.SEND,
        status=standing.status,
        version=standing.version,
        side=paper.side,
        author=Author.of(by, service),
    )
    saved = store.add(session, standing, paper.content, now=now, entries=[entry])
    cases.log(session, saved, Logged.REFERRAL_REGISTER_PAPER, by=by, now=now)
    cases.plan(session, standing, by=by, now=now)
    return saved


def record_arrival(session: Session, turn: Turn, received_at: datetime) -> Stored:
    """Note when a paper referral arrived, as the receiver said: the clock runs from there."""
    stored = cases.fetch(session, turn)
    if received_at > turn.now:
        raise Invalid("referral.incomplete", fields={"received_at": ["in-future"]})
    after = decide(
        stored.standing,
        Act.RECORD_ARRIVAL,
        turn.side,
        now=turn.now,
        received_at=received_at,
        seniority_on=received_at,
    )
    return cases.record(session, stored, after, Act.RECORD_ARRIVAL, by=turn.by, now=turn.now)


def refuse_unless_works(by: Staff, side: Side, service: ServiceId) -> None:
    """Raise NotPermitted unless the staff member has a role on that side at the service."""
    if not any(by.has(role, service) for role in ROLES[side]):
        raise NotPermitted("referral.no-role", side=side.value, roles=[Role(role).value for role in ROLES[side]])


def know_patient(session: Session, turn: Turn, *, same: PersonId | None = None) -> PersonId:
    """Say who the patient of a draft is at the agency, so that what they choose now is met when it is sent.

    `same`: who of those with that name and birth date (`alike.ANOTHER`: none). Raises KnownAlready where that must
    be said and is not, Invalid where the draft names nobody yet.
    """
    stored = _draft(session, turn)
    identity = stored.content.patient
    if identity is None:
        raise Invalid("referral.incomplete", fields={"patient": ["required"]})
    patient = _settled(session, stored.standing, identity, same=same, now=turn.now)
    saved = store.save(session, stored, replace(stored.standing, person=patient), now=turn.now)
    cases.log(session, saved, Logged.REFERRAL_SAVE_DRAFT, by=turn.by, now=turn.now)
    return patient


def _settled(
    session: Session, standing: Standing, identity: Identity, *, same: PersonId | None, now: datetime
) -> PersonId:
    """Return who the patient is: by number, else who it was said to be in this case; a new name is asked anew."""
    if sharing.is_said(session, standing, identity) and standing.person is not None:
        return standing.person
    return settle(session, standing.home.agency, identity, same=same, now=now)


def _draft(session: Session, turn: Turn) -> Stored:
    stored = cases.fetch(session, turn)
    if stored.standing.status is not Status.DRAFT:
        raise MoveNotAllowed(status=stored.standing.status.value, act="save-draft")
    return stored


def _replace(session: Session, turn: Turn, standing: Standing) -> str:
    """Close the one whose place this takes, and return its reference. Raises OriginalArrived."""
    if standing.replaces is None:
        return ""
    old = cases.fetch(session, replace(turn, referral=standing.replaces, seen=None))
    if old.standing.status is not Status.ENTERED_IN_ERROR:  # sent once, undone, and sent once more
        if not old.standing.undelivered:
            raise OriginalArrived(reference=old.standing.reference)
        after = move_unsent(old.standing, Act.GIVE_UP, now=turn.now)
        said = Said(other=standing.reference)
        cases.record(session, old, after, Act.GIVE_UP, by=turn.by, now=turn.now, said=said)
    return old.standing.reference


def _leave(
    session: Session,
    stored: Stored,
    after: Standing,
    act: Act,
    turn: Turn,
    *,
    undo: timedelta,
    said: Said = NOTHING,
) -> Stored:
    identity = _adult(stored.content.patient, turn.now)
    to = _takes_referrals(directory.service_of(session, _first_holder(after).service), turn.now)
    patient = _settled(session, after, identity, same=None, now=turn.now)
    topics = sharing.topics_of(stored.content)
    for known in {patient, after.person or patient}:  # a number may have been added since a choice was made
        sharing.refuse_unless_may_travel(session, after.home, known, to, topics, now=turn.now)
    after = replace(
        after,
        person=patient,
        owner=turn.by.id,
        author=Author.of(turn.by, after.home.service),
        holders=(_party(to),),
    )
    request = Request(
        referral=after.referral,
        reference=after.reference,
        referrer=after.referrer,
        sender=after.home,
        receiver=_party(to),
        author=after.author,
        content=stored.content,
        written_at=turn.now,
    )
    sealed = blobs.seal(session, after, stored.content.attachments, now=turn.now)
    message = cases.post(session, after, request, now=turn.now, not_before=turn.now + undo, blobs=sealed)
    after = replace(after, message=message)
    return cases.record(session, stored, after, act, by=turn.by, now=turn.now, content=stored.content, said=said)


def _first_holder(standing: Standing) -> Party:
    first = standing.holders[0] if standing.holders else None
    if first is None:
        raise Invalid("referral.incomplete", fields={"to": ["required"]})
    return first


def _takes_referrals(service: Service, now: datetime) -> Service:
    if not service.takes_referrals:
        raise TakesNoReferrals(fields={"to": ["takes-no-referrals"]})
    if not service.is_open_on(local_date(now)):
        raise TakesNoReferrals(fields={"to": ["closed"]})
    return service


def _party(service: Service) -> Party:
    return Party(service.agency, service.id)


def _identity_problems(identity: Identity | None) -> dict[str, list[str]]:
    if identity is None:
        return {}
    names = {"given": identity.given, "family": identity.family}
    return {name: ["required"] for name, value in names.items() if not value.strip()}


def _adult(identity: Identity | None, now: datetime) -> Identity:
    if identity is None:
        raise Invalid("referral.incomplete", fields={"patient": ["required"]})
    refuse_under_age(identity.birth_date, now)
    return identity


def _paper_problems(paper: PaperReferral, now: datetime) -> dict[str, list[str]]:
    found = {} if paper.content.patient else {"patient": ["required"]}
    found |= _identity_problems(paper.content.patient)
    if not paper.counterpart.strip():
        found["counterpart"] = ["required"]
    needed = "sent_at" if paper.side is Side.REFERRER else "received_at"
    for name in ("sent_at", "received_at"):
        value = getattr(paper, name)
        if value is None and name == needed:
            found[name] = ["required"]
        elif value is not None and value > now:
            found[name] = ["in-future"]
    return found


def _paper_standing(
    session: Session, paper: PaperReferral, *, by: Staff, service: ServiceId, now: datetime
) -> Standing:
    home = Party(by.agency, service)
    elsewhere = Party(AgencyId(""), ServiceId(""))
    other = elsewhere if paper.to is None else _party(directory.service_of(session, paper.to))
    is_ours = paper.side is Side.REFERRER
    arrived_at = paper.received_at
    writer = Author(name=paper.counterpart, phone=paper.counterpart_phone, agency=other.agency)
    return Standing(
        side=paper.side,
        home=home,
        referral=ReferralId(new_uuid()),
        reference=new_reference(),
        channel=Channel.PAPER,
        counterpart=paper.counterpart,
        counterpart_phone=paper.counterpart_phone,
        by_professional=paper.by_professional,
        status=Status.SENT if arrived_at is None else Status.RECEIVED,
        version=Version(1, 0 if arrived_at is None else 1),
        referrer=home if is_ours else other,
        holders=(other if is_ours else home,),
        author=Author.of(by, service) if is_ours else writer,
        owner=by.id if is_ours else None,
        last_act=Act.SEND if arrived_at is None else Act.RECORD_ARRIVAL,
        written_at=now,
        changed_at=now,
        sent_at=paper.sent_at,
        received_at=arrived_at,
        seniority_on=arrived_at,
    )
