"""Say that an entry is wrong, answer that, and see what became of it: over the exchange, the same within one node.

The owner's node has one copy of a report and the reporter's another; the answer comes back as a message too.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from handover.actors import Actor, Author, Machine, Party, Role, Staff
from handover.addressbook import fhir, store
from handover.addressbook.model import (
    MAX_OPEN,
    OWNERS,
    AlreadyAnswered,
    Answer,
    EntryNotFound,
    Kept,
    Outcome,
    Part,
    Report,
    ReportId,
    ReportNotFound,
    Side,
    TooManyReports,
    checked_report,
)
from handover.addressbook.service import end_tasks, tell_owners
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.db import provided
from handover.directory import service as directory
from handover.directory.model import Service
from handover.errors import Invalid
from handover.exchange import service as exchange
from handover.exchange.lifecycle import State
from handover.exchange.model import Alarm, DeliveryFact, Event, Outgoing, Received
from handover.exchange.wiring import Products
from handover.ids import AgencyId, MessageId, ServiceId, StaffId, new_uuid
from handover.keys.vault import Vault
from handover.team import service as team
from handover.team.model import TaskKind
from handover.values import dump, load

REPORT: Final = "directory-report"
"""Kind of the subject of a task about a report, and of the message that brings it."""
ANSWER: Final = "directory-answer"
PAGE: Final = 200
_TABLE: Final = "directory_report"
_LOST: Final = (State.REFUSED, State.EXPIRED, State.STOPPED)


def register(products: Products) -> None:
    """Tell the exchange what belongs to reports about entries."""
    products.register(Event.DIRECTORY_CORRECTION, receive=receive, on_delivery=on_delivery)


def report(session: Session, entry: Service, part: Part, text: str, *, by: Staff, now: datetime) -> ReportId:
    """Send the owner of an entry what seems wrong with it. Raises Invalid, EntryNotFound, TooManyReports."""
    said = checked_report(text, is_required=True)
    if store.count_open_by(session, by.agency, by.id) >= MAX_OPEN:
        raise TooManyReports
    made = Report(
        id=ReportId(new_uuid()),
        about=Party(entry.agency, entry.id),
        part=part,
        text=said,
        reporter=_author(by, _workplace(session, by)),
        at=now,
    )
    message = MessageId(new_uuid())
    _keep(session, made, Side.REPORTER, message, by=by.id)
    payload = fhir.report_message(made, message=message)
    _post(session, message, payload, by.agency, entry.agency, f"{REPORT}/{made.id}", now)
    _log(session, Logged.SERVICE_REPORT, by.agency, made, by=by, now=now)
    return made.id


def answer(session: Session, wanted: ReportId, outcome: Outcome, text: str, *, by: Staff, now: datetime) -> None:
    """Tell the reporter what was done; where the entry stands, why. Raises ReportNotFound, AlreadyAnswered."""
    row = store.report(session, by.agency, Side.OWNER, wanted, lock=True)
    if row is None or not any(by.has(role, row["service"]) for role in OWNERS):
        raise ReportNotFound
    said = checked_report(text, is_required=outcome is Outcome.STANDS)
    kept = _opened(session, row)
    if kept.answer is not None:
        raise AlreadyAnswered
    made = Answer(report=wanted, outcome=outcome, text=said, author=_author(by, kept.report.about.service), at=now)
    _write_answer(session, by.agency, Side.OWNER, made)
    message, reporter = MessageId(new_uuid()), kept.report.reporter.agency
    payload = fhir.answer_message(made, kept.report, message=message, answers=MessageId(row["message"]))
    _post(session, message, payload, by.agency, reporter, f"{ANSWER}/{wanted}", now)
    end_tasks(session, by.agency, wanted, by=by, now=now)
    _log(session, Logged.SERVICE_REPORT_ANSWER, by.agency, kept.report, by=by, now=now)


def received(session: Session, *, by: Staff) -> tuple[Kept, ...]:
    """Return what was reported about the reader's services, what waits for an answer first."""
    rows = store.reports_at(session, by.agency, by.services(*OWNERS), limit=PAGE)
    return tuple(_opened(session, row) for row in rows)


def reported(session: Session, *, by: Staff) -> tuple[Kept, ...]:
    """Return what the reader has reported, the latest first."""
    return tuple(_opened(session, row) for row in store.reports_by(session, by.agency, by.id, limit=PAGE))


def receive(session: Session, message: Received) -> None:
    """Take in a report about an entry of ours, or the answer to one of our own."""
    said = fhir.read(message.resource)
    if isinstance(said, Report):
        _receive_report(session, said, message)
    else:
        _receive_answer(session, said, message)


def on_delivery(session: Session, fact: DeliveryFact) -> None:
    """Note that a report has arrived; tell whoever sent it when it, or an answer, got lost."""
    kind, wanted = _subject(fact.subject)
    side = Side.REPORTER if kind == REPORT else Side.OWNER
    row = store.report(session, fact.sender, side, wanted)
    if row is None:
        return
    if kind == REPORT and fact.state is State.ACKNOWLEDGED:
        arrived_at = fact.answered_at or fact.at
        store.change_report(session, fact.sender, side, wanted, arrived_at=arrived_at, is_lost=False)
    elif fact.state in _LOST:
        if kind == REPORT:
            store.change_report(session, fact.sender, side, wanted, is_lost=True, is_open=False)
        _tell_sender(session, row, fact, by=row["by"])


def is_told_of(alarm: Alarm) -> bool:
    """Whether what an alarm is about is told to the people of a report already (`on_delivery`)."""
    return (alarm.subject or "").startswith((f"{REPORT}/", f"{ANSWER}/"))


def _receive_report(session: Session, said: Report, message: Received) -> None:
    if (said.reporter.agency, said.about.agency) != (message.sender, message.receiver):
        raise Invalid("addressbook.wrong-way")
    entry = next(
        (each for each in directory.services_of(session, message.receiver) if each.id == said.about.service), None
    )
    if entry is None:
        raise EntryNotFound
    if store.report(session, message.receiver, Side.OWNER, said.id) is not None:
        raise Invalid("addressbook.known-report")
    _keep(session, said, Side.OWNER, message.message, by=None, arrived_at=message.received_at)
    tell_owners(session, entry, TaskKind.ENTRY_REPORTED, said.id, REPORT, now=message.received_at)
    by = _machine(message.receiver)
    _log(session, Logged.SERVICE_REPORT_RECEIVE, message.receiver, said, by=by, now=message.received_at)


def _receive_answer(session: Session, said: Answer, message: Received) -> None:
    agency = message.receiver
    row = store.report(session, agency, Side.REPORTER, said.report, lock=True)
    if row is None or row["peer"] != message.sender or said.author.agency != message.sender:
        raise ReportNotFound
    if row["answer"] is not None:
        raise AlreadyAnswered
    arrived_at = row["arrived_at"] or said.at  # who has answered had it, whatever became of its receipt
    _write_answer(session, agency, Side.REPORTER, said, arrived_at=arrived_at, is_lost=False)
    team.raise_task(
        session,
        agency,
        kind=TaskKind.REPORT_ANSWERED,
        text="",
        now=message.received_at,
        for_staff=StaffId(row["by"]),
        subject=said.report,
        subject_kind=REPORT,
    )
    kept, by = _opened(session, row), _machine(agency)
    _log(session, Logged.SERVICE_REPORT_RECEIVE_ANSWER, agency, kept.report, by=by, now=message.received_at)


def _tell_sender(session: Session, row: RowMapping, fact: DeliveryFact, *, by: UUID | None) -> None:
    codes = [fact.fault.code] if fact.fault is not None else []
    team.raise_task(
        session,
        fact.sender,
        kind=TaskKind.NOT_DELIVERED,
        text=" ".join(codes),
        now=fact.at,
        service=None if by else ServiceId(row["service"]),
        for_staff=None if by is None else StaffId(by),
        subject=row["id"],
        subject_kind=REPORT,
    )


def _keep(
    session: Session,
    made: Report,
    side: Side,
    message: MessageId,
    *,
    by: StaffId | None,
    arrived_at: datetime | None = None,
) -> None:
    reporter, owner = made.reporter.agency, made.about.agency
    agency, peer = (reporter, owner) if side is Side.REPORTER else (owner, reporter)
    row = {
        "agency": agency,
        "id": made.id,
        "side": side.value,
        "peer": peer,
        "service": made.about.service,
        "by": by,
        "message": message,
        "at": made.at,
        "is_open": True,
        "is_lost": False,
        "arrived_at": arrived_at,
        "report": _seal(session, agency, "report", side, made.id, dump(made)),
    }
    store.add_report(session, row)


def _write_answer(session: Session, agency: AgencyId, side: Side, made: Answer, **values: object) -> None:
    sealed = _seal(session, agency, "answer", side, made.report, dump(made))
    store.change_report(session, agency, side, made.report, answer=sealed, is_open=False, **values)


def _opened(session: Session, row: RowMapping) -> Kept:
    vault, agency, name = provided(session, Vault), AgencyId(row["agency"]), f"{row['side']}|{row['id']}"
    sealed = row["answer"]
    return Kept(
        report=load(Report, vault.open(agency, _TABLE, "report", name, row["report"])),
        side=Side(row["side"]),
        arrived_at=row["arrived_at"],
        is_lost=row["is_lost"],
        answer=None if sealed is None else load(Answer, vault.open(agency, _TABLE, "answer", name, sealed)),
    )


def _seal(session: Session, agency: AgencyId, column: str, side: Side, row: ReportId, plain: bytes) -> bytes:
    return provided(session, Vault).seal(agency, _TABLE, column, f"{side.value}|{row}", plain)


def _post(
    session: Session,
    message: MessageId,
    payload: bytes,
    sender: AgencyId,
    receiver: AgencyId,
    subject: str,
    now: datetime,
) -> None:
    outgoing = Outgoing(
        message=message,
        sender=sender,
        receiver=receiver,
        event=Event.DIRECTORY_CORRECTION,
        payload=payload,
        subject=subject,
    )
    exchange.post(session, outgoing, now=now)


def _author(by: Staff, service: ServiceId) -> Author:
    return Author(name=by.name, title=by.title, phone=by.phone, agency=by.agency, service=service, hpr=by.hpr)


def _workplace(session: Session, by: Staff) -> ServiceId:
    """Return a service that the reporter works at: where the answer is addressed."""
    held = by.services(*Role)
    own = directory.services_of(session, by.agency)
    found = next((each.id for each in own if None in held or each.id in held), None)
    if found is None:
        raise EntryNotFound
    return found


def _subject(subject: str | None) -> tuple[str, ReportId]:
    kind, _slash, wanted = (subject or "").partition("/")
    return kind, ReportId(UUID(wanted))


def _machine(agency: AgencyId) -> Machine:
    return Machine(agency=agency, name="directory")


def _log(session: Session, event: Logged, agency: AgencyId, about: Report, *, by: Actor, now: datetime) -> None:
    service = about.about.service if about.about.agency == agency else None
    detail = {"part": about.part.value, "entry": about.about.service}
    audit.record(
        session, event=event, actor=by, agency=agency, subject=about.id, service=service, detail=detail, now=now
    )
