"""The receiver of a handover in a real browser: the page, every form, by keyboard and without JavaScript."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from handover.bundle import service
from handover.bundle.lifecycle import Status
from handover.bundle.model import CrisisStep, Level, Mark, TopicCode
from handover.bundle.service import Plan
from handover.db import Database
from handover.workdays import local_date
from tests.browser.harness import LANGUAGES, Visitor, in_language, look_at, visiting
from tests.builders import INTAKE
from tests.bundle.meeting import HELPS, Meeting, together
from tests.referral.nodes import INGRID, Town, town
from tests.referral.visiting import register_everybody, sign_in
from tests.serving import address, open_server, running

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Desk:
    """The receiving node served over HTTP, with a handover in each state a receiver meets."""

    town: Town
    home: str
    handed: dict[str, Meeting]

    def path(self, state: str, slug: str = "") -> str:
        """Return the address of a handover, or of one act's form."""
        return f"/mottatte-overforinger/{INTAKE}/{self.handed[state].handover}" + (f"/{slug}" if slug else "")

    @contextmanager
    def visit(self, chromium: Browser, **context: Any) -> Iterator[Visitor]:
        """Open a window in which the intake coordinator is signed in."""
        self.town.move_to(self.town.now)
        name, token = sign_in(self.town.dps, INGRID, self.town)
        with visiting(chromium, self.home, **context) as visitor:
            visitor.page.context.add_cookies([{"name": name, "value": token, "url": self.home}])
            yield visitor


def arrived(made: Town) -> Meeting:
    """Have a handover with own words and a crisis plan arrive."""
    met = together(made)
    met.add("Hun vil ha det rolig.", own_words="Ring før dere kommer.", marked=Mark.TRAVELS)
    met.add("Korte turer om morgenen.", topic=HELPS, marked=Mark.TRAVELS)
    plan = CrisisStep(level=Level.RED, signs="Går ikke ut", who="Inger, 900 00 002")
    met.add("", topic=TopicCode("crisis-plan"), details=plan, marked=Mark.TRAVELS)
    met.say_yes(by=met.patient)
    met.do(service.send)
    made.settle()
    return met


def opened(made: Town) -> Meeting:
    """Have one that was opened."""
    met = arrived(made)
    met.there(INGRID, service.open_)
    return met


def held(made: Town) -> Meeting:
    """Have one whose meeting was held."""
    met = opened(made)
    met.there(
        INGRID,
        service.plan_meeting,
        Plan(start=made.now + timedelta(days=3), place="Rom 2", who_comes="Per og Ingrid"),
    )
    met.there(INGRID, service.hold_meeting, local_date(made.now))
    return met


def withdrawn(made: Town) -> Meeting:
    """Have one that the patient took back."""
    met = opened(made)
    met.at_home(service.withdraw)
    made.settle()
    return met


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[Desk]:
    """Run the DPS's pages."""
    folder, names = tmp_path_factory.mktemp("desk"), iter("ab")

    def make() -> Database:
        path = folder / f"{next(names)}.db"
        copyfile(empty_sqlite, path)
        return Database(f"sqlite:///{path}")

    made = town(make)
    register_everybody(made)
    handed = {"new": opened(made), "held": held(made), "withdrawn": withdrawn(made)}
    server = open_server()
    server.app = made.app_of(made.dps)
    with running(server):
        yield Desk(made, address(server), handed)
    made.close()


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_page_of_the_receiver_is_good_in_every_language(desk: Desk, chromium: Browser, tag: str) -> None:
    pages = {
        "handed-worklist": f"/arbeidsliste/{INTAKE}",
        "handed-case": desk.path("new"),
        "handed-withdrawn": desk.path("withdrawn"),
        "handed-plan": desk.path("new", "avtal-mote"),
        "handed-decline": desk.path("new", "tar-ikke-over"),
        "handed-take-over": desk.path("held", "ta-over"),
        "handed-answer": desk.path("withdrawn", "svar-om-tilbaketrekking"),
    }
    with desk.visit(chromium, bypass_csp=True) as visitor:
        for name, path in pages.items():
            answer = visitor.open(in_language(path, tag))
            assert answer is not None
            assert answer.status == 200, path
            assert "/logg-inn" not in visitor.page.url
            look_at(visitor, tag)
            visitor.screenshot(f"{name}-{tag}")


def test_a_refused_take_over_is_good_and_keeps_every_text(desk: Desk, chromium: Browser) -> None:
    with desk.visit(chromium, bypass_csp=True) as visitor:
        page = visitor.page
        visitor.open(desk.path("held", "ta-over"))
        page.fill("#f-first_place", "Storgata 1")
        page.fill("#f-person", "")
        page.get_by_role("button", name="Vi tar over ansvaret").click()
        expect(page.locator("#error-summary")).to_be_focused()
        expect(page.locator("#f-first_place")).to_have_value("Storgata 1")
        visitor.assert_good()


def test_a_receiver_without_javascript_takes_over(desk: Desk, chromium: Browser) -> None:
    met = desk.handed["held"]
    with desk.visit(chromium, javascript=False) as visitor:
        page = visitor.page
        visitor.open(desk.path("held"))
        page.get_by_role("button", name="Jeg har lest").click()
        expect(page.locator("main")).to_contain_text("Du har lest den")
        page.get_by_role("link", name="Ta over ansvaret").click()
        page.fill("#f-first_day", f"{local_date(met.town.now) + timedelta(days=9):%d.%m.%Y}")
        page.fill("#f-first_clock", "10.15")
        page.fill("#f-first_place", "Storgata 1")
        page.get_by_role("button", name="Vi tar over ansvaret").click()
        expect(page.locator("main")).to_contain_text("Dere har ansvaret, siden")
    assert met.there(INGRID, service.case_of).standing.status is Status.TAKEN_OVER
