"""A small handover document, for pages and words."""

import itertools
from datetime import UTC, date, datetime
from uuid import UUID

from handover.bundle import assembly, document
from handover.bundle.model import (
    Author,
    Content,
    CrisisStep,
    File,
    Identity,
    Kind,
    Level,
    NextAppointment,
    Part,
    Party,
    PersonAround,
    Relation,
    Released,
    Topic,
    TopicCode,
)
from handover.ids import AgencyId, HandoverId, ServiceId

SENDER = Party(AgencyId("310000019"), ServiceId("8000011"))
RECEIVER = Party(AgencyId("310000035"), ServiceId("8000031"))
WRITTEN = datetime(2026, 11, 20, 9, 12, tzinfo=UTC)
OWN_WORDS = "Ring meg før dere kommer.\nJeg liker ikke overraskelser."


def topic(code: str, part: Part, kind: Kind = Kind.TEXT, name: str = "") -> Topic:
    """Return a topic as an agency has it."""
    return Topic(
        code=TopicCode(code),
        kind=kind,
        part=part,
        name={"nb": name or code},
        help={"nb": ""},
        section=SECTIONS[code],
        permit=code,
    )


SECTIONS = {
    "important-to-me": "important-to-me",
    "need-help-with": "need-help-with",
    "crisis-plan": "crisis-plan",
    "people": "people",
    "next-appointment": "next-appointment",
    "events": "events",
}
TOPICS = (
    topic("important-to-me", Part.NEED_NOW, name="Viktig for meg nå"),
    topic("need-help-with", Part.NEED_NOW, name="Det jeg trenger hjelp til"),
    topic("crisis-plan", Part.CRISIS, Kind.CRISIS, name="Kriseplan"),
    topic("people", Part.PEOPLE, Kind.PERSON, name="Folk jeg stoler på"),
    topic("next-appointment", Part.PLANS, Kind.APPOINTMENT, name="Neste avtale"),
    topic("events", Part.HISTORY, name="Hendelser"),
)


def said(code: str, **what: object) -> Content:
    """Return the content of an item."""
    return Content(topic=TopicCode(code), **what)  # type: ignore[arg-type]


CONTENTS = (
    said("important-to-me", own_words=OWN_WORDS),
    said("need-help-with", text="Hjelp til å søke bolig.", own_words="Et sted å bo."),
    said(
        "crisis-plan",
        details=CrisisStep(level=Level.YELLOW, signs="Sover lite", i_do="Går tur", who="Ola, 900 00 002"),
    ),
    said("crisis-plan", details=CrisisStep(level=Level.RED, signs="Går ikke ut", others_do="Kommer hjem til meg")),
    said("people", details=PersonAround(relation=Relation.TRUSTED, name="Inger Lie", may_know="Alt")),
    said(
        "next-appointment",
        details=NextAppointment(
            start=datetime(2026, 12, 1, 9, 30, tzinfo=UTC), place="Storgata 1", with_whom="Per Dahl"
        ),
    ),
    said(
        "events",
        text="Innlagt i 2025.",
        file=File(name="Epikrise.pdf", content_type="application/pdf", length=2048, sha256=bytes(32)),
    ),
)


def released(*contents: Content, **changes: object) -> Released:
    """Return what travels: these contents, or one of each kind."""
    chosen = contents or CONTENTS
    codes = {content.topic for content in chosen}
    plain: dict[str, object] = {
        "handover": HandoverId(UUID(int=7)),
        "patient": Identity(given="Kari", family="Prøve", birth_date=date(1991, 2, 3)),
        "sender": SENDER,
        "sender_name": "Psykisk helse, Fjordheim kommune",
        "receiver": RECEIVER,
        "receiver_name": "Inntak voksne, Fjordheim DPS",
        "author": Author(name="Tone Berg", title="psykolog", phone="900 00 001", agency=SENDER.agency),
        "items": chosen,
        "topics": tuple(each for each in TOPICS if each.code in codes),
        "wants_meeting": True,
    }
    return Released(**{**plain, **changes})  # type: ignore[arg-type]


def document_bytes(*contents: Content, **changes: object) -> bytes:
    """Return an assembled document."""
    numbers = itertools.count(1)
    return assembly.assemble(released(*contents, **changes), new_id=lambda: UUID(int=next(numbers)), now=WRITTEN)


def a_document(*contents: Content, **changes: object) -> document.Document:
    """Return a document as everybody reads it."""
    return document.read(document_bytes(*contents, **changes))
