"""What the three messages of a thread have in common: the thread, members, who did something, and odd input."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from handover.actors import Author, Party
from handover.fhir import urls
from handover.fhir.entries import Json, extension, uri, when
from handover.fhir.letters import Letter as Frame
from handover.fhir.letters import OpenedLetter, unreadable_as
from handover.fhir.resources import extensions_of, identifier_of, instant_of, parts_of
from handover.ids import CommunicationId, ThreadId
from handover.message.model import Basis, Member

SUBJECTS: Final = f"{urls.BASE}/CodeSystem/thread-subject"
PURPOSES: Final = f"{urls.BASE}/CodeSystem/sharing-purpose"
REFERENCE: Final = f"{urls.BASE}/sid/thread-reference"

or_unreadable = unreadable_as("message.unreadable")


def part(name: str, kind: str, value: Any) -> Json:
    """Return one part of a complex extension."""
    return {"url": name, f"value{kind}": value}


def parts(name: str, found: Iterable[Json]) -> Json:
    """Return a complex extension of ours."""
    return {"url": urls.extension(name), "extension": list(found)}


def thread(of: ThreadId) -> Json:
    """Return the extension that says to which thread a Communication belongs."""
    return {"url": urls.extension("thread"), "valueIdentifier": uri(of.urn)}


def thread_of(node: Json) -> ThreadId:
    """Return to which thread a Communication belongs."""
    (found,) = extensions_of(node, "thread")
    return ThreadId(UUID(found["valueIdentifier"]["value"]))


def communication_of(node: Json) -> CommunicationId:
    """Return which message a Communication is, or is about."""
    return CommunicationId(UUID(identifier_of(node["identifier"], urls.URI)))


def named(message: CommunicationId) -> Json:
    """Return a reference by identifier to a message that need not be in the Bundle."""
    return {"type": "Communication", "identifier": uri(message.urn)}


def of_named(reference: Json) -> CommunicationId:
    """Return which message a reference by identifier names."""
    return CommunicationId(UUID(reference["identifier"]["value"]))


def member(frame: Frame, each: Member) -> Json:
    """Return the extension that says who takes part in a thread, and since when."""
    found = [
        part("service", "Reference", frame.service(each.party)),
        part("since", "DateTime", when(each.since)),
    ]
    if each.added_by is not None:
        found.append(part("addedBy", "Reference", frame.service(each.added_by)))
    return parts("thread-member", found)


def members_of(letter: OpenedLetter, node: Json) -> tuple[Member, ...]:
    """Return who takes part in a thread."""
    return tuple(_member(letter, parts_of(each)) for each in extensions_of(node, "thread-member"))


def _member(letter: OpenedLetter, found: dict[str, Json]) -> Member:
    by = found.get("addedBy")
    return Member(
        party=letter.service(found["service"]["valueReference"]),
        since=instant_of(found["since"]["valueDateTime"]),
        added_by=None if by is None else letter.service(by["valueReference"]),
    )


def basis(yes: Basis) -> Json:
    """Return the extension that names a permit which a message rests on: what it covers, and how long."""
    found = [part("given", "Date", yes.given.isoformat()), part("until", "Date", yes.until.isoformat())]
    return parts("thread-permit", [*found, *(part("topic", "Code", topic) for topic in yes.topics)])


def bases_of(node: Json) -> tuple[Basis, ...]:
    """Return the permits that a message rests on."""
    return tuple(_basis(each["extension"]) for each in extensions_of(node, "thread-permit"))


def _basis(found: list[Json]) -> Basis:
    days = {each["url"]: date.fromisoformat(each["valueDate"]) for each in found if "valueDate" in each}
    topics = tuple(each["valueCode"] for each in found if each["url"] == "topic")
    return Basis(topics=topics, given=days["given"], until=days["until"])


def for_patient(*, may_read: bool) -> Iterator[Json]:
    """Yield the extension that lets the patient read the words; none where they may not."""
    if may_read:
        yield extension("patient-reads", "Boolean", True)


def is_for_patient(node: Json) -> bool:
    """Whether the author's agency lets the patient read the words."""
    return any(each["valueBoolean"] for each in extensions_of(node, "patient-reads"))


def text_of(found: dict[str, Json], name: str) -> str:
    """Return the text of a part, empty where it is not there."""
    return str(found[name]["valueString"]) if name in found else ""


def instant_at(found: dict[str, Json], name: str) -> datetime:
    """Return the time of a part."""
    return instant_of(found[name]["valueDateTime"])


def party_of(author: Author) -> Party:
    """Return at which service somebody wrote. Raises ValueError where none is named."""
    if author.service is None:
        raise ValueError("an author without a service")
    return Party(author.agency, author.service)
