"""Reads what a receiver answered to a message of ours, and says what it means for the delivery."""

import random
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from typing import Final

from sqlalchemy.orm import Session

from handover.db import provided
from handover.exchange.lifecycle import Fact
from handover.exchange.model import Fault, Pace, Side
from handover.exchange.settling import Settlement
from handover.exchange.wire import Answer
from handover.exchange.wiring import Peers
from handover.fhir import acknowledgement, messages
from handover.fhir.acknowledgement import AckCode, Acknowledgement
from handover.fhir.problem import FhirInvalid
from handover.ids import AgencyId, KeyId, MessageId
from handover.keys import hm1, slips
from handover.keys.errors import EnvelopeRefused, Reason
from handover.keys.hm1 import SignedAck
from handover.keys.material import PublicSigningKey

UNKNOWN_KID: Final = Reason.UNKNOWN_KID.value
FATAL_FAULT: Final = Fault(Side.SEND, "fatal-error")
TRANSIENT_FAULT: Final = Fault(Side.REC, "transient-error")


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One attempt: which message, and when it left."""

    message: MessageId
    sender: AgencyId
    receiver: AgencyId
    sha256: bytes
    attempts: int
    """This one included."""
    at: datetime


def meaning(session: Session, sent: Sent, answer: Answer, *, now: datetime) -> Settlement:
    """Return what one answer means; what cannot be believed is only a fault, and another attempt."""
    try:
        if answer.status == HTTPStatus.OK:
            signed, said = read_ack(session, answer.token, aud=sent.sender, now=now)
            _refuse_unless_ours(sent, signed.iss, signed.message, signed.message_sha256)
            return replace(of_ack(said, answer.token), at=sent.at, due_at=_next(session, sent, now))
        if answer.status == HTTPStatus.ACCEPTED:
            receipt = slips.verify_receipt(answer.token, aud=sent.sender, find_key=_find_key(session, now))
            _refuse_unless_ours(sent, receipt.iss, receipt.message, receipt.message_sha256)
            due = now + provided(session, Pace).cap
            return Settlement(message=sent.message, fact=Fact.RECEIPT, at=sent.at, due_at=due)
    except (EnvelopeRefused, FhirInvalid) as refused:
        return failed(session, sent, Fault(Side.REC, f"answer.{_reason(refused)}"), left=True, now=now)
    fault = Fault(_side(answer), answer.code or f"http-{answer.status}")
    return failed(session, sent, fault, left=answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR, now=now)


def failed(session: Session, sent: Sent, fault: Fault, *, left: bool, now: datetime) -> Settlement:
    """Return that an attempt brought no answer that counts: the next one comes after the backoff."""
    return Settlement(
        message=sent.message,
        fact=Fact.LEFT if left else None,
        why=fault.code,
        at=sent.at,
        due_at=_next(session, sent, now),
        fault=fault,
    )


def read_ack(session: Session, token: bytes, *, aud: AgencyId, now: datetime) -> tuple[SignedAck, Acknowledgement]:
    """Return a verified, valid acknowledgement given to `aud`. Raises EnvelopeRefused or FhirInvalid."""
    signed = hm1.verify_ack(token, aud=aud, find_key=_find_key(session, now), now=now)
    said = acknowledgement.read_as_written(signed.payload) or acknowledgement.read(
        messages.check(signed.payload, acknowledgement.EVENT)
    )
    if (said.answers, said.message, said.sender, said.receiver) != (
        signed.message,
        signed.jti,
        signed.iss,
        signed.aud,
    ):
        raise EnvelopeRefused(Reason.IDS_DIFFER)
    return signed, said


def of_ack(said: Acknowledgement, token: bytes) -> Settlement:
    """Return what a believed acknowledgement means."""
    if said.code is AckCode.OK:
        return Settlement(message=said.answers, fact=Fact.OK, why="ok", acknowledgement=token, answered_at=said.at)
    problems = tuple(said.problems)
    if said.code is AckCode.FATAL:
        return Settlement(
            message=said.answers,
            fact=Fact.FATAL,
            why="fatal-error",
            fault=FATAL_FAULT,
            problems=problems,
            acknowledgement=token,
        )
    return Settlement(message=said.answers, fact=Fact.LEFT, why="transient-error", fault=TRANSIENT_FAULT)


def _find_key(session: Session, now: datetime) -> hm1.FindKey:
    peers = provided(session, Peers)

    def find(signer: AgencyId, kid: KeyId) -> PublicSigningKey:
        return peers.signing_key(session, signer, kid, now)

    return find


def _refuse_unless_ours(sent: Sent, signer: AgencyId, message: MessageId, digest: bytes) -> None:
    if (signer, message, digest) != (sent.receiver, sent.message, sent.sha256):
        raise EnvelopeRefused(Reason.IDS_DIFFER)


def _next(session: Session, sent: Sent, now: datetime) -> datetime:
    return now + provided(session, Pace).wait(sent.attempts, random.random())  # noqa: S311 - jitter, not secrecy


def _side(answer: Answer) -> Side:
    if answer.side in set(Side):
        return Side(answer.side)
    return Side.PROXY


def _reason(refused: EnvelopeRefused | FhirInvalid) -> str:
    return refused.reason.value if isinstance(refused, EnvelopeRefused) else "invalid"
