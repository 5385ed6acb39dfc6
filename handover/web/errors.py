"""The one file that knows what HTTP makes of the four kinds of refusal (errors.py), for people and for machines.

People get a page with one plain sentence and the request id; a Conflict page links to the present state. What is
not there and what is not yours get the same status and body. A machine's blueprint calls `speak_to_machines`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from flask import Blueprint, Flask, Response, current_app, g, jsonify, render_template, request, url_for
from flask.sansio.app import App
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BuildError

from handover.errors import Conflict, HandoverError, Invalid, NotFound, NotPermitted
from handover.logs import failure
from handover.web.headers import request_id
from handover.web.i18n import Sentence, Text
from handover.web.i18n import lazy_gettext as _l

STATUS: Final[Mapping[type[HandoverError], int]] = {Invalid: 400, NotPermitted: 403, NotFound: 404, Conflict: 409}
RETRY_SECONDS: Final = 5
MAX_KEPT_FIELDS: Final = 500
_SENTENCES: Final = "handover.sentences"
_PRESENT: Final = "handover.present_state"
_ON_REFUSAL: Final = "handover.on_refusal"

TITLES: Final[Mapping[int, Sentence]] = {
    400: _l("Vi forstod ikke det som ble sendt"),
    403: _l("Dette har du ikke tilgang til"),
    404: _l("Vi finner ikke siden"),
    405: _l("Siden kan ikke brukes på denne måten"),
    409: _l("Saken har endret seg"),
    413: _l("Det du sendte er for stort"),
    500: _l("Noe gikk galt hos oss"),
    503: _l("Tjenesten svarer ikke akkurat nå"),
}
ADVICE: Final[Mapping[int, Sentence]] = {
    400: _l("Gå tilbake, last siden på nytt og prøv igjen."),
    403: _l("Rollen du er logget inn med, kan ikke gjøre dette. Spør den som styrer tilgangene hos dere."),
    404: _l("Siden finnes ikke, eller den er ikke din. Sjekk adressen, eller gå til forsiden."),
    405: _l("Gå tilbake til forrige side og bruk knappene der."),
    409: _l("Noen andre kan ha gjort noe siden du åpnet siden. Ingenting er endret nå. Se hvordan saken står."),
    413: _l(
        "Filene kan være høyst 25 MB til sammen. Ingenting av det du sendte, er lagret."
        " Gå tilbake, og velg færre eller mindre filer."
    ),
    500: _l("Ingenting av det du sendte er lagret. Prøv igjen. Ta kontakt hvis det skjer flere ganger."),
    503: _l("Ingenting av det du sendte er lagret. Vent litt og prøv igjen."),
}
Typed = Mapping[str, object]
"""What the page of a failure shows of the form that failed, so that it can be sent again."""
Render = Callable[[int, HandoverError | None], ResponseReturnValue]
"""Make a machine's answer from a status and the refusal (None: something failed here)."""


def explain(blueprint: Blueprint, sentences: Mapping[str, Sentence]) -> None:
    """Say what a slice's stable codes mean, one plain sentence each, on every application it is registered on."""
    blueprint.record_once(lambda state: _table(state.app, _SENTENCES).update(sentences))


def show_present_state_at(blueprint: Blueprint, endpoint: str) -> None:
    """Name the page that shows the present state of what a blueprint's addresses are about.

    A Conflict under this blueprint links there, with those of the address's values that the page takes.
    """
    blueprint.record_once(lambda state: _table(state.app, _PRESENT).update({blueprint.name: endpoint}))


def speak_to_machines(blueprint: Blueprint, render: Render | None = None) -> None:
    """Answer refusals under this blueprint with `{"code", "fields", "request_id"}`, or as `render` does."""
    answer = render or _as_json
    blueprint.register_error_handler(HandoverError, lambda error: answer(status_of(error), error))
    for gone in (OperationalError, PoolExhausted):
        blueprint.register_error_handler(gone, lambda error: answer(_log_failure(error), None))
    blueprint.register_error_handler(Exception, lambda error: _machine_failure(answer, error))


def on_refusal(app: Flask, tell: Callable[[HandoverError], None]) -> None:
    """Call back with every refusal of a person's request before it becomes a page (for the log)."""
    app.extensions[_ON_REFUSAL] = tell


def status_of(error: HandoverError) -> int:
    """Return the HTTP status of a refusal."""
    return next(status for kind, status in STATUS.items() if isinstance(error, kind))


def sentence_for(error: HandoverError) -> Text:
    """Return the plain sentence a slice gave for this refusal's code, or an empty one."""
    sentence: Text = _table(current_app, _SENTENCES).get(error.stable_code, "")
    return sentence


def hand_back_on_failure() -> None:
    """Let a failure of this request give its form back to be sent again: it came from one of our own pages."""
    g.handover_form_is_ours = True


def error_page(
    status: int, *, sentence: Text = "", present_url: str | None = None, typed: Typed | None = None
) -> Response:
    """Return an error page: what happened, one plain sentence, what to do, and the request id."""
    body = render_template(
        "web/error.html",
        title=TITLES.get(status, TITLES[400]),
        sentence=sentence,
        advice="" if sentence and status != 409 else ADVICE.get(status, ADVICE[400]),
        present_url=present_url,
        **(typed or {}),
    )
    return Response(body, status)


def init_app(app: Flask) -> None:
    """Turn refusals and failures into pages."""
    app.register_error_handler(HandoverError, _refusal_page)
    app.register_error_handler(HTTPException, _http_page)
    app.register_error_handler(Exception, _failure_page)


def _refusal_page(error: HandoverError) -> Response:
    if tell := current_app.extensions.get(_ON_REFUSAL):
        tell(error)
    status = status_of(error)
    if status == 404:
        return error_page(404)
    return error_page(status, sentence=sentence_for(error), present_url=_present_url() if status == 409 else None)


def _http_page(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error  # a redirect that Werkzeug raised
    page = error_page(error.code if error.code in TITLES else (400 if error.code < 500 else 500))
    page.status_code = error.code
    page.headers.extend((name, value) for name, value in error.get_headers() if name in {"Allow", "Retry-After"})
    return page


def _failure_page(error: Exception) -> Response:
    status = _log_failure(error)
    page = error_page(status, typed=_typed())
    if status == 503:
        page.headers["Retry-After"] = str(RETRY_SECONDS)
    return page


def _typed() -> Typed:
    """Return what was typed in a form of ours, to be sent again; nothing for any other request."""
    if not g.get("handover_form_is_ours"):
        return {}
    return {
        "address": request.full_path.rstrip("?"),
        "kept": list(request.form.items(multi=True))[:MAX_KEPT_FIELDS],
        "had_files": any(file.filename for file in request.files.values()),
    }


def _machine_failure(answer: Render, error: Exception) -> ResponseReturnValue:
    if isinstance(error, HTTPException):
        return answer(error.code or 500, None)
    return answer(_log_failure(error), None)


def _log_failure(error: Exception) -> int:
    """Log what failed without its values (they may be a person's), and return the status to answer with."""
    status = 503 if isinstance(error, OperationalError | PoolExhausted) else 500
    structlog.get_logger("handover").error(
        "request.failed", endpoint=request.endpoint, status=status, request_id=request_id(), **failure(error)
    )
    return status


def _as_json(status: int, error: HandoverError | None) -> ResponseReturnValue:
    body: dict[str, object] = {
        "code": error.stable_code if error else f"http.{status}",
        "request_id": request_id(),
    }
    if isinstance(error, Invalid) and error.fields:
        body["fields"] = error.fields
    return jsonify(body), status


def _present_url() -> str | None:
    endpoint = _table(current_app, _PRESENT).get(request.blueprint or "")
    if endpoint is None:
        return None
    rule = next(current_app.url_map.iter_rules(endpoint))
    try:
        return url_for(endpoint, **{k: v for k, v in (request.view_args or {}).items() if k in rule.arguments})
    except BuildError:
        return None


def _table(app: Flask | App, name: str) -> dict[str, Any]:
    table: dict[str, Any] = app.extensions.setdefault(name, {})
    return table
