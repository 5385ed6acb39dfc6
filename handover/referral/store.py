"""Queries about referrals. Each names the asking actor: what they may not see is not there (rule 16)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    RowMapping,
    Select,
    Table,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from handover.actors import Actor, Machine, Patient, Role, Staff
from handover.db import provided
from handover.errors import NotFound
from handover.ids import AgencyId, MessageId, PersonId, ReferralId, ServiceId
from handover.keys.vault import Vault
from handover.referral.lifecycle import Side, Status
from handover.referral.model import Attachment, AttachmentId, Entry, Party, ReferralContent
from handover.referral.standing import Standing
from handover.referral.steps import next_step
from handover.referral.tables import AttachmentRow, HistoryRow, ReferralRow
from handover.team.tables import WorkItemRow
from handover.values import dump, load

REFERRAL: Final = cast(Table, ReferralRow.__table__)
HISTORY: Final = cast(Table, HistoryRow.__table__)
ATTACHMENT: Final = cast(Table, AttachmentRow.__table__)
AnyRow = Row[Any]
WORK: Final = cast(Table, WorkItemRow.__table__)
_WORK: Final = ("due_at", "owner", "next_step", "snoozed_until")
COUNT_CAP: Final = 1000
"""Counts beside filters stop here, so that a page's cost follows what is shown."""

ROLES: Final = {
    Side.REFERRER: (Role.REFERRER,),
    Side.RECEIVER: (Role.INTAKE, Role.CLINICIAN),
}
"""Who works with referrals at each side, at the services for which they hold the role."""


class ReferralNotFound(NotFound):
    """Not there, or not yours."""

    code = "referral.not-found"


@dataclass(frozen=True)
class Stored:
    """One copy as it lies in the database."""

    standing: Standing
    content: ReferralContent = field(repr=False)
    entries: int
    revision: int
    updated_at: datetime

    @property
    def agency(self) -> AgencyId:
        """Whose copy it is."""
        return self.standing.home.agency


def reach(by: Actor, side: Side, roles: Iterable[Role] | None = None) -> ColumnElement[bool]:
    """Return the condition for the copies the actor works with on that side; nothing for who has no such role."""
    if isinstance(by, Patient):
        raise ReferralNotFound
    own = REFERRAL.c.agency == by.agency
    if isinstance(by, Machine):
        return own & (REFERRAL.c.side == side.value)
    services = by.services(*(roles or ROLES.get(side, ())))
    mine = own & (REFERRAL.c.side == side.value)
    return mine if None in services else mine & REFERRAL.c.service.in_(sorted(filter(None, services)))


def find(
    session: Session,
    referral: ReferralId,
    *,
    side: Side,
    by: Actor,
    at: ServiceId | None = None,
    lock: bool = False,
) -> Stored:
    """Return one copy: at the service named, else the one furthest on. Raises ReferralNotFound."""
    statement = (
        select(REFERRAL)
        .where(reach(by, side), REFERRAL.c.referral == referral)
        .order_by(REFERRAL.c.leg.desc(), REFERRAL.c.number.desc())
        .limit(1)
    )
    if at is not None:
        statement = statement.where(REFERRAL.c.service == at)
    row = session.execute(statement.with_for_update() if lock else statement).first()
    if row is None:
        raise ReferralNotFound
    return opened(session, row)


def at_home(session: Session, home: Party, side: Side, referral: ReferralId) -> Stored | None:
    """Return, for the machine, the copy one service keeps, locked; None when it keeps none."""
    statement = select(REFERRAL).where(*_key(home, side, referral)).with_for_update()
    row = session.execute(statement).first()
    return None if row is None else opened(session, row)


def copies_about(
    session: Session, agencies: Iterable[AgencyId], persons: Iterable[PersonId]
) -> tuple[Stored, ...]:
    """Return, for the patient, every copy about them that has left its draft, the latest first."""
    statement = (
        select(REFERRAL)
        .where(
            REFERRAL.c.agency.in_(sorted(agencies)),
            REFERRAL.c.person.in_(set(persons)),
            REFERRAL.c.status != Status.DRAFT.value,
        )
        .order_by(REFERRAL.c.updated_at.desc())
    )
    return tuple(opened(session, row) for row in session.execute(statement))


def add(session: Session, standing: Standing, content: ReferralContent, *, now: datetime) -> Stored:
    """Store a new copy."""
    stored = Stored(standing, content, entries=0, revision=0, updated_at=now)
    session.execute(
        insert(REFERRAL).values(
            agency=standing.home.agency,
            side=standing.side.value,
            service=standing.home.service,
            referral=standing.referral,
            reference=standing.reference,
            content=_seal(session, standing, "referral", "content", dump(content)),
            **_values(session, stored, now),
        )
    )
    return stored


def save(
    session: Session,
    stored: Stored,
    standing: Standing,
    *,
    now: datetime,
    entries: Sequence[Entry] = (),
    content: ReferralContent | None = None,
    new_revision: bool = False,
) -> Stored:
    """Write the copy's new standing (and content), and add lines to its history."""
    after = Stored(
        standing,
        stored.content if content is None else content,
        stored.entries + len(entries),
        stored.revision + new_revision,
        now,
    )
    values = _values(session, after, now)
    if content is not None:
        values["content"] = _seal(session, standing, "referral", "content", dump(content))
    session.execute(
        update(REFERRAL).where(*_key(standing.home, standing.side, standing.referral)).values(**values)
    )
    if entries:
        rows = [_history(session, standing, stored.entries + n, each) for n, each in enumerate(entries, 1)]
        session.execute(insert(HISTORY), rows)
    return after


def remove_draft(session: Session, stored: Stored) -> None:
    """Remove a draft that was never sent, with its attachments and history."""
    standing = stored.standing
    for table in (HISTORY, ATTACHMENT, REFERRAL):
        session.execute(delete(table).where(*_key(standing.home, standing.side, standing.referral, table)))


def history(session: Session, standing: Standing) -> tuple[Entry, ...]:
    """Return everything that happened at this copy, in the order it was written there."""
    statement = (
        select(HISTORY.c.line, HISTORY.c.entry)
        .where(*_key(standing.home, standing.side, standing.referral, HISTORY))
        .order_by(HISTORY.c.line)
    )
    vault, row_id = provided(session, Vault), _row_id(standing)
    return tuple(
        load(
            Entry,
            vault.open(standing.home.agency, "referral_history", "entry", f"{row_id}|{row.line}", row.entry),
        )
        for row in session.execute(statement)
    )


def page(
    session: Session,
    *,
    by: Actor,
    side: Side,
    is_open: bool | None,
    where: Sequence[ColumnElement[bool]] = (),
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> tuple[Stored, ...]:
    """Return copies by their latest change, newest first; go on with `after=(updated_at, referral)`."""
    statement = select(REFERRAL).where(reach(by, side), *where)
    if is_open is not None:
        statement = statement.where(REFERRAL.c.is_open.is_(is_open))
    if after is not None:
        statement = statement.where(tuple_(REFERRAL.c.updated_at, REFERRAL.c.referral) < after)
    ordered = statement.order_by(REFERRAL.c.updated_at.desc(), REFERRAL.c.referral.desc()).limit(limit)
    return tuple(opened(session, row) for row in session.execute(ordered))


def due(
    session: Session,
    home: Party,
    side: Side,
    *,
    kind: str,
    now: datetime,
    where: Sequence[ColumnElement[bool]] = (),
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> tuple[tuple[Stored, RowMapping], ...]:
    """Return a service's open copies by the date of their next step, with the work item of each.

    What is put away is left out until it is due; go on with `after=(due_at, referral)`.
    """
    statement = _due(home, side, kind, now).where(*where)
    if after is not None:
        statement = statement.where(tuple_(WORK.c.due_at, WORK.c.subject) > after)
    ordered = statement.order_by(WORK.c.due_at, WORK.c.subject).limit(limit)
    rows = session.execute(ordered.add_columns(REFERRAL, *(WORK.c[name].label(f"work_{name}") for name in _WORK)))
    return tuple((opened(session, row), row._mapping) for row in rows)


def count_due(
    session: Session,
    home: Party,
    side: Side,
    *,
    kind: str,
    now: datetime,
    where: Sequence[ColumnElement[bool]] = (),
) -> int:
    """Return how many `due` would go through, at most COUNT_CAP."""
    some = _due(home, side, kind, now).where(*where).limit(COUNT_CAP).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def is_overdue(kind: str, now: datetime) -> ColumnElement[bool]:
    """Return the condition for copies whose next step's date has passed."""
    return (
        select(WORK.c.subject)
        .where(
            WORK.c.agency == REFERRAL.c.agency,
            WORK.c.service == REFERRAL.c.service,
            WORK.c.kind == kind,
            WORK.c.subject == REFERRAL.c.referral,
            WORK.c.is_open.is_(True),
            WORK.c.due_at <= now,
        )
        .exists()
    )


def count(session: Session, *, by: Actor, side: Side, where: Sequence[ColumnElement[bool]]) -> int:
    """Return how many copies there are, at most COUNT_CAP."""
    some = select(REFERRAL.c.referral).where(reach(by, side), *where).limit(COUNT_CAP).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def several(
    session: Session, home: Party, side: Side, referrals: Iterable[ReferralId]
) -> dict[ReferralId, Stored]:
    """Return the copies of several referrals at one service."""
    statement = select(REFERRAL).where(
        REFERRAL.c.agency == home.agency,
        REFERRAL.c.side == side.value,
        REFERRAL.c.service == home.service,
        REFERRAL.c.referral.in_(list(referrals)),
    )
    return {ReferralId(row.referral): opened(session, row) for row in session.execute(statement)}


def matching(reference: str | None, persons: Iterable[PersonId]) -> ColumnElement[bool]:
    """Return the condition for a search: that reference, or about one of those persons."""
    about = REFERRAL.c.person.in_(list(persons))
    return about if reference is None else or_(about, REFERRAL.c.reference == reference)


def assessments(
    session: Session, agency: AgencyId, service: ServiceId | None, since: datetime, until: datetime
) -> Sequence[AnyRow]:
    """Return the times of what was received at a service (or all of the agency's) in a period."""
    table = REFERRAL.c
    statement = select(
        table.received_at, table.assess_by, table.assessed_at, table.opened_at, table.is_open, table.status
    ).where(
        table.agency == agency,
        table.side == Side.RECEIVER.value,
        table.received_at >= since,
        table.received_at < until,
    )
    wanted = statement if service is None else statement.where(table.service == service)
    return cast(Sequence[AnyRow], session.execute(wanted).all())


def oldest_unopened(session: Session, agency: AgencyId) -> datetime | None:
    """Return when the oldest referral that nobody has opened was received."""
    found: datetime | None = session.scalar(
        select(func.min(REFERRAL.c.received_at)).where(
            REFERRAL.c.agency == agency,
            REFERRAL.c.side == Side.RECEIVER.value,
            REFERRAL.c.opened_at.is_(None),
            REFERRAL.c.is_open.is_(True),
        )
    )
    return found


def latest_change(session: Session, home: Party, side: Side) -> datetime | None:
    """Return when anything last changed at a service: one step in an index for each status."""
    table = REFERRAL.c
    found = [
        session.scalar(
            select(func.max(table.updated_at)).where(
                table.agency == home.agency,
                table.side == side.value,
                table.service == home.service,
                table.status == status.value,
            )
        )
        for status in Status
    ]
    return max(filter(None, found), default=None)


def count_received_after(session: Session, home: Party, at: datetime) -> int:
    """Return how many referrals a service has received after an instant, at most COUNT_CAP."""
    some = (
        select(REFERRAL.c.referral)
        .where(
            REFERRAL.c.agency == home.agency,
            REFERRAL.c.side == Side.RECEIVER.value,
            REFERRAL.c.service == home.service,
            REFERRAL.c.received_at > at,
        )
        .limit(COUNT_CAP)
        .subquery()
    )
    return session.scalar(select(func.count()).select_from(some)) or 0


def add_attachment(session: Session, standing: Standing, about: Attachment, data: bytes, *, now: datetime) -> None:
    """Keep a file with a copy, sealed; nothing changes when it is there already."""
    if any(each.id == about.id for each in attachments(session, standing)):
        return
    row_id = f"{_row_id(standing)}|{about.id}"
    vault = provided(session, Vault)
    agency = standing.home.agency
    session.execute(
        insert(ATTACHMENT).values(
            agency=agency,
            side=standing.side.value,
            service=standing.home.service,
            referral=standing.referral,
            id=about.id,
            added_at=now,
            about=vault.seal(agency, "referral_attachment", "about", row_id, dump(about)),
            data=vault.seal(agency, "referral_attachment", "data", row_id, data),
        )
    )


def attachments(session: Session, standing: Standing) -> tuple[Attachment, ...]:
    """Return what files a copy has, in the order they were added."""
    table = ATTACHMENT.c
    statement = (
        select(table.id, table.about)
        .where(*_key(standing.home, standing.side, standing.referral, ATTACHMENT))
        .order_by(table.added_at, table.id)
    )
    vault, row_id = provided(session, Vault), _row_id(standing)
    return tuple(
        load(
            Attachment,
            vault.open(standing.home.agency, "referral_attachment", "about", f"{row_id}|{row.id}", row.about),
        )
        for row in session.execute(statement)
    )


def attachment_data(session: Session, standing: Standing, attachment: AttachmentId) -> bytes:
    """Return a file's bytes. Raises ReferralNotFound."""
    sealed = session.scalar(
        select(ATTACHMENT.c.data).where(
            *_key(standing.home, standing.side, standing.referral, ATTACHMENT), ATTACHMENT.c.id == attachment
        )
    )
    if sealed is None:
        raise ReferralNotFound
    row_id = f"{_row_id(standing)}|{attachment}"
    return provided(session, Vault).open(standing.home.agency, "referral_attachment", "data", row_id, sealed)


def remove_attachment(session: Session, standing: Standing, attachment: AttachmentId) -> None:
    """Remove a file from a draft."""
    session.execute(
        delete(ATTACHMENT).where(
            *_key(standing.home, standing.side, standing.referral, ATTACHMENT), ATTACHMENT.c.id == attachment
        )
    )


def opened(session: Session, row: AnyRow) -> Stored:
    """Return a row with its seals opened."""
    vault = provided(session, Vault)
    agency = AgencyId(row.agency)
    row_id = f"{row.side}|{row.service}|{row.referral}"
    return Stored(
        standing=load(Standing, vault.open(agency, "referral", "standing", row_id, row.standing)),
        content=load(ReferralContent, vault.open(agency, "referral", "content", row_id, row.content)),
        entries=row.entries,
        revision=row.revision,
        updated_at=row.updated_at,
    )


def works_there(by: Actor, side: Side, service: ServiceId) -> bool:
    """Whether a staff member holds a role on that side at that service."""
    return isinstance(by, Staff) and any(by.has(role, service) for role in ROLES[side])


def of_message(session: Session, agency: AgencyId, message: MessageId) -> Stored | None:
    """Return, for the machine, the copy from which a request left in that message, locked."""
    statement = (
        select(REFERRAL).where(REFERRAL.c.agency == agency, REFERRAL.c.message == message).with_for_update()
    )
    row = session.execute(statement).first()
    return None if row is None else opened(session, row)


def _due(home: Party, side: Side, kind: str, now: datetime) -> Select[Any]:
    is_same = and_(
        REFERRAL.c.agency == WORK.c.agency,
        REFERRAL.c.side == side.value,
        REFERRAL.c.service == WORK.c.service,
        REFERRAL.c.referral == WORK.c.subject,
    )
    visible = or_(WORK.c.snoozed_until.is_(None), WORK.c.snoozed_until <= now, WORK.c.due_at <= now)
    return (
        select(WORK.c.subject)
        .join_from(WORK, REFERRAL, is_same)
        .where(
            WORK.c.agency == home.agency,
            WORK.c.service == home.service,
            WORK.c.kind == kind,
            WORK.c.is_open.is_(True),
            visible,
        )
    )


def _values(session: Session, stored: Stored, now: datetime) -> dict[str, Any]:
    standing = stored.standing
    deadline = standing.deadline
    return {
        "person": standing.person,
        "status": standing.status.value,
        "leg": standing.version.leg,
        "number": standing.version.number,
        "is_open": next_step(standing) is not None,
        "is_undelivered": standing.undelivered,
        "owner": standing.owner,
        "message": standing.message,
        "entries": stored.entries,
        "revision": stored.revision,
        "updated_at": now,
        "received_at": standing.received_at,
        "opened_at": None if standing.opened is None else standing.opened.at,
        "assess_by": None if deadline is None else deadline.passes_at,
        "assessed_at": standing.assessed_at,
        "standing": _seal(session, standing, "referral", "standing", dump(standing)),
    }


def _history(session: Session, standing: Standing, line: int, entry: Entry) -> dict[str, Any]:
    sealed = provided(session, Vault).seal(
        standing.home.agency, "referral_history", "entry", f"{_row_id(standing)}|{line}", dump(entry)
    )
    return {
        "agency": standing.home.agency,
        "side": standing.side.value,
        "service": standing.home.service,
        "referral": standing.referral,
        "line": line,
        "at": entry.at,
        "act": entry.act.value,
        "status": entry.status.value,
        "leg": entry.version.leg,
        "number": entry.version.number,
        "entry": sealed,
    }


def _key(
    home: Party, side: Side, referral: ReferralId, table: Table = REFERRAL
) -> tuple[ColumnElement[bool], ...]:
    return (
        table.c.agency == home.agency,
        table.c.side == side.value,
        table.c.service == home.service,
        table.c.referral == referral,
    )


def _row_id(standing: Standing) -> str:
    return f"{standing.side.value}|{standing.home.service}|{standing.referral}"


def _seal(session: Session, standing: Standing, table: str, column: str, plain: bytes) -> bytes:
    return provided(session, Vault).seal(standing.home.agency, table, column, _row_id(standing), plain)
