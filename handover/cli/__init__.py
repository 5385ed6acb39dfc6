"""The command `handover`. One module for each group of commands; each lists its own in `COMMANDS`."""

from typing import Any

import click

from handover.cli import database, demo, directory, keys, node
from handover.errors import HandoverError, Invalid


class PlainGroup(click.Group):
    """Ends with one plain sentence where a refusal was raised, never with a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; exit code 1 with the refusal's words."""
        try:
            return super().invoke(ctx)
        except HandoverError as refusal:
            raise click.ClickException(_in_words(refusal)) from refusal


@click.group(cls=PlainGroup)
def main() -> None:
    """Run and look after a node."""


for command in (*demo.COMMANDS, *database.COMMANDS, *node.COMMANDS, *keys.COMMANDS, *directory.COMMANDS):
    main.add_command(command)


def _in_words(refusal: HandoverError) -> str:
    lines = [str(refusal), *(f"  {name}: {value}" for name, value in refusal.details.items())]
    if isinstance(refusal, Invalid):
        lines += [f"  {name}: {', '.join(codes)}" for name, codes in refusal.fields.items()]
    return "\n".join(lines)
