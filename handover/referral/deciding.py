"""The receiver's use cases: each decides something about the referral, numbers it, and tells the other side.

On paper the referrer records here what the receiver decided: a `Turn` with `side=REFERRER`.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from handover.actors import Author, Staff
from handover.audit.model import Event as Logged
from handover.directory import service as directory
from handover.errors import Invalid
from handover.exchange.model import SealedBlob
from handover.ids import ServiceId, new_uuid
from handover.moves import MoveNotAllowed
from handover.referral import blobs, cases, sharing, store
from handover.referral.cases import NOTHING, Said, Turn
from handover.referral.lifecycle import Act, Side, Status, next_status, require
from handover.referral.model import (
    Acceptance,
    Addition,
    Appointment,
    AppointmentState,
    Attachment,
    AttachmentId,
    Completion,
    Entry,
    Opened,
    Party,
    Question,
    QuestionId,
    Redirection,
    Refusal,
    Request,
    UpdateKind,
    Withdrawal,
)
from handover.referral.standing import Channel, Standing, before_refusal, decide, next_leg, redirected_to
from handover.referral.store import ROLES, Stored
from handover.referral.writing import TakesNoReferrals
from handover.team import service as team
from handover.workdays import local_date


def open_(session: Session, turn: Turn) -> Stored:
    """Note that the referral is opened: the first time numbers it and tells the referrer by whom ("Åpnet av")."""
    stored = cases.fetch(session, turn)
    next_status(stored.standing.status, Act.OPEN, turn.side, stored.standing.facts())
    team.mark_read(session, turn.by, cases.WORK[turn.side], turn.referral, now=turn.now)
    if stored.standing.opened is not None or stored.standing.status is Status.REDIRECTED:
        return stored
    opened = Opened(by=turn.by.name, at=turn.now)
    return _write(session, turn, stored, Act.OPEN, NOTHING, {"opened": opened})


def take(session: Session, turn: Turn) -> Stored:
    """Take the referral: the actor is its named assessor."""
    return _own(session, turn, Act.TAKE, turn.by)


def assign(session: Session, turn: Turn, to: Staff) -> Stored:
    """Give the referral to a colleague at the service, who is its named assessor."""
    stored = cases.fetch(session, turn)
    at = stored.standing.home.service
    if to.agency != turn.by.agency or not any(to.has(role, at) for role in ROLES[turn.side]):
        raise Invalid("referral.not-a-colleague", fields={"to": ["not-a-colleague"]})
    return _own(session, turn, Act.ASSIGN, to)


def ask(session: Session, turn: Turn, question: str) -> Stored:
    """Ask the referrer; the clock keeps running."""
    stored = cases.fetch(session, turn)
    text = question.strip()
    made = Question(
        id=QuestionId(new_uuid()),
        text=text,
        asked_at=turn.now,
        asked_by=Author.of(turn.by, stored.standing.home.service),
        version=stored.standing.version.next(),
    )
    questions = (*stored.standing.questions, made)
    return _decide(session, turn, stored, Act.ASK, {"question": text}, Said(text=text), questions=questions)


def accept(session: Session, turn: Turn, acceptance: Acceptance) -> Stored:
    """Grant the right to treatment, with the latest start date that binds the service."""
    stored = cases.fetch(session, turn)
    if acceptance.latest_start < local_date(turn.now):
        raise Invalid("referral.incomplete", fields={"latest_start": ["in-past"]})
    return _decide(
        session,
        turn,
        stored,
        Act.ACCEPT,
        vars(acceptance),
        Said(text=acceptance.reason),
        outcome=acceptance,
        appointment=None,
        next_step=acceptance.next_step,
        questions=(),
        **_assessed(stored, turn),
    )


def reject(session: Session, turn: Turn, refusal: Refusal) -> Stored:
    """Refuse, also late: why, what to do instead, how to complain, who decided."""
    stored = cases.fetch(session, turn)
    appointment = stored.standing.appointment
    if appointment is not None and appointment.state is AppointmentState.BOOKED:
        appointment = replace(appointment, state=AppointmentState.CANCELLED)
    return _decide(
        session,
        turn,
        stored,
        Act.REJECT,
        vars(refusal),
        Said(text=refusal.reason),
        outcome=refusal,
        appointment=appointment,
        earlier=before_refusal(stored.standing),
        next_step=refusal.advice,
        questions=(),
        **_assessed(stored, turn),
    )


def schedule(session: Session, turn: Turn, appointment: Appointment) -> Stored:
    """Set the first appointment."""
    return _appoint(session, turn, Act.SCHEDULE, appointment, "")


def reschedule(session: Session, turn: Turn, appointment: Appointment, reason: str = "") -> Stored:
    """Move the first appointment."""
    return _appoint(session, turn, Act.RESCHEDULE, appointment, reason)


def cancel_appointment(session: Session, turn: Turn, reason: str) -> Stored:
    """Cancel the first appointment: the right stands, a new one is due by the latest start."""
    stored = cases.fetch(session, turn)
    changed = _with_state(stored, AppointmentState.CANCELLED)
    given = {"reason": reason.strip()}
    return _decide(
        session, turn, stored, Act.CANCEL_APPOINTMENT, given, Said(text=reason.strip()), appointment=changed
    )


def no_show(session: Session, turn: Turn, next_step: str) -> Stored:
    """Note that the patient did not come, and say what happens next."""
    stored = cases.fetch(session, turn)
    changed = _with_state(stored, AppointmentState.NO_SHOW)
    step = next_step.strip()
    return _decide(
        session,
        turn,
        stored,
        Act.NO_SHOW,
        {"next_step": step},
        Said(text=step),
        appointment=changed,
        next_step=step,
    )


def start(session: Session, turn: Turn, started_on: date) -> Stored:
    """Say that treatment has started."""
    stored = cases.fetch(session, turn)
    if started_on > local_date(turn.now):
        raise Invalid("referral.incomplete", fields={"started_on": ["in-future"]})
    return _decide(
        session,
        turn,
        stored,
        Act.START,
        {"started_on": started_on},
        NOTHING,
        started_on=started_on,
        appointment=_with_state(stored, AppointmentState.FULFILLED),
        next_step="",
    )


def complete(session: Session, turn: Turn, completion: Completion) -> Stored:
    """End with an outcome, and say who follows up."""
    stored = cases.fetch(session, turn)
    return _decide(
        session,
        turn,
        stored,
        Act.COMPLETE,
        vars(completion),
        Said(text=completion.outcome),
        outcome=completion,
        next_step=completion.follow_up,
        decided_at=turn.now,
        questions=(),
    )


def confirm_withdrawal(session: Session, turn: Turn) -> Stored:
    """Confirm what the referrer asked for: the referral is withdrawn."""
    stored = cases.fetch(session, turn)
    asked = stored.standing.withdrawal or Withdrawal(by=stored.standing.author.name, reason="")
    return _decide(
        session,
        turn,
        stored,
        Act.CONFIRM_WITHDRAWAL,
        {},
        NOTHING,
        outcome=asked,
        decided_at=turn.now,
        questions=(),
    )


def redirect(session: Session, turn: Turn, where: ServiceId, reason: str) -> Stored:
    """Send on to another service: still ours until the new one's signed receipt; the first date is kept."""
    stored = cases.fetch(session, turn)
    standing = stored.standing
    if (
        standing.channel is Channel.PAPER
    ):  # what came by post is sent on by post, and told as a refusal with advice
        raise MoveNotAllowed(status=standing.status.value, act=Act.REDIRECT.value)
    service = directory.service_of(session, where)
    if not service.takes_referrals or where == standing.home.service:
        raise TakesNoReferrals(fields={"where": ["takes-no-referrals"]})
    if not service.is_open_on(local_date(turn.now)):
        raise TakesNoReferrals(fields={"where": ["closed"]})
    topics = sharing.topics_of(stored.content)
    sharing.refuse_unless_may_travel(session, standing.home, standing.person, service, topics, now=turn.now)
    to, leg = Party(service.agency, service.id), next_leg(standing)
    redirection = Redirection(
        where=to,
        where_name=service.name,
        leg=leg,
        reason=reason.strip(),
        assessor=turn.by.name,
        assessor_phone=turn.by.phone,
    )
    after = _checked(stored, turn, Act.REDIRECT, vars(redirection), outcome=redirection)
    after = redirected_to(after, redirection)
    request, sealed = _sent_on(session, stored, turn, redirection)
    after = replace(after, message=cases.post(session, after, request, now=turn.now, blobs=sealed))
    return _store(session, turn, stored, after, Act.REDIRECT, Said(text=redirection.reason))


def note_to_referrer(session: Session, turn: Turn, text: str) -> Stored:
    """Write to the referrer in the referral's own thread."""
    stored = cases.fetch(session, turn)
    note = text.strip()
    sharing.refuse_words(session, stored.standing, stored.standing.referrer, now=turn.now)
    return _decide(session, turn, stored, Act.NOTE_TO_REFERRER, {"text": note}, Said(text=note), note=note)


def internal_note(session: Session, turn: Turn, text: str) -> None:
    """Stick a yellow note on the referral; it never leaves the service."""
    stored = cases.fetch(session, turn)
    note = text.strip()
    next_status(stored.standing.status, Act.INTERNAL_NOTE, turn.side, stored.standing.facts())
    require(stored.standing.status, Act.INTERNAL_NOTE, {"text"} if note else set())
    team.note(session, cases.place_of(stored.standing), note, by=turn.by, now=turn.now)
    cases.log(session, stored, Logged.REFERRAL_INTERNAL_NOTE, by=turn.by, now=turn.now)


def snooze(session: Session, turn: Turn, until: datetime) -> None:
    """Put the case away for a while, never past its date (rule 8). Raises team.SnoozePastDeadline."""
    stored = cases.fetch(session, turn)
    team.snooze(session, cases.place_of(stored.standing), until=until, now=turn.now)
    cases.log(session, stored, Logged.WORK_SNOOZE, by=turn.by, now=turn.now)


def _own(session: Session, turn: Turn, act: Act, to: Staff) -> Stored:
    stored = cases.fetch(session, turn)
    if stored.standing.side is Side.REFERRER:  # on paper: the assessor is at the other side
        name = stored.standing.counterpart
        return _decide(session, turn, stored, act, {"assessor": name}, NOTHING, assessor=name)
    return _decide(
        session,
        turn,
        stored,
        act,
        {"assessor": to.name},
        Said(text="" if to.id == turn.by.id else to.name, detail={"to": str(to.id)}),
        owner=to.id,
        assessor=to.name,
        assessor_phone=to.phone,
    )


def _appoint(session: Session, turn: Turn, act: Act, appointment: Appointment, reason: str) -> Stored:
    stored = cases.fetch(session, turn)
    if appointment.start <= turn.now:
        raise Invalid("referral.incomplete", fields={"start": ["in-past"]})
    booked = replace(appointment, state=AppointmentState.BOOKED)
    said = Said(text=reason.strip())
    return _decide(session, turn, stored, act, {"appointment": booked}, said, appointment=booked, next_step="")


def _with_state(stored: Stored, state: AppointmentState) -> Appointment | None:
    appointment = stored.standing.appointment
    return None if appointment is None else replace(appointment, state=state)


def _assessed(stored: Stored, turn: Turn) -> dict[str, Any]:
    return {"assessed_at": stored.standing.assessed_at or turn.now, "decided_at": turn.now}


def _decide(
    session: Session,
    turn: Turn,
    stored: Stored,
    act: Act,
    given: Mapping[str, object],
    said: Said,
    *,
    note: str = "",
    **changes: Any,
) -> Stored:
    after = _checked(stored, turn, act, given, **changes)
    return _store(session, turn, stored, after, act, said, note=note)


def _write(
    session: Session, turn: Turn, stored: Stored, act: Act, said: Said, changes: Mapping[str, Any]
) -> Stored:
    after = decide(stored.standing, act, turn.side, now=turn.now, **changes)
    return _store(session, turn, stored, after, act, said)


def _checked(stored: Stored, turn: Turn, act: Act, given: Mapping[str, object], **changes: Any) -> Standing:
    standing = stored.standing
    next_status(standing.status, act, turn.side, standing.facts())
    require(standing.status, act, {name for name, value in given.items() if _is_given(value)})
    return decide(standing, act, turn.side, now=turn.now, **changes)


def _is_given(value: object) -> bool:
    return bool(value.strip()) if isinstance(value, str) else value is not None


def _store(
    session: Session, turn: Turn, stored: Stored, after: Standing, act: Act, said: Said, *, note: str = ""
) -> Stored:
    saved = cases.record(session, stored, after, act, by=turn.by, now=turn.now, said=said)
    if after.side is Side.RECEIVER:
        author = Author.of(turn.by, after.home.service)
        cases.tell(session, after, author=author, note=note, now=turn.now)
    return saved


def _sent_on(
    session: Session, stored: Stored, turn: Turn, redirection: Redirection
) -> tuple[Request, Mapping[AttachmentId, SealedBlob]]:
    standing = stored.standing
    additions = tuple(filter(None, map(_addition, store.history(session, standing))))
    files: tuple[Attachment, ...] = stored.content.attachments
    for addition in additions:
        files = (*files, *addition.attachments)
    request = Request(
        referral=standing.referral,
        reference=standing.reference,
        referrer=standing.referrer,
        sender=standing.home,
        receiver=redirection.where,
        author=standing.author,
        content=stored.content,
        written_at=standing.sent_at or standing.written_at,
        leg=redirection.leg,
        seniority_on=standing.seniority_on,
        additions=additions,
        redirect_reason=redirection.reason,
        redirect_author=Author.of(turn.by, standing.home.service),
    )
    return request, blobs.seal(session, standing, files, now=turn.now)


_ADDITIONS: Mapping[Act, UpdateKind] = {
    Act.ANSWER: UpdateKind.ANSWER,
    Act.ANSWER_PART: UpdateKind.ANSWER,
    Act.SUPPLEMENT: UpdateKind.SUPPLEMENT,
    Act.NOTE_TO_RECEIVER: UpdateKind.NOTE,
}


def _addition(entry: Entry) -> Addition | None:
    kind = _ADDITIONS.get(entry.act)
    if kind is None or entry.author is None:
        return None
    return Addition(
        kind=kind,
        text=entry.text,
        written_at=entry.at,
        author=entry.author,
        question=entry.question,
        attachments=entry.attachments,
    )
