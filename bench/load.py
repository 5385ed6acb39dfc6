"""The messages that are sent: an example that is valid against its profile, each with ids of its own."""

from pathlib import Path
from typing import Final
from uuid import UUID

import orjson

from handover.exchange.model import Event
from handover.ids import AgencyId, MessageId

EXAMPLES: Final = Path(__file__).parents[1] / "fhir_profiles" / "examples"
_OF: Final = {Event.REFERRAL_REQUEST: "request.json", Event.CARE_MESSAGE: "care-message.json"}


class Template:
    """The example of an event as compact bytes, in which the message's own id can be replaced."""

    def __init__(self, event: Event = Event.REFERRAL_REQUEST) -> None:
        bundle = orjson.loads((EXAMPLES / _OF[event]).read_bytes())
        header = bundle["entry"][0]["resource"]
        self.event = event
        self.sender = AgencyId(header["source"]["endpoint"].rsplit(".", 1)[1])
        self.receiver = AgencyId(header["destination"][0]["endpoint"].rsplit(".", 1)[1])
        self._id = header["id"].encode()
        self._bytes = orjson.dumps(bundle)

    @property
    def size(self) -> int:
        """Bytes of one message."""
        return len(self._bytes)

    def message(self, own_id: UUID) -> tuple[MessageId, bytes]:
        """Return a message with that id."""
        return MessageId(own_id), self._bytes.replace(self._id, str(own_id).encode())
