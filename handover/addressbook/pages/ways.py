"""What a reader can begin with a service of the address book: each product above says so for itself.

add_way(blueprint, Way(order=20, offer=_referral_to, draft_url=...))
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, current_app

from handover.actors import Staff
from handover.directory.model import Service
from handover.web.i18n import Text

_WAYS: Final = "handover.addressbook.ways"


@dataclass(frozen=True, kw_only=True)
class Begin:
    """One link or button beside a service."""

    text: Text
    url: str
    field: str = ""
    """With a name the service's id is posted in it; without one it is a link."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """One product's way to a service, such as a referral."""

    order: int
    """Lower ones stand first; a message stands before the phone."""
    offer: Callable[[Staff, Service, date, UUID | None], Begin | None]
    """Given the reader, the service, today, and the draft that looks for a receiver (None: none does)."""
    draft_url: Callable[[UUID], str] | None = None
    """Where a draft that looks for a receiver is written on; only one product has such drafts."""


def add_way(blueprint: Blueprint, way: Way) -> None:
    """Offer a way to services in every application that the blueprint is registered on."""
    blueprint.record_once(lambda state: _ways(state.app.extensions).append(way))


def begins(staff: Staff, service: Service, today: date, draft: UUID | None) -> list[Begin]:
    """Return what this reader can begin with the service now."""
    ways = sorted(_ways(current_app.extensions), key=lambda way: way.order)
    return [begin for way in ways if (begin := way.offer(staff, service, today, draft)) is not None]


def draft_url(draft: UUID) -> str:
    """Return where the draft is written on; empty when no product here has drafts that look for a receiver."""
    return next((way.draft_url(draft) for way in _ways(current_app.extensions) if way.draft_url), "")


def _ways(extensions: dict[str, Any]) -> list[Way]:
    found: list[Way] = extensions.setdefault(_WAYS, [])
    return found
