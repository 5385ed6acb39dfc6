"""The messages of threads among the examples: of each one that says much, and some that say little."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from handover.actors import Author, Party
from handover.exchange.model import SealedBlob
from handover.ids import AgencyId, CommunicationId, ServiceId, ThreadId
from handover.message import fhir
from handover.message.linking import Link, Unlink, Why
from handover.message.model import (
    Answer,
    Basis,
    By,
    Choice,
    Content,
    Fate,
    File,
    Forwarded,
    Heading,
    Hop,
    Letter,
    Member,
    Offer,
    Opened,
    Point,
    Priority,
    Reason,
    Retraction,
    Slot,
    SlotId,
    Subject,
    Told,
    Weighs,
    Word,
)
from tests.fhir.people import AT, CLINIC, INTAKE, PATIENT, PSYCHOLOGIST, WRITER, message, named

NAV: Final = Party(AgencyId("310000027"), ServiceId("93001"))
CASEWORKER: Final = Author(
    name="Nils Veileder", title="veileder", phone="+47 55 50 30 03", agency=NAV.agency, service=NAV.service
)
THREAD: Final = ThreadId(named("thread"))
SLOTS: Final = tuple(
    Slot(id=SlotId(named(f"slot {day}")), start=AT + timedelta(days=day), minutes=30) for day in (2, 3)
)


def _file(name: str, length: int) -> File:
    digest = bytes(range(length % 200, length % 200 + 32))
    return File(name=f"{name}.pdf", content_type="application/pdf", length=length, sha256=digest)


PLAN: Final = _file("plan", 30_411)
REPORT: Final = _file("rapport", 48_222)

LETTERS: Final[Mapping[str, Letter]] = {
    "care-message": Letter(
        id=CommunicationId(named("message 2")),
        heading=Heading(thread=THREAD, reference="8H3K-PQ2M", subject=Subject.WORK, line="Arbeidsprøving"),
        patient=PATIENT,
        sender=PSYCHOLOGIST,
        receiver=NAV,
        to=(NAV, INTAKE),
        members=(
            Member(party=PSYCHOLOGIST, since=AT - timedelta(days=2)),
            Member(party=INTAKE, since=AT - timedelta(days=2)),
            Member(party=NAV, since=AT, added_by=PSYCHOLOGIST),
        ),
        author=WRITER,
        content=Content(
            text="Kan vi snakkes om arbeidsprøving?\n\n- onsdag passer best",
            files=(PLAN,),
            priority=Priority.SOON,
            answer_by=date(2026, 12, 1),
            wished_person="Nils Veileder",
            offer=Offer(by=By.PHONE, slots=SLOTS, where="+47 55 50 10 01"),
        ),
        written_at=AT,
        replies_to=CommunicationId(named("message 1")),
        forwards=(
            Forwarded(
                id=CommunicationId(named("message 0")),
                thread=ThreadId(named("another thread")),
                sender=INTAKE,
                author=replace(CASEWORKER, agency=INTAKE.agency, service=INTAKE.service, name="Ola Spesialist"),
                text="Vi anbefaler arbeidsprøving.",
                files=(REPORT,),
                written_at=AT - timedelta(days=1),
                replies_to=CommunicationId(named("message unknown")),
                patient_reads=True,
                stood_under=(Subject.MEDICINES, Subject.PLAN),
            ),
            Forwarded(
                id=CommunicationId(named("message far")),
                thread=ThreadId(named("a third thread")),
                sender=NAV,
                author=CASEWORKER,
                text="Har dere en plan for høsten?",
                written_at=AT - timedelta(days=5),
                stood_under=(Subject.WORK,),
                hops=(
                    Hop(
                        message=CommunicationId(named("message between")),
                        by=replace(CASEWORKER, agency=CLINIC.agency, service=CLINIC.service, name="Åse Assistent"),
                        at=AT - timedelta(days=4),
                    ),
                    Hop(
                        message=CommunicationId(named("message between, again")),
                        by=replace(
                            CASEWORKER, agency=INTAKE.agency, service=INTAKE.service, name="Ola Spesialist"
                        ),
                        at=AT - timedelta(days=3),
                    ),
                ),
            ),
        ),
        purpose="work-and-benefits",
        rests_on=(
            Basis(topics=("practical", "documents"), given=date(2026, 11, 2), until=date(2027, 2, 1)),
            Basis(topics=("plans",), given=date(2026, 11, 3), until=date(2027, 2, 1)),
        ),
        patient_reads=True,
        stood_under=(Subject.PLAN,),
    ),
    "care-message-anonymous": Letter(
        id=CommunicationId(named("message 7")),
        heading=Heading(
            thread=ThreadId(named("case")),
            reference="2QXW-8HVD",
            subject=Subject.ANONYMOUS,
            line="Bør et oppsøkende team ta kontakt?",
        ),
        sender=PSYCHOLOGIST,
        receiver=NAV,
        to=(NAV,),
        members=(Member(party=NAV, since=AT), Member(party=PSYCHOLOGIST, since=AT, added_by=PSYCHOLOGIST)),
        author=WRITER,
        content=Content(
            text="En voksen person har trukket seg unna.",
            weighing=(
                Point(weighs=Weighs.FOR, text="Svarer ikke på brev"),
                Point(weighs=Weighs.AGAINST, text="Har en bror som hjelper til"),
            ),
        ),
        written_at=AT,
    ),
    "care-message-question": Letter(
        id=CommunicationId(named("message 9")),
        heading=Heading(thread=ThreadId(named("question")), reference="9K2M-TT4V", subject=Subject.QUESTION),
        sender=NAV,
        receiver=INTAKE,
        to=(INTAKE,),
        members=(Member(party=NAV, since=AT), Member(party=INTAKE, since=AT)),
        author=CASEWORKER,
        content=Content(text="Hvor lang er ventetiden hos dere nå?"),
        written_at=AT,
    ),
}

WORDS: Final[Mapping[str, Word]] = {
    "care-message-status": Word(
        thread=THREAD,
        sender=NAV,
        receiver=PSYCHOLOGIST,
        at=AT,
        author=CASEWORKER,
        told=(
            Told(
                message=CommunicationId(named("message 1")),
                opened=Opened(by="Nils Veileder", title="veileder", at=AT),
            ),
            Told(
                message=CommunicationId(named("message 2")),
                choice=Choice(slot=SLOTS[1].id, by=CASEWORKER, at=AT, phone="+47 55 50 30 03"),
            ),
            Told(
                message=CommunicationId(named("message 3")),
                answer=Answer(fate=Fate.CONFIRMED, at=AT, by="Lise Leder"),
            ),
        ),
        members=(Member(party=INTAKE, since=AT, added_by=NAV),),
    ),
    "care-message-status-vanished": Word(
        thread=THREAD,
        sender=NAV,
        receiver=PSYCHOLOGIST,
        at=AT,
        told=(Told(message=CommunicationId(named("message 1")), answer=Answer(fate=Fate.VANISHED, at=AT)),),
    ),
    "care-message-status-infected": Word(
        thread=THREAD,
        sender=NAV,
        receiver=PSYCHOLOGIST,
        at=AT,
        told=(Told(message=CommunicationId(named("message 1")), infected=(bytes(range(32)), bytes(32))),),
    ),
    "care-message-status-unchecked": Word(
        thread=THREAD,
        sender=NAV,
        receiver=PSYCHOLOGIST,
        at=AT,
        told=(Told(message=CommunicationId(named("message 1")), unchecked=(bytes(range(32)),)),),
    ),
}

RETRACTIONS: Final[Mapping[str, Retraction]] = {
    "care-message-retract": Retraction(
        message=CommunicationId(named("message 1")),
        thread=THREAD,
        sender=PSYCHOLOGIST,
        receiver=NAV,
        author=WRITER,
        reason=Reason.RECEIVER,
        at=AT,
    )
}

LINKS: Final[Mapping[str, Link]] = {
    "case-link": Link(
        thread=ThreadId(named("case")),
        number=3,
        patient=PATIENT,
        sender=PSYCHOLOGIST,
        receiver=NAV,
        author=WRITER,
        at=AT,
    )
}
UNLINKS: Final[Mapping[str, Unlink]] = {
    "case-unlink": Unlink(
        thread=ThreadId(named("case")),
        number=4,
        why=Why.WITHDRAWN,
        sender=PSYCHOLOGIST,
        receiver=NAV,
        at=AT,
        wrong=2,
    ),
    "case-unlink-mistake": Unlink(
        thread=ThreadId(named("case")),
        number=5,
        why=Why.MISTAKE,
        sender=PSYCHOLOGIST,
        receiver=NAV,
        author=WRITER,
        at=AT,
    ),
}


def blobs(letter: Letter) -> tuple[SealedBlob, ...]:
    """Return what the exchange would know after sealing a letter's files, its own first."""
    files = (*letter.content.files, *(file for each in letter.forwards for file in each.files))
    return tuple(
        SealedBlob(
            sha256=bytes(reversed(file.sha256)).hex(),
            length=file.length + 28,
            key=bytes(range(32)),
            content_type=file.content_type,
            plain_sha256=file.sha256.hex(),
            plain_length=file.length,
        )
        for file in files
    )


def written() -> dict[str, bytes]:
    """Return the examples as the bytes that would be signed."""
    return {
        **{n: fhir.letter(each, blobs(each), message=message(n)) for n, each in LETTERS.items()},
        **{n: fhir.word(each, message=message(n)) for n, each in WORDS.items()},
        **{n: fhir.retraction(each, message=message(n)) for n, each in RETRACTIONS.items()},
        **{n: fhir.link(each, message=message(n)) for n, each in LINKS.items()},
        **{n: fhir.unlink(each, message=message(n)) for n, each in UNLINKS.items()},
    }


def event_of(name: str) -> str:
    """Return the event of an example, by its name."""
    events = ("case-link", "case-unlink", "care-message-status", "care-message-retract", "care-message")
    return next(event for event in events if name.startswith(event))
