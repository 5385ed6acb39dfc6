"""My handover after it was sent: what went to whom, who opened it, the meeting, who is responsible; one more item,
taking it back, and opening it again. The pages before sending are `bundle.pages.home`.
"""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import current_patient, patients_only
from handover.access.guard import note_refusal
from handover.actors import Party
from handover.audit.model import Entry as LogEntry
from handover.audit.model import EntryId
from handover.bundle import document, printing, words
from handover.bundle import service as handovers
from handover.bundle.lifecycle import AT_SENDER, Act, Side
from handover.bundle.pages import supplement
from handover.bundle.pages.desk import as_download
from handover.bundle.scenes import scene_of
from handover.bundle.service import Case, HandoverNotFound, Turn
from handover.bundle.standing import for_patient
from handover.bundle.words import log
from handover.bundle.words.document import shown
from handover.bundle.words.history import (
    decline_texts,
    meeting_texts,
    take_over_texts,
    trusted_of,
    withdrawal_texts,
)
from handover.clock import now
from handover.consent.model import MayNotTravel
from handover.directory import names
from handover.errors import Conflict, Invalid, NotFound
from handover.ids import HandoverId, ItemId
from handover.inquiry.model import About
from handover.notice import calendar
from handover.patient import asking
from handover.patient.readings import Reading, by_day
from handover.web.errors import explain, sentence_for
from handover.web.i18n import Text
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l

HOME: Final = "/mine-overforinger"
"""The patient's list of handovers, and the pages before sending (`bundle.pages.home`)."""
blueprint = Blueprint("after", __name__, url_prefix=f"{HOME}/<uuid:handover>")
explain(
    blueprint,
    {
        "bundle.already-there": _l("Det er alt sendt."),
        "bundle.already-asked": _l("Du har alt bedt om dette. Mottakeren har ikke svart ennå."),
    },
)

_MOVED: Final = 409
ABOUT: Final = "handover"
"""What questions about a handover are about (`inquiry.pages.KINDS`)."""
_SUBJECT: Final = _l("Du spør om overføring %(reference)s.")
_TOLD: Final = frozenset(
    {
        Act.APPROVE,
        Act.SEND,
        Act.SEND_AGAIN,
        Act.ARRIVE,
        Act.OPEN,
        Act.ASK,
        Act.NOTE_TO_RECEIVER,
        Act.NOTE_TO_SENDER,
        Act.TELL_TRUSTED,
        Act.PLAN_MEETING,
        Act.CANCEL_MEETING,
        Act.HOLD_MEETING,
        Act.TAKE_OVER,
        Act.DECLINE,
        Act.RELEASE_MORE,
        Act.WITHDRAW,
        Act.ANSWER_WITHDRAWAL,
        Act.REOPEN,
        Act.CLOSE,
    }
)
"""What is the patient's to read of the history; the rest is how it was written."""
_FILE_OPENED: Final = _l("%(name)s ved %(place)s åpnet et vedlegg.")


@blueprint.get("/sendt")
@patients_only
def show(handover: UUID) -> ResponseReturnValue:
    """Show where my handover is: who is responsible, what was sent, who opened it, the meeting, what I can do."""
    turn = _turn(handover)
    with web.transaction() as session:
        case = handovers.case_of(session, turn)
        if case.standing.status in AT_SENDER:
            return redirect(url_for("my_handovers.mark", handover=handover))
        return render_template("patient/handover.html", **_view(session, case, turn))


@blueprint.get("/dokument/<document_id>")
@patients_only
def sent_document(handover: UUID, document_id: str) -> ResponseReturnValue:
    """Show a document that was sent, from the very bytes that were."""
    turn = _turn(handover)
    with web.transaction() as session:
        case = handovers.case_of(session, turn)
        frozen = handovers.document_of(session, turn, _sent(case, document_id))
    return render_template(
        "patient/handover_document.html",
        standing=case.standing,
        shown=shown(document.read(frozen.document)),
        pdf_url=url_for(".sent_pdf", handover=handover, document_id=document_id),
        file_url=lambda file: url_for("my_handovers.file", handover=handover, file_id=case.file_id(file)),
    )


@blueprint.get("/dokument/<document_id>/pdf")
@patients_only
def sent_pdf(handover: UUID, document_id: str) -> ResponseReturnValue:
    """Give a document that was sent as PDF, printed from the same bytes; that is logged."""
    turn = _turn(handover)
    with web.transaction() as session:
        case = handovers.case_of(session, turn)
        frozen = handovers.document_of(session, turn, _sent(case, document_id))
    return as_download("overforing.pdf", "application/pdf", printing.handover(document.read(frozen.document)))


@blueprint.get("/mote")
@patients_only
def meeting(handover: UUID) -> ResponseReturnValue:
    """Give the meeting as a calendar file, which says when and nothing else; without one, where it all stands."""
    turn = _turn(handover)
    with web.transaction() as session:
        found = printing.invitation(handovers.case_of(session, turn).standing, now=turn.now)
    if found is None:
        return redirect(url_for(".show", handover=handover))
    return as_download("avtale.ics", calendar.MEDIA_TYPE, found)


@blueprint.get("/hvem-har-lest")
@patients_only
def readers(handover: UUID) -> ResponseReturnValue:
    """Show who has opened my handover at this node's agencies, newest first."""
    turn = _turn(handover)
    with web.transaction() as session:
        entries = handovers.who_opened(session, turn)
        readings = by_day(session, (each for each in entries if each.who.kind != "patient"), _reading)
        asked = asking.asked(session, _log(handover), kind=ABOUT, subjects=frozenset({handover}))
    return render_template(
        "patient/handover_readers.html",
        handover=handover,
        readings=readings,
        asked=asked,
        is_done=asking.is_done(),
    )


@blueprint.get("/spor")
@patients_only
def wonder(handover: UUID) -> ResponseReturnValue:
    """Show the form in which the patient asks about the handover, or about one line of who has read it."""
    return asking.form(_log(handover))


@blueprint.post("/spor")
@patients_only
def ask(handover: UUID) -> ResponseReturnValue:
    """Put the question on the list of those who answer; the answer is read where the log is read."""
    return asking.send(_log(handover))


def _log(handover: UUID) -> asking.Log:
    return asking.Log(
        url=url_for(".readers", handover=handover),
        heading=_("Hvem har lest overføringen?"),
        form=url_for(".ask", handover=handover),
        find=lambda session, entry: _wanted(session, _turn(handover), entry),
        tell=lambda session, entry: _reading(session, entry).sentence,
        subject=_SUBJECT,
    )


def _wanted(session: Session, turn: Turn, entry: EntryId | None) -> asking.Wanted:
    """Return what is asked about, and who the patient is there. Raises NotFound for what is not theirs.

    A line of the log is answered by the service where it was written; the handover by the service that is
    responsible, if that is here, else by the one here that keeps a copy.
    """
    case = handovers.case_of(session, turn)
    known, line = asking.owners(session), None
    where = case.responsible if case.responsible.agency in known else case.standing.home
    if entry is not None:
        line = next((each for each in handovers.who_opened(session, turn) if each.id == entry), None)
        if line is None or line.service is None or line.who.kind == "patient":
            raise NotFound
        where = Party(line.agency, line.service)
    about = About(
        agency=where.agency,
        service=where.service,
        kind=ABOUT,
        subject=turn.handover,
        reference=case.standing.reference,
        entry=None if line is None else line.id,
    )
    return asking.Wanted(about=about, person=known[where.agency], entry=line)


# --- one more item ---------------------------------------------------------------------------------------------


@blueprint.get("/mer")
@patients_only
def more(handover: UUID) -> ResponseReturnValue:
    """Show what stayed, so that I can let one thing more go along."""
    turn = _turn(handover)
    try:
        return supplement.more_page(turn)
    except Conflict as refused:
        return _refused(turn, refused)


@blueprint.get("/mer/<uuid:item>")
@patients_only
def preview_more(handover: UUID, item: UUID) -> ResponseReturnValue:
    """Show exactly what the receiver would get beside what was sent, and ask for the yes."""
    turn = _turn(handover)
    try:
        return supplement.preview_page(turn, ItemId(item), files_at="my_handovers.file")
    except (Conflict, Invalid) as refused:
        return _refused(turn, refused)


@blueprint.post("/mer")
@patients_only
def release_more(handover: UUID) -> ResponseReturnValue:
    """Say yes to the supplement that was shown: it is sent."""
    return _do(handover, supplement.release, "mer")


# --- taking back, opening again --------------------------------------------------------------------------------


@blueprint.get("/trekk")
@patients_only
def withdrawing(handover: UUID) -> ResponseReturnValue:
    """Say what happens when I take it back, and ask."""
    turn = _turn(handover)
    with web.transaction() as session:
        view = _view(session, handovers.case_of(session, turn), turn)
    return render_template("patient/handover_withdraw.html", **view)


@blueprint.post("/trekk")
@patients_only
def withdraw(handover: UUID) -> ResponseReturnValue:
    """Take it back."""
    return _do(handover, handovers.withdraw, "trukket")


@blueprint.post("/apne-igjen")
@patients_only
def reopen(handover: UUID) -> ResponseReturnValue:
    """Open the same handover again: my marks stand as they were, and nothing is sent without a new yes."""
    return _do(handover, handovers.reopen, "apnet")


def _do(handover: UUID, act: Callable[[Session, Turn], object], done: str) -> ResponseReturnValue:
    turn = _turn(handover)
    try:
        with web.transaction() as session:
            act(session, turn)
    except (Conflict, Invalid) as refused:
        return _refused(turn, refused)
    return redirect(url_for(".show", handover=handover, gjort=done))


def _refused(turn: Turn, refused: Conflict | Invalid) -> ResponseReturnValue:
    """Show where the handover stands, with one plain sentence: nothing was changed."""
    note_refusal(refused)
    said: Text = sentence_for(refused) or _("Det går ikke an å gjøre dette nå. Ingenting er endret.")
    if isinstance(refused, MayNotTravel):
        said = _("Valgene dine om deling sier nei til å sende mer dit. Ingenting er sendt.")
    with web.transaction() as session:
        case = handovers.case_of(session, turn)
        return render_template("patient/handover.html", problem=said, **_view(session, case, turn)), _MOVED


def _turn(handover: UUID) -> Turn:
    return Turn(handover=HandoverId(handover), by=current_patient(), now=now(), side=Side.PATIENT)


def _view(session: Session, case: Case, turn: Turn) -> dict[str, Any]:
    standing = for_patient(case.standing, turn.now)
    scene = scene_of(session, case.standing, Side.PATIENT, now=turn.now, delivery=case.delivery)
    places = names.of_authors(session, (entry.author for entry in case.history))
    is_shown = standing.status is case.standing.status
    history = [
        entry for entry in case.history if entry.act in _TOLD and (is_shown or entry.act is not Act.DECLINE)
    ]
    return {
        "handover": standing.handover,
        "standing": standing,
        "acts": case.acts if is_shown else (),
        "scene": scene,
        "label": words.label(scene),
        "banner": words.banner(scene),
        "baton": words.baton_of(scene),
        "steps": words.timeline(scene),
        "lines": [words.happened(entry, places) for entry in reversed(history)],
        "meeting": meeting_texts(standing.meeting),
        "take_over": take_over_texts(standing.take_over),
        "decline": decline_texts(standing.decline),
        "trusted": trusted_of(standing),
        "answer": withdrawal_texts(standing.withdrawal),
        "documents": [case.document_id(each) for each in standing.documents],
        "done": request.args.get("gjort", ""),
    }


def _sent(case: Case, document_id: str) -> str:
    """Return the hash of the sent document that an address names. Raises HandoverNotFound."""
    found = next((each for each in case.standing.documents if case.document_id(each) == document_id), None)
    if found is None:
        raise HandoverNotFound
    return found


def _reading(session: Session, entry: LogEntry) -> Reading:
    place = names.of_agency(session, entry.agency)
    said = log.sentence(entry, place) or _(_FILE_OPENED.bokmaal, name=entry.who.name, place=place)
    return Reading(entry=entry.id, at=entry.at, sentence=said)
