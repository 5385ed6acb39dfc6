"""A thread that is printed, saved as PDF or copied into the record; and a leader who follows one."""

import re

from handover.message import service
from handover.message.model import Content, Reason
from tests.builders import INTAKE, PSYCHOLOGIST
from tests.message.desks import at_desk, first_thread
from tests.message.nodes import PDF, Post
from tests.referral.nodes import INGRID, LEADER, PER, SARA
from tests.referral.visiting import words_of


def test_a_thread_is_printed_saved_and_copied_and_the_log_says_so(post: Post) -> None:
    made = post.begin(PER, [INTAKE], "Se **vedlagt** plan")
    post.do(PER, made, service.attach, made.message, "plan.pdf", PDF)
    post.do(PER, made, service.send, made.message)
    post.town.settle()
    post.answer(INGRID, made, "Takk")
    per = at_desk(post, PER)
    url = f"/meldinger/{PSYCHOLOGIST}/{made.thread}"
    on_paper = words_of(per.open(f"{url}/utskrift"))
    note = words_of(per.open(f"{url}/notat"))
    for words in (on_paper, note):
        for what in ("Solveig Nes", "Se vedlagt plan", "plan.pdf", "Takk", "Åpnet av Ingrid Inntak"):
            assert what in words
        assert words.index("Se vedlagt plan") < words.index("Takk")
        assert "Tatt ut av Overgang av Per Psykolog" in words
    assert re.search(r"Solveig Nes, født \d", on_paper), "a birth date has no weekday"
    assert per.open(f"{url}/utskrift.pdf").data.startswith(b"%PDF")
    assert post.logged(PER).count("export.made") == 3


def test_what_is_taken_out_holds_no_more_than_its_reader_sees(post: Post) -> None:
    made = post.send(PER, [INTAKE], "Feil person")
    ingrid = at_desk(post, INGRID)
    url = first_thread(ingrid).request.path
    post.do(PER, made, service.retract, made.message, Reason.RECEIVER)
    post.do(PER, made, service.reply, content=Content(text="Bare et utkast"))
    post.town.settle()
    words = words_of(ingrid.open(f"{url}/notat"))
    assert "har trukket tilbake en melding" in words
    assert "Feil person" not in words
    mine = words_of(at_desk(post, PER).open(f"/meldinger/{PSYCHOLOGIST}/{made.thread}/notat"))
    assert "Per Psykolog trakk meldingen tilbake" in mine
    assert "Bare et utkast" not in mine
    assert at_desk(post, SARA).open(f"{url}/utskrift.pdf").status_code == 404


def test_who_takes_out_what_has_come_has_opened_it(post: Post) -> None:
    made = post.send(PER, [INTAKE], "Hei")
    at_desk(post, LEADER).open(f"/meldinger/{INTAKE}/{made.thread}/utskrift")
    post.town.settle()
    assert post.opened_by(PER, made) == [], "a leader looks, and opens nothing"
    at_desk(post, INGRID).open(f"/meldinger/{INTAKE}/{made.thread}/utskrift")
    post.town.settle()
    assert post.opened_by(PER, made) == ["Ingrid Inntak"]


def test_a_leader_follows_a_thread_and_the_team_sees_it(post: Post) -> None:
    post.send(PER, [INTAKE], "Hei")
    leader, ingrid = at_desk(post, LEADER), at_desk(post, INGRID)
    url = first_thread(leader).request.path
    assert "Du følger tråden" in words_of(leader.send(f"{url}/folg"))
    seen = words_of(ingrid.open(url))
    assert "Følges av Lise Leder" in seen
    assert "Du følger tråden" in words_of(leader.open("/meldinger/"))
    assert "Du følger tråden" not in words_of(ingrid.open("/meldinger/"))
    assert "Følg tråden" not in seen
    assert ingrid.send(f"{url}/folg").status_code == 403
    assert "Du følger ikke tråden lenger" in words_of(leader.send(f"{url}/folg", stop="yes"))
    assert "Følges av" not in words_of(ingrid.open(url))
