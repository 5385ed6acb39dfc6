"""Maps what travels of a thread to FHIR and back: its messages, each a Communication.

Writing gives the exact bytes that are signed. Reading takes a checked Bundle (`fhir.messages.check`) and raises
Invalid(`message.unreadable`) for one that is valid FHIR and yet not a message of this kind. The identifier of the
thread stands on every Communication, and what it answers is named by identifier: the receiver may not have it.
"""

from collections.abc import Sequence

from handover.exchange.model import SealedBlob
from handover.ids import MessageId
from handover.message.fhir.letters import letter, read_letter
from handover.message.fhir.links import link, read_link, read_unlink, unlink
from handover.message.fhir.words import read_retraction, read_word, retraction, word
from handover.message.linking import Link, Unlink
from handover.message.model import Letter, Retraction, Word

__all__ = [
    "letter",
    "link",
    "read_letter",
    "read_link",
    "read_retraction",
    "read_unlink",
    "read_word",
    "retraction",
    "unlink",
    "word",
    "written",
]


def written(
    what: Letter | Word | Retraction | Link | Unlink, blobs: Sequence[SealedBlob], *, message: MessageId
) -> bytes:
    """Return any of them; `blobs` are a letter's files, its own before those of what it forwards."""
    if isinstance(what, Letter):
        return letter(what, blobs, message=message)
    if isinstance(what, Link):
        return link(what, message=message)
    if isinstance(what, Unlink):
        return unlink(what, message=message)
    return word(what, message=message) if isinstance(what, Word) else retraction(what, message=message)
