"""Every route of the assembled application says who may call it, and checks its forms."""

from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.routing import Rule as UrlRule

from handover.access import rule_of
from handover.access.guard import SAFE
from handover.access.model import Callers
from tests.access.world import assembled


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The assembled application of a node, without the routes that tests add."""
    node, app = assembled(tmp_path_factory.mktemp("node"))
    yield app
    node.db.engine.dispose()


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
