"""Serves the hosted agencies' statements and the last good directory to other nodes: public, and signed."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response

from handover import web
from handover.directory import service
from handover.directory.fetching import MEDIA_TYPE
from handover.ids import AgencyId

Declare = Callable[[str], Callable[[Callable[..., Any]], Callable[..., Any]]]


def make_blueprint(public: Declare) -> Blueprint:
    """Return the routes, declared with `access.public` (app.py hands it in: access lies above this slice)."""
    blueprint = Blueprint("directory", __name__, url_prefix="/directory/v1")
    declare = public("signed by the agency or the anchor; nodes read it before they know each other")

    @blueprint.get("/statements/<agency>")
    @declare
    def get_statement(agency: str) -> Response:
        """Serve a hosted agency's own statement."""
        with web.reading() as session:
            return Response(service.statement_jws(session, AgencyId(agency)), mimetype=MEDIA_TYPE)

    @blueprint.get("/directory.jws")
    @declare
    def get_directory() -> Response:
        """Serve the last good directory, so that one node that has it is enough."""
        with web.reading() as session:
            return Response(service.directory_jws(session), mimetype=MEDIA_TYPE)

    return blueprint
