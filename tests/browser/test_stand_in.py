"""Somebody goes on holiday and a colleague does their work, in a real browser; its pages in every language."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from handover.actors import Role, Staff
from handover.message import service
from handover.workdays import local_date
from tests.browser.at_work import AtWork, at_work
from tests.browser.harness import LANGUAGES, NARROW, in_language, look_at
from tests.builders import MUNICIPALITY, PSYCHOLOGIST
from tests.message.nodes import Post
from tests.referral.nodes import INGRID, PER, staff
from tests.referral.visiting import register

pytestmark = pytest.mark.browser

KARI = staff(71, "Kari Kollega", MUNICIPALITY, PSYCHOLOGIST, Role.REFERRER)
LEA = staff(72, "Lea Leder", MUNICIPALITY, PSYCHOLOGIST, Role.LEADER)
LIST = f"/arbeidsliste/{PSYCHOLOGIST}"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[tuple[AtWork, str]]:
    """Two nodes, a thread that Per has taken, and where it is read."""
    with at_work(tmp_path_factory.mktemp("stand-in"), empty_sqlite) as made:
        for each in (KARI, LEA):
            register(made.town, each)
        post = Post(made.town)
        begun = post.send(INGRID, [PSYCHOLOGIST], "Når kan dere ta imot?")
        post.do(PER, begun, service.open_)
        post.do(PER, begun, service.take)
        yield made, f"/meldinger/{PSYCHOLOGIST}/{begun.thread}"


def goes_away(page: Page, at: AtWork, stand_in: Staff) -> None:
    """Fill in the form of an absence of a week from today."""
    page.get_by_label("Tilbake igjen").fill(f"{local_date(at.town.now) + timedelta(days=7):%d.%m.%Y}")
    page.get_by_label("Vikar").select_option(label=stand_in.name)
    page.get_by_role("button", name="Lagre fraværet").click()
    expect(page.get_by_text("Fraværet er lagret.")).to_be_visible()


def test_a_stand_in_finds_and_answers_what_the_absent_one_had(
    chromium: Browser, office: tuple[AtWork, str]
) -> None:
    at, thread = office
    with at.visit(chromium, by=PER, javascript=False) as visitor:
        visitor.open(f"{LIST}?filter=mine")
        expect(visitor.page.get_by_role("link", name="Melding: Plan")).to_be_visible()
        visitor.open("/fravar")
        goes_away(visitor.page, at, KARI)
    with at.visit(chromium, by=KARI, viewport={"width": NARROW, "height": 800}) as visitor:
        page = visitor.page
        visitor.open(f"{LIST}?filter=mine")
        expect(page.get_by_text("Kari Kollega for Per Psykolog")).to_be_visible()
        page.get_by_role("link", name="Melding: Plan").click()
        expect(page.get_by_text("Kari Kollega for Per Psykolog")).to_be_visible()
        page.get_by_role("button", name="Svar", exact=True).click()
        page.get_by_text("Ferdige tekster").click()
        page.get_by_role("button", name="Sett inn «Svaret kommer»").click()
        expect(page.get_by_label("Melding", exact=True)).to_be_focused()
        page.get_by_role("button", name="Se over og send").click()
        expect(page.get_by_role("link", name="Fyll ut eller ta bort dette: [dato]")).to_be_visible()
        page.get_by_label("Melding", exact=True).fill("Takk. Vi tar imot på mandag.")
        with at.visit(chromium, by=PER) as other:
            other.open(thread)
            expect(other.page.get_by_text("Kari Kollega skriver svar nå")).to_be_visible()
            expect(other.page.get_by_role("button", name="Ta over svaret")).to_be_visible()
            look_at(other, "nb")
        page.get_by_role("button", name="Se over og send").click()
        page.get_by_role("button", name="Send meldingen").click()
        expect(page.get_by_role("button", name="Angre sendingen")).to_be_visible()


@pytest.mark.parametrize("tag", LANGUAGES)
def test_the_teams_pages_fit_a_phone_and_are_accessible(
    chromium: Browser, office: tuple[AtWork, str], tag: str
) -> None:
    at, thread = office
    for who, pages in ((LEA, ["/fravar"]), (KARI, [LIST, f"{LIST}/tekster", thread, "/fravar"])):
        with at.visit(chromium, by=who, viewport={"width": NARROW, "height": 800}) as visitor:
            for url in pages:
                visitor.open(in_language(url, tag))
                visitor.page.evaluate(
                    "document.querySelectorAll('main details').forEach(each => each.open = true)"
                )
                look_at(visitor, tag)
