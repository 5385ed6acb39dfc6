"""Anonymous cases at two real nodes: begun, looked through, linked and unlinked; one line for each use case."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import orjson
from sqlalchemy import select, text

from handover.actors import Staff
from handover.consent import service as consent
from handover.exchange import service as exchange
from handover.exchange.model import Event, Received
from handover.exchange.tables import OutgoingRow
from handover.ids import MessageId, ServiceId
from handover.message import fhir, service
from handover.message.joined import receive_link, receive_unlink
from handover.message.linking import Link, Unlink
from handover.message.model import Subject, Word
from handover.message.receiving import receive_word
from handover.message.service import About, Begun, Yes
from handover.person import service as person
from handover.person.model import Identity
from tests.message.nodes import PATIENT, Post

CASE: Final = About(subject=Subject.ANONYMOUS, line="Bør et oppsøkende team ta kontakt?")
WORDS: Final = "En voksen person svarer ikke på brev."


def known(post: Post, by: Staff, *identities: Identity) -> None:
    """Let somebody's agency know patients."""
    with post.db(by).transaction() as session:
        for each in identities:
            person.find_or_create(session, by.agency, each, now=post.town.now)


def discuss(post: Post, by: Staff, to: Iterable[ServiceId], words: str = WORDS, **other: Any) -> Begun:
    """Begin a case, send its first message, and let it arrive."""
    return post.send(by, tuple(to), words, about=CASE, **other)


def yes(post: Post, *to: ServiceId) -> Yes:
    """Return the patient's yes to services, said just now."""
    return Yes(to=to, until=(post.town.now + timedelta(days=30)).date())


def link(
    post: Post, by: Staff, case: Begun, *to: ServiceId, who: Identity | None = PATIENT, said_yes: bool = True
) -> None:
    """Link a case to the patient at services, with their yes, and let that arrive."""
    said = yes(post, *to) if said_yes else None
    post.do(by, case, service.link, who, to, yes=said)
    post.town.settle()


def heard(post: Post, by: Staff, said: Link | Unlink | Word) -> None:
    """Let somebody's node hear what another one signed, whatever that one's software should have kept from it."""
    event, receive = Event.CARE_MESSAGE_STATUS, receive_word
    if isinstance(said, Link):
        event, receive = Event.CASE_LINK, receive_link  # type: ignore[assignment]
    elif isinstance(said, Unlink):
        event, receive = Event.CASE_UNLINK, receive_unlink
    message = MessageId(uuid4())
    payload = fhir.written(said, (), message=message)
    received = Received(
        message=message,
        sender=said.sender.agency,
        receiver=said.receiver.agency,
        event=event,
        resource=orjson.loads(payload),
        payload=payload,
        received_at=post.town.now,
    )
    with post.db(by).transaction() as session:
        receive(session, received)


def withdraw(post: Post, by: Staff, *, agency: str | None = None) -> None:
    """Take back every yes of the patient at somebody's agency, or the one to one agency."""
    who = post.person(by)
    with post.db(by).transaction() as session:
        for each in consent.choices_of(session, by.agency, who):
            if each.withdrawn_at is None and agency in {None, each.target.agency}:
                consent.withdraw_permit(session, by.agency, who, each.id, by=by, now=post.town.now)
    post.town.settle()


def patient_at(post: Post, by: Staff, case: Begun) -> Identity | None:
    """Return whom a case is about, as somebody sees it."""
    return post.see(by, case).patient


def sent_from(post: Post, by: Staff) -> bytes:
    """Return everything that somebody's agency has promised to send, as it was before it was sealed."""
    with post.db(by).transaction() as session:
        rows = session.scalars(select(OutgoingRow.message).where(OutgoingRow.agency == by.agency))
        return b"\n".join(repr(exchange.posted(session, by.agency, MessageId(each))).encode() for each in rows)


def stored_at(post: Post, by: Staff) -> bytes:
    """Return everything in the database of somebody's node, as a dump would show it."""
    with post.db(by).transaction() as session:
        tables = session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all()
        return b"\n".join(
            repr(row).encode() for table in tables for row in session.execute(text(f'SELECT * FROM "{table}"'))
        )
