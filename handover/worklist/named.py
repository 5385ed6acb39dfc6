"""Whom tasks are about, so that nine alike are told apart: said to those who may open the case, and logged."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from handover.actors import Staff
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.bundle import store as handovers
from handover.bundle.cases import WORK as HANDOVERS
from handover.ids import HandoverId, PersonId, ReferralId, ServiceId, TaskId
from handover.message import service as messages
from handover.message.words.names import SUBJECTS
from handover.person import service as person
from handover.person.model import Identity
from handover.referral import store as referrals
from handover.referral.cases import WORK as REFERRALS
from handover.team.model import Task
from handover.web.i18n import gettext as _


def named(session: Session, by: Staff, tasks: Sequence[Task], *, now: datetime) -> dict[TaskId, str]:
    """Return whom each task is about, or which case without a name; nothing of what the reader may not open.

    One row in the log names everybody shown.
    """
    threads = _threads(session, by, tasks)
    persons = _persons(session, by, tasks)
    known = person.identities(session, by.agency, persons.values())
    told = {id_: _name(known[who]) for id_, who in persons.items() if who in known}
    shown = {who for who in persons.values() if who in known}
    for task in tasks:
        thread = threads.get((task.service, task.subject))
        if thread is not None:
            told[task.id] = _of_thread(thread)
            if thread.standing.person is not None:
                shown.add(thread.standing.person)
    if shown:
        who = tuple(sorted(shown))
        audit.record(session, event=Logged.WORKLIST_LIST, actor=by, agency=by.agency, persons=who, now=now)
    return told


def _threads(
    session: Session, by: Staff, tasks: Iterable[Task]
) -> Mapping[tuple[ServiceId | None, UUID | None], messages.Listed]:
    wanted: dict[ServiceId, set[UUID]] = {}
    for task in tasks:
        if task.subject_kind == messages.WORK and task.service is not None and task.subject is not None:
            wanted.setdefault(task.service, set()).add(task.subject)
    return {
        (service, thread): found
        for service, threads in wanted.items()
        for thread, found in messages.work(session, by, service, sorted(threads)).items()
    }


def _persons(session: Session, by: Staff, tasks: Sequence[Task]) -> Mapping[TaskId, PersonId]:
    """Return whom the referrals and handovers of tasks are about; nothing of a case that is not the reader's."""
    referred = referrals.persons_of(
        session, by, (ReferralId(each) for each in _subjects(tasks, REFERRALS.values()))
    )
    handed = handovers.persons_of(session, by, (HandoverId(each) for each in _subjects(tasks, HANDOVERS.values())))
    whom: dict[tuple[str, UUID, ServiceId | None], PersonId] = {
        **{(REFERRALS[side], case, at): who for (side, case, at), who in referred.items()},
        **{(HANDOVERS[side], case, at): who for (side, case, at), who in handed.items()},
    }
    places = {each.id: (each.subject_kind, each.subject, each.service) for each in tasks if each.subject}
    return {task: whom[place] for task, place in places.items() if place in whom}


def _subjects(tasks: Iterable[Task], kinds: Collection[str]) -> set[UUID]:
    return {each.subject for each in tasks if each.subject_kind in kinds and each.subject is not None}


def _of_thread(found: messages.Listed) -> str:
    heading = found.standing.heading
    about = f"{SUBJECTS[heading.subject]}: {heading.line}" if heading.line else str(SUBJECTS[heading.subject])
    return about if found.patient is None else f"{_name(found.patient)}. {about}"


def _name(who: Identity) -> str:
    return _("%(name)s (født %(year)s)", name=who.name, year=who.birth_date.year)
