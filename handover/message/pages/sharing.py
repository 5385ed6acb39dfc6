"""What was written goes on to others: forwarded in a thread of its own, or one more service is let into this."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow
from handover.access.guard import note_refusal
from handover.errors import Conflict, Invalid
from handover.ids import CommunicationId, ServiceId
from handover.message import service as messages
from handover.message.lifecycle import TAKEN_BACK, Status
from handover.message.model import MAX_LINE, Subject
from handover.message.pages.choosing import service_choices, subject_choices
from handover.message.pages.desk import blueprint, turn_of
from handover.message.pages.reading import moved_page, places_of
from handover.message.service import Seen, Thread, Turn
from handover.message.store import WRITERS
from handover.message.words.refusals import SENTENCES
from handover.web import dates
from handover.web.errors import sentence_for
from handover.web.forms import REFUSED, Fields, Form
from handover.web.i18n import Text
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l
from handover.workdays import local_date

_THREAD: Final = "/<service>/<uuid:thread>"
_GLIMPSE: Final = 120
"""Characters of a message that are shown beside the choice of it."""
NOTHING, EVERYTHING, CHOSEN = "nothing", "everything", "chosen"
HISTORY: Final = (
    (NOTHING, _l("Bare det som sendes fra nå av")),
    (EVERYTHING, _l("Alt som er sendt i tråden")),
    (CHOSEN, _l("Meldingene du velger under")),
)


@dataclass(frozen=True)
class Choice:
    """One message that may go along, as a form offers it."""

    id: CommunicationId
    what: str
    glimpse: str = field(repr=False)


# --- forward -----------------------------------------------------------------------------------------------------


@blueprint.get(f"{_THREAD}/videre")
@allow(*WRITERS)
def forward(service: str, thread: UUID) -> ResponseReturnValue:
    """Ask which messages go on, and to whom."""
    return _forward_page(turn_of(service, thread))


@blueprint.post(f"{_THREAD}/videre")
@allow(*WRITERS)
def bring(service: str, thread: UUID) -> ResponseReturnValue:
    """Begin a thread of its own with another service, which brings the chosen messages and their documents."""
    turn = turn_of(service, thread)
    try:
        with web.transaction() as session:
            found = messages.thread_of(session, turn)
            fields = Fields(request.form)
            chosen = _chosen(found, request.form.getlist("messages"))
            if not chosen:
                fields.refuse("messages", "required")
            line = fields.text("line", is_optional=True, at_most=MAX_LINE)
            to = _receiver(fields)
            subject = _subject(fields, found)
            fields.check()
            made = messages.forward(session, turn, to=[to], messages=chosen, subject=subject, line=line)
    except Invalid as refused:
        return _forward_page(turn, refused)
    except Conflict as moved:
        return moved_page(turn, moved)
    return redirect(url_for(".write", service=service, thread=made.thread, letter=made.message))


# --- let another service in --------------------------------------------------------------------------------------


@blueprint.get(f"{_THREAD}/ta-med")
@allow(*WRITERS)
def let_in(service: str, thread: UUID) -> ResponseReturnValue:
    """Ask which service is to take part, and what of the thread it is to see."""
    return _member_page(turn_of(service, thread))


@blueprint.post(f"{_THREAD}/ta-med")
@allow(*WRITERS)
def add_member(service: str, thread: UUID) -> ResponseReturnValue:
    """Begin the message that lets another service in, with the history that was chosen for it."""
    turn = turn_of(service, thread)
    try:
        with web.transaction() as session:
            found = messages.thread_of(session, turn)
            fields = Fields(request.form)
            history = _history(fields, found)
            to = _receiver(fields)
            if any(each.service == to for each in found.standing.others):
                fields.refuse("to", "member")
            fields.check()
            letter = messages.add_member(session, turn, to, history=history)
    except Invalid as refused:
        return _member_page(turn, refused)
    except Conflict as moved:
        return moved_page(turn, moved)
    return redirect(url_for(".write", service=service, thread=thread, letter=letter))


# --- what they share ---------------------------------------------------------------------------------------------


def _receiver(fields: Fields) -> ServiceId:
    to = request.form.get("to", "")
    if not to:
        fields.refuse("to", "required")
    return ServiceId(to)


def _subject(fields: Fields, found: Thread) -> Subject:
    was = found.standing.heading.subject
    wanted = request.form.get("subject", "")
    if wanted not in {code for code, _ in _subjects(found)}:
        fields.refuse("subject", "required")
        return was
    return Subject(wanted)


def _subjects(found: Thread) -> list[tuple[str, Text]]:
    """Return the subjects that go with the patient of the thread, or with none."""
    was = found.standing.heading.subject
    return [
        (code, text)
        for code, text in subject_choices(was)
        if Subject(code).is_about_a_patient is was.is_about_a_patient
    ]


def _history(fields: Fields, found: Thread) -> Sequence[CommunicationId] | None:
    wanted = request.form.get("history", "")
    if wanted not in {code for code, _ in HISTORY}:
        fields.refuse("history", "required")
    chosen = _chosen(found, request.form.getlist("messages"))
    if wanted == CHOSEN and not chosen:
        fields.refuse("messages", "required")
    return None if wanted == EVERYTHING else chosen if wanted == CHOSEN else ()


def _standing(found: Thread) -> list[Seen]:
    """Return what may go on: what was sent, and not taken back since."""
    return [each for each in found.messages if each.message.status not in {Status.DRAFT, *TAKEN_BACK}]


def _chosen(found: Thread, wanted: Sequence[str]) -> list[CommunicationId]:
    """Return the messages that were chosen, each with what it brought from other threads."""
    chosen = [each for each in _standing(found) if str(each.message.id) in set(wanted)]
    parts = (part for each in chosen for part in (each.message, *each.along))
    return [part.id for part in parts if part.status not in TAKEN_BACK]


def _forward_page(turn: Turn, refused: Invalid | None = None) -> ResponseReturnValue:
    with web.transaction() as session:
        found = messages.thread_of(session, turn)
        values = _values(session, turn, found)
    heading, one = found.standing.heading, request.args.get("melding", "")
    every = [str(each.message.id) for each in _standing(found)]
    fresh = Form.of(
        {
            "messages": [one] if one in every else every,
            "subject": heading.subject.value,
            "line": heading.line,
        }
    )
    return _answer("message/forward.html", fresh, refused, {**values, "subjects": _subjects(found)})


def _member_page(turn: Turn, refused: Invalid | None = None) -> ResponseReturnValue:
    with web.transaction() as session:
        found = messages.thread_of(session, turn)
        values = _values(session, turn, found)
    return _answer("message/member.html", Form.of({"history": NOTHING}), refused, {**values, "histories": HISTORY})


def _answer(template: str, fresh: Form, refused: Invalid | None, values: dict[str, object]) -> ResponseReturnValue:
    if refused is None:
        return make_response(render_template(template, form=fresh, problem="", **values))
    note_refusal(refused)
    form = Form.refused(request.form, refused, SENTENCES)
    return make_response(render_template(template, form=form, problem=sentence_for(refused), **values), REFUSED)


def _values(session: Session, turn: Turn, found: Thread) -> dict[str, object]:
    standing, places = found.standing, places_of(session, found)
    members = (standing.home, *standing.others)
    return {
        "thread": found,
        "standing": standing,
        "choices": [
            Choice(
                id=each.message.id,
                what=_(
                    "%(name)s, %(place)s, %(moment)s",
                    name=each.message.author.name,
                    place=places[each.message.sender],
                    moment=dates.moment(each.message.written_at),
                ),
                glimpse=_glimpse(each),
            )
            for each in _standing(found)
        ],
        "services": service_choices(session, without=members, today=local_date(turn.now)),
        "elsewhere": service_choices(session, without=[standing.home], today=local_date(turn.now)),
    }


def _glimpse(seen: Seen) -> str:
    """Return how a message begins, and what its documents are called."""
    content = seen.message.content
    text = " ".join(content.text.split())
    begins = text if len(text) <= _GLIMPSE else f"{text[:_GLIMPSE]}…"
    return " · ".join(part for part in (begins, *(file.name for file in content.files)) if part)
