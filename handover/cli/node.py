"""`handover worker` and `handover check`: run the sending process; see whether the node can do its work."""

import os
from collections.abc import Iterator
from typing import Final

import click

from handover import clock, logs
from handover import worker as workers
from handover.app import collect_seldom, create_node
from handover.config import Settings, from_environment
from handover.db import Database
from handover.errors import HandoverError
from handover.operator import check as checks
from handover.operator.model import Finding, Verdict

MARKS: Final = {Verdict.FINE: "fine   ", Verdict.WARNING: "WARNING", Verdict.BAD: "BAD    "}


@click.command()
def worker() -> None:
    """Send, acknowledge, expire and order the log until stopped (SIGTERM). Run it beside the web process."""
    logs.configure()
    collect_seldom()
    workers.run(create_node(from_environment(os.environ)))


@click.command()
@click.option("--thorough", is_flag=True, help="Walk through the whole log, however long it is.")
def check(thorough: bool) -> None:
    """Say in plain sentences whether the node can do its work. Exit code 1 when something is bad."""
    settings = from_environment(os.environ)
    worst = Verdict.FINE
    for finding in _findings(settings, thorough=thorough):
        click.echo(f"{MARKS[finding.verdict]}  {finding.check}: {finding.sentence}")
        worst = Verdict.BAD if Verdict.BAD in (worst, finding.verdict) else worst
    if worst is Verdict.BAD:
        raise click.exceptions.Exit(1)


def _findings(settings: Settings, *, thorough: bool) -> Iterator[Finding]:
    now = clock.now()
    yield from checks.keys(settings, now)
    try:
        db = create_node(settings).db
    except HandoverError as refused:
        yield from checks.database(Database(settings.database_url))
        yield from checks.disk(settings)
        yield Finding("node", Verdict.BAD, f"The node cannot start ({refused.stable_code}).")
        return
    yield from checks.examine(db, settings, now=now, thorough=thorough)


COMMANDS: Final = (worker, check)
