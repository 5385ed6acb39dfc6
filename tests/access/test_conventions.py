"""Every route of the assembled application says who may call it, and checks its forms."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import Rule as UrlRule

from handover import access, clock
from handover.access import rule_of, service
from handover.access.guard import SAFE
from handover.access.model import Callers
from handover.access.service import NewStaff, Proven
from handover.actors import Machine, Role
from handover.app import Node
from handover.ids import new_uuid
from tests.access.world import KOMMUNE, assembled


@pytest.fixture(scope="module")
def node_and_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, Flask]]:
    """A node and its assembled application, without the routes that tests add."""
    node, app = assembled(tmp_path_factory.mktemp("node"))
    yield node, app
    node.db.engine.dispose()


@pytest.fixture(scope="module")
def app(node_and_app: tuple[Node, Flask]) -> Flask:
    """The assembled application."""
    return node_and_app[1]


@pytest.fixture
def node(node_and_app: tuple[Node, Flask]) -> Node:
    """The node behind the application."""
    return node_and_app[0]


def session_of(node: Node, role: Role | None) -> tuple[str, str]:
    """Begin a session for somebody with just that role (None: a patient); returns its token and CSRF token."""
    at, subject = clock.now(), new_uuid().hex
    with node.db.transaction() as session:
        staff = None
        if role is not None:
            by = Machine(agency=KOMMUNE, name="seed")
            new = NewStaff(login=subject, name="N", title="t", phone="1")
            id_ = service.register(session, new, agency=KOMMUNE, by=by, now=at)
            service.grant(session, id_, role, None, agency=KOMMUNE, by=by, now=at)
            staff = service.staff_of(session, KOMMUNE, id_)
        kind = "staff" if staff else "citizen"
        proven = Proven(kind=kind, subject=subject, name="N", id_token="x", authenticated_at=at)
        token = service.begin_session(session, proven, staff=staff, home=KOMMUNE, now=at)
    return token, service.csrf_token(token)


def routes(app: Flask) -> list[UrlRule]:
    """Return every route but the static files (which Flask serves before any session is read)."""
    return [route for route in app.url_map.iter_rules() if route.endpoint != "static"]


def filled(route: UrlRule) -> str:
    """Return an address of the route: odd but well-formed values for its parameters."""
    samples = {
        "UUIDConverter": "00000000-0000-4000-8000-000000000000",
        "IntegerConverter": "1",
        "AnyConverter": None,
    }
    values = {}
    for name, converter in route._converters.items():
        kind = type(converter).__name__
        any_of = sorted(getattr(converter, "items", ()))
        values[name] = any_of[0] if any_of else samples.get(kind) or "x"
    return str(route.build(values)[1])  # type: ignore[index]


def test_every_route_declares_who_may_call_it(app: Flask) -> None:
    undeclared = [route.rule for route in routes(app) if rule_of(app.view_functions[route.endpoint]) is None]
    assert undeclared == []


def test_every_route_open_to_the_world_says_why(app: Flask) -> None:
    for route in routes(app):
        rule = rule_of(app.view_functions[route.endpoint])
        if rule is not None and not rule.needs_session:
            assert len(rule.why) > 10, route.rule


def test_no_route_for_people_takes_a_form_from_elsewhere(app: Flask) -> None:
    """A form sent by another site, with or without a session, changes nothing and is refused."""
    elsewhere = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    for route in routes(app):
        rule = rule_of(app.view_functions[route.endpoint])
        if rule is None or rule.callers is Callers.MACHINES:
            continue
        for method in sorted((route.methods or set()) - SAFE):
            answer = app.test_client().open(filled(route), method=method, headers=elsewhere)
            assert answer.status_code == 403, (method, route.rule)


def test_every_route_for_people_sends_a_stranger_to_the_login(app: Flask) -> None:
    for route in routes(app):
        rule = rule_of(app.view_functions[route.endpoint])
        if rule is None or not rule.needs_session or "GET" not in (route.methods or set()):
            continue
        answer = app.test_client().get(filled(route))
        assert answer.status_code == 302, route.rule
        assert answer.headers["Location"].startswith("/logg-inn?"), route.rule


@pytest.mark.parametrize("role", [*Role, None], ids=lambda role: role.value if role else "patient")
def test_a_role_gets_no_further_than_its_routes(node: Node, app: Flask, role: Role | None) -> None:
    """Every route, each role alone: refused where the route does not name it, and never a failure."""
    token, csrf = session_of(node, role)
    for route in routes(app):
        rule = rule_of(app.view_functions[route.endpoint])
        if rule is None or not rule.needs_actor:
            continue
        is_named = rule.callers is Callers.SIGNED_IN or (
            rule.callers is Callers.PATIENTS if role is None else role in rule.roles
        )
        for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"}):
            client = app.test_client()
            client.set_cookie("session-80", token, domain="node.test")
            sent = {} if method == "GET" else {"csrf_token": csrf}
            answer = client.open(filled(route), base_url="http://node.test:80", method=method, data=sent)
            assert answer.status_code < 500, (method, route.rule)
            if not is_named:
                assert answer.status_code == 403, (method, route.rule, answer.status_code)


def test_a_route_that_declares_nothing_answers_nobody(tmp_path: Path) -> None:
    node, app = assembled(tmp_path)
    app.add_url_rule("/undeclared", "undeclared", lambda: "for nobody")
    assert app.test_client().get("/undeclared").status_code == 500
    node.db.engine.dispose()


def test_a_route_cannot_declare_two_things() -> None:
    with pytest.raises(ValueError, match="declares twice"):
        access.signed_in(access.public("a reason that is long enough")(lambda: None))


def test_a_route_for_staff_names_a_role() -> None:
    with pytest.raises(ValueError, match="at least one role"):
        access.allow()
