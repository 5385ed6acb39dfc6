"""Queries of the post office: Core statements, for the hot path. Each names the agency that asks."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Row, Table, and_, bindparam, exists, func, or_, select, update
from sqlalchemy.orm import Session

from handover.db import insert_into
from handover.exchange import tables as t
from handover.ids import AgencyId, MessageId
from handover.prepared import Prepared

OUTGOING: Final = cast(Table, t.OutgoingRow.__table__)
CONTENT: Final = cast(Table, t.OutgoingContent.__table__)
HISTORY: Final = cast(Table, t.DeliveryChange.__table__)
DESTINATION: Final = cast(Table, t.Destination.__table__)
INCOMING: Final = cast(Table, t.IncomingRow.__table__)
REPLY: Final = cast(Table, t.ReplyRow.__table__)

Values = Mapping[str, object]
AnyRow = Row[*tuple[Any, ...]]
CHANNEL: Final = "handover_exchange"
"""PostgreSQL's NOTIFY channel that wakes the workers."""

_SETTLED: Final = (
    "state",
    "is_open",
    "due_at",
    "late_at",
    "expires_at",
    "changes",
    "sent_at",
    "delivered_at",
    "ended_at",
    "fault_side",
    "fault_code",
    "problems",
    "acknowledgement",
)
_NOTIFY = Prepared(select(func.pg_notify(CHANNEL, bindparam("by")).label("told")))
_INSERT_OUTGOING = Prepared(OUTGOING.insert())
_INSERT_CONTENT = Prepared(CONTENT.insert())
_INSERT_HISTORY = Prepared(HISTORY.insert())
_INSERT_INCOMING = Prepared(INCOMING.insert())
_DESTINATION = Prepared(
    select(DESTINATION).where(
        DESTINATION.c.agency == bindparam("agency"), DESTINATION.c.receiver == bindparam("receiver")
    )
)
_DUE_WAYS = Prepared(
    select(DESTINATION.c.receiver).where(
        DESTINATION.c.agency == bindparam("agency"),
        DESTINATION.c.paused_at.is_(None),
        or_(DESTINATION.c.rest_until.is_(None), DESTINATION.c.rest_until <= bindparam("now")),
        exists().where(
            OUTGOING.c.agency == DESTINATION.c.agency,
            OUTGOING.c.receiver == DESTINATION.c.receiver,
            OUTGOING.c.is_open,
            OUTGOING.c.due_at <= bindparam("now"),
        ),
    )
)
_SETTLE = Prepared(
    update(OUTGOING)
    .where(OUTGOING.c.agency == bindparam("of_agency"), OUTGOING.c.message == bindparam("of_message"))
    .values({name: bindparam(f"to_{name}") for name in _SETTLED})
)
_TAKE = Prepared(
    select(OUTGOING, CONTENT.c.jws, CONTENT.c.valid_until)
    .join_from(
        OUTGOING,
        CONTENT,
        and_(OUTGOING.c.agency == CONTENT.c.agency, OUTGOING.c.message == CONTENT.c.message),
    )
    .where(
        OUTGOING.c.agency == bindparam("agency"),
        OUTGOING.c.receiver == bindparam("receiver"),
        OUTGOING.c.is_open,
        OUTGOING.c.due_at <= bindparam("now"),
    )
    .order_by(OUTGOING.c.due_at)
    .limit(bindparam("most"))
    .with_for_update(of=OUTGOING, skip_locked=True)
)


@cache
def _locked(count: int) -> Prepared:
    """Return the select of that many messages; one spelling for each number of them."""
    return Prepared(
        select(OUTGOING)
        .where(OUTGOING.c.agency == bindparam("agency"), OUTGOING.c.message.in_(_places(count)))
        .order_by(OUTGOING.c.message)
        .with_for_update()
    )


@cache
def _leased(count: int) -> Prepared:
    return Prepared(
        update(OUTGOING)
        .where(OUTGOING.c.agency == bindparam("of_agency"), OUTGOING.c.message.in_(_places(count)))
        .values(due_at=bindparam("until"), attempts=OUTGOING.c.attempts + 1)
    )


@cache
def _known(count: int) -> Prepared:
    return Prepared(
        select(INCOMING.c.message, INCOMING.c.sha256, INCOMING.c.outcome, INCOMING.c.acknowledgement).where(
            INCOMING.c.agency == bindparam("agency"),
            INCOMING.c.sender == bindparam("sender"),
            INCOMING.c.message.in_(_places(count)),
        )
    )


def _places(count: int) -> list[Any]:
    return [bindparam(f"message{number}", type_=OUTGOING.c.message.type) for number in range(count)]


def _in_places(those: Sequence[MessageId]) -> dict[str, object]:
    return {f"message{number}": message for number, message in enumerate(those)}


def is_postgresql(session: Session) -> bool:
    """Whether this node's database is PostgreSQL (the other one is SQLite)."""
    return session.get_bind().dialect.name == "postgresql"


def notify(session: Session, by: str) -> None:
    """Wake every waiting worker when this transaction commits; SQLite's workers look for themselves."""
    if is_postgresql(session):
        _NOTIFY.run(session, [{"by": by}])


def add_outgoing(
    session: Session, rows: Sequence[Values], contents: Sequence[Values], history: Sequence[Values]
) -> None:
    """Promise messages. Raises IntegrityError when an id was used before."""
    _INSERT_OUTGOING.run(session, rows)
    _INSERT_CONTENT.run(session, contents)
    _INSERT_HISTORY.run(session, history)


def ensure_destination(session: Session, agency: AgencyId, receiver: AgencyId) -> None:
    """Make sure that the workers know the way exists."""
    values = {"agency": agency, "receiver": receiver, "failures": 0, "told": False}
    session.connection().execute(insert_into(session, DESTINATION).values(values).on_conflict_do_nothing())


def destinations(session: Session, agencies: Iterable[AgencyId]) -> Sequence[AnyRow]:
    """Return every way out of these agencies, as it is."""
    query = select(DESTINATION).where(DESTINATION.c.agency.in_(list(agencies))).order_by(DESTINATION.c.receiver)
    return session.connection().execute(query).all()


def destination(session: Session, agency: AgencyId, receiver: AgencyId) -> AnyRow | None:
    """Return one way out, or None where no message ever went."""
    return next(iter(_DESTINATION.all(session, {"agency": agency, "receiver": receiver})), None)


def change_destination(session: Session, agency: AgencyId, receiver: AgencyId, **values: object) -> None:
    """Write what has changed about one way out."""
    statement = update(DESTINATION).where(DESTINATION.c.agency == agency, DESTINATION.c.receiver == receiver)
    session.connection().execute(statement.values(**values))


def due_ways(session: Session, agency: AgencyId, *, now: datetime) -> list[AgencyId]:
    """Return the receivers of an agency's open ways on which something is due; one step in the index for each."""
    return [AgencyId(row.receiver) for row in _DUE_WAYS.all(session, {"agency": agency, "now": now})]


def due(session: Session, agency: AgencyId, receiver: AgencyId, *, now: datetime, most: int) -> Sequence[AnyRow]:
    """Return due messages with their sealed content, locked until the transaction ends; skips locked ones."""
    values = {"agency": agency, "receiver": receiver, "now": now, "most": most}
    return _TAKE.all(session, values)


def lease(session: Session, agency: AgencyId, those: Sequence[MessageId], *, until: datetime) -> None:
    """Keep messages from other workers until then, and count the attempt."""
    _leased(len(those)).run(session, [{"of_agency": agency, "until": until, **_in_places(those)}])


def locked(session: Session, agency: AgencyId, those: Sequence[MessageId]) -> dict[MessageId, AnyRow]:
    """Return an agency's outgoing messages by id, locked in the order of their ids."""
    if not those:
        return {}
    rows = _locked(len(those)).all(session, {"agency": agency, **_in_places(those)})
    return {MessageId(row.message): row for row in rows}


def settle(session: Session, rows: Sequence[Values], history: Sequence[Values]) -> None:
    """Write the new state of messages (`of_agency`, `of_message`, `to_...`) and their history."""
    if rows:
        _SETTLE.run(session, rows)
    if history:
        _INSERT_HISTORY.run(session, history)


def settled_values(row: AnyRow) -> dict[str, object]:
    """Return what `settle` would write to leave a row as it is."""
    return {name: getattr(row, name) for name in _SETTLED}


def outgoing(session: Session, agency: AgencyId, message: MessageId) -> AnyRow | None:
    """Return one message an agency posted, or None."""
    query = select(OUTGOING).where(OUTGOING.c.agency == agency, OUTGOING.c.message == message)
    return session.connection().execute(query).first()


def content(session: Session, agency: AgencyId, message: MessageId) -> AnyRow | None:
    """Return the sealed signed bytes of one message an agency posted."""
    query = select(CONTENT).where(CONTENT.c.agency == agency, CONTENT.c.message == message)
    return session.connection().execute(query).first()


def drop_content(session: Session, agency: AgencyId, message: MessageId) -> None:
    """Destroy the signed bytes of one message an agency posted."""
    session.connection().execute(CONTENT.delete().where(CONTENT.c.agency == agency, CONTENT.c.message == message))


def history(session: Session, agency: AgencyId, message: MessageId) -> Sequence[AnyRow]:
    """Return the history of one delivery, oldest first."""
    query = (
        select(HISTORY).where(HISTORY.c.agency == agency, HISTORY.c.message == message).order_by(HISTORY.c.number)
    )
    return session.connection().execute(query).all()


def change_outgoing(session: Session, agency: AgencyId, message: MessageId, **values: object) -> None:
    """Write an operator's act on one message."""
    statement = update(OUTGOING).where(OUTGOING.c.agency == agency, OUTGOING.c.message == message)
    session.connection().execute(statement.values(**values))


def open_outgoing(session: Session, agency: AgencyId, *, most: int) -> Sequence[AnyRow]:
    """Return what waits at an agency, oldest first, held ones too."""
    query = (
        select(OUTGOING)
        .where(OUTGOING.c.agency == agency, OUTGOING.c.state.in_(("queued", "sent", "delivered")))
        .order_by(OUTGOING.c.queued_at)
        .limit(most)
    )
    return session.connection().execute(query).all()


def in_state(session: Session, agency: AgencyId, state: str, *, most: int) -> Sequence[AnyRow]:
    """Return an agency's messages in one state, newest first."""
    query = (
        select(OUTGOING)
        .where(OUTGOING.c.agency == agency, OUTGOING.c.state == state)
        .order_by(OUTGOING.c.queued_at.desc())
        .limit(most)
    )
    return session.connection().execute(query).all()


def expired(session: Session, agency: AgencyId, *, now: datetime, most: int) -> Sequence[MessageId]:
    """Return what has waited too long (held ones too: nothing ends in silence)."""
    query = (
        select(OUTGOING.c.message)
        .where(OUTGOING.c.agency == agency, OUTGOING.c.expires_at <= now)
        .order_by(OUTGOING.c.expires_at)
        .limit(most)
    )
    return [MessageId(message) for message in session.connection().execute(query).scalars()]


def late(session: Session, agency: AgencyId, *, now: datetime, most: int) -> Sequence[MessageId]:
    """Return open messages of which the sender has not yet been told that they are late."""
    query = (
        select(OUTGOING.c.message)
        .where(OUTGOING.c.agency == agency, OUTGOING.c.late_at <= now)
        .order_by(OUTGOING.c.late_at)
        .limit(most)
    )
    return [MessageId(message) for message in session.connection().execute(query).scalars()]


def oldest_open(session: Session, agency: AgencyId) -> datetime | None:
    """Return when the oldest message that still waits was posted."""
    query = select(func.min(OUTGOING.c.queued_at)).where(
        OUTGOING.c.agency == agency, OUTGOING.c.state.in_(("queued", "sent", "delivered"))
    )
    return session.connection().execute(query).scalar_one_or_none()


def known(
    session: Session, agency: AgencyId, sender: AgencyId, those: Sequence[MessageId]
) -> dict[MessageId, AnyRow]:
    """Return what an agency already has from a sender, by message id: digest, outcome and stored answer."""
    rows = _known(len(those)).all(session, {"agency": agency, "sender": sender, **_in_places(those)})
    return {MessageId(row.message): row for row in rows}


def add_incoming(session: Session, rows: Sequence[Values]) -> None:
    """Store what was taken in or refused. Raises IntegrityError when another request was first."""
    _INSERT_INCOMING.run(session, rows)


def incoming(session: Session, agency: AgencyId, sender: AgencyId, message: MessageId) -> AnyRow | None:
    """Return one message an agency received, or None."""
    query = select(INCOMING).where(
        INCOMING.c.agency == agency, INCOMING.c.sender == sender, INCOMING.c.message == message
    )
    return session.connection().execute(query).first()


def is_any_pending(session: Session, agency: AgencyId, *, now: datetime) -> bool:
    """Whether a received message waits to be processed by now; nothing is locked."""
    query = select(INCOMING.c.message).where(
        INCOMING.c.agency == agency, INCOMING.c.is_pending, INCOMING.c.due_at <= now
    )
    return session.connection().execute(query.limit(1)).first() is not None


def pending(session: Session, agency: AgencyId, *, now: datetime, most: int) -> Sequence[AnyRow]:
    """Return received messages that wait to be processed, locked; skips locked ones."""
    query = (
        select(INCOMING)
        .where(INCOMING.c.agency == agency, INCOMING.c.is_pending, INCOMING.c.due_at <= now)
        .order_by(INCOMING.c.due_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return session.connection().execute(query).all()


def count_held(session: Session, agency: AgencyId, *, fault: str, outcome: str) -> tuple[int, int]:
    """Return how many open messages last met that fault, and how many that came wait with that outcome."""
    leaving = select(func.count()).where(
        OUTGOING.c.agency == agency,
        OUTGOING.c.state.in_(("queued", "sent", "delivered")),
        OUTGOING.c.fault_code == fault,
    )
    came = select(func.count()).where(
        INCOMING.c.agency == agency, INCOMING.c.is_pending, INCOMING.c.outcome == outcome
    )
    connection = session.connection()
    return connection.execute(leaving).scalar_one(), connection.execute(came).scalar_one()


def change_incoming(session: Session, agency: AgencyId, sender: AgencyId, message: UUID, **values: object) -> None:
    """Write how far a pending message has come."""
    statement = update(INCOMING).where(
        INCOMING.c.agency == agency, INCOMING.c.sender == sender, INCOMING.c.message == message
    )
    session.connection().execute(statement.values(**values))


def add_reply(session: Session, values: Values) -> None:
    """Promise an acknowledgement of its own; a second promise of the same one changes nothing."""
    session.connection().execute(insert_into(session, REPLY).values(dict(values)).on_conflict_do_nothing())


def is_any_reply_due(session: Session, agency: AgencyId, *, now: datetime) -> bool:
    """Whether an acknowledgement is due to go; nothing is locked."""
    query = select(REPLY.c.message).where(REPLY.c.agency == agency, REPLY.c.is_open, REPLY.c.due_at <= now)
    return session.connection().execute(query.limit(1)).first() is not None


def due_replies(session: Session, agency: AgencyId, *, now: datetime, most: int) -> Sequence[AnyRow]:
    """Return acknowledgements that are due to go, locked; skips locked ones."""
    query = (
        select(REPLY)
        .where(REPLY.c.agency == agency, REPLY.c.is_open, REPLY.c.due_at <= now)
        .order_by(REPLY.c.peer, REPLY.c.due_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return session.connection().execute(query).all()


def change_reply(session: Session, agency: AgencyId, peer: AgencyId, message: UUID, **values: object) -> None:
    """Write how far an acknowledgement has come."""
    statement = update(REPLY).where(REPLY.c.agency == agency, REPLY.c.peer == peer, REPLY.c.message == message)
    session.connection().execute(statement.values(**values))
