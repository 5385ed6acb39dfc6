"""Sent by mistake: take a message back, or put receiver or patient right and write it anew; leaders confirm."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow
from handover.access.guard import note_refusal
from handover.actors import Role
from handover.errors import Conflict, HandoverError, Invalid
from handover.ids import CommunicationId, ServiceId
from handover.message import service as messages
from handover.message.lifecycle import Act, Status
from handover.message.model import MAX_REASON, Reason, Receipt
from handover.message.pages import again
from handover.message.pages.choosing import about_of, meant_instead, service_choices, subject_choices, who_may_be
from handover.message.pages.desk import blueprint, turn_of
from handover.message.pages.reading import moved_page, places_of, said
from handover.message.service import NoSuchMessage, Seen, Thread, Turn
from handover.message.store import WRITERS
from handover.message.words.names import REASONS
from handover.message.words.refusals import SENTENCES
from handover.web.errors import sentence_for
from handover.web.forms import REFUSED, Fields, Form
from handover.web.i18n import Text
from handover.web.i18n import gettext as _
from handover.workdays import local_date

_LETTER: Final = "/<service>/<uuid:thread>/<uuid:letter>"


@dataclass(frozen=True, kw_only=True)
class WillBe:
    """What becomes of a message at one receiver when it is taken back now."""

    place: str
    text: Text


@blueprint.get(f"{_LETTER}/feil")
@allow(*WRITERS)
def wrong(service: str, thread: UUID, letter: UUID) -> ResponseReturnValue:
    """Say what happens when a message is taken back, and ask why."""
    return _page("message/wrong.html", turn_of(service, thread), letter)


@blueprint.post(f"{_LETTER}/feil")
@allow(*WRITERS)
def take_back(service: str, thread: UUID, letter: UUID) -> ResponseReturnValue:
    """Take a message back that was sent by mistake."""
    turn = turn_of(service, thread)
    try:
        with web.transaction() as session:
            messages.thread_of(session, turn)
            messages.retract(session, turn, CommunicationId(letter), *_reason())
    except Invalid as refused:
        return _page("message/wrong.html", turn, letter, refused)
    except Conflict as moved:
        if not again.stands(turn, again.is_taken_back(turn, letter)):
            return moved_page(turn, moved)
    return redirect(url_for(".show", service=service, thread=thread, gjort="trukket"))


@blueprint.get(f"{_LETTER}/rett")
@allow(*WRITERS)
def correct(service: str, thread: UUID, letter: UUID) -> ResponseReturnValue:
    """Ask who the right receiver or patient is."""
    return _page("message/correct.html", turn_of(service, thread), letter)


@blueprint.post(f"{_LETTER}/rett")
@allow(*WRITERS)
def write_anew(service: str, thread: UUID, letter: UUID) -> ResponseReturnValue:
    """Take a message back and begin it anew to the right receiver, about the right patient; all or nothing."""
    turn = turn_of(service, thread)
    try:
        with web.transaction() as session:
            found = messages.thread_of(session, turn)
            reason, note = _reason()
            was = found.standing.heading.subject
            about = about_of(request.form, known=found.patient, was=was)
            about = meant_instead(session, turn.by, about, found)
            wanted = (*request.form.getlist("keep"), request.form.get("to", ""))
            to = [ServiceId(each) for each in wanted if each]
            if not to:
                raise Invalid("form.incomplete", fields={"to": ["required"]})
            wrong = CommunicationId(letter)
            made = messages.send_anew(session, turn, wrong, reason=reason, note=note, about=about, to=to)
    except Invalid as refused:
        return _page("message/correct.html", turn, letter, refused)
    except Conflict as moved:
        return moved_page(turn, moved)
    done = "trukket-uten" if made.left_out else "trukket"
    return redirect(url_for(".write", service=service, thread=made.thread, letter=made.message, gjort=done))


@blueprint.post(f"{_LETTER}/bekreft")
@allow(Role.LEADER)
def confirm(service: str, thread: UUID, letter: UUID) -> ResponseReturnValue:
    """Confirm, as the leader of the service, that a message sent here by mistake is hidden."""
    turn = turn_of(service, thread)
    try:
        with web.transaction() as session:
            hidden = messages.thread_of(session, turn).hidden
            if any(each.id == letter and each.status is Status.RETRACT_ASKED for each in hidden):
                messages.confirm_retraction(session, turn, CommunicationId(letter))
            elif all(each.id != letter for each in hidden):
                raise NoSuchMessage
    except Conflict as moved:
        return moved_page(turn, moved)
    return redirect(url_for(".show", service=service, thread=thread, gjort="bekreftet"))


def _reason() -> tuple[Reason, str]:
    """Return why a message is taken back, and what the writer says of it."""
    fields, wanted = Fields(request.form), request.form.get("reason", "")
    note = fields.text("note", is_optional=True, at_most=MAX_REASON)
    if wanted not in set(Reason):
        fields.refuse("reason", "required")
    fields.check()
    return Reason(wanted), note


def _page(template: str, turn: Turn, letter: UUID, refused: Invalid | None = None) -> ResponseReturnValue:
    """Return a form as it was sent, or fresh; the thread when the message cannot be taken back any more."""
    if refused is not None:
        note_refusal(refused)
    with web.transaction() as session:
        found = messages.thread_of(session, turn)
        seen = next((each for each in found.messages if each.message.id == letter), None)
        if seen is None:
            raise NoSuchMessage
        if Act.RETRACT not in seen.acts:
            return redirect(url_for(".show", service=turn.at, thread=turn.thread))
        values = _values(session, turn, found, seen)
        values["same"] = who_may_be(session, turn.by, request.form, refused)
    form = _fresh(found, seen) if refused is None else Form.refused(request.form, refused, SENTENCES)
    return make_response(
        render_template(template, form=form, problem=_problem(refused), **values),
        200 if refused is None else REFUSED,
    )


def _values(session: Session, turn: Turn, found: Thread, seen: Seen) -> dict[str, object]:
    standing, places = found.standing, places_of(session, found)
    return {
        "thread": found,
        "standing": standing,
        "each": said(turn, seen.message, places),
        "will_be": [WillBe(place=places[each.to], text=_fate(each)) for each in seen.message.receipts],
        "had": [(each.service, places[each]) for each in seen.message.to],
        "reasons": list(REASONS.items()),
        "brings": bool(seen.message.forwards),
        "subjects": subject_choices(standing.heading.subject),
        "services": service_choices(session, without=[standing.home], today=local_date(turn.now)),
    }


def _fate(receipt: Receipt) -> Text:
    """Return what becomes of a message at one receiver, as far as is known here."""
    if receipt.opened is not None:
        return _(
            "%(name)s har åpnet den. Den blir skjult for alle der, og lederen må bekrefte det.",
            name=receipt.opened.by,
        )
    if receipt.arrived_at is not None:
        return _("Ingen har åpnet den. Den forsvinner.")
    return _("Den er ikke kommet fram ennå. Vi stopper den, eller trekker den tilbake når den kommer fram.")


def _fresh(found: Thread, seen: Seen) -> Form:
    heading = found.standing.heading
    instead = request.args.get("til", "")
    to = [each.to.service for each in seen.message.receipts if not (instead and each.undelivered)]
    whom = {"to": instead or to[0]} if len(seen.message.to) == 1 else {"keep": to, "to": instead}
    return Form.of({"subject": heading.subject.value, "line": heading.line, **whom})


def _problem(refused: HandoverError | None) -> Text:
    return "" if refused is None else sentence_for(refused)
