"""Puts a node together: its database, keys and products, and the Flask application over them."""

from dataclasses import dataclass

from flask import Flask

from handover import web
from handover.config import Settings
from handover.db import Database


@dataclass(frozen=True, kw_only=True)
class Node:
    """One installation: what web processes and workers share."""

    settings: Settings
    db: Database


def create_node(settings: Settings) -> Node:
    """Open the database and keys of a node. Raises HandoverError, naming what is missing or odd."""
    return Node(settings=settings, db=Database(settings.database_url))


def create_app(node: Node) -> Flask:
    """Return the node's WSGI application."""
    app = Flask("handover.web")
    app.extensions["handover.db"] = node.db
    app.extensions["handover.settings"] = node.settings
    web.init_app(app)
    return app
