"""Every state of a sent referral, also on paper, with every form that is open there: one walk in one browser."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from handover import clock
from handover.referral import service
from handover.referral.lifecycle import Status
from handover.referral.model import Completion
from tests.browser.at_work import AtWork, at_work
from tests.browser.harness import Visitor
from tests.referral.nodes import DPS_NODE, OLA, PER, SENIOR, acceptance, appointment, refusal
from tests.referral.test_paper import SENT, paper, register

pytestmark = pytest.mark.browser
_FORM = re.compile(r"/henvisninger/[0-9a-f-]{36}/(.+)")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[AtWork]:
    """A municipality with what the other journeys do not meet: ended, moved, mended, late and on paper."""
    with at_work(tmp_path_factory.mktemp("states"), empty_sqlite) as made:
        _lose(made)
        _end(made)
        _on_paper(made)
        _under_way(made)
        yield made


def _lose(at: AtWork) -> None:
    made, cases = at.town, at.cases
    made.wire.down.add(DPS_NODE)
    for state in ("lost", "mended", "given-up"):
        cases[state] = made.draft()
        made.do(PER, service.send, cases[state])
    made.pass_time(hours=97)
    made.work()
    cases["mending"] = made.do(PER, service.mend, cases["mended"]).standing.referral
    made.do(PER, service.give_up, cases["given-up"], "Pasienten fikk hjelp et annet sted")
    made.wire.down.clear()


def _end(at: AtWork) -> None:
    made, cases = at.town, at.cases
    for state in ("started", "completed", "no-show", "late-refusal", "redirected", "withdrawn"):
        cases[state] = made.taken()
    cases["retracted"] = made.sent()
    do = partial(made.do, OLA)
    for state in ("started", "completed", "no-show", "late-refusal"):
        do(service.accept, cases[state], acceptance())
    for state in ("started", "completed", "no-show"):
        do(service.schedule, cases[state], appointment(made.now + timedelta(hours=1)))
    do(service.redirect, cases["redirected"], SENIOR, "Pasienten er 78 år")
    made.do(PER, service.request_withdrawal, cases["withdrawn"], "Har flyttet")
    made.do(PER, service.retract, cases["retracted"], "Feil person")
    made.settle()
    made.pass_time(days=1)
    do(service.confirm_withdrawal, cases["withdrawn"])
    do(service.reject, cases["late-refusal"], refusal())
    do(service.no_show, cases["no-show"], "Vi ringer deg i morgen")
    for state in ("started", "completed"):
        do(service.start, cases[state], made.now.date())
    do(service.complete, cases["completed"], Completion(outcome="Bedre", follow_up="Kommunepsykologen"))
    made.settle()


def _on_paper(at: AtWork) -> None:
    made, cases = at.town, at.cases
    for state in ("paper-sent", "paper-received", "paper-accepted", "paper-rejected"):
        cases[state] = register(made, paper())
        if state != "paper-sent":
            made.do(PER, service.record_arrival, cases[state], SENT + timedelta(days=1))
    for state in ("paper-accepted", "paper-rejected"):
        made.do(PER, service.take, cases[state])
    made.do(PER, service.accept, cases["paper-accepted"], acceptance())
    made.do(PER, service.reject, cases["paper-rejected"], refusal())


def _under_way(at: AtWork) -> None:
    made, cases = at.town, at.cases
    made.wire.down.add(DPS_NODE)
    cases["late"] = made.draft()
    made.do(PER, service.send, cases["late"])
    made.settle()
    made.pass_time(hours=2)
    cases["undo"] = made.draft()
    made.do(PER, service.send, cases["undo"])


def test_every_state_of_a_sent_referral_and_every_form_open_there_is_good(chromium: Browser, town: AtWork) -> None:
    clock.set_offset(town.town.now - datetime.now(UTC))
    seen: set[str] = set()
    with town.visit(chromium, bypass_csp=True) as visitor:
        for state, referral in town.cases.items():
            visitor.open(f"/henvisninger/{referral}")
            _look(visitor, state)
            fresh = _forms(visitor) - seen
            for form in sorted(fresh):
                visitor.open(f"/henvisninger/{referral}/{form}")
                _look(visitor, f"{state}-{form.replace('/', '-')}")
            seen |= fresh
    assert {
        "opplysninger",
        "trekk",
        "avslutt",
        "kom-fram",
        "fortalt/rett",
        "fortalt/ikke-rett",
        "fortalt/time",
    } <= seen


def test_the_walk_meets_the_states_it_is_for(town: AtWork) -> None:
    found = {town.town.see(PER, referral).standing.status for referral in town.cases.values()}
    elsewhere = {Status.ASSESSING, Status.INFO_REQUESTED, Status.WITHDRAWAL_REQUESTED, Status.REDIRECTING}
    assert found >= set(Status) - elsewhere - {Status.SCHEDULED, Status.REDIRECTED}


def _forms(visitor: Visitor) -> set[str]:
    """Return the forms a page leads to, by the end of their addresses."""
    links = visitor.page.locator("main a").evaluate_all("(all) => all.map((one) => one.getAttribute('href'))")
    return {found[1] for link in links if (found := _FORM.fullmatch(link or "")) and "vedlegg" not in found[1]}


def _look(visitor: Visitor, name: str) -> None:
    """Look at one page in the dark and on a narrow screen; the same parts are seen in the light elsewhere."""
    visitor.page.emulate_media(color_scheme="dark")
    visitor.assert_accessible()
    visitor.assert_fits()
    visitor.assert_quiet()
    visitor.screenshot(f"state-{name}")
