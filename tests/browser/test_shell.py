"""The page shell and its parts in a real Chromium: languages, light and dark, small screens, keyboard."""

import re
from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Browser, expect

from handover import clock
from handover.actors import Role
from handover.bundle import service as handovers
from handover.person.model import Identity
from tests.access.world import BOTH, KARI, KOMMUNE, PSYCHOLOGISTS, STRANGER, TONE, World, world
from tests.browser import gallery
from tests.browser.gallery import Drafts
from tests.browser.harness import LANGUAGES, in_language, look_at, visiting
from tests.referral.nodes import staff

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def drafts_and_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Drafts, World]]:
    """A running node with the gallery on it."""
    found: list[Drafts] = []
    with world(tmp_path_factory.mktemp("browser"), also=lambda app: found.append(gallery.add_to(app))) as running:
        yield found[0], running


@pytest.fixture
def drafts(drafts_and_world: tuple[Drafts, World]) -> Drafts:
    """What the gallery's script saves."""
    drafts_and_world[0].saved.clear()
    drafts_and_world[0].news = False
    return drafts_and_world[0]


@pytest.fixture
def home(drafts_and_world: tuple[Drafts, World]) -> str:
    """The node's address."""
    return drafts_and_world[1].url


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_page_of_the_login_is_good_in_every_language(chromium: Browser, home: str, tag: str) -> None:
    with visiting(chromium, home, bypass_csp=True) as visitor:
        for path in ("/", "/logg-inn", "/no/such/page", "/logg-inn/svar?state=x"):
            visitor.open(in_language(path, tag))
            look_at(visitor, tag)
        visitor.open("/logg-inn/ansatt")
        expect(visitor.page.locator("html")).to_have_attribute("lang", tag)
        look_at(visitor, tag)
        visitor.page.get_by_role("link", name=BOTH.name).click()
        look_at(visitor, tag)
        visitor.page.locator(f"button[value='{KOMMUNE}']").click()
        visitor.open("/bekreft")
        look_at(visitor, tag)


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_part_of_a_page_is_good(chromium: Browser, home: str, tag: str) -> None:
    with visiting(chromium, home, bypass_csp=True) as visitor:
        visitor.log_in(TONE.name, then="/test/gallery")
        visitor.open(in_language("/test/gallery", tag))
        look_at(visitor, tag)
        visitor.page.locator("form[data-autosave] button").first.click()
        look_at(visitor, tag)
        visitor.screenshot(f"gallery-refused-{tag}")


def test_a_form_sent_when_the_session_is_over_is_good_and_goes_on(
    chromium: Browser, home: str, drafts: Drafts
) -> None:
    with visiting(chromium, home, bypass_csp=True) as visitor:
        visitor.log_in(TONE.name, then="/test/gallery")
        visitor.page.fill("#f-problem", "Angst\n\nsiden 2023")
        visitor.page.context.clear_cookies()
        visitor.page.locator("form[data-autosave] button").first.click()
        expect(visitor.page.locator("h1")).to_have_text("Du er logget ut")
        visitor.assert_good()
        with visitor.page.context.expect_page() as opened:
            visitor.page.get_by_role("link", name="Logg inn i en ny fane").click()
        tab = opened.value
        tab.locator("main a[href*='/logg-inn/ansatt']").click()
        tab.get_by_role("link", name=TONE.name, exact=True).first.click()
        expect(tab.locator("h1")).to_have_text("Du er logget inn igjen")
        tab.close()
        visitor.page.get_by_role("button", name="Send på nytt").click()
        expect(visitor.page.locator("h1")).to_have_text("Siden var for gammel")
        visitor.assert_good()
        visitor.page.get_by_role("button", name="Send på nytt").click()
        expect(visitor.page.locator("#f-problem")).to_have_value("Angst\n\nsiden 2023")


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ("<img src='/static/icon.svg?v=1'>", "image-alt"),
        ("<p style='color: #ccc; background: #ddd'>Lite kontrast her</p>", "color-contrast"),
        ("<div style='width: 900px'>bred</div>", "px wide"),
        ("<script>console.error('au')</script>", "au"),
        ("<img src='http://example.invalid/x.png' alt='x'>", "example.invalid"),
    ],
    ids=["axe: a picture without words", "axe: contrast", "too wide", "console", "another host"],
)
def test_the_harness_sees_what_is_wrong(chromium: Browser, home: str, broken: str, complaint: str) -> None:
    with visiting(chromium, home, bypass_csp=True) as visitor:
        visitor.open("/")
        visitor.page.set_content(f"<html lang=nb><title>x</title><main><h1>Prøve</h1>{broken}</main></html>")
        with pytest.raises(AssertionError, match=complaint):
            visitor.assert_good()


def test_forced_colours_and_small_screens_show_the_same_things(chromium: Browser, home: str) -> None:
    with visiting(chromium, home, bypass_csp=True, forced_colors="active") as visitor:
        visitor.log_in(TONE.name, then="/test/gallery")
        visitor.assert_good()
        visitor.screenshot("gallery-forced")
    with visiting(chromium, home, bypass_csp=True, viewport={"width": 320, "height": 640}) as visitor:
        visitor.log_in(TONE.name, then="/test/gallery")
        visitor.assert_good()
        visitor.screenshot("gallery-320")
        visitor.page.set_viewport_size({"width": 390, "height": 640})
        button = visitor.page.locator(".menu-box > summary").bounding_box()
        assert button is not None
        assert button["width"] > button["height"], "the word on it stands on one line"
    with visiting(chromium, home, color_scheme="dark") as visitor:
        visitor.log_in(TONE.name, then="/test/gallery")
        visitor.screenshot("gallery-dark")


@pytest.mark.parametrize("javascript", [True, False], ids=["with script", "without script"])
def test_a_refused_form_puts_the_focus_on_what_must_be_put_right(
    chromium: Browser, home: str, javascript: bool
) -> None:
    with visiting(chromium, home, javascript=javascript) as visitor:
        visitor.log_in(TONE.name, then="/test/gallery")
        visitor.page.fill("#f-problem", "Angst siden 2023\n<b>mye</b>")
        visitor.page.check("#f-helpers")
        visitor.page.locator("form[data-autosave] button").first.click()
        expect(visitor.page.locator("#error-summary")).to_be_focused()
        expect(visitor.page.locator("#f-problem")).to_have_value("Angst siden 2023\n<b>mye</b>")
        expect(visitor.page.locator("#f-helpers")).to_be_checked()
        expect(visitor.page.locator("#f-helpers-2")).to_be_checked()
        visitor.page.get_by_role("link", name="Velg ett av alternativene.").first.click()
        expect(visitor.page).to_have_url(re.compile("#f-urgency$"))
        visitor.assert_quiet()


def test_a_form_is_filled_and_sent_with_the_keyboard_alone(chromium: Browser, home: str) -> None:
    with visiting(chromium, home) as visitor:
        visitor.log_in(TONE.name, then="/test/gallery")
        visitor.page.keyboard.press("Tab")
        expect(visitor.page.locator(".ds-skip-link")).to_be_focused()
        visitor.page.keyboard.press("Enter")
        expect(visitor.page.locator("#main")).to_be_focused()
        visitor.press_until("Tab", on="#f-name")
        visitor.page.keyboard.type("Kari Nordmann")
        visitor.press_until("Tab", on="#f-urgency")
        visitor.page.keyboard.press("ArrowDown")
        visitor.press_until("Tab", on="form[data-autosave] button")
        visitor.page.keyboard.press("Enter")
        expect(visitor.page.locator("#f-urgency-2")).to_be_checked()
        expect(visitor.page.locator("#error-summary")).to_be_focused()


def test_a_draft_saves_itself_a_second_after_the_last_key(chromium: Browser, home: str, drafts: Drafts) -> None:
    with visiting(chromium, home) as visitor:
        visitor.log_in(TONE.name, then="/test/gallery")
        visitor.page.locator("#f-problem").press_sequentially("Angst", delay=50)
        expect(visitor.page.locator("[data-autosave-note]")).to_have_text("Lagret")
        visitor.assert_quiet()
    assert [saved["problem"] for saved in drafts.saved] == ["Angst"]


def test_news_comes_as_a_link_and_nothing_moves(chromium: Browser, home: str, drafts: Drafts) -> None:
    with visiting(chromium, home) as visitor:
        visitor.page.clock.install()
        visitor.log_in(TONE.name, then="/test/gallery")
        visitor.page.clock.fast_forward(21_000)
        expect(visitor.page.locator(".news")).to_be_empty()
        drafts.news = True
        visitor.page.clock.fast_forward(21_000)
        expect(visitor.page.locator(".news a")).to_have_text("1 ny sak – vis")
        visitor.assert_quiet()


def test_the_seconds_of_an_undo_count_down_and_then_the_button_is_gone(chromium: Browser, home: str) -> None:
    with visiting(chromium, home) as visitor:
        visitor.page.clock.install()
        visitor.log_in(TONE.name, then="/test/gallery")
        expect(visitor.page.locator(".countdown")).to_have_text("Du kan angre i 30 sekunder til.")
        visitor.page.clock.run_for(3_000)
        expect(visitor.page.locator(".countdown")).to_have_text("Du kan angre i 27 sekunder til.")
        visitor.page.clock.run_for(30_000)
        expect(visitor.page.locator(".countdown")).to_have_text("Henvisningen er sendt.")
        expect(visitor.page.locator("[data-undo]")).to_be_hidden()


def test_somebody_about_to_be_logged_out_is_warned_and_can_stay(chromium: Browser, home: str) -> None:
    with visiting(chromium, home) as visitor:
        visitor.page.clock.install()
        visitor.log_in(TONE.name, then="/test/gallery")
        visitor.page.clock.fast_forward(24 * 60_000)
        expect(visitor.page.locator(".session-note")).to_be_empty()
        visitor.page.clock.fast_forward(70_000)
        visitor.page.get_by_role("button", name="Fortsett å være logget inn").click()
        expect(visitor.page.locator(".session-note")).to_be_empty()
        visitor.assert_quiet()


def test_every_page_says_who_is_logged_in_for_whom(chromium: Browser, home: str) -> None:
    with visiting(chromium, home, javascript=False) as visitor:
        visitor.log_in(TONE.name, then="/test/gallery")
        expect(visitor.page.locator(".who")).to_contain_text("Du er logget inn som Tone Berg for")
        visitor.page.get_by_role("button", name="Logg ut").click()
        expect(visitor.page.locator("h1")).to_have_text("Du er logget ut av Overgang")
        visitor.page.get_by_role("link", name="Logg ut hos HelseID").click()
        expect(visitor.page.locator("h1")).to_have_text("Overgang")
    with visiting(chromium, home) as visitor:
        visitor.log_in(KARI.name, way="pasient", then="/test/gallery")
        expect(visitor.page.locator(".who")).to_contain_text("Du er logget inn")


def test_who_locked_a_meeting_with_escape_goes_on_in_it_after_a_renewed_login(
    chromium: Browser, drafts_and_world: tuple[Drafts, World], home: str
) -> None:
    patient = Identity(given="Solveig", family="Nes", birth_date=date(1982, 6, 15))
    colleague = staff(1, "Per Psykolog", KOMMUNE, PSYCHOLOGISTS, Role.REFERRER)
    with drafts_and_world[1].node.db.transaction() as session:
        met = handovers.start(session, by=colleague, service=PSYCHOLOGISTS, patient=patient, now=clock.now())
    with visiting(chromium, home) as visitor:
        page = visitor.page
        visitor.log_in(TONE.name, then=f"/overforinger/{met}/skriv")
        page.get_by_role("button", name="Begynn møtet med pasienten").press("Enter")
        expect(page.locator(".menu")).to_have_count(0)
        page.keyboard.press("Escape")
        expect(page.locator("h1")).to_have_text("Skjermen er låst")
        visitor.open("/overforinger/")
        expect(page.locator("main")).not_to_contain_text("Solveig")
        expect(page.locator("h1")).to_have_text("Skjermen er låst")
        page.go_back()
        visitor.press_until("Tab", on="main a[href*='/bekreft']")
        page.keyboard.press("Enter")
        page.get_by_role("link", name=TONE.name, exact=True).first.press("Enter")
        page.wait_for_url(f"{home}/overforinger/{met}/mote*")
        expect(page.locator("h1")).to_have_text("Hva skal bli med videre?")
        visitor.assert_quiet()


def test_somebody_who_is_not_registered_is_told_so(chromium: Browser, home: str) -> None:
    with visiting(chromium, home, bypass_csp=True) as visitor:
        visitor.log_in(STRANGER.name)
        expect(visitor.page.locator("h1")).to_have_text("Du er ikke logget inn")
        visitor.assert_good()


def test_the_page_works_under_its_own_policy(chromium: Browser, home: str) -> None:
    with visiting(chromium, home) as visitor:
        visitor.log_in(TONE.name, then="/test/gallery")
        visitor.assert_fits()
        visitor.assert_quiet()
        fonts = visitor.page.evaluate(
            "() => document.fonts.ready.then(() => document.fonts.check('16px \"Inter Variable\"'))"
        )
        assert fonts
        blocked = visitor.page.evaluate(
            "() => { try { document.body.innerHTML = '<p>x</p>'; return false; } catch { return true; } }"
        )
        assert blocked
