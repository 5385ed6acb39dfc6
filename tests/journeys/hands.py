"""Messages made by hand: what a sender of another make, a careless one or a hostile one puts on the wire."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import orjson
import requests

from handover.actors import Author
from handover.exchange import wire
from handover.fhir import acknowledgement, messages
from handover.fhir.acknowledgement import Acknowledgement
from handover.ids import AgencyId, KeyId, MessageId, ReferralId, ServiceId, new_uuid
from handover.keys import hm1
from handover.keys.material import PublicSigningKey
from handover.referral import fhir
from handover.referral.model import Party, Request
from tests.builders import DPS, INTAKE, MUNICIPALITY, PSYCHOLOGIST
from tests.journeys.region import Region
from tests.referral.nodes import PER, content

Change = Callable[[dict[str, Any]], object]
HOME: Final = Party(MUNICIPALITY, PSYCHOLOGIST)


@dataclass(frozen=True)
class Answered:
    """What came back over the wire."""

    status: int
    body: bytes
    said: Acknowledgement | None


def request_bytes(
    town: Region,
    *,
    message: MessageId,
    to: ServiceId = INTAKE,
    change: Change = lambda _bundle: None,
    **other: Any,
) -> bytes:
    """Return a referral's FHIR bytes, changed before they are signed."""
    request = Request(
        referral=ReferralId(new_uuid()),
        reference="8H3K-PQ2M",
        referrer=HOME,
        sender=HOME,
        receiver=Party(DPS, to),
        author=Author.of(PER, PSYCHOLOGIST),
        content=content(),
        written_at=town.now,
    )
    bundle = orjson.loads(fhir.request_message(replace(request, **other), message=message, at=town.now))
    change(bundle)
    return orjson.dumps(bundle)


def hand_in(
    town: Region, payload: bytes, *, message: MessageId, signer: AgencyId = MUNICIPALITY, to: AgencyId = DPS
) -> Answered:
    """Sign, seal and post bytes as they are; verify the signature of what comes back."""
    keys, at = town.community.keys, town.now.replace(microsecond=0)
    jws = hm1.sign_message(
        payload, signer=keys[signer].sig, iss=signer, aud=to, jti=message, iat=at, exp=at + timedelta(days=1)
    )
    envelope = hm1.seal(jws, to=keys[to].enc[0].public, aud=to)
    url = f"http://127.0.0.1:{town.site_of(to).port}{wire.ENVELOPES}"
    got = requests.post(url, data=envelope, headers={"Content-Type": wire.JOSE}, timeout=10)
    return Answered(got.status_code, got.content, _read(town, got, signer) if got.ok else None)


def _read(town: Region, got: requests.Response, aud: AgencyId) -> Acknowledgement:
    def find_key(signer: AgencyId, _kid: KeyId) -> PublicSigningKey:
        return town.community.keys[signer].sig.public

    signed = hm1.verify_ack(got.content, aud=aud, find_key=find_key, now=town.now + timedelta(seconds=30))
    return acknowledgement.read(messages.check(signed.payload, acknowledgement.EVENT))
