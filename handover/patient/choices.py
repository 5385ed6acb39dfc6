"""«Mine valg om deling»: what the patient lets the agencies of this node send, and to whom.

A choice binds the agency where it was made, and the page says so. Nothing in an address says who or whom: agency
and choice are fields of the forms.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import current_patient, patients_only
from handover.audit import service as audit
from handover.audit.model import Entry, EntryId
from handover.audit.model import Event as Logged
from handover.bundle.pages.desk import as_download
from handover.clock import now
from handover.config import Settings
from handover.consent import reach, schema, words
from handover.consent import service as consent
from handover.consent.fhir import taken_along
from handover.consent.model import BadChoice, Choice, ChoiceId, Kind
from handover.consent.service import ChoiceNotFound
from handover.consent.vocabulary import purpose_names, topic_names
from handover.directory import names
from handover.errors import NotFound
from handover.ids import AgencyId, PersonId
from handover.inquiry.model import About
from handover.patient import asking, questions
from handover.person import service as person
from handover.web.dates import upfirst
from handover.web.forms import REFUSED, Form
from handover.web.i18n import gettext as _
from handover.web.i18n import language
from handover.web.i18n import lazy_gettext as _l
from handover.web.shell import MenuItem, add_menu_item
from handover.workdays import local_date

blueprint = Blueprint("choices", __name__, url_prefix="/mine-valg")
add_menu_item(
    blueprint, MenuItem(endpoint="choices.mine", text=_l("Mine valg om deling"), order=30, for_patients=True)
)

ABOUT: Final = "choices"
"""What questions about the choices are about (`inquiry.pages.KINDS`); the subject is whose they are."""
_USUAL: Final = timedelta(days=90)
"""How long a permit lasts unless the patient says otherwise."""
_LOG_LINES: Final = 1000
"""So far back, in entries of any kind about the patient, the log of the choices is read."""


@dataclass(frozen=True, kw_only=True)
class Home:
    """One agency of this node that knows the patient."""

    agency: AgencyId
    name: str
    person: PersonId
    choices: tuple[Choice, ...]

    def told(self, session: Session, at: datetime) -> list[words.Told]:
        """Return the choices in the reader's words, the latest first."""
        return [words.told(session, choice, now=at) for choice in reversed(self.choices)]

    def choice(self, wanted: str) -> Choice:
        """Return a permit of the patient's that holds. Raises ChoiceNotFound."""
        found = next((each for each in self.choices if str(each.id) == wanted and each.terms), None)
        if found is None or found.withdrawn_at is not None:
            raise ChoiceNotFound
        return found


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the log about the patient's choices, with how often it happened that day."""

    entry: EntryId
    """The last one that day; what is asked about."""
    at: datetime
    sentence: str = field(repr=False)
    times: int = 1
    can_ask: bool = False
    """Whether a service did it, and answers for it."""


@blueprint.get("")
@patients_only
def mine() -> ResponseReturnValue:
    """Show what I have chosen at each agency here, what holds and what is over."""
    at = now()
    with web.transaction() as session:
        homes = _homes(session)
        for home in homes:
            _log_reading(session, home, Logged.CONSENT_READ)
        shown = [(home, home.told(session, at)) for home in homes]
        asked = questions.waiting(session)
    done = request.args.get("gjort", "")
    return render_template("patient/choices.html", homes=shown, questions=asked, done=done)


@blueprint.get("/fil")
@patients_only
def download() -> ResponseReturnValue:
    """Give my choices at the agencies here as a file that other systems read; nobody is sent it."""
    at = now()
    with web.transaction() as session:
        homes = _homes(session)
        for home in homes:
            _log_reading(session, home, Logged.CONSENT_READ)
    made = taken_along((choice for home in homes for choice in home.choices), now=at)
    return as_download("valg-om-deling.json", "application/fhir+json", made)


@blueprint.get("/hvem-har-lest")
@patients_only
def readers() -> ResponseReturnValue:
    """Show who has seen my choices or written one down at this node's agencies, and what I chose; newest first."""
    with web.transaction() as session:
        homes = _homes(session)
        lines = [line for home in homes for line in _log_lines(session, home)]
        for home in homes:
            _log_reading(session, home, Logged.LOG_READ)
        subjects = frozenset(home.person for home in homes)
        asked = asking.asked(session, _log(), kind=ABOUT, subjects=subjects)
    lines.sort(key=lambda line: line.at, reverse=True)
    return render_template("patient/choices_readers.html", lines=lines, asked=asked, is_done=asking.is_done())


@blueprint.get("/spor")
@patients_only
def wonder() -> ResponseReturnValue:
    """Show the form in which the patient asks about one line of who has seen the choices."""
    return asking.form(_log())


@blueprint.post("/spor")
@patients_only
def ask() -> ResponseReturnValue:
    """Put the question on the list of those who answer; the answer is read where the log is read."""
    return asking.send(_log())


@blueprint.get("/nei")
@patients_only
def blocking() -> ResponseReturnValue:
    """Show the form for a no."""
    with web.reading() as session:
        return _page(session, "patient/block.html", Form.of({"agency": _only(_homes(session))}))


@blueprint.post("/nei")
@patients_only
def block() -> ResponseReturnValue:
    """Say no to anything being sent to somebody, from one agency or all of them here."""

    def do(session: Session, homes: list[Home]) -> None:
        target = schema.read_target(request.form)
        reach.refuse_unknown(session, target, is_permit=False)
        for home in homes:
            consent.block(session, home.agency, home.person, target, by=current_patient(), now=now())

    return _chosen("patient/block.html", do)


@blueprint.get("/ja")
@patients_only
def permitting() -> ResponseReturnValue:
    """Show the form for a yes; with `valg` filled with one that is to be changed."""
    with web.reading() as session:
        homes = _homes(session)
        filled: dict[str, object] = {
            "agency": _only(homes),
            "until": f"{local_date(now()) + _USUAL:%d.%m.%Y}",
        }
        if wanted := request.args.get("valg", ""):
            home, choice = _of_choice(homes, wanted)
            assert choice.terms is not None  # `_of_choice` finds permits only
            filled = {
                "agency": home.agency,
                "instead_of": choice.id,
                "target": schema.target_value(choice.target),
                "purpose": choice.terms.purpose,
                "topics": choice.terms.topics,
                "until": f"{choice.terms.until:%d.%m.%Y}",
            }
        return _page(session, "patient/permit.html", Form.of(filled))


@blueprint.post("/ja")
@patients_only
def permit() -> ResponseReturnValue:
    """Say yes to some topics being sent for a purpose until a day; or change such a yes."""

    def do(session: Session, homes: list[Home]) -> None:
        target, terms = schema.read_permit(request.form)
        reach.refuse_unknown(session, target, is_permit=True)
        for home in homes:
            former = _former(home)
            by, at = current_patient(), now()
            consent.permit(session, home.agency, home.person, target, terms, by=by, now=at, instead_of=former)

    return _chosen("patient/permit.html", do)


@blueprint.post("/ta-tilbake")
@patients_only
def take_back() -> ResponseReturnValue:
    """Take a choice back: it counts for nothing that is sent from now on."""
    with web.transaction() as session:
        home, choice = _any_choice(_homes(session), request.form.get("choice", ""))
        undo = consent.unblock if choice.kind is Kind.DENY else consent.withdraw_permit
        undo(session, home.agency, home.person, choice.id, by=current_patient(), now=now())
    return redirect(url_for(".mine", gjort="tilbake"))


def _log() -> asking.Log:
    return asking.Log(
        url=url_for(".readers"),
        heading=_("Hvem har sett valgene dine?"),
        form=url_for(".ask"),
        find=_pointed_at,
        tell=lambda session, entry: (
            words.log_sentence(session, entry, names.of_agency(session, entry.agency)) or ""
        ),
    )


def _pointed_at(session: Session, entry: EntryId | None) -> asking.Wanted:
    """Return the line that is asked about, and log that it was read: the service where it was written answers.

    Raises NotFound for what is no line about the patient's choices, or the patient's own.
    """
    if entry is None:
        raise NotFound
    for home in _homes(session):
        line = _line_about(session, home, entry)
        if line is None or line.service is None:
            continue
        _log_reading(session, home, Logged.LOG_READ)
        about = About(
            agency=home.agency,
            service=line.service,
            kind=ABOUT,
            subject=home.person,
            reference="",
            entry=line.id,
        )
        return asking.Wanted(about=about, person=home.person, entry=line)
    raise NotFound


def _line_about(session: Session, home: Home, wanted: EntryId) -> Entry | None:
    try:
        entry = audit.entry(session, home.agency, wanted)
    except NotFound:
        return None
    is_told = home.person in entry.persons and words.log_sentence(session, entry, home.name) is not None
    return entry if is_told and _can_ask(entry) else None


def _log_reading(session: Session, home: Home, event: Logged) -> None:
    audit.record(
        session,
        event=event,
        actor=current_patient(),
        agency=home.agency,
        persons=[home.person],
        now=now(),
    )


def _can_ask(entry: Entry) -> bool:
    return entry.who.kind == "staff" and entry.service is not None


def _log_lines(session: Session, home: Home) -> list[Line]:
    """Return one line for each person, act and day at one agency, newest first."""
    found: dict[tuple[str, date], Line] = {}
    for entry in audit.entries_about(session, home.agency, home.person, limit=_LOG_LINES):
        sentence = words.log_sentence(session, entry, home.name)
        if sentence is not None:
            key = (sentence, local_date(entry.at))
            first = found.get(key)
            line = Line(entry=entry.id, at=entry.at, sentence=sentence, can_ask=_can_ask(entry))
            found[key] = line if first is None else replace(first, times=first.times + 1)
    return list(found.values())


def _chosen(template: str, do: Callable[[Session, list[Home]], None]) -> ResponseReturnValue:
    """Do what the form asks for, or show it again with what was found or is missing."""
    if request.form.get("do") == "search":
        with web.reading() as session:
            return _page(session, template, Form.sent(request.form))
    try:
        with web.transaction() as session:
            do(session, _wanted(_homes(session)))
    except BadChoice as refused:
        with web.reading() as session:
            filled = Form.refused(request.form, refused, words.SENTENCES)
            return _page(session, template, filled), REFUSED
    return redirect(url_for(".mine", gjort="lagret"))


def _page(session: Session, template: str, filled: Form) -> str:
    offered = reach.whom_to_permit if template == "patient/permit.html" else reach.whom_to_block
    found = offered(session, filled.value("search"))
    values: dict[str, Any] = {
        "form": filled,
        "homes": [(home.agency, home.name) for home in _homes(session)],
        "targets": [(schema.target_value(each.target), upfirst(each.name)) for each in found],
        "purposes": list(purpose_names(language()).items()),
        "topics": list(topic_names(language()).items()),
    }
    return render_template(template, **values)


def _homes(session: Session) -> list[Home]:
    """Return the agencies of this node that know the patient, by name."""
    found = []
    for agency in cast(Settings, current_app.extensions["handover.settings"]).agencies:
        known = person.of_number(session, agency, current_patient().number)
        if known is not None:
            choices = consent.choices_of(session, agency, known)
            found.append(Home(agency=agency, name=names.of_agency(session, agency), person=known, choices=choices))
    return sorted(found, key=lambda home: home.name)


def _wanted(homes: list[Home]) -> list[Home]:
    """Return the agencies the form names; the only one where there is one. Raises BadChoice."""
    if wanted := request.form.get("instead_of", ""):
        return [_of_choice(homes, wanted)[0]]
    named = set(request.form.getlist("agency")) or {_only(homes)}
    found = [home for home in homes if home.agency in named]
    if not found:
        raise BadChoice(fields={"agency": ["required"]})
    return found


def _former(home: Home) -> ChoiceId | None:
    """Return the permit that the form changes; None for a new one."""
    wanted = request.form.get("instead_of", "")
    return home.choice(wanted).id if wanted else None


def _only(homes: list[Home]) -> str:
    return homes[0].agency if len(homes) == 1 else ""


def _of_choice(homes: list[Home], wanted: str) -> tuple[Home, Choice]:
    for home in homes:
        try:
            return home, home.choice(wanted)
        except ChoiceNotFound:
            continue
    raise ChoiceNotFound


def _any_choice(homes: list[Home], wanted: str) -> tuple[Home, Choice]:
    try:
        choice = ChoiceId(UUID(wanted))
    except ValueError:
        raise ChoiceNotFound from None
    for home in homes:
        for each in home.choices:
            if each.id == choice:
                return home, each
    raise ChoiceNotFound
