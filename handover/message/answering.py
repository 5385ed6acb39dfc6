"""Who writes an answer in a thread just now: colleagues are told, and can take it over."""

from sqlalchemy.orm import Session

from handover.ids import StaffId
from handover.message import cases
from handover.message.cases import Turn
from handover.team import answering


def begin_answer(session: Session, turn: Turn, *, over: StaffId | None = None) -> None:
    """Say that the actor writes an answer, or still does; `over`: whom they take it over from.

    Raises BeingAnswered while a colleague writes.
    """
    stored = cases.fetch(session, turn)
    answering.begin(session, cases.place_of(stored.standing), by=turn.by, now=turn.now, over=over)
