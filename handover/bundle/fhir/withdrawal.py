"""The message `handover-withdraw`: the patient has taken the handover back, and asks what was done with it."""

from typing import Final
from uuid import UUID

from handover.bundle.fhir import codes
from handover.bundle.fhir.frame import about, numbered, or_unreadable, version_of
from handover.bundle.lifecycle import Act, Version
from handover.bundle.model import RequestId, WithdrawalNotice
from handover.fhir import urls
from handover.fhir.entries import Json, concept, uri, when
from handover.fhir.letters import FOCUS, Frame, Letter, OpenedLetter
from handover.fhir.resources import identifier_of, instant_of
from handover.ids import HandoverId, MessageId

EVENT: Final = "handover-withdraw"


def withdrawal(notice: WithdrawalNotice, *, message: MessageId) -> bytes:
    """Return a `handover-withdraw`."""
    frame = Frame(message=message, event=EVENT, sender=notice.sender, receiver=notice.receiver, at=notice.at)
    letter = Letter(frame=frame)
    letter.add(
        FOCUS,
        "Task",
        extension=[numbered(Version(notice.round, 0))],
        identifier=[uri(notice.request.urn)],
        status="requested",
        intent="order",
        code=concept((codes.ACTS, Act.WITHDRAW)),
        focus=about(notice.handover),
        authoredOn=when(notice.at),
        requester=letter.party(notice.sender),
        owner=letter.service(notice.receiver),
    )
    return letter.finished(author=letter.author(notice.author))


@or_unreadable
def read_withdrawal(resource: Json) -> WithdrawalNotice:
    """Return what a checked `handover-withdraw` says. Raises Invalid('bundle.unreadable')."""
    letter = OpenedLetter(resource)
    task = letter.only("Task")
    return WithdrawalNotice(
        request=RequestId(UUID(identifier_of(task["identifier"], urls.URI))),
        handover=HandoverId(UUID(task["focus"]["identifier"]["value"])),
        round=version_of(task).round,
        sender=letter.sender,
        receiver=letter.receiver,
        author=letter.author(letter.header["author"]),
        at=instant_of(task["authoredOn"]),
    )
