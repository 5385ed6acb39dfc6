"""The pages of those who run a node in a real browser: every language, light and dark, small screens."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from handover import clock
from handover.actors import Role
from handover.db import Database
from handover.exchange.tables import Destination, OutgoingContent
from handover.ids import MessageId
from handover.keys import files
from handover.keys.files import Locker
from handover.keys.lifecycle import Use
from tests.browser.harness import LANGUAGES, Visitor, in_language, look_at, visiting
from tests.builders import DPS, MUNICIPALITY
from tests.operator.conftest import Watched, employ, make_watched, session_of
from tests.serving import address, open_server, running

pytestmark = pytest.mark.browser


@pytest.fixture
def served(node_db: Database, tmp_path: Path) -> Iterator[tuple[Watched, MessageId]]:
    """A running node on which something waits, one receiver fails, and there are keys."""
    server = open_server()
    watched = make_watched(node_db, tmp_path, address(server))
    server.app = watched.app
    message = watched.send(minutes_ago=90, fault="no-answer")
    locker, made = Locker(b"a passphrase of some length"), clock.now() - timedelta(days=9)
    for use in (Use.SIGNING, Use.ENCRYPTION):
        files.create(watched.settings.keys_dir, use=use, owner=MUNICIPALITY, locker=locker, now=made)
    with node_db.transaction() as session:
        session.add(
            OutgoingContent(
                agency=MUNICIPALITY, message=message, jws=b"sealed", valid_until=clock.now() + timedelta(days=1)
            )
        )
        session.add(
            Destination(
                agency=MUNICIPALITY,
                receiver=DPS,
                failures=2,
                failing_since=made,
                fault_side="REC",
                fault_code="no-answer",
                told=True,
            )
        )
    with running(server):
        yield watched, message


def sign_in(visitor: Visitor, watched: Watched, *roles: Role) -> None:
    """Give the visitor the session of somebody who has these roles."""
    name, token = session_of(watched, employ(watched, "Oda Drift", *roles, number="01810012345"))
    visitor.page.context.add_cookies(
        [{"name": name, "value": token, "domain": urlsplit(visitor.home).hostname or "", "path": "/"}]
    )


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_page_of_operations_is_good_in_every_language(
    chromium: Browser, served: tuple[Watched, MessageId], tag: str
) -> None:
    watched, message = served
    with visiting(chromium, watched.settings.node_url, bypass_csp=True) as visitor:
        sign_in(visitor, watched, Role.OPERATOR, Role.LEADER)
        for path in ("/drift/leveringer", f"/drift/leveringer/{message}", "/drift/nokler", "/tall/", "/folk/"):
            visitor.open(in_language(path, tag))
            look_at(visitor, tag)
            visitor.screenshot(f"operator{path.replace('/', '-').replace(str(message), 'one')}-{tag}")
        visitor.page.get_by_role("link", name="Oda Drift").click()
        look_at(visitor, tag)


@pytest.mark.parametrize("javascript", [True, False])
def test_an_operator_pauses_a_receiver_and_holds_a_message_back(
    chromium: Browser, served: tuple[Watched, MessageId], javascript: bool
) -> None:
    watched, _ = served
    with visiting(chromium, watched.settings.node_url, javascript=javascript) as visitor:
        sign_in(visitor, watched, Role.OPERATOR)
        visitor.open("/drift/leveringer")
        visitor.page.get_by_role("button", name="Sett Fjordheim DPS på pause").click()
        expect(visitor.page.get_by_text("Ingenting sendes hit.")).to_be_visible()
        visitor.page.get_by_role("link", name="Henvisning til Fjordheim DPS").click()
        visitor.page.get_by_role("button", name="Hold tilbake").click()
        expect(visitor.page.get_by_text("Holdt tilbake av drift.")).to_be_visible()
        visitor.page.get_by_role("button", name="Prøv nå").click()
        expect(visitor.page.get_by_text("Holdt tilbake av drift.")).not_to_be_visible()
        visitor.assert_quiet()


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_security_officers_log_is_good_in_every_language(
    chromium: Browser, served: tuple[Watched, MessageId], tag: str
) -> None:
    watched, _ = served
    with visiting(chromium, watched.settings.node_url, bypass_csp=True) as visitor:
        sign_in(visitor, watched, Role.SECURITY_OFFICER)
        visitor.open(in_language("/logg", tag))
        visitor.page.locator("form[action$='/kontroll'] button").click()
        visitor.page.locator("#f-event").select_option("role.grant")
        visitor.page.locator("#f-since").fill("2020-01-01")
        visitor.page.locator("form:has(#f-event) button").click()
        expect(visitor.page.locator("ul.rows li")).to_have_count(1)
        visitor.assert_good()
        visitor.screenshot(f"operator-log-{tag}")
        visitor.page.locator("form[action$='/utskrift'] button").click()
        expect(visitor.page.locator("ul.rows li")).to_have_count(1)
        visitor.assert_good()
