"""What staff and patient meet on the pages of anonymous cases, through the front door."""

from re import search

from tests.builders import INTAKE, NAV, NAV_OFFICE
from tests.message.cases import discuss, known, link, withdraw
from tests.message.desks import at_desk, first_thread, here, sent, written
from tests.message.nodes import PATIENT, Post
from tests.referral.nodes import INGRID, NAVN, NUMBER, PER
from tests.referral.visiting import hidden, words_of

LINE = "Bør et oppsøkende team ta kontakt?"


def test_a_case_is_begun_weighed_looked_through_and_read_without_a_name(any_post: Post) -> None:
    known(any_post, INGRID, PATIENT)
    ingrid = at_desk(any_post, INGRID)
    assert "Drøft en sak uten navn" in words_of(ingrid.open(f"/meldinger/sak/ny?til={NAV_OFFICE}"))
    offered = f'href="/meldinger/sak/ny?til={NAV_OFFICE}"'
    assert offered in ingrid.open(f"/meldinger/ny?til={NAV_OFFICE}").text, "also where a message is begun"
    empty = ingrid.send("/meldinger/sak/ny", to=NAV_OFFICE, line="")
    assert "uten å si hvem det gjelder" in words_of(empty)
    page = ingrid.send("/meldinger/sak/ny", to=NAV_OFFICE, line=LINE)
    assert "Ingen får vite hvem saken gjelder" in words_of(page)
    assert "Legg ved dokumenter" not in words_of(page)
    shown = written(ingrid, page, "Solveig svarer ikke.", **{"for-0": "Bor alene", "against-0": "Har en bror"})
    words = words_of(shown)
    assert "Ligner et navn" in words
    assert "Send meldingen" not in words
    assert "Bor alene" in words
    wordless = ingrid.send(f"{here(shown)}/begrunn", wording="Solveig", why="")
    assert "Skriv en kort begrunnelse" in words_of(wordless)
    page = ingrid.open(f"{here(shown)}/skriv")
    stopped = ingrid.send(f"{here(shown)}/send", saved=hidden(page, "saved"))
    assert "Ligner et navn" in words_of(stopped)
    clean = written(ingrid, page, "En voksen svarer ikke.", **{"for-0": "Bor alene"})
    assert "Ligner et navn" not in words_of(clean)
    assert "Angre sendingen" in words_of(sent(ingrid, clean))
    any_post.town.settle()
    read = words_of(first_thread(at_desk(any_post, NAVN)))
    assert "For og imot" in read
    assert "Bor alene" in read
    assert "Ingen får vite hvem" in read
    assert "Solveig" not in read


def test_a_wording_that_is_justified_may_stand(post: Post) -> None:
    ingrid = at_desk(post, INGRID)
    page = ingrid.send("/meldinger/sak/ny", to=NAV_OFFICE, line=LINE)
    shown = written(ingrid, page, "Møt oss i Storgata 12.")
    assert "Ligner en adresse" in words_of(shown)
    allowed = ingrid.send(f"{here(shown)}/begrunn", wording="Storgata 12", why="Kontoret vårt")
    assert "Ligner en adresse" not in words_of(allowed)
    assert sent(ingrid, allowed).status_code == 200
    again = ingrid.send(f"{here(shown)}/begrunn", wording="Storgata 12", why="Kontoret vårt")
    assert again.status_code in {404, 409}


def test_a_case_is_linked_on_the_patients_yes_and_anonymous_again_when_it_is_taken_back(post: Post) -> None:
    case = discuss(post, INGRID, [NAV_OFFICE])
    ingrid, nils = at_desk(post, INGRID), at_desk(post, NAVN)
    page = first_thread(ingrid)
    found = search(r'href="([^"]+/koble)"', page.text)
    assert found
    form = ingrid.open(found[1])
    assert "Vet ikke hvem saken gjelder" in words_of(form)
    who = {"given": "Solveig", "family": "Nes", "birth_date": "15.06.1982", "number": NUMBER}
    nobody = ingrid.send(found[1], **who)
    assert "Velg hvem pasienten har sagt ja til" in words_of(nobody)
    until = hidden_day(form.text)
    refused = ingrid.send(found[1], to=NAV_OFFICE, until=until, **who)
    assert refused.status_code == 409
    assert "Solveig" in refused.text
    for _click in range(2):
        linked = ingrid.send(found[1], to=NAV_OFFICE, until=until, said_yes="yes", **who)
        assert "Saken er koblet til pasienten" in words_of(linked)
    assert post.logged(INGRID).count("message.link") == 1
    post.town.settle()
    read = words_of(first_thread(nils))
    assert "Solveig Nes" in read
    assert "Pasienten har sagt ja til at dere vet" in read
    assert "Solveig Nes" in words_of(nils.open("/meldinger/"))
    withdraw(post, INGRID, agency=NAV)
    again = words_of(first_thread(nils))
    assert "Saken er anonym igjen hos dere" in again
    assert "Solveig" not in again
    assert "Solveig" not in words_of(nils.open("/meldinger/"))
    assert "Saken er anonym der igjen" in words_of(ingrid.open(page.request.path))
    assert case.thread


def test_a_link_made_by_mistake_is_taken_away_on_the_page(post: Post) -> None:
    case = discuss(post, INGRID, [NAV_OFFICE])
    link(post, INGRID, case, NAV_OFFICE)
    ingrid = at_desk(post, INGRID)
    page = first_thread(ingrid)
    gone = ingrid.send(f"{page.request.path}/koble-fra")
    assert "Saken er anonym igjen hos alle" in words_of(gone)
    assert ingrid.send(f"{page.request.path}/koble-fra").status_code == 409


def test_who_did_not_begin_a_case_is_not_offered_to_link_it(post: Post) -> None:
    discuss(post, PER, [INTAKE])
    ingrid = at_desk(post, INGRID)
    page = first_thread(ingrid)
    assert "/koble" not in page.text
    assert "Bare de som begynte på saken" in words_of(page)
    assert "Hvem skal få vite det" not in words_of(ingrid.open(f"{page.request.path}/koble"))


def hidden_day(text: str) -> str:
    """Return the day that a form suggests."""
    found = search(r'name="until"[^>]*value="([^"]+)"', text) or search(r'value="([^"]+)"[^>]*name="until"', text)
    assert found
    return found[1]
