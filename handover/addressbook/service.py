"""Show entries, keep our own right, and remind their owners. Reports that one is wrong: `reporting`.

What an owner changes is published in the agency's signed statement within the same transaction, and stands in the
entry's history and in the log.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy.orm import Session

from handover.access import service as register
from handover.actors import Role, Staff
from handover.addressbook import store
from handover.addressbook.model import (
    KEEPERS,
    OWNERS,
    Act,
    Change,
    ChangedMeanwhile,
    EntryNotFound,
    EntryTexts,
    Standing,
    changes_between,
    checked_offer,
    checked_pause,
    checked_texts,
    mark_of,
    with_offer,
)
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.db import Database, provided
from handover.directory import names
from handover.directory import service as directory
from handover.directory.model import Offer, Pause, Service
from handover.errors import NotFound
from handover.ids import AgencyId, ServiceId, StaffId, new_uuid
from handover.keys.vault import Vault
from handover.team import service as team
from handover.team.model import TaskKind
from handover.values import dump, load
from handover.workdays import local_date

ENTRY: Final = "directory-entry"
"""Kind of the subject of a task about an entry."""
REMIND_AGAIN: Final = timedelta(days=30)
"""How long an owner is left alone after a reminder that led to nothing."""
HISTORY: Final = 100
"""Lines of an entry's history that are shown."""
_ENTRIES: Final = UUID("5f1f7f0e-3c51-4a55-8a52-6d3b2f6f8a10")


@dataclass(frozen=True, kw_only=True)
class Owning:
    """Who changes which entry, and when."""

    service: ServiceId
    by: Staff
    now: datetime


def standing_of(session: Session, service: Service, *, today: date) -> Standing:
    """Return what must be said wherever the service is shown or chosen."""
    pause = service.pause if service.pause is not None and not service.pause.is_over(today) else None
    instead = _known(session, pause.instead) if pause is not None and pause.instead is not None else None
    return Standing(
        service=service,
        agency=names.of_agency(session, service.agency),
        is_unconfirmed=service.is_unconfirmed(today),
        is_closed=not service.is_open_on(today),
        pause=pause,
        instead=instead,
        instead_agency="" if instead is None else names.of_agency(session, instead.agency),
    )


def may_confirm(staff: Staff, service: Service) -> bool:
    """Whether the reader may say that this entry is right."""
    return _has_one_of(staff, KEEPERS, service)


def may_change(staff: Staff, service: Service) -> bool:
    """Whether the reader owns this entry."""
    return _has_one_of(staff, OWNERS, service)


def owned(session: Session, wanted: ServiceId, *, by: Staff) -> Service:
    """Return an entry that the reader owns. Raises EntryNotFound."""
    return _at_hand(session, wanted, by, OWNERS)


def confirm(session: Session, turn: Owning) -> None:
    """Say that our own service's entry is right today; published to the community with our signature."""
    _at_hand(session, turn.service, turn.by, KEEPERS)
    _amend(session, turn, Act.CONFIRMED, lambda entry: replace(entry, confirmed_on=local_date(turn.now)))
    _end_reminders(session, turn)


def save_texts(session: Session, turn: Owning, texts: EntryTexts, *, seen: str) -> None:
    """Write the texts of an entry; who saves the whole page has confirmed it. Raises Invalid, ChangedMeanwhile."""
    checked = checked_texts(texts)

    def write(entry: Service) -> Service:
        if seen != mark_of(entry):
            raise ChangedMeanwhile
        return replace(entry, **vars(checked), confirmed_on=local_date(turn.now))

    _at_hand(session, turn.service, turn.by, OWNERS)
    _amend(session, turn, Act.CHANGED, write)
    _end_reminders(session, turn)


def pause(session: Session, turn: Owning, wanted: Pause) -> None:
    """Close a service for some days, with the alternative. Raises Invalid."""
    _at_hand(session, turn.service, turn.by, OWNERS)
    checked = checked_pause(wanted, own=turn.service, today=local_date(turn.now))
    if checked.instead is not None:
        directory.service_of(session, checked.instead)
    _amend(session, turn, Act.PAUSED, lambda entry: replace(entry, pause=checked))


def reopen(session: Session, turn: Owning) -> None:
    """Take a pause away: the service is open as it was."""
    _at_hand(session, turn.service, turn.by, OWNERS)
    _amend(session, turn, Act.REOPENED, lambda entry: replace(entry, pause=None))


def save_offer(session: Session, turn: Owning, offer: Offer) -> None:
    """Write one offer; one without an id is new. Raises Invalid, TooManyOffers."""
    _at_hand(session, turn.service, turn.by, OWNERS)
    checked = checked_offer(offer)
    saved = replace(checked, id=checked.id or new_uuid().hex)
    _amend(session, turn, Act.OFFER_SAVED, lambda entry: replace(entry, offers=with_offer(entry, saved)))


def remove_offer(session: Session, turn: Owning, offer: str) -> None:
    """Take an offer away; nothing happens when it is gone already."""

    def remove(entry: Service) -> Service:
        return replace(entry, offers=tuple(each for each in entry.offers if each.id != offer))

    _at_hand(session, turn.service, turn.by, OWNERS)
    _amend(session, turn, Act.OFFER_REMOVED, remove)


def history(session: Session, wanted: ServiceId, *, by: Staff) -> tuple[Change, ...]:
    """Return what was done with an entry of ours, the latest first. Raises EntryNotFound."""
    _at_hand(session, wanted, by, KEEPERS)
    vault = provided(session, Vault)
    return tuple(
        load(Change, vault.open(by.agency, "directory_change", "change", row["id"], row["change"]))
        for row in store.changes(session, by.agency, wanted, limit=HISTORY)
    )


def remind(db: Database, agencies: Iterable[AgencyId], *, now: datetime) -> list[ServiceId]:
    """Give the owners of entries that nobody has confirmed for six months a task; return which entries.

    One that is put away without a confirmation comes back after `REMIND_AGAIN`.
    """
    reminded = []
    for agency in agencies:
        with db.transaction() as session:
            for each in directory.services_of(session, agency):
                if each.is_unconfirmed(local_date(now)) and _is_due(session, each, now):
                    tell_owners(session, each, TaskKind.ENTRY_UNCONFIRMED, entry_subject(each), ENTRY, now=now)
                    reminded.append(each.id)
    return reminded


def tell_owners(
    session: Session, service: Service, kind: TaskKind, subject: UUID, subject_kind: str, *, now: datetime
) -> None:
    """Leave a task for each leader of the service; for whoever works there when it has none."""
    leaders = register.holders(session, service.agency, *OWNERS, service=service.id)
    wanted: list[StaffId | None] = [leader.id for leader in leaders]
    for one in wanted or [None]:
        team.raise_task(
            session,
            service.agency,
            kind=kind,
            text="",
            now=now,
            service=service.id,
            for_staff=one,
            subject=subject,
            subject_kind=subject_kind,
        )


def end_tasks(session: Session, agency: AgencyId, subject: UUID, *, by: Staff, now: datetime) -> None:
    """Close every task about this: what it asked for is done."""
    for task in team.tasks_about(session, agency, subject):
        team.end_task(session, task, by=by, now=now)


def entry_subject(service: Service) -> UUID:
    """Return the id by which tasks name an entry."""
    return uuid5(_ENTRIES, f"{service.agency}/{service.id}")


def _end_reminders(session: Session, turn: Owning) -> None:
    entry = directory.service_of(session, turn.service)
    end_tasks(session, entry.agency, entry_subject(entry), by=turn.by, now=turn.now)


def _is_due(session: Session, service: Service, now: datetime) -> bool:
    last = team.last_raised(session, service.agency, entry_subject(service))
    return last is None or now - last >= REMIND_AGAIN


def _amend(session: Session, turn: Owning, act: Act, amend: Callable[[Service], Service]) -> None:
    agency, wanted = turn.by.agency, turn.service
    before, after = directory.amend_service(session, agency, wanted, amend, now=turn.now)
    changed = changes_between(before, after)
    if act is not Act.CONFIRMED and before == after:
        return
    change = Change(act=act, at=turn.now, by_name=turn.by.name, changed=changed)
    id_ = new_uuid()
    sealed = provided(session, Vault).seal(agency, "directory_change", "change", id_, dump(change))
    row = {"agency": agency, "id": id_, "service": wanted, "at": turn.now, "change": sealed}
    store.add_change(session, row)
    event = Logged.SERVICE_CONFIRM if act is Act.CONFIRMED else Logged.SERVICE_CHANGE
    audit.record(
        session,
        event=event,
        actor=turn.by,
        agency=agency,
        service=wanted,
        detail={"act": act.value, "changed": " ".join(each.what for each in changed)},
        now=turn.now,
    )


def _at_hand(session: Session, wanted: ServiceId, by: Staff, roles: Iterable[Role]) -> Service:
    entry = _known(session, wanted)
    if entry is None or not _has_one_of(by, roles, entry):
        raise EntryNotFound
    return entry


def _has_one_of(staff: Staff, roles: Iterable[Role], service: Service) -> bool:
    return service.agency == staff.agency and any(staff.has(role, service.id) for role in roles)


def _known(session: Session, wanted: ServiceId) -> Service | None:
    try:
        return directory.service_of(session, wanted)
    except NotFound:
        return None
