"""Referrals that went by post: registered by the referrer and followed with the same clock."""

from dataclasses import replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from handover import web
from handover.access import allow, current_staff
from handover.actors import Role
from handover.addressbook import service as addressbook
from handover.clock import now
from handover.directory import names
from handover.directory import service as directory
from handover.errors import Conflict, Invalid
from handover.ids import ServiceId
from handover.referral import schema, words
from handover.referral import service as referrals
from handover.referral.lifecycle import Side, Status
from handover.referral.model import Party
from handover.referral.pages.asking import moved_page
from handover.referral.pages.sending import blueprint, turn_of
from handover.referral.pages.writing import LABELS, SENTENCES, my_services
from handover.referral.schema import WrittenPaper
from handover.referral.service import Case, PaperReferral
from handover.web.forms import REFUSED, Form, parse_day
from handover.web.i18n import Text
from handover.web.i18n import lazy_gettext as _l
from handover.workdays import at_hour, local_date

_MOVED: Final = 409
_OFFICE_HOUR: Final = 12
"""A day without a time of day is kept as noon, Norwegian time."""
_SENTENCES: Final[dict[str, Text]] = {
    **SENTENCES,
    "counterpart.required": _l("Skriv hvem henvisningen ble sendt til."),
    "service.required": _l("Velg hvilken tjeneste hos dere som følger opp."),
    "sent_on.required": _l("Skriv dagen henvisningen ble sendt."),
    "in-future": _l("Dagen kan ikke være fram i tid."),
    "received_on.required": _l("Skriv dagen henvisningen kom fram."),
    "received_on.before-sent": _l("Den kan ikke ha kommet fram før den ble sendt."),
}


@blueprint.get("/papir")
@allow(Role.REFERRER)
def paper() -> ResponseReturnValue:
    """Show the form for a referral that went by post."""
    return _paper_page(Form())


@blueprint.post("/papir")
@allow(Role.REFERRER)
def register() -> ResponseReturnValue:
    """Register a referral that went by post."""
    by, at = current_staff(), now()
    try:
        said = schema.read_paper(request.form)
        _refuse_unfinished(said, local_date(at))
        with web.transaction() as session:
            homes = my_services(session, by)
            home = said.written.service or (homes[0].id if len(homes) == 1 else None)
            if home is None:
                raise Invalid("referral.incomplete", fields={"service": ["required"]})
            stored = referrals.register_paper(session, _paper(said, at), by=by, service=home, now=at)
    except Invalid as refused:
        return _paper_page(Form.refused(request.form, _on_days(refused), _SENTENCES)), REFUSED
    return redirect(url_for(".show", referral=stored.standing.referral))


@blueprint.get("/<uuid:referral>/kom-fram")
@allow(Role.REFERRER)
def arrival(referral: UUID) -> ResponseReturnValue:
    """Show the form for the day a paper referral arrived, as the receiver told."""
    turn = turn_of(referral)
    with web.transaction() as session:
        case = referrals.show(session, turn)
        if case.standing.status is not Status.SENT:
            return redirect(url_for(".show", referral=referral))
        return _arrival_page(case, Form())


@blueprint.post("/<uuid:referral>/kom-fram")
@allow(Role.REFERRER)
def arrived(referral: UUID) -> ResponseReturnValue:
    """Note when a paper referral arrived: the clock of the assessment runs from there."""
    turn = turn_of(referral)
    try:
        with web.transaction() as session:
            case = referrals.show(session, turn)
            day = _day_of(request.form.get("received_on", ""), case.standing.sent_at, turn.now)
            referrals.record_arrival(session, turn, _instant(day, turn.now))
    except Invalid as refused:
        with web.transaction() as session:
            filled = Form.refused(request.form, _on_days(refused), _SENTENCES)
            return _arrival_page(referrals.show(session, turn), filled), REFUSED
    except Conflict as moved:
        return moved_page(turn, moved), _MOVED
    return redirect(url_for(".show", referral=referral))


def _refuse_unfinished(said: WrittenPaper, today: date) -> None:
    found = schema.patient_problems(said.written.content)
    if not (said.written.to or said.counterpart):
        found["counterpart"] = ["required"]
    if said.sent_on is None:
        found["sent_on"] = ["required"]
    for name, day in (("sent_on", said.sent_on), ("received_on", said.received_on)):
        if day is not None and day > today:
            found[name] = ["in-future"]
    if said.sent_on and said.received_on and said.received_on < said.sent_on:
        found["received_on"] = ["before-sent"]
    if found:
        raise Invalid("referral.incomplete", fields=found)


def _paper(said: WrittenPaper, at: datetime) -> PaperReferral:
    return PaperReferral(
        side=Side.REFERRER,
        content=replace(said.written.content, unfinished=()),
        counterpart=said.counterpart or str(said.written.to),
        counterpart_phone=said.counterpart_phone,
        to=said.written.to,
        sent_at=_instant(said.sent_on, at) if said.sent_on else None,
        received_at=_instant(said.received_on, at) if said.received_on else None,
    )


def _instant(day: date, at: datetime) -> datetime:
    return min(at_hour(day, _OFFICE_HOUR), at)


def _day_of(text: str, sent_at: datetime | None, at: datetime) -> date:
    if not text.strip():
        raise Invalid("referral.incomplete", fields={"received_on": ["required"]})
    try:
        day = parse_day(text)
    except Invalid:
        raise Invalid("referral.incomplete", fields={"received_on": ["date"]}) from None
    if day > local_date(at):
        raise Invalid("referral.incomplete", fields={"received_on": ["in-future"]})
    if sent_at is not None and day < local_date(sent_at):
        raise Invalid("referral.incomplete", fields={"received_on": ["before-sent"]})
    return day


def _on_days(refused: Invalid) -> Invalid:
    """Return the refusal with the form's names: it asks for days where the service speaks of instants."""
    names = {"sent_at": "sent_on", "received_at": "received_on"}
    fields = {names.get(name, name): codes for name, codes in refused.fields.items()}
    return Invalid(refused.stable_code, fields=fields)


def _paper_page(filled: Form) -> str:
    with web.reading() as session:
        homes = my_services(session, current_staff())
        services = [
            (
                names.of_party(session, Party(each.agency, ServiceId(each.id))),
                addressbook.standing_of(session, each, today=local_date(now())),
            )
            for each in directory.find_services(session)
            if each.takes_referrals
        ]
    return render_template(
        "referral/sending/paper.html",
        form=filled,
        homes=[(home.id, home.name) for home in homes],
        services=services,
        labels=LABELS,
        urgencies=[(code.value, text) for code, text in words.URGENCIES.items() if code.value != "0"],
    )


def _arrival_page(case: Case, filled: Form) -> str:
    return render_template("referral/sending/arrival.html", case=case, standing=case.standing, form=filled)
