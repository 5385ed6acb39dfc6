"""A town at work behind real HTTP: the municipality's node with referrals in every state a referrer meets."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copyfile
from typing import Any, Literal

from playwright.sync_api import Browser

from handover import clock
from handover.actors import Patient, Staff
from handover.app import Node
from handover.db import Database
from handover.ids import ReferralId
from handover.referral import service
from tests.browser.harness import Visitor, visiting
from tests.bundle.meeting import Meeting
from tests.referral.nodes import DPS_NODE, INGRID, OLA, PER, Town, acceptance, appointment, refusal, town
from tests.referral.visiting import register_everybody, sign_in
from tests.serving import address, open_server, running
from tests.worklist.ward import identity


@dataclass(frozen=True)
class AtWork:
    """The town, where the municipality's pages are, and each referral and handover by the name of its state."""

    town: Town
    home: str
    cases: dict[str, ReferralId] = field(default_factory=dict)
    handed: dict[str, Meeting] = field(default_factory=dict)
    node: Node | None = None
    """Whose pages they are; None: the municipality's."""

    @contextmanager
    def visit(
        self,
        browser: Browser,
        *,
        by: Staff | Patient = PER,
        javascript: bool = True,
        scheme: Literal["light", "dark"] = "light",
        **context: Any,
    ) -> Iterator[Visitor]:
        """Open a window in which somebody is signed in already, at the town's own time."""
        clock.set_offset(self.town.now - datetime.now(UTC))
        with visiting(browser, self.home, javascript=javascript, color_scheme=scheme, **context) as visitor:
            name, value = sign_in(self.node or self.town.kommune, by, self.town)
            visitor.page.context.add_cookies([{"name": name, "value": value, "url": self.home}])
            yield visitor


@contextmanager
def at_work(folder: Path, empty_sqlite: Path) -> Iterator[AtWork]:
    """Run the municipality's pages over two nodes."""
    made = town(lambda: _database(folder, empty_sqlite))
    register_everybody(made)
    server = open_server()
    server.app = made.app_of(made.kommune)
    with running(server):
        yield AtWork(made, address(server))
    made.close()


def fill(at: AtWork) -> None:
    """Bring one referral into each state; the first is overdue by then, and one never arrives."""
    made, cases = at.town, at.cases
    cases["overdue"] = made.taken(patient=identity("overdue"))
    made.pass_time(days=10)
    made.wire.down.add(DPS_NODE)
    cases["undelivered"] = made.draft(patient=identity("received"))
    made.do(PER, service.send, cases["undelivered"])
    made.settle()
    made.pass_time(hours=97)
    made.work()
    made.wire.down.clear()
    for state in ("asked", "accepted", "scheduled", "rejected", "withdrawing"):
        cases[state] = made.taken(patient=identity(state))
    made.pass_time(days=1, hours=3)
    made.do(OLA, service.ask, cases["asked"], "Hva er prøvd før, og hva hjalp?")
    for state in ("accepted", "scheduled"):
        made.do(OLA, service.accept, cases[state], acceptance())
    made.do(OLA, service.schedule, cases["scheduled"], appointment(made.now + timedelta(days=6)))
    made.do(OLA, service.reject, cases["rejected"], refusal())
    made.do(PER, service.request_withdrawal, cases["withdrawing"], "Pasienten ønsker det ikke lenger.")
    made.settle()
    cases["received"] = made.sent(patient=identity("started"))
    made.do(INGRID, service.open_, cases["received"])
    made.settle()
    cases["draft"] = made.draft(patient=identity("completed"))


def _database(folder: Path, empty_sqlite: Path) -> Database:
    path = folder / f"{len(list(folder.glob('*.db')))}.db"
    copyfile(empty_sqlite, path)
    return Database(f"sqlite:///{path}")
