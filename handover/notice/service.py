"""Tell somebody that there is something new; keep what they wish; say what a patient has not opened.

Everything runs in the caller's transaction: the notice is promised where its cause is written, and leaves after
the commit (`courier`). The same cause never tells the same person twice.
"""

import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from handover.access import service as access
from handover.actors import Actor
from handover.audit import service as audit
from handover.audit.model import Event
from handover.db import provided
from handover.errors import NotFound
from handover.ids import AgencyId, PersonId, ServiceId, StaffId, new_uuid
from handover.keys.keyring import Keyring
from handover.keys.vault import Vault
from handover.notice import store
from handover.notice.model import (
    CODE_LASTS,
    CODE_TRIES,
    CODES_A_DAY,
    DAY,
    BadWishes,
    Channel,
    Kind,
    NoticeId,
    Purpose,
    Recipient,
    State,
    Watch,
    Wishes,
    WrongCode,
    checked,
    checked_wishes,
    send_at,
    staff,
    without_address,
)
from handover.workdays import local_date, rules_on

PAGE: Final = 200
REMEMBERED: Final = timedelta(days=400)
"""So long a cause is remembered; nothing is retried that late."""
EVERY: Final = timedelta(minutes=1)
"""How often what time alone causes is looked for."""
_CAUSE: Final = "notice-cause"
_CODE: Final = "notice-code"


class NoticeNotFound(NotFound):
    """No such notice at this agency, or it was not given up."""

    code = "notice.not-found"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One notice as those who run the node see it: nothing of the person, nothing of the cause."""

    id: NoticeId
    kind: Kind
    purpose: Purpose
    state: State
    channel: Channel | None
    attempts: int
    error: str
    made_at: datetime
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class Unopened:
    """Something that a patient has not opened for some days."""

    agency: AgencyId
    person: PersonId
    watch: Watch


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What somebody's page of settings shows."""

    wishes: Wishes
    waiting: Channel | None
    """By which channel a code was sent that has not been written yet."""
    has_failed: bool
    """Whether the last notice could not be sent."""


# --- telling ---------------------------------------------------------------------------------------------------


def tell(
    session: Session,
    to: Recipient,
    cause: str,
    *,
    now: datetime,
    not_before: datetime | None = None,
    watch: Watch | None = None,
) -> None:
    """Tell somebody, by what they wish, that there is something new; who wishes nothing is told nothing.

    `cause` names what happened (`referral/<id>/<version>`): once told, never again, also where another agency of
    the node tells of it; a sooner `not_before` brings the notice forward. `watch`: it must reach the patient.
    """
    shown_at = max(now, not_before or now)
    if watch is not None:
        _watch(session, to, watch, since=shown_at)
    row = store.wishes_row(session, to)
    if row is None or row.channel == Channel.NONE:
        return
    wishes = _wishes(session, to, row)
    if wishes.is_told:
        _queue(session, to, wishes, cause, shown_at=shown_at, now=now)


def tell_staff(
    session: Session,
    agency: AgencyId,
    service: ServiceId,
    cause: str,
    *,
    now: datetime,
    owner: StaffId | None = None,
    by: Actor | None = None,
) -> None:
    """Tell whoever has the work, or where nobody has, those of the service who wish that; never who did it."""
    found = store.staff_to_tell(session, agency, owner)
    wanted = {each for each in found if owner is None or each == owner} - {getattr(by, "id", None)}
    if not wanted:
        return
    for member in access.at_work(session, agency, wanted, service):
        tell(session, staff(agency, member), cause, now=now)


def _queue(
    session: Session, to: Recipient, wishes: Wishes, cause: str, *, shown_at: datetime, now: datetime
) -> None:
    due_at, home = send_at(wishes, shown_at), _home(session)
    hashed = _hash_of_cause(session, to, wishes, cause)
    told = store.notice_of_cause(session, home, hashed)
    if told is not None:
        store.bring_forward(session, *told, due_at=due_at)
        return
    since = None if shown_at == now else shown_at
    notice = store.waiting_news(session, to, since=since, by=due_at)
    made = notice is None
    notice = notice or NoticeId(new_uuid())
    if store.add_cause(session, home, hashed, agency=to.agency, notice=notice, now=now) and made:
        store.add_notice(session, _row(to, notice, Purpose.NEWS, due_at=due_at, now=now))


def _hash_of_cause(session: Session, to: Recipient, wishes: Wishes, cause: str) -> bytes:
    """Return the keyed hash of a cause for whoever reads that address, or for that member of the staff."""
    whom = wishes.address if to.kind is Kind.PATIENT else str(to.id)
    return provided(session, Vault).blind(_home(session), _CAUSE, f"{whom}|{cause}")


def _home(session: Session) -> AgencyId:
    return provided(session, Keyring).agencies[0]


def _row(to: Recipient, notice: NoticeId, purpose: Purpose, *, due_at: datetime, now: datetime) -> dict[str, Any]:
    return {
        "agency": to.agency,
        "id": notice,
        "kind": to.kind.value,
        "recipient": to.id,
        "purpose": purpose.value,
        "state": State.QUEUED.value,
        "made_at": now,
        "due_at": due_at,
        "attempts": 0,
        "channel": "",
        "error": "",
    }


# --- what a patient has not opened ------------------------------------------------------------------------------


def opened(session: Session, subjects: Collection[UUID], persons: Iterable[PersonId], *, now: datetime) -> None:
    """Note that a patient has opened cases: nobody needs to write or call about what they show now."""
    store.opened(session, subjects, list(persons), now=now)


def long_unopened(session: Session, agency: AgencyId, *, now: datetime) -> tuple[Unopened, ...]:
    """Return, once, what patients have had for some days (`data/deadlines.json`) without opening it."""
    before = now - timedelta(days=rules_on(local_date(now)).patient_unopened_days)
    rows = store.long_unopened(session, agency, before=before, limit=PAGE)
    for row in rows:
        store.put_unopened(session, {**row, "asked_at": now})
    return tuple(
        Unopened(
            agency=agency,
            person=PersonId(row["person"]),
            watch=Watch(
                service=ServiceId(row["service"]), subject=row["subject"], subject_kind=row["subject_kind"]
            ),
        )
        for row in rows
    )


def is_anything_to_pass_on(session: Session, agency: AgencyId, *, now: datetime) -> bool:
    """Whether it is a minute since dates that passed were told of; before that there is nothing to do."""
    until = store.passed_until(session, agency)
    return until is None or now >= until + EVERY


def forget(session: Session, agency: AgencyId, *, now: datetime) -> None:
    """Remove what is too old to matter: nothing is told, or tried again, that late."""
    store.forget_causes(session, agency, before=now - REMEMBERED)
    store.forget_ended(session, agency, before=now - REMEMBERED)


def passed_since(session: Session, agency: AgencyId, *, earliest: datetime, now: datetime) -> datetime:
    """Return since when dates that passed are to be told of now, and note that they are; each is told of once."""
    until = store.passed_until(session, agency)
    store.put_passed(session, agency, now)
    return max(until or now, earliest)


def _watch(session: Session, to: Recipient, watch: Watch, *, since: datetime) -> None:
    """Begin to wait for the patient; what waits already keeps its day, unless the service was asked meanwhile."""
    known = store.unopened(session, to.agency, to.id, watch.subject)
    is_waiting = known is not None and known["asked_at"] is None
    row = {
        "agency": to.agency,
        "person": to.id,
        "subject": watch.subject,
        "subject_kind": watch.subject_kind,
        "service": watch.service,
        "since": min(known["since"], since) if known is not None and is_waiting else since,
        "asked_at": None,
    }
    store.put_unopened(session, row)


# --- wishes ----------------------------------------------------------------------------------------------------


def wishes_of(session: Session, to: Recipient) -> Wishes:
    """Return what somebody has chosen; who has chosen nothing is told nothing."""
    row = store.wishes_row(session, to)
    return Wishes() if row is None else _wishes(session, to, row)


def chosen(session: Session, to: Recipient, *, now: datetime) -> Chosen:
    """Return what somebody's page of settings shows."""
    waiting, last = store.confirmation(session, to), store.last_ended(session, to)
    is_waiting = waiting is not None and waiting["is_open"] and now < waiting["made_at"] + CODE_LASTS
    return Chosen(
        wishes=wishes_of(session, to),
        waiting=Channel(waiting["channel"]) if waiting is not None and is_waiting else None,
        has_failed=last is not None and last["state"] == State.GIVEN_UP.value,
    )


def choose(session: Session, them: Collection[Recipient], wanted: Wishes, *, by: Actor, now: datetime) -> bool:
    """Keep wishes for somebody as each of these agencies knows them; whether a code was sent to a new address.

    Until it is confirmed, the address before stays in use. Raises BadWishes.
    """
    wanted = checked_wishes(wanted)
    address = "" if wanted.channel is Channel.NONE else checked(wanted.channel, wanted.address)
    needs_code = False
    for to in them:
        before = wishes_of(session, to)
        is_known = (wanted.channel, address) == (before.channel, before.address)
        if wanted.channel is Channel.NONE:
            kept = without_address(wanted)
            store.change_confirmation(session, to, is_open=False)
            store.drop_codes(session, to, now=now)
        elif is_known:
            kept = replace(wanted, address=address)
        else:
            kept = replace(wanted, channel=before.channel, address=before.address)
            needs_code = True
        _keep(session, to, kept, now=now)
        _log(session, Event.NOTICE_CHOOSE, to, by=by, now=now, channel=wanted.channel)
    if needs_code:
        _send_code(session, them, wanted, address, now=now)
    return needs_code


def confirm(session: Session, them: Collection[Recipient], code: str, *, by: Actor, now: datetime) -> bool:
    """Use the address from now on, if this is the code that was sent there; whether it is.

    A wrong code counts against the few tries, so the caller commits that too.
    """
    digits = "".join(code.split())
    right = [to for to in them if _is_right(session, to, digits, now=now)]
    for to in right:
        waiting = store.confirmation(session, to)
        if waiting is None:  # pragma: no cover - it was there a statement ago
            raise WrongCode
        address = _open(session, to, "notice_confirmation", waiting["address"])
        channel = Channel(waiting["channel"])
        _keep(session, to, replace(wishes_of(session, to), channel=channel, address=address), now=now)
        store.change_confirmation(session, to, is_open=False)
        _log(session, Event.NOTICE_CONFIRM, to, by=by, now=now, channel=channel)
    return bool(right)


def _is_right(session: Session, to: Recipient, digits: str, *, now: datetime) -> bool:
    waiting = store.confirmation(session, to)
    if waiting is None or not waiting["is_open"] or now >= waiting["made_at"] + CODE_LASTS:
        return False
    if waiting["tries"] >= CODE_TRIES:
        return False
    store.change_confirmation(session, to, tries=waiting["tries"] + 1)
    return compare_digest(waiting["code"], _hash_of_code(session, to, digits))


def _send_code(
    session: Session, them: Collection[Recipient], wanted: Wishes, address: str, *, now: datetime
) -> None:
    """Queue one code for the address; every agency that knows the person takes the same one."""
    code = f"{secrets.randbelow(1_000_000):06}"
    for to in them:
        before = store.confirmation(session, to)
        is_same_day = before is not None and now < before["first_at"] + DAY
        codes = before["codes"] if before is not None and is_same_day else 0
        if codes >= CODES_A_DAY:
            raise BadWishes(fields={"address": ["too-many-codes"]})
        row = {
            "channel": wanted.channel.value,
            "address": _seal(session, to, "notice_confirmation", address),
            "code": _hash_of_code(session, to, code),
            "made_at": now,
            "tries": 0,
            "codes": codes + 1,
            "first_at": before["first_at"] if before is not None and is_same_day else now,
            "is_open": True,
        }
        store.put_confirmation(session, to, row)
        store.drop_codes(session, to, now=now)
    first = next(iter(them))
    notice = NoticeId(new_uuid())
    secret = orjson.dumps({"address": address, "code": code, "language": wanted.language})
    sealed = provided(session, Vault).seal(first.agency, "notice_outgoing", "secret", notice, secret)
    row = _row(first, notice, Purpose.CODE, due_at=now, now=now)
    store.add_notice(session, {**row, "channel": wanted.channel.value, "secret": sealed})


def _keep(session: Session, to: Recipient, wishes: Wishes, *, now: datetime) -> None:
    values = {
        "channel": wishes.channel.value,
        "address": _seal(session, to, "notice_wishes", wishes.address) if wishes.address else None,
        "first_hour": wishes.first_hour,
        "last_hour": wishes.last_hour,
        "daily_at": wishes.daily_at,
        "language": wishes.language,
        "wants_team": wishes.wants_team,
        "changed_at": now,
    }
    store.put_wishes(session, to, values)


def _wishes(session: Session, to: Recipient, row: Any) -> Wishes:
    return Wishes(
        channel=Channel(row.channel),
        address="" if row.address is None else _open(session, to, "notice_wishes", row.address),
        first_hour=row.first_hour,
        last_hour=row.last_hour,
        daily_at=row.daily_at,
        language=row.language,
        wants_team=row.wants_team,
    )


def _hash_of_code(session: Session, to: Recipient, code: str) -> bytes:
    return provided(session, Vault).blind(to.agency, _CODE, f"{to.kind.value}|{to.id}|{code}")


def _seal(session: Session, to: Recipient, table: str, address: str) -> bytes:
    row = f"{to.kind.value}|{to.id}"
    return provided(session, Vault).seal(to.agency, table, "address", row, address.encode())


def _open(session: Session, to: Recipient, table: str, sealed: bytes) -> str:
    row = f"{to.kind.value}|{to.id}"
    return provided(session, Vault).open(to.agency, table, "address", row, sealed).decode()


# --- for those who run the node ---------------------------------------------------------------------------------


def given_up(session: Session, agency: AgencyId) -> tuple[Notice, ...]:
    """Return the notices that could not be sent, the latest first."""
    return tuple(_notice(row) for row in store.listed(session, agency, State.GIVEN_UP, limit=PAGE))


def waiting(session: Session, agency: AgencyId) -> tuple[Notice, ...]:
    """Return the notices that are to leave, those due last first."""
    return tuple(_notice(row) for row in store.listed(session, agency, State.QUEUED, limit=PAGE))


def try_again(session: Session, agency: AgencyId, notice: NoticeId, *, by: Actor, now: datetime) -> None:
    """Queue a notice again that was given up. Raises NoticeNotFound."""
    if not store.requeue(session, agency, notice, now=now):
        raise NoticeNotFound
    audit.record(session, event=Event.OPERATOR_RETRY, actor=by, agency=agency, subject=notice, now=now)


def oldest_due(session: Session, agency: AgencyId) -> datetime | None:
    """Return since when the oldest notice has been due that has not left; may lie ahead."""
    return store.oldest_due(session, agency)


def count_given_up(session: Session, agency: AgencyId) -> int:
    """Return how many notices could not be sent."""
    return store.count(session, agency, State.GIVEN_UP)


def _notice(row: RowMapping) -> Notice:
    return Notice(
        id=NoticeId(row["id"]),
        kind=Kind(row["kind"]),
        purpose=Purpose(row["purpose"]),
        state=State(row["state"]),
        channel=Channel(row["channel"]) if row["channel"] else None,
        attempts=row["attempts"],
        error=row["error"],
        made_at=row["made_at"],
        due_at=row["due_at"],
    )


def _log(session: Session, event: Event, to: Recipient, *, by: Actor, now: datetime, channel: Channel) -> None:
    audit.record(
        session,
        event=event,
        actor=by,
        agency=to.agency,
        persons=[PersonId(to.id)] if to.kind is Kind.PATIENT else [],
        subject=to.id,
        detail={"channel": channel.value},
        now=now,
    )
