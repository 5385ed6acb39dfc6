"""People of the two nodes in front of their pages: registered, signed in, with a client that sends forms."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from html import unescape
from re import DOTALL, findall, search, sub
from typing import Final
from urllib.parse import urlsplit

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from handover import ids
from handover.access import service as access
from handover.access.guard import CSRF_FIELD
from handover.access.service import NewStaff, Proven
from handover.actors import Machine, Patient, Staff
from handover.app import Node
from handover.demo.people import synthetic_number
from tests.referral.nodes import FATIMA, INGRID, LEADER, NAVN, OLA, PER, SARA, Town

EVERYBODY: Final = (PER, FATIMA, INGRID, OLA, SARA, LEADER, NAVN)


def register_everybody(town: Town) -> None:
    """Enter the staff in the registers of their agencies, under the ids the tests know them by."""
    for who in EVERYBODY:
        register(town, who)


def register(town: Town, who: Staff) -> None:
    """Enter one of the staff in the register of their agency."""
    by = Machine(agency=who.agency, name="seed")
    login = synthetic_number(date(1970, 1, 1) + timedelta(days=who.id.int), 1)
    with town.node_of(who.agency).db.transaction() as session:
        ids.set_source(lambda: who.id)
        new = NewStaff(login=login, name=who.name, title=who.title, phone=who.phone)
        access.register(session, new, agency=who.agency, by=by, now=town.now)
        ids.reset()
        for at, role in who.roles:
            access.grant(session, who.id, role, at, agency=who.agency, by=by, now=town.now)


def sign_in(node: Node, actor: Staff | Patient, town: Town) -> tuple[str, str]:
    """Begin a session at a node; returns the cookie's name and value."""
    is_staff = isinstance(actor, Staff)
    proven = Proven(
        kind="staff" if is_staff else "citizen",
        subject="" if isinstance(actor, Staff) else actor.number,
        name=actor.name,
        id_token="",
        authenticated_at=town.now,
        places=1,
    )
    with node.db.transaction() as session:
        staff = actor if isinstance(actor, Staff) else None
        token = access.begin_session(session, proven, staff=staff, home=node.settings.agencies[0], now=town.now)
    return f"session-{urlsplit(node.settings.node_url).port}", token


@dataclass
class Reader:
    """A signed-in person with a browser that has no JavaScript."""

    http: FlaskClient
    token: str = field(repr=False)

    def open(self, path: str, **headers: str) -> TestResponse:
        """Open a page, following redirects."""
        return self.http.get(path, follow_redirects=True, headers=headers)

    def send(self, path: str, **fields: str) -> TestResponse:
        """Send a form, and follow to the page that comes after."""
        return self.http.post(path, data={CSRF_FIELD: self.token, **fields}, follow_redirects=True)


def reader(town: Town, actor: Staff | Patient, node: Node | None = None) -> Reader:
    """Return a person signed in at their node."""
    home = node or (town.node_of(actor.agency) if isinstance(actor, Staff) else town.kommune)
    name, token = sign_in(home, actor, town)
    client = town.app_of(home).test_client()
    client.set_cookie(name, token)
    return Reader(client, access.csrf_token(token))


def words_of(page: TestResponse | str) -> str:
    """Return the text of a page as people read it, without markup."""
    text = page if isinstance(page, str) else page.text
    main = search(r"<main.*?</main>", text, DOTALL)
    return " ".join(unescape(sub(r"<[^>]+>", " ", main[0] if main else text)).split())


def hidden(page: TestResponse, name: str) -> str:
    """Return the value of a hidden field."""
    found = search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, f"no field {name}"
    return unescape(found[1])


def links_of(page: TestResponse) -> list[str]:
    """Return where the page's links lead."""
    return [unescape(href) for href in findall(r'<a [^>]*href="([^"]+)"', page.text)]
