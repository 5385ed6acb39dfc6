"""The pages of notices in a real browser: three languages, phone width, keyboard, no JavaScript; the tab."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from handover.actors import Patient, Staff
from tests.browser.clinic import Clinic, open_clinic
from tests.browser.harness import LANGUAGES, NARROW, in_language, look_at
from tests.builders import INTAKE
from tests.notice.people import Pigeonhole, code_in, give_pigeonhole, send
from tests.referral.nodes import OLA

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[Clinic]:
    """A ward with one case in every state, served over HTTP."""
    with open_clinic(tmp_path_factory.mktemp("clinic"), empty_sqlite) as made:
        yield made


@pytest.fixture(scope="module")
def hole(clinic: Clinic) -> Pigeonhole:
    """Where the ward's notices end."""
    return give_pigeonhole(clinic.ward.town.dps)


@pytest.mark.parametrize("tag", LANGUAGES)
def test_the_pages_of_settings_are_good_in_every_language(
    clinic: Clinic, chromium: Browser, hole: Pigeonhole, tag: str
) -> None:
    people: tuple[tuple[Staff | Patient, str], ...] = (
        (OLA, "/varsler"),
        (clinic.patient("scheduled"), "/mine-varsler"),
    )
    for who, path in people:
        with clinic.visited_by(chromium, who, bypass_csp=True) as visitor:
            visitor.open(in_language(path, tag))
            look_at(visitor, tag)
            visitor.page.locator("input[name=channel][value=sms]").check()
            visitor.page.locator("input[name=address]").fill("2233")
            visitor.page.locator("main form button").last.click()
            expect(visitor.page.locator("#error-summary")).to_be_visible()
            visitor.assert_accessible()
            visitor.screenshot(f"notices-{path[1:]}-{tag}")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_patient_chooses_sms_and_writes_the_code_by_keyboard_on_a_phone(
    clinic: Clinic, chromium: Browser, hole: Pigeonhole, javascript: bool
) -> None:
    window = {"javascript": javascript, "viewport": {"width": NARROW, "height": 700}}
    state = "completed" if javascript else "started"
    with clinic.visited_by(chromium, clinic.patient(state), **window) as visitor:
        page, main = visitor.page, visitor.page.locator("main")
        visitor.open("/mine-varsler")
        page.locator("input[name=channel][value=sms]").press("Space")
        page.locator("input[name=address]").fill("912 34 567")
        page.get_by_role("button", name="Lagre").press("Enter")
        expect(main).to_contain_text("Vi sender en kode til adressen.")
        town = clinic.ward.town
        send(town.dps, town.pass_time(minutes=1))
        page.locator("input[name=code]").fill(code_in(hole.letters[-1]))
        page.get_by_role("button", name="Bekreft").press("Enter")
        expect(main).to_contain_text("Varsler kommer nå til +4791234567.")
        visitor.assert_quiet()


def test_the_tab_says_how_much_is_asked_of_me_with_and_without_javascript(
    clinic: Clinic, chromium: Browser
) -> None:
    titles = []
    for javascript in (True, False):
        with clinic.visited_by(chromium, OLA, javascript=javascript) as visitor:
            visitor.open(f"/arbeidsliste/{INTAKE}")
            titles.append(visitor.page.title())
    assert titles[0] == titles[1]
    assert titles[0].startswith("(")
    assert "Arbeidsliste" in titles[0]
