"""What those who run a node ask and do."""

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from statistics import median
from typing import Final

from sqlalchemy.orm import Session

from handover.actors import Party
from handover.audit import service as audit
from handover.clock import local
from handover.db import Database
from handover.directory import service as directory
from handover.directory.model import Service
from handover.exchange import scanning
from handover.ids import AgencyId, ServiceId
from handover.message import service as message
from handover.notice import service as notice
from handover.operator import store
from handover.operator.model import Assessing, Notices, SentTimes, Vitals
from handover.referral import service as referral

WORKER: Final = "worker"
BEAT_EVERY: Final = timedelta(seconds=15)
"""How often a worker says that it runs."""
WINDOW: Final = timedelta(days=90)
"""What the share of assessments in time looks back on."""
MEASURED_AGAIN: Final = timedelta(days=7)
"""How old the day of an unchanged measurement may become: each new one is a statement that all others pull."""
SILENT_AFTER: Final = timedelta(minutes=2)
"""A worker that has said nothing for this long is taken for dead."""


def beat(db: Database, kind: str, *, now: datetime) -> None:
    """Say that this process runs. Losing it in a power cut does no harm."""
    with db.transaction(durable=False) as session:
        store.beat(session, kind, f"{socket.gethostname()}/{os.getpid()}", now=now)


def last_beat(session: Session, kind: str) -> datetime | None:
    """Return when any process of this kind last said that it runs; None where none has for a day."""
    return store.last_beat(session, kind)


def notices(session: Session, agencies: Iterable[AgencyId]) -> list[Notices]:
    """Return how each agency's notices are doing."""
    return [
        Notices(
            agency=agency,
            oldest_due=notice.oldest_due(session, agency),
            given_up=notice.count_given_up(session, agency),
        )
        for agency in agencies
    ]


def vitals(
    session: Session, agencies: Iterable[AgencyId], *, late_after: timedelta, now: datetime
) -> list[Vitals]:
    """Return the numbers of each agency."""
    return [
        Vitals(
            agency=agency,
            oldest_unsent=store.oldest_unsent(session, agency, now=now),
            oldest_unacknowledged=store.oldest_unacknowledged(session, agency),
            oldest_unopened=unopened_since(session, agency, now),
            late=store.count_late(session, agency, before=now - late_after),
            unlogged=audit.count_waiting(session, agency),
            unscanned=_unscanned(session, agency),
        )
        for agency in agencies
    ]


def _unscanned(session: Session, agency: AgencyId) -> int:
    return scanning.what_waits(session, agency).total


def unopened_since(session: Session, agency: AgencyId, now: datetime) -> datetime | None:
    """Return when the oldest referral that nobody here has opened was received."""
    waited = referral.oldest_unopened(session, agency, now=now)
    return None if waited is None else now - waited


def assessing(session: Session, agencies: Iterable[AgencyId], *, now: datetime) -> list[Assessing]:
    """Return how each service here kept the deadline over the last 90 days, where anything was due."""
    today = local(now).date()
    found = []
    for agency in agencies:
        for each in directory.services_of(session, agency):
            seen = referral.measures_of(
                session, agency, since=today - WINDOW, until=today, now=now, service=each.id
            )
            if seen.share_in_time is not None:
                share = seen.share_in_time
                found.append(Assessing(agency=agency, service=each.id, share_in_time=share))
    return found


def publish_answer_times(db: Database, agencies: Iterable[AgencyId], *, now: datetime) -> list[ServiceId]:
    """Let our own entries in the directory say how long our answers take; returns those that changed.

    Measured where enough was answered lately, with the day; else the number stands as the agency gave it.
    """
    changed = []
    for agency in agencies:
        with db.reading() as session:
            measured = _measured(session, agency, now)
            services = directory.services_of(session, agency)
        if all(_with_times(each, measured.get(each.id), now) == each for each in services):
            continue
        with db.transaction() as session:
            for each in directory.services_of(session, agency):
                said = _with_times(each, measured.get(each.id), now)
                if said != each:
                    directory.change_service(session, said, now=now)
                    changed.append(each.id)
    return changed


@dataclass(frozen=True)
class _Times:
    """Working days that a service usually takes; None where too little was measured."""

    to_assess: int | None
    to_answer: int | None


def _measured(session: Session, agency: AgencyId, now: datetime) -> dict[ServiceId, _Times]:
    return {
        each.id: _Times(
            to_assess=referral.usual_answer_days(session, agency, each.id, now=now),
            to_answer=message.usual_answer_days(session, Party(agency, each.id), now=now),
        )
        for each in directory.services_of(session, agency)
    }


def _with_times(service: Service, times: _Times | None, now: datetime) -> Service:
    if times is None:
        return service
    assessed_on = _measured_on(
        times.to_assess, service.usual_answer_days, service.answers_measured_on, today=local(now).date()
    )
    answered_on = _measured_on(
        times.to_answer,
        service.message_answer_days,
        service.message_answers_measured_on,
        today=local(now).date(),
    )
    return replace(
        service,
        usual_answer_days=service.usual_answer_days if times.to_assess is None else times.to_assess,
        answers_measured_on=assessed_on,
        message_answer_days=times.to_answer,
        message_answers_measured_on=answered_on,
    )


def _measured_on(days: int | None, said: int | None, said_on: date | None, *, today: date) -> date | None:
    """Return the day of a measurement: that of the last one, where it says the same and is not old."""
    if days is None:
        return None
    is_same = days == said and said_on is not None and today - said_on < MEASURED_AGAIN
    return said_on if is_same else today


def sent_times(
    session: Session, agency: AgencyId, service: ServiceId, *, since: datetime, until: datetime
) -> SentTimes:
    """Return how long others took with what a service of ours sent, counted from when it arrived."""
    rows = store.sent_times(session, agency, service, since=since, until=until)
    opened = [(at - arrived).total_seconds() / 86_400 for arrived, at, _ in rows if at]
    answered = [(at - arrived).total_seconds() / 86_400 for arrived, _, at in rows if at]
    return SentTimes(
        arrived=len(rows),
        days_to_opened=median(opened) if opened else None,
        days_to_answer=median(answered) if answered else None,
    )
