"""Attachments between our sealed store and the encrypted blobs of the exchange."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from handover.exchange import blobs
from handover.exchange.model import Received, SealedBlob
from handover.referral import store
from handover.referral.fhir import read_blobs
from handover.referral.model import Attachment, AttachmentId
from handover.referral.standing import Standing


def seal(
    session: Session, standing: Standing, attachments: Iterable[Attachment], *, now: datetime
) -> Mapping[AttachmentId, SealedBlob]:
    """Encrypt a copy's files for one message, each under a fresh key, to be uploaded before it."""
    return {each.id: _sealed(session, standing, each, now) for each in attachments}


def keep(
    session: Session, standing: Standing, attachments: Iterable[Attachment], received: Received, *, now: datetime
) -> None:
    """Decrypt the files that came with a message, keep them with the copy. Raises what `take_all` raises."""
    named, came = read_blobs(received.resource), list(attachments)
    contents = blobs.take_all(session, received, [named[each.id] for each in came])
    for each, content in zip(came, contents, strict=True):
        store.add_attachment(session, standing, each, content, now=now)


def _sealed(session: Session, standing: Standing, about: Attachment, now: datetime) -> SealedBlob:
    content = store.attachment_data(session, standing, about.id)
    return blobs.seal(session, standing.home.agency, content, content_type=about.content_type, now=now)
