"""Documents that came with a message: kept, waited for while the virus scanner is silent, or not taken in.

A message is read at once. A document that nobody has looked at says so in its place and comes by itself later; one
with a virus, or that nobody could look at in time, is named to those who read the thread, here and at its sender,
who is told in a word of ours.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from handover.actors import Party
from handover.exchange import blobs
from handover.exchange.model import LateDocument, Look, Received, SealedBlob
from handover.ids import CommunicationId, ServiceId, ThreadId
from handover.message import cases, hearing, store
from handover.message.cases import Said
from handover.message.model import Doing, Letter, Message, Told
from handover.message.standing import Copy, word_to
from handover.message.store import Stored
from handover.team import service as team
from handover.team.model import TaskKind

_KIND: Final = "document"
_OF_OTHERS: Final = frozenset({TaskKind.DOCUMENT_REFUSED, TaskKind.DOCUMENT_UNCHECKED})


def keep(
    session: Session, taken: Copy, letter: Letter, sealed: Sequence[SealedBlob], received: Received
) -> dict[bytes, Look]:
    """Keep the documents that came with a letter; return what the scanner makes of each, by its SHA-256.

    Raises what `blobs.take_looked_at` raises.
    """
    subject = f"{_KIND}/{letter.receiver.service}/{letter.heading.thread}/{letter.id}"
    looks: dict[bytes, Look] = {}
    came = blobs.take_looked_at(session, received, sealed, subject=subject)
    for file, found in zip(cases.files_of(letter), came, strict=True):
        if isinstance(found, bytes):
            store.add_file(session, taken.standing, found)
        is_here = isinstance(found, bytes) or store.has_file(session, taken.standing, file.sha256)
        looks[file.sha256] = found if found is Look.INFECTED else Look.CLEAN if is_here else Look.UNSCANNED
    store.drop_unused_files(session, taken)
    return looks


def receive(session: Session, document: LateDocument) -> None:
    """Take in a document that the scanner has looked at after its message came, or say why it is not here.

    Of a message that was taken back meanwhile nothing is kept.
    """
    _kind, service, thread, letter = document.subject.split("/")
    home = Party(document.receiver, ServiceId(service))
    stored = store.at_home(session, home, ThreadId(UUID(thread)))
    waits = None if stored is None else hearing.waiting_for(stored.copy, document.sha256)
    if stored is None or waits is None:
        return
    said = Said(message=waits.id, party=waits.brought_by, document=document.sha256)
    by, now = cases.machine(home.agency), document.at
    if document.content is None:
        doing, copy = _without(stored.copy, document)
        saved = cases.record(session, stored, copy, doing, by=by, now=now, said=said)
        tell_of_refused(session, stored.copy, saved, CommunicationId(UUID(letter)), now=now)
        return
    store.add_file(session, stored.standing, document.content)
    copy = hearing.document_came(stored.copy, document.sha256, now=now)
    cases.record(session, stored, copy, Doing.RECEIVE_DOCUMENT, by=by, now=now, said=said)


def tell_of_refused(
    session: Session, before: Copy, saved: Stored, letter: CommunicationId, *, now: datetime
) -> None:
    """Leave tasks with the titles of the documents that were refused since, and tell who sent them."""
    infected, unchecked = (
        found - known for found, known in zip(_refused(saved.copy), _refused(before), strict=True)
    )
    _leave(session, saved, TaskKind.DOCUMENT_REFUSED, infected, now=now)
    _leave(session, saved, TaskKind.DOCUMENT_UNCHECKED, unchecked, now=now)
    if new := infected | unchecked:
        senders = (each.brought_by for each in saved.copy.messages if new & {*each.infected, *each.unchecked})
        told = Told(message=letter, infected=tuple(sorted(infected)), unchecked=tuple(sorted(unchecked)))
        word = word_to(saved.standing, next(senders), (told,), author=None, now=now)
        cases.post_all(session, saved.copy, [word], now=now)


def tell_of_ours(session: Session, before: Copy, saved: Stored, *, now: datetime) -> None:
    """Leave tasks with the titles of documents of ours that a receiver has not taken in since."""
    infected, unchecked = (
        {sha256 for _to, sha256 in found - known}
        for found, known in zip(_not_taken_in(saved.copy), _not_taken_in(before), strict=True)
    )
    _leave(session, saved, TaskKind.DOCUMENT_INFECTED, infected, now=now)
    _leave(session, saved, TaskKind.DOCUMENT_NOT_CHECKED, unchecked, now=now)


def take_back(session: Session, saved: Stored, *, now: datetime) -> None:
    """Let open tasks name no document of a message that was taken back; what then says nothing is closed."""
    home = saved.standing.home
    shown = [each for each in saved.copy.messages if each.is_shown_at(home)]
    named = {
        file.name
        for each in shown
        for file in each.content.files
        if file.sha256 in {*each.infected, *each.unchecked}
    }
    for task in team.tasks_about(session, home.agency, saved.standing.thread):
        titles = task.text.splitlines()
        left = [each for each in titles if each in named]
        if task.kind in _OF_OTHERS and task.service == home.service and left != titles:
            team.reword_task(session, task, "\n".join(left), now=now)


def _without(copy: Copy, document: LateDocument) -> tuple[Doing, Copy]:
    """Return the copy after a document was found to hold a virus, or nobody could look at it in time."""
    if document.look is Look.INFECTED:
        looks = {document.sha256: Look.INFECTED}
        return Doing.REFUSE_DOCUMENT, hearing.looked_at(copy, looks, now=document.at)
    return Doing.GIVE_UP_DOCUMENT, hearing.document_given_up(copy, document.sha256, now=document.at)


def _leave(
    session: Session, saved: Stored, kind: TaskKind, documents: Collection[bytes], *, now: datetime
) -> None:
    if documents:
        cases.raise_task(session, saved.standing, kind, _titles(saved.copy.messages, documents), now=now)


def _refused(copy: Copy) -> tuple[set[bytes], set[bytes]]:
    """Return which documents were not taken in here: for a virus, and because nobody could look at them."""
    return (
        {sha256 for each in copy.messages for sha256 in each.infected},
        {sha256 for each in copy.messages for sha256 in each.unchecked},
    )


def _not_taken_in(copy: Copy) -> tuple[set[tuple[Party, bytes]], set[tuple[Party, bytes]]]:
    """Return which documents that were sent from this copy which receiver has not taken in, for either reason."""
    receipts = [receipt for each in copy.messages for receipt in each.receipts]
    return (
        {(receipt.to, sha256) for receipt in receipts for sha256 in receipt.infected},
        {(receipt.to, sha256) for receipt in receipts for sha256 in receipt.unchecked},
    )


def _titles(messages: Iterable[Message], wanted: Collection[bytes]) -> str:
    """Return what documents of messages are called, a line each."""
    files = (file for each in messages for file in each.content.files)
    return "\n".join(dict.fromkeys(file.name for file in files if file.sha256 in wanted))
