"""What a reader can begin with a service of the address book: each product above says so for itself.

add_way(blueprint, Way(order=20, what="henvisning", offer=_referral_to, draft_url=...))
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, current_app
from sqlalchemy.orm import Session

from handover.actors import Staff
from handover.directory.model import Service
from handover.ids import ServiceId
from handover.web.i18n import Text

_WAYS: Final = "handover.addressbook.ways"
_LATELY: Final = "handover.addressbook.lately"
WrittenTo = Callable[[Session, Staff], Iterable[tuple[ServiceId, datetime]]]
"""To whom the services of a reader have written lately, and when each was last heard of."""


@dataclass(frozen=True, kw_only=True)
class Errand:
    """What a reader has come to the address book for."""

    draft: UUID | None = None
    """A draft that looks for a receiver."""
    what: str = ""
    """`Way.what` of the one product that something is to be begun of; empty: just looking."""
    case: str = ""
    """From which case it begins, as that product names cases in addresses."""


@dataclass(frozen=True, kw_only=True)
class Begin:
    """One link or button beside a service."""

    text: Text
    url: str
    field: str = ""
    """With a name the service's id is posted in it; without one it is a link."""
    is_rare: bool = False
    """Few come for it: it stands as a plain link, after what most come for."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """One product's way to a service, such as a referral."""

    order: int
    """Lower ones stand first; a message stands before the phone."""
    what: str
    """What is begun, as an address says it."""
    offer: Callable[[Staff, Service, date, Errand], Begin | None]
    """Given the reader, the service, today, and what they have come for."""
    draft_url: Callable[[UUID], str] | None = None
    """Where a draft that looks for a receiver is written on; only one product has such drafts."""


def add_way(blueprint: Blueprint, way: Way) -> None:
    """Offer a way to services in every application that the blueprint is registered on."""
    blueprint.record_once(lambda state: _ways(state.app.extensions).append(way))


def begins(staff: Staff, service: Service, today: date, errand: Errand) -> list[Begin]:
    """Return what this reader can begin with the service now; nothing else than what they have come for."""
    wanted = [way for way in _ways(current_app.extensions) if errand.what in {"", way.what}]
    ways = sorted(wanted, key=lambda way: way.order)
    return [begin for way in ways if (begin := way.offer(staff, service, today, errand)) is not None]


def add_lately(blueprint: Blueprint, written_to: WrittenTo) -> None:
    """Let a product say whom its readers have written to lately."""
    blueprint.record_once(lambda state: _lately(state.app.extensions).append(written_to))


def written_to_lately(session: Session, staff: Staff, *, limit: int) -> list[ServiceId]:
    """Return whom the reader's services have written to by any product, the latest first."""
    latest: dict[ServiceId, datetime] = {}
    for written_to in _lately(current_app.extensions):
        for service, at in written_to(session, staff):
            latest[service] = max(at, latest.get(service, at))
    return sorted(latest, key=lambda each: latest[each], reverse=True)[:limit]


def draft_url(draft: UUID) -> str:
    """Return where the draft is written on; empty when no product here has drafts that look for a receiver."""
    return next((way.draft_url(draft) for way in _ways(current_app.extensions) if way.draft_url), "")


def _lately(extensions: dict[str, Any]) -> list[WrittenTo]:
    found: list[WrittenTo] = extensions.setdefault(_LATELY, [])
    return found


def _ways(extensions: dict[str, Any]) -> list[Way]:
    found: list[Way] = extensions.setdefault(_WAYS, [])
    return found
