"""Assembles the document of a handover from what the patient released, and from nothing else (DESIGN rules 10-12).

`released_of` is the only place where anything is chosen, and `assemble` sees only what it returned: what stays
cannot leave a trace in the document. Both are pure. A document is a FHIR R4 Bundle of type document: a Composition
(no-basis-Composition, type of table 9602) whose sections are, in this order, what the document is, the patient's
own words, and then the parts of the receiver's reading (`model.Part`), each by topic and item.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import orjson

from handover.bundle.fhir import codes, details, narrative
from handover.bundle.model import (
    FIXED_SENTENCE,
    Author,
    Content,
    Identity,
    Item,
    Mark,
    NextAppointment,
    Part,
    Party,
    PersonAround,
    Released,
    Topic,
    TopicCode,
    Wishes,
)
from handover.clock import OSLO
from handover.fhir import urls
from handover.fhir.acknowledgement import instant
from handover.fhir.entries import Entries, Json, coding, concept, extension, present, uri, when, written
from handover.ids import HandoverId
from handover.person.fhir import patient_members

INTERDISCIPLINARY: Final = "A11-2"
PSYCHOLOGIST: Final = "A07-2"
_ORDER: Final = list(Part)
_PROFILE: Final = "overgang-handover-document"


def released_of(
    items: Iterable[Item],
    topics: Sequence[Topic],
    *,
    handover: HandoverId,
    patient: Identity,
    sender: Party,
    receiver: Party,
    author: Author,
    wishes: Wishes,
    **about: Any,
) -> Released:
    """Return what travels: items that the patient marked so, in the receiver's reading order.

    `about` are the other members of `Released`: take_over_by, supplements, language, sender_name, receiver_name.
    What says nothing at all is left out. Raises KeyError for a topic that is not among `topics`.
    """
    chosen = [
        item for item in items if item.marked.mark is Mark.TRAVELS and not item.removed and _says(item.content)
    ]
    known = {topic.code: topic for topic in topics}
    place = {topic.code: (_ORDER.index(topic.part), index) for index, topic in enumerate(topics)}
    chosen.sort(key=lambda item: (place[item.content.topic], item.position))
    contents = tuple(item.content for item in chosen)
    return Released(
        handover=handover,
        patient=patient,
        sender=sender,
        receiver=receiver,
        author=author,
        items=contents,
        topics=tuple(known[code] for code in dict.fromkeys(content.topic for content in contents)),
        wants_meeting=wishes.meeting,
        meeting_note=wishes.note,
        **about,
    )


def assemble(released: Released, *, new_id: Callable[[], UUID], now: datetime) -> bytes:
    """Return the document as the bytes that are previewed, approved and sent; equal input gives equal bytes.

    `new_id` names the document and each of its entries, in their order. `now` is written to the millisecond.
    """
    return _Assembly(released, _Addresses(new_id), now).document()


def kind_of(author: Author) -> str:
    """Return the code of table 9602: a psychologist's summary, or that of several professions."""
    return PSYCHOLOGIST if author.title.strip().lower().startswith("psykolog") else INTERDISCIPLINARY


def words(language: str) -> Mapping[str, str]:
    """Return what a document says of its own accord in that language, by name; bokmål for one we do not know."""
    found: Mapping[str, str] = _data()["words"].get(language) or _data()["words"]["nb"]
    return found


def _says(content: Content) -> bool:
    texts = (content.title, content.text, content.own_words)
    return content.details is not None or content.file is not None or any(written(text) for text in texts)


@cache
def _data() -> Mapping[str, Any]:
    raw = files("handover").joinpath("data", "handover_document.json").read_text("utf-8")
    found: Mapping[str, Any] = json.loads(raw)
    return found


class _Addresses:
    """A fresh address for each entry, given when it is first named."""

    def __init__(self, new_id: Callable[[], UUID]) -> None:
        self._new_id = new_id
        self._known: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        if name not in self._known:
            self._known[name] = self._new_id().urn
        return self._known[name]


class _Assembly:
    """One document in the making."""

    def __init__(self, released: Released, addresses: _Addresses, now: datetime) -> None:
        self.released, self.now = released, now
        self.id = addresses("document")
        self.entries = Entries(addresses)
        self.words = words(released.language)
        self.topics = {topic.code: topic for topic in released.topics}
        self.items = [(f"item-{number}", content) for number, content in enumerate(released.items, start=1)]

    def document(self) -> bytes:
        """Return the Bundle, its Composition first."""
        self.entries.resources["composition"] = {}
        self.composition = self.entries.reference("composition")
        self.patient = self.entries.add("patient", "Patient", **patient_members(self.released.patient))
        self.sender = self.entries.service(self.released.sender, self.released.sender_name)
        self.receiver = self.entries.service(self.released.receiver, self.released.receiver_name)
        self.author = self.entries.author(self.released.author)
        self.writer = details.Writer(self.entries, self.patient, self.author)
        self.entries.resources["composition"] = self._composition()
        return orjson.dumps(
            {
                "resourceType": "Bundle",
                "id": self.id.removeprefix("urn:uuid:"),
                "meta": {"profile": [urls.profile(_PROFILE)]},
                "language": self.released.language,
                "identifier": uri(self.id),
                "type": "document",
                "timestamp": instant(self.now),
                "entry": self.entries.listed(),
            }
        )

    def _composition(self) -> Json:
        released = self.released
        kind = kind_of(released.author)
        found = present(
            resourceType="Composition",
            language=released.language,
            text=narrative.rows(self._head()),
            extension=[
                extension("handover-from", "Reference", self.sender),
                extension("handover-to", "Reference", self.receiver),
                self._terms(),
            ],
            identifier=uri(released.handover.urn),
            status="final",
            type={"coding": [{**coding((urls.table("9602"), kind)), "display": _data()["types"][kind]}]},
            subject=self.patient,
            date=when(self.now),
            author=[self.author],
            title=self.words["title"],
            custodian=self.entries.agency(released.sender.agency),
            relatesTo=[_appends(released.supplements)] if released.supplements else None,
        )
        return {**found, "section": [self._about(), *self._meeting(), *self._own_words(), *self._parts()]}

    def _head(self) -> list[tuple[str, str]]:
        """Return who, from whom, to whom: the narrative of the whole."""
        released, patient, say = self.released, self.released.patient, self.words
        return [
            (say["patient"], patient.name),
            (say["born"], patient.birth_date.isoformat()),
            (say["number"], patient.number or ""),
            (say["from"], released.sender_name or released.sender.service),
            (say["to"], released.receiver_name or released.receiver.service),
            (say["written_by"], ", ".join(filter(None, (released.author.name, released.author.title)))),
            (say["written_on"], self.now.astimezone(OSLO).date().isoformat()),
        ]

    def _terms(self) -> Json:
        parts: list[Json] = [{"url": "wantsMeeting", "valueBoolean": self.released.wants_meeting}]
        if self.released.take_over_by:
            parts.append({"url": "takeOverBy", "valueDate": self.released.take_over_by.isoformat()})
        return {"url": urls.extension("handover-terms"), "extension": parts}

    def _about(self) -> Json:
        say, by = self.words, self.released.take_over_by
        sentences = [FIXED_SENTENCE, say["meeting_yes" if self.released.wants_meeting else "meeting_no"]]
        sentences += [f"{say['take_over_by']}: {by.isoformat()}"] if by else []
        sentences += [say["supplement"]] if self.released.supplements else []
        return {"title": say["about"], "code": _code(codes.ABOUT), "text": narrative.lines(sentences)}

    def _meeting(self) -> Iterator[Json]:
        if written(self.released.meeting_note):
            yield {
                "title": self.words["meeting"],
                "code": _code(codes.MEETING),
                "author": [self.patient],
                "text": narrative.words(self.released.meeting_note),
            }

    def _own_words(self) -> Iterator[Json]:
        said = [
            {
                "id": f"{item}-own-words",
                "title": written(content.title) or self._name(content.topic),
                "code": self._heading(content.topic),
                "text": narrative.words(content.own_words),
            }
            for item, content in self.items
            if written(content.own_words)
        ]
        if said:
            yield {
                "title": self.words["own-words"],
                "code": _code(codes.OWN_WORDS),
                "author": [self.patient],
                "section": said,
            }

    def _parts(self) -> Iterator[Json]:
        for part, of_part in groupby(self.items, key=lambda item: self.topics[item[1].topic].part):
            sections = [self._topic(code, list(group)) for code, group in groupby(of_part, key=_topic_of)]
            yield {
                "title": self.words[part],
                "code": concept((codes.PARTS, part)),
                "author": [self.author],
                "section": sections,
            }

    def _topic(self, topic: TopicCode, items: Sequence[tuple[str, Content]]) -> Json:
        found = present(title=written(self._name(topic)), code=self._heading(topic))
        return {**found, "section": [self._item(item, content) for item, content in items]}

    def _item(self, item: str, content: Content) -> Json:
        title = written(content.title)
        head = {"id": item, **present(title=title), "code": _code(codes.ITEM)}
        pieces = [*self._text(content), *self._details(item, content), *self._file(item, content)]
        return {**head, "section": pieces} if pieces else {**head, "text": narrative.words(title or "-")}

    def _text(self, content: Content) -> Iterator[Json]:
        if written(content.text):
            yield {"code": _code(codes.CLINICIAN_TEXT), "text": narrative.words(content.text)}

    def _details(self, item: str, content: Content) -> Iterator[Json]:
        if content.details is None:
            return
        rows = [(self.words[name], text) for name, text in details.rows(content.details)]
        if isinstance(content.details, PersonAround) and content.details.comes_along:
            rows.append((self.words["comes_along"], self.words["yes"]))
        if isinstance(content.details, NextAppointment):
            rows.insert(0, (self.words["start"], f"{content.details.start.astimezone(OSLO):%Y-%m-%d %H:%M}"))
        heading = details.heading(content.details)
        yield present(
            title=self.words[heading] if heading else None,
            code=_code(codes.DETAILS),
            text=narrative.rows(rows) if any(written(text) for _, text in rows) else None,
            entry=self.writer.write(item, content.details),
        )

    def _file(self, item: str, content: Content) -> Iterator[Json]:
        if content.file is not None:
            yield {
                "code": _code(codes.ATTACHMENT),
                "text": narrative.rows([(self.words["file"], written(content.file.name) or "-")]),
                "entry": self.writer.file(item, content.file),
            }

    def _name(self, topic: TopicCode) -> str:
        names = self.topics[topic].name
        return names.get(self.released.language) or names.get("nb") or ""

    def _heading(self, topic: TopicCode) -> Json:
        """Return the code of a topic: what it is, where it is read, and what the agency calls it."""
        known = self.topics[topic]
        section, part = coding((codes.SECTIONS, known.section)), coding((codes.PARTS, known.part))
        own = {"system": codes.TOPICS, "code": topic, **present(display=written(self._name(topic)))}
        return {"coding": [section, part, own]}


def _topic_of(item: tuple[str, Content]) -> TopicCode:
    return item[1].topic


def _code(section: str) -> Json:
    return concept((codes.SECTIONS, section))


def _appends(document: str) -> Json:
    return {"code": "appends", "targetIdentifier": {"system": codes.DOCUMENT_HASH, "value": document}}
