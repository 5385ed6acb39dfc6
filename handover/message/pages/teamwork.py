"""What a team shares in a thread: whom it is given to, and putting it away until a day."""

from datetime import time
from uuid import UUID

from flask import make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from handover import web
from handover.access import allow
from handover.access.guard import note_refusal
from handover.clock import from_local
from handover.errors import Conflict, Invalid, NotFound
from handover.message import service as messages
from handover.message.pages.colleagues import colleagues_of
from handover.message.pages.desk import blueprint, instant, turn_of
from handover.message.pages.reading import moved_page, page
from handover.message.store import WRITERS
from handover.team.model import SnoozePastDeadline
from handover.web.errors import sentence_for
from handover.web.forms import REFUSED, Fields


@blueprint.post("/<service>/<uuid:thread>/gi-til")
@allow(*WRITERS)
def give(service: str, thread: UUID) -> ResponseReturnValue:
    """Give the thread to a colleague who works at the service."""
    turn = turn_of(service, thread, seen=instant(request.form.get("seen", "")))
    try:
        with web.transaction() as session:
            found = messages.thread_of(session, turn)
            known = {str(each): each for each, _name in colleagues_of(session, found.standing)}
            to = known.get(request.form.get("to", ""))
            if to is None:
                raise NotFound("staff.unknown")
            messages.take(session, turn, to)
    except Conflict as moved:
        return moved_page(turn_of(service, thread), moved)
    return redirect(url_for(".show", service=service, thread=thread, gjort="tildelt"))


@blueprint.post("/<service>/<uuid:thread>/utsett")
@allow(*WRITERS)
def put_away(service: str, thread: UUID) -> ResponseReturnValue:
    """Put the thread away until a day, never past its date."""
    turn = turn_of(service, thread)
    fields = Fields(request.form)
    day = fields.day("until")
    try:
        with web.transaction() as session:
            messages.thread_of(session, turn)
            fields.check()
            messages.snooze(session, turn, from_local(day, time()))
    except Invalid as refused:
        note_refusal(refused)
        why = sentence_for(SnoozePastDeadline()) if refused.fields else sentence_for(refused)
        with web.transaction() as session:
            view = page(session, turn, messages.thread_of(session, turn), problem=why)
        return make_response(view.render(), REFUSED)
    return redirect(url_for(".show", service=service, thread=thread, gjort="utsatt"))
