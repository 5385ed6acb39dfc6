"""Report that an entry is wrong, see what became of it, and answer what others report about ours."""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow, current_staff
from handover.access.guard import note_refusal
from handover.actors import Role
from handover.addressbook import reporting, words
from handover.addressbook.model import (
    MAX_REPORT,
    OWNERS,
    AlreadyAnswered,
    Kept,
    Outcome,
    Part,
    ReportId,
    TooManyReports,
)
from handover.addressbook.pages.finding import entry_of
from handover.clock import now
from handover.directory import names
from handover.directory.model import Service
from handover.errors import Invalid
from handover.web.errors import explain, show_present_state_at
from handover.web.forms import REFUSED, Form
from handover.web.i18n import Text
from handover.web.i18n import lazy_gettext as _l

blueprint = Blueprint("reports", __name__, url_prefix="/adressebok")
explain(
    blueprint,
    {
        AlreadyAnswered.code: _l("Noen andre har svart. Svaret ditt er ikke sendt."),
        TooManyReports.code: _l("Mange av feilene du har meldt, venter på svar. Vent til noen av dem er besvart."),
    },
)
show_present_state_at(blueprint, "reports.received")
_PARTS: Final = frozenset(Part)
_OUTCOMES: Final = frozenset(Outcome)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One report as the lists show it."""

    kept: Kept
    entry: str
    """What the service is called."""
    part: Text
    outcome: Text
    form: Form = field(default_factory=Form)


@blueprint.get("/tjeneste/<entry>/feil")
@allow(*Role)
def report(entry: str) -> ResponseReturnValue:
    """Show the form for a report."""
    with web.reading() as session:
        return _report_page(session, entry_of(session, entry), Form())


@blueprint.post("/tjeneste/<entry>/feil")
@allow(*Role)
def send(entry: str) -> ResponseReturnValue:
    """Send the owner what seems wrong."""
    part, text = request.form.get("part", ""), request.form.get("text", "")
    try:
        with web.transaction() as session:
            about = entry_of(session, entry)
            if part not in _PARTS:
                raise Invalid("addressbook.bad-report", fields={"part": ["choice"]})
            reporting.report(session, about, Part(part), text, by=current_staff(), now=now())
    except Invalid as refused:
        with web.reading() as session:
            form = Form.refused(request.form, refused, words.SENTENCES)
            return _report_page(session, entry_of(session, entry), form), REFUSED
    return redirect(url_for(".mine", gjort="meldt"))


@blueprint.get("/meldt")
@allow(*Role)
def mine() -> ResponseReturnValue:
    """Show what the reader has reported: whether it arrived, and what was done."""
    with web.reading() as session:
        lines = [_line(session, kept) for kept in reporting.reported(session, by=current_staff())]
    done = words.DONE.get(request.args.get("gjort", ""), "")
    return render_template("addressbook/mine.html", lines=lines, done=done)


@blueprint.get("/feil")
@allow(*OWNERS)
def received() -> ResponseReturnValue:
    """Show what others report about the services the reader leads."""
    return _received_page(is_done=bool(request.args.get("gjort")))


@blueprint.post("/feil/<uuid:report>")
@allow(*OWNERS)
def answer(report: UUID) -> ResponseReturnValue:
    """Tell the reporter what was done."""
    outcome, text = request.form.get("outcome", ""), request.form.get("text", "")
    try:
        with web.transaction() as session:
            if outcome not in _OUTCOMES:
                raise Invalid("addressbook.bad-report", fields={"outcome": ["choice"]})
            reporting.answer(session, ReportId(report), Outcome(outcome), text, by=current_staff(), now=now())
    except Invalid as refused:
        form = Form.refused(request.form, refused, words.SENTENCES)
        return _received_page(answering=ReportId(report), form=form), REFUSED
    except AlreadyAnswered as late:
        note_refusal(late)
        raise
    return redirect(url_for(".received", gjort="svart"))


def _report_page(session: Session, entry: Service, form: Form) -> str:
    return render_template(
        "addressbook/report.html",
        entry=entry,
        agency=names.of_agency(session, entry.agency),
        form=form,
        parts_of_entry=[(part.value, text) for part, text in words.PARTS.items()],
        most=MAX_REPORT,
    )


def _received_page(*, answering: ReportId | None = None, form: Form | None = None, is_done: bool = False) -> str:
    with web.reading() as session:
        lines = [
            _line(session, kept, form if form and kept.report.id == answering else Form())
            for kept in reporting.received(session, by=current_staff())
        ]
    return render_template(
        "addressbook/received.html",
        lines=lines,
        outcomes=[(outcome.value, text) for outcome, text in words.OUTCOMES.items()],
        form=form or Form(),
        is_done=is_done,
        most=MAX_REPORT,
    )


def _line(session: Session, kept: Kept, form: Form | None = None) -> Line:
    return Line(
        kept=kept,
        entry=names.of_service(session, kept.report.about.service),
        part=words.PARTS[kept.report.part],
        outcome="" if kept.answer is None else words.OUTCOMES[kept.answer.outcome],
        form=form or Form(),
    )
