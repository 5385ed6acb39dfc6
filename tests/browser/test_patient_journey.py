"""A patient in a real browser: what happens, by when, whom to ask, and who has read; in three languages."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.clinic import Clinic, look_at, open_clinic
from tests.browser.harness import LANGUAGES, NARROW, Visitor, in_language
from tests.referral.nodes import LEADER

pytestmark = pytest.mark.browser
MINE = "/mine-henvisninger"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[Clinic]:
    """A ward with one case in every state, served over HTTP."""
    with open_clinic(tmp_path_factory.mktemp("clinic"), empty_sqlite) as made:
        yield made


@pytest.mark.parametrize("tag", LANGUAGES)
@pytest.mark.parametrize("state", ["overdue", "scheduled", "completed"])
def test_every_page_of_the_patient_is_good_in_every_language(
    clinic: Clinic, chromium: Browser, tag: str, state: str
) -> None:
    case = clinic.ward.cases[state]
    with clinic.visited_by(chromium, clinic.patient(state), bypass_csp=True) as visitor:
        for name, path in (
            ("list", MINE),
            ("case", f"{MINE}/{case}"),
            ("readers", f"{MINE}/{case}/hvem-har-lest"),
            ("ask", f"{MINE}/{case}/spor"),
        ):
            visitor.open(in_language(path, tag))
            look_at(visitor, tag)
            visitor.screenshot(f"patient-{state}-{name}-{tag}")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_patient_goes_from_the_list_to_the_appointment_and_to_who_has_read(
    clinic: Clinic, chromium: Browser, javascript: bool
) -> None:
    window = {"javascript": javascript, "viewport": {"width": NARROW, "height": 700}}
    with clinic.visited_by(chromium, clinic.patient("scheduled"), **window) as visitor:
        page = visitor.page
        visitor.open(MINE)
        page.get_by_role("link", name="Henvisning til Fjordheim DPS").click()
        expect(page.locator("#next-step-heading")).to_have_text("Første time er satt hos Fjordheim DPS")
        visitor.screenshot("patient-mobile")
        page.get_by_role("link", name="Se hvem som har lest").click()
        expect(page.locator("main")).to_contain_text(
            "Ingrid Inntak, psykolog ved Fjordheim DPS åpnet henvisningen"
        )
        visitor.assert_quiet()


def test_a_patient_waits_for_a_refusal_with_the_deadline_in_sight(clinic: Clinic, chromium: Browser) -> None:
    with clinic.visited_by(chromium, clinic.patient("rejected")) as visitor:
        visitor.open(f"{MINE}/{clinic.ward.cases['rejected']}")
        expect(visitor.page.locator("#next-step-heading")).to_have_text("Fjordheim DPS vurderer henvisningen")
        expect(visitor.page.locator("main")).not_to_contain_text("Ikke rett")


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_patient_points_at_a_line_of_the_log_and_a_leader_answers(
    clinic: Clinic, chromium: Browser, tag: str
) -> None:
    case = clinic.ward.cases["started"]
    way: dict[str, Any] = {"javascript": False} if tag == "nb" else {"bypass_csp": True}
    with clinic.visited_by(chromium, clinic.patient("started"), **way) as patient:
        patient.open(in_language(f"{MINE}/{case}/hvem-har-lest", tag))
        patient.page.locator("form[action$='/spor'] button").first.click()
        patient.page.locator("#f-text").fill(f"Hvorfor? {tag}")
        patient.page.locator("main form button").click()
        with clinic.visited_by(chromium, LEADER, **way) as leader:
            leader.open(in_language("/sporsmal", tag))
            _look_unless_without_script(leader, tag)
            leader.page.locator("ul.rows a").first.click()
            _look_unless_without_script(leader, tag)
            leader.page.locator("#f-text").fill(f"Hun deler ut sakene. {tag}")
            leader.page.locator("main form button").click()
            expect(leader.page.locator("main [role=status]").first).to_be_visible()
        patient.page.reload()
        expect(patient.page.get_by_text(f"Hun deler ut sakene. {tag}")).to_be_visible()
        _look_unless_without_script(patient, tag)


def _look_unless_without_script(visitor: Visitor, tag: str) -> None:
    if tag != "nb":
        look_at(visitor, tag)
