"""Queries of the log. Core statements: one row per message is written on the exchange's hot path."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Row, Select, and_, bindparam, func, insert, not_, or_, select, tuple_, update
from sqlalchemy.orm import Session

from handover.audit.model import PATIENTS_OWN, Sought
from handover.audit.tables import AuditEntry, AuditHead, AuditPerson
from handover.db import insert_into
from handover.ids import AgencyId, PersonId
from handover.prepared import Prepared

ENTRY = AuditEntry.__table__.c
PERSON = AuditPerson.__table__.c
HEAD = AuditHead.__table__.c
_INSERT_ENTRY = Prepared(insert(AuditEntry.__table__))  # type: ignore[arg-type]
_INSERT_PERSON = insert(AuditPerson.__table__)  # type: ignore[arg-type]
_PLACE = (
    update(AuditEntry.__table__)  # type: ignore[arg-type]
    .where(ENTRY.agency == bindparam("of_agency"), ENTRY.id == bindparam("of_id"))
    .values(place=bindparam("to_place"), chain=bindparam("to_chain"))
)
_PAGE = 500

Values = Mapping[str, object]
AnyRow = Row[*tuple[Any, ...]]
"""A row of a Core query; its columns are named in the query's function."""


def add(session: Session, rows: Sequence[Values]) -> None:
    """Write rows that wait for a place."""
    _INSERT_ENTRY.run(session, rows)


def ensure_head(session: Session, agency: AgencyId, *, chain: bytes, seal: bytes) -> None:
    """Write the head of an empty log where there is none yet."""
    values = {"agency": agency, "place": 0, "chain": chain, "seal": seal}
    session.execute(insert_into(session, AuditHead.__table__).values(values).on_conflict_do_nothing())


def head(session: Session, agency: AgencyId) -> AnyRow | None:
    """Return the head of an agency's log as it is."""
    return session.execute(select(HEAD.place, HEAD.chain, HEAD.seal).where(HEAD.agency == agency)).first()


def take_head(session: Session, agency: AgencyId) -> AnyRow | None:
    """Return the head for moving it on, or None when another sequencer holds it."""
    query = (
        select(HEAD.place, HEAD.chain, HEAD.seal).where(HEAD.agency == agency).with_for_update(skip_locked=True)
    )
    return session.execute(query).first()


def move_head(session: Session, agency: AgencyId, *, place: int, chain: bytes, seal: bytes) -> None:
    """Write how far the log has come."""
    session.execute(
        update(AuditHead).where(HEAD.agency == agency).values(place=place, chain=chain, seal=seal),
        execution_options={"synchronize_session": False},
    )


def waiting(session: Session, agency: AgencyId, *, limit: int) -> Sequence[AnyRow]:
    """Return the oldest rows without a place: id, persons, leaf."""
    query = (
        select(ENTRY.id, ENTRY.persons, ENTRY.leaf)
        .where(ENTRY.agency == agency, ENTRY.place.is_(None))
        .order_by(ENTRY.id)
        .limit(limit)
    )
    return session.execute(query).all()


def waiting_rows(session: Session, agency: AgencyId) -> Sequence[AnyRow]:
    """Return all rows without a place, whole."""
    return session.execute(_whole().where(ENTRY.agency == agency, ENTRY.place.is_(None)).order_by(ENTRY.id)).all()


def count_waiting(session: Session, agency: AgencyId) -> int:
    """Return how many rows wait for a place."""
    query = select(func.count()).where(ENTRY.agency == agency, ENTRY.place.is_(None))
    return session.execute(query).scalar_one()


def give_places(session: Session, rows: Sequence[Values]) -> None:
    """Write places: of_agency, of_id, to_place, to_chain."""
    session.connection().execute(_PLACE, list(rows))


def person_tails(
    session: Session, agency: AgencyId, persons: Sequence[PersonId]
) -> dict[PersonId, tuple[int, bytes]]:
    """Return the last number and chain hash of each person's own log."""
    found: dict[PersonId, tuple[int, bytes]] = {}
    for start in range(0, len(persons), _PAGE):
        some = persons[start : start + _PAGE]
        last = (
            select(PERSON.person, func.max(PERSON.patient_seq))
            .where(PERSON.agency == agency, PERSON.person.in_(some))
            .group_by(PERSON.person)
        )
        tails = [(row[0], row[1]) for row in session.execute(last)]
        for person, seq, chain in _links(session, agency, tails):
            found[PersonId(person)] = (seq, chain)
    return found


def _links(session: Session, agency: AgencyId, tails: list[tuple[UUID, int]]) -> Sequence[AnyRow]:
    if not tails:
        return []
    query = select(PERSON.person, PERSON.patient_seq, PERSON.chain).where(
        PERSON.agency == agency,
        tuple_(PERSON.person, PERSON.patient_seq, types=[PERSON.person.type, PERSON.patient_seq.type]).in_(tails),
    )
    return session.execute(query).all()


def link_persons(session: Session, rows: Sequence[Values]) -> None:
    """Write entries into the persons' own logs."""
    session.connection().execute(_INSERT_PERSON, list(rows))


def about(
    session: Session, agency: AgencyId, person: PersonId, *, limit: int, before: int | None
) -> Sequence[AnyRow]:
    """Return a person's placed rows, newest first, each with its number in their log."""
    query = (
        _whole(PERSON.patient_seq)
        .join(AuditEntry.__table__, and_(ENTRY.agency == PERSON.agency, ENTRY.id == PERSON.entry))
        .where(PERSON.agency == agency, PERSON.person == person)
        .order_by(PERSON.patient_seq.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(PERSON.patient_seq < before)
    return session.execute(query).all()


def about_case(
    session: Session, agency: AgencyId, person: PersonId, subject: str, events: Iterable[str]
) -> Sequence[AnyRow]:
    """Return all of a person's placed rows about one case, of those events, newest first."""
    query = (
        _whole(PERSON.patient_seq)
        .join(AuditEntry.__table__, and_(ENTRY.agency == PERSON.agency, ENTRY.id == PERSON.entry))
        .where(PERSON.agency == agency, PERSON.person == person)
        .where(ENTRY.subject == subject, ENTRY.event.in_(sorted(events)))
        .order_by(PERSON.patient_seq.desc())
    )
    return session.execute(query).all()


def one(session: Session, agency: AgencyId, entry: UUID) -> AnyRow | None:
    """Return one row, whole."""
    return session.execute(_whole().where(ENTRY.agency == agency, ENTRY.id == entry)).first()


def sought(
    session: Session, agency: AgencyId, wanted: Sought, *, before: UUID | None, limit: int
) -> Sequence[AnyRow]:
    """Return the agency's rows that are looked for, newest first, before an entry: one range of an index.

    A person's rows are found by the person's own log, so those that wait for a place are not among them. What
    patients do alone with what is theirs to choose is not among them either (`PATIENTS_OWN`; no staff did it).
    """
    by_patient = and_(ENTRY.staff.is_(None), ENTRY.event.in_(sorted(PATIENTS_OWN)))
    query = _whole().where(ENTRY.agency == agency, not_(by_patient))
    if wanted.person is not None:
        of_person = and_(PERSON.agency == ENTRY.agency, PERSON.entry == ENTRY.id)
        query = query.join(AuditPerson.__table__, of_person).where(PERSON.person == wanted.person)
    for column, value in ((ENTRY.staff, wanted.staff), (ENTRY.event, wanted.event)):
        if value is not None:
            query = query.where(column == value)
    if wanted.first is not None:
        query = query.where(ENTRY.id >= wanted.first)
    for end in (before, wanted.end):
        if end is not None:
            query = query.where(ENTRY.id < end)
    return session.execute(query.order_by(ENTRY.id.desc()).limit(limit)).all()


def placed(session: Session, agency: AgencyId) -> Iterator[AnyRow]:
    """Yield every placed row in order, a page at a time."""
    last = 0
    while True:
        query = _whole().where(ENTRY.agency == agency, ENTRY.place > last).order_by(ENTRY.place).limit(_PAGE)
        rows = session.execute(query).all()
        yield from rows
        if len(rows) < _PAGE:
            return
        last = cast(int, rows[-1].place)


def person_links(session: Session, agency: AgencyId) -> Iterator[AnyRow]:
    """Yield every person's own log in order, each row with the leaf of its entry (None where that is gone)."""
    last: tuple[UUID, int] | None = None
    while True:
        query = (
            select(PERSON.person, PERSON.patient_seq, PERSON.chain, ENTRY.leaf)
            .outerjoin(AuditEntry.__table__, and_(ENTRY.agency == PERSON.agency, ENTRY.id == PERSON.entry))
            .where(PERSON.agency == agency)
            .order_by(PERSON.person, PERSON.patient_seq)
            .limit(_PAGE)
        )
        if last is not None:
            person, seq = last
            query = query.where(
                or_(PERSON.person > person, and_(PERSON.person == person, PERSON.patient_seq > seq))
            )
        rows = session.execute(query).all()
        yield from rows
        if len(rows) < _PAGE:
            return
        last = (rows[-1].person, rows[-1].patient_seq)


def _whole(*more: Any) -> Select[*tuple[Any, ...]]:
    return select(
        ENTRY.agency,
        ENTRY.id,
        ENTRY.at,
        ENTRY.event,
        ENTRY.outcome,
        ENTRY.staff,
        ENTRY.persons,
        ENTRY.subject,
        ENTRY.salt,
        ENTRY.sealed,
        ENTRY.leaf,
        ENTRY.place,
        ENTRY.chain,
        *more,
    )
