"""The messages that leave the origin: the document with the yes to it, a withdrawal, a note."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from handover.actors import Author, Party
from handover.bundle import cases, fhir, store
from handover.bundle.model import (
    Approval,
    File,
    Handed,
    Note,
    RequestId,
    StatusUpdate,
    WithdrawalNotice,
)
from handover.bundle.standing import Standing, withdrawal_round
from handover.bundle.store import HandoverNotFound, Kept
from handover.exchange import blobs
from handover.exchange.model import Event, SealedBlob
from handover.ids import MessageId, new_uuid

ROUND: Final = "round-"


def hand_over(
    session: Session,
    standing: Standing,
    kept: Kept,
    approval: Approval,
    *,
    message: MessageId,
    now: datetime,
    not_before: datetime | None = None,
    request: RequestId | None = None,
) -> None:
    """Promise a document to the exchange; its files are encrypted only now, after the yes (DESIGN section 5)."""
    to, sha256 = _to(standing), kept.origin.supplements
    handed = Handed(
        request=request or RequestId(new_uuid()),
        handover=standing.handover,
        reference=standing.reference,
        round=standing.version.round,
        sender=standing.home,
        receiver=to,
        document=kept.frozen.document,
        approval=approval,
        supplements=sha256,
        sent_at=now,
    )
    sealed = [_sealed(session, standing, file, now) for file in kept.frozen.files]
    cases.post(
        session,
        standing,
        Event.HANDOVER_BUNDLE,
        fhir.handed(handed, sealed, message=message),
        message=message,
        now=now,
        not_before=not_before,
        blobs=sealed,
        about=f"{ROUND}{standing.version.round}" if request is None else str(request),
    )


def take_back(session: Session, standing: Standing, request: RequestId, *, now: datetime) -> None:
    """Promise the notice that the patient has taken the handover back."""
    message = MessageId(new_uuid())
    notice = WithdrawalNotice(
        request=request,
        handover=standing.handover,
        round=withdrawal_round(standing),
        sender=standing.home,
        receiver=_to(standing),
        author=standing.clinician,
        at=now,
    )
    cases.post(
        session,
        standing,
        Event.HANDOVER_WITHDRAW,
        fhir.withdrawal(notice, message=message),
        message=message,
        now=now,
        about=str(request),
    )


def tell(session: Session, standing: Standing, note: Note, author: Author, *, now: datetime) -> None:
    """Promise a note of the sender's: the one thing the sender says with `handover-status`."""
    message = MessageId(new_uuid())
    update = StatusUpdate(
        handover=standing.handover,
        status=standing.status,
        version=standing.version,
        sender=standing.home,
        receiver=_to(standing),
        author=author,
        at=now,
        note=note,
    )
    cases.post(
        session,
        standing,
        Event.HANDOVER_STATUS,
        fhir.status(update, message=message),
        message=message,
        now=now,
        about=str(note.id),
    )


def request_of(subject: str | None) -> RequestId | None:
    """Return which request a message carried, from its handle; None for a document of a round, or anything odd."""
    try:
        return RequestId(UUID(cases.about_of(subject)))
    except ValueError:
        return None


def round_of(subject: str | None) -> int:
    """Return of which round a document was, from its message's handle; 0, which is none, for anything odd."""
    number = cases.about_of(subject).removeprefix(ROUND)
    return int(number) if number.isascii() and number.isdecimal() else 0


def _to(standing: Standing) -> Party:
    if standing.receiver is None:
        raise HandoverNotFound
    return standing.receiver


def _sealed(session: Session, standing: Standing, file: File, now: datetime) -> SealedBlob:
    data = store.file_data(session, standing, file)
    return blobs.seal(session, standing.home.agency, data, content_type=file.content_type, now=now)
