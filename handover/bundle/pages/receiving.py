"""The receiver's pages of one handover: what it says, and a page for each act the lifecycle allows now.

A page that shows an older version is refused with one plain sentence and the present state; nothing that was typed
is lost. Opening it is recorded and tells the sender; reading it is one act, taking over responsibility another.
"""

from dataclasses import replace
from typing import Final
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow, current_staff
from handover.access.guard import note_refusal
from handover.bundle import document, printing
from handover.bundle import service as handovers
from handover.bundle.lifecycle import Act, Side, Version
from handover.bundle.pages import putting_away, receiving_acts, receiving_views
from handover.bundle.pages.desk import as_download
from handover.bundle.pages.receiving_acts import BY_SLUG, ActPage
from handover.bundle.service import Case, Turn
from handover.bundle.store import ROLES
from handover.clock import now
from handover.consent.service import MayNotTravel
from handover.consent.words import reply_obstacle_sentence
from handover.errors import Conflict, Invalid
from handover.ids import HandoverId, ServiceId
from handover.notice.calendar import MEDIA_TYPE
from handover.team import service as team
from handover.web.errors import explain, show_present_state_at
from handover.web.forms import REFUSED, Form
from handover.web.i18n import Text
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l
from handover.web.view import View

RECEIVERS: Final = ROLES[Side.RECEIVER]
"""Who works with handovers that have come."""
MOVED: Final = 409
blueprint = Blueprint("handovers_received", __name__, url_prefix="/mottatte-overforinger")
show_present_state_at(blueprint, "handovers_received.show")
explain(
    blueprint,
    {
        "bundle.stale": _l("Overføringen har endret seg siden du åpnet siden. Ingenting er endret nå."),
        "bundle.move-not-allowed": _l(
            "Det går ikke an å gjøre dette slik overføringen står nå. Ingenting er endret."
        ),
    },
)
_ACT: Final = f"<any({', '.join(repr(slug) for slug in BY_SLUG)}):slug>"


@blueprint.get("/<service>/<uuid:handover>")
@allow(*RECEIVERS)
def show(service: str, handover: UUID) -> ResponseReturnValue:
    """Show a handover. The first to open it is recorded, and the sender is told."""
    turn = _turn(service, handover)
    wanted = request.args.get("gjort", "")
    page = BY_SLUG.get(wanted)
    done: Text = putting_away.DONE if wanted == "utsatt" else page.done if page else ""
    with web.transaction() as session:
        view = receiving_views.case_page(session, turn, _opened(session, turn), done=done)
    return view.render()


@blueprint.post("/<service>/<uuid:handover>/lest")
@allow(*RECEIVERS)
def read(service: str, handover: UUID) -> ResponseReturnValue:
    """Note that this person has read it; that is all it says."""
    turn = _turn(service, handover)
    with web.transaction() as session:
        handovers.case_of(session, turn)
        team.mark_read(session, current_staff(), receiving_views.READ, turn.handover, now=turn.now)
    return redirect(url_for(".show", service=service, handover=handover))


@blueprint.get("/<service>/<uuid:handover>/dokument/<file_id>")
@allow(*RECEIVERS)
def file(service: str, handover: UUID, file_id: str) -> ResponseReturnValue:
    """Give a document that travelled with it; that is logged."""
    with web.transaction() as session:
        about, data = handovers.file_of(session, _turn(service, handover), file_id)
    return as_download(about.name, about.content_type, data)


@blueprint.get("/<service>/<uuid:handover>/overforing.pdf")
@allow(*RECEIVERS)
def paper(service: str, handover: UUID) -> ResponseReturnValue:
    """Give the handover as PDF, made from the same bytes as the page; that is logged."""
    with web.transaction() as session:
        frozen = handovers.document_of(session, _turn(service, handover))
    return as_download("overforing.pdf", "application/pdf", printing.handover(document.read(frozen.document)))


@blueprint.post("/<service>/<uuid:handover>/pasienten")
@allow(*RECEIVERS)
def believe(service: str, handover: UUID) -> ResponseReturnValue:
    """Let the name and birth date that the sender wrote be what we know of the patient; that is logged."""
    with web.transaction() as session:
        handovers.believe_sender(session, _turn(service, handover))
    return redirect(url_for(".show", service=service, handover=handover))


@blueprint.post("/<service>/<uuid:handover>/utsett")
@allow(*RECEIVERS)
def put_away(service: str, handover: UUID) -> ResponseReturnValue:
    """Put it away until a day, never past its date."""
    turn = _turn(service, handover)

    def again(session: Session, case: Case) -> str:
        return receiving_views.case_page(session, turn, case, refused=putting_away.NOT_THAT_DAY).render()

    shown = url_for(".show", service=service, handover=handover, gjort="utsatt")
    return putting_away.put_away(turn, again, then=shown)


@blueprint.get("/<service>/<uuid:handover>/mote.ics")
@allow(*RECEIVERS)
def invitation(service: str, handover: UUID) -> ResponseReturnValue:
    """Give the meeting as a calendar file, which says nothing but when; without one, the handover."""
    turn = _turn(service, handover)
    with web.transaction() as session:
        found = printing.invitation(handovers.case_of(session, turn).standing, now=turn.now)
    if found is None:
        return redirect(url_for(".show", service=service, handover=handover))
    return as_download("mote.ics", MEDIA_TYPE, found)


@blueprint.get(f"/<service>/<uuid:handover>/{_ACT}")
@allow(*RECEIVERS)
def form(service: str, handover: UUID, slug: str) -> ResponseReturnValue:
    """Show the form of an act, filled with what is known already; or the case, where it is not open now."""
    page, turn = BY_SLUG[slug], _turn(service, handover)
    with web.transaction() as session:
        case = handovers.case_of(session, turn)
        if receiving_acts.is_open(page, case) and page.template:
            filled = Form.of(receiving_views.known(turn, case, page))
            return receiving_views.form_page(session, turn, case, page, filled).render()
        view = receiving_views.case_page(session, turn, case, notice=_moved_sentence(page, case))
    return view.render(), MOVED


@blueprint.post(f"/<service>/<uuid:handover>/{_ACT}")
@allow(*RECEIVERS)
def act(service: str, handover: UUID, slug: str) -> ResponseReturnValue:
    """Do an act as its form says; or show the form again with what is missing."""
    page, turn = BY_SLUG[slug], _turn(service, handover)
    try:
        do = page.read(request.form)
        with web.transaction() as session:
            receiving_acts.done(do, session, _as_seen(turn, page))
    except Invalid as refused:
        if not refused.fields:
            raise
        again = Form.refused(request.form, refused, receiving_acts.SENTENCES)
        return _form_again(turn, page, again).render(), REFUSED
    except MayNotTravel as forbidden:
        note_refusal(forbidden)
        again = Form.sent(
            request.form, {"question" if page.act is Act.ASK else "text": reply_obstacle_sentence(forbidden)}
        )
        return _form_again(turn, page, again).render(), MOVED
    except Conflict as conflict:
        note_refusal(conflict)
        return _moved(turn, page).render(), MOVED
    return redirect(url_for(".show", service=service, handover=handover, gjort=slug))


def _turn(at: str, handover: UUID) -> Turn:
    return Turn(handover=HandoverId(handover), by=current_staff(), now=now(), side=Side.RECEIVER, at=ServiceId(at))


def _as_seen(turn: Turn, page: ActPage) -> Turn:
    """Return the turn with the version the page showed, where an act on an older one must be refused."""
    return replace(turn, seen=Version.parse(request.form.get("seen", ""))) if page.is_numbered else turn


def _opened(session: Session, turn: Turn) -> Case:
    case = handovers.case_of(session, turn)
    is_new = case.standing.opened is None or case.standing.unread_since is not None
    if Act.OPEN not in case.acts or not is_new:
        return case
    return handovers.show(session, handovers.open_(session, turn), turn)


def _form_again(turn: Turn, page: ActPage, form: Form) -> View:
    with web.transaction() as session:
        case = handovers.case_of(session, turn)
        if not receiving_acts.is_open(page, case):
            return receiving_views.case_page(session, turn, case, notice=_moved_sentence(page, case))
        return receiving_views.form_page(session, turn, case, page, form)


def _moved(turn: Turn, page: ActPage) -> View:
    """Return the present state with one plain sentence; what was typed stands in the form, or beside the case."""
    with web.transaction() as session:
        case = handovers.case_of(session, turn)
        sent = Form.sent(request.form)
        if receiving_acts.is_open(page, case) and page.template:
            notice = _(
                "Overføringen har endret seg siden du åpnet siden. Det du skrev, er ikke sendt. Slik står den nå:"
            )
            return receiving_views.form_page(session, turn, case, page, sent, notice=notice)
        return receiving_views.case_page(
            session, turn, case, notice=_moved_sentence(page, case), unsaved=sent.typed()
        )


def _moved_sentence(page: ActPage, case: Case) -> str:
    if receiving_acts.is_open(page, case):
        return _("Overføringen har endret seg siden du åpnet siden. Ingenting er endret nå.")
    return _(
        "«%(act)s» går ikke an nå. Noen kan ha gjort noe siden du åpnet siden. Ingenting er endret.",
        act=str(page.title),
    )
