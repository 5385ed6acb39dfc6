"""Reads the passphrase of the key files: from a file, an open file descriptor, or a systemd credential."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from handover.keys.errors import KeyRefused

CREDENTIAL: Final = "handover-passphrase"
MIN_CHARACTERS: Final = 12
_LIMIT: Final = 4096


def from_file(path: Path) -> bytes:
    """Return the first line of a file that only its owner can read; raises KeyRefused."""
    return checked(read_private(path))


def from_descriptor(descriptor: int) -> bytes:
    """Return the first line from an open file descriptor, and close it; raises KeyRefused."""
    try:
        with os.fdopen(descriptor, "rb") as file:
            return checked(file.read(_LIMIT))
    except OSError as unreadable:
        raise KeyRefused("key.passphrase-unreadable") from unreadable


def from_systemd(env: Mapping[str, str]) -> bytes | None:
    """Return the credential `handover-passphrase` (systemd LoadCredential=), or None where there is none."""
    folder = env.get("CREDENTIALS_DIRECTORY")
    path = Path(folder) / CREDENTIAL if folder else None
    return from_file(path) if path is not None and path.exists() else None


def read_private(path: Path) -> bytes:
    """Read a file, refusing links and whatever group or others may read or write; raises KeyRefused."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as unreadable:
        raise KeyRefused("key.file-unreadable", file=path.name) from unreadable
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_mode & 0o077:
            raise KeyRefused("key.file-open-to-others", file=path.name)
        if status.st_uid not in {os.geteuid(), 0}:
            raise KeyRefused("key.file-of-another", file=path.name)
        return file.read(1 << 20)


def checked(raw: bytes) -> bytes:
    """Return the first line; raises KeyRefused when it is shorter than 12 characters."""
    first = raw.split(b"\n", 1)[0].rstrip(b"\r")
    if len(first.decode("utf-8", "replace")) < MIN_CHARACTERS:
        raise KeyRefused("key.passphrase-too-short", at_least=MIN_CHARACTERS)
    return first
