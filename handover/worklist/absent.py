"""Absence: who is away and who stands in, noted by themselves or their leader; how long work may lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow, current_staff
from handover.access import service as access
from handover.actors import Role, Staff
from handover.clock import now
from handover.directory import service as directory
from handover.errors import Invalid, NotFound
from handover.ids import ServiceId, StaffId
from handover.team import absence as rules
from handover.team import deputies, standing_in
from handover.team.absence import LEAST_DAYS, MOST_DAYS, Absence, BadAbsence
from handover.web.forms import REFUSED, Fields, Form, Sent
from handover.web.i18n import Sentence, Text
from handover.web.i18n import lazy_gettext as _l
from handover.web.shell import MenuItem, add_menu_item
from handover.workdays import local_date
from handover.worklist.desk import WORKERS, blueprint

_CALLERS: Final = (*WORKERS, Role.LEADER)
add_menu_item(
    blueprint, MenuItem(endpoint="worklist.absence", text=_l("Fravær"), order=45, roles=frozenset(_CALLERS))
)
SENTENCES: Final[Mapping[str, Text]] = {
    "back_on.too-early": _l("Du må være tilbake etter den første dagen, og senere enn i dag."),
    "back_on.too-late": _l("Et fravær kan vare i høyst to år."),
    "stand_in.same": _l("Velg en annen enn den som er borte."),
    "stand_in.not-colleague": _l("Vikaren må arbeide ved samme tjeneste."),
    "who.choice": _l("Velg hvem som er borte."),
    "days.out-of-range": _l("Velg fra 1 til 20 virkedager."),
}
_DONE: Final[Mapping[str, Sentence]] = {
    "satt": _l("Fraværet er lagret."),
    "slutt": _l("Fraværet er avsluttet. Arbeidet er hos den som hadde det."),
    "urort": _l("Innstillingen er lagret."),
}


@dataclass(frozen=True, kw_only=True)
class AwayLine:
    """One absence in the reader's words."""

    staff: StaffId
    name: str
    absence: Absence
    stand_in: str
    """Empty: the team does the work."""


@dataclass(frozen=True, kw_only=True)
class Lying:
    """A service the reader leads, and how long owned work may lie untouched there."""

    service: ServiceId
    name: str
    days: int


@blueprint.get("/fravar")
@allow(*_CALLERS)
def absence() -> ResponseReturnValue:
    """Show who is away, and a form to note one's own absence; a leader's colleagues too."""
    return _page(Form.of({"first_day": f"{local_date(now()):%d.%m.%Y}", "who": str(current_staff().id)}))


@blueprint.post("/fravar")
@allow(*_CALLERS)
def set_absence() -> ResponseReturnValue:
    """Note an absence: one's own, or as leader somebody else's."""
    by = current_staff()
    try:
        with web.transaction() as session:
            ours = colleagues(session, by)
            wanted = _absence(request.form, by, ours)
            standing_in.set_absence(session, wanted, by=by, now=now())
    except Invalid as refused:
        return _page(Form.refused(request.form, refused, SENTENCES)), REFUSED
    return redirect(url_for(".absence", gjort="satt"))


@blueprint.post("/fravar/tilbake")
@allow(*_CALLERS)
def end_absence() -> ResponseReturnValue:
    """End an absence: one's own, or as leader somebody else's."""
    by = current_staff()
    with web.transaction() as session:
        who = _of_mine(request.form.get("who", ""), by, colleagues(session, by))
        if who is None:
            raise NotFound
        standing_in.end_absence(session, who.id, by=by, now=now())
    return redirect(url_for(".absence", gjort="slutt"))


@blueprint.post("/fravar/urort")
@allow(Role.LEADER)
def set_untouched() -> ResponseReturnValue:
    """Say, as a service's leader, for how many working days owned work may lie untouched there."""
    by = current_staff()
    try:
        with web.transaction() as session:
            service = next(
                (each for each in _led(session, by) if each.service == request.form.get("service")), None
            )
            if service is None:
                raise NotFound
            typed = request.form.get("days", "")
            days = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < len("1000") else 0
            standing_in.set_untouched_days(session, service.service, days, by=by, now=now())
    except rules.BadSetting as refused:
        return _page(Form.refused(request.form, refused, SENTENCES)), REFUSED
    return redirect(url_for(".absence", gjort="urort"))


def colleagues(session: Session, by: Staff) -> list[Staff]:
    """Return who works at a service where the staff member works or leads, by name; they among them."""
    return [each for each in access.everyone(session, by.agency) if each.id == by.id or _shares(by, each)]


def leads(by: Staff, other: Staff) -> bool:
    """Whether somebody is the leader at a service where the other works."""
    led, held = by.services(Role.LEADER), other.services(*WORKERS, Role.LEADER)
    return bool(led) and (None in led or None in held or bool(led & held))


def _shares(one: Staff, other: Staff) -> bool:
    mine, theirs = one.services(*WORKERS, Role.LEADER), other.services(*WORKERS)
    return bool(theirs) and (None in mine or None in theirs or bool(mine & theirs))


def _of_mine(typed: str, by: Staff, ours: Sequence[Staff]) -> Staff | None:
    """Return the colleague a form names, if it is the reader or one of those they lead."""
    return next((each for each in ours if str(each.id) == typed and (each.id == by.id or leads(by, each))), None)


def _absence(sent: Sent, by: Staff, ours: Sequence[Staff]) -> Absence:
    """Return the absence a form describes. Raises Invalid with everything that must be put right."""
    fields = Fields(sent)
    first_day, back_on = fields.day("first_day"), fields.day("back_on")
    who = _of_mine(sent.get("who", str(by.id)), by, ours)
    stand_in = next((each for each in ours if str(each.id) == sent.get("stand_in")), None)
    if who is None:
        fields.refuse("who", "choice")
    if sent.get("stand_in") and (stand_in is None or (who is not None and not _shares(who, stand_in))):
        fields.refuse("stand_in", "not-colleague")
    fields.check()
    if who is None:
        raise BadAbsence(fields={"who": ["choice"]})
    return Absence(
        staff=who.id, first_day=first_day, back_on=back_on, stand_in=None if stand_in is None else stand_in.id
    )


def _led(session: Session, by: Staff) -> list[Lying]:
    return [
        Lying(service=each.id, name=each.name, days=standing_in.untouched_days(session, by.agency, each.id))
        for each in directory.services_of(session, by.agency)
        if by.has(Role.LEADER, each.id)
    ]


def _page(form: Form) -> str:
    by = current_staff()
    with web.reading() as session:
        ours = colleagues(session, by)
        names = {each.id: each.name for each in ours}
        away = deputies.absences(session, by.agency)
        led = _led(session, by)
    lines = [
        AwayLine(
            staff=each.id,
            name=each.name,
            absence=away[each.id],
            stand_in=names.get(away[each.id].stand_in or StaffId(UUID(int=0)), ""),
        )
        for each in ours
        if each.id in away
    ]
    mine = [each for each in ours if each.id == by.id or leads(by, each)]
    return render_template(
        "worklist/absence.html",
        form=form,
        lines=lines,
        own=[each.id for each in mine],
        who=[(str(each.id), each.name) for each in mine],
        stand_ins=[(str(each.id), each.name) for each in ours if _shares(each, each)],
        led=led,
        least=LEAST_DAYS,
        most=MOST_DAYS,
        done=_DONE.get(request.args.get("gjort", ""), ""),
    )
