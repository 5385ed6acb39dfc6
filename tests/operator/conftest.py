"""A node with a directory, keys and messages on their way, and its application."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from handover import clock
from handover.app import Node, assemble, create_app
from handover.config import Settings
from handover.db import Database
from handover.exchange.lifecycle import State
from handover.exchange.model import Event
from handover.exchange.tables import OutgoingRow
from handover.ids import MessageId, new_uuid
from tests import builders
from tests.builders import DPS, MUNICIPALITY, NAV, Community


@dataclass(frozen=True)
class Watched:
    """A node that hosts the municipality and NAV, and the community it belongs to."""

    node: Node
    app: Flask
    community: Community
    settings: Settings

    @property
    def db(self) -> Database:
        """The node's database."""
        return self.node.db

    def send(self, *, minutes_ago: float, state: State = State.QUEUED, fault: str | None = None) -> MessageId:
        """Have a message on its way from the municipality to the DPS since then."""
        at = clock.now() - timedelta(minutes=minutes_ago)
        message = MessageId(new_uuid())
        with self.db.transaction() as session:
            session.add(
                OutgoingRow(
                    agency=MUNICIPALITY,
                    message=message,
                    receiver=DPS,
                    event=Event.REFERRAL_REQUEST,
                    subject=f"referral/{message}",
                    state=state,
                    is_open=True,
                    held=False,
                    queued_at=at,
                    not_before=at,
                    due_at=at,
                    late_at=at + timedelta(minutes=30),
                    expires_at=at + timedelta(hours=96),
                    attempts=1,
                    changes=0,
                    fault_side="REC" if fault else None,
                    fault_code=fault,
                    sha256=bytes(32),
                )
            )
        return message


@pytest.fixture
def watched(any_db: Database, tmp_path: Path) -> Iterator[Watched]:
    """A node whose directory was signed an hour ago."""
    community = builders.community(clock.now() - timedelta(hours=1))
    settings = Settings(
        mode="test",
        node_url="http://node.test",
        agencies=(MUNICIPALITY, NAV),
        database_url=any_db.engine.url.render_as_string(hide_password=False),
        keys_dir=tmp_path,
        passphrase_file=tmp_path / "passphrase",
        anchors_file=tmp_path / "anchors.json",
        directory_source=str(tmp_path),
        environment={},
    )
    node = assemble(settings, any_db, community.ring(MUNICIPALITY, NAV))
    builders.join(any_db, community, MUNICIPALITY, NAV)
    yield Watched(node, create_app(node), community, settings)
