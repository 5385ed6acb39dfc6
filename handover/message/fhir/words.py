"""The messages `care-message-status` (opened, an answer, a time picked, members) and `care-message-retract`."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from handover.fhir import urls
from handover.fhir.entries import Json, concept, uri, when, written
from handover.fhir.letters import FOCUS, OpenedLetter
from handover.fhir.letters import Frame as About
from handover.fhir.letters import Letter as Frame
from handover.fhir.resources import code_of, extensions_of, instant_of, parts_of
from handover.ids import CommunicationId, MessageId
from handover.message.fhir import hops, parts
from handover.message.fhir.parts import or_unreadable, part
from handover.message.model import Answer, Choice, Fate, Opened, Reason, Retraction, SlotId, Told, Word

STATUS: Final = "care-message-status"
RETRACT: Final = "care-message-retract"
REASONS: Final = f"{urls.BASE}/CodeSystem/retraction-reason"


def word(said: Word, *, message: MessageId) -> bytes:
    """Return a `care-message-status`."""
    about = About(message=message, event=STATUS, sender=said.sender, receiver=said.receiver, at=said.at)
    frame = Frame(frame=about)
    author = None if said.author is None else frame.author(said.author)
    frame.add(
        FOCUS,
        "Communication",
        extension=[
            parts.thread(said.thread),
            *(parts.parts("told", _told(frame, each)) for each in said.told),
            *(parts.member(frame, each) for each in said.members),
        ],
        status="completed",
        recipient=[frame.service(said.receiver)],
        sender=author or frame.service(said.sender),
        sent=when(said.at),
    )
    return frame.finished(author=author)


@or_unreadable
def read_word(resource: Json) -> Word:
    """Return what a checked `care-message-status` says. Raises Invalid('message.unreadable')."""
    opened = OpenedLetter(resource)
    node = opened.only("Communication")
    author = opened.header.get("author")
    return Word(
        thread=parts.thread_of(node),
        sender=opened.sender,
        receiver=opened.receiver,
        at=instant_of(node["sent"]),
        author=None if author is None else opened.author(author),
        told=tuple(_read_told(opened, each) for each in extensions_of(node, "told")),
        members=parts.members_of(opened, node),
    )


def retraction(notice: Retraction, *, message: MessageId) -> bytes:
    """Return a `care-message-retract`."""
    about = About(message=message, event=RETRACT, sender=notice.sender, receiver=notice.receiver, at=notice.at)
    frame = Frame(frame=about)
    frame.add(
        FOCUS,
        "Communication",
        extension=[parts.thread(notice.thread)],
        identifier=[uri(notice.message.urn)],
        status="entered-in-error",
        statusReason=concept((REASONS, notice.reason)),
        recipient=[frame.service(notice.receiver)],
        sender=frame.author(notice.author),
        sent=when(notice.at),
    )
    hops.add_retracting(frame, FOCUS, notice)
    return frame.finished(author=frame.author(notice.author))


@or_unreadable
def read_retraction(resource: Json) -> Retraction:
    """Return what a checked `care-message-retract` says. Raises Invalid('message.unreadable')."""
    opened = OpenedLetter(resource)
    node = opened.only("Communication")
    return Retraction(
        message=parts.communication_of(node),
        thread=parts.thread_of(node),
        sender=opened.sender,
        receiver=opened.receiver,
        author=opened.author(opened.header["author"]),
        reason=Reason(code_of(node["statusReason"], REASONS)),
        at=instant_of(node["sent"]),
    )


# --- what is told of one message -------------------------------------------------------------------------------


def _told(frame: Frame, told: Told) -> Iterator[Json]:
    yield part("message", "Identifier", uri(told.message.urn))
    if told.opened is not None:
        yield from _who("opened", told.opened.by, told.opened.title, when(told.opened.at))
    if told.answer is not None:
        yield part("fate", "Code", told.answer.fate.value)
        yield from _who("answered", told.answer.by, "", when(told.answer.at))
    if told.choice is not None:
        yield part("slot", "Uuid", told.choice.slot.urn)
        yield part("chosenBy", "Reference", frame.author(told.choice.by))
        yield part("chosenAt", "DateTime", when(told.choice.at))
        if written(told.choice.phone):
            yield part("phone", "String", written(told.choice.phone))
    for sha256 in told.infected:
        yield part("infected", "String", sha256.hex())
    for sha256 in told.unchecked:
        yield part("unchecked", "String", sha256.hex())


def _who(name: str, by: str, title: str, at: str) -> Iterator[Json]:
    yield part(f"{name}At", "DateTime", at)
    if written(by):
        yield part(f"{name}By", "String", written(by))
    if written(title):
        yield part(f"{name}Title", "String", written(title))


def _read_told(opened: OpenedLetter, told: Json) -> Told:
    found = parts_of(told)
    return Told(
        message=CommunicationId(UUID(found["message"]["valueIdentifier"]["value"])),
        opened=_opened(found),
        answer=_answer(found),
        choice=_choice(opened, found),
        infected=_documents(told, "infected"),
        unchecked=_documents(told, "unchecked"),
    )


def _documents(told: Json, url: str) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(each["valueString"]) for each in told["extension"] if each["url"] == url)


def _opened(found: dict[str, Json]) -> Opened | None:
    if "openedAt" not in found:
        return None
    by, title = parts.text_of(found, "openedBy"), parts.text_of(found, "openedTitle")
    return Opened(by=by, title=title, at=parts.instant_at(found, "openedAt"))


def _answer(found: dict[str, Json]) -> Answer | None:
    if "fate" not in found:
        return None
    fate = Fate(found["fate"]["valueCode"])
    return Answer(fate=fate, at=parts.instant_at(found, "answeredAt"), by=parts.text_of(found, "answeredBy"))


def _choice(opened: OpenedLetter, found: dict[str, Json]) -> Choice | None:
    if "slot" not in found:
        return None
    return Choice(
        slot=SlotId(UUID(found["slot"]["valueUuid"])),
        by=opened.author(found["chosenBy"]["valueReference"]),
        at=parts.instant_at(found, "chosenAt"),
        phone=parts.text_of(found, "phone"),
    )
