"""Pages of the login: front page, ways in, to the provider and back, choosing an agency, logging out."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as BaseResponse

from handover import access
from handover.access import service
from handover.access.guard import door, visitor
from handover.access.model import ends_at
from handover.access.oidc import Answer, Attempt, Provider, ProviderSilent
from handover.access.service import Proven, Returning, Visitor
from handover.actors import Actor, Patient, Staff
from handover.audit import service as audit
from handover.audit.model import Event
from handover.clock import now
from handover.errors import HandoverError, NotFound, NotPermitted
from handover.ids import AgencyId
from handover.web import errors, node_database, reading, shell, transaction
from handover.web.i18n import language
from handover.web.i18n import lazy_gettext as _l

blueprint = Blueprint("access", __name__)

KINDS: Final = {"ansatt": "staff", "pasient": "citizen"}
SKEW: Final = timedelta(seconds=30)
MAX_RETURN: Final = 500
UI_LOCALES: Final = {"nb": "nb", "nn": "nn nb", "en": "en"}

errors.explain(
    blueprint,
    {
        "login.state": _l("Innloggingen tok for lang tid, eller ble startet i et annet vindu. Start på nytt."),
        "login.code-refused": _l("Innloggingstjenesten godtok ikke svaret. Start på nytt."),
        "login.id-token": _l("Svaret fra innloggingstjenesten stemte ikke. Du er ikke logget inn. Start på nytt."),
        "login.id-token-missing": _l("Svaret fra innloggingstjenesten var ikke helt. Start på nytt."),
        "login.level": _l("Du må logge inn på det høyeste sikkerhetsnivået, for eksempel med BankID."),
        "login.subject-missing": _l("Innloggingstjenesten sa ikke hvem du er. Start på nytt."),
        "login.userinfo-subject": _l(
            "Svaret fra innloggingstjenesten stemte ikke. Du er ikke logget inn. Start på nytt."
        ),
        "login.issuer": _l("Svaret fra innloggingstjenesten stemte ikke. Du er ikke logget inn. Start på nytt."),
        "login.cancelled": _l("Innloggingen ble avbrutt. Du er ikke logget inn."),
        "login.not-registered": _l(
            "Du er ikke registrert som ansatt her. Spør den som styrer tilgangene hos dere."
        ),
        "login.not-fresh": _l("Du må logge inn på nytt for å bekrefte at det er deg."),
        "login.other-person": _l(
            "Du bekreftet som en annen person enn den som er logget inn. Ingenting er endret."
        ),
    },
)


@blueprint.get("/")
@access.public("the front page tells what this is, and where to log in")
def front() -> ResponseReturnValue:
    """Show what this is to those who are not signed in; send the others to their first page."""
    found = visitor()
    if found is None:
        return render_template("access/front.html")
    if found.actor is None:
        return redirect(url_for("access.choose"))
    menu = shell.menu_for(found.actor)
    return redirect(menu[0].url) if menu else render_template("access/front.html")


@blueprint.get("/logg-inn")
@access.public("nobody is signed in yet")
def log_in() -> ResponseReturnValue:
    """Let people choose between the two ways in."""
    return render_template("access/log_in.html", kinds=_kinds(), return_to=_return_to())


@blueprint.get("/logg-inn/<any(ansatt, pasient):way>")
@access.public("nobody is signed in yet")
def start(way: str) -> ResponseReturnValue:
    """Send the browser to the provider."""
    return _send_to_provider(KINDS[way], is_step_up=False)


@blueprint.get("/bekreft")
@access.while_locked
@access.with_session
def confirm() -> ResponseReturnValue:
    """Send the browser to the provider for a renewed login, before an act that cannot be undone."""
    return _send_to_provider(_present().kind, is_step_up=True)


@blueprint.get("/logg-inn/svar")
@access.while_locked
@access.public("the provider sends the browser back here")
def answer() -> ResponseReturnValue:
    """Take the provider's answer: begin a session, or renew the one that is."""
    at = now()
    try:
        with transaction() as session:
            browser = request.cookies.get(door().cookie("login"), "")
            returning = service.take_login(session, state=request.args.get("state", ""), browser=browser, now=at)
        if _is_locked() and not returning.is_step_up:
            raise NotPermitted("login.not-fresh")
        proof = _proof(_provider(returning.kind), returning, browser, at)
        return _renew(returning, proof, at) if returning.is_step_up else _welcome(returning, proof, at)
    except ProviderSilent:
        return errors.error_page(503)
    except HandoverError as refusal:
        _record_failure(refusal, at)
        sentence = errors.sentence_for(refusal)
        return Response(render_template("access/refused.html", sentence=sentence), errors.status_of(refusal))


@blueprint.get("/velg-etat")
@access.with_session
def choose() -> ResponseReturnValue:
    """Show the agencies the person works for, each with what they may do there."""
    found = _present(kind="staff")
    with reading() as session:
        places = service.places_of(session, found.subject, door().agencies)
        named = [(staff, door().name_of_agency(session, staff.agency)) for staff in places]
    return render_template("access/choose.html", places=named, current=found.agency, return_to=_return_to())


@blueprint.post("/velg-etat")
@access.with_session
def choose_agency() -> ResponseReturnValue:
    """Go on for one agency, in a session of its own."""
    found, at = _present(kind="staff"), now()
    with transaction() as session:
        places = service.places_of(session, found.subject, door().agencies)
        staff = next((place for place in places if place.agency == request.form.get("agency")), None)
        if staff is None:
            raise NotFound("staff.unknown")
        event = Event.AGENCY_SWITCH if found.agency else Event.LOGIN
        audit.record(session, event=event, actor=staff, agency=staff.agency, subject=staff.id, now=at)
        service.end_session(session, found.token)
        token = service.begin_session(session, _proven_of(found), staff=staff, home=door().home, now=at)
    return _with_session(redirect(_return_to(), 303), token)


@blueprint.post("/okt")
@access.with_session
def stay() -> ResponseReturnValue:
    """Let a script that warned before the end say that the person is still there."""
    found, at = _present(), now()
    with transaction() as session:
        service.stay(session, found, now=at)
    ends = ends_at(begun_at=found.begun_at, active_at=at)
    return {"ends_in": int((ends - at).total_seconds())}


@blueprint.post("/las")
@access.with_session
def lock() -> ResponseReturnValue:
    """Leave the screen to whoever sits there: nothing more is shown until the same person has logged in again."""
    found, at = _present(), now()
    with transaction() as session:
        service.lock(session, found, now=at)
    return redirect(url_for(".locked", til=_return_to()), 303)


@blueprint.get("/last")
@access.while_locked
@access.with_session
def locked() -> ResponseReturnValue:
    """Say that the screen is locked, and by which way one comes back: a renewed login (`prompt=login`)."""
    if not _present().is_locked:
        return redirect(_return_to())
    return render_template("access/locked.html", return_to=_return_to())


@blueprint.get("/logget-inn")
@access.with_session
def logged_in() -> ResponseReturnValue:
    """Tell somebody who logged in beside a page they were writing on to go back to it."""
    return render_template("access/logged_in.html")


@blueprint.post("/logg-ut")
@access.with_session
def log_out() -> ResponseReturnValue:
    """End the session here, and link to ending it at the provider (forms may not lead off the site)."""
    found, at = _present(), now()
    with transaction() as session:
        service.end_session(session, found.token)
        if found.actor is not None:
            audit.record(session, event=Event.LOGOUT, actor=found.actor, agency=_logged_at(found.actor), now=at)
    shell.sign_out()
    provider = _provider(found.kind)
    try:
        there = provider.log_out_url(found.id_token, door().node_url + "/", at)
    except ProviderSilent:
        there = None
    page = render_template("access/logged_out.html", provider=provider.profile.title, there=there)
    response = Response(page)
    door().drop_cookie(response, "session")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def _send_to_provider(kind: str, *, is_step_up: bool) -> ResponseReturnValue:
    at = now()
    browser = request.cookies.get(door().cookie("login")) or secrets.token_urlsafe(32)
    state = secrets.token_urlsafe(24)
    try:
        url = _provider(kind).begin(
            Attempt.of(browser, state), language=UI_LOCALES[language()], fresh=is_step_up, now=at
        )
    except ProviderSilent:
        return errors.error_page(503)
    with transaction() as session:
        service.begin_login(
            session,
            state=state,
            browser=browser,
            kind=kind,
            return_to=_return_to(),
            is_step_up=is_step_up,
            now=at,
        )
    response = Response(status=303, headers={"Location": url})
    door().set_cookie(response, "login", browser)
    return response


def _proof(provider: Provider, returning: Returning, browser: str, at: datetime) -> Answer:
    """Return what the provider proved. Raises NotPermitted('login.*') where it does not hold."""
    if request.args.get("iss", provider.issuer).rstrip("/") != provider.issuer:
        raise NotPermitted("login.issuer")  # RFC 9207: an answer from somebody else
    code = request.args.get("code")
    if "error" in request.args or not code:
        raise NotPermitted("login.cancelled")
    attempt = Attempt.of(browser, request.args["state"])
    return provider.finish(attempt, code, fresh=returning.is_step_up, now=at)


def _welcome(returning: Returning, proof: Answer, at: datetime) -> ResponseReturnValue:
    proven = Proven(
        kind=returning.kind,
        subject=proof.identity.subject,
        name=proof.identity.name,
        id_token=proof.id_token,
        authenticated_at=proof.authenticated_at or returning.begun_at,
    )
    with transaction() as session:
        places = service.places_of(session, proven.subject, door().agencies) if proven.kind == "staff" else []
        if proven.kind == "staff" and not places:
            raise NotPermitted("login.not-registered")
        proven = replace(proven, places=len(places))
        staff = places[0] if len(places) == 1 else None
        before = visitor()
        if before is not None:
            service.end_session(session, before.token)
        token = service.begin_session(session, proven, staff=staff, home=door().home, now=at)
        actor: Actor | None = staff if proven.kind == "staff" else Patient(number=proven.subject, name=proven.name)
        if actor is not None:
            audit.record(session, event=Event.LOGIN, actor=actor, agency=_logged_at(actor), now=at)
    where = returning.return_to if actor else url_for("access.choose", til=returning.return_to)
    return _with_session(redirect(where, 303), token)


def _renew(returning: Returning, proof: Answer, at: datetime) -> ResponseReturnValue:
    """Begin the session anew after the same person logged in again (`auth_time` is fresh)."""
    found = _present()
    if proof.authenticated_at is None or proof.authenticated_at < returning.begun_at - SKEW:
        raise NotPermitted("login.not-fresh")
    if found.kind != returning.kind or found.subject != proof.identity.subject:
        raise NotPermitted("login.other-person")
    proven = replace(_proven_of(found), id_token=proof.id_token, authenticated_at=proof.authenticated_at)
    with transaction() as session:
        service.end_session(session, found.token)
        staff = found.actor if isinstance(found.actor, Staff) else None
        token = service.begin_session(session, proven, staff=staff, home=door().home, now=at)
        if found.actor is not None:
            audit.record(session, event=Event.STEP_UP, actor=found.actor, agency=_logged_at(found.actor), now=at)
    return _with_session(redirect(returning.return_to, 303), token)


def _record_failure(refusal: HandoverError, at: datetime) -> None:
    audit.record_refusal(
        node_database(),
        event=Event.LOGIN_FAILED,
        actor=None,
        agency=door().home,
        code=refusal.stable_code,
        now=at,
    )


def _is_locked() -> bool:
    found = visitor()
    return found is not None and found.is_locked


def _present(kind: str | None = None) -> Visitor:
    found = visitor()
    if found is None or (kind is not None and found.kind != kind):
        raise NotPermitted("access.nobody")
    return found


def _proven_of(found: Visitor) -> Proven:
    return Proven(
        kind=found.kind,
        subject=found.subject,
        name=found.name,
        id_token=found.id_token,
        authenticated_at=found.authenticated_at,
        places=found.places,
    )


def _logged_at(actor: Actor) -> AgencyId:
    return door().home if isinstance(actor, Patient) else actor.agency


def _provider(kind: str) -> Provider:
    """Return the configured provider for staff or citizens. Raises NotFound where this node has none."""
    try:
        return door().providers[kind]
    except KeyError:
        raise NotFound("login.no-provider") from None


def _kinds() -> list[tuple[str, str]]:
    """Return (way, title of the provider) for each way in that is configured."""
    return [(way, door().providers[kind].profile.title) for way, kind in KINDS.items() if kind in door().providers]


def _return_to() -> str:
    """Return where to go afterwards: a path on this node, never another site."""
    wanted = request.values.get("til", "/")
    is_path = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if is_path and len(wanted) <= MAX_RETURN else "/"


def _with_session(response: BaseResponse, token: str) -> BaseResponse:
    door().set_cookie(response, "session", token)
    return response
