"""The address book in a real Chromium: every page in every language, by keyboard, narrow, without script."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from handover.actors import Role
from handover.addressbook import reporting
from handover.addressbook import service as entries
from handover.addressbook.model import Outcome, Part
from handover.addressbook.service import Owning
from handover.directory import service as directory
from handover.directory.model import Offer, Pause
from handover.workdays import local_date
from tests.browser.at_work import AtWork, at_work
from tests.browser.harness import LANGUAGES, NARROW, in_language, look_at
from tests.builders import FACT, INTAKE, MUNICIPALITY, PSYCHOLOGIST
from tests.referral.nodes import INGRID, PER, Town, staff
from tests.referral.visiting import register

pytestmark = pytest.mark.browser

MONA = staff(8, "Mona Leder", MUNICIPALITY, None, Role.LEADER)
OWN = f"/adressebok/tjeneste/{PSYCHOLOGIST}"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[AtWork]:
    """A municipality with an entry that offers something, a closed one, and reports in both directions."""
    with at_work(tmp_path_factory.mktemp("kept"), empty_sqlite) as made:
        register(made.town, MONA)
        _reports(made.town)
        _entries(made.town)
        yield made


def _entries(town: Town) -> None:
    offer = Offer(id="", title="Kurs om søvn", for_whom="Voksne", how="Ring oss", words="trøtt")
    first = local_date(town.now)
    with town.kommune.db.transaction() as session:
        entries.save_offer(session, Owning(service=PSYCHOLOGIST, by=MONA, now=town.now), offer)
        closed = Pause(first=first, last=None, why="Flytting", instead=INTAKE, advice="Ring vakta")
        entries.pause(session, Owning(service=FACT, by=MONA, now=town.now), closed)


def _reports(town: Town) -> None:
    for text in ("Nummeret er feil", "Åpningstiden er feil"):
        with town.dps.db.transaction() as session:
            entry = directory.service_of(session, PSYCHOLOGIST)
            made = reporting.report(session, entry, Part.PHONE, text, by=INGRID, now=town.now)
    with town.kommune.db.transaction() as session:
        reporting.report(
            session, directory.service_of(session, INTAKE), Part.OTHER, "Stemmer ikke", by=PER, now=town.now
        )
    town.settle()
    with town.kommune.db.transaction() as session:
        reporting.answer(session, made, Outcome.STANDS, "Det er riktig.", by=MONA, now=town.now)
    town.settle()


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_page_of_the_owner_is_good_in_every_language_light_and_dark(
    chromium: Browser, kept: AtWork, tag: str
) -> None:
    own = f"/adressebok/{PSYCHOLOGIST}"
    pages = [
        "/adressebok/?q=søvn",
        OWN,
        f"/adressebok/tjeneste/{FACT}",
        f"{own}/rediger",
        f"{own}/steng",
        f"{own}/tilbud",
        "/adressebok/feil",
    ]
    with kept.visit(chromium, by=MONA, bypass_csp=True) as visitor:
        for path in pages:
            visitor.open(in_language(path, tag))
            look_at(visitor, tag)


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_page_of_who_reports_is_good_in_every_language(chromium: Browser, kept: AtWork, tag: str) -> None:
    with kept.visit(chromium, bypass_csp=True) as visitor:
        for path in (f"/adressebok/tjeneste/{INTAKE}", f"/adressebok/tjeneste/{INTAKE}/feil", "/adressebok/meldt"):
            visitor.open(in_language(path, tag))
            look_at(visitor, tag)


def test_refused_forms_are_good_too(chromium: Browser, kept: AtWork) -> None:
    with kept.visit(chromium, by=MONA, bypass_csp=True, viewport={"width": NARROW, "height": 640}) as visitor:
        page = visitor.page
        for path, button in (
            ("rediger", "Lagre og bekreft"),
            ("steng", "Steng tjenesten"),
            ("tilbud", "Lagre tilbudet"),
        ):
            visitor.open(f"/adressebok/{PSYCHOLOGIST}/{path}")
            for field in page.locator("main form textarea, main form input.ds-input").all():
                field.fill("")
            page.get_by_role("button", name=button).click()
            expect(page.locator("#error-summary")).to_be_visible()
            visitor.assert_fits()
            visitor.assert_accessible()


def test_an_owner_confirms_with_the_keyboard_on_a_narrow_screen_without_script(
    chromium: Browser, kept: AtWork
) -> None:
    screen = {"width": NARROW, "height": 640}
    with kept.visit(chromium, by=MONA, javascript=False, viewport=screen) as visitor:
        visitor.open(OWN)
        expect(visitor.page.locator("main")).to_contain_text("Ikke bekreftet på lenge")
        visitor.page.get_by_role("button", name="Bekreft at dette stemmer i dag").focus()
        visitor.page.keyboard.press("Enter")
        expect(visitor.page.locator("main")).to_contain_text("Alle ser nå at opplysningene er bekreftet i dag")
        expect(visitor.page.locator("main")).not_to_contain_text("Ikke bekreftet på lenge")
        visitor.assert_fits()


def test_who_looks_for_help_finds_an_offer_and_reports_a_mistake(chromium: Browser, kept: AtWork) -> None:
    with kept.visit(chromium) as visitor:
        page = visitor.page
        visitor.open("/adressebok/")
        page.get_by_label("Hva leter du etter?").fill("hjelp til trøtthet")
        page.get_by_label("Hva leter du etter?").press("Enter")
        expect(page.locator(".service")).to_have_count(0)
        page.get_by_label("Hva leter du etter?").fill("søvn")
        page.get_by_label("Hva leter du etter?").press("Enter")
        page.get_by_role("link", name="Kurs om søvn").click()
        expect(page.locator("h1")).to_contain_text("Kommunepsykolog")
        visitor.open(f"/adressebok/tjeneste/{INTAKE}")
        page.get_by_role("link", name="Meld fra om feil").click()
        page.get_by_label("Åpningstiden").check()
        page.get_by_label("Hva er feil med det").fill("De stenger kl. 15.")
        page.get_by_role("button", name="Send meldingen").click()
        expect(page.locator("main")).to_contain_text("Meldingen er på vei til dem som eier opplysningene")
        visitor.assert_quiet()
