"""Logging in over real HTTP: the good way, and every bad one."""

from tests.access.world import (
    BOTH,
    KARI,
    KOMMUNE,
    NAV,
    STRANGER,
    TONE,
    WEAK,
    Browser,
    query_of,
)


def test_a_psychologist_logs_in_and_acts_for_her_agency(browser: Browser) -> None:
    assert browser.log_in(TONE).json() == {"kind": "Staff", "agency": KOMMUNE}


def test_a_patient_logs_in_as_herself(browser: Browser) -> None:
    assert browser.log_in(KARI, way="pasient").json() == {"kind": "Patient", "agency": None}


def test_somebody_with_two_agencies_chooses_on_a_page_of_its_own(browser: Browser) -> None:
    page = browser.log_in(BOTH)
    assert "Hvem er du her for?" in page.text
    before = browser.session_cookie()
    chosen = browser.post("/velg-etat", {"agency": NAV, "til": "/test/who", "csrf_token": browser.token()})
    assert chosen.headers["Location"] == "/test/who"
    assert browser.get("/test/who").json() == {"kind": "Staff", "agency": NAV}
    assert browser.session_cookie() != before


def test_somebody_cannot_choose_an_agency_they_do_not_work_for(browser: Browser) -> None:
    browser.log_in(TONE)
    answer = browser.post("/velg-etat", {"agency": NAV, "csrf_token": browser.token()})
    assert answer.status_code == 404
    assert browser.get("/test/who").json()["agency"] == KOMMUNE


def test_a_stranger_is_told_whom_to_ask(browser: Browser) -> None:
    page = browser.log_in(STRANGER)
    assert page.status_code == 403
    assert "Du er ikke registrert som ansatt her" in page.text
    assert browser.session_cookie() is None


def test_a_login_below_the_highest_level_is_refused(browser: Browser) -> None:
    for way in ("ansatt", "pasient"):
        page = browser.log_in(WEAK, way=way)
        assert page.status_code == 403
        assert "høyeste sikkerhetsnivået" in page.text
    assert browser.session_cookie() is None


def test_an_answer_from_the_provider_works_only_once(browser: Browser) -> None:
    answer = browser.answer_of(browser.to_provider(), TONE)
    assert browser.get(answer).status_code == 200
    assert "Start på nytt" in browser.get(answer).text


def test_an_answer_does_not_work_in_another_browser(browser: Browser) -> None:
    answer = browser.answer_of(browser.to_provider(), TONE)
    other = Browser(browser.world)
    other.to_provider()
    assert other.get(answer).status_code == 403
    assert other.session_cookie() is None


def test_an_answer_that_names_another_issuer_is_refused(browser: Browser) -> None:
    answer = browser.answer_of(browser.to_provider(), TONE)
    assert browser.get(answer.replace("iss=http", "iss=https")).status_code == 403


def test_a_cancelled_login_says_so(browser: Browser) -> None:
    picker = browser.to_provider()
    origin = "/".join(picker.url.split("/")[:3])
    query = query_of(picker.url)
    cancelled = f"{origin}/authorize/choose?request_uri={query['request_uri']}&client_id=overgang&cancel=1"
    assert "Innloggingen ble avbrutt" in browser.get(cancelled).text


def test_a_login_never_leads_to_another_site(browser: Browser) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        answer = browser.get(browser.answer_of(browser.to_provider(then=elsewhere), TONE), allow_redirects=False)
        assert answer.headers["Location"] == "/"


def test_a_new_login_never_keeps_an_old_session(browser: Browser) -> None:
    browser.log_in(TONE)
    before = browser.session_cookie()
    browser.http.cookies.set("session-1", "planted")
    browser.log_in(TONE)
    assert browser.session_cookie() != before
    old = Browser(browser.world)
    port = browser.world.url.rsplit(":", 1)[1]
    old.http.cookies.set(f"session-{port}", str(before))
    assert "Logg inn" in old.get("/test/who").text


def test_logging_out_ends_the_session_here_and_offers_to_end_it_there(browser: Browser) -> None:
    browser.log_in(TONE)
    token, cookie = browser.token(), browser.session_cookie()
    page = browser.post("/logg-ut", {"csrf_token": token})
    assert "Logg ut hos HelseID" in page.text
    browser.http.cookies.set(f"session-{browser.world.url.rsplit(':', 1)[1]}", str(cookie))
    assert browser.get("/test/who", allow_redirects=False).status_code == 302


def test_the_language_chosen_here_goes_along_to_the_provider(browser: Browser) -> None:
    browser.get("/?lang=nn")
    assert "Kven vil du vere?" in browser.to_provider().text
