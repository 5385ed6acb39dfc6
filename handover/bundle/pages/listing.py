"""The handovers of my services: filters are links."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow, current_staff
from handover.bundle import service as handovers
from handover.bundle.lifecycle import AT_SENDER, Side
from handover.bundle.pages.desk import SENDERS, blueprint
from handover.bundle.reading import PAGE
from handover.bundle.scenes import scene_of
from handover.bundle.service import Listed
from handover.bundle.steps import Shelf
from handover.bundle.words import asked_of
from handover.bundle.words.states import Label, label
from handover.clock import now
from handover.directory import names
from handover.web import parts
from handover.web.i18n import Sentence
from handover.web.i18n import lazy_gettext as _l

OPEN: Final = "open"
SHELVES: Final[dict[str, tuple[Shelf, ...]]] = {
    OPEN: (Shelf.DRAFT, Shelf.TO_DO, Shelf.WAITING),
    **{shelf.value: (shelf,) for shelf in Shelf},
}
FILTERS: Final[dict[str, Sentence]] = {
    OPEN: _l("Alle åpne"),
    Shelf.DRAFT.value: _l("Ikke sendt"),
    Shelf.TO_DO.value: _l("Vi må gjøre noe"),
    Shelf.WAITING.value: _l("Venter på mottakeren"),
    Shelf.CLOSED.value: _l("Avsluttet"),
}
_NONE: Final = _l("Det er ingen overføringer her.")
EMPTY: Final[dict[str, Sentence]] = {
    OPEN: _l("Dere har ingen åpne overføringer. Begynn en når noen andre skal ta over for en pasient."),
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One handover in the list."""

    url: str
    name: str = field(repr=False)
    birth_year: int
    place: str
    reference: str
    label: Label
    ask: str
    """What we must do; nothing where the next move is somebody else's."""
    due: str
    is_late: bool
    owner: str


@blueprint.get("/")
@allow(*SENDERS)
def listed() -> ResponseReturnValue:
    """Show my services' handovers, the latest change first; one row in the log names everybody shown."""
    wanted = request.args.get("vis", OPEN)
    wanted = wanted if wanted in FILTERS else OPEN
    at = now()
    with web.transaction() as session:
        found = handovers.mine(
            session,
            current_staff(),
            now=at,
            shelves=SHELVES[wanted],
            after=_cursor(request.args.get("etter", "")),
        )
        lines = _lines(session, found, at)
        counts = handovers.counts(session, current_staff())
    last = found[-1] if len(found) == PAGE else None
    return render_template(
        "bundle/desk/list.html",
        lines=lines,
        filters=[
            _filter(name, sum(counts[shelf] for shelf in SHELVES[name]), is_current=name == wanted)
            for name in FILTERS
        ],
        empty=EMPTY.get(wanted, _NONE),
        more=None if last is None else url_for(".listed", vis=wanted, etter=_cursor_text(last)),
    )


def _filter(name: str, count: int, *, is_current: bool) -> parts.Filter:
    return parts.Filter(
        text=FILTERS[name],
        url=url_for(".listed", vis=name),
        count=min(handovers.COUNT_CAP, count),
        is_capped=count >= handovers.COUNT_CAP,
        is_current=is_current,
    )


def _lines(session: Session, found: Iterable[Listed], at: datetime) -> list[Line]:
    return [_line(session, each, at) for each in found]


def _line(session: Session, each: Listed, at: datetime) -> Line:
    standing, step = each.standing, each.next
    scene = scene_of(session, standing, Side.SENDER, now=at)
    named = scene.parameters()
    return Line(
        url=url_for(".write" if standing.status in AT_SENDER else ".show", handover=standing.handover),
        name=each.patient.name,
        birth_year=each.patient.birth_date.year,
        place=names.of_party(session, standing.receiver),
        reference=standing.reference,
        label=label(scene),
        ask="" if step is None else asked_of(step.step, Side.SENDER, **named),
        due=named["left"],
        is_late=(step is not None and step.due_at <= at) or standing.undelivered,
        owner=standing.clinician.name,
    )


def _cursor(text: str) -> tuple[datetime, UUID] | None:
    at, _sep, last = text.partition("_")
    try:
        return datetime.fromisoformat(at), UUID(last)
    except ValueError:
        return None


def _cursor_text(last: Listed) -> str:
    return f"{last.updated_at.isoformat()}_{last.standing.handover}"
