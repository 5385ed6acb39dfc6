"""What a page shows of the colleagues at a service: who writes an answer, who has whose work, whom to give it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from handover.access import service as access
from handover.errors import NotFound
from handover.ids import AgencyId, StaffId
from handover.message import service as messages
from handover.message.cases import place_of
from handover.message.service import Thread, Turn
from handover.message.standing import Standing
from handover.message.store import WRITERS
from handover.team import service as team
from handover.team.words import Ready, kept, ready_in
from handover.web.i18n import language

READY: Final = "message"
"""The kind of the ready texts of messages."""


@dataclass(frozen=True, kw_only=True)
class Writer:
    """A colleague who writes an answer just now."""

    id: StaffId
    name: str
    since: datetime


def writer_of(session: Session, turn: Turn, thread: Thread) -> Writer | None:
    """Return the colleague who writes an answer; None where nobody does, or the reader."""
    found = thread.answering
    if found is None or found.staff == turn.by.id:
        return None
    name = name_of(session, thread.standing.home.agency, found.staff)
    return Writer(id=found.staff, name=name, since=found.since)


def colleagues_of(session: Session, standing: Standing) -> list[tuple[StaffId, str]]:
    """Return who may have the thread, by name."""
    home = standing.home
    held = access.holders(session, home.agency, *WRITERS, service=home.service)
    return [(each.id, each.name) for each in held]


def ready_of(session: Session, standing: Standing) -> list[Ready]:
    """Return the ready texts for messages of the service, in the writer's language."""
    return ready_in(team.ready_texts(session, standing.home.agency, standing.home.service, READY), language())


def name_of(session: Session, agency: AgencyId, staff: StaffId) -> str:
    """Return what somebody is called; empty where nobody knows them."""
    try:
        return access.staff_of(session, agency, staff).name
    except NotFound:
        return ""


def shared(session: Session, turn: Turn, thread: Thread) -> Mapping[str, object]:
    """Return what a thread's page shows of the team."""
    standing = thread.standing
    return {
        "writer": writer_of(session, turn, thread),
        "kept": kept(session, place_of(standing)),
        "is_untaken": thread.may_write and messages.is_untaken(session, standing),
        "colleagues": colleagues_of(session, standing) if thread.may_write else [],
    }
