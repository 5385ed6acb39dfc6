"""Those the patient trusts and wants told: somebody says that they were, and when, or why not.

Who was told is what the patient reads about their own wish; it never leaves the origin.
"""

from dataclasses import replace
from datetime import date

from sqlalchemy.orm import Session

from handover.actors import Staff
from handover.bundle import cases
from handover.bundle.cases import Turn
from handover.bundle.lifecycle import Act, Status, next_status
from handover.bundle.model import TrustedTold
from handover.bundle.standing import Standing
from handover.bundle.steps import untold
from handover.bundle.store import HandoverNotFound, Stored
from handover.errors import Conflict, Invalid
from handover.workdays import local_date


class TrustedNotTold(Conflict):
    """Somebody whom the patient wants told has not been, and nobody has said why: the case stays open."""

    code = "bundle.trusted-not-told"


class BadTelling(Invalid):
    """Who was told, the day, or the reason does not fit; `fields` says which."""

    code = "bundle.bad-telling"


def tell_trusted(session: Session, turn: Turn, name: str, *, on: date | None, why_not: str = "") -> Stored:
    """Say that somebody whom the patient wants told of the handover was told on a day, or (None) why not.

    No deadline moves. Raises BadTelling with every field that is wrong, or what the table refuses.
    """
    stored = cases.fetch(session, turn)
    standing = stored.standing
    if not isinstance(turn.by, Staff):
        raise HandoverNotFound
    next_status(standing.status, Act.TELL_TRUSTED, turn.side)
    why_not = "" if on is not None else why_not.strip()
    problems = {
        "name": ["required"] if name not in untold(standing) else [],
        "on": _day_problems(standing, on, local_date(turn.now)),
        "why_not": ["required"] if on is None and not why_not else [],
    }
    if any(problems.values()):
        raise BadTelling(fields={field: codes for field, codes in problems.items() if codes})
    told = TrustedTold(name=name, by=turn.by.name, at=turn.now, on=on, why_not=why_not)
    after = replace(standing, trusted=(*standing.trusted, told))
    line = replace(cases.line_of(after, Act.TELL_TRUSTED, by=turn.by, now=turn.now), trusted=told)
    return cases.record(session, stored, after, Act.TELL_TRUSTED, by=turn.by, now=turn.now, entry=line)


def _day_problems(standing: Standing, on: date | None, today: date) -> list[str]:
    if on is None or standing.sent_at is None:
        return []
    return ["future"] if on > today else ["past"] if on < local_date(standing.sent_at) else []


def refuse_while_untold(standing: Standing) -> None:
    """Raise TrustedNotTold where a case that was taken over would be put away with somebody left to tell."""
    if standing.status is Status.TAKEN_OVER and untold(standing):
        raise TrustedNotTold
