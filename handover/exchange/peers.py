"""Asks the signed directory what the post office must know about other agencies."""

from datetime import datetime

from sqlalchemy.orm import Session

from handover import clock
from handover.db import Database
from handover.directory import service as directory
from handover.exchange.wiring import Peers
from handover.ids import AgencyId, KeyId
from handover.keys.material import PublicEncryptionKey, PublicSigningKey


def of_directory(db: Database, source: str) -> Peers:
    """Return what the directory tells; `source` is where it is pulled from when a key turns out to be gone."""

    def refresh(agency: AgencyId) -> None:
        directory.refresh(db, agency, source, now=clock.now())

    return Peers(endpoint=_endpoint, encryption_key=_encryption_key, signing_key=_signing_key, refresh=refresh)


def _endpoint(session: Session, agency: AgencyId) -> str:
    return directory.agency(session, agency).endpoint


def _encryption_key(session: Session, agency: AgencyId, at: datetime) -> PublicEncryptionKey:
    return directory.encryption_key(session, agency, at=at)


def _signing_key(session: Session, agency: AgencyId, kid: KeyId, at: datetime) -> PublicSigningKey:
    return directory.signing_key(session, agency, kid, at=at)
