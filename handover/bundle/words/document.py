"""A frozen document as people read it: the one rendering for preview, both sides and the patient (rule 12).

Everything shown comes from `document.read` of the bytes; only where a file can be opened differs between readers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from handover.bundle.document import Document, Entry, TopicView
from handover.bundle.model import FIXED_SENTENCE, CrisisStep, File, Level, Part
from handover.bundle.words import content
from handover.web import dates
from handover.web.i18n import Sentence
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l
from handover.web.parts import Pairs

PARTS: Final[Mapping[Part, Sentence]] = {
    Part.NEED_NOW: _l("Det som trengs nå"),
    Part.CRISIS: _l("Kriseplan"),
    Part.PEOPLE: _l("Viktige personer"),
    Part.PLANS: _l("Planer og avtaler"),
    Part.HISTORY: _l("Bakgrunn"),
}
FIXED: Final = _l("Pasienten har valgt hva som er med. Det kan finnes mer i journalen hos avsender.")
"""`model.FIXED_SENTENCE` in the reader's language."""
assert FIXED.bokmaal == FIXED_SENTENCE


@dataclass(frozen=True, kw_only=True)
class Said:
    """One item as it is read, without the patient's own words."""

    heading: str
    """A level of the crisis plan, what a person is, or a title of the writer's own; may be empty."""
    text: str = field(repr=False)
    facts: Pairs = field(repr=False)
    level: Level | None
    file: File | None


@dataclass(frozen=True, kw_only=True)
class Topic:
    """The items of one topic."""

    name: str
    """In the language of the document."""
    items: tuple[Said, ...]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A whole document, in reading order."""

    document: Document
    about: Pairs = field(repr=False)
    own_words: Pairs = field(repr=False)
    """Titles and the patient's own words: these are read first."""
    parts: tuple[tuple[Sentence, tuple[Topic, ...]], ...]
    meeting: str
    meeting_note: str = field(repr=False)
    take_over_by: str
    fixed: Sentence = FIXED


def shown(document: Document) -> Shown:
    """Return a document as every reader of it sees it."""
    by = document.take_over_by
    return Shown(
        document=document,
        about=_about(document),
        own_words=tuple((entry.title, entry.content.own_words) for entry in document.own_words),
        parts=tuple((PARTS[part.part], tuple(map(_topic, part.topics))) for part in document.parts),
        meeting=_("Ønsker et overføringsmøte") if document.wants_meeting else _("Ønsker ikke noe overføringsmøte"),
        meeting_note=document.meeting_note,
        take_over_by="" if by is None else _("Ansvaret skal være tatt over senest %(day)s.", day=dates.day(by)),
    )


def _about(document: Document) -> Pairs:
    patient, author = document.patient, document.author
    return (
        (
            _("Gjelder"),
            _("%(name)s, født %(day)s", name=patient.name, day=patient.birth_date.strftime("%d.%m.%Y")),
        ),
        (_("Fra"), document.sender_name),
        (_("Til"), document.receiver_name),
        (_("Skrevet av"), ", ".join(filter(None, (author.name, author.title, author.phone)))),
        (_("Skrevet"), dates.upfirst(dates.moment(document.written_at))),
    )


def _topic(view: TopicView) -> Topic:
    return Topic(name=view.heading.name, items=tuple(map(_said, view.entries)))


def _said(entry: Entry) -> Said:
    details = entry.content.details
    return Said(
        heading=content.heading(details) or entry.content.title,
        text=entry.content.text,
        facts=content.facts(details),
        level=details.level if isinstance(details, CrisisStep) else None,
        file=entry.content.file,
    )
