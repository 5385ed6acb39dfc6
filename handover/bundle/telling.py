"""What the receiving service tells the sending one: the whole present state, numbered, and perhaps a note."""

from datetime import datetime

from sqlalchemy.orm import Session

from handover.actors import Author, Party
from handover.bundle import cases, fhir
from handover.bundle.model import Note
from handover.bundle.standing import Standing, word
from handover.directory import service as directory
from handover.exchange.model import Event
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


def service_author(session: Session, home: Party) -> Author:
    """Return a service as the author of what no person decided, with the phone people may call."""
    service = directory.service_of(session, home.service)
    return Author(name=service.name, phone=service.phone, agency=home.agency, service=home.service)
