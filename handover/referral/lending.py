"""What a patient's referrals here lend to another product: texts, people and files, to begin something new from.

A staff member is lent only what they work with, and it is logged as read (rules 16 and 18).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from handover.actors import Staff
from handover.audit.model import Event as Logged
from handover.ids import PersonId, ReferralId, ServiceId
from handover.referral import cases, store
from handover.referral.lifecycle import Side
from handover.referral.model import Attachment, AttachmentId, Contact, Diagnosis, ReferralContent
from handover.referral.store import ReferralNotFound, Stored

TEXTS = ("problem", "history", "functioning", "risk", "network", "wish_text")


@dataclass(frozen=True, kw_only=True)
class Loan:
    """One thing that a referral says."""

    key: str
    """Which copy, field and number of it; ids and codes only."""
    what: str
    """The field of `ReferralContent`; `attachments` for a file."""
    text: str = field(default="", repr=False)
    contact: Contact | None = None
    diagnosis: Diagnosis | None = None
    attachment: Attachment | None = None
    written_at: datetime


def lend(session: Session, by: Staff, person: PersonId, *, now: datetime) -> tuple[Loan, ...]:
    """Return everything that the referrals about a patient say, of those that this staff member works with."""
    copies: dict[ReferralId, Stored] = {}
    for side in (Side.REFERRER, Side.RECEIVER):
        for stored in store.search(session, by=by, side=side, reference=None, persons=[person]):
            copies.setdefault(stored.standing.referral, stored)
    for stored in copies.values():
        cases.log(session, stored, Logged.REFERRAL_READ, by=by, now=now)
    return tuple(loan for stored in copies.values() for loan in _loans(session, stored))


def lend_file(session: Session, by: Staff, key: str) -> bytes:
    """Return the bytes of a file that was lent. Raises ReferralNotFound for what is not there or not theirs."""
    side, service, referral, _what, attachment = _parts(key)
    stored = store.find(session, ReferralId(UUID(referral)), side=Side(side), by=by, at=ServiceId(service))
    return store.attachment_data(session, stored.standing, AttachmentId(UUID(attachment)))


def whose(session: Session, by: Staff, referral: ReferralId) -> PersonId | None:
    """Return whom a referral is about that this staff member works with; None for any other, there or not."""
    for side in (Side.REFERRER, Side.RECEIVER):
        try:
            return store.find(session, referral, side=side, by=by).standing.person
        except ReferralNotFound:
            continue
    return None


def _loans(session: Session, stored: Stored) -> Iterator[Loan]:
    standing, content = stored.standing, stored.content
    prefix = f"{standing.side.value}/{standing.home.service}/{standing.referral}"
    at = standing.written_at
    for name in TEXTS:
        if getattr(content, name).strip():
            yield Loan(key=f"{prefix}/{name}/0", what=name, text=getattr(content, name), written_at=at)
    for number, line in enumerate(content.medications):
        yield Loan(key=f"{prefix}/medications/{number}", what="medications", text=line, written_at=at)
    for number, diagnosis in enumerate(content.diagnoses):
        yield Loan(key=f"{prefix}/diagnoses/{number}", what="diagnoses", diagnosis=diagnosis, written_at=at)
    for name, number, contact in _contacts(content):
        yield Loan(key=f"{prefix}/{name}/{number}", what=name, contact=contact, written_at=at)
    for file in store.attachments(session, standing):
        yield Loan(key=f"{prefix}/attachments/{file.id}", what="attachments", attachment=file, written_at=at)


def _contacts(content: ReferralContent) -> Iterator[tuple[str, int, Contact]]:
    if content.trusted_person is not None:
        yield "trusted_person", 0, content.trusted_person
    for number, contact in enumerate(content.next_of_kin):
        yield "next_of_kin", number, contact
    for number, contact in enumerate(content.helpers):
        yield "helpers", number, contact


def _parts(key: str) -> tuple[str, str, str, str, str]:
    try:
        side, service, referral, what, attachment = key.split("/")
        _ = UUID(referral), UUID(attachment), Side(side)
    except ValueError as odd:
        raise ReferralNotFound from odd
    return side, service, referral, what, attachment
