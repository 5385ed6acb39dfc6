"""Stands before every request: who calls, may they, and does an unsafe form carry its session's token.

Closed unless declared: a route without a rule answers nobody. Without a session a page leads to the login; a form
that was sent without one (or with a stale token) is handed back with everything that was typed.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from flask import Flask, Response, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from handover.access import rule_of, service
from handover.access.model import STEP_UP_FRESH, Callers, Rule
from handover.access.oidc import Provider
from handover.access.service import TOUCH_EVERY, Visitor
from handover.actors import Actor, Patient, Staff
from handover.audit import service as audit
from handover.audit.model import Event
from handover.clock import now
from handover.errors import HandoverError, Invalid, NotPermitted
from handover.ids import AgencyId
from handover.web import MAX_HANDED_IN_BYTES, node_database, reading, shell, transaction
from handover.web.errors import MAX_KEPT_FIELDS, hand_back_on_failure, on_refusal

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_FIELD: Final = "csrf_token"
CSRF_HEADER: Final = "X-CSRF-Token"
_EXTENSION: Final = "handover.access"


class Why(StrEnum):
    """Why a form was not taken."""

    SIGNED_OUT = "signed-out"
    STALE_FORM = "stale-form"
    STEP_UP = "step-up"
    LOCKED = "locked"
    FOREIGN = "foreign"


NameOfAgency = Callable[[Session, AgencyId], str]
"""What people call an agency (from the directory)."""
NameOfPatient = Callable[[Session, str], str]
"""What this node calls the patient with this number; empty where it knows none. ID-porten tells no names."""


AskedOf = Callable[[Session, Staff], int]
"""How much is asked of a member of the staff; names nobody."""


@dataclass(frozen=True, kw_only=True)
class Door:
    """What `access` knows of this node: its agencies, its login providers by kind of caller, its cookies."""

    agencies: tuple[AgencyId, ...]
    providers: Mapping[str, Provider]
    node_url: str
    name_of_agency: NameOfAgency
    name_of_patient: NameOfPatient
    asked_of: AskedOf = lambda _session, _staff: 0

    @property
    def home(self) -> AgencyId:
        """The agency under whose key sessions are sealed: the node's first."""
        return self.agencies[0]

    @property
    def is_https(self) -> bool:
        """Whether browsers reach this node over https."""
        return self.node_url.startswith("https:")

    def cookie(self, name: str) -> str:
        """Return a cookie's full name: `__Host-` over https; else with the port (ports share cookies)."""
        return f"__Host-{name}" if self.is_https else f"{name}-{urlsplit(self.node_url).port}"

    def set_cookie(self, response: BaseResponse, name: str, value: str) -> None:
        """Set a cookie that scripts and other sites cannot read; gone when the browser closes."""
        response.set_cookie(
            self.cookie(name), value, secure=self.is_https, httponly=True, samesite="Lax", path="/"
        )

    def drop_cookie(self, response: BaseResponse, name: str) -> None:
        """Remove a cookie."""
        response.delete_cookie(self.cookie(name), secure=self.is_https, httponly=True, samesite="Lax", path="/")


def door() -> Door:
    """Return this application's door."""
    found: Door = current_app.extensions[_EXTENSION]
    return found


def visitor() -> Visitor | None:
    """Return whom this request's session names."""
    found: Visitor | None = g.get("handover_visitor")
    return found


def init_app(app: Flask, the_door: Door) -> None:
    """Put the guard before every request of the application."""
    app.extensions[_EXTENSION] = the_door
    app.before_request(_guard)
    on_refusal(app, note_refusal)
    app.jinja_env.globals["csrf_field"] = csrf_field


def csrf_field() -> Markup:
    """Return the hidden field every unsafe form carries; nothing where nobody is signed in."""
    token = request.cookies.get(door().cookie("session"))
    if visitor() is None or token is None:
        return Markup("")
    return Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_FIELD, service.csrf_token(token))


def _guard() -> ResponseReturnValue | None:
    if request.endpoint is None or request.endpoint == "static":
        return None
    rule = rule_of(current_app.view_functions[request.endpoint])
    if rule is None:
        raise RuntimeError(f"{request.endpoint} does not declare who may call it")
    if rule.callers is Callers.MACHINES:
        return None
    at = now()
    found = _recognise(at, rule)
    if rule.needs_session and found is None:
        return _ask_to_log_in()
    if request.method not in SAFE:
        _allow_files(found)
        if not _form_is_ours(found):
            return _hand_back(Why.STALE_FORM if found else Why.FOREIGN)
        if found is not None and not found.is_locked:
            hand_back_on_failure()
    if found is not None and found.is_locked:
        return None if rule.is_open_while_locked else _stay_locked()
    if found is not None and not rule.is_quiet and at - found.active_at >= TOUCH_EVERY:
        with transaction() as session:
            service.stay(session, found, now=at)
    return _admit(rule, found, at) if rule.needs_actor else None


def _allow_files(found: Visitor | None) -> None:
    """Take more from the staff than from strangers: a refused request would lose what they wrote beside a file."""
    if found is not None and isinstance(found.actor, Staff):
        request.max_content_length = MAX_HANDED_IN_BYTES


def _recognise(at: datetime, rule: Rule) -> Visitor | None:
    token = request.cookies.get(door().cookie("session"))
    if not token:
        return None
    with reading() as session:
        found = service.visitor(session, token, home=door().home, now=at)
        if found is None:
            return None
        if found.is_locked:
            g.handover_visitor = found  # and no actor: for the shell and every page it is nobody's
            return found
        if isinstance(found.actor, Patient) and not found.name:
            name = door().name_of_patient(session, found.actor.number)
            found = replace(found, name=name, actor=replace(found.actor, name=name))
        g.handover_visitor = found
        g.handover_actor = found.actor
        shell.sign_in(_shown(session, found, is_quiet=rule.is_quiet))
    return found


def _shown(session: Session, found: Visitor, *, is_quiet: bool) -> shell.SignedIn:
    agency_name = door().name_of_agency(session, found.agency) if found.agency else None
    asked = door().asked_of(session, found.actor) if isinstance(found.actor, Staff) and not is_quiet else 0
    return shell.SignedIn(
        actor=found.actor,
        name=found.name,
        agency_name=agency_name,
        ends_at=found.ends_at,
        can_switch=found.places > 1,
        asked=asked,
    )


def _admit(rule: Rule, found: Visitor | None, at: datetime) -> ResponseReturnValue | None:
    actor = found.actor if found else None
    if found is None or actor is None:
        return redirect(_with_return("access.choose"))
    if not rule.admits(actor):
        raise NotPermitted("access.role-needed")
    if rule.needs_step_up and at - found.authenticated_at > STEP_UP_FRESH:
        return _hand_back(Why.STEP_UP) if request.method not in SAFE else redirect(_with_return("access.confirm"))
    return None


def _stay_locked() -> ResponseReturnValue:
    """Show the locked page and nothing else; what was typed is handed back for after the renewed login."""
    if request.method not in SAFE:
        return _hand_back(Why.LOCKED)
    if request.headers.get("Sec-Fetch-Mode") == "cors":
        return Response(status=401)
    return redirect(_with_return("access.locked"))


def note_refusal(error: HandoverError) -> None:
    """Log, in a transaction of its own, that what a signed-in person asked for was refused (DESIGN rule 18).

    A form that is not filled in is no refusal. The subject is the id in the address, else the name of the route.
    """
    actor: Actor | None = g.get("handover_actor")
    if actor is None or isinstance(error, Invalid):
        return
    named = [str(value) for value in (request.view_args or {}).values() if isinstance(value, UUID)]
    audit.record_refusal(
        node_database(),
        event=Event.ACCESS_REFUSED,
        actor=actor,
        agency=door().home if isinstance(actor, Patient) else actor.agency,
        code=error.stable_code,
        subject=next(iter(named), request.endpoint),
        now=now(),
    )


def _form_is_ours(found: Visitor | None) -> bool:
    """Whether an unsafe request comes from a page of ours: its session's token, or else our own origin."""
    if found is None:
        return _same_origin()
    expected = service.csrf_token(request.cookies[door().cookie("session")])
    offered = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD, "")
    return hmac.compare_digest(expected.encode(), offered.encode())


def _same_origin() -> bool:
    if site := request.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    origin = request.headers.get("Origin") or request.headers.get("Referer", "")
    return urlsplit(origin).netloc in {request.host, urlsplit(door().node_url).netloc}


def _ask_to_log_in() -> ResponseReturnValue:
    if request.method not in SAFE:
        return _hand_back(Why.SIGNED_OUT)
    if request.headers.get("Sec-Fetch-Mode") == "cors":  # a poll: a page would be of no use to it
        return Response(status=401)
    return redirect(_with_return("access.log_in"))


def _hand_back(why: Why) -> ResponseReturnValue:
    """Give a form back with everything typed, and a button that sends it on once the reason is dealt with.

    Only to a page of our own; a form from elsewhere is refused, so that nobody is tricked into sending it on.
    """
    if why is Why.FOREIGN or not _same_origin():
        raise NotPermitted("access.foreign-form")
    if request.headers.get("Sec-Fetch-Mode") == "cors":
        return Response(status=401)
    kept = [(name, value) for name, value in request.form.items(multi=True) if name != CSRF_FIELD]
    page = render_template(
        "access/hand_back.html",
        why=why.value,
        address=_here(),
        kept=kept[:MAX_KEPT_FIELDS],
        had_files=any(file.filename for file in request.files.values()),
    )
    return Response(page, 401 if why is Why.SIGNED_OUT else 403)


def _with_return(endpoint: str) -> str:
    return f"{url_for(endpoint)}?{urlencode({'til': _here()})}"


def _here() -> str:
    return request.full_path.rstrip("?")
