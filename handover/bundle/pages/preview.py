"""Exactly what the receiver will see, from the same bytes; and the yes to them, on a page of its own."""

from typing import Final

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from handover import web
from handover.bundle import document
from handover.bundle import service as handovers
from handover.bundle.lifecycle import AT_SENDER
from handover.bundle.model import FIXED_SENTENCE, Mark
from handover.bundle.pages.cards import cards
from handover.bundle.pages.marking import LAYOUTS, MOVED, is_patient, refused_page
from handover.bundle.pages.sight import sight_of
from handover.bundle.service import Turn
from handover.bundle.words.document import shown
from handover.errors import Conflict, Invalid
from handover.web.errors import sentence_for
from handover.web.i18n import Text
from handover.web.i18n import lazy_gettext as _l

MISSING: Final[dict[str, Text]] = {
    "receiver": _l("Det er ikke valgt hvem som skal ta over. Velg det først."),
}


def page(turn: Turn) -> ResponseReturnValue:
    """Show the document as the receiver would get it, and name once what is not decided: it stays."""
    return _page(turn, "bundle/preview.html")


def yes_page(turn: Turn) -> ResponseReturnValue:
    """Ask for the yes, after the receiver's view was shown."""
    return _page(turn, "bundle/yes.html")


def say_yes(turn: Turn) -> ResponseReturnValue:
    """Say yes to the document that was shown; if something was changed meanwhile, the new one is shown first."""
    try:
        with web.transaction() as session:
            handovers.approve(session, turn, request.form.get("sha256", ""))
    except (Conflict, Invalid) as refused:
        return refused_page(turn, refused)
    return redirect(url_for(".show", handover=turn.handover, gjort="ja"))


def _page(turn: Turn, template: str) -> ResponseReturnValue:
    problem: Text = ""
    frozen = None
    with web.transaction() as session:
        case = handovers.case_of(session, turn)
        if case.standing.status not in AT_SENDER:
            return redirect(url_for(".show", handover=turn.handover))
        try:
            frozen = handovers.preview(session, turn)
        except Invalid as missing:
            problem = _missing(missing)
        case = handovers.case_of(session, turn)
        if frozen is None:
            template = "bundle/preview.html"
        paper = None if frozen is None else document.read(frozen.document)
        return render_template(
            template,
            layout=LAYOUTS[is_patient(turn)],
            is_patient=is_patient(turn),
            case=case,
            standing=case.standing,
            sight=sight_of(session, case, turn, in_meeting=True),
            shown=None if paper is None else shown(paper),
            sha256="" if frozen is None else frozen.sha256,
            undecided=[each for each in cards(case, turn) if each.mark is Mark.UNDECIDED],
            travelling=0 if paper is None else len(paper.entries),
            file_url=lambda file: url_for(".file", handover=turn.handover, file_id=case.file_id(file)),
            wishes=case.standing.wishes,
            clinician=case.standing.clinician.name,
            fixed_sentence=_l(FIXED),
            problem=problem,
        ), (MOVED if problem else 200)


FIXED: Final = FIXED_SENTENCE


def _missing(refused: Invalid) -> Text:
    return next((MISSING[name] for name in refused.fields if name in MISSING), "") or sentence_for(refused)
