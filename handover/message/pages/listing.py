"""My services' threads: filters are links with counts; a search goes by POST, never in an address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow, current_staff
from handover.actors import Staff
from handover.clock import now
from handover.directory import names
from handover.message import service as messages
from handover.message.pages.desk import blueprint, owner_name
from handover.message.reading import OPEN
from handover.message.service import Listed
from handover.message.steps import Shelf, is_since
from handover.message.store import READERS, WRITERS
from handover.message.words import banner
from handover.message.words.finding import subjects_named
from handover.message.words.names import SUBJECTS
from handover.message.words.purpose import purpose_at
from handover.web.i18n import Sentence, Text
from handover.web.i18n import lazy_gettext as _l
from handover.web.parts import Filter, Tone

DONE: Final = _l("Tråden er ferdig for hele teamet. Den kommer tilbake når noe nytt kommer.")
"""What the list says when a thread was put away for the team on its page."""
DRAFTS: Final = (Shelf.DRAFT,)
"""Under drafts stand those of threads, too, in which something was sent."""
FILTERS: Final[Mapping[str, tuple[Sentence, Sequence[Shelf]]]] = {
    "apne": (_l("Alle åpne"), OPEN),
    "gjore": (_l("Du må gjøre noe"), (Shelf.TO_DO,)),
    "venter": (_l("Venter på andre"), (Shelf.WAITING,)),
    "utkast": (_l("Utkast"), DRAFTS),
    "ferdig": (_l("Ferdig"), (Shelf.CLOSED,)),
}
"""What stands in an address -> what it is called, and the shelves it shows."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thread in the list, in the reader's words."""

    url: str
    title: str = field(repr=False)
    birth_year: int | None
    subject: Text
    line: str = field(repr=False)
    others: str
    here: str
    latest: str = field(repr=False)
    latest_at: datetime | None
    tag: Text
    tone: Tone
    time: str
    is_late: bool
    is_unread: bool
    news: Sentence | None
    """That the reader has not seen all of it, where the tag does not say so."""
    purpose: str
    case: str
    """From which case a message about its patient begins; empty where it names nobody."""
    is_soon: bool
    wished: str = field(repr=False)
    """Whom the writer of what waits here hopes reads it."""
    is_followed: bool
    """By this reader, as the leader."""
    owner: str


@blueprint.get("/")
@allow(*READERS)
def listed() -> ResponseReturnValue:
    """Show the threads of my services: what is late first, then the latest change."""
    wanted = request.args.get("vis", "apne")
    wanted = wanted if wanted in FILTERS else "apne"
    by, at = current_staff(), now()
    with web.transaction() as session:
        shelves = FILTERS[wanted][1]
        if shelves == DRAFTS:
            found = messages.drafts(session, by, now=at, after=_cursor())
        else:
            found = messages.arranged(session, by, now=at, shelves=shelves, after=_cursor())
        late, lines = lines_of(session, found.late, at, by), lines_of(session, found.others, at, by)
        counts, drafts = messages.counts(session, by), messages.count_drafts(session, by)
    more = None
    if found.after is not None:
        changed, last = found.after
        more = url_for(".listed", vis=wanted, etter=f"{changed.isoformat()}_{last}")
    return render_template(
        "message/list.html",
        late=late,
        lines=lines,
        filters=[
            Filter(
                text=text,
                url=url_for(".listed", vis=name),
                count=drafts if shelves == DRAFTS else sum(counts.get(shelf, 0) for shelf in shelves),
                is_current=name == wanted,
            )
            for name, (text, shelves) in FILTERS.items()
        ],
        more=more,
        may_write=any(by.has(role) for role in WRITERS),
        done=DONE if request.args.get("gjort") == "ferdig" else "",
    )


@blueprint.get("/sok")
@allow(*READERS)
def searched() -> ResponseReturnValue:
    """Lead back to the list: what was searched for is never in an address."""
    return redirect(url_for(".listed"))


@blueprint.post("/sok")
@allow(*READERS)
def search() -> ResponseReturnValue:
    """Search threads by patient, sender, reference or words of their texts."""
    text = request.form.get("q", "").strip()[:100]
    if not text:
        return redirect(url_for(".listed"))
    at = now()
    with web.transaction() as session:
        by = current_staff()
        lines = lines_of(
            session, messages.search(session, by, text, now=at, subjects=subjects_named(text)), at, by
        )
    may_write = any(by.has(role) for role in WRITERS)
    return render_template(
        "message/list.html", late=[], lines=lines, q=text, filters=[], more=None, may_write=may_write
    )


def lines_of(session: Session, found: Sequence[Listed], at: datetime, by: Staff) -> list[Line]:
    """Return threads in the reader's words; what this reader has not seen is marked."""
    read = messages.read_marks(session, by, found)
    return [_line(session, each, at, by, read.get(each.standing.thread)) for each in found]


def _line(session: Session, row: Listed, at: datetime, by: Staff, read_at: datetime | None) -> Line:
    standing, glance = row.standing, row.glance
    step = glance.step
    is_unread = is_since(glance.arrived_at, read_at) and (step is not None or glance.unopened > 0)
    is_answer = is_since(glance.answered_at, read_at)
    others = "; ".join(names.of_party(session, each) for each in standing.others)
    return Line(
        url=url_for("messages.show", service=standing.home.service, thread=standing.thread),
        title="" if row.patient is None else row.patient.name,
        birth_year=None if row.patient is None else row.patient.birth_date.year,
        subject=SUBJECTS[standing.heading.subject],
        line=standing.heading.line,
        others=others,
        here=names.of_service(session, standing.home.service),
        latest=glance.latest_by,
        latest_at=glance.latest_at,
        tag=banner.tag(step, is_answer=is_answer),
        tone=banner.tone(step, at),
        time="" if step is None else banner.due(step, now=at),
        is_late=step is not None and banner.is_late(step, at),
        is_unread=is_unread,
        news=banner.news(step, is_unread=is_unread, is_answer=is_answer),
        purpose=purpose_at(session, standing),
        case="" if standing.named is None else f"melding.{standing.home.service}.{standing.thread}",
        is_soon=glance.is_soon,
        wished=glance.wished,
        is_followed=by.id in standing.observers,
        owner=owner_name(session, standing),
    )


def _cursor() -> tuple[datetime, UUID] | None:
    at, _sep, last = request.args.get("etter", "").partition("_")
    try:
        return datetime.fromisoformat(at), UUID(last)
    except ValueError:
        return None
