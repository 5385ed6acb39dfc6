"""Who writes an answer in a thread now; whoever answers what nobody has taken becomes responsible for it."""

from dataclasses import replace

from sqlalchemy.orm import Session

from handover.access import service as access
from handover.ids import StaffId
from handover.message import cases
from handover.message.cases import Turn
from handover.message.model import Doing
from handover.message.standing import Copy, Standing
from handover.message.store import Stored
from handover.team import answering, standing_in


def begin_answer(session: Session, turn: Turn, *, over: StaffId | None = None) -> None:
    """Say that the actor writes an answer, or still does; `over`: whom they take it over from.

    Raises BeingAnswered while a colleague writes.
    """
    stored = cases.fetch(session, turn)
    answering.begin(session, cases.place_of(stored.standing), by=turn.by, now=turn.now, over=over)


def is_untaken(session: Session, standing: Standing) -> bool:
    """Whether nobody here has a thread: none took it, whoever did has left, or it lay untouched and is the team's.

    What somebody has who is away stays theirs, also where the team does it meanwhile.
    """
    if standing.owner is None or access.closed(session, standing.home.agency, [standing.owner]):
        return True
    passed = standing_in.passed(session, standing.home.agency, [standing.thread])
    found = passed.get((standing.home.service, standing.thread))
    return found is not None and found.is_untouched


def taken_by_answering(session: Session, stored: Stored, turn: Turn) -> Stored:
    """Return the copy with whoever answers now responsible for it, where nobody was; else as it is."""
    standing = stored.standing
    if standing.owner == turn.by.id or not is_untaken(session, standing):
        return stored
    after = Copy(replace(standing, owner=turn.by.id), stored.copy.messages)
    return cases.record(session, stored, after, Doing.TAKE, by=turn.by, now=turn.now)
