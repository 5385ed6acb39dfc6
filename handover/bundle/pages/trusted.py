"""The clinician says that somebody the patient trusts was told of the handover, or why not."""

from datetime import date
from typing import Final
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from handover import web
from handover.access import allow
from handover.access.guard import note_refusal
from handover.bundle import service as handovers
from handover.bundle.pages.desk import MOVED, SENDERS, blueprint, turn_of
from handover.bundle.pages.tracking import moved_page, tracking_page
from handover.bundle.service import Case, Turn
from handover.bundle.standing import Standing
from handover.bundle.steps import TELLS_TRUSTED, untold
from handover.errors import Conflict, Invalid
from handover.web.forms import REFUSED, Form, parse_day
from handover.web.i18n import Sentence, Text
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l
from handover.workdays import local_date

OUTCOMES: Final[dict[str, Sentence]] = {
    "told": _l("Ja, de har fått beskjed"),
    "not-told": _l("Nei, og vi sier ikke fra"),
}
SENTENCES: Final[dict[str, Text]] = {
    "name.required": _l("Velg hvem det gjelder."),
    "outcome.required": _l("Velg om de har fått beskjed."),
    "on.required": _l("Skriv hvilken dag de fikk beskjed."),
    "on.date": _l("Skriv dagen som dag, måned og år, for eksempel 24.11.2026."),
    "on.future": _l("Dagen kan ikke være fram i tid."),
    "on.past": _l("Dagen kan ikke være før overføringen ble sendt."),
    "why_not.required": _l("Skriv hvorfor. Pasienten kan lese det."),
}


@blueprint.get("/<uuid:handover>/si-fra")
@allow(*SENDERS)
def telling(handover: UUID) -> ResponseReturnValue:
    """Ask who has been told; where nobody is left to tell, show where the handover stands."""
    turn = turn_of(handover)
    with web.transaction() as session:
        case = handovers.case_of(session, turn)
        if not is_open(case.standing):
            said = _("Det er ingen igjen å si fra til nå. Ingenting er endret.")
            return tracking_page(session, case, turn, problem=said), MOVED
        return _page(case, Form.of(_first(case, turn)))


@blueprint.post("/<uuid:handover>/si-fra")
@allow(*SENDERS)
def tell(handover: UUID) -> ResponseReturnValue:
    """Keep who was told on which day, or why not."""
    turn = turn_of(handover)
    try:
        with web.transaction() as session:
            name, why_not = request.form.get("name", ""), request.form.get("why_not", "")
            handovers.tell_trusted(session, turn, name, on=_day(), why_not=why_not)
    except Invalid as refused:
        note_refusal(refused)
        with web.transaction() as session:
            case = handovers.case_of(session, turn)
            return _page(case, Form.refused(request.form, refused, SENTENCES)), REFUSED
    except Conflict as moved:
        return moved_page(turn, moved, kept=request.form.get("why_not", ""))
    return redirect(url_for(".show", handover=handover, gjort="sagt-fra"))


def is_open(standing: Standing) -> bool:
    """Whether somebody is left to tell, and can be now."""
    return standing.status in TELLS_TRUSTED and bool(untold(standing))


def _page(case: Case, filled: Form) -> str:
    return render_template(
        "bundle/desk/tell.html",
        standing=case.standing,
        form=filled,
        names=[(name, name) for name in untold(case.standing)],
        outcomes=list(OUTCOMES.items()),
    )


def _first(case: Case, turn: Turn) -> dict[str, object]:
    left = untold(case.standing)
    return {"name": left[0] if len(left) == 1 else "", "on": f"{local_date(turn.now):%d.%m.%Y}"}


def _day() -> date | None:
    """Return the day the form names; None where they were not told. Raises Invalid."""
    outcome = request.form.get("outcome", "")
    if outcome not in OUTCOMES:
        raise Invalid("bundle.bad-telling", fields={"outcome": ["required"]})
    if outcome == "not-told":
        return None
    if not request.form.get("on", "").strip():
        raise Invalid("bundle.bad-telling", fields={"on": ["required"]})
    try:
        return parse_day(request.form["on"])
    except Invalid as odd:
        raise Invalid("bundle.bad-telling", fields={"on": ["date"]}) from odd
