"""DPS writes to NAV without a permit: asked for from the draft, given by the patient on the own page; NAV answers.

In a real browser: three languages, phone width, by keyboard, with and without JavaScript.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from handover.actors import Patient, Staff
from handover.consent import asking
from handover.consent.model import Target, Terms, Wanted
from handover.message import service
from handover.message.model import Subject
from handover.person.model import Identity
from handover.workdays import local_date
from tests.browser.at_work import AtWork, at_work
from tests.browser.harness import LANGUAGES, NARROW, Visitor, in_language, look_at
from tests.builders import DPS, INTAKE, NAV, NAV_OFFICE, PSYCHOLOGIST
from tests.message.nodes import Post
from tests.referral.nodes import INGRID, LEADER, NAVN
from tests.referral.nodes import PATIENT as SOLVEIG
from tests.serving import address, open_server, running
from tests.worklist.ward import identity

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Places:
    """Both nodes' pages over HTTP: the municipality's, which hosts NAV, and the DPS's."""

    nav: AtWork
    dps: AtWork
    pages: dict[str, tuple[AtWork, Staff | Patient, list[str]]]
    """Whose pages are looked at, and which."""

    @property
    def post(self) -> Post:
        """Both nodes, and short ways to use them."""
        return Post(self.nav.town)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[Places]:
    """Two nodes: a draft to NAV for which the patient has been asked, and a thread with the DPS's neighbours."""
    with at_work(tmp_path_factory.mktemp("permits"), empty_sqlite) as kommune:
        server = open_server()
        server.app = kommune.town.app_of(kommune.town.dps)
        with running(server):
            dps = replace(kommune, home=address(server), node=kommune.town.dps)
            yield Places(kommune, dps, _pages(kommune, dps))


def _pages(kommune: AtWork, dps: AtWork) -> dict[str, tuple[AtWork, Staff | Patient, list[str]]]:
    post = Post(kommune.town)
    draft = post.begin(INGRID, [NAV_OFFICE], "Kan vi avtale et møte?")
    led = f"/deling/melding/{INTAKE}/{draft.thread}/{NAV_OFFICE}"
    with post.db(INGRID).transaction() as session:
        terms = Terms(
            purpose="coordination",
            topics=("plans",),
            until=local_date(post.town.now + timedelta(days=30)),
        )
        wanted = Wanted(
            service=INTAKE,
            case=draft.thread,
            case_kind=service.WORK,
            target=Target(agency=NAV, service=NAV_OFFICE),
            terms=terms,
            why="Vi vil avtale et møte.",
        )
        known = service.permit_needed(
            session, service.Turn(thread=draft.thread, by=INGRID, now=post.town.now), NAV_OFFICE
        ).standing.person
        assert known is not None
        question = asking.ask(session, DPS, known, wanted, by=INGRID, now=post.town.now)
    sent = post.send(INGRID, [PSYCHOLOGIST], "Vi **avtaler** et møte.")
    thread = f"/mine-meldinger/{sent.thread}"
    return {
        "writer": (dps, INGRID, [f"/meldinger/{INTAKE}/{draft.thread}/{draft.message}/skriv", led, f"{led}/spor"]),
        "patient": (
            dps,
            SOLVEIG,
            [
                "/mine-valg",
                f"/mine-valg/sporsmal/{question}",
                "/mine-meldinger",
                thread,
                f"{thread}/hvem-har-lest",
                f"{thread}/spor",
            ],
        ),
        "leader": (dps, LEADER, ["/meldinger/innsyn"]),
    }


@pytest.mark.parametrize("tag", LANGUAGES)
@pytest.mark.parametrize("who", ["writer", "patient", "leader"])
def test_every_page_of_a_permit_fits_a_phone_and_is_accessible(
    chromium: Browser, places: Places, who: str, tag: str
) -> None:
    at, by, urls = places.pages[who]
    with at.visit(chromium, by=by, viewport={"width": NARROW, "height": 800}, bypass_csp=True) as visitor:
        for number, url in enumerate(urls):
            visitor.open(in_language(url, tag))
            look_at(visitor, tag)
            visitor.screenshot(f"permit-{who}-{number}-{tag}")


@pytest.mark.parametrize("javascript", [True, False])
def test_dps_asks_for_the_yes_the_patient_gives_it_nav_answers_and_dps_reads_it(
    chromium: Browser, places: Places, javascript: bool
) -> None:
    who = identity("started" if javascript else "accepted")
    window: dict[str, Any] = {"javascript": javascript, "viewport": {"width": NARROW, "height": 800}}
    with places.dps.visit(chromium, by=INGRID, **window) as visitor:
        _write(visitor, who)
        _ask(visitor.page)
        visitor.assert_quiet()
    with places.dps.visit(chromium, by=Patient(number=who.number or "", name=who.name), **window) as visitor:
        page, main = visitor.page, visitor.page.locator("main")
        visitor.open("/mine-henvisninger")
        page.get_by_role("link", name="Les og svar").press("Enter")
        expect(main).to_contain_text("Vi vil avtale et møte sammen.")
        expect(main).to_contain_text("kan leses av dem som arbeider på kontoret")
        page.get_by_role("button", name="Ja, dette kan sendes").press("Enter")
        expect(main).to_contain_text("Du har sagt ja.")
        visitor.assert_quiet()
    with places.dps.visit(chromium, by=INGRID, **window) as visitor:
        page = visitor.page
        visitor.open("/oppgaver")
        expect(page.locator("main")).to_contain_text("Pasienten har sagt ja til at noe kan sendes")
        page.get_by_role("link", name="Åpne saken").last.press("Enter")
        expect(page.get_by_label("Melding", exact=True)).to_have_value("Kan vi avtale et møte?")
        page.get_by_role("button", name="Se over og send").press("Enter")
        page.get_by_role("button", name="Send meldingen").press("Enter")
        expect(page.get_by_role("button", name="Angre sendingen")).to_be_visible()
        thread = page.url
        visitor.assert_quiet()
    places.post.town.settle()
    with places.nav.visit(chromium, by=NAVN, **window) as visitor:
        _answer(visitor, who)
    places.post.town.settle()
    with places.dps.visit(chromium, by=INGRID, **window) as visitor:
        main = visitor.page.locator("main")
        visitor.open(thread)
        expect(main).to_contain_text("Åpnet av Nils Nav")
        expect(main).to_contain_text("Ja, torsdag passer.")
        visitor.assert_quiet()


def _write(visitor: Visitor, who: Identity) -> None:
    """Write to NAV about somebody, and be told that the patient must say yes first."""
    page = visitor.page
    visitor.open(f"/meldinger/ny?til={NAV_OFFICE}")
    page.get_by_label("Hva gjelder meldingen?").select_option(Subject.PLAN.value)
    page.get_by_label("Fødselsnummer eller D-nummer").fill(who.number or "")
    page.get_by_label("Fornavn").fill(who.given)
    page.get_by_label("Etternavn").fill(who.family)
    page.get_by_label("Fødselsdato").fill(f"{who.birth_date:%d.%m.%Y}")
    page.get_by_role("button", name="Skriv meldingen").press("Enter")
    page.get_by_label("Melding", exact=True).fill("Kan vi avtale et møte?")
    page.get_by_role("button", name="Se over og send").press("Enter")
    expect(page.locator("main")).to_contain_text("Pasienten må si ja før dere kan sende noe dit.")
    expect(page.locator("main")).to_contain_text("Kan vi avtale et møte?")
    expect(page.get_by_role("button", name="Send meldingen")).to_have_count(0)
    visitor.assert_fits()


def _ask(page: Page) -> None:
    """Put the question to the patient, from the page that said no."""
    page.get_by_role("link", name="Se hva pasienten har valgt").press("Enter")
    page.get_by_role("link", name="Spør pasienten på pasientens egen side").press("Enter")
    expect(page.get_by_label("Planer og avtaler")).to_be_checked()
    page.get_by_label("Hvorfor du spør").fill("Vi vil avtale et møte sammen.")
    page.get_by_role("button", name="Spør pasienten").press("Enter")
    expect(page.locator("main")).to_contain_text("Pasienten er spurt.")


def _answer(visitor: Visitor, who: Identity) -> None:
    """Read what came to NAV, what it is for and what it rests on; answer it."""
    page, main = visitor.page, visitor.page.locator("main")
    visitor.open("/meldinger/")
    page.get_by_role("link", name=who.name).first.press("Enter")
    expect(main).to_contain_text("Kan vi avtale et møte?")
    expect(main).to_contain_text("Samarbeid: hvem gjør hva, og når")
    expect(main).to_contain_text("Pasientens ja til at Inntak voksne, Fjordheim DPS sender hit")
    page.get_by_role("button", name="Svar", exact=True).press("Enter")
    page.get_by_label("Melding", exact=True).fill("Ja, torsdag passer.")
    page.get_by_role("button", name="Se over og send").press("Enter")
    page.get_by_role("button", name="Send meldingen").press("Enter")
    expect(page.get_by_role("button", name="Angre sendingen")).to_be_visible()
    visitor.assert_quiet()
