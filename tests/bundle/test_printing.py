"""The PDF says what the document says, tagged and in the reader's language; the calendar file says only when."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from icalendar import Calendar
from pypdf import PdfReader

from handover.bundle import assembly, document, printing
from handover.bundle.lifecycle import Status
from handover.bundle.model import FIXED_SENTENCE, Content, Mark, TopicCode
from handover.web import i18n
from tests.bundle.test_deadlines import STANDING
from tests.fhir import handovers

HEADINGS = {"nb": "Med egne ord", "nn": "Med eigne ord", "en": "In their own words"}


@pytest.fixture
def app() -> Flask:
    app = Flask("paper")
    i18n.init_app(app)
    return app


def _pdf(**changes: Any) -> bytes:
    return printing.handover(document.read(handovers.document("paper", replace(handovers.RELEASED, **changes))))


def _text(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def _tags(node: Any) -> Iterator[str]:
    """Return the roles of the structure tree, in reading order."""
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        for each in node:
            yield from _tags(each)
    elif hasattr(node, "get"):
        if "/S" in node:
            yield str(node["/S"])
        yield from _tags(node.get("/K", []))


def test_a_patient_gets_a_tagged_pdf_that_claims_pdf_ua() -> None:
    pdf = _pdf()
    root: Any = PdfReader(BytesIO(pdf)).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "nb"
    tags = list(_tags(root["/StructTreeRoot"]))
    assert tags.count("/H1") == 1
    assert {"/H2", "/H3", "/P", "/L", "/BlockQuote"} <= set(tags)
    assert b"pdfuaid" in pdf


def test_a_pdf_reads_as_the_document_does_own_words_first() -> None:
    text = _text(_pdf())
    assert FIXED_SENTENCE in text
    places = [
        text.index(part)
        for part in ("Med egne ord", "Jeg vil ikke fortelle alt", "Det som trengs nå", "Trenger ro")
    ]
    assert places == sorted(places)
    for said in (
        "Sertralin",
        "Går tur.",
        "Per Lærer",
        "Alt om skolen.",
        "F32.1",
        "Individuell plan.pdf",
        "Om hunden",
    ):
        assert said in text


def test_the_same_bytes_print_the_same_pdf() -> None:
    assert _pdf() == _pdf()


def test_a_pdf_holds_nothing_of_what_stays() -> None:
    marks = [Mark.TRAVELS, Mark.STAYS, Mark.UNDECIDED]
    contents = [
        Content(topic=TopicCode("free"), title=f"CANARY{mark}", own_words=f"CANARY{mark}") for mark in marks
    ]
    released = assembly.released_of(
        handovers.items(tuple(contents), *marks),
        handovers.TOPICS,
        handover=handovers.RELEASED.handover,
        patient=handovers.RELEASED.patient,
        sender=handovers.RELEASED.sender,
        receiver=handovers.RELEASED.receiver,
        author=handovers.RELEASED.author,
        wishes=handovers.WISHES,
    )
    text = _text(printing.handover(document.read(handovers.document("paper", released))))
    assert "CANARYtravels" in text
    assert "CANARYstays" not in text
    assert "CANARYundecided" not in text


@pytest.mark.parametrize("lang", HEADINGS)
def test_a_pdf_has_headings_in_the_readers_language(app: Flask, lang: str) -> None:
    with app.test_request_context(f"/?lang={lang}"):
        pdf = _pdf()
    root: Any = PdfReader(BytesIO(pdf)).trailer["/Root"]
    assert root["/Lang"] == lang
    assert HEADINGS[lang] in _text(pdf)


def test_what_people_write_is_never_markup() -> None:
    odd = '#read("/etc/passwd") *fet* = Overskrift \\ $x$ @ref <merke> // ikke en kommentar'
    assert "".join(odd.split()) in "".join(_text(_pdf(meeting_note=odd)).split())


def test_a_sign_that_no_font_has_is_printed_without_the_claim() -> None:
    pdf = _pdf(meeting_note="Ha det 🦭 مرحبا")
    root: Any = PdfReader(BytesIO(pdf)).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert b"pdfuaid" not in pdf
    assert "Ha det" in _text(pdf)


def _event(status: Status = Status.MEETING_PLANNED, **changes: Any) -> tuple[bytes, Any]:
    now = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    planned = replace(STANDING, status=status, meeting=replace(handovers.MEETING, **changes))
    raw = printing.invitation(planned, now=now)
    assert raw is not None
    (event,) = Calendar.from_ical(raw).walk("VEVENT")
    return raw, event


def test_a_calendar_file_says_when_in_utc_and_nothing_of_whom_where_or_what() -> None:
    raw, event = _event()
    assert event.decoded("dtstart") == handovers.MEETING.start
    assert event.decoded("dtend") - event.decoded("dtstart") == timedelta(minutes=45)
    assert b"DTSTART:20261201T110000Z" in raw
    assert (str(event["summary"]), event["sequence"], str(event["class"])) == ("Avtale", 2, "PRIVATE")
    for secret in (b"Fjordheim", b"DPS", b"Per", b"Siri", b"overf", b"video", b"LOCATION", b"ATTENDEE", b"ATTACH"):
        assert secret not in raw


def test_a_changed_meeting_replaces_itself_in_the_calendar_and_a_cancelled_one_goes() -> None:
    _, first = _event()
    later, second = _event(
        sequence=3, start=handovers.MEETING.start + timedelta(days=1), cancelled_because="Sykdom"
    )
    assert first["uid"] == second["uid"]
    assert second["sequence"] > first["sequence"]
    assert str(second["status"]) == "CANCELLED"
    assert b"METHOD:CANCEL" in later
    assert b"Sykdom" not in later


@pytest.mark.parametrize(
    "status", [Status.DECLINED, Status.WITHDRAWN, Status.WITHDRAWAL_NOTIFIED, Status.WITHDRAWAL_ANSWERED]
)
def test_the_meeting_of_a_handover_that_was_declined_or_taken_back_goes_from_the_calendar(status: Status) -> None:
    _, planned = _event()
    raw, event = _event(status)
    assert (event["uid"], str(event["status"])) == (planned["uid"], "CANCELLED")
    assert event["sequence"] > planned["sequence"]
    assert b"METHOD:CANCEL" in raw
