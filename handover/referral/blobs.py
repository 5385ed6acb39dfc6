"""Attachments between our sealed store and the encrypted blobs of the exchange."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from handover.errors import Conflict
from handover.exchange.model import Received, SealedBlob
from handover.ids import AgencyId
from handover.referral.model import Attachment, AttachmentId
from handover.referral.standing import Standing


class NoBlobsYet(Conflict):
    """The exchange of this version carries no blobs: the referral can go without the attachment."""

    code = "referral.no-blobs-yet"


def seal(
    _session: Session, _standing: Standing, attachments: Iterable[Attachment], _to: AgencyId, *, now: datetime
) -> Mapping[AttachmentId, SealedBlob]:
    """Encrypt a copy's files for a receiver, each under a fresh key, to be uploaded before the message."""
    if tuple(attachments):
        raise NoBlobsYet(at=now)
    return {}


def keep(
    _session: Session,
    _standing: Standing,
    attachments: Iterable[Attachment],
    _received: Received,
    *,
    now: datetime,
) -> None:
    """Decrypt the files that came with a message and keep them with the copy."""
    if tuple(attachments):
        raise NoBlobsYet(at=now)
