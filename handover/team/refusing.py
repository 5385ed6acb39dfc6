"""Tells a service that something for it was not taken in, because a document that came with it holds a virus.

What was refused is not here, so the task says who sent it and names no patient and no document; they know.
"""

from sqlalchemy.orm import Session

from handover.directory import names
from handover.directory import service as directory
from handover.errors import NotFound
from handover.exchange.model import Received
from handover.fhir.letters import OpenedLetter
from handover.team import service as team
from handover.team.model import TaskKind


def tell_of_refused(session: Session, received: Received) -> None:
    """Leave a task for the service that a refused message was for; for nobody where it has no such service."""
    letter = OpenedLetter(received.resource)
    try:
        home = directory.service_of(session, letter.receiver.service)
    except NotFound:
        return
    if home.agency == received.receiver and letter.sender.agency == received.sender:
        text = names.of_party(session, letter.sender)
        team.raise_task(
            session,
            received.receiver,
            kind=TaskKind.CASE_REFUSED,
            text=text,
            service=letter.receiver.service,
            now=received.received_at,
        )
