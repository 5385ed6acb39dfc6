"""What a community's anchor decides when it signs the next directory: who is let in, which keys count no more.

Pure: a change takes the agencies listed so far and returns the agencies to list.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from handover.directory.documents import fingerprint
from handover.directory.model import SKEW, Agency, Directory, DirectoryRefused
from handover.errors import NotFound
from handover.ids import AgencyId, KeyId

MAX_REQUEST_AGE: Final = timedelta(days=14)

Agencies = Mapping[AgencyId, Agency]


def accept(listed: Agencies, asked: Agency, *, asked_at: datetime, spoken: str, now: datetime) -> Agencies:
    """List an agency (or a further key of it) whose fingerprint was compared by voice.

    Raises DirectoryRefused when the fingerprint is not that of the key in the request, when the request is old or
    from the future, or when the key is already listed: a revoked key never comes back.
    """
    key = asked.keys[0]
    if _digits(spoken) != _digits(fingerprint(key.key)):
        raise DirectoryRefused("directory.fingerprint-differs", agency=asked.id)
    if not now - MAX_REQUEST_AGE <= asked_at <= now + SKEW:
        raise DirectoryRefused("directory.request-too-old", agency=asked.id)
    if any(held.key.kid == key.key.kid for agency in listed.values() for held in agency.keys):
        raise DirectoryRefused("directory.key-already-listed", agency=asked.id)
    present = listed.get(asked.id)
    agency = (
        replace(present, name=asked.name, endpoint=asked.endpoint, keys=(*present.keys, key)) if present else asked
    )
    return {**listed, asked.id: agency}


def revoke(listed: Agencies, kid: KeyId, *, at: datetime) -> Agencies:
    """Let nothing received from `at` on be verified with this key, whenever it says it was signed."""
    agency = _holder(listed, kid)
    keys = tuple(replace(key, revoked_at=at) if key.key.kid == kid else key for key in agency.keys)
    return {**listed, agency.id: replace(agency, keys=keys)}


def end(listed: Agencies, kid: KeyId, *, at: datetime) -> Agencies:
    """Let a key that has a successor count until `at`."""
    agency = _holder(listed, kid)
    keys = tuple(replace(key, not_after=at) if key.key.kid == kid else key for key in agency.keys)
    return {**listed, agency.id: replace(agency, keys=keys)}


def suspend(listed: Agencies, agency: AgencyId, *, is_active: bool = False) -> Agencies:
    """Let an agency take part no more, or again (`is_active=True`)."""
    if agency not in listed:
        raise NotFound("directory.no-agency", agency=agency)
    return {**listed, agency: replace(listed[agency], is_active=is_active)}


def next_version(
    previous: Directory | None, *, community: str, agencies: Agencies, now: datetime, life: timedelta
) -> Directory:
    """Return the directory to sign, one version on."""
    return Directory(
        community=community,
        version=previous.version + 1 if previous else 1,
        iat=now,
        exp=now + life,
        agencies=agencies,
    )


def _holder(listed: Agencies, kid: KeyId) -> Agency:
    for agency in listed.values():
        if any(key.key.kid == kid for key in agency.keys):
            return agency
    raise NotFound("directory.no-key", kid=kid)


def _digits(spoken: str) -> str:
    return "".join(character for character in spoken if character.isdigit())
