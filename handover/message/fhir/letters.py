"""The message `care-message`: one Communication, those it forwards as parts of it, and their documents."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Final
from uuid import UUID

from handover.exchange.fhir import blob_of, sealed
from handover.exchange.model import SealedBlob
from handover.fhir.entries import Json, concept, extension, present, when, written
from handover.fhir.letters import FOCUS, OpenedLetter
from handover.fhir.letters import Frame as About
from handover.fhir.letters import Letter as Frame
from handover.fhir.resources import code_of, extensions_of, identifier_of, instant_of, parts_of
from handover.ids import MessageId
from handover.message.fhir import hops, parts
from handover.message.fhir.parts import PURPOSES, REFERENCE, SUBJECTS, or_unreadable, part
from handover.message.model import (
    Author,
    By,
    Content,
    File,
    Forwarded,
    Heading,
    Letter,
    Offer,
    Point,
    Priority,
    Slot,
    SlotId,
    Subject,
    Weighs,
)
from handover.person.fhir import identity_of, patient_members

EVENT: Final = "care-message"
_PRIORITY: Final = {Priority.ORDINARY: "routine", Priority.SOON: "urgent"}


def letter(sent: Letter, blobs: Sequence[SealedBlob], *, message: MessageId) -> bytes:
    """Return a `care-message`. `blobs`: its own files, then those of what it forwards, in order."""
    about = About(message=message, event=EVENT, sender=sent.sender, receiver=sent.receiver, at=sent.written_at)
    frame, left = Frame(frame=about), iter(blobs)
    by = replace(sent.author, service=sent.sender.service)
    _sent(frame, sent, by, left)
    for index, each in enumerate(sent.forwards):
        _forwarded(frame, f"forwarded {index}", each, left)
        hops.add_forwardings(frame, f"forwarded {index}", each, sent, by)
    return frame.finished(author=frame.author(by))


@or_unreadable
def read_letter(resource: Json) -> tuple[Letter, tuple[SealedBlob, ...]]:
    """Return what a checked `care-message` says, and how to open its files. Raises Invalid."""
    opened = OpenedLetter(resource)
    (focus,) = opened.header["focus"]
    main = opened.at(focus)
    hops.check_sending(opened, focus["reference"], main)
    author = opened.author(main["sender"])
    text, files, blobs = _read_payload(opened, main)
    forwards = []
    for url, each in opened.named("Communication"):
        if "partOf" not in each:
            continue
        forwarded, more = _read_forwarded(opened, url, each, main)
        forwards.append(forwarded)
        blobs.extend(more)
    sent = Letter(
        id=parts.communication_of(main),
        heading=_heading(main),
        patient=identity_of(opened.at(main["subject"])) if "subject" in main else None,
        sender=opened.sender,
        receiver=opened.receiver,
        to=tuple(opened.service(each) for each in main["recipient"]),
        members=parts.members_of(opened, main),
        author=author,
        content=_read_content(main, text, files),
        written_at=instant_of(main["sent"]),
        replies_to=parts.of_named(main["inResponseTo"][0]) if "inResponseTo" in main else None,
        forwards=tuple(forwards),
        purpose=code_of(main["reasonCode"][0], PURPOSES) if "reasonCode" in main else "",
        rests_on=parts.bases_of(main),
        patient_reads=parts.is_for_patient(main),
        stood_under=_subjects(main)[1:],
    )
    if author.service is None or opened.receiver not in sent.to:
        raise ValueError("an author at no service, or a letter to somebody else")
    return sent, tuple(blobs)


# --- written -----------------------------------------------------------------------------------------------------


def _sent(frame: Frame, sent: Letter, by: Author, blobs: Iterator[SealedBlob]) -> None:
    frame.add(
        FOCUS,
        "Communication",
        extension=[
            parts.thread(sent.heading.thread),
            *(parts.member(frame, each) for each in sent.members),
            *_wishes(sent),
            *(parts.basis(each) for each in sent.rests_on),
            *parts.for_patient(may_read=sent.patient_reads),
        ],
        identifier=[
            {"system": "urn:ietf:rfc:3986", "value": sent.id.urn},
            {"system": REFERENCE, "value": sent.heading.reference},
        ],
        inResponseTo=[parts.named(sent.replies_to)] if sent.replies_to else None,
        status="completed",
        category=[concept((SUBJECTS, subject)) for subject in (sent.heading.subject, *sent.stood_under)],
        priority=_PRIORITY[sent.content.priority],
        subject=_patient(frame, sent),
        topic={"text": written(sent.heading.line)} if written(sent.heading.line) else None,
        recipient=[frame.service(to) for to in sent.to],
        sender=frame.author(by),
        sent=when(sent.written_at),
        reasonCode=[concept((PURPOSES, sent.purpose))] if sent.purpose else None,
        payload=list(_payload(frame, "own", sent.content.text, sent.content.files, blobs)),
    )
    hops.add_sending(frame, FOCUS, by, at=sent.written_at, replies_to=sent.replies_to)


def _patient(frame: Frame, sent: Letter) -> Json | None:
    return None if sent.patient is None else frame.add("patient", "Patient", **patient_members(sent.patient))


def _wishes(sent: Letter) -> Iterator[Json]:
    content = sent.content
    if content.answer_by is not None:
        yield extension("answer-by", "Date", content.answer_by.isoformat())
    if written(content.wished_person):
        yield extension("wished-person", "String", written(content.wished_person))
    if content.offer is not None:
        yield parts.parts("talk-offer", _offer(content.offer))
    for point in content.weighing:
        found = [part("weighs", "Code", point.weighs.value), part("text", "String", written(point.text))]
        yield parts.parts("weighing", found)


def _offer(offer: Offer) -> Iterator[Json]:
    yield part("by", "Code", offer.by.value)
    yield part("where", "String", written(offer.where))
    for slot in offer.slots:
        yield {
            "url": "slot",
            "extension": [
                part("id", "Uuid", slot.id.urn),
                part("start", "DateTime", when(slot.start)),
                part("minutes", "PositiveInt", slot.minutes),
            ],
        }


def _payload(
    frame: Frame, name: str, text: str, files: Sequence[File], blobs: Iterator[SealedBlob]
) -> Iterator[Json]:
    if written(text):
        yield {"contentString": written(text)}
    for index, file in enumerate(files):
        attachment = present(
            extension=[sealed(next(blobs))],
            contentType=file.content_type,
            size=file.length,
            title=written(file.name) or "dokument",
        )
        document = frame.add(
            f"file {name} {index}", "DocumentReference", status="current", content=[{"attachment": attachment}]
        )
        yield {"contentReference": document}


def _forwarded(frame: Frame, name: str, each: Forwarded, blobs: Iterator[SealedBlob]) -> None:
    by = replace(each.author, agency=each.sender.agency, service=each.sender.service)
    frame.add(
        name,
        "Communication",
        extension=[parts.thread(each.thread), *parts.for_patient(may_read=each.patient_reads)],
        identifier=[{"system": "urn:ietf:rfc:3986", "value": each.id.urn}],
        partOf=[frame.reference(FOCUS)],
        inResponseTo=[parts.named(each.replies_to)] if each.replies_to else None,
        status="completed",
        category=[concept((SUBJECTS, subject)) for subject in each.stood_under] or None,
        sender=frame.author(by),
        sent=when(each.written_at),
        payload=list(_payload(frame, name, each.text, each.files, blobs)),
    )
    hops.add_sending(frame, name, by, at=each.written_at, replies_to=each.replies_to)


# --- read --------------------------------------------------------------------------------------------------------


def _heading(main: Json) -> Heading:
    return Heading(
        thread=parts.thread_of(main),
        reference=identifier_of(main["identifier"], REFERENCE),
        subject=_subjects(main)[0],
        line=main["topic"]["text"] if "topic" in main else "",
    )


def _subjects(node: Json) -> tuple[Subject, ...]:
    return tuple(Subject(code_of(each, SUBJECTS)) for each in node.get("category", ()))


def _read_content(main: Json, text: str, files: tuple[File, ...]) -> Content:
    answer_by = [each["valueDate"] for each in extensions_of(main, "answer-by")]
    wished = [each["valueString"] for each in extensions_of(main, "wished-person")]
    offers = [_read_offer(each) for each in extensions_of(main, "talk-offer")]
    return Content(
        text=text,
        files=files,
        priority=Priority.SOON if main.get("priority") == "urgent" else Priority.ORDINARY,
        answer_by=date.fromisoformat(answer_by[0]) if answer_by else None,
        wished_person=wished[0] if wished else "",
        offer=offers[0] if offers else None,
        weighing=tuple(_read_point(parts_of(each)) for each in extensions_of(main, "weighing")),
    )


def _read_point(found: dict[str, Json]) -> Point:
    return Point(weighs=Weighs(found["weighs"]["valueCode"]), text=parts.text_of(found, "text"))


def _read_offer(found: Json) -> Offer:
    said = parts_of({"extension": [each for each in found["extension"] if each["url"] != "slot"]})
    slots = [parts_of(each) for each in found["extension"] if each["url"] == "slot"]
    return Offer(
        by=By(said["by"]["valueCode"]),
        where=parts.text_of(said, "where"),
        slots=tuple(
            Slot(
                id=SlotId(UUID(each["id"]["valueUuid"])),
                start=parts.instant_at(each, "start"),
                minutes=each["minutes"]["valuePositiveInt"],
            )
            for each in slots
        ),
    )


def _read_payload(opened: OpenedLetter, node: Json) -> tuple[str, tuple[File, ...], list[SealedBlob]]:
    said = [each["contentString"] for each in node.get("payload", ()) if "contentString" in each]
    linked = [each["contentReference"] for each in node.get("payload", ()) if "contentReference" in each]
    attached = [opened.at(each)["content"][0]["attachment"] for each in linked]
    blobs = [blob_of(each) for each in attached]
    files = tuple(
        File(
            name=each["title"],
            content_type=blob.content_type,
            length=blob.plain_length,
            sha256=bytes.fromhex(blob.plain_sha256),
        )
        for each, blob in zip(attached, blobs, strict=True)
    )
    return "\n\n".join(said), files, blobs


def _read_forwarded(opened: OpenedLetter, url: str, node: Json, sent: Json) -> tuple[Forwarded, list[SealedBlob]]:
    hops.check_sending(opened, url, node)
    author, message = opened.author(node["sender"]), parts.communication_of(node)
    text, files, blobs = _read_payload(opened, node)
    forwarded = Forwarded(
        id=message,
        thread=parts.thread_of(node),
        sender=parts.party_of(author),
        author=author,
        text=text,
        files=files,
        written_at=instant_of(node["sent"]),
        replies_to=parts.of_named(node["inResponseTo"][0]) if "inResponseTo" in node else None,
        patient_reads=parts.is_for_patient(node),
        stood_under=_subjects(node),
        hops=hops.read_forwardings(opened, url, message, sent),
    )
    return forwarded, blobs
