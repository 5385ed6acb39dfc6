"""The list of patients' questions, for leaders of the service and security officers: read one, answer it."""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow, current_staff
from handover.access.guard import note_refusal
from handover.audit import service as audit
from handover.audit.model import Entry
from handover.audit.words import label
from handover.clock import now
from handover.directory import names
from handover.errors import Conflict, Invalid
from handover.inquiry import service
from handover.inquiry.model import ANSWERS, MAX_TEXT, Inquiry, InquiryId
from handover.person import service as person
from handover.web.errors import explain, show_present_state_at
from handover.web.forms import REFUSED, Form
from handover.web.i18n import Sentence, Text
from handover.web.i18n import lazy_gettext as _l
from handover.web.shell import MenuItem, add_menu_item

blueprint = Blueprint("inquiries", __name__, url_prefix="/sporsmal")
add_menu_item(
    blueprint,
    MenuItem(endpoint="inquiries.waiting", text=_l("Spørsmål fra pasienter"), order=50, roles=frozenset(ANSWERS)),
)
explain(
    blueprint,
    {"inquiry.already-answered": _l("Noen andre har svart pasienten. Svaret ditt er ikke sendt.")},
)
show_present_state_at(blueprint, "inquiries.show")
_MOVED: Final = 409
_SENTENCES: Final[dict[str, Text]] = {"text.required": _l("Skriv svaret til pasienten.")}
KINDS: Final[dict[str, Sentence]] = {
    "referral": _l("Henvisning %(reference)s"),
    "handover": _l("Overføring %(reference)s"),
    "message": _l("Melding %(reference)s"),
    "choices": _l("Valgene om deling"),
}
"""What a thing of each kind is called."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One question as the list and the page show it."""

    inquiry: Inquiry
    name: str = field(repr=False)
    birth_year: int | None
    place: str
    about: str
    entry: Entry | None
    did: Text
    is_overdue: bool
    is_own_act: bool
    """Whether it is about something the reader did."""


@blueprint.get("")
@allow(*ANSWERS)
def waiting() -> ResponseReturnValue:
    """Show what waits for an answer, by date, and what was answered lately."""
    by, at = current_staff(), now()
    with web.transaction() as session:
        asked = [_line(session, each) for each in service.waiting(session, by=by, now=at)]
        done = [_line(session, each) for each in service.answered(session, by=by, now=at)]
    return render_template("inquiry/list.html", asked=asked, done=done, is_done=bool(request.args.get("gjort")))


@blueprint.get("/<uuid:inquiry>")
@allow(*ANSWERS)
def show(inquiry: UUID) -> ResponseReturnValue:
    """Show one question, what it is about, and the form for the answer."""
    return _page(InquiryId(inquiry), Form())


@blueprint.post("/<uuid:inquiry>")
@allow(*ANSWERS)
def answer(inquiry: UUID) -> ResponseReturnValue:
    """Answer the patient, who reads it on the page where they asked."""
    try:
        with web.transaction() as session:
            service.answer(
                session, InquiryId(inquiry), request.form.get("text", ""), by=current_staff(), now=now()
            )
    except Invalid as refused:
        return _page(InquiryId(inquiry), Form.refused(request.form, refused, _SENTENCES)), REFUSED
    except Conflict as late:
        note_refusal(late)
        return _page(InquiryId(inquiry), Form.of(request.form), is_late=True), _MOVED
    return redirect(url_for(".waiting", gjort="svart"))


def _page(inquiry: InquiryId, form: Form, *, is_late: bool = False) -> str:
    with web.transaction() as session:
        line = _line(session, service.show(session, inquiry, by=current_staff(), now=now()))
    return render_template("inquiry/show.html", line=line, form=form, is_late=is_late, most=MAX_TEXT)


def _line(session: Session, each: Inquiry) -> Line:
    where, reader = each.about, current_staff()
    known = person.identities(session, where.agency, [each.person]).get(each.person)
    entry = None if where.entry is None else audit.entry(session, where.agency, where.entry)
    return Line(
        inquiry=each,
        name="" if known is None else known.name,
        birth_year=None if known is None else known.birth_date.year,
        place=names.of_service(session, each.about.service),
        about=(str(KINDS[where.kind]) % {"reference": where.reference}).rstrip(),
        entry=entry,
        did="" if entry is None else label(entry.event),
        is_overdue=each.is_overdue(now()),
        is_own_act=entry is not None and entry.who.id == reader.id,
    )
