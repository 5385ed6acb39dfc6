"""Writes what became of outgoing messages: state, history, log, the product's part, alarms; many at once."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from handover.actors import Machine
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.audit.model import Record
from handover.db import provided
from handover.exchange import blob_store, store
from handover.exchange.lifecycle import OPEN, Fact, MoveNotAllowed, State, path_to
from handover.exchange.model import Alarm, AlarmKind, DeliveryFact, Event, Fault, Side
from handover.exchange.wiring import Products, UnknownEvent
from handover.fhir.problem import Problem
from handover.ids import AgencyId, MessageId
from handover.prepared import in_one_go

_LOGGED: Final = {
    State.SENT: Logged.DELIVERY_SENT,
    State.DELIVERED: Logged.DELIVERY_DELIVERED,
    State.ACKNOWLEDGED: Logged.DELIVERY_ACKNOWLEDGED,
    State.REFUSED: Logged.DELIVERY_REFUSED,
    State.EXPIRED: Logged.DELIVERY_EXPIRED,
    State.CANCELLED: Logged.DELIVERY_CANCELLED,
    State.STOPPED: Logged.DELIVERY_CANCELLED,
    State.QUEUED: Logged.OPERATOR_RETRY,
}
_FOR_GOOD: Final = frozenset({State.ACKNOWLEDGED, State.REFUSED, State.CANCELLED, State.STOPPED})
"""States after which nothing is sent again; an expired message may be retried, and needs its blobs."""
_ALARMS: Final = {
    State.REFUSED: AlarmKind.REFUSED,
    State.EXPIRED: AlarmKind.EXPIRED,
    State.STOPPED: AlarmKind.STOPPED,
}


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """What became of one message: a fact that may move its state, or only a fault and the next attempt."""

    message: MessageId
    fact: Fact | None = None
    why: str = ""
    by: str = "exchange"
    at: datetime | None = None
    """When it left, for facts of an attempt."""
    due_at: datetime | None = None
    fault: Fault | None = None
    problems: tuple[Problem, ...] = ()
    acknowledgement: bytes | None = None
    answered_at: datetime | None = None
    """When the receiver signed its acknowledgement, by its own clock."""


@dataclass(frozen=True)
class _Outcome:
    row: store.AnyRow
    settlement: Settlement
    states: tuple[State, ...]


def settle(session: Session, agency: AgencyId, settlements: Sequence[Settlement], *, now: datetime) -> None:
    """Write facts about an agency's own messages. What is already so, stays so; a flipped answer only alarms."""
    by_id = {each.message: each for each in settlements}
    rows = store.locked(session, agency, sorted(by_id))
    outcomes = [_weighed(session, row, by_id[message], now) for message, row in rows.items()]
    write = [outcome for outcome in outcomes if outcome is not None]
    moved = [outcome for outcome in write if outcome.states]
    with in_one_go(session):
        store.settle(session, [_values(outcome, now) for outcome in write], list(_history(write, now)))
        audit.record_many(session, [_logged(outcome, now) for outcome in moved])
    for outcome in moved:
        if outcome.row.blobs and outcome.states[-1] in _FOR_GOOD:
            blob_store.drop_outgoing(session, agency, MessageId(outcome.row.message))
        _tell(session, outcome, now)


def tell_late(session: Session, agency: AgencyId, those: Sequence[MessageId], *, now: datetime) -> None:
    """Tell, once, that messages have no acknowledgement in time."""
    products = provided(session, Products)
    for message, row in store.locked(session, agency, sorted(those)).items():
        if row.late_at is None or row.late_at > now:
            continue
        store.change_outgoing(session, agency, message, late_at=None)
        fault = _fault(row)
        fact = _fact_of(row, State(row.state), now, late=True, fault=fault, problems=())
        _product_told(session, products, fact)
        products.raise_task(session, _alarm(AlarmKind.LATE, row, now, fault, ()))
        audit.record_many(session, [_record(Logged.DELIVERY_LATE, row, now, {})])


def _weighed(session: Session, row: store.AnyRow, settlement: Settlement, now: datetime) -> _Outcome | None:
    current = State(row.state)
    if settlement.fact is None:
        return _Outcome(row, settlement, ()) if current in OPEN else None
    try:
        states = path_to(current, settlement.fact)
    except MoveNotAllowed:
        if settlement.acknowledgement is not None:
            alarm = _alarm(AlarmKind.ANSWER_FLIPPED, row, now, settlement.fault, settlement.problems)
            provided(session, Products).raise_task(session, alarm)
        return None
    return _Outcome(row, settlement, states) if states or current in OPEN else None


def _values(outcome: _Outcome, now: datetime) -> dict[str, object]:
    row, settlement, states = outcome.row, outcome.settlement, outcome.states
    state = states[-1] if states else State(row.state)
    values = store.settled_values(row)
    values["state"] = state.value
    values["changes"] = row.changes + len(states)
    if State.SENT in states:
        values["sent_at"] = settlement.at or now
    if State.DELIVERED in states:
        values["delivered_at"] = now
    if settlement.due_at is not None:
        values["due_at"] = settlement.due_at
    if settlement.fault is not None or states:
        values["fault_side"] = settlement.fault.side.value if settlement.fault else None
        values["fault_code"] = settlement.fault.code if settlement.fault else None
        values["problems"] = _stored(settlement.problems)
    if settlement.acknowledgement is not None:
        values["acknowledgement"] = settlement.acknowledgement
    if state not in OPEN and states:
        values |= {"is_open": False, "ended_at": now, "late_at": None, "expires_at": None}
    return {"of_agency": row.agency, "of_message": row.message, **{f"to_{k}": v for k, v in values.items()}}


def _stored(problems: Sequence[Problem]) -> str | None:
    listed = [(problem.path, problem.code.value, problem.text) for problem in problems]
    return json.dumps(listed) if listed else None


def _history(outcomes: Iterable[_Outcome], now: datetime) -> Iterable[store.Values]:
    for outcome in outcomes:
        row, settlement = outcome.row, outcome.settlement
        for number, state in enumerate(outcome.states, start=row.changes):
            yield {
                "agency": row.agency,
                "message": row.message,
                "number": number,
                "at": (settlement.at or now) if state is State.SENT else now,
                "state": state.value,
                "why": settlement.why or (settlement.fact.value if settlement.fact else ""),
                "by": settlement.by,
            }


def _tell(session: Session, outcome: _Outcome, now: datetime) -> None:
    row, settlement, state = outcome.row, outcome.settlement, outcome.states[-1]
    products = provided(session, Products)
    fact = _fact_of(row, state, now, late=False, fault=settlement.fault, problems=settlement.problems)
    _product_told(session, products, replace(fact, answered_at=settlement.answered_at))
    if state in _ALARMS:
        alarm = _alarm(_ALARMS[state], row, now, settlement.fault, settlement.problems)
        products.raise_task(session, alarm)


def _product_told(session: Session, products: Products, fact: DeliveryFact) -> None:
    try:
        product = products.product(fact.event)
    except UnknownEvent:  # posted by a version of the node that knew it
        return
    product.on_delivery(session, fact)


def _fact_of(
    row: store.AnyRow,
    state: State,
    now: datetime,
    *,
    late: bool,
    fault: Fault | None,
    problems: tuple[Problem, ...],
) -> DeliveryFact:
    return DeliveryFact(
        message=MessageId(row.message),
        sender=AgencyId(row.agency),
        receiver=AgencyId(row.receiver),
        event=Event(row.event),
        subject=row.subject,
        state=state,
        late=late,
        at=now,
        fault=fault,
        problems=problems,
    )


def _alarm(
    kind: AlarmKind, row: store.AnyRow, now: datetime, fault: Fault | None, problems: tuple[Problem, ...]
) -> Alarm:
    return Alarm(
        kind=kind,
        agency=AgencyId(row.agency),
        peer=AgencyId(row.receiver),
        at=now,
        message=MessageId(row.message),
        event=Event(row.event),
        subject=row.subject,
        fault=fault,
        problems=problems,
    )


def _fault(row: Any) -> Fault | None:
    return Fault(Side(row.fault_side), row.fault_code) if row.fault_code else None


def _logged(outcome: _Outcome, now: datetime) -> Record:
    detail = {"event": outcome.row.event, "receiver": outcome.row.receiver, "why": outcome.settlement.why}
    return _record(_LOGGED[outcome.states[-1]], outcome.row, now, detail)


def _record(event: Logged, row: store.AnyRow, now: datetime, detail: dict[str, str]) -> Record:
    return Record(
        event=event,
        agency=AgencyId(row.agency),
        at=now,
        actor=Machine(agency=AgencyId(row.agency), name="exchange"),
        subject=str(row.message),
        detail={key: value for key, value in detail.items() if value},
    )
