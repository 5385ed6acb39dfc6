"""Absence at work: who stands in for whom, and what goes back to the team because nobody touched it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from handover.access import service as access
from handover.actors import Machine, Role, Staff
from handover.audit import service as audit
from handover.audit.model import Event
from handover.db import put
from handover.ids import AgencyId, ServiceId, StaffId
from handover.team import absence as rules
from handover.team import service as team
from handover.team import store
from handover.team.absence import UNTOUCHED_DAYS, Absence
from handover.team.deputies import absences, away_on, keeper_of
from handover.team.model import Place, TaskKind
from handover.team.tables import AbsenceRow, TeamSettingRow
from handover.workdays import local_date

MACHINE: Final = "team"


@dataclass(frozen=True, kw_only=True)
class Passed:
    """Whose work something is that a stand-in or the team has now."""

    owner: StaffId | None
    """Who has it now; None: the team."""
    passed_from: StaffId
    is_untouched: bool
    """It came to the team because it lay untouched; else its owner is away."""


def set_absence(session: Session, wanted: Absence, *, by: Staff, now: datetime) -> None:
    """Note that somebody will be away; it takes the place of what was noted, and work moves at once if it began.

    The caller has checked that `by` may. Raises BadAbsence.
    """
    rules.check(wanted, local_date(now))
    row = {"agency": by.agency, **vars(wanted), "has_begun": False, "set_by": by.id, "set_at": now}
    put(session, AbsenceRow, row, replacing=[name for name in row if name not in {"agency", "staff"}])
    audit.record(session, event=Event.ABSENCE_SET, actor=by, agency=by.agency, subject=wanted.staff, now=now)
    settle(session, by.agency, now=now)


def end_absence(session: Session, staff: StaffId, *, by: Staff, now: datetime) -> None:
    """Note that somebody is back, or will not be away after all: their work is theirs again."""
    if store.drop_absence(session, by.agency, staff):
        audit.record(session, event=Event.ABSENCE_END, actor=by, agency=by.agency, subject=staff, now=now)
        settle(session, by.agency, now=now)


def settle(session: Session, agency: AgencyId, *, now: datetime) -> int:
    """Give all open work to who does it today, and forget absences that are over; return how much moved.

    Whose access is closed is away: their tasks are their services' from then on.
    """
    away, closed = away_on(session, agency, now=now), access.closed(session, agency)
    store.give_tasks_back(session, agency, closed)
    moved = 0
    for row in store.kept_for_others(session, agency, [*away, *closed]):
        owner = row["passed_from"] or row["owner"]
        keeper = keeper_of(session, agency, row["service"], owner, away)
        if keeper == row["owner"]:
            continue
        place = Place(row["agency"], row["service"], row["kind"], row["subject"])
        passed_from = None if keeper == owner else owner
        store.change_item(session, place, owner=keeper, passed_from=passed_from, touched_at=now)
        moved += 1
    store.begin_absences(session, agency, list(away))
    for each in absences(session, agency).values():
        if each.back_on <= local_date(now):
            store.drop_absence(session, agency, each.staff)
    return moved


def passed(session: Session, agency: AgencyId, subjects: Iterable[UUID]) -> dict[tuple[ServiceId, UUID], Passed]:
    """Return which of some cases a stand-in or the team has in an owner's place, by service and case."""
    return {
        (row["service"], row["subject"]): Passed(
            owner=row["owner"], passed_from=row["passed_from"], is_untouched=row["is_given_back"]
        )
        for row in store.passed_on(session, agency, subjects)
    }


def untouched_days(session: Session, agency: AgencyId, service: ServiceId) -> int:
    """Return for how many working days owned work may lie untouched at a service."""
    found = store.setting(session, agency, service)
    return UNTOUCHED_DAYS if found is None else found


def set_untouched_days(session: Session, service: ServiceId, days: int, *, by: Staff, now: datetime) -> None:
    """Say for how many working days owned work may lie untouched at a service. Raises BadSetting."""
    rules.check_untouched_days(days)
    row = {"agency": by.agency, "service": service, "untouched_days": days}
    put(session, TeamSettingRow, row, replacing=("untouched_days",))
    audit.record(session, event=Event.TEAM_SETTING, actor=by, agency=by.agency, service=service, now=now)


def give_back_untouched(
    session: Session, agency: AgencyId, service: ServiceId, asks: Mapping[str, Sequence[str]], *, now: datetime
) -> int:
    """Give owned work that nobody has touched for days back to the team, and tell the leader; return how much.

    `asks`: kind of work -> the steps that ask something of the service; what waits for others is not counted.
    """
    days = untouched_days(session, agency, service)
    found = store.untouched(session, agency, service, asks, before=now - timedelta(days=days))
    given = 0
    for row in found:
        if rules.untouched_until(row["touched_at"], days) > now:
            continue
        place = Place(agency, service, row["kind"], row["subject"])
        owner = row["passed_from"] or row["owner"]
        store.change_item(session, place, owner=None, passed_from=owner, is_given_back=True, touched_at=now)
        _tell_leader(session, place, now=now)
        by = Machine(agency=agency, name=MACHINE)
        audit.record(
            session,
            event=Event.WORK_GIVEN_BACK,
            actor=by,
            agency=agency,
            subject=place.subject,
            service=service,
            now=now,
        )
        given += 1
    return given


def leader_of(session: Session, agency: AgencyId, service: ServiceId, *, now: datetime) -> StaffId | None:
    """Return a leader of a service who is at work; None where there is none."""
    away = away_on(session, agency, now=now)
    leaders = access.holders(session, agency, Role.LEADER, service=service)
    return next((each.id for each in leaders if each.id not in away), None)


def _tell_leader(session: Session, place: Place, *, now: datetime) -> None:
    leader = leader_of(session, place.agency, place.service, now=now)
    team.raise_task_at(session, place, TaskKind.UNTOUCHED, "", for_staff=leader, now=now)
