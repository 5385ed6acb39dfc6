"""The reports about entries of the directory in the examples: a report, an answer that mended, one without."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from handover.addressbook import fhir
from handover.addressbook.model import Answer, Outcome, Part, Report, ReportId
from tests.fhir.people import ASSESSOR, AT, INTAKE, WRITER, message, named

REPORT: Final = Report(
    id=ReportId(named("report")),
    about=INTAKE,
    part=Part.PHONE,
    text="Nummeret går til sentralbordet, og der vet de ikke hvem som har vakt.",
    reporter=WRITER,
    at=AT,
)
MENDED: Final = Answer(
    report=REPORT.id,
    outcome=Outcome.MENDED,
    text="Takk. Vi har skrevet inn nummeret til vakten.",
    author=ASSESSOR,
    at=AT + timedelta(hours=3),
)
STANDS: Final = replace(MENDED, outcome=Outcome.STANDS, text="")


def written() -> Mapping[str, bytes]:
    """Return every example as the bytes that would be signed, by name; its event starts the name."""
    asked = message("directory-correction-report")
    return {
        "directory-correction-report": fhir.report_message(REPORT, message=asked),
        "directory-correction-mended": fhir.answer_message(
            MENDED, REPORT, message=message("directory-correction-mended"), answers=asked
        ),
        "directory-correction-stands": fhir.answer_message(
            STANDS, REPORT, message=message("directory-correction-stands"), answers=asked
        ),
    }
