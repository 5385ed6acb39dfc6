"""The team's worklist: a service's referrals by deadline, tasks for a person, search, ready texts.

Filters are links with counts; what is overdue stands in every one of them. The list asks every 20 seconds for a
version number; that neither extends the session nor is logged while nothing has changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow, current_staff, quiet
from handover.actors import Role, Staff
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.bundle import scenes
from handover.bundle import service as handovers
from handover.bundle import words as handed_words
from handover.bundle.lifecycle import Side
from handover.bundle.service import Counted, WorkRow
from handover.bundle.worklists import PAGE
from handover.clock import now
from handover.directory import names
from handover.directory import service as directory
from handover.directory.model import Service
from handover.errors import Invalid, NotFound
from handover.ids import ServiceId, StaffId
from handover.message import service as messages
from handover.message.steps import Shelf
from handover.referral import service as referrals
from handover.referral import words
from handover.referral.model import Urgency
from handover.referral.pages.lateness import due_words, time_left
from handover.referral.service import CaseRow, WorkFilter
from handover.team import service as team
from handover.team.model import ReadyText, ReadyTextId
from handover.web.forms import REFUSED, Form
from handover.web.i18n import Sentence, Text, ngettext
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l
from handover.web.parts import Filter, Tone
from handover.web.shell import MenuItem, add_menu_item
from handover.worklist.asked import asked_of
from handover.worklist.model import (
    FILTERS,
    Both,
    Choice,
    Split,
    choice_of,
    handed_matches,
    merge,
    merge_closed,
    split,
)

blueprint = Blueprint("worklist", __name__)

_TEAM: Final = (Role.INTAKE, Role.CLINICIAN)
_HANDED: Final = (*_TEAM, Role.CASEWORKER)
"""Who has a worklist at all: handovers come to services that take no referrals, too."""

add_menu_item(
    blueprint,
    MenuItem(endpoint="worklist.start", text=_l("Arbeidsliste"), order=10, roles=frozenset(_HANDED)),
)

CHOICES: Final[Mapping[Choice, Sentence]] = {
    Choice.TO_DO: _l("Trenger handling"),
    Choice.MINE: _l("Mine"),
    Choice.UNOWNED: _l("Ingen har tatt"),
    Choice.WAITING: _l("Venter på andre"),
    Choice.DONE: _l("Ferdig"),
}
EMPTY: Final[Mapping[Choice, Sentence]] = {
    Choice.TO_DO: _l("Ingen saker trenger handling nå."),
    Choice.MINE: _l("Du har ingen åpne saker her."),
    Choice.UNOWNED: _l("Alle saker har en som har tatt dem."),
    Choice.WAITING: _l("Ingen saker venter på andre."),
    Choice.DONE: _l("Ingen saker er ferdige ennå."),
}
TEXT_KINDS: Final[Mapping[str, Sentence]] = {
    "ask": _l("Spørsmål til henviser"),
    "reject": _l("Begrunnelse når det ikke er rett til behandling"),
    "advice": _l("Råd om hva som kan hjelpe nå"),
    "complaint": _l("Hvordan klage"),
    "next_step": _l("Hva som skjer videre"),
    "no_show": _l("Når pasienten ikke kom"),
    "redirect": _l("Hvorfor saken sendes videre"),
}
_SENTENCES: Final[Mapping[str, Text]] = {
    "title.required": _l("Skriv en tittel."),
    "kind.choice": _l("Velg hva teksten brukes til."),
}
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_TEXT: Final = 4000
_MAX_TITLE: Final = 200


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row of a list, in the reader's words."""

    url: str
    name: str = field(repr=False)
    birth_year: int | None
    sender: str
    received_at: datetime | None
    tag: Text
    tone: Tone
    urgency: Text
    """Empty where the referral asks for the ordinary."""
    is_unread: bool
    is_late: bool
    time: str
    """How much time is left, or what is due when."""
    owner: str
    is_handover: bool = False


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What one page of the list is made of."""

    rows: Split
    counts: Mapping[str, int]
    next: tuple[datetime, UUID] | None


@dataclass(frozen=True)
class News:
    """A version of the list that grows, and how many cases came after an older one."""

    version: str
    new: int


NONE: Final = Listed(rows=Split(overdue=(), asked_for=()), counts={}, next=None)


# --- the list ----------------------------------------------------------------------------------------------------


@blueprint.get("/arbeidsliste")
@allow(*_HANDED)
def start() -> ResponseReturnValue:
    """Go to the worklist of the reader's service; with several, let them choose."""
    staff = current_staff()
    with web.reading() as session:
        services = _services(session, staff)
    if len(services) == 1:
        return redirect(url_for(".show", service=services[0].id))
    return render_template("worklist/services.html", services=services)


@blueprint.get("/arbeidsliste/<service>")
@allow(*_HANDED)
def show(service: str) -> ResponseReturnValue:
    """Show a service's worklist by deadline."""
    staff, at, choice = current_staff(), now(), choice_of(request.args.get("filter"))
    wanted, after = ServiceId(service), _after(request.args.get("etter"))
    with web.transaction() as session:
        here = _service(session, staff, wanted)
        takes_referrals = any(staff.has(role, wanted) for role in _TEAM)
        listed = _listed(session, wanted, choice, staff=staff, at=at, after=after) if takes_referrals else NONE
        both = _both(session, wanted, choice, listed, staff=staff, at=at, after=after)
        counted = handovers.counted(session, wanted, by=staff, now=at)
        view = {
            "overdue": [_either(session, row) for row in both.overdue],
            "asked_for": [_either(session, row) for row in both.asked_for],
            "services": _service_links(session, staff, wanted),
            "tasks": len(team.tasks(session, staff)),
            "messages": messages.counts(session, staff, wanted).get(Shelf.TO_DO, 0),
            "version": _news(session, wanted, staff).version,
            "has_texts": takes_referrals,
        }
    return render_template(
        "worklist/list.html",
        here=here,
        choice=choice,
        filters=_filters(
            wanted,
            choice,
            _counts(listed.counts, counted, staff.id),
            is_more=len(counted) >= handovers.COUNT_CAP,
        ),
        choice_text=CHOICES[choice],
        empty=EMPTY[choice],
        next_url=_next_url(wanted, choice, both.next),
        is_continued=after is not None,
        overdue_count=listed.counts.get(WorkFilter.OVERDUE, 0) + sum(each.is_overdue for each in counted),
        count_cap=referrals.COUNT_CAP,
        **view,
    )


@blueprint.get("/arbeidsliste/<service>/nytt")
@quiet
@allow(*_HANDED)
def news(service: str) -> ResponseReturnValue:
    """Answer 304 while the list is as the page shows it; else say how many cases are new."""
    version = next(iter(request.if_none_match.as_set(include_weak=True)), "")
    with web.reading() as session:
        found = _news(session, ServiceId(service), current_staff(), version)
        asked = asked_of(session, current_staff()) if found.version != version else 0
    if found.version == version:
        return Response(status=304, headers={"ETag": f'"{version}"'})
    text = (
        ngettext("%(num)d ny sak – vis", "%(num)d nye saker – vis", found.new)
        if found.new
        else _("Listen er endret – vis")
    )
    answer = jsonify(text=text, asked=asked)
    answer.set_etag(found.version)
    return answer


@blueprint.post("/arbeidsliste/sok")
@allow(*_HANDED)
def search() -> ResponseReturnValue:
    """Show the cases that a name, number or reference points to (never in an address: it is about people)."""
    staff, at, text = current_staff(), now(), request.form.get("text", "")
    with web.transaction() as session:
        takes_referrals = any(staff.services(role) for role in _TEAM)
        rows = referrals.search_received(session, text, by=staff, now=at) if takes_referrals else ()
        handed = handovers.search(session, text, by=staff, now=at)
        lines = [*(_line(session, row) for row in rows), *(_handed_line(session, row) for row in handed)]
    return render_template("worklist/search.html", lines=lines, form=Form.of({"text": text}))


def _news(session: Session, service: ServiceId, staff: Staff, version: str = "") -> News:
    """Return the version of the whole list, and how many cases came after `version`."""
    handed = handovers.work_news(session, service, by=staff, version=version)
    if not any(staff.has(role, service) for role in _TEAM):
        return News(handed.version, handed.new)
    referred = referrals.work_news(session, service, by=staff, version=version)
    return News(max(handed.version, referred.version, key=int), handed.new + referred.new)


def _both(
    session: Session,
    service: ServiceId,
    choice: Choice,
    listed: Listed,
    *,
    staff: Staff,
    at: datetime,
    after: tuple[datetime, UUID] | None,
) -> Both:
    if choice is not Choice.DONE:
        handed = handovers.open_work(session, service, by=staff, now=at, after=after)
        return merge(listed.rows, listed.next, handed, choice, staff.id)
    late = handovers.open_work(session, service, by=staff, now=at, due_before=at)
    closed = handovers.list_closed(session, service, by=staff, now=at, after=after, limit=PAGE + 1)
    return merge_closed(listed.rows, listed.next, late, closed)


def _services(session: Session, staff: Staff) -> list[Service]:
    return [
        each
        for each in directory.services_of(session, staff.agency)
        if any(staff.has(role, each.id) for role in _HANDED)
    ]


def _service_links(session: Session, staff: Staff, here: ServiceId) -> list[Filter]:
    return [
        Filter(text=each.name, url=url_for(".show", service=each.id), is_current=each.id == here)
        for each in _services(session, staff)
    ]


def _service(session: Session, staff: Staff, wanted: ServiceId) -> Service:
    found = next((each for each in _services(session, staff) if each.id == wanted), None)
    if found is None:
        raise NotFound
    return found


def _listed(
    session: Session,
    service: ServiceId,
    choice: Choice,
    *,
    staff: Staff,
    at: datetime,
    after: tuple[datetime, UUID] | None,
) -> Listed:
    wanted = FILTERS.get(choice, WorkFilter.OVERDUE)
    if choice is not Choice.DONE:
        page = referrals.worklist(session, service, by=staff, now=at, wanted=wanted, after=after)
        return Listed(rows=split(page.rows, choice, staff.id), counts=page.counts, next=page.next)
    late = referrals.worklist(session, service, by=staff, now=at, wanted=wanted)
    closed = referrals.list_closed(session, service, by=staff, now=at, after=after)
    return Listed(rows=Split(overdue=late.rows, asked_for=closed.rows), counts=late.counts, next=closed.next)


def _counts(referred: Mapping[str, int], handed: Sequence[Counted], reader: StaffId) -> dict[str, int]:
    """Return how many of both each filter asks for."""
    return {
        wanted.value: referred.get(wanted.value, 0) + sum(handed_matches(each, choice, reader) for each in handed)
        for choice, wanted in FILTERS.items()
    }


def _filters(service: ServiceId, choice: Choice, counts: Mapping[str, int], *, is_more: bool) -> list[Filter]:
    """Return the filters with their counts; `is_more`: not every handover was looked at."""

    def filter_of(each: Choice, text: Text) -> Filter:
        count = counts.get(FILTERS[each].value) if each in FILTERS else None
        return Filter(
            text=text,
            url=url_for(".show", service=service, filter=each.value),
            count=None if count is None else min(referrals.COUNT_CAP, count),
            is_capped=count is not None and count >= (1 if is_more else referrals.COUNT_CAP),
            is_current=each is choice,
        )

    return [filter_of(each, text) for each, text in CHOICES.items()]


def _next_url(service: ServiceId, choice: Choice, after: tuple[datetime, UUID] | None) -> str:
    if after is None:
        return ""
    at, referral = after
    return url_for(".show", service=service, filter=choice.value, etter=f"{_micros(at)}_{referral}")


def _after(text: str | None) -> tuple[datetime, UUID] | None:
    if not text:
        return None
    at, _underscore, referral = text.partition("_")
    try:
        return EPOCH + timedelta(microseconds=int(at)), UUID(referral)
    except (ValueError, OverflowError):
        raise NotFound from None


def _micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def _either(session: Session, row: CaseRow | WorkRow) -> Line:
    return _line(session, row) if isinstance(row, CaseRow) else _handed_line(session, row)


def _handed_line(session: Session, row: WorkRow) -> Line:
    standing = row.standing
    is_received = standing.side is Side.RECEIVER
    scene = scenes.scene_of(session, standing, standing.side, now=now())
    label = handed_words.label(scene)
    url = (
        url_for("handovers_received.show", service=standing.home.service, handover=standing.handover)
        if is_received
        else url_for("handovers.show", handover=standing.handover)
    )
    return Line(
        url=url,
        name=row.name,
        birth_year=row.birth_year,
        sender=scene.sender if is_received else _("oss"),
        received_at=standing.received_at,
        tag=label.tag,
        tone=label.tone,
        urgency="",
        is_unread=row.is_unread,
        is_late=row.is_overdue,
        time="" if row.step is None else due_words(row.due_at, is_overdue=row.is_overdue),
        owner=row.owner_name,
        is_handover=True,
    )


def _line(session: Session, row: CaseRow) -> Line:
    return Line(
        url=url_for("receiving.show", service=row.service, referral=row.referral),
        name=row.name,
        birth_year=row.birth_year,
        sender=names.of_party(session, row.referrer, row.counterpart),
        received_at=row.received_at,
        tag=words.TAGS[row.status],
        tone=words.TONES[row.status],
        urgency="" if row.urgency == Urgency.ORDINARY.value else words.URGENCIES[Urgency(row.urgency)],
        is_unread=row.is_unread and row.step is not None,
        is_late=row.is_overdue,
        time=time_left(row),
        owner=row.owner_name,
    )


# --- ready texts -------------------------------------------------------------------------------------------------


@blueprint.get("/arbeidsliste/<service>/tekster")
@allow(*_TEAM)
def texts(service: str) -> ResponseReturnValue:
    """Show a service's ready texts, each to be changed, and an empty one."""
    return _texts_page(ServiceId(service), Form())


@blueprint.post("/arbeidsliste/<service>/tekster")
@allow(*_TEAM)
def save_text(service: str) -> ResponseReturnValue:
    """Save one ready text; an empty one takes it away."""
    staff, wanted = current_staff(), ServiceId(service)
    try:
        text = _read_text(request.form)
        with web.transaction() as session:
            _service(session, staff, wanted)
            made = team.save_text(session, wanted, text, by=staff, now=now())
            audit.record(
                session,
                event=Logged.TEXT_SAVE,
                actor=staff,
                agency=staff.agency,
                subject=made,
                service=wanted,
                now=now(),
            )
    except Invalid as refused:
        return _texts_page(wanted, Form.refused(request.form, refused, _SENTENCES)), REFUSED
    return redirect(url_for(".texts", service=service, gjort="tekst"))


def _texts_page(service: ServiceId, form: Form) -> str:
    with web.reading() as session:
        here = _service(session, current_staff(), service)
        found = team.ready_texts(session, here.agency, service)
    return render_template(
        "worklist/texts.html", here=here, texts=found, kinds=TEXT_KINDS, form=form, is_done=_is_done()
    )


def _read_text(sent: Mapping[str, str]) -> ReadyText:
    title, kind, text = (sent.get(name, "").strip() for name in ("title", "kind", "text"))
    checks = {
        "title": "required" if not title else "too-long" if len(title) > _MAX_TITLE else "",
        "kind": "" if kind in TEXT_KINDS else "choice",
        "text": "too-long" if len(text) > _MAX_TEXT else "",
    }
    problems = {name: [code] for name, code in checks.items() if code}
    if problems:
        raise Invalid("worklist.bad-text", fields=problems)
    return ReadyText(id=_text_id(sent.get("id", "")), kind=kind, title=title, text=text)


def _text_id(text: str) -> ReadyTextId | None:
    try:
        return ReadyTextId(UUID(text)) if text else None
    except ValueError:
        raise NotFound from None


def _is_done() -> bool:
    return request.args.get("gjort") == "tekst"
