"""The pages of threads in a real browser: every language, phone width, by keyboard, without JavaScript."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from handover.message.model import Priority
from tests.browser.at_work import AtWork, at_work
from tests.browser.harness import LANGUAGES, NARROW, in_language, look_at
from tests.builders import FACT, INTAKE
from tests.message.nodes import QUESTION, Post
from tests.referral.nodes import INGRID, PER

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def threads(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[tuple[AtWork, list[str]]]:
    """Two nodes with one thread that was answered, and one draft; and the addresses of its pages."""
    with at_work(tmp_path_factory.mktemp("messages"), empty_sqlite) as made:
        post = Post(made.town)
        sent = post.send(PER, [INTAKE], "Hei.\n\n- **Plan** følger", priority=Priority.SOON)
        post.answer(INGRID, sent, "Takk.")
        draft = post.begin(PER, [INTAKE], "Hvor lang er ventetiden?", about=QUESTION)
        home = post.see(PER, sent).standing.home.service
        letter = f"/meldinger/{home}/{draft.thread}/{draft.message}"
        thread = f"/meldinger/{home}/{sent.thread}"
        yield made, ["/meldinger/", f"/meldinger/ny?til={FACT}", thread, f"{letter}/skriv", f"{letter}/se"]


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_page_of_threads_fits_a_phone_and_is_accessible(
    chromium: Browser, threads: tuple[AtWork, list[str]], tag: str
) -> None:
    at, pages = threads
    with at.visit(chromium, viewport={"width": NARROW, "height": 800}) as visitor:
        for url in pages:
            visitor.open(in_language(url, tag))
            look_at(visitor, tag)


def test_a_message_is_left_by_keyboard_without_javascript(
    chromium: Browser, threads: tuple[AtWork, list[str]]
) -> None:
    at, _pages = threads
    with at.visit(chromium, javascript=False) as visitor:
        page = visitor.page
        visitor.open(f"/meldinger/ny?til={INTAKE}")
        page.get_by_label("Hva gjelder meldingen?").select_option("question")
        visitor.press_until("Tab", on="button:has-text('Skriv meldingen')")
        page.keyboard.press("Enter")
        page.get_by_label("Melding", exact=True).fill("Tar dere imot nye?")
        visitor.press_until("Tab", on="button:has-text('Se over og send')")
        page.keyboard.press("Enter")
        visitor.press_until("Tab", on="button:has-text('Send meldingen')")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Angre sendingen")).to_be_visible()
        expect(page.get_by_text("Tar dere imot nye?")).to_be_visible()
