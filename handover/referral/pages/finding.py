"""Find a service in the address book: by name, place and kind, what it takes, and how soon it usually answers.

These pages belong to the directory, but who may call a page is decided in `access`, which lies above it.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from handover import web
from handover.access import allow, current_staff
from handover.actors import Role
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.clock import now
from handover.directory import service as directory
from handover.directory.model import Service
from handover.errors import NotFound
from handover.ids import ServiceId
from handover.referral import words
from handover.web.forms import Form
from handover.web.i18n import lazy_gettext as _l
from handover.web.shell import MenuItem, add_menu_item
from handover.workdays import local_date

blueprint = Blueprint("finding", __name__, url_prefix="/adressebok")
add_menu_item(
    blueprint,
    MenuItem(endpoint="finding.find", text=_l("Adressebok"), order=60, roles=frozenset(Role)),
)

STALE_AFTER: Final = timedelta(days=180)
"""An entry nobody has confirmed for this long is marked."""
_KEEPERS: Final = (Role.INTAKE, Role.CLINICIAN, Role.LEADER, Role.OPERATOR)
"""Who may say that their own service's entry is right."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A service in the list of hits."""

    service: Service
    agency: str
    kind: str | None
    is_stale: bool
    may_confirm: bool


@blueprint.get("/")
@allow(*Role)
def find() -> ResponseReturnValue:
    """Search the address book; nothing in it is about a patient, so the search may stand in the address."""
    staff, today = current_staff(), local_date(now())
    asked = {name: request.args.get(name, "")[:100] for name in ("q", "tar", "sted", "type")}
    with web.reading() as session:
        names = {agency.id: agency.name for agency in directory.agencies(session)}
        everything = directory.find_services(session)
        hits = [
            hit.service
            for hit in directory.search(session, f"{asked['q']} {asked['tar']}")
            if asked["sted"] in {"", hit.service.place} and asked["type"] in {"", table_of(hit.service)}
        ]
    tables = dict(words.choices("service_kind_tables"))
    found = [
        Found(
            service=service,
            agency=names.get(service.agency, service.agency),
            kind=tables.get(table_of(service)),
            is_stale=is_stale(service, today),
            may_confirm=service.agency == staff.agency and any(staff.has(role, service.id) for role in _KEEPERS),
        )
        for service in hits
    ]
    return render_template(
        "referral/sending/find.html",
        found=found,
        form=Form.of(asked),
        is_search=any(asked.values()),
        places=[(place, place) for place in sorted({service.place for service in everything})],
        tables=[(code, text) for code, text in tables.items() if any(table_of(one) == code for one in everything)],
        may_refer=staff.has(Role.REFERRER),
        may_hand_over=any(staff.has(role) for role in (Role.REFERRER, Role.CLINICIAN, Role.CASEWORKER)),
        draft=_draft(),
    )


@blueprint.post("/<service>/bekreft")
@allow(*_KEEPERS)
def confirm(service: str) -> ResponseReturnValue:
    """Say that my own service's entry is right today; published to the community with our signature."""
    staff, at = current_staff(), now()
    with web.transaction() as session:
        entry = directory.service_of(session, ServiceId(service))
        if entry.agency != staff.agency or not any(staff.has(role, entry.id) for role in _KEEPERS):
            raise NotFound("directory.no-service")
        directory.confirm_service(session, entry.id, on=local_date(at), now=at)
        audit.record(
            session, event=Logged.SERVICE_CONFIRM, actor=staff, agency=staff.agency, service=entry.id, now=at
        )
    return redirect(url_for(".find", _anchor=f"tjeneste-{service}"))


def table_of(service: Service) -> str:
    """Return the number of the table the service's kind is from."""
    return service.kind.system.rsplit(".", 1)[-1].rsplit(":", 1)[-1]


def is_stale(service: Service, today: date) -> bool:
    """Whether nobody has confirmed the entry for so long that it must be marked."""
    return today - service.confirmed_on > STALE_AFTER


def _draft() -> UUID | None:
    try:
        return UUID(request.args.get("utkast", ""))
    except ValueError:
        return None
