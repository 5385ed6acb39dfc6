"""Maps what travels of a thread to FHIR and back: its three messages, each a Communication.

Writing gives the exact bytes that are signed. Reading takes a checked Bundle (`fhir.messages.check`) and raises
Invalid(`message.unreadable`) for one that is valid FHIR and yet not a message of this kind. The identifier of the
thread stands on every Communication, and what it answers is named by identifier: the receiver may not have it.
"""

from collections.abc import Sequence

from handover.exchange.model import SealedBlob
from handover.ids import MessageId
from handover.message.fhir.letters import letter, read_letter
from handover.message.fhir.words import read_retraction, read_word, retraction, word
from handover.message.model import Letter, Retraction, Word

__all__ = [
    "letter",
    "read_letter",
    "read_retraction",
    "read_word",
    "retraction",
    "word",
    "written",
]


def written(what: Letter | Word | Retraction, blobs: Sequence[SealedBlob], *, message: MessageId) -> bytes:
    """Return any of the three; `blobs` are a letter's files, its own before those of what it forwards."""
    if isinstance(what, Letter):
        return letter(what, blobs, message=message)
    return word(what, message=message) if isinstance(what, Word) else retraction(what, message=message)
