"""What the patient has chosen about sharing, as the staff of a case see it; and what was said to them in person.

A no is written down in the same way as a yes, and a choice is taken back so. Reached from a referral, a handover
or a thread (`permits`) that the reader works with: who sees the case sees what may be sent in it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, TypeVar
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
from handover.consent.model import HANDOVER, REFERRAL, BadChoice, Choice, Kind, Request, Target, Terms
from handover.consent.reach import Reach
from handover.consent.service import ChoiceNotFound
from handover.consent.vocabulary import purpose_names, topic_names
from handover.consent.words import who_of
from handover.directory import service as directory
from handover.directory.model import Service
from handover.errors import Conflict, NotFound
from handover.ids import AgencyId, HandoverId, PersonId, ReferralId, ServiceId
from handover.person import service as person
from handover.person.alike import ANOTHER, KnownAlready, alike
from handover.person.model import Identity
from handover.referral import service as referrals
from handover.referral.lifecycle import Side as ReferralSide
from handover.referral.lifecycle import Status
from handover.referral.sharing import is_unsettled
from handover.web.dates import upfirst
from handover.web.errors import explain
from handover.web.forms import REFUSED, Form
from handover.web.i18n import language
from handover.web.i18n import lazy_gettext as _l
from handover.workdays import local_date

blueprint = Blueprint("sharing", __name__, url_prefix="/deling")
explain(
    blueprint,
    {
        "sharing.stale": _l(
            "Saken gjelder en annen enn da du åpnet siden. Ingenting er lagret. Se hvem den gjelder."
        )
    },
)

_T = TypeVar("_T")
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
    url: str
    """This page."""
    draft: referrals.Turn | None = None
    """Of a referral that has not been sent: it remembers who its patient is."""
    same: list[tuple[str, str]] = field(default_factory=list, repr=False)
    """Who the patient may be, where no number says so and nobody has said it yet."""
    needs: frozenset[str] = frozenset()
    """Topics that what is written takes, where that is known."""
    asked: tuple[Request, ...] = field(default=(), repr=False)
    """What the patient was asked for this case, the latest first."""
    ask_url: str = ""
    """Where the patient is asked on their own page; empty where that is not done."""

    @property
    def about(self) -> str:
        """How a form says whom it was about when it was shown; empty for somebody not registered yet."""
        return "" if self.person is None else str(self.person)


class StalePage(Conflict):
    """The case is about somebody else than when the form was shown."""

    code = "sharing.stale"


Find = Callable[[Session], Shared]
Keep = Callable[[Session, Shared], object]


@blueprint.get("/henvisning/<uuid:referral>")
@allow(Role.REFERRER)
def of_referral(referral: UUID) -> ResponseReturnValue:
    """Show what a referral may hold by the patient's choices."""
    return show(_in_referral(referral))


@blueprint.post("/henvisning/<uuid:referral>")
@allow(Role.REFERRER)
def permit_referral(referral: UUID) -> ResponseReturnValue:
    """Write down the yes a patient gave in person, from a referral."""
    return permit(_in_referral(referral))


@blueprint.post("/henvisning/<uuid:referral>/hvem")
@allow(Role.REFERRER)
def settle_referral(referral: UUID) -> ResponseReturnValue:
    """Say whether the patient of a draft, who has no number, is somebody known here."""
    find = _in_referral(referral)

    def keep(session: Session, shared: Shared) -> None:
        if shared.draft is not None:
            referrals.know_patient(session, shared.draft, same=_same())

    return keep_choice(find, keep, _page, done="hvem")


@blueprint.get("/henvisning/<uuid:referral>/nei")
@allow(Role.REFERRER)
def blocking_referral(referral: UUID) -> ResponseReturnValue:
    """Show the form for a no given in person, from a referral."""
    return show_no(_in_referral(referral))


@blueprint.post("/henvisning/<uuid:referral>/nei")
@allow(Role.REFERRER)
def block_referral(referral: UUID) -> ResponseReturnValue:
    """Write down the no a patient gave in person, from a referral."""
    return block(_in_referral(referral))


@blueprint.get("/henvisning/<uuid:referral>/tilbake")
@allow(Role.REFERRER)
def taking_back_referral(referral: UUID) -> ResponseReturnValue:
    """Ask whether the patient takes a choice back, from a referral."""
    return show_back(_in_referral(referral))


@blueprint.post("/henvisning/<uuid:referral>/tilbake")
@allow(Role.REFERRER)
def take_back_referral(referral: UUID) -> ResponseReturnValue:
    """Write down that the patient takes a choice back, from a referral."""
    return take_back(_in_referral(referral))


@blueprint.get("/overforing/<uuid:handover>")
@allow(*_SENDERS)
def of_handover(handover: UUID) -> ResponseReturnValue:
    """Show what a handover may hold by the patient's choices."""
    return show(_in_handover(handover))


@blueprint.post("/overforing/<uuid:handover>")
@allow(*_SENDERS)
def permit_handover(handover: UUID) -> ResponseReturnValue:
    """Write down the yes a patient gave in person, from a handover."""
    return permit(_in_handover(handover))


@blueprint.get("/overforing/<uuid:handover>/nei")
@allow(*_SENDERS)
def blocking_handover(handover: UUID) -> ResponseReturnValue:
    """Show the form for a no given in person, from a handover."""
    return show_no(_in_handover(handover))


@blueprint.post("/overforing/<uuid:handover>/nei")
@allow(*_SENDERS)
def block_handover(handover: UUID) -> ResponseReturnValue:
    """Write down the no a patient gave in person, from a handover."""
    return block(_in_handover(handover))


@blueprint.get("/overforing/<uuid:handover>/tilbake")
@allow(*_SENDERS)
def taking_back_handover(handover: UUID) -> ResponseReturnValue:
    """Ask whether the patient takes a choice back, from a handover."""
    return show_back(_in_handover(handover))


@blueprint.post("/overforing/<uuid:handover>/tilbake")
@allow(*_SENDERS)
def take_back_handover(handover: UUID) -> ResponseReturnValue:
    """Write down that the patient takes a choice back, from a handover."""
    return take_back(_in_handover(handover))


# --- what is shown ---------------------------------------------------------------------------------------------


def show(find: Find) -> ResponseReturnValue:
    """Show what the case may hold by the patient's choices."""
    with web.transaction() as session:
        shared = find(session)
        log_read(session, shared)
        return _page(session, shared, Form.of(filled_for(shared)))


def show_no(find: Find) -> ResponseReturnValue:
    """Show the form for a no given in person."""
    with web.transaction() as session:
        shared = find(session)
        if shared.same:
            return redirect(shared.url)
        log_read(session, shared)
        return _no_page(session, shared, Form.of({"target": filled_for(shared)["target"]}))


def show_back(find: Find) -> ResponseReturnValue:
    """Ask whether the patient takes a choice back."""
    with web.transaction() as session:
        shared = find(session)
        if not request.args.get("valg"):
            return redirect(shared.url)
        log_read(session, shared)
        return _back_page(session, shared, Form.of({"choice": request.args["valg"]}))


def log_read(session: Session, shared: Shared) -> None:
    """Log whose choices are shown, and whoever is shown as perhaps the same person."""
    for event, persons in (
        (Logged.CONSENT_READ, [shared.person] if shared.person is not None else []),
        (Logged.PERSON_SEARCH, [PersonId(UUID(value)) for value, _name in shared.same if value != str(ANOTHER)]),
    ):
        if persons:
            audit.record(
                session,
                event=event,
                actor=current_staff(),
                agency=shared.agency,
                persons=persons,
                service=shared.service,
                now=now(),
            )


# --- what is written down on the patient's word ------------------------------------------------------------------


def permit(find: Find) -> ResponseReturnValue:
    """Keep a yes, with the writer as its witness."""

    def keep(session: Session, shared: Shared) -> None:
        target, terms = _or_say_all(shared, lambda: _permit_of(session, shared))
        by, at = current_staff(), now()
        known = _person_of(session, shared)
        consent.permit(session, shared.agency, known, target, terms, by=by, now=at, at=shared.service)

    return keep_choice(find, keep, _page, done="lagret")


def block(find: Find) -> ResponseReturnValue:
    """Keep a no, with the writer as its witness; with `do` search, look for whom it is about."""
    if request.form.get("do") == "search":
        with web.transaction() as session:
            typed = {name: request.form.getlist(name) for name in request.form}
            return _no_page(session, find(session), Form(typed))

    def keep(session: Session, shared: Shared) -> None:
        target = _or_say_all(shared, lambda: _target_of(session))
        by, at = current_staff(), now()
        consent.block(
            session, shared.agency, _person_of(session, shared), target, by=by, now=at, at=shared.service
        )

    return keep_choice(find, keep, _no_page, done="nei")


def take_back(find: Find) -> ResponseReturnValue:
    """Withdraw a choice, on the patient's word."""

    def keep(session: Session, shared: Shared) -> None:
        choice = _choice(session, shared, request.form.get("choice", ""))
        _or_say_all(shared, lambda: choice)
        undo = consent.unblock if choice.kind is Kind.DENY else consent.withdraw_permit
        by, at = current_staff(), now()
        undo(session, shared.agency, choice.person, choice.id, by=by, now=at, at=shared.service)

    return keep_choice(find, keep, _back_page, done="tilbake")


def keep_choice(
    find: Find, keep: Keep, page: Callable[[Session, Shared, Form], str], *, done: str
) -> ResponseReturnValue:
    """Do what a form asks for in the case, or show it again with what is missing.

    Raises StalePage where the case is about somebody else than when the form was shown: what a patient has said is
    never written down for another.
    """
    try:
        with web.transaction() as session:
            shared = find(session)
            if request.form.get("about", shared.about) != shared.about:
                raise StalePage
            keep(session, shared)
    except (BadChoice, KnownAlready) as refused:
        with web.transaction() as session:
            return page(session, find(session), Form.refused(request.form, refused, words.SENTENCES)), REFUSED
    return redirect(f"{shared.url}?gjort={done}")


def _or_say_all(shared: Shared, read: Callable[[], _T]) -> _T:
    """Return what the form says, if the patient said it. Raises BadChoice with everything that is missing."""
    missing = {} if request.form.get("said") == "yes" else {"said": ["required"]}
    try:
        found = read()
    except BadChoice as refused:
        raise BadChoice(fields={**refused.fields, **missing}) from refused
    if missing or shared.identity is None:
        raise BadChoice(fields=missing or {"said": ["required"]})
    return found


def _permit_of(session: Session, shared: Shared) -> tuple[Target, Terms]:
    target, terms = schema.read_permit(request.form)
    if schema.target_value(target) not in dict(targets_of(session, shared.receiver)):
        raise BadChoice(fields={"target": ["required"]})
    reach.refuse_unknown(session, target, is_permit=True)
    return target, terms


def _target_of(session: Session) -> Target:
    target = schema.read_target(request.form)
    reach.refuse_unknown(session, target, is_permit=False)
    return target


def _person_of(session: Session, shared: Shared) -> PersonId:
    """Return who the patient is; a draft remembers it, so that the choice is met when it is sent."""
    if shared.person is not None:
        return shared.person
    if shared.draft is None:
        raise NotFound
    return referrals.know_patient(session, shared.draft)


def _choice(session: Session, shared: Shared, wanted: str) -> Choice:
    """Return a choice of the patient's that stands. Raises ChoiceNotFound."""
    if shared.person is None:
        raise ChoiceNotFound
    for each in consent.choices_of(session, shared.agency, shared.person):
        if str(each.id) == wanted and each.withdrawn_at is None:
            return each
    raise ChoiceNotFound


def _same() -> PersonId | None:
    try:
        return PersonId(UUID(request.form.get("same", "")))
    except ValueError:
        return None


# --- the pages ---------------------------------------------------------------------------------------------------


def _no_page(session: Session, shared: Shared, filled: Form) -> str:
    first = [] if shared.receiver is None else _reaches(session, shared.receiver)
    found = reach.whom_to_block(session, filled.value("search"))
    offered = {schema.target_value(each.target): upfirst(each.name) for each in (*first, *found)}
    return render_template("worklist/sharing_no.html", shared=shared, form=filled, targets=list(offered.items()))


def _back_page(session: Session, shared: Shared, filled: Form) -> str:
    choice = _choice(session, shared, filled.value("choice"))
    told = words.told(session, choice, now=now())
    return render_template("worklist/sharing_back.html", shared=shared, form=filled, told=told)


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
        needs=words.named_topics(shared.needs),
        asked=[words.asked(session, each) for each in shared.asked],
        is_enough=to is not None and _is_enough(shared, _scope(session, shared, to)),
        choices=[words.told(session, choice, now=at) for choice in reversed(choices)],
        targets=targets_of(session, to),
        purposes=list(purpose_names(language()).items()),
        topics=list(topic_names(language()).items()),
        done=request.args.get("gjort", ""),
    )


def _scope(session: Session, shared: Shared, to: Service) -> frozenset[str] | None:
    if shared.person is None:
        return None if to.is_health else frozenset()
    return consent.permitted_topics(session, shared.agency, shared.person, to, now(), shared.purpose)


def _is_enough(shared: Shared, scope: frozenset[str] | None) -> bool:
    """Whether what is written may go; unknown where the case does not say what it needs."""
    return scope is None or bool(shared.needs and shared.needs <= scope)


def targets_of(session: Session, to: Service | None) -> list[tuple[str, str]]:
    """Return whom a yes in a case may be about: the receiver's agency, or the receiver alone."""
    found = [] if to is None else _reaches(session, to)
    return [(schema.target_value(each.target), each.name) for each in found]


def _reaches(session: Session, to: Service) -> list[Reach]:
    offered = (Target(agency=to.agency), Target(agency=to.agency, service=to.id))
    return [Reach(each, reach.name_of(session, each)) for each in offered]


def filled_for(shared: Shared) -> Mapping[str, object]:
    """Return what the form for a yes holds before anybody has typed: the case's receiver, purpose, needs."""
    to = shared.receiver
    return {
        "target": "" if to is None else schema.target_value(Target(agency=to.agency, service=to.id)),
        "purpose": shared.purpose,
        "topics": sorted(shared.needs),
        "until": f"{local_date(now()) + _USUAL:%d.%m.%Y}",
    }


def _in_referral(referral: UUID) -> Find:
    return lambda session: _referral(session, referral)


def _in_handover(handover: UUID) -> Find:
    return lambda session: _handover(session, handover)


def _referral(session: Session, referral: UUID) -> Shared:
    turn = referrals.Turn(referral=ReferralId(referral), by=current_staff(), now=now(), side=ReferralSide.REFERRER)
    case = referrals.show(session, turn)
    standing, identity = case.standing, case.content.patient
    is_draft, agency = standing.status is Status.DRAFT, standing.home.agency
    is_open = is_draft and identity is not None and is_unsettled(session, standing, case.content)
    known = None if is_open else standing.person
    if is_draft and identity is not None and identity.number:
        known = person.of_number(session, agency, identity.number)
    return Shared(
        agency=standing.home.agency,
        service=standing.home.service,
        purpose=REFERRAL,
        receiver=service_named(session, standing.holder.service if standing.holder else None),
        person=known,
        identity=identity,
        back=url_for("sending.show", referral=referral),
        url=url_for(".of_referral", referral=referral),
        draft=turn if is_draft else None,
        same=who_of(alike(session, agency, identity)) if is_open and identity is not None else [],
    )


def _handover(session: Session, handover: UUID) -> Shared:
    turn = handovers.Turn(handover=HandoverId(handover), by=current_staff(), now=now(), side=HandoverSide.SENDER)
    case = handovers.case_of(session, turn)
    standing = case.standing
    return Shared(
        agency=standing.home.agency,
        service=standing.home.service,
        purpose=HANDOVER,
        receiver=service_named(session, standing.receiver.service if standing.receiver else None),
        person=standing.person,
        identity=case.patient,
        back=url_for("handovers.show", handover=handover),
        url=url_for(".of_handover", handover=handover),
    )


def service_named(session: Session, wanted: ServiceId | None) -> Service | None:
    """Return a service; None where nobody is chosen, or the directory no longer has it."""
    if wanted is None:
        return None
    try:
        return directory.service_of(session, wanted)
    except NotFound:
        return None
