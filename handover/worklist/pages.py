"""The team's worklist: a service's referrals, handovers and threads in one list by deadline; search; news.

Filters are links with counts; what is overdue stands in every one of them. The list asks every 20 seconds for a
version number; that neither extends the session nor is logged while nothing has changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from flask import Response, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow, current_staff, quiet
from handover.actors import Staff
from handover.bundle import service as handovers
from handover.bundle.lifecycle import Side
from handover.bundle.worklists import PAGE
from handover.clock import now
from handover.errors import NotFound
from handover.exchange import scanning
from handover.ids import ServiceId, StaffId
from handover.message import service as messages
from handover.message.words.finding import subjects_named
from handover.referral import service as referrals
from handover.referral.service import WorkFilter
from handover.team import service as team
from handover.team.model import Counted, Wanted
from handover.web.forms import Form
from handover.web.i18n import Sentence, Text, ngettext
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l
from handover.web.parts import Filter
from handover.web.shell import MenuItem, add_menu_item
from handover.worklist.asked import asked_at, asked_of
from handover.worklist.desk import RECEIVERS, WORKERS, blueprint, service_of, services_of
from handover.worklist.lines import lines_of
from handover.worklist.model import (
    FILTERS,
    Choice,
    Cursor,
    Page,
    Row,
    Split,
    choice_of,
    matches_choice,
    merge,
    merge_closed,
    split,
)

add_menu_item(
    blueprint,
    MenuItem(endpoint="worklist.start", text=_l("Arbeidsliste"), order=10, roles=frozenset(WORKERS)),
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
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What one page of the list is made of."""

    rows: Split
    counts: Mapping[str, int]
    next: Cursor | None


@dataclass(frozen=True)
class News:
    """A version of the list that grows, and how many cases came after an older one."""

    version: str
    new: int


NONE: Final = Listed(rows=Split(overdue=(), asked_for=()), counts={}, next=None)


# --- the list ----------------------------------------------------------------------------------------------------


@blueprint.get("/arbeidsliste")
@allow(*WORKERS)
def start() -> ResponseReturnValue:
    """Go to the worklist of the reader's service; with several, let them choose."""
    staff = current_staff()
    with web.reading() as session:
        services = services_of(session, staff)
        if len(services) == 1:
            return redirect(url_for(".show", service=services[0].id))
        waiting = [(each, asked_at(session, staff, each.id)) for each in services]
    return render_template("worklist/services.html", services=waiting, most=team.MOST_ASKED)


@blueprint.get("/arbeidsliste/<service>")
@allow(*WORKERS)
def show(service: str) -> ResponseReturnValue:
    """Show a service's worklist by deadline."""
    staff, at, choice = current_staff(), now(), choice_of(request.args.get("filter"))
    wanted, after = ServiceId(service), _after(request.args.get("etter"))
    with web.transaction() as session:
        here = service_of(session, staff, wanted)
        takes_referrals = any(staff.has(role, wanted) for role in RECEIVERS)
        listed = _listed(session, wanted, choice, staff=staff, at=at, after=after) if takes_referrals else NONE
        page = _page(session, wanted, choice, listed, staff=staff, at=at, after=after)
        handed = handovers.counted(session, wanted, by=staff, now=at)
        threads = messages.counted(session, wanted, by=staff, now=at)
        counted = (*handed, *threads)
        view = {
            "overdue": lines_of(session, page.overdue, agency=here.agency),
            "asked_for": lines_of(session, page.asked_for, agency=here.agency),
            "services": _service_links(session, staff, wanted),
            "tasks": len(team.tasks(session, staff)),
            "version": _news(session, wanted, staff).version,
            "unscanned": scanning.what_waits(session, staff.agency),
        }
    return render_template(
        "worklist/list.html",
        here=here,
        choice=choice,
        filters=_filters(
            wanted,
            choice,
            _counts(listed.counts, counted, staff.id),
            is_more=max(len(handed), len(threads)) >= referrals.COUNT_CAP,
        ),
        choice_text=CHOICES[choice],
        empty=EMPTY[choice],
        next_url=_next_url(wanted, choice, page.next),
        is_continued=after is not None,
        overdue_count=listed.counts.get(WorkFilter.OVERDUE, 0) + sum(each.is_overdue for each in counted),
        count_cap=referrals.COUNT_CAP,
        **view,
    )


@blueprint.get("/arbeidsliste/<service>/nytt")
@quiet
@allow(*WORKERS)
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
@allow(*WORKERS)
def search() -> ResponseReturnValue:
    """Show the cases that a name, number or reference points to (never in an address: it is about people)."""
    staff, at, text = current_staff(), now(), request.form.get("text", "")
    with web.transaction() as session:
        takes_referrals = any(staff.services(role) for role in RECEIVERS)
        rows: list[Row] = []
        if takes_referrals:
            rows += referrals.search_received(session, text, by=staff, now=at)
        rows += handovers.search(session, text, by=staff, now=at)
        rows += messages.search_work(session, text, by=staff, now=at, subjects=subjects_named(text))
        lines = lines_of(session, rows, agency=staff.agency)
    return render_template("worklist/search.html", lines=lines, form=Form.of({"text": text}))


def _news(session: Session, service: ServiceId, staff: Staff, version: str = "") -> News:
    """Return the version of the whole list, and how many cases came after `version`."""
    threads = messages.work_news(session, service, by=staff, version=version)
    found = [(threads.version, threads.new)]
    if handovers.works_at(staff, service):
        handed = handovers.work_news(session, service, by=staff, version=version)
        found.append((handed.version, handed.new))
    if any(staff.has(role, service) for role in RECEIVERS):
        referred = referrals.work_news(session, service, by=staff, version=version)
        found.append((referred.version, referred.new))
    return News(max((each for each, _new in found), key=int), sum(new for _version, new in found))


def _page(
    session: Session,
    service: ServiceId,
    choice: Choice,
    listed: Listed,
    *,
    staff: Staff,
    at: datetime,
    after: Cursor | None,
) -> Page:
    if choice is not Choice.DONE:
        handed = handovers.open_work(session, service, by=staff, now=at, after=after)
        threads = messages.open_work(
            session, service, by=staff, now=at, after=after, wanted=Wanted(FILTERS[choice].value)
        )
        return merge(listed.rows, listed.next, (*_sides(handed), threads), choice, staff.id)
    late: list[Row] = [
        *handovers.open_work(session, service, by=staff, now=at, due_before=at),
        *messages.open_work(session, service, by=staff, now=at, due_before=at),
    ]
    handed = handovers.list_closed(session, service, by=staff, now=at, after=after, limit=PAGE + 1)
    threads = messages.list_closed(session, service, by=staff, now=at, after=after, limit=PAGE + 1)
    return merge_closed(listed.rows, listed.next, late, (*_sides(handed), threads))


def _sides(handed: Sequence[handovers.WorkRow]) -> list[list[handovers.WorkRow]]:
    """Return the handovers of each side apart: of each one more than a page was read."""
    return [[row for row in handed if row.standing.side is side] for side in (Side.RECEIVER, Side.SENDER)]


def _service_links(session: Session, staff: Staff, here: ServiceId) -> list[Filter]:
    return [
        Filter(text=each.name, url=url_for(".show", service=each.id), is_current=each.id == here)
        for each in services_of(session, staff)
    ]


def _listed(
    session: Session,
    service: ServiceId,
    choice: Choice,
    *,
    staff: Staff,
    at: datetime,
    after: Cursor | None,
) -> Listed:
    wanted = FILTERS.get(choice, WorkFilter.OVERDUE)
    if choice is not Choice.DONE:
        page = referrals.worklist(session, service, by=staff, now=at, wanted=wanted, after=after)
        return Listed(rows=split(page.rows, choice, staff.id), counts=page.counts, next=page.next)
    late = referrals.worklist(session, service, by=staff, now=at, wanted=wanted)
    closed = referrals.list_closed(session, service, by=staff, now=at, after=after)
    return Listed(rows=Split(overdue=late.rows, asked_for=closed.rows), counts=late.counts, next=closed.next)


def _counts(referred: Mapping[str, int], others: Sequence[Counted], reader: StaffId) -> dict[str, int]:
    """Return how many of all kinds each filter asks for."""
    return {
        wanted.value: referred.get(wanted.value, 0) + sum(matches_choice(each, choice, reader) for each in others)
        for choice, wanted in FILTERS.items()
    }


def _filters(service: ServiceId, choice: Choice, counts: Mapping[str, int], *, is_more: bool) -> list[Filter]:
    """Return the filters with their counts; `is_more`: not everything was looked at."""

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


def _next_url(service: ServiceId, choice: Choice, after: Cursor | None) -> str:
    if after is None:
        return ""
    at, referral = after
    return url_for(".show", service=service, filter=choice.value, etter=f"{_micros(at)}_{referral}")


def _after(text: str | None) -> Cursor | None:
    if not text:
        return None
    at, _underscore, referral = text.partition("_")
    try:
        return EPOCH + timedelta(microseconds=int(at)), UUID(referral)
    except (ValueError, OverflowError):
        raise NotFound from None


def _micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)
