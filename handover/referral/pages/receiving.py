"""The receiver's pages of one referral: the case, and a page for each act the lifecycle allows now.

A page that shows an older version is refused with one plain sentence and the present state; nothing that was typed
is lost. Opening the case is recorded and tells the referrer.
"""

from dataclasses import replace
from typing import Final
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow, current_staff
from handover.access.guard import note_refusal
from handover.actors import Role
from handover.clock import now
from handover.consent.model import MayNotTravel
from handover.consent.words import obstacle_sentence
from handover.errors import Conflict, Invalid
from handover.ids import ReferralId, ServiceId
from handover.referral import service as referrals
from handover.referral.lifecycle import Act, Side, Version
from handover.referral.model import AttachmentId
from handover.referral.pages import acts, receiving_views
from handover.referral.pages.acts import BY_SLUG, ActPage
from handover.referral.service import Case, Turn
from handover.team.blanks import refuse_unfilled
from handover.team.words import blanks_sentences
from handover.web.errors import explain, show_present_state_at
from handover.web.forms import REFUSED, Form
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l
from handover.web.view import View

blueprint = Blueprint("receiving", __name__, url_prefix="/mottatt")
show_present_state_at(blueprint, "receiving.show")
explain(
    blueprint,
    {
        "referral.stale": _l("Saken har endret seg siden du åpnet siden. Ingenting er endret nå."),
        "referral.move-not-allowed": _l("Det går ikke an å gjøre dette slik saken står nå. Ingenting er endret."),
    },
)

_TEAM: Final = (Role.INTAKE, Role.CLINICIAN)
_ACT: Final = f"<any({', '.join(repr(slug) for slug in BY_SLUG)}):slug>"
_MOVED: Final = 409


@blueprint.get("/<service>/<uuid:referral>")
@allow(*_TEAM)
def show(service: str, referral: UUID) -> ResponseReturnValue:
    """Show a case. The first to open it is recorded, and the referrer is told."""
    turn = _turn(service, referral)
    with web.transaction() as session:
        view = receiving_views.case_page(session, turn, _open_case(session, turn), done=_done())
    return view.render()


@blueprint.get("/<service>/<uuid:referral>/vedlegg/<uuid:attachment>")
@allow(*_TEAM)
def attachment(service: str, referral: UUID, attachment: UUID) -> ResponseReturnValue:
    """Give a file of the case; that is logged."""
    with web.transaction() as session:
        about, data = referrals.attachment(session, _turn(service, referral), AttachmentId(attachment))
    answer = Response(data, content_type=about.content_type)
    answer.headers.set("Content-Disposition", "attachment", filename=about.title)
    return answer


@blueprint.get(f"/<service>/<uuid:referral>/{_ACT}")
@allow(*_TEAM)
def form(service: str, referral: UUID, slug: str) -> ResponseReturnValue:
    """Show the form of an act, filled with what is known already; or the case, where the act is not open now."""
    page, turn = BY_SLUG[slug], _turn(service, referral)
    with web.transaction() as session:
        case = referrals.show(session, turn)
        if acts.is_open(page, case) and page.template:
            known = Form.of(receiving_views.known(session, turn, case, page))
            return receiving_views.form_page(session, turn, case, page, known).render()
        view = receiving_views.case_page(session, turn, case, notice=_moved_sentence(page, case))
    return view.render(), _MOVED


@blueprint.post(f"/<service>/<uuid:referral>/{_ACT}")
@allow(*_TEAM)
def act(service: str, referral: UUID, slug: str) -> ResponseReturnValue:
    """Do an act as its form says; or show the form again with what is missing, or with what others will read."""
    page, turn = BY_SLUG[slug], _turn(service, referral)
    wish = request.form.get("do", "")
    if wish.startswith(("insert:", "search")):
        return _form_again(turn, page, wish=wish).render()
    try:
        refuse_unfilled({name: request.form.get(name, "") for name in page.ready_texts})
        do = page.read(request.form)
        if page.is_previewed and not _was_seen(wish):
            return _form_again(turn, page, is_previewed=True).render()
        with web.transaction() as session:
            do(session, _as_seen(turn, page))
    except Invalid as refused:
        if not refused.fields:
            raise
        form = Form.refused(request.form, refused, {**acts.SENTENCES, **blanks_sentences(refused)})
        return _form_again(turn, page, form=form).render(), REFUSED
    except MayNotTravel as forbidden:
        note_refusal(forbidden)
        field = "where" if page.act is Act.REDIRECT else "text"
        return _form_again(
            turn, page, form=Form.sent(request.form, {field: obstacle_sentence(forbidden)})
        ).render(), _MOVED
    except Conflict as conflict:
        note_refusal(conflict)
        return _moved(turn, page).render(), _MOVED
    return redirect(url_for(".show", service=service, referral=referral, gjort=slug))


def _turn(at: str, referral: UUID) -> Turn:
    return Turn(referral=ReferralId(referral), by=current_staff(), now=now(), side=Side.RECEIVER, at=ServiceId(at))


def _as_seen(turn: Turn, page: ActPage) -> Turn:
    """Return the turn with the version the page showed, where an act on an older one must be refused."""
    return replace(turn, seen=Version.parse(request.form.get("seen", ""))) if page.is_numbered else turn


def _was_seen(wish: str) -> bool:
    """Whether what is sent now is what the writer saw as others will read it."""
    return wish == "send" and request.form.get("previewed") == receiving_views.digest_of(request.form)


def _open_case(session: Session, turn: Turn) -> Case:
    case = referrals.show(session, turn)
    if Act.OPEN not in case.acts or case.standing.opened is not None:
        return case
    return referrals.case_of(session, referrals.open_(session, turn), now=turn.now)


def _done() -> str:
    page = BY_SLUG.get(request.args.get("gjort", ""))
    return str(page.done) if page else ""


def _form_again(
    turn: Turn, page: ActPage, *, wish: str = "", form: Form | None = None, is_previewed: bool = False
) -> View:
    """Return the form as it was sent: with an error, a ready text put in, found services, or a preview."""
    with web.transaction() as session:
        case = referrals.show(session, turn)
        sent = form or Form.sent(request.form)
        sent = receiving_views.with_ready_text(session, turn, page, sent, wish)
        if not (acts.is_open(page, case) and page.template):
            return receiving_views.case_page(session, turn, case, notice=_moved_sentence(page, case))
        preview = receiving_views.preview(turn, case, page, request.form, session) if is_previewed else None
        return receiving_views.form_page(session, turn, case, page, sent, preview=preview)


def _moved(turn: Turn, page: ActPage) -> View:
    """Return the present state with one plain sentence; what was typed stands in the form, or beside the case."""
    with web.transaction() as session:
        case = referrals.show(session, turn)
        sent = Form.sent(request.form)
        if acts.is_open(page, case) and page.template:
            notice = _(
                "Saken har endret seg siden du åpnet siden. Det du skrev, er ikke sendt. Slik står saken nå:"
            )
            return receiving_views.form_page(session, turn, case, page, sent, notice=notice)
        return receiving_views.case_page(
            session, turn, case, notice=_moved_sentence(page, case), unsaved=sent.typed()
        )


def _moved_sentence(page: ActPage, case: Case) -> str:
    if acts.is_open(page, case):
        return _("Saken har endret seg siden du åpnet siden. Ingenting er endret nå.")
    return _(
        "«%(act)s» går ikke an nå. Noen kan ha gjort noe siden du åpnet siden. Ingenting er endret.",
        act=str(page.title),
    )
