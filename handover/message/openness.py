"""Which of an agency's messages patients may read, by subject: the agency decides, and its decision travels along.

A patient always sees that a message exists, between whom, about what and who opened it. Reading the words is the
default (pasient- og brukerrettighetsloven § 5-1), but for messages about a referral or a handover: a refusal comes
first to the one who can help (DESIGN rule 14). What counts is what was decided when the message was sent.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, cast

from sqlalchemy import Table, delete, insert, select
from sqlalchemy.orm import Session

from handover.actors import Role, Staff
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.errors import NotPermitted
from handover.ids import AgencyId
from handover.message.model import Subject
from handover.message.tables import OpennessRow

DECIDE: Final = (Role.LEADER, Role.OPERATOR)
"""Who decides, where they hold the role for the whole agency."""
SUBJECTS: Final = tuple(each for each in Subject if each.is_about_a_patient)
_TABLE: Final = cast(Table, OpennessRow.__table__)
_CLOSED: Final = frozenset({Subject.CASE})
"""Unless the agency says otherwise."""


def lets_read(session: Session, agency: AgencyId, subject: Subject) -> bool:
    """Whether patients may read what the agency writes under a subject from now on."""
    return decided(session, agency).get(subject, False)


def decided(session: Session, agency: AgencyId) -> dict[Subject, bool]:
    """Return for each subject that is about a patient whether patients may read what the agency writes."""
    statement = select(_TABLE.c.subject, _TABLE.c.is_open).where(_TABLE.c.agency == agency)
    said = {row.subject: row.is_open for row in session.execute(statement)}
    return {each: said.get(each.value, each not in _CLOSED) for each in SUBJECTS}


def may_decide(by: Staff) -> bool:
    """Whether somebody leads the whole agency, or runs its node."""
    return None in by.services(*DECIDE)


def decide(session: Session, wanted: Mapping[Subject, bool], *, by: Staff, now: datetime) -> None:
    """Keep what patients may read of what the agency writes from now on. Raises NotPermitted."""
    if not may_decide(by):
        raise NotPermitted("message.leader-only", roles=[role.value for role in DECIDE])
    session.execute(delete(OpennessRow).where(OpennessRow.agency == by.agency))
    for subject in SUBJECTS:
        is_open = wanted.get(subject, False)
        row = {"agency": by.agency, "subject": subject.value, "is_open": is_open}
        session.execute(insert(OpennessRow).values(**row, set_by=by.id, set_at=now))
    detail = {"open": ",".join(each.value for each in SUBJECTS if wanted.get(each, False))}
    audit.record(
        session, event=Logged.MESSAGE_OPENNESS, actor=by, agency=by.agency, persons=(), detail=detail, now=now
    )
