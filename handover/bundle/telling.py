"""What the receiving service tells the sending one: the whole present state, numbered, and perhaps a note."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from handover.actors import Author, Party
from handover.bundle import cases, fhir
from handover.bundle.model import Done, Note, WithdrawalNotice
from handover.bundle.standing import Standing, nothing_came, word
from handover.directory import service as directory
from handover.errors import NotFound
from handover.exchange.model import Event, Outgoing
from handover.ids import MessageId, new_uuid

_NOTHING_LEFT: Final = frozenset({Done.DELETED, Done.NOT_RECEIVED})


def tell(
    session: Session, standing: Standing, *, author: Author, now: datetime, note: Note | None = None
) -> Standing:
    """Promise the sender a `handover-status` from this copy; return the copy that remembers in which message.

    The answer that nothing is left here carries nothing of the patient's, and stays as evidence whatever comes.
    """
    message = MessageId(new_uuid())
    cases.post(
        session,
        standing,
        Event.HANDOVER_STATUS,
        fhir.status(word(standing, author=author, note=note), message=message),
        message=message,
        now=now,
        about="" if note is None else str(note.id),
    )
    if standing.withdrawal is not None and standing.withdrawal.done in _NOTHING_LEFT:
        return standing
    return replace(standing, told_in=(*standing.told_in, message))


def tell_nothing_came(session: Session, notice: WithdrawalNotice, *, now: datetime) -> None:
    """Promise the sender the answer to a withdrawal of what has not come here, where no copy could tell it."""
    home, message = notice.receiver, MessageId(new_uuid())
    told = nothing_came(notice, author=service_author(session, home), now=now)
    outgoing = Outgoing(
        message=message,
        sender=home.agency,
        receiver=notice.sender.agency,
        event=Event.HANDOVER_STATUS,
        payload=fhir.status(told, message=message),
    )
    cases.promise(session, outgoing, now=now)


def service_author(session: Session, home: Party) -> Author:
    """Return a service as the author of what no person decided, with the phone people may call.

    A service that nobody lists any more still answers for what it was sent, by its number.
    """
    try:
        service = directory.service_of(session, home.service)
    except NotFound:
        return Author(name=home.service, agency=home.agency, service=home.service)
    return Author(name=service.name, phone=service.phone, agency=home.agency, service=home.service)
