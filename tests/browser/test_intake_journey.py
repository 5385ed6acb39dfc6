"""An intake team in a real browser: the list, the case, the answer; with and without JavaScript, by keyboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from handover.referral import service
from handover.referral.lifecycle import Status
from tests.browser.clinic import Clinic, look_at, open_clinic
from tests.browser.harness import LANGUAGES, in_language
from tests.builders import INTAKE
from tests.referral.nodes import INGRID, OLA, PER
from tests.worklist.ward import identity

pytestmark = pytest.mark.browser
LIST = f"/arbeidsliste/{INTAKE}"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[Clinic]:
    """A ward with one case in every state, served over HTTP."""
    with open_clinic(tmp_path_factory.mktemp("clinic"), empty_sqlite) as made:
        yield made


def main(page: Page) -> str:
    """Return what stands in the page."""
    return page.locator("main").inner_text()


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_page_of_the_receiver_is_good_in_every_language(clinic: Clinic, chromium: Browser, tag: str) -> None:
    pages = {
        "worklist": LIST,
        "worklist-done": f"{LIST}?filter=ferdig",
        "ready-texts": f"{LIST}/tekster",
        "tasks": "/oppgaver",
        "case-overdue": clinic.case("overdue"),
        "case-scheduled": clinic.case("scheduled"),
        "case-withdrawing": clinic.case("withdrawing"),
        "case-rejected": clinic.case("rejected"),
        "act-accept": clinic.case("assessing", "rett"),
        "act-reject": clinic.case("assessing", "ikke-rett"),
        "act-ask": clinic.case("assessing", "spor"),
        "act-redirect": clinic.case("assessing", "send-videre"),
        "act-assign": clinic.case("assessing", "gi-til"),
        "act-schedule": clinic.case("accepted", "time"),
        "act-move": clinic.case("scheduled", "flytt-time"),
        "act-no-show": clinic.case("scheduled", "ikke-mott"),
        "act-complete": clinic.case("started", "avslutt"),
        "act-confirm": clinic.case("withdrawing", "bekreft-trukket"),
    }
    with clinic.visited_by(chromium, INGRID, bypass_csp=True) as visitor:
        for name, path in pages.items():
            answer = visitor.open(in_language(path, tag))
            assert answer is not None
            assert answer.status == 200, path
            look_at(visitor, tag)
            visitor.screenshot(f"{name}-{tag}")


def test_a_refused_refusal_and_its_preview_are_good(clinic: Clinic, chromium: Browser) -> None:
    with clinic.visited_by(chromium, INGRID, bypass_csp=True) as visitor:
        page = visitor.page
        visitor.open(clinic.case("assessing", "ikke-rett"))
        page.get_by_role("button", name="Se svaret før du sender det").click()
        expect(page.locator("#error-summary")).to_be_focused()
        visitor.assert_good()
        visitor.screenshot("reject-refused")
        page.fill("#f-reason", "Kommunens tilbud passer bedre nå.")
        page.fill("#f-advice", "Samtaler hos psykolog i kommunen.")
        page.get_by_role("button", name="Se svaret før du sender det").click()
        expect(page.get_by_role("heading", name="Pasienten leser")).to_be_visible()
        visitor.assert_good()
        visitor.screenshot("reject-preview")


def test_an_intake_coordinator_takes_and_refuses_a_case_by_keyboard_alone(
    clinic: Clinic, chromium: Browser
) -> None:
    with clinic.visited_by(chromium, INGRID) as visitor:
        page = visitor.page
        visitor.open(LIST)
        visitor.press_until("Tab", on="a[href*='filter=ledige']")
        page.keyboard.press("Enter")
        page.wait_for_url("**filter=ledige")
        visitor.press_until("Tab", on=f"a[href='{clinic.case('received')}']")
        page.keyboard.press("Enter")
        visitor.press_until("Tab", on="form[action$='/ta'] button")
        page.keyboard.press("Enter")
        expect(page.locator("[role=status] .ds-alert")).to_contain_text("Du har tatt saken.")
        visitor.press_until("Tab", on="a[href$='/ikke-rett']")
        page.keyboard.press("Enter")
        visitor.press_until("Tab", on="#f-reason")
        page.keyboard.type("Kommunens tilbud passer bedre nå.")
        visitor.press_until("Tab", on="#f-assessor_phone")
        page.keyboard.press("Enter")
        expect(page.locator("#error-summary")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("#f-advice")).to_be_focused()
        page.keyboard.type("Samtaler hos psykolog i kommunen.")
        visitor.press_until("Tab", on="button[value=preview]:not([hidden])")
        page.keyboard.press("Enter")
        expect(page.locator("#preview")).to_contain_text("Pasienten ser svaret når henviseren har åpnet det")
        visitor.press_until("Tab", on="button[value=send]:not([hidden])")
        page.keyboard.press("Enter")
        expect(page.locator("h2#next-step-heading")).to_contain_text("Ikke rett til behandling")
        visitor.assert_quiet()
    town = clinic.ward.at_its_time().town
    assert town.see(INGRID, clinic.ward.cases["received"]).standing.status is Status.REJECTED


@pytest.mark.parametrize("javascript", [True, False])
def test_a_team_asks_accepts_and_sets_an_appointment_with_and_without_javascript(
    clinic: Clinic, chromium: Browser, javascript: bool
) -> None:
    town = clinic.ward.at_its_time().town
    case = town.taken(patient=identity("completed"))
    path = f"/mottatt/{INTAKE}/{case}"
    with clinic.visited_by(chromium, OLA, javascript=javascript) as visitor:
        page = visitor.page
        visitor.open(path)
        page.get_by_role("link", name="Spør henviseren").click()
        page.get_by_text("Ferdige tekster").click()
        page.get_by_role("button", name="Sett inn «Medisiner»").click()
        expect(page.locator("#f-question")).to_contain_text("hvilke medisiner")
        page.get_by_role("button", name="Send spørsmålet").click()
        assert "Fristen løper videre." in main(page)
        town.settle()
        town.do(PER, service.answer, case, "Ingen medisiner nå.")
        town.settle()
        visitor.open(path)
        assert "Ingen medisiner nå." in main(page)
        page.get_by_role("link", name="Gi rett til behandling").click()
        page.fill("#f-latest_start", "15.01.2027")
        page.fill("#f-next_step", "Du får time innen to uker.")
        page.get_by_role("button", name="Se svaret før du sender det").click()
        expect(page.locator("#preview")).to_contain_text("Du får hjelp. Den starter senest")
        page.get_by_role("button", name="Send svaret").click()
        page.get_by_role("link", name="Sett første time").click()
        for name, text in (("day", "30.11.2026"), ("clock", "10.15"), ("place", "Fjordgata 2")):
            page.fill(f"#f-{name}", text)
        page.get_by_role("button", name="Sett timen").click()
        assert "Mandag 30. november kl.\u00a010.15 (60 minutter)" in main(page)
        visitor.assert_quiet()


def test_a_new_case_is_told_in_the_open_list(clinic: Clinic, chromium: Browser) -> None:
    town = clinic.ward.at_its_time().town
    with clinic.visited_by(chromium, INGRID) as visitor:
        visitor.page.clock.install()
        visitor.open(LIST)
        town.sent(patient=identity("asked"))
        visitor.page.clock.fast_forward(21_000)
        link = visitor.page.locator("[role=status] a")
        expect(link).to_have_text("1 ny sak – vis")
        link.click()
        expect(visitor.page.locator("[role=status] a")).to_have_count(0)
        visitor.assert_quiet()


def test_two_windows_on_one_case_end_in_one_plain_sentence(clinic: Clinic, chromium: Browser) -> None:
    town = clinic.ward.at_its_time().town
    case = town.sent(patient=identity("started"))
    path = f"/mottatt/{INTAKE}/{case}"
    with (
        clinic.visited_by(chromium, INGRID, bypass_csp=True) as first,
        clinic.visited_by(chromium, OLA) as second,
    ):
        for visitor in (first, second, first):
            visitor.open(path)
        second.page.get_by_role("button", name="Ta saken").click()
        first.page.get_by_role("button", name="Ta saken").click()
        expect(first.page.locator(".ds-alert h2")).to_have_text("Saken har endret seg")
        assert "Ola Overlege vurderer henvisningen." in main(first.page)
        first.assert_good()
        first.screenshot("stale")
