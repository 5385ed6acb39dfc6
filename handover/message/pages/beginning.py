"""A new thread: to which service, about what and whom; then its first message is written."""

from datetime import date

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow, current_staff
from handover.access.guard import note_refusal
from handover.actors import Staff
from handover.addressbook import service as addressbook
from handover.addressbook.pages.ways import Begin, Errand, Way, add_lately, add_way
from handover.clock import now
from handover.directory import service as directory
from handover.directory.model import Service
from handover.errors import HandoverError, Invalid, NotFound
from handover.ids import PersonId, ServiceId, ThreadId
from handover.message import service as messages
from handover.message.pages.choosing import about_of, meant, subject_choices, who_may_be
from handover.message.pages.desk import blueprint, my_services
from handover.message.pages.origins import Opening, Origin, add_origin, named_here, patient_of_case
from handover.message.service import Turn
from handover.message.store import WRITERS, known_to
from handover.message.words.refusals import REFUSALS, SENTENCES
from handover.web.errors import sentence_for
from handover.web.forms import REFUSED, Form
from handover.web.i18n import Text
from handover.web.i18n import lazy_gettext as _l
from handover.workdays import local_date


def may_begin(staff: Staff, service: Service, today: date, errand: Errand) -> bool:
    """Whether the reader writes messages and the service is open; never for a draft that looks for a receiver.

    Nobody writes to the one service that they write from.
    """
    homes = staff.services(*WRITERS)
    return errand.draft is None and service.is_open_on(today) and bool(homes - {service.id})


def _way(staff: Staff, service: Service, today: date, errand: Errand) -> Begin | None:
    """Offer whoever writes messages to begin one to the service."""
    if not may_begin(staff, service, today, errand):
        return None
    text = _l("Skriv melding til %(service)s", service=service.name)
    return Begin(text=text, url=url_for("messages.begin_with", til=service.id, sak=errand.case or None))


add_way(blueprint, Way(order=10, what="melding", offer=_way))
add_lately(blueprint, messages.written_to)


def _opened(session: Session, opening: Opening) -> PersonId | None:
    """Open a thread as its page does; whom an anonymous case is about is not taken out of it."""
    turn = Turn(thread=ThreadId(opening.case), by=opening.by, now=opening.now, at=opening.at)
    standing = messages.thread_of(session, turn).standing
    return None if messages.is_anonymous(standing) else standing.person


add_origin(blueprint, Origin(kind="melding", opens=_opened, knows=known_to))


@blueprint.get("/ny")
@allow(*WRITERS)
def begin_with() -> ResponseReturnValue:
    """Ask what a message to a service is about; without a service, lead to the address book."""
    to = request.args.get("til", "")
    if not to:
        return redirect(url_for("addressbook.find", hva="melding", sak=named_here() or None))
    return _start_page(Form.of({"to": to}))


@blueprint.post("/ny")
@allow(*WRITERS)
def begin() -> ResponseReturnValue:
    """Begin a thread with a draft, and go on to write it."""
    by, at = current_staff(), now()
    try:
        with web.transaction() as session:
            home = _home(session, by)
            of_case = patient_of_case(session, by, named_here(), now=at)
            known = None if of_case is None else of_case.identity
            about, person = meant(session, by, about_of(request.form, known=known), of_case)
            to = ServiceId(request.form.get("to", ""))
            made = messages.start_draft(session, by=by, service=home, about=about, to=[to], known=person, now=at)
    except Invalid as refused:
        note_refusal(refused)
        return make_response(_start_page(Form.refused(request.form, refused, SENTENCES), refused), REFUSED)
    return redirect(url_for(".write", service=home, thread=made.thread, letter=made.message))


def _home(session: Session, by: Staff) -> ServiceId:
    held = [each.id for each in my_services(session, by)]
    wanted = ServiceId(request.form.get("service", ""))
    if len(held) == 1:
        return held[0]
    if wanted not in held:
        raise Invalid("form.incomplete", fields={"service": ["required"]})
    return wanted


def _start_page(form: Form, refused: HandoverError | None = None) -> str:
    problem: Text = "" if refused is None else sentence_for(refused)
    by = current_staff()
    with web.transaction() as session:
        homes = my_services(session, by)
        same = who_may_be(session, by, request.form, refused)
        try:
            to = directory.service_of(session, ServiceId(form.value("to")))
        except NotFound:
            to, problem = None, REFUSALS["message.receiver.unknown"]
        if refused is None and to in homes and len(homes) == 1:
            to, problem = None, REFUSALS["message.to-oneself"]
        of_case = patient_of_case(session, by, named_here(), now=now())
        place = None if to is None else addressbook.standing_of(session, to, today=local_date(now()))
    return render_template(
        "message/start.html",
        form=form,
        to=to,
        place=place,
        homes=[(each.id, each.name) for each in homes],
        subjects=subject_choices(),
        known=None if of_case is None else of_case.identity,
        case=named_here(),
        same=same,
        problem=problem,
    )
