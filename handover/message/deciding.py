"""What people do with a thread that has come: open, take, pick a time, put away, follow, hide a mistake."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from handover.actors import Author, Role
from handover.audit.model import Event as Logged
from handover.errors import Conflict, NotPermitted
from handover.ids import AgencyId, CommunicationId, StaffId
from handover.message import cases, guarding, scope, speaking, store
from handover.message.answering import taken_by_answering
from handover.message.cases import Said, Turn
from handover.message.model import Doing, SlotId
from handover.message.standing import Copy, is_unopened
from handover.message.store import READERS, Stored
from handover.team import service as team
from handover.team import standing_in
from handover.team.model import TaskKind


class StillUnopened(Conflict):
    """Something nobody has opened is not done."""

    code = "message.unopened"


def open_(session: Session, turn: Turn) -> Stored:
    """Open what has come in a thread; whoever wrote it is told who did. A leader who only reads opens nothing."""
    stored = cases.fetch(session, turn)
    moved = speaking.open_(stored.copy, Author.of(turn.by, stored.standing.home.service), now=turn.now)
    team.mark_read(session, turn.by, cases.WORK, turn.thread, now=turn.now)
    if moved.copy == stored.copy:
        return stored
    cases.post_all(session, moved.copy, moved.leaves, now=turn.now)
    return cases.record(session, stored, moved.copy, Doing.OPEN, by=turn.by, now=turn.now)


def look(session: Session, turn: Turn) -> None:
    """Note that somebody who only reads the threads of their service has looked at one: it opens nothing."""
    team.mark_read(session, turn.by, cases.WORK, turn.thread, now=turn.now)


def take(session: Session, turn: Turn, owner: StaffId | None = None, *, give_back: bool = False) -> Stored:
    """Give the thread an owner: who acts, a colleague, or nobody (`give_back`)."""
    stored = cases.fetch(session, turn)
    new = None if give_back else owner or turn.by.id
    after = speaking.owned(stored.copy, new)
    return cases.record(session, stored, after, Doing.TAKE, by=turn.by, now=turn.now)


def done(session: Session, turn: Turn) -> Stored:
    """Put the thread away for the whole team, until something new comes; whoever was asked is waited for no more.

    Raises StillUnopened.
    """
    stored = _all_opened(session, turn)
    after = Copy(replace(stored.standing, done_at=turn.now), stored.copy.messages)
    return cases.record(session, stored, after, Doing.DONE, by=turn.by, now=turn.now)


def wait_on(session: Session, turn: Turn) -> Stored:
    """Say that what has come needs nothing of the team, and go on waiting for the others that were asked.

    Raises StillUnopened.
    """
    stored = _all_opened(session, turn)
    after = Copy(replace(stored.standing, waits_since=turn.now), stored.copy.messages)
    return cases.record(session, stored, after, Doing.WAIT_ON, by=turn.by, now=turn.now)


def _all_opened(session: Session, turn: Turn) -> Stored:
    stored = cases.fetch(session, turn)
    if any(is_unopened(stored.copy, each) for each in stored.copy.messages):
        raise StillUnopened
    return stored


def snooze(session: Session, turn: Turn, until: datetime) -> None:
    """Put the thread away for a while, never past its date nor the answer that is wished by one.

    Raises team.SnoozePastDeadline, and WorkNotFound where nothing is left to do.
    """
    stored = cases.fetch(session, turn)
    team.snooze(session, cases.place_of(stored.standing), until=until, now=turn.now)
    cases.log(session, stored.standing, Logged.WORK_SNOOZE, by=turn.by, now=turn.now)


def choose_slot(
    session: Session, turn: Turn, message: CommunicationId, slot: SlotId, *, phone: str = ""
) -> Stored:
    """Pick one of the times offered; everyone who had the offer is told, as far as the patient's choices allow.

    Raises NotOffered, AlreadyChosen, and what the choices forbid towards whoever offered it. That answers, too:
    whoever does it becomes responsible for the thread here, where nobody was.
    """
    stored = taken_by_answering(session, cases.fetch(session, turn), turn)
    offered_by = stored.copy.message(message).sender
    scope.refuse_unless_tellable(session, stored.standing, offered_by, now=turn.now)
    guarding.refuse_in(session, stored.standing, {"phone": phone}, by=turn.by, now=turn.now)
    author = Author.of(turn.by, stored.standing.home.service)
    moved = speaking.choose(stored.copy, message, slot, by=author, phone=phone.strip(), now=turn.now)
    leaves = scope.tellable(session, stored.standing, moved.leaves, now=turn.now)
    cases.post_all(session, moved.copy, leaves, now=turn.now)
    said, owner = Said(message=message), stored.standing.owner
    after = speaking.owned(moved.copy, owner) if owner == turn.by.id else moved.copy
    return cases.record(session, stored, after, Doing.CHOOSE, by=turn.by, now=turn.now, said=said)


def confirm_retraction(session: Session, turn: Turn, message: CommunicationId) -> Stored:
    """Confirm, as the leader of the service, that a message sent here by mistake is hidden."""
    stored = cases.fetch(session, turn, roles=READERS)
    home = stored.standing.home
    if not turn.by.has(Role.LEADER, home.service):
        raise NotPermitted("message.leader-only", roles=[Role.LEADER.value])
    moved = speaking.confirm_retraction(stored.copy, message, Author.of(turn.by, home.service), now=turn.now)
    cases.post_all(session, moved.copy, moved.leaves, now=turn.now)
    said, doing = Said(message=message), Doing.CONFIRM_RETRACTION
    return cases.record(session, stored, moved.copy, doing, by=turn.by, now=turn.now, said=said)


def observe(session: Session, turn: Turn, *, stop: bool = False) -> Stored:
    """Follow a thread as the leader of its service, or stop doing so: it shows who follows, and opens nothing."""
    stored = cases.fetch(session, turn, roles=READERS)
    if not turn.by.has(Role.LEADER, stored.standing.home.service):
        raise NotPermitted("message.leader-only", roles=[Role.LEADER.value])
    others = tuple(each for each in stored.standing.observers if each != turn.by.id)
    observers = others if stop else (*others, turn.by.id)
    after = Copy(replace(stored.standing, observers=observers), stored.copy.messages)
    return cases.record(session, stored, after, Doing.OBSERVE, by=turn.by, now=turn.now)


def tell_leaders(session: Session, agency: AgencyId, *, now: datetime, limit: int = 50) -> int:
    """Leave a task at every service where a message has lain unopened for five working days; return how many."""
    found = store.unopened_since(session, agency, now=now, limit=limit)
    for stored in found:
        standing = replace(stored.standing, leader_told_at=now)
        leader = standing_in.leader_of(session, agency, standing.home.service, now=now)
        text, place = "care-message unopened", cases.place_of(standing)
        team.raise_task_at(session, place, TaskKind.UNOPENED, text, for_staff=leader, now=now)
        after = Copy(standing, stored.copy.messages)
        by = cases.machine(agency)
        cases.record(session, stored, after, Doing.TELL_LEADER, by=by, now=now)
    return len(found)
