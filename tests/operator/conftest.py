"""A node with a directory, keys and messages on their way, and its application."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from handover import clock
from handover.access import service as access
from handover.access.guard import door
from handover.access.service import NewStaff, Proven
from handover.actors import Machine, Role
from handover.app import Node, assemble, create_app
from handover.config import Settings
from handover.db import Database
from handover.exchange.lifecycle import State
from handover.exchange.model import Event
from handover.exchange.tables import OutgoingRow
from handover.ids import MessageId, StaffId, new_uuid
from tests import builders
from tests.builders import DPS, MUNICIPALITY, NAV, Community
from tests.referral.conftest import any_nodes, open_postgres, open_sqlite, two_nodes


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
                    blobs=0,
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


@dataclass(frozen=True)
class SignedIn:
    """A browser in which somebody of the municipality is signed in."""

    client: FlaskClient
    token: str
    staff: StaffId

    def get(self, path: str) -> TestResponse:
        """Open a page."""
        return self.client.get(path, base_url="http://node.test")

    def post(self, path: str, **fields: str) -> TestResponse:
        """Send a form of the node's own pages."""
        sent = {"csrf_token": access.csrf_token(self.token), **fields}
        return self.client.post(
            path, data=sent, base_url="http://node.test", headers={"Origin": "http://node.test"}
        )


def employ(watched: Watched, name: str, *roles: Role, number: str) -> StaffId:
    """Register somebody at the municipality with these roles for the whole of it."""
    seed, at = Machine(agency=MUNICIPALITY, name="seed"), clock.now()
    new = NewStaff(login=number, name=name, title="Rådgiver", phone="55 00 00 00")
    with watched.db.transaction() as session:
        id_ = access.register(session, new, agency=MUNICIPALITY, by=seed, now=at)
        for role in roles:
            access.grant(session, id_, role, None, agency=MUNICIPALITY, by=seed, now=at)
    return id_


def session_of(watched: Watched, staff: StaffId) -> tuple[str, str]:
    """Begin a session for somebody who has just logged in; return its cookie's name and token."""
    at = clock.now()
    proven = Proven(kind="staff", subject="x", name="", id_token="", authenticated_at=at, places=1)
    with watched.db.transaction() as session:
        who = access.staff_of(session, MUNICIPALITY, staff)
        token = access.begin_session(session, proven, staff=who, home=MUNICIPALITY, now=at)
    with watched.app.app_context():
        return door().cookie("session"), token


def sign_in(watched: Watched, *roles: Role, number: str = "01810012345") -> SignedIn:
    """Sign somebody in who has these roles."""
    staff = employ(watched, "Oda Drift", *roles, number=number)
    cookie, token = session_of(watched, staff)
    client = watched.app.test_client()
    client.set_cookie(cookie, token, domain="node.test")
    return SignedIn(client, token, staff)


@pytest.fixture
def watched(any_db: Database, tmp_path: Path) -> Iterator[Watched]:
    """A node whose directory was signed an hour ago."""
    yield make_watched(any_db, tmp_path)


def make_watched(any_db: Database, tmp_path: Path, url: str = "http://node.test") -> Watched:
    """Put such a node together, at that address."""
    community = builders.community(clock.now() - timedelta(hours=1))
    settings = Settings(
        mode="test",
        node_url=url,
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
    return Watched(node, create_app(node), community, settings)


__all__ = ["any_nodes", "open_postgres", "open_sqlite", "two_nodes"]
