"""Attachments between our sealed store and the encrypted blobs of the exchange."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from handover.exchange.model import Received, SealedBlob
from handover.ids import AgencyId
from handover.referral.model import Attachment, AttachmentId
from handover.referral.standing import Standing


def seal(
    session: Session, standing: Standing, attachments: Iterable[Attachment], to: AgencyId, *, now: datetime
) -> Mapping[AttachmentId, SealedBlob]:
    """Encrypt a copy's files for a receiver, each under a fresh key, to be uploaded before the message."""
    return {}


def keep(
    session: Session,
    standing: Standing,
    attachments: Iterable[Attachment],
    received: Received,
    *,
    now: datetime,
) -> None:
    """Decrypt the files that came with a message and keep them with the copy."""
