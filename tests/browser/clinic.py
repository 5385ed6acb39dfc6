"""The ward's pages over real HTTP, and its people signed in, each in a window of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from handover.actors import Patient, Staff
from tests.browser.harness import Visitor, look_at, visiting
from tests.builders import INTAKE
from tests.referral.visiting import sign_in
from tests.serving import address, open_server, running
from tests.worklist.ward import Ward, identity, open_ward

__all__ = ["Clinic", "look_at", "open_clinic"]


@dataclass(frozen=True)
class Clinic:
    """A ward and the address of its node."""

    ward: Ward
    home: str

    def case(self, state: str, slug: str = "") -> str:
        """Return the path of a case, or of one act's form."""
        return f"/mottatt/{INTAKE}/{self.ward.cases[state]}" + (f"/{slug}" if slug else "")

    def patient(self, state: str) -> Patient:
        """Return the patient of a case."""
        who = identity(state)
        return Patient(number=who.number or "", name=who.name)

    @contextmanager
    def visited_by(self, chromium: Browser, who: Staff | Patient, **context: Any) -> Iterator[Visitor]:
        """Open a window in which somebody is signed in."""
        town = self.ward.at_its_time().town
        name, token = sign_in(town.dps, who, town)
        with visiting(chromium, self.home, **context) as visitor:
            visitor.page.context.add_cookies([{"name": name, "value": token, "url": self.home}])
            yield visitor


@contextmanager
def open_clinic(folder: Path, empty_sqlite: Path) -> Iterator[Clinic]:
    """Fill a ward and serve its node's pages."""
    with open_ward(folder, empty_sqlite) as ward:
        server = open_server()
        server.app = ward.town.app_of(ward.town.dps)
        with running(server):
            yield Clinic(ward, address(server))
