"""For machines that watch the node: is it alive, is it ready, and its numbers. No personal data in any of them."""

import hmac
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from handover import clock, migrations
from handover.access import machines
from handover.config import Settings
from handover.directory import service as directory
from handover.errors import NotFound
from handover.migrations import SchemaOutdated
from handover.operator import metrics, service
from handover.operator.model import age
from handover.web import node_database, reading
from handover.web.errors import speak_to_machines

blueprint = Blueprint("health", __name__)
speak_to_machines(blueprint)
TOKEN_FILE: Final = "HANDOVER_METRICS_TOKEN_FILE"  # noqa: S105 - the name of a setting
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})


@blueprint.get("/health/live")
@machines("anybody: says only that the process answers")
def live() -> ResponseReturnValue:
    """Answer as long as the process does. Asks nothing of the database: restarting would not mend that."""
    return jsonify(live=True)


@blueprint.get("/health/ready")
@machines("anybody: says only whether requests can be served")
def ready() -> ResponseReturnValue:
    """Answer 200 when requests can be served, else 503 with a stable code."""
    try:
        migrations.require_current(node_database())
    except SchemaOutdated as outdated:
        return jsonify(ready=False, code=outdated.stable_code), 503
    except (SQLAlchemyError, TimeoutError):
        return jsonify(ready=False, code="database.unreachable"), 503
    return jsonify(ready=True)


@blueprint.get("/metrics")
@machines("this machine itself, or whoever has the monitoring token")
def numbers() -> ResponseReturnValue:
    """Return the node's numbers in Prometheus' text format. Elsewhere than here it takes a bearer token."""
    if not _may_read_numbers():
        raise NotFound
    settings: Settings = current_app.extensions["handover.settings"]
    now = clock.now()
    with reading() as session:
        vitals = service.vitals(session, settings.agencies, late_after=settings.late_after, now=now)
        expires_at = directory.state(session, now=now).expires_at
        assessing = service.assessing(session, settings.agencies, now=now)
        silent = age(service.last_beat(session, service.WORKER), now)
        notices = service.notices(session, settings.agencies)
    left = None if expires_at is None else (expires_at - now).total_seconds()
    seen = metrics.Seen(
        vitals=vitals, assessing=assessing, directory_left=left, worker_silent=silent, notices=notices
    )
    return Response(metrics.render(seen, now=now), content_type=metrics.CONTENT_TYPE)


def _may_read_numbers() -> bool:
    settings: Settings = current_app.extensions["handover.settings"]
    file = (settings.environment or {}).get(TOKEN_FILE)
    if file is None:
        return request.remote_addr in _LOOPBACK and "X-Forwarded-For" not in request.headers
    token = Path(file).read_text().strip()
    offered = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(token) and hmac.compare_digest(offered.encode(), token.encode())
