"""Write the log, order it, prove it whole, and read it back.

`record` writes in the caller's transaction: salt, leaf hash, sealed entry. `sequence`, run by the worker, then
gives rows their place in the agency's chain and in each patient's own; recorders wait neither for it nor for
each other.
"""

import secrets
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.orm import Session

from handover.actors import Actor, Staff
from handover.audit import model, store
from handover.audit.model import Detail, Entry, EntryId, Event, Outcome, Record, Sought, Verification
from handover.audit.store import AnyRow
from handover.audit.verification import COLUMN, TABLE, Walk
from handover.db import Database, provided
from handover.errors import Conflict, NotFound
from handover.ids import AgencyId, PersonId, ServiceId, new_uuid
from handover.keys.vault import Vault

BATCH: Final = 500


class LogBroken(Conflict):
    """The head of the log was changed by something other than the sequencer; no further row gets a place."""

    code = "audit.head-changed"


def record(  # noqa: PLR0913 - one keyword for each thing a log row says (STYLE habit 7)
    session: Session,
    *,
    event: Event,
    actor: Actor,
    agency: AgencyId,
    now: datetime,
    persons: Sequence[PersonId] = (),
    subject: object = None,
    service: ServiceId | None = None,
    detail: Detail | None = None,
) -> EntryId:
    """Log one event in the caller's transaction. `subject` is an id; it is stored as text."""
    return record_many(
        session,
        [
            Record(
                event=event,
                agency=agency,
                at=now,
                actor=actor,
                persons=tuple(dict.fromkeys(persons)),
                subject=None if subject is None else str(subject),
                service=service,
                detail=detail or {},
            )
        ],
    )[0]


def record_many(session: Session, records: Iterable[Record]) -> list[EntryId]:
    """Log several events in the caller's transaction, with one statement. Returns their ids in order."""
    vault = provided(session, Vault)
    rows = [_row(vault, each) for each in records]
    if rows:
        store.add(session, rows)
    return [row["id"] for row in rows]


def record_refusal(  # noqa: PLR0913 - as `record`
    db: Database,
    *,
    event: Event,
    actor: Actor | None,
    agency: AgencyId,
    code: str,
    now: datetime,
    persons: Sequence[PersonId] = (),
    subject: object = None,
    service: ServiceId | None = None,
) -> EntryId:
    """Log what was attempted and refused, in a transaction of its own; call it when the refused one is over.

    `event` names what was attempted (ACCESS_REFUSED where that is not known), `code` is the error's stable code.
    """
    refusal = Record(
        event=event,
        agency=agency,
        at=now,
        actor=actor,
        persons=tuple(dict.fromkeys(persons)),
        subject=None if subject is None else str(subject),
        service=service,
        detail={"code": code},
        outcome=Outcome.REFUSED,
    )
    with db.transaction() as session:
        return record_many(session, [refusal])[0]


def entries_about(
    session: Session, agency: AgencyId, person: PersonId, *, limit: int = 100, before: int | None = None
) -> tuple[Entry, ...]:
    """Return what this agency logged about a person, newest first; `before` a `patient_seq` goes further back."""
    vault = provided(session, Vault)
    fresh = []
    if before is None:
        rows = store.waiting_rows(session, agency)
        fresh = [_entry(vault, row, None) for row in reversed(rows) if person in model.unpack(row.persons)]
    older = store.about(session, agency, person, limit=limit, before=before)
    return (*fresh, *(_entry(vault, row, row.patient_seq) for row in older))[:limit]


def entries_of_case(
    session: Session, agency: AgencyId, person: PersonId, subject: UUID, events: Collection[Event]
) -> tuple[Entry, ...]:
    """Return everything of those events that this agency logged about a person's one case, newest first."""
    vault = provided(session, Vault)
    fresh = [
        _entry(vault, row, None)
        for row in reversed(store.waiting_rows(session, agency))
        if row.subject == str(subject) and row.event in events and person in model.unpack(row.persons)
    ]
    older = store.about_case(session, agency, person, str(subject), events)
    return (*fresh, *(_entry(vault, row, row.patient_seq) for row in older))


def entry(session: Session, agency: AgencyId, wanted: EntryId) -> Entry:
    """Return one entry of an agency's log. Raises NotFound('audit.no-entry')."""
    row = store.one(session, agency, wanted)
    if row is None:
        raise NotFound("audit.no-entry")
    return _entry(provided(session, Vault), row, None)


def entries(
    session: Session, agency: AgencyId, wanted: Sought, *, before: EntryId | None = None, limit: int = 50
) -> tuple[Entry, ...]:
    """Return the entries that are looked for, newest first; `before` the last one shown goes further back.

    Who reads them logs that, in the same transaction. What was written a second ago may still be missing from a
    person's.
    """
    vault = provided(session, Vault)
    rows = store.sought(session, agency, wanted, before=before, limit=limit)
    return tuple(_entry(vault, row, None) for row in rows)


def sequence(db: Database, agency: AgencyId, *, batch: int = BATCH) -> int:
    """Give rows that wait their place, a batch in each transaction; returns how many.

    Safe to kill at any instant and to run in several processes: whoever holds the head goes on, the others return.
    """
    with db.reading() as session:
        if not store.waiting(session, agency, limit=1):
            return 0
    total = 0
    while True:
        with db.transaction(durable=False) as session:  # after a power cut the same rows get places again
            count = _sequence_batch(session, agency, batch)
        total += count
        if count < batch:
            return total


def count_waiting(session: Session, agency: AgencyId) -> int:
    """Return how many rows wait for their place: a few, unless the sequencer stands still."""
    return store.count_waiting(session, agency)


def count_placed(session: Session, agency: AgencyId) -> int:
    """Return how long an agency's log is."""
    return _head(session, agency)[0]


def verify(session: Session, agency: AgencyId) -> Verification:
    """Look through a whole log. Every changed, removed, added or reordered row is a finding."""
    vault = provided(session, Vault)
    walk = Walk(vault, agency)
    for row in store.placed(session, agency):
        walk.step(row)
    waiting = store.waiting_rows(session, agency)
    for row in waiting:
        walk.check_content(row)
    place, chain, seal_holds = _head(session, agency)
    walk.check_head(place, chain, seal_holds=seal_holds)
    walk.check_persons(store.person_links(session, agency))
    return Verification(
        agency=agency, rows=walk.rows, waiting=len(waiting), head=walk.chain, findings=tuple(walk.findings)
    )


def _row(vault: Vault, wanted: Record) -> dict[str, Any]:
    id_ = model.entry_id(wanted.at, new_uuid())
    entry = model.canonical(wanted, id_)
    salt = secrets.token_bytes(model.SALT_BYTES)
    return {
        "agency": wanted.agency,
        "id": id_,
        "at": wanted.at,
        "event": wanted.event.value,
        "outcome": wanted.outcome.value,
        "staff": wanted.actor.id if isinstance(wanted.actor, Staff) else None,
        "persons": model.pack(wanted.persons),
        "subject": wanted.subject,
        "salt": salt,
        "sealed": vault.seal(wanted.agency, TABLE, COLUMN, id_.hex, entry),
        "leaf": model.leaf(salt, entry),
        "place": None,
        "chain": None,
    }


def _sequence_batch(session: Session, agency: AgencyId, batch: int) -> int:
    rows = store.waiting(session, agency, limit=batch)
    if not rows:
        return 0
    start = model.genesis(agency)
    store.ensure_head(session, agency, chain=start, seal=_head_seal(provided(session, Vault), agency, 0, start))
    head = store.take_head(session, agency)
    if head is None:
        return 0
    if head.seal != _head_seal(provided(session, Vault), agency, head.place, head.chain):
        raise LogBroken(agency=agency)
    rows = store.waiting(session, agency, limit=batch)  # again, now that nobody else may place them
    place, chain = _place(session, agency, rows, place=head.place, chain=head.chain)
    _link_persons(session, agency, rows)
    seal = _head_seal(provided(session, Vault), agency, place, chain)
    store.move_head(session, agency, place=place, chain=chain, seal=seal)
    return len(rows)


def _place(
    session: Session, agency: AgencyId, rows: Sequence[AnyRow], *, place: int, chain: bytes
) -> tuple[int, bytes]:
    places = []
    for row in rows:
        place, chain = place + 1, model.link(chain, row.leaf)
        places.append({"of_agency": agency, "of_id": row.id, "to_place": place, "to_chain": chain})
    if places:
        store.give_places(session, places)
    return place, chain


def _link_persons(session: Session, agency: AgencyId, rows: Sequence[AnyRow]) -> None:
    named = {person for row in rows for person in model.unpack(row.persons)}
    tails = store.person_tails(session, agency, sorted(named))
    links = []
    for row in rows:
        for person in model.unpack(row.persons):
            seq, chain = tails.get(person) or (0, model.person_genesis(agency, person))
            seq, chain = tails[person] = seq + 1, model.person_link(chain, row.leaf)
            links.append({"agency": agency, "person": person, "patient_seq": seq, "entry": row.id, "chain": chain})
    if links:
        store.link_persons(session, links)


def _head(session: Session, agency: AgencyId) -> tuple[int, bytes, bool]:
    head = store.head(session, agency)
    if head is None:
        return 0, model.genesis(agency), True
    return (
        head.place,
        head.chain,
        head.seal == _head_seal(provided(session, Vault), agency, head.place, head.chain),
    )


def _head_seal(vault: Vault, agency: AgencyId, place: int, chain: bytes) -> bytes:
    return vault.blind(agency, "audit-head", f"{place}|{chain.hex()}")


def _entry(vault: Vault, row: AnyRow, patient_seq: int | None) -> Entry:
    said = orjson.loads(vault.open(AgencyId(row.agency), TABLE, COLUMN, row.id.hex, row.sealed))
    return Entry(
        id=EntryId(row.id),
        agency=AgencyId(row.agency),
        at=row.at,
        event=Event(row.event),
        outcome=Outcome(row.outcome),
        who=model.who(said["who"]),
        persons=model.unpack(row.persons),
        subject=row.subject,
        service=None if said["service"] is None else ServiceId(said["service"]),
        detail=said["detail"],
        place=row.place,
        patient_seq=patient_seq,
    )
