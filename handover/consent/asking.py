"""A patient is asked whether something may be sent: on their own page, in plain words; they answer yes or no.

Asking sends nothing and lets nothing through: only a permit does. One question about a case and a receiver stands
at a time. Whoever asked is told when the patient has answered. Everything runs in the caller's transaction.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from handover.actors import Actor, Patient, Staff
from handover.audit import service as audit
from handover.audit.model import Event
from handover.consent import requests
from handover.consent import service as consent
from handover.consent.model import Reply, Request, RequestId, Terms, Wanted, check_request
from handover.consent.vocabulary import vocabulary
from handover.errors import Conflict, NotFound
from handover.ids import AgencyId, PersonId, new_uuid
from handover.notice import service as notice
from handover.notice.model import Watch, patient


class RequestNotFound(NotFound):
    """No such question to this patient, or for this case."""

    code = "consent.no-request"


class AlreadyAnswered(Conflict):
    """The patient has answered, or the question was taken back."""

    code = "consent.already-answered"


def ask(
    session: Session, agency: AgencyId, person: PersonId, wanted: Wanted, *, by: Staff, now: datetime
) -> RequestId:
    """Ask the patient for a permit; a question that waits for the same case and receiver is taken back.

    They are told that there is something new, and if they do not look, the service is asked to write or call.
    The same question asked once more stays as it is, and nobody is told again. Raises BadChoice.
    """
    checked = check_request(wanted, known=vocabulary(), now=now)
    waiting = [
        each
        for each in about(session, agency, wanted.case)
        if each.reply is None and each.wanted.target == checked.target
    ]
    same = next((each for each in waiting if (each.person, each.wanted) == (person, checked)), None)
    if same is not None:
        return same.id
    for each in waiting:
        requests.close(session, agency, each.id, Reply.TAKEN_BACK, now=now)
    made = Request(
        id=RequestId(new_uuid()),
        person=person,
        wanted=checked,
        asker=by.id,
        asked_by=", ".join(filter(None, (by.name, by.title))),
        asked_at=now,
    )
    requests.add(session, agency, made)
    _log(session, agency, Event.CONSENT_ASK, made, by=by, now=now)
    watch = Watch(service=wanted.service, subject=wanted.case, subject_kind=wanted.case_kind)
    notice.tell(session, patient(agency, person), f"consent-request/{made.id}", now=now, watch=watch)
    return made.id


def take_back(
    session: Session, agency: AgencyId, case: UUID, request: RequestId, *, by: Staff, now: datetime
) -> None:
    """Do not ask any more. Raises RequestNotFound, AlreadyAnswered."""
    found = next((each for each in about(session, agency, case) if each.id == request), None)
    if found is None:
        raise RequestNotFound
    _close(session, agency, found, Reply.TAKEN_BACK, now=now)
    _log(session, agency, Event.CONSENT_ASK_NO_MORE, found, by=by, now=now)


def say_yes(
    session: Session,
    agency: AgencyId,
    person: PersonId,
    request: RequestId,
    terms: Terms,
    *,
    by: Patient,
    now: datetime,
) -> Request:
    """Give the permit that was asked for, to as much of it and as long as the patient says.

    Raises BadChoice, RequestNotFound, AlreadyAnswered.
    """
    found = question(session, agency, person, request)
    given = replace(terms, purpose=found.wanted.terms.purpose)
    _close(session, agency, found, Reply.YES, now=now)
    consent.permit(session, agency, person, found.wanted.target, given, by=by, now=now)
    _tell_asker(session, agency, found, now=now)
    return found


def say_no(
    session: Session, agency: AgencyId, person: PersonId, request: RequestId, *, by: Patient, now: datetime
) -> Request:
    """Say no to what was asked: nothing is sent, and nothing else changes. As `say_yes`."""
    found = question(session, agency, person, request)
    _close(session, agency, found, Reply.NO, now=now)
    _log(session, agency, Event.CONSENT_DECLINE, found, by=by, now=now)
    _tell_asker(session, agency, found, now=now)
    return found


def question(session: Session, agency: AgencyId, person: PersonId, request: RequestId) -> Request:
    """Return one question to a patient. Raises RequestNotFound."""
    for each in requests.of_person(session, agency, person):
        if each.id == request:
            return each
    raise RequestNotFound


def to_patient(session: Session, agency: AgencyId, person: PersonId) -> tuple[Request, ...]:
    """Return every question to a patient at the agency, the latest first."""
    return requests.of_person(session, agency, person)


def about(session: Session, agency: AgencyId, case: UUID) -> tuple[Request, ...]:
    """Return every question that was asked for a case, the latest first."""
    return requests.about(session, agency, case)


def _close(session: Session, agency: AgencyId, request: Request, reply: Reply, *, now: datetime) -> None:
    if not requests.close(session, agency, request.id, reply, now=now):
        raise AlreadyAnswered


def _tell_asker(session: Session, agency: AgencyId, request: Request, *, now: datetime) -> None:
    cause = f"consent-request/{request.id}/answer"
    notice.tell_staff(session, agency, request.wanted.service, cause, owner=request.asker, now=now)


def _log(session: Session, agency: AgencyId, event: Event, request: Request, *, by: Actor, now: datetime) -> None:
    wanted = request.wanted
    audit.record(
        session,
        event=event,
        actor=by,
        agency=agency,
        persons=[request.person],
        subject=request.id,
        service=wanted.service,
        detail={
            "kind": "permit",
            "to_agency": wanted.target.agency,
            "to_service": wanted.target.service,
        },
        now=now,
    )
