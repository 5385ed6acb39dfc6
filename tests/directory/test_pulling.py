"""Pulling over real HTTP: directory and statements from other nodes, and what happens when those misbehave."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask, Response, redirect

from handover.access import public
from handover.db import Base, Database
from handover.directory import fetching, routes, service
from handover.directory.model import DirectoryRefused
from handover.errors import NotFound
from handover.ids import AgencyId
from handover.keys import vault
from handover.keys.keyring import Keyring
from handover.keys.vault import Vault
from tests import builders, serving
from tests.builders import DPS, INTAKE, MUNICIPALITY, NAV, Community

NOW = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)


@dataclass
class Nodes:
    """The municipality's node, empty, and the DPS's node served at `url`."""

    made: Community
    ours: Database
    theirs: Database
    url: str
    asked: list[str] = field(default_factory=list)

    @property
    def source(self) -> str:
        """Where the directory is pulled from: the other node's last good copy."""
        return self.url + fetching.DIRECTORY_PATH

    def fetch(self, source: str) -> bytes:
        """Fetch, and remember what was asked for."""
        self.asked.append(source)
        return fetching.fetch(source, limit=1 << 20)


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    server = serving.open_server()
    url = serving.address(server)
    made = builders.community(
        NOW, endpoints={MUNICIPALITY: "http://127.0.0.1:1", NAV: "http://127.0.0.1:1", DPS: url}
    )
    ours, theirs = _opened(tmp_path / "ours.db"), _opened(tmp_path / "theirs.db")
    builders.join(theirs, made, DPS)
    ours.provide(Keyring, made.ring(MUNICIPALITY, NAV))
    ours.provide(Vault, vault.generate((MUNICIPALITY, NAV)))
    service.open_book(ours, made.anchors)
    app = Flask("their node")
    app.extensions["handover.db"] = theirs
    app.register_error_handler(NotFound, lambda _: Response(status=404))
    app.register_blueprint(routes.make_blueprint(public))
    server.app = app
    with serving.running(server):
        yield Nodes(made, ours, theirs, url)
    ours.engine.dispose()
    theirs.engine.dispose()


def test_a_new_node_learns_the_directory_and_the_others_statements(nodes: Nodes) -> None:
    state = service.pull(nodes.ours, nodes.source, now=NOW)

    assert (state.version, state.problem, state.statement_problems, state.is_valid) == (1, None, {}, True)
    with nodes.ours.reading() as session:
        assert service.service_of(session, INTAKE).name == "Inntak voksne"
        assert service.encryption_key(session, DPS, at=NOW) == nodes.made.keys[DPS].enc[0].public


def test_a_node_serves_only_what_is_its_own(nodes: Nodes) -> None:
    with pytest.raises(DirectoryRefused, match="unreachable"):
        fetching.fetch(fetching.statement_url(nodes.url, NAV), limit=1 << 20)


def test_the_directory_may_be_pulled_from_a_file(nodes: Nodes, tmp_path: Path) -> None:
    path = tmp_path / "directory.jws"
    path.write_bytes(nodes.made.directory)

    assert service.pull(nodes.ours, str(path), now=NOW).version == 1
    assert service.pull(nodes.ours, str(tmp_path / "none"), now=NOW).problem == "directory.unreachable"


def test_a_node_goes_on_with_its_last_good_copy_and_says_so(nodes: Nodes) -> None:
    service.pull(nodes.ours, nodes.source, now=NOW)

    later = NOW + timedelta(days=6)
    state = service.pull(nodes.ours, "http://127.0.0.1:1/directory.jws", now=later)
    assert (state.version, state.problem, state.is_valid) == (1, "directory.unreachable", True)
    with nodes.ours.reading() as session:
        assert service.encryption_key(session, DPS, at=later).kid == nodes.made.keys[DPS].enc[0].kid
        assert not service.state(session, now=NOW + timedelta(days=7)).is_valid


def test_an_unreachable_agency_does_not_keep_the_others_from_being_learnt(nodes: Nodes) -> None:
    nodes.ours.provide(Keyring, nodes.made.ring(NAV))
    state = service.pull(nodes.ours, nodes.source, now=NOW)

    assert state.statement_problems == {MUNICIPALITY: "directory.unreachable"}
    with nodes.ours.reading() as session:
        assert service.services_of(session, DPS)


def test_an_unknown_key_makes_the_node_ask_anew_at_most_once_a_minute(nodes: Nodes) -> None:
    service.pull(nodes.ours, nodes.source, now=NOW)
    fresh = builders.make_keys(NOW + timedelta(hours=1))
    rotated = replace(nodes.made.keys[DPS], enc=fresh.enc + nodes.made.keys[DPS].enc)
    nodes.theirs.provide(Keyring, Keyring({DPS: rotated}))
    at = NOW + timedelta(hours=1)
    with nodes.theirs.transaction() as session:
        service.publish_statement(session, DPS, builders.SERVICES[DPS], now=at)

    asked = [service.refresh(nodes.ours, DPS, nodes.source, now=at, fetch=nodes.fetch) for _ in range(3)]
    assert asked == [True, False, False]
    assert nodes.asked == [nodes.source, fetching.statement_url(nodes.url, DPS)]
    with nodes.ours.reading() as session:
        assert service.encryption_key(session, DPS, at=at).kid == fresh.enc[0].kid
    assert service.refresh(nodes.ours, DPS, nodes.source, now=at + timedelta(minutes=2), fetch=nodes.fetch)


def test_a_node_keeps_itself_fresh_every_ten_minutes_and_sooner_after_a_failure(nodes: Nodes) -> None:
    def pulled(source: str, minutes: float) -> bool:
        return service.keep_fresh(nodes.ours, source, now=NOW + timedelta(minutes=minutes))

    assert [pulled(nodes.source, minutes) for minutes in (0, 1, 9.9, 10)] == [True, False, False, True]
    assert [pulled("http://127.0.0.1:1/", minutes) for minutes in (20, 20.5, 21)] == [True, False, True]
    with nodes.ours.reading() as session:
        assert service.statement_jws(session, NAV)
        assert service.statement_jws(session, MUNICIPALITY)


def test_asking_anew_about_a_stranger_asks_nobody_but_the_directory(nodes: Nodes) -> None:
    service.refresh(nodes.ours, AgencyId("399999999"), nodes.source, now=NOW, fetch=nodes.fetch)

    assert nodes.asked == [nodes.source]


MISBEHAVIOUR: dict[str, tuple[Callable[[], Response], str]] = {
    "redirects": (lambda: _plain(redirect("http://127.0.0.1:1/")), "directory.unreachable"),
    "fails": (lambda: Response(status=500), "directory.unreachable"),
    "sends without end": (lambda: Response(b"A" * 65536 for _ in range(1000)), "directory.too-large"),
    "sends a page": (lambda: Response("<html>"), "directory.malformed"),
    "sends nothing": (lambda: Response(b""), "directory.malformed"),
}


@pytest.mark.parametrize("case", MISBEHAVIOUR)
def test_a_misbehaving_source_changes_nothing(nodes: Nodes, case: str) -> None:
    service.pull(nodes.ours, nodes.source, now=NOW)
    answer, code = MISBEHAVIOUR[case]
    app = Flask("misbehaves")
    app.add_url_rule("/directory.jws", "answer", answer)
    server = serving.open_server()
    server.app = app

    with serving.running(server):
        state = service.pull(nodes.ours, serving.address(server) + "/directory.jws", now=NOW, fetch=nodes.fetch)
    assert (state.problem, state.version) == (code, 1)


def test_a_statement_served_for_another_agency_is_not_believed(nodes: Nodes) -> None:
    def swap(source: str) -> bytes:
        return nodes.made.statements[NAV] if "statements" in source else nodes.made.directory

    state = service.pull(nodes.ours, nodes.source, now=NOW, fetch=swap)
    assert state.statement_problems == {DPS: "directory.unknown-signer"}


def _plain(response: object) -> Response:
    assert isinstance(response, Response)
    return response


def _opened(path: Path) -> Database:
    db = Database(f"sqlite:///{path}")
    Base.metadata.create_all(db.engine)
    return db
