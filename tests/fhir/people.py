"""The people, services and ids that all examples share."""

from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID, uuid5

from handover.actors import Author, Party
from handover.ids import AgencyId, MessageId, ServiceId
from handover.person.model import Address, Identity

_ROOT: Final = UUID("6f6d2a52-6f0c-4f6e-8d0a-1f2f7d1f5b10")

PSYCHOLOGIST: Final = Party(AgencyId("310000012"), ServiceId("91001"))
INTAKE: Final = Party(AgencyId("210000018"), ServiceId("92001"))
CLINIC: Final = Party(AgencyId("210000018"), ServiceId("92002"))
WRITER: Final = Author(
    name="Siri Psykolog",
    title="psykolog",
    phone="+47 55 50 10 01",
    agency=PSYCHOLOGIST.agency,
    service=PSYCHOLOGIST.service,
    hpr="9000001",
)
ASSESSOR: Final = Author(
    name="Ola Spesialist", title="psykologspesialist", phone="+47 55 50 20 02", agency=INTAKE.agency
)
AT: Final = datetime(2026, 11, 24, 8, 12, 30, 125_000, tzinfo=UTC)


def named(name: str) -> UUID:
    """Return the same UUID for the same name, of version 4 like those of the product."""
    return UUID(int=uuid5(_ROOT, name).int, version=4)


def message(name: str) -> MessageId:
    """Return the message id of an example."""
    return MessageId(named(f"message {name}"))


PATIENT: Final = Identity(
    given="Kari Anne",
    family="Fjord",
    birth_date=date(1990, 5, 3),
    number="03859012345",
    address=Address(lines=("Fjordveien 1", "H0201"), postal_code="5600", city="Fjordheim"),
    phone="+47 900 00 001",
)
