"""What the receiving service does with a handover: opens, takes, asks, meets, takes over, declines, answers.

Reading is not taking over: the sender is responsible until `take_over`, with a named person, a date and a first
appointment with an exact time. Every act that the sender is to know leaves as a status with the next number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from handover.actors import Author, Staff
from handover.audit.model import Event as Logged
from handover.bundle import cases, scope, store, telling
from handover.bundle.cases import Said, Turn
from handover.bundle.lifecycle import Act, Side, next_status, require
from handover.bundle.model import (
    Decline,
    Done,
    Meeting,
    MeetingId,
    NextAppointment,
    Note,
    Opened,
    RequestId,
    TakeOver,
    WithdrawalAnswer,
)
from handover.bundle.standing import Standing, decide, facts, noted
from handover.bundle.standing import take_over as taken_over
from handover.bundle.store import HandoverNotFound, Stored
from handover.errors import Invalid
from handover.exchange import service as exchange
from handover.ids import new_uuid
from handover.moves import Incomplete, require_text
from handover.team import service as team
from handover.workdays import local_date

MAX_AHEAD: Final = timedelta(days=366)
"""A take-over or a meeting is not agreed further ahead than this: it is a slip of the hand."""
_LONGEST_MEETING: Final = 480


class BadDay(Invalid):
    """A day or time that can't be meant: codes `past`, `future` or `too-far` on its field."""

    code = "bundle.bad-day"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """When and where the two sides and the patient meet."""

    start: datetime | None
    minutes: int = 60
    place: str = field(default="", repr=False)
    video: str = field(default="", repr=False)
    who_comes: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Taking:
    """Who takes over, from which day, and the first appointment."""

    person: str
    title: str = ""
    phone: str
    from_date: date | None
    first_appointment: NextAppointment | None


def snooze(session: Session, turn: Turn, until: datetime) -> None:
    """Put a handover away at the actor's service for a while, never past its date (rule 8); that is logged.

    Raises team.SnoozePastDeadline, and WorkNotFound where nothing is left to do.
    """
    stored = cases.fetch(session, turn)
    team.snooze(session, cases.place_of(stored.standing), until=until, now=turn.now)
    cases.log(session, stored, Logged.WORK_SNOOZE, by=turn.by, now=turn.now)


# --- reading -----------------------------------------------------------------------------------------------------


def open_(session: Session, turn: Turn) -> Stored:
    """Record who opened it first, and tell the sender; a supplement is read with it. Else nothing changes."""
    stored, by = _fetch(session, turn)
    standing = stored.standing
    if standing.opened is None:
        opened = Opened(by=by.name, title=by.title, at=turn.now)
        after = decide(standing, Act.OPEN, now=turn.now, opened=opened)
        return _told(session, stored, after, Act.OPEN, turn)
    _allow(standing, Act.OPEN)
    if standing.unread_since is None:
        return stored
    return cases.record(session, stored, replace(standing, unread_since=None), Act.OPEN, by=by, now=turn.now)


def take(session: Session, turn: Turn) -> Stored:
    """Let the actor be the one who follows it up here. That is ours alone: the sender is not told."""
    stored, by = _fetch(session, turn)
    _allow(stored.standing, Act.TAKE)
    after = replace(stored.standing, owner=by.id)
    return cases.record(session, stored, after, Act.TAKE, by=by, now=turn.now)


# --- words -------------------------------------------------------------------------------------------------------


def ask(session: Session, turn: Turn, question: str) -> Stored:
    """Ask the sender something: a note in the handover's thread. The dates stand as they were.

    Raises what the patient's choices here forbid (`consent`).
    """
    return _write(session, turn, Act.ASK, require_text(question, "question"))


def note_to_sender(session: Session, turn: Turn, text: str) -> Stored:
    """Write to the sender in the handover's thread. Raises what the patient's choices here forbid (`consent`)."""
    return _write(session, turn, Act.NOTE_TO_SENDER, require_text(text))


def internal_note(session: Session, turn: Turn, text: str) -> Stored:
    """Stick a yellow note on the case: for our own service, it never leaves."""
    stored, by = _fetch(session, turn)
    _allow(stored.standing, Act.INTERNAL_NOTE)
    team.note(session, cases.place_of(stored.standing), require_text(text), by=by, now=turn.now)
    cases.log_act(session, stored, Act.INTERNAL_NOTE, by=by, now=turn.now)
    return stored


# --- the meeting -------------------------------------------------------------------------------------------------


def plan_meeting(session: Session, turn: Turn, plan: Plan) -> Stored:
    """Plan the handover meeting, or move it: exact time, a place or a video link, and who comes."""
    stored, _ = _fetch(session, turn)
    standing = stored.standing
    given = {
        "start": plan.start,
        "place": plan.place.strip() or plan.video.strip(),
        "who_comes": plan.who_comes.strip(),
    }
    _require(standing, Act.PLAN_MEETING, given)
    start = _ahead(plan.start, "start", turn.now)
    if not 1 <= plan.minutes <= _LONGEST_MEETING:
        raise Invalid("bundle.bad-meeting", fields={"minutes": ["number"]})
    before = standing.meeting if standing.meeting and not standing.meeting.cancelled_because else None
    meeting = Meeting(
        id=MeetingId(new_uuid()) if before is None else before.id,
        start=start,
        minutes=plan.minutes,
        place=plan.place.strip(),
        video=plan.video.strip(),
        who_comes=plan.who_comes.strip(),
        sequence=0 if before is None else before.sequence + 1,
    )
    after = decide(standing, Act.PLAN_MEETING, now=turn.now, meeting=meeting)
    return _told(session, stored, after, Act.PLAN_MEETING, turn)


def cancel_meeting(session: Session, turn: Turn, reason: str) -> Stored:
    """Call the meeting off; everybody reads why, and a new one must be planned."""
    stored, _ = _fetch(session, turn)
    why = require_text(reason, "reason")
    standing, meeting = stored.standing, stored.standing.meeting
    off = replace(meeting, cancelled_because=why, sequence=meeting.sequence + 1) if meeting else None
    after = decide(standing, Act.CANCEL_MEETING, now=turn.now, meeting=off)
    return _told(session, stored, after, Act.CANCEL_MEETING, turn)


def hold_meeting(session: Session, turn: Turn, held_on: date | None) -> Stored:
    """Note that the meeting was held, on a day that has come."""
    stored, _ = _fetch(session, turn)
    standing, meeting = stored.standing, stored.standing.meeting
    _require(standing, Act.HOLD_MEETING, {"held_on": held_on})
    if held_on is not None and held_on > local_date(turn.now):
        raise BadDay(fields={"held_on": ["future"]})
    if held_on is not None and standing.received_at and held_on < local_date(standing.received_at):
        raise BadDay(fields={"held_on": ["past"]})
    held = replace(meeting, held_on=held_on) if meeting else None
    after = decide(standing, Act.HOLD_MEETING, now=turn.now, meeting=held)
    return _told(session, stored, after, Act.HOLD_MEETING, turn)


# --- taking over, or not -----------------------------------------------------------------------------------------


def take_over(session: Session, turn: Turn, taking: Taking) -> Stored:
    """Take over responsibility: a named person with a phone, a first day, and a first appointment.

    The first day is today or later: nobody is responsible for days on which they did not know it.
    """
    stored, by = _fetch(session, turn)
    standing, first = stored.standing, taking.first_appointment
    given = {
        "person": taking.person.strip(),
        "phone": taking.phone.strip(),
        "from_date": taking.from_date,
        "first_appointment": first is not None and first.place.strip() and first.with_whom.strip(),
    }
    _require(standing, Act.TAKE_OVER, given)
    if first is None or taking.from_date is None:
        raise HandoverNotFound  # not reached: required above
    _ahead(first.start, "first_appointment", turn.now)
    taken = TakeOver(
        person=taking.person.strip(),
        title=taking.title.strip(),
        phone=taking.phone.strip(),
        from_date=_from_day(taking.from_date, turn.now),
        first_appointment=first,
        signed_at=turn.now,
    )
    after = taken_over(replace(standing, owner=standing.owner or by.id), taken, now=turn.now)
    return _told(session, stored, after, Act.TAKE_OVER, turn)


def decline(session: Session, turn: Turn, declined: Decline) -> Stored:
    """Answer that we do not take over, and why; the sender stays responsible."""
    stored, _ = _fetch(session, turn)
    standing = stored.standing
    said = Decline(
        reason=declined.reason.strip(),
        advice=declined.advice.strip(),
        person=declined.person.strip(),
        phone=declined.phone.strip(),
    )
    _require(standing, Act.DECLINE, {"reason": said.reason, "person": said.person, "phone": said.phone})
    after = decide(standing, Act.DECLINE, now=turn.now, decline=said)
    return _told(session, stored, after, Act.DECLINE, turn)


def answer_withdrawal(session: Session, turn: Turn, done: Done | None, why: str, person: str) -> Stored:
    """Say what was done with what the patient took back. `DELETED` deletes it here, in this transaction.

    Then documents, files, every word of the history, the yellow notes and the signed messages that came or were
    sent are gone, also those that come or end later; what stays is that they came and were answered for: acts,
    times, hashes, the signed acknowledgements, and a take-over. Kept or used takes a reason.
    """
    stored, _ = _fetch(session, turn)
    standing = stored.standing
    is_why_needed = done is not None and done is not Done.DELETED
    _require(standing, Act.ANSWER_WITHDRAWAL, {"done": done, "person": person.strip()})
    if done is Done.NOT_RECEIVED:
        raise Incomplete(fields={"done": ["required"]})
    if done is None or (is_why_needed and not why.strip()):
        raise Invalid("bundle.incomplete", fields={"why": ["required"]})
    answer = WithdrawalAnswer(done=done, why=why.strip(), person=person.strip(), at=turn.now)
    after = decide(standing, Act.ANSWER_WITHDRAWAL, now=turn.now, withdrawal=answer)
    if done is Done.DELETED:
        after = _without_contents(session, after, turn.now)
    return _told(session, stored, after, Act.ANSWER_WITHDRAWAL, turn)


# --- what all of them do -----------------------------------------------------------------------------------------


def _fetch(session: Session, turn: Turn) -> tuple[Stored, Staff]:
    """Return the receiver's copy, locked, and who acts. Raises HandoverNotFound, Stale."""
    if not isinstance(turn.by, Staff) or turn.side is not Side.RECEIVER:
        raise HandoverNotFound
    return cases.fetch(session, turn), turn.by


def _allow(standing: Standing, act: Act) -> None:
    """Raise what the table refuses."""
    next_status(standing.status, act, Side.RECEIVER, facts(standing))


def _require(standing: Standing, act: Act, given: Mapping[str, object]) -> None:
    """Raise what the table refuses, then Incomplete naming every field without a value."""
    _allow(standing, act)
    require(standing.status, act, [name for name, value in given.items() if value])


def _ahead(at: datetime | None, field_name: str, now: datetime) -> datetime:
    if at is None or at <= now:
        raise BadDay(fields={field_name: ["past"]})
    if at > now + MAX_AHEAD:
        raise BadDay(fields={field_name: ["too-far"]})
    return at


def _from_day(day: date, now: datetime) -> date:
    today = local_date(now)
    if day < today:
        raise BadDay(fields={"from_date": ["past"]})
    if day > today + MAX_AHEAD:
        raise BadDay(fields={"from_date": ["too-far"]})
    return day


def _without_contents(session: Session, standing: Standing, now: datetime) -> Standing:
    store.drop_contents(session, standing)
    store.drop_texts(session, standing)
    team.drop_notes(session, cases.place_of(standing))
    exchange.forget(session, standing.home.agency, standing.sender.agency, standing.received_in)
    on_their_way = exchange.forget_sent(session, standing.home.agency, standing.told_in)
    return replace(
        standing,
        documents=(),
        received_in=(),
        told_in=(),
        to_forget=on_their_way,
        deleted_at=now,
        meeting=None,
        decline=None,
        wishes=replace(standing.wishes, note="", told=()),
    )


def _write(session: Session, turn: Turn, act: Act, text: str) -> Stored:
    stored, by = _fetch(session, turn)
    standing = stored.standing
    _allow(standing, act)
    scope.refuse_words(session, standing, turn.now)
    author = Author.of(by, standing.home.service)
    note = Note(
        id=RequestId(new_uuid()),
        from_sender=False,
        author=author,
        text=text,
        written_at=turn.now,
        is_question=act is Act.ASK,
    )
    after = noted(standing, note)
    after = telling.tell(session, after, author=author, now=turn.now, note=note)
    said = Said(text=text, request=note.id)
    return cases.record(session, stored, after, act, by=by, now=turn.now, said=said)


def _told(session: Session, stored: Stored, after: Standing, act: Act, turn: Turn) -> Stored:
    """Write the copy after a numbered act, say in its history what is new, and tell the sender."""
    before = stored.standing
    line = replace(
        cases.line_of(after, act, by=turn.by, now=turn.now),
        meeting=after.meeting if after.meeting != before.meeting else None,
        take_over=after.take_over if after.take_over != before.take_over else None,
        decline=after.decline,
        withdrawal=after.withdrawal,
    )
    if isinstance(turn.by, Staff):
        after = telling.tell(session, after, author=Author.of(turn.by, after.home.service), now=turn.now)
    return cases.record(session, stored, after, act, by=turn.by, now=turn.now, entry=line)
