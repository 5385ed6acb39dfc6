"""What staff and patient meet on the pages of anonymous cases, through the front door."""

from datetime import timedelta
from re import findall, search

from handover.message import service
from handover.notice import service as notice
from tests.builders import FACT, INTAKE, NAV, NAV_OFFICE
from tests.message.cases import discuss, known, link, withdraw
from tests.message.desks import at_desk, first_thread, here, sent, written
from tests.message.nodes import PATIENT, Post
from tests.referral.nodes import INGRID, NAVN, NUMBER, PER
from tests.referral.nodes import PATIENT as HERSELF
from tests.referral.visiting import Reader, hidden, reader, words_of

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
    assert "Formålet er" not in words_of(first_thread(ingrid)), "a link is no yes to what is sent"
    assert "Pasienten har sagt ja til at dere vet" in read
    assert "Solveig Nes" in words_of(nils.open("/meldinger/"))
    withdraw(post, INGRID, agency=NAV)
    again = words_of(first_thread(nils))
    assert "Saken er anonym igjen hos dere" in again
    assert "Solveig" not in again
    assert "Solveig" not in words_of(nils.open("/meldinger/"))
    assert "Saken er anonym der igjen" in words_of(ingrid.open(page.request.path))
    assert case.thread


def test_a_patient_is_asked_on_the_own_page_and_staff_link_the_case_on_the_yes(post: Post) -> None:
    case = discuss(post, INGRID, [NAV_OFFICE, FACT])
    ingrid, solveig = at_desk(post, INGRID), at_home(post)
    path = f"/meldinger/{INTAKE}/{case.thread}/koble"
    who = {"given": "Solveig", "family": "Nes", "birth_date": "15.06.1982"}
    until = hidden_day(ingrid.open(path).text)
    for without in ({}, {"number": NUMBER, "until": "01.01.2020"}):
        refused = ingrid.send(f"{path}/spor", to=NAV_OFFICE, **{"until": until, **who, **without})
        assert refused.status_code == 422
        assert "Solveig" in refused.text
    asked = ingrid.send(f"{path}/spor", to=NAV_OFFICE, until=until, number=NUMBER, why="Vi vil ha NAV med", **who)
    words = words_of(asked)
    assert "Pasienten er spurt på sin egen side" in words
    assert "har ikke svart" in words
    assert "Solveig" not in words, "the case is about nobody until it is linked"
    post.town.settle()
    assert post.see(NAVN, case).patient is None
    assert "/koble" not in first_thread(at_desk(post, NAVN)).text
    question = search(r'href="(/mine-valg/sporsmal/[^"]+)"', solveig.open("/mine-valg").text)
    assert question
    page = solveig.open(question[1])
    assert "De har drøftet en sak uten å si hvem den gjelder" in words_of(page)
    assert "Hvem er NAV" in words_of(page)
    assert "Vi vil ha NAV med" in words_of(page)
    early = ingrid.send(path, to=NAV_OFFICE, until=until, asked=hidden(ingrid.open(path), "asked"))
    assert early.status_code == 409, "nothing is linked before the answer"
    solveig.send(question[1], answer="yes", topics="plans", until=until)
    assert "Pasienten har sagt ja" in words_of(ingrid.open("/oppgaver"))
    assert post.see(INGRID, case).patient is None, "linking is an act of its own"
    form = ingrid.open(path)
    assert "Pasienten sa ja på sin egen side" in words_of(form)
    assert search(rf'value="{NAV_OFFICE}"[^>]* checked', form.text)
    asked_for_more = ingrid.send(f"{path}/spor", to=NAV_OFFICE, until=until, asked=hidden(form, "asked"))
    assert "har alt sagt ja" in words_of(asked_for_more)
    wrong = ingrid.send(path, to=NAV_OFFICE, until=until, asked=str(case.thread))
    assert "Tråden har endret seg" in words_of(wrong)
    linked = ingrid.send(path, to=NAV_OFFICE, until=until, asked=hidden(form, "asked"))
    assert "Saken er koblet til pasienten" in words_of(linked)
    post.town.settle()
    assert post.see(NAVN, case).patient == PATIENT


def test_a_patient_who_is_asked_about_a_health_service_is_not_told_who_nav_is(post: Post) -> None:
    case = discuss(post, INGRID, [NAV_OFFICE, FACT])
    ingrid, solveig = at_desk(post, INGRID), at_home(post)
    path = f"/meldinger/{INTAKE}/{case.thread}/koble"
    who = {"given": "Solveig", "family": "Nes", "birth_date": "15.06.1982", "number": NUMBER}
    ingrid.send(f"{path}/spor", to=FACT, until=hidden_day(ingrid.open(path).text), **who)
    question = search(r'href="(/mine-valg/sporsmal/[^"]+)"', solveig.open("/mine-valg").text)
    assert question
    page = words_of(solveig.open(question[1]))
    assert "FACT" in page
    assert "NAV" not in page


def test_a_question_to_the_patient_about_a_case_is_taken_back_and_answered_no(post: Post) -> None:
    case = discuss(post, INGRID, [NAV_OFFICE, FACT])
    ingrid, solveig = at_desk(post, INGRID), at_home(post)
    path = f"/meldinger/{INTAKE}/{case.thread}/koble"
    until = hidden_day(ingrid.open(path).text)
    who = {"given": "Solveig", "family": "Nes", "birth_date": "15.06.1982", "number": NUMBER}
    ingrid.send(f"{path}/spor", to=NAV_OFFICE, until=until, **who)
    form = ingrid.open(path)
    found = search(r'name="request" value="([^"]+)"', form.text)
    assert found
    assert ingrid.send(f"{path}/ikke-spor", request=str(case.thread)).status_code == 404
    gone = ingrid.send(f"{path}/ikke-spor", request=found[1])
    assert "har ikke svart" not in words_of(gone)
    ingrid.send(f"{path}/spor", to=FACT, until=until, asked=hidden(gone, "asked"))
    question = search(r'href="(/mine-valg/sporsmal/[^"]+)"', solveig.open("/mine-valg").text)
    assert question
    solveig.send(question[1], answer="no")
    assert "Pasienten sa nei" in words_of(first_thread(ingrid))
    assert "Fornavn" in words_of(ingrid.open(f"{path}?annen=ja"))


def test_each_question_about_a_case_waits_for_its_own_answer(post: Post) -> None:
    case = discuss(post, INGRID, [NAV_OFFICE, FACT])
    until = (post.town.now + timedelta(days=30)).date()
    with post.db(INGRID).transaction() as session:
        turn = service.Turn(thread=case.thread, by=INGRID, now=post.town.now)
        service.ask_patient(session, turn, PATIENT, [NAV_OFFICE, FACT], until=until)
    solveig = at_home(post)
    asked = findall(r'href="(/mine-valg/sporsmal/[^"]+)"', solveig.open("/mine-valg").text)
    for question, waiting in zip(asked, (1, 0), strict=True):
        solveig.send(question, answer="no")
        with post.db(INGRID).transaction() as session:
            only_looked = session.begin_nested()
            later = notice.long_unopened(session, INGRID.agency, now=post.town.now + timedelta(days=5))
            assert len(later) == waiting
            only_looked.rollback()


def test_the_same_question_asked_twice_is_asked_once(post: Post) -> None:
    case = discuss(post, INGRID, [NAV_OFFICE])
    until = (post.town.now + timedelta(days=30)).date()
    asked: list[object] = []
    for why in ("", "", "Vi vil planlegge sammen"):
        with post.db(INGRID).transaction() as session:
            turn = service.Turn(thread=case.thread, by=INGRID, now=post.town.now)
            asked += service.ask_patient(session, turn, PATIENT, [NAV_OFFICE], until=until, why=why)
    assert asked[0] == asked[1] != asked[2], "another question takes the place of the first"
    assert post.logged(INGRID).count("consent.ask") == 2


def test_a_link_made_by_mistake_is_taken_away_on_the_page(post: Post) -> None:
    case = discuss(post, INGRID, [NAV_OFFICE])
    link(post, INGRID, case, NAV_OFFICE)
    ingrid = at_desk(post, INGRID)
    page = first_thread(ingrid)
    sure = words_of(ingrid.open(f"{page.request.path}/koble-fra"))
    assert "Solveig Nes" in sure
    assert "melde avviket" in sure
    gone = ingrid.send(f"{page.request.path}/koble-fra")
    assert "får beskjed om å glemme det" in words_of(gone)
    assert ingrid.send(f"{page.request.path}/koble-fra").status_code == 409
    assert "Ta bort koblingen" not in words_of(ingrid.open(f"{page.request.path}/koble-fra"))


def test_who_did_not_begin_a_case_is_not_offered_to_link_it(post: Post) -> None:
    discuss(post, PER, [INTAKE])
    ingrid = at_desk(post, INGRID)
    page = first_thread(ingrid)
    assert "/koble" not in page.text
    assert "Bare de som begynte på saken" in words_of(page)
    assert "Hvem skal få vite det" not in words_of(ingrid.open(f"{page.request.path}/koble"))


def at_home(post: Post) -> Reader:
    """Return the patient in front of the pages of Ingrid's node."""
    return reader(post.town, HERSELF, node=post.town.dps)


def hidden_day(text: str) -> str:
    """Return the day that a form suggests."""
    found = search(r'name="until"[^>]*value="([^"]+)"', text) or search(r'value="([^"]+)"[^>]*name="until"', text)
    assert found
    return found[1]
