"""Who at a service is told of its work, by e-mail or SMS; and who is asked to reach a patient who has not looked.

What is told is only that there is something new. The worker calls what time causes (`pass_on`).
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from handover.actors import Actor, Staff
from handover.db import Database
from handover.ids import AgencyId, PersonId, StaffId
from handover.notice import service as notice
from handover.team import service as team
from handover.team import store
from handover.team.deputies import away_on, keeper_of
from handover.team.model import Place, TaskKind

EARLIEST: Final = timedelta(hours=1)
"""A node that was away tells of dates that passed this long ago at most; the lists show all of them."""


def tell_observers(session: Session, place: Place, observers: Collection[StaffId], *, now: datetime) -> None:
    """Tell those who follow a case that something came in it; who owns it, too, is told once."""
    for each in observers:
        notice.tell_staff(session, place.agency, place.service, _cause(place, now), owner=each, now=now)


def tell(session: Session, place: Place, *, owner: StaffId | None, by: Actor, now: datetime) -> None:
    """Tell that there is something new: whoever has the work, unless they did it; else the service's, who wish it.

    Where the owner is away, their stand-in has it. What colleagues do with work that nobody has taken is no news
    to the others.
    """
    if owner is not None:
        owner = keeper_of(session, place.agency, place.service, owner, away_on(session, place.agency, now=now))
    if owner is None and isinstance(by, Staff):
        return
    notice.tell_staff(session, place.agency, place.service, _cause(place, now), owner=owner, by=by, now=now)


def _cause(place: Place, now: datetime) -> str:
    return f"work/{place.kind}/{place.service}/{place.subject}/{now.isoformat()}"


def patient_opened(
    session: Session, subjects: Collection[UUID], known: Mapping[AgencyId, PersonId], *, now: datetime
) -> None:
    """Note that a patient has opened cases: whoever was asked to write or call about them need not any more."""
    if not subjects or not known:
        return
    notice.opened(session, subjects, known.values(), now=now)
    for agency in known:
        store.finish_tasks_about(session, agency, subjects, TaskKind.LETTER_OR_CALL.value, now=now)


def pass_on(db: Database, agency: AgencyId, *, now: datetime) -> None:
    """Tell of dates that have passed, and ask services to reach patients who have not looked for some days."""
    with db.reading() as session:
        is_due = notice.is_anything_to_pass_on(session, agency, now=now)
    if not is_due:
        return
    with db.transaction() as session:
        notice.forget(session, agency, now=now)
        _tell_of_passed(session, agency, now=now)
        for each in notice.long_unopened(session, agency, now=now):
            team.raise_task(
                session,
                agency,
                kind=TaskKind.LETTER_OR_CALL,
                text="",
                now=now,
                service=each.watch.service,
                subject=each.watch.subject,
                subject_kind=each.watch.subject_kind,
            )


def _tell_of_passed(session: Session, agency: AgencyId, *, now: datetime) -> None:
    since = notice.passed_since(session, agency, earliest=now - EARLIEST, now=now)
    for row in store.passed(session, agency, since=since, until=now):
        cause = f"passed/{row['kind']}/{row['service']}/{row['subject']}/{row['due_at'].isoformat()}"
        notice.tell_staff(session, agency, row["service"], cause, owner=row["owner"], now=now)
