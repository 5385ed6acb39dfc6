"""`python -m handover.migrations "What changed and why"`: write the next version from what the tables now say."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from alembic import command
from alembic.script import ScriptDirectory

from handover.db import Database
from handover.migrations import HERE, config, upgrade


def main(message: str) -> None:
    """Compare a database at the last version with the tables, and write the difference as the next version."""
    number = len(list(ScriptDirectory(str(HERE)).walk_revisions())) + 1
    with TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{Path(folder) / 'empty.db'}")
        upgrade(db)
        with db.engine.connect() as connection:
            command.revision(config(connection), message, autogenerate=True, rev_id=f"{number:04}")
        db.engine.dispose()
    click.echo("Read it through, then: make format")


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]) or "Change the tables")
