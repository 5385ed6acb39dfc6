"""The messages `case-link` and `case-unlink`: whom an anonymous case is about, or is not any more."""

from typing import Final

from handover.fhir import urls
from handover.fhir.entries import Json, concept, extension, when
from handover.fhir.letters import FOCUS, OpenedLetter
from handover.fhir.letters import Frame as About
from handover.fhir.letters import Letter as Frame
from handover.fhir.resources import code_of, extensions_of, instant_of
from handover.ids import MessageId
from handover.message.fhir import parts
from handover.message.fhir.parts import or_unreadable
from handover.message.linking import Link, Unlink, Why
from handover.person.fhir import identity_of, patient_members

LINK: Final = "case-link"
UNLINK: Final = "case-unlink"
REASONS: Final = f"{urls.BASE}/CodeSystem/case-unlink-reason"


def link(said: Link, *, message: MessageId) -> bytes:
    """Return a `case-link`."""
    frame = _frame(said, LINK, message)
    author = frame.author(said.author)
    frame.add(
        FOCUS,
        "Communication",
        **_statement(frame, said),
        status="completed",
        subject=frame.add("patient", "Patient", **patient_members(said.patient)),
        sender=author,
    )
    return frame.finished(author=author)


@or_unreadable
def read_link(resource: Json) -> Link:
    """Return what a checked `case-link` says. Raises Invalid('message.unreadable')."""
    opened = OpenedLetter(resource)
    node = opened.only("Communication")
    return Link(
        thread=parts.thread_of(node),
        number=_number(node),
        patient=identity_of(opened.at(node["subject"])),
        sender=opened.sender,
        receiver=opened.receiver,
        author=opened.author(opened.header["author"]),
        at=instant_of(node["sent"]),
    )


def unlink(said: Unlink, *, message: MessageId) -> bytes:
    """Return a `case-unlink`."""
    frame = _frame(said, UNLINK, message)
    author = None if said.author is None else frame.author(said.author)
    frame.add(
        FOCUS,
        "Communication",
        **_statement(frame, said, wrong=said.wrong),
        status="stopped",
        statusReason=concept((REASONS, said.why)),
        sender=author or frame.service(said.sender),
    )
    return frame.finished(author=author)


@or_unreadable
def read_unlink(resource: Json) -> Unlink:
    """Return what a checked `case-unlink` says. Raises Invalid('message.unreadable')."""
    opened = OpenedLetter(resource)
    node, author = opened.only("Communication"), opened.header.get("author")
    number, wrong = _number(node), [each["valuePositiveInt"] for each in extensions_of(node, "case-mistaken")]
    if any(each >= number for each in wrong):
        raise ValueError("a mistake that was said later than the word that tells of it")
    return Unlink(
        thread=parts.thread_of(node),
        number=number,
        why=Why(code_of(node["statusReason"], REASONS)),
        sender=opened.sender,
        receiver=opened.receiver,
        author=None if author is None else opened.author(author),
        at=instant_of(node["sent"]),
        wrong=wrong[0] if wrong else 0,
    )


def _frame(said: Link | Unlink, event: str, message: MessageId) -> Frame:
    about = About(message=message, event=event, sender=said.sender, receiver=said.receiver, at=said.at)
    return Frame(frame=about)


def _statement(frame: Frame, said: Link | Unlink, *, wrong: int = 0) -> Json:
    number = extension("case-number", "PositiveInt", said.number)
    before = [extension("case-mistaken", "PositiveInt", wrong)] if wrong else []
    return {
        "extension": [parts.thread(said.thread), number, *before],
        "recipient": [frame.service(said.receiver)],
        "sent": when(said.at),
    }


def _number(node: Json) -> int:
    (found,) = extensions_of(node, "case-number")
    return int(found["valuePositiveInt"])
