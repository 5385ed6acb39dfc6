"""`handover demo`: two nodes with synthetic people on this machine."""

import signal
from pathlib import Path
from typing import Final

import click

from handover.demo import run


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), default=run.FOLDER, show_default=True)
@click.option("--port", default=run.FIRST_PORT, show_default=True, help="The first of five ports on 127.0.0.1.")
@click.option("--check-only", is_flag=True, help="Stop once the demo has checked itself.")
def demo(folder: Path, port: int, check_only: bool) -> None:
    """Start two nodes with synthetic people and referrals, until Ctrl-C. Old demo data is removed."""
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell started us in the background
        signal.signal(number, signal.default_int_handler)
    run.run(folder, port, stay=not check_only)


COMMANDS: Final = (demo,)
