"""Brings signed documents from other nodes: bounded in time and size, never following redirects."""

from pathlib import Path
from typing import Final

import requests

from handover.directory.model import DirectoryRefused
from handover.ids import AgencyId

DIRECTORY_PATH: Final = "/directory/v1/directory.jws"
STATEMENT_PATH: Final = "/directory/v1/statements/{agency}"
MEDIA_TYPE: Final = "application/jose"
TIMEOUT: Final = (5.0, 10.0)
"""Seconds to connect, and between two bytes."""


def statement_url(endpoint: str, agency: AgencyId) -> str:
    """Return where an agency's node serves its statement."""
    return endpoint + STATEMENT_PATH.format(agency=agency)


def fetch(source: str, *, limit: int) -> bytes:
    """Read at most `limit` bytes from a URL or a file; raises DirectoryRefused('directory.unreachable')."""
    if source.startswith(("https://", "http://")):
        return _get(source, limit)
    try:
        with Path(source).open("rb") as file:
            raw = file.read(limit + 1)
    except OSError as missing:
        raise DirectoryRefused("directory.unreachable") from missing
    return _within(raw, limit)


def _get(url: str, limit: int) -> bytes:
    try:
        with requests.get(
            url, timeout=TIMEOUT, stream=True, allow_redirects=False, headers={"Accept": MEDIA_TYPE}
        ) as response:
            if response.status_code != requests.codes.ok:
                raise DirectoryRefused("directory.unreachable", status=response.status_code)
            raw = b""
            for chunk in response.iter_content(1 << 16):
                raw = _within(raw + chunk, limit)
            return raw
    except requests.RequestException as failed:
        raise DirectoryRefused("directory.unreachable") from failed


def _within(raw: bytes, limit: int) -> bytes:
    if len(raw) > limit:
        raise DirectoryRefused("directory.too-large")
    return raw
