"""Real receivers of notices: an SMTP server with TLS and log-in, and an SMS gateway, each in a thread."""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any, Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST: Final = "127.0.0.1"
USER, PASSWORD = "node", "correct horse"


@dataclass
class Mailbox:
    """What an SMTP server has taken, and how it answers."""

    port: int = 0
    certificate: Path = Path()
    taken: list[EmailMessage] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    """What the next receivers are answered, instead of 250."""
    was_secure: list[bool] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        """Take a receiver, or answer what the test wants."""
        if self.answers:
            return self.answers.pop(0)
        self.was_secure.append(server.transport.get_extra_info("ssl_object") is not None)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep what was sent."""
        read = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(read, EmailMessage)
        self.taken.append(read)
        return "250 OK"


@contextmanager
def smtp_server(folder: Path, security: str = "starttls") -> Iterator[Mailbox]:
    """Run an SMTP server that takes mail only over TLS, agreed on or from the first byte, and from who logs in."""
    box = Mailbox(certificate=_certificate(folder))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(box.certificate)

    def log_in(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        right = LoginPassword(USER.encode(), PASSWORD.encode())
        return AuthResult(success=data == right, handled=True)

    over: Any = {"tls_context": tls, "require_starttls": True}
    if security == "tls":
        over = {"ssl_context": tls, "auth_require_tls": False}  # it knows of no TLS but what was agreed on
    server = Controller(
        box,
        hostname=HOST,
        port=_free_port(),
        auth_required=True,
        authenticator=log_in,
        **over,
    )
    server.start()
    box.port = server.port
    try:
        yield box
    finally:
        server.stop()


@dataclass
class GatewayBox:
    """What an SMS gateway has taken, and how it answers."""

    url: str = ""
    taken: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)


@contextmanager
def sms_gateway() -> Iterator[GatewayBox]:
    """Run an SMS gateway."""
    box = GatewayBox()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = box.answers.pop(0) if box.answers else 200
            if status == 200:
                box.taken.append(json.loads(body))
                box.tokens.append(self.headers["Authorization"])
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b'{"ids": [1]}')

        def log_message(self, *_said: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((HOST, 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    box.url = f"http://{HOST}:{server.server_port}/rest/mtsms"
    try:
        yield box
    finally:
        server.shutdown()
        server.server_close()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example")])
    at = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "mail.pem"
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(key.private_bytes(*plain) + made.public_bytes(serialization.Encoding.PEM))
    return path
