"""What staff meet who want to talk instead of writing: times offered, one picked, and put in a calendar."""

from re import search

from werkzeug.test import TestResponse

from tests.message.desks import QUESTION, at_desk, begun, first_thread, here, sent, written
from tests.message.nodes import Post
from tests.referral.nodes import INGRID, OLA, PER
from tests.referral.visiting import Reader, words_of

FORM = {"by": "phone", "where": "55 00 00 01", "minutes": "20"}
TIMES = {"day1": "11.11.2026", "clock1": "09.30", "day3": "12.11.2026", "clock3": "13"}


def asked(per: Reader) -> TestResponse:
    """Write a draft and offer two times with it."""
    page = written(per, begun(per, **QUESTION), "Kan vi ringes?", act="talk")
    return per.send(f"{here(page)}/samtale", **FORM, **TIMES)


def test_a_time_is_offered_picked_and_put_in_both_calendars(post: Post) -> None:
    per, ingrid = at_desk(post, PER), at_desk(post, INGRID)
    draft = asked(per)
    assert "Kan vi ringes?" in draft.text
    assert "onsdag 11. november kl. 09.30" in words_of(draft).lower()
    shown = per.open(f"{here(draft)}/se")
    assert "55 00 00 01" in words_of(shown), "the preview shows it"
    left = sent(per, shown)
    post.town.settle()
    read = first_thread(ingrid)
    form = search(r'action="([^"]+/velg)".*?name="slot" value="([^"]+)"', read.text.replace("\n", " "))
    assert form
    agreed = ingrid.send(form[1], slot=form[2], phone="22 33 44 55")
    assert "Tidspunktet er avtalt" in words_of(agreed)
    pressed_twice = ingrid.send(form[1], slot=form[2], phone="22 33 44 55")
    assert pressed_twice.status_code == 200 and "Tidspunktet er avtalt" in words_of(pressed_twice)
    again = ingrid.send(form[1], slot=form[2])
    assert again.status_code == 409
    assert "alt valgt et tidspunkt" in words_of(again)
    post.town.settle()
    told = per.open(left.request.path)
    assert "valgt av Ingrid Inntak. Ring 22 33 44 55." in words_of(told)
    assert "Samtale er avtalt" in words_of(per.open("/meldinger/"))
    for desk, page in ((per, told), (ingrid, agreed)):
        assert "Dere har avtalt en samtale" in words_of(page)
        link = search(r'href="([^"]+/avtale\.ics)"', page.text)
        assert link
        file = desk.open(link[1]).text
        for line in ("SUMMARY:Avtale", "DTSTART:20261111T083000Z", "DTEND:20261111T085000Z"):
            assert line in file
        assert "55 00" not in file, "a calendar says nothing but when"
    assert at_desk(post, OLA).open(f"{here(draft)}/avtale.ics").status_code == 404, "that is another's copy"
    per.send(f"{here(draft)}/feil", reason="other", note="Jeg er syk")
    post.town.settle()
    called_off = ingrid.open(agreed.request.path)
    assert "Samtalen onsdag 11. november kl. 09.30 er avlyst." in words_of(called_off)
    link = search(r'href="([^"]+/avtale\.ics)"', called_off.text)
    assert link
    file = ingrid.open(link[1]).text
    for line in ("STATUS:CANCELLED", "SEQUENCE:1", "DTSTART:20261111T083000Z"):
        assert line in file


def test_what_is_wrong_with_the_times_is_said_and_what_was_typed_stays(post: Post) -> None:
    per = at_desk(post, PER)
    page = begun(per, **QUESTION)
    url = f"{here(page)}/samtale"
    nothing = per.send(url, by="phone", minutes="5")
    assert nothing.status_code == 422
    for what in ("minst ett tidspunkt", "Skriv et telefonnummer", "mellom 15 og 240"):
        assert what in words_of(nothing)
    past = per.send(url, **FORM, day1="01.11.2026", clock1="09.00")
    assert "Tidspunktet har vært" in words_of(past)
    assert "01.11.2026" in past.text
    kept = per.send(url, **FORM, **TIMES)
    assert "Endre tidspunktene" in words_of(kept)
    assert "Foreslå tid" in words_of(per.send(url, act="remove"))


def test_times_that_have_passed_are_neither_sent_nor_picked(post: Post) -> None:
    per, ingrid = at_desk(post, PER), at_desk(post, INGRID)
    first, late = asked(per), asked(per)
    sent(per, per.open(f"{here(first)}/se"))
    post.town.settle()
    read = first_thread(ingrid)
    form = search(r'action="([^"]+/velg)".*?name="slot" value="([^"]+)"', read.text.replace("\n", " "))
    assert form
    post.town.pass_time(days=4)
    per, ingrid = at_desk(post, PER), at_desk(post, INGRID)
    refused = sent(per, per.open(f"{here(late)}/se"))
    assert refused.status_code == 422
    assert "tidspunktene du foreslår, har vært" in words_of(refused)
    assert "ikke blant dem som er foreslått" in words_of(ingrid.send(form[1], slot=form[2]))
    assert "har vært" in words_of(first_thread(ingrid))
