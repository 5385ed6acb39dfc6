"""What the patient has chosen about sharing, as the staff of a case see it; and a yes given to them in person.

Reached from a referral or a handover that the reader works with: who sees the case sees what may be sent in it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow, current_staff
from handover.actors import Role
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.bundle import service as handovers
from handover.bundle.lifecycle import Side as HandoverSide
from handover.bundle.store import ROLES as HANDOVER_ROLES
from handover.clock import now
from handover.consent import reach, schema, words
from handover.consent import service as consent
from handover.consent.model import HANDOVER, REFERRAL, BadChoice, Target
from handover.consent.vocabulary import purpose_names, topic_names
from handover.directory import service as directory
from handover.directory.model import Service
from handover.errors import NotFound
from handover.ids import AgencyId, HandoverId, PersonId, ReferralId, ServiceId
from handover.person import service as person
from handover.person.model import Identity
from handover.referral import service as referrals
from handover.referral.lifecycle import Side as ReferralSide
from handover.web.forms import REFUSED, Form
from handover.web.i18n import language
from handover.workdays import local_date

blueprint = Blueprint("sharing", __name__, url_prefix="/deling")

_USUAL: Final = timedelta(days=90)
_SENDERS: Final = HANDOVER_ROLES[HandoverSide.SENDER]


@dataclass(frozen=True, kw_only=True)
class Shared:
    """A case in which something is to be sent about a patient."""

    agency: AgencyId
    service: ServiceId
    """Where the case is worked with: who answers when the patient asks why somebody looked."""
    purpose: str
    receiver: Service | None
    """None where nobody is chosen, or the directory no longer has the service."""
    person: PersonId | None
    identity: Identity | None = field(repr=False)
    back: str
    """The case's own page."""


Find = Callable[[Session], Shared]


@blueprint.get("/henvisning/<uuid:referral>")
@allow(Role.REFERRER)
def of_referral(referral: UUID) -> ResponseReturnValue:
    """Show what a referral may hold by the patient's choices."""
    return _show(lambda session: _referral(session, referral))


@blueprint.post("/henvisning/<uuid:referral>")
@allow(Role.REFERRER)
def permit_referral(referral: UUID) -> ResponseReturnValue:
    """Write down the yes a patient gave in person, from a referral."""
    return _permit(lambda session: _referral(session, referral))


@blueprint.get("/overforing/<uuid:handover>")
@allow(*_SENDERS)
def of_handover(handover: UUID) -> ResponseReturnValue:
    """Show what a handover may hold by the patient's choices."""
    return _show(lambda session: _handover(session, handover))


@blueprint.post("/overforing/<uuid:handover>")
@allow(*_SENDERS)
def permit_handover(handover: UUID) -> ResponseReturnValue:
    """Write down the yes a patient gave in person, from a handover."""
    return _permit(lambda session: _handover(session, handover))


def _show(find: Find) -> ResponseReturnValue:
    with web.transaction() as session:
        shared = find(session)
        if shared.person is not None:
            audit.record(
                session,
                event=Logged.CONSENT_READ,
                actor=current_staff(),
                agency=shared.agency,
                persons=[shared.person],
                service=shared.service,
                now=now(),
            )
        return _page(session, shared, Form.of(_known(shared)))


def _permit(find: Find) -> ResponseReturnValue:
    try:
        with web.transaction() as session:
            shared = find(session)
            _keep(session, shared)
    except BadChoice as refused:
        with web.transaction() as session:
            return _page(session, find(session), Form.refused(request.form, refused, words.SENTENCES)), REFUSED
    return redirect(f"{request.path}?gjort=lagret")


def _keep(session: Session, shared: Shared) -> None:
    """Keep the yes, with the writer as its witness. Raises BadChoice; nothing is kept on somebody's guess."""
    missing = {} if request.form.get("said") == "yes" else {"said": ["required"]}
    try:
        target, terms = schema.read_permit(request.form)
        if schema.target_value(target) not in dict(_targets(session, shared.receiver)):
            raise BadChoice(fields={"target": ["required"]})
        reach.refuse_unknown(session, target, is_permit=True)
    except BadChoice as refused:
        raise BadChoice(fields={**refused.fields, **missing}) from refused
    if missing or shared.identity is None:
        raise BadChoice(fields=missing or {"said": ["required"]})
    at = now()
    known = shared.person or person.find_or_create(session, shared.agency, shared.identity, now=at)
    consent.permit(session, shared.agency, known, target, terms, by=current_staff(), now=at, at=shared.service)


def _page(session: Session, shared: Shared, filled: Form) -> str:
    at, to = now(), shared.receiver
    choices = () if shared.person is None else consent.choices_of(session, shared.agency, shared.person)
    may_go = "" if to is None else words.what_may_go(_scope(session, shared, to))
    return render_template(
        "worklist/sharing.html",
        shared=shared,
        form=filled,
        place="" if to is None else reach.name_of(session, Target(agency=to.agency, service=to.id)),
        may_go=may_go,
        needs_permit=to is not None and not to.is_health,
        choices=[words.told(session, choice, now=at) for choice in reversed(choices)],
        targets=_targets(session, to),
        purposes=list(purpose_names(language()).items()),
        topics=list(topic_names(language()).items()),
        done=request.args.get("gjort", ""),
    )


def _scope(session: Session, shared: Shared, to: Service) -> frozenset[str] | None:
    if shared.person is None:
        return None if to.is_health else frozenset()
    return consent.permitted_topics(session, shared.agency, shared.person, to, now(), shared.purpose)


def _targets(session: Session, to: Service | None) -> list[tuple[str, str]]:
    if to is None:
        return []
    offered = (Target(agency=to.agency), Target(agency=to.agency, service=to.id))
    return [(schema.target_value(each), reach.name_of(session, each)) for each in offered]


def _known(shared: Shared) -> Mapping[str, object]:
    to = shared.receiver
    return {
        "target": "" if to is None else schema.target_value(Target(agency=to.agency, service=to.id)),
        "purpose": shared.purpose,
        "until": f"{local_date(now()) + _USUAL:%d.%m.%Y}",
    }


def _referral(session: Session, referral: UUID) -> Shared:
    turn = referrals.Turn(referral=ReferralId(referral), by=current_staff(), now=now(), side=ReferralSide.REFERRER)
    case = referrals.show(session, turn)
    standing, identity = case.standing, case.content.patient
    known = standing.person
    if known is None and identity is not None and identity.number:
        known = person.of_number(session, standing.home.agency, identity.number)
    return Shared(
        agency=standing.home.agency,
        service=standing.home.service,
        purpose=REFERRAL,
        receiver=_service(session, standing.holder.service if standing.holder else None),
        person=known,
        identity=identity,
        back=url_for("sending.show", referral=referral),
    )


def _handover(session: Session, handover: UUID) -> Shared:
    turn = handovers.Turn(handover=HandoverId(handover), by=current_staff(), now=now(), side=HandoverSide.SENDER)
    case = handovers.case_of(session, turn)
    standing = case.standing
    return Shared(
        agency=standing.home.agency,
        service=standing.home.service,
        purpose=HANDOVER,
        receiver=_service(session, standing.receiver.service if standing.receiver else None),
        person=standing.person,
        identity=case.patient,
        back=url_for("handovers.show", handover=handover),
    )


def _service(session: Session, wanted: ServiceId | None) -> Service | None:
    if wanted is None:
        return None
    try:
        return directory.service_of(session, wanted)
    except NotFound:
        return None
