"""What the referrer does with a referral that was sent: answer, add, write, withdraw, retract, send again."""

from typing import Final
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from handover import web
from handover.access import allow
from handover.access.guard import note_refusal
from handover.actors import Role
from handover.errors import Conflict, Invalid
from handover.exchange.files import checked
from handover.exchange.handed_in import HandedIn, named
from handover.exchange.words import FILES
from handover.referral import service as referrals
from handover.referral.lifecycle import Version
from handover.referral.pages.asked import BY_SLUG, ActPage, File
from handover.referral.pages.sending import blueprint, tracking, turn_of, unanswered, undo_time
from handover.referral.service import Case, Turn
from handover.web.errors import sentence_for
from handover.web.forms import REFUSED, Form
from handover.web.i18n import Text
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l

_ACT: Final = f"<any({','.join(BY_SLUG)}):slug>"
_MOVED: Final = 409
FILE_SENTENCES: Final[dict[str, Text]] = {
    **{f"attachments.{code}": sentence for code, sentence in FILES.items()},
    "attachments.type": _l("Vedlegg må være PDF, JPEG eller PNG."),
    "attachments.too-large": _l("Vedleggene kan være høyst 25 MB til sammen."),
}


@blueprint.get(f"/<uuid:referral>/{_ACT}")
@allow(Role.REFERRER)
def form(referral: UUID, slug: str) -> ResponseReturnValue:
    """Show the form of an act, or where the referral stands when the act is not open now."""
    page, turn = BY_SLUG[slug], turn_of(referral)
    with web.transaction() as session:
        case = referrals.show(session, turn)
        if page.act not in case.acts or (page.slug == "svar" and not unanswered(case)):
            said = _("Det går ikke an å gjøre dette slik saken står nå. Ingenting er endret.")
            shown = {**tracking(session, case, turn.now), "problem": said}
            return render_template("referral/sending/show.html", **shown), _MOVED
        return _form_page(case, page, Form())


@blueprint.post(f"/<uuid:referral>/{_ACT}")
@allow(Role.REFERRER)
def act(referral: UUID, slug: str) -> ResponseReturnValue:
    """Do it once, and show where the referral stands; refused, the page keeps every text."""
    page = BY_SLUG[slug]
    turn = turn_of(referral, _seen())
    try:
        files = _files()
        with web.transaction() as session:
            page.perform(session, turn, request.form.get(page.field, ""), files)
    except Invalid as refused:
        return _refused(turn, page, refused), REFUSED
    except Conflict as moved:
        return moved_page(turn_of(referral), moved, kept=request.form.get(page.field, "")), _MOVED
    return redirect(url_for(".show", referral=referral, gjort=slug))


@blueprint.post("/<uuid:referral>/send-igjen")
@allow(Role.REFERRER)
def send_again(referral: UUID) -> ResponseReturnValue:
    """Send a referral that did not arrive again, as it is."""
    turn = turn_of(referral, _seen())
    try:
        with web.transaction() as session:
            referrals.send_again(session, turn, undo=undo_time())
    except Conflict as moved:
        return moved_page(turn_of(referral), moved), _MOVED
    return redirect(url_for(".show", referral=referral))


@blueprint.post("/<uuid:referral>/rett")
@allow(Role.REFERRER)
def mend(referral: UUID) -> ResponseReturnValue:
    """Begin a draft with the texts and files of a referral that did not arrive; sent, it replaces that one."""
    turn = turn_of(referral)
    try:
        with web.transaction() as session:
            draft = referrals.mend(session, turn)
    except Conflict as moved:
        return moved_page(turn, moved), _MOVED
    return redirect(url_for(".write", referral=draft.standing.referral))


@blueprint.post("/<uuid:referral>/angre")
@allow(Role.REFERRER)
def undo(referral: UUID) -> ResponseReturnValue:
    """Take back what has not left yet: it is a draft again."""
    turn = turn_of(referral)
    try:
        with web.transaction() as session:
            referrals.undo_send(session, turn)
    except Conflict as moved:
        return moved_page(turn, moved), _MOVED
    return redirect(url_for(".write", referral=referral, gjort="angret"))


@blueprint.post("/<uuid:referral>/fulgt-opp")
@allow(Role.REFERRER)
def follow_up(referral: UUID) -> ResponseReturnValue:
    """Say that a refusal has been followed up: the case is closed here."""
    turn = turn_of(referral)
    try:
        with web.transaction() as session:
            referrals.follow_up(session, turn)
    except Conflict as moved:
        return moved_page(turn, moved), _MOVED
    return redirect(url_for(".show", referral=referral))


def moved_page(turn: Turn, moved: Conflict, *, kept: str = "") -> str:
    """Return the present state of the referral with one plain sentence; nothing was changed, no text is lost."""
    note_refusal(moved)
    with web.transaction() as session:
        case = referrals.show(session, turn)
        said = sentence_for(moved) or _("Saken har endret seg siden du åpnet siden. Ingenting er endret nå.")
        shown = {**tracking(session, case, turn.now), "problem": said, "kept": kept}
        return render_template("referral/sending/show.html", **shown)


def _refused(turn: Turn, page: ActPage, refused: Invalid) -> str:
    fields = {("attachments" if name == "file" else name): codes for name, codes in refused.fields.items()}
    sentences = {f"{page.field}.required": page.empty, **FILE_SENTENCES}
    filled = Form.refused(request.form, Invalid(refused.stable_code, fields=fields), sentences)
    filled = named(filled, "attachments", refused, sentences)
    with web.transaction() as session:
        return _form_page(referrals.show(session, Turn(**{**vars(turn), "seen": None})), page, filled)


def _form_page(case: Case, page: ActPage, filled: Form) -> str:
    return render_template(
        "referral/sending/act.html",
        case=case,
        standing=case.standing,
        page=page,
        form=filled,
        questions=unanswered(case) if page.slug == "svar" else (),
    )


def _seen() -> Version | None:
    text = request.form.get("seen", "")
    return Version.parse(text) if text else None


def _files() -> tuple[File, ...]:
    """Return the files of the form. Raises FilesRefused, which names each that can't be sent: none is then."""
    handed = HandedIn(request.files.getlist("attachments"))
    handed.keep(checked)
    handed.check()
    return tuple(handed.files)
