"""Every state has its words for every reader in every language, and the baton is said to all alike."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest
from flask import Flask

from handover import clock
from handover.bundle.lifecycle import AT_SENDER, Act, Side, Status, Version
from handover.bundle.model import (
    Author,
    Decline,
    Done,
    Entry,
    Meeting,
    MeetingId,
    NextAppointment,
    Opened,
    Party,
    RequestId,
    TakeOver,
    WithdrawalAnswer,
)
from handover.bundle.standing import Pending, PendingKind, Standing
from handover.bundle.steps import OWNERS, Step
from handover.bundle.words import ACTS, Scene, Turned, banner, baton_of, happened, label, receipts, timeline
from handover.bundle.words.banner import ASKS, HEADLINES
from handover.bundle.words.states import SENTENCES, TAGS
from handover.ids import AgencyId, HandoverId, PersonId, ServiceId
from handover.web import dates, i18n
from handover.web.parts import StepState

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SENT = datetime(2026, 11, 20, 8, 12, tzinfo=UTC)
READERS = (Side.SENDER, Side.RECEIVER, Side.PATIENT)
SENDER = Party(AgencyId("310000019"), ServiceId("8000011"))
RECEIVER = Party(AgencyId("310000035"), ServiceId("8000031"))
FIRST = NextAppointment(start=datetime(2026, 12, 3, 9, 30, tzinfo=UTC), place="Storgata 1", with_whom="Per Dahl")
TAKEN = TakeOver(
    person="Per Dahl", phone="900 00 002", from_date=date(2026, 11, 24), first_appointment=FIRST, signed_at=NOW
)
MEETING = Meeting(
    id=MeetingId(UUID(int=5)), start=datetime(2026, 11, 27, 11, tzinfo=UTC), place="Rom 2", who_comes="Tone og Per"
)
APP = Flask("handover.web")
i18n.init_app(APP)


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    clock.set_offset(NOW - datetime.now(UTC))
    yield
    clock.reset()


def standing(status: Status, **more: object) -> Standing:
    """Return the sender's copy in a status, with whatever that status brings along."""
    has_left = status not in {*AT_SENDER, Status.WITHDRAWN}
    has_arrived = has_left and status is not Status.SENT
    plain = Standing(
        side=Side.SENDER,
        home=SENDER,
        handover=HandoverId(UUID(int=1)),
        reference="ABCD2345",
        status=status,
        version=Version(1, 3 if has_arrived else 0),
        sender=SENDER,
        receiver=RECEIVER,
        person=PersonId(UUID(int=2)),
        clinician=Author(name="Tone Berg", agency=SENDER.agency),
        created_at=SENT,
        changed_at=SENT,
        sent_at=SENT if has_left else None,
        received_at=SENT if has_arrived else None,
        opened=Opened(by="Per Dahl", at=SENT) if has_arrived and status is not Status.RECEIVED else None,
        meeting=MEETING if status in {Status.MEETING_PLANNED, Status.MEETING_HELD} else None,
        take_over=TAKEN if status in {Status.TAKEN_OVER, Status.CLOSED} else None,
        decline=Decline(reason="Fullt", person="Per Dahl", phone="1") if status is Status.DECLINED else None,
        withdrawn_at=SENT if status.value.startswith("withdraw") else None,
        withdrawal=WithdrawalAnswer(done=Done.DELETED, person="Per Dahl", at=NOW)
        if status is Status.WITHDRAWAL_ANSWERED
        else None,
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def scene(now_standing: Standing, reader: Side = Side.SENDER, **more: object) -> Scene:
    """Return what the words are asked about."""
    plain = Scene(
        standing=now_standing,
        reader=reader,
        now=NOW,
        sender="Fjordheim kommune",
        place="Fjordheim DPS",
        phone="55 00 00 00",
        sender_phone="55 11 11 11",
    )
    return replace(plain, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("status", "reader", "tag"), list(product(Status, READERS, i18n.LANGUAGES)))
def test_every_reader_gets_a_tag_a_sentence_a_headline_and_steps_for_every_status(
    status: Status, reader: Side, tag: str
) -> None:
    for later in (timedelta(), timedelta(days=60)):
        here = replace(scene(standing(status), reader), now=NOW + later)
        with APP.test_request_context(f"/?lang={tag}"):
            words, top, steps, held = label(here), banner(here), timeline(here), baton_of(here)
        said = (words.tag, words.sentence, str(top.now), str(top.by), str(top.act), held.now, held.then)
        assert all("%(" not in text for text in said)
        assert words.sentence.endswith(".")
        assert held.now.endswith(".")
        assert 2 <= len(steps) <= 7 or status is Status.WITHDRAWN
        assert sum(step.state is StepState.NOW for step in steps) <= 1


def test_no_state_lacks_a_tag_and_a_headline_and_no_act_a_line() -> None:
    for state in (*Status, *Turned):
        assert state in TAGS
        assert state in HEADLINES
        assert (state, Side.SENDER) in SENTENCES
        assert (state, Side.PATIENT) in SENTENCES
    assert set(ACTS) == set(Act)


def test_every_step_tells_its_owner_what_to_do() -> None:
    for step in Step:
        if OWNERS[step] is not Side.MACHINE:
            assert (step, OWNERS[step]) in ASKS


@pytest.mark.parametrize(
    ("reader", "now_said"),
    [
        (Side.SENDER, "Dere har ansvaret, også etter at overføringen ble sendt fredag 20. november."),
        (
            Side.RECEIVER,
            "Fjordheim kommune har ansvaret, også etter at overføringen ble sendt fredag 20. november.",
        ),
        (
            Side.PATIENT,
            "Fjordheim kommune har ansvaret, også etter at overføringen ble sendt fredag 20. november.",
        ),
    ],
)
def test_everybody_reads_that_the_sender_is_responsible_until_somebody_has_taken_over(
    reader: Side, now_said: str
) -> None:
    with APP.test_request_context("/"):
        shown = baton_of(scene(standing(Status.OPENED), reader))

    assert shown.now == now_said
    assert shown.then.endswith("har tatt over.")


def test_everybody_reads_from_which_day_the_receiver_is_responsible() -> None:
    before = standing(Status.TAKEN_OVER, take_over=replace(TAKEN, from_date=date(2026, 11, 30)))
    with APP.test_request_context("/"):
        waiting, done = baton_of(scene(before)), baton_of(scene(standing(Status.TAKEN_OVER), Side.PATIENT))
        tag = label(scene(before)).tag

    assert waiting.now.startswith("Dere har ansvaret")
    assert waiting.then == "Fjordheim DPS tar over mandag 30. november."
    assert tag == "Per Dahl tar over mandag 30. november"
    assert done.now == "Fjordheim DPS har ansvaret, siden tirsdag 24. november."
    assert done.then == ""


def test_the_three_receipts_have_three_words() -> None:
    with APP.test_request_context("/"):
        titles = [str(step.title) for step in receipts(scene(standing(Status.OPENED)))]

    assert titles == ["Sendt", "Kommet fram til Fjordheim DPS", "Åpnet av Per Dahl"]


def test_a_sender_reads_when_the_receiver_is_late_and_whom_to_call() -> None:
    late = scene(standing(Status.RECEIVED, opened=None), now=NOW + timedelta(days=7))
    with APP.test_request_context("/"):
        words, top = label(late), banner(late)

    assert words.state is Turned.OVERDUE
    assert (
        words.sentence == "Fjordheim DPS skulle gjort neste steg senest tirsdag 24. november. Se hva du kan gjøre."
    )
    assert top.act == "Dere har ansvaret fortsatt. Ring Fjordheim DPS på 55\u00a000\u00a000\u00a000."
    assert top.is_late


def test_a_withdrawal_shows_at_once_to_the_patient_who_made_it() -> None:
    asked = Pending(request=RequestId(UUID(int=9)), kind=PendingKind.WITHDRAWAL, asked_at=NOW)
    with APP.test_request_context("/"):
        words = label(scene(standing(Status.OPENED, pending=(asked,), withdrawn_at=NOW), Side.PATIENT))

    assert words.state is Turned.WITHDRAWING
    assert words.sentence == "Du trakk overføringen tilbake tirsdag 24. november. Fjordheim DPS får beskjed."


def test_a_line_of_history_says_who_took_over_and_the_exact_time_of_the_first_appointment() -> None:
    entry = Entry(
        at=NOW,
        act=Act.TAKE_OVER,
        status=Status.TAKEN_OVER,
        side=Side.RECEIVER,
        author=Author(name="Per Dahl", title="psykolog", agency=RECEIVER.agency),
        take_over=TAKEN,
    )
    with APP.test_request_context("/"):
        line = happened(entry, {RECEIVER.agency: "Fjordheim DPS"})

    assert line.who == "Per Dahl, psykolog, Fjordheim DPS"
    assert ("Første time", "Torsdag 3. desember kl.\u00a010.30") in line.texts


def test_what_a_clinician_did_for_the_patient_says_so() -> None:
    entry = Entry(at=NOW, act=Act.APPROVE, status=Status.APPROVED, side=Side.SENDER, on_patients_word=True)
    with APP.test_request_context("/"):
        assert happened(entry, {}).what == "Pasienten sa ja, skrevet inn av klinikeren på pasientens ord"


def test_everybody_reads_at_once_that_a_take_over_was_signed_for_later_than_agreed() -> None:
    taken = replace(TAKEN, from_date=date(2026, 12, 14))
    late = standing(Status.TAKEN_OVER, take_over=taken, take_over_by=date(2026, 12, 1))
    with APP.test_request_context("/"):
        tag, top = label(scene(late)).tag, banner(scene(late))
        theirs = banner(scene(late, Side.PATIENT))

    assert tag == "Per Dahl tar over mandag 14. desember, senere enn avtalt"
    assert top.now == theirs.now == "Fjordheim DPS tar over senere enn avtalt, mandag 14. desember"
    assert str(top.by).startswith("Avtalt var senest tirsdag 1. desember. Fjordheim kommune har ansvaret")
    assert top.is_late
    assert (
        top.act
        == "Dere har ansvaret til den dagen. Ring Fjordheim DPS på 55\u00a000\u00a000\u00a000 om det haster."
    )


@pytest.mark.parametrize("reader", READERS)
def test_the_step_of_a_decline_says_when_and_by_whom(reader: Side) -> None:
    here = scene(standing(Status.DECLINED), reader)
    with APP.test_request_context("/?lang=nb"):
        last = timeline(here)[-1]
        assert (last.state, last.detail) == (StepState.NOW, f"{dates.upfirst(dates.moment(SENT))} · Per Dahl")
