"""A type for every identifier, and the one source of new ones (replaceable, so that tests can name them)."""

from collections.abc import Callable
from typing import Final, NewType
from uuid import UUID, uuid4

AgencyId = NewType("AgencyId", str)
"""An agency: its organisation number (NORWAY.md, `urn:oid:2.16.578.1.12.4.1.4.101`)."""
ServiceId = NewType("ServiceId", str)
"""A service people address: its HER-id (`urn:oid:2.16.578.1.12.4.1.2`)."""
StaffId = NewType("StaffId", UUID)
"""A staff member as one agency knows them."""
PersonId = NewType("PersonId", UUID)
"""A patient as one agency knows them."""
ReferralId = NewType("ReferralId", UUID)
"""A referral; ServiceRequest.identifier, the same at every agency it passes."""
HandoverId = NewType("HandoverId", UUID)
"""A handover (the case); the same at the sending and the receiving service."""
ItemId = NewType("ItemId", UUID)
"""One item of a handover, at its origin only: never on the wire."""
ThreadId = NewType("ThreadId", UUID)
"""A thread of messages; the same at every service that takes part."""
CommunicationId = NewType("CommunicationId", UUID)
"""One message of a thread (Communication.identifier): the same at every member, whatever envelopes carry it."""
MessageId = NewType("MessageId", UUID)
"""MessageHeader.id, and the `jti` of the signature."""
TaskId = NewType("TaskId", UUID)
"""A task for a named person (something a machine could not finish)."""
KeyId = NewType("KeyId", str)
"""RFC 7638 thumbprint of a public key."""

_REFERENCE_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without those that are mistaken for each other when read aloud or written down."""

_source: Callable[[], UUID] = uuid4


def new_uuid() -> UUID:
    """Return a fresh random identifier."""
    return _source()


def new_reference() -> str:
    """Return a short reference people can say on the phone, such as 8H3K-PQ2M (not a secret, not an id)."""
    rest, letters = new_uuid().int, ""
    for _ in range(8):
        rest, place = divmod(rest, len(_REFERENCE_LETTERS))
        letters += _REFERENCE_LETTERS[place]
    return f"{letters[:4]}-{letters[4:]}"


def set_source(source: Callable[[], UUID]) -> None:
    """Replace the source of new identifiers (tests)."""
    global _source
    _source = source


def reset() -> None:
    """Go back to random identifiers."""
    set_source(uuid4)
