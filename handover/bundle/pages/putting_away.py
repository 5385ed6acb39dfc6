"""Putting a handover away until a day, never past its date: what a form says, and what a page shows of it."""

from collections.abc import Callable, Mapping
from datetime import time

from flask import redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access.guard import note_refusal
from handover.bundle import service as handovers
from handover.bundle.cases import place_of
from handover.bundle.service import Case, Turn
from handover.clock import from_local
from handover.errors import Invalid
from handover.team import service as team
from handover.web.forms import REFUSED, Fields, Sent
from handover.web.i18n import Sentence
from handover.web.i18n import lazy_gettext as _l

Again = Callable[[Session, Case], str]
"""Writes the page of a handover once more."""

DONE = _l("Overføringen er lagt bort. Den kommer tilbake den dagen du valgte.")
NOT_THAT_DAY: Sentence = _l("Velg en dag fram i tid, men ikke senere enn fristen. Ingenting er endret.")


def put_away(turn: Turn, again: Again, *, then: str) -> ResponseReturnValue:
    """Put a handover away until the form's day, and go to `then`; a day that does not do shows its page again."""
    try:
        with web.transaction() as session:
            _put_away(session, turn, request.form)
    except Invalid as refused:
        note_refusal(refused)
        with web.transaction() as session:
            return again(session, handovers.case_of(session, turn)), REFUSED
    return redirect(then)


def _put_away(session: Session, turn: Turn, sent: Sent) -> None:
    handovers.case_of(session, turn)  # whose it is not, is told nothing of the day
    fields = Fields(sent)
    day = fields.day("until")
    fields.check()
    handovers.snooze(session, turn, from_local(day, time()))


def shown(session: Session, case: Case, turn: Turn) -> Mapping[str, object]:
    """Return whether a page offers to put it away, which is refused on its last day, and until when it is."""
    item = team.item_at(session, place_of(case.standing))
    if item is None or not item.is_open:
        return {}
    return {
        "may_put_away": item.may_be_put_away(turn.now),
        "put_away_until": item.snoozed_until if item.is_hidden(turn.now) else None,
    }
