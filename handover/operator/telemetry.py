"""Every log line of a request carries its id, and every answered request is one line: route, status, time taken.

The route is the rule (`/henvisninger/<uuid:referral>`), never the address that was called.
"""

from time import perf_counter
from typing import Final

import structlog
from flask import Flask, Response, g, request

from handover.web.headers import request_id

_QUIET: Final = ("static", "health.")
log = structlog.get_logger(__name__)


def init_app(app: Flask) -> None:
    """Put the request id on the log lines of each request. Call it before other hooks are registered."""
    app.before_request(_begin)
    app.after_request(_tell)
    app.teardown_request(_end)


def _begin() -> None:
    g.handover_begun = perf_counter()
    structlog.contextvars.bind_contextvars(request_id=request_id())


def _tell(response: Response) -> Response:
    if not (request.endpoint or "").startswith(_QUIET):
        log.info(
            "request.answered",
            method=request.method,
            route=request.url_rule.rule if request.url_rule else None,
            endpoint=request.endpoint,
            status=response.status_code,
            duration_ms=round((perf_counter() - g.get("handover_begun", perf_counter())) * 1000),
        )
    return response


def _end(_error: BaseException | None) -> None:
    structlog.contextvars.unbind_contextvars("request_id")
