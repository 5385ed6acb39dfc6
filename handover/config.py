"""What a node is told by its environment. Fails at start, naming everything that is missing or odd at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from handover.errors import Invalid
from handover.ids import AgencyId

MODES: Final = ("production", "demo", "test")


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
    environment: Mapping[str, str] | None = None

    @property
    def is_demo(self) -> bool:
        """Whether demo and test liberties (clock offset, persona provider, test keys) are allowed."""
        return self.mode in {"demo", "test"}


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
        environment=dict(env),
    )
