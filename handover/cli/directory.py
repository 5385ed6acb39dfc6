"""`handover directory enrol | sign | pull | show`: how an agency gets into the address book, and what is in it."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from handover import clock, config
from handover.audit.model import Event
from handover.cli.unlocking import keys_dir_option, locker, passphrase_options
from handover.db import Database
from handover.directory import documents, enrolment, service
from handover.directory.model import LIFETIME, Anchors, Directory
from handover.directory.service import BookState
from handover.errors import NotFound
from handover.ids import AgencyId, KeyId
from handover.keys import files
from handover.keys.files import KeyFile
from handover.keys.lifecycle import KeyState, Use
from handover.keys.material import SigningKey
from handover.operator import journal

PUBLISHED_AHEAD = 2 * LIFETIME
"""How long before its use the next signing key is listed."""

_file = click.Path(path_type=Path, dir_okay=False)


@click.group()
def directory() -> None:
    """Enrol agencies, sign and pull the community's directory."""


@directory.command()
@keys_dir_option
@passphrase_options
@click.option("--agency", required=True, metavar="NUMBER", help="Organisation number.")
@click.option("--name", required=True, help="The agency's name, as others see it.")
@click.option("--endpoint", required=True, envvar="HANDOVER_NODE_URL", help="Base URL of the node.")
@click.option("--out", required=True, type=_file, help="Where to write the request.")
def enrol(
    keys_dir: Path,
    passphrase_file: Path | None,
    passphrase_fd: int | None,
    agency: str,
    name: str,
    endpoint: str,
    out: Path,
) -> None:
    """Write a request to be listed, signed by the agency's newest signing key, and show the key's fingerprint.

    Send the file to the community's anchor keeper, then read the fingerprint aloud over the telephone.
    """
    file = _newest_signing_key(keys_dir, agency)
    signer = SigningKey.from_material(files.unlocked(file, locker(passphrase_file, passphrase_fd)))
    now = clock.now()
    request = documents.sign_enrolment(
        agency=AgencyId(agency),
        name=name,
        endpoint=endpoint.rstrip("/"),
        not_before=now + PUBLISHED_AHEAD if file.state is KeyState.PENDING else now,
        signer=signer,
        now=now,
    )
    documents.read_enrolment(request)
    out.write_bytes(request)
    journal.note(keys_dir, Event.DIRECTORY_ENROL, owner=agency, subject=signer.kid, now=now)
    click.echo(f"Request written to {out}")
    click.echo(f"Fingerprint to read aloud: {documents.fingerprint(signer.public)}")


@directory.command()
@keys_dir_option
@passphrase_options
@click.option("--community", required=True, help="The community's name, as in anchors.json.")
@click.option("--previous", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--first", is_flag=True, help="There is no previous directory: begin with version 1.")
@click.option("--accept", multiple=True, nargs=2, metavar="REQUEST FINGERPRINT", help="List who asks for it.")
@click.option(
    "--revoke", multiple=True, metavar="KID", help="From now on, whatever the key signed counts no more."
)
@click.option("--end", multiple=True, metavar="KID", help="Let a key that has a successor count 14 days more.")
@click.option("--suspend", multiple=True, metavar="NUMBER", help="Let an agency take part no more.")
@click.option("--resume", multiple=True, metavar="NUMBER", help="Let a suspended agency take part again.")
@click.option("--days", type=click.IntRange(1, LIFETIME.days), default=LIFETIME.days, show_default=True)
@click.option("--out", required=True, type=_file, help="Where to write directory.jws.")
@click.option("--anchors-out", type=_file, help="Also write anchors.json for nodes to pin.")
def sign(keys_dir: Path, passphrase_file: Path | None, passphrase_fd: int | None, **choices: Any) -> None:
    """Sign the next version of the community's directory with its anchor."""
    if bool(choices["previous"]) == choices["first"]:
        raise click.UsageError("Name the --previous directory, or say --first.")
    community: str = choices["community"]
    anchor = _anchor(keys_dir, community, passphrase_file, passphrase_fd)
    anchors = Anchors(community=community, keys={anchor.kid: anchor.public})
    previous = documents.read_directory(choices["previous"].read_bytes(), anchors) if choices["previous"] else None
    now = clock.now()
    signed = enrolment.next_version(
        previous,
        community=community,
        agencies=_changed(previous, choices),
        now=now,
        life=timedelta(days=choices["days"]),
    )
    choices["out"].write_bytes(documents.sign_directory(signed, anchor=anchor))
    if choices["anchors_out"]:
        choices["anchors_out"].write_bytes(documents.write_anchors(anchors))
    journal.note(keys_dir, Event.DIRECTORY_SIGN, owner=community, subject=f"version {signed.version}", now=now)
    click.echo(f"Version {signed.version} with {len(signed.agencies)} agencies, until {_local(signed)}")


@directory.command()
def pull() -> None:
    """Pull the directory and the agencies' statements now, as the worker does (settings from the environment)."""
    settings = config.from_environment(os.environ)
    db = _book(settings)
    state = service.pull(db, settings.directory_source, now=clock.now(), hosted=settings.agencies)
    journal.note(
        settings.keys_dir,
        Event.DIRECTORY_REFUSED if state.problem else Event.DIRECTORY_PULL,
        owner="",
        subject=f"version {state.version}",
        now=clock.now(),
    )
    _say_state(state)
    if state.problem or not state.is_valid:
        raise click.exceptions.Exit(1)


@directory.command()
@click.argument("text", default="")
def show(text: str) -> None:
    """Show what this node believes: version, agencies, and the services found by TEXT."""
    db = _book(config.from_environment(os.environ))
    with db.reading() as session:
        _say_state(service.state(session, now=clock.now()))
        names = {agency.id: agency.name for agency in service.agencies(session)}
        table = Table("Agency", "Service", "HER-id", "Place", "Phone", "Confirmed")
        for found in service.find_services(session, text):
            confirmed = found.confirmed_on.isoformat()
            table.add_row(names[found.agency], found.name, found.id, found.place, found.phone, confirmed)
    Console(width=None if Console().is_terminal else 140).print(table)


def _newest_signing_key(keys_dir: Path, agency: str) -> KeyFile:
    states = (KeyState.ACTIVE, KeyState.PENDING)
    mine = [file for file in files.listing(keys_dir) if file.owner == agency and file.use is Use.SIGNING]
    usable = sorted((file for file in mine if file.state in states), key=lambda file: file.created_at)
    if not usable:
        raise NotFound("key.no-file", agency=agency)
    return usable[-1]


def _anchor(keys_dir: Path, community: str, passphrase_file: Path | None, passphrase_fd: int | None) -> SigningKey:
    for file in reversed(files.listing(keys_dir)):
        if (file.use, file.owner, file.state) == (Use.ANCHOR, community, KeyState.ACTIVE):
            return SigningKey.from_material(files.unlocked(file, locker(passphrase_file, passphrase_fd)))
    raise NotFound("key.no-anchor", community=community)


def _changed(previous: Directory | None, choices: dict[str, Any]) -> enrolment.Agencies:
    now = clock.now()
    listed: enrolment.Agencies = previous.agencies if previous else {}
    for request, spoken in choices["accept"]:
        asked, asked_at = documents.read_enrolment(Path(request).read_bytes())
        listed = enrolment.accept(listed, asked, asked_at=asked_at, spoken=spoken, now=now)
    for kid in choices["revoke"]:
        listed = enrolment.revoke(listed, KeyId(kid), at=now)
    for kid in choices["end"]:
        listed = enrolment.end(listed, KeyId(kid), at=now + PUBLISHED_AHEAD)
    for agency in choices["suspend"]:
        listed = enrolment.suspend(listed, AgencyId(agency))
    for agency in choices["resume"]:
        listed = enrolment.suspend(listed, AgencyId(agency), is_active=True)
    return listed


def _book(settings: config.Settings) -> Database:
    db = Database(settings.database_url)
    service.open_book(db, documents.read_anchors(settings.anchors_file.read_bytes()))
    return db


def _say_state(state: BookState) -> None:
    if state.version is None or state.expires_at is None:
        click.echo("No directory yet.")
    else:
        until = clock.local(state.expires_at).strftime("%Y-%m-%d %H:%M")
        click.echo(f"Directory version {state.version}, {'valid until' if state.is_valid else 'EXPIRED'} {until}")
    if state.problem:
        click.echo(f"The latest pull was not believed: {state.problem}", err=True)
    for agency, code in state.statement_problems.items():
        click.echo(f"Statement of {agency}: {code}", err=True)


def _local(signed: Directory) -> str:
    return clock.local(signed.exp).strftime("%Y-%m-%d %H:%M")


COMMANDS = (directory,)
