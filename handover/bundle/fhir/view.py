"""The one view of a frozen document: preview, the pages of both sides and the PDF all show what `read` returns.

Everything here comes from the bytes that the patient approved, and nothing from anywhere else (rule 12).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from itertools import groupby
from typing import Final
from uuid import UUID

from handover.bundle.fhir import codes, details, narrative
from handover.bundle.model import Author, Content, File, Identity, Part, Party, TopicCode
from handover.fhir import urls
from handover.fhir.entries import Json
from handover.fhir.messages import DOCUMENT
from handover.fhir.parse import parse
from handover.fhir.problem import FhirInvalid, Problem, ProblemCode
from handover.fhir.resources import Resources, code_of, extensions_of, instant_of, parts_of
from handover.fhir.validator import validate
from handover.ids import HandoverId
from handover.person.fhir import identity_of

_ODD: Final = (LookupError, TypeError, ValueError, StopIteration, AttributeError)


@dataclass(frozen=True)
class Heading:
    """What a topic is called in the document, and where a receiver reads it."""

    topic: TopicCode
    section: str
    """Code system `handover-section`: pages have words for it in every language."""
    part: Part
    name: str
    """In the document's language, as the sending agency has it; may be empty."""


@dataclass(frozen=True)
class Entry:
    """One released item under its heading."""

    heading: Heading
    content: Content = field(repr=False)

    @property
    def title(self) -> str:
        """What stands over it: of a free topic the writer's title, else the topic's name."""
        return self.content.title or self.heading.name


@dataclass(frozen=True)
class TopicView:
    """The items of one topic, without the patient's own words, which stand first of all."""

    heading: Heading
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class PartView:
    """One part of the receiver's reading."""

    part: Part
    topics: tuple[TopicView, ...]


@dataclass(frozen=True, kw_only=True)
class Document:
    """A handover as it was previewed, approved and sent."""

    sha256: str
    """Hex, over the bytes: what a yes names."""
    id: UUID
    handover: HandoverId
    kind: str
    """Table 9602."""
    language: str
    written_at: datetime
    patient: Identity = field(repr=False)
    sender: Party
    sender_name: str
    receiver: Party
    receiver_name: str
    author: Author
    wants_meeting: bool
    meeting_note: str = field(repr=False)
    take_over_by: date | None
    supplements: str | None
    """Hex SHA-256 of the document that this one adds to."""
    entries: tuple[Entry, ...] = field(repr=False)
    """All that was released, in reading order."""

    @property
    def items(self) -> tuple[Content, ...]:
        """What was released, as it was released."""
        return tuple(entry.content for entry in self.entries)

    @property
    def own_words(self) -> tuple[Entry, ...]:
        """The items with words of the patient's own: these are read first."""
        return tuple(entry for entry in self.entries if entry.content.own_words)

    @property
    def parts(self) -> tuple[PartView, ...]:
        """What is read after the patient's own words; items that hold nothing else are not repeated."""
        shown = [entry for entry in self.entries if _says_more(entry.content)]
        return tuple(PartView(part, _topics(list(of))) for part, of in groupby(shown, lambda e: e.heading.part))

    @property
    def files(self) -> tuple[File, ...]:
        """The documents that travel beside, in the order they are named."""
        return tuple(content.file for content in self.items if content.file is not None)


def read(document: bytes) -> Document:
    """Return what a document says. Raises FhirInvalid with every problem and its path."""
    bundle = parse(document)
    problems = validate(bundle, DOCUMENT)
    if problems:
        raise FhirInvalid(problems)
    return read_checked(bundle, sha256(document).hexdigest())


def read_checked(bundle: Json, digest: str) -> Document:
    """Return what a document says that is valid and whose bytes have that hash. Raises FhirInvalid."""
    try:
        return _document(Resources(bundle), digest)
    except _ODD:
        raise FhirInvalid([Problem("Bundle.entry[0].resource.section", ProblemCode.RULE)]) from None


def _says_more(content: Content) -> bool:
    return bool(content.text or content.details or content.file or not content.own_words)


def _topics(entries: Sequence[Entry]) -> tuple[TopicView, ...]:
    return tuple(TopicView(heading, tuple(of)) for heading, of in groupby(entries, lambda entry: entry.heading))


def _document(resources: Resources, digest: str) -> Document:
    composition = resources.only("Composition")
    sender = next(extensions_of(composition, "handover-from"))["valueReference"]
    receiver = next(extensions_of(composition, "handover-to"))["valueReference"]
    terms = parts_of(next(extensions_of(composition, "handover-terms")))
    by = terms.get("takeOverBy", {}).get("valueDate")
    appended = composition.get("relatesTo")
    return Document(
        sha256=digest,
        id=UUID(resources.bundle["identifier"]["value"]),
        handover=HandoverId(UUID(composition["identifier"]["value"])),
        kind=code_of(composition["type"], urls.table("9602")),
        language=composition["language"],
        written_at=instant_of(composition["date"]),
        patient=identity_of(resources.at(composition["subject"])),
        sender=resources.service(sender),
        sender_name=resources.at(sender).get("name", ""),
        receiver=resources.service(receiver),
        receiver_name=resources.at(receiver).get("name", ""),
        author=resources.author(composition["author"][0]),
        wants_meeting=terms["wantsMeeting"]["valueBoolean"],
        meeting_note=_meeting_note(composition),
        take_over_by=date.fromisoformat(by) if by else None,
        supplements=appended[0]["targetIdentifier"]["value"] if appended else None,
        entries=_entries(resources, composition),
    )


def _meeting_note(composition: Json) -> str:
    return next((narrative.text_of(s["text"]) for s in composition["section"] if _is(s, codes.MEETING)), "")


def _entries(resources: Resources, composition: Json) -> tuple[Entry, ...]:
    words = {
        each["id"].removesuffix("-own-words"): narrative.text_of(each["text"])
        for section in composition["section"]
        if _is(section, codes.OWN_WORDS)
        for each in section["section"]
    }
    found = tuple(
        Entry(_heading(topic), _content(resources, item, _heading(topic), words.pop(item["id"], "")))
        for topic in _topic_sections(composition)
        for item in topic["section"]
    )
    if words:
        raise ValueError("own words of no item")
    return found


def _topic_sections(composition: Json) -> Iterator[Json]:
    for section in composition["section"]:
        if any(each["system"] == codes.PARTS for each in section["code"]["coding"]):
            yield from section["section"]


def _heading(section: Json) -> Heading:
    named = {each["system"]: each for each in section["code"]["coding"]}
    topic = named[codes.TOPICS]
    return Heading(
        topic=TopicCode(topic["code"]),
        section=named[codes.SECTIONS]["code"],
        part=Part(named[codes.PARTS]["code"]),
        name=topic.get("display", ""),
    )


def _content(resources: Resources, item: Json, heading: Heading, own_words: str) -> Content:
    pieces = {code_of(each["code"], codes.SECTIONS): each for each in item.get("section", ())}
    text, said, file = (pieces.get(name) for name in (codes.CLINICIAN_TEXT, codes.DETAILS, codes.ATTACHMENT))
    return Content(
        topic=heading.topic,
        title=item.get("title", ""),
        text=narrative.text_of(text["text"]) if text else "",
        own_words=own_words,
        details=details.read(item["id"], resources.at(said["entry"][0])) if said else None,
        file=details.read_file(resources.at(file["entry"][0])) if file else None,
    )


def _is(section: Json, code: str) -> bool:
    return any((each["system"], each["code"]) == (codes.SECTIONS, code) for each in section["code"]["coding"])
