"""`handover db upgrade`, `handover backup`, `handover restore`: look after what is stored."""

import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click

from handover import clock, migrations
from handover.app import create_node
from handover.config import Settings, from_environment
from handover.db import Database
from handover.operator import backup as backups
from handover.operator import proof


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


@click.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--verify", is_flag=True, help="Prove afterwards that rows, logs and seals are whole (needs the keys)."
)
@click.option("--rehearse", is_flag=True, help="Restore into a scratch file that is thrown away, and verify that.")
def restore(source: Path, verify: bool, rehearse: bool) -> None:
    """Fill the node's empty database from the backup SOURCE. Stop the node's processes first."""
    settings = _settings()
    with TemporaryDirectory() as folder:
        if rehearse:
            settings = replace(settings, database_url=f"sqlite:///{Path(folder) / 'rehearsal.db'}")
        manifest = backups.restore(source, Database(settings.database_url))
        click.echo(f"Restored {sum(manifest.rows.values())} rows, as they were at {manifest.made_at}.")
        if verify or rehearse:
            _prove(settings, manifest)


def _prove(settings: Settings, manifest: backups.Manifest) -> None:
    faults = proof.prove(create_node(settings).db, settings.agencies, manifest)
    for fault in faults:
        click.echo(f"BAD  {fault.where} ({fault.code})")
    if faults:
        raise click.ClickException("What was restored is not what was backed up.")
    click.echo("Every row is there, every log is whole, every seal opens.")


def _name(now: datetime) -> str:
    return f"handover-{now:%Y%m%dT%H%M%SZ}.backup"


def _settings() -> Settings:
    return from_environment(os.environ)


COMMANDS: Final = (db, backup, restore)
