"""Before a message about a patient may go to a service that is no health service: what the patient has chosen,
a yes written down in the meeting, or the question put to the patient on their own page.

Reached from the draft that may not be sent: what the permit must cover is filled in, and the way back leads there.
"""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow, current_staff
from handover.access.guard import note_refusal
from handover.clock import now
from handover.consent import asking, schema, words
from handover.consent import service as consent
from handover.consent.asking import AlreadyAnswered
from handover.consent.model import MAX_WHY, BadChoice, RequestId, Target, Wanted
from handover.consent.vocabulary import purpose_names, topic_names
from handover.directory.model import Service
from handover.errors import NotFound
from handover.ids import ServiceId, ThreadId
from handover.message import service as messages
from handover.message.store import WRITERS
from handover.web.forms import Form
from handover.web.i18n import language
from handover.worklist import sharing
from handover.worklist.sharing import Find, Shared

blueprint: Final = sharing.blueprint
_CASE: Final = "/melding/<service>/<uuid:thread>/<to>"


@blueprint.get(_CASE)
@allow(*WRITERS)
def of_thread(service: str, thread: UUID, to: str) -> ResponseReturnValue:
    """Show what a thread may hold towards one of its services by the patient's choices, and the ways on."""
    return sharing.show(_in_thread(service, thread, to))


@blueprint.post(_CASE)
@allow(*WRITERS)
def permit_thread(service: str, thread: UUID, to: str) -> ResponseReturnValue:
    """Write down the yes a patient gave in person, from a thread."""
    return sharing.permit(_in_thread(service, thread, to))


@blueprint.get(f"{_CASE}/nei")
@allow(*WRITERS)
def blocking_thread(service: str, thread: UUID, to: str) -> ResponseReturnValue:
    """Show the form for a no given in person, from a thread."""
    return sharing.show_no(_in_thread(service, thread, to))


@blueprint.post(f"{_CASE}/nei")
@allow(*WRITERS)
def block_thread(service: str, thread: UUID, to: str) -> ResponseReturnValue:
    """Write down the no a patient gave in person, from a thread."""
    return sharing.block(_in_thread(service, thread, to))


@blueprint.get(f"{_CASE}/tilbake")
@allow(*WRITERS)
def taking_back_thread(service: str, thread: UUID, to: str) -> ResponseReturnValue:
    """Ask whether the patient takes a choice back, from a thread."""
    return sharing.show_back(_in_thread(service, thread, to))


@blueprint.post(f"{_CASE}/tilbake")
@allow(*WRITERS)
def take_back_thread(service: str, thread: UUID, to: str) -> ResponseReturnValue:
    """Write down that the patient takes a choice back, from a thread."""
    return sharing.take_back(_in_thread(service, thread, to))


@blueprint.get(f"{_CASE}/spor")
@allow(*WRITERS)
def asking_thread(service: str, thread: UUID, to: str) -> ResponseReturnValue:
    """Show the question as the patient will get it, with what the draft needs filled in."""
    with web.transaction() as session:
        shared = _in_thread(service, thread, to)(session)
        if not shared.ask_url:
            return redirect(shared.url)
        return _ask_page(session, shared, Form.of(_suggested(shared)))


@blueprint.post(f"{_CASE}/spor")
@allow(*WRITERS)
def ask_thread(service: str, thread: UUID, to: str) -> ResponseReturnValue:
    """Put the question on the patient's own page; nothing is sent before they have said yes."""

    def keep(session: Session, shared: Shared) -> None:
        if shared.person is None or not shared.ask_url:
            raise NotFound
        wanted = _wanted(session, shared, ThreadId(thread))
        asking.ask(session, shared.agency, shared.person, wanted, by=current_staff(), now=now())

    return sharing.keep_choice(_in_thread(service, thread, to), keep, _ask_page, done="spurt")


@blueprint.post(f"{_CASE}/ikke-spor")
@allow(*WRITERS)
def ask_no_more(service: str, thread: UUID, to: str) -> ResponseReturnValue:
    """Take the question back; the patient is not asked any more."""
    find = _in_thread(service, thread, to)
    try:
        with web.transaction() as session:
            shared = find(session)
            asking.take_back(session, shared.agency, thread, _request(), by=current_staff(), now=now())
    except AlreadyAnswered as late:
        note_refusal(late)
        return redirect(f"{shared.url}?gjort=besvart")
    return redirect(f"{shared.url}?gjort=trukket")


def _ask_page(session: Session, shared: Shared, form: Form) -> str:
    return render_template(
        "worklist/permit_ask.html",
        shared=shared,
        form=form,
        targets=list(reversed(sharing.targets_of(session, shared.receiver))),
        purpose=purpose_names(language())[shared.purpose],
        needs=words.named_topics(shared.needs),
        topics=list(topic_names(language()).items()),
        most=MAX_WHY,
    )


def _suggested(shared: Shared) -> Mapping[str, object]:
    """Return the question's form: to the receiver alone, about what is written and no more."""
    to = shared.receiver
    target = "" if to is None else schema.target_value(Target(agency=to.agency, service=to.id))
    return {**sharing.filled_for(shared), "target": target}


def _wanted(session: Session, shared: Shared, thread: ThreadId) -> Wanted:
    """Return what the form asks the patient for. Raises BadChoice, also for less than what is written needs."""
    typed = request.form.copy()
    typed["purpose"] = shared.purpose
    found: dict[str, list[str]] = {}
    if not shared.needs <= set(typed.getlist("topics")):
        found["topics"] = ["needed"]
    try:
        target, terms = schema.read_permit(typed)
    except BadChoice as refused:
        raise BadChoice(fields={**refused.fields, **found}) from refused
    if schema.target_value(target) not in dict(sharing.targets_of(session, shared.receiver)):
        found["target"] = ["required"]
    if found:
        raise BadChoice(fields=found)
    return Wanted(
        service=shared.service,
        case=thread,
        case_kind=messages.WORK,
        target=target,
        terms=terms,
        why=request.form.get("why", "").strip(),
    )


def _request() -> RequestId:
    try:
        return RequestId(UUID(request.form.get("request", "")))
    except ValueError:
        raise NotFound from None


def _in_thread(service: str, thread: UUID, to: str) -> Find:
    return lambda session: _thread(session, service, thread, to)


def _thread(session: Session, service: str, thread: UUID, to: str) -> Shared:
    turn = messages.Turn(thread=ThreadId(thread), by=current_staff(), now=now(), at=ServiceId(service))
    needed = messages.permit_needed(session, turn, ServiceId(to))
    standing, receiver = needed.standing, sharing.service_named(session, needed.to.service)
    may_ask = bool(needed.patient.number) and _needs_yes(session, needed, receiver)
    return Shared(
        agency=standing.home.agency,
        service=standing.home.service,
        purpose=standing.purpose,
        receiver=receiver,
        person=standing.person,
        identity=needed.patient,
        back=url_for("messages.show", service=service, thread=thread),
        url=url_for(".of_thread", service=service, thread=thread, to=to),
        needs=needed.topics,
        asked=asking.about(session, standing.home.agency, thread),
        ask_url=url_for(".asking_thread", service=service, thread=thread, to=to) if may_ask else "",
    )


def _needs_yes(session: Session, needed: messages.Needed, receiver: Service | None) -> bool:
    """Whether a yes is what lacks: no health service, and no block, which a yes would not lift."""
    standing = needed.standing
    if receiver is None or receiver.is_health:
        return False
    try:
        consent.may_travel(
            session,
            standing.home.agency,
            standing.person,
            receiver=receiver,
            topics=needed.topics,
            purpose=standing.purpose,
            now=now(),
        )
    except consent.Blocked:
        return False
    except consent.MayNotTravel:
        return True
    return True
