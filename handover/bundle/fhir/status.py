"""The message `handover-status`: the receiving service's numbered word, and the notes of both sides.

It names the handover's own two sides (Task.requester, Task.owner), whichever of them writes: a note of the
sender's travels from requester to owner, everything else from owner to requester.
"""

from datetime import date, timedelta
from typing import Final
from uuid import UUID

from handover.bundle.fhir import codes
from handover.bundle.fhir.details import appointment_members, appointment_of, participant
from handover.bundle.fhir.frame import (
    about,
    numbered,
    or_unreadable,
    path_of,
    refuse,
    text_of,
    texts,
    value,
    values_of,
    version_of,
)
from handover.bundle.lifecycle import Act, Status
from handover.bundle.model import (
    Decline,
    Done,
    Meeting,
    MeetingId,
    Note,
    Opened,
    RequestId,
    StatusUpdate,
    TakeOver,
    WithdrawalAnswer,
)
from handover.fhir.entries import Json, concept, extension, phone, present, uri, when, written
from handover.fhir.letters import FOCUS, Frame, Letter, OpenedLetter
from handover.fhir.resources import code_of, extensions_of, instant_of, phone_of
from handover.ids import HandoverId, MessageId

EVENT: Final = "handover-status"


def status(update: StatusUpdate, *, message: MessageId) -> bytes:
    """Return a `handover-status`, from the receiving service or, with a note of the sender's, to it."""
    from_sender = update.note is not None and update.note.from_sender
    ways = (update.sender, update.receiver) if from_sender else (update.receiver, update.sender)
    letter = Letter(frame=Frame(message=message, event=EVENT, sender=ways[0], receiver=ways[1], at=update.at))
    author = letter.author(update.author)
    letter.add(
        FOCUS,
        "Task",
        extension=[numbered(update.version)],
        status=codes.TASK_STATUS.get(update.status, "in-progress"),
        businessStatus=concept((codes.STATUS, update.status)),
        intent="order",
        focus=about(update.handover),
        authoredOn=when(update.at),
        lastModified=when(update.at),
        requester=letter.party(update.sender),
        owner=letter.service(update.receiver),
        note=[_note(letter, update.note)] if update.note else None,
        relevantHistory=[_opened(letter, update.opened)] if update.opened else None,
        output=_outputs(letter, update),
    )
    return letter.finished(author=author)


def read_status(resource: Json) -> StatusUpdate:
    """Return what a checked `handover-status` says.

    Raises Invalid('bundle.unreadable'), or FhirInvalid where it does not come from the side whose word it is.
    """
    update = _read(resource)
    letter = OpenedLetter(resource)
    from_sender = update.note is not None and update.note.from_sender
    ways = (update.sender, update.receiver) if from_sender else (update.receiver, update.sender)
    task = path_of(resource, letter.only("Task"))
    if (letter.sender, letter.receiver) != ways:
        refuse([(f"{task}.{'requester' if from_sender else 'owner'}", "this is not the sender's own word")])
    return update


@or_unreadable
def _read(resource: Json) -> StatusUpdate:
    letter = OpenedLetter(resource)
    task = letter.only("Task")
    meetings = [_meeting_of(letter.at(each["valueReference"])) for each in values_of(task, "output", "meeting")]
    return StatusUpdate(
        handover=HandoverId(UUID(task["focus"]["identifier"]["value"])),
        status=Status(code_of(task["businessStatus"], codes.STATUS)),
        version=version_of(task),
        sender=letter.party(task["requester"]),
        receiver=letter.service(task["owner"]),
        author=letter.author(letter.header["author"]),
        at=instant_of(task["lastModified"]),
        opened=_opened_of(letter.at(task["relevantHistory"][0])) if "relevantHistory" in task else None,
        meeting=meetings[0] if meetings else None,
        take_over=_take_over_of(letter, task),
        decline=_decline_of(task),
        withdrawal=_withdrawal_of(task),
        note=_note_of(letter, task["note"][0]) if "note" in task else None,
    )


def _outputs(letter: Letter, update: StatusUpdate) -> list[Json]:
    found: list[Json] = []
    if update.meeting:
        found.append(
            value("meeting", "Reference", letter.add("meeting", "Appointment", **_meeting(update.meeting)))
        )
    if update.take_over:
        found += _take_over(letter, update.take_over)
    if update.decline:
        found += texts(reason=update.decline.reason, advice=update.decline.advice)
        found.append(_contact("declined-by", update.decline.person, update.decline.phone))
    if update.withdrawal:
        found.append(value("done", "CodeableConcept", concept((codes.DONE, update.withdrawal.done))))
        found += texts(done_why=update.withdrawal.why, done_by=update.withdrawal.person)
        found.append(value("done-at", "DateTime", when(update.withdrawal.at)))
    return found


def _take_over(letter: Letter, taken: TakeOver) -> list[Json]:
    appointment = letter.add(
        "first appointment", "Appointment", **appointment_members(taken.first_appointment, None)
    )
    return [
        _contact("taken-over-by", taken.person, taken.phone),
        *texts(title=taken.title),
        value("from-date", "Date", taken.from_date.isoformat()),
        value("first-appointment", "Reference", appointment),
        value("signed-at", "DateTime", when(taken.signed_at)),
    ]


def _contact(name: str, person: str, number: str) -> Json:
    detail = present(name=written(person), telecom=[phone(number)] if written(number) else None)
    return value(name, "ContactDetail", detail)


def _opened(letter: Letter, opened: Opened) -> Json:
    agent: Json = {"who": {"display": written(opened.by)}}
    if written(opened.title):
        agent["role"] = [{"text": written(opened.title)}]
    return letter.add(
        "opened",
        "Provenance",
        target=[letter.reference(FOCUS)],
        recorded=when(opened.at),
        activity=concept((codes.ACTS, Act.OPEN)),
        agent=[agent],
    )


def _note(letter: Letter, note: Note) -> Json:
    kind = "question" if note.is_question else "note"
    return {
        "id": str(note.id),
        "extension": [letter.written_by(note.author), extension("note-kind", "Code", kind)],
        "authorString": written(note.author.name),
        "time": when(note.written_at),
        "text": written(note.text),
    }


def _meeting(meeting: Meeting) -> Json:
    said = {"place": meeting.place, "companion": meeting.who_comes}
    told = [extension("sequence", "UnsignedInt", meeting.sequence)]
    if written(meeting.video):
        told.append(extension("video-link", "String", written(meeting.video)))
    if meeting.held_on:
        told.append(extension("held-on", "Date", meeting.held_on.isoformat()))
    why = written(meeting.cancelled_because)
    others = [participant(name, {"display": written(text)}) for name, text in said.items() if written(text)]
    return {
        "extension": told,
        "identifier": [uri(meeting.id.urn)],
        "status": "cancelled" if why else "fulfilled" if meeting.held_on else "booked",
        "cancelationReason": {"text": why} if why else None,
        "start": when(meeting.start),
        "end": when(meeting.start + timedelta(minutes=meeting.minutes)),
        "minutesDuration": meeting.minutes,
        "participant": [participant("patient", None), *others],
    }


def _meeting_of(appointment: Json) -> Meeting:
    shown = {
        code_of(each["type"][0], codes.AROUND): each.get("actor", {}).get("display", "")
        for each in appointment["participant"]
    }
    held = next((each["valueDate"] for each in extensions_of(appointment, "held-on")), None)
    return Meeting(
        id=MeetingId(UUID(appointment["identifier"][0]["value"])),
        start=instant_of(appointment["start"]),
        minutes=appointment["minutesDuration"],
        place=shown.get("place", ""),
        video=next((each["valueString"] for each in extensions_of(appointment, "video-link")), ""),
        who_comes=shown.get("companion", ""),
        sequence=next(extensions_of(appointment, "sequence"))["valueUnsignedInt"],
        held_on=date.fromisoformat(held) if held else None,
        cancelled_because=appointment.get("cancelationReason", {}).get("text", ""),
    )


def _take_over_of(letter: OpenedLetter, task: Json) -> TakeOver | None:
    found = [each["valueContactDetail"] for each in values_of(task, "output", "taken-over-by")]
    if not found:
        return None
    appointment = next(values_of(task, "output", "first-appointment"))["valueReference"]
    return TakeOver(
        person=found[0].get("name", ""),
        title=text_of(task, "title"),
        phone=phone_of(found[0]),
        from_date=date.fromisoformat(next(values_of(task, "output", "from-date"))["valueDate"]),
        first_appointment=appointment_of(letter.at(appointment)),
        signed_at=instant_of(next(values_of(task, "output", "signed-at"))["valueDateTime"]),
    )


def _decline_of(task: Json) -> Decline | None:
    found = [each["valueContactDetail"] for each in values_of(task, "output", "declined-by")]
    if not found:
        return None
    return Decline(
        reason=text_of(task, "reason"),
        advice=text_of(task, "advice"),
        person=found[0].get("name", ""),
        phone=phone_of(found[0]),
    )


def _withdrawal_of(task: Json) -> WithdrawalAnswer | None:
    found = [each["valueCodeableConcept"] for each in values_of(task, "output", "done")]
    if not found:
        return None
    return WithdrawalAnswer(
        done=Done(code_of(found[0], codes.DONE)),
        why=text_of(task, "done-why"),
        person=text_of(task, "done-by"),
        at=instant_of(next(values_of(task, "output", "done-at"))["valueDateTime"]),
    )


def _opened_of(provenance: Json) -> Opened:
    agent = provenance["agent"][0]
    return Opened(
        by=agent["who"]["display"],
        title=agent["role"][0]["text"] if "role" in agent else "",
        at=instant_of(provenance["recorded"]),
    )


def _note_of(letter: OpenedLetter, note: Json) -> Note:
    task = letter.only("Task")
    return Note(
        id=RequestId(UUID(note["id"])),
        from_sender=letter.sender == letter.party(task["requester"]),
        author=letter.written_by(note),
        text=note["text"],
        written_at=instant_of(note["time"]),
        is_question=next(extensions_of(note, "note-kind"))["valueCode"] == "question",
    )
