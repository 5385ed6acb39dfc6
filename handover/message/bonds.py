"""Queries about who was told whom an anonymous case is about. Each names the service that asks."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Row, Table, and_, delete, false, or_, select
from sqlalchemy.orm import Session

from handover.actors import Party
from handover.db import provided, put
from handover.ids import AgencyId, PersonId, ServiceId, ThreadId
from handover.keys.vault import Vault
from handover.message.linking import Bond
from handover.message.tables import CaseBondPersonRow, CaseBondRow
from handover.values import dump, load
from handover.workdays import end_of

BOND: Final = cast(Table, CaseBondRow.__table__)
TOLD: Final = cast(Table, CaseBondPersonRow.__table__)
_KEY: Final = ("agency", "service", "thread", "other_agency", "other_service")


def of_thread(session: Session, home: Party, thread: ThreadId) -> tuple[Bond, ...]:
    """Return what a service said or heard about whom one case is about."""
    return tuple(_bond(session, row) for row in session.execute(select(BOND).where(*_of(home, thread))))


def between(session: Session, home: Party, thread: ThreadId, other: Party) -> Bond | None:
    """Return what passed between two services, locked; None where nothing did."""
    statement = select(BOND).where(
        *_of(home, thread), BOND.c.other_agency == other.agency, BOND.c.other_service == other.service
    )
    row = session.execute(statement.with_for_update()).first()
    return None if row is None else _bond(session, row)


def save(session: Session, bond: Bond) -> None:
    """Keep what passed between two services, and when to look whether the patient's yes still holds."""
    is_checked = bond.is_open and not bond.is_told and bond.until is not None
    row = {
        **_key(bond),
        "person": bond.person,
        "is_open": bond.is_open,
        "check_at": end_of(bond.until) if is_checked and bond.until else None,
        "bond": _vault(session).seal(bond.home.agency, BOND.name, "bond", _row_id(bond), dump(bond)),
    }
    put(session, CaseBondRow, row, replacing=("person", "is_open", "check_at", "bond"))
    for person in {each.person for each in bond.stretches}:
        put(session, CaseBondPersonRow, {**_key(bond), "person": person}, replacing=("person",))


def drop(session: Session, bond: Bond) -> None:
    """Forget what somebody said who had no right to."""
    for table in (BOND, TOLD):
        session.execute(delete(table).where(*(table.c[name] == value for name, value in _key(bond).items())))


def open_about(session: Session, agency: AgencyId, person: PersonId) -> tuple[Bond, ...]:
    """Return what an agency has told others about a patient, and they may still know."""
    statement = select(BOND).where(BOND.c.agency == agency, BOND.c.person == person, BOND.c.is_open)
    found = (_bond(session, row) for row in session.execute(statement))
    return tuple(each for each in found if not each.is_told)


def about(session: Session, persons: Iterable[tuple[AgencyId, PersonId]]) -> tuple[Bond, ...]:
    """Return, for the patient, every bond that ever was about them; also what was taken back."""
    wanted = [and_(TOLD.c.agency == agency, TOLD.c.person == person) for agency, person in persons]
    same = and_(*(BOND.c[name] == TOLD.c[name] for name in _KEY))
    statement = select(BOND).join(TOLD, same).where(or_(false(), *wanted))
    return tuple(_bond(session, row) for row in session.execute(statement))


def to_check(session: Session, agency: AgencyId, *, now: datetime, limit: int) -> tuple[Bond, ...]:
    """Return, for the machine, bonds that rest on a yes whose last day may have passed."""
    statement = (
        select(BOND).where(BOND.c.agency == agency, BOND.c.check_at <= now).order_by(BOND.c.check_at).limit(limit)
    )
    return tuple(_bond(session, row) for row in session.execute(statement))


def _of(home: Party, thread: ThreadId) -> tuple[ColumnElement[bool], ...]:
    return BOND.c.agency == home.agency, BOND.c.service == home.service, BOND.c.thread == thread


def _bond(session: Session, row: Row[Any]) -> Bond:
    home = Party(AgencyId(row.agency), ServiceId(row.service))
    other = Party(AgencyId(row.other_agency), ServiceId(row.other_service))
    place = _place(home, ThreadId(row.thread), other)
    return load(Bond, _vault(session).open(home.agency, BOND.name, "bond", place, row.bond))


def _key(bond: Bond) -> dict[str, object]:
    home, other = bond.home, bond.other
    parts = (home.agency, home.service, bond.thread, other.agency, other.service)
    return dict(zip(_KEY, parts, strict=True))


def _row_id(bond: Bond) -> str:
    return _place(bond.home, bond.thread, bond.other)


def _place(home: Party, thread: ThreadId, other: Party) -> str:
    return "|".join(map(str, (home.service, thread, other.agency, other.service)))


def _vault(session: Session) -> Vault:
    return provided(session, Vault)
