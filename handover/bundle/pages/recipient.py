"""Whom a handover is for: a service found in the address book, and a plain answer when it can't be chosen."""

from uuid import UUID

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow
from handover.access.guard import note_refusal
from handover.addressbook import service as addressbook
from handover.bundle import service as handovers
from handover.bundle.lifecycle import AT_SENDER
from handover.bundle.pages.desk import MOVED, SENDERS, blueprint, turn_of
from handover.bundle.service import Turn
from handover.directory import service as directory
from handover.errors import Conflict, Invalid
from handover.ids import ServiceId
from handover.web.errors import sentence_for
from handover.web.forms import REFUSED, Form
from handover.web.i18n import Text
from handover.workdays import local_date


@blueprint.get("/<uuid:handover>/mottaker")
@allow(*SENDERS)
def find_receiver(handover: UUID) -> ResponseReturnValue:
    """Search the address book for whom it is for; nothing in the search is about a patient."""
    with web.transaction() as session:
        return _page(session, turn_of(handover))


@blueprint.post("/<uuid:handover>/mottaker")
@allow(*SENDERS)
def choose_receiver(handover: UUID) -> ResponseReturnValue:
    """Choose the service, or say at once why it can't be."""
    turn, wanted = turn_of(handover), ServiceId(request.form.get("receiver", ""))
    try:
        with web.transaction() as session:
            handovers.choose_receiver(session, turn, wanted)
    except (Invalid, Conflict) as refused:
        note_refusal(refused)
        with web.transaction() as session:
            status = MOVED if isinstance(refused, Conflict) else REFUSED
            return make_response(_page(session, turn, problem=sentence_for(refused)), status)
    return redirect(url_for(".write", handover=handover))


@blueprint.get("/<uuid:handover>/ny-mottaker")
@allow(*SENDERS)
def find_another(handover: UUID) -> ResponseReturnValue:
    """Search the address book for a further receiver, for whom the patient marks anew."""
    with web.transaction() as session:
        return _page(session, turn_of(handover), endpoint="find_another")


@blueprint.post("/<uuid:handover>/ny-mottaker")
@allow(*SENDERS)
def copy_to(handover: UUID) -> ResponseReturnValue:
    """Begin a handover to a further receiver; its marking starts from this one's."""
    turn, wanted = turn_of(handover), ServiceId(request.form.get("receiver", ""))
    try:
        with web.transaction() as session:
            made = handovers.copy_to(session, turn, wanted)
    except (Invalid, Conflict) as refused:
        note_refusal(refused)
        with web.transaction() as session:
            status = MOVED if isinstance(refused, Conflict) else REFUSED
            page = _page(session, turn, endpoint="find_another", problem=sentence_for(refused))
            return make_response(page, status)
    return redirect(url_for(".write", handover=made))


def _page(
    session: Session, turn: Turn, *, endpoint: str = "find_receiver", problem: Text = ""
) -> ResponseReturnValue:
    case = handovers.case_of(session, turn)
    is_first = endpoint == "find_receiver"
    if is_first and case.standing.status not in AT_SENDER:
        return redirect(url_for(".show", handover=turn.handover))
    asked = {"q": request.args.get("q", "")[:100]}
    today, home = local_date(turn.now), case.standing.home.service
    found = [
        (addressbook.standing_of(session, hit.service, today=today), hit.offers)
        for hit in directory.search(session, asked["q"])
        if hit.service.id != home and (is_first or handovers.is_another(case.standing, hit.service.id))
    ]
    return render_template(
        "bundle/desk/receiver.html",
        standing=case.standing,
        found=sorted(found, key=lambda hit: hit[0].is_closed or not hit[0].service.takes_handovers),
        form=Form.of(asked),
        is_search=any(asked.values()),
        problem=problem,
        is_first=is_first,
        search=f".{endpoint}",
        choose=".choose_receiver" if is_first else ".copy_to",
        back=".write" if is_first else ".show",
    )
