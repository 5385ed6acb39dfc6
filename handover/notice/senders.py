"""The ways out of the node: SMTP over TLS, an SMS gateway over HTTPS, a folder of files for the demo.

A sender sends one letter and returns, or raises `TryLater` or `Undeliverable` with a code that holds nothing of
the address. What it raises otherwise is a fault of ours, and is tried again.
"""

import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import Final, Protocol

import requests

from handover.clock import now
from handover.config import Mail, Sms
from handover.notice.model import Channel, NoticeId

SECONDS: Final = 20
"""So long one server may take; far less than the lease of an attempt."""
_GONE: Final = frozenset({550, 551, 553, 554})
"""SMTP answers about a receiver that no later attempt changes."""
_NO_LATER: Final = frozenset({400, 403, 404, 413, 422})
"""HTTP answers of a gateway that no later attempt changes."""


class TryLater(Exception):
    """It could not be sent now. The code says why."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class Undeliverable(Exception):
    """It can never be sent to that address. The code says why."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What leaves: to one address, the same id at every attempt."""

    id: NoticeId
    address: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)


class Sender(Protocol):
    """One way out."""

    def send(self, letter: Letter) -> None:
        """Hand one letter over. Raises TryLater, Undeliverable."""

    def reach(self) -> None:
        """Ask whether a letter would be taken, without one. Raises TryLater."""


@dataclass(frozen=True)
class Ways:
    """The ways out that this node has; a channel without one is not offered."""

    by_channel: Mapping[Channel, Sender] = field(default_factory=dict)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The channels people may choose."""
        return tuple(channel for channel in Channel if channel in self.by_channel)


def of_settings(mail: Mail | None, sms: Sms | None, folder: Path | None) -> Ways:
    """Return the ways out that the settings name; a folder stands for both (demo and tests only)."""
    if folder is not None:
        return Ways({channel: Files(folder, channel) for channel in (Channel.EMAIL, Channel.SMS)})
    found: dict[Channel, Sender] = {}
    if mail is not None:
        found[Channel.EMAIL] = Smtp(mail)
    if sms is not None:
        found[Channel.SMS] = Gateway(sms)
    return Ways(found)


class Smtp:
    """Sends e-mail through one submission server (RFC 6409), always over TLS outside tests."""

    def __init__(self, mail: Mail, tls: ssl.SSLContext | None = None) -> None:
        self._mail = mail
        self._tls = tls or ssl.create_default_context()

    def send(self, letter: Letter) -> None:
        """Send one e-mail; its Message-ID is the notice's id, so that a receiver knows a repeat."""
        with _asked():
            try:
                with self._connected() as server:
                    refused = server.send_message(self._message(letter), self._mail.sender, [letter.address])
            except smtplib.SMTPRecipientsRefused as gone:
                _refuse(*next(iter(gone.recipients.values())))
            else:
                for answer in refused.values():  # pragma: no cover - one receiver is refused by raising
                    _refuse(*answer)

    def reach(self) -> None:
        """Connect and log in, as before a letter."""
        with _asked(), self._connected() as server:
            server.noop()

    def _connected(self) -> smtplib.SMTP:
        mail = self._mail
        if mail.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(mail.host, mail.port, timeout=SECONDS, context=self._tls)
        else:
            server = smtplib.SMTP(mail.host, mail.port, timeout=SECONDS)
        try:
            if mail.security == "starttls":
                server.starttls(context=self._tls)
            if mail.user:
                server.login(mail.user, mail.password)
        except Exception:
            server.close()
            raise
        return server

    def _message(self, letter: Letter) -> EmailMessage:
        made = EmailMessage(policy=SMTP)
        made["From"], made["To"], made["Subject"] = self._mail.sender, letter.address, letter.subject
        made["Date"] = format_datetime(now())
        made["Message-ID"] = f"<{letter.id}@{self._mail.sender.rpartition('@')[2]}>"
        made["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence answers it
        made.set_content(letter.text)
        return made


@contextmanager
def _asked() -> Iterator[None]:
    """Turn what a mail server answers into TryLater: never words of theirs, which may hold the address."""
    try:
        yield
    except smtplib.SMTPResponseException as answered:
        raise TryLater(f"smtp.{answered.smtp_code}") from None
    except (OSError, smtplib.SMTPException) as failed:
        raise TryLater(f"smtp.{type(failed).__name__.lower()}") from None


def _refuse(code: int, _words: bytes) -> None:
    raise Undeliverable(f"smtp.{code}") if code in _GONE else TryLater(f"smtp.{code}")


class Gateway:
    """Sends SMS by one POST of JSON with a token: the shape of GatewayAPI (`/rest/mtsms`), which many resemble."""

    def __init__(self, sms: Sms) -> None:
        self._sms = sms

    def send(self, letter: Letter) -> None:
        """Send one SMS; `userref` is the notice's id, by which the gateway's reports are found again."""
        body = {
            "sender": self._sms.sender,
            "message": letter.text,
            "recipients": [{"msisdn": int(letter.address.lstrip("+"))}],
            "userref": str(letter.id),
        }
        headers = {"Authorization": f"Token {self._sms.token}"}
        try:
            answer = requests.post(
                self._sms.url, json=body, headers=headers, timeout=SECONDS, allow_redirects=False
            )
        except requests.RequestException as failed:
            raise TryLater(f"sms.{type(failed).__name__.lower()}") from None
        if not answer.ok or answer.is_redirect:
            code = f"sms.{answer.status_code}"
            raise Undeliverable(code) if answer.status_code in _NO_LATER else TryLater(code)

    def reach(self) -> None:
        """Ask for nothing, without the token: any answer but a failure of its own shows that it is there."""
        try:
            answer = requests.head(self._sms.url, timeout=SECONDS, allow_redirects=False)
        except requests.RequestException as failed:
            raise TryLater(f"sms.{type(failed).__name__.lower()}") from None
        if (
            answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
            and answer.status_code != HTTPStatus.NOT_IMPLEMENTED
        ):
            raise TryLater(f"sms.{answer.status_code}")


class Files:
    """Writes what would have been sent into a folder of text files, named by number only (the demo)."""

    _lock = Lock()

    def __init__(self, folder: Path, channel: Channel) -> None:
        self._folder, self._channel = folder, channel

    def send(self, letter: Letter) -> None:
        """Write one file; the same notice again replaces its own."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._lock:
            number = self._number_of(letter.id)
            words = (
                f"Notice: {letter.id}\nBy: {self._channel.value}\nTo: {letter.address}\n"
                f"Subject: {letter.subject}\n\n{letter.text}\n"
            )
            unfinished = self._folder / "unfinished"
            unfinished.write_text(words)
            unfinished.replace(self._folder / f"{number:04}.txt")

    def reach(self) -> None:
        """See that the folder can be written to."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as failed:
            raise TryLater(f"file.{type(failed).__name__.lower()}") from None

    def _number_of(self, notice: NoticeId) -> int:
        written = sorted(self._folder.glob("*.txt"))
        for file in reversed(written):
            if file.read_text().startswith(f"Notice: {notice}\n"):
                return int(file.stem)
        return int(written[-1].stem) + 1 if written else 1
