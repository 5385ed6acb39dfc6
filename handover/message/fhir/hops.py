"""The hops of a message as Provenance: who sent it, and each who sent it on, from which message, in that order.

Activities, and how earlier messages are named, are those of MedCom's CareCommunication: the entity of a reply is
what it answers, that of a forwarding is the message in which the forwarded one had come (at first, that itself).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from handover.actors import Author
from handover.fhir import urls
from handover.fhir.entries import Json, concept, when
from handover.fhir.letters import Letter as Frame
from handover.fhir.letters import OpenedLetter
from handover.fhir.resources import code_of, instant_of
from handover.ids import CommunicationId
from handover.message.fhir.parts import communication_of, named, of_named
from handover.message.model import Forwarded, Hop, Letter, Retraction

_ACTS: Final = f"{urls.BASE}/CodeSystem/thread-act"
_NEW: Final = "new-message"
_REPLY: Final = "reply-message"
_FORWARD: Final = "forward-message"
_RETRACT: Final = "retract-message"
ACTIVITIES: Final = (_NEW, _REPLY, _FORWARD, _RETRACT)
"""What Provenance.activity may say."""


def add_sending(frame: Frame, name: str, by: Author, *, at: datetime, replies_to: CommunicationId | None) -> None:
    """Add who sent the message of that name first, and what it answers."""
    act = _NEW if replies_to is None else _REPLY
    _add(frame, name, f"{name} sent", _provenance(frame, act, by, at, replies_to))


def add_forwardings(frame: Frame, name: str, each: Forwarded, sent: Letter, by: Author) -> None:
    """Add who sent a message on before, and who does now."""
    source = each.id
    for number, hop in enumerate((*each.hops, Hop(message=sent.id, by=by, at=sent.written_at))):
        _add(frame, name, f"{name} sent on {number}", _provenance(frame, _FORWARD, hop.by, hop.at, source))
        source = hop.message


def add_retracting(frame: Frame, name: str, notice: Retraction) -> None:
    """Add who takes a message back."""
    _add(frame, name, f"{name} taken back", _provenance(frame, _RETRACT, notice.author, notice.at, notice.message))


def read_forwardings(opened: OpenedLetter, url: str, message: CommunicationId, sent: Json) -> tuple[Hop, ...]:
    """Return how a message came to the one who sends it on with `sent`. Raises ValueError for a broken chain."""
    found = [each for each in _hops(opened, url) if code_of(each["activity"], _ACTS) == _FORWARD]
    sources = [of_named(each["entity"][0]["what"]) for each in found]
    if sources[0] != message or not _is_of(opened, found[-1], sent):
        raise ValueError("a message that is sent on by others, or from another, than its hops say")
    carried_in = [*sources[1:], communication_of(sent)]
    return tuple(
        Hop(message=carrier, by=opened.author(each["agent"][0]["who"]), at=instant_of(each["recorded"]))
        for each, carrier in zip(found[:-1], carried_in, strict=False)
    )


def check_sending(opened: OpenedLetter, url: str, node: Json) -> None:
    """Raise ValueError where a message was first sent by, at or in answer to another than it says itself."""
    (sending,) = (each for each in _hops(opened, url) if code_of(each["activity"], _ACTS) != _FORWARD)
    answers: Sequence[Json] = node.get("inResponseTo", ())
    if not _is_of(opened, sending, node) or [of_named(each["what"]) for each in sending.get("entity", ())] != [
        of_named(each) for each in answers
    ]:
        raise ValueError("a message whose first hop says other than itself")


def _add(frame: Frame, name: str, entry: str, provenance: Json) -> None:
    frame.add(entry, "Provenance", target=[frame.reference(name)], **provenance)


def _provenance(frame: Frame, act: str, by: Author, at: datetime, source: CommunicationId | None) -> Json:
    role = "removal" if act == _RETRACT else "revision"
    return {
        "recorded": when(at),
        "activity": concept((_ACTS, act)),
        "agent": [{"who": frame.author(by)}],
        "entity": None if source is None else [{"role": role, "what": named(source)}],
    }


def _hops(opened: OpenedLetter, url: str) -> list[Json]:
    return [each for each in opened.all("Provenance") if each["target"][0]["reference"] == url]


def _is_of(opened: OpenedLetter, hop: Json, node: Json) -> bool:
    """Tell whether a hop is by the sender of a Communication, at the time when that was sent."""
    is_by = opened.author(hop["agent"][0]["who"]) == opened.author(node["sender"])
    return is_by and instant_of(hop["recorded"]) == instant_of(node["sent"])
