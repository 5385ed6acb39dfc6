"""Tells whether a PDF is locked: its trailer, or the dictionary of its cross-reference stream, has /Encrypt.

ISO 32000-1, 7.5.5 (trailer), 7.5.8 (cross-reference streams) and 7.6.1 (encryption). Only the dictionary counts by
which a reader opens the file: a text that mentions the word locks nothing.
"""

import re
from collections.abc import Iterator
from typing import Final

_MOST: Final = 10_000
"""Words of one dictionary: hostile ones end there."""
_START: Final = re.compile(rb"startxref\s+(\d{1,12})")
_TABLE: Final = re.compile(rb"\s*xref\b")
_TRAILER: Final = re.compile(rb"\btrailer\s*(?=<<)")
_OBJECT: Final = re.compile(rb"\s*\d{1,10}\s+\d{1,10}\s+obj\s*(?=<<)")
_WORD: Final = re.compile(
    rb"(?:[\x00\t\n\f\r ]|%[^\r\n]*)*"
    rb"(<<|>>|/[^\x00\t\n\f\r ()<>\[\]{}/%]*|<[^<>]*>|[()\[\]{}]|[^\x00\t\n\f\r ()<>\[\]{}/%]+)"
)
_IN_STRING: Final = re.compile(rb"\\.|[()]", re.DOTALL)
_ESCAPED: Final = re.compile(rb"#([0-9A-Fa-f]{2})")

Dictionary = dict[bytes, bytes]
"""The keys of a dictionary, and the first word of what each stands for."""


def is_encrypted(data: bytes) -> bool:
    """Return whether a PDF is locked; of one that does not say where its trailer is, every trailer counts."""
    newest = _newest(data)
    return any(b"Encrypt" in each for each in ([newest] if newest is not None else _all(data)))


def _newest(data: bytes) -> Dictionary | None:
    """Return the dictionary that the last `startxref` leads to; None where it leads to none."""
    found = _START.match(data, max(0, data.rfind(b"startxref")))
    if found is None:
        return None
    at = int(found[1]) + max(0, data.find(b"%PDF-"))
    if _TABLE.match(data, at):
        trailer = _TRAILER.search(data, at)
        return None if trailer is None else _dictionary(data, trailer.end())
    stream = _OBJECT.match(data, at)
    read = {} if stream is None else _dictionary(data, stream.end())
    return read if read.get(b"Type") == b"/XRef" else None


def _all(data: bytes) -> Iterator[Dictionary]:
    for trailer in _TRAILER.finditer(data):
        yield _dictionary(data, trailer.end())
    for named in re.finditer(rb"/XRef\b", data):
        begun = data.rfind(b"obj", 0, named.start())
        read = _dictionary(data, begun + 3) if begun >= 0 else {}
        if read.get(b"Type") == b"/XRef":
            yield read


def _dictionary(data: bytes, at: int) -> Dictionary:
    """Return the dictionary that begins there, without those inside it; of a broken one what can be read."""
    found: Dictionary = {}
    depth, key = 0, None
    for word in _words(data, at):
        if depth == 1 and key is not None:
            found[key] = word
            key = None
        elif depth == 1 and word.startswith(b"/"):
            key = _ESCAPED.sub(lambda each: bytes([int(each[1], 16)]), word[1:])
        depth += (word in {b"<<", b"["}) - (word in {b">>", b"]"})
        if depth <= 0:
            break
    return found


def _words(data: bytes, at: int) -> Iterator[bytes]:
    """Yield the words from there on; a text in brackets is one, `(`."""
    for _count in range(_MOST):
        word = _WORD.match(data, at)
        if word is None:
            return
        at = word.end()
        if word[1] == b"(":
            at = _after_text(data, at)
        yield word[1]


def _after_text(data: bytes, at: int) -> int:
    """Return where a text ends that has begun before; brackets inside it come in pairs, or behind a backslash."""
    depth = 1
    for each in _IN_STRING.finditer(data, at):
        depth += {b"(": 1, b")": -1}.get(each[0], 0)
        if not depth:
            return each.end()
    return len(data)
