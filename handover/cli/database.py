"""`handover db upgrade`, `handover backup`, `handover restore`: look after what is stored."""

import os
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from handover import clock, migrations
from handover.config import Settings, from_environment
from handover.db import Database
from handover.operator import backup as backups


@click.group()
def db() -> None:
    """The database's tables."""


@db.command()
def upgrade() -> None:
    """Bring the database up to what this program needs. Make a backup first. Safe to run again."""
    opened = Database(_settings().database_url)
    migrations.upgrade(opened)
    click.echo(f"The database is at version {migrations.found(opened)}.")


@click.command()
@click.argument("target", type=click.Path(path_type=Path), required=False)
def backup(target: Path | None) -> None:
    """Write a backup to TARGET while the node runs. Keys are not in it: keep the key files in another place."""
    now = clock.now()
    path = target or Path(_name(now))
    made = backups.make(Database(_settings().database_url), path, now=now)
    click.echo(f"Wrote {path}: {sum(made.rows.values())} rows, SHA-256 {made.sha256}.")
    click.echo("Content in it is sealed. The key files and their passphrase are not in it.")


def _name(now: datetime) -> str:
    return f"handover-{now:%Y%m%dT%H%M%SZ}.backup"


def _settings() -> Settings:
    return from_environment(os.environ)


COMMANDS: Final = (db, backup)
