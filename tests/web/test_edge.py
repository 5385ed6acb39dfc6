"""The edge: headers, refusals as pages and as JSON, languages, files; all through the front door."""

import json
import re

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError

from handover import web
from handover.errors import Conflict, HandoverError, Invalid, NotFound, NotPermitted
from handover.web import errors
from handover.web.i18n import Sentence

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
REFUSALS: dict[str, Exception] = {
    "invalid": Invalid("thing.odd", fields={"name": ["required"]}),
    "not-permitted": NotPermitted("thing.role"),
    "not-found": NotFound("thing.unknown"),
    "conflict": Conflict("thing.moved"),
    "broken": ValueError("12345678901 is a secret"),
    "database": OperationalError("select 12345678901", {}, Exception("locked")),
}


def raise_it(kind: str) -> ResponseReturnValue:
    """Fail in the way asked for."""
    raise REFUSALS[kind]


@pytest.fixture
def client() -> FlaskClient:
    """A visitor to an application with the edge on it, one blueprint for people and one for machines."""
    app = Flask("handover.web")
    web.init_app(app)
    pages = Blueprint("thing", __name__, url_prefix="/thing")
    pages.add_url_rule("/<kind>/show", "show", lambda kind: "as it is now")
    pages.add_url_rule("/<kind>/act", "act", raise_it, methods=["GET", "POST"])
    errors.explain(pages, {"thing.moved": Sentence("Saken har endret seg")})
    errors.show_present_state_at(pages, "thing.show")
    machines = Blueprint("machine", __name__, url_prefix="/machine")
    machines.add_url_rule("/<kind>", "act", raise_it)
    errors.speak_to_machines(machines)
    app.register_blueprint(pages)
    app.register_blueprint(machines)
    return app.test_client()


def test_every_answer_carries_the_security_headers(client: FlaskClient) -> None:
    for path in ("/thing/x/show", "/nowhere", "/thing/broken/act", "/static/own.css"):
        headers = client.get(path).headers
        assert headers["Content-Security-Policy"] == POLICY
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"


def test_pages_are_never_kept_and_fingerprinted_files_for_ever(client: FlaskClient) -> None:
    page = client.get("/nowhere")
    assert page.headers["Cache-Control"] == "no-store"
    style = re.search(r'href="(/static/own\.css\?v=\w+)"', page.text)
    assert style
    assert "immutable" in client.get(style[1]).headers["Cache-Control"]


def test_https_is_remembered_only_where_it_was_used(client: FlaskClient) -> None:
    assert "Strict-Transport-Security" not in client.get("/nowhere").headers
    assert "Strict-Transport-Security" in client.get("/nowhere", base_url="https://node.test").headers


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("invalid", 400),
        ("not-permitted", 403),
        ("not-found", 404),
        ("conflict", 409),
        ("broken", 500),
        ("database", 503),
    ],
)
def test_a_person_gets_a_plain_page_with_the_request_id(client: FlaskClient, kind: str, status: int) -> None:
    page = client.post(f"/thing/{kind}/act")
    assert page.status_code == status
    assert page.headers["X-Request-Id"] in page.text
    assert page.mimetype == "text/html"
    assert "thing." not in page.text
    assert "12345678901" not in page.text


def test_what_is_not_yours_and_what_is_not_there_get_the_same_page(client: FlaskClient) -> None:
    def body(path: str) -> str:
        page = client.get(path, headers={"X-Request-Id": "same-for-both"})
        assert page.status_code == 404
        return page.text.replace(path, "")

    assert body("/thing/not-found/act") == body("/no/such/page/at/all")


def test_a_stale_page_is_led_to_the_present_state(client: FlaskClient) -> None:
    page = client.post("/thing/conflict/act")
    assert 'href="/thing/conflict/show"' in page.text
    assert "Ingenting er endret nå" in page.text


def test_a_failure_is_logged_without_what_it_held(client: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    client.get("/thing/broken/act")
    logged = capsys.readouterr().out
    assert "request.failed" in logged
    assert "12345678901" not in logged


@pytest.mark.parametrize("kind", REFUSALS, ids=str)
def test_a_machine_gets_json_with_a_stable_code(client: FlaskClient, kind: str) -> None:
    answer = client.get(f"/machine/{kind}")
    said = json.loads(answer.text)
    failure = REFUSALS[kind]
    expected = failure.stable_code if isinstance(failure, HandoverError) else f"http.{answer.status_code}"
    assert said["code"] == expected
    assert said["request_id"] == answer.headers["X-Request-Id"]
    assert said.get("fields") == ({"name": ["required"]} if kind == "invalid" else None)


def test_a_database_that_is_gone_asks_to_try_again(client: FlaskClient) -> None:
    assert client.get("/thing/database/act").headers["Retry-After"] == "5"


def test_the_proxys_request_id_is_kept_only_when_well_formed(client: FlaskClient) -> None:
    good = client.get("/nowhere", headers={"X-Request-Id": "abcd-1234"})
    odd = client.get("/nowhere", headers={"X-Request-Id": "<script>"})
    assert good.headers["X-Request-Id"] == "abcd-1234"
    assert re.fullmatch(r"[0-9a-f]{16}", odd.headers["X-Request-Id"])


@pytest.mark.parametrize(
    ("asked", "lang"),
    [("nn-NO,nn;q=0.9", "nn"), ("en-US", "en"), ("no", "nb"), ("de", "nb"), ("", "nb")],
)
def test_a_page_speaks_the_language_the_browser_asks_for(client: FlaskClient, asked: str, lang: str) -> None:
    page = client.get("/nowhere", headers={"Accept-Language": asked})
    assert f'<html lang="{lang}"' in page.text
    assert page.headers["Content-Language"] == lang


def test_a_chosen_language_stays_chosen(client: FlaskClient) -> None:
    assert "Vi finn ikkje sida" in client.get("/nowhere?lang=nn").text
    assert "Vi finn ikkje sida" in client.get("/nowhere", headers={"Accept-Language": "en"}).text
    assert "Vi finner ikke siden" in client.get("/nowhere?lang=nb").text


def test_an_unknown_language_is_ignored(client: FlaskClient) -> None:
    page = client.get("/nowhere?lang=%3Cscript%3E")
    assert '<html lang="nb"' in page.text
    assert "Set-Cookie" not in page.headers


def test_the_language_links_keep_the_page_and_its_filters(client: FlaskClient) -> None:
    page = client.get("/thing/not-found/act?status=sent&lang=en")
    assert 'href="/thing/not-found/act?status=sent&amp;lang=nn"' in page.text


def test_a_sentence_escapes_what_it_is_given() -> None:
    assert Sentence("%(name)s", {"name": "<script>"}).__html__() == "&lt;script&gt;"
