"""The message `referral-update`: what the referrer tells or asks for after sending, written and read."""

from datetime import datetime
from uuid import UUID

from handover.fhir.entries import Json, concept, uri, when, written
from handover.fhir.letters import Frame
from handover.fhir.resources import code_of, instant_of
from handover.ids import MessageId, ReferralId
from handover.referral.fhir import codes
from handover.referral.fhir.envelope import NO_BLOBS, Blobs, Bundle, part, referral_of, version
from handover.referral.fhir.opened import Message, attachment_of, or_unreadable, parts_of, version_of
from handover.referral.model import (
    QuestionId,
    RequestId,
    Update,
    UpdateKind,
)


def update_message(update: Update, *, message: MessageId, at: datetime, blobs: Blobs = NO_BLOBS) -> bytes:
    """Return a `referral-update`. Raises KeyError where an attachment has no blob."""
    frame = Frame(message=message, event="referral-update", sender=update.sender, receiver=update.receiver, at=at)
    bundle = Bundle(frame=frame, blobs=blobs)
    author = bundle.author(update.author)
    answers = [part("answers", "Uuid", question.urn) for question in update.questions]
    attached = [part("attachment", "Reference", bundle.attachment(each)) for each in update.attachments]
    bundle.add(
        "task",
        "Task",
        extension=[version(update.seen)],
        identifier=[uri(update.request.urn)],
        status="requested",
        intent="order",
        code=concept((codes.UPDATE_KINDS, update.kind)),
        description=written(update.text),
        focus=referral_of(update.referral.urn),
        authoredOn=when(update.written_at),
        owner=bundle.service(update.receiver),
        input=[*answers, *attached],
    )
    bundle.provenance("provenance", codes.UPDATE_ACTS[update.kind], author, update.written_at)
    return bundle.finished(author=author)


@or_unreadable
def read_update(bundle: Json) -> Update:
    """Return what a checked `referral-update` says."""
    message = Message(bundle)
    task = message.only("Task")
    return Update(
        referral=ReferralId(UUID(task["focus"]["identifier"]["value"])),
        request=RequestId(UUID(task["identifier"][0]["value"])),
        kind=UpdateKind(code_of(task["code"], codes.UPDATE_KINDS)),
        sender=message.sender,
        receiver=message.receiver,
        author=message.author(message.header["author"]),
        written_at=instant_of(task["authoredOn"]),
        text=task.get("description", ""),
        questions=tuple(QuestionId(UUID(each["valueUuid"])) for each in parts_of(task, "input", "answers")),
        attachments=tuple(
            attachment_of(message.at(each["valueReference"])) for each in parts_of(task, "input", "attachment")
        ),
        seen=version_of(task),
    )
