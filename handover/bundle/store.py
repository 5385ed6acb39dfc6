"""Queries about handovers. Each names the asking actor: what they may not see is not there (rule 16)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256 as hash_of
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Table,
    and_,
    false,
    func,
    insert,
    or_,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.orm import Session

from handover.actors import Actor, Machine, Party, Patient, Role, Staff
from handover.bundle.lifecycle import Side, Status
from handover.bundle.model import Entry, File, Frozen, Item, Origin
from handover.bundle.standing import Standing
from handover.bundle.steps import Shelf, next_step, shelf_of
from handover.bundle.tables import ArrivalRow, ChoicesRow, DocumentRow, FileRow, HandoverRow, HistoryRow, ItemRow
from handover.db import insert_into, provided
from handover.errors import NotFound
from handover.ids import AgencyId, HandoverId, PersonId, ServiceId
from handover.keys.vault import Vault
from handover.ranges import each_value, union_of
from handover.values import dump, load

HANDOVER: Final = cast(Table, HandoverRow.__table__)
HISTORY: Final = cast(Table, HistoryRow.__table__)
ITEM: Final = cast(Table, ItemRow.__table__)
FILE: Final = cast(Table, FileRow.__table__)
DOCUMENT: Final = cast(Table, DocumentRow.__table__)
CHOICES: Final = cast(Table, ChoicesRow.__table__)
ARRIVAL: Final = cast(Table, ArrivalRow.__table__)
AnyRow = Row[Any]
Cursor = tuple[datetime, UUID]

ROLES: Final = {
    Side.SENDER: (Role.REFERRER, Role.CLINICIAN, Role.CASEWORKER),
    Side.RECEIVER: (Role.INTAKE, Role.CLINICIAN, Role.CASEWORKER),
}
"""Who works with handovers at each side, at the services for which they hold the role."""
COUNT_CAP: Final = 200
"""Lists count no further than this: that many or more."""
_MOST_SERVICES: Final = 50
"""So many services are counted with one statement."""
_MOST_NEWS: Final = 200


class HandoverNotFound(NotFound):
    """Not there, or not yours."""

    code = "bundle.not-found"


@dataclass(frozen=True)
class Stored:
    """One copy as it lies in the database."""

    standing: Standing
    entries: int
    updated_at: datetime

    @property
    def agency(self) -> AgencyId:
        """Whose copy it is."""
        return self.standing.home.agency


@dataclass(frozen=True)
class Kept:
    """A document with what it was made from."""

    frozen: Frozen
    origin: Origin


@dataclass(frozen=True)
class Preview:
    """A document without its bytes: what it was made from."""

    sha256: str
    frozen_at: datetime
    origin: Origin


# --- copies ----------------------------------------------------------------------------------------------------


def reach(by: Actor, side: Side) -> ColumnElement[bool]:
    """Return the condition for the copies the actor works with on that side; nothing for who has no such role."""
    if isinstance(by, Patient):
        raise HandoverNotFound
    mine = (HANDOVER.c.agency == by.agency) & (HANDOVER.c.side == side.value)
    if isinstance(by, Machine):
        return mine
    services = by.services(*ROLES.get(side, ()))
    return mine if None in services else mine & HANDOVER.c.service.in_(sorted(filter(None, services)))


def find(
    session: Session,
    handover: HandoverId,
    *,
    side: Side,
    by: Staff | Machine,
    at: ServiceId | None = None,
    lock: bool = False,
) -> Stored:
    """Return one copy: at the service named, else the one furthest on. Raises HandoverNotFound."""
    statement = (
        select(HANDOVER)
        .where(reach(by, side), HANDOVER.c.handover == handover)
        .order_by(HANDOVER.c.round.desc(), HANDOVER.c.number.desc())
        .limit(1)
    )
    if at is not None:
        statement = statement.where(HANDOVER.c.service == at)
    return _one(session, session.execute(statement.with_for_update() if lock else statement).first())


def find_own(
    session: Session, handover: HandoverId, *, persons: Iterable[tuple[AgencyId, PersonId]], lock: bool = False
) -> Stored:
    """Return, for the patient, the sender's copy of their own handover once they were invited to it.

    Raises HandoverNotFound.
    """
    statement = select(HANDOVER).where(
        _about(persons),
        HANDOVER.c.handover == handover,
        HANDOVER.c.side == Side.SENDER.value,
        HANDOVER.c.status != Status.DRAFT.value,
    )
    return _one(session, session.execute(statement.with_for_update() if lock else statement).first())


def persons_of(
    session: Session, by: Staff, handovers: Iterable[HandoverId]
) -> dict[tuple[Side, HandoverId, ServiceId | None], PersonId]:
    """Return whom those copies that the actor may open are about; without a service, the copy furthest on."""
    table = HANDOVER.c
    mine = or_(*(reach(by, side) for side in ROLES))
    statement = (
        select(table.side, table.handover, table.service, table.person)
        .where(table.agency == by.agency, table.handover.in_(list(handovers)), mine)
        .order_by(table.round, table.number)
    )
    return {
        (Side(row.side), HandoverId(row.handover), at): PersonId(row.person)
        for row in session.execute(statement)
        for at in (ServiceId(row.service), None)
    }


def known_to(session: Session, by: Staff, persons: Iterable[PersonId]) -> set[PersonId]:
    """Return those of them about whom the actor may open a handover, on either side."""
    mine = or_(*(reach(by, side) for side in ROLES))
    statement = select(HANDOVER.c.person).where(mine, HANDOVER.c.person.in_(list(persons))).distinct()
    return {PersonId(found) for found in session.scalars(statement)}


def copies_about(session: Session, persons: Iterable[tuple[AgencyId, PersonId]]) -> tuple[Stored, ...]:
    """Return, for the patient, every copy about them that has left its draft, the latest first."""
    statement = (
        select(HANDOVER)
        .where(_about(persons), HANDOVER.c.status != Status.DRAFT.value)
        .order_by(HANDOVER.c.updated_at.desc(), HANDOVER.c.handover, HANDOVER.c.side)
    )
    return tuple(opened(session, row) for row in session.execute(statement))


def approved_about(session: Session, agency: AgencyId, person: PersonId) -> tuple[Stored, ...]:
    """Return, for the machine, the copies about a person that wait here with the patient's yes, locked."""
    statement = (
        select(HANDOVER)
        .where(
            HANDOVER.c.agency == agency,
            HANDOVER.c.person == person,
            HANDOVER.c.side == Side.SENDER.value,
            HANDOVER.c.status == Status.APPROVED.value,
        )
        .order_by(HANDOVER.c.handover)
    )
    return tuple(opened(session, row) for row in session.execute(statement.with_for_update()))


def at_home(
    session: Session, home: Party, side: Side, handover: HandoverId, *, lock: bool = True
) -> Stored | None:
    """Return, for the machine, the copy one service keeps; None when it keeps none."""
    statement = select(HANDOVER).where(*_key(home, side, handover, HANDOVER))
    row = session.execute(statement.with_for_update() if lock else statement).first()
    return None if row is None else opened(session, row)


def taken_back(session: Session, home: Party, sender: AgencyId, handover: HandoverId) -> int:
    """Return up to which round a sender's handover was taken back here (0: not at all), and hold its place.

    Until this transaction ends nobody else decides whether it may come in.
    """
    place = {"agency": home.agency, "service": home.service, "handover": handover, "sender": sender}
    session.execute(insert_into(session, ARRIVAL).values(**place, taken_back=0).on_conflict_do_nothing())
    where = (ARRIVAL.c[name] == value for name, value in place.items())
    return int(session.execute(select(ARRIVAL.c.taken_back).where(*where).with_for_update()).scalar_one())


def take_back(session: Session, home: Party, sender: AgencyId, handover: HandoverId, round_: int) -> None:
    """Remember, for the machine, that nothing of a handover up to that round may come in any more."""
    known = taken_back(session, home, sender, handover)
    where = (
        ARRIVAL.c.agency == home.agency,
        ARRIVAL.c.service == home.service,
        ARRIVAL.c.handover == handover,
        ARRIVAL.c.sender == sender,
    )
    session.execute(update(ARRIVAL).where(*where).values(taken_back=max(known, round_)))


def page(
    session: Session,
    *,
    by: Staff,
    side: Side,
    shelves: Sequence[Shelf],
    service: ServiceId | None = None,
    after: Cursor | None = None,
    limit: int = 50,
) -> tuple[Stored, ...]:
    """Return copies by their latest change, newest first; go on with `after=(updated_at, handover)`.

    Each service and shelf is one range of an index: only as many of each are looked at as may be shown.
    """
    table = HANDOVER.c
    later = () if after is None else (tuple_(table.updated_at, table.handover) < after,)
    latest = (table.updated_at.desc(), table.handover.desc())
    ranges = [
        select(table.service, table.handover)
        .where(*_on_shelf(by.agency, side, at, shelf), *later)
        .order_by(*latest)
        .limit(limit)
        for at in _services(session, by, side, service)
        for shelf in shelves
    ]
    if not ranges:
        return ()
    keys = union_of(ranges)
    same = and_(
        table.agency == by.agency,
        table.side == side.value,
        table.service == keys.c.service,
        table.handover == keys.c.handover,
    )
    statement = select(HANDOVER).join_from(keys, HANDOVER, same).order_by(*latest).limit(limit)
    return tuple(opened(session, row) for row in session.execute(statement))


def search(
    session: Session, *, by: Staff, side: Side, reference: str | None, persons: Sequence[PersonId], limit: int = 50
) -> tuple[Stored, ...]:
    """Return the copies with that reference or about one of those persons, the latest change first."""
    found: list[ColumnElement[bool]] = [HANDOVER.c.person.in_(persons)] if persons else []
    if reference is not None:
        found.append(HANDOVER.c.reference == reference)
    statement = (
        select(HANDOVER)
        .where(reach(by, side), or_(false(), *found))
        .order_by(HANDOVER.c.updated_at.desc(), HANDOVER.c.handover.desc())
        .limit(limit)
    )
    return tuple(opened(session, row) for row in session.execute(statement)) if found else ()


def latest_change(session: Session, by: Staff, side: Side, service: ServiceId) -> datetime | None:
    """Return when a copy at a service last changed: one step in an index for each shelf."""
    found = [
        session.scalar(select(func.max(HANDOVER.c.updated_at)).where(*_on_shelf(by.agency, side, service, shelf)))
        for shelf in Shelf
    ]
    return max(filter(None, found), default=None)


def count_received_after(session: Session, by: Staff, service: ServiceId, at: datetime) -> int:
    """Return how many handovers a service has received after an instant, at most 200.

    What came after it has changed after it, too: only that end of the index is read.
    """
    table = HANDOVER.c
    some = union_all(
        *(
            select(table.handover).where(
                *_on_shelf(by.agency, Side.RECEIVER, service, shelf), table.updated_at > at, table.received_at > at
            )
            for shelf in Shelf
        )
    ).limit(_MOST_NEWS)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def counts(session: Session, *, by: Staff, side: Side) -> dict[Shelf, int]:
    """Return how many copies stand on each shelf of the services where the reader works, at most COUNT_CAP.

    Each service and shelf is one range of an index, of which no more is looked at than is counted.
    """
    found = dict.fromkeys(Shelf, 0)
    services = _services(session, by, side, None)
    for start in range(0, len(services), _MOST_SERVICES):
        some = services[start : start + _MOST_SERVICES]
        ranges = [(shelf, _some_on_shelf(by.agency, side, at, shelf)) for shelf in Shelf for at in some]
        numbers = session.execute(select(*(each for _shelf, each in ranges))).one()
        for (shelf, _each), number in zip(ranges, numbers, strict=True):
            found[shelf] = min(COUNT_CAP, found[shelf] + number)
    return found


def of_work(
    session: Session, by: Staff, side: Side, service: ServiceId, handovers: Sequence[UUID]
) -> tuple[Stored, ...]:
    """Return the copies that a page of a service's work is about."""
    statement = select(HANDOVER).where(
        reach(by, side), HANDOVER.c.service == service, HANDOVER.c.handover.in_(handovers)
    )
    return tuple(opened(session, row) for row in session.execute(statement)) if handovers else ()


def add(session: Session, standing: Standing, *, now: datetime, entries: Sequence[Entry] = ()) -> Stored:
    """Store a new copy with the first lines of its history."""
    stored = Stored(standing, entries=len(entries), updated_at=now)
    values = {
        "agency": standing.home.agency,
        "side": standing.side.value,
        "service": standing.home.service,
        "handover": standing.handover,
        "reference": standing.reference,
    }
    session.execute(insert(HANDOVER).values(**values, **_values(session, stored)))
    _add_history(session, standing, entries, first=1)
    return stored


def save(
    session: Session, stored: Stored, standing: Standing, *, now: datetime, entries: Sequence[Entry] = ()
) -> Stored:
    """Write the copy's new standing, and add lines to its history."""
    after = Stored(standing, stored.entries + len(entries), now)
    where = _key(standing.home, standing.side, standing.handover, HANDOVER)
    session.execute(update(HANDOVER).where(*where).values(**_values(session, after)))
    _add_history(session, standing, entries, first=stored.entries + 1)
    return after


def history(session: Session, standing: Standing) -> tuple[Entry, ...]:
    """Return everything that happened at this copy, in the order it was written there."""
    statement = select(HISTORY.c.line, HISTORY.c.entry).where(*_of(standing, HISTORY)).order_by(HISTORY.c.line)
    return tuple(
        load(Entry, _open(session, standing, "handover_history", "entry", row.entry, row.line))
        for row in session.execute(statement)
    )


def drop_texts(session: Session, standing: Standing) -> None:
    """Empty the words of a copy's history; that things were done, by whom and when, and a take-over stay."""
    for number, entry in enumerate(history(session, standing), 1):
        without = replace(entry, text="", meeting=None, decline=None)
        sealed = _seal(session, standing, "handover_history", "entry", dump(without), number)
        where = (*_of(standing, HISTORY), HISTORY.c.line == number)
        session.execute(update(HISTORY).where(*where).values(entry=sealed))


def works_there(by: Actor, side: Side, service: ServiceId) -> bool:
    """Whether a staff member holds a role on that side at that service."""
    return isinstance(by, Staff) and any(by.has(role, service) for role in ROLES[side])


# --- items -----------------------------------------------------------------------------------------------------


def items(session: Session, standing: Standing) -> tuple[Item, ...]:
    """Return every item of a handover at its origin, also the private and the removed ones, in their order."""
    where = (ITEM.c.agency == standing.home.agency, ITEM.c.handover == standing.handover)
    found = (_item(session, standing, row) for row in session.execute(select(ITEM).where(*where)))
    return tuple(sorted(found, key=lambda item: (item.position, item.id)))


def put_item(session: Session, standing: Standing, item: Item, *, new: bool = False) -> None:
    """Write one item; no other is touched."""
    agency = standing.home.agency
    sealed = provided(session, Vault).seal(
        agency, "handover_item", "item", f"{standing.handover}|{item.id}", dump(item)
    )
    key = {"agency": agency, "handover": standing.handover, "id": item.id}
    if new:
        session.execute(insert(ITEM).values(**key, item=sealed))
        return
    where = (ITEM.c.agency == agency, ITEM.c.handover == standing.handover, ITEM.c.id == item.id)
    session.execute(update(ITEM).where(*where).values(item=sealed))


# --- documents and files ---------------------------------------------------------------------------------------


def add_document(session: Session, standing: Standing, kept: Kept) -> None:
    """Keep a frozen document with this copy; nothing changes when it is there already."""
    frozen = kept.frozen
    if document(session, standing, frozen.sha256) is not None:
        return
    session.execute(
        insert(DOCUMENT).values(
            **_whose(standing),
            sha256=frozen.sha256,
            frozen_at=frozen.frozen_at,
            document=_seal(session, standing, "handover_document", "document", frozen.document, frozen.sha256),
            about=_seal(session, standing, "handover_document", "about", dump(kept.origin), frozen.sha256),
        )
    )


def document(session: Session, standing: Standing, sha256: str) -> Kept | None:
    """Return a document of this copy; None when there is none with that hash, or its bytes have another."""
    statement = select(DOCUMENT).where(*_of(standing, DOCUMENT), DOCUMENT.c.sha256 == sha256)
    row = session.execute(statement).first()
    if row is None:
        return None
    plain = _open(session, standing, "handover_document", "document", row.document, sha256)
    origin = load(Origin, _about_of(session, standing, row.sha256, row.about))
    if hash_of(plain).hexdigest() != sha256:
        return None
    frozen = Frozen(sha256=sha256, document=plain, files=origin.files, frozen_at=row.frozen_at)
    return Kept(frozen, origin)


def previews(session: Session, standing: Standing, round_: int) -> tuple[Preview, ...]:
    """Return what the previews of a round were made from, the oldest first; their bytes stay sealed."""
    columns = (DOCUMENT.c.sha256, DOCUMENT.c.frozen_at, DOCUMENT.c.about)
    statement = select(*columns).where(*_of(standing, DOCUMENT)).order_by(DOCUMENT.c.frozen_at, DOCUMENT.c.sha256)
    found = (
        Preview(row.sha256, row.frozen_at, load(Origin, _about_of(session, standing, row.sha256, row.about)))
        for row in session.execute(statement)
    )
    return tuple(each for each in found if each.origin.round == round_ and each.origin.supplements is None)


def documents(session: Session, standing: Standing) -> tuple[str, ...]:
    """Return the hashes of every document this copy keeps, the oldest first."""
    statement = (
        select(DOCUMENT.c.sha256).where(*_of(standing, DOCUMENT)).order_by(DOCUMENT.c.frozen_at, DOCUMENT.c.sha256)
    )
    return tuple(session.scalars(statement))


def add_file(session: Session, standing: Standing, data: bytes) -> None:
    """Keep a document's bytes with this copy, sealed; nothing changes when it is there already."""
    name = _name_of(session, standing, hash_of(data).digest())
    where = (*_of(standing, FILE), FILE.c.name == name)
    if session.execute(select(FILE.c.name).where(*where)).first() is not None:
        return
    sealed = _seal(session, standing, "handover_file", "data", data, name)
    session.execute(insert(FILE).values(**_whose(standing), name=name, data=sealed))


def file_data(session: Session, standing: Standing, file: File) -> bytes:
    """Return a file's bytes. Raises HandoverNotFound."""
    name = _name_of(session, standing, file.sha256)
    statement = select(FILE.c.data).where(*_of(standing, FILE), FILE.c.name == name)
    sealed = session.scalar(statement)
    if sealed is None:
        raise HandoverNotFound
    return _open(session, standing, "handover_file", "data", sealed, name)


def file_ids(session: Session, standing: Standing) -> Callable[[File], str]:
    """Return what this copy calls its files in an address, 32 hex digits.

    A keyed hash over the copy and the file: it tells nothing of the content, and is another in every other case.
    """
    agency, copy, vault = standing.home.agency, _row_id(standing), provided(session, Vault)
    return lambda file: vault.blind(agency, "handover-file-address", f"{copy}|{file.sha256.hex()}").hex()


def document_ids(session: Session, standing: Standing) -> Callable[[str], str]:
    """Return what this copy calls a document in an address, by its hash; 32 hex digits, as `file_ids`."""
    agency, copy, vault = standing.home.agency, _row_id(standing), provided(session, Vault)
    return lambda sha256: vault.blind(agency, "handover-document-address", f"{copy}|{sha256}").hex()


def drop_contents(session: Session, standing: Standing) -> None:
    """Remove the documents and files of this copy: what a receiver answers a withdrawal with."""
    for table in (FILE, DOCUMENT):
        session.execute(table.delete().where(*_of(standing, table)))


def add_choices(session: Session, standing: Standing, sha256: str, consent: bytes, *, now: datetime) -> None:
    """Keep all choices as they stood at a yes."""
    agency = standing.home.agency
    row_id = f"{standing.handover}|{sha256}"
    session.execute(
        insert(CHOICES).values(
            agency=agency,
            handover=standing.handover,
            sha256=sha256,
            at=now,
            consent=provided(session, Vault).seal(agency, "handover_choices", "consent", row_id, consent),
        )
    )


def choices(session: Session, standing: Standing) -> tuple[bytes, ...]:
    """Return the choices at every yes, the oldest first."""
    agency = standing.home.agency
    statement = (
        select(CHOICES)
        .where(CHOICES.c.agency == agency, CHOICES.c.handover == standing.handover)
        .order_by(CHOICES.c.at)
    )
    vault = provided(session, Vault)
    return tuple(
        vault.open(agency, "handover_choices", "consent", f"{row.handover}|{row.sha256}", row.consent)
        for row in session.execute(statement)
    )


# --- rows and seals --------------------------------------------------------------------------------------------


def opened(session: Session, row: AnyRow) -> Stored:
    """Return a row with its seals opened."""
    row_id = f"{row.side}|{row.service}|{row.handover}"
    plain = provided(session, Vault).open(AgencyId(row.agency), "handover", "standing", row_id, row.standing)
    return Stored(standing=load(Standing, plain), entries=row.entries, updated_at=row.updated_at)


def _services(session: Session, by: Staff, side: Side, only: ServiceId | None) -> tuple[ServiceId, ...]:
    """Return the services where somebody works on that side; for the whole agency those that keep a copy."""
    held = by.services(*ROLES[side])
    if only is not None:
        return (only,) if held & {None, only} else ()
    if None in held:
        return services_with_copies(session, by.agency, side)
    return tuple(sorted(each for each in held if each is not None))


def services_with_copies(session: Session, agency: AgencyId, side: Side) -> tuple[ServiceId, ...]:
    """Return, for the machine, the services that keep a copy."""
    table = HANDOVER.c
    return tuple(each_value(session, table.service, table.agency == agency, table.side == side.value))


def _on_shelf(agency: AgencyId, side: Side, service: ServiceId, shelf: Shelf) -> tuple[ColumnElement[bool], ...]:
    table = HANDOVER.c
    return (
        table.agency == agency,
        table.side == side.value,
        table.service == service,
        table.shelf == shelf.value,
    )


def _some_on_shelf(agency: AgencyId, side: Side, service: ServiceId, shelf: Shelf) -> ScalarSelect[int]:
    where = _on_shelf(agency, side, service, shelf)
    by_index = (
        HANDOVER.c.updated_at,
        HANDOVER.c.handover,
    )  # else PostgreSQL may look for the first ones in the table
    some = select(HANDOVER.c.handover).where(*where).order_by(*by_index).limit(COUNT_CAP)
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


def _one(session: Session, row: AnyRow | None) -> Stored:
    if row is None:
        raise HandoverNotFound
    return opened(session, row)


def _item(session: Session, standing: Standing, row: AnyRow) -> Item:
    row_id = f"{row.handover}|{row.id}"
    plain = provided(session, Vault).open(standing.home.agency, "handover_item", "item", row_id, row.item)
    return load(Item, plain)


def _about(persons: Iterable[tuple[AgencyId, PersonId]]) -> ColumnElement[bool]:
    wanted = [and_(HANDOVER.c.agency == agency, HANDOVER.c.person == person) for agency, person in persons]
    return or_(false(), *wanted)


def _values(session: Session, stored: Stored) -> dict[str, Any]:
    standing = stored.standing
    return {
        "person": standing.person,
        "status": standing.status.value,
        "round": standing.version.round,
        "number": standing.version.number,
        "is_open": next_step(standing) is not None,
        "shelf": shelf_of(standing).value,
        "is_undelivered": standing.undelivered,
        "owner": standing.owner,
        "entries": stored.entries,
        "updated_at": stored.updated_at,
        "received_at": standing.received_at,
        "opened_at": None if standing.opened is None else standing.opened.at,
        "standing": _seal(session, standing, "handover", "standing", dump(standing)),
    }


def _add_history(session: Session, standing: Standing, entries: Sequence[Entry], *, first: int) -> None:
    rows = [
        {
            **_whose(standing),
            "line": line,
            "at": entry.at,
            "act": entry.act.value,
            "status": entry.status.value,
            "entry": _seal(session, standing, "handover_history", "entry", dump(entry), line),
        }
        for line, entry in enumerate(entries, first)
    ]
    if rows:
        session.execute(insert(HISTORY), rows)


def _key(home: Party, side: Side, handover: HandoverId, table: Table) -> tuple[ColumnElement[bool], ...]:
    return (
        table.c.agency == home.agency,
        table.c.side == side.value,
        table.c.service == home.service,
        table.c.handover == handover,
    )


def _of(standing: Standing, table: Table) -> tuple[ColumnElement[bool], ...]:
    return _key(standing.home, standing.side, standing.handover, table)


def _whose(standing: Standing) -> dict[str, Any]:
    return {
        "agency": standing.home.agency,
        "side": standing.side.value,
        "service": standing.home.service,
        "handover": standing.handover,
    }


def _row_id(standing: Standing, *more: object) -> str:
    return "|".join(map(str, (standing.side.value, standing.home.service, standing.handover, *more)))


def _seal(session: Session, standing: Standing, table: str, column: str, plain: bytes, *more: object) -> bytes:
    vault = provided(session, Vault)
    return vault.seal(standing.home.agency, table, column, _row_id(standing, *more), plain)


def _open(session: Session, standing: Standing, table: str, column: str, sealed: bytes, *more: object) -> bytes:
    vault = provided(session, Vault)
    return vault.open(standing.home.agency, table, column, _row_id(standing, *more), sealed)


def _about_of(session: Session, standing: Standing, sha256: str, about: bytes) -> bytes:
    return _open(session, standing, "handover_document", "about", about, sha256)


def _name_of(session: Session, standing: Standing, sha256: bytes) -> str:
    return provided(session, Vault).blind(standing.home.agency, "handover-file", sha256.hex()).hex()
