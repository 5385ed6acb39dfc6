"""Asks a virus scanner, clamd, over its socket: the commands PING and INSTREAM of clamd(8), ClamAV 1.x.

A command begins with `z` and ends with a null byte, and so does the answer. INSTREAM is followed by pieces, each
after its length as four bytes, the most significant first; a length of nothing ends them. What follows from an
answer is decided elsewhere.
"""

import socket
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final

PIECE: Final = 256 * 1024
CONNECT_SECONDS: Final = 5
ANSWER_SECONDS: Final = 60
"""Without a byte of an answer."""
_MOST: Final = 4096
"""Bytes of an answer."""
_FOUND: Final = " FOUND"


class ScannerSilent(Exception):
    """The scanner can't be asked, or says that it could not look: nothing is known of the file."""


class CouldNotLook(ScannerSilent):
    """The scanner answers, and could not look at this file: it may be larger than it takes."""


@dataclass(frozen=True)
class Clamd:
    """Where clamd listens: `unix:/run/clamav/clamd.ctl`, or `tcp:127.0.0.1:3310` on this machine."""

    address: str

    def virus_in(self, data: bytes) -> str | None:
        """Return the name of what was found; None for what is clean. Raises ScannerSilent or CouldNotLook."""
        answer = self._ask(b"INSTREAM", data)
        if answer.endswith(_FOUND):
            return answer.partition(": ")[2].removesuffix(_FOUND) or "unknown"
        if answer != "stream: OK":
            raise CouldNotLook("it could not look")
        return None

    def ping(self) -> None:
        """Raise ScannerSilent unless the scanner answers."""
        if self._ask(b"PING") != "PONG":
            raise ScannerSilent("no PONG")

    def _ask(self, command: bytes, data: bytes | None = None) -> str:
        try:
            with self._connected() as to:
                to.sendall(b"z" + command + b"\0")
                if data is not None:
                    _stream(to, data)
                return _answer(to)
        except (OSError, UnicodeDecodeError) as lost:
            raise ScannerSilent(type(lost).__name__) from lost

    @contextmanager
    def _connected(self) -> Iterator[socket.socket]:
        kind, _, where = self.address.partition(":")
        opened = socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET, socket.SOCK_STREAM)
        with closing(opened):
            opened.settimeout(CONNECT_SECONDS)
            host, _, port = where.rpartition(":")
            opened.connect(where if kind == "unix" else (host, int(port)))
            opened.settimeout(ANSWER_SECONDS)
            yield opened


def _stream(to: socket.socket, data: bytes) -> None:
    for start in range(0, len(data), PIECE):
        piece = data[start : start + PIECE]
        to.sendall(struct.pack("!L", len(piece)))
        to.sendall(piece)
    to.sendall(struct.pack("!L", 0))


def _answer(to: socket.socket) -> str:
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < _MOST:
        piece = to.recv(_MOST)
        if not piece:
            break
        answer += piece
    return answer.rstrip(b"\0").decode()
