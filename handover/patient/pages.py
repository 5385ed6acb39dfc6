"""The patient's pages: my referrals with the steps and dates that staff see, what I can do, and who has read what.

A refusal is shown when DESIGN rule 14 says so: `referral.service` gives these pages nothing to hide. Adults only
for now. A patient sees the cases at the agencies of this node; the pages say that other nodes have their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from flask import Blueprint, current_app, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import current_patient, patients_only
from handover.addressbook import service as addressbook
from handover.addressbook.model import Standing
from handover.audit.model import Entry as LogEntry
from handover.audit.model import EntryId
from handover.audit.model import Event as Logged
from handover.bundle import service as handovers
from handover.bundle.lifecycle import Status as Handed
from handover.clock import now
from handover.config import Settings
from handover.directory import names
from handover.directory import service as directory
from handover.errors import NotFound
from handover.ids import AgencyId, ReferralId
from handover.inquiry.model import About
from handover.patient import asking
from handover.patient import questions as asks
from handover.patient.readings import Reading, by_day, told
from handover.person import service as person
from handover.person.age import is_under_age
from handover.referral import scenes, words
from handover.referral import service as referrals
from handover.referral.lifecycle import Act, Side, Status
from handover.referral.model import Acceptance, Entry, Party, Refusal
from handover.referral.service import PatientCase
from handover.referral.words import Label, Scene
from handover.web.i18n import Sentence
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l
from handover.web.parts import Happened, Pairs
from handover.web.shell import MenuItem, add_menu_item
from handover.workdays import local_date

blueprint = Blueprint("patient", __name__, url_prefix="/mine-henvisninger")
add_menu_item(
    blueprint, MenuItem(endpoint="patient.mine", text=_l("Mine henvisninger"), order=10, for_patients=True)
)

_DID: Final[Mapping[Logged, Sentence]] = {
    Logged.REFERRAL_READ: _l("%(name)s ved %(place)s leste henvisningen."),
    Logged.REFERRAL_OPEN: _l("%(name)s ved %(place)s åpnet henvisningen for første gang."),
    Logged.ATTACHMENT_READ: _l("%(name)s ved %(place)s åpnet et vedlegg."),
}
_YOU: Final = _l("Du leste henvisningen selv.")
ABOUT: Final = "referral"
"""What questions about a referral are about (`inquiry.pages.KINDS`)."""
_SUBJECT: Final = _l("Du spør om henvisning %(reference)s.")
_QUIET_ACTS: Final = frozenset({Act.INTERNAL_NOTE, Act.UNDO_SEND, Act.SEND_AGAIN, Act.REDIRECT_FAILED})
"""What happened inside an agency and says nothing of the patient's own case."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One referral in the patient's list."""

    url: str
    place: str
    sent_at: datetime | None
    label: Label
    is_late: bool


@blueprint.get("")
@patients_only
def mine() -> ResponseReturnValue:
    """Show the patient's referrals, the latest first."""
    patient, at = current_patient(), now()
    with web.transaction() as session:
        if _is_minor(session, patient.number, at):
            return render_template("patient/adults_only.html")
        found = referrals.my_referrals(session, _agencies(), by=patient, now=at)
        lines = [_line(session, case, at) for case in found]
        mine_to_mark = _to_mark(session, at)
        questions = asks.waiting(session)
    return render_template("patient/list.html", lines=lines, to_mark=mine_to_mark, questions=questions)


@blueprint.get("/<uuid:referral>")
@patients_only
def show(referral: UUID) -> ResponseReturnValue:
    """Show one referral: who has it, what happens now, by when, and what I can do."""
    patient, at = current_patient(), now()
    with web.transaction() as session:
        if _is_minor(session, patient.number, at):
            return redirect(url_for(".mine"))
        case = referrals.my_referral(session, _agencies(), ReferralId(referral), by=patient, now=at)
        scene = scenes.scene_of(session, case.standing, Side.PATIENT, now=at)
        view = {
            "lines": _lines(session, case),
            "call": _whom_to_call(session, case, scene),
            "referrer_call": _referrer_call(session, case, scene),
            "holder": _holder(session, case, at),
        }
    return render_template(
        "patient/case.html",
        standing=case.standing,
        scene=scene,
        label=words.label(scene),
        banner=words.banner(scene, None),
        steps=words.timeline(scene),
        answer=_answer(case),
        complaint=_complaint(case),
        can_do=_can_do(case),
        **view,
    )


@blueprint.get("/<uuid:referral>/hvem-har-lest")
@patients_only
def readers(referral: UUID) -> ResponseReturnValue:
    """Show who has opened the case at this node's agencies, newest first, and what the patient asked about it."""
    patient, at = current_patient(), now()
    with web.transaction() as session:
        found = referrals.who_opened(session, _agencies(), ReferralId(referral), by=patient, now=at)
        readings = by_day(session, found, _reading)
        places = [names.of_agency(session, agency) for agency in _agencies()]
        asked = asking.asked(session, _log(referral), kind=ABOUT, subjects=frozenset({referral}))
    return render_template(
        "patient/readers.html",
        referral=referral,
        readings=readings,
        places=places,
        asked=asked,
        is_done=asking.is_done(),
    )


@blueprint.get("/<uuid:referral>/spor")
@patients_only
def wonder(referral: UUID) -> ResponseReturnValue:
    """Show the form in which the patient asks about the case, or about one line of who has read it."""
    return asking.form(_log(referral))


@blueprint.post("/<uuid:referral>/spor")
@patients_only
def ask(referral: UUID) -> ResponseReturnValue:
    """Put the question on the list of those who answer; the answer is read where the log is read."""
    return asking.send(_log(referral))


def _log(referral: UUID) -> asking.Log:
    return asking.Log(
        url=url_for(".readers", referral=referral),
        heading=_("Hvem har lest henvisningen?"),
        form=url_for(".ask", referral=referral),
        find=lambda session, entry: _wanted(session, ReferralId(referral), entry),
        tell=lambda session, entry: _reading(session, entry).sentence,
        subject=_SUBJECT,
    )


def _wanted(session: Session, referral: ReferralId, entry: EntryId | None) -> asking.Wanted:
    """Return what is asked about, and who the patient is there. Raises NotFound for what is not theirs.

    A line of the log is answered by the service where it was written; the case where it lies now, if that is here.
    """
    patient, at = current_patient(), now()
    case = referrals.my_referral(session, _agencies(), referral, by=patient, now=at)
    where, line = case.where, None
    if entry is not None:
        found = referrals.who_opened(session, _agencies(), referral, by=patient, now=at)
        line = next((each for each in found if each.id == entry and each.service is not None), None)
        if line is None or line.service is None:
            raise NotFound
        where = Party(line.agency, line.service)
    about = About(
        agency=where.agency,
        service=where.service,
        kind=ABOUT,
        subject=referral,
        reference=case.standing.reference,
        entry=None if line is None else line.id,
    )
    return asking.Wanted(about=about, person=asking.owner_at(session, where.agency), entry=line)


def _agencies() -> tuple[AgencyId, ...]:
    return cast(Settings, current_app.extensions["handover.settings"]).agencies


def _to_mark(session: Session, at: datetime) -> list[str]:
    """Return where to go on choosing what travels, for each handover that waits for that."""
    found = handovers.my_handovers(session, _agencies(), current_patient(), now=at)
    waiting = [each.standing.handover for each in found if each.standing.status is Handed.WITH_PATIENT]
    return [url_for("my_handovers.mark", handover=handover) for handover in waiting]


def _is_minor(session: Session, number: str, at: datetime) -> bool:
    """Whether an agency here knows the person as younger than the law's adult age (NORWAY.md, "Sharing")."""
    for agency in _agencies():
        found = person.of_number(session, agency, number)
        if found is None:
            continue
        try:
            born = person.identity_of(session, agency, found).birth_date
        except NotFound:
            continue
        if is_under_age(born, at):
            return True
    return False


def _line(session: Session, case: PatientCase, at: datetime) -> Line:
    scene = scenes.scene_of(session, case.standing, Side.PATIENT, now=at)
    return Line(
        url=url_for(".show", referral=case.standing.referral),
        place=scene.place,
        sent_at=case.standing.sent_at,
        label=words.label(scene),
        is_late=case.is_overdue,
    )


def _answer(case: PatientCase) -> Pairs:
    return tuple(
        (term, text) for term, text in words.outcome_texts(case.standing.outcome) if term != _("Hvordan klage")
    )


def _complaint(case: PatientCase) -> str:
    outcome = case.standing.outcome
    return outcome.complaint if isinstance(outcome, Acceptance | Refusal) else ""


def _can_do(case: PatientCase) -> list[str]:
    """Return what the patient can do now, one sentence each."""
    status, found = case.standing.status, []
    if case.is_overdue:
        found.append(_("Fristen er ute. Helfo kan hjelpe deg å finne et annet sted."))
    if status is Status.SCHEDULED and case.standing.appointment is not None:
        phone = case.standing.appointment.phone
        found.append(_("Passer ikke timen? Ring %(phone)s, så får du en ny.", phone=phone))
    if status is Status.REJECTED:
        found.append(_("Den som henviste deg, kan sende en ny henvisning hvis noe endrer seg."))
    if status not in {Status.COMPLETED, Status.REJECTED, Status.WITHDRAWN, Status.ENTERED_IN_ERROR}:
        found.append(_("Er det noe du vil legge til? Si det til den som henviste deg, så sender de det."))
        found.append(_("Vil du ikke ha henvisningen lenger? Si det til den som henviste deg."))
    return found


def _whom_to_call(session: Session, case: PatientCase, scene: Scene) -> Pairs:
    standing = case.standing
    return (
        (_("Hvem"), ", ".join(filter(None, (standing.assessor, scene.place)))),
        (_("Telefon"), standing.assessor_phone or scene.phone or names.phone_of(session, standing.holder)),
    )


def _holder(session: Session, case: PatientCase, at: datetime) -> Standing | None:
    """Return what the address book says of the service that has the case; None where it does not know it."""
    holder = case.standing.holder
    if holder is None:
        return None
    try:
        service = directory.service_of(session, holder.service)
    except NotFound:
        return None
    return addressbook.standing_of(session, service, today=local_date(at))


def _referrer_call(session: Session, case: PatientCase, scene: Scene) -> Pairs:
    author = case.standing.author
    return (
        (_("Hvem"), ", ".join(filter(None, (author.name, scene.referrer)))),
        (_("Telefon"), author.phone or names.phone_of(session, case.standing.referrer)),
    )


def _lines(session: Session, case: PatientCase) -> list[Happened[Entry]]:
    shown = [entry for entry in case.history if entry.act not in _QUIET_ACTS]
    places = names.of_authors(session, (entry.author for entry in shown))
    return [words.happened(entry, places) for entry in reversed(shown)]


def _reading(session: Session, entry: LogEntry) -> Reading:
    return told(session, entry, staff=_DID[entry.event], patient=_YOU)
