"""The referrer writes down what the receiver of a paper referral has told; read by the receiver's own readers."""

from typing import Final
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow
from handover.actors import Role
from handover.errors import Conflict, Invalid
from handover.referral import service as referrals
from handover.referral.lifecycle import Act, Status
from handover.referral.pages import acts
from handover.referral.pages.asking import moved_page
from handover.referral.pages.sending import blueprint, turn_of
from handover.referral.pages.told import BY_SLUG, Told, open_now
from handover.referral.service import Case, Turn
from handover.web.forms import REFUSED, Form

_MOVED: Final = 409
_MINUTES: Final = "60"
_TOLD: Final = f"<any({', '.join(repr(slug) for slug in BY_SLUG)}):slug>"


@blueprint.get(f"/<uuid:referral>/fortalt/{_TOLD}")
@allow(Role.REFERRER)
def tell(referral: UUID, slug: str) -> ResponseReturnValue:
    """Show the form for one thing the receiver has told."""
    turn, told = turn_of(referral), BY_SLUG[slug]
    with web.transaction() as session:
        case = referrals.show(session, turn)
        if told not in open_now(case):
            return redirect(url_for(".show", referral=referral))
        return _page(case, told, Form.of({"minutes": _MINUTES}))


@blueprint.post(f"/<uuid:referral>/fortalt/{_TOLD}")
@allow(Role.REFERRER)
def record(referral: UUID, slug: str) -> ResponseReturnValue:
    """Write down what the receiver has told."""
    turn, told = turn_of(referral), BY_SLUG[slug]
    try:
        do = acts.BY_SLUG[slug].read(request.form)
        with web.transaction() as session:
            _begin_assessment(session, turn, told)
            do(session, turn)
    except Invalid as refused:
        if not refused.fields:
            raise
        with web.transaction() as session:
            filled = Form.refused(request.form, refused, acts.SENTENCES)
            return _page(referrals.show(session, turn), told, filled), REFUSED
    except Conflict as moved:
        return moved_page(turn, moved), _MOVED
    return redirect(url_for(".show", referral=referral))


def _begin_assessment(session: Session, turn: Turn, told: Told) -> None:
    """Let an answer that came by post also say that it was assessed: nobody told when that began."""
    case = referrals.show(session, turn)
    if case.standing.status is Status.RECEIVED and told.act in {Act.ACCEPT, Act.REJECT}:
        referrals.take(session, turn)


def _page(case: Case, told: Told, filled: Form) -> str:
    return render_template("referral/sending/told.html", case=case, standing=case.standing, told=told, form=filled)
