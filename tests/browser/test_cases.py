"""An anonymous case in a real browser: discussed, linked on the patient's yes, and anonymous again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from handover.message import service
from handover.person.model import Identity
from tests.browser.at_work import AtWork, at_work
from tests.browser.harness import LANGUAGES, NARROW, in_language, look_at
from tests.builders import INTAKE
from tests.message.cases import CASE, discuss, known, link, withdraw
from tests.message.nodes import PATIENT, Post
from tests.referral.nodes import INGRID, NUMBER, PER

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[tuple[AtWork, Post]]:
    """Two nodes; one of them knows the patient."""
    with at_work(tmp_path_factory.mktemp("cases"), empty_sqlite) as made:
        post = Post(made.town)
        known(post, PER, PATIENT)
        yield made, post


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_page_of_a_case_fits_a_phone_and_is_accessible(
    chromium: Browser, cases: tuple[AtWork, Post], tag: str
) -> None:
    at, post = cases
    draft = post.begin(PER, [INTAKE], "Solveig bor i Storgata 12.", about=CASE)
    sent = discuss(post, PER, [INTAKE])
    linked = discuss(post, PER, [INTAKE])
    link(post, PER, linked, INTAKE)
    home = post.see(PER, sent).standing.home.service
    letter, thread = f"/meldinger/{home}/{draft.thread}/{draft.message}", f"/meldinger/{home}/{sent.thread}"
    mistake = f"/meldinger/{home}/{linked.thread}/koble-fra"
    pages = (
        f"/meldinger/sak/ny?til={INTAKE}",
        f"{letter}/skriv",
        f"{letter}/se",
        thread,
        f"{thread}/koble",
        mistake,
    )
    with at.visit(chromium, viewport={"width": NARROW, "height": 800}) as visitor:
        for url in pages:
            visitor.open(in_language(url, tag))
            look_at(visitor, tag)


def test_a_case_goes_from_no_name_to_the_patients_yes_and_back_by_keyboard_without_javascript(
    chromium: Browser, cases: tuple[AtWork, Post]
) -> None:
    at, post = cases
    with at.visit(chromium, javascript=False) as visitor:
        page = visitor.page
        visitor.open(f"/meldinger/sak/ny?til={INTAKE}")
        page.get_by_label("Hva skal dere drøfte?").fill("Bør dere ta kontakt?")
        page.keyboard.press("Enter")
        page.get_by_label("Melding", exact=True).fill("Solveig svarer ikke på brev.")
        page.get_by_label("Taler for, punkt 1").fill("Bor alene")
        visitor.press_until("Tab", on="button:has-text('Se over og send')")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Ligner et navn")).to_be_visible()
        expect(page.get_by_role("button", name="Send meldingen")).to_have_count(0)
        visitor.press_until("Tab", on="a:has-text('Ta det bort')")
        page.keyboard.press("Enter")
        page.get_by_label("Melding", exact=True).fill("En voksen svarer ikke på brev.")
        visitor.press_until("Tab", on="button:has-text('Se over og send')")
        page.keyboard.press("Enter")
        visitor.press_until("Tab", on="button:has-text('Send meldingen')")
        page.keyboard.press("Enter")
        page.wait_for_url("**/*gjort=sendt")
        post.town.settle()
        thread = page.url.partition("?")[0]
        page.goto(thread)
        visitor.press_until("Tab", on="a:has-text('Koble saken til pasienten')")
        page.keyboard.press("Enter")
        page.get_by_label("Fødselsnummer eller D-nummer").fill(NUMBER)
        page.get_by_label("Fornavn").fill(PATIENT.given)
        page.get_by_label("Etternavn").fill(PATIENT.family)
        page.get_by_label("Fødselsdato").fill(f"{PATIENT.birth_date:%d.%m.%Y}")
        page.get_by_role("group", name="Hvem skal få vite det?").get_by_role("checkbox").first.check()
        page.get_by_label("Pasienten har sagt ja til meg").check()
        visitor.press_until("Tab", on="button:has-text('Koble saken')")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Saken er koblet til pasienten.")).to_be_visible()
        post.town.settle()
        assert _known_to_ingrid(post, thread) == PATIENT
        withdraw(post, PER)
        page.goto(thread)
        expect(page.get_by_text("Saken er anonym der igjen.")).to_be_visible()
        assert _known_to_ingrid(post, thread) is None


def _known_to_ingrid(post: Post, url: str) -> Identity | None:
    """Return whom the case at the writer's address is about, as the list of the other service says."""
    with post.db(INGRID).transaction() as session:
        lines = service.arranged(session, INGRID, now=post.town.now)
    return next(
        each.patient
        for each in (*lines.late, *lines.others)
        if str(each.standing.thread) == url.rpartition("/")[2]
    )
