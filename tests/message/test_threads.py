"""The rules of a thread, one by one: limits, order, times offered, and what is late, repeated or taken back."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest

from handover.actors import Party
from handover.errors import HandoverError
from handover.exchange.files import MAX_FILES_BYTES
from handover.ids import CommunicationId, PersonId, ThreadId
from handover.message import hearing, model, speaking
from handover.message.lifecycle import Status
from handover.message.model import By, Content, File, Heading, Letter, Offer, Slot, SlotId, Subject
from handover.message.promptness import answer_spans
from handover.message.scope import ALL, topics_of
from handover.message.standing import Copy, Leaves, NotYetHere, is_new, shown, to_forward
from handover.message.steps import Shelf, Step, answers, awaited, glance, next_step, open_steps, shelf_of
from tests.message.threads import DPS, FACT, NAV, START, Between, Desk, shifted

OFFER = Offer(
    by=By.PHONE,
    where="55 00 00 01",
    slots=tuple(Slot(id=SlotId(uuid4()), start=START + timedelta(days=day), minutes=30) for day in (1, 2)),
)
PDF = File(name="plan.pdf", content_type="application/pdf", length=MAX_FILES_BYTES, sha256=bytes(32))


def _code(refused: pytest.ExceptionInfo[HandoverError]) -> tuple[str, object]:
    return refused.value.stable_code, getattr(refused.value, "fields", {})


@pytest.mark.parametrize(
    ("content", "code", "field"),
    [
        (Content(text="x" * 100_000), "message.text-too-long", "text"),
        (Content(text=" \n\t"), "message.empty", "text"),
        (Content(text="Hei", answer_by=date(2026, 11, 8)), "message.bad-content", "answer_by"),
        (Content(text="Hei", files=(PDF, replace(PDF, length=1))), "message.bad-content", "files"),
        (Content(text="Hei", offer=replace(OFFER, slots=())), "message.bad-content", "slots"),
        (Content(text="Hei", offer=replace(OFFER, where=" ")), "message.bad-content", "where"),
    ],
)
def test_a_writer_is_told_by_a_code_what_a_message_may_not_be(content: Content, code: str, field: str) -> None:
    with pytest.raises(HandoverError) as refused:
        model.check_sending(content, (), today=date(2026, 11, 9))
    found, fields = _code(refused)
    assert found == code
    assert isinstance(fields, dict)
    assert list(fields) == [field]


def test_a_message_at_its_limits_may_be_sent() -> None:
    content = Content(text="x" * model.MAX_TEXT, files=(PDF,), answer_by=date(2026, 11, 9), offer=OFFER)
    model.check_sending(content, (), today=date(2026, 11, 9))


def test_a_message_to_oneself_or_to_nobody_is_refused() -> None:
    with pytest.raises(model.ToOneself):
        model.check_receivers(DPS, (NAV, DPS), ())
    with pytest.raises(model.BadContent):
        model.check_receivers(DPS, (), ())


@pytest.mark.parametrize("subject", Subject)
def test_every_subject_but_a_question_and_an_anonymous_case_names_its_patient(subject: Subject) -> None:
    heading = Heading(
        thread=Between().desks[DPS].begin([NAV], "", START)[0], reference="8H3K-PQ2M", subject=subject
    )
    has_patient = subject not in {Subject.QUESTION, Subject.ANONYMOUS}
    model.check_heading(heading, has_patient=has_patient)
    with pytest.raises(model.BadHeading):
        model.check_heading(heading, has_patient=not has_patient)


def test_a_late_message_is_placed_by_its_written_time_and_marked_new() -> None:
    town = Between()
    dps, nav = town.desks[DPS], town.desks[NAV]
    thread, first = dps.begin([NAV], "Første", town.now)
    letters = dps.send(thread, first, town.tick())
    second = dps.write(thread, [NAV], "Andre", town.tick())
    later = dps.send(thread, second, town.tick())
    town.deliver(later[0])
    read_at = town.tick()
    nav.open(thread, read_at)
    town.deliver(letters[0])
    seen = shown(nav.copies[thread])
    assert [each.content.text for each in seen] == ["Første", "Andre"]
    assert [is_new(nav.copies[thread], each, read_at) for each in seen] == [True, False]


def test_a_stranger_who_knows_a_threads_id_gets_no_word_in() -> None:
    town = Between()
    thread, first = town.desks[DPS].begin([NAV], "Hei", town.now)
    (letter,) = town.desks[DPS].send(thread, first, town.tick())
    assert isinstance(letter, Letter)
    town.deliver(letter)
    forged = replace(letter, id=CommunicationId(uuid4()), sender=FACT)
    with pytest.raises(NotYetHere):
        town.desks[NAV].take(forged, town.tick())
    ours = replace(letter, written_at=town.now + timedelta(hours=1))
    with pytest.raises(hearing.FromTheFuture):
        town.desks[NAV].take(ours, town.tick())


def test_the_earliest_choice_of_a_time_counts_everywhere_even_before_its_offer_has_come() -> None:
    town = Between()
    dps = town.desks[DPS]
    thread, draft = dps.begin([NAV, FACT], "Kan vi snakkes?", town.now)
    dps.copies[thread] = speaking.rewrite(
        dps.copies[thread],
        draft,
        speaking.Written(to=(NAV, FACT), content=Content(text="Kan vi snakkes?", offer=OFFER)),
        author=dps.copies[thread].message(draft).author,
        now=town.now,
    )
    to_nav, to_fact = dps.send(thread, draft, town.tick())
    town.deliver(to_nav)
    nav = town.desks[NAV]
    nav.open(thread, town.tick())
    assert next_step(nav.copies[thread]).step is Step.CHOOSE_TIME  # type: ignore[union-attr]
    words = nav.choose(thread, draft, OFFER.slots[1].id, town.tick())
    with pytest.raises(speaking.AlreadyChosen):
        nav.choose(thread, draft, OFFER.slots[0].id, town.tick())
    town.leave([*words, to_fact])
    town.settle()
    chosen = {town.desks[each].copies[thread].message(draft).choice for each in (DPS, NAV, FACT)}
    assert [each and each.slot for each in chosen] == [OFFER.slots[1].id]
    steps = [next_step(town.desks[each].copies[thread]) for each in (DPS, NAV)]
    assert {each and each.step for each in steps} == {Step.TALK}, "both see the talk they have before them"
    assert {each and each.due_at for each in steps} == {OFFER.slots[1].start + timedelta(minutes=30)}
    assert next_step(town.desks[FACT].copies[thread]).step is not Step.TALK  # type: ignore[union-attr]
    with pytest.raises(speaking.NotOffered):
        dps.choose(thread, draft, OFFER.slots[0].id, town.tick())


@pytest.mark.parametrize("first", ["time", "words"])
def test_who_asks_for_a_time_and_for_words_waits_for_each_of_them(first: str) -> None:
    town = Between()
    dps, nav = town.desks[DPS], town.desks[NAV]
    thread, draft = dps.begin([NAV], "Kan vi snakkes, og hva tenker dere?", town.now)
    both = Content(text="Kan vi snakkes?", offer=OFFER, answer_by=OFFER.slots[-1].start.date() + timedelta(days=9))
    dps.copies[thread] = speaking.rewrite(
        dps.copies[thread],
        draft,
        speaking.Written(to=(NAV,), content=both),
        author=dps.copies[thread].message(draft).author,
        now=town.now,
    )
    town.leave(dps.send(thread, draft, town.tick()))
    town.settle()
    town.leave(nav.open(thread, town.tick()))
    town.settle()
    assert _open(dps.copies[thread]) == {Step.AWAIT_CHOICE, Step.AWAIT_ANSWER}
    assert _open(nav.copies[thread]) == {Step.CHOOSE_TIME, Step.ANSWER}
    if first == "time":
        town.leave(nav.choose(thread, draft, OFFER.slots[0].id, town.tick()))
    else:
        town.leave(nav.send(thread, nav.write(thread, [DPS], "Det går bra", town.tick()), town.tick()))
    town.settle()
    left = {Step.AWAIT_ANSWER} if first == "time" else {Step.AWAIT_CHOICE}
    assert _open(dps.copies[thread]) & {Step.AWAIT_CHOICE, Step.AWAIT_ANSWER} == left
    ours = {Step.ANSWER} if first == "time" else {Step.CHOOSE_TIME}
    assert _open(nav.copies[thread]) & {Step.CHOOSE_TIME, Step.ANSWER} == ours


def _asked(town: Between) -> ThreadId:
    """Ask NAV and FACT something, with an answer wished by a date; both have opened it."""
    dps = town.desks[DPS]
    content = Content(text="Hva tenker dere?", answer_by=(town.now + timedelta(days=9)).date())
    thread, asked = dps.begin([NAV, FACT], "", town.now, content=content)
    _carry(town, dps.send(thread, asked, town.tick()))
    for each in (NAV, FACT):
        _carry(town, town.desks[each].open(thread, town.tick()))
    return thread


def _carry(town: Between, leaves: Iterable[Leaves]) -> None:
    town.leave(list(leaves))
    town.settle()


def _answers(town: Between, by: Party, thread: ThreadId) -> CommunicationId:
    """Let a service that was asked answer, and DPS read it."""
    desk = town.desks[by]
    answer = desk.write(thread, [DPS], "Det går bra", town.tick())
    _carry(town, desk.send(thread, answer, town.tick()))
    _carry(town, town.desks[DPS].open(thread, town.tick()))
    return answer


def _waited_for(copy: Copy) -> list[tuple[Party, ...]]:
    return [each for each in (awaited(copy, message) for message in copy.messages) if each]


def test_each_service_that_was_asked_is_waited_for_until_it_has_answered() -> None:
    town = Between()
    thread, dps = _asked(town), town.desks[DPS]
    assert _waited_for(dps.copies[thread]) == [(NAV, FACT)]
    _answers(town, FACT, thread)
    copy = dps.copies[thread]
    assert _waited_for(copy) == [(NAV,)]
    assert _open(copy) == {Step.ANSWER, Step.AWAIT_ANSWER}
    assert [set(answers(copy, each)) for each in copy.messages if each.status is Status.SENT] == [{FACT}]
    assert _open(town.desks[NAV].copies[thread]) == {Step.ANSWER}, "somebody else's answer is not theirs"
    _answers(town, NAV, thread)
    assert _waited_for(dps.copies[thread]) == []
    assert _open(dps.copies[thread]) == {Step.ANSWER}


def test_who_needs_nothing_of_one_answer_waits_for_the_others_until_it_is_enough() -> None:
    town = Between()
    thread, dps = _asked(town), town.desks[DPS]
    _answers(town, FACT, thread)
    copy = dps.copies[thread]
    waits = Copy(replace(copy.standing, waits_since=town.tick()), copy.messages)
    assert _open(waits) == {Step.AWAIT_ANSWER}
    assert shelf_of(waits) is Shelf.WAITING
    enough = Copy(replace(waits.standing, done_at=town.tick()), waits.messages)
    assert shelf_of(enough) is Shelf.CLOSED
    dps.copies[thread] = enough
    _carry(town, dps.send(thread, dps.write(thread, [FACT, NAV], "Takk!", town.tick()), town.tick()))
    assert _waited_for(dps.copies[thread]) == [], "what was enough is asked for no more by what is sent later"


def test_an_answer_that_is_taken_back_is_waited_for_again() -> None:
    town = Between()
    thread, dps = _asked(town), town.desks[DPS]
    answer = _answers(town, FACT, thread)
    _carry(town, town.desks[FACT].retract(thread, answer, town.tick()))
    assert _waited_for(dps.copies[thread]) == [(NAV, FACT)]


def _open(copy: Copy) -> set[Step]:
    """Return every step that is open at a copy, not the first alone."""
    return {each.step for each in open_steps(copy)}


def test_what_was_forwarded_on_is_taken_back_where_it_went_but_not_what_was_had_from_another() -> None:
    town = Between()
    dps, nav, fact = (town.desks[each] for each in (DPS, NAV, FACT))
    thread, wrong = dps.begin([NAV], "Feil", town.now)
    town.leave(dps.send(thread, wrong, town.tick()))
    town.settle()
    nav.open(thread, town.tick())
    forwarded = to_forward(nav.copies[thread], nav.copies[thread].message(wrong))
    on = nav.write(thread, [DPS, FACT], "Se", town.tick(), forwards=[forwarded])
    town.leave(nav.send(thread, on, town.tick()))
    town.settle()
    assert [each.content.text for each in shown(fact.copies[thread])] == ["Feil", "Se"]
    town.leave(dps.retract(thread, wrong, town.tick()))
    town.settle()
    assert [each.content.text for each in shown(fact.copies[thread])] == ["Se"]
    assert [each.content.text for each in shown(nav.copies[thread])] == ["Se"]
    assert [each.content.text for each in shown(dps.copies[thread])] == ["Feil", "Se"]


def test_a_retraction_that_overtakes_its_message_keeps_it_away_for_good() -> None:
    town = Between()
    dps, nav = town.desks[DPS], town.desks[NAV]
    thread, wrong = dps.begin([NAV], "Feil", town.now)
    (letter,) = dps.send(thread, wrong, town.tick())
    town.leave(dps.retract(thread, wrong, town.tick()))
    town.settle()
    town.leave([letter, letter])
    town.settle()
    assert shown(nav.copies[thread]) == ()
    assert shelf_of(nav.copies[thread]) is Shelf.VANISHED
    assert dps.copies[thread].message(wrong).status.value == "retracted"


def test_what_was_given_up_and_taken_back_is_taken_back_if_it_turns_out_to_have_come() -> None:
    town = Between()
    dps, nav = town.desks[DPS], town.desks[NAV]
    thread, wrong = dps.begin([NAV], "Feil", town.now)
    (letter,) = dps.send(thread, wrong, town.tick())
    assert isinstance(letter, Letter)
    nav.take(letter, town.tick())
    town.expire(letter)
    assert dps.retract(thread, wrong, town.tick()) == []
    assert dps.copies[thread].message(wrong).status.value == "retracted"
    town.acknowledge(letter)
    town.settle()
    assert shown(nav.copies[thread]) == ()


def test_a_message_that_asks_for_nothing_ends_by_itself_once_it_is_opened() -> None:
    town = Between()
    dps = town.desks[DPS]
    thread, message = dps.begin([NAV], "Til orientering", town.now)
    town.leave(dps.send(thread, message, town.tick()))
    town.settle()
    assert shelf_of(dps.copies[thread]) is Shelf.WAITING
    town.leave(town.desks[NAV].open(thread, town.tick()))
    town.settle()
    assert shelf_of(dps.copies[thread]) is Shelf.CLOSED
    assert shelf_of(town.desks[NAV].copies[thread]) is Shelf.TO_DO
    done = shifted(town.desks[NAV].copies[thread], done_at=town.tick(), person=PersonId(uuid4()))
    assert next_step(done) is None


def test_a_message_that_is_sent_on_twice_says_who_did_it_in_which_messages() -> None:
    between = Between()
    dps, nav, fact = (between.desks[each] for each in (DPS, NAV, FACT))
    first, asked = dps.begin((NAV,), "Kan dere svare?", between.tick())
    between.leave(dps.send(first, asked, between.tick()))
    between.settle()
    second, on = _sent_on(between, nav, first, asked, FACT)
    third, again = _sent_on(between, fact, second, asked, DPS)
    (came,) = (each for each in dps.copies[third].messages if each.id == asked)
    assert [(hop.message, hop.by.service) for hop in came.hops] == [(on, NAV.service), (again, FACT.service)]
    assert [hop.at for hop in came.hops] == [
        nav.copies[second].message(on).written_at,
        fact.copies[third].message(again).written_at,
    ]


def _sent_on(
    between: Between, desk: Desk, thread: ThreadId, message: CommunicationId, to: Party
) -> tuple[ThreadId, CommunicationId]:
    """Send one message on to a service, in a thread of its own."""
    along = to_forward(desk.copies[thread], desk.copies[thread].message(message))
    other, _ = desk.begin((to,), "", between.tick())
    on = desk.write(other, (to,), "Se under.", between.tick(), forwards=(along,))
    between.leave(desk.send(other, on, between.tick()))
    between.settle()
    return other, on


def test_what_came_without_its_subject_is_sent_on_as_if_it_had_stood_under_every_one() -> None:
    between = Between()
    dps, nav, fact = (between.desks[each] for each in (DPS, NAV, FACT))
    first, asked = dps.begin((NAV,), "Litium 300 mg", between.tick(), subject=Subject.MEDICINES)
    between.leave(dps.send(first, asked, between.tick()))
    between.settle()
    along = to_forward(nav.copies[first], nav.copies[first].message(asked))
    second, _ = nav.begin((FACT,), "", between.tick())
    on = nav.write(second, (FACT,), "Se under.", between.tick(), forwards=(along,))
    assert topics_of(nav.copies[second], nav.copies[second].message(on)) == {"plans", "medicines"}
    (letter,) = nav.send(second, on, between.tick())
    assert isinstance(letter, Letter)
    fact.take(
        replace(letter, forwards=tuple(replace(each, stood_under=()) for each in letter.forwards)), between.now
    )
    third, again = _sent_on(between, fact, second, asked, DPS)
    for desk in (fact, dps):
        assert topics_of(desk.copies[third], desk.copies[third].message(again)) == ALL


def test_an_answer_took_as_long_as_the_first_message_it_answers_has_waited() -> None:
    between = Between()
    dps, nav = between.desks[DPS], between.desks[NAV]
    thread, asked = dps.begin((NAV,), "Har dere plass?", between.tick())
    between.leave(dps.send(thread, asked, between.tick()))
    between.settle()
    came_at = nav.copies[thread].message(asked).placed_at
    more = dps.write(
        thread, (NAV,), "Vi haster", between.tick(hours=2), content=Content(text="Vi haster", offer=OFFER)
    )
    between.leave(dps.send(thread, more, between.tick()))
    between.settle()
    between.leave(nav.open(thread, between.tick()))
    assert answer_spans(nav.copies[thread]) == (), "nobody has answered"
    answer = nav.write(thread, (DPS,), "Ja", between.tick(hours=1))
    between.leave(nav.send(thread, answer, answered_at := between.tick()))
    between.settle()
    assert answer_spans(nav.copies[thread]) == ((came_at, answered_at),)
    between.leave(nav.choose(thread, more, OFFER.slots[1].id, picked_at := between.tick()))
    offered_at = nav.copies[thread].message(more).placed_at
    assert answer_spans(nav.copies[thread]) == ((came_at, answered_at), (offered_at, picked_at))
    aside = nav.write(thread, (DPS,), "Bra", between.tick())
    between.leave(nav.send(thread, aside, between.tick()))
    assert len(answer_spans(nav.copies[thread])) == 2, "it answers nothing new"
    between.settle()
    assert answer_spans(dps.copies[thread]) == (), "an answer that nobody has opened there asks for none"


def test_a_list_says_whom_the_latest_message_that_waits_wishes_to_reach() -> None:
    between = Between()
    dps, nav = between.desks[DPS], between.desks[NAV]
    thread, asked = dps.begin((NAV,), "Hei", between.tick())
    wishing = Content(text="Er Nina der?", wished_person="Nina Nav")
    asked = dps.write(thread, (NAV,), "", between.tick(), content=wishing)
    between.leave(dps.send(thread, asked, between.tick()))
    between.settle()
    assert glance(nav.copies[thread]).wished == "Nina Nav"
    assert glance(dps.copies[thread]).wished == "", "it is no wish of theirs"
