"""A node with its login providers over real HTTP: two agencies, personas of every kind, nothing faked."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from html import unescape
from pathlib import Path
from re import findall, search
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from flask import Flask, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from handover import access, clock
from handover.access import service
from handover.access.service import NewStaff
from handover.access.wiring import CALLBACK
from handover.actors import Machine, Role
from handover.app import Node, assemble, create_app
from handover.config import Settings
from handover.db import Base, Database
from handover.demo.people import synthetic_number
from handover.demo.provider import Client, Persona, PersonaProvider, create_provider_app
from handover.directory import service as directory
from handover.directory.model import Anchors
from handover.errors import Conflict
from handover.ids import AgencyId, ServiceId
from handover.keys import keyring
from tests.serving import address, open_server, running

KOMMUNE = AgencyId("310000012")
NAV = AgencyId("310000020")
PSYCHOLOGISTS = ServiceId("8140001")


def number(sequence: int) -> str:
    """Return a synthetic national number."""
    return synthetic_number(date(1980, 4, 2), sequence)


TONE = Persona(key="tone", name="Tone Berg", number=number(0), role="Kommunepsykolog", hpr="999000001")
BOTH = Persona(key="both", name="Ada Lie", number=number(1), role="Psykolog og veileder")
GUARD = Persona(key="guard", name="Vera Vakt", number=number(2), role="Sikkerhetsansvarlig")
KEEPER = Persona(key="keeper", name="Nils Nøkkel", number=number(5), role="Sikkerhetsansvarlig")
STRANGER = Persona(key="stranger", name="Finn Fremmed", number=number(3), role="Ikke ansatt")
WEAK = Persona(key="weak", name="Tone Berg", number=number(0), role="For svak innlogging", level="substantial")
KARI = Persona(key="kari", name="Kari Nordmann", number=number(4), role="Pasient")
PERSONAS = (TONE, BOTH, GUARD, KEEPER, STRANGER, WEAK, KARI)


Claims = dict[str, Any]


class LyingProvider(PersonaProvider):
    """The demo's provider, which can be told to answer wrongly."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.tell_the_truth()

    def tell_the_truth(self) -> None:
        """Answer as it should again."""
        self.twist: Callable[[Claims], Claims] = lambda claims: claims
        self.sign: Callable[[Claims], str] = super().signed
        self.omit: frozenset[str] = frozenset()

    def signed(self, claims: Claims) -> str:
        return self.sign(self.twist(claims))

    def exchange(self, form: Mapping[str, str]) -> Claims:
        return {name: value for name, value in super().exchange(form).items() if name not in self.omit}


@dataclass(frozen=True, kw_only=True)
class World:
    """The running node and its providers."""

    node: Node
    app: Flask
    url: str
    staff_provider: "LyingProvider"
    citizen_provider: PersonaProvider


def assembled(folder: Path, url: str = "http://node.test:80", *providers: str) -> tuple[Node, Flask]:
    """Return a node that hosts two agencies, and its application; nothing is running yet."""
    settings = _settings(folder, url, *(providers or ("http://staff.test", "http://citizens.test")))
    db = Database(settings.database_url)
    Base.metadata.create_all(db.engine)
    directory.open_book(db, Anchors(community="nobody", keys={}))
    node = assemble(settings, db, keyring.generate(settings.agencies))
    return node, create_app(node)


@contextmanager
def world(folder: Path, also: Callable[[Flask], object] = lambda _app: None) -> Iterator[World]:
    """Run a node and two persona providers (HelseID's and ID-porten's way of speaking); `also` adds routes."""
    node_server, staff_server, citizen_server = open_server(), open_server(), open_server()
    url = address(node_server)
    node, app = assembled(folder, url, address(staff_server), address(citizen_server))
    key = node.keyring.of(KOMMUNE).client
    client = Client(id="overgang", jwk=key.jwk(), redirect_uris=(url + CALLBACK,))
    staff = LyingProvider(issuer=address(staff_server), style="helseid", personas=PERSONAS, clients=[client])
    citizens = PersonaProvider(
        issuer=address(citizen_server), style="idporten", personas=PERSONAS, clients=[client]
    )
    staff_server.app, citizen_server.app = create_provider_app(staff), create_provider_app(citizens)
    node_server.app = app
    _routes(app)
    also(app)
    _people(node)
    with running(node_server, staff_server, citizen_server):
        yield World(node=node, app=app, url=url, staff_provider=staff, citizen_provider=citizens)
    node.db.engine.dispose()


def _settings(folder: Path, url: str, staff: str, citizens: str) -> Settings:
    return Settings(
        mode="test",
        node_url=url,
        agencies=(KOMMUNE, NAV),
        database_url=f"sqlite:///{folder / 'node.db'}",
        keys_dir=folder,
        passphrase_file=folder / "passphrase",
        anchors_file=folder / "anchors.json",
        directory_source=str(folder),
        oidc_issuer=staff,
        oidc_client_id="overgang",
        citizen_issuer=citizens,
        citizen_client_id="overgang",
    )


def _people(node: Node) -> None:
    at = clock.now()
    with node.db.transaction() as session:
        for persona, agency, role, where in (
            (TONE, KOMMUNE, Role.REFERRER, PSYCHOLOGISTS),
            (BOTH, KOMMUNE, Role.REFERRER, PSYCHOLOGISTS),
            (BOTH, NAV, Role.CASEWORKER, None),
            (GUARD, KOMMUNE, Role.SECURITY_OFFICER, None),
            (KEEPER, KOMMUNE, Role.SECURITY_OFFICER, None),
        ):
            by = Machine(agency=agency, name="seed")
            new = NewStaff(login=persona.number, name=persona.name, title=str(persona.role), phone="55 00 00 00")
            id_ = service.register(session, new, agency=agency, by=by, now=at)
            service.grant(session, id_, role, where, agency=agency, by=by, now=at)


def _routes(app: Flask) -> None:
    """Routes of every kind, through the same decorators as the product's own."""

    @app.get("/test/who")
    @access.signed_in
    def who() -> ResponseReturnValue:
        actor = access.current_actor()
        return jsonify(kind=type(actor).__name__, agency=getattr(actor, "agency", None))

    @app.post("/test/act")
    @access.allow(Role.REFERRER)
    def act() -> ResponseReturnValue:
        return jsonify(text=request.form["text"])

    @app.get("/test/poll")
    @access.quiet
    @access.signed_in
    def poll() -> ResponseReturnValue:
        return jsonify(text="")

    @app.post("/test/irrevocable")
    @access.step_up
    @access.allow(Role.SECURITY_OFFICER)
    def irrevocable() -> ResponseReturnValue:
        return jsonify(text=request.form["text"])

    @app.get("/test/patients")
    @access.patients_only
    def patients() -> ResponseReturnValue:
        return "for patients"

    @app.get("/test/page")
    @access.signed_in
    def page() -> ResponseReturnValue:
        return render_template("access/logged_in.html")

    @app.get("/test/undeclared")
    def undeclared() -> ResponseReturnValue:
        return "for nobody"

    @app.get("/test/conflict")
    @access.public("a page of the tests")
    def conflict() -> ResponseReturnValue:
        raise Conflict("test.moved")


@dataclass
class Browser:
    """A person's browser without JavaScript: cookies, links and forms."""

    world: World
    http: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, **more: object) -> requests.Response:
        """Open a page."""
        return self.http.get(self.world.url + path if path.startswith("/") else path, timeout=10, **more)  # type: ignore[arg-type]

    def post(self, path: str, fields: dict[str, str], **headers: str) -> requests.Response:
        """Send a form from a page of the node."""
        sent = {"Origin": self.world.url, **headers}
        return self.http.post(self.world.url + path, data=fields, headers=sent, timeout=10, allow_redirects=False)

    def to_provider(self, way: str = "ansatt", then: str = "/") -> requests.Response:
        """Go from the login page to the provider's page of personas."""
        return self.get(f"/logg-inn/{way}?til={then}")

    def answer_of(self, picker: requests.Response, persona: Persona) -> str:
        """Choose a persona and return the address the provider sends the browser back to, without going there."""
        link = next(href for href in links(picker) if f"persona={persona.key}" in href)
        origin = "/".join(picker.url.split("/")[:3])
        chosen = self.http.get(origin + link, timeout=10, allow_redirects=False)
        return chosen.headers["Location"]

    def log_in(self, persona: Persona, way: str = "ansatt", then: str = "/test/who") -> requests.Response:
        """Log in and follow to the page that comes after."""
        return self.get(self.answer_of(self.to_provider(way, then), persona))

    def token(self) -> str:
        """Return the CSRF token of a form in the page shell."""
        found = search(r'name="csrf_token" value="(\w+)"', self.get("/test/page").text)
        assert found
        return found[1]

    def session_cookie(self) -> str | None:
        """Return the session's token."""
        return next((c.value for c in self.http.cookies if c.name.startswith("session-")), None)


def links(page: requests.Response) -> list[str]:
    """Return where a page's links lead."""
    return [unescape(href) for href in findall(r'<a [^>]*href="([^"]+)"', page.text)]


def query_of(url: str) -> dict[str, str]:
    """Return the query of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
