"""A message begins where the writer is: about the patient of an open case, to a service that is easily found."""

from concurrent.futures import ThreadPoolExecutor
from html import unescape
from re import findall, search
from time import sleep

import pytest

from handover.actors import Staff
from handover.message import service
from handover.person.alike import ANOTHER
from handover.referral.lifecycle import Side
from tests.builders import FACT, INTAKE, NAV_OFFICE, PSYCHOLOGIST
from tests.message.desks import ABOUT, at_desk, begun, here, written
from tests.message.desks import QUESTION as QUESTION_FORM
from tests.message.nodes import PLAN, QUESTION, Post
from tests.referral.nodes import FATIMA, INGRID, NAVN, NUMBER, OLA, PER, SARA
from tests.referral.visiting import Reader, hidden, words_of

ABOUT_HER = "Gjelder Solveig Nes, født 15. juni 1982."
LINK = "Ny melding om denne pasienten"


def case_at(desk: Reader, page: str) -> str:
    """Return where a page's link to a new message about its patient leads."""
    found = search(rf'href="([^"]+)">{LINK}', desk.open(page).text)
    assert found, f"{page} has no such link"
    return unescape(found[1])


def without_number(**other: str) -> dict[str, str]:
    """Return what a form says of the patient where the writer has no national number."""
    return {**ABOUT, "number": "", **other}


@pytest.mark.parametrize("side", list(Side)[:2])
def test_a_writer_begins_a_message_about_the_patient_of_a_referral(post: Post, side: Side) -> None:
    referral = post.town.taken()
    writer, page = (
        (PER, f"/henvisninger/{referral}") if side is Side.REFERRER else (OLA, f"/mottatt/{INTAKE}/{referral}")
    )
    desk = at_desk(post, writer)
    start = case_at(desk, page)
    assert NUMBER not in start
    assert "Nes" not in start
    to = NAV_OFFICE
    chosen = search(rf'href="(/meldinger/ny\?til={to}[^"]+)"', desk.open(start).text)
    assert chosen, "the case goes along through the address book"
    form = desk.open(unescape(chosen[1]))
    assert ABOUT_HER in words_of(form)
    shown = desk.send("/meldinger/ny", to=to, subject="plan", sak=hidden(form, "sak"))
    assert "Solveig Nes, født 15. juni 1982" in words_of(shown)


def test_a_search_result_leads_to_a_message_about_its_patient(post: Post) -> None:
    made, referral = post.send(PER, [INTAKE]), post.town.taken()
    post.send(PER, [INTAKE], about=QUESTION)
    ola = at_desk(post, OLA)
    found = ola.send("/arbeidsliste/sok", text="Solveig Nes").text
    cases = findall(r'href="/meldinger/ny\?sak=([^"]+)">Ny melding om Solveig Nes<', found)
    assert set(cases) == {f"melding.{INTAKE}.{made.thread}", f"mottatt.{INTAKE}.{referral}"}
    in_threads = ola.send("/meldinger/sok", q="Solveig Nes").text
    assert findall(r'sak=([^"]+)">Ny melding om Solveig Nes<', in_threads) == [f"melding.{INTAKE}.{made.thread}"]
    assert "Ny melding om" not in ola.send("/meldinger/sok", q="Ventetid").text, "about nobody"
    for case in cases:
        form = ola.open(f"/meldinger/ny?til={NAV_OFFICE}&sak={case}")
        assert "Gjelder Solveig Nes" in words_of(form)


def test_a_writer_begins_a_message_about_the_patient_of_a_thread(post: Post) -> None:
    made = post.send(PER, [INTAKE])
    ingrid = at_desk(post, INGRID)
    ingrid.open("/meldinger/")
    case = case_at(ingrid, f"/meldinger/{INTAKE}/{made.thread}").split("sak=")[1]
    shown = ingrid.send("/meldinger/ny", to=PSYCHOLOGIST, subject="housing", sak=case)
    assert "Solveig Nes" in words_of(shown)
    other = ingrid.send("/meldinger/ny", to=PSYCHOLOGIST, sak=case, **without_number(given="Anne"))
    assert "Anne Nes" in words_of(other), "whoever is typed is who it is about"
    nobody = ingrid.send("/meldinger/ny", to=PSYCHOLOGIST, subject="question", sak=case)
    assert "Ingen pasient" in words_of(nobody)


@pytest.mark.parametrize("stranger", [SARA, FATIMA, NAVN], ids=lambda who: who.name)
def test_who_may_not_open_a_case_begins_no_message_from_it(post: Post, stranger: Staff) -> None:
    made, referral = post.send(PER, [INTAKE]), post.town.taken()
    desk = at_desk(post, stranger)
    kinds = (f"melding.{INTAKE}.{made.thread}", f"henvisning.{referral}", f"mottatt.{INTAKE}.{referral}")
    nowhere = desk.open(f"/meldinger/ny?til={FACT}&sak=melding.{INTAKE}.{ANOTHER}")
    assert nowhere.status_code == 404
    for case in (*kinds, "melding.x", "noe", f"annet.{made.thread}"):
        assert desk.open(f"/meldinger/ny?til={FACT}&sak={case}").status_code == 404
        assert desk.send("/meldinger/ny", to=FACT, subject="plan", sak=case).status_code == 404


def test_a_wrong_birth_date_is_asked_about_before_it_makes_another_patient(post: Post) -> None:
    post.send(PER, [INTAKE])
    per = at_desk(post, PER)
    typed = without_number(birth_date="16.05.1982")
    asked = begun(per, **typed)
    assert asked.status_code == 422
    assert "Vi har noen med samme navn, men en annen fødselsdato." in words_of(asked)
    assert "Solveig Nes, født 15.06.1982" in words_of(asked)
    meant = begun(per, **typed, same=hidden(asked, "same"))
    assert "Solveig Nes, født 15. juni 1982" in words_of(meant)
    another = begun(per, **typed, same=str(ANOTHER))
    assert "Solveig Nes, født 16. mai 1982" in words_of(another)


def test_a_birth_date_that_does_not_fit_its_number_is_asked_about_once(post: Post) -> None:
    per = at_desk(post, PER)
    wrong = {**ABOUT, "birth_date": "16.05.1982"}
    asked = begun(per, **wrong)
    assert asked.status_code == 422
    assert "Fødselsdatoen passer ikke til fødselsnummeret." in words_of(asked)
    assert 'name="is_checked"' in asked.text and "16.05.1982" in asked.text
    both_right = begun(per, **wrong, is_checked="yes")
    assert "Solveig Nes, født 16. mai 1982" in words_of(both_right)
    missing = begun(per, **{**ABOUT, "birth_date": ""})
    assert "Skriv" in words_of(missing) and "passer ikke" not in words_of(missing), "one thing at a time"
    changed = per.send(f"{here(both_right)}/gjelder", **wrong)
    assert changed.status_code == 422, "also where a draft gets another patient"


def test_a_wrong_birth_date_is_asked_about_where_a_draft_or_a_sent_message_gets_another_patient(
    post: Post,
) -> None:
    made = post.send(PER, [INTAKE])
    per = at_desk(post, PER)
    typed = without_number(birth_date="16.05.1982")
    draft = here(begun(per, **without_number(given="Anne")))
    sent = f"/meldinger/{PSYCHOLOGIST}/{made.thread}/{made.message}"
    other = {"reason": "wrong-patient", "to": INTAKE}
    for address, more in ((f"{draft}/gjelder", {}), (f"{sent}/rett", other)):
        asked = per.send(address, **typed, **more)
        assert asked.status_code == 422
        assert "Vi har noen med samme navn, men en annen fødselsdato." in words_of(asked)
        meant = per.send(address, **typed, **more, same=hidden(asked, "same"))
        assert "Solveig Nes, født 15. juni 1982" in words_of(meant)


@pytest.mark.parametrize("about", [ABOUT, QUESTION_FORM, without_number()], ids=["number", "nobody", "no number"])
def test_a_second_click_on_a_new_message_leads_to_the_same_draft(any_post: Post, about: dict[str, str]) -> None:
    per = at_desk(any_post, PER)
    first, second = (begun(per, **about) for _click in range(2))
    assert second.status_code == 200
    assert here(first) == here(second)
    other = begun(per, to=FACT, **about, same=str(ANOTHER))
    assert here(other) != here(first), "to somebody else"
    assert here(begun(per, **{**about, "line": "Noe annet"}, same=str(ANOTHER))) != here(first)
    written(per, first, "Noe er skrevet.", act="save")
    assert here(begun(per, **about, same=str(ANOTHER))) not in {here(first), here(other)}


def test_a_second_click_about_somebody_of_the_same_name_never_leads_to_the_others_draft(post: Post) -> None:
    per = at_desk(post, PER)
    begun(per, **without_number())
    asked = begun(per, **without_number(line="Hun"))
    about_her = [here(begun(per, **without_number(line="Hun"), same=hidden(asked, "same"))) for _click in range(2)]
    assert len(set(about_her)) == 1
    assert begun(per, **without_number(line="Hun")).status_code == 422, "who it is was not said"
    about_another = [here(begun(per, **without_number(line="Hun"), same=str(ANOTHER))) for _click in range(2)]
    assert len(set(about_another)) == 1
    assert about_another[0] != about_her[0]


def test_a_second_click_on_a_message_from_a_case_leads_to_the_same_draft(post: Post) -> None:
    made = post.send(PER, [INTAKE])
    ingrid = at_desk(post, INGRID)
    case = case_at(ingrid, f"/meldinger/{INTAKE}/{made.thread}").split("sak=")[1]
    first, second = (ingrid.send("/meldinger/ny", to=PSYCHOLOGIST, subject="plan", sak=case) for _click in "ab")
    assert here(first) == here(second)
    colleague = begun(at_desk(post, OLA), PSYCHOLOGIST)
    assert here(colleague) != here(first)


def test_two_clicks_at_the_same_instant_make_one_draft(any_post: Post) -> None:
    def click(_click: int) -> str:
        with any_post.db(PER).transaction() as session:
            made = service.start_draft(
                session, by=PER, service=PSYCHOLOGIST, about=PLAN, to=[INTAKE], now=any_post.town.now
            )
            sleep(0.05)
            return str(made.message)

    with ThreadPoolExecutor(2) as clicks:
        assert len(set(clicks.map(click, range(2)))) == 1


def test_a_namesake_whom_the_writers_services_have_no_case_about_is_never_named(post: Post) -> None:
    post.send(PER, [INTAKE])
    begins = begun(at_desk(post, FATIMA), **without_number(birth_date="16.05.1982"))
    assert begins.status_code == 200
    assert "Solveig Nes, født 16. mai 1982" in words_of(begins)


def test_whoever_comes_to_write_a_message_meets_first_whom_they_wrote_to_and_themselves_last(post: Post) -> None:
    post.send(PER, [NAV_OFFICE], about=QUESTION)
    post.town.sent(to=INTAKE)
    per = at_desk(post, PER)
    page = per.open("/adressebok/?hva=melding")
    order = findall(r'id="tjeneste-([^"]+)"', page.text)
    assert set(order[:2]) == {NAV_OFFICE, INTAKE}
    assert order[-1] == PSYCHOLOGIST
    assert len(order) == len(set(order))
    assert "Dere har skrevet til disse i det siste" in words_of(page)
    assert "Skriv henvisning" not in words_of(page)
    assert "Skriv overføring" not in words_of(page)
    filled = findall(r'class="ds-button" href="/meldinger/ny\?til=([^"]+)"', page.text)
    assert set(filled) == set(order[:-1]), "nobody writes to the one service that they write from"
    found = per.open("/adressebok/?hva=melding&q=inntak")
    assert "i det siste" not in words_of(found), "a search shows what fits"


def test_whoever_only_looks_meets_equal_ways_to_a_service(post: Post) -> None:
    page = at_desk(post, PER).open("/adressebok/").text
    assert search(r'data-variant="secondary" href="/meldinger/ny\?til=', page)
    assert search(r'data-variant="secondary" type="submit" name="til"', page)
    assert not search(r'class="ds-button" (href="/meldinger/ny|type="submit" name="til")', page)
