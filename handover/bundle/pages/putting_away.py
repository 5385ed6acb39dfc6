"""Putting a handover away until a day, never past its date: what a form says, and what a page shows of it."""

from collections.abc import Mapping
from datetime import time

from sqlalchemy.orm import Session

from handover.bundle import service as handovers
from handover.bundle.cases import place_of
from handover.bundle.service import Case, Turn
from handover.clock import from_local
from handover.team import service as team
from handover.web.forms import Fields, Sent
from handover.web.i18n import Sentence
from handover.web.i18n import lazy_gettext as _l

DONE = _l("Overføringen er lagt bort. Den kommer tilbake den dagen du valgte.")
REFUSED: Sentence = _l("Velg en dag fram i tid, men ikke senere enn fristen. Ingenting er endret.")


def put_away(session: Session, turn: Turn, sent: Sent) -> None:
    """Put a handover away until the day a form names. Raises Invalid for a day that does not do."""
    handovers.case_of(session, turn)  # whose it is not, is told nothing of the day
    fields = Fields(sent)
    day = fields.day("until")
    fields.check()
    handovers.snooze(session, turn, from_local(day, time()))


def shown(session: Session, case: Case, turn: Turn) -> Mapping[str, object]:
    """Return whether a page offers to put it away, and until when it is."""
    item = team.item_at(session, place_of(case.standing))
    is_open = item is not None and item.is_open
    is_away = item is not None and is_open and item.is_hidden(turn.now)
    return {
        "may_put_away": is_open,
        "put_away_until": item.snoozed_until if item is not None and is_away else None,
    }
