"""Lets notices leave after the commit: take one with a lease, send it outside transactions, note what came of it.

A worker that dies between sending and noting makes the same attempt again when the lease has ended, under the
same id: nothing is lost, and whoever reads ids (a mail server, the demo's folder) sees no second one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import orjson
import structlog
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from handover.actors import Machine
from handover.audit import service as audit
from handover.audit.model import Event
from handover.db import Database, provided
from handover.ids import AgencyId, PersonId
from handover.keys.vault import Vault
from handover.notice import service, store, words
from handover.notice.model import (
    CODE_LASTS,
    LEASE,
    Channel,
    Kind,
    NoticeId,
    Purpose,
    Recipient,
    State,
    may_leave,
    retry_at,
    send_at,
)
from handover.notice.senders import Letter, TryLater, Undeliverable, Ways

MACHINE: Final = "notice"
_TABLE: Final = "notice_outgoing"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """One notice that this worker has in hand."""

    agency: AgencyId
    to: Recipient
    purpose: Purpose
    channel: Channel
    attempts: int
    """This one counted."""
    made_at: datetime
    letter: Letter = field(repr=False)


def send_due(db: Database, ways: Ways, agency: AgencyId, clock: Callable[[], datetime]) -> int:
    """Send what is due of one agency, one after the other; returns how many attempts were made."""
    attempts = 0
    while True:
        with db.reading() as session:
            if not store.is_due(session, agency, now=clock()):
                return attempts
        with db.transaction() as session:
            row = store.next_due(session, agency, now=clock())
            if row is None:
                return attempts
            taken = _take(session, row, now=clock())
        if taken is not None:
            attempts += 1
            _send(db, ways, taken, clock)


def _take(session: Session, row: RowMapping, *, now: datetime) -> Taken | None:
    """Take one with a lease; None where nobody wants it any more, or not at this hour."""
    agency, notice = AgencyId(row["agency"]), NoticeId(row["id"])
    to, purpose = Recipient(agency, Kind(row["kind"]), row["recipient"]), Purpose(row["purpose"])
    channel, letter = _code(session, row) if purpose is Purpose.CODE else _news(session, to, notice)
    is_late = purpose is Purpose.CODE and now >= row["made_at"] + CODE_LASTS
    if letter is None or is_late:
        store.change_notice(session, agency, notice, state=State.DROPPED.value, ended_at=now, secret=None)
        return None
    if purpose is Purpose.NEWS:
        wishes = service.wishes_of(session, to)
        if not may_leave(wishes, now):
            store.change_notice(session, agency, notice, due_at=send_at(wishes, now))
            return None
    attempts = row["attempts"] + 1
    store.change_notice(session, agency, notice, due_at=now + LEASE, attempts=attempts, channel=channel.value)
    return Taken(
        agency=agency,
        to=to,
        purpose=purpose,
        channel=channel,
        attempts=attempts,
        made_at=row["made_at"],
        letter=letter,
    )


def _news(session: Session, to: Recipient, notice: NoticeId) -> tuple[Channel, Letter | None]:
    wishes = service.wishes_of(session, to)
    if not wishes.is_told:
        return wishes.channel, None
    said = words.of(Purpose.NEWS, wishes.language)
    return wishes.channel, Letter(id=notice, address=wishes.address, subject=said.subject, text=said.text)


def _code(session: Session, row: RowMapping) -> tuple[Channel, Letter | None]:
    channel, sealed = Channel(row["channel"]), row["secret"]
    if sealed is None:
        return channel, None
    opened = provided(session, Vault).open(AgencyId(row["agency"]), _TABLE, "secret", row["id"], sealed)
    secret = orjson.loads(opened)
    said = words.of(Purpose.CODE, secret["language"], code=secret["code"])
    address = secret["address"]
    return channel, Letter(id=NoticeId(row["id"]), address=address, subject=said.subject, text=said.text)


def _send(db: Database, ways: Ways, taken: Taken, clock: Callable[[], datetime]) -> None:
    sender = ways.by_channel.get(taken.channel)
    code, is_final = "", False
    try:
        if sender is None:
            raise TryLater("notice.no-way-out")
        sender.send(taken.letter)
    except Undeliverable as refused:
        code, is_final = refused.code, True
    except TryLater as failed:
        code = failed.code
    except Exception as fault:  # of ours: never loses a notice, and says nothing of the address
        log.error("notice.sender", error=type(fault).__name__)
        code = "notice.fault"
    with db.transaction() as session:
        _settle(session, taken, code, is_final=is_final, now=clock())


def _settle(session: Session, taken: Taken, code: str, *, is_final: bool, now: datetime) -> None:
    notice, again_at = taken.letter.id, None if is_final else retry_at(taken.attempts, now)
    if code and again_at is not None:
        store.change_notice(session, taken.agency, notice, due_at=again_at, error=code)
        return
    state, event = (State.GIVEN_UP, Event.NOTICE_GIVE_UP) if code else (State.SENT, Event.NOTICE_SEND)
    values = {"state": state.value, "ended_at": now, "error": code, "secret": None}
    if not store.change_notice(session, taken.agency, notice, **values):
        return  # the lease had ended, and another worker noted it
    is_patients = taken.to.kind is Kind.PATIENT
    audit.record(
        session,
        event=event,
        actor=Machine(agency=taken.agency, name=MACHINE),
        agency=taken.agency,
        persons=[PersonId(taken.to.id)] if is_patients else [],
        subject=notice,
        detail={"channel": taken.channel.value, "purpose": taken.purpose.value, "code": code or None},
        now=now,
    )
    if code:
        log.warning("notice.given-up", agency=taken.agency, code=code, attempts=taken.attempts)
