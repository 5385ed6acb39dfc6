"""One thing more goes along after sending: the same pages for the patient alone and for two people in a meeting.

The clinician does it on the patient's word, as with marking, and the log says so. What is the patient's own and
was not allowed stays invisible to the clinician here too.
"""

from dataclasses import dataclass, field
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow
from handover.bundle import document
from handover.bundle import service as handovers
from handover.bundle.lifecycle import Act
from handover.bundle.model import Content, Mark, TopicCode
from handover.bundle.pages.desk import SENDERS, blueprint, turn_of
from handover.bundle.pages.marking import LAYOUTS, is_patient
from handover.bundle.pages.sight import sight_of
from handover.bundle.pages.tracking import moved_page
from handover.bundle.service import Case, Turn
from handover.bundle.words import content as said
from handover.bundle.words.document import shown
from handover.errors import Conflict, Invalid
from handover.ids import ItemId
from handover.moves import MoveNotAllowed
from handover.web.i18n import language


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One item that stayed, as the patient chooses among them."""

    item: ItemId
    topic: str
    text: str = field(repr=False)


# --- the clinician's addresses; the patient's are `patient.afterwards` -------------------------------------------


@blueprint.get("/<uuid:handover>/mer")
@allow(*SENDERS)
def more(handover: UUID) -> ResponseReturnValue:
    """Show what stayed, so that the patient can choose one thing more."""
    turn = turn_of(handover)
    try:
        return more_page(turn)
    except Conflict as refused:
        return moved_page(turn, refused)


@blueprint.get("/<uuid:handover>/mer/<uuid:item>")
@allow(*SENDERS)
def preview_more(handover: UUID, item: UUID) -> ResponseReturnValue:
    """Show exactly what the receiver would get beside what was sent, and ask the patient for the yes."""
    turn = turn_of(handover)
    try:
        return preview_page(turn, ItemId(item), files_at=".file")
    except (Conflict, Invalid) as refused:
        return moved_page(turn, refused)


@blueprint.post("/<uuid:handover>/mer")
@allow(*SENDERS)
def release_more(handover: UUID) -> ResponseReturnValue:
    """Write down the patient's yes to the supplement that was shown: it is sent."""
    turn = turn_of(handover)
    try:
        with web.transaction() as session:
            release(session, turn)
    except (Conflict, Invalid) as refused:
        return moved_page(turn, refused)
    return redirect(url_for(".show", handover=handover, gjort="mer"))


# --- the pages ---------------------------------------------------------------------------------------------------


def more_page(turn: Turn) -> ResponseReturnValue:
    """Show what stayed, of what this reader is shown. Raises MoveNotAllowed where nothing more can go along."""
    with web.transaction() as session:
        case = handovers.case_of(session, turn)
        if Act.RELEASE_MORE not in case.acts:
            status = case.standing.status.value
            raise MoveNotAllowed("bundle.move-not-allowed", status=status, act=Act.RELEASE_MORE.value)
        return render_template("bundle/more.html", kept=_kept(case), **_view(session, case, turn))


def preview_page(turn: Turn, item: ItemId, *, files_at: str) -> ResponseReturnValue:
    """Show the supplement from its own bytes; `files_at`: a file's endpoint. Raises as `preview_supplement`."""
    with web.transaction() as session:
        frozen = handovers.preview_supplement(session, turn, item)
        case = handovers.case_of(session, turn)
        return render_template(
            "bundle/supplement.html",
            shown=shown(document.read(frozen.document)),
            sha256=frozen.sha256,
            file_url=lambda file: url_for(files_at, handover=turn.handover, file_id=case.file_id(file)),
            **_view(session, case, turn),
        )


def release(session: Session, turn: Turn) -> None:
    """Say the yes to the supplement whose hash the form carries. Raises what `release_more` raises."""
    handovers.release_more(session, turn, request.form.get("sha256", ""))


def _view(session: Session, case: Case, turn: Turn) -> dict[str, object]:
    return {
        "layout": LAYOUTS[is_patient(turn)],
        "is_patient": is_patient(turn),
        "standing": case.standing,
        "sight": sight_of(session, case, turn, in_meeting=True),
        "clinician": turn.by.name,
    }


def _kept(case: Case) -> list[Kept]:
    found = [item for item in case.items if item.marked.mark is not Mark.TRAVELS and not item.removed]
    return [
        Kept(item=item.id, topic=_topic(case, item.content.topic), text=_text(item.content))
        for item in found
        if _text(item.content)
    ]


def _topic(case: Case, code: TopicCode) -> str:
    topic = case.topics.get(code)
    return "" if topic is None else topic.name[language()]


def _text(content: Content) -> str:
    parts = (content.title, content.own_words, content.text, content.file.name if content.file else "")
    heading = said.heading(content.details)
    return "\n".join(part for part in (heading, *parts) if part.strip())
