"""What a node is told by its environment. Fails at start, naming everything that is missing or odd at once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from handover.errors import Invalid
from handover.ids import AgencyId

MODES: Final = ("production", "demo", "test")


@dataclass(frozen=True, kw_only=True)
class Mail:
    """The submission server that takes notices by e-mail."""

    host: str
    port: int
    security: str
    """`starttls`, `tls` from the first byte, or `none` (demo and tests only)."""
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Sms:
    """The gateway that takes notices by SMS."""

    url: str
    sender: str
    """Up to 11 letters and figures, shown as who it is from: nothing that tells of whom it is."""
    token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One node's settings. Paths are absolute or relative to the working directory."""

    mode: str
    node_url: str
    agencies: tuple[AgencyId, ...]
    database_url: str
    keys_dir: Path
    passphrase_file: Path
    anchors_file: Path
    directory_source: str
    """URL or file path from which `directory.jws` is pulled."""
    oidc_issuer: str | None = None
    oidc_preset: str = "helseid"
    oidc_client_id: str | None = None
    oidc_acr: str | None = None
    """The security level (`acr`) a generic provider is asked for; the presets know their own."""
    citizen_issuer: str | None = None
    citizen_preset: str = "idporten"
    citizen_client_id: str | None = None
    citizen_acr: str | None = None
    late_after: timedelta = timedelta(minutes=30)
    expire_after: timedelta = timedelta(hours=96)
    undo_seconds: int = 30
    topics_dir: Path | None = None
    """A folder with an agency's own topics of a handover, `<organisation number>.json`; None: the product's."""
    mail: Mail | None = None
    """None: nobody is told by e-mail."""
    sms: Sms | None = None
    """None: nobody is told by SMS."""
    notices_dir: Path | None = None
    """A folder that takes every notice instead (demo and tests only)."""
    clamd: str | None = None
    """Where the virus scanner listens, `unix:/path` or `tcp:127.0.0.1:3310`; None: nothing is looked through."""
    environment: Mapping[str, str] | None = None

    @property
    def is_demo(self) -> bool:
        """Whether demo and test liberties (clock offset, persona provider, test keys) are allowed."""
        return self.mode in {"demo", "test"}


_CLAMD: Final = re.compile(r"unix:/.+|tcp:(127\.0\.0\.1|localhost):\d{1,5}")
"""Documents go to the scanner as they are: never over a network."""
REQUIRED: Final = {
    "HANDOVER_NODE_URL": "the address other nodes reach this one at, https://...",
    "HANDOVER_AGENCIES": "organisation numbers of the agencies this node hosts, separated by commas",
    "HANDOVER_DATABASE_URL": "sqlite:///path or postgresql+psycopg://...",
    "HANDOVER_KEYS_DIR": "the folder of key files (handover keys new)",
    "HANDOVER_PASSPHRASE_FILE": "a file, readable by the owner only, with the key files' passphrase",
    "HANDOVER_ANCHORS_FILE": "trust anchors pinned for the community (JSON)",
    "HANDOVER_DIRECTORY": "where the signed directory is pulled from: URL or path",
}


def from_environment(env: Mapping[str, str]) -> Settings:
    """Read the settings. Raises Invalid('config.incomplete') with one field per missing or odd variable."""
    problems = {name: [f"missing: {what}"] for name, what in REQUIRED.items() if not env.get(name)}
    mode = env.get("HANDOVER_MODE", "production")
    if mode not in MODES:
        problems["HANDOVER_MODE"] = [f"one of {', '.join(MODES)}"]
    undo = env.get("HANDOVER_UNDO_SECONDS", "30")
    if not undo.isdecimal():
        problems["HANDOVER_UNDO_SECONDS"] = ["a whole number of seconds"]
    mail, sms = _mail(env, mode, problems), _sms(env, mode, problems)
    if (clamd := env.get("HANDOVER_CLAMD")) and not _CLAMD.fullmatch(clamd):
        problems["HANDOVER_CLAMD"] = ["unix:/path of the socket, or tcp:127.0.0.1:port on this machine"]
    if env.get("HANDOVER_NOTICES_DIR") and mode == "production":
        problems["HANDOVER_NOTICES_DIR"] = ["only in the demo and in tests: notices would reach nobody"]
    if problems:
        raise Invalid("config.incomplete", fields=problems)
    return Settings(
        mode=mode,
        node_url=env["HANDOVER_NODE_URL"].rstrip("/"),
        agencies=tuple(AgencyId(part.strip()) for part in env["HANDOVER_AGENCIES"].split(",") if part.strip()),
        database_url=env["HANDOVER_DATABASE_URL"],
        keys_dir=Path(env["HANDOVER_KEYS_DIR"]),
        passphrase_file=Path(env["HANDOVER_PASSPHRASE_FILE"]),
        anchors_file=Path(env["HANDOVER_ANCHORS_FILE"]),
        directory_source=env["HANDOVER_DIRECTORY"],
        oidc_issuer=env.get("HANDOVER_OIDC_ISSUER"),
        oidc_preset=env.get("HANDOVER_OIDC_PRESET", "helseid"),
        oidc_client_id=env.get("HANDOVER_OIDC_CLIENT_ID"),
        oidc_acr=env.get("HANDOVER_OIDC_ACR"),
        citizen_issuer=env.get("HANDOVER_CITIZEN_ISSUER"),
        citizen_preset=env.get("HANDOVER_CITIZEN_PRESET", "idporten"),
        citizen_client_id=env.get("HANDOVER_CITIZEN_CLIENT_ID"),
        citizen_acr=env.get("HANDOVER_CITIZEN_ACR"),
        undo_seconds=int(undo),
        topics_dir=Path(env["HANDOVER_TOPICS_DIR"]) if env.get("HANDOVER_TOPICS_DIR") else None,
        mail=mail,
        sms=sms,
        notices_dir=Path(env["HANDOVER_NOTICES_DIR"]) if env.get("HANDOVER_NOTICES_DIR") else None,
        clamd=env.get("HANDOVER_CLAMD") or None,
        environment=dict(env),
    )


_MAIL: Final = {
    "HANDOVER_SMTP_HOST": "the server that takes notices by e-mail",
    "HANDOVER_SMTP_FROM": "the address notices are from; nothing in it may tell what kind of service this is",
}
_SMS: Final = {
    "HANDOVER_SMS_URL": "the address of the SMS gateway, https://...",
    "HANDOVER_SMS_FROM": "who an SMS is from, up to 11 letters and figures",
    "HANDOVER_SMS_TOKEN_FILE": "a file, readable by the owner only, with the gateway's token",
}
_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
_Problems = dict[str, list[str]]


def _mail(env: Mapping[str, str], mode: str, problems: _Problems) -> Mail | None:
    """Return the mail server, None where no setting names one; notes what is missing or odd."""
    if not any(value for name, value in env.items() if name.startswith("HANDOVER_SMTP_")):
        return None
    found = _missing(env, _MAIL)
    security = env.get("HANDOVER_SMTP_SECURITY", "starttls")
    if security not in _PORTS or (security == "none" and mode == "production"):
        found["HANDOVER_SMTP_SECURITY"] = ["starttls or tls"]
    port = env.get("HANDOVER_SMTP_PORT") or str(_PORTS.get(security, 0))
    if not port.isdecimal() or not 0 < int(port) < 65536:
        found["HANDOVER_SMTP_PORT"] = ["a port"]
    if env.get("HANDOVER_SMTP_FROM") and "@" not in env["HANDOVER_SMTP_FROM"]:
        found["HANDOVER_SMTP_FROM"] = ["an e-mail address"]
    user = env.get("HANDOVER_SMTP_USER", "")
    password = _secret(env, "HANDOVER_SMTP_PASSWORD_FILE", found) if user else ""
    problems.update(found)
    if found:
        return None
    host, sender = env["HANDOVER_SMTP_HOST"], env["HANDOVER_SMTP_FROM"]
    return Mail(host=host, port=int(port), security=security, sender=sender, user=user, password=password)


def _sms(env: Mapping[str, str], mode: str, problems: _Problems) -> Sms | None:
    """Return the SMS gateway, None where no setting names one; notes what is missing or odd."""
    if not any(value for name, value in env.items() if name.startswith("HANDOVER_SMS_")):
        return None
    found = _missing(env, _SMS)
    if env.get("HANDOVER_SMS_URL") and mode == "production" and not env["HANDOVER_SMS_URL"].startswith("https://"):
        found["HANDOVER_SMS_URL"] = ["https://..."]
    if len(env.get("HANDOVER_SMS_FROM", "")) > _LONGEST_SENDER:
        found["HANDOVER_SMS_FROM"] = ["at most 11 letters and figures"]
    token = _secret(env, "HANDOVER_SMS_TOKEN_FILE", found)
    problems.update(found)
    return None if found else Sms(url=env["HANDOVER_SMS_URL"], sender=env["HANDOVER_SMS_FROM"], token=token)


_LONGEST_SENDER: Final = 11


def _missing(env: Mapping[str, str], wanted: Mapping[str, str]) -> _Problems:
    return {name: [f"missing: {what}"] for name, what in wanted.items() if not env.get(name)}


def _secret(env: Mapping[str, str], name: str, problems: _Problems) -> str:
    """Return what a file of a secret holds; notes where there is none to read."""
    if not env.get(name):
        problems.setdefault(name, ["missing: a file, readable by the owner only, with the secret"])
        return ""
    try:
        return Path(env[name]).read_text().strip()
    except OSError:
        problems[name] = ["cannot be read"]
        return ""
