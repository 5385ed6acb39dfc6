"""Find a service in plain words, and read what it says of itself: one list, one page for each."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import codelists, web
from handover.access import allow, current_staff
from handover.actors import Role, Staff
from handover.addressbook import service as entries
from handover.addressbook import words
from handover.addressbook.model import Change, EntryNotFound, Standing
from handover.addressbook.pages import ways
from handover.addressbook.pages.ways import Begin, Errand
from handover.clock import now
from handover.directory import service as directory
from handover.directory.model import Offer, Service
from handover.errors import NotFound
from handover.ids import ServiceId
from handover.web.forms import Form
from handover.web.i18n import lazy_gettext as _l
from handover.web.shell import MenuItem, add_menu_item
from handover.workdays import local_date

blueprint = Blueprint("addressbook", __name__, url_prefix="/adressebok")
add_menu_item(
    blueprint,
    MenuItem(endpoint="addressbook.find", text=_l("Adressebok"), order=60, roles=frozenset(Role)),
)

MESSAGE: Final = "melding"
"""The errand of whoever comes to write a message."""
LATELY: Final = 6
"""So many services stand first because the reader's own have written to them."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A service as the list and its own page show it."""

    standing: Standing
    kind: str | None
    begins: list[Begin]
    may_confirm: bool
    may_change: bool
    offers: tuple[Offer, ...] = ()
    """In the list: those that fit the search."""
    history: tuple[Change, ...] = field(default=(), repr=False)

    @property
    def service(self) -> Service:
        """The service itself."""
        return self.standing.service


@blueprint.get("/")
@allow(*Role)
def find() -> ResponseReturnValue:
    """Search the address book; nothing in it is about a patient, so the search may stand in the address."""
    asked = {name: request.args.get(name, "")[:100] for name in ("q", "sted", "type")}
    staff, today, errand = current_staff(), local_date(now()), _errand()
    tables = _tables()
    with web.reading() as session:
        everything = directory.find_services(session)
        found = [
            _found(session, hit.service, staff, today, errand, offers=hit.offers)
            for hit in directory.search(session, asked["q"])
            if asked["sted"] in {"", hit.service.place} and asked["type"] in {"", table_of(hit.service)}
        ]
        found.sort(key=lambda each: _is_own(staff, each.service))
        is_search = any(asked.values())
        known = [] if is_search else ways.written_to_lately(session, staff, limit=LATELY)
    lately = [each for wanted in known for each in found if each.service.id == wanted]
    return render_template(
        "addressbook/find.html",
        lately=lately,
        found=[each for each in found if each not in lately],
        form=Form.of(asked),
        is_search=is_search,
        places=[(place, place) for place in sorted({service.place for service in everything})],
        tables=[(code, text) for code, text in tables.items() if any(table_of(one) == code for one in everything)],
        errand=errand,
        draft=errand.draft,
        draft_url=ways.draft_url(errand.draft) if errand.draft else "",
        is_message=errand.what == MESSAGE,
        owns_something=staff.has(Role.LEADER),
    )


@blueprint.get("/tjeneste/<entry>")
@allow(*Role)
def show(entry: str) -> ResponseReturnValue:
    """Show everything one service says of itself."""
    staff, errand = current_staff(), _errand()
    with web.reading() as session:
        found = _found(session, entry_of(session, entry), staff, local_date(now()), errand, is_whole=True)
    return render_template(
        "addressbook/show.html",
        found=found,
        errand=errand,
        draft=errand.draft,
        done=words.DONE.get(request.args.get("gjort", ""), ""),
        acts=words.ACTS,
        fields=words.FIELDS,
    )


def entry_of(session: Session, entry: str) -> Service:
    """Return any service of the community. Raises EntryNotFound."""
    try:
        return directory.service_of(session, ServiceId(entry))
    except NotFound as unknown:
        raise EntryNotFound from unknown


def table_of(service: Service) -> str:
    """Return the number of the table the service's kind is from."""
    return service.kind.system.rsplit(".", 1)[-1].rsplit(":", 1)[-1]


def _found(
    session: Session,
    service: Service,
    staff: Staff,
    today: date,
    errand: Errand,
    *,
    offers: Iterable[Offer] = (),
    is_whole: bool = False,
) -> Found:
    may_confirm = entries.may_confirm(staff, service)
    return Found(
        standing=entries.standing_of(session, service, today=today),
        kind=_tables().get(table_of(service)),
        begins=ways.begins(staff, service, today, errand),
        may_confirm=may_confirm,
        may_change=entries.may_change(staff, service),
        offers=tuple(offers),
        history=entries.history(session, service.id, by=staff) if is_whole and may_confirm else (),
    )


def _tables() -> dict[str, str]:
    return {each.code: each.label[words.language()] for each in codelists.of("service_kind_tables").codes}


def _is_own(staff: Staff, service: Service) -> bool:
    """Whether the reader works at the service: nobody looks for that one, so it stands last."""
    return service.agency == staff.agency and service.id in staff.services(*Role)


def _errand() -> Errand:
    what = request.args.get("hva", "")
    return Errand(draft=_draft(), what=what if what == MESSAGE else "", case=request.args.get("sak", "")[:100])


def _draft() -> UUID | None:
    try:
        return UUID(request.args.get("utkast", ""))
    except ValueError:
        return None
