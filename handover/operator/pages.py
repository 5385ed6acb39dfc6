"""Pages for those who run a node: what waits and why, keys and address book, people and roles."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from babel.numbers import format_decimal
from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover.access import allow, current_staff, step_up
from handover.access import service as staff_register
from handover.access.service import NewStaff
from handover.actors import Role, Staff
from handover.audit import service as audit
from handover.audit.model import Event
from handover.clock import local, now
from handover.config import Settings
from handover.directory import names
from handover.directory import service as directory
from handover.directory.model import Service
from handover.directory.service import BookState
from handover.errors import HandoverError, Invalid, NotFound
from handover.exchange import operations
from handover.exchange import service as exchange
from handover.exchange.lifecycle import State
from handover.exchange.model import Delivery
from handover.ids import AgencyId, MessageId, ServiceId, StaffId
from handover.keys import files
from handover.keys.files import KeyFile
from handover.keys.lifecycle import KeyState, Use
from handover.notice import service as notice_service
from handover.notice.model import NoticeId
from handover.operator import service, words
from handover.operator.model import SentTimes
from handover.referral import service as referral
from handover.referral.service import Measures
from handover.web import errors, shell, transaction
from handover.web.forms import REFUSED, Form
from handover.web.i18n import Text, locale
from handover.web.i18n import lazy_gettext as _l
from handover.web.parts import Filter
from handover.web.shell import MenuItem

blueprint = Blueprint("operator", __name__, url_prefix="/drift")
numbers = Blueprint("numbers", __name__, url_prefix="/tall")
people = Blueprint("people", __name__, url_prefix="/folk")

PERIODS: Final[dict[str, tuple[Text, timedelta]]] = {
    "30": (_l("Siste 30 dager"), timedelta(days=30)),
    "90": (_l("Siste 90 dager"), timedelta(days=90)),
    "365": (_l("Siste 12 måneder"), timedelta(days=365)),
}
RUNS: Final = (Role.OPERATOR, Role.SECURITY_OFFICER)
LASTS: Final = {Use.SIGNING: timedelta(days=365), Use.ENCRYPTION: timedelta(days=7)}
"""How long a key should be in use before the next one takes over (CRYPTO.md)."""
LISTS: Final[dict[str, tuple[Text, State | None]]] = {
    "venter": (_l("Venter"), None),
    "ikke-tatt-imot": (_l("Ikke tatt imot"), State.REFUSED),
    "kom-ikke-fram": (_l("Kom ikke fram"), State.EXPIRED),
    "far-ikke-ga": (_l("Får ikke gå"), State.STOPPED),
}
PERSON_SENTENCES: Final[dict[str, Text]] = {
    "login.number": _l("Skriv fødselsnummeret med elleve siffer."),
    "role.choice": _l("Velg en rolle."),
    "service.choice": _l("Velg en tjeneste som hører til her."),
}

shell.add_menu_item(
    blueprint, MenuItem(endpoint="operator.deliveries", text=_l("Drift"), order=70, roles=frozenset(RUNS))
)
shell.add_menu_item(people, MenuItem(endpoint="people.everyone", text=_l("Folk"), order=80, roles=frozenset(RUNS)))
shell.add_menu_item(
    numbers, MenuItem(endpoint="numbers.show", text=_l("Tall"), order=60, roles=frozenset({Role.LEADER}))
)
errors.explain(
    blueprint,
    {
        "exchange.cannot-retry": _l("Meldingen kan ikke sendes igjen. Den må skrives på nytt."),
        "exchange.already-ended": _l("Meldingen er allerede ferdig behandlet."),
        "delivery.move-not-allowed": _l("Meldingen er allerede ferdig behandlet."),
        "staff.login-taken": _l("Denne personen er allerede registrert her."),
        "staff.open": _l("Personen har allerede tilgang."),
    },
)
errors.show_present_state_at(blueprint, "operator.deliveries")
errors.show_present_state_at(people, "people.everyone")


# Deliveries -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Line:
    """One delivery as the list shows it."""

    delivery: Delivery
    to: str
    why: list[Text]


@blueprint.get("/leveringer")
@allow(*RUNS)
def deliveries() -> ResponseReturnValue:
    """Show what has not come through, why, and how each way out is doing."""
    by, at, chosen = current_staff(), now(), request.args.get("vis", "venter")
    if chosen not in LISTS:
        raise NotFound
    with transaction() as session:
        _saw(session, "deliveries")
        found = {
            name: operations.waiting(session, by.agency, now=at)
            if state is None
            else operations.ended(session, by.agency, state, now=at)
            for name, (_text, state) in LISTS.items()
        }
        lines = [_line(session, each) for each in found[chosen]]
        ways = [
            (way, names.of_agency(session, way.receiver)) for way in operations.destinations(session, by.agency)
        ]
    filters = [
        Filter(
            text=text,
            url=url_for(".deliveries", vis=name),
            count=len(found[name]),
            is_current=name == chosen,
        )
        for name, (text, _state) in LISTS.items()
    ]
    return render_template(
        "operator/deliveries.html", lines=lines, ways=ways, filters=filters, chosen=chosen, words=words
    )


@blueprint.get("/leveringer/<uuid:message>")
@allow(*RUNS)
def delivery(message: UUID) -> ResponseReturnValue:
    """Show one delivery with its whole history, and what can be done."""
    by = current_staff()
    with transaction() as session:
        found = exchange.delivery(session, by.agency, MessageId(message), now=now())
        _saw(session, message)
        line = _line(session, found)
    return render_template("operator/delivery.html", line=line, words=words, State=State)


@blueprint.post("/leveringer/<uuid:message>/<any('prov', 'hold', 'gi-opp'):act>")
@allow(*RUNS)
def act_on_delivery(message: UUID, act: str) -> ResponseReturnValue:
    """Try one delivery now, hold it back, or give it up."""
    acts = {"prov": operations.retry, "hold": operations.stop, "gi-opp": operations.give_up}
    by = current_staff()
    with transaction() as session:
        acts[act](session, by.agency, MessageId(message), by=by, now=now())
    return redirect(url_for(".delivery", message=message))


@blueprint.post("/mottakere/<receiver>/<any('pause', 'fortsett'):act>")
@allow(*RUNS)
def act_on_destination(receiver: str, act: str) -> ResponseReturnValue:
    """Pause one way out, or go on."""
    acts = {"pause": operations.pause, "fortsett": operations.resume}
    by = current_staff()
    with transaction() as session:
        known = {way.receiver for way in operations.destinations(session, by.agency)}
        if receiver not in known:
            raise NotFound
        acts[act](session, by.agency, AgencyId(receiver), by=by, now=now())
    return redirect(url_for(".deliveries"))


@blueprint.get("/varsler")
@allow(*RUNS)
def notices() -> ResponseReturnValue:
    """Show the notices that could not be sent, why, and those that wait; never to whom."""
    by = current_staff()
    with transaction() as session:
        _saw(session, "notices")
        lost = notice_service.given_up(session, by.agency)
        waiting = notice_service.waiting(session, by.agency)
    done = bool(request.args.get("gjort"))
    return render_template("operator/notices.html", lost=lost, waiting=waiting, words=words, done=done)


@blueprint.post("/varsler/<uuid:notice>/prov")
@allow(*RUNS)
def try_notice(notice: UUID) -> ResponseReturnValue:
    """Try a notice again that was given up."""
    by = current_staff()
    with transaction() as session:
        notice_service.try_again(session, by.agency, NoticeId(notice), by=by, now=now())
    return redirect(url_for(".notices", gjort="prov"))


def _saw(session: Session, what: object, event: Event = Event.OPERATOR_LIST) -> None:
    """Log that a page of operations was seen: nobody's case, but who looks after a node is looked after too."""
    by = current_staff()
    audit.record(session, event=event, actor=by, agency=by.agency, subject=what, now=now())


def _line(session: Session, found: Delivery) -> Line:
    return Line(delivery=found, to=names.of_agency(session, found.receiver), why=words.why(found.last_error))


# Keys and address book --------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class KeyLine:
    """One key with a plain name. `until` is when the next one should have taken over."""

    file: KeyFile
    until: datetime | None
    is_due: bool


@blueprint.get("/nokler")
@allow(*RUNS)
def keys() -> ResponseReturnValue:
    """Show the agency's keys by plain names, and how fresh the address book is."""
    by, at = current_staff(), now()
    settings: Settings = current_app.extensions["handover.settings"]
    with transaction() as session:
        _saw(session, "keys")
        book = directory.state(session, now=at)
        problems = [
            (names.of_agency(session, agency), code) for agency, code in sorted(book.statement_problems.items())
        ]
    return render_template(
        "operator/keys.html",
        lines=_keys(settings.keys_dir, by.agency, at),
        book=book,
        problems=problems,
        is_old=_is_old(book, at),
        words=words,
    )


def _keys(folder: Path, agency: AgencyId, at: datetime) -> list[KeyLine] | None:
    """The agency's keys, those in use first; None where the files cannot be read."""
    try:
        held = [file for file in files.listing(folder) if file.owner == agency]
    except HandoverError:
        return None
    lines = []
    for file in sorted(held, key=lambda file: (list(KeyState).index(file.state) != 1, file.use, file.created_at)):
        until = file.created_at + LASTS[file.use] if file.use in LASTS and file.state is KeyState.ACTIVE else None
        lines.append(KeyLine(file=file, until=until, is_due=until is not None and until < at))
    return lines


def _is_old(book: BookState, at: datetime) -> bool:
    return book.expires_at is None or book.expires_at - at < timedelta(days=2)


# People and roles -------------------------------------------------------------------------------------------


@people.get("/")
@allow(*RUNS)
def everyone() -> ResponseReturnValue:
    """Show who works here and what each may do."""
    with transaction() as session:
        return _everyone(session, Form(), 200)


@people.post("/")
@step_up
@allow(*RUNS)
def register() -> ResponseReturnValue:
    """Register somebody, without roles yet."""
    by = current_staff()
    try:
        with transaction() as session:
            id_ = staff_register.register(session, _new(), agency=by.agency, by=by, now=now())
    except Invalid as refused:
        with transaction() as session:
            return _everyone(session, Form.refused(request.form, refused, PERSON_SENTENCES), REFUSED)
    return redirect(url_for(".person", staff=id_))


@people.get("/<uuid:staff>")
@allow(*RUNS)
def person(staff: UUID) -> ResponseReturnValue:
    """Show one person's roles, and what can be changed."""
    with transaction() as session:
        return _person(session, StaffId(staff), Form(), 200)


@people.post("/<uuid:staff>/roller")
@step_up
@allow(*RUNS)
def grant(staff: UUID) -> ResponseReturnValue:
    """Give a role at one service, or for the whole agency."""
    by = current_staff()
    try:
        with transaction() as session:
            role, where = _role_asked(session, by.agency)
            staff_register.grant(session, StaffId(staff), role, where, agency=by.agency, by=by, now=now())
    except Invalid as refused:
        with transaction() as session:
            form = Form.refused(request.form, refused, PERSON_SENTENCES)
            return _person(session, StaffId(staff), form, REFUSED)
    return redirect(url_for(".person", staff=staff))


@people.post("/<uuid:staff>/roller/ta-tilbake")
@step_up
@allow(*RUNS)
def revoke(staff: UUID) -> ResponseReturnValue:
    """Take one role back, with effect from the person's next request."""
    by = current_staff()
    with transaction() as session:
        role, where = _role_asked(session, by.agency)
        staff_register.revoke(session, StaffId(staff), role, where, agency=by.agency, by=by, now=now())
    return redirect(url_for(".person", staff=staff))


@people.post("/<uuid:staff>/avslutt")
@step_up
@allow(*RUNS)
def close(staff: UUID) -> ResponseReturnValue:
    """Close a person's access at once."""
    by = current_staff()
    with transaction() as session:
        staff_register.close(session, StaffId(staff), agency=by.agency, by=by, now=now())
    return redirect(url_for(".everyone"))


def _everyone(session: Session, form: Form, status: int) -> ResponseReturnValue:
    agency = current_staff().agency
    _saw(session, "people")
    found = [(each, _roles(session, each)) for each in staff_register.everyone(session, agency)]
    return render_template("operator/people.html", found=found, form=form), status


def _person(session: Session, staff: StaffId, form: Form, status: int) -> ResponseReturnValue:
    agency = current_staff().agency
    found = staff_register.staff_of(session, agency, staff)
    _saw(session, staff)
    services = [(each.id, each.name) for each in directory.services_of(session, agency)]
    page = render_template(
        "operator/person.html",
        found=found,
        roles=_roles(session, found),
        form=form,
        role_choices=[(role.value, text) for role, text in words.ROLES.items()],
        service_choices=[("", _l("Hele virksomheten")), *services],
        is_self=found.id == current_staff().id,
    )
    return page, status


def _roles(session: Session, staff: Staff) -> list[tuple[Role, ServiceId | None, Text, str]]:
    """Each role with the name of its service, agency-wide ones first."""
    named = []
    for where, role in staff.roles:
        place = names.of_service(session, where) if where else ""
        named.append((role, where, words.ROLES[role], place))
    return sorted(named, key=lambda each: (each[3], each[0]))


def _new() -> NewStaff:
    sent = {name: request.form.get(name, "").strip() for name in ("login", "name", "title", "phone", "hpr")}
    if sent["login"] and not (len(sent["login"]) == 11 and sent["login"].isdecimal()):
        raise Invalid("staff.login", fields={"login": ["number"]})
    return NewStaff(
        login=sent["login"], name=sent["name"], title=sent["title"], phone=sent["phone"], hpr=sent["hpr"] or None
    )


def _role_asked(session: Session, agency: AgencyId) -> tuple[Role, ServiceId | None]:
    role, where = request.form.get("role", ""), request.form.get("service", "")
    problems = {} if role in set(Role) else {"role": ["choice"]}
    if where and where not in {each.id for each in directory.services_of(session, agency)}:
        problems["service"] = ["choice"]
    if problems:
        raise Invalid("staff.role", fields=problems)
    return Role(role), ServiceId(where) if where else None


# Numbers for leaders ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Account:
    """One service's numbers: what it received and assessed, and what it sent."""

    service: Service
    received: Measures
    sent: SentTimes


@numbers.get("/")
@allow(Role.LEADER)
def show() -> ResponseReturnValue:
    """Show how long things take at the services the leader leads, each number with what it means."""
    chosen = request.args.get("dager", "90")
    if chosen not in PERIODS:
        raise NotFound
    at = now()
    since = at - PERIODS[chosen][1]
    with transaction() as session:
        _saw(session, chosen, Event.STATISTICS_READ)
        accounts = [_account(session, each, since, at) for each in _led(session, current_staff())]
    filters = [
        Filter(text=text, url=url_for(".show", dager=days), is_current=days == chosen)
        for days, (text, _span) in PERIODS.items()
    ]
    return render_template("operator/numbers.html", accounts=accounts, filters=filters, decimal=_decimal)


def _led(session: Session, by: Staff) -> list[Service]:
    return [each for each in directory.services_of(session, by.agency) if by.has(Role.LEADER, each.id)]


def _account(session: Session, each: Service, since: datetime, at: datetime) -> Account:
    first, last = local(since).date(), local(at).date()
    return Account(
        service=each,
        received=referral.measures_of(session, each.agency, since=first, until=last, now=at, service=each.id),
        sent=service.sent_times(session, each.agency, each.id, since=since, until=at),
    )


def _decimal(value: float) -> str:
    return format_decimal(round(value, 1), locale=locale())
