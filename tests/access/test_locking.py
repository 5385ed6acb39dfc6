"""A locked screen shows nobody anything, and only the same person's renewed login opens it again."""

from collections.abc import Iterator

import pytest

from tests.access.world import KARI, TONE, Browser, World, links


@pytest.fixture
def locked(shared_world: World) -> Iterator[Browser]:
    """A psychologist's browser, locked on a page."""
    browser = Browser(shared_world)
    browser.log_in(TONE)
    answer = browser.post("/las", {"til": "/test/who", "csrf_token": browser.token()})
    assert answer.headers["Location"] == "/last?til=/test/who"
    yield browser


def test_a_locked_screen_leads_every_page_to_the_lock_and_says_nothing_of_who_left_it(locked: Browser) -> None:
    for path in ("/test/who", "/test/page", "/", "/velg-etat", "/logg-inn", "/logg-inn/ansatt"):
        page = locked.get(path)
        assert "Skjermen er låst" in page.text
        assert TONE.name not in page.text
        assert "Hovedmeny" not in page.text
    assert locked.get("/test/poll", headers={"Sec-Fetch-Mode": "cors"}).status_code == 401


def test_a_form_on_a_locked_screen_changes_nothing_and_is_handed_back(shared_world: World) -> None:
    browser = Browser(shared_world)
    browser.log_in(TONE)
    token = browser.token()
    browser.post("/las", {"til": "/", "csrf_token": token})
    for path in ("/test/act", "/logg-ut", "/velg-etat", "/okt"):
        page = browser.post(path, {"text": "skrevet i møtet", "csrf_token": token})
        assert page.status_code == 403
        assert "skrevet i møtet" in page.text
        assert "1. Logg inn på nytt i en ny fane." in page.text
    assert "Skjermen er låst" in browser.get("/test/who").text


def test_the_same_person_goes_on_after_a_renewed_login(locked: Browser) -> None:
    page = locked.get("/last?til=/test/who")
    confirm = next(link for link in links(page) if link.startswith("/bekreft"))
    opened = locked.get(locked.answer_of(locked.get(confirm), TONE))
    assert opened.json()["kind"] == "Staff"
    assert locked.get("/last?til=/test/who", allow_redirects=False).headers["Location"] == "/test/who"


def test_another_person_does_not_open_the_screen(locked: Browser) -> None:
    picker = locked.get("/bekreft")
    assert locked.get(locked.answer_of(picker, KARI)).status_code in {403, 404}
    assert "Skjermen er låst" in locked.get("/test/who").text


def test_a_login_begun_before_the_screen_was_locked_does_not_open_it(shared_world: World) -> None:
    browser = Browser(shared_world)
    browser.log_in(TONE)
    begun = browser.to_provider()
    browser.post("/las", {"til": "/", "csrf_token": browser.token()})
    assert browser.get(browser.answer_of(begun, TONE)).status_code == 403
    assert "Skjermen er låst" in browser.get("/test/who").text
