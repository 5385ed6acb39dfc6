"""The command `handover`."""

import click


@click.group()
def main() -> None:
    """Run and look after a node."""
