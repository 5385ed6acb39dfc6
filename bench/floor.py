"""The floor of PERF.md: the smallest raw program that validates a little, signs, encrypts, stores, sends, answers.

orjson, `cryptography`, one raw commit at each of the three durable points, http.client, a bare socket server; no
framework, no ORM, no audit, no sealing at rest, no retries. `python -m bench.floor URL` is its receiver.
"""

import http.client
import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Protocol
from uuid import uuid4

import orjson
import psycopg
import pybase64
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite

from bench.load import Template
from bench.measure import Send, rate

SUITE: Final = Suite(KEM.MLKEM768_X25519, KDF.SHAKE256, AEAD.AES_256_GCM)
INFO: Final = b"JOSE-HPKE rcpt\xffA256GCM\xffhm1|receiver"
SIGNER: Final = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
ANSWERER: Final = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
OPENER: Final = MLKEM768X25519PrivateKey(
    MLKEM768PrivateKey.from_seed_bytes(b"\x03" * 64), X25519PrivateKey.from_private_bytes(b"\x04" * 32)
)
SEALED_TO: Final = OPENER.public_key()
PART: Final = 0.04
"""Seconds that each part is measured in one round."""
VERIFIERS: Final = {True: SIGNER.public_key(), False: ANSWERER.public_key()}


def _b64(raw: bytes) -> bytes:
    return pybase64.urlsafe_b64encode(raw).rstrip(b"=")


def _unb64(text: bytes) -> bytes:
    return pybase64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def sign(payload: bytes, own_id: bytes, key: Ed25519PrivateKey) -> bytes:
    """Return a compact JWS."""
    signed = _b64(b'{"alg":"Ed25519","typ":"hm-msg+jws","jti":"' + own_id + b'"}') + b"." + _b64(payload)
    return signed + b"." + _b64(key.sign(signed))


def verify(jws: bytes, *, of_sender: bool) -> tuple[bytes, bytes]:
    """Return the id and the payload of a compact JWS, or raise InvalidSignature."""
    signed, _, signature = jws.rpartition(b".")
    VERIFIERS[of_sender].verify(_unb64(signature), signed)
    header, payload = signed.split(b".")
    return orjson.loads(_unb64(header))["jti"].encode(), _unb64(payload)


def seal(jws: bytes) -> bytes:
    """Return a compact JWE, HPKE-9-KE."""
    key, nonce = os.urandom(32), os.urandom(12)
    wrapped = SUITE.encrypt(key, SEALED_TO, info=INFO)
    header = _b64(b'{"alg":"HPKE-9-KE","enc":"A256GCM","ek":"' + _b64(wrapped[:1120]) + b'"}')
    sealed = AESGCM(key).encrypt(nonce, jws, header)
    return b".".join((header, _b64(wrapped[1120:]), _b64(nonce), _b64(sealed[:-16]), _b64(sealed[-16:])))


def open_sealed(jwe: bytes) -> bytes:
    """Return the JWS inside a compact JWE."""
    header, wrapped, nonce, sealed, tag = jwe.split(b".")
    ek = _unb64(orjson.loads(_unb64(header))["ek"].encode())
    key = SUITE.decrypt(ek + _unb64(wrapped), OPENER, info=INFO)
    return AESGCM(key).decrypt(_unb64(nonce), _unb64(sealed) + _unb64(tag), header)


def check(payload: bytes) -> None:
    """Parse a message and look at types and references, as little as can be called a check."""
    bundle = orjson.loads(payload)
    urls = {entry["fullUrl"] for entry in bundle["entry"]}
    for entry in bundle["entry"]:
        if not isinstance(entry["resource"]["resourceType"], str):
            raise TypeError
        _references(entry["resource"], urls)


def _references(node: Any, urls: set[str]) -> None:
    if isinstance(node, dict):
        reference = node.get("reference")
        if isinstance(reference, str) and reference.startswith("urn:uuid:") and reference not in urls:
            raise ValueError("dangling")
        for child in node.values():
            if isinstance(child, (dict, list)):
                _references(child, urls)
    else:
        for child in node:
            if isinstance(child, (dict, list)):
                _references(child, urls)


class Store(Protocol):
    """One durable commit of some rows."""

    def insert(self, rows: Sequence[tuple[bytes, bytes, bytes]]) -> None:
        """Store new messages."""

    def acknowledge(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        """Store acknowledgements (ack, id)."""


class SqliteStore:
    """Raw sqlite3; whoever has the turn commits for everybody who waits."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("pragma journal_mode=wal")
        self._connection.execute("pragma synchronous=full")
        self._connection.execute("create table if not exists m (id blob primary key, jws blob, ack blob)")
        self._turn = threading.Lock()
        self._waiting: list[tuple[str, Sequence[Any], list[bool]]] = []

    def insert(self, rows: Sequence[tuple[bytes, bytes, bytes]]) -> None:
        self._commit("insert into m values (?, ?, ?)", rows)

    def acknowledge(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        self._commit("update m set ack = ? where id = ?", rows)

    def _commit(self, statement: str, rows: Sequence[Any]) -> None:
        done: list[bool] = []
        self._waiting.append((statement, rows, done))
        with self._turn:
            if done:
                return
            waiting, self._waiting = self._waiting, []
            self._connection.execute("begin immediate")
            for one, several, _ in waiting:
                self._connection.executemany(one, several)
            self._connection.execute("commit")
            for _, _, flag in waiting:
                flag.append(True)


class PostgresStore:
    """Raw psycopg, a connection for each thread."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._local = threading.local()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("create table if not exists m (id bytea primary key, jws bytea, ack bytea)")

    def insert(self, rows: Sequence[tuple[bytes, bytes, bytes]]) -> None:
        self._commit("insert into m values (%s, %s, %s)", rows)

    def acknowledge(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        self._commit("update m set ack = %s where id = %s", rows)

    def _commit(self, statement: str, rows: Sequence[Any]) -> None:
        if not hasattr(self._local, "connection"):
            self._local.connection = psycopg.connect(self._url)
        if len(rows) == 1:
            self._local.connection.execute(statement, rows[0])
        else:
            self._local.connection.cursor().executemany(statement, rows)
        self._local.connection.commit()


def open_store(url: str) -> Store:
    """Open a store by its SQLAlchemy URL."""
    if url.startswith("sqlite:///"):
        return SqliteStore(url.removeprefix("sqlite:///"))
    return PostgresStore(url.replace("postgresql+psycopg://", "postgresql://"))


class Receiver:
    """A bare socket server: one thread for each connection, kept alive."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def serve(self) -> None:
        """Listen on a free port, say which on standard output, and serve until killed."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            sys.stdout.write(f"{server.getsockname()[1]}\n")
            sys.stdout.flush()
            while True:
                connection, _ = server.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb", buffering=1 << 16)
        while request := stream.readline():
            length = 0
            while (line := stream.readline()) not in {b"\r\n", b""}:
                if line.lower().startswith(b"content-length:"):
                    length = int(line[15:])
            body = stream.read(length)
            answer = self._answer(body) if request.startswith(b"POST /m") else body[:1200]
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))

    def _answer(self, body: bytes) -> bytes:
        single = not body.startswith(b"[")
        envelopes = [body] if single else [one.encode() for one in orjson.loads(body)]
        rows = [_taken(envelope) for envelope in envelopes]
        self._store.insert(rows)
        if single:
            return rows[0][2]
        return orjson.dumps([ack.decode() for _, _, ack in rows])


def _taken(envelope: bytes) -> tuple[bytes, bytes, bytes]:
    jws = open_sealed(envelope)
    own_id, payload = verify(jws, of_sender=True)
    check(payload)
    return own_id, jws, _acknowledgement(own_id, payload)


def _acknowledgement(own_id: bytes, payload: bytes) -> bytes:
    ack = {"id": own_id.decode(), "code": "ok", "sha256": sha256(payload).hexdigest(), "pad": _PAD}
    return sign(orjson.dumps(ack), own_id, ANSWERER)


_PAD: Final = "x" * 900
"""An acknowledgement as large as a FHIR one."""


@dataclass(frozen=True)
class Listening:
    """The receiver's process and where it listens."""

    address: str
    pid: int


@contextmanager
def receiving(url: str) -> Iterator[Listening]:
    """Run the receiver as a process of its own."""
    process = subprocess.Popen([sys.executable, "-m", "bench.floor", url], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Listening(f"127.0.0.1:{int(process.stdout.readline())}", process.pid)
    finally:
        process.kill()
        process.wait()


def make_sender(store: Store, address: str, template: Template) -> Send:
    """Return one sender with a connection of its own."""
    connection = http.client.HTTPConnection(address)

    def send(count: int) -> None:
        rows = []
        for _ in range(count):
            own_id, payload = template.message(uuid4())
            check(payload)
            rows.append((str(own_id).encode(), sign(payload, str(own_id).encode(), SIGNER), b""))
        store.insert(rows)
        envelopes = [seal(jws) for _, jws, _ in rows]
        body = envelopes[0] if count == 1 else b'["' + b'","'.join(envelopes) + b'"]'
        answer = _post(connection, "/m", body)
        acks = [answer] if count == 1 else [one.encode() for one in orjson.loads(answer)]
        store.acknowledge([(ack, _believed(ack, row[0])) for ack, row in zip(acks, rows, strict=True)])

    return send


def _believed(ack: bytes, own_id: bytes) -> bytes:
    answered, payload = verify(ack, of_sender=False)
    if answered != own_id or orjson.loads(payload)["code"] != "ok":
        raise ValueError("not our acknowledgement")
    return own_id


def _post(connection: http.client.HTTPConnection, path: str, body: bytes) -> bytes:
    connection.request("POST", path, body)
    return connection.getresponse().read()


class Parts:
    """The parts of one message's way, each alone: what the floor's time is compared with."""

    def __init__(self, store: Store, address: str, template: Template, *, batch: int) -> None:
        self._store = store
        self._batch = batch
        own_id, self._payload = template.message(uuid4())
        self._name = str(own_id).encode()
        self._jws = sign(self._payload, self._name, SIGNER)
        self._ack = _acknowledgement(self._name, self._payload)
        self._connection = http.client.HTTPConnection(address)
        envelope = seal(self._jws)
        self._body = envelope if batch == 1 else b'["' + b'","'.join([envelope] * batch) + b'"]'
        self._written: list[list[bytes]] = []

    def measured(self) -> dict[str, float]:
        """Return what each part of one message takes now, in seconds."""
        commits = (self._insert, self._insert_with_ack, self._acknowledge)
        return {
            "crypto": rate(self._crypto, seconds=PART),
            "parse": rate(self._parse, seconds=PART),
            "commits": sum(rate(work, seconds=PART) for work in commits) / self._batch,
            "http": rate(self._ping, seconds=PART) / self._batch,
        }

    def _crypto(self) -> None:
        verify(open_sealed(seal(sign(self._payload, self._name, SIGNER))), of_sender=True)
        _believed(_acknowledgement(self._name, self._payload), self._name)

    def _parse(self) -> None:
        check(self._payload)
        check(self._payload)

    def _ping(self) -> None:
        _post(self._connection, "/ping", self._body)

    def _ids(self) -> list[bytes]:
        return [uuid4().bytes for _ in range(self._batch)]

    def _insert(self) -> None:
        self._written.append(self._ids())
        self._store.insert([(one, self._jws, b"") for one in self._written[-1]])

    def _insert_with_ack(self) -> None:
        self._store.insert([(one, self._jws, self._ack) for one in self._ids()])

    def _acknowledge(self) -> None:
        those = self._written.pop() if len(self._written) > 1 else self._written[0]
        self._store.acknowledge([(self._ack, one) for one in those])


def main() -> None:
    """Be the receiver."""
    with suppress(KeyboardInterrupt):
        Receiver(open_store(sys.argv[1])).serve()


if __name__ == "__main__":
    main()
