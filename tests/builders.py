"""Builders for tests: a community of made-up agencies with its anchor, directory, statements and keys.

community = builders.community(now)             # keys of everybody, signed directory and statements
builders.join(db, community, MUNICIPALITY)      # make a database the node of these agencies
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from handover.db import Database
from handover.directory import documents, service
from handover.directory.model import (
    LIFETIME,
    Agency,
    Anchors,
    Directory,
    Kind,
    ListedKey,
    PublishedKey,
    Service,
    Statement,
)
from handover.ids import AgencyId, ServiceId
from handover.keys import vault
from handover.keys.keyring import AgencyKeys, Keyring
from handover.keys.material import EncryptionKey, SigningKey, new_material
from handover.keys.vault import Vault

MUNICIPALITY: Final = AgencyId("310000019")
NAV: Final = AgencyId("310000027")
DPS: Final = AgencyId("310000035")
NODES: Final = {MUNICIPALITY: "http://127.0.0.1:8001", NAV: "http://127.0.0.1:8001", DPS: "http://127.0.0.1:8002"}
NAMES: Final = {MUNICIPALITY: "Fjordheim kommune", NAV: "NAV Fjordheim", DPS: "Fjordheim DPS"}

PSYCHOLOGIST: Final = ServiceId("8000011")
FACT: Final = ServiceId("8000012")
NAV_OFFICE: Final = ServiceId("8000021")
INTAKE: Final = ServiceId("8000031")
OUTPATIENT: Final = ServiceId("8000032")

_TABLE: Final = "urn:oid:2.16.578.1.12.4.1.1."
_COMMUNITY: Final = "helsefellesskap-fjordheim"


def make_service(wanted: ServiceId, agency: AgencyId, name: str, kind: str, **other: object) -> Service:
    """Return a service; `kind` is "table:code"."""
    table, code = kind.split(":")
    plain = Service(
        id=wanted,
        agency=agency,
        name=name,
        place="Fjordheim",
        kind=Kind(system=_TABLE + table, code=code),
        takes="Voksne med moderate og alvorlige psykiske lidelser",
        target_group="Voksne over 18 år",
        phone="55 00 00 00",
        opening_hours="Hverdager kl. 08.00–15.30",
        usual_answer_days=6,
        confirmed_on=date(2025, 1, 2),
        is_health=True,
        takes_referrals=True,
        is_open=True,
        takes_handovers=True,
    )
    return replace(plain, **other)  # type: ignore[arg-type]


SERVICES: Final = {
    MUNICIPALITY: (
        make_service(PSYCHOLOGIST, MUNICIPALITY, "Kommunepsykolog", "8663:KP05"),
        make_service(FACT, MUNICIPALITY, "FACT-team", "8663:KF0107"),
    ),
    NAV: (make_service(NAV_OFFICE, NAV, "Arbeidsrettet oppfølging", "8658:5", is_health=False),),
    DPS: (
        make_service(INTAKE, DPS, "Inntak voksne", "8668:PV"),
        make_service(OUTPATIENT, DPS, "Poliklinikk voksne", "8668:PV", takes_referrals=False),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Community:
    """Everything there is: the anchor, every agency's private keys, and what they signed at `made_at`."""

    made_at: datetime
    anchor: SigningKey
    anchors: Anchors
    keys: dict[AgencyId, AgencyKeys]
    listed: Directory
    directory: bytes
    statements: dict[AgencyId, bytes]

    def ring(self, *hosted: AgencyId) -> Keyring:
        """Return the keyring of a node that hosts these agencies."""
        return Keyring({agency: self.keys[agency] for agency in hosted})


def community(
    now: datetime, *, endpoints: dict[AgencyId, str] | None = None, also: tuple[Service, ...] = ()
) -> Community:
    """Make keys for the municipality, NAV and DPS, and sign their directory and statements at `now`.

    `also` are services beside those of SERVICES.
    """
    anchor = SigningKey.from_material(new_material())
    keys = {agency: make_keys(now) for agency in NAMES}
    listed = Directory(
        community=_COMMUNITY,
        version=1,
        iat=now,
        exp=now + LIFETIME,
        agencies={
            agency: Agency(
                id=agency,
                name=NAMES[agency],
                endpoint=(endpoints or NODES)[agency],
                keys=(ListedKey(key=held.sig.public, not_before=now - timedelta(days=1)),),
            )
            for agency, held in keys.items()
        },
    )
    return Community(
        made_at=now,
        anchor=anchor,
        anchors=Anchors(community=_COMMUNITY, keys={anchor.kid: anchor.public}),
        keys=keys,
        listed=listed,
        directory=documents.sign_directory(listed, anchor=anchor),
        statements={agency: make_statement(agency, held, now, also) for agency, held in keys.items()},
    )


def make_keys(now: datetime) -> AgencyKeys:
    """Return an agency's fresh keys, the encryption key published at `now`."""
    return replace(AgencyKeys.generate(), enc=(EncryptionKey.from_material(new_material(), created_at=now),))


def make_statement(agency: AgencyId, held: AgencyKeys, now: datetime, also: tuple[Service, ...] = ()) -> bytes:
    """Sign what an agency says of itself at `now`."""
    keys = tuple(PublishedKey(key=key.public, published_at=key.created_at) for key in held.enc)
    services = (*SERVICES.get(agency, ()), *(each for each in also if each.agency == agency))
    statement = Statement(agency=agency, iat=now, exp=now + LIFETIME, keys=keys, services=services)
    return documents.sign_statement(statement, signer=held.sig)


def join(db: Database, made: Community, *hosted: AgencyId, sealing: Vault | None = None) -> Keyring:
    """Make the database a node of these agencies: keyring, vault and a book filled with the whole community."""
    ring = made.ring(*hosted)
    db.provide(Keyring, ring)
    db.provide(Vault, sealing or vault.generate(hosted))
    service.open_book(db, made.anchors)
    with db.transaction() as session:
        service.accept_directory(session, made.directory, now=made.made_at)
        for agency, jws in made.statements.items():
            service.accept_statement(session, jws, agency=agency, now=made.made_at)
    return ring
