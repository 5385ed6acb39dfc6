"""Whom a draft goes to, one service or several, and what its thread is about as long as nothing was sent."""

from typing import Final
from uuid import UUID

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow
from handover.access.guard import note_refusal
from handover.actors import Party
from handover.addressbook import service as addressbook
from handover.directory import names
from handover.directory import service as directory
from handover.errors import Conflict, Invalid
from handover.ids import CommunicationId, ServiceId
from handover.message import service as messages
from handover.message.pages.choosing import about_of, meant_instead, subject_choices, who_may_be
from handover.message.pages.desk import blueprint, turn_of
from handover.message.pages.reading import moved_page, only_draft
from handover.message.pages.writing import draft_of, problem_of, unsent
from handover.message.service import Turn
from handover.message.store import WRITERS
from handover.message.words.refusals import SENTENCES
from handover.web.forms import REFUSED, Form
from handover.web.i18n import Text
from handover.workdays import local_date

_LETTER: Final = "/<service>/<uuid:thread>/<uuid:letter>"
_SHOWN: Final = 30
"""Services in one answer to a search."""


# --- receivers ---------------------------------------------------------------------------------------------------


@blueprint.get(f"{_LETTER}/mottakere")
@allow(*WRITERS)
def receivers(service: str, thread: UUID, letter: UUID) -> ResponseReturnValue:
    """Show whom a draft goes to, and services to add; what is searched for is no secret."""
    return _receivers_page(turn_of(service, thread), letter)


@blueprint.post(f"{_LETTER}/mottakere")
@allow(*WRITERS)
def change_receivers(service: str, thread: UUID, letter: UUID) -> ResponseReturnValue:
    """Add one service to those a draft goes to, or take one away; what is there already changes nothing."""
    turn, message = turn_of(service, thread), CommunicationId(letter)
    added, removed = request.form.get("add", ""), request.form.get("remove", "")
    try:
        with web.transaction() as session:
            draft = unsent(session, turn, letter)
            kept = [each.service for each in draft.to if each.service != removed]
            wanted = [*kept, *([ServiceId(added)] if added else [])]
            messages.save_draft(session, turn, message, draft.content, to=wanted)
    except Invalid as refused:
        return _receivers_page(turn, letter, refused)
    except Conflict as moved:
        return moved_page(turn, moved)
    return redirect(url_for(".receivers", service=service, thread=thread, letter=letter))


def _receivers_page(turn: Turn, letter: UUID, refused: Invalid | None = None) -> ResponseReturnValue:
    text = request.args.get("q", "").strip()[:100]
    with web.transaction() as session:
        found = messages.thread_of(session, turn)
        draft = draft_of(found, letter)
        if draft is None:
            return redirect(url_for(".show", service=turn.at, thread=turn.thread))
        standing, today = found.standing, local_date(turn.now)
        taken = {standing.home, *draft.to, *standing.others}
        hits = [
            each.service
            for each in directory.search(session, text)
            if Party(each.service.agency, each.service.id) not in taken and each.service.is_open
        ]
        places = [addressbook.standing_of(session, each, today=today) for each in hits[:_SHOWN]]
        left_out = [each for each in standing.others if each not in draft.to]
        page = render_template(
            "message/receivers.html",
            thread=found,
            standing=standing,
            draft=draft,
            to=_named(session, draft.to),
            left_out=_named(session, left_out),
            found=places,
            more=max(0, len(hits) - _SHOWN),
            form=Form.of({"q": text}),
            q=text,
            problem=_problem(session, refused),
        )
    return make_response(page, 200 if refused is None else REFUSED)


# --- what it is about --------------------------------------------------------------------------------------------


@blueprint.get(f"{_LETTER}/gjelder")
@allow(*WRITERS)
def about(service: str, thread: UUID, letter: UUID) -> ResponseReturnValue:
    """Ask what a new thread is to be about instead, and whom."""
    return _about_page(turn_of(service, thread), letter)


@blueprint.post(f"{_LETTER}/gjelder")
@allow(*WRITERS)
def change_about(service: str, thread: UUID, letter: UUID) -> ResponseReturnValue:
    """Change the subject, the line or the patient of a thread in which nothing was sent."""
    turn = turn_of(service, thread)
    try:
        with web.transaction() as session:
            found = messages.thread_of(session, turn)
            was = found.standing.heading.subject
            wanted = about_of(request.form, known=found.patient, was=was)
            messages.change_about(session, turn, meant_instead(session, turn.by, wanted, found))
    except Invalid as refused:
        return _about_page(turn, letter, refused)
    except Conflict as moved:
        return moved_page(turn, moved)
    return redirect(url_for(".write", service=service, thread=thread, letter=letter, gjort="lagret"))


def _about_page(turn: Turn, letter: UUID, refused: Invalid | None = None) -> ResponseReturnValue:
    with web.transaction() as session:
        found = messages.thread_of(session, turn)
        draft = draft_of(found, letter)
        if draft is None or only_draft(found) is None:
            return redirect(url_for(".show", service=turn.at, thread=turn.thread))
        problem = _problem(session, refused)
        same = who_may_be(session, turn.by, request.form, refused)
    heading = found.standing.heading
    fresh = Form.of({"subject": heading.subject.value, "line": heading.line})
    page = render_template(
        "message/about.html",
        thread=found,
        standing=found.standing,
        draft=draft,
        form=fresh if refused is None else Form.refused(request.form, refused, SENTENCES),
        subjects=subject_choices(heading.subject),
        same=same,
        problem=problem,
    )
    return make_response(page, 200 if refused is None else REFUSED)


# --- what they share ---------------------------------------------------------------------------------------------


def _named(session: Session, parties: tuple[Party, ...] | list[Party]) -> list[tuple[ServiceId, str]]:
    return [(each.service, names.of_party(session, each)) for each in parties]


def _problem(session: Session, refused: Invalid | None) -> Text:
    if refused is None:
        return ""
    note_refusal(refused)
    return problem_of(session, refused)
