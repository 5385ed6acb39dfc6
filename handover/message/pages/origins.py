"""From which case a new message about its patient begins: one its writer may open, named in addresses by its id.

No address says who a patient is. Each product opens its own cases, as their own pages do: whoever may not open one
is told that it is not there, and whoever does stands in the log.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, current_app, request
from sqlalchemy.orm import Session

from handover.actors import Staff
from handover.ids import PersonId, ServiceId
from handover.message.service import ThreadNotFound
from handover.person import service as person
from handover.person.service import Person

_ORIGINS: Final = "handover.message.origins"
FIELD: Final = "sak"
"""The field of a form, and the part of an address, that names the case."""


@dataclass(frozen=True, kw_only=True)
class Opening:
    """Who opens which case, at which of the agency's services, and when."""

    case: UUID
    at: ServiceId | None
    by: Staff
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Origin:
    """One product's cases of one kind."""

    kind: str
    """What it is called in an address."""
    opens: Callable[[Session, Opening], PersonId | None]
    """Returns whom a case is about (None: nobody who may be named), logged. Raises NotFound."""
    knows: Callable[[Session, Staff, Collection[PersonId]], set[PersonId]]
    """Returns those of them about whom the reader may open a case; it opens and logs nothing."""


def add_origin(blueprint: Blueprint, origin: Origin) -> None:
    """Let messages begin from cases of a kind in every application that the blueprint is registered on."""
    blueprint.record_once(lambda state: _origins(state.app.extensions).update({origin.kind: origin}))


def named_here() -> str:
    """Return the case that this page's address or form names; empty where it names none."""
    return request.values.get(FIELD, "")[:100]


def patient_of_case(session: Session, by: Staff, named: str, *, now: datetime) -> Person | None:
    """Return the patient of a case as `kind.service.id` or `kind.id`; None for none. Raises NotFound."""
    if not named:
        return None
    kind, _dot, rest = named.partition(".")
    at, _dot, case = rest.rpartition(".")
    origin = _origins(current_app.extensions).get(kind)
    try:
        opening = Opening(case=UUID(case), at=ServiceId(at) if at else None, by=by, now=now)
    except ValueError:
        raise ThreadNotFound from None
    if origin is None:
        raise ThreadNotFound
    about = origin.opens(session, opening)
    return None if about is None else Person(about, person.identity_of(session, by.agency, about))


def may_be_shown(session: Session, by: Staff, found: Collection[Person]) -> list[Person]:
    """Return those patients about whom the reader may open a case already: only they may be named."""
    wanted = {each.id for each in found}
    known: set[PersonId] = set()
    for origin in _origins(current_app.extensions).values():
        known |= origin.knows(session, by, wanted - known) if wanted - known else set()
    return [each for each in found if each.id in known]


def _origins(extensions: dict[str, Any]) -> dict[str, Origin]:
    found: dict[str, Origin] = extensions.setdefault(_ORIGINS, {})
    return found
