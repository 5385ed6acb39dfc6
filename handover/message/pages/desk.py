"""The blueprint of the threads' pages: who acts in which thread, and what a page says of a refusal."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from flask import Blueprint, Response, current_app
from sqlalchemy.orm import Session

from handover.access import current_staff
from handover.access import service as access
from handover.actors import Staff
from handover.clock import now
from handover.config import Settings
from handover.directory import service as directory
from handover.directory.model import Service
from handover.errors import NotFound
from handover.ids import ServiceId, StaffId, ThreadId
from handover.message.service import Turn
from handover.message.standing import Standing
from handover.message.store import READERS, WRITERS
from handover.message.words.refusals import REFUSALS
from handover.web.errors import explain, show_present_state_at
from handover.web.i18n import lazy_gettext as _l
from handover.web.shell import MenuItem, add_menu_item

MOVED: Final = 409
blueprint = Blueprint("messages", __name__, url_prefix="/meldinger")
add_menu_item(
    blueprint, MenuItem(endpoint="messages.listed", text=_l("Meldinger"), order=15, roles=frozenset(READERS))
)
show_present_state_at(blueprint, "messages.show")
explain(blueprint, REFUSALS)


def turn_of(service: str, thread: UUID, *, seen: datetime | None = None) -> Turn:
    """Return who acts now in which thread, at which of the agency's services."""
    return Turn(thread=ThreadId(thread), by=current_staff(), now=now(), at=ServiceId(service), seen=seen)


def my_services(session: Session, by: Staff) -> list[Service]:
    """Return the services the staff member may write from, by name."""
    held = by.services(*WRITERS)
    return [each for each in directory.services_of(session, by.agency) if None in held or each.id in held]


def owner_name(session: Session, standing: Standing) -> str:
    """Return who has taken the thread here; empty where nobody has, or who had has left."""
    return "" if standing.owner is None else _name(session, standing, standing.owner)


def observer_names(session: Session, standing: Standing) -> list[str]:
    """Return which leaders follow the thread here; not those who have left."""
    return [name for each in standing.observers if (name := _name(session, standing, each))]


def _name(session: Session, standing: Standing, who: StaffId) -> str:
    try:
        return access.staff_of(session, standing.home.agency, who).name
    except NotFound:
        return ""


def undo_time() -> timedelta:
    """Return for how long a sending can be undone at this node."""
    settings: Settings = current_app.extensions["handover.settings"]
    return timedelta(seconds=settings.undo_seconds)


def instant(text: str) -> datetime | None:
    """Return the instant a form names; None where it names none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def as_download(name: str, content_type: str, data: bytes) -> Response:
    """Return a file to be kept, never shown inside our own pages."""
    answer = Response(data, content_type=content_type)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer
