"""Attachments: encrypted at the sender, uploaded once and resumed, opened and checked where they are taken in."""

from dataclasses import replace
from hashlib import sha256
from http import HTTPStatus

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from handover import clock
from handover.db import provided
from handover.exchange import blobs, upkeep, uploads, wire
from handover.exchange.lifecycle import State
from handover.exchange.model import BLOB_QUOTA_BYTES, Fault, Outgoing, Received, SealedBlob, Side
from handover.exchange.tables import IncomingBlob, OutgoingBlob
from handover.exchange.uploads import OFFSET, SCHEME
from handover.ids import AgencyId
from handover.keys import slips
from handover.keys.keyring import Keyring
from tests.exchange.conftest import Community
from tests.exchange.network import DPS, KOMMUNE, NAV, START, audited, later, referral

SCAN = bytes(range(256)) * 12_000
"""About 3 MB: four pieces."""
ENDPOINT = "https://dps.example"


def _with_scan(community: Community, *, receiver: AgencyId = DPS) -> tuple[Outgoing, SealedBlob]:
    """Seal the scan, post a message with it, and let the receiver's product take it."""
    with community.kommune.db.transaction() as session:
        sealed = blobs.seal(session, KOMMUNE, SCAN, content_type="image/png", now=START)
    message = replace(referral(receiver=receiver), attachments=(sealed,))
    community.kommune.post(message)
    return message, sealed


def _taking(sealed: SealedBlob, into: list[bytes]) -> object:
    def take(session: Session, received: Received) -> None:
        into.append(blobs.take(session, received, sealed))

    return take


def _count(community: Community, table: type) -> int:
    site = community.dps if table is IncomingBlob else community.kommune
    with site.db.reading() as session:
        return len(session.scalars(select(table.sha256)).all())  # type: ignore[attr-defined]


@pytest.mark.parametrize("receiver", [DPS, NAV])
def test_an_attachment_arrives_as_it_was_and_nothing_of_it_is_left_on_the_way(
    community: Community, receiver: AgencyId
) -> None:
    message, sealed = _with_scan(community, receiver=receiver)
    got: list[bytes] = []
    for site in (community.dps, community.kommune):
        site.ledger.also = _taking(sealed, got)  # type: ignore[assignment]
    community.kommune.work()
    assert got == [SCAN]
    assert community.kommune.delivery(message.message).state is State.ACKNOWLEDGED
    assert _count(community, IncomingBlob) == _count(community, OutgoingBlob) == 0
    assert all(SCAN[:64] not in body for _, body in community.wire.seen)


def test_an_upload_that_broke_off_goes_on_where_it_stands(community: Community) -> None:
    message, sealed = _with_scan(community)
    got: list[bytes] = []
    community.dps.ledger.also = _taking(sealed, got)  # type: ignore[assignment]
    community.wire.change = lambda body: body[: len(body) // 2] if len(body) > 1_000_000 else body
    community.kommune.work()
    assert community.dps.ledger.received == []
    community.wire.change = lambda body: body
    community.kommune.work(later(minutes=1))
    sizes = [len(body) for url, body in community.wire.seen if wire.BLOBS in url and body]
    assert sizes[0] == sealed.length
    assert sum(sizes[1:]) < sealed.length
    assert got == [SCAN]
    assert community.kommune.delivery(message.message).state is State.ACKNOWLEDGED


def test_a_resend_does_not_upload_again_what_is_there(community: Community) -> None:
    message, sealed = _with_scan(community)
    community.dps.ledger.also = _taking(sealed, [])  # type: ignore[assignment]

    def fail(_received: Received) -> None:
        raise RuntimeError("not now")

    community.dps.ledger.fail = fail
    community.kommune.work()
    community.dps.ledger.fail = lambda _received: None
    community.kommune.work(later(minutes=1))
    uploads_seen = [body for url, body in community.wire.seen if wire.BLOBS in url and body]
    assert len(uploads_seen) == 1
    assert community.kommune.delivery(message.message).state is State.ACKNOWLEDGED


def test_what_the_receiver_threw_away_is_uploaded_again(community: Community) -> None:
    message, sealed = _with_scan(community)
    community.dps.ledger.also = _taking(sealed, [])  # type: ignore[assignment]

    def fail(_received: Received) -> None:
        raise RuntimeError("not now")

    community.dps.ledger.fail = fail
    community.kommune.work()
    assert upkeep.clear_blobs(community.dps.db, DPS, now=later(hours=23)) == 0
    assert upkeep.clear_blobs(community.dps.db, DPS, now=later(hours=25)) == 1
    assert _count(community, IncomingBlob) == 0
    community.dps.ledger.fail = lambda _received: None
    community.kommune.work(later(hours=26))
    assert community.kommune.delivery(message.message).state is State.ACKNOWLEDGED


def test_a_message_whose_blob_is_not_what_it_says_is_refused(community: Community) -> None:
    message, sealed = _with_scan(community)
    wrong = replace(sealed, plain_sha256=sha256(b"something else").hexdigest())
    community.dps.ledger.also = _taking(wrong, [])  # type: ignore[assignment]
    community.kommune.work()
    assert community.kommune.delivery(message.message).state is State.REFUSED
    assert community.dps.ledger.received == []


def test_a_message_without_its_blob_waits_for_it(community: Community) -> None:
    message = referral()
    with community.kommune.db.transaction() as session:
        sealed = blobs.seal(session, KOMMUNE, SCAN, content_type="image/png", now=START)
    community.dps.ledger.also = _taking(sealed, [])  # type: ignore[assignment]
    community.kommune.post(message)
    community.kommune.work()
    found = community.kommune.delivery(message.message)
    assert (found.state, found.last_error) == (State.SENT, Fault(Side.REC, "transient-error"))


class _Stranger:
    """Somebody who talks to the blob routes directly, with tickets of the municipality."""

    def __init__(self, community: Community) -> None:
        self._client = community.wire.apps[ENDPOINT].test_client()
        with community.kommune.db.reading() as session:
            self._ring = provided(session, Keyring)

    def ticket(self, content: bytes, *, length: int | None = None, aud: AgencyId = DPS) -> str:
        now = clock.now()
        ticket = slips.Ticket(
            iss=KOMMUNE,
            aud=aud,
            sha256=sha256(content).digest(),
            length=len(content) if length is None else length,
            exp=now + uploads.TICKET_LIFE,
        )
        return SCHEME + slips.sign_ticket(ticket, signer=self._ring.signer(KOMMUNE), iat=now).decode()

    def send(
        self, method: str, content: bytes, ticket: str, name: str = "", offset: int | None = None
    ) -> TestResponse:
        headers = {"Authorization": ticket} | ({} if offset is None else {OFFSET: str(offset)})
        url = f"{ENDPOINT}{wire.BLOBS}/{name or sha256(content).hexdigest()}"
        return self._client.open(url, method=method, data=content, headers=headers)


def test_nobody_leaves_a_blob_without_a_ticket_for_just_that(community: Community) -> None:
    stranger = _Stranger(community)
    good = stranger.ticket(b"one")
    refused = {
        "no ticket": stranger.send("PUT", b"one", ""),
        "another blob": stranger.send("PUT", b"two", good),
        "another agency": stranger.send("PUT", b"one", stranger.ticket(b"one", aud=KOMMUNE)),
        "changed": stranger.send("PUT", b"one", good[:-8] + "AAAAAAAA"),
    }
    assert {what: answer.status_code for what, answer in refused.items()} == dict.fromkeys(refused, 401)
    assert _count(community, IncomingBlob) == 0
    assert set(audited(community.dps.db)) == {"blob.refused"}


def test_a_blob_with_another_digest_is_thrown_away(community: Community) -> None:
    stranger = _Stranger(community)
    answer = stranger.send("PUT", b"two", stranger.ticket(b"one"), name=sha256(b"one").hexdigest())
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert _count(community, IncomingBlob) == 0
    assert audited(community.dps.db) == ["blob.refused"]


def test_a_piece_at_the_wrong_place_is_told_where_the_upload_stands(community: Community) -> None:
    stranger = _Stranger(community)
    whole = b"0123456789"
    ticket, name = stranger.ticket(whole), sha256(whole).hexdigest()
    assert stranger.send("HEAD", b"", ticket, name).status_code == HTTPStatus.NOT_FOUND
    assert stranger.send("PUT", whole[:4], ticket, name).headers[OFFSET] == "4"
    wrong = stranger.send("PATCH", whole[6:], ticket, name, offset=6)
    assert (wrong.status_code, wrong.headers[OFFSET]) == (HTTPStatus.CONFLICT, "4")
    assert stranger.send("HEAD", b"", ticket, name).headers[OFFSET] == "4"
    assert stranger.send("PATCH", whole[4:], ticket, name, offset=4).status_code == HTTPStatus.NO_CONTENT
    assert stranger.send("HEAD", b"", ticket, name).headers[OFFSET] == "10"


def test_more_than_the_ticket_says_or_than_the_quota_is_refused(community: Community) -> None:
    stranger = _Stranger(community)
    assert stranger.send("PUT", b"longer", stranger.ticket(b"longer", length=3)).status_code == 413
    too_much = stranger.ticket(b"huge", length=BLOB_QUOTA_BYTES)
    assert stranger.send("PUT", b"huge", too_much).status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert audited(community.dps.db) == ["blob.refused", "blob.refused"]
