"""The ground of the demo: a folder for each node with its keys, database and settings, and the community's anchor.

Everything is made with the same functions as for a real node; only the passphrases are made up here.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from handover import migrations
from handover.app import Node, create_node
from handover.config import Settings, from_environment
from handover.db import Database
from handover.demo.community import COMMUNITY, HOSTED, NAMES
from handover.directory import documents
from handover.directory.model import LIFETIME, Agency, Anchors, Directory, ListedKey
from handover.ids import AgencyId
from handover.keys import files
from handover.keys.files import KeyFile, Locker
from handover.keys.keyring import Keyring, load
from handover.keys.lifecycle import NODE_USES, KeyAct, KeyState, Use
from handover.keys.material import PublicSigningKey, SigningKey

DESTROY_AFTER: Final = timedelta(days=15)
"""Directory lifetime + message lifetime + skew (CRYPTO.md, "Keys")."""


@dataclass
class Ground:
    """Where the demo lies on disk, and at which addresses its nodes are reached."""

    root: Path
    urls: Mapping[str, str]
    """Node name -> base URL."""
    issuers: Mapping[str, str]
    """`staff` and `citizen` -> the persona provider's URL."""
    version: int = 0
    _lockers: dict[str, Locker] = field(default_factory=dict, repr=False)

    def lay(self, now: datetime) -> None:
        """Make the anchor, every node's keys and an empty database, and sign the first directory."""
        self.root.mkdir(parents=True, mode=0o700)
        for owner in ("community", *HOSTED):
            folder = self.root / owner
            folder.mkdir(mode=0o700)
            passphrase = folder / "passphrase"
            passphrase.touch(mode=0o600)
            passphrase.write_text(secrets.token_urlsafe(24))
            self._lockers[owner] = Locker(passphrase.read_bytes())
        self._make_key("community", Use.ANCHOR, COMMUNITY, now)
        for node, agencies in HOSTED.items():
            for agency in agencies:
                for use in NODE_USES:
                    self._make_key(node, use, agency, now)
            migrations.upgrade(Database(self.environment(node)["HANDOVER_DATABASE_URL"]))
        anchor = self._anchor().public
        self._anchors_file.write_bytes(
            documents.write_anchors(Anchors(community=COMMUNITY, keys={anchor.kid: anchor}))
        )
        self.sign_directory(now)

    def sign_directory(self, now: datetime) -> None:
        """Sign the next version of the directory with the community's anchor; good for seven days."""
        self.version += 1
        listed = Directory(
            community=COMMUNITY,
            version=self.version,
            iat=now,
            exp=now + LIFETIME,
            agencies={agency: self._listed(node, agency) for node, hosted in HOSTED.items() for agency in hosted},
        )
        self.directory_file.write_bytes(documents.sign_directory(listed, anchor=self._anchor()))

    def renew_encryption_keys(self, node: str, now: datetime) -> Keyring:
        """Make each agency's weekly encryption key, destroy what is old enough, and return the new ring."""
        for agency in HOSTED[node]:
            self._make_key(node, Use.ENCRYPTION, agency, now)
            mine = [key for key in self._files(node, Use.ENCRYPTION) if key.owner == agency]
            for key in mine[:-1]:
                if key.state is KeyState.ACTIVE:
                    files.move(key, KeyAct.RETIRE, locker=self._lockers[node], now=now)
                elif key.state is KeyState.RETIRING and now - key.changed_at > DESTROY_AFTER:
                    retired = files.move(key, KeyAct.RETIRE, locker=self._lockers[node], now=now)
                    files.move(retired, KeyAct.DESTROY, locker=self._lockers[node], now=now)
        return load(self.root / node / "keys", self._lockers[node], agencies=HOSTED[node])

    def environment(self, node: str) -> dict[str, str]:
        """Return the environment variables of a node's processes."""
        folder = self.root / node
        return {
            "HANDOVER_MODE": "demo",
            "HANDOVER_NODE_URL": self.urls[node],
            "HANDOVER_AGENCIES": ",".join(HOSTED[node]),
            "HANDOVER_DATABASE_URL": f"sqlite:///{folder / 'node.db'}",
            "HANDOVER_KEYS_DIR": str(folder / "keys"),
            "HANDOVER_PASSPHRASE_FILE": str(folder / "passphrase"),
            "HANDOVER_ANCHORS_FILE": str(self._anchors_file),
            "HANDOVER_DIRECTORY": str(self.directory_file),
            "HANDOVER_OIDC_ISSUER": self.issuers["staff"],
            "HANDOVER_OIDC_CLIENT_ID": f"node-{node}",
            "HANDOVER_CITIZEN_ISSUER": self.issuers["citizen"],
            "HANDOVER_CITIZEN_CLIENT_ID": f"node-{node}",
            "HANDOVER_NOTICES_DIR": str(self.notices(node)),
            "HANDOVER_TOPICS_DIR": str(Path(__file__).parent / "topics"),
        }

    def notices(self, node: str) -> Path:
        """Return the folder in which a node's e-mail and SMS end, as text files."""
        return self.root / node / "varsler"

    def settings(self, node: str) -> Settings:
        """Return a node's settings as its processes read them."""
        return from_environment(self.environment(node))

    def open(self, node: str) -> Node:
        """Open a node in this process."""
        return create_node(self.settings(node))

    @property
    def directory_file(self) -> Path:
        """Where the signed directory lies."""
        return self.root / "community" / "directory.jws"

    @property
    def _anchors_file(self) -> Path:
        return self.root / "community" / "anchors.json"

    def _make_key(self, owner: str, use: Use, agency: str, now: datetime) -> None:
        files.create(self.root / owner / "keys", use=use, owner=agency, locker=self._lockers[owner], now=now)

    def _files(self, owner: str, use: Use) -> list[KeyFile]:
        return [file for file in files.listing(self.root / owner / "keys") if file.use is use]

    def _anchor(self) -> SigningKey:
        file = self._files("community", Use.ANCHOR)[0]
        return SigningKey.from_material(files.unlocked(file, self._lockers["community"]))

    def _listed(self, node: str, agency: AgencyId) -> Agency:
        keys = [key for key in self._files(node, Use.SIGNING) if key.owner == agency]
        return Agency(
            id=agency,
            name=NAMES[agency],
            endpoint=self.urls[node],
            keys=tuple(
                ListedKey(key=PublicSigningKey.from_jwk(key.public or {}), not_before=key.created_at)
                for key in keys
            ),
        )
