"""Small signed papers of the exchange: a receipt ("we hold it, an acknowledgement follows") and a blob's ticket.

Both are compact JWS by an agency with everything in the protected header, so that neither can be taken for an
acknowledgement or a message: each has a `typ` of its own. Refusals raise EnvelopeRefused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from handover.ids import AgencyId, MessageId
from handover.keys import compact, signatures
from handover.keys.errors import EnvelopeRefused, Reason
from handover.keys.hm1 import SKEW, FindKey
from handover.keys.material import SigningKey

RECEIPT_TYPE: Final = "hm-receipt+jws"
TICKET_TYPE: Final = "hm-ticket+jws"
MAX_SLIP_BYTES: Final = 4096
_EMPTY: Final = b"{}"


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """`iss` holds the message from `aud` durably and will acknowledge it later (DESIGN §5)."""

    iss: AgencyId
    aud: AgencyId
    message: MessageId
    message_sha256: bytes


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """`iss` may leave this ciphertext at `aud` until `exp` (DESIGN §5, blobs)."""

    iss: AgencyId
    aud: AgencyId
    sha256: bytes
    length: int
    exp: datetime


def sign_receipt(receipt: Receipt, *, signer: SigningKey, iat: datetime) -> bytes:
    """Sign a receipt as the receiving agency."""
    header = _parties(RECEIPT_TYPE, receipt.iss, receipt.aud, iat) | {
        "msg": str(receipt.message),
        "msg_sha256": compact.encode(receipt.message_sha256).decode(),
    }
    return signatures.sign(_EMPTY, signer=signer, header=header)


def verify_receipt(slip: bytes, *, aud: AgencyId, find_key: FindKey) -> Receipt:
    """Verify a receipt given to `aud`; the caller compares message and digest."""
    header = _verified(slip, RECEIPT_TYPE, _RECEIPT, find_key, aud)
    return Receipt(
        iss=AgencyId(header["iss"]),
        aud=aud,
        message=MessageId(UUID(header["msg"])),
        message_sha256=compact.decode(header["msg_sha256"].encode()),
    )


def sign_ticket(ticket: Ticket, *, signer: SigningKey, iat: datetime) -> bytes:
    """Sign a ticket as the sending agency."""
    header = _parties(TICKET_TYPE, ticket.iss, ticket.aud, iat) | {
        "exp": int(ticket.exp.timestamp()),
        "sha256": compact.encode(ticket.sha256).decode(),
        "len": ticket.length,
    }
    return signatures.sign(_EMPTY, signer=signer, header=header)


def ticket_audience(slip: bytes) -> AgencyId:
    """Return whom an unverified ticket names, so that `verify_ticket` can be asked on that agency's behalf."""
    return AgencyId(signatures.read(slip, typ=TICKET_TYPE, checks=_TICKET, limit=MAX_SLIP_BYTES).header["aud"])


def verify_ticket(slip: bytes, *, aud: AgencyId, find_key: FindKey, now: datetime) -> Ticket:
    """Verify a ticket for leaving a blob at `aud` at `now`."""
    header = _verified(slip, TICKET_TYPE, _TICKET, find_key, aud)
    exp = compact.instant(header["exp"])
    if compact.instant(header["iat"]) > now + SKEW:
        raise EnvelopeRefused(Reason.FROM_THE_FUTURE)
    if exp <= now:
        raise EnvelopeRefused(Reason.EXPIRED)
    return Ticket(
        iss=AgencyId(header["iss"]),
        aud=aud,
        sha256=compact.decode(header["sha256"].encode()),
        length=header["len"],
        exp=exp,
    )


def _parties(typ: str, iss: AgencyId, aud: AgencyId, iat: datetime) -> dict[str, Any]:
    return {"typ": typ, "iss": iss, "aud": aud, "iat": int(iat.timestamp())}


def _verified(
    slip: bytes, typ: str, checks: Mapping[str, compact.Check], find_key: FindKey, aud: AgencyId
) -> Mapping[str, Any]:
    found = signatures.read(slip, typ=typ, checks=checks, limit=MAX_SLIP_BYTES)
    found.verify(find_key(AgencyId(found.header["iss"]), found.header["kid"]))
    if found.header["aud"] != aud:
        raise EnvelopeRefused(Reason.WRONG_AUDIENCE)
    return found.header


def _is_length(value: object) -> bool:
    return type(value) is int and 0 < value < 2**40


_SHARED: Final[Mapping[str, compact.Check]] = {
    "iss": compact.is_agency,
    "aud": compact.is_agency,
    "iat": compact.is_instant,
}
_RECEIPT: Final = {**_SHARED, "msg": compact.is_uuid, "msg_sha256": compact.is_digest}
_TICKET: Final = {**_SHARED, "exp": compact.is_instant, "sha256": compact.is_digest, "len": _is_length}
