"""Attachments as products see them: sealed before the message is posted, opened while it is received.

The ciphertext waits beside the outgoing message until it is uploaded, and at the receiver until the message that
names it is taken in; its key stands only inside the signed and encrypted Bundle (DESIGN §5).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

from sqlalchemy.orm import Session

from handover.errors import Conflict, Invalid
from handover.exchange import blob_store, fhir, held
from handover.exchange.files import MAX_FILES_BYTES, is_of_type
from handover.exchange.model import MAX_BLOB_BYTES, Look, Received, SealedBlob
from handover.fhir.problem import FhirInvalid, Problem, ProblemCode
from handover.ids import AgencyId
from handover.keys import attachment
from handover.keys.errors import EnvelopeRefused

TOO_MUCH: Final = "the files of a message are at most 25 MB together"
OTHER_TYPE: Final = "a file is of another type than the message says"


class BlobTooLarge(Invalid):
    """The attachment is larger than one blob may be."""

    code = "exchange.blob-too-large"


class BlobMissing(Conflict):
    """The message names a blob that has not (wholly) arrived: the sender uploads it and sends again."""

    code = "exchange.blob-missing"


class BlobDiffers(Invalid):
    """The blob does not open with the key in the message, or is not what the message says it is."""

    code = "exchange.blob-differs"


class Unscanned(Conflict):
    """The virus scanner has not found the document clean: whoever takes it all the same has a fault."""

    code = "exchange.unscanned"


def seal(session: Session, sender: AgencyId, content: bytes, *, content_type: str, now: datetime) -> SealedBlob:
    """Encrypt one attachment for one message and keep it for uploading; name it in the Bundle, then `post`.

    Raises BlobTooLarge.
    """
    if len(content) > MAX_BLOB_BYTES - 64:
        raise BlobTooLarge
    key, ciphertext = attachment.encrypt(content)
    name = sha256(ciphertext).hexdigest()
    blob_store.add_outgoing(session, sender, name, ciphertext, now=now)
    return SealedBlob(
        sha256=name,
        length=len(ciphertext),
        key=key,
        content_type=content_type,
        plain_sha256=sha256(content).hexdigest(),
        plain_length=len(content),
    )


def take(session: Session, received: Received, blob: SealedBlob) -> bytes:
    """Return the content of an attachment of a message being received, and let go of the uploaded ciphertext.

    Raises BlobMissing (the sender tries again), BlobDiffers (the message is refused) or Unscanned.
    """
    if received.look(blob) is not Look.CLEAN:
        raise Unscanned(sha256=blob.sha256)
    content = _uploaded(session, received, blob)
    blob_store.drop_upload(session, received.receiver, received.sender, blob.sha256)
    return content


def opened(blob: SealedBlob, ciphertext: bytes | None) -> bytes:
    """Return the content of an attachment. Raises BlobMissing or BlobDiffers."""
    if ciphertext is None or len(ciphertext) != blob.length:
        raise BlobMissing(sha256=blob.sha256)
    try:
        content = attachment.decrypt(blob.key, ciphertext)
    except EnvelopeRefused as refused:
        raise BlobDiffers(sha256=blob.sha256) from refused
    if (len(content), sha256(content).hexdigest()) != (blob.plain_length, blob.plain_sha256):
        raise BlobDiffers(sha256=blob.sha256)
    return content


def drop_all(session: Session, received: Received, unwanted: Sequence[SealedBlob]) -> None:
    """Let go of the uploaded ciphertext of attachments that may not be kept."""
    for blob in unwanted:
        blob_store.drop_upload(session, received.receiver, received.sender, blob.sha256)


def take_all(session: Session, received: Received, wanted: Sequence[SealedBlob]) -> list[bytes]:
    """Return the contents of a message's attachments, in order.

    Raises what `take` raises, and FhirInvalid with the path of each that is too much, or is not what the message
    says.
    """
    _refuse_too_much(received, wanted)
    contents = [take(session, received, blob) for blob in wanted]
    _refuse_other_types(received, zip(wanted, contents, strict=True))
    return contents


def take_looked_at(
    session: Session, received: Received, wanted: Sequence[SealedBlob], *, subject: str
) -> list[bytes | Look]:
    """Return the contents of a message's attachments, in order, or that one is infected or not looked at yet.

    The infected are gone. The others come to `Product.on_document`, with `subject` (ids only), once the scanner
    has looked at them. Raises what `take_all` raises.
    """
    _refuse_too_much(received, wanted)
    looks = [received.look(blob) for blob in wanted]
    waiting = [blob for blob, look in zip(wanted, looks, strict=True) if look is Look.UNSCANNED]
    _refuse_other_types(received, ((blob, _uploaded(session, received, blob)) for blob in waiting))
    clean = [blob for blob, look in zip(wanted, looks, strict=True) if look is Look.CLEAN]
    contents = dict(zip((blob.sha256 for blob in clean), take_all(session, received, clean), strict=True))
    drop_all(session, received, [blob for blob, look in zip(wanted, looks, strict=True) if look is Look.INFECTED])
    for blob in waiting:
        held.hold(session, received, blob, subject=subject)
    return [contents.get(blob.sha256, look) for blob, look in zip(wanted, looks, strict=True)]


def _uploaded(session: Session, received: Received, blob: SealedBlob) -> bytes:
    return opened(blob, blob_store.whole_upload(session, received.receiver, received.sender, blob.sha256))


def _refuse_too_much(received: Received, wanted: Sequence[SealedBlob]) -> None:
    if sum(blob.plain_length for blob in wanted) > MAX_FILES_BYTES:
        paths = _paths(received)
        sizes = [f"{paths[blob.sha256]}.size" for blob in wanted]
        raise FhirInvalid([Problem(size, ProblemCode.TOO_LARGE, TOO_MUCH) for size in sizes])


def _refuse_other_types(received: Received, came: Iterable[tuple[SealedBlob, bytes]]) -> None:
    others = [blob for blob, content in came if not is_of_type(content, blob.content_type)]
    if others:
        paths = _paths(received)
        types = [f"{paths[blob.sha256]}.contentType" for blob in others]
        raise FhirInvalid([Problem(each, ProblemCode.WRONG_TYPE, OTHER_TYPE) for each in types])


def _paths(received: Received) -> dict[str, str]:
    return {blob.sha256: path for path, blob in fhir.blobs_in(received.resource)}
