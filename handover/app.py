"""Puts a node together: its database, keys and products, and the Flask application over them."""

from dataclasses import dataclass, field

from flask import Flask

from handover import clock, web
from handover.access import wiring as access
from handover.config import Settings
from handover.db import Database
from handover.exchange import peers
from handover.exchange import routes as exchange
from handover.exchange.model import Pace
from handover.exchange.wiring import Peers, Products
from handover.keys.keyring import Keyring
from handover.keys.vault import Vault, open_vault
from handover.operator import routes as watching
from handover.operator import telemetry


@dataclass(frozen=True, kw_only=True)
class Node:
    """One installation: what web processes and workers share."""

    settings: Settings
    db: Database
    keyring: Keyring = field(repr=False)
    products: Products


def assemble(settings: Settings, db: Database, keyring: Keyring) -> Node:
    """Return the node over an open database and unlocked keys; the seals of its content open from here on."""
    products = Products()
    db.provide(Keyring, keyring)
    db.provide(Vault, open_vault(db, keyring, now=clock.now()))
    db.provide(Products, products)
    db.provide(Peers, peers.of_directory(db, settings.directory_source))
    db.provide(Pace, Pace(late_after=settings.late_after, expire_after=settings.expire_after))
    return Node(settings=settings, db=db, keyring=keyring, products=products)


def create_app(node: Node) -> Flask:
    """Return the node's WSGI application."""
    app = Flask("handover.web")
    app.extensions["handover.db"] = node.db
    app.extensions["handover.settings"] = node.settings
    telemetry.init_app(app)
    web.init_app(app)
    app.register_blueprint(exchange.blueprint)
    access.init_app(app, node.settings, node.keyring, name_of_agency=lambda _session, agency: agency)
    app.register_blueprint(watching.blueprint)
    return app
