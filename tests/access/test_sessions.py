"""Sessions: how long they last, what ends them, and that nothing typed is lost when they do."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Response
from sqlalchemy import select

from handover import clock
from handover.access import service
from handover.access.guard import Door
from handover.actors import Machine
from handover.audit.model import Event
from handover.audit.tables import AuditEntry
from handover.errors import Conflict
from tests.access.world import GUARD, KARI, KEEPER, KOMMUNE, TONE, Browser, World, links


@pytest.fixture
def signed_in(shared_world: World) -> Iterator[Browser]:
    """A psychologist's browser, logged in."""
    browser = Browser(shared_world)
    browser.log_in(TONE)
    yield browser


def is_signed_in(browser: Browser) -> bool:
    """Ask quietly, as a poll does."""
    return browser.get("/test/poll", allow_redirects=False).status_code == 200


def after(minutes: float) -> None:
    """Move the clock to that long after the real now."""
    clock.set_offset(timedelta(minutes=minutes))


def test_an_idle_session_ends_after_half_an_hour(signed_in: Browser) -> None:
    after(29)
    assert is_signed_in(signed_in)
    after(30.5)
    assert not is_signed_in(signed_in)


def test_a_poll_never_keeps_a_session_alive(signed_in: Browser) -> None:
    for minute in range(1, 30, 4):
        after(minute)
        assert is_signed_in(signed_in)
    after(30.5)
    assert not is_signed_in(signed_in)


def test_work_keeps_a_session_alive_but_never_beyond_ten_hours(signed_in: Browser) -> None:
    for minute in range(0, 595, 20):
        after(minute)
        assert signed_in.get("/test/who", allow_redirects=False).status_code == 200
    after(599)
    assert is_signed_in(signed_in)
    after(600.5)
    assert not is_signed_in(signed_in)


def test_a_poll_after_the_session_ended_gets_no_page(signed_in: Browser) -> None:
    after(31)
    answer = signed_in.get("/test/poll", headers={"Sec-Fetch-Mode": "cors"}, allow_redirects=False)
    assert (answer.status_code, answer.text) == (401, "")


def test_the_one_who_was_warned_can_stay(signed_in: Browser) -> None:
    token = signed_in.token()
    after(26)
    assert signed_in.post("/okt", {"csrf_token": token}).json()["ends_in"] == 1800
    after(50)
    assert is_signed_in(signed_in)


def test_the_page_says_when_the_session_ends(signed_in: Browser) -> None:
    assert "Du blir logget ut kl." in signed_in.get("/velg-etat").text


def test_a_form_sent_after_the_session_ended_comes_back_with_everything_typed(signed_in: Browser) -> None:
    token = signed_in.token()
    after(31)
    text = 'Hun sa: "det går ikke"\n<b>og</b> & så videre'
    page = signed_in.post("/test/act", {"text": text, "csrf_token": token})
    assert page.status_code == 401
    assert "Det du skrev, er ikke sendt ennå" in page.text
    assert "&lt;b&gt;og&lt;/b&gt; &amp; så videre" in page.text
    clock.reset()
    signed_in.log_in(TONE)
    stale = signed_in.post("/test/act", {"text": text})
    assert "Siden var for gammel" in stale.text
    sent = signed_in.post("/test/act", {"text": text, "csrf_token": signed_in.token()})
    assert sent.json() == {"text": text}


def test_a_form_without_the_sessions_token_changes_nothing(signed_in: Browser) -> None:
    assert signed_in.post("/test/act", {"text": "x"}).status_code == 403
    assert signed_in.post("/test/act", {"text": "x", "csrf_token": "0" * 64}).status_code == 403
    other = Browser(signed_in.world)
    other.log_in(TONE)
    assert signed_in.post("/test/act", {"text": "x", "csrf_token": other.token()}).status_code == 403
    assert signed_in.post("/test/act", {"text": "x", "csrf_token": signed_in.token()}).json() == {"text": "x"}


def test_a_form_from_another_site_is_never_handed_back_to_be_sent_on(signed_in: Browser) -> None:
    page = signed_in.post("/test/act", {"text": "planted"}, Origin="https://evil.example")
    assert page.status_code == 403
    assert "planted" not in page.text


def test_a_script_may_carry_the_token_in_a_header(signed_in: Browser) -> None:
    sent = signed_in.post("/test/act", {"text": "x"}, **{"X-CSRF-Token": signed_in.token()})
    assert sent.json() == {"text": "x"}


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(shared_world: World) -> None:
    browser = Browser(shared_world)
    answer = browser.answer_of(browser.to_provider(), TONE)
    cookie = browser.get(answer, allow_redirects=False).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Domain" not in cookie
    assert "Path=/" in cookie


def test_over_https_a_cookie_belongs_to_this_host_alone() -> None:
    node = Door(
        agencies=(KOMMUNE,),
        providers={},
        node_url="https://node.test",
        name_of_agency=lambda _session, agency: agency,
        name_of_patient=lambda _session, _number: "",
    )
    answer = Response()
    node.set_cookie(answer, "session", "token")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=token; ")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_somebody_whose_access_is_closed_is_out_at_once(shared_world: World) -> None:
    by, at = Machine(agency=KOMMUNE, name="seed"), clock.now()
    db, browser = shared_world.node.db, Browser(shared_world)
    browser.log_in(GUARD)
    with db.reading() as session:
        staff = next(one for one in service.everyone(session, KOMMUNE) if one.name == GUARD.name)
    with db.transaction() as session:
        service.close(session, staff.id, agency=KOMMUNE, by=by, now=at)
    assert not is_signed_in(browser)
    assert browser.log_in(GUARD).status_code == 403
    with db.transaction() as session:
        new = service.NewStaff(login=GUARD.number, name=GUARD.name, title="Sikkerhetsansvarlig", phone="1")
        with pytest.raises(Conflict):
            service.register(session, new, agency=KOMMUNE, by=by, now=at)


def refusals(browser: Browser) -> list[str]:
    with browser.world.node.db.reading() as session:
        statement = select(AuditEntry.outcome).where(AuditEntry.event == Event.ACCESS_REFUSED.value)
        return list(session.scalars(statement))


def test_the_wrong_role_is_refused_and_the_refusal_logged(signed_in: Browser) -> None:
    browser = Browser(signed_in.world)
    browser.log_in(KARI, way="pasient")
    before = len(refusals(signed_in))
    refused = browser.post("/test/act", {"text": "x", "csrf_token": browser.token()})
    assert refused.status_code == 403
    assert signed_in.get("/test/patients").status_code == 403
    assert refusals(signed_in)[before:] == ["refused", "refused"]


def test_what_cannot_be_undone_asks_for_a_renewed_login_and_keeps_what_was_typed(shared_world: World) -> None:
    browser = Browser(shared_world)
    browser.log_in(KEEPER)
    token = browser.token()
    assert browser.post("/test/irrevocable", {"text": "x", "csrf_token": token}).json() == {"text": "x"}
    after(11)
    page = browser.post("/test/irrevocable", {"text": "viktig", "csrf_token": token})
    assert page.status_code == 403
    assert "Bekreft at det er deg" in page.text
    assert "viktig" in page.text
    before = browser.session_cookie()
    confirm = next(link for link in links(page) if link.startswith("/bekreft"))
    picker = browser.get(confirm)
    assert "Bekreft at det er deg" in picker.text
    assert "Du er logget inn igjen" in browser.get(browser.answer_of(picker, KEEPER)).text
    assert browser.session_cookie() != before
    sent = browser.post("/test/irrevocable", {"text": "viktig", "csrf_token": browser.token()})
    assert sent.json() == {"text": "viktig"}


def test_a_renewed_login_by_somebody_else_confirms_nothing(signed_in: Browser) -> None:
    picker = signed_in.get("/bekreft")
    page = signed_in.get(signed_in.answer_of(picker, KARI))
    assert "en annen person" in page.text
    assert signed_in.get("/test/who").json()["kind"] == "Staff"


def test_an_old_login_at_the_provider_confirms_nothing(signed_in: Browser) -> None:
    provider = signed_in.world.staff_provider
    provider.twist = lambda claims: {**claims, "auth_time": claims["auth_time"] - 3600}
    try:
        page = signed_in.get(signed_in.answer_of(signed_in.get("/bekreft"), TONE))
    finally:
        provider.tell_the_truth()
    assert "Du må logge inn på nytt for å bekrefte" in page.text
