"""Threads stand beside referrals and handovers in a service's worklist: by date, found, counted, told of."""

from datetime import timedelta
from re import search

import pytest

from handover.actors import Staff
from handover.message import service, store, worklists
from handover.message.model import Content
from handover.message.steps import Shelf
from handover.team.model import Place, TaskKind, Wanted
from handover.team.service import raise_task_at
from handover.workdays import local_date
from handover.worklist.asked import asked_of
from tests.builders import DPS, INTAKE, NAV_OFFICE, PSYCHOLOGIST
from tests.message.nodes import QUESTION, Post
from tests.referral.nodes import FATIMA, INGRID, NAVN, OLA, PER, SARA, Town
from tests.referral.visiting import reader, words_of

LIST = f"/arbeidsliste/{INTAKE}"


@pytest.fixture
def post(staffed: Town) -> Post:
    """Two nodes whose people can sign in."""
    return Post(staffed)


def test_a_service_sees_referrals_and_threads_in_one_list_by_date(post: Post) -> None:
    post.town.sent()
    begun = post.send(PER, [INTAKE], "Kan vi snakkes?")
    page = reader(post.town, INGRID).open(LIST)
    said = words_of(page)
    assert said.index("Melding: Plan: Plan for høsten – Solveig Nes") < said.index("Henvisning: Solveig"), (
        "two days come before ten"
    )
    assert f"/meldinger/{INTAKE}/{begun.thread}" in page.text
    assert "Trenger handling (2)" in said and "Ingen har tatt (2)" in said and "Mine (0)" in said
    mine = words_of(reader(post.town, PER).open(f"/arbeidsliste/{PSYCHOLOGIST}?filter=venter"))
    assert "Melding: Plan: Plan for høsten – Solveig Nes" in mine, "the sender waits for it in the own list"


def test_who_takes_a_thread_finds_it_among_their_own_and_done_is_for_all(post: Post) -> None:
    begun = post.send(PER, [INTAKE], "Hvor lang er ventetiden?", about=QUESTION)
    ingrid, ola = reader(post.town, INGRID), reader(post.town, OLA)
    post.do(INGRID, begun, service.open_)
    post.do(INGRID, begun, service.take)
    title = "Melding: Spørsmål uten pasient: Ventetid"
    assert title in words_of(ingrid.open(f"{LIST}?filter=mine"))
    assert title not in words_of(ola.open(f"{LIST}?filter=mine"))
    assert "Ulest" not in words_of(ingrid.open(LIST)) and "Ulest" in words_of(ola.open(LIST)), "read per person"
    assert "Ingrid Inntak" in words_of(ola.open(LIST))
    post.do(INGRID, begun, service.done)
    assert title not in words_of(ola.open(LIST))
    assert title in words_of(ola.open(f"{LIST}?filter=ferdig"))


def test_tasks_for_the_whole_team_say_which_patient_or_case_to_those_who_may_open_it(post: Post) -> None:
    plan = post.send(PER, [INTAKE], "Hei")
    question = post.send(PER, [INTAKE], "Hei", about=QUESTION)
    for begun, who in ((plan, None), (question, None), (plan, SARA.id)):
        with post.town.dps.db.transaction() as session:
            place = Place(DPS, INTAKE, service.WORK, begun.thread)
            raise_task_at(session, place, TaskKind.UNOPENED, "", for_staff=who, now=post.town.now)
    words = words_of(reader(post.town, INGRID).open("/oppgaver"))
    assert "Solveig Nes (født 1982). Plan: Plan for høsten" in words
    assert "Spørsmål uten pasient: Ventetid" in words
    hers = words_of(reader(post.town, SARA).open("/oppgaver"))
    assert "Til deg" in hers and "Solveig" not in hers and "Plan" not in hers, "she does not work there"


def test_a_late_thread_stands_in_every_filter(post: Post) -> None:
    post.send(PER, [INTAKE], "Hei")
    post.town.move_to(post.town.now + timedelta(days=6))
    ingrid = reader(post.town, INGRID)
    for choice in ("gjore", "mine", "ledige", "venter", "ferdig"):
        said = words_of(ingrid.open(f"{LIST}?filter={choice}"))
        assert "Melding: Plan: Plan for høsten – Solveig Nes" in said and "1 sak er over fristen." in said, choice
    assert "1 venter på deg i alt" in said and "<title>(1) " in ingrid.open(LIST).text, "the same number"
    post.send(PER, [INTAKE], "Ny", about=QUESTION)
    listed = words_of(ingrid.open("/meldinger/"))
    assert listed.index("Over fristen") < listed.index("Plan for høsten") < listed.index("Resten")
    assert listed.index("Resten") < listed.index("Ventetid"), "what is late stands before what is new"
    assert "Plan for høsten" not in words_of(ingrid.open("/meldinger/?vis=ferdig"))


def test_a_search_finds_a_thread_by_words_of_its_text_and_only_where_one_works(post: Post) -> None:
    post.send(PER, [INTAKE], "Turer i fjellet")
    for text in ("fjellet", "Solveig Nes"):
        found = words_of(reader(post.town, INGRID).send("/arbeidsliste/sok", text=text))
        assert "Melding: Plan: Plan for høsten – Solveig Nes" in found, text
    assert "Plan" not in words_of(reader(post.town, SARA).send("/arbeidsliste/sok", text="fjellet"))


def test_the_list_says_that_a_message_has_come_and_the_title_counts_it(post: Post) -> None:
    ingrid = reader(post.town, INGRID)
    empty = search(r'data-version="(\d+)"', ingrid.open(LIST).text)
    assert empty and ingrid.open(f"{LIST}/nytt", **{"If-None-Match": empty[1]}).status_code == 304
    post.town.pass_time(minutes=1)
    begun = post.send(PER, [INTAKE], "Hei")
    news = ingrid.open(f"{LIST}/nytt", **{"If-None-Match": "1"})
    assert news.json == {"text": "1 ny sak – vis", "asked": 1}
    version = news.headers["ETag"].strip('"')
    post.town.pass_time(minutes=1)
    post.do(INGRID, begun, service.open_)
    changed = ingrid.open(f"{LIST}/nytt", **{"If-None-Match": version})
    assert changed.json == {"text": "Listen er endret – vis", "asked": 1}
    post.do(INGRID, begun, service.done)
    with post.db(INGRID).reading() as session:
        assert asked_of(session, INGRID) == 0


@pytest.mark.parametrize("other", [FATIMA, SARA])
def test_who_does_not_work_there_sees_no_thread_and_hears_no_news(post: Post, other: Staff) -> None:
    post.send(PER, [INTAKE], "Hei")
    with post.db(other).transaction() as session:
        assert worklists.open_work(session, INTAKE, by=other, now=post.town.now) == ()
        assert worklists.list_closed(session, INTAKE, by=other, now=post.town.now) == ()
        assert worklists.counted(session, INTAKE, by=other, now=post.town.now) == ()
        with pytest.raises(service.ThreadNotFound):
            worklists.work_news(session, INTAKE, by=other)


def test_nav_has_its_messages_in_one_list_though_it_takes_no_referrals(post: Post) -> None:
    post.send(PER, [NAV_OFFICE], "Hvem kan jeg ringe?", about=QUESTION)
    page = reader(post.town, NAVN).open(f"/arbeidsliste/{NAV_OFFICE}")
    assert page.status_code == 200 and "Melding: Spørsmål uten pasient: Ventetid" in words_of(page)


def test_a_draft_of_an_answer_moves_no_wished_date(post: Post) -> None:
    wished = local_date(post.town.now) + timedelta(days=1)
    begun = post.send(PER, [INTAKE], "Svar i morgen?", answer_by=wished)
    post.do(INGRID, begun, service.open_)

    def due() -> object:
        with post.db(INGRID).transaction() as session:
            (row,) = worklists.open_work(session, INTAKE, by=INGRID, now=post.town.now, wanted=Wanted.TO_DO)
        return row.due_at

    before = due()
    draft = post.do(INGRID, begun, service.reply, content=Content(text="Ja"))
    assert due() == before
    post.do(INGRID, begun, service.discard, draft)
    assert due() == before, "what was thrown away has answered nothing"


def test_counts_stop_at_their_cap_and_name_every_shelf(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    for _each in range(3):
        post.begin(PER, [INTAKE], "Hei", about=QUESTION)
    with post.db(PER).reading() as session:
        assert service.counts(session, PER)[Shelf.DRAFT] == 3
        monkeypatch.setattr(store, "COUNT_CAP", 2)
        assert service.counts(session, PER, PSYCHOLOGIST)[Shelf.DRAFT] == 2
        assert service.counts(session, PER, INTAKE) == dict.fromkeys(Shelf, 0), "not where one does not work"
