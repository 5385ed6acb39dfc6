"""The edge of a node: request transaction, error mapping, page shell, templates, translations.

`transaction()` and `reading()` open one on the database of the node that this request came to; nobody below
the route opens or commits any other (STYLE 5). `init_app` puts the edge on an application.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, cast

from flask import Flask, current_app
from sqlalchemy.orm import Session

from handover.db import Database

MAX_REQUEST_BYTES: Final = 32 * 1024 * 1024
"""Attachments of a referral are 25 MB in all; a route that takes less says so itself."""
MAX_HANDED_IN_BYTES: Final = 128 * 1024 * 1024
"""A form of a signed-in member of the staff: a file that is too large is named, and what was typed is kept."""
MAX_FORM_TEXT_BYTES: Final = 2 * 1024 * 1024
"""All texts of one form together; a message is at most 1 MiB."""


def node_database() -> Database:
    """Return the database of the node that this application serves."""
    return cast(Database, current_app.extensions["handover.db"])


@contextmanager
def transaction() -> Iterator[Session]:
    """Open the request's writing transaction: commits at the end, rolls back on any exception."""
    with node_database().transaction() as session:
        yield session


@contextmanager
def reading() -> Iterator[Session]:
    """Open a transaction that only reads; what must be audited needs `transaction()`."""
    with node_database().reading() as session:
        yield session


def init_app(app: Flask) -> None:
    """Put the edge on the application: request id, headers, errors, languages, page shell, JSON for machines."""
    from handover.web import errors, headers, i18n, shell

    app.config.update(
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_FORM_TEXT_BYTES,
    )
    headers.init_app(app)
    i18n.init_app(app)
    shell.init_app(app)
    errors.init_app(app)
