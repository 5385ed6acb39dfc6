"""The rules of DESIGN section 3 as questions to whole databases: at every instant, and at the end of a journey."""

import base64
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from handover import migrations
from handover.actors import Staff
from handover.audit import service as audit
from handover.audit.model import Outcome
from handover.audit.tables import AuditEntry
from handover.db import Database
from handover.exchange.lifecycle import OPEN
from handover.exchange.tables import IncomingRow, OutgoingRow
from handover.ids import AgencyId, ReferralId
from handover.referral import cases, store
from handover.referral.lifecycle import ENDED, Side, Status
from handover.referral.standing import Standing
from handover.referral.steps import next_step
from handover.referral.store import HISTORY, REFERRAL
from handover.team import service as team
from tests.referral.nodes import NUMBER

CANARIES: Final = (
    NUMBER,
    "Solveig",
    "99 00 00 01",
    "99 00 00 02",
    "Fjordveien 1",
    "Depresjon og angst",
    "Samtaler i kommunen",
    "Ingen aktuelle planer",
    "Berit",
    "Kanari",
    "Sertralin",
    "tilbud passer bedre",
    "Ingrid Inntak",
    "Ola Overlege",
    "Per Psykolog",
    "Hanne Havn",
)
"""Every name, number and text in a journey holds one of these: `content()` of the builders, or "Kanari"."""


# --- at every instant ------------------------------------------------------------------------------------------


def look_at(db: Database) -> None:
    """Rules 6, 7 and 8 in one database: history, one holder, and for every open case a step, an owner, a date."""
    with db.reading() as session:
        for standing in copies(session):
            assert standing.responsible.service, f"nobody is responsible in {standing.status}"
            _has_a_next_step(session, standing)
            _history_ends_where_the_copy_stands(session, standing)


def copies(session: Session) -> list[Standing]:
    """Return every copy in the database."""
    return [store.opened(session, row).standing for row in session.execute(select(REFERRAL))]


def _has_a_next_step(session: Session, standing: Standing) -> None:
    step = next_step(standing)
    work = team.item_at(session, cases.place_of(standing))
    is_open = work is not None and work.is_open
    assert is_open == (step is not None), f"{standing.side} {standing.status}: {step} but {work}"
    if step is None:
        assert standing.status in ENDED, f"{standing.side} {standing.status} has no next step"
        return
    assert work is not None
    assert work.due_at == step.due_at
    assert work.next_step == step.step.value
    assert work.owner == standing.owner
    assert work.place.service == standing.home.service, "where nobody is named, the service owns it"


def _history_ends_where_the_copy_stands(session: Session, standing: Standing) -> None:
    if standing.status is Status.DRAFT:
        return
    lines = session.execute(
        select(HISTORY.c.status, HISTORY.c.leg, HISTORY.c.number).where(
            HISTORY.c.agency == standing.home.agency,
            HISTORY.c.side == standing.side.value,
            HISTORY.c.service == standing.home.service,
            HISTORY.c.referral == standing.referral,
        )
    ).all()
    here = (standing.status.value, standing.version.leg, standing.version.number)
    assert here in {tuple(line) for line in lines}, f"{here} is nowhere in the history"


def rows_about(db: Database, by: Staff, referral: ReferralId) -> int:
    """Return how many rows an agency's log has about a referral."""
    statement = select(func.count()).where(
        AuditEntry.agency == by.agency,
        AuditEntry.subject == str(referral),
        AuditEntry.outcome == Outcome.DONE.value,
    )
    with db.reading() as session:
        return session.execute(statement).scalar_one()


# --- at the end ------------------------------------------------------------------------------------------------


def prove_agreement(databases: Sequence[Database]) -> None:
    """All copies of each referral agree; one service holds it; every message ended; taken in once."""
    found: dict[ReferralId, list[Standing]] = defaultdict(list)
    for db in databases:
        with db.reading() as session:
            for standing in copies(session):
                found[standing.referral].append(standing)
    for same in found.values():
        _agree(same)
    _messages_ended_and_were_taken_in_once(databases)


def _agree(same: Sequence[Standing]) -> None:
    receiving = [each for each in same if each.side is Side.RECEIVER]
    if not receiving:
        return
    holding = max(receiving, key=lambda each: each.version)
    held = [each for each in receiving if each.status not in ENDED and each.responsible == each.home]
    assert len(held) <= 1, "two services hold it"
    for each in same:
        assert each.responsible == holding.responsible or each.status is Status.REDIRECTED
        if each.side is Side.REFERRER:
            theirs = _told(holding)
            assert {n: (v, theirs[n]) for n, v in _told(each).items() if v != theirs[n]} == {}
            assert each.pending == (), "a request without an answer"


def _told(standing: Standing) -> dict[str, object]:
    """Return what both sides must see alike."""
    names = (
        "status version assessed_at decided_at opened outcome appointment started_on questions assessor next_step"
    )
    refusal = {"outcome_opened_at"} if standing.status is Status.REJECTED else set()
    return {name: getattr(standing, name) for name in {*names.split(), *refusal}} | {
        "deadline": standing.deadline,
        "held by": standing.responsible,
    }


def _messages_ended_and_were_taken_in_once(databases: Sequence[Database]) -> None:
    sent: dict[tuple[str, str], str] = {}
    taken: dict[tuple[str, str], str] = {}
    for db in databases:
        with db.reading() as session:
            for row in session.execute(select(OutgoingRow)).scalars():
                assert row.state not in OPEN, f"{row.event} is still {row.state}"
                sent[row.agency, str(row.message)] = row.state
            for arrived in session.execute(select(IncomingRow)).scalars():
                key = (arrived.sender, str(arrived.message))
                assert key not in taken, "taken in twice"
                taken[key] = arrived.outcome
    for key, state in sent.items():
        if state == "acknowledged":
            assert taken.get(key) == "ok", "acknowledged, and not there"
        if taken.get(key) == "ok":
            assert state == "acknowledged", f"taken in, and {state} at the sender"


def prove_log(db: Database, agencies: Iterable[AgencyId]) -> None:
    """Every row has its place in an unbroken chain (rule 18)."""
    for agency in agencies:
        audit.sequence(db, agency)
        with db.reading() as session:
            verified = audit.verify(session, agency)
        assert verified.findings == ()
        assert verified.waiting == 0


def prove_nothing_in_plain(db: Database, app: Flask, asked: Iterable[str], said: str) -> None:
    """No name, number or text of anybody in the database, its files, the log, the numbers, the addresses."""
    places = {
        "database": dump(db),
        "log": said.encode(),
        "addresses": "\n".join(asked).encode(),
        "metrics": app.test_client().get("/metrics").data,
    }
    for place, held in places.items():
        for canary in CANARIES:
            for form in _forms(canary):
                where = held.find(form)
                assert where < 0, f"{canary!r} in the {place}: {held[max(0, where - 80) : where + 40]!r}"


def _forms(canary: str) -> Iterable[bytes]:
    plain = canary.encode()
    yield plain
    yield canary.encode("utf-16-le")
    if not any(letter.isalpha() for letter in canary):
        return
    for shift in range(3):  # base64 hides a word in one of three ways; its ends depend on what stands beside it
        coded = base64.b64encode(b"x" * shift + plain)
        if len(middle := coded[4 if shift else 0 : -4]) >= 8:
            yield middle


def dump(db: Database) -> bytes:
    """Return everything a copy of the database holds: each value of each row, and SQLite's files as they lie."""
    parts: list[bytes] = []
    with db.reading() as session:
        for table in migrations.all_tables().sorted_tables:
            for row in session.execute(select(table)):
                parts += [value if isinstance(value, bytes) else str(value).encode() for value in row]
    path = db.engine.url.database
    if db.engine.dialect.name == "sqlite" and path:
        for file in (path, f"{path}-wal"):
            try:
                with open(file, "rb") as raw:  # noqa: PTH123 - two names beside each other
                    parts.append(raw.read())
            except FileNotFoundError:
                continue
    return b"\n".join(parts)
