"""Files that people hand in and send: PDF, JPEG and PNG, told by what is in them, and at most 25 MB in all.

A file called what it is not would be shown, and opened, as that; so nobody's word counts for its type, neither the
name it came with nor the message it travelled in.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

import filetype

from handover.errors import Invalid
from handover.exchange import pdf

MAX_FILES_BYTES: Final = 25 * 1024 * 1024
"""All files of one referral, one handover or one message together."""
MAX_NAME: Final = 200
"""Characters of a file's name."""
CONTENT_TYPES: Final = frozenset({"application/pdf", "image/jpeg", "image/png"})
_SUFFIXES: Final = {
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
}


class BadFile(Invalid):
    """Codes `file.empty`, `.too-large`, `.type`, `.other-type`, `.encrypted`, `.infected`; the field is `file`."""

    code = "file"


@dataclass(frozen=True, kw_only=True)
class File:
    """A whole document that travels or stays as one. Its bytes are sealed elsewhere."""

    name: str = field(repr=False)
    content_type: str
    """One of `CONTENT_TYPES`, found in the content itself."""
    length: int
    """Bytes."""
    sha256: bytes = field(repr=False)
    """Of the plaintext."""


def checked(name: str, data: bytes, *, held: int = 0, otherwise: str = "dokument") -> File:
    """Return what a file is, by its content. `held`: bytes of those it goes with. Raises BadFile.

    `otherwise`: what it is called when it came without a name.
    """
    if not data:
        raise bad("empty")
    if held + len(data) > MAX_FILES_BYTES:
        raise bad("too-large")
    kind = filetype.guess_mime(data)
    if kind not in CONTENT_TYPES:
        raise bad("type")
    if _SUFFIXES.get(name.strip().rpartition(".")[2].lower(), kind) != kind:
        raise bad("other-type")
    if kind == "application/pdf" and pdf.is_encrypted(data):
        raise bad("encrypted")
    return File(
        name=name.strip()[:MAX_NAME] or otherwise,
        content_type=kind,
        length=len(data),
        sha256=sha256(data).digest(),
    )


def is_of_type(data: bytes, content_type: str) -> bool:
    """Return whether a file that came is what the message with it says; an empty one is nothing."""
    return bool(filetype.guess_mime(data) == content_type)


def bad(code: str) -> BadFile:
    """Return the refusal of a file, for one of the codes of BadFile."""
    return BadFile(f"file.{code}", fields={"file": [code]})
