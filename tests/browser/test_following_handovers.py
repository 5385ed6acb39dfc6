"""The sender follows a handover in every state it meets, with every form that is open there, in a real browser."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, expect

from handover import clock
from handover.bundle import service
from handover.bundle.lifecycle import Status
from handover.bundle.model import Decline, Done, Mark, Wishes
from handover.workdays import local_date
from tests.browser.at_work import AtWork, at_work
from tests.browser.harness import LANGUAGES, Visitor, in_language, look_at
from tests.builders import NAV
from tests.bundle.meeting import Meeting, approved, sent, together
from tests.bundle.test_taking_over import do, plan, taking
from tests.referral.nodes import DPS_NODE, PATIENT, PER
from tests.referral.visiting import reader

pytestmark = pytest.mark.browser
_FORM: Final = re.compile(r"/overforinger/[0-9a-f-]{36}/([a-z-]+)")
_SEEN_ELSEWHERE: Final = {"skriv", "se-over"}
FORMS: Final = {"beskjed", "avslutt", "oppgi", "trekk", "gjenapne", "sendt", "ny-mottaker", "mer", "si-fra"}
RICHEST: Final = ("asked", "declined", "undelivered", "taken-over")
"""Between them they show every part of the page."""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[AtWork]:
    """Two nodes with a handover in each state that the sender meets after the yes."""
    with at_work(tmp_path_factory.mktemp("following"), empty_sqlite) as made:
        settled = _lost(made) | _under_way(made) | _ended(made)
        made.handed.update(_fresh(made) | settled)
        _shared(made)
        yield made


@pytest.fixture(autouse=True)
def _the_towns_own_time(town: AtWork) -> None:
    clock.set_offset(town.town.now - datetime.now(UTC))


def _lost(at: AtWork) -> dict[str, Meeting]:
    made = at.town
    made.wire.down.add(DPS_NODE)
    lost = approved(made)
    lost.do(service.send)
    made.pass_time(hours=97)
    made.work()
    made.wire.down.clear()
    return {"undelivered": lost}


def _under_way(at: AtWork) -> dict[str, Meeting]:
    arrived, asked, held = sent(at.town), _opened(at), _opened(at)
    do(asked, service.ask, "Hvem snakker med arbeidsgiveren? Er det avtalt noe?")
    do(asked, service.plan_meeting, plan(asked))
    do(held, service.plan_meeting, plan(held))
    do(held, service.hold_meeting, local_date(at.town.now))
    return {"arrived": arrived, "asked": asked, "held": held}


def _ended(at: AtWork) -> dict[str, Meeting]:
    declined, taken, answered = _opened(at), _opened(at, wants_meeting=False), _opened(at)
    reason = Decline(
        reason="Vi har ikke plass nå.", advice="FACT-teamet", person="Ola Overlege", phone="55 00 00 04"
    )
    do(declined, service.decline, reason)
    do(taken, service.take_over, taking(taken))
    closed = _opened(at, wants_meeting=False, told=())
    do(closed, service.take_over, taking(closed))
    closed.do(service.close, "")
    answered.at_home(service.withdraw)
    at.town.settle()
    do(answered, service.answer_withdrawal, Done.KEPT, "Vi må ta vare på det vi har brukt.", "Ingrid Inntak")
    stopped = approved(at.town)
    stopped.at_home(service.withdraw)
    return {"declined": declined, "taken-over": taken, "closed": closed, "answered": answered, "stopped": stopped}


def _fresh(at: AtWork) -> dict[str, Meeting]:
    """Leave one with its yes and one that can still be undone: nothing settles after this."""
    leaving = approved(at.town)
    leaving.do(service.send)
    return {"leaving": leaving, "approved": approved(at.town)}


def _shared(at: AtWork) -> None:
    """Let the clinician look at what the patient has chosen about sharing, and the patient say no to one place."""
    reader(at.town, PER).open(f"/deling/overforing/{at.handed['asked'].handover}")
    reader(at.town, PATIENT).send("/mine-valg/nei", target=NAV)


def _opened(at: AtWork, *, wants_meeting: bool = True, told: tuple[str, ...] = ("Berit Nes, søster",)) -> Meeting:
    met = together(at.town)
    met.add("Korte turer om morgenen.", marked=Mark.TRAVELS)
    met.at_home(service.set_wishes, Wishes(meeting=wants_meeting, told=told))
    met.say_yes(by=PATIENT)
    met.do(service.send)
    at.town.settle()
    do(met, service.open_)
    return met


def test_every_state_that_the_sender_meets_and_every_form_open_there_is_good(
    chromium: Browser, town: AtWork
) -> None:
    seen: set[str] = set()
    with town.visit(chromium, bypass_csp=True) as visitor:
        for state, met in town.handed.items():
            visitor.open(f"/overforinger/{met.handover}")
            if state not in RICHEST:
                _look(visitor, state)
            fresh = _forms(visitor) - seen - _SEEN_ELSEWHERE
            for form in sorted(fresh):
                visitor.open(f"/overforinger/{met.handover}/{form}")
                _look(visitor, f"{state}-{form}")
            seen |= fresh
    assert seen == FORMS


@pytest.mark.parametrize("tag", LANGUAGES)
def test_what_the_sender_follows_is_good_in_every_language(chromium: Browser, town: AtWork, tag: str) -> None:
    with town.visit(chromium, bypass_csp=True) as visitor:
        for state in RICHEST:
            visitor.open(in_language(f"/overforinger/{town.handed[state].handover}", tag))
            look_at(visitor, tag)
            visitor.screenshot(f"following-{state}-{tag}")
        visitor.open(in_language(f"/overforinger/{town.handed['declined'].handover}/avslutt", tag))
        visitor.page.locator("main form button.ds-button").click()
        expect(visitor.page.locator("#error-summary")).to_be_focused()
        look_at(visitor, tag)
        visitor.screenshot(f"following-refused-{tag}")


@pytest.mark.parametrize("tag", LANGUAGES)
def test_the_patients_two_logs_are_good_in_every_language(chromium: Browser, town: AtWork, tag: str) -> None:
    handed = town.handed["asked"].handover
    with town.visit(chromium, by=PATIENT, bypass_csp=True) as visitor:
        for name, path in (
            ("handover", f"/mine-overforinger/{handed}/hvem-har-lest"),
            ("choices", "/mine-valg/hvem-har-lest"),
        ):
            visitor.open(in_language(path, tag))
            expect(visitor.page.locator(".happened li").first).to_be_visible()
            look_at(visitor, tag)
            visitor.screenshot(f"log-{name}-{tag}")


def test_the_walk_meets_the_states_it_is_for(town: AtWork) -> None:
    found = {met.see().standing.status for met in town.handed.values()}
    elsewhere = {Status.DRAFT, Status.WITH_PATIENT, Status.PAUSED, Status.OPENED, Status.WITHDRAWAL_NOTIFIED}
    assert found >= set(Status) - elsewhere


def _forms(visitor: Visitor) -> set[str]:
    """Return the forms a page leads to, by the end of their addresses."""
    links = visitor.page.locator("main a").evaluate_all("(all) => all.map((one) => one.getAttribute('href'))")
    return {found[1] for link in links if (found := _FORM.fullmatch(link or ""))}


def _look(visitor: Visitor, name: str) -> None:
    """Look at one page in the dark and on a narrow screen; in the light the richest are seen in every way."""
    visitor.page.emulate_media(color_scheme="dark")
    visitor.assert_accessible()
    visitor.assert_fits()
    visitor.assert_quiet()
    visitor.screenshot(f"follow-{name}")
