"""Writes and opens the frame that messages between two services share: Bundle, MessageHeader, addresses, focus."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar
from uuid import uuid5

import orjson

from handover.actors import Author, Party
from handover.errors import Invalid
from handover.fhir import urls
from handover.fhir.acknowledgement import instant
from handover.fhir.entries import Entries, Json, extension, present, uri
from handover.fhir.resources import Resources, extensions_of
from handover.ids import MessageId

_T = TypeVar("_T")

FOCUS = "task"
"""The name of the entry that the header points to."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Who sends what to whom, and when."""

    message: MessageId
    event: str
    sender: Party
    receiver: Party
    at: datetime


@dataclass
class Letter(Entries):
    """A message in the making. Entries are named after what they hold: equal input, equal bytes."""

    address: Any = field(init=False, repr=False)
    frame: Frame = field(kw_only=True)

    def __post_init__(self) -> None:
        self.address = lambda name: uuid5(self.frame.message, name).urn

    def written_by(self, author: Author) -> Json:
        """Return the extension that says who wrote a note."""
        return extension("written-by", "Reference", self.author(author))

    def finished(self, *, author: Json | None, caused_by: MessageId | None = None) -> bytes:
        """Return the message as the bytes to sign, its header first. An entry named FOCUS must be there."""
        frame = self.frame
        header = self._header(author, caused_by)
        return orjson.dumps(
            {
                "resourceType": "Bundle",
                "id": str(uuid5(frame.message, "Bundle")),
                "meta": {"profile": [urls.profile(f"overgang-{frame.event}")]},
                "identifier": uri(frame.message.urn),
                "type": "message",
                "timestamp": instant(frame.at),
                "entry": [{"fullUrl": frame.message.urn, "resource": header}, *self.listed()],
            }
        )

    def _header(self, author: Json | None, caused_by: MessageId | None) -> Json:
        frame = self.frame
        return present(
            resourceType="MessageHeader",
            id=str(frame.message),
            eventCoding={"system": urls.EVENTS, "code": frame.event},
            destination=[{**self._address(frame.receiver), "receiver": self._agency(frame.receiver)}],
            sender=self._agency(frame.sender),
            author=author,
            source=self._address(frame.sender),
            response={"identifier": str(caused_by), "code": "ok"} if caused_by else None,
            focus=[self.reference(FOCUS)],
        )

    def _address(self, party: Party) -> Json:
        service = extension("addressed-service", "Reference", self.service(party))
        return {"extension": [service], "endpoint": urls.agency_endpoint(party.agency)}

    def _agency(self, party: Party) -> Json:
        identifier = {"system": urls.ORG, "value": party.agency}
        return {**self.agency(party.agency), "type": "Organization", "identifier": identifier}


@dataclass(frozen=True)
class OpenedLetter(Resources):
    """A checked message Bundle: who sends to whom, and what its references lead to."""

    @property
    def header(self) -> Json:
        """The MessageHeader."""
        return self.only("MessageHeader")

    @property
    def sender(self) -> Party:
        """The service that sends."""
        return self._addressed(self.header["source"])

    @property
    def receiver(self) -> Party:
        """The service that is addressed."""
        return self._addressed(self.header["destination"][0])

    def written_by(self, note: Json) -> Author:
        """Return who wrote a note."""
        return self.author(next(extensions_of(note, "written-by"))["valueReference"])

    def _addressed(self, address: Json) -> Party:
        (service,) = extensions_of(address, "addressed-service")
        return self.service(service["valueReference"])


def unreadable_as(code: str) -> Callable[[Callable[[Json], _T]], Callable[[Json], _T]]:
    """Turn what is missing or odd in a stranger's valid message into Invalid(code), without its values."""

    def decorate(read: Callable[[Json], _T]) -> Callable[[Json], _T]:
        @wraps(read)
        def reader(bundle: Json) -> _T:
            try:
                return read(bundle)
            except (LookupError, TypeError, ValueError, StopIteration, AttributeError):
                raise Invalid(code) from None

        return reader

    return decorate
