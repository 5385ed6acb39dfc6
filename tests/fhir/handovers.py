"""The handovers of the examples: a document that says as much as it can, one that says little, their messages."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID, uuid5

import orjson

from handover.bundle import assembly, fhir
from handover.bundle.lifecycle import Status, Version
from handover.bundle.model import (
    Approval,
    Content,
    CrisisStep,
    Decline,
    Diagnosis,
    Done,
    File,
    Handed,
    Item,
    Kind,
    Level,
    Mark,
    Marked,
    Medicine,
    Meeting,
    MeetingId,
    NextAppointment,
    Note,
    Opened,
    Part,
    PersonAround,
    Relation,
    Released,
    RequestId,
    StatusUpdate,
    TakeOver,
    Topic,
    TopicCode,
    Wishes,
    WithdrawalAnswer,
    WithdrawalNotice,
)
from handover.consent.fhir import consent_of
from handover.consent.model import EVERYONE, Choice, ChoiceId, Target, Terms
from handover.consent.model import Kind as ConsentKind
from handover.exchange.model import SealedBlob
from handover.ids import HandoverId, ItemId, PersonId
from tests.fhir.people import AT, CLINIC, INTAKE, PATIENT, PSYCHOLOGIST, WRITER, message, named


def _topic(code: str, kind: Kind, part: Part, name: str, section: str = "") -> Topic:
    return Topic(
        code=TopicCode(code),
        kind=kind,
        part=part,
        name={"nb": name},
        help={},
        section=section or code,
        permit="all",
    )


TOPICS: Final = (
    _topic("important-now", Kind.TEXT, Part.NEED_NOW, "Viktig for meg nå"),
    _topic("medicines", Kind.MEDICINE, Part.NEED_NOW, "Medisiner"),
    _topic("crisis-plan", Kind.CRISIS, Part.CRISIS, "Kriseplan"),
    _topic("people", Kind.PERSON, Part.PEOPLE, "Mennesker jeg stoler på"),
    _topic("appointments", Kind.APPOINTMENT, Part.PLANS, "Neste avtaler"),
    _topic("fishing", Kind.TEXT, Part.PLANS, "Fisketurer", "free"),
    _topic("diagnoses", Kind.DIAGNOSIS, Part.HISTORY, "Diagnoser"),
    _topic("documents", Kind.DOCUMENT, Part.HISTORY, "Dokumenter"),
    _topic("free", Kind.TEXT, Part.HISTORY, "Noe annet"),
)
ALONG: Final = NextAppointment(
    start=datetime(2026, 12, 14, 9, 30, tzinfo=UTC),
    place="Fjordheim DPS, inngang B",
    with_whom="Ola Spesialist",
    phone="+47 55 50 20 02",
    who_comes_along="Siri Psykolog",
)
REPORT: Final = File(
    name="Individuell plan.pdf", content_type="application/pdf", length=48_211, sha256=bytes(range(32))
)
SCAN: Final = File(name="skjema.png", content_type="image/png", length=910_044, sha256=bytes(range(1, 33)))


def _content(topic: str, **members: Any) -> Content:
    return Content(topic=TopicCode(topic), **members)


CONTENTS: Final = (
    _content(
        "important-now",
        text="Trenger ro den første tiden.\nSov lite i november.",
        own_words="Jeg vil ikke fortelle alt på nytt.\n\nLes dette først.",
    ),
    _content("medicines", details=Medicine(name="Sertralin", dose="50 mg om morgenen", why="mot depresjon")),
    _content("medicines", details=Medicine(name="Melatonin")),
    _content(
        "crisis-plan",
        details=CrisisStep(
            level=Level.GREEN,
            signs="Står opp.",
            i_do="Går tur.",
            others_do="Ringer på søndager.",
            who="Anne, søster",
        ),
    ),
    _content(
        "crisis-plan", details=CrisisStep(level=Level.RED, who="Legevakt 116 117"), own_words="Ikke la meg vente."
    ),
    _content(
        "people",
        text="Har møtt henne to ganger.",
        details=PersonAround(
            relation=Relation.TRUSTED,
            name="Per Lærer",
            role="lærer",
            phone="+47 900 00 004",
            may_know="Alt om skolen.",
            comes_along=True,
        ),
    ),
    _content("people", details=PersonAround(relation=Relation.NEXT_OF_KIN, name="Anne Fjord", role="søster")),
    _content("people", details=PersonAround(relation=Relation.HELPER, name="Fjordheim legesenter")),
    _content("appointments", details=ALONG),
    _content("fishing", title="Lørdager", own_words="Da har jeg det bra."),
    _content(
        "diagnoses",
        details=Diagnosis(
            system="urn:oid:2.16.578.1.12.4.1.1.7110", code="F32.1", text="Moderat depressiv episode"
        ),
    ),
    _content("diagnoses", details=Diagnosis(system="urn:oid:2.16.578.1.12.4.1.1.7170", code="P76")),
    _content("documents", text="Laget i september.", file=REPORT),
    _content("documents", file=SCAN),
    _content("free", title="Om hunden", text="Kan være med."),
    _content("free", title="Ingen sykehusklær"),
)
RELEASED: Final = Released(
    handover=HandoverId(named("handover")),
    patient=PATIENT,
    sender=PSYCHOLOGIST,
    receiver=INTAKE,
    author=WRITER,
    items=CONTENTS,
    topics=TOPICS,
    wants_meeting=True,
    meeting_note="Helst på formiddagen.\nPer er med.",
    take_over_by=date(2026, 12, 20),
    sender_name="Fjordheim kommune, Rask psykisk helsehjelp",
    receiver_name="Fjordheim DPS, Inntak voksne",
)
SHORT: Final = replace(
    RELEASED,
    handover=HandoverId(named("short handover")),
    author=replace(WRITER, title="vernepleier", hpr=None, service=None),
    receiver=CLINIC,
    items=(),
    topics=(),
    wants_meeting=False,
    meeting_note="",
    take_over_by=None,
    sender_name="",
    receiver_name="",
    language="en",
)


def ids(name: str) -> Callable[[], UUID]:
    """Return a source of ids that gives the same ones for the same name."""
    numbers = iter(range(10_000))
    return lambda: UUID(int=uuid5(named(name), str(next(numbers))).int, version=4)


def document(name: str, released: Released) -> bytes:
    """Return a document with fixed ids."""
    return assembly.assemble(released, new_id=ids(name), now=AT)


DOCUMENT: Final = document("document", RELEASED)
ADDED: Final = document(
    "added",
    replace(
        RELEASED,
        items=(_content("important-now", own_words="Jeg vil si mer likevel."),),
        topics=TOPICS[:1],
        supplements=sha256(DOCUMENT).hexdigest(),
    ),
)


def blob(file: File) -> SealedBlob:
    """Return what the exchange would know after sealing a file."""
    return SealedBlob(
        sha256=bytes(reversed(file.sha256)).hex(),
        length=file.length + 28,
        key=bytes(range(32)),
        content_type=file.content_type,
        plain_sha256=file.sha256.hex(),
        plain_length=file.length,
    )


HANDED: Final = Handed(
    request=RequestId(named("sending")),
    handover=RELEASED.handover,
    reference="4KQ7-M2XB",
    round=1,
    sender=PSYCHOLOGIST,
    receiver=INTAKE,
    document=DOCUMENT,
    approval=Approval(sha256=sha256(DOCUMENT).hexdigest(), at=AT, by_patient=True),
    sent_at=AT + timedelta(minutes=3),
)
SUPPLEMENT: Final = replace(
    HANDED,
    request=RequestId(named("supplement")),
    document=ADDED,
    approval=Approval(sha256=sha256(ADDED).hexdigest(), at=AT, by_patient=False, witness="Siri Psykolog"),
    supplements=sha256(DOCUMENT).hexdigest(),
)
BLOBS: Final = (blob(REPORT), blob(SCAN))

RECEIVED: Final = StatusUpdate(
    handover=RELEASED.handover,
    status=Status.RECEIVED,
    version=Version(1, 1),
    sender=PSYCHOLOGIST,
    receiver=INTAKE,
    author=replace(
        WRITER, name="Ida Moe", title="inntakskoordinator", agency=INTAKE.agency, service=None, hpr=None
    ),
    at=AT + timedelta(hours=1),
)
ASKED: Final = replace(
    RECEIVED,
    status=Status.OPENED,
    version=Version(1, 2),
    opened=Opened(by="Ida Moe", title="inntakskoordinator", at=AT + timedelta(hours=2)),
    note=Note(
        id=RequestId(named("a question")),
        from_sender=False,
        author=RECEIVED.author,
        text="Passer det på tirsdag?",
        written_at=AT + timedelta(hours=3),
        is_question=True,
    ),
)
ANSWERED: Final = replace(
    ASKED,
    author=WRITER,
    note=Note(
        id=RequestId(named("an answer")),
        from_sender=True,
        author=WRITER,
        text="Ja, gjerne etter ti.",
        written_at=AT + timedelta(hours=4),
    ),
)
MEETING: Final = Meeting(
    id=MeetingId(named("meeting")),
    start=datetime(2026, 12, 1, 11, 0, tzinfo=UTC),
    minutes=45,
    place="Fjordheim DPS, rom 3",
    who_comes="Per Lærer, Siri Psykolog",
    sequence=2,
)
PLANNED: Final = replace(ASKED, status=Status.MEETING_PLANNED, version=Version(1, 4), meeting=MEETING, note=None)
BY_VIDEO: Final = replace(
    PLANNED,
    version=Version(1, 5),
    meeting=replace(MEETING, place="", video="https://video.example/rom/3", cancelled_because="Sykdom"),
)
TAKEN_OVER: Final = replace(
    PLANNED,
    status=Status.TAKEN_OVER,
    version=Version(1, 7),
    meeting=replace(MEETING, held_on=date(2026, 12, 1)),
    take_over=TakeOver(
        person="Ola Spesialist",
        title="psykologspesialist",
        phone="+47 55 50 20 02",
        from_date=date(2026, 12, 2),
        first_appointment=ALONG,
        signed_at=AT + timedelta(days=8),
    ),
)
DECLINED: Final = replace(
    ASKED,
    status=Status.DECLINED,
    version=Version(1, 3),
    note=None,
    decline=Decline(
        reason="Vi har ikke tilbudet.",
        advice="Spør poliklinikken.",
        person="Ida Moe",
        phone="+47 55 50 20 01",
    ),
)
GIVEN_BACK: Final = replace(
    TAKEN_OVER,
    status=Status.WITHDRAWAL_ANSWERED,
    version=Version(1, 9),
    withdrawal=WithdrawalAnswer(
        done=Done.KEPT, why="Journalplikten.", person="Ida Moe", at=AT + timedelta(days=9)
    ),
)
NOTHING_CAME: Final = replace(
    RECEIVED,
    status=Status.WITHDRAWAL_ANSWERED,
    version=Version(1, 2),
    withdrawal=WithdrawalAnswer(
        done=Done.NOT_RECEIVED, person="Inntak voksne", at=AT + timedelta(days=5, minutes=1)
    ),
)
WITHDRAWAL: Final = WithdrawalNotice(
    request=RequestId(named("take back")),
    handover=RELEASED.handover,
    round=1,
    sender=PSYCHOLOGIST,
    receiver=INTAKE,
    author=WRITER,
    at=AT + timedelta(days=5),
)

DOCUMENTS: Final[Mapping[str, Released]] = {"handover-document": RELEASED, "handover-document-short": SHORT}
STATUSES: Final[Mapping[str, StatusUpdate]] = {
    "handover-status-received": RECEIVED,
    "handover-status-question": ASKED,
    "handover-status-note": ANSWERED,
    "handover-status-meeting-planned": PLANNED,
    "handover-status-meeting-cancelled": BY_VIDEO,
    "handover-status-taken-over": TAKEN_OVER,
    "handover-status-declined": DECLINED,
    "handover-status-withdrawal-answered": GIVEN_BACK,
    "handover-status-nothing-came": NOTHING_CAME,
}


def items(contents: tuple[Content, ...], *marks: Mark) -> tuple[Item, ...]:
    """Return items at the origin with these marks."""
    return tuple(
        Item(id=ItemId(named(f"item {number}")), position=number, content=content, marked=Marked(mark=mark))
        for number, (content, mark) in enumerate(zip(contents, marks, strict=True))
    )


def _choices() -> bytes:
    marked = items(CONTENTS[:4], Mark.TRAVELS, Mark.STAYS, Mark.UNDECIDED, Mark.TRAVELS)
    consent = fhir.choices(
        marked,
        handover=RELEASED.handover,
        patient=PersonId(named("patient")),
        sender=PSYCHOLOGIST,
        receiver=INTAKE,
        now=AT,
    )
    return orjson.dumps(consent)


BLOCK: Final = Choice(
    id=ChoiceId(named("block")),
    person=PersonId(named("patient")),
    kind=ConsentKind.DENY,
    target=Target(agency=INTAKE.agency, service=CLINIC.service),
    given_at=AT,
    withdrawn_at=AT + timedelta(days=2),
)
PERMIT: Final = replace(
    BLOCK,
    id=ChoiceId(named("permit")),
    kind=ConsentKind.PERMIT,
    target=Target(agency=PSYCHOLOGIST.agency),
    terms=Terms(purpose="handover", topics=("practical", "plans"), until=date(2027, 3, 31)),
    withdrawn_at=None,
)


def written() -> dict[str, bytes]:
    """Return every example of a handover, by name."""
    return {
        **{name: document("document" if each is RELEASED else name, each) for name, each in DOCUMENTS.items()},
        "handover-document-added": ADDED,
        "handover-bundle": fhir.handed(HANDED, BLOBS, message=message("handover-bundle")),
        "handover-bundle-supplement": fhir.handed(SUPPLEMENT, (), message=message("handover-supplement")),
        **{name: fhir.status(each, message=message(name)) for name, each in STATUSES.items()},
        "handover-withdraw": fhir.withdrawal(WITHDRAWAL, message=message("handover-withdraw")),
        "consent-handover-choices": _choices(),
        "consent-block": orjson.dumps(consent_of(BLOCK)),
        "consent-block-everyone": orjson.dumps(consent_of(replace(BLOCK, target=EVERYONE))),
        "consent-permit": orjson.dumps(consent_of(PERMIT)),
    }


WISHES: Final = Wishes(meeting=RELEASED.wants_meeting, note=RELEASED.meeting_note)
