"""The message `referral-status`: where a referral is, as the service that holds it says, written and read."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, assert_never
from uuid import UUID

from handover.fhir import urls
from handover.fhir.entries import Json, coding, concept, phone, uri, when, written
from handover.fhir.letters import Frame
from handover.fhir.resources import code_of, extensions_of, instant_of, phone_of
from handover.ids import MessageId, ReferralId
from handover.referral.fhir import codes
from handover.referral.fhir.envelope import Bundle, dated, part, referral_of, version
from handover.referral.fhir.opened import (
    Message,
    day_of,
    moment_of,
    needed,
    or_unreadable,
    parts_of,
    text_of,
    version_of,
)
from handover.referral.lifecycle import Act, Status
from handover.referral.model import (
    Acceptance,
    Answered,
    Appointment,
    AppointmentId,
    AppointmentState,
    Completion,
    Outcome,
    Question,
    QuestionId,
    Redirection,
    Refusal,
    RequestId,
    StatusUpdate,
    Withdrawal,
)


def status_message(status: StatusUpdate, *, message: MessageId, at: datetime) -> bytes:
    """Return a `referral-status`."""
    frame = Frame(message=message, event="referral-status", sender=status.holder, receiver=status.receiver, at=at)
    bundle = Bundle(frame=frame)
    author = bundle.author(status.author) if status.author else None
    bundle.add(
        "task",
        "Task",
        extension=[version(status.version), *_dates(status), *map(_handled, status.answered)],
        status=codes.TASK_STATUS.get(status.status, "in-progress"),
        businessStatus=_business_status(status),
        intent="order",
        focus=referral_of(status.referral.urn),
        authoredOn=when(status.received_at),
        lastModified=when(status.changed_at),
        requester=bundle.party(status.referrer),
        owner=bundle.service(status.holder),
        note=[{"text": written(status.note)}] if written(status.note) else None,
        relevantHistory=[bundle.reference("opened")] if status.opened else None,
        restriction={"period": {"end": status.deadline.isoformat()}},
        output=_outputs(bundle, status),
    )
    bundle.provenance("provenance", status.act, author or bundle.agency(status.holder.agency), status.changed_at)
    if status.opened:
        bundle.provenance("opened", Act.OPEN, {"display": written(status.opened.by)}, status.opened.at)
    if status.appointment:
        _appointment(bundle, status.appointment)
    return bundle.finished(author=author, caused_by=status.caused_by)


@or_unreadable
def read_status(bundle: Json) -> StatusUpdate:
    """Return what a checked `referral-status` says."""
    message = Message(bundle)
    task = message.only("Task")
    appointments = message.all("Appointment")
    header = message.header
    return StatusUpdate(
        referral=ReferralId(UUID(task["focus"]["identifier"]["value"])),
        version=version_of(task),
        status=Status(code_of(task["businessStatus"], urls.BUSINESS_STATUS)),
        act=message.act(),
        changed_at=instant_of(task["lastModified"]),
        author=message.author(header["author"]) if "author" in header else None,
        referrer=message.party(task["requester"]),
        holder=message.sender,
        receiver=message.receiver,
        received_at=needed(moment_of(task, "received_at")),
        seniority_on=needed(moment_of(task, "seniority_on")),
        deadline=date.fromisoformat(task["restriction"]["period"]["end"][:10]),
        warn_on=needed(day_of(task, "warn_on")),
        assessed_at=moment_of(task, "assessed_at"),
        decided_at=moment_of(task, "decided_at"),
        opened=message.opened(task),
        outcome=_outcome_of(message, task),
        appointment=_appointment_of(appointments[0]) if appointments else None,
        started_on=day_of(task, "started_on"),
        questions=tuple(
            _question_of(message, each["valueAnnotation"]) for each in parts_of(task, "output", "question")
        ),
        answered=tuple(_answered(each) for each in extensions_of(task, "handled-request")),
        note="\n\n".join(note["text"] for note in task.get("note", ())),
        assessor=text_of(task, "assessing"),
        next_step=text_of(task, "next-step"),
        caused_by=MessageId(UUID(header["response"]["identifier"])) if "response" in header else None,
    )


def _business_status(status: StatusUpdate) -> Json:
    found = concept((urls.BUSINESS_STATUS, status.status))
    if status.status in codes.NATIONAL_STATUS:
        found["coding"].append(coding((urls.table("9148"), codes.NATIONAL_STATUS[status.status])))
    return found


def _dates(status: StatusUpdate) -> Sequence[Json]:
    return dated(
        {
            "seniority_on": status.seniority_on,
            "received_at": status.received_at,
            "warn_on": status.warn_on,
            "assessed_at": status.assessed_at,
            "decided_at": status.decided_at,
            "latest_start": status.outcome.latest_start if isinstance(status.outcome, Acceptance) else None,
            "started_on": status.started_on,
        }
    )


def _handled(answered: Any) -> Json:
    parts: list[Json] = [
        {"url": "request", "valueUuid": answered.request.urn},
        {"url": "applied", "valueBoolean": answered.applied},
    ]
    if answered.code:
        parts.append({"url": "code", "valueCode": answered.code})
    return {"url": urls.extension("handled-request"), "extension": parts}


def _outputs(bundle: Bundle, status: StatusUpdate) -> list[Json]:
    told = {"next-step": status.next_step, "assessing": status.assessor}
    decided = _outcome(bundle, status.outcome) if status.outcome else []
    asked = [part("question", "Annotation", _question(bundle, each)) for each in status.questions]
    return [*decided, *_texts(told), *asked]


def _outcome(bundle: Bundle, outcome: Outcome) -> list[Json]:
    code = codes.OUTCOME_CODES[type(outcome)]
    kind = concept((codes.OUTCOMES, code))
    if code in codes.NATIONAL_OUTCOMES:
        kind["coding"].append(coding((urls.table("9148"), codes.NATIONAL_OUTCOMES[code])))
    return [part("outcome", "CodeableConcept", kind), *_said(bundle, outcome)]


def _said(bundle: Bundle, outcome: Outcome) -> list[Json]:
    """Return what an outcome says, part by part."""
    match outcome:
        case Acceptance():
            texts = {
                "what-happens-next": outcome.next_step,
                "complaint": outcome.complaint,
                "reason": outcome.reason,
            }
            return [*_texts(texts), _assessor(outcome)]
        case Refusal():
            texts = {"reason": outcome.reason, "advice": outcome.advice, "complaint": outcome.complaint}
            return [*_texts(texts), _assessor(outcome)]
        case Redirection():
            where = part("redirected-to", "Reference", bundle.service(outcome.where, written(outcome.where_name)))
            leg = part("redirected-leg", "PositiveInt", outcome.leg)
            return [where, leg, *_texts({"reason": outcome.reason}), _assessor(outcome)]
        case Completion():
            return _texts({"result": outcome.outcome, "follow-up": outcome.follow_up})
        case Withdrawal():
            return _texts({"withdrawn-by": outcome.by, "reason": outcome.reason})
        case _:
            assert_never(outcome)


def _assessor(outcome: Acceptance | Refusal | Redirection) -> Json:
    detail: Json = {"name": written(outcome.assessor), "telecom": [phone(outcome.assessor_phone)]}
    return part("assessor", "ContactDetail", detail)


def _texts(texts: Mapping[str, str]) -> list[Json]:
    return [part(name, "String", written(text)) for name, text in texts.items() if written(text)]


def _question(bundle: Bundle, question: Question) -> Json:
    return {
        "id": str(question.id),
        "extension": [version(question.version), bundle.written_by(question.asked_by)],
        "authorString": written(question.asked_by.name),
        "time": when(question.asked_at),
        "text": written(question.text),
    }


def _appointment(bundle: Bundle, appointment: Appointment) -> None:
    end = appointment.start + timedelta(minutes=appointment.minutes)
    bundle.add(
        "appointment",
        "Appointment",
        extension=[_contact_phone(appointment.phone)] if written(appointment.phone) else None,
        identifier=[uri(appointment.id.urn)],
        status=appointment.state,
        start=when(appointment.start),
        end=when(end),
        minutesDuration=appointment.minutes,
        patientInstruction=written(appointment.practical),
        participant=_participants(appointment),
    )


def _contact_phone(number: str) -> Json:
    return {"url": urls.extension("contact-phone"), "valueContactPoint": phone(number)}


def _participants(appointment: Appointment) -> list[Json]:
    found = [_participant("clinician", appointment.with_whom), _participant("place", appointment.place)]
    if written(appointment.companions):
        found.append(_participant("companion", appointment.companions))
    return found


def _participant(part: str, display: str) -> Json:
    return {
        "type": [concept((codes.PARTS, part))],
        "actor": {"display": written(display)},
        "status": "accepted",
    }


def _outcome_of(message: Message, task: Json) -> Outcome | None:
    kinds = [code_of(each["valueCodeableConcept"], codes.OUTCOMES) for each in parts_of(task, "output", "outcome")]
    if not kinds:
        return None
    reason = text_of(task, "reason")
    match kinds[0]:
        case "completion":
            return Completion(outcome=text_of(task, "result"), follow_up=text_of(task, "follow-up"))
        case "withdrawal":
            return Withdrawal(by=text_of(task, "withdrawn-by"), reason=reason)
    (assessor,) = (each["valueContactDetail"] for each in parts_of(task, "output", "assessor"))
    name, phone = assessor["name"], phone_of(assessor)
    match kinds[0]:
        case "acceptance":
            return Acceptance(
                latest_start=needed(day_of(task, "latest_start")),
                next_step=text_of(task, "what-happens-next"),
                assessor=name,
                assessor_phone=phone,
                complaint=text_of(task, "complaint"),
                reason=reason,
            )
        case "refusal":
            return Refusal(
                reason=reason,
                advice=text_of(task, "advice"),
                complaint=text_of(task, "complaint"),
                assessor=name,
                assessor_phone=phone,
            )
    return _redirection(message, task, name, phone)


def _redirection(message: Message, task: Json, assessor: str, phone: str) -> Redirection:
    where = next(parts_of(task, "output", "redirected-to"))["valueReference"]
    return Redirection(
        where=message.service(where),
        where_name=message.at(where).get("name", ""),
        leg=next(parts_of(task, "output", "redirected-leg"))["valuePositiveInt"],
        reason=text_of(task, "reason"),
        assessor=assessor,
        assessor_phone=phone,
    )


def _question_of(message: Message, note: Json) -> Question:
    return Question(
        id=QuestionId(UUID(note["id"])),
        text=note["text"],
        asked_at=instant_of(note["time"]),
        asked_by=message.written_by(note),
        version=version_of(note),
    )


def _answered(extension: Json) -> Answered:
    parts = {part["url"]: part for part in extension["extension"]}
    return Answered(
        request=RequestId(UUID(parts["request"]["valueUuid"])),
        applied=parts["applied"]["valueBoolean"],
        code=parts["code"]["valueCode"] if "code" in parts else "",
    )


def _appointment_of(appointment: Json) -> Appointment:
    people = {each["type"][0]["coding"][0]["code"]: each for each in appointment["participant"]}
    shown = {part: each["actor"]["display"] for part, each in people.items()}
    phones = [each["valueContactPoint"]["value"] for each in extensions_of(appointment, "contact-phone")]
    return Appointment(
        id=AppointmentId(UUID(appointment["identifier"][0]["value"])),
        start=instant_of(appointment["start"]),
        minutes=appointment["minutesDuration"],
        place=shown["place"],
        with_whom=shown["clinician"],
        phone=phones[0] if phones else "",
        companions=shown.get("companion", ""),
        practical=appointment.get("patientInstruction", ""),
        state=AppointmentState(appointment["status"]),
    )
