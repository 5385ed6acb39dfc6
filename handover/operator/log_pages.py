"""The page over an agency's whole log, for its security officer. Whom it is about is never in an address."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover.access import allow, current_staff, step_up
from handover.access import service as staff_register
from handover.actors import Role
from handover.audit.model import Entry, EntryId, Event, Outcome, Sought
from handover.audit.words import label
from handover.clock import local, now
from handover.errors import Invalid
from handover.ids import PersonId, StaffId
from handover.operator import auditing
from handover.operator.auditing import Found
from handover.person import service as person
from handover.web import errors, node_database, shell, transaction
from handover.web.forms import REFUSED, Form, parse_day
from handover.web.i18n import Text
from handover.web.i18n import lazy_gettext as _l
from handover.web.shell import MenuItem
from handover.workdays import end_of

blueprint = Blueprint("log", __name__, url_prefix="/logg")
READS: Final = Role.SECURITY_OFFICER
FIELDS: Final = ("number", "staff", "event", "since", "until")
COLUMNS: Final = (
    "place",
    "time",
    "event",
    "outcome",
    "kind",
    "name",
    "title",
    "about",
    "subject",
    "service",
    "code",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_SENTENCES: Final[dict[str, Text]] = {
    "number.unknown": _l("Ingen med dette nummeret er kjent her."),
    "until.before": _l("Siste dag kan ikke være før første dag."),
}
KINDS: Final[Mapping[str, Text]] = {
    "patient": _l("Pasienten selv"),
    "machine": _l("Systemet"),
    "unknown": _l("Ukjent"),
}
"""Who acted, where that is not one of the staff."""

shell.add_menu_item(blueprint, MenuItem(endpoint="log.show", text=_l("Logg"), order=75, roles=frozenset({READS})))
errors.explain(blueprint, {"log.too-long": _l("Loggen er lang. Den kontrolleres hver natt.")})
errors.show_present_state_at(blueprint, "log.show")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One entry as the page shows it."""

    entry: Entry
    what: Text
    who: Text
    about: list[str]
    is_refused: bool
    code: str
    place: int | None
    """In the log's order; told only where the log was found not to be whole, to find the row by. Else the places
    that are not shown would count what patients do alone."""


@blueprint.get("")
@allow(READS)
def show() -> ResponseReturnValue:
    """Show the latest entries, and whether the log is whole."""
    return _page(Sought(), Form())


@blueprint.post("")
@allow(READS)
def look() -> ResponseReturnValue:
    """Show the entries that are looked for, or the older ones."""
    try:
        return _page(_sought(), _filled(), before=_before())
    except Invalid as refused:
        return _page(Sought(), Form.refused(request.form, refused, _SENTENCES)), REFUSED


@blueprint.post("/utskrift")
@step_up
@allow(READS)
def printable() -> ResponseReturnValue:
    """Show everything that is looked for on one page, for the printer."""
    found = _take_out()
    lines, is_all = _lines(found, _has_findings()), found.next is None
    return render_template("operator/log_print.html", lines=lines, is_all=is_all, at=now())


@blueprint.post("/eksport")
@step_up
@allow(READS)
def export() -> ResponseReturnValue:
    """Give everything that is looked for as a CSV file."""
    answer = Response(_csv(_take_out()), content_type="text/csv; charset=utf-8")
    answer.headers.set("Content-Disposition", "attachment", filename="logg.csv")
    return answer


@blueprint.post("/kontroll")
@allow(READS)
def check() -> ResponseReturnValue:
    """Look through the whole log now."""
    by = current_staff()
    auditing.check_log(node_database(), by.agency, by=by, now=now())
    return redirect(url_for(".show", _anchor="kontroll"))


def _page(wanted: Sought, form: Form, *, before: EntryId | None = None) -> str:
    by, at = current_staff(), now()
    with transaction() as session:
        found = auditing.read_log(session, wanted, by=by, now=at, before=before)
        everyone = staff_register.everyone(session, by.agency)
        checked = auditing.last_check(session, by.agency)
    return render_template(
        "operator/log.html",
        lines=_lines(found, checked is not None and bool(checked.findings)),
        form=form,
        fields=FIELDS,
        older=found.next,
        is_continued=before is not None,
        staff=[(str(each.id), each.name) for each in everyone],
        events=sorted(((event.value, str(label(event))) for event in Event), key=lambda pair: pair[1]),
        checked=checked,
    )


def _take_out() -> Found:
    wanted = _sought()
    with transaction() as session:
        return auditing.take_out(session, wanted, by=current_staff(), now=now())


def _sought() -> Sought:
    """Read what is looked for. Raises Invalid with every odd field."""
    sent = {name: request.form.get(name, "").strip() for name in FIELDS}
    problems: dict[str, list[str]] = {}
    days = {name: _day(sent[name], name, problems) for name in ("since", "until")}
    since, until = days["since"], days["until"]
    if since is not None and until is not None and until < since:
        problems["until"] = ["before"]
    event = sent["event"] if sent["event"] in set(Event) else None
    with transaction() as session:
        known = _person(session, sent["number"])
    if sent["number"] and known is None:
        problems["number"] = ["unknown"]
    if problems:
        raise Invalid("log.sought", fields=problems)
    return Sought(
        person=known,
        staff=_staff(sent["staff"]),
        event=None if event is None else Event(event),
        since=None if since is None else end_of(since - timedelta(days=1)),
        until=None if until is None else end_of(until),
    )


def _day(text: str, name: str, problems: dict[str, list[str]]) -> date | None:
    try:
        return parse_day(text) if text else None
    except Invalid as odd:
        problems[name] = [odd.stable_code]
        return None


def _person(session: Session, number: str) -> PersonId | None:
    return person.of_number(session, current_staff().agency, number) if number else None


def _staff(text: str) -> StaffId | None:
    try:
        return StaffId(UUID(text)) if text else None
    except ValueError:
        raise Invalid("log.sought", fields={"staff": ["choice"]}) from None


def _before() -> EntryId | None:
    text = request.form.get("before", "")
    try:
        return EntryId(UUID(text)) if text else None
    except ValueError:
        raise Invalid("log.sought") from None


def _filled() -> Form:
    return Form.of({name: request.form.get(name, "") for name in FIELDS})


def _has_findings() -> bool:
    with transaction() as session:
        checked = auditing.last_check(session, current_staff().agency)
    return checked is not None and bool(checked.findings)


def _lines(found: Found, has_findings: bool) -> list[Line]:
    return [_line(found, entry, entry.place if has_findings else None) for entry in found.entries]


def _line(found: Found, entry: Entry, place: int | None) -> Line:
    who = entry.who
    return Line(
        entry=entry,
        what=label(entry.event),
        who=", ".join(filter(None, (who.name, who.title))) if who.kind == "staff" else KINDS[who.kind],
        about=found.named(entry),
        is_refused=entry.outcome is Outcome.REFUSED,
        code=str(entry.detail.get("code") or ""),
        place=place,
    )


def _csv(found: Found) -> str:
    """Return the entries as RFC 4180 text; no cell can be taken for a formula by the program that opens it."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for line in _lines(found, _has_findings()):
        entry = line.entry
        row = (
            line.place,
            local(entry.at).isoformat(timespec="seconds"),
            entry.event,
            entry.outcome,
            entry.who.kind,
            entry.who.name,
            entry.who.title,
            "; ".join(line.about) or len(entry.persons),
            entry.subject,
            entry.service,
            line.code,
        )
        writer.writerow([_cell(each) for each in row])
    return text.getvalue()


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
