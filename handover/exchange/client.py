"""HTTP to other nodes with kept-alive connections; every failure becomes a fault that names the side."""

import http.client
import socket
import ssl
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import SplitResult, urlsplit

from handover.exchange.model import Fault, Pace, Side
from handover.exchange.wire import MAX_ANSWER_BYTES

MAX_IDLE: Final = 4
"""Kept-alive connections to one node."""
_STALE: Final = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


class NotReached(Exception):
    """No usable answer. `left` says whether the bytes may have arrived all the same."""

    def __init__(self, fault: Fault, *, left: bool) -> None:
        super().__init__(fault.code)
        self.fault = fault
        self.left = left


@dataclass(frozen=True)
class Response:
    """An answer, whatever its status."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class Client:
    """Talks to other nodes; safe to share between threads."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._idle: dict[tuple[str, str], list[http.client.HTTPConnection]] = defaultdict(list)
        self._lock = threading.Lock()

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    def request(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Send one request. Raises NotReached; a status of any kind is an answer."""
        where = urlsplit(url)
        connection = self._take_idle(where)
        if connection is not None:
            try:
                return self._exchange(connection, where, method, body, headers or {})
            except NotReached as lost:
                if not isinstance(lost.__cause__, _STALE):
                    raise
        return self._exchange(self._connect(where), where, method, body, headers or {})

    def close(self) -> None:
        """Close every idle connection."""
        with self._lock:
            idle = [connection for several in self._idle.values() for connection in several]
            self._idle.clear()
        for connection in idle:
            connection.close()

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        where: SplitResult,
        method: str,
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> Response:
        try:
            connection.request(method, _target(where), body=body, headers=dict(headers))
            answer = connection.getresponse()
            read = answer.read(MAX_ANSWER_BYTES + 1)
        except TimeoutError as slow:
            connection.close()
            raise NotReached(Fault(Side.REC, "no-answer"), left=True) from slow
        except (OSError, http.client.HTTPException) as lost:
            connection.close()
            raise NotReached(Fault(Side.PROXY, "connection-lost"), left=True) from lost
        if len(read) > MAX_ANSWER_BYTES or answer.will_close:
            connection.close()
        else:
            self._give_back(where, connection)
        if len(read) > MAX_ANSWER_BYTES:
            raise NotReached(Fault(Side.REC, "answer-too-large"), left=True)
        return Response(answer.status, read, {key.lower(): value for key, value in answer.getheaders()})

    def _connect(self, where: SplitResult) -> http.client.HTTPConnection:
        timeout, host = self._pace.connect_timeout, where.hostname or ""
        connection: http.client.HTTPConnection
        if where.scheme == "https":
            connection = http.client.HTTPSConnection(host, where.port, timeout=timeout, context=self._tls)
        else:
            connection = http.client.HTTPConnection(host, where.port, timeout=timeout)
        try:
            connection.connect()
        except OSError as failed:
            connection.close()
            raise NotReached(_connect_fault(failed), left=False) from failed
        if connection.sock is not None:
            connection.sock.settimeout(self._pace.answer_timeout)
        return connection

    def _take_idle(self, where: SplitResult) -> http.client.HTTPConnection | None:
        with self._lock:
            idle = self._idle[where.scheme, where.netloc]
            return idle.pop() if idle else None

    def _give_back(self, where: SplitResult, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            idle = self._idle[where.scheme, where.netloc]
            if len(idle) < MAX_IDLE:
                idle.append(connection)
                return
        connection.close()


def _target(where: SplitResult) -> str:
    return f"{where.path or '/'}{'?' + where.query if where.query else ''}"


def _connect_fault(failed: OSError) -> Fault:
    match failed:
        case ssl.SSLCertVerificationError():
            return Fault(Side.REC, "certificate-refused")
        case ssl.SSLError():
            return Fault(Side.REC, "tls-failed")
        case socket.gaierror():
            return Fault(Side.PROXY, "name-not-found")
        case TimeoutError():
            return Fault(Side.PROXY, "connect-timeout")
        case ConnectionRefusedError():
            return Fault(Side.REC, "connection-refused")
        case _:
            return Fault(Side.PROXY, "no-route")
