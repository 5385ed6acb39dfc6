"""A clinician and a patient in a real Chromium, from the first word to the patient's yes and sending."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.at_work import AtWork, at_work
from tests.browser.harness import Visitor
from tests.referral.nodes import PATIENT

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtWork]:
    """A municipality without cases."""
    with at_work(tmp_path_factory.mktemp("handover")) as made:
        yield made


def begin(visitor: Visitor) -> None:
    """Begin a handover from scratch, to a service in the address book."""
    page = visitor.page
    visitor.open("/overforinger/")
    page.get_by_role("link", name="Ny overføring").first.click()
    page.get_by_role("button", name="Begynn overføringen").click()
    expect(page.locator("#error-summary")).to_be_visible()
    page.get_by_label("Fødselsnummer eller D-nummer").fill("15868212388")
    page.get_by_label("Fornavn").fill("Solveig")
    page.get_by_label("Etternavn").fill("Nes")
    page.get_by_label("Fødselsdato").fill("15.06.1982")
    page.get_by_role("button", name="Begynn overføringen").click()
    expect(page.locator("h1")).to_have_text("Hvem skal ta over?")
    page.get_by_label("Navn på tjeneste, etat eller sted").fill("inntak")
    page.get_by_role("button", name="Søk").click()
    page.get_by_role("button", name="Velg Inntak voksne").click()


def write(page: Page) -> None:
    """Write under some of the ready topics."""
    page.get_by_role("button", name="Skriv om «Hva som hjelper meg").click()
    page.get_by_label("Det du skriver").last.fill("Korte turer om morgenen.")
    page.locator(".slip button[value=save]:visible").last.click()
    expect(page.locator(".slip [role=status]")).to_have_text("Lagret.")


def test_smoke(chromium: Browser, town: AtWork) -> None:
    with town.visit(chromium) as visitor:
        page = visitor.page
        begin(visitor)
        write(page)
        page.get_by_role("button", name="Skriv «Grønt").click()
        page.get_by_role("button", name="Begynn møtet").click()
        page.get_by_role("link", name="Ett om gangen").click()
        page.get_by_label("Bli med videre").first.check()
        visitor.screenshot("h-meet-one")
        page.get_by_role("button", name="Neste").click()
        page.get_by_role("link", name="Alt på en gang").click()
        visitor.screenshot("h-meet")
        page.get_by_role("link", name="Se det den nye får lese").click()
        visitor.screenshot("h-preview")
        page.get_by_role("link", name="Gå videre til ja").click()
        visitor.screenshot("h-yes")
        page.get_by_role("button", name="Pasienten sier ja").click()
        visitor.screenshot("h-approved")
        page.get_by_role("button", name="Send til").click()
        visitor.screenshot("h-sent")
        town.town.settle()
        page.reload()
        visitor.screenshot("h-received")
        page.get_by_role("link", name="Se det som ble sendt").click()
        visitor.screenshot("h-doc")
        visitor.open("/overforinger/")
        visitor.screenshot("h-list")
    with town.visit(chromium, by=PATIENT, viewport={"width": 360, "height": 740}) as visitor:
        visitor.open("/mine-overforinger")
        visitor.screenshot("h-home")
