"""The pages of threads in a real browser: every language, phone width, by keyboard, without JavaScript."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from handover.actors import Role
from handover.message import service
from handover.message.model import By, Offer, Priority, Slot, SlotId
from tests.browser.at_work import AtWork, at_work
from tests.browser.harness import LANGUAGES, NARROW, in_language, look_at
from tests.builders import FACT, INTAKE, MUNICIPALITY, PSYCHOLOGIST
from tests.message.nodes import PDF, QUESTION, Post
from tests.referral.nodes import FATIMA, INGRID, PER, staff
from tests.referral.visiting import register

pytestmark = pytest.mark.browser

FACT_LEADER = staff(61, "Lea Leder", MUNICIPALITY, FACT, Role.LEADER)


@pytest.fixture(scope="module")
def threads(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[tuple[AtWork, list[str]]]:
    """Two nodes with threads that were answered, one by one of two; a draft; and the addresses of the pages."""
    with at_work(tmp_path_factory.mktemp("messages"), empty_sqlite) as made:
        register(made.town, FACT_LEADER)
        post = Post(made.town)
        sent = post.send(PER, [INTAKE], "Hei.\n\n- **Plan** følger", priority=Priority.SOON)
        post.answer(INGRID, sent, "Takk.")
        times = tuple(
            Slot(id=SlotId(uuid4()), start=made.town.now + timedelta(days=day), minutes=30) for day in (1, 2)
        )
        offer = Offer(by=By.VIDEO, slots=times, where="https://video.example/rom")
        asked = post.send(FATIMA, [PSYCHOLOGIST], "Kan vi ta det på video?", offer=offer)
        day = made.town.now.date() + timedelta(days=9)
        several = post.send(PER, [INTAKE, FACT], "Hva tenker dere?", answer_by=day)
        post.answer(INGRID, several, "Det går bra.", to=[PSYCHOLOGIST])
        draft = post.begin(PER, [INTAKE], "Hvor lang er ventetiden?", about=QUESTION, offer=offer)
        letter = f"/meldinger/{PSYCHOLOGIST}/{draft.thread}/{draft.message}"
        thread = f"/meldinger/{PSYCHOLOGIST}/{sent.thread}"
        pages = ["/meldinger/", f"/meldinger/ny?til={FACT}", thread, f"/meldinger/{PSYCHOLOGIST}/{asked.thread}"]
        pages += [f"/meldinger/{PSYCHOLOGIST}/{several.thread}", f"/arbeidsliste/{PSYCHOLOGIST}/tekster"]
        pages += [f"{thread}/{page}" for page in ("videre", "ta-med", "utskrift", "notat")]
        pages += [f"{thread}/{sent.message}/{page}" for page in ("feil", "rett")]
        pages += [f"{letter}/{page}" for page in ("skriv", "se", "mottakere", "gjelder", "samtale")]
        yield made, pages


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


def test_a_message_sent_by_mistake_is_taken_back_before_and_after_it_was_opened(
    chromium: Browser, threads: tuple[AtWork, list[str]]
) -> None:
    at, _pages = threads
    post = Post(at.town)
    unread, read = (post.send(PER, [FACT], text) for text in ("Ulest feil", "Lest feil"))
    post.do(FATIMA, read, service.open_)
    at.town.settle()
    with at.visit(chromium, javascript=False) as visitor:
        page = visitor.page
        for begun, what in ((unread, "Den forsvinner."), (read, "Den blir skjult for alle der")):
            visitor.open(f"/meldinger/{PSYCHOLOGIST}/{begun.thread}")
            page.get_by_role("link", name="Sendt ved en feil?").click()
            expect(page.get_by_text(what)).to_be_visible()
            expect(page.get_by_role("link", name="Rett mottaker eller pasient")).to_be_visible()
            page.get_by_role("radio", name="Feil mottaker").check()
            visitor.press_until("Tab", on="button:has-text('Trekk meldingen tilbake')")
            page.keyboard.press("Enter")
            expect(page.get_by_text("Per Psykolog trakk meldingen tilbake")).to_be_visible()
    at.town.settle()
    with at.visit(chromium, by=FACT_LEADER) as visitor:
        page = visitor.page
        visitor.open("/meldinger/")
        confirm = page.locator(".rows > li", has_text="Må bekreftes")
        expect(confirm).to_have_count(1)
        confirm.locator(".row-title a").click()
        expect(page.get_by_text("Lest feil")).to_have_count(0)
        visitor.assert_good()
        page.get_by_role("button", name="Bekreft at meldingen er skjult").click()
        expect(page.get_by_text("Du har bekreftet at meldingen er skjult")).to_be_visible()
    at.town.settle()
    with at.visit(chromium) as visitor:
        visitor.open(f"/meldinger/{PSYCHOLOGIST}/{read.thread}")
        expect(visitor.page.get_by_text("Lea Leder har bekreftet det")).to_be_visible()
        visitor.open(f"/meldinger/{PSYCHOLOGIST}/{unread.thread}")
        expect(visitor.page.get_by_text("Borte. Ingen der har åpnet den")).to_be_visible()


def test_a_time_for_a_talk_is_picked_by_keyboard_without_javascript(
    chromium: Browser, threads: tuple[AtWork, list[str]]
) -> None:
    at, pages = threads
    with at.visit(chromium, javascript=False) as visitor:
        page = visitor.page
        visitor.open(pages[3])
        page.get_by_role("radio").first.focus()
        page.keyboard.press("Space")
        visitor.press_until("Tab", on="button:has-text('Avtal dette tidspunktet')")
        page.keyboard.press("Enter")
        expect(page.get_by_text("valgt av Per Psykolog")).to_be_visible()
        with page.expect_download() as file:
            page.get_by_role("link", name="Legg det i kalenderen").click()
        assert file.value.suggested_filename == "avtale.ics"


def test_a_chosen_message_is_forwarded_with_its_document_and_a_third_service_is_let_in_without_history(
    chromium: Browser, threads: tuple[AtWork, list[str]]
) -> None:
    at, _pages = threads
    post = Post(at.town)
    sent = post.begin(PER, [INTAKE], "Se vedlagt plan")
    post.do(PER, sent, service.attach, sent.message, "plan.pdf", PDF)
    post.do(PER, sent, service.send, sent.message)
    at.town.settle()
    post.answer(INGRID, sent, "Dette er mellom oss")
    with at.visit(chromium) as visitor:
        page = visitor.page
        visitor.open(f"/meldinger/{PSYCHOLOGIST}/{sent.thread}")
        page.locator("article", has_text="Se vedlagt plan").get_by_role("link", name="Videresend").click()
        expect(page.get_by_role("checkbox", checked=True)).to_have_count(1)
        page.get_by_label("Hvem skal få dem?").select_option(FACT)
        page.get_by_role("button", name="Skriv meldingen").click()
        expect(page.get_by_role("button", name="Ikke ta med denne meldingen")).to_be_visible()
        visitor.assert_accessible()
        forwarded = _sent_as(page, "Til orientering").split("/")[-1]
        visitor.open(f"/meldinger/{PSYCHOLOGIST}/{sent.thread}")
        page.get_by_role("link", name="Ta med en tjeneste til").click()
        page.get_by_label("Hvilken tjeneste skal bli med?").select_option(FACT)
        page.get_by_label("Bare det som sendes fra nå av").check()
        page.get_by_role("button", name="Skriv meldingen").click()
        _sent_as(page, "Velkommen med")
    at.town.settle()
    with at.visit(chromium, by=FATIMA) as visitor:
        page = visitor.page
        visitor.open(f"/meldinger/{FACT}/{forwarded}")
        along = page.get_by_role("region", name="Videresendt melding fra Per Psykolog")
        expect(along.get_by_text("Se vedlagt plan")).to_be_visible()
        expect(along.get_by_text("Sendt videre av Per Psykolog")).to_be_visible()
        with page.expect_download() as file:
            along.get_by_role("link", name="plan.pdf").click()
        assert file.value.path().read_bytes() == PDF
        visitor.assert_accessible()
        visitor.assert_fits()
        visitor.open(f"/meldinger/{FACT}/{sent.thread}")
        expect(page.get_by_text("Velkommen med")).to_be_visible()
        for earlier in ("Se vedlagt plan", "Dette er mellom oss"):
            expect(page.get_by_text(earlier)).to_have_count(0)


def _sent_as(page: Page, text: str) -> str:
    """Write the draft that is open, send it as it is previewed, and return where its thread is."""
    page.get_by_label("Melding", exact=True).fill(text)
    page.get_by_role("button", name="Se over og send").click()
    page.get_by_role("button", name="Send meldingen").click()
    expect(page.get_by_role("button", name="Angre sendingen")).to_be_visible()
    return page.url.split("?")[0]
