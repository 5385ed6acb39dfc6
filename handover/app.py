"""Puts a node together: its database, keys and products, and the Flask application over them."""

import gc
import os
from dataclasses import dataclass, field
from typing import Final

from flask import Flask
from sqlalchemy.orm import Session

from handover import borrowing, clock, migrations, web
from handover.access import public
from handover.access import wiring as access
from handover.addressbook import reporting
from handover.addressbook.pages import finding, owner, reports
from handover.bundle import service as bundle
from handover.bundle import topics
from handover.bundle.pages import home, sender
from handover.bundle.pages import receiving as handovers_received
from handover.bundle.service import Lender
from handover.bundle.topics import Topics
from handover.config import Settings
from handover.consent import service as consent
from handover.db import Database
from handover.directory import documents, names
from handover.directory import routes as directory_routes
from handover.directory import service as directory
from handover.errors import Invalid
from handover.exchange import blob_routes, peers
from handover.exchange import routes as exchange
from handover.exchange.clamd import Clamd
from handover.exchange.model import Alarm, Pace
from handover.exchange.scanning import Scanner
from handover.exchange.wiring import Peers, Products
from handover.inquiry import pages as inquiry
from handover.keys import passphrase
from handover.keys.keyring import Keyring, load
from handover.keys.vault import Vault, open_vault
from handover.message import service as message
from handover.message.pages import staff as threads
from handover.notice import pages as notices
from handover.notice import senders
from handover.notice.senders import Ways
from handover.operator import log_pages, telemetry
from handover.operator import pages as operator
from handover.operator import routes as watching
from handover.patient import afterwards, choices, questions
from handover.patient import cases as my_cases
from handover.patient import notices as my_notices
from handover.patient import pages as patient
from handover.patient import threads as my_threads
from handover.person import service as person
from handover.referral import service as referral
from handover.referral.pages import receiving, referrer
from handover.worklist import asked, permits, tasks
from handover.worklist import staff as worklist

NEW_OBJECTS: Final = 20_000
"""After so many Python looks for garbage in a process that serves; one parsed message is about 600."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """One installation: what web processes and workers share."""

    settings: Settings
    db: Database
    keyring: Keyring = field(repr=False)
    products: Products


def collect_seldom() -> None:
    """Let the process look for garbage less often than after every message (docs/decisions/hot-path.md)."""
    gc.set_threshold(NEW_OBJECTS)


def create_node(settings: Settings) -> Node:
    """Open a node as its settings say. Raises HandoverError: outdated schema, keys missing, anchors odd."""
    db = Database(settings.database_url)
    migrations.require_current(db)
    try:
        anchors = documents.read_anchors(settings.anchors_file.read_bytes())
    except OSError as unreadable:
        raise Invalid("config.anchors-unreadable", file=str(settings.anchors_file)) from unreadable
    directory.open_book(db, anchors)
    secret = passphrase.from_systemd(os.environ) or passphrase.from_file(settings.passphrase_file)
    keyring = load(settings.keys_dir, secret, agencies=settings.agencies, allow_published=settings.mode == "test")
    return assemble(settings, db, keyring)


def assemble(settings: Settings, db: Database, keyring: Keyring) -> Node:
    """Return the node over an open database and unlocked keys; the seals of its content open from here on."""
    products = Products(raise_task=_raise_alarm)
    referral.register(products)
    bundle.register(products)
    reporting.register(products)
    message.register(products)
    db.provide(Keyring, keyring)
    db.provide(Vault, open_vault(db, keyring, now=clock.now()))
    db.provide(Products, products)
    db.provide(Peers, peers.of_directory(db, settings.directory_source))
    db.provide(Ways, senders.of_settings(settings.mail, settings.sms, settings.notices_dir))
    db.provide(consent.Watch, consent.Watch(message.choice_changed))
    db.provide(Topics, topics.read(settings.topics_dir))
    db.provide(person.Watch, person.Watch(bundle.person_changed))
    db.provide(Lender, Lender(borrowing.offered, referral.lend_file, referral.whose))
    db.provide(Scanner, Scanner(Clamd(settings.clamd) if settings.clamd else None))
    db.provide(Pace, Pace(late_after=settings.late_after, expire_after=settings.expire_after))
    return Node(settings=settings, db=db, keyring=keyring, products=products)


def create_app(node: Node) -> Flask:
    """Return the node's WSGI application."""
    app = Flask("handover.web")
    app.extensions["handover.db"] = node.db
    app.extensions["handover.settings"] = node.settings
    telemetry.init_app(app)
    web.init_app(app)
    access.init_app(
        app,
        node.settings,
        node.keyring,
        name_of_agency=names.of_agency,
        name_of_patient=lambda session, number: person.name_of_number(session, node.settings.agencies, number),
        asked_of=asked.asked_of,
    )
    app.register_blueprint(exchange.blueprint)
    app.register_blueprint(blob_routes.blueprint)
    app.register_blueprint(directory_routes.make_blueprint(public))
    app.register_blueprint(watching.blueprint)
    app.register_blueprint(worklist.blueprint)
    app.register_blueprint(tasks.blueprint)
    app.register_blueprint(permits.blueprint)
    app.register_blueprint(receiving.blueprint)
    app.register_blueprint(patient.blueprint)
    app.register_blueprint(choices.blueprint)
    app.register_blueprint(questions.blueprint)
    app.register_blueprint(my_threads.blueprint)
    app.register_blueprint(my_cases.blueprint)
    app.register_blueprint(afterwards.blueprint)
    app.register_blueprint(my_notices.blueprint)
    app.register_blueprint(notices.blueprint)
    app.register_blueprint(inquiry.blueprint)
    app.register_blueprint(finding.blueprint)
    app.register_blueprint(owner.blueprint)
    app.register_blueprint(reports.blueprint)
    app.register_blueprint(referrer.blueprint)
    app.register_blueprint(sender.blueprint)
    app.register_blueprint(handovers_received.blueprint)
    app.register_blueprint(home.blueprint)
    app.register_blueprint(threads.blueprint)
    app.register_blueprint(operator.blueprint)
    app.register_blueprint(operator.people)
    app.register_blueprint(operator.numbers)
    app.register_blueprint(log_pages.blueprint)
    return app


def _raise_alarm(session: Session, alarm: Alarm) -> None:
    told = reporting.is_told_of(alarm) or bundle.is_told_of(session, alarm) or message.is_told_of(session, alarm)
    if not told:
        referral.raise_alarm(session, alarm)
