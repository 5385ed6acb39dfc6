"""The owner's pages: confirm, write, close for some days, say what is offered."""

from datetime import date

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow, current_staff
from handover.access.guard import note_refusal
from handover.addressbook import service as entries
from handover.addressbook import words
from handover.addressbook.model import (
    KEEPERS,
    LIMITS,
    OWNERS,
    ChangedMeanwhile,
    EntryNotFound,
    EntryTexts,
    TooManyOffers,
    mark_of,
)
from handover.addressbook.service import Owning
from handover.clock import now
from handover.directory import service as directory
from handover.directory.model import Offer, Pause, Service
from handover.errors import Invalid
from handover.ids import ServiceId
from handover.web.errors import explain
from handover.web.forms import REFUSED, Form, parse_day
from handover.web.i18n import lazy_gettext as _l
from handover.workdays import local_date

blueprint = Blueprint("entries", __name__, url_prefix="/adressebok/<service>")
explain(
    blueprint,
    {
        TooManyOffers.code: _l("Tjenesten har så mange tilbud som det er plass til. Ta bort et først."),
    },
)
_MOVED = 409


@blueprint.post("/bekreft")
@allow(*KEEPERS)
def confirm(service: str) -> ResponseReturnValue:
    """Say that my own service's entry is right today; published to the community with our signature."""
    with web.transaction() as session:
        entries.confirm(session, _turn(service))
    return _shown(service, "bekreftet")


@blueprint.get("/rediger")
@allow(*OWNERS)
def edit(service: str) -> ResponseReturnValue:
    """Show the form for the texts of an entry."""
    with web.reading() as session:
        entry = _own(session, service)
    return _edit_page(entry, Form.of({**vars(entry), "seen": mark_of(entry)}))


@blueprint.post("/rediger")
@allow(*OWNERS)
def save(service: str) -> ResponseReturnValue:
    """Save the texts; what somebody else changed meanwhile is never overwritten unseen."""
    texts = EntryTexts(**{name: request.form.get(name, "") for name in EntryTexts.__dataclass_fields__})
    try:
        with web.transaction() as session:
            entries.save_texts(session, _turn(service), texts, seen=request.form.get("seen", ""))
    except Invalid as refused:
        return _edit_again(service, Form.refused(request.form, refused, words.SENTENCES)), REFUSED
    except ChangedMeanwhile as late:
        note_refusal(late)
        return _edit_again(service, Form.of(request.form), is_late=True), _MOVED
    return _shown(service, "lagret")


@blueprint.get("/steng")
@allow(*OWNERS)
def close(service: str) -> ResponseReturnValue:
    """Show the form for closing a service for some days."""
    with web.reading() as session:
        entry = _own(session, service)
        return _close_page(session, entry, _form_of(entry.pause))


@blueprint.post("/steng")
@allow(*OWNERS)
def pause(service: str) -> ResponseReturnValue:
    """Close a service for some days, and say what to do instead."""
    try:
        with web.transaction() as session:
            _own(session, service)
            entries.pause(session, _turn(service), _pause_asked(session))
    except Invalid as refused:
        with web.reading() as session:
            form = Form.refused(request.form, refused, words.SENTENCES)
            return _close_page(session, _own(session, service), form), REFUSED
    return _shown(service, "stengt")


@blueprint.post("/apne")
@allow(*OWNERS)
def reopen(service: str) -> ResponseReturnValue:
    """Take the pause away."""
    with web.transaction() as session:
        entries.reopen(session, _turn(service))
    return _shown(service, "apnet")


@blueprint.get("/tilbud")
@allow(*OWNERS)
def offer(service: str) -> ResponseReturnValue:
    """Show the form for one offer: a new one, or the one that `tilbud` names."""
    with web.reading() as session:
        entry = _own(session, service)
    wanted = request.args.get("tilbud", "")
    known = next((each for each in entry.offers if each.id == wanted), None)
    if wanted and known is None:
        raise EntryNotFound
    return _offer_page(entry, Form.of({} if known is None else vars(known)))


@blueprint.post("/tilbud")
@allow(*OWNERS)
def save_offer(service: str) -> ResponseReturnValue:
    """Save one offer, or take it away."""
    asked = Offer(**{name: request.form.get(name, "") for name in Offer.__dataclass_fields__})
    try:
        with web.transaction() as session:
            entry = _own(session, service)
            if asked.id and asked.id not in {each.id for each in entry.offers}:
                raise EntryNotFound
            if request.form.get("do") == "remove":
                entries.remove_offer(session, _turn(service), asked.id)
            else:
                entries.save_offer(session, _turn(service), asked)
    except Invalid as refused:
        with web.reading() as session:
            form = Form.refused(request.form, refused, words.SENTENCES)
            return _offer_page(_own(session, service), form), REFUSED
    return _shown(service, "lagret")


def _turn(service: str) -> Owning:
    return Owning(service=ServiceId(service), by=current_staff(), now=now())


def _own(session: Session, service: str) -> Service:
    return entries.owned(session, ServiceId(service), by=current_staff())


def _shown(service: str, done: str) -> ResponseReturnValue:
    return redirect(url_for("addressbook.show", entry=service, gjort=done))


def _edit_again(service: str, form: Form, *, is_late: bool = False) -> str:
    with web.reading() as session:
        entry = _own(session, service)
    fresh = {**form.values, "seen": [mark_of(entry)]}
    return _edit_page(entry, Form(fresh, form.errors), is_late=is_late)


def _edit_page(entry: Service, form: Form, *, is_late: bool = False) -> str:
    return render_template("addressbook/edit.html", entry=entry, form=form, limits=LIMITS, is_late=is_late)


def _offer_page(entry: Service, form: Form) -> str:
    return render_template("addressbook/offer.html", entry=entry, form=form, limits=LIMITS)


def _close_page(session: Session, entry: Service, form: Form) -> str:
    names = {agency.id: agency.name for agency in directory.agencies(session)}
    others = [
        (each.id, f"{each.name}, {names.get(each.agency, each.agency)}")
        for each in directory.find_services(session)
        if each.id != entry.id
    ]
    return render_template("addressbook/close.html", entry=entry, form=form, limits=LIMITS, others=others)


def _form_of(known: Pause | None) -> Form:
    if known is None:
        return Form()
    days = {"first": _typed(known.first), "last": _typed(known.last)}
    return Form.of({**vars(known), **days})


def _typed(day: date | None) -> str:
    return "" if day is None else f"{day.day}.{day.month}.{day.year}"


def _pause_asked(session: Session) -> Pause:
    problems: dict[str, list[str]] = {}
    days: dict[str, date | None] = {}
    for name in ("first", "last"):
        text = request.form.get(name, "").strip()
        try:
            days[name] = parse_day(text) if text else None
        except Invalid:
            problems[name] = ["date"]
    instead = request.form.get("instead", "")
    if instead and instead not in {each.id for each in directory.find_services(session)}:
        problems["instead"] = ["choice"]
    if problems:
        raise Invalid("addressbook.bad-entry", fields=problems)
    return Pause(
        first=days["first"] or local_date(now()),
        last=days["last"],
        why=request.form.get("why", ""),
        instead=ServiceId(instead) if instead else None,
        advice=request.form.get("advice", ""),
    )
