"""Queries about the history of entries and about reports; each names the agency, and the services or who asks."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, Select, func, insert, select, update
from sqlalchemy.orm import Session

from handover.addressbook.model import Side
from handover.addressbook.tables import EntryChangeRow, ReportRow
from handover.ids import AgencyId, ServiceId, StaffId

REPORTS: Final = ReportRow.__table__
Services = Collection[ServiceId | None]
"""At which services; None among them stands for the whole agency."""


def add_change(session: Session, row: Mapping[str, Any]) -> None:
    """Write one line of an entry's history."""
    session.execute(insert(EntryChangeRow).values(**row))


def changes(session: Session, agency: AgencyId, service: ServiceId, *, limit: int) -> Sequence[RowMapping]:
    """Return an entry's history, the latest first."""
    table = EntryChangeRow.__table__
    query = select(table).where(EntryChangeRow.agency == agency, EntryChangeRow.service == service)
    ordered = query.order_by(EntryChangeRow.at.desc(), EntryChangeRow.id).limit(limit)
    return session.execute(ordered).mappings().all()


def add_report(session: Session, row: Mapping[str, Any]) -> None:
    """Write one report."""
    session.execute(insert(ReportRow).values(**row))


def report(
    session: Session, agency: AgencyId, side: Side, wanted: UUID, *, lock: bool = False
) -> RowMapping | None:
    """Return one report's row."""
    query = _reports(agency, side).where(ReportRow.id == wanted)
    return session.execute(query.with_for_update() if lock else query).mappings().first()


def reports_at(session: Session, agency: AgencyId, services: Services, *, limit: int) -> Sequence[RowMapping]:
    """Return the reports about these services of ours, those that wait first, then the latest first."""
    query = _reports(agency, Side.OWNER)
    query = query if None in services else query.where(ReportRow.service.in_(services))
    ordered = query.order_by(ReportRow.is_open.desc(), ReportRow.at.desc(), ReportRow.id).limit(limit)
    return session.execute(ordered).mappings().all()


def reports_by(session: Session, agency: AgencyId, staff: StaffId, *, limit: int) -> Sequence[RowMapping]:
    """Return what one person has reported, the latest first."""
    query = _reports(agency, Side.REPORTER).where(ReportRow.by == staff)
    return session.execute(query.order_by(ReportRow.at.desc(), ReportRow.id).limit(limit)).mappings().all()


def count_open_by(session: Session, agency: AgencyId, staff: StaffId) -> int:
    """Return how many reports of one person wait for an answer."""
    query = select(func.count()).where(
        ReportRow.agency == agency, ReportRow.side == Side.REPORTER, ReportRow.by == staff, ReportRow.is_open
    )
    return session.execute(query).scalar_one()


def change_report(session: Session, agency: AgencyId, side: Side, wanted: UUID, **values: Any) -> None:
    """Write what became of a report."""
    session.execute(
        update(ReportRow)
        .where(ReportRow.agency == agency, ReportRow.side == side.value, ReportRow.id == wanted)
        .values(**values)
    )


def _reports(agency: AgencyId, side: Side) -> Select[Any]:
    return select(REPORTS).where(ReportRow.agency == agency, ReportRow.side == side.value)
