"""What people see of referrals: one case, the lists, the patient's view, and a leader's numbers.

Every function logs what it shows, in the same transaction (rule 18): one row for a case, one for a list.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from handover.actors import Actor, Patient, Role, Staff
from handover.audit import service as audit
from handover.audit.model import Entry as LogEntry
from handover.audit.model import Event as Logged
from handover.errors import NotFound
from handover.exchange import service as exchange
from handover.exchange.lifecycle import State
from handover.exchange.model import Delivery
from handover.ids import AgencyId, MessageId, PersonId, ReferralId, ServiceId, StaffId
from handover.person import service as person
from handover.referral import asking, cases, store
from handover.referral.cases import Turn
from handover.referral.deadlines import Deadline, working_days_left
from handover.referral.lifecycle import Act, Guard, Side, Status
from handover.referral.model import (
    Attachment,
    AttachmentId,
    Entry,
    Party,
    ReferralContent,
    Refusal,
    RequestId,
)
from handover.referral.standing import (
    Standing,
    for_patient,
    offered,
    refusal_shown_from,
)
from handover.referral.steps import RECEIVER_WAITS, NextStep, Shelf, Step, next_step, steps_of_receiver
from handover.referral.store import WORK, Range, ReferralNotFound, Stored
from handover.team import noticing
from handover.team import service as team
from handover.team.model import InternalNote, Task, WorkItem
from handover.workdays import end_of, usual_days

PAGE: Final = 50
LATELY: Final = 30
"""So many referrals are looked at for whom a service writes to."""
ANSWERS_OF: Final = timedelta(days=90)
FEWEST: Final = 5
"""So many answers it takes before their usual time is told."""
_MOST_SPANS: Final = 1_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Case:
    """Everything one page shows of a referral."""

    standing: Standing
    content: ReferralContent = field(repr=False)
    history: tuple[Entry, ...]
    acts: tuple[Act, ...]
    """What this side may do now."""
    revision: int
    """Of the draft; hand it back to `save_draft`."""
    deadline: Deadline | None
    days_left: int | None
    """Working days until the assessment is due; negative when the deadline has passed. None once assessed."""
    next: NextStep | None
    is_overdue: bool
    """Whether the date of the next step has passed."""
    delivery: Delivery | None
    """How far the latest request came: the three receipts."""
    infected: tuple[str, ...] = field(repr=False)
    """Titles of the documents with a virus for which it was refused."""
    request_deliveries: dict[RequestId, Delivery]
    """The same for each pending request."""
    work: WorkItem | None
    may_be_put_away: bool
    notes: tuple[InternalNote, ...]
    """Yellow notes; only at the service where they were written."""
    tasks: tuple[Task, ...]


@dataclass(frozen=True, kw_only=True)
class CaseRow:
    """One line of a list."""

    referral: ReferralId
    reference: str
    side: Side
    service: ServiceId
    name: str = field(repr=False)
    birth_year: int | None
    status: Status
    urgency: str
    referrer: Party
    holder: Party | None
    counterpart: str
    sent_at: datetime | None
    received_at: datetime | None
    deadline: Deadline | None
    days_left: int | None
    step: Step | None
    due_at: datetime | None
    is_overdue: bool
    is_undelivered: bool
    is_unread: bool
    owner: StaffId | None
    owner_name: str
    """Empty: nobody has taken it."""
    updated_at: datetime
    cursor: tuple[datetime, UUID]
    """Where the next page goes on."""


class SentFilter(StrEnum):
    """The referrer's filters: links with counts."""

    OPEN = "open"
    TO_DO = "to-do"
    WAITING = "waiting"
    OVERDUE = "overdue"
    DRAFTS = "drafts"
    CLOSED = "closed"


class WorkFilter(StrEnum):
    """The receiver's filters. What is overdue is shown under every one of them, and counted under its own."""

    ALL = "all"
    TO_DO = "to-do"
    """Somebody at the service must do something."""
    MINE = "mine"
    UNOWNED = "unowned"
    WAITING = "waiting"
    """The next move is somebody else's, or has its day."""
    OVERDUE = "overdue"


@dataclass(frozen=True, kw_only=True)
class News:
    """Whether a worklist has changed: a version that grows, and how many cases came after an older one."""

    version: str
    new: int


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a list, with the counts beside its filters (capped at `store.COUNT_CAP`; none for a search)."""

    rows: tuple[CaseRow, ...]
    counts: dict[str, int]
    next: tuple[datetime, UUID] | None


@dataclass(frozen=True, kw_only=True)
class PatientCase:
    """A referral as the patient sees it: the same steps and dates as staff, a refusal when rule 14 says so."""

    standing: Standing
    history: tuple[Entry, ...]
    deadline: Deadline | None
    days_left: int | None
    is_overdue: bool
    agencies: tuple[AgencyId, ...]
    """Whose copies on this node it was read from."""
    where: Party
    """The service of this node that can answer for it: the one that holds it, else the one that keeps a copy."""


@dataclass(frozen=True, kw_only=True)
class Measures:
    """How long assessments take, in working terms of NORWAY.md. Shares are None where nothing was due."""

    received: int
    assessed: int
    assessed_in_time: int
    overdue: int
    """Not assessed, and the deadline has passed."""
    share_in_time: float | None
    """Of all whose assessment is done or overdue."""
    median_days_to_assessed: float | None
    """Calendar days."""
    oldest_open_days: float | None
    """Age of the oldest that waits for its assessment, in calendar days."""


# --- one case --------------------------------------------------------------------------------------------------


def show(session: Session, turn: Turn) -> Case:
    """Return a case and log that it was read. A referrer who reads a refusal has opened it (rule 14)."""
    stored = cases.fetch(session, turn)
    if turn.side is Side.REFERRER:
        stored = asking.outcome_opened(session, stored, turn)
    cases.log(session, stored, Logged.REFERRAL_READ, by=turn.by, now=turn.now)
    team.mark_read(session, turn.by, cases.WORK[turn.side], turn.referral, now=turn.now)
    return case_of(session, stored, now=turn.now)


def patient_of(session: Session, turn: Turn) -> PersonId | None:
    """Return whom a case is about, None where nobody is named yet, and log that it was read."""
    stored = cases.fetch(session, turn)
    cases.log(session, stored, Logged.REFERRAL_READ, by=turn.by, now=turn.now)
    return stored.standing.person


def written_to(session: Session, by: Staff) -> tuple[tuple[ServiceId, datetime], ...]:
    """Return who holds the latest referrals of the reader's services, and when each changed; never about whom."""
    shelves = (Shelf.TO_DO, Shelf.WAITING, Shelf.CLOSED)
    found = store.page(session, by=by, side=Side.REFERRER, shelves=shelves, limit=LATELY)
    held = ((each.standing.holder, each.updated_at) for each in found)
    return tuple((holder.service, at) for holder, at in held if holder is not None)


def _infected(session: Session, delivery: Delivery | None) -> tuple[str, ...]:
    if delivery is None:
        return ()
    found = exchange.infected_in(session, delivery.sender, delivery.message, delivery.problems)
    return tuple(each.title for each in found)


def case_of(session: Session, stored: Stored, *, now: datetime) -> Case:
    """Return what a page shows of a copy that was fetched already."""
    standing = stored.standing
    step = next_step(standing)
    place = cases.place_of(standing)
    work = team.item_at(session, place)
    delivery = _delivery(session, standing, standing.message, now)
    may_undo = delivery is not None and delivery.state is State.QUEUED and now < delivery.not_before
    return Case(
        standing=standing,
        content=stored.content,
        history=store.history(session, standing),
        acts=offered(standing, standing.side, *((Guard.NOT_LEFT,) if may_undo else ())),
        revision=stored.revision,
        deadline=standing.deadline,
        days_left=_days_left(standing, now),
        next=step,
        is_overdue=step is not None and step.due_at <= now,
        delivery=delivery,
        infected=_infected(session, delivery),
        request_deliveries=_deliveries(session, standing, now),
        work=work,
        may_be_put_away=work is not None and work.may_be_put_away(now),
        notes=team.notes(session, place) if standing.side is Side.RECEIVER else (),
        tasks=team.tasks_about(session, stored.agency, standing.referral),
    )


def attachment(session: Session, turn: Turn, wanted: AttachmentId) -> tuple[Attachment, bytes]:
    """Return a file of a case and log that it was read. Raises ReferralNotFound."""
    stored = cases.fetch(session, turn)
    about = next((each for each in store.attachments(session, stored.standing) if each.id == wanted), None)
    if about is None:
        raise ReferralNotFound
    data = store.attachment_data(session, stored.standing, wanted)
    detail = {"attachment": str(wanted)}
    cases.log(session, stored, Logged.ATTACHMENT_READ, by=turn.by, now=turn.now, detail=detail)
    return about, data


# --- lists -----------------------------------------------------------------------------------------------------


def list_sent(
    session: Session,
    *,
    by: Staff,
    now: datetime,
    wanted: SentFilter = SentFilter.OPEN,
    text: str = "",
    after: tuple[datetime, UUID] | None = None,
    limit: int = PAGE,
) -> Page:
    """Return the agency's referrals the actor works with, latest change first (OVERDUE: by date).

    `text` searches all of them.
    """
    asked = _Asked(by=by, now=now, after=after, limit=limit + 1)
    found = _search(session, text, Side.REFERRER, asked) if text.strip() else _sent(session, wanted, asked)
    read = team.read_at(session, by, cases.WORK[Side.REFERRER], [each.standing.referral for each, _ in found])
    rows = tuple(_row(each, read, now, at=at) for each, at in found[:limit])
    event = Logged.REFERRAL_SEARCH if text.strip() else Logged.REFERRAL_LIST
    _log_list(session, event, [each.standing.person for each, _ in found[:limit]], by=by, now=now)
    counts = {} if text.strip() else _sent_counts(session, asked)  # no filters stand beside a search
    return Page(rows=rows, counts=counts, next=rows[-1].cursor if len(found) > limit else None)


def worklist(
    session: Session,
    service: ServiceId,
    *,
    by: Staff,
    now: datetime,
    wanted: WorkFilter = WorkFilter.ALL,
    after: tuple[datetime, UUID] | None = None,
    limit: int = PAGE,
) -> Page:
    """Return a service's open referrals by the date of the next step. Raises ReferralNotFound."""
    home, kind = _home(by, Side.RECEIVER, service), cases.WORK[Side.RECEIVER]
    ranges = _work_ranges(home, by, now)
    found = store.due(
        session,
        home.agency,
        Side.RECEIVER,
        kind=kind,
        now=now,
        ranges=(*ranges[wanted], *ranges[WorkFilter.OVERDUE]),
        after=after,
        limit=limit + 1,
    )
    read = team.read_at(session, by, kind, [stored.standing.referral for stored, _ in found])
    rows = tuple(_row(stored, read, now, at=due_at, due_at=due_at) for stored, due_at in found[:limit])
    persons = [stored.standing.person for stored, _ in found[:limit]]
    _log_list(session, Logged.WORKLIST_LIST, persons, by=by, now=now, service=service)
    counts = store.count_due(
        session, home.agency, kind=kind, now=now, ranges={name.value: some for name, some in ranges.items()}
    )
    return Page(rows=rows, counts=counts, next=rows[-1].cursor if len(found) > limit else None)


def work_news(session: Session, service: ServiceId, *, by: Staff, version: str = "") -> News:
    """Return the worklist's version now, and how many cases came after `version`; names nobody.

    Raises ReferralNotFound for who is not of the service.
    """
    home = _home(by, Side.RECEIVER, service)
    latest = store.latest_change(session, home, Side.RECEIVER)
    new = store.count_received_after(session, home, _instant(version)) if version else 0
    return News(version="0" if latest is None else str((latest - _EPOCH) // timedelta(microseconds=1)), new=new)


def _instant(version: str) -> datetime:
    is_one = version.isascii() and version.isdecimal() and len(version) < 18
    return _EPOCH + timedelta(microseconds=int(version) if is_one else 0)


def search_received(
    session: Session, text: str, *, by: Staff, now: datetime, limit: int = PAGE
) -> tuple[CaseRow, ...]:
    """Return the referrals of the actor's services that a name, number or reference points to, closed ones too."""
    if not text.strip():
        return ()
    found = _search(session, text, Side.RECEIVER, _Asked(by=by, now=now, after=None, limit=limit))
    _log_list(session, Logged.REFERRAL_SEARCH, [each.standing.person for each, _ in found], by=by, now=now)
    read = team.read_at(session, by, cases.WORK[Side.RECEIVER], [each.standing.referral for each, _ in found])
    return tuple(_row(each, read, now, at=at) for each, at in found)


def list_closed(
    session: Session,
    service: ServiceId,
    *,
    by: Staff,
    now: datetime,
    after: tuple[datetime, UUID] | None = None,
    limit: int = PAGE,
) -> Page:
    """Return what a service has finished, the latest first."""
    _home(by, Side.RECEIVER, service)
    found = store.page(
        session,
        by=by,
        side=Side.RECEIVER,
        shelves=(Shelf.CLOSED,),
        service=service,
        after=after,
        limit=limit + 1,
    )
    persons = [each.standing.person for each in found[:limit]]
    _log_list(session, Logged.REFERRAL_LIST, persons, by=by, now=now, service=service)
    rows = tuple(_row(each, {}, now, at=each.updated_at) for each in found[:limit])
    return Page(rows=rows, counts={}, next=rows[-1].cursor if len(found) > limit else None)


# --- the patient -----------------------------------------------------------------------------------------------


def my_referrals(
    session: Session, agencies: Iterable[AgencyId], *, by: Patient, now: datetime
) -> tuple[PatientCase, ...]:
    """Return the patient's referrals at this node's agencies, the latest first, one for each referral."""
    copies = _copies(session, agencies, by)
    _log_patient(session, copies, Logged.REFERRAL_LIST, by=by, now=now)
    latest: dict[ReferralId, list[Stored]] = {}
    for stored in copies:
        latest.setdefault(stored.standing.referral, []).append(stored)
    return tuple(_patient_case(session, same, now) for same in latest.values())


def my_referral(
    session: Session, agencies: Iterable[AgencyId], referral: ReferralId, *, by: Patient, now: datetime
) -> PatientCase:
    """Return one of the patient's referrals. Raises ReferralNotFound."""
    copies = [each for each in _copies(session, agencies, by) if each.standing.referral == referral]
    if not copies:
        raise ReferralNotFound
    _log_patient(session, copies, Logged.REFERRAL_READ, by=by, now=now)
    owners = {each.agency: each.standing.person for each in copies if each.standing.person is not None}
    noticing.patient_opened(session, [referral], owners, now=now)
    return _patient_case(session, copies, now)


def who_opened(
    session: Session, agencies: Iterable[AgencyId], referral: ReferralId, *, by: Patient, now: datetime
) -> tuple[LogEntry, ...]:
    """Return who has opened or read the patient's referral at this node's agencies, newest first."""
    copies = [each for each in _copies(session, agencies, by) if each.standing.referral == referral]
    if not copies:
        raise ReferralNotFound
    _log_patient(session, copies, Logged.LOG_READ, by=by, now=now)
    owners = {(each.agency, each.standing.person) for each in copies if each.standing.person is not None}
    entries = [
        entry
        for agency, owner in owners
        if owner is not None
        for entry in audit.entries_of_case(session, agency, owner, referral, _OPENINGS)
    ]
    return tuple(sorted(entries, key=lambda entry: entry.at, reverse=True))


# --- numbers for leaders ---------------------------------------------------------------------------------------


def measures(
    session: Session, *, by: Staff, since: date, until: date, now: datetime, service: ServiceId | None = None
) -> Measures:
    """Return how long assessments took in the period, to leaders. Raises ReferralNotFound."""
    if not by.has(Role.LEADER, service) or (service is None and None not in by.services(Role.LEADER)):
        raise ReferralNotFound
    return measures_of(session, by.agency, since=since, until=until, now=now, service=service)


def measures_of(
    session: Session,
    agency: AgencyId,
    *,
    since: date,
    until: date,
    now: datetime,
    service: ServiceId | None = None,
) -> Measures:
    """Return the same for the node's own metrics: numbers only, about nobody."""
    period = store.Period(agency, service, end_of(since - timedelta(days=1)), end_of(until))
    found = store.assessed(session, period, now=now)
    due = found.assessed + found.overdue
    oldest = found.oldest_waiting
    return Measures(
        received=found.received,
        assessed=found.assessed,
        assessed_in_time=found.in_time,
        overdue=found.overdue,
        share_in_time=found.in_time / due if due else None,
        median_days_to_assessed=store.median_days_to_assessed(session, period, of=found.assessed),
        oldest_open_days=None if oldest is None else (now - oldest) / timedelta(days=1),
    )


def usual_answer_days(session: Session, agency: AgencyId, service: ServiceId, *, now: datetime) -> int | None:
    """Return the median of working days from received to assessed, over what was received in the last 90 days.

    None where fewer than FEWEST are assessed: so few say more about each of them than about the service.
    """
    period = store.Period(agency, service, now - ANSWERS_OF, now)
    spans = store.spans_to_assessed(session, period, limit=_MOST_SPANS)
    return usual_days(spans, fewest=FEWEST)


def oldest_unopened(session: Session, agency: AgencyId, *, now: datetime) -> timedelta | None:
    """Return the age of the oldest referral that nobody has opened; None when all are opened."""
    received = store.oldest_unopened(session, agency)
    return None if received is None else now - received


_OPENINGS: Final = frozenset({Logged.REFERRAL_READ, Logged.REFERRAL_OPEN, Logged.ATTACHMENT_READ})
_BEFORE_ASSESSMENT: Final = (Status.RECEIVED, Status.ASSESSING, Status.INFO_REQUESTED, Status.REDIRECTING)
_SHELVES: Final = {
    SentFilter.OPEN: (Shelf.DRAFT, Shelf.TO_DO, Shelf.WAITING),
    SentFilter.TO_DO: (Shelf.TO_DO,),
    SentFilter.WAITING: (Shelf.WAITING,),
    SentFilter.DRAFTS: (Shelf.DRAFT,),
    SentFilter.CLOSED: (Shelf.CLOSED,),
}
_MOST_PERSONS: Final = 500
"""So many patients of one name are looked through."""


@dataclass(frozen=True, kw_only=True)
class _Asked:
    by: Staff
    now: datetime
    after: tuple[datetime, UUID] | None
    limit: int


def _sent(session: Session, wanted: SentFilter, asked: _Asked) -> Sequence[tuple[Stored, datetime]]:
    if wanted is SentFilter.OVERDUE:
        return store.due(
            session,
            asked.by.agency,
            Side.REFERRER,
            kind=cases.WORK[Side.REFERRER],
            now=asked.now,
            ranges=_sent_overdue(session, asked),
            after=asked.after,
            limit=asked.limit,
        )
    found = store.page(
        session,
        by=asked.by,
        side=Side.REFERRER,
        shelves=_SHELVES[wanted],
        after=asked.after,
        limit=asked.limit,
    )
    return [(stored, stored.updated_at) for stored in found]


def _search(session: Session, text: str, side: Side, asked: _Asked) -> Sequence[tuple[Stored, datetime]]:
    found = store.search(
        session,
        by=asked.by,
        side=side,
        reference=as_reference(text),
        persons=person.matching(session, asked.by.agency, text, limit=_MOST_PERSONS),
        after=asked.after,
        limit=asked.limit,
    )
    return [(stored, stored.updated_at) for stored in found]


def _sent_counts(session: Session, asked: _Asked) -> dict[str, int]:
    on_shelf = store.count_shelves(session, by=asked.by, side=Side.REFERRER)
    counts = {
        name.value: min(store.COUNT_CAP, sum(on_shelf[shelf] for shelf in shelves))
        for name, shelves in _SHELVES.items()
    }
    overdue = {SentFilter.OVERDUE.value: _sent_overdue(session, asked)}
    kind = cases.WORK[Side.REFERRER]
    return counts | store.count_due(session, asked.by.agency, kind=kind, now=asked.now, ranges=overdue)


def _sent_overdue(session: Session, asked: _Asked) -> list[Range]:
    services = store.at_services(session, asked.by, Side.REFERRER)
    return [Range((at, WORK.c.due_at <= asked.now)) for at in services]


def _work_ranges(home: Party, by: Staff, now: datetime) -> dict[WorkFilter, tuple[Range, ...]]:
    at = WORK.c.service == home.service
    overdue = Range((at, WORK.c.due_at <= now))
    return {
        WorkFilter.ALL: (Range((at,)),),
        WorkFilter.TO_DO: (overdue, *_coming(at, now, waiting=False)),
        WorkFilter.MINE: (Range((at, WORK.c.owner == by.id), of_owner=True),),
        WorkFilter.UNOWNED: (Range((at, WORK.c.owner.is_(None)), of_owner=True),),
        WorkFilter.WAITING: tuple(_coming(at, now, waiting=True)),
        WorkFilter.OVERDUE: (overdue,),
    }


def _coming(at: ColumnElement[bool], now: datetime, *, waiting: bool) -> Iterable[Range]:
    for step in steps_of_receiver(waiting=waiting):
        yield Range((at, WORK.c.next_step == step.value, WORK.c.due_at > now))


def matches(row: CaseRow, wanted: WorkFilter, reader: StaffId) -> bool:
    """Whether the filter asks for this case; false for one that is shown only because it is overdue."""
    waits = row.status in RECEIVER_WAITS
    asked_for = {
        WorkFilter.TO_DO: not waits or row.is_overdue,
        WorkFilter.MINE: row.owner == reader,
        WorkFilter.UNOWNED: row.owner is None,
        WorkFilter.WAITING: waits and not row.is_overdue,
        WorkFilter.OVERDUE: row.is_overdue,
    }
    return asked_for.get(wanted, True)


def as_reference(text: str) -> str | None:
    """Return a text as a reference, however it was typed; None when it cannot be one."""
    letters = "".join(letter for letter in text.upper() if letter not in " -")
    is_one = len(letters) == 8 and letters.isascii() and letters.isalnum()
    return f"{letters[:4]}-{letters[4:]}" if is_one else None


def _home(by: Staff, side: Side, service: ServiceId) -> Party:
    if not store.works_there(by, side, service):
        raise ReferralNotFound
    return Party(by.agency, service)


def _row(
    stored: Stored,
    read: dict[UUID, datetime],
    now: datetime,
    *,
    at: datetime,
    due_at: datetime | None = None,
) -> CaseRow:
    standing, step = stored.standing, next_step(stored.standing)
    patient = stored.content.patient
    read_at = read.get(standing.referral)
    due_at = due_at or (None if step is None else step.due_at)
    return CaseRow(
        referral=standing.referral,
        reference=standing.reference,
        side=standing.side,
        service=standing.home.service,
        name="" if patient is None else patient.name,
        birth_year=None if patient is None else patient.birth_date.year,
        status=standing.status,
        urgency=stored.content.urgency.value,
        referrer=standing.referrer,
        holder=standing.holder,
        counterpart=standing.counterpart,
        sent_at=standing.sent_at,
        received_at=standing.received_at,
        deadline=standing.deadline,
        days_left=_days_left(standing, now),
        step=None if step is None else step.step,
        due_at=due_at,
        is_overdue=due_at is not None and due_at <= now,
        is_undelivered=standing.undelivered,
        is_unread=read_at is None or read_at < stored.updated_at,
        owner=standing.owner,
        owner_name=standing.author.name if standing.side is Side.REFERRER else standing.assessor,
        updated_at=stored.updated_at,
        cursor=(at, standing.referral),
    )


def _days_left(standing: Standing, now: datetime) -> int | None:
    if standing.deadline is None or standing.assessed_at is not None:
        return None
    return working_days_left(standing.deadline.last_day, now)


def _delivery(session: Session, standing: Standing, message: UUID | None, now: datetime) -> Delivery | None:
    if message is None:
        return None
    try:
        return exchange.delivery(session, standing.home.agency, MessageId(message), now=now)
    except NotFound:
        return None


def _deliveries(session: Session, standing: Standing, now: datetime) -> dict[RequestId, Delivery]:
    found = {each.request: _delivery(session, standing, each.message, now) for each in standing.carried}
    return {request: delivery for request, delivery in found.items() if delivery is not None}


def _log_list(
    session: Session,
    event: Logged,
    persons: Sequence[PersonId | None],
    *,
    by: Staff,
    now: datetime,
    service: ServiceId | None = None,
) -> None:
    shown = tuple(dict.fromkeys(each for each in persons if each is not None))
    audit.record(session, event=event, actor=by, agency=by.agency, persons=shown, service=service, now=now)


def _copies(session: Session, agencies: Iterable[AgencyId], by: Patient) -> tuple[Stored, ...]:
    owners = person.known_as(session, agencies, by.number)
    return store.copies_about(session, owners, owners.values())


def _log_patient(session: Session, copies: Sequence[Stored], event: Logged, *, by: Actor, now: datetime) -> None:
    is_one = event is not Logged.REFERRAL_LIST
    for agency in sorted({stored.agency for stored in copies}):
        own = [stored for stored in copies if stored.agency == agency]
        audit.record(
            session,
            event=event,
            actor=by,
            agency=agency,
            persons=tuple(filter(None, dict.fromkeys(stored.standing.person for stored in own))),
            subject=own[0].standing.referral if is_one else None,
            now=now,
        )


def _patient_case(session: Session, copies: Sequence[Stored], now: datetime) -> PatientCase:
    best = max(copies, key=lambda stored: (stored.standing.version, stored.standing.side is Side.RECEIVER))
    standing = for_patient(best.standing, now)
    step = next_step(standing)
    return PatientCase(
        standing=standing,
        history=tuple(_for_patient(best.standing, store.history(session, best.standing), now)),
        deadline=standing.deadline,
        days_left=_days_left(standing, now),
        is_overdue=step is not None and step.due_at <= now and standing.status in _BEFORE_ASSESSMENT,
        agencies=tuple(sorted({stored.agency for stored in copies})),
        where=next(
            (copy.standing.home for copy in copies if copy.standing.home == standing.holder), best.standing.home
        ),
    )


def _for_patient(standing: Standing, history: Sequence[Entry], now: datetime) -> Iterable[Entry]:
    shown_from = refusal_shown_from(standing)
    is_hidden = shown_from is not None and now < shown_from
    for entry in history:
        if entry.act is Act.INTERNAL_NOTE:
            continue
        if is_hidden and (entry.status is Status.REJECTED or isinstance(entry.outcome, Refusal)):
            continue
        yield entry
