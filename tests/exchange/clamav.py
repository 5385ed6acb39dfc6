"""A small scanner that speaks clamd's protocol over real sockets: it knows one virus, EICAR."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, cast

from tests.exchange.documents import EICAR

LIMIT: Final = 26 * 1024 * 1024


@dataclass
class Clamav:
    """What listens at `address`; stopped, nobody answers there."""

    address: str
    limit: int = LIMIT
    looked_at: list[bytes] = field(default_factory=list)
    _listening: socket.socket | None = None
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen; the TCP port 0 becomes a free one, which stays its own when it starts again."""
        kind, _, where = self.address.partition(":")
        if kind == "unix":
            Path(where).unlink(missing_ok=True)
            self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._listening.bind(where)
        else:
            self._listening = socket.create_server(("127.0.0.1", int(where.rpartition(":")[2])))
            self.address = f"tcp:127.0.0.1:{self._listening.getsockname()[1]}"
        self._listening.listen()
        self._thread = threading.Thread(target=self._serve, args=(self._listening,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Fall silent."""
        if self._listening is not None and self._thread is not None:
            self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
            self._thread.join(10)
        self._listening = None

    def _serve(self, listening: socket.socket) -> None:
        while True:
            try:
                caller, _ = listening.accept()
            except OSError:
                return
            with caller, caller.makefile("rb") as heard:
                caller.sendall(self._answer(cast(BinaryIO, heard)) + b"\0")

    def _answer(self, heard: BinaryIO) -> bytes:
        command = b""
        while not command.endswith(b"\0"):
            command += heard.read(1)
        if command == b"zPING\0":
            return b"PONG"
        if command != b"zINSTREAM\0":
            return b"UNKNOWN COMMAND"
        data = b""
        while length := struct.unpack("!L", heard.read(4))[0]:
            data += heard.read(length)
        if len(data) > self.limit:
            return b"INSTREAM size limit exceeded. ERROR"
        self.looked_at.append(data)
        return b"stream: Eicar-Test-Signature FOUND" if EICAR in data else b"stream: OK"


@contextmanager
def clamav(address: str) -> Iterator[Clamav]:
    """Run a scanner."""
    scanner = Clamav(address)
    scanner.start()
    try:
        yield scanner
    finally:
        scanner.stop()
