"""The referrer in a real Chromium: every page in every language and light, the whole way, no script."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from handover.ids import ReferralId
from handover.referral import service
from tests.browser.at_work import AtWork, at_work, fill
from tests.browser.harness import LANGUAGES, Visitor, in_language, look_at
from tests.referral.nodes import INGRID, OLA, acceptance
from tests.referral.test_sending_pages import id_in

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[AtWork]:
    """A municipality with a referral in every state."""
    with at_work(tmp_path_factory.mktemp("busy"), empty_sqlite) as made:
        fill(made)
        yield made


@pytest.fixture
def quiet(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[AtWork]:
    """A municipality without referrals."""
    with at_work(tmp_path_factory.mktemp("quiet"), empty_sqlite) as made:
        yield made


def pages_of(at: AtWork) -> list[str]:
    """Return the address of every page a referrer meets."""
    cases, home = at.cases, "/henvisninger"
    return [
        f"{home}/",
        f"{home}/?vis=closed",
        "/adressebok/",
        "/adressebok/?q=finnes+ikke",
        f"{home}/{cases['draft']}/skriv",
        f"{home}/{cases['draft']}/se-over",
        f"{home}/papir",
        *(f"{home}/{cases[state]}/{act}" for state, act in (("asked", "svar"), ("received", "opplysninger"))),
        *(f"{home}/{referral}" for state, referral in cases.items() if state != "draft"),
    ]


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_page_of_a_referrer_is_good_in_every_language_light_and_dark(
    chromium: Browser, busy: AtWork, tag: str
) -> None:
    with busy.visit(chromium, bypass_csp=True) as visitor:
        for path in pages_of(busy):
            visitor.open(in_language(path, tag))
            look_at(visitor, tag)


def test_refused_forms_are_good_too(chromium: Browser, busy: AtWork) -> None:
    with busy.visit(chromium, bypass_csp=True) as visitor:
        visitor.open("/henvisninger/papir")
        visitor.page.get_by_role("button", name="Registrer henvisningen").click()
        expect(visitor.page.locator("#error-summary")).to_be_focused()
        visitor.assert_good()
        visitor.open(f"/henvisninger/{busy.cases['asked']}/svar")
        visitor.page.get_by_role("button", name="Send svaret").click()
        expect(visitor.page.locator("#error-summary")).to_be_focused()
        visitor.assert_good()


@pytest.mark.parametrize("javascript", [True, False], ids=["with script", "without script"])
def test_a_referrer_goes_the_whole_way(chromium: Browser, quiet: AtWork, javascript: bool) -> None:
    with quiet.visit(chromium, javascript=javascript) as visitor:
        page = visitor.page
        visitor.open("/henvisninger/")
        page.get_by_role("link", name="Ny henvisning").click()
        page.get_by_label("Hva leter du etter?").fill("inntak")
        page.get_by_role("button", name="Søk").click()
        page.get_by_role("button", name="Skriv henvisning til Inntak voksne").click()
        write(page)
        page.get_by_role("button", name="Se henvisningen før du sender").click()
        expect(page.locator("h1")).to_have_text("Slik ser mottakeren henvisningen")
        expect(page.locator(".referral-content")).to_contain_text("Angst siden 2023")
        page.get_by_role("button", name=re.compile("Send henvisningen til")).click()
        expect(page.locator(".countdown")).to_contain_text(re.compile(r"Du kan angre i \d+ sekunder til"))
        page.get_by_role("button", name="Angre sendingen").click()
        expect(page.locator("#f-problem")).to_have_value("Angst siden 2023")
        page.get_by_role("button", name="Se henvisningen før du sender").click()
        page.get_by_role("button", name=re.compile("Send henvisningen til")).click()
        referral = id_in(page.url)
        follow(visitor, quiet, referral)
        visitor.assert_quiet()


def write(page: Page) -> None:
    """Fill in what a referral must have, leave something out, and put it right."""
    page.get_by_label("Fornavn").fill("Solveig")
    page.get_by_label("Etternavn").fill("Nes")
    page.get_by_label("Fødselsnummer eller D-nummer").fill("15868212388")
    page.get_by_label("Hva er problemet?").fill("Angst siden 2023")
    page.get_by_role("button", name="Se henvisningen før du sender").click()
    expect(page.locator("#error-summary")).to_be_focused()
    page.get_by_role("link", name="Skriv fødselsdatoen til pasienten.").click()
    page.get_by_label("Fødselsdato").fill("15.06.1982")
    page.get_by_label("Pasienten har sagt ja til henvisningen").check()
    expect(page.locator("#f-problem")).to_have_value("Angst siden 2023")


def follow(visitor: Visitor, at: AtWork, referral: ReferralId) -> None:
    """Follow a referral from sent to answered, and answer a question on the way."""
    page = visitor.page
    at.town.settle()
    at.town.do(INGRID, service.open_, referral)
    at.town.do(OLA, service.take, referral)
    at.town.do(OLA, service.ask, referral, "Hvilke medisiner brukes nå?")
    at.town.settle()
    page.reload()
    expect(page.locator("#next-step-heading")).to_have_text("Fjordheim DPS trenger svar fra dere")
    expect(page.locator(".timeline")).to_contain_text("Åpnet av Ingrid Inntak")
    page.get_by_role("link", name="Svar på spørsmålet").click()
    page.get_by_label("Svaret ditt").fill("Sertralin 50 mg")
    page.get_by_role("button", name="Send svaret").click()
    expect(page.locator("main")).to_contain_text("Svaret ditt er på vei til mottakeren.")
    at.town.settle()
    at.town.do(OLA, service.accept, referral, acceptance())
    at.town.settle()
    page.reload()
    expect(page.locator("#next-step-heading")).to_have_text("Pasienten har rett til behandling hos Fjordheim DPS")
    expect(page.locator(".history")).to_contain_text("Sertralin 50 mg")


def test_a_referral_is_written_and_sent_with_the_keyboard_alone(chromium: Browser, quiet: AtWork) -> None:
    with quiet.visit(chromium) as visitor:
        visitor.open("/adressebok/?q=inntak")
        visitor.press_until("Tab", on="button[name=til]")
        visitor.page.keyboard.press("Enter")
        for field, text in (("given", "Kari"), ("family", "Nordmann"), ("birth_date", "14.3.1998")):
            visitor.press_until("Tab", on=f"#f-{field}")
            visitor.page.keyboard.type(text)
        visitor.press_until("Tab", on="#f-problem")
        visitor.page.keyboard.type("Angst")
        visitor.press_until("Tab", on="#f-consent", at_most=80)
        visitor.page.keyboard.press("Space")
        visitor.press_until("Tab", on="button[value=preview]", at_most=80)
        visitor.page.keyboard.press("Enter")
        expect(visitor.page.locator("h1")).to_have_text("Slik ser mottakeren henvisningen")
        visitor.press_until("Tab", on="main form button.ds-button")
        visitor.page.keyboard.press("Enter")
        expect(visitor.page.locator("#next-step-heading")).to_have_text("Henvisningen er på vei til Fjordheim DPS")
        visitor.assert_quiet()


def test_a_draft_keeps_itself_and_is_no_conflict_with_the_same_writer(chromium: Browser, quiet: AtWork) -> None:
    with quiet.visit(chromium) as visitor:
        page = visitor.page
        visitor.open("/adressebok/?q=inntak")
        page.get_by_role("button", name="Skriv henvisning til Inntak voksne").click()
        page.locator("#f-problem").press_sequentially("Angst")
        expect(page.locator("[data-autosave-note]")).to_have_text("Utkastet er lagret.")
        page.locator("#f-risk").press_sequentially("Lav")
        expect(page.locator("[name=revision]")).not_to_have_value("1")
        page.reload()
        expect(page.locator("#f-problem")).to_have_value("Angst")
        page.locator("#f-history").press_sequentially("Samtaler")
        page.wait_for_timeout(990)  # about when the draft saves itself: both arrive at once
        page.get_by_role("button", name="Lagre utkastet").last.click()
        page.wait_for_url(re.compile("gjort=lagret"))
        expect(page.locator("#f-history")).to_have_value("Samtaler")
        visitor.assert_quiet()


def test_the_address_book_works_at_arms_length(chromium: Browser, busy: AtWork) -> None:
    with busy.visit(chromium, viewport={"width": 320, "height": 640}) as visitor:
        visitor.open("/adressebok/")
        visitor.page.get_by_label("Type tjeneste").select_option(label="Kommune")
        visitor.page.get_by_role("button", name="Søk").click()
        expect(visitor.page.locator(".service")).to_have_count(2)
        visitor.assert_fits()
        visitor.assert_quiet()
