"""Whom an anonymous case is about: the patient is asked, staff link it on the yes, and take a mistake back."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow
from handover.access.guard import note_refusal
from handover.consent import words as consents
from handover.consent.model import MAX_WHY, Reply, RequestId
from handover.consent.reach import name_of
from handover.consent.service import MayNotTravel
from handover.errors import Conflict, HandoverError, Invalid, NotFound
from handover.ids import PersonId, ServiceId
from handover.message import service as messages
from handover.message.pages.choosing import typed_patient
from handover.message.pages.desk import MOVED, blueprint, turn_of
from handover.message.pages.knowing import knowing, may_link
from handover.message.pages.reading import moved_page, places_of
from handover.message.pages.writing import problem_of
from handover.message.service import LASTS, Turn, Wished, Yes
from handover.message.store import WRITERS
from handover.message.words.cases import answered
from handover.message.words.refusals import SENTENCES
from handover.person.model import Identity
from handover.web.forms import REFUSED, Fields, Form, Sent
from handover.web.i18n import Text
from handover.workdays import local_date

_THREAD: Final = "/<service>/<uuid:thread>"
_SENTENCES: Final[Mapping[str, Text]] = {**consents.SENTENCES, **SENTENCES}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question to the patient, as staff read it."""

    id: RequestId
    sentence: Text
    waits: bool


Do = Callable[[Session, Turn, Sent], None]


@blueprint.get(f"{_THREAD}/koble")
@allow(*WRITERS)
def linking(service: str, thread: UUID) -> ResponseReturnValue:
    """Say what it means that a case is linked, and ask whom it is about and to whom the patient has said yes."""
    return _link_page(turn_of(service, thread))


@blueprint.post(f"{_THREAD}/koble")
@allow(*WRITERS)
def link(service: str, thread: UUID) -> ResponseReturnValue:
    """Link the case to the patient, at the services that the patient's yes covers."""
    return _done_or_again(turn_of(service, thread), _link, "koblet")


@blueprint.post(f"{_THREAD}/koble/spor")
@allow(*WRITERS)
def ask_patient(service: str, thread: UUID) -> ResponseReturnValue:
    """Put the question on the patient's own page; the case stays without a name."""
    return _done_or_again(turn_of(service, thread), _ask, "spurt")


@blueprint.post(f"{_THREAD}/koble/ikke-spor")
@allow(*WRITERS)
def ask_no_more(service: str, thread: UUID) -> ResponseReturnValue:
    """Take a question back; the patient is not asked any more."""
    turn = turn_of(service, thread)
    try:
        with web.transaction() as session:
            messages.ask_no_more(session, turn, RequestId(_id("request")))
    except Conflict as moved:
        return moved_page(turn, moved)
    return redirect(url_for(".linking", service=service, thread=thread))


@blueprint.get(f"{_THREAD}/koble-fra")
@allow(*WRITERS)
def unlinking(service: str, thread: UUID) -> ResponseReturnValue:
    """Say what happens when a link that was a mistake is taken away, and whom it is about now."""
    turn = turn_of(service, thread)
    with web.transaction() as session:
        found = messages.thread_of(session, turn)
        if found.patient is None or not may_link(found):
            return redirect(url_for(".show", service=turn.at, thread=turn.thread))
        return make_response(render_template("message/unlink.html", thread=found, standing=found.standing))


@blueprint.post(f"{_THREAD}/koble-fra")
@allow(*WRITERS)
def unlink(service: str, thread: UUID) -> ResponseReturnValue:
    """Take a link away that was made by mistake."""
    turn = turn_of(service, thread)
    try:
        with web.transaction() as session:
            messages.unlink(session, turn)
    except Conflict as moved:
        return moved_page(turn, moved)
    return redirect(url_for(".show", service=service, thread=thread, gjort="koblet-fra"))


# --- how it is done ------------------------------------------------------------------------------------------


def _done_or_again(turn: Turn, what: Do, done: str) -> ResponseReturnValue:
    try:
        with web.transaction() as session:
            what(session, turn, request.form)
    except (Invalid, MayNotTravel) as refused:
        note_refusal(refused)
        form = Form.refused(request.form, refused, _SENTENCES) if isinstance(refused, Invalid) else None
        code = REFUSED if isinstance(refused, Invalid) else MOVED
        return make_response(_link_page(turn, form or Form.sent(request.form), refused), code)
    except Conflict as moved:
        return moved_page(turn, moved)
    return redirect(url_for(".show", service=turn.at, thread=turn.thread, gjort=done))


def _link(session: Session, turn: Turn, sent: Sent) -> None:
    """Link the case to whom the page showed, or asked for; sent twice, it is the same link.

    Where a colleague has said otherwise: Stale for whom the page showed, AlreadyLinked for whom it asked for.
    """
    fields = Fields(sent)
    to = _to(fields)
    until = fields.day("until") if sent.get("said_yes") else None
    whom = _whom(session, turn, fields, sent)
    fields.check()
    yes = None if until is None else Yes(to=to, until=until)
    messages.link(session, turn, whom, to, yes=yes)


def _ask(session: Session, turn: Turn, sent: Sent) -> None:
    fields = Fields(sent)
    to, until = _to(fields), fields.day("until")
    why = fields.text("why", is_optional=True, at_most=MAX_WHY)
    whom = _whom(session, turn, fields, sent)
    fields.check()
    messages.ask_patient(session, turn, whom, to, until=until, why=why)


def _to(fields: Fields) -> tuple[ServiceId, ...]:
    to = tuple(ServiceId(each) for each in request.form.getlist("to"))
    if not to:
        fields.refuse("to", "required-link")
    return to


def _whom(session: Session, turn: Turn, fields: Fields, sent: Sent) -> Identity | PersonId | None:
    """Return whom the form names: typed, asked before, or None for whom the case is linked to. Raises Stale."""
    if "given" in sent:
        return typed_patient(session, turn.by, fields, sent)
    if "asked" in sent:
        asked = messages.whom_asked(session, turn)
        if asked is None or str(asked.person) != sent["asked"]:
            raise messages.Stale
        return asked.person
    linked = messages.thread_of(session, turn).standing.person
    if linked is None or sent.get("linked", "") != str(linked):
        raise messages.Stale
    return None


def _id(name: str) -> UUID:
    try:
        return UUID(request.form.get(name, ""))
    except ValueError:
        raise NotFound from None


def _link_page(turn: Turn, form: Form | None = None, refused: HandoverError | None = None) -> ResponseReturnValue:
    with web.transaction() as session:
        found = messages.thread_of(session, turn)
        if not may_link(found):
            return redirect(url_for(".show", service=turn.at, thread=turn.thread))
        bonds = messages.bonds_of(session, found.standing)
        others = knowing(found, bonds, places_of(session, found))
        asked = None if found.patient is not None or _is_another() else messages.whom_asked(session, turn)
        form = form or _fresh(turn, asked)
        problem = "" if refused is None or form.errors else problem_of(session, refused)
        return make_response(
            render_template(
                "message/link.html",
                form=form,
                thread=found,
                standing=found.standing,
                others=[(each.service, f"{each.name}. {each.sentence}") for each in others if not each.is_open],
                asked=asked,
                questions=_questions(session, asked),
                longest_why=MAX_WHY,
                problem=problem,
            )
        )


def _fresh(turn: Turn, asked: Wished | None) -> Form:
    """Return the form with the services chosen that the patient has said yes to on the own page."""
    requests = () if asked is None else asked.requests
    said_yes = [str(each.wanted.target.service) for each in requests if each.reply is Reply.YES]
    return Form.of({"until": f"{local_date(turn.now + LASTS):%d.%m.%Y}", "to": said_yes})


def _is_another() -> bool:
    """Whether the page is to ask for another person than who was asked."""
    return "annen" in request.args or "given" in request.form


def _questions(session: Session, asked: Wished | None) -> Iterable[Asked]:
    return [
        Asked(id=each.id, sentence=answered(each, name_of(session, each.wanted.target)), waits=each.reply is None)
        for each in (() if asked is None else asked.requests)
        if each.reply is not Reply.TAKEN_BACK
    ]
