"""`handover keys new | list | activate | retire`: the private keys of this node, or of a community's anchor."""

from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.table import Table

from handover import clock
from handover.audit.model import Event
from handover.cli.unlocking import keys_dir_option, locker, passphrase_options
from handover.directory.documents import fingerprint
from handover.keys import files
from handover.keys.files import KeyFile, Locker
from handover.keys.lifecycle import NODE_USES, KeyAct, KeyState, Use
from handover.keys.material import PublicSigningKey
from handover.operator import journal

EVENTS: Final = {
    KeyState.ACTIVE: Event.KEY_ACTIVATE,
    KeyState.RETIRING: Event.KEY_RETIRE,
    KeyState.RETIRED: Event.KEY_RETIRE,
    KeyState.DESTROYED: Event.KEY_DESTROY,
    KeyState.COMPROMISED: Event.KEY_COMPROMISED,
}
"""What the log calls it that a key came into a state."""


@click.group()
def keys() -> None:
    """Make, list and retire private keys."""


@keys.command("new")
@keys_dir_option
@passphrase_options
@click.option(
    "--agency", "agencies", multiple=True, metavar="NUMBER", help="Organisation number; may be repeated."
)
@click.option("--use", "uses", multiple=True, type=click.Choice([use.value for use in NODE_USES]))
@click.option("--anchor", metavar="COMMUNITY", help="Make a community's anchor instead (keep it offline).")
def new(
    keys_dir: Path,
    passphrase_file: Path | None,
    passphrase_fd: int | None,
    agencies: tuple[str, ...],
    uses: tuple[str, ...],
    anchor: str | None,
) -> None:
    """Make new keys for agencies: of every use that has none yet, or of the uses named.

    A new signing key is pending while another is active: list it in the directory first (`directory enrol`),
    then `keys activate`. A new key of any other use takes over at once, and the former one is retiring.
    """
    if bool(agencies) == bool(anchor):
        raise click.UsageError("Name either --agency or --anchor.")
    unlocked = locker(passphrase_file, passphrase_fd)
    if anchor:
        _made(keys_dir, files.create(keys_dir, use=Use.ANCHOR, owner=anchor, locker=unlocked, now=clock.now()))
        return
    for agency in agencies:
        for use in _wanted(keys_dir, agency, uses):
            _make(keys_dir, agency, use, unlocked)


@keys.command("list")
@keys_dir_option
def list_(keys_dir: Path) -> None:
    """Show every key: whose, for what, in which state. Needs no passphrase."""
    table = Table("Owner", "Use", "State", "Created", "Key id")
    for file in files.listing(keys_dir):
        created = clock.local(file.created_at).strftime("%Y-%m-%d %H:%M")
        table.add_row(file.owner, file.use.value, file.state.value, created, file.kid)
    Console(width=None if Console().is_terminal else 120).print(table)


@keys.command()
@click.argument("kid")
@keys_dir_option
@passphrase_options
def activate(kid: str, keys_dir: Path, passphrase_file: Path | None, passphrase_fd: int | None) -> None:
    """Take a pending key into use. KID is the key id or its first 8 characters or more."""
    unlocked = locker(passphrase_file, passphrase_fd)
    _moved(keys_dir, files.move(files.find(keys_dir, kid), KeyAct.ACTIVATE, locker=unlocked, now=clock.now()))


@keys.command()
@click.argument("kid")
@keys_dir_option
@passphrase_options
@click.option("--compromised", "act", flag_value=KeyAct.COMPROMISE.value, help="Somebody else may have it.")
@click.option("--destroy", "act", flag_value=KeyAct.DESTROY.value, help="Erase the private part of a retired key.")
def retire(
    kid: str, keys_dir: Path, passphrase_file: Path | None, passphrase_fd: int | None, act: str | None
) -> None:
    """Move a key one step on: active, retiring (still opens), retired. KID may be shortened to 8 characters.

    An encryption key should stay retiring for 15 days: directory and message lifetimes of 7 days each, and one.
    """
    unlocked = locker(passphrase_file, passphrase_fd)
    wanted = KeyAct(act) if act else KeyAct.RETIRE
    moved = files.move(files.find(keys_dir, kid), wanted, locker=unlocked, now=clock.now())
    _moved(keys_dir, moved)
    if wanted is KeyAct.COMPROMISE and moved.use is Use.SIGNING:
        click.echo(f"Now ask the community to sign a directory with --revoke {moved.kid}")


def _wanted(keys_dir: Path, agency: str, uses: tuple[str, ...]) -> list[Use]:
    if uses:
        return [Use(use) for use in uses]
    have = {file.use for file in files.listing(keys_dir) if file.owner == agency and file.state is KeyState.ACTIVE}
    return [use for use in NODE_USES if use not in have]


def _make(keys_dir: Path, agency: str, use: Use, unlocked: Locker) -> None:
    former = [
        file
        for file in files.listing(keys_dir)
        if (file.owner, file.use, file.state) == (agency, use, KeyState.ACTIVE)
    ]
    waits = use is Use.SIGNING and bool(former)
    state = KeyState.PENDING if waits else KeyState.ACTIVE
    _made(keys_dir, files.create(keys_dir, use=use, owner=agency, locker=unlocked, now=clock.now(), state=state))
    for file in [] if waits else former:
        _moved(keys_dir, files.move(file, KeyAct.RETIRE, locker=unlocked, now=clock.now()))


def _made(keys_dir: Path, file: KeyFile) -> None:
    journal.note(keys_dir, Event.KEY_CREATE, owner=file.owner, subject=file.kid, now=clock.now())
    click.echo(f"{file.owner} {file.use.value}: {file.kid} is {file.state.value}")
    if file.use is Use.ANCHOR and file.public is not None:
        click.echo(f"Fingerprint: {fingerprint(PublicSigningKey.from_jwk(file.public))}")


def _moved(keys_dir: Path, file: KeyFile) -> None:
    journal.note(keys_dir, EVENTS[file.state], owner=file.owner, subject=file.kid, now=clock.now())
    click.echo(f"{file.owner} {file.use.value}: {file.kid} is now {file.state.value}")


COMMANDS = (keys,)
