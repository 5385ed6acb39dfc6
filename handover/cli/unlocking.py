"""The options of every command with private keys: where the keys are, where the passphrase comes from."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from handover.keys import passphrase
from handover.keys.files import Locker

Command = TypeVar("Command", bound=Callable[..., Any])

keys_dir_option = click.option(
    "--keys-dir",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="HANDOVER_KEYS_DIR",
    required=True,
    help="The folder of key files (HANDOVER_KEYS_DIR).",
)


def passphrase_options(command: Command) -> Command:
    """Add --passphrase-file and --passphrase-fd."""
    for option in (
        click.option("--passphrase-fd", type=int, help="An open file descriptor to read the passphrase from."),
        click.option(
            "--passphrase-file",
            type=click.Path(path_type=Path, dir_okay=False),
            envvar="HANDOVER_PASSPHRASE_FILE",
            help="A file, readable by its owner only (HANDOVER_PASSPHRASE_FILE).",
        ),
    ):
        command = option(command)
    return command


def locker(passphrase_file: Path | None, passphrase_fd: int | None) -> Locker:
    """Read the passphrase: descriptor, file, systemd credential, or else ask for it without echo."""
    if passphrase_fd is not None:
        return Locker(passphrase.from_descriptor(passphrase_fd))
    if passphrase_file is not None:
        return Locker(passphrase.from_file(passphrase_file))
    credential = passphrase.from_systemd(os.environ)
    if credential is not None:
        return Locker(credential)
    return Locker(passphrase.checked(click.prompt("Passphrase", hide_input=True, err=True).encode()))
