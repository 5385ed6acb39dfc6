"""What a team shares in a thread: one writes at a time, work is given on and put away, ready texts are filled."""

from collections.abc import Iterator
from datetime import timedelta
from re import search

import pytest
from werkzeug.test import TestResponse

from handover.team.answering import LASTS
from handover.workdays import local_date
from tests.builders import INTAKE
from tests.conftest import OpenDatabase
from tests.message.nodes import QUESTION, Post
from tests.referral.nodes import INGRID, OLA, PER, SARA, town
from tests.referral.visiting import Reader, hidden, reader, register_everybody, words_of

LIST = f"/arbeidsliste/{INTAKE}"


@pytest.fixture
def post(open_sqlite: OpenDatabase) -> Iterator[Post]:
    """Two nodes whose staff can sign in."""
    made = town(open_sqlite)
    register_everybody(made)
    yield Post(made)
    made.close()


def arrived(post: Post, **content: object) -> str:
    """Send a question to the intake; returns where it is read."""
    begun = post.send(PER, [INTAKE], "Hvor lang er ventetiden?", about=QUESTION, **content)
    return f"/meldinger/{INTAKE}/{begun.thread}"


def answer(desk: Reader, thread: str, **over: str) -> TestResponse:
    """Press the button that begins an answer."""
    return desk.send(f"{thread}/svar", **over)


def write(desk: Reader, page: TestResponse, text: str, act: str = "save") -> TestResponse:
    """Write in the draft of a page, and go where the button leads."""
    return desk.send(page.request.path, saved=hidden(page, "saved"), text=text, act=act)


def send(desk: Reader, page: TestResponse, text: str) -> TestResponse:
    """Write an answer, look it over and send it."""
    shown = write(desk, page, text, "preview")
    return desk.send(f"{shown.request.path.rsplit('/', 1)[0]}/send", saved=hidden(shown, "saved"))


# --- who writes now --------------------------------------------------------------------------------------------


def test_a_colleague_is_told_who_writes_and_can_take_it_over(post: Post) -> None:
    thread, ingrid, ola = arrived(post), reader(post.town, INGRID), reader(post.town, OLA)
    first = write(ingrid, answer(ingrid, thread), "Seks uker")
    page = ola.open(thread)
    assert "Ingrid Inntak skriver svar nå" in words_of(page)
    assert "skriver svar nå" not in words_of(ingrid.open(thread)), "she knows"
    refused = answer(ola, thread)
    assert refused.status_code == 409 and "En kollega skriver svar nå" in words_of(refused)
    taken = answer(ola, thread, over=hidden(page, "over"))
    assert taken.status_code == 200 and taken.request.path.endswith("/skriv")
    assert f"{OLA.name} skriver svar nå" in words_of(ingrid.open(first.request.path))
    late = send(ingrid, first, "Seks uker, tror jeg")
    assert late.status_code == 409 and f"{OLA.name} skriver svar nå" in words_of(late)
    assert send(ola, taken, "Sju uker").status_code == 200
    assert "skriver svar nå" not in words_of(ingrid.open(thread)), "it is sent"
    assert "Seks uker, tror jeg" in ingrid.open(first.request.path).text, "what she wrote is kept"


def test_nobody_is_told_any_longer_when_the_writer_has_been_away_or_has_thrown_it_away(post: Post) -> None:
    thread, ingrid, ola = arrived(post), reader(post.town, INGRID), reader(post.town, OLA)
    page = answer(ingrid, thread)
    post.town.pass_time(minutes=LASTS.total_seconds() / 60 - 1)
    write(ingrid, page, "Seks")
    post.town.pass_time(minutes=2)
    assert "skriver svar nå" in words_of(ola.open(thread)), "each time it is kept counts"
    post.town.pass_time(minutes=LASTS.total_seconds() / 60)
    assert "skriver svar nå" not in words_of(ola.open(thread))
    again = answer(ingrid, thread)
    assert "skriver svar nå" in words_of(ola.open(thread))
    ingrid.send(f"{again.request.path.rsplit('/', 1)[0]}/slett")
    assert "skriver svar nå" not in words_of(ola.open(thread))


def test_whoever_answers_what_nobody_has_taken_becomes_responsible_until_they_undo_it(post: Post) -> None:
    thread, ingrid = arrived(post), reader(post.town, INGRID)
    assert "Den som svarer, blir ansvarlig her." in words_of(ingrid.open(thread))
    shown = write(ingrid, answer(ingrid, thread), "Seks uker", "preview")
    assert "Når du sender, blir du ansvarlig for den her." in words_of(shown)
    letter = shown.request.path.rsplit("/", 1)[0]
    words = words_of(ingrid.send(f"{letter}/send", saved=hidden(shown, "saved")))
    assert "Ansvarlig her: Ingrid Inntak" in words and "Den som svarer" not in words
    assert "Sendingen er angret." in words_of(ingrid.send(f"{letter}/angre"))
    assert "Ingen har tatt denne" in words_of(ingrid.open(thread))
    ola = reader(post.town, OLA)
    assert "Ansvarlig her: Ola Overlege" in words_of(
        send(ola, answer(ola, thread, over=str(INGRID.id)), "Åtte uker")
    )
    again = write(ingrid, answer(ingrid, thread), "Ni uker", "preview")
    assert "blir du ansvarlig" not in words_of(again)
    send(ingrid, answer(ingrid, thread), "Ni uker")
    assert "Ansvarlig her: Ola Overlege" in words_of(ingrid.open(thread)), "his it is already"


def test_who_does_not_work_there_cannot_take_an_answer_over(post: Post) -> None:
    thread, ingrid = arrived(post), reader(post.town, INGRID)
    answer(ingrid, thread)
    assert answer(reader(post.town, SARA), thread, over=str(INGRID.id)).status_code == 404


# --- given on and put away -------------------------------------------------------------------------------------


def test_a_thread_is_given_to_a_colleague_who_works_there(post: Post) -> None:
    thread, ingrid = arrived(post), reader(post.town, INGRID)
    page = ingrid.open(thread)
    assert "Sara" not in page.text, "she works elsewhere"
    assert ingrid.send(f"{thread}/gi-til", seen=hidden(page, "seen"), to=str(SARA.id)).status_code == 404
    given = ingrid.send(f"{thread}/gi-til", seen=hidden(page, "seen"), to=str(OLA.id))
    assert "Tråden er gitt til en kollega." in words_of(given) and f"Ansvarlig her: {OLA.name}" in words_of(given)
    assert "Ventetid" in words_of(reader(post.town, OLA).open(f"{LIST}?filter=mine"))


def test_a_thread_is_put_away_until_a_day_and_never_past_the_wished_answer(post: Post) -> None:
    today = local_date(post.town.now)
    wished = today + timedelta(days=4)
    thread, ingrid = arrived(post, answer_by=wished), reader(post.town, INGRID)
    ingrid.open(thread)
    for day in (f"{wished + timedelta(days=1):%d.%m.%Y}", f"{today:%d.%m.%Y}", "tirsdag", ""):
        refused = ingrid.send(f"{thread}/utsett", until=day)
        assert refused.status_code == 422 and "ikke senere enn fristen" in words_of(refused), day
    assert "Ventetid" in words_of(ingrid.open(LIST))
    away = ingrid.send(f"{thread}/utsett", until=f"{today + timedelta(days=2):%d.%m.%Y}")
    assert "Tråden er lagt bort." in words_of(away)
    assert "Lagt bort til onsdag 11. november, og" in words_of(ingrid.open(thread))
    assert "Ventetid" not in words_of(ingrid.open(LIST))
    post.town.move_to(post.town.now + timedelta(days=2))
    assert "Ventetid" in words_of(reader(post.town, INGRID).open(LIST))


def test_a_thread_is_not_offered_to_be_put_away_on_the_last_day_of_its_wished_answer(post: Post) -> None:
    thread = arrived(post, answer_by=local_date(post.town.now) + timedelta(days=2))
    page = reader(post.town, INGRID).open(thread)
    assert f'action="{thread}/utsett"' in page.text and "Gi til en kollega, eller legg bort" in words_of(page)
    post.town.move_to(post.town.now + timedelta(days=2))
    page = reader(post.town, INGRID).open(thread)
    assert f"{thread}/utsett" not in page.text and "legg bort" not in words_of(page)
    assert f'action="{thread}/gi-til"' in page.text, "a colleague can have it still"


# --- ready texts -----------------------------------------------------------------------------------------------


def test_a_writer_gets_a_ready_text_in_their_own_language_or_is_told_which_it_is_in(post: Post) -> None:
    thread, ingrid = arrived(post), reader(post.town, INGRID)
    ingrid.send(f"/arbeidsliste/{INTAKE}/tekster", kind="message", title="Adresse", text_nn="Vi held til her.")
    page = write(ingrid, answer(ingrid, thread), "Hei.")
    own = search(r'value="(insert:\d+)"[^>]*>Sett inn «Adresse» \(Nynorsk\)', page.text)
    assert own
    assert "Vi held til her." in write(ingrid, page, "Hei.", own[1]).text
    ingrid.open("/meldinger/?lang=en")
    english = ingrid.open(page.request.path)
    found = search(r'value="(insert:\d+)"[^>]*>Insert “The answer follows”<', english.text)
    assert found
    assert "Thank you for the message. We will answer by [date]." in write(ingrid, english, "Hi.", found[1]).text


def test_a_ready_text_is_put_in_and_must_be_filled_before_it_is_sent(post: Post) -> None:
    thread, ingrid = arrived(post), reader(post.town, INGRID)
    page = write(ingrid, answer(ingrid, thread), "Hei.")
    found = search(r'value="(insert:\d+)"[^>]*>Sett inn «Svaret kommer»', page.text)
    assert found
    filled = write(ingrid, page, "Hei.", found[1])
    assert "Hei.\n\nTakk for meldingen. Vi svarer innen [dato]." in filled.text.replace("\r", "")
    refused = send(ingrid, filled, "Takk for meldingen. Vi svarer innen [dato].")
    assert refused.status_code == 422
    assert "Fyll ut eller ta bort dette: [dato]" in words_of(refused) and "Vi svarer innen [dato]." in refused.text
    kept = ingrid.open(filled.request.path)
    assert "[dato]" in kept.text
    assert send(ingrid, kept, "Takk for meldingen. Vi svarer innen fredag.").status_code == 200
