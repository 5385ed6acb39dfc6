"""Who the patient is, where sender and receiver say otherwise: shown to a person, who decides (never a machine).

The receiver's copy is about the person that the receiver knows by that number. What the sender's document says of
them stays in the document; it changes what is known here only when somebody here says so.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from handover.actors import Staff
from handover.audit.model import Event as Logged
from handover.bundle import cases, document, store
from handover.bundle.cases import Turn
from handover.bundle.lifecycle import Side
from handover.bundle.standing import Standing
from handover.bundle.store import HandoverNotFound, Stored
from handover.person import service as person
from handover.person.model import Identity, differences
from handover.team import service as team
from handover.team.model import TaskKind


def ask_a_person(session: Session, stored: Stored, said: Identity, *, now: datetime) -> None:
    """Leave a task where the sender names the patient otherwise than we do, or the birth date is odd."""
    standing = stored.standing
    raised = {task.kind for task in team.tasks_about(session, stored.agency, standing.handover)}
    doubts = person.doubts(session, stored.agency, standing.person, said)
    if doubts.differs and TaskKind.IDENTITY_DIFFERS not in raised:
        cases.raise_task(session, standing, TaskKind.IDENTITY_DIFFERS, doubts.differs, now=now)
    if doubts.is_birth_date_odd and TaskKind.ODD_BIRTH_DATE not in raised:
        cases.raise_task(session, standing, TaskKind.ODD_BIRTH_DATE, "", now=now)


def said_by_sender(session: Session, standing: Standing) -> Identity | None:
    """Return who the patient is as the latest document says; None where none is kept (any more)."""
    kept = store.document(session, standing, standing.documents[-1]) if standing.documents else None
    return None if kept is None else document.read(kept.frozen.document).patient


def believe_sender(session: Session, turn: Turn) -> None:
    """Let the name and birth date that the sender wrote be what we know; the log says who decided it."""
    if not isinstance(turn.by, Staff) or turn.side is not Side.RECEIVER:
        raise HandoverNotFound
    stored = cases.fetch(session, turn)
    standing = stored.standing
    said = said_by_sender(session, standing)
    if said is None:
        raise HandoverNotFound
    known = person.identity_of(session, stored.agency, standing.person)
    after = replace(known, given=said.given, family=said.family, birth_date=said.birth_date)
    person.change(session, stored.agency, standing.person, after, now=turn.now)
    what = {"fields": ",".join(differences(known, said))}
    cases.log(session, stored, Logged.PERSON_CHANGE, by=turn.by, now=turn.now, detail=what)
    mine = {task.id for task in team.tasks(session, turn.by)}
    for task in team.tasks_about(session, stored.agency, standing.handover):
        if task.kind is TaskKind.IDENTITY_DIFFERS and task.id in mine:
            team.finish_task(session, task.id, by=turn.by, now=turn.now)
