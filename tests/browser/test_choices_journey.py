"""A patient chooses what is shared in a real browser: three languages, phone width, keyboard, no JavaScript."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.clinic import Clinic, open_clinic
from tests.browser.harness import LANGUAGES, NARROW, in_language, look_at
from tests.builders import NAV

pytestmark = pytest.mark.browser
MINE = "/mine-valg"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[Clinic]:
    """A ward with one case in every state, served over HTTP."""
    with open_clinic(tmp_path_factory.mktemp("clinic"), empty_sqlite) as made:
        yield made


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_page_about_sharing_is_good_in_every_language(clinic: Clinic, chromium: Browser, tag: str) -> None:
    with clinic.visited_by(chromium, clinic.patient("scheduled"), bypass_csp=True) as visitor:
        for name, path in (
            ("list", MINE),
            ("no", f"{MINE}/nei"),
            ("yes", f"{MINE}/ja"),
            ("log", f"{MINE}/hvem-har-lest"),
        ):
            visitor.open(in_language(path, tag))
            look_at(visitor, tag)
            visitor.screenshot(f"choices-{name}-{tag}")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_patient_says_yes_to_nav_changes_it_and_takes_it_back_by_keyboard_on_a_phone(
    clinic: Clinic, chromium: Browser, javascript: bool
) -> None:
    window = {"javascript": javascript, "viewport": {"width": NARROW, "height": 700}}
    with clinic.visited_by(chromium, clinic.patient("completed"), **window) as visitor:
        page, main = visitor.page, visitor.page.locator("main")
        visitor.open(f"{MINE}/ja")
        page.get_by_role("button", name="Lagre valget").press("Enter")
        expect(page.locator("#error-summary")).to_contain_text("Velg minst ett tema.")
        page.locator(f"input[name=target][value='{NAV}']").press("Space")
        page.locator("input[name=purpose][value=handover]").press("Space")
        page.locator("input[name=topics][value=plans]").press("Space")
        for box in page.locator("input[name=agency]").all():
            box.check()
        page.get_by_role("button", name="Lagre valget").press("Enter")
        expect(main).to_contain_text("Ja: noe kan sendes til NAV Fjordheim")

        page.get_by_role("link", name="Endre dette valget").first.press("Enter")
        page.locator("input[name=topics][value=crisis]").press("Space")
        page.get_by_role("button", name="Lagre valget").press("Enter")
        expect(main).to_contain_text("Planer og avtaler; Kriseplan")
        while page.get_by_role("button", name="Ta dette valget tilbake").count():
            page.get_by_role("button", name="Ta dette valget tilbake").first.press("Enter")
            expect(main).to_contain_text("Valget er tatt tilbake.")
        visitor.assert_quiet()
