"""«Dette vil jeg spørre om»: the form, what was asked, and the answers, wherever a patient reads a log.

Each log says how it finds what is the patient's (`Log.find`): what is not theirs is not there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

from flask import current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import current_patient
from handover.access.guard import note_refusal
from handover.audit import service as audit
from handover.audit.model import Entry, EntryId
from handover.clock import now
from handover.config import Settings
from handover.consent.model import Target
from handover.consent.reach import name_of
from handover.errors import Invalid, NotFound
from handover.ids import AgencyId, PersonId
from handover.inquiry import service as inquiry
from handover.inquiry.model import MAX_TEXT, About, Inquiry, TooMany, due_after
from handover.person import service as person
from handover.team import noticing
from handover.web.forms import REFUSED, Form
from handover.web.i18n import Sentence, Text
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l
from handover.workdays import local_date

_SENTENCES: Final[Mapping[str, Text]] = {"text.required": _l("Skriv hva du vil spørre om.")}
_TOO_MANY: Final = _l(
    "Du har mange spørsmål som venter på svar. Vent til du har fått svar på noen av dem, eller ring."
)
_MOVED: Final = 409


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the patient wants to ask about, and who they are there."""

    about: About
    person: PersonId
    entry: Entry | None = None


@dataclass(frozen=True, kw_only=True)
class Log:
    """A page where a patient reads who has seen something, and asks about it."""

    url: str
    """Where the log is read, and the answer with it."""
    heading: Text
    form: str
    """The address of the form."""
    find: Callable[[Session, EntryId | None], Wanted]
    """Finds what is asked about: one line, or (None) the thing itself. Raises NotFound for what is not theirs."""
    tell: Callable[[Session, Entry], str]
    """Says one line to the patient."""
    subject: Sentence | None = None
    """What is asked about, with its `reference`, where that is no line; None: only lines are asked about."""
    thing: tuple[str, Text] | None = None
    """Where who asks about the thing itself comes from, and what the way back there is called."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question the patient has asked."""

    inquiry: Inquiry
    place: str
    """Who answers."""
    line: str = field(repr=False)
    """What it is about, where that is a line of the log."""
    line_at: datetime | None
    is_late: bool


def form(log: Log) -> ResponseReturnValue:
    """Show the form in which the patient asks, about the line that `om` names or the thing itself."""
    return _page(log, _pointed_at(request.args), Form())


def send(log: Log) -> ResponseReturnValue:
    """Put the question on the list of those who answer; the answer is read where the log is read."""
    entry, text = _pointed_at(request.form), request.form.get("text", "")
    try:
        with web.transaction() as session:
            wanted = log.find(session, entry)
            inquiry.ask(session, wanted.about, text, by=current_patient(), person=wanted.person, now=now())
    except Invalid as refused:
        return _page(log, entry, Form.refused(request.form, refused, _SENTENCES)), REFUSED
    except TooMany as many:
        note_refusal(many)
        return _page(log, entry, Form.of(request.form), problem=_TOO_MANY), _MOVED
    return redirect(f"{log.url}?gjort=spurt#dine-sporsmal")


def asked(session: Session, log: Log, *, kind: str, subjects: frozenset[UUID]) -> list[Asked]:
    """Return what the patient has asked about these things, the latest first."""
    known = owners(session)
    found = inquiry.asked(session, known)
    shown = [each for each in found if each.about.kind == kind and each.about.subject in subjects]
    noticing.patient_opened(session, [each.id for each in shown if each.answer is not None], known, now=now())
    return [_asked(session, log, each) for each in shown]


def owners(session: Session) -> dict[AgencyId, PersonId]:
    """Return as whom each agency of this node that knows the patient does so."""
    hosted = cast(Settings, current_app.extensions["handover.settings"]).agencies
    return person.known_as(session, hosted, current_patient().number)


def owner_at(session: Session, agency: AgencyId) -> PersonId:
    """Return as whom an agency knows the patient. Raises NotFound."""
    owner = person.of_number(session, agency, current_patient().number)
    if owner is None:
        raise NotFound
    return owner


def is_done() -> bool:
    """Whether a question was just sent."""
    return request.args.get("gjort") == "spurt"


def _page(log: Log, entry: EntryId | None, filled: Form, *, problem: Text = "") -> str:
    with web.transaction() as session:
        wanted = log.find(session, entry)
        line = "" if wanted.entry is None else log.tell(session, wanted.entry)
        place = name_of(session, Target(agency=wanted.about.agency, service=wanted.about.service))
    reference = wanted.about.reference
    subject = _(log.subject.bokmaal, reference=reference) if log.subject is not None and reference else ""
    return render_template(
        "patient/ask.html",
        log=log,
        entry=wanted.entry,
        line=line,
        subject=subject,
        place=place,
        back=log.thing if log.thing is not None and wanted.entry is None else (log.url, log.heading),
        form=filled,
        problem=problem,
        last_day=local_date(due_after(now()) - timedelta(seconds=1)),
        most=MAX_TEXT,
    )


def _asked(session: Session, log: Log, each: Inquiry) -> Asked:
    where = each.about
    entry = None if where.entry is None else audit.entry(session, where.agency, where.entry)
    return Asked(
        inquiry=each,
        place=name_of(session, Target(agency=where.agency, service=where.service)),
        line="" if entry is None else log.tell(session, entry),
        line_at=None if entry is None else entry.at,
        is_late=each.is_overdue(now()),
    )


def _pointed_at(sent: Mapping[str, str]) -> EntryId | None:
    text = sent.get("om", "")
    try:
        return EntryId(UUID(text)) if text else None
    except ValueError:
        raise NotFound from None
