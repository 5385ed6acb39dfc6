"""A service asks whether it may send something; the patient reads who, why and to whom, and answers yes or no.

The answer is a choice like those of «Mine valg om deling», and is found there afterwards. A question to somebody
else is not there.
"""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import current_patient, patients_only
from handover.access.guard import note_refusal
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.clock import now
from handover.consent import asking, schema, words
from handover.consent.asking import AlreadyAnswered, RequestNotFound
from handover.consent.model import BadChoice, Reply, Request, RequestId, Terms
from handover.consent.vocabulary import topic_names
from handover.ids import AgencyId, PersonId
from handover.message import service as messages
from handover.patient.asking import owners
from handover.team import noticing
from handover.team import service as team
from handover.team.model import TaskKind
from handover.web.forms import REFUSED, Form
from handover.web.i18n import language

blueprint = Blueprint("questions", __name__, url_prefix="/mine-valg/sporsmal")
_TASKS: Final = {Reply.YES: TaskKind.PERMIT_GIVEN, Reply.NO: TaskKind.PERMIT_REFUSED}
_MOVED: Final = 409


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question to the patient, and at which agency."""

    agency: AgencyId
    person: PersonId
    request: Request = field(repr=False)


@blueprint.get("/<uuid:question>")
@patients_only
def show(question: UUID) -> ResponseReturnValue:
    """Show who asks to send what to whom, who can read it there, and let me answer."""
    with web.transaction() as session:
        found = _find(session, question)
        _opened(session, found)
        return _page(session, found, Form.of(_filled(found.request)))


@blueprint.post("/<uuid:question>")
@patients_only
def answer(question: UUID) -> ResponseReturnValue:
    """Say yes to as much as I have chosen, or no; whoever asked is told."""
    says = Reply.NO if request.form.get("answer") == "no" else Reply.YES
    try:
        with web.transaction() as session:
            _answer(session, _find(session, question), says)
    except BadChoice as refused:
        with web.transaction() as session:
            form = Form.refused(request.form, refused, words.SENTENCES)
            return _page(session, _find(session, question), form), REFUSED
    except AlreadyAnswered as late:
        note_refusal(late)
        with web.transaction() as session:
            found = _find(session, question)
            return _page(session, found, Form.of(_filled(found.request))), _MOVED
    return redirect(url_for("choices.mine", gjort="svart-ja" if says is Reply.YES else "svart-nei"))


def waiting(session: Session) -> list[tuple[str, words.Asked]]:
    """Return the questions that the patient has not answered, each with where it is read."""
    return [
        (url_for("questions.show", question=each.request.id), words.asked(session, each.request))
        for each in _all(session)
        if each.request.reply is None
    ]


def _answer(session: Session, found: Asked, says: Reply) -> None:
    by, at, wanted = current_patient(), now(), found.request.wanted
    if says is Reply.YES:
        asking.say_yes(session, found.agency, found.person, found.request.id, _terms(found), by=by, now=at)
    else:
        asking.say_no(session, found.agency, found.person, found.request.id, by=by, now=at)
    _opened(session, found)
    team.raise_task(
        session,
        found.agency,
        kind=_TASKS[says],
        text="",
        now=at,
        service=wanted.service,
        for_staff=found.request.asker,
        subject=wanted.case,
        subject_kind=wanted.case_kind,
    )


def _terms(found: Asked) -> Terms:
    """Return what the patient says yes to: never more than was asked for. Raises BadChoice."""
    typed, wanted = request.form.copy(), found.request.wanted
    typed["target"], typed["purpose"] = schema.target_value(wanted.target), wanted.terms.purpose
    typed.setlist("topics", [each for each in typed.getlist("topics") if each in wanted.terms.topics])
    return schema.read_permit(typed)[1]


def _find(session: Session, wanted: UUID) -> Asked:
    found = next((each for each in _all(session) if each.request.id == RequestId(wanted)), None)
    if found is None:
        raise RequestNotFound
    return found


def _all(session: Session) -> list[Asked]:
    return [
        Asked(agency=agency, person=person, request=each)
        for agency, person in owners(session).items()
        for each in asking.to_patient(session, agency, person)
    ]


def _opened(session: Session, found: Asked) -> None:
    """Log that the patient has read it: nobody needs to write or call, unless another one waits."""
    audit.record(
        session,
        event=Logged.CONSENT_READ,
        actor=current_patient(),
        agency=found.agency,
        persons=[found.person],
        now=now(),
    )
    if not _another_waits(session, found):
        known = {found.agency: found.person}
        noticing.patient_opened(session, [found.request.wanted.case], known, now=now())


def _another_waits(session: Session, found: Asked) -> bool:
    """Whether the patient was asked something else for the same case, which this answer does not answer."""
    asked = asking.to_patient(session, found.agency, found.person)
    return any(
        each.reply is None and each.id != found.request.id and each.wanted.case == found.request.wanted.case
        for each in asked
    )


def _filled(asked: Request) -> dict[str, object]:
    terms = asked.wanted.terms
    return {"topics": terms.topics, "until": f"{terms.until:%d.%m.%Y}"}


def _page(session: Session, found: Asked, form: Form) -> str:
    named = topic_names(language())
    return render_template(
        "patient/question.html",
        asked=words.asked(session, found.request),
        is_case=messages.is_case(session, found.request, found.agency),
        form=form,
        topics=[(code, named[code]) for code in found.request.wanted.terms.topics],
    )
