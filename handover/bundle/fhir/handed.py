"""The message `handover-bundle`: a frozen document with the yes to it, and how to open what travels beside it.

The document's bytes stand in a Binary, exactly as they were approved; everything else in the message depends on
them, on the yes and on the two services alone.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Final
from uuid import UUID

from handover.bundle.fhir import codes, view
from handover.bundle.fhir.frame import (
    about,
    numbered,
    or_unreadable,
    path_of,
    refuse,
    value,
    values_of,
    version_of,
)
from handover.bundle.fhir.view import Document
from handover.bundle.lifecycle import Act, Status, Version
from handover.bundle.model import Approval, Handed, RequestId
from handover.exchange.fhir import blob_of, sealed
from handover.exchange.model import SealedBlob
from handover.fhir import urls
from handover.fhir.entries import Json, absent, concept, present, uri, when, written
from handover.fhir.letters import FOCUS, Frame, Letter, OpenedLetter
from handover.fhir.messages import DOCUMENT_TYPE
from handover.fhir.parse import parse
from handover.fhir.resources import code_of, identifier_of, instant_of
from handover.ids import HandoverId, MessageId

EVENT: Final = "handover-bundle"
_PATIENT: Final = (codes.AROUND, "patient")
_WITNESS: Final = (codes.AROUND, "witness")


def handed(sent: Handed, blobs: Sequence[SealedBlob], *, message: MessageId) -> bytes:
    """Return a `handover-bundle`. `blobs` are in the order in which the document names its files."""
    frame = Frame(message=message, event=EVENT, sender=sent.sender, receiver=sent.receiver, at=sent.sent_at)
    letter = Letter(frame=frame)
    act = Act.RELEASE_MORE if sent.supplements else Act.SEND
    binary = letter.add("document", "Binary", contentType=DOCUMENT_TYPE, data=b64encode(sent.document).decode())
    letter.add(
        FOCUS,
        "Task",
        extension=[numbered(Version(sent.round, 0))],
        identifier=[uri(sent.request.urn), {"system": codes.REFERENCE, "value": sent.reference}],
        status="requested",
        businessStatus=concept((codes.STATUS, Status.SENT)),
        intent="order",
        code=concept((codes.ACTS, act)),
        focus=about(sent.handover),
        authoredOn=when(sent.sent_at),
        requester=letter.party(sent.sender),
        owner=letter.service(sent.receiver),
        input=[value("document", "Reference", binary), *_supplements(sent)],
    )
    _yes(letter, sent.approval, binary)
    for index, blob in enumerate(blobs):
        letter.add(
            f"file {index}", "DocumentReference", status="current", content=[{"attachment": _attached(blob)}]
        )
    return letter.finished(author=None)


def read_handed(resource: Json) -> tuple[Handed, tuple[SealedBlob, ...]]:
    """Return what a checked `handover-bundle` says, and how to open each file in the document's order.

    Raises FhirInvalid with every way in which message, yes, files and document do not belong together.
    """
    sent, blobs = _read(resource)
    refuse(_differences(OpenedLetter(resource), sent, blobs, _inner(sent)))
    return sent, blobs


def _inner(sent: Handed) -> Document:
    return view.read_checked(parse(sent.document), sha256(sent.document).hexdigest())


@or_unreadable
def _read(resource: Json) -> tuple[Handed, tuple[SealedBlob, ...]]:
    letter = OpenedLetter(resource)
    task = letter.only("Task")
    supplements = [each["valueIdentifier"]["value"] for each in values_of(task, "input", "supplements")]
    sent = Handed(
        request=RequestId(UUID(identifier_of(task["identifier"], urls.URI))),
        handover=HandoverId(UUID(task["focus"]["identifier"]["value"])),
        reference=identifier_of(task["identifier"], codes.REFERENCE),
        round=version_of(task).round,
        sender=letter.sender,
        receiver=letter.receiver,
        document=b64decode(letter.only("Binary")["data"]),
        approval=_approval(letter.only("Provenance")),
        supplements=supplements[0] if supplements else None,
        sent_at=instant_of(task["authoredOn"]),
    )
    return sent, tuple(blob_of(each["content"][0]["attachment"]) for each in letter.all("DocumentReference"))


def _differences(
    letter: OpenedLetter, sent: Handed, blobs: Sequence[SealedBlob], inner: Document
) -> list[tuple[str, str]]:
    task, yes = (path_of(letter.bundle, letter.only(kind)) for kind in ("Task", "Provenance"))
    files = [(file.sha256.hex(), file.length, file.content_type) for file in inner.files]
    found = {
        f"{yes}.entity": (sent.approval.sha256 == inner.sha256, "the yes names another document"),
        f"{task}.focus": (sent.handover == inner.handover, "the document belongs to another handover"),
        f"{task}.requester": (sent.sender == inner.sender, "the document comes from another service"),
        f"{task}.owner": (sent.receiver == inner.receiver, "the document is for another service"),
        f"{task}.input": (sent.supplements == inner.supplements, "the document adds to another one"),
        "Bundle.entry": (
            files == [(blob.plain_sha256, blob.plain_length, blob.content_type) for blob in blobs],
            "the files are not those that the document names, in its order",
        ),
    }
    return [(path, text) for path, (holds, text) in found.items() if not holds]


def _supplements(sent: Handed) -> list[Json]:
    if sent.supplements is None:
        return []
    return [value("supplements", "Identifier", {"system": codes.DOCUMENT_HASH, "value": sent.supplements})]


def _yes(letter: Letter, approval: Approval, binary: Json) -> None:
    agents: list[Json] = [{"type": concept(_PATIENT), "who": {"type": "Patient", **absent("masked")}}]
    if not approval.by_patient:
        name = written(approval.witness)
        agents.append({"type": concept(_WITNESS), "who": {"display": name} if name else absent("unknown")})
    letter.add(
        "yes",
        "Provenance",
        target=[binary],
        recorded=when(approval.at),
        activity=concept((codes.ACTS, Act.APPROVE)),
        agent=agents,
        entity=[
            {
                "role": "source",
                "what": {"identifier": {"system": codes.DOCUMENT_HASH, "value": approval.sha256}},
            }
        ],
    )


def _approval(yes: Json) -> Approval:
    witnesses = [agent["who"] for agent in yes["agent"] if code_of(agent["type"], codes.AROUND) == _WITNESS[1]]
    return Approval(
        sha256=yes["entity"][0]["what"]["identifier"]["value"],
        at=instant_of(yes["recorded"]),
        by_patient=not witnesses,
        witness=witnesses[0].get("display", "") if witnesses else "",
    )


def _attached(blob: SealedBlob) -> Json:
    return present(extension=[sealed(blob)], contentType=blob.content_type, size=blob.plain_length)
