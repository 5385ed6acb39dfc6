"""Maps a report that an entry seems wrong, and its answer, to the message `directory-correction` and back."""

from typing import Any, Final
from uuid import UUID

from handover.actors import Party
from handover.addressbook.model import Answer, Outcome, Part, Report, ReportId
from handover.fhir import urls
from handover.fhir.entries import Json, concept, uri, when, written
from handover.fhir.letters import FOCUS, Frame, Letter, OpenedLetter, unreadable_as
from handover.fhir.resources import code_of, identifier_of, instant_of
from handover.ids import MessageId, ServiceId

EVENT: Final = "directory-correction"
PARTS: Final = f"{urls.BASE}/CodeSystem/directory-part"
VALUES: Final = f"{urls.BASE}/CodeSystem/directory-correction-value"
STATUSES: Final = {"completed": Outcome.MENDED, "rejected": Outcome.STANDS}
"""What the status of an answered task says (Task.status)."""


def report_message(report: Report, *, message: MessageId) -> bytes:
    """Return the message that brings a report to the owner of the entry."""
    return _message(report, message=message, status="requested", description=written(report.text))


def answer_message(answer: Answer, report: Report, *, message: MessageId, answers: MessageId) -> bytes:
    """Return the message that tells the reporter what was done; it quotes the one that brought the report."""
    status = next(status for status, outcome in STATUSES.items() if outcome is answer.outcome)
    text = written(answer.text)
    output = [{"type": concept((VALUES, "answer")), "valueString": text}] if text else None
    return _message(
        report,
        message=message,
        status=status,
        answer=answer,
        answers=answers,
        lastModified=when(answer.at),
        output=output,
    )


@unreadable_as("addressbook.unreadable")
def read(resource: Json) -> Report | Answer:
    """Return what a checked `directory-correction` says. Raises Invalid('addressbook.unreadable')."""
    letter = OpenedLetter(resource)
    return _read_report(letter) if letter.only("Task")["status"] == "requested" else _read_answer(letter)


def _message(
    report: Report,
    *,
    message: MessageId,
    status: str,
    answer: Answer | None = None,
    answers: MessageId | None = None,
    **members: Any,
) -> bytes:
    reporter = _works_at(report)
    sender, receiver = (reporter, report.about) if answer is None else (report.about, reporter)
    at = report.at if answer is None else answer.at
    letter = Letter(frame=Frame(message=message, event=EVENT, sender=sender, receiver=receiver, at=at))
    letter.add(
        FOCUS,
        "Task",
        identifier=[uri(report.id.urn)],
        status=status,
        intent="order",
        code=concept((PARTS, report.part.value)),
        focus=letter.service(report.about),
        authoredOn=when(report.at),
        requester=letter.party(reporter),
        owner=letter.service(report.about),
        **members,
    )
    author = letter.author(report.reporter if answer is None else answer.author)
    return letter.finished(author=author, caused_by=answers)


def _works_at(report: Report) -> Party:
    return Party(report.reporter.agency, ServiceId(report.reporter.service or ""))


def _read_report(letter: OpenedLetter) -> Report:
    task = letter.only("Task")
    return Report(
        id=_report_of(task),
        about=letter.service(task["focus"]),
        part=Part(code_of(task["code"], PARTS)),
        text=task["description"],
        reporter=letter.author(letter.header["author"]),
        at=instant_of(task["authoredOn"]),
    )


def _read_answer(letter: OpenedLetter) -> Answer:
    task = letter.only("Task")
    return Answer(
        report=_report_of(task),
        outcome=STATUSES[task["status"]],
        text=next((str(each["valueString"]) for each in task.get("output", ())), ""),
        author=letter.author(letter.header["author"]),
        at=instant_of(task["lastModified"]),
    )


def _report_of(task: Json) -> ReportId:
    return ReportId(UUID(identifier_of(task["identifier"], urls.URI)))
