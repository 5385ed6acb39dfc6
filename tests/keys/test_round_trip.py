"""One message and its acknowledgement, from one agency to another and back."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from handover.ids import AgencyId, KeyId, MessageId
from handover.keys import hm1, keyring
from handover.keys.material import PublicSigningKey

SENDER, RECEIVER = AgencyId("310000012"), AgencyId("310000020")
NOW = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)


def test_what_one_agency_signs_and_seals_the_other_opens_and_verifies_to_the_byte() -> None:
    ring = keyring.generate([SENDER, RECEIVER])
    message, payload = MessageId(uuid4()), b'{"resourceType":"Bundle"}\n '

    def key_of(agency: AgencyId, _kid: KeyId) -> PublicSigningKey:
        return ring.signer(agency).public

    signed = hm1.sign_message(
        payload,
        signer=ring.signer(SENDER),
        iss=SENDER,
        aud=RECEIVER,
        jti=message,
        iat=NOW,
        exp=NOW + timedelta(days=4),
    )
    sealed = hm1.seal(signed, to=ring.of(RECEIVER).enc[0].public, aud=RECEIVER)
    opened_for, jws = hm1.open_envelope(sealed, ring)
    received = hm1.verify_message(jws, aud=opened_for, find_key=key_of, now=NOW)
    ack = hm1.sign_ack(
        b"{}",
        signer=ring.signer(RECEIVER),
        iss=RECEIVER,
        aud=SENDER,
        jti=MessageId(uuid4()),
        iat=NOW,
        message=received.jti,
        message_sha256=received.sha256,
    )
    acknowledged = hm1.verify_ack(ack, aud=SENDER, find_key=key_of, now=NOW + timedelta(days=30))

    assert (received.payload, received.iss, received.aud, received.jti) == (payload, SENDER, RECEIVER, message)
    assert (acknowledged.message, acknowledged.message_sha256) == (message, received.sha256)
