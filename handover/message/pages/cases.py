"""Anonymous cases: begun, looked through before they leave, linked on the patient's yes, unlinked."""

from datetime import date
from typing import Final
from uuid import UUID

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from handover import web
from handover.access import allow, current_staff
from handover.access.guard import note_refusal
from handover.actors import Staff
from handover.addressbook import service as addressbook
from handover.addressbook.pages.ways import Begin, Errand, Way, add_way
from handover.clock import now
from handover.directory import service as directory
from handover.directory.model import Service
from handover.errors import Conflict, HandoverError, Invalid, NotFound
from handover.ids import CommunicationId, ServiceId
from handover.message import service as messages
from handover.message.model import MAX_LINE, Subject
from handover.message.pages.beginning import may_begin
from handover.message.pages.desk import blueprint, my_services, turn_of
from handover.message.pages.reading import moved_page
from handover.message.service import About
from handover.message.store import WRITERS
from handover.message.words.refusals import REFUSALS, SENTENCES
from handover.web.errors import sentence_for
from handover.web.forms import REFUSED, Fields, Form
from handover.web.i18n import Text
from handover.web.i18n import lazy_gettext as _l
from handover.workdays import local_date

_THREAD: Final = "/<service>/<uuid:thread>"


def _way(staff: Staff, service: Service, today: date, errand: Errand) -> Begin | None:
    """Offer whoever writes messages to discuss a case without a name with the service."""
    if errand.case or not may_begin(staff, service, today, errand):
        return None
    text = _l("Drøft en sak uten navn med %(service)s", service=service.name)
    return Begin(text=text, url=url_for("messages.begin_case_with", til=service.id), is_rare=True)


add_way(blueprint, Way(order=40, what="melding", offer=_way))


# --- begun ---------------------------------------------------------------------------------------------------


@blueprint.get("/sak/ny")
@allow(*WRITERS)
def begin_case_with() -> ResponseReturnValue:
    """Ask what is to be discussed with a service; without a service, lead to the address book."""
    to = request.args.get("til", "")
    if not to:
        return redirect(url_for("addressbook.find"))
    return _case_page(Form.of({"to": to}))


@blueprint.post("/sak/ny")
@allow(*WRITERS)
def begin_case() -> ResponseReturnValue:
    """Begin a case with a draft, and go on to write it."""
    by, at = current_staff(), now()
    try:
        with web.transaction() as session:
            fields = Fields(request.form)
            line = fields.text("line", at_most=MAX_LINE)
            held = [each.id for each in my_services(session, by)]
            home = held[0] if len(held) == 1 else ServiceId(request.form.get("service", ""))
            if home not in held:
                fields.refuse("service", "required")
            fields.check()
            about = About(subject=Subject.ANONYMOUS, line=line)
            to = [ServiceId(request.form.get("to", ""))]
            made = messages.start_draft(session, by=by, service=home, about=about, to=to, now=at)
    except Invalid as refused:
        note_refusal(refused)
        return make_response(_case_page(Form.refused(request.form, refused, SENTENCES), refused), REFUSED)
    return redirect(url_for(".write", service=home, thread=made.thread, letter=made.message))


def _case_page(form: Form, refused: HandoverError | None = None) -> str:
    problem: Text = "" if refused is None or form.errors else sentence_for(refused)
    with web.reading() as session:
        homes = my_services(session, current_staff())
        try:
            to = directory.service_of(session, ServiceId(form.value("to")))
        except NotFound:
            to, problem = None, REFUSALS["message.receiver.unknown"]
        if refused is None and to in homes and len(homes) == 1:
            to, problem = None, REFUSALS["message.to-oneself"]
        place = None if to is None else addressbook.standing_of(session, to, today=local_date(now()))
    return render_template(
        "message/case_start.html",
        form=form,
        to=to,
        place=place,
        homes=[(each.id, each.name) for each in homes],
        problem=problem,
    )


# --- looked through ------------------------------------------------------------------------------------------


@blueprint.post(f"{_THREAD}/<uuid:letter>/begrunn")
@allow(*WRITERS)
def justify(service: str, thread: UUID, letter: UUID) -> ResponseReturnValue:
    """Let one wording that looks like an identity stand, with a reason that is kept."""
    turn, message = turn_of(service, thread), CommunicationId(letter)
    wording, why = request.form.get("wording", ""), request.form.get("why", "")
    try:
        with web.transaction() as session:
            messages.justify(session, turn, message, wording, why)
    except Invalid as refused:
        note_refusal(refused)
        missing = url_for(".preview", service=service, thread=thread, letter=letter, mangler="grunn")
        return redirect(f"{missing}#error-summary")
    except Conflict as moved:
        return moved_page(turn, moved)
    return redirect(url_for(".preview", service=service, thread=thread, letter=letter))
