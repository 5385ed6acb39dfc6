"""What the receiving service tells the sending one: the whole present state, numbered, and perhaps a note."""

from datetime import datetime

from sqlalchemy.orm import Session

from handover.actors import Author, Party
from handover.bundle import cases, fhir
from handover.bundle.model import Note, WithdrawalNotice
from handover.bundle.standing import Standing, nothing_came, word
from handover.directory import service as directory
from handover.errors import NotFound
from handover.exchange.model import Event, Outgoing
from handover.ids import MessageId, new_uuid


def tell(session: Session, standing: Standing, *, author: Author, now: datetime, note: Note | None = None) -> None:
    """Promise the sender a `handover-status` from this copy."""
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
