"""«Varsler»: by which channel, to which address and when somebody is told; one page for staff and for patients.

A new address is used once the code that was sent there has been written here. Patients: `patient.notices`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow, current_actor, current_staff
from handover.actors import Role
from handover.audit import service as audit
from handover.audit.model import Event
from handover.clock import now
from handover.db import provided
from handover.ids import PersonId
from handover.notice import service
from handover.notice.model import BadWishes, Channel, Kind, Recipient, Wishes, staff
from handover.notice.senders import Ways
from handover.web.forms import REFUSED, Form
from handover.web.i18n import Sentence, Text, language
from handover.web.i18n import lazy_gettext as _l
from handover.web.shell import MenuItem, add_menu_item

blueprint = Blueprint("notices", __name__, url_prefix="/varsler")
add_menu_item(blueprint, MenuItem(endpoint="notices.show", text=_l("Varsler"), order=90, roles=frozenset(Role)))

CHANNELS: Final[Mapping[Channel, Sentence]] = {
    Channel.NONE: _l("Ingen varsler"),
    Channel.EMAIL: _l("E-post"),
    Channel.SMS: _l("SMS"),
}
SENTENCES: Final[Mapping[str, Text]] = {
    "channel.choice": _l("Velg om du vil ha varsler, og hvordan."),
    "address.email": _l("Skriv en e-postadresse, for eksempel ola@eksempel.no."),
    "address.mobile": _l("Skriv et mobilnummer med åtte siffer, eller med landskode først."),
    "address.too-many-codes": _l("Du har bedt om mange koder i dag. Prøv igjen i morgen."),
    "code.wrong": _l(
        "Koden er feil eller for gammel. Skriv den siste du fikk, eller lagre på nytt for å få en ny."
    ),
}
DAILY: Final = "daily"
EACH: Final = "each"


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Whose settings a page shows, and where its forms lead."""

    name: str
    """The blueprint's."""
    them: Callable[[Session], list[Recipient]]
    """The reader as each agency here knows them; they wish the same of all."""
    is_staffs: bool


def _me(_session: Session) -> list[Recipient]:
    by = current_staff()
    return [staff(by.agency, by.id)]


STAFF: Final = Desk(name="notices", them=_me, is_staffs=True)


@blueprint.get("")
@allow(*Role)
def show() -> ResponseReturnValue:
    """Show how I am told."""
    return show_desk(STAFF)


@blueprint.post("")
@allow(*Role)
def save() -> ResponseReturnValue:
    """Keep how I want to be told; a new address gets a code."""
    return save_desk(STAFF)


@blueprint.post("/kode")
@allow(*Role)
def confirm() -> ResponseReturnValue:
    """Use my new address, now that its code has come back."""
    return confirm_desk(STAFF)


def show_desk(desk: Desk) -> str:
    """Show a page of settings as it is kept."""
    with web.transaction() as session:
        for each in desk.them(session):
            if each.kind is Kind.PATIENT:
                audit.record(
                    session,
                    event=Event.PERSON_READ,
                    actor=current_actor(),
                    agency=each.agency,
                    persons=[PersonId(each.id)],
                    now=now(),
                )
        return _page(session, desk)


def save_desk(desk: Desk) -> ResponseReturnValue:
    """Keep what was chosen, or show what must be put right."""
    try:
        with web.transaction() as session:
            wanted = _read(request.form, provided(session, Ways).channels)
            them = desk.them(session)
            needs_code = bool(them) and service.choose(session, them, wanted, by=current_actor(), now=now())
    except BadWishes as refused:
        with web.reading() as session:
            return _page(session, desk, form=Form.refused(request.form, refused, SENTENCES)), REFUSED
    return redirect(url_for(f"{desk.name}.show", gjort="kode" if needs_code else "lagret"))


def confirm_desk(desk: Desk) -> ResponseReturnValue:
    """Use the address whose code was written, or say that it is another."""
    code = request.form.get("code", "")
    with web.transaction() as session:
        is_right = service.confirm(session, desk.them(session), code, by=current_actor(), now=now())
    if is_right:
        return redirect(url_for(f"{desk.name}.show", gjort="bekreftet"))
    refused = BadWishes(fields={"code": ["wrong"]})
    with web.reading() as session:
        return _page(session, desk, code=Form.refused(request.form, refused, SENTENCES)), REFUSED


def _page(session: Session, desk: Desk, *, form: Form | None = None, code: Form | None = None) -> str:
    at, them = now(), desk.them(session)
    found = [service.chosen(session, each, now=at) for each in them]
    known = next((each for each in found if each.wishes.is_told), found[0] if found else None)
    wishes = Wishes() if known is None else known.wishes
    offered = provided(session, Ways).channels
    return render_template(
        "notice/settings.html",
        desk=desk,
        is_known=bool(them),
        form=form or Form.of(_values(wishes)),
        code=code or Form(),
        wishes=wishes,
        channel_text=CHANNELS[wishes.channel],
        is_waiting=code is not None or any(each.waiting is not None for each in found),
        has_failed=any(each.has_failed for each in found),
        channels=[(each.value, CHANNELS[each]) for each in (Channel.NONE, *offered)] if offered else [],
        hours=[(str(hour), f"{hour:02}.00") for hour in range(24)],
        done=request.args.get("gjort", ""),
    )


def _values(wishes: Wishes) -> dict[str, Any]:
    return {
        "channel": wishes.channel.value,
        "address": wishes.address,
        "when": EACH if wishes.daily_at is None else DAILY,
        "first_hour": wishes.first_hour,
        "last_hour": wishes.last_hour,
        "daily_at": 15 if wishes.daily_at is None else wishes.daily_at,
        "wants_team": "yes" if wishes.wants_team else "",
    }


def _read(sent: Mapping[str, str], offered: tuple[Channel, ...]) -> Wishes:
    """Read the form. Raises BadWishes with every field that says nothing we know."""
    channel, when = sent.get("channel", ""), sent.get("when", EACH)
    hours = {name: _hour(sent.get(name, "")) for name in ("first_hour", "last_hour", "daily_at")}
    problems = {name: ["choice"] for name, hour in hours.items() if hour is None}
    if channel not in {Channel.NONE, *offered}:
        problems["channel"] = ["choice"]
    if when not in {EACH, DAILY}:
        problems["when"] = ["choice"]
    if problems:
        raise BadWishes(fields=problems)
    return Wishes(
        channel=Channel(channel),
        address=sent.get("address", ""),
        first_hour=hours["first_hour"] or 0,
        last_hour=hours["last_hour"] or 0,
        daily_at=hours["daily_at"] if when == DAILY else None,
        language=language(),
        wants_team=sent.get("wants_team") == "yes",
    )


def _hour(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 2 and int(text) < 24 else None
